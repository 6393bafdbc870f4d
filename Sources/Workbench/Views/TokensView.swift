import Engine
import Terminal

/// A row a token: what it is, how likely it was, and what was likeliest there.
enum TokensView {
    static func draw(_ state: State, _ rect: Rect, _ focused: Bool, _ frame: inout Frame) {
        let tokens = state.tokens, sorted = "by \(tokens.sort.rawValue)" + (tokens.isReversed ? ", reversed" : "")
        let inner = frame.box(rect, title: "Tokens", label: sorted, legend: View.legend(.tokens), focused: focused)
        guard !inner.isEmpty else { return }
        guard !tokens.order.isEmpty else {
            frame.put("There are no tokens yet.", x: inner.x, y: inner.y, style: Style(.dim), clip: inner)
            return
        }
        let plan = Plan(inner.width, digits: "\(state.reading.ids.count)".count)
        let (head, list) = inner.split(top: inner.height >= 2 ? 1 : 0)
        for (column, name) in plan.columns {
            let style = Style(name == title(tokens.sort) ? .accent : .dim)
            if column.isRight { frame.put(name, rightAlignedTo: head.x + column.end, y: head.y, style: style, clip: head) } else {
                frame.put(name, x: head.x + column.start, y: head.y, style: style, clip: head)
            }
        }
        let top = top(tokens, list.height)
        for (row, position) in tokens.order.dropFirst(top).prefix(list.height).enumerated() {
            line(position, state, plan, list.row(row), isSelected: position == tokens.selected, focused, &frame)
        }
    }

    static func top(_ tokens: TokensState, _ height: Int) -> Int {
        let now = tokens.order.firstIndex(of: tokens.selected) ?? 0
        return max(0, min(now - height / 2, tokens.order.count - height))
    }

    private static func title(_ sort: TokensState.Sort) -> String { sort == .position ? "at" : sort == .entropy ? "H before" : sort.rawValue }

    private static func line(_ position: Int, _ state: State, _ plan: Plan, _ rect: Rect, isSelected: Bool, _ focused: Bool, _ frame: inout Frame) {
        let style = isSelected ? Style(focused ? .selection : .accent, focused ? [] : .bold) : Style(), y = rect.y
        if isSelected, focused { frame.fill(rect, style: style) }
        let number = isSelected ? style : Style(.number), dim = isSelected ? style : Style(.dim)
        frame.put("\(position)", rightAlignedTo: rect.x + plan.at, y: y, style: dim, clip: rect)
        let step = state.reading.step(position)
        let heat = isSelected ? nil : step.flatMap { Tints.level(state.text.tint == .none || state.text.tint == .attention ? .surprisal : state.text.tint, Export.Numbers($0)) }
        frame.put(TextWidth.fit(state.tokenText(position), plan.token), x: rect.x + plan.at + 1, y: y, style: isSelected ? style : Style(.text, heat: heat), clip: rect)
        guard let step else {
            frame.put(position == 0 ? "first of all" : "not measured yet", x: rect.x + plan.at + plan.token + 3, y: y, style: dim, clip: rect)
            return
        }
        frame.put(Number.fixed(Double(step.logprob), 3), rightAlignedTo: rect.x + plan.logprob, y: y, style: number, clip: rect)
        frame.put(Number.grouped(step.rank), rightAlignedTo: rect.x + plan.rank, y: y, style: number, clip: rect)
        frame.put(Number.fixed(Double(step.entropy), 2), rightAlignedTo: rect.x + plan.entropy, y: y, style: number, clip: rect)
        guard plan.likeliest > 0, let top = step.top, step.rank > 0 else { return }
        frame.put(TextWidth.fit(TokenText.name(top, state.tokenizer), plan.likeliest), x: rect.x + plan.entropy + 2, y: y, style: dim, clip: rect)
    }

    /// Where the columns end.
    private struct Plan {
        struct Column { let start: Int, end: Int, isRight: Bool }
        let at: Int, token: Int, logprob: Int, rank: Int, entropy: Int, likeliest: Int
        init(_ width: Int, digits: Int) {
            at = digits + 1
            let free = width - at - 1 - 10 - 8 - 9
            token = max(5, min(20, free >= 20 ? free / 2 : free))
            logprob = at + 1 + token + 9
            rank = logprob + 8
            entropy = rank + 9
            likeliest = max(0, width - entropy - 2)
        }
        var columns: [(Column, String)] {
            [(Column(start: 0, end: at, isRight: true), "at"), (Column(start: at + 1, end: 0, isRight: false), "token"),
             (Column(start: 0, end: logprob, isRight: true), "logprob"), (Column(start: 0, end: rank, isRight: true), "rank"),
             (Column(start: 0, end: entropy, isRight: true), "H before")] + (likeliest >= 6 ? [(Column(start: entropy + 2, end: 0, isRight: false), "likeliest")] : [])
        }
    }
}
