import Engine
import Terminal

/// The parts of a logit as bars, those that push it up to the right, those that push it down to the left.
enum AttributionView {
    static func draw(_ state: State, _ rect: Rect, _ focused: Bool, _ frame: inout Frame) {
        let known = state.reading.attributed, isLate = state.attributed == nil
        let title = known != nil && isLate ? "Attribution · reading" : "Attribution"
        let label = rect.width >= 60 ? "direct contributions, final norm as it was" : ""
        let inner = frame.box(rect, title: title, label: label, legend: View.legend(.attribution), focused: focused)
        guard !inner.isEmpty else { return }
        guard let found = known?.found, state.readyModel != nil, AttentionState.query(state) >= 0 else {
            for (row, line) in Words.wrap(note(state), width: max(1, inner.width)).enumerated().prefix(inner.height) {
                frame.put(line, x: inner.x, y: inner.y + row, style: Style(.dim), clip: inner)
            }
            return
        }
        let plan = AttributionPlan(inner), rows = state.attribution.rows(found), selected = min(state.attribution.selected, rows.count - 1)
        let place = AttentionView.place(state.tokenText(found.position), found.position, width: 16)
        frame.put(TextWidth.fit("logit of \(state.attributedName(found)) after \(place): \(signed(found.logit, 4))", plan.head.width),
                  x: plan.head.x, y: plan.head.y, style: Style(isLate ? .warning : .accent), clip: plan.head)
        let most = rows.map { abs($0.value) }.max() ?? 1, top = plan.top(selected, count: rows.count)
        for (row, term) in rows.dropFirst(top).prefix(plan.list.height).enumerated() {
            line(term, most, plan.list.row(row), isSelected: focused && top + row == selected, &frame)
        }
        frame.put(TextWidth.fit("sum \(signed(found.sum, 4))   remainder \(scientific(found.remainder))   \(rows.count) parts", plan.sum.width),
                  x: plan.sum.x, y: plan.sum.y, style: Style(.dim), clip: plan.sum)
    }

    private static func note(_ state: State) -> String {
        switch state.model {
        case .none: "no model, no attribution"
        case .loading: "the model is loading"
        case .remote: Abilities.inside
        case .ready where state.reading.ids.isEmpty: "There are no tokens yet. Type, and see which parts of the model ask for the next one."
        case .ready where AttentionState.query(state) < 0: "No token stands before the cursor: move it behind the token whose prediction you want to take apart."
        case .ready: state.run == nil ? "computing …" : "computed when the stream has ended"
        }
    }

    private static func line(_ term: Attribution.Term, _ most: Double, _ rect: Rect, isSelected: Bool, _ frame: inout Frame) {
        let style = isSelected ? Style(.selection) : Style()
        if isSelected { frame.fill(rect, style: style) }
        frame.put(name(term.part), x: rect.x, y: rect.y, style: style, clip: rect)
        frame.put(signed(term.value, 4), rightAlignedTo: rect.x + 20, y: rect.y, style: isSelected ? style : Style(.number), clip: rect)
        let room = Rect(x: rect.x + 22, y: rect.y, width: min(60, rect.width - 22), height: 1), half = room.width / 2
        guard half >= 3 else { return }
        let bar = Style(.bar), share = abs(term.value) / max(1e-12, most)
        frame.put("│", x: room.x + half, y: rect.y, style: isSelected ? style : Style(.border), clip: rect)
        if term.value >= 0 { frame.bar(share, x: room.x + half + 1, y: rect.y, width: half - 1, style: bar, clip: rect) } else {
            // Blocks grow to the right alone: to the left whole and half cells have to do.
            let halves = max(1, Int(share * Double(half * 2) + 0.5))
            let text = (halves % 2 == 1 ? "▐" : "") + String(repeating: "█", count: halves / 2)
            frame.put(text, rightAlignedTo: room.x + half, y: rect.y, style: bar, clip: rect)
        }
    }

    /// `L17·H4`, `L20 MLP`, `embedding`.
    static func name(_ part: Attribution.Part) -> String {
        switch part {
        case .embedding: "embedding"
        case let .head(layer, head): HeadID(layer, head).name
        case let .mlp(layer): "L\(layer) MLP"
        case .bias: "biases"
        case let .edit(layer): "L\(layer) edits"
        }
    }

    private static func signed(_ value: Double, _ digits: Int) -> String { (value > 0 ? "+" : "") + Number.fixed(value, digits) }

    /// A number near nothing, to one digit.
    private static func scientific(_ value: Double) -> String {
        guard value != 0, value.isFinite else { return Number.fixed(value, 0) }
        var power = 0, size = abs(value)
        while size < 1, power < 20 { (size, power) = (size * 10, power + 1) }
        return power <= 3 ? Number.fixed(value, 5) : "\(value < 0 ? "-" : "")\(Number.fixed(size, 1))e-\(power)"
    }
}
