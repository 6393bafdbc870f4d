import Engine

/// The weights of one query over its keys, or of all queries on one key, in the order of their size.
package struct AttentionRow: Sendable, Equatable {
    /// By position; before `first` there is nothing. Where words are merged each of a word's tokens has the word's sum.
    package let weights: [Float]
    /// The query, or the key for onlookers.
    package let from: Int
    package let first: Int
    /// Positions, the heaviest first, ties by the lower position; of a word its first.
    package let order: [Int]
    /// The words that were merged, by their first positions; nil where none were.
    private let words: [Int: Range<Int>]?

    init(weights: [Float], from: Int, first: Int = 0, words: [Range<Int>]? = nil) {
        (self.from, self.first) = (from, first)
        guard let words else {
            (self.weights, self.words) = (weights, nil)
            order = Self.ranked(Array(weights.indices.dropFirst(first)), weights)
            return
        }
        var sums = weights
        let seen = words.map { $0.clamped(to: first..<max(first, weights.count)) }.filter { !$0.isEmpty }
        for word in seen {
            let sum = weights[word].reduce(0, +)
            for position in word { sums[position] = sum }
        }
        (self.weights, self.words) = (sums, Dictionary(uniqueKeysWithValues: seen.map { ($0.lowerBound, $0) }))
        order = Self.ranked(seen.map(\.lowerBound), sums)
    }

    private static func ranked(_ positions: [Int], _ weights: [Float]) -> [Int] {
        positions.sorted { (weights[$1], $0) < (weights[$0], $1) }
    }

    /// The positions that an entry of `order` stands for.
    func word(at position: Int) -> Range<Int> { words?[position] ?? position..<position + 1 }

    /// The mean row of some heads; nil where a head is missing.
    static func mean(of heads: [HeadID], in rows: [[[Float]]], from query: Int, words: [Range<Int>]? = nil) -> AttentionRow? {
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
        return AttentionRow(weights: sum, from: query, words: words)
    }

    /// Unit: nats.
    static func entropy(_ weights: [Float]) -> Float {
        var sum = 0.0
        for weight in weights where weight > 0 { sum -= Double(weight) * logarithm(Double(weight)) }
        return Float(sum)
    }

    /// The heaviest weight.
    var most: Float { order.first.map { weights[$0] } ?? 0 }

    func weight(_ position: Int) -> Float? { position >= first && weights.indices.contains(position) ? weights[position] : nil }
}
