import CKernels
import Tokenizer

/// One position's record: a token and how the raw distribution before it saw it.
package struct Step: Sendable, Equatable {
    package let id: TokenID
    /// Unit: nats.
    package let logprob: Float
    /// 0 is the most likely.
    package let rank: Int
    /// Of the distribution before the token. Unit: nats.
    package let entropy: Float
    /// What was likeliest there; nil where nobody looked.
    package let top: TokenID?

    package init(id: TokenID, logprob: Float, rank: Int, entropy: Float, top: TokenID? = nil) {
        (self.id, self.logprob, self.rank, self.entropy, self.top) = (id, logprob, rank, entropy, top)
    }

    /// Measures a token in the logits before it; nil when they are not finite.
    package init?(_ id: TokenID, in logits: UnsafeBufferPointer<Float>) {
        guard let spread = Spread(logits) else { return nil }
        self.init(id, in: logits, spread)
    }

    init?(_ id: TokenID, in logits: UnsafeBufferPointer<Float>, _ spread: Spread) {
        guard logits.indices.contains(Int(id)), let base = logits.baseAddress else { return nil }
        let rank = tk_rank(base, logits.count, Int(id))
        let top = rank == 0 ? id : logits.firstIndex(of: spread.total.maximum).map { TokenID($0) }
        self.init(id: id, logprob: spread.total.logprob(logits[Int(id)]), rank: rank, entropy: Float(spread.entropy), top: top)
    }
}

/// The logarithm of the sum of e to the logits, which makes a logit a logprob.
struct LogSum {
    let maximum: Float
    /// Of e to (logit - maximum).
    let sum: Double

    /// Nil when the logits are not finite.
    init?(_ logits: UnsafeBufferPointer<Float>) {
        guard let base = logits.baseAddress else { return nil }
        var maximum: Float = 0, sum = 0.0
        tk_log_sum(base, logits.count, &maximum, &sum)
        guard sum.isFinite, maximum.isFinite else { return nil }
        (self.maximum, self.sum) = (maximum, sum)
    }

    /// Unit: nats.
    func logprob(_ logit: Float) -> Float { Float(nats(logit)) }
    func nats(_ logit: Float) -> Double { Double(logit) - Double(maximum) - logarithm(sum) }
}

/// What is measured of logits whatever the token.
struct Spread {
    let total: LogSum
    /// Unit: nats.
    let entropy: Double

    /// Nil when the logits are not finite.
    init?(_ logits: UnsafeBufferPointer<Float>) {
        guard let total = LogSum(logits), let base = logits.baseAddress else { return nil }
        var entropy = 0.0
        tk_entropy(base, logits.count, total.maximum, total.sum, &entropy)
        (self.total, self.entropy) = (total, entropy)
    }
}
