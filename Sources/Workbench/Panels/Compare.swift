import Document
import Engine
import Remote
import Terminal
import Tokenizer

/// What the compare panel shows: the open document (A) and what stands beside it (B).
package struct CompareState: Sendable {
    /// What is typed on the line above the footer.
    package enum Asked: Sendable, Equatable { case file, prompt, settings, table }

    /// What A is compared with.
    package struct Other: Sendable {
        package var name: String
        var document: Document
        /// Both columns are drawn: how, and behind which text.
        var settings: Comparing.Settings?
        /// What the model is changed by, where it is compared with itself.
        var edits: [Intervention] = []
        /// Another model that reads the document, and the version of the reading that its ids are of.
        var beside: Model?
        var version = -1
        /// A server that draws in place of the second settings: by which run, what it drew, and its end.
        var server: RemoteModel?
        var run = 0, told: [TextToken] = [], toldEnd: TextEnd?
        var prompt: [TokenID] = []
        /// Its ids by this tokenizer, with those before it that the model wants.
        var ids: [TokenID] = []
        var tokenizer: Tokenizer?
    }

    package internal(set) var other: Other?
    package private(set) var comparison: Comparison?
    /// Among the comparison's pairs.
    package private(set) var selected = 0
    /// The first line on the screen.
    package private(set) var top = 0
    /// Whether B stands under A; nil: where there is little room beside it.
    package var isStacked: Bool?
    /// The newest order, how many there were, and whether its comparison has come.
    package private(set) var order: CompareOrder?
    private var orders = 0
    package private(set) var isAwaited = false
    /// Whether nobody has moved: the first divergence is chosen.
    private var isUntouched = true
    package private(set) var sheet = CompareSheet()
    package init() {}

    mutating func put(_ other: Other) {
        self.other = other
        (comparison, order, isAwaited, isUntouched, selected, top) = (nil, nil, false, true, 0, 0)
        sheet = CompareSheet()
    }

    /// Numbers an order; nil where it is the one that is served already.
    mutating func ordered(_ next: CompareOrder) -> CompareOrder? {
        var next = next
        next.number = orders
        guard next != order else { return nil }
        orders += 1
        next.number = orders
        (order, isAwaited) = (next, true)
        return next
    }

    mutating func take(_ next: Comparison, number: Int) {
        guard number == order?.number else { return }
        if let comparison, comparison.pairs != next.pairs, comparison.pairs.indices.contains(selected) {
            // The same token stays chosen.
            let place = comparison.pairs[selected].a.lowerBound
            selected = next.pairs.firstIndex { $0.a.upperBound > place } ?? next.pairs.count - 1
        }
        (comparison, isAwaited) = (next, false)
        if isUntouched { selected = next.first ?? next.pairs.count - 1 }
        selected = min(max(0, selected), next.pairs.count - 1)
    }

    mutating func fail(number: Int) { if number == order?.number { isAwaited = false } }

    mutating func select(_ pair: Int, rows: Int) {
        guard let comparison else { return }
        isUntouched = false
        selected = min(max(0, pair), comparison.pairs.count - 1)
        show(rows: rows)
    }

    /// Keeps the chosen pair in sight.
    private mutating func show(rows: Int) {
        let line = sheet.line(of: selected)
        top = min(max(min(top, line), line - max(1, rows) + 1), max(0, sheet.lines.count - rows))
    }

    mutating func scroll(by step: Int, rows: Int) {
        isUntouched = false
        top = min(max(0, top + step), max(0, sheet.lines.count - rows))
    }

    /// Breaks the texts into lines where they or the room have changed.
    mutating func lay(out tokenizer: Tokenizer, in parts: CompareParts) {
        guard let comparison else { return }
        if sheet.lay(out: comparison, tokenizer, width: parts.text.width, isStacked: parts.isStacked) { show(rows: parts.rows) }
        if isUntouched { show(rows: parts.rows) }
        top = min(top, max(0, sheet.lines.count - 1))
    }
}

extension State {
    func comparisonObstacle(to command: Command) -> String? {
        switch command {
        case .compareBranch, .compareFile, .comparePrompt: readyModel == nil ? generationObstacle : nil
        case .compareSettings: generationObstacle
        case .compareModel: readyModel == nil ? generationObstacle : switching.map { "\($0.name) is being loaded" }
        case .compareEdited: readyModel == nil ? generationObstacle : edits.active.isEmpty ? "no edit is on; a in Edits adds one" : editor.document.count == 0 ? "the document is empty" : nil
        case .compareView: nil
        default: compare.comparison == nil ? "nothing is compared" : nil
        }
    }

    mutating func performInCompare(_ command: Command) -> [Effect] {
        switch command {
        case .compareBranch: compareWithMarked()
        case .compareFile: ask(.file)
        case .comparePrompt: ask(.prompt)
        case .compareSettings: ask(.settings)
        case .compareEdited:
            compare(with: editor.document, name: "edited: \(edits.summary)")
            compare.other?.edits = edits.active
        case .compareModel:
            overlay = .models(ModelPicker(for: .comparison))
            return [.listModels]
        case .compareExport: ask(.table)
        case .compareView: compare.isStacked = !(CompareParts(self)?.isStacked ?? false)
        case .compareGo: goToCompared()
        default: moveInComparison(command)
        }
        return []
    }

    private mutating func moveInComparison(_ command: Command) {
        guard let pairs = compare.comparison?.pairs else { return }
        let selected = compare.selected, sheet = compare.sheet, line = sheet.line(of: selected)
        func isUnlike(_ pair: Int) -> Bool { pairs.indices.contains(pair) && pairs[pair].kind != .same && pairs[pair].kind != .end }
        func isBorder(_ pair: Int) -> Bool { isUnlike(pair) && !isUnlike(pair - 1) }
        let next: Int?
        switch command {
        case .compareLeft: next = selected - 1
        case .compareRight: next = selected + 1
        case .compareUp: next = sheet.pair(in: line - 1, under: selected)
        case .compareDown: next = sheet.pair(in: line + 1, under: selected)
        case .compareFirst: next = 0
        case .compareLast: next = pairs.count - 1
        case .compareDivergence:
            next = pairs.indices.first { $0 > selected && isBorder($0) }
            if next == nil { say("no divergence behind this place") }
        case .compareDivergenceBefore:
            next = pairs.indices.last { $0 < selected && isBorder($0) }
            if next == nil { say("no divergence before this place") }
        default: next = nil
        }
        if let next { compare.select(next, rows: CompareParts(self)?.rows ?? 1) }
    }

    mutating func scrollComparison(by step: Int) { compare.scroll(by: step, rows: CompareParts(self)?.rows ?? 1) }

    /// A press counted from the panel's inside chooses what is under it.
    mutating func clickComparison(x: Int, y: Int, in rect: Rect) {
        guard compare.comparison != nil, let parts = CompareParts(self) else { return }
        let line = compare.top + (y + rect.y - parts.text.y) / parts.rowsALine
        guard parts.text.contains(x: x + rect.x, y: y + rect.y), let pair = compare.sheet.pair(in: line, at: x + rect.x - parts.text.x) else { return }
        compare.select(pair, rows: parts.rows)
    }

    /// Puts the document's cursor before the chosen token of A.
    private mutating func goToCompared() {
        guard let comparison = compare.comparison else { return }
        let index = comparison.pairs[compare.selected].a.lowerBound - reading.lead, tokens = editor.document.tokens
        guard reading.ids.starts(with: comparison.a.ids[..<min(comparison.a.ids.count, index + reading.lead)]) else {
            return say(compare.other?.settings == nil ? "the document is another by now; the comparison follows" : "this was drawn here alone, the document does not hold it", .warning)
        }
        editor.move(to: tokens.indices.contains(index) ? tokens[index].range.lowerBound : index < 0 ? 0 : editor.document.count)
        backToDocument()
        text.follows = true
    }

    // MARK: Keeping up with the document

    /// Orders the comparison of what the document is now, and lays out what has come.
    mutating func settleComparison() -> [Effect] {
        guard let tokenizer, let parts = CompareParts(self) else { return [] }
        compare.lay(out: tokenizer, in: parts)
        guard run == nil, var other = compare.other else { return [] }
        if other.tokenizer !== tokenizer {
            // Another model's numbers are not shown beside this one's.
            if other.tokenizer != nil { compare.put(other) }
            other.ids = lead + other.document.ids(before: other.document.count, tokenizer: tokenizer)
            other.tokenizer = tokenizer
            compare.other = other
        }
        var order = CompareOrder(number: 0, a: other.prompt, b: other.prompt, settings: other.settings)
        order.edits = other.edits
        if other.server != nil {
            guard let end = other.toldEnd else { return [] }
            (order.told, order.toldEnd) = (other.told, end)
        }
        if let beside = other.beside {
            if other.version != reading.version { (other.ids, other.version) = (ids(of: editor.document, by: beside.tokenizer), reading.version) }
            compare.other = other
            (order.a, order.b, order.beside) = (Array(reading.ids.prefix(contextLimit)), Array(other.ids.prefix(beside.shape.context)), beside.fingerprint)
            if !beside.tokenizer.hasSameTokens(as: tokenizer) { order.tokenizer = beside.tokenizer }
        } else if !other.edits.isEmpty { (order.a, order.b) = (Array(reading.ids.prefix(contextLimit)), Array(reading.ids.prefix(contextLimit))) } else if other.settings == nil { (order.a, order.b) = (Array(reading.ids.prefix(contextLimit)), Array(other.ids.prefix(contextLimit))) }
        return compare.ordered(order).map { [.compare($0)] } ?? []
    }

    /// A document as another model reads it.
    private func ids(of document: Document, by tokenizer: Tokenizer) -> [TokenID] {
        var document = document
        document.encode(with: tokenizer)
        return (tokenizer.addsBOS ? tokenizer.bos.map { [$0] } ?? [] : []) + document.ids
    }

    /// Compares the model with another that has come.
    mutating func compare(withModel next: Model) {
        switching = nil
        compare(with: editor.document, name: next.title)
        compare.other?.beside = next
    }

    /// The ids that the model wants before any text.
    var lead: [TokenID] { tokenizer.flatMap { $0.addsBOS ? $0.bos.map { [$0] } : nil } ?? [] }

    /// Whether the numbers are of another text than the document is now.
    package var isComparisonBehind: Bool {
        guard let comparison = compare.comparison, let other = compare.other else { return false }
        return other.settings == nil ? comparison.a.ids != Array(reading.ids.prefix(contextLimit)) : !reading.ids.starts(with: other.prompt)
    }
}
