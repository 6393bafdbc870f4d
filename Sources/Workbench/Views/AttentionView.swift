import Engine
import Terminal

/// The attention panel: heads of all layers, one map, or one row as a list and in the text.
enum AttentionView {
    static func draw(_ state: State, _ rect: Rect, _ focused: Bool, _ frame: inout Frame) {
        let inner = frame.box(rect, title: "Attention", label: label(state, rect), legend: legend(state.attention.view), focused: focused)
        guard !inner.isEmpty else { return }
        if let note = note(state) {
            for (row, line) in Words.wrap(note, width: max(1, inner.width)).enumerated().prefix(inner.height) {
                frame.put(line, x: inner.x, y: inner.y + row, style: Style(.dim), clip: inner)
            }
            return
        }
        switch state.attention.view {
        case .heads: AttentionHeadsView.draw(state, inner, &frame)
        case .ranked: AttentionRankedView.draw(state, inner, &frame)
        case .map: AttentionMapView.draw(state, inner, &frame)
        case .text: AttentionTextView.draw(state, inner, &frame)
        }
    }

    /// Why there is nothing to show.
    private static func note(_ state: State) -> String? {
        switch state.model {
        case .none: return "no model, no attention"
        case .loading: return "the model is loading"
        case .remote: return Abilities.inside
        case .ready: break
        }
        if state.reading.ids.isEmpty { return "There are no tokens yet. Type, and see where each head looks." }
        if AttentionState.query(state) < 0, state.attention.view != .map, state.attention.querySpan == nil {
            return "No token stands before the cursor: move it behind the token whose attention you want to see."
        }
        return nil
    }

    private static func label(_ state: State, _ rect: Rect) -> String {
        let attention = state.attention, valued = attention.isValued ? ", |p · v|" : ""
        switch attention.view {
        case .heads:
            return rect.width >= 34 ? "Heads · " + metric(state) + (attention.isLog && attention.metric != .entropy ? ", log" : "") : "Heads"
        case .ranked: return rect.width >= 34 ? "Ranked · " + metric(state) : "Ranked"
        case .map: return rect.width >= 34 ? "Map · " + name(of: attention.chosen) + valued : "Map"
        case .text:
            let what = attention.direction == .out ? "where it looks" : attention.direction == .into ? "who looks at it" : "how widely each looks"
            return rect.width >= 34 ? "Text · " + what + (attention.direction == .spread ? "" : valued) : "Text"
        }
    }

    private static func metric(_ state: State) -> String {
        let attention = state.attention
        switch attention.metric {
        case .toToken: return (attention.keySpan == nil ? "to token" : "to span") + (attention.isValued ? ", |p · v|" : "")
        case .direct: return "adds to " + (state.attributed.map { state.attributedName($0) } ?? "the logit …")
        case .entropy: return "entropy of the row"
        case .ablation: return ablation(state)
        case .sink, .previous, .duplicate, .induction: return "\(attention.metric.rawValue) score"
        }
    }

    /// Whose logprob changes by how much when a head is zeroed, or how to find out.
    private static func ablation(_ state: State) -> String {
        guard let ablation = state.edits.ablation else { return "ablation: A in Edits" }
        return "zeroed: change of \(TokenText.name(ablation.order.token, state.tokenizer))" + (ablation.isRunning ? " …" : "")
    }

    /// The keys of the view in the words of the view.
    static func legend(_ view: AttentionState.Pane) -> String {
        func key(_ command: Command) -> String { View.short(command.row.keys.first) }
        func entries(_ list: [(String, String)]) -> String { list.map { "\($0.0) \($0.1)" }.joined(separator: "  ") }
        let arrows = key(.headLeft) + key(.headUp)
        let target = key(.targetPrevious) + " " + key(.targetNext)
        switch view {
        case .heads, .ranked:
            return entries([(arrows, "head"), (key(.headLock), "lock"), (key(.headAdd), "add"), (key(.headMetric), "metric"),
                            (key(.attentionView), "view"), (target, "token"), (key(.headValues), "|p·v|"), (key(.textOut), "out"), (key(.textIn), "in"), (key(.mapLog), "log")])
        case .map:
            return entries([(arrows, "crosshair"), (key(.mapZoomIn) + " " + key(.mapZoomOut), "zoom"), (key(.mapLog), "log"),
                            (key(.mapHideFirst), "hide first"), (key(.headLock), "go to"), (key(.attentionView), "view"), (target, "head"), (key(.headValues), "|p·v|")])
        case .text:
            return entries([(key(.textOut), "out"), (key(.textIn), "in"), (key(.textSpread), "spread"), (key(.headLeft), "token"), (key(.headUp), "list"),
                            (key(.attentionView), "view"), (key(.headLock), "go to"), (target, "looked at"), (key(.headAdd), "add")])
        }
    }

    /// `L17·H4`, or how many heads the mean is of.
    static func name(of heads: [HeadID]) -> String {
        heads.count == 1 ? heads[0].name : "mean of \(heads.count) heads"
    }

    /// A token with its position, cut to a width with the position kept.
    static func place(_ name: String, _ position: Int, width: Int) -> String {
        let number = " (\(position))"
        let room = width - number.count
        return room >= 3 ? TextWidth.fit(name, room) + number : TextWidth.fit(name, width)
    }

    /// `.61`, `1.0`, `2.3`: a number in three columns.
    static func tiny(_ value: Double) -> String {
        guard value.isFinite, value >= 0 else { return " – " }
        if value >= 99.5 { return Number.whole(min(value, 999)) }
        if value >= 9.95 { return Number.fixed(value, 0).padding(left: 3) }
        let two = Number.fixed(value, 2)
        return two.hasPrefix("0.") ? String(two.dropFirst()) : Number.fixed(value, 1)
    }

    /// A weight in three digits; what would round to nothing says so.
    static func share(_ weight: Double) -> String { weight > 0 && weight < 0.0005 ? "<.001" : Number.fixed(weight, 3) }

    /// Whether the numbers of a row are shares of the whole.
    static func isShare(_ state: State) -> Bool { !state.attention.isValued && (state.attention.view != .text || state.attention.direction != .spread) }

    static func level(_ weight: Float, log: Bool) -> UInt8 { log ? Heat.logLevel(Double(weight)) : Heat.level(Double(weight)) }

    /// Ranked positions with their weights, as many as fit; the selected one stays in sight.
    static func list(_ row: AttentionRow, _ state: State, ids: [Int32], in rect: Rect, top: Int, selected: Int?, _ frame: inout Frame) {
        let digits = "\(min(row.order.count, top + rect.height))".count, most = isShare(state) ? 1 : Double(max(row.most, 1e-12))
        let bars = rect.width >= digits + 30 ? min(20, rect.width - digits - 22) : 0
        let numbers = rect.width >= digits + 20 ? "\(row.weights.count)".count + 1 : 0
        let width = max(1, rect.width - digits - 8 - bars - (bars > 0 ? 1 : 0) - numbers)
        for line in 0..<rect.height {
            guard row.order.indices.contains(top + line) else { break }
            let position = row.order[top + line], weight = Double(row.weights[position]), y = rect.y + line
            let style = selected == top + line ? Style(.selection) : Style()
            if selected == top + line { frame.fill(rect.row(line), style: style) }
            frame.put("\(top + line + 1)", rightAlignedTo: rect.x + digits, y: y, style: selected == top + line ? style : Style(.dim), clip: rect)
            let word = row.word(at: position), name = word.count == 1 ? state.tokenName(position, in: ids) : word.map { state.tokenText($0, in: ids) }.joined()
            frame.put(TextWidth.fit(name, width), x: rect.x + digits + 1, y: y, style: style, clip: rect)
            var x = rect.x + digits + 1 + width
            if numbers > 0 {
                x += numbers
                frame.put("\(position)", rightAlignedTo: x, y: y, style: selected == top + line ? style : Style(.dim), clip: rect)
            }
            frame.put(share(weight), rightAlignedTo: x + 6, y: y, style: style, clip: rect)
            // A full bar is all of the attention; an eighth of a cell is not drawn for next to nothing.
            if bars > 0, weight / most >= 0.002 {
                frame.bar(weight / most, x: x + 7, y: y, width: bars, style: Style(.bar), clip: rect)
            }
        }
    }
}
