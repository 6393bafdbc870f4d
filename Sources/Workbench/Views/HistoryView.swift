import Engine
import Store
import Terminal

/// Where the parts of the history panel stand; nil where it is not shown.
struct HistoryParts {
    let inside: Rect
    private(set) var filter = Rect(width: 0, height: 0), head = Rect(width: 0, height: 0), list: Rect
    /// The chosen run with everything.
    private(set) var detail = Rect(width: 0, height: 0)

    init?(_ state: State) {
        guard let rect = Layout(state).rect(of: .history) else { return nil }
        inside = rect.interior
        list = inside
        if state.history.isFiltering || !state.history.filter.scalars.isEmpty { (filter, list) = list.split(top: 1) }
        if inside.height >= 13 { (list, detail) = list.split(bottom: inside.height / 2) }
        if list.height >= 6 { (head, list) = list.split(top: 1) }
    }
}

/// Every run of the playground: a list, and all that is known of the chosen one where there is room.
enum HistoryView {
    static func draw(_ state: State, _ rect: Rect, _ focused: Bool, _ frame: inout Frame) {
        let history = state.history
        let count = "\(Number.grouped(history.runs.count)) \(history.runs.count == 1 ? "run" : "runs")" + (history.showsTrash ? " in the trash" : "")
        frame.box(rect, title: "History", label: history.isKnown ? count : "", legend: View.legend(.history), focused: focused)
        guard let parts = HistoryParts(state) else { return }
        filter(state, parts.filter, focused, &frame)
        let columns = Columns(width: parts.list.width)
        columns.drawHead(parts.head, &frame)
        if history.runs.isEmpty { empty(history, parts.list, &frame) }
        for index in history.runs.indices.dropFirst(history.top).prefix(parts.list.height) {
            let line = parts.list.row(index - history.top), isChosen = index == history.selected
            columns.draw(history.runs[index], state, line, &frame)
            if isChosen, focused { frame.restyle(line) { $0 = Style(.selection) } }
            if isChosen { frame.put("▸", x: line.x, y: line.y, style: focused ? Style(.selection) : Style(.focus), clip: line) }
        }
        if !parts.detail.isEmpty { HistoryDetail.draw(state, parts.detail, &frame) }
    }

    private static func filter(_ state: State, _ rect: Rect, _ focused: Bool, _ frame: inout Frame) {
        guard !rect.isEmpty else { return }
        let x = rect.x + 1 + frame.put("with the words: ", x: rect.x + 1, y: rect.y, style: Style(.key), clip: rect)
        let field = Rect(x: x, y: rect.y, width: max(1, rect.maxX - x), height: 1)
        if focused, state.history.isFiltering, state.overlay == nil {
            InputView.put(state.history.filter, in: field, style: Style(.text), &frame)
        } else {
            frame.put(state.history.filter.text, x: field.x, y: field.y, style: Style(.text), clip: field)
        }
    }

    private static func empty(_ history: HistoryState, _ rect: Rect, _ frame: inout Frame) {
        let text = !history.isKnown ? "The store is being read." : !history.filter.scalars.isEmpty ? "No run has these words; / and Esc show all again."
            : history.showsTrash ? "Nothing is in the trash; u goes back." : "Nothing was generated yet; ^G in the document does. Every run is listed here."
        for (row, line) in Words.wrap(text, width: max(1, rect.width - 2)).enumerated() {
            frame.put(line, x: rect.x + 1, y: rect.y + row, style: Style(.dim), clip: rect)
        }
    }

    /// What a row has room for; the text takes what the figures leave.
    private struct Columns {
        private var figures: [Figure] = []
        private let text: Int
        private struct Figure {
            let name: String, width: Int, isRight: Bool, role: Terminal.Role
            let value: (FoundRun, State) -> String
        }

        init(width: Int) {
            // The most wanted first; the order on the screen is another.
            let all = [
                (0, Figure(name: "ago", width: 7, isRight: true, role: .dim) { run, state in String(state.ago(run.made).dropLast(4)) }),
                (2, Figure(name: "tokens", width: 6, isRight: true, role: .number) { run, _ in "\(run.count)" }),
                (3, Figure(name: "nats", width: 8, isRight: true, role: .number) { run, _ in run.logprob.map { Number.fixed($0, 1) } ?? "–" }),
                (4, Figure(name: "end", width: 12, isRight: false, role: .dim) { run, _ in run.end ?? "cut off" }),
                (1, Figure(name: "seed", width: 7, isRight: true, role: .number) { run, _ in "\(run.seed)" }),
                (5, Figure(name: "model", width: 21, isRight: false, role: .dim) { run, _ in run.model }),
            ]
            var left = width - 1, taken: [(Int, Figure)] = []
            for (place, figure) in all where left - figure.width - 1 >= (place == 0 ? 8 : place == 2 ? 20 : 24) {
                taken.append((place, figure))
                left -= figure.width + 1
            }
            figures = taken.sorted { $0.0 < $1.0 }.map(\.1)
            text = max(0, left)
        }

        func drawHead(_ rect: Rect, _ frame: inout Frame) {
            guard !rect.isEmpty else { return }
            let end = place(rect) { figure, x in put(figure.name, figure, x, rect, Style(.dim), &frame) }
            frame.put("prompt and text", x: end, y: rect.y, style: Style(.dim), clip: rect)
        }

        func draw(_ run: FoundRun, _ state: State, _ rect: Rect, _ frame: inout Frame) {
            let x = place(rect) { figure, x in
                let isBad = figure.name == "end" && (run.end == nil || run.end == "failed")
                put(figure.value(run, state), figure, x, rect, Style(isBad ? .warning : figure.role), &frame)
            }
            let written = HistoryText.line(run.text, columns: text)
            // Of the prompt so much that the text has three fifths, or all it needs.
            let room = max(text * 2 / 5, text - TextWidth.columns(written)), prompt = HistoryText.end(of: run.prompt, columns: room)
            let at = x + frame.put(prompt, x: x, y: rect.y, style: Style(.dim), clip: rect)
            frame.put(TextWidth.fit(written, max(0, rect.maxX - at)), x: at, y: rect.y, style: Style(.model), clip: rect)
        }

        /// Goes through the columns; where the text begins.
        private func place(_ rect: Rect, _ draw: (Figure, Int) -> Void) -> Int {
            var x = rect.x + 1
            for figure in figures {
                draw(figure, x)
                x += figure.width + 1
            }
            return x
        }

        private func put(_ text: String, _ figure: Figure, _ x: Int, _ rect: Rect, _ style: Style, _ frame: inout Frame) {
            let text = TextWidth.fit(text, figure.width)
            if figure.isRight { frame.put(text, rightAlignedTo: x + figure.width, y: rect.y, style: style, clip: rect) }
            else { frame.put(text, x: x, y: rect.y, style: style, clip: rect) }
        }
    }
}

/// Text of runs in one line.
enum HistoryText {
    /// The beginning, as marks but for the spaces between words.
    static func line(_ bytes: [UInt8], columns: Int) -> String {
        let bytes = bytes.prefix(8 * max(0, columns) + 8)
        return bytes.split(separator: 0x20, omittingEmptySubsequences: false).map { TokenText.visible(Array($0)) }.joined(separator: " ")
    }

    /// The last so many columns.
    static func end(of bytes: [UInt8], columns: Int) -> String {
        // A character whose beginning was cut away is left out.
        let whole = bytes.suffix(8 * max(0, columns) + 8).drop { $0 & 0xC0 == 0x80 }
        let text = line(Array(whole), columns: whole.count)
        guard TextWidth.columns(text) > columns else { return text }
        var out = text[...]
        while TextWidth.columns(String(out)) > max(0, columns - 1), !out.isEmpty { out.removeFirst() }
        return columns > 0 ? "…" + out : ""
    }

    /// What of the settings is not as it is by default.
    static func settings(_ run: StoredRun) -> String {
        guard let sampling = Sampling(json: run.settings) else { return "settings that cannot be read" }
        let fields = SamplingField.all.filter { $0.id != .seed && !FieldText.isStandard($0, sampling, Sampling()) }
        let others = fields.map { "\($0.name) \($0.value(in: sampling) == nil ? FieldText.entry($0, sampling) : FieldText.value($0, sampling))" }
        return others.isEmpty ? "all settings as by default" : others.joined(separator: ", ")
    }
}

/// Everything of one run, as far as there is room: where it came from, its replay, its text.
private enum HistoryDetail {
    static func draw(_ state: State, _ rect: Rect, _ frame: inout Frame) {
        let (line, area) = rect.split(top: 1)
        frame.put(String(repeating: "─", count: line.width), x: line.x, y: line.y, style: Style(.border), clip: line)
        guard let found = state.history.chosen, let run = state.history.whole, run.id == found.id else { return }
        let width = max(1, area.width - 2), rate = run.rate > 0 ? ", \(Number.whole(run.rate)) tok/s" : ""
        var lines: [(text: String, role: Terminal.Role)] = [
            ("\(run.model) \(run.fingerprint.prefix(8)), seed \(run.seed)", .title),
            ("\(run.ids.count) tokens after \(run.promptIDs.count), \(run.end ?? "cut off")\(rate)\(found.logprob.map { ", \(Number.fixed($0, 1)) nats" } ?? "")", .text),
            (HistoryText.settings(run), .text),
        ]
        if let replay = state.history.replay, replay.run.id == run.id { lines.append((replay.words(state.tokenizer), role(replay))) }
        var y = area.y
        for (text, role) in lines {
            for row in Words.wrap(text, width: width) where y < area.maxY {
                frame.put(row, x: area.x + 1, y: y, style: Style(role), clip: area)
                y += 1
            }
        }
        text(run, Rect(x: area.x + 1, y: y, width: width, height: max(0, area.maxY - y)), &frame)
    }

    private static func role(_ replay: Replay) -> Terminal.Role {
        switch replay.outcome {
        case nil, .same, .stopped: .accent
        case .different: .warning
        case .failed: .error
        }
    }

    /// The prompt's end and what was written, so much of the first as leaves the second its room.
    private static func text(_ run: StoredRun, _ rect: Rect, _ frame: inout Frame) {
        guard !rect.isEmpty else { return }
        let written = TextView.wrap(run.text, width: rect.width).count, spare = max(min(2, rect.height - 1), rect.height - written)
        let starts = TextView.wrap(run.prompt, width: rect.width), from = starts[max(0, starts.count - max(1, spare))]
        let border = run.prompt.count - from, bytes = Array(run.prompt[from...]) + run.text, lines = TextView.wrap(bytes, width: rect.width)
        for (row, start) in lines.prefix(rect.height).enumerated() {
            var end = row + 1 < lines.count ? lines[row + 1] : bytes.count
            if end > start, bytes[end - 1] == 0x0A { end -= 1 }
            let middle = max(start, min(border, end))
            let x = rect.x + frame.put(bytes: Array(bytes[start..<middle]), x: rect.x, y: rect.y + row, style: Style(.dim), clip: rect)
            frame.put(bytes: Array(bytes[middle..<max(middle, end)]), x: x, y: rect.y + row, style: Style(.model), clip: rect)
        }
        if lines.count > rect.height { frame.put("…", x: rect.maxX - 1, y: rect.maxY - 1, style: Style(.dim), clip: rect) }
    }
}
