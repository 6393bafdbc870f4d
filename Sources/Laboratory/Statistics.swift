import Engine

/// Numbers about results, as pure functions of plain arrays; what too few results cannot tell is nil, never NaN.
package enum Statistics {
    /// Share of hits with its 95 % interval; nil without trials.
    /// Source: Wilson 1927, without continuity correction.
    package static func wilson(_ hits: Int, of count: Int) -> Interval? { wilson(share: Double(hits) / Double(count), of: count) }

    /// The same for a mean share of several draws over the same trials.
    package static func wilson(share: Double, of count: Int) -> Interval? {
        guard count > 0, 0...1 ~= share else { return nil }
        let n = Double(count), square = normal95 * normal95
        let middle = (share + square / (2 * n)) / (1 + square / n)
        let half = normal95 / (1 + square / n) * (share * (1 - share) / n + square / (4 * n * n)).squareRoot()
        // Rounding must not leave a share of 0 or 1 outside its interval.
        return Interval(low: share == 0 ? 0 : max(0, middle - half), high: share == 1 ? 1 : min(1, middle + half))
    }

    package static func mean(_ values: [Double]) -> Double? {
        values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }

    /// Standard deviation of a sample (divided by n - 1); nil for fewer than two values.
    package static func deviation(_ values: [Double]) -> Double? {
        guard values.count > 1, let mean = mean(values) else { return nil }
        return (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)).squareRoot()
    }

    /// Accuracy of guessing blindly: the mean of 1 / options; items without options do not count.
    package static func chance(options: [Int]) -> Double? {
        mean(options.filter { $0 > 0 }.map { 1 / Double($0) })
    }

    /// Accuracy of always giving the most common right answer.
    package static func majority(answers: [Int]) -> Double? {
        counts(answers).values.max().map { Double($0) / Double(answers.count) }
    }

    /// Scores as probabilities over the answers; nil where no score is finite. Minus infinity and NaN have none. Unit: nats.
    package static func softmax(_ scores: [Double]) -> [Double]? {
        guard let best = scores.filter(\.isFinite).max() else { return nil }
        let weights = scores.map { $0.isFinite ? exponential($0 - best) : 0 }
        let total = weights.reduce(0, +)
        return weights.map { $0 / total }
    }

    static func counts(_ values: [Int]) -> [Int: Int] {
        values.reduce(into: [:]) { $0[$1, default: 0] += 1 }
    }

    /// 97.5 % of a standard normal distribution lies below it.
    private static let normal95 = 1.959963984540054
}

/// From the lower to the upper bound of a number.
package struct Interval: Sendable, Equatable, Codable {
    package let low: Double
    package let high: Double

    package init(low: Double, high: Double) { (self.low, self.high) = (low, high) }

    /// From the lowest to the highest; nil without values.
    package init?(of values: [Double]) {
        guard let low = values.min(), let high = values.max() else { return nil }
        self.init(low: low, high: high)
    }
}
