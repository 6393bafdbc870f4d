import Tokenizer

/// Decides how many drafted ids a pass takes along.
///
/// A draft whose last m ids agree with the text is right with a probability p(m), a running mean of how often it was. That is
/// seen at every draw, whether the draft ran or not, so text that does not repeat pays nothing to find out. k drafted ids give
/// 1 + p(m) + p(m) p(m + 1) + .. tokens in the time of k + 1 columns, which the passes themselves tell; the best rate wins.
package struct Speculation {
    /// With the newest id eight columns, the most that the kernels take in one go.
    package static let most = 7

    var text: Lookup
    private let fixed: Int?
    /// By the number of binary digits of m, up to 16.
    private var trust = [0, 0, 0.25, 0.5, 0.75, 0.9]
    /// Of a pass by its columns; guesses in units of one column until the first pass of one.
    private var costs: [Double] = [0, 1, 1.3, 1.5, 1.6, 1.9, 2.1, 2.3, 2.5]
    private var isMeasured = false

    /// - Parameter fixed: the answer where no rule is wanted.
    package init(_ ids: [TokenID] = [], fixed: Int? = nil) { (text, self.fixed) = (Lookup(ids), fixed) }

    /// The number of drafted ids that promises the best rate; 0 unless that is more than a little better.
    package func count(match: Int) -> Int {
        if let fixed { return fixed }
        guard isMeasured, match > 0 else { return 0 }
        var best = 0, rate = 1.05 / costs[1], chance = 1.0, tokens = 1.0
        for k in 1...Self.most {
            chance *= trust[digits(match + k - 1)]
            tokens += chance
            if tokens / costs[k + 1] > rate { (best, rate) = (k, tokens / costs[k + 1]) }
        }
        return best
    }

    /// Takes in whether a drafted id behind so many that agree was the one drawn.
    package mutating func saw(match: Int, right: Bool) {
        guard match > 0 else { return }
        trust[digits(match)] += ((right ? 1 : 0) - trust[digits(match)]) * 0.1
    }

    /// Takes in the time of a pass. The shortest counts, as long as nothing shows that it is no longer true. Unit: seconds.
    package mutating func took(_ time: Double, columns: Int) {
        guard costs.indices.contains(columns), columns > 0 else { return }
        if !isMeasured {
            guard columns == 1 else { return }
            costs = costs.map { $0 * time }
            isMeasured = true
        }
        costs[columns] = min(time, costs[columns] * 1.1)
    }

    private func digits(_ match: Int) -> Int { Int.bitWidth - min(match, 16).leadingZeroBitCount }
}
