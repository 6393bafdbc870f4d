import Document
import Engine
import Terminal

/// One line for a path, whose ending decides what is written.
extension State {
    mutating func askForExport(_ subject: Export.Subject, _ path: String? = nil) {
        // Up to the point, so that only the ending has to be typed.
        let name = file.name.split(separator: ".").first.map(String.init) ?? file.name
        overlay = .input(.init(purpose: .export(subject), label: "export the \(subject.name) to", line: LineInput(path ?? name + ".")))
    }

    mutating func acceptExport(_ subject: Export.Subject, _ typed: String, _ input: Overlay.Input) -> [Effect] {
        var path = typed.trimmed
        if path.hasPrefix("~/"), let home = files.home { path = home + path.dropFirst(1) }
        let problem = path.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F } ? "a control character is in no file's name"
            : Self.kind(of: path) == nil ? "the file's ending decides what is written: \(subject.endings)"
            : path == file.path ? "\(path) is the open file itself, which ^S saves; give the export another name" : nil
        if let problem {
            overlay = .input(input)
            say(problem, .warning)
            return []
        }
        return export(subject, to: path, replacing: false)
    }

    /// By the path's ending; nil where it is none of those known or there is no name before it.
    static func kind(of path: String) -> Export.Kind? {
        let name = path.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
        guard let point = name.dropFirst().lastIndex(of: ".") else { return nil }
        return Export.Kind(rawValue: name[point...].dropFirst().lowercased())
    }

    package mutating func export(_ subject: Export.Subject, to path: String, replacing: Bool) -> [Effect] {
        guard let kind = Self.kind(of: path) else { return [] }
        var export = switch subject { case .document: documentToExport() }
        (export.subject, export.kind) = (subject, kind)
        (export.tint, export.themeName) = ([.none, .attention].contains(text.tint) ? .surprisal : text.tint, themeName)
        let width = Layout(self).text.width
        if width >= 20 { export.width = width }
        return [.export(export, path: path, replacing: replacing)]
    }

    private func documentToExport() -> Export {
        let numbers = editor.document.tokens.indices.map { reading.step(reading.lead + $0).map { Export.Numbers($0) } ?? Export.Numbers() }
        var export = self.export(of: editor.document, numbers: numbers)
        export.isSettled = run == nil && reading.isSettled
        return export
    }

    /// Any document, a branch's too, with what is known of its tokens; under the open file's name and settings.
    package func export(of document: Document, numbers: [Export.Numbers]) -> Export {
        Export(title: file.name, document: document, numbers: numbers,
               model: readyModel.map { Export.Model(title: $0.title, fingerprint: $0.fingerprint) },
               sampling: sampling, seed: run?.seed ?? lastRun?.seed ?? sampling.seed)
    }

    mutating func exported(_ export: Export, _ path: String) {
        let (missing, count) = export.missing
        guard export.kind != .txt, missing > 0 else { return say("exported to \(path)") }
        let reason = export.isSettled ? "have no numbers: they are beyond the context" : "are not measured yet"
        say("exported to \(path); \(missing) of \(count) tokens \(export.model == nil ? "have no numbers without a model" : reason)", .warning)
    }

    mutating func askToOverwrite(_ subject: Export.Subject, _ path: String) {
        overlay = .confirm(.init(purpose: .overwriteExport(subject, path), question: "There is a file \(path) already. Overwrite it?"))
    }
}
