import Engine
import Terminal
import Tokenizer

/// What the attribution panel shows: whose logit, and which of its parts is chosen.
package struct AttributionState: Sendable, Equatable {
    /// Nil for the token that stands behind the query, or the likeliest.
    package var token: TokenID?, against: TokenID?
    /// Whether the parts stand in the order of the pass.
    package var isByPlace = false
    /// Among the rows.
    package var selected = 0
    package init() {}

    func rows(_ found: Attribution) -> [Attribution.Term] { isByPlace ? found.parts : found.strongest(found.parts.count) }
}

extension State {
    /// What is asked of the worker, where the panel or the heads show it.
    var attributionWish: Wish.Attributed? {
        let heads = attention.view == .heads || attention.view == .ranked
        guard isShown(.attribution) || (isShown(.attention) && heads && attention.metric == .direct) else { return nil }
        return attributionAsked
    }

    private var attributionAsked: Wish.Attributed? {
        let query = AttentionState.query(self)
        guard query >= 0 else { return nil }
        let stands = reading.ids.indices.contains(query + 1) ? reading.ids[query + 1] : nil
        return Wish.Attributed(position: query, token: attribution.token ?? stands, against: attribution.against)
    }

    /// What is asked for now, where it has come.
    package var attributed: Attribution? { reading.attributed.flatMap { $0.asked == attributionAsked ? $0.found : nil } }

    /// `␣men`, or `␣men less ␣pe`.
    func attributedName(_ found: Attribution) -> String {
        TokenText.name(found.token, tokenizer) + (found.against.map { " less " + TokenText.name($0, tokenizer) } ?? "")
    }

    mutating func performInAttribution(_ command: Command) -> [Effect] {
        let rows = reading.attributed.map { attribution.rows($0.found) } ?? []
        let page = max(1, (Layout(self).rect(of: .attribution)?.interior.height ?? 4) - 3)
        func move(_ step: Int) -> Int { min(max(0, attribution.selected + step), max(0, rows.count - 1)) }
        switch command {
        case .partUp: attribution.selected = move(-1)
        case .partDown: attribution.selected = move(1)
        case .partPageUp: attribution.selected = move(-page)
        case .partPageDown: attribution.selected = move(page)
        case .partFirst: attribution.selected = 0
        case .partLast: attribution.selected = max(0, rows.count - 1)
        case .partOrder:
            let chosen = rows.indices.contains(attribution.selected) ? rows[attribution.selected].part : nil
            attribution.isByPlace.toggle()
            attribution.selected = reading.attributed.flatMap { known in attribution.rows(known.found).firstIndex { $0.part == chosen } } ?? 0
        case .partToken: overlay = .input(.init(purpose: .partToken, label: "whose logit (empty: the token that stands there, or the likeliest)", line: LineInput()))
        case .partAgainst: overlay = .input(.init(purpose: .partAgainst, label: "less whose logit (empty: none)", line: LineInput()))
        case .partGo: if rows.indices.contains(attribution.selected) { go(to: rows[attribution.selected].part) }
        case .partZero: if rows.indices.contains(attribution.selected) { return zero(rows[attribution.selected].part) }
        default: break
        }
        return []
    }

    private mutating func go(to part: Attribution.Part) {
        switch part {
        case let .head(layer, head):
            attention.touch()
            attention.cursor = HeadID(layer, head)
            show(.attention)
        case let .mlp(layer), let .edit(layer):
            lens.stage = LensStage(layer: layer, isHalf: false)
            show(.lens)
        case .bias: say("the biases lie in every layer: there is no one place to go to", .warning)
        case .embedding:
            lens.stage = LensStage(layer: -1, isHalf: false)
            show(.lens)
        }
    }

    private mutating func zero(_ part: Attribution.Part) -> [Effect] {
        switch part {
        case let .head(layer, head): return toggle(Intervention(.z, layer: layer, head: head, .zero))
        case let .mlp(layer): return toggle(Intervention(.mlpOut, layer: layer, .zero))
        case .embedding, .edit, .bias:
            say("a head or an MLP can be zeroed here; a in Edits takes any place", .warning)
            return []
        }
    }

    mutating func acceptPart(_ typed: String, _ input: Overlay.Input) {
        let ids = tokenizer?.encode(Array(typed.utf8), specials: true) ?? []
        if input.purpose == .partToken { attribution.token = ids.first } else { attribution.against = ids.first }
        if ids.count > 1, let first = ids.first { say("\(typed) is \(ids.count) tokens; the first is taken: \(TokenText.name(first, tokenizer))", .warning) }
    }

    mutating func clickAttribution(y: Int, in rect: Rect) {
        guard let found = reading.attributed?.found else { return }
        let plan = AttributionPlan(rect), row = plan.top(attribution.selected, count: found.parts.count) + y - (plan.list.y - rect.y)
        if y >= plan.list.y - rect.y, found.parts.indices.contains(row) { attribution.selected = row }
    }
}

/// Where the parts of the panel stand.
struct AttributionPlan {
    let head: Rect, list: Rect, sum: Rect
    init(_ rect: Rect) {
        let (top, rest) = rect.split(top: rect.height >= 3 ? 1 : 0)
        (list, sum) = rest.split(bottom: rect.height >= 5 ? 1 : 0)
        head = top
    }
    func top(_ selected: Int, count: Int) -> Int { max(0, min(selected - list.height / 2, count - list.height)) }
}
