import Transformer

/// What the attention heads did, from the kept record, bit by bit as in the pass.
extension Session {
    /// One head's attention rows for some queries. Shape: a row for query q has q + 1 weights that sum to 1.
    package func pattern(layer: Int, head: Int, queries: Range<Int>, cancelled: () -> Bool = { false }) throws(EngineError) -> [[Float]] {
        guard (0..<model.shape.layers).contains(layer), (0..<model.shape.heads).contains(head) else { return [] }
        let queries = queries.clamped(to: 0..<tokens.count)
        var rows: [[Float]] = []
        for part in batches(queries) {
            if cancelled() { break }
            let found = Slots<[Float]>(part.count, [])
            try visitPatterns(layer: layer, heads: head..<head + 1, queries: part) { _, position, row in
                found[position - part.lowerBound] = Array(row)
            }
            rows += found.values
        }
        return rows
    }

    /// Every head's attention row of one query. Shape: [layers][heads][query + 1].
    package func attention(query: Int) throws(EngineError) -> [[[Float]]] {
        guard tokens.indices.contains(query) else { return [] }
        var all: [[[Float]]] = []
        for layer in 0..<model.shape.layers {
            let found = Slots<[Float]>(model.shape.heads, [])
            try visitPatterns(layer: layer, heads: 0..<model.shape.heads, queries: query..<query + 1) { head, _, row in
                found[head] = Array(row)
            }
            all.append(found.values)
        }
        return all
    }

    /// Every head's mean attention row of some queries; before each query's end the weights, behind it nothing.
    /// Shape: [layers][heads][queries' end].
    package func attention(queries: Range<Int>, cancelled: () -> Bool = { false }) throws(EngineError) -> [[[Float]]]? {
        let queries = queries.clamped(to: 0..<tokens.count)
        guard queries.count != 1 else { return try attention(query: queries.lowerBound) }
        var all: [[[Float]]] = []
        for layer in 0..<model.shape.layers {
            var sums = Array(repeating: [Double](repeating: 0, count: queries.upperBound), count: model.shape.heads)
            for part in batches(queries) {
                if cancelled() { return nil }
                let found = Slots<[Float]>(part.count * model.shape.heads, [])
                try visitPatterns(layer: layer, heads: 0..<model.shape.heads, queries: part) { head, position, row in
                    found[(position - part.lowerBound) * model.shape.heads + head] = Array(row)
                }
                for (index, row) in found.values.enumerated() {
                    for key in row.indices { sums[index % model.shape.heads][key] += Double(row[key]) }
                }
            }
            all.append(sums.map { $0.map { Float($0 / Double(max(1, queries.count))) } })
        }
        return all
    }

    private func batches(_ range: Range<Int>) -> [Range<Int>] {
        stride(from: range.lowerBound, to: range.upperBound, by: Forward.batch).map { $0..<min(range.upperBound, $0 + Forward.batch) }
    }

    /// Visits attention rows of a batch of queries; `visit` is called by several threads at once.
    func visitPatterns(layer: Int, heads: Range<Int>, queries: Range<Int>,
                       visit: (_ head: Int, _ position: Int, _ row: UnsafeBufferPointer<Float>) -> Void) throws(EngineError) {
        try recall(queries)
        let rows = queries.compactMap { position in row(layer, position).map { (residual: UnsafePointer($0), position: position) } }
        guard rows.count == queries.count else { return }
        let width = model.shape.heads * model.shape.headWidth
        let projected = UnsafeMutablePointer<Float>.allocate(capacity: rows.count * width)
        defer { projected.deallocate() }
        forward.queries(layer: layer, rows: rows, into: projected)
        bases.withUnsafeBufferPointer { bases in
            guard let pages = bases.baseAddress else { return }
            forward.patterns(layer: layer, heads: heads, queries: projected, positions: queries, pages: pages, visit: visit)
        }
    }

    /// What the heads of all layers do on the newest queries; nil when cancelled.
    package func headScores(newest count: Int = 256, cancelled: () -> Bool = { false }) throws(EngineError) -> HeadScores? {
        let queries = max(0, tokens.count - count)..<tokens.count
        let shape = model.shape
        var scores = HeadScores(layers: shape.layers, heads: shape.heads, queries: queries.count)
        guard !queries.isEmpty else { return scores }
        let marks = TokenMarks(tokens)
        for layer in 0..<shape.layers {
            for part in batches(queries) {
                if cancelled() { return nil }
                let found = Slots<HeadScores.Sum>(part.count * shape.heads, .init())
                try visitPatterns(layer: layer, heads: 0..<shape.heads, queries: part) { head, position, row in
                    found[(position - part.lowerBound) * shape.heads + head] = marks.score(row, query: position)
                }
                for (index, sum) in found.values.enumerated() { scores.add(sum, layer: layer, head: index % shape.heads) }
            }
        }
        scores.divide()
        return scores
    }
}

/// Storage for results that several threads write, each slot by one.
final class Slots<Value>: @unchecked Sendable {
    private let slots: UnsafeMutableBufferPointer<Value>
    init(_ count: Int, _ value: Value) {
        slots = .allocate(capacity: count)
        slots.initialize(repeating: value)
    }
    deinit { slots.deinitialize(); slots.deallocate() }
    subscript(index: Int) -> Value {
        get { slots[index] }
        set { slots[index] = newValue }
    }
    var values: [Value] { Array(slots) }
}
