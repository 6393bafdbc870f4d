import Engine
import Terminal
import Tokenizer

/// What the attention panel shows, and what it works out once from the reading so that drawing only looks things up.
///
/// The *previewed* head is the one under the head cursor; the *chosen* heads are the locked ones or, without any, the previewed.
/// Positions count from the first id the model reads.
package struct AttentionState: Sendable {
    package enum Pane: String, Sendable, CaseIterable { case heads, map, text, ranked }
    package enum Metric: String, Sendable, CaseIterable { case toToken, entropy, previous, duplicate, induction, sink, direct, ablation }
    /// Where a query looks, who looks at a key, or how widely every query looks.
    package enum Direction: Sendable { case out, into, spread }
    package struct Crosshair: Sendable, Equatable {
        package var query: Int, key: Int
        package init(query: Int, key: Int) { (self.query, self.key) = (query, key) }
    }

    package var view = Pane.heads
    package var metric = Metric.toToken
    package var cursor = HeadID(0, 0)
    package var locked: Set<HeadID> = []
    /// The position looked at, when the person chose one; nil: the one the chosen heads look at most, the first aside.
    package var target: Int?
    package var direction = Direction.out
    /// The cell of the map; nil: the shown query and what it looks at.
    package var crosshair: Crosshair?
    /// How far out the map is zoomed; nil: as far as it takes to see all of it.
    package var scale: Int?
    package var isLog = false
    /// Whether weights are multiplied by their values' lengths.
    package var isValued = false
    /// Whether the tokens of a word count as one.
    package var mergesWords = false
    /// Positions whose mean row is shown, and positions that are looked at together.
    package var querySpan: Range<Int>?, keySpan: Range<Int>?
    package var hidesFirst = false
    /// The chosen row of the text view's list, and the first one shown.
    package internal(set) var selected = 0
    /// The document's tint before the text view took it.
    var formerTint: TextView.Tint?
    /// Until the person moves: the first scores bring the head cursor to the strongest induction head, if there is one.
    var isUntouched = true

    // Worked out by `clamp`.
    /// Where the previewed head looks.
    package private(set) var preview: AttentionRow?
    /// Where the chosen heads look, or who looks at the target, as `direction` says.
    package private(set) var chosenRow: AttentionRow?
    private(set) var grid = AttentionMapGrid()
    /// The document as the zoomed text view wraps it.
    private(set) var page = TextView()
    private(set) var isLate = false
    private var favourite: Int?
    private var tint: [Float?] = []
    private var done = Done()

    /// What the worked out values were made from.
    private struct Done: Equatable {
        var changes = -1, version = -1, query = -1
        var cursor = HeadID(0, 0), chosen: [HeadID] = [], direction = Direction.out, target: Int?, metric = Metric.toToken
        var look = Wish.Attention.Look(), mergesWords = false, keySpan: Range<Int>?
    }

    package init() {}

    /// The heads that the map and the text views are about.
    package var chosen: [HeadID] { locked.isEmpty ? [cursor] : locked.sorted() }

    /// The query all panels speak of: the last id before the shown place; -1 where nothing stands before it.
    package static func query(_ state: State) -> Int { min(state.here.position, state.contextLimit) - 1 }

    /// The position looked at, and whether the person chose it.
    package var lookedAt: (position: Int, isChosen: Bool)? {
        if let target { return (target, true) }
        return favourite.map { ($0, false) }
    }

    /// The position whose onlookers the text view shows.
    package func columnKey(_ state: State) -> Int { target ?? max(0, Self.query(state)) }

    // MARK: The worker

    /// Asks for what is shown, and for nothing else.
    package func wish(_ state: State) -> Wish.Attention? {
        let isShown = state.isShown(.attention), isTinted = state.text.tint == .attention
        guard isShown || isTinted, !state.reading.ids.isEmpty else { return nil }
        var wish = Wish.Attention(query: Self.query(state))
        wish.look = look
        wish.scores = isShown && (view == .heads || view == .ranked)
        if isShown, view == .map { wish.map = chosen }
        guard isTinted || (isShown && view == .text) else { return wish }
        if direction == .into { wish.column = Wish.Attention.Column(heads: chosen, key: columnKey(state), isValued: isValued) }
        if direction == .spread { wish.spread = chosen }
        return wish
    }

    /// What the rows shown are made of.
    package var look: Wish.Attention.Look { .init(span: querySpan, isValued: isValued) }

    /// The weights the document is tinted by, by position; nil where there is none.
    package func weights(_ state: State) -> [Float?] { tint }

    // MARK: Keeping up with the state

    mutating func clamp(_ state: State) {
        guard let shape = state.readyModel?.shape else { return }
        let reading = state.reading, query = Self.query(state)
        if isUntouched, reading.changes != done.changes, let head = reading.scores?.strongestInduction { (cursor, isUntouched) = (head, false) }
        cursor = HeadID(min(max(0, cursor.layer), shape.layers - 1), min(max(0, cursor.head), shape.heads - 1))
        if !locked.isEmpty { locked = locked.filter { $0.layer < shape.layers && $0.head < shape.heads } }
        if let target, target > max(0, query) { self.target = nil }
        if let span = querySpan, span.upperBound > reading.ids.count { querySpan = nil }
        if let span = keySpan, span.upperBound > reading.ids.count { keySpan = nil }
        let now = Done(changes: reading.changes, version: reading.version, query: query, cursor: cursor, chosen: chosen,
                       direction: direction, target: target, metric: metric, look: look, mergesWords: mergesWords, keySpan: keySpan)
        if now != done {
            workOut(state, query)
            done = now
        }
        let limit = chosenRow?.order.count ?? 0
        selected = min(max(0, selected), max(0, limit - 1))
        let panel = view == .heads || view == .ranked ? nil : Layout(state).rect(of: .attention)?.interior
        if view == .map, let panel { grid.follow(self, state, panel) }
        if view == .text, state.zoomed, let panel { page.lay(out: state.editor, in: AttentionTextPlan(panel, zoomed: true).page) }
    }

    private mutating func workOut(_ state: State, _ query: Int) {
        let reading = state.reading
        guard let heads = reading.heads, !reading.ids.isEmpty else {
            (preview, chosenRow, favourite, tint, isLate) = (nil, nil, nil, [], query >= 0)
            return
        }
        isLate = heads.query != (querySpan?.upperBound ?? query + 1) - 1 || reading.look != look || !reading.ids.starts(with: reading.headIDs)
        let words = mergesWords ? state.words(in: reading.ids) : nil
        preview = AttentionRow.mean(of: [cursor], in: heads.rows, from: heads.query, words: words)
        let out = locked.isEmpty ? preview : AttentionRow.mean(of: chosen, in: heads.rows, from: heads.query, words: words)
        favourite = out.flatMap { row in row.order.first { $0 > 0 } ?? row.order.first }
        chosenRow = out
        switch direction {
        case .out: break
        case .into:
            let wanted = Wish.Attention.Column(heads: chosen, key: columnKey(state), isValued: isValued)
            chosenRow = reading.column.flatMap { $0.column == wanted ? AttentionRow(weights: $0.weights, from: wanted.key, first: wanted.key, words: words) : nil }
        case .spread: chosenRow = reading.spread.flatMap { $0.heads == chosen ? AttentionRow(weights: $0.entropies, from: query) : nil }
        }
        tint = []
        if let row = chosenRow {
            let same = direction != .out || !isLate ? row.weights.count : zip(reading.ids, reading.headIDs).prefix { $0 == $1 }.count
            let most = row.most
            // Where the numbers are no shares the largest of them is the measure.
            let scale = isValued || direction == .spread ? 1 / max(most, 1e-12) : 1
            tint = row.weights.prefix(same).enumerated().map { $0.offset >= row.first ? $0.element * scale : nil }
        }
    }

    // MARK: What keys change

    mutating func touch() { isUntouched = false }

    mutating func scroll(list step: Int) { selected = max(0, selected + step) }
}

extension HeadScores {
    /// The head that induces most, when one clearly does.
    fileprivate var strongestInduction: HeadID? {
        guard heads > 0, let best = induction.indices.max(by: { (induction[$0], $1) < (induction[$1], $0) }), induction[best] >= 0.2 else { return nil }
        return HeadID(best / heads, best % heads)
    }
}

extension State {
    /// A position as panels write it: its token, or `⟨first⟩` for the first of all.
    func tokenName(_ position: Int, in ids: [TokenID]? = nil) -> String {
        position == 0 ? "⟨first⟩" : tokenText(position, in: ids)
    }
    /// The visible text of a position.
    func tokenText(_ position: Int, in ids: [TokenID]? = nil) -> String {
        let ids = ids ?? reading.ids
        guard ids.indices.contains(position), let tokenizer else { return "–" }
        return TokenText.visible(tokenizer.bytes(ids[position]))
    }
}
