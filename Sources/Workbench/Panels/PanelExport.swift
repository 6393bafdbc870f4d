import Engine
import JSONText
import Terminal
import Tokenizer

/// Any panel as a file: its numbers, or its picture.
extension State {
    mutating func askForPanelExport() {
        guard let panel = focusedPanel else { return }
        overlay = .input(.init(purpose: .panelExport(panel), label: "export \(panel.title) to", line: LineInput("\(exportStem)-\(panel.rawValue).")))
    }

    mutating func acceptPanelExport(_ panel: Panel, _ typed: String, _ input: Overlay.Input) -> [Effect] {
        var path = typed.trimmed
        if path.hasPrefix("~/"), let home = files.home { path = home + path.dropFirst(1) }
        let ending = path.split(separator: "/").last.flatMap { name in name.lastIndex(of: ".").map { name[$0...].dropFirst().lowercased() } } ?? ""
        func refuse(_ why: String) -> [Effect] {
            overlay = .input(input)
            say(why, .warning)
            return []
        }
        if path.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) { return refuse("a control character is in no file's name") }
        switch ending {
        case "csv", "json":
            guard let table = panelTable(panel) else { return refuse("\(panel.title) shows no numbers now; .svg and .ans are its picture") }
            return [.writeTable(path: path, bytes: Array((ending == "csv" ? table.csv : table.json).utf8))]
        case "svg", "ans":
            guard let picture = picture(of: panel) else { return refuse("\(panel.title) is not on the screen") }
            return [.writeTable(path: path, bytes: Array((ending == "svg" ? picture.svg : picture.ansi).utf8))]
        default: return refuse("the file's ending decides what is written: .csv .json .svg .ans")
        }
    }

    /// The panel as it is on the screen, without what lies above it.
    package func picture(of panel: Panel) -> Picture? {
        var state = self
        (state.overlay, state.notice) = (nil, nil)
        guard let rect = Layout(state).rect(of: panel) else { return nil }
        return Picture(View.frame(state), rect: rect, title: "\(panel.title) · \(file.name)", themeName: themeName,
                       facts: facts.map { "\($0.key): \($0.value.text)" })
    }

    /// What every exported number is of.
    var facts: [(key: String, value: JSON)] {
        let text = editor.document.bytes
        return [
            ("model", readyModel.map { .object([("title", .string($0.title)), ("fingerprint", .string($0.fingerprint))]) } ?? .null),
            ("file", .string(file.name)), ("settings", .object(Export.settings(of: sampling).map { ($0.key, $0.value) })),
            ("seed", (run?.seed ?? lastRun?.seed ?? sampling.seed).map { .integer($0) } ?? .null),
            ("edits", .strings(edits.active.map { "\($0)" })), ("tokens_before_cursor", .integer(here.position)),
            ("prompt", .object(JSON.text(text))),
        ]
    }
}
