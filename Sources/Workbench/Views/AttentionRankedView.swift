import Engine
import Terminal

/// All heads in the order of the chosen metric, with their exact numbers and what they are called.
enum AttentionRankedView {
    static func draw(_ state: State, _ rect: Rect, _ frame: inout Frame) {
        let values = HeadValues(state), ranking = values.ranking, attention = state.attention
        frame.put(TextWidth.fit(heading(state), rect.width), x: rect.x, y: rect.y, style: Style(.accent), clip: rect)
        let list = rect.split(top: 1).rest, top = top(ranking, attention.cursor, list.height)
        if ranking.isEmpty { frame.put("…", x: list.x, y: list.y, style: Style(.dim), clip: list) }
        for (row, entry) in ranking.dropFirst(top).prefix(list.height).enumerated() {
            let y = list.y + row, isChosen = entry.id == attention.cursor
            let style = isChosen ? Style(.selection) : Style(), dim = isChosen ? style : Style(.dim)
            if isChosen { frame.fill(list.row(row), style: style) }
            frame.put("\(top + row + 1)", rightAlignedTo: list.x + 3, y: y, style: dim, clip: list)
            frame.put((attention.locked.contains(entry.id) ? "●" : " ") + entry.id.name, x: list.x + 4, y: y, style: style, clip: list)
            let number = (attention.metric.isSigned && entry.value > 0 ? "+" : "") + Number.fixed(entry.value, 3)
            frame.put(number, rightAlignedTo: list.x + 21, y: y, style: isChosen ? style : Style(.number), clip: list)
            let label = state.reading.scores?.label(entry.id) ?? "", room = list.width - 23 - 16
            frame.put(label, x: list.x + 23, y: y, style: dim, clip: list)
            if room >= 4 { frame.bar(values.share(entry.value), x: list.x + 39, y: y, width: min(30, room), style: Style(.bar), clip: list) }
        }
    }

    /// The first row in sight.
    static func top(_ ranking: [(id: HeadID, value: Double)], _ cursor: HeadID, _ height: Int) -> Int {
        let now = ranking.firstIndex { $0.id == cursor } ?? 0
        return max(0, min(now - height / 2, ranking.count - height))
    }

    /// What the numbers are.
    private static func heading(_ state: State) -> String {
        let attention = state.attention
        let from = attention.querySpan.map { "mean of \(state.spanName($0))" }
            ?? AttentionView.place(state.tokenText(AttentionState.query(state)), AttentionState.query(state), width: 16)
        switch attention.metric {
        case .toToken:
            guard let looked = attention.lookedAt else { return "…" }
            let to = attention.keySpan.map { state.spanName($0) } ?? state.tokenName(looked.position)
            return (attention.isValued ? "|pattern · v| " : "weight ") + "from \(from) to \(to)"
        case .direct:
            guard let found = state.attributed else { return "direct contributions are being computed …" }
            return "logit of \(state.attributedName(found)), what each head adds"
        case .entropy: return "entropy of the row from \(from), nats"
        case .ablation: return "zeroed alone: change of a logprob, nats"
        case .sink, .previous, .duplicate, .induction: return "\(attention.metric.rawValue) score, mean of the newest \(state.reading.scores?.queries ?? 0) queries"
        }
    }
}
