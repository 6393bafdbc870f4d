import Laboratory
import Terminal

/// Where the parts of the laboratory stand; nil where it is not shown. What there is no room for is empty.
struct LaboratoryParts {
    let inside: Rect
    /// The table with its head, its rows alone, the rule, and under them the page that is chosen.
    private(set) var head = Rect(width: 0, height: 0), rows = Rect(width: 0, height: 0), rule = Rect(width: 0, height: 0), page = Rect(width: 0, height: 0)
    /// Beside the table where there is room.
    private(set) var curve = Rect(width: 0, height: 0)
    /// The chosen row beside the marked one.
    private(set) var contrast = Rect(width: 0, height: 0)
    /// Of items or conditions, with its head; and all that is known of the chosen one.
    private(set) var listHead = Rect(width: 0, height: 0), list = Rect(width: 0, height: 0), detail = Rect(width: 0, height: 0)

    /// The page where it shows answers.
    private(set) var answers = Rect(width: 0, height: 0)

    init?(_ state: State) {
        guard let rect = Layout(state).rect(of: .laboratory) else { return nil }
        inside = rect.interior
        guard let experiment = state.laboratory.experiment else { return }
        if state.laboratory.level.rawValue >= LaboratoryState.Level.items.rawValue { layItems() } else { layTable(experiment.shots.count, state.laboratory) }
    }

    private mutating func layItems() {
        var rest = inside
        if inside.width >= 96 {
            let halves = inside.split(left: inside.width / 2)
            (rest, detail) = (halves.left, Rect(x: halves.rest.x + 2, y: halves.rest.y, width: halves.rest.width - 2, height: halves.rest.height))
        } else if inside.height >= 8 {
            (rest, detail) = inside.split(bottom: inside.height * 3 / 5)
        }
        (listHead, list) = rest.split(top: rest.height >= 3 ? 1 : 0)
    }

    private mutating func layTable(_ count: Int, _ state: LaboratoryState) {
        var rest = inside
        if state.contrast != nil, inside.height >= 6 { (rest, contrast) = rest.split(bottom: min(3, inside.height / 4)) }
        // Under the table as much as the answers want, above it as much as the rows do.
        let wide = inside.width >= 96
        var table: Rect
        let wanted = wide ? max(count + 2, 9) : count + 1
        let least = rest.height >= 12 ? min(6, rest.height / 3) : 0
        (table, rest) = rest.split(top: min(wanted, max(2, rest.height - least - 1)))
        if wide {
            let halves = table.split(left: 56)
            (table, curve) = (halves.left, Rect(x: halves.rest.x + 1, y: halves.rest.y, width: halves.rest.width - 1, height: halves.rest.height))
            if rest.height > 8 {
                // The curve gains more from rows than the answers do.
                let more = min(rest.height - 8, 6)
                curve.height += more
                rest = rest.split(top: more).rest
            }
        }
        (head, rows) = table.split(top: table.height >= 3 ? 1 : 0)
        (rule, page) = rest.split(top: 1)
        if state.page == .answers || (wide && state.page == .curve) { answers = page }
    }

    /// The first row of the table on the screen.
    func firstRow(_ state: State) -> Int { max(0, state.laboratory.row - rows.height + 1) }
}

/// A few-shot experiment: its numbers by shots, the curve, what the chosen row's answers are, and the items behind them.
enum LaboratoryView {
    static func draw(_ state: State, _ rect: Rect, _ focused: Bool, _ frame: inout Frame) {
        let laboratory = state.laboratory
        frame.box(rect, title: "Laboratory", label: label(laboratory, room: rect.width - 20), legend: legend(state), focused: focused)
        guard let parts = LaboratoryParts(state) else { return }
        guard let experiment = laboratory.experiment else { return empty(state, parts.inside, &frame) }
        if laboratory.level.rawValue >= LaboratoryState.Level.items.rawValue {
            return LaboratoryItemsView(state: state, experiment: experiment, parts: parts, focused: focused).draw(&frame)
        }
        LaboratoryTableView(laboratory: laboratory, experiment: experiment, parts: parts, focused: focused && laboratory.level == .table)
            .draw(first: parts.firstRow(state), &frame)
        rule(laboratory, experiment, parts.rule, &frame)
        if !parts.curve.isEmpty {
            for y in parts.curve.y..<parts.curve.maxY { frame.put("│", x: parts.curve.x - 1, y: y, style: Style(.border)) }
            LaboratoryCurve(laboratory, experiment, parts.curve).draw(&frame)
        }
        LaboratoryPageView(laboratory: laboratory, experiment: experiment, focused: focused).draw(parts, &frame)
        contrast(laboratory, parts.contrast, &frame)
    }

    private static func legend(_ state: State) -> String {
        let isItem = state.laboratory.level.rawValue >= LaboratoryState.Level.items.rawValue
        return View.legend(.laboratory, only: isItem ? [.labEnter, .labWrong, .labCompare, .labRule] : nil) + (isItem ? "  Esc back" : "")
    }

    private static func label(_ state: LaboratoryState, room: Int) -> String {
        guard let experiment = state.experiment else { return "" }
        let name = String(experiment.path.split(separator: "/").last ?? "")
        let done = state.prompts.keys.reduce(0) { $0 + state.done($1) }, all = state.prompts.values.reduce(0, +)
        let cells = "\(done) of \(all) cells"
        let how = switch state.phase {
        case .running: cells + (state.left.map { "   \(clock($0)) left" } ?? "")
        case .paused: "paused, \(cells)"
        case .idle: done == all ? "done" : done > 0 ? cells : ""
        }
        return [[name, how], [how], []].map { $0.filter { !$0.isEmpty }.joined(separator: "   ") }.first { TextWidth.columns($0) <= room } ?? ""
    }

    /// Minutes and seconds, as long as it is no more than an hour.
    static func clock(_ seconds: Double) -> String {
        let whole = Int(min(max(0, seconds), 1e6).rounded(.up)), (minutes, rest) = (whole / 60, whole % 60)
        return minutes >= 60 ? "\(minutes / 60) h \(minutes % 60) min" : "\(minutes < 10 ? "0" : "")\(minutes):\(rest < 10 ? "0" : "")\(rest)"
    }

    private static func empty(_ state: State, _ rect: Rect, _ frame: inout Frame) {
        let text = state.laboratory.asked.map { "\($0) is being read." }
            ?? "No experiment is open. o lists those in prompts/experiments; ⏎ on one opens it here."
        for (row, line) in Words.wrap(text, width: max(1, rect.width - 2)).enumerated() {
            frame.put(line, x: rect.x + 1, y: rect.y + row, style: Style(.dim), clip: rect)
        }
    }

    // MARK: The rule

    static func name(_ rule: ScoreRule) -> String {
        switch rule {
        case .sum: "sum"
        case .perToken: "token"
        case .perByte: "byte"
        case .unconditional: "unconditional"
        case .calibrated: "calibrated"
        }
    }

    private static func rule(_ state: LaboratoryState, _ experiment: Experiment, _ rect: Rect, _ frame: inout Frame) {
        guard !rect.isEmpty else { return }
        guard experiment.kind != .completion else {
            let how = experiment.matching.steps.map(\.rawValue).joined(separator: ", ")
            frame.put(TextWidth.fit("what is generated is matched: \(how)", rect.width - 1), x: rect.x + 1, y: rect.y, style: Style(.dim), clip: rect)
            return
        }
        var x = rect.x + 1
        x += frame.put(rect.width >= 70 ? "scored by [s] " : "[s] ", x: x, y: rect.y, style: Style(.key), clip: rect)
        for (index, rule) in ScoreRule.allCases.enumerated() {
            if index > 0 { x += frame.put(" · ", x: x, y: rect.y, style: Style(.dim), clip: rect) }
            let isChosen = rule == state.rule
            let style = isChosen ? Style(.accent, [.bold, .underline]) : Style(experiment.missing(for: rule) == nil ? .text : .dim)
            x += frame.put(name(rule), x: x, y: rect.y, style: style, clip: rect)
        }
        if !state.remarks.isEmpty, state.page != .about {
            let told = "  \(state.remarks.count) \(state.remarks.count == 1 ? "remark" : "remarks") on the data, in [v]"
            if x + TextWidth.columns(told) <= rect.maxX { x += frame.put(told, x: x, y: rect.y, style: Style(.warning), clip: rect) }
        }
        let missing = ScoreRule.allCases.compactMap { rule in experiment.missing(for: rule).map { "\(name(rule)) wants \($0)" } }
        let why = "   (" + missing.joined(separator: ", ") + ")"
        if !missing.isEmpty, x + TextWidth.columns(why) <= rect.maxX { frame.put(why, x: x, y: rect.y, style: Style(.dim), clip: rect) }
    }

    // MARK: Two conditions

    private static func contrast(_ state: LaboratoryState, _ rect: Rect, _ frame: inout Frame) {
        guard !rect.isEmpty, let contrast = state.contrast else { return }
        func name(_ side: (shots: Shots, rule: ScoreRule)) -> String {
            "\(side.shots) shots" + (contrast.a.rule != contrast.b.rule ? " by \(self.name(side.rule))" : "")
        }
        var text = "\(name(contrast.b)) beside \(name(contrast.a)): …"
        if let found = contrast.found {
            let boot = found.bootstrap
            text = "\(name(contrast.a)) \(Number.percent(found.accuracyA)), \(name(contrast.b)) \(Number.percent(found.accuracyB)): "
                + "\(signed(boot.difference * 100, 1)) points, 95 % [\(signed(boot.interval.low * 100, 1)), \(signed(boot.interval.high * 100, 1))], p \(p(boot.p))"
                + " (bootstrap over \(found.items) items\(found.pairs > 1 ? ", \(found.pairs) prompts of each" : ""))."
            if let mcNemar = found.mcNemar {
                text += " McNemar: \(mcNemar.onlyA) only before, \(mcNemar.onlyB) only after, p \(p(mcNemar.exactP)) exact, χ² \(Number.fixed(mcNemar.chiSquare, 2))."
            }
        }
        for (row, line) in Words.wrap(text, width: max(1, rect.width - 2)).prefix(rect.height).enumerated() {
            frame.put(line, x: rect.x + 1, y: rect.y + row, style: Style(.accent), clip: rect)
        }
    }

    static func signed(_ value: Double, _ digits: Int) -> String { (value > 0 ? "+" : "") + Number.fixed(value, digits) }
    private static func p(_ value: Double) -> String { value < 0.001 ? "< 0.001" : Number.fixed(value, 3) }
}

/// A row a number of shots.
struct LaboratoryTableView {
    let laboratory: LaboratoryState
    let experiment: Experiment
    let parts: LaboratoryParts
    let focused: Bool

    private struct Column {
        let name: String, width: Int
        let value: (Condition) -> String
    }

    /// What there is room for; the first are wanted most, and stand in the order of the second number.
    private var columns: [Column] {
        func spread(_ name: String, _ axis: @escaping (Spread) -> Spread.Axis?) -> Column {
            Column(name: name, width: 9) { condition in condition.spread.flatMap(axis).map { "±" + Number.fixed($0.deviation * 100, 1) } ?? "" }
        }
        var all: [(Int, Column)] = [
            (0, Column(name: "acc", width: 7) { Number.percent($0.accuracy) }),
            (1, Column(name: "95 %", width: 14) { $0.interval.map { "[\(Number.fixed($0.low * 100, 1)), \(Number.fixed($0.high * 100, 1))]" } ?? "" }),
        ]
        if experiment.seeds > 1 { all.append((2, spread("± seeds") { $0.seeds })) }
        all.append((5, Column(name: "items", width: 6) { "\($0.items * $0.prompts)" }))
        all.append((6, Column(name: "prompts", width: 7) { "\($0.prompts)" }))
        if experiment.orders > 1 { all.append((3, spread("± orders") { $0.orders })) }
        if experiment.wordings.count > 1 { all.append((4, spread("± words") { $0.templates })) }
        var left = parts.rows.width - 8, taken: [(Int, Column)] = []
        for (place, column) in all where left >= column.width + 1 {
            taken.append((place, column))
            left -= column.width + 1
        }
        return taken.sorted { $0.0 < $1.0 }.map(\.1)
    }

    func draw(first: Int, _ frame: inout Frame) {
        let columns = columns
        heads(columns, &frame)
        for (index, shots) in experiment.shots.enumerated().dropFirst(first).prefix(parts.rows.height) {
            let line = parts.rows.row(index - first), isChosen = index == laboratory.row
            row(shots, columns, line, &frame)
            if isChosen, focused { frame.restyle(line) { $0 = Style(.selection) } }
            if isChosen { frame.put("▸", x: line.x, y: line.y, style: focused ? Style(.selection) : Style(.focus), clip: line) }
            if laboratory.marked?.shots == shots { frame.put("◆", x: line.x + 1, y: line.y, style: isChosen && focused ? Style(.selection) : Style(.accent), clip: line) }
        }
    }

    private func heads(_ columns: [Column], _ frame: inout Frame) {
        guard !parts.head.isEmpty else { return }
        var x = parts.head.x + 7
        frame.put("shots", rightAlignedTo: x, y: parts.head.y, style: Style(.dim), clip: parts.head)
        for column in columns {
            x += column.width + 1
            frame.put(column.name, rightAlignedTo: x, y: parts.head.y, style: Style(.dim), clip: parts.head)
        }
    }

    private func row(_ shots: Shots, _ columns: [Column], _ line: Rect, _ frame: inout Frame) {
        let condition = laboratory.conditions[laboratory.rule]?[shots], done = laboratory.done(shots), all = laboratory.prompts[shots] ?? 0
        let used = condition.map { $0.used.lowerBound == $0.used.upperBound ? "\($0.used.upperBound)" : "≤\($0.used.upperBound)" }
        let name = shots == .most ? "max" + (used.map { " \($0)" } ?? "") : "\(shots)"
        frame.put(TextWidth.fit(name, 6), rightAlignedTo: line.x + 7, y: line.y, style: Style(.number), clip: line)
        var x = line.x + 7
        if let condition, done == all {
            for column in columns {
                x += column.width + 1
                frame.put(column.value(condition), rightAlignedTo: x, y: line.y, style: Style(column.name == "acc" ? .text : .number), clip: line)
            }
            return
        }
        let current = laboratory.current.flatMap { $0.cell.shots == shots ? $0 : nil }
        guard done > 0 || current != nil else { return _ = frame.put("–", rightAlignedTo: x + 8, y: line.y, style: Style(.dim), clip: line) }
        let count = max(1, experiment.test.count), items = done * count + (current?.count ?? 0)
        let right = (condition?.correct ?? 0) + (current?.correct[laboratory.rule] ?? 0)
        if items > 0 { frame.put(Number.percent(Double(right) / Double(items)), rightAlignedTo: x + 8, y: line.y, style: Style(.dim), clip: line) }
        let word = current != nil && laboratory.phase == .running ? "running" : laboratory.phase == .paused && current != nil ? "paused" : "so far"
        let figures = "\(done)/\(all) prompts  \(items) items", share = Double(items) / Double(max(1, all * count))
        x += 10
        x += frame.put(word, x: x, y: line.y, style: Style(.accent), clip: line) + 1
        frame.bar(share, x: x, y: line.y, width: 10, clip: line)
        x += 11
        x += frame.put("\(Int(share * 100)) %", x: x, y: line.y, style: Style(.number), clip: line) + 2
        if x + TextWidth.columns(figures) <= line.maxX { frame.put(figures, x: x, y: line.y, style: Style(.dim), clip: line) }
    }
}
