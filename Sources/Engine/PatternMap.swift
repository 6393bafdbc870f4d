import Glibc

/// Whole patterns: a map of queries by keys, and a column of it.
extension Session {
    package typealias Head = (layer: Int, head: Int)

    /// The mean pattern of some heads over all tokens, weighted by the values' lengths where they are given, pooled by maximum to at most `side` cells a side; nil when cancelled.
    /// Shape: row i has i + 1 cells; a cell stands for pool queries and keys.
    package func map(heads: [Head], side: Int, values: ValueNorms? = nil, cancelled: () -> Bool = { false }) throws(EngineError) -> (pool: Int, rows: [[Float]])? {
        let count = tokens.count, pool = max(1, (count + side - 1) / side)
        var rows = (0..<(count + pool - 1) / pool).map { [Float](repeating: 0, count: $0 + 1) }
        let weight = 1 / Float(max(1, heads.count))
        for start in stride(from: 0, to: count, by: 32) {
            let part = start..<min(count, start + 32)
            var mean = part.map { [Float](repeating: 0, count: $0 + 1) }
            for (layer, head) in heads {
                if cancelled() { return nil }
                for (index, row) in try pattern(layer: layer, head: head, queries: part).enumerated() {
                    let row = values?.weighted(row, layer: layer, head: head) ?? row
                    for key in row.indices { mean[index][key] += row[key] * weight }
                }
            }
            for (index, row) in mean.enumerated() {
                for key in row.indices {
                    let query = (start + index) / pool
                    rows[query][key / pool] = max(rows[query][key / pool], row[key])
                }
            }
        }
        return (pool, rows)
    }

    /// How much each query looks at a key, mean of some heads; nil when cancelled. Shape: [tokens], zeros before the key.
    package func weights(on key: Int, heads: [Head], values: ValueNorms? = nil, cancelled: () -> Bool = { false }) throws(EngineError) -> [Float]? {
        var weights = [Float](repeating: 0, count: tokens.count)
        guard tokens.indices.contains(key) else { return weights }
        for (layer, head) in heads {
            for start in stride(from: key, to: tokens.count, by: 32) {
                if cancelled() { return nil }
                let part = start..<min(tokens.count, start + 32)
                for (index, row) in try pattern(layer: layer, head: head, queries: part).enumerated() where key < row.count {
                    let row = values?.weighted(row, layer: layer, head: head) ?? row
                    weights[start + index] += row[key] / Float(heads.count)
                }
            }
        }
        return weights
    }

    /// The entropy of each query's row, the mean of some heads; nil when cancelled. Shape: [tokens]. Unit: nats.
    package func patternEntropies(heads: [Head], cancelled: () -> Bool = { false }) throws(EngineError) -> [Float]? {
        var sums = [Double](repeating: 0, count: tokens.count)
        for (layer, head) in heads {
            for start in stride(from: 0, to: tokens.count, by: 32) {
                if cancelled() { return nil }
                for (index, row) in try pattern(layer: layer, head: head, queries: start..<min(tokens.count, start + 32)).enumerated() {
                    for weight in row where weight > 0 { sums[start + index] -= Double(weight) * log(Double(weight)) }
                }
            }
        }
        return sums.map { Float($0 / Double(max(1, heads.count))) }
    }
}
