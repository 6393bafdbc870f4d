import Engine
import Terminal
import Tokenizer

/// What the lens panel shows: stages of the residual stream by positions.
///
/// The chosen position is the query of all panels, so that the document's cursor is the lens's too; the chosen stage is its own.
package struct LensState: Sendable {
    package enum Tint: String, Sendable, CaseIterable { case probability, entropy, divergence, patch }

    /// Nil for the last: the model's own prediction.
    package var stage: LensStage?
    package var tint = Tint.probability
    /// Whether the stream between attention and MLP is shown too.
    package var hasHalves = false
    /// Whose rank is followed; nil for the token that stands there, or the likeliest.
    package var token: TokenID?
    package var showsList = false
    /// By position.
    package private(set) var columns: [Int: LensColumn] = [:]
    private var ids: [TokenID] = [], version = -1
    /// The most tokens of a cell that are kept.
    package static let top = 24

    package init() {}

    package func stages(_ layers: Int) -> [LensStage] { LensStage.all(layers: layers, halves: hasHalves) }

    /// Where the chosen stage stands among those shown.
    package func chosen(_ layers: Int) -> Int {
        let stages = stages(layers)
        return stage.flatMap { stages.firstIndex(of: $0) } ?? stages.count - 1
    }

    /// The token whose rank is asked for at a position; nil for the likeliest.
    func token(at position: Int, _ ids: [TokenID]) -> TokenID? { token ?? (ids.indices.contains(position + 1) ? ids[position + 1] : nil) }

    /// A column as it is wanted now.
    package func column(_ position: Int, _ state: State) -> LensColumn? {
        guard let column = columns[position], column.cells.contains(where: \.stage.isHalf) == hasHalves else { return nil }
        return column
    }

    private func isWhole(_ position: Int, _ state: State) -> Bool {
        guard let column = column(position, state) else { return false }
        return token(at: position, state.reading.ids).map { $0 == column.token } ?? true
    }

    // MARK: The worker

    package func wish(_ state: State) -> Wish.Lens? {
        guard let rect = Layout(state).rect(of: .lens), !state.reading.ids.isEmpty else { return nil }
        let query = AttentionState.query(state), limit = min(state.reading.ids.count, state.contextLimit)
        let plan = LensPlan(rect.interior, state)
        let near = plan.positions.filter { $0 < limit }.sorted { (abs($0 - query), $0) < (abs($1 - query), $1) }
        return Wish.Lens(places: near.map { .init(position: $0, token: token(at: $0, state.reading.ids)) }, halves: hasHalves)
    }

    /// How many of the wished places are known.
    func known(_ wish: Wish.Lens, _ state: State) -> Set<Int> { Set(wish.places.map(\.position).filter { isWhole($0, state) }) }

    mutating func take(_ column: LensColumn, version: Int, _ reading: Reading) {
        guard version == reading.version else { return }
        follow(reading)
        columns[column.position] = column
    }

    mutating func forget() { columns = [:] }

    /// Forgets what stands behind a change of the text.
    mutating func follow(_ reading: Reading) {
        guard reading.version != version else { return }
        let same = zip(ids, reading.ids).prefix { $0 == $1 }.count
        columns = columns.filter { $0.key < same }
        (ids, version) = (reading.ids, reading.version)
    }
}

/// Which positions and stages fit the panel.
struct LensPlan {
    static let label = 7, cell = 11
    let head: Rect, grid: Rect, detail: Rect
    let positions: Range<Int>
    /// Indices of the stages shown, from the embedding down.
    let stages: [Int]

    init(_ rect: Rect, _ state: State) {
        let layers = state.readyModel?.shape.layers ?? 0, lens = state.lens
        let count = lens.stages(layers).count, chosen = lens.chosen(layers)
        var rest: Rect
        (rest, detail) = rect.split(bottom: rect.height >= 16 ? 5 : rect.height >= 12 ? 4 : rect.height >= 9 ? 3 : rect.height >= 6 ? 2 : rect.height >= 4 ? 1 : 0)
        (head, rest) = rest.split(top: rest.height >= 3 ? 1 : 0)
        grid = rest
        let columns = max(1, (rect.width - Self.label) / Self.cell), query = max(0, AttentionState.query(state))
        let total = max(1, min(state.reading.ids.count, state.contextLimit))
        let first = max(0, min(query - (columns - 1) * 2 / 3, total - columns))
        positions = first..<min(total, first + columns)
        let rows = max(1, min(rest.height, count))
        // Spread evenly, the last one always among them.
        var shown = (1...rows).map { $0 == 1 && rows > 1 ? 0 : rows == 1 ? count - 1 : ($0 - 1) * (count - 1) / (rows - 1) }
        if let near = shown.indices.min(by: { abs(shown[$0] - chosen) < abs(shown[$1] - chosen) }) { shown[near] = chosen }
        stages = shown
    }
}

extension LensStage {
    /// `emb`, `12`, `12 att`.
    package var name: String { layer < 0 ? "emb" : isHalf ? "\(layer) att" : "\(layer)" }
    /// As a sentence has it.
    package var title: String { layer < 0 ? "the embedding" : isHalf ? "after attention of layer \(layer)" : "after layer \(layer)" }
}

extension State {
    mutating func performInLens(_ command: Command) {
        let layers = readyModel?.shape.layers ?? 0, stages = lens.stages(layers), chosen = lens.chosen(layers)
        func stage(_ index: Int) -> LensStage? { stages.isEmpty ? nil : stages[min(max(0, index), stages.count - 1)] }
        switch command {
        case .lensUp: lens.stage = stage(chosen - 1)
        case .lensDown: lens.stage = stage(chosen + 1)
        case .lensFirst: lens.stage = stages.first
        case .lensLast: lens.stage = nil
        case .lensLeft: goToAttention(of: AttentionState.query(self) - 1)
        case .lensRight: goToAttention(of: AttentionState.query(self) + 1)
        case .lensList: lens.showsList.toggle()
        case .lensSite:
            lens.hasHalves.toggle()
            if let now = lens.stage, now.isHalf { lens.stage = LensStage(layer: now.layer, isHalf: false) }
            say(lens.hasHalves ? "after attention and after the MLP of each layer" : "after each layer")
        case .lensTint:
            let all = LensState.Tint.allCases.filter { $0 != .patch || edits.patch != nil }
            lens.tint = all[((all.firstIndex(of: lens.tint) ?? 0) + 1) % all.count]
        case .lensToken:
            overlay = .input(.init(purpose: .lensToken, label: "follow the rank of the token (empty: the one that stands there)", line: LineInput()))
        default: break
        }
    }

    mutating func acceptLensToken(_ typed: String) {
        let ids = tokenizer?.encode(Array(typed.utf8)) ?? []
        lens.token = ids.first
        if ids.count > 1, let first = ids.first { say("\(typed) is \(ids.count) tokens; the first is followed: \(TokenText.name(first, tokenizer))", .warning) }
    }

    /// A click on a cell chooses it.
    mutating func clickLens(x: Int, y: Int, in rect: Rect) {
        let plan = LensPlan(rect, self), row = y + rect.y - plan.grid.y, column = (x - LensPlan.label) / LensPlan.cell
        guard plan.stages.indices.contains(row), x >= LensPlan.label, column < plan.positions.count, !lens.showsList else { return }
        lens.stage = lens.stages(readyModel?.shape.layers ?? 0)[plan.stages[row]]
        goToAttention(of: plan.positions.lowerBound + column)
    }
}
