import Engine

/// The weights of one query over its keys, or of all queries on one key, in the order of their size.
package struct AttentionRow: Sendable, Equatable {
    /// By position; before `first` there is nothing.
    package let weights: [Float]
    /// The query, or the key for onlookers.
    package let from: Int
    package let first: Int
    /// Positions, the heaviest first, ties by the lower position.
    package let order: [Int]

    init(weights: [Float], from: Int, first: Int = 0) {
        (self.weights, self.from, self.first) = (weights, from, first)
        order = weights.indices.dropFirst(first).sorted { (weights[$1], $0) < (weights[$0], $1) }
    }

    /// The mean row of some heads; nil where a head is missing.
    static func mean(of heads: [HeadID], in rows: [[[Float]]], from query: Int) -> AttentionRow? {
        var sum: [Float] = []
        for id in heads {
            guard rows.indices.contains(id.layer), rows[id.layer].indices.contains(id.head) else { return nil }
            let row = rows[id.layer][id.head]
            if sum.isEmpty { sum = row } else {
                for index in 0..<min(sum.count, row.count) { sum[index] += row[index] }
            }
        }
        guard !sum.isEmpty else { return nil }
        if heads.count > 1 {
            let share = 1 / Float(heads.count)
            for index in sum.indices { sum[index] *= share }
        }
        return AttentionRow(weights: sum, from: query)
    }

    /// Unit: nats.
    static func entropy(_ weights: [Float]) -> Float {
        var sum = 0.0
        for weight in weights where weight > 0 { sum -= Double(weight) * logarithm(Double(weight)) }
        return Float(sum)
    }
    /// Unit: nats.
    package var entropy: Float { Self.entropy(weights) }

    func weight(_ position: Int) -> Float? { position >= first && weights.indices.contains(position) ? weights[position] : nil }
}
