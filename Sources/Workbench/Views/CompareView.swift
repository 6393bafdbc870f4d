import Engine
import Terminal
import Tokenizer

/// Two texts with their words beside or under each other, how surprising each token is, and where the predictions part.
enum CompareView {
    static func draw(_ state: State, _ rect: Rect, _ focused: Bool, _ frame: inout Frame) {
        let inner = frame.box(rect, title: "Compare", label: label(state), legend: View.legend(.compare), focused: focused)
        guard !inner.isEmpty else { return }
        guard let comparison = state.compare.comparison, let tokenizer = state.tokenizer else {
            return CandidatesView.words(absence(state), inner, &frame)
        }
        let parts = CompareParts(inner, isStacked: state.compare.isStacked)
        ComparePage(state: state, comparison: comparison, tokenizer: tokenizer, parts: parts, focused: focused).draw(&frame)
    }

    private static func label(_ state: State) -> String {
        guard let comparison = state.compare.comparison else { return "" }
        if state.isComparisonBehind { return "of the text before" }
        if state.compare.isAwaited { return "comparing" }
        if state.compare.other?.settings != nil, comparison.b.end == nil || comparison.a.end == nil { return "drawing" }
        if !comparison.isDone { return "comparing \(comparison.done)/\(comparison.total)" }
        let count = comparison.pairs.count { $0.kind == .changed || $0.kind == .onlyA || $0.kind == .onlyB }
        return count == 0 ? "the same text" : count == 1 ? "1 word differs" : "\(Number.grouped(count)) words differ"
    }

    private static func absence(_ state: State) -> String {
        if let server = state.server { return "\(server.title) writes now, and two texts are compared by a model here: F4 takes one, then a picks the server as B." }
        if state.readyModel == nil { return state.generationObstacle ?? "" }
        if let other = state.compare.other, let server = other.server, other.toldEnd == nil { return "\(server.title) is writing: \(other.told.count) tokens." }
        if state.compare.isAwaited { return "The worker has it: the model's other work goes before." }
        return "The document (A) stands here beside another text (B), word by word, with what surprises the model in each and how far "
            + "its predictions part. Choose B: b the marked branch, f a file, p another prompt; s draws with other settings; a another model reads the document, or a server goes on beside the model here."
    }
}

/// One moment of the panel's inside.
private struct ComparePage {
    let state: State
    let comparison: Comparison
    let tokenizer: Tokenizer
    let parts: CompareParts
    let focused: Bool

    private var selected: Int { min(state.compare.selected, comparison.pairs.count - 1) }
    private var pair: Alignment.Pair { comparison.pairs[selected] }

    func draw(_ frame: inout Frame) {
        totals(&frame)
        firstDivergence(&frame)
        text(&frame)
        strip(&frame)
        detail(&frame)
    }

    // MARK: Totals

    private func totals(_ frame: inout Frame) {
        for (row, side) in [("A", comparison.a, state.compareName), ("B", comparison.b, state.compare.other?.name ?? "")].enumerated() {
            let line = parts.head.row(row)
            guard !line.isEmpty else { continue }
            let (nats, count) = Comparison.surprisal(side.1, comparison.start..<side.1.ids.count)
            let tokens = side.1.ids.count - comparison.start, of = max(0, tokens - (comparison.start == 0 ? 1 : 0))
            let share = count < of ? " of \(Number.grouped(count))" : ""
            let end = side.1.end.map { "  " + $0.words } ?? ""
            let perplexity = count > 0 ? Number.fixed(exponential(nats / Double(count)), 2) : "–"
            let length = "\(Number.grouped(tokens)) \(tokens == 1 ? "token" : "tokens")  ", sum = "\(Number.fixed(nats, 2)) nats\(share)  ppl \(perplexity)"
            let figures = [length + sum + end, length + sum, sum].first { TextWidth.columns($0) + 8 <= line.width } ?? "\(Number.fixed(nats, 2)) nats"
            frame.put(side.0, x: line.x, y: line.y, style: Style(.title, .bold), clip: line)
            let room = line.width - TextWidth.columns(figures) - 4
            if room >= 4 { frame.put(TextWidth.fit(side.2, room), x: line.x + 2, y: line.y, style: Style(.text), clip: line) }
            frame.put(figures, x: max(line.x + 2, line.maxX - TextWidth.columns(figures)), y: line.y, style: Style(.number), clip: line)
        }
    }

    private func firstDivergence(_ frame: inout Frame) {
        guard !parts.first.isEmpty else { return }
        let line = parts.first
        guard let first = comparison.first else {
            frame.put("the same tokens in both", x: line.x, y: line.y, style: Style(.dim), clip: line)
            return
        }
        let pair = comparison.pairs[first]
        let (a, b) = (Comparison.surprisal(comparison.a, pair.a.lowerBound..<comparison.a.ids.count).nats,
                      Comparison.surprisal(comparison.b, pair.b.lowerBound..<comparison.b.ids.count).nats)
        let names = "\(next(comparison.a, pair.a)) | \(next(comparison.b, pair.b))"
        let texts = ["first divergence at token \(pair.a.lowerBound): \(names), from there \(Number.fixed(a, 2)) | \(Number.fixed(b, 2)) nats",
                     "parts at \(pair.a.lowerBound): \(names), then \(Number.fixed(a, 2)) | \(Number.fixed(b, 2)) nats",
                     "parts at \(pair.a.lowerBound): \(names)"]
        let text = texts.first { TextWidth.columns($0) + 2 <= line.width } ?? texts[texts.count - 1]
        frame.put("▸ ", x: line.x, y: line.y, style: Style(.accent), clip: line)
        frame.put(TextWidth.fit(text, line.width - 2), x: line.x + 2, y: line.y, style: Style(.text), clip: line)
    }

    // MARK: The texts

    private func text(_ frame: inout Frame) {
        let rect = parts.text, sheet = state.compare.sheet
        guard !rect.isEmpty, sheet.places.count == comparison.pairs.count else { return }
        if !parts.isStacked {
            let (a, b) = CompareParts.columns(rect.width)
            for y in rect.y..<rect.maxY { frame.put("│", x: rect.x + (a.upperBound + b.lowerBound) / 2, y: y, style: Style(.border), clip: rect) }
        }
        for row in 0..<(rect.height + parts.rowsALine - 1) / parts.rowsALine {
            let line = state.compare.top + row, y = rect.y + row * parts.rowsALine
            guard sheet.lines.indices.contains(line) else { break }
            if parts.isStacked {
                for (offset, letter) in ["A", "B"].enumerated() { frame.put(letter, x: rect.x, y: y + offset, style: Style(.dim), clip: rect) }
            }
            for pair in sheet.lines[line].pairs {
                column(pair, comparison.a, comparison.pairs[pair].a, sheet.places[pair].a, y, parts.isStacked ? 2..<rect.width : CompareParts.columns(rect.width).a, &frame)
                column(pair, comparison.b, comparison.pairs[pair].b, sheet.places[pair].b, parts.isStacked ? y + 1 : y,
                       parts.isStacked ? 2..<rect.width : CompareParts.columns(rect.width).b, &frame)
                if parts.isStacked, parts.rowsALine > 2 { bar(pair, x: rect.x + sheet.places[pair].a.lowerBound, y: y + 2, clip: rect, isChosen: false, &frame) }
            }
        }
    }

    /// A pair's tokens in one of the two columns.
    private func column(_ pair: Int, _ column: Comparison.Column, _ range: Range<Int>, _ place: Range<Int>, _ y: Int, _ room: Range<Int>, _ frame: inout Frame) {
        let clip = Rect(x: parts.text.x + room.lowerBound, y: parts.text.y, width: room.count, height: parts.text.height)
        var x = parts.text.x + place.lowerBound
        let kind = comparison.pairs[pair].kind, isChosen = pair == selected
        if pair == comparison.first { x += frame.put("▸", x: x, y: y, style: Style(.accent, .bold), clip: clip) }
        let start = x
        for position in range {
            var style = Style((column.tokenizer ?? tokenizer).isSpecial(column.ids[position]) ? .chip : .text, kind == .same || kind == .respelled ? [] : .bold)
            style.heat = column.steps[position].flatMap { Tints.level(Double(-$0.logprob) / 10) }
            x += frame.put(bytes: CompareText.bytes(column.ids[position], column.tokenizer ?? tokenizer), x: x, y: y, style: style, clip: clip)
        }
        if kind == .end { x += frame.put("·", x: x, y: y, style: Style(.dim), clip: clip) }
        guard isChosen else { return }
        // What has nothing here shows where it would stand.
        frame.restyle(Rect(x: start, y: y, width: max(1, x - start), height: 1).intersection(clip)) { $0 = Style(focused ? .selection : .cursor) }
    }

    // MARK: The divergence by position

    /// Of the settings' draws where two settings are compared: raw predictions part only behind the first divergence.
    private func divergence(_ pair: Int) -> Double? {
        comparison.start > 0 ? comparison.sampled[pair]?.ab : comparison.divergences[pair]
    }

    private func bar(_ pair: Int, x: Int, y: Int, clip: Rect, isChosen: Bool, _ frame: inout Frame) {
        guard let value = divergence(pair) else {
            if comparison.divergences[pair] == nil, !comparison.isDone || isChosen {
                frame.put("·", x: x, y: y, style: Style(isChosen ? .cursor : .dim), clip: clip)
            }
            return
        }
        // Five nats fill the cell.
        frame.sparkline([value / 5], x: x, y: y, style: Style(isChosen ? .cursor : value == 0 ? .dim : .bar), clip: clip)
    }

    private func strip(_ frame: inout Frame) {
        let line = parts.strip
        guard !line.isEmpty else { return }
        let name = comparison.start > 0 ? "KL after samplers " : "KL ", count = comparison.pairs.count
        let x = line.x + frame.put(name, x: line.x, y: line.y, style: Style(.dim), clip: line), width = line.maxX - x
        guard width > 0 else { return }
        let first = max(0, min(count - width, selected - width / 2))
        for pair in first..<min(count, first + width) { bar(pair, x: x + pair - first, y: line.y, clip: line, isChosen: pair == selected, &frame) }
    }

    // MARK: The chosen place

    private func detail(_ frame: inout Frame) {
        guard !parts.detail.isEmpty else { return }
        let rows = parts.detail.height
        let kl = comparison.divergences[selected].map { "KL(A‖B) \(Number.fixed($0, 3))\(rows > 1 ? " nats" : "")" } ?? (!comparison.hasOneVocabulary ? "no KL: other tokens" : comparison.isDone ? "" : "KL …")
        let (ab, ba) = (comparison.sampled[selected].map { Number.fixed($0.ab, 3) }, comparison.sampled[selected].map { Number.fixed($0.ba, 3) } ?? "")
        let long = ab.map { "after the samplers KL(A‖B) \($0), KL(B‖A) \(ba)" } ?? ""
        let sampled = TextWidth.columns(long) * 2 < parts.detail.width ? long : ab.map { "sampled \($0), back \(ba)" } ?? ""
        let tails = [kl, sampled]
        for (row, side) in [("A", comparison.a, pair.a, comparison.sampled[selected]?.a), ("B", comparison.b, pair.b, comparison.sampled[selected]?.b)].enumerated() {
            let line = parts.detail.row(row)
            guard !line.isEmpty else { continue }
            var end = line.maxX
            if !tails[row].isEmpty {
                let width = TextWidth.columns(tails[row])
                end -= width
                if end > line.x + 8 { frame.put(tails[row], x: end, y: line.y, style: Style(.accent), clip: line) } else { end = line.maxX }
            }
            let clip = Rect(x: line.x, y: line.y, width: max(0, end - line.x - (end < line.maxX ? 2 : 0)), height: 1)
            frame.put(side.0, x: line.x, y: line.y, style: Style(.title, .bold), clip: line)
            token(side.1, side.2, after: side.3, clip, &frame)
        }
    }

    private func token(_ column: Comparison.Column, _ range: Range<Int>, after: Double?, _ line: Rect, _ frame: inout Frame) {
        var x = line.x + 2
        let place = Number.grouped(range.lowerBound)
        x += frame.put(place, x: x, y: line.y, style: Style(.dim), clip: line) + 1
        guard let step = range.isEmpty ? nil : column.steps[range.lowerBound] else {
            let text = pair.kind == .end ? "the next token" : range.isEmpty ? "nothing, then \(next(column, range))" : name(column, range) + (range.lowerBound == 0 ? "  nothing stands before it" : "  …")
            frame.put(TextWidth.fit(text, line.maxX - x), x: x, y: line.y, style: Style(range.isEmpty ? .dim : .text), clip: line)
            return
        }
        let (nats, count) = Comparison.surprisal(column, range)
        let tokens = range.count > 1 ? " of \(count)" : "", share = after.map { "  drawn \(CandidatesView.percent($0))" } ?? ""
        // A server may not tell the rank, and tells no entropy.
        let rank = step.rank < 0 ? "" : "  rank \(Number.grouped(step.rank))", entropy = step.entropy.isFinite ? "  H \(Number.fixed(Double(step.entropy), 2))" : ""
        let tails = ["  surprisal \(Number.fixed(nats, 3))\(tokens)\(rank)\(entropy)\(share)", "  surprisal \(Number.fixed(nats, 3))\(tokens)\(rank)",
                     "  \(Number.fixed(nats, 3))\(tokens)" + (step.rank < 0 ? "" : "  #\(Number.grouped(step.rank))"), "  \(Number.fixed(nats, 2))"]
        let text = name(column, range), room = line.maxX - x
        let tail = tails.first { TextWidth.columns($0) + min(8, TextWidth.columns(text)) <= room } ?? ""
        let shown = TextWidth.fit(text, max(0, room - TextWidth.columns(tail)))
        x += frame.put(shown, x: x, y: line.y, style: Style(.text, .bold), clip: line)
        frame.put(tail, x: x, y: line.y, style: Style(.number), clip: line)
    }

    /// The tokens of a word, a point between them.
    private func name(_ column: Comparison.Column, _ range: Range<Int>) -> String {
        column.ids[range].prefix(8).map { TokenText.name($0, column.tokenizer ?? tokenizer) }.joined(separator: "·")
    }

    /// The token that stands at the beginning of a range, which may be empty.
    private func next(_ column: Comparison.Column, _ range: Range<Int>) -> String {
        column.ids.indices.contains(range.lowerBound) ? TokenText.name(column.ids[range.lowerBound], column.tokenizer ?? tokenizer) : "the end"
    }
}
