import Terminal

/// The map as it is shown: cells of one or more tokens a side, and which of them are in sight.
///
/// Worked out when the map, the zoom or the hidden first token changes; a frame reads only the cells in sight.
struct AttentionMapGrid: Sendable {
    /// Shape: row i has i + 1 cells.
    private(set) var cells: [[Float]] = []
    /// Tokens a cell stands for.
    private(set) var step = 1
    /// One query a row with its name, keys in columns.
    private(set) var isLabelled = false
    /// The first cell in sight, by query and key.
    private(set) var origin = (query: 0, key: 0)
    private(set) var plan = AttentionMapPlan(Rect(width: 0, height: 0))
    /// Rows whose remaining weights were divided by their sum; only exact maps can be.
    private(set) var isRenormalised = false
    /// What fills the ramp: 1, or the largest where the weights are no shares.
    private(set) var most: Float = 1
    /// The map that the cells are of: the model's, or that with the tokens of each word as one.
    private(set) var shown: AttentionMap?
    /// Where words are merged, what each stands for; else empty.
    private(set) var words: [Range<Int>] = []
    private var done: Source?, merged: Merge?

    /// What the cells were made from.
    private struct Source: Equatable { let changes: Int, step: Int, hidesFirst: Bool, mergesWords: Bool }
    private struct Merge: Equatable { let changes: Int, mergesWords: Bool }

    static let nameWidth = 10

    /// The zooms from the nearest: -1 is labelled, n stands for pool * 2^n tokens a cell.
    static func scales(_ map: AttentionMap) -> ClosedRange<Int> {
        var last = 0
        while map.rows.count >> last > 2 { last += 1 }
        return (map.pool == 1 ? -1 : 0)...last
    }

    /// The nearest zoom at which all of the map is in sight.
    static func fit(_ map: AttentionMap, _ area: Rect) -> Int {
        if map.pool == 1, map.tokens < area.height, map.tokens * 3 + nameWidth <= area.width { return -1 }
        let scales = scales(map)
        return (0...scales.upperBound).first { scale in
            let side = (map.rows.count + (1 << scale) - 1) >> scale
            return side <= area.width && side <= area.height * 2
        } ?? scales.upperBound
    }

    mutating func follow(_ attention: AttentionState, _ state: State, _ panel: Rect) {
        plan = AttentionMapPlan(panel)
        guard let whole = state.reading.map, !whole.rows.isEmpty else {
            (cells, done, shown, merged, words) = ([], nil, nil, nil, [])
            return
        }
        let merge = Merge(changes: state.reading.changes, mergesWords: attention.mergesWords)
        if merge != merged {
            words = attention.mergesWords && whole.pool == 1 ? state.words(in: Array(state.reading.ids.prefix(whole.tokens))) : []
            (shown, merged) = (words.isEmpty ? whole : whole.merged(words), merge)
        }
        guard let map = shown else { return }
        let scales = Self.scales(map)
        let scale = min(max(attention.scale ?? Self.fit(map, plan.area), scales.lowerBound), scales.upperBound)
        isLabelled = scale < 0
        let factor = 1 << max(0, scale)
        step = map.pool * factor
        let source = Source(changes: state.reading.changes, step: step, hidesFirst: attention.hidesFirst, mergesWords: attention.mergesWords)
        if source != done {
            fill(map, factor, hidesFirst: attention.hidesFirst)
            done = source
        }
        let cross = local(attention.cross(in: whole, state))
        plan.size(labelled: isLabelled, tokens: map.tokens)
        origin.query = Self.slide(origin.query, to: cross.query / step, window: plan.rows, count: cells.count)
        origin.key = Self.slide(origin.key, to: cross.key / step, window: plan.columns, count: cells.count)
        // The upper half of a cell row is an even query, so that rows do not change partners.
        if !isLabelled { origin.query -= origin.query % 2 }
    }

    private static func slide(_ start: Int, to place: Int, window: Int, count: Int) -> Int {
        let window = max(1, window)
        let near = min(max(start, place - window + 1), place)
        return max(0, min(near, count - window))
    }

    private mutating func fill(_ map: AttentionMap, _ factor: Int, hidesFirst: Bool) {
        let side = (map.rows.count + factor - 1) / factor
        cells = (0..<side).map { [Float](repeating: 0, count: $0 + 1) }
        isRenormalised = hidesFirst && map.pool == 1 && !map.isValued
        for (query, row) in map.rows.enumerated() {
            let rest = row.dropFirst().reduce(0, +)
            let share: Float = isRenormalised && rest > 0 ? 1 / rest : 1
            let to = query / factor
            for key in (hidesFirst ? 1 : 0)..<max(hidesFirst ? 1 : 0, row.count) {
                cells[to][key / factor] = max(cells[to][key / factor], row[key] * share)
            }
        }
        most = map.isValued ? max(1e-12, cells.joined().max() ?? 1) : 1
    }

    /// A place of the text in the units of the shown map: words where they are merged.
    func local(_ cross: AttentionState.Crosshair) -> AttentionState.Crosshair {
        guard !words.isEmpty else { return cross }
        func word(_ position: Int) -> Int { (words.firstIndex { $0.upperBound > position }) ?? words.count - 1 }
        return .init(query: word(cross.query), key: word(cross.key))
    }

    /// The place of the text where a unit of the shown map begins; of a query, where it ends.
    func place(query: Int, key: Int) -> AttentionState.Crosshair {
        guard !words.isEmpty else { return .init(query: query, key: key) }
        func word(_ index: Int) -> Range<Int> { words[min(max(0, index), words.count - 1)] }
        return .init(query: word(query).upperBound - 1, key: word(key).lowerBound)
    }

    func cell(_ query: Int, _ key: Int) -> Float? {
        cells.indices.contains(query) && cells[query].indices.contains(key) ? cells[query][key] : nil
    }
}

/// Where the map view's parts stand in the panel.
struct AttentionMapPlan: Sendable {
    private(set) var area: Rect, info: Rect, legend: Rect
    /// Cells in sight.
    private(set) var rows = 1, columns = 1
    /// Columns of the screen a key takes.
    private(set) var keyWidth = 1
    let isWide: Bool

    init(_ panel: Rect) {
        isWide = panel.width >= 100 && panel.height >= 13
        var rest = panel
        if panel.height >= 5 { (rest, legend) = panel.split(bottom: 1) } else { legend = Rect(width: 0, height: 0) }
        if isWide {
            let (left, right) = rest.split(right: 30)
            (area, info) = (left.split(right: 2).rest, right)
        } else {
            (area, info) = rest.split(bottom: panel.height < 6 ? 1 : panel.height < 8 || panel.width >= 44 ? 2 : 3)
        }
    }

    mutating func size(labelled: Bool, tokens: Int) {
        if labelled {
            let room = max(1, area.width - AttentionMapGrid.nameWidth)
            // Where not all keys fit, those in sight are wide enough to be read.
            let share = room / max(1, tokens)
            keyWidth = share < 3 ? 5 : min(9, share)
            (rows, columns) = (max(1, area.height - 1), max(1, room / keyWidth))
        } else {
            (rows, columns, keyWidth) = (max(1, area.height) * 2, max(1, area.width), 1)
        }
    }
}

extension AttentionState {
    /// The cell under the crosshair, inside the map.
    func cross(in map: AttentionMap, _ state: State) -> Crosshair {
        let last = max(0, map.tokens - 1)
        if let crosshair {
            let query = min(max(0, crosshair.query), last)
            return Crosshair(query: query, key: min(max(0, crosshair.key), query))
        }
        let query = min(max(0, Self.query(state)), last)
        return Crosshair(query: query, key: min(lookedAt?.position ?? 0, query))
    }
}

extension AttentionMap {
    /// The tokens of each word as one: of its queries the mean, of its keys the sum, so that rows still sum to what they did.
    func merged(_ words: [Range<Int>]) -> AttentionMap {
        let rows = words.indices.map { query in
            let queries = words[query].clamped(to: self.rows.indices)
            return (0...query).map { key in
                queries.reduce(0) { sum, at in sum + self.rows[at][words[key].clamped(to: self.rows[at].indices)].reduce(0, +) } / Float(max(1, queries.count))
            }
        }
        return AttentionMap(heads: heads, tokens: words.count, pool: 1, rows: rows, isValued: isValued)
    }
}
