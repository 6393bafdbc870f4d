import Document
import Engine
import Laboratory
import Terminal
import Tokenizer

/// Where the parts of the builder's panel stand; nil where it is not shown.
struct ShotsParts {
    let inside: Rect
    /// Which prompt it is; the answers; how they are scored; the pieces of the prompt.
    private(set) var settings: Rect, answers = Rect(width: 0, height: 0), score = Rect(width: 0, height: 0)
    private(set) var head = Rect(width: 0, height: 0), list: Rect

    init?(_ state: State) {
        guard let rect = Layout(state).rect(of: .shots) else { return nil }
        inside = rect.interior
        (settings, list) = inside.split(top: state.shots.isChoosing ? 0 : 1)
        guard !state.shots.isChoosing, let answers = state.shots.builder.map({ ShotsView.answers($0).count }) else { return }
        // The pieces have at least half, but for what they do not need.
        let pieces = (state.shots.held?.shots.count ?? 0) + 3, room = max(1, list.height - 1 - max(list.height / 2, min(pieces, list.height / 2)))
        (self.answers, list) = list.split(top: min(answers, max(room, list.height - 1 - pieces)))
        (score, list) = list.split(top: list.height > 2 ? 1 : 0)
        (head, list) = list.split(top: list.height > 3 ? 1 : 0)
    }

    /// The first row shown, so that the chosen one is in sight.
    func top(_ state: State) -> Int {
        let rows = state.shots.isChoosing ? state.experiments.count : state.shots.held.map(ShotsView.rows) ?? 0
        let chosen = state.shots.isChoosing ? state.shots.selected : state.shots.chosen ?? 0
        return max(0, min(chosen - list.height / 2, rows - list.height))
    }

    /// The shot, or the experiment, in a row of the window.
    func entry(atY y: Int, _ state: State) -> Int? {
        guard list.contains(x: list.x, y: y) else { return nil }
        let row = y - list.y + top(state)
        if state.shots.isChoosing { return state.experiments.indices.contains(row) ? row : nil }
        return state.shots.held?.shots.firstIndex(of: row)
    }
}

/// The few-shot prompt that stands in the document: its answers with their shares, and each piece with what it does.
enum ShotsView {
    static func draw(_ state: State, _ rect: Rect, _ focused: Bool, _ frame: inout Frame) {
        let shots = state.shots, title = shots.isChoosing ? "choose an experiment" : shots.builder?.experiment.title ?? ""
        let label = shots.isChoosing || !state.isShotsDocument ? "" : shots.numbers.isComing ? (state.readyModel == nil ? "no model" : shots.numbers.isAwaited ? "scoring …" : "leaving shots out …") : ""
        let room = rect.width - 16 - TextWidth.columns(label)
        let legend = shots.isChoosing ? View.legend(.shots, only: [.shotEdit, .shotUp]) : View.legend(.shots)
        frame.box(rect, title: TextWidth.fit(title.isEmpty ? "Shots" : "Shots · \(title)", max(5, room)), label: label, legend: legend, focused: focused)
        guard let parts = ShotsParts(state), !parts.inside.isEmpty else { return }
        if shots.isChoosing { return experiments(state, parts, focused, &frame) }
        guard let builder = shots.builder, let held = shots.held else { return }
        settings(state, builder, parts.settings, &frame)
        answers(state, builder, parts.answers, &frame)
        score(state, parts.score, &frame)
        pieces(state, builder, held, parts, focused, &frame)
    }

    // MARK: Choosing

    private static func experiments(_ state: State, _ parts: ShotsParts, _ focused: Bool, _ frame: inout Frame) {
        guard !state.experiments.isEmpty else {
            return CandidatesView.words("No experiments are there: they are files prompts/experiments/NAME.yaml.", parts.list, &frame)
        }
        let top = parts.top(state)
        for (index, entry) in state.experiments.enumerated().dropFirst(top).prefix(parts.list.height) {
            let line = parts.list.row(index - top), isChosen = index == state.shots.selected
            let x = line.x + 2 + frame.put(entry.name, x: line.x + 2, y: line.y, style: Style(.text), clip: line)
            frame.put(entry.title ?? "", x: max(x + 2, line.x + 22), y: line.y, style: Style(.dim), clip: line)
            if isChosen { mark(line, focused, &frame) }
        }
    }

    private static func mark(_ line: Rect, _ focused: Bool, _ frame: inout Frame) {
        if focused { frame.restyle(line) { $0 = Style(.selection) } }
        frame.put("▸", x: line.x, y: line.y, style: focused ? Style(.selection) : Style(.focus), clip: line)
    }

    // MARK: The prompt

    private static func settings(_ state: State, _ builder: ShotBuilder, _ rect: Rect, _ frame: inout Frame) {
        guard state.isShotsDocument else {
            frame.put(TextWidth.fit("the document is another text now; r builds the prompt again", rect.width - 2), x: rect.x + 1, y: rect.y, style: Style(.warning), clip: rect)
            return
        }
        let cell = builder.cell, wordings = builder.experiment.wordings
        var fields = [("k", "\(state.shots.held?.shots.count ?? 0)" + (cell.shots == .most ? " (max)" : "")), ("query", "\(builder.query + 1)/\(builder.experiment.test.count)")]
        fields += state.shots.isChanged ? [("", "changed")] : [("seed", "\(cell.seed)"), ("order", "\(cell.order)")]
        if wordings.count > 1 { fields.append(("wording", wordings[cell.template].name.isEmpty ? "\(cell.template + 1)/\(wordings.count)" : wordings[cell.template].name)) }
        var x = rect.x + 1
        for (name, value) in fields where x < rect.maxX {
            if !name.isEmpty { x += frame.put(name, x: x, y: rect.y, style: Style(.dim), clip: rect) + 1 }
            x += frame.put(value, x: x, y: rect.y, style: Style(name.isEmpty ? .warning : .number, name.isEmpty ? [] : .bold), clip: rect) + 2
        }
    }

    /// The answers' texts; of a completion the one that is expected.
    static func answers(_ builder: ShotBuilder) -> [String] {
        let all = builder.experiment.answers(builder.item)
        return builder.experiment.kind == .completion ? Array(all.prefix(1)) : all
    }

    private static func answers(_ state: State, _ builder: ShotBuilder, _ rect: Rect, _ frame: inout Frame) {
        guard !rect.isEmpty else { return }
        let numbers = state.shots.numbers, rule = state.shots.rule, texts = answers(builder)
        if let problem = numbers.problem, state.isShotsDocument {
            for (row, line) in Words.wrap(problem, width: max(1, rect.width - 2)).prefix(rect.height).enumerated() {
                frame.put(line, x: rect.x + 1, y: rect.y + row, style: Style(.warning), clip: rect)
            }
            return
        }
        // Numbers of the prompt before stay, dim, until its own have come.
        let result = numbers.answers.flatMap { $0.answers.count == texts.count ? $0 : nil }, isOld = numbers.isAwaited || !state.isShotsDocument
        let shares = result?.probabilities(rule) ?? [], guess = result?.guess(rule), right = builder.right
        // Where there is no room for all: the right one, and the likeliest.
        var order = Array(texts.indices)
        if texts.count > rect.height {
            order.sort { (shares.indices.contains($1) ? shares[$1] : 0, $0) < (shares.indices.contains($0) ? shares[$0] : 0, $1) }
            if let place = order.firstIndex(of: right), place >= rect.height { order.swapAt(place, rect.height - 1) }
        }
        let width = min(max(6, texts.map { TextWidth.columns($0) }.max() ?? 0), max(6, rect.width / 3)), bar = rect.x + 3 + width + 9 + 9
        for (row, answer) in order.prefix(rect.height).enumerated() {
            let y = rect.y + row, isRight = answer == right
            if isRight { frame.put("▸", x: rect.x + 1, y: y, style: Style(isOld ? .dim : .accent), clip: rect) }
            let name = HistoryText.line(Array(texts[answer].utf8), columns: width), isGuess = answer == guess && texts.count > 1
            frame.put(TextWidth.fit(name, width), x: rect.x + 3, y: y, style: isOld ? Style(.dim) : Style(isGuess ? (isRight ? .good : .error) : .text, isGuess ? .bold : []), clip: rect)
            guard let result else { continue }
            if shares.indices.contains(answer), texts.count > 1 {
                frame.put(Number.percent(shares[answer]), rightAlignedTo: rect.x + 3 + width + 9, y: y, style: Style(isOld ? .dim : .number), clip: rect)
                frame.bar(shares[answer], x: bar + 1, y: y, width: max(0, rect.maxX - bar - 2), style: Style(isOld ? .dim : .bar), clip: rect)
            }
            frame.put(Number.fixed(result.answers[answer].sum, 3), rightAlignedTo: bar, y: y, style: isOld ? Style(.dim) : Style(.text), clip: rect)
        }
    }

    private static func score(_ state: State, _ rect: Rect, _ frame: inout Frame) {
        let numbers = state.shots.numbers, rule = state.shots.rule
        var words = ["by \(rule.name)"]
        if let result = numbers.answers, !numbers.isAwaited, numbers.problem == nil, state.isShotsDocument {
            if result.answers.count > 1 {
                let shares = result.probabilities(rule), entropy = -shares.reduce(0) { $1 > 0 ? $0 + $1 * logarithm($1) : $0 }
                words += ["mass on the answers \(Number.fixed(result.mass, 3))", "H \(Number.fixed(entropy, 2)) nats"]
            } else {
                words = ["the answer expected, \(Number.fixed(result.answers.first?.sum ?? 0, 2)) nats; ^G writes one"]
            }
            if result.answers.contains(where: \.merges) { words.append("an answer shares its first token with the prompt") }
        }
        var x = rect.x + 1
        for word in words where x < rect.maxX - 1 {
            x += frame.put(TextWidth.fit(word, rect.maxX - 1 - x), x: x, y: rect.y, style: Style(.dim), clip: rect) + 2
        }
    }

    // MARK: Pieces

    /// Nothing behind the query has no row.
    static func rows(_ held: ShotPieces) -> Int { held.pieces.last.map { $0.count == 0 ? held.pieces.count - 1 : held.pieces.count } ?? 0 }

    /// Columns counted from the list's left side.
    private struct Columns {
        let label: Int, text: Int
        var textWidth: Int
        var nats: Int?, share: Int?, looks: Int?

        init(width: Int, labels: Int, isShared: Bool) {
            label = 5
            text = label + labels + 1
            var end = width - 1
            if width >= 30 { looks = end; end -= 8 }
            if width >= 44, isShared { share = end; end -= 9 }
            if width >= 22 { nats = end; end -= 8 }
            textWidth = max(0, end - text)
        }
    }

    private static func pieces(_ state: State, _ builder: ShotBuilder, _ held: ShotPieces, _ parts: ShotsParts, _ focused: Bool, _ frame: inout Frame) {
        let experiment = builder.experiment, bytes = state.editor.document.bytes
        let names = held.pieces.map { name($0, experiment) }
        let widest = min(12, max(5, zip(held.pieces, names).map { $0.0.shot == nil ? 0 : TextWidth.columns($0.1) }.max() ?? 0))
        let columns = Columns(width: parts.list.width, labels: widest, isShared: answers(builder).count > 1)
        header(columns, parts.head, &frame)
        let ranges = state.isShotsDocument && held.count == bytes.count ? held.ranges : [], skipped = common(held, ranges, bytes)
        let top = parts.top(state), numbers = state.shots.numbers, shotNumbers = held.shots
        for (index, piece) in held.pieces.prefix(rows(held)).enumerated().dropFirst(top).prefix(parts.list.height) {
            let line = parts.list.row(index - top), shot = shotNumbers.firstIndex(of: index)
            if let shot { frame.put("\(shot + 1)", rightAlignedTo: line.x + 4, y: line.y, style: Style(.dim), clip: line) }
            let start = shot == nil ? line.x + 2 : line.x + columns.label
            var x = start + frame.put(TextWidth.fit(names[index], shot == nil ? 16 : widest), x: start, y: line.y,
                                      style: Style(piece.isEdited ? .warning : shot == nil ? .dim : .text), clip: line)
            x = max(x + 1, line.x + columns.text)
            if ranges.indices.contains(index) {
                let from = min(ranges[index].upperBound, ranges[index].lowerBound + (shot == nil && piece.kind != .query ? 0 : skipped))
                let room = line.x + columns.text + columns.textWidth - x
                let text = HistoryText.line(Array(bytes[from..<ranges[index].upperBound]), columns: max(0, room))
                frame.put(TextWidth.fit(text, max(0, room)), x: x, y: line.y, style: Style(.dim), clip: line)
            }
            figures(state, shot, index, columns, line, &frame)
            if shot != nil, shot == state.shots.selected { mark(Rect(x: line.x, y: line.y, width: line.width, height: 1), focused, &frame) }
        }
        if let omission = numbers.omission, parts.list.height > rows(held) {
            frame.put(TextWidth.fit(omission, parts.list.width - 2), x: parts.list.x + 1, y: parts.list.y + rows(held), style: Style(.dim), clip: parts.list)
        }
    }

    private static func header(_ columns: Columns, _ rect: Rect, _ frame: inout Frame) {
        guard !rect.isEmpty else { return }
        func right(_ text: String, _ end: Int?) {
            if let end { frame.put(text, rightAlignedTo: rect.x + end, y: rect.y, style: Style(.dim), clip: rect) }
        }
        frame.put("shot", x: rect.x + 1, y: rect.y, style: Style(.dim), clip: rect)
        right(columns.share == nil ? "without" : "without: nats", columns.nats)
        right("share", columns.share)
        right("looks", columns.looks)
    }

    /// What leaving the shot out does to the right answer, and how much the last token looks at the piece.
    private static func figures(_ state: State, _ shot: Int?, _ piece: Int, _ columns: Columns, _ line: Rect, _ frame: inout Frame) {
        let numbers = state.shots.numbers
        guard state.isShotsDocument else { return }
        if numbers.mass.indices.contains(piece), let end = columns.looks {
            frame.put(Number.percent(numbers.mass[piece]), rightAlignedTo: line.x + end, y: line.y, style: Style(.number), clip: line)
        }
        guard let shot, let end = columns.nats else { return }
        guard let effect = numbers.effect(ofShot: shot, state.shots.rule) else {
            if numbers.isComing { frame.put("…", rightAlignedTo: line.x + end, y: line.y, style: Style(.dim), clip: line) }
            return
        }
        func signed(_ value: Double, _ text: String) -> String { value >= 0 && !text.hasPrefix("-") ? "+" + text : text }
        func role(_ value: Double) -> Style { Style(value < -0.0005 ? .good : value > 0.0005 ? .warning : .dim) }
        frame.put(signed(effect.logprob, Number.fixed(effect.logprob, 3)), rightAlignedTo: line.x + end, y: line.y, style: role(effect.logprob), clip: line)
        if let share = effect.share, let end = columns.share {
            frame.put(signed(share, Number.fixed(share * 100, 1)) + " %", rightAlignedTo: line.x + end, y: line.y, style: role(share), clip: line)
        }
    }

    private static func name(_ piece: ShotPieces.Piece, _ experiment: Experiment) -> String {
        switch piece.kind {
        case .instruction: return piece.isEdited ? "instruction edited" : "instruction"
        case .query: return piece.isEdited ? "query edited" : "query"
        case .rest: return piece.count > 0 ? "behind it" : ""
        case .shot(let shot):
            if piece.isEdited { return "edited" }
            let item = experiment.pool[shot.pool], answers = experiment.answers(item), label = shot.label ?? experiment.right(item) ?? 0
            return (shot.label == nil ? "" : "≠ ") + (answers.indices.contains(label) ? answers[label] : "")
        }
    }

    /// How many bytes all shots and the query begin with: the list leaves them out.
    private static func common(_ held: ShotPieces, _ ranges: [Range<Int>], _ bytes: [UInt8]) -> Int {
        guard !ranges.isEmpty, let query = held.query, !held.shots.isEmpty else { return 0 }
        let first = Array(bytes[ranges[query]])
        let same = held.shots.filter { !held.pieces[$0].isEdited }.reduce(first.count) { least, shot in
            min(least, zip(first, bytes[ranges[shot]]).prefix { $0 == $1 }.count)
        }
        // Whole words only.
        return first[..<same].lastIndex { $0 == 0x20 || $0 == 0x0A }.map { $0 + 1 } ?? 0
    }
}

extension ScoreRule {
    /// As the screen names it.
    var name: String {
        switch self {
        case .sum: "sum"
        case .perToken: "per token"
        case .perByte: "per byte"
        case .unconditional: "unconditional"
        case .calibrated: "calibrated"
        }
    }
}
