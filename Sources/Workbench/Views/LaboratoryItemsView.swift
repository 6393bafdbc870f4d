import Engine
import Laboratory
import Terminal
import Tokenizer

/// The items behind a number, or one item in every condition, and all that is known of the chosen one.
struct LaboratoryItemsView {
    let state: State
    let experiment: Experiment
    let parts: LaboratoryParts
    let focused: Bool
    private var laboratory: LaboratoryState { state.laboratory }

    init(state: State, experiment: Experiment, parts: LaboratoryParts, focused: Bool) {
        (self.state, self.experiment, self.parts, self.focused) = (state, experiment, parts, focused)
    }

    func draw(_ frame: inout Frame) {
        let isConditions = laboratory.level == .conditions
        let places = isConditions ? laboratory.places : laboratory.listed
        head(places.count, &frame)
        if places.isEmpty { frame.put("No item is like this; w shows others.", x: parts.list.x + 1, y: parts.list.y, style: Style(.dim), clip: parts.list) }
        for index in places.indices.dropFirst(laboratory.top).prefix(parts.list.height) {
            let line = parts.list.row(index - laboratory.top), isChosen = places[index] == laboratory.chosen
            row(places[index], isConditions, line, &frame)
            if isChosen, focused { frame.restyle(line) { $0 = Style(.selection) } }
            if isChosen { frame.put("▸", x: line.x, y: line.y, style: focused ? Style(.selection) : Style(.focus), clip: line) }
        }
        guard !parts.detail.isEmpty, let chosen = laboratory.chosen, let item = laboratory.result(chosen) else { return }
        if parts.detail.x > parts.list.x {
            for y in parts.detail.y..<parts.detail.maxY { frame.put("│", x: parts.detail.x - 1, y: y, style: Style(.border)) }
        } else {
            frame.put(String(repeating: "─", count: parts.detail.width), x: parts.detail.x, y: parts.detail.y, style: Style(.border), clip: parts.detail)
        }
        let isBelow = parts.detail.x == parts.list.x
        LaboratoryItemDetail(state: state, experiment: experiment, place: chosen, item: item)
            .draw(isBelow ? parts.detail.split(top: 1).rest : parts.detail, &frame)
    }

    private func head(_ count: Int, _ frame: inout Frame) {
        guard !parts.listHead.isEmpty else { return }
        let shots = laboratory.shots.map { "\($0) shots" } ?? ""
        let what: String
        if laboratory.level == .conditions {
            let item = laboratory.chosen.flatMap { laboratory.result($0)?.item } ?? 0
            what = "item \(item + 1) in \(count) conditions"
        } else {
            let filter = switch laboratory.filter {
            case .all: "all"
            case .wrong: "wrong"
            case .confident: "wrong and confident (≥ 90 %)"
            case .taken(let right, let guess):
                if experiment.labels.indices.contains(right), experiment.labels.indices.contains(guess) { "\(experiment.labels[right]) taken for \(experiment.labels[guess])" } else { "some" }
            }
            what = "\(shots), [w] \(filter): \(Number.grouped(count)) \(count == 1 ? "item" : "items")"
        }
        frame.put(TextWidth.fit(what, parts.listHead.width - 1), x: parts.listHead.x + 1, y: parts.listHead.y, style: Style(.title), clip: parts.listHead)
    }

    private func row(_ place: LaboratoryState.Place, _ isConditions: Bool, _ line: Rect, _ frame: inout Frame) {
        guard let item = laboratory.result(place) else { return }
        let isRight = item.isRight(laboratory.rule)
        var x = line.x + 1
        x += frame.put(isRight ? "✓" : "✗", x: x, y: line.y, style: Style(isRight ? .good : .error), clip: line) + 1
        let cell = place.cell, wording = experiment.wordings.count > 1 ? " \(experiment.wordings[cell.template].name)" : ""
        if isConditions {
            x += frame.put("\(cell.shots) shots".padding(left: 8) + "  seed \(cell.seed)" + (experiment.orders > 1 ? " order \(cell.order)" : "") + wording, x: x, y: line.y, style: Style(.text), clip: line) + 2
        } else {
            x += frame.put("\(item.item + 1)".padding(left: 4), x: x, y: line.y, style: Style(.number), clip: line) + 1
            if laboratory.prompts[cell.shots] ?? 1 > 1 {
                x += frame.put("s\(cell.seed)" + (experiment.orders > 1 ? "o\(cell.order)" : "") + wording, x: x, y: line.y, style: Style(.dim), clip: line) + 1
            }
        }
        let given = LaboratoryItemDetail.given(item, laboratory.rule, experiment)
        x += frame.put(TextWidth.fit(given.text, 14).padding(to: min(14, widest)), x: x, y: line.y, style: Style(.text), clip: line) + 1
        if let share = given.share { x += frame.put(Number.percent(share).padding(left: 7), x: x, y: line.y, style: Style(.number), clip: line) + 2 }
        if isConditions {
            let scores = item.answers.indices.map { "\(LaboratoryItemDetail.answer($0, item, experiment)) \(item.answers[$0].value(laboratory.rule).map { Number.fixed($0, 3) } ?? "–")" }
            frame.put(TextWidth.fit(scores.joined(separator: "  "), max(0, line.maxX - x)), x: x, y: line.y, style: Style(.dim), clip: line)
            return
        }
        guard line.maxX - x > 4, experiment.test.indices.contains(item.item) else { return }
        let text = HistoryText.line(FewShot.query(experiment.test[item.item], experiment), columns: line.maxX - x)
        frame.put(TextWidth.fit(text, line.maxX - x), x: x, y: line.y, style: Style(.dim), clip: line)
    }

    private var widest: Int { max(4, experiment.labels.map { TextWidth.columns($0) }.max() ?? 14) }
}

/// One item in one cell: every answer's scores, the given one's tokens, the shots, the query.
struct LaboratoryItemDetail {
    let state: State
    let experiment: Experiment
    let place: LaboratoryState.Place
    let item: ItemResult

    /// What the model gave, and its share among the answers.
    static func given(_ item: ItemResult, _ rule: ScoreRule, _ experiment: Experiment) -> (text: String, share: Double?) {
        if let completion = item.completion { return (HistoryText.line(Array(completion.text.utf8), columns: 40), nil) }
        let guess = item.guess(rule), shares = item.probabilities(rule)
        return (answer(guess, item, experiment), shares.indices.contains(guess) ? shares[guess] : nil)
    }

    static func answer(_ index: Int, _ item: ItemResult, _ experiment: Experiment) -> String {
        guard experiment.test.indices.contains(item.item) else { return "?" }
        let answers = experiment.answers(experiment.test[item.item])
        return answers.indices.contains(index) ? HistoryText.line(Array(answers[index].utf8), columns: 40) : "?"
    }

    func draw(_ rect: Rect, _ frame: inout Frame) {
        let rule = state.laboratory.rule, cell = place.cell, width = max(1, rect.width - 2)
        var y = rect.y
        func put(_ text: String, _ style: Style) {
            for line in Words.wrap(text, width: width) where y < rect.maxY {
                frame.put(line, x: rect.x + 1, y: y, style: style, clip: rect)
                y += 1
            }
        }
        let line = experiment.test.indices.contains(item.item) ? " (line \(experiment.test[item.item].line))" : ""
        let order = experiment.orders > 1 ? ", order \(cell.order)" : "", lost = item.dropped > 0 ? ", \(item.dropped) left out to fit" : ""
        put("item \(item.item + 1)\(line): \(item.shots.count) shots\(lost), seed \(cell.seed)\(order), prompt of \(item.promptTokens) tokens", Style(.title))
        if let completion = item.completion {
            put("wrote \"\(HistoryText.line(Array(completion.text.utf8), columns: 200))\" (\(completion.tokens) tokens, \(completion.end)), "
                + (completion.matches ? "which matches" : "which is not \(experiment.answers(experiment.test[item.item]).joined(separator: " or "))"), Style(completion.matches ? .good : .error))
        } else {
            put("mass on the answers \(Number.fixed(item.mass, 3))", Style(.text))
        }
        y = answers(rule, Rect(x: rect.x, y: y, width: rect.width, height: max(0, rect.maxY - y)), &frame)
        let guess = item.completion == nil ? item.guess(rule) : 0
        if item.answers.indices.contains(guess) {
            let score = item.answers[guess]
            let tokens = zip(score.ids, score.logprobs).map { "\(TokenText.name($0, state.tokenizer)) \(Number.fixed(Double($1), 3))" }.joined(separator: "  ")
            put("tokens of \(Self.answer(guess, item, experiment)): \(tokens)" + (score.merges ? " (the first holds the prompt's end too)" : ""), Style(.number))
        }
        if !item.shots.isEmpty {
            let names = item.shots.map { shot -> String in
                guard experiment.pool.indices.contains(shot) else { return "\(shot + 1)" }
                return "\(shot + 1) \(experiment.pool[shot].fields[experiment.labelField] ?? "")"
            }
            put("shots: " + names.joined(separator: ", "), Style(.dim))
        }
        guard y < rect.maxY, experiment.test.indices.contains(item.item) else { return }
        text(FewShot.query(experiment.test[item.item], experiment), Rect(x: rect.x + 1, y: y, width: width, height: rect.maxY - y), &frame)
    }

    /// A line an answer; where the next line is.
    private func answers(_ rule: ScoreRule, _ rect: Rect, _ frame: inout Frame) -> Int {
        let shares = item.probabilities(rule), guess = item.guess(rule)
        // The given and the right one first, where not all have room.
        let room = max(1, min(item.answers.count, rect.height - 4))
        var shown = Array(item.answers.indices)
        if shown.count > room { shown = ([guess, item.right] + shown.filter { $0 != guess && $0 != item.right }).prefix(room).sorted() }
        var y = rect.y
        for index in shown where y < rect.maxY && item.answers.indices.contains(index) {
            let score = item.answers[index], isGiven = item.completion == nil && index == guess
            let name = TextWidth.fit(Self.answer(index, item, experiment), max(8, rect.width - 50))
            var x = rect.x + 1
            x += frame.put((isGiven ? "▸" : " ") + (index == item.right ? "✓" : " ") + name, x: x, y: y, style: Style(isGiven ? .accent : .text, isGiven ? .bold : []), clip: rect)
            x = max(x + 1, rect.x + 5 + min(16, max(8, rect.width - 50)))
            let value = score.value(rule).map { Number.fixed($0, 3) } ?? "–"
            let parts = ["\(LaboratoryView.name(rule)) \(value)", shares.indices.contains(index) ? Number.percent(shares[index]) : "",
                         rule == .sum ? "" : "sum \(Number.fixed(score.sum, 3))", "\(score.ids.count) \(score.ids.count == 1 ? "token" : "tokens")"]
            for part in parts where !part.isEmpty && x + TextWidth.columns(part) <= rect.maxX {
                x += frame.put(part, x: x, y: y, style: Style(.number), clip: rect) + 2
            }
            y += 1
        }
        if shown.count < item.answers.count, y < rect.maxY {
            frame.put("  and \(item.answers.count - shown.count) more", x: rect.x + 1, y: y, style: Style(.dim), clip: rect)
            y += 1
        }
        return y
    }

    private func text(_ bytes: [UInt8], _ rect: Rect, _ frame: inout Frame) {
        let lines = TextView.wrap(bytes, width: rect.width)
        for (row, start) in lines.prefix(rect.height).enumerated() {
            var end = row + 1 < lines.count ? lines[row + 1] : bytes.count
            if end > start, bytes[end - 1] == 0x0A { end -= 1 }
            frame.put(bytes: Array(bytes[start..<end]), x: rect.x, y: rect.y + row, style: Style(.text), clip: rect)
        }
    }
}
