import Engine
import Terminal

/// The keys by context, the present one first, and what is to be seen.
enum HelpView {
    /// A line of help: a heading, a command with its keys, a sentence, a colour ramp.
    enum Line { case heading(String), keys(String, String), text(String), ramp(String, String), look(Style, String, String), blank }

    static func box(_ state: State) -> Rect {
        OverlayView.box(state, width: min(90, state.size.width), height: max(3, state.size.height - 2))
    }

    static func lastScroll(_ state: State) -> Int {
        let inner = box(state).interior
        return max(0, lines(state, width: inner.width - 2).count - inner.height)
    }

    static func draw(_ scroll: Int, _ state: State, _ frame: inout Frame) {
        let box = box(state)
        frame.fill(box)
        let inner = frame.box(box, title: "Help", label: "", legend: "↑↓ PgUp PgDn scroll  Esc close", focused: true)
        let lines = lines(state, width: inner.width - 2)
        let first = max(0, min(scroll, lastScroll(state)))
        for (row, line) in lines.dropFirst(first).prefix(inner.height).enumerated() {
            draw(line, Rect(x: inner.x + 1, y: inner.y + row, width: max(0, inner.width - 2), height: 1), &frame)
        }
        let last = min(lines.count, first + inner.height)
        if lines.count > inner.height { frame.put(" \(first + 1)–\(last) of \(lines.count) ", rightAlignedTo: box.maxX - 2, y: box.y, style: Style(.focus)) }
        frame.cursor = nil
    }

    private static func keyColumn(_ width: Int) -> Int { min(22, width * 2 / 5) }

    static func lines(_ state: State, width: Int) -> [Line] {
        // In the document most keys are those of any editor: what is Terrarium's own comes before them.
        let present: [Command.Context] = state.streams == nil && state.focus == .document ? [.everywhere, .document] : state.contexts
        let contexts = present + Command.Context.allCases.filter { !present.contains($0) }
        var lines: [Line] = []
        for context in contexts {
            lines.append(.heading(context.title))
            for row in Command.table where row.context == context {
                let keys = row.keys.isEmpty ? "in ^P" : row.keyNames
                let parts = Words.wrap(row.title, width: max(8, width - keyColumn(width) - 2))
                lines.append(.keys(keys, parts[0]))
                lines += parts.dropFirst().map { .keys("", $0) }
            }
            lines.append(.blank)
            if context == present.first { lines += legend(width) }
        }
        return lines.dropLast()
    }

    private static func legend(_ width: Int) -> [Line] {
        func say(_ text: String) -> [Line] { Words.wrap(text, width: width).map { .text($0) } }
        return [.heading("What is to be seen")]
            + say("A token is a piece of text with a number: often a word with the space before it. The model reads tokens and says for each "
                + "token of its vocabulary how likely it comes next.")
            + say("Surprisal is -ln of the probability the model gave to the token that stands there, in nats: 0 was certain, 0.7 one in two, "
                + "2.3 one in ten, 6.9 one in a thousand. Entropy H is the surprisal to be expected; e^H says among how many equally likely "
                + "tokens that would be.")
            + TextView.Tint.allCases.filter { $0 != .none }.map { .ramp($0.rawValue, $0.meaning) }
            + [.look(Style(.chip), "<|im_end|>", "a special token, one piece"), .look(Style(.model), "written", "by the model (with no tint)"),
               .look(Style(.selection), "selected", "the selection, the chosen row"), .look(Style(.dim), "unread", "not read by the model yet")]
            + say("300 tok/s ×1.6: 1.6 tokens were drawn in a pass through the model. Where the text repeats itself, what followed before runs along "
                + "with the newest token; each token is drawn as it would be alone.")
            + say("^P lists every command, also those that have no key.") + [.blank, .heading("What heads are called")]
            + say("With p[q, k] the weight of query q on key k, means over the newest 256 queries (shorter texts: all):")
            + [.keys("sink", "p[q, 0]: attention parked on the first token (Xiao et al. 2023)"),
               .keys("previous-token", "p[q, q-1] (Elhage et al. 2021)"),
               .keys("duplicate-token", "sum of p[q, k] over k < q with the token of q (Wang et al. 2022)"),
               .keys("induction", "sum of p[q, k] over k whose predecessor is the token of q (Olsson et al. 2022)")]
                .flatMap { wrapped($0, width) }
            + say("A head is named after its greatest score, from \(Number.fixed(Double(HeadScores.naming), 1)) on. Weights times the lengths of their values: Kobayashi et al. 2020. "
                + "What a head adds to a logit directly: Elhage et al. 2021.") + [.blank]
    }

    /// A name with its meaning on as many lines as it takes.
    private static func wrapped(_ line: Line, _ width: Int) -> [Line] {
        guard case let .keys(name, meaning) = line else { return [line] }
        return Words.wrap(meaning, width: max(8, width - keyColumn(width) - 2)).enumerated().map { .keys($0 == 0 ? name : "", $1) }
    }

    private static func draw(_ line: Line, _ rect: Rect, _ frame: inout Frame) {
        let column = rect.x + keyColumn(rect.width)
        switch line {
        case .heading(let text): frame.put(text, x: rect.x, y: rect.y, style: Style(.title, .bold), clip: rect)
        case .text(let text): frame.put(text, x: rect.x, y: rect.y, style: Style(.text), clip: rect)
        case .keys(let keys, let title):
            frame.put(TextWidth.fit(keys, keyColumn(rect.width) - 1), x: rect.x, y: rect.y, style: Style(.key), clip: rect)
            frame.put(title, x: column, y: rect.y, style: Style(.text), clip: rect)
        case .ramp(let name, let meaning):
            frame.put(name, x: rect.x, y: rect.y, style: Style(.text), clip: rect)
            let cells = min(8, rect.width - keyColumn(rect.width))
            for cell in 0..<max(0, cells) {
                frame.put(" ", x: column + cell, y: rect.y, style: Style(.text, heat: UInt8(clamping: cell * 63 / 7)), clip: rect)
            }
            frame.put(meaning, x: column + cells + 1, y: rect.y, style: Style(.dim), clip: rect)
        case .look(let style, let sample, let meaning):
            frame.put(sample, x: rect.x, y: rect.y, style: style, clip: rect)
            frame.put(meaning, x: column, y: rect.y, style: Style(.dim), clip: rect)
        case .blank: break
        }
    }
}
