/// Whether a model that gives an answer 70 % is right 70 % of the time.
package struct Calibration: Sendable, Equatable {
    /// Items whose confidence lies above `low` and up to `high`; the first bin holds 0 too.
    package struct Bin: Sendable, Equatable {
        package let low: Double
        package let high: Double
        package let count: Int
        /// Mean probability of the chosen answer and share of right ones; nil in an empty bin.
        package let confidence: Double?
        package let accuracy: Double?
    }

    package let items: Int
    /// Mean over items of the sum over answers of (p - y)^2: 0 is perfect, 2 is sure and wrong.
    /// Source: Brier 1950, the original for several classes.
    package let brier: Double
    /// Expected calibration error: mean over items of |accuracy - confidence| of the item's bin.
    /// Source: Naeini et al. 2015; bins as in Guo et al. 2017.
    package let ece: Double
    /// Shape: [10]
    package let bins: [Bin]

    /// nil where no item counts: one does that has a right answer among its probabilities, all of them finite.
    /// - Parameters:
    ///   - probabilities: of each item's answers. Shape: [items][answers]
    ///   - answers: the number of each item's right answer.
    package init?(_ probabilities: [[Double]], answers: [Int]) {
        let counted = zip(probabilities, answers).filter { row, answer in row.indices.contains(answer) && row.allSatisfy(\.isFinite) }
        guard !counted.isEmpty else { return nil }
        let chosen = counted.map { row, answer in
            // Ties go to the lowest number, as in every guess.
            let best = row.indices.reduce(0) { row[$1] > row[$0] ? $1 : $0 }
            return (confidence: row[best], isRight: best == answer)
        }
        let bins = (0..<Self.bins).map { index in
            let (low, high) = (Double(index) / Double(Self.bins), Double(index + 1) / Double(Self.bins))
            let inside = chosen.filter { ($0.confidence > low || index == 0) && ($0.confidence <= high || index == Self.bins - 1) }
            return Bin(low: low, high: high, count: inside.count, confidence: Statistics.mean(inside.map(\.confidence)),
                       accuracy: Statistics.mean(inside.map { $0.isRight ? 1 : 0 }))
        }
        let n = Double(counted.count)
        items = counted.count
        brier = counted.reduce(0) { $0 + Self.squares($1.0, $1.1) } / n
        ece = bins.reduce(0) { $0 + Double($1.count) / n * abs(($1.accuracy ?? 0) - ($1.confidence ?? 0)) }
        self.bins = bins
    }

    private static let bins = 10

    private static func squares(_ row: [Double], _ answer: Int) -> Double {
        row.enumerated().reduce(0) { sum, value in
            let error = value.element - (value.offset == answer ? 1 : 0)
            return sum + error * error
        }
    }
}
