import Laboratory
import Terminal

/// The laboratory's numbers, report and picture as files.
extension State {
    /// The experiment's name up to the point, so that only the ending has to be typed.
    var exportName: String {
        let name = laboratory.experiment.flatMap { $0.path.split(separator: "/").last } ?? "experiment"
        return String(name.split(separator: ".").first ?? name) + "."
    }

    mutating func acceptLaboratoryExport(_ typed: String, _ input: Overlay.Input) -> [Effect] {
        var path = typed.trimmed
        if path.hasPrefix("~/"), let home = files.home { path = home + path.dropFirst(1) }
        guard !path.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }), let bytes = laboratoryExport(path) else {
            overlay = .input(input)
            say("the name's ending says what is written: .csv, .json, .md, .svg or .ans", .warning)
            return []
        }
        return [.writeTable(path: path, bytes: bytes)]
    }

    /// Nil where the ending is none of those known.
    package func laboratoryExport(_ path: String) -> [UInt8]? {
        guard let experiment = laboratory.experiment, let point = path.split(separator: "/").last?.lastIndex(of: ".") else { return nil }
        let results = experiment.shots.flatMap { laboratory.cells($0, copies: true) }
        let model = (name: modelTitle.isEmpty ? "no model" : modelTitle, fingerprint: laboratory.model ?? "")
        let report = Laboratory.Report(experiment, results, rule: laboratory.rule, model: model)
        switch path[point...].dropFirst().lowercased() {
        case "csv": return Array(report.csv.utf8)
        case "json": return Array((report.json + "\n").utf8)
        case "md": return Array(report.markdown(remarks: laboratory.remarks, picture: nil).utf8)
        case "svg": return Array(Curve(experiment, results, rule: laboratory.rule).svg.utf8)
        case "ans":
            var state = self
            (state.zoomed, state.overlay) = (true, nil)
            let width = max(size.width, 100), rect = Rect(width: width, height: max(size.height, 24))
            state.size = (rect.width, rect.height + 2)
            state.slots = [.laboratory]
            state.focus = .slot(0)
            var frame = Frame(width: rect.width, height: rect.height + 3)
            LaboratoryView.draw(state, rect, false, &frame)
            return Array(Picture(frame, rect: rect, title: experiment.title, themeName: themeName).ansi.utf8)
        default: return nil
        }
    }
}
