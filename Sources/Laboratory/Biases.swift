/// How much more often a model gives a label that the shots suggest than that label is right.
///
/// recency: the label of the last shot. majority: the most common label of the shots.
/// Source: both biases, Zhao et al. 2021, section 4; measured here as a difference of shares.
package struct ShotBias: Sendable, Equatable {
    /// Items that count.
    package let items: Int
    /// Share of guesses that are the suggested label.
    package let guessed: Double
    /// Share of right answers that are it.
    package let right: Double
    /// Above 0 where the model follows the shots more than the truth does; from -1 to 1.
    package var bias: Double { guessed - right }

    /// Items without shots do not count; nil where none does.
    /// - Parameter shots: labels of each item's shots, in order. Shape: [items][shots]
    package static func recency(guesses: [Int], answers: [Int], shots: [[Int]]) -> ShotBias? {
        ShotBias(guesses, answers, shots.map(\.last))
    }

    /// Items without shots and those with two labels equally often do not count; nil where none does.
    /// - Parameter shots: labels of each item's shots. Shape: [items][shots]
    package static func majority(guesses: [Int], answers: [Int], shots: [[Int]]) -> ShotBias? {
        ShotBias(guesses, answers, shots.map { labels in
            let counts = Statistics.counts(labels), most = counts.values.max()
            let common = counts.filter { $0.value == most }
            return common.count == 1 ? common.first?.key : nil
        })
    }

    private init?(_ guesses: [Int], _ answers: [Int], _ suggested: [Int?]) {
        let counted = zip(zip(guesses, answers), suggested).compactMap { pair, label in label.map { (pair.0 == $0, pair.1 == $0) } }
        guard !counted.isEmpty else { return nil }
        items = counted.count
        guessed = Double(counted.count { $0.0 }) / Double(items)
        right = Double(counted.count { $0.1 }) / Double(items)
    }
}
