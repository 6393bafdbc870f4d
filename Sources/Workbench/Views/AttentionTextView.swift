import Document
import Terminal

/// One row of weights: a ranked list, and zoomed the text itself.
enum AttentionTextView {
    static func draw(_ state: State, _ rect: Rect, _ frame: inout Frame) {
        let attention = state.attention, plan = AttentionTextPlan(rect, zoomed: state.zoomed)
        heading(state, plan.heading, &frame)
        if !plan.page.isEmpty { page(state, plan.page, &frame) }
        guard let row = attention.chosenRow else {
            let text = attention.direction != .out && state.run != nil ? "this is computed when the stream has ended" : "being computed …"
            for (line, part) in Words.wrap(text, width: max(1, plan.list.width)).enumerated().prefix(plan.list.height) {
                frame.put(part, x: plan.list.x, y: plan.list.y + line, style: Style(.dim), clip: plan.list)
            }
            return
        }
        let ids = attention.direction == .out ? state.reading.headIDs : state.reading.ids
        AttentionView.list(row, state, ids: ids, in: plan.list, top: AttentionTextPlan.top(attention, plan.list), selected: attention.selected, &frame)
    }

    private static func heading(_ state: State, _ rect: Rect, _ frame: inout Frame) {
        guard !rect.isEmpty else { return }
        let attention = state.attention, reading = state.reading
        let heads = AttentionView.name(of: attention.chosen)
        var lead = "from ", position = reading.heads?.query ?? AttentionState.query(state), ids = reading.headIDs
        if attention.direction == .into { (lead, position, ids) = ("who looks at ", attention.columnKey(state), reading.ids) }
        if attention.direction == .spread {
            frame.put(TextWidth.fit("entropy of each token's row, nats, \(heads)", rect.width), x: rect.x, y: rect.y, style: Style(.accent), clip: rect)
            return
        }
        let late = attention.direction == .out && attention.isLate ? " …" : ""
        let tail = ", " + heads + late
        let room = rect.width - lead.count - TextWidth.columns(tail)
        let span = attention.direction == .out ? attention.querySpan : nil
        let name = span.map { "the mean of " + state.spanName($0) } ?? AttentionView.place(state.tokenText(position, in: ids), position, width: max(5, room))
        frame.put(TextWidth.fit(lead + name + tail, rect.width), x: rect.x, y: rect.y, style: Style(late.isEmpty ? .accent : .warning), clip: rect)
    }

    /// The text as wrapped for this panel, its tokens tinted by their weights.
    private static func page(_ state: State, _ rect: Rect, _ frame: inout Frame) {
        let page = state.attention.page, tokens = state.editor.document.tokens, lead = state.reading.lead
        let levels = Tints.attention(state)
        let source = state.attention.direction == .out ? AttentionState.query(state) : state.attention.columnKey(state)
        func style(_ at: Int, _ index: inout Int) -> Style {
            while index < tokens.count, tokens[index].range.upperBound <= at { index += 1 }
            guard index < tokens.count, tokens[index].range.contains(at) else { return Style(.dim) }
            let position = lead + index
            if position == source { return Style(.selection) }
            return levels.indices.contains(position) && levels[position] != nil ? Style(.text, heat: levels[position]) : Style(.dim)
        }
        state.editor.document.bytes.withUnsafeBufferPointer { bytes in
            for row in 0..<rect.height {
                guard page.top + row < page.starts.count else { break }
                let range = page.range(ofLine: page.top + row)
                guard range.upperBound <= bytes.count else { break }
                var at = range.lowerBound, x = rect.x
                var index = state.editor.document.token(at: at) ?? tokens.count
                while at < range.upperBound, x < rect.maxX, let glyph = TextWidth.next(in: bytes, at: at) {
                    frame.put(glyph, x: x, y: rect.y + row, style: style(at, &index), clip: rect)
                    x += glyph.width
                    at = max(at + 1, glyph.range.upperBound)
                }
                // A newline that carries weight shows as one cell.
                if at < bytes.count, bytes[at] == 0x0A, x < rect.maxX {
                    let newline = style(at, &index)
                    if newline.role != .dim { frame.put(" ", x: x, y: rect.y + row, style: newline, clip: rect) }
                }
            }
        }
    }
}

/// Where the text view's parts stand in the panel.
struct AttentionTextPlan {
    let heading: Rect, page: Rect, list: Rect

    init(_ panel: Rect, zoomed: Bool) {
        let (top, rest) = panel.split(top: panel.height >= 2 ? 1 : 0)
        heading = top
        if !zoomed {
            (page, list) = (Rect(width: 0, height: 0), rest)
        } else if panel.width >= 70 {
            let (left, right) = rest.split(right: min(50, panel.width * 2 / 5))
            (page, list) = (left.split(right: 2).rest, right)
        } else {
            (page, list) = rest.split(bottom: rest.height * 2 / 5)
        }
    }

    /// The first row of the list in sight.
    static func top(_ attention: AttentionState, _ list: Rect) -> Int {
        let count = attention.chosenRow?.order.count ?? 0
        return max(0, min(attention.selected - list.height / 2, count - list.height))
    }
}
