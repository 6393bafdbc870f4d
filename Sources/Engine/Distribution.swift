import CKernels
import Tokenizer

/// The next token's raw probabilities over the whole vocabulary, from its logits.
package struct Distribution: Sendable {
    package let logits: [Float]
    private let maximum: Double
    /// Log of the sum of e to (logit - maximum). Unit: nats.
    private let logSum: Double
    /// Unit: nats.
    package let entropy: Double

    /// By the kernels that measure steps, so that the numbers are the same bits. NaN counts as minus infinity and plus infinity
    /// as the greatest finite number: the caller checks finiteness and reports it.
    package init(logits: [Float]) {
        self.logits = logits
        let sound = Self.measure(logits) ?? Self.measure(logits.map { max(Ranking.plain($0), -1e30) })
        maximum = Double(sound?.maximum ?? 0)
        logSum = logarithm(sound?.sum ?? 1)
        entropy = sound?.entropy ?? 0
    }

    private static func measure(_ logits: [Float]) -> (maximum: Float, sum: Double, entropy: Double)? {
        logits.withUnsafeBufferPointer { values in
            guard let base = values.baseAddress, values.count > 0 else { return nil }
            var maximum: Float = 0, sum = 0.0, entropy = 0.0
            tk_log_sum(base, values.count, &maximum, &sum)
            guard maximum.isFinite, sum.isFinite, sum > 0 else { return nil }
            tk_entropy(base, values.count, maximum, sum, &entropy)
            return entropy.isFinite ? (maximum, sum, max(0, entropy)) : nil
        }
    }

    package var count: Int { logits.count }

    /// The effective number of choices, e^H.
    package var effective: Double { exponential(entropy) }

    /// Unit: nats; minus infinity outside the vocabulary.
    package func logprob(of id: TokenID) -> Float {
        guard logits.indices.contains(Int(id)) else { return -.infinity }
        return Float(nats(logits[Int(id)]))
    }

    /// Of every token. Shape: [vocabulary]. Unit: nats.
    package var logprobs: [Float] { logits.map { Float(nats($0)) } }

    package func probability(of id: TokenID) -> Double {
        guard logits.indices.contains(Int(id)) else { return 0 }
        return exponential(nats(logits[Int(id)]))
    }

    /// The probability that two distributions have in common: the sum of the lesser of each token's two, 1 where they are the same.
    package func overlap(with other: Distribution) -> Double {
        min(1, zip(logits, other.logits).reduce(0.0) { $0 + min(exponential(nats($1.0)), exponential(other.nats($1.1))) })
    }

    /// The KL divergence from this distribution to another: what is lost by taking that for this. Unit: nats.
    package func divergence(to other: Distribution) -> Double {
        let sum = zip(logits, other.logits).reduce(0.0) { sum, pair in
            let own = nats(pair.0), p = exponential(own)
            return p > 0 ? sum + p * (own - other.nats(pair.1)) : sum
        }
        return max(0, sum)
    }

    private func nats(_ logit: Float) -> Double {
        let nats = Double(logit) - maximum - logSum
        return nats.isNaN ? -.infinity : min(0, nats)
    }

    /// How many tokens are likelier, or as likely with a lower id; outside the vocabulary its size.
    package func rank(of id: TokenID) -> Int {
        guard logits.indices.contains(Int(id)) else { return logits.count }
        let own = Ranking.plain(logits[Int(id)])
        var rank = 0
        for index in logits.indices {
            let other = Ranking.plain(logits[index])
            if other > own || (other == own && index < Int(id)) { rank += 1 }
        }
        return rank
    }

    /// The n likeliest tokens, likeliest first, ties by lowest id.
    package func top(_ n: Int) -> [(id: TokenID, logprob: Float)] {
        Ranking.top(n, of: logits.map(Ranking.plain)).map { ($0.id, logprob(of: $0.id)) }
    }

    /// Every id, likeliest first, ties by lowest id.
    package func order() -> [TokenID] { Ranking.all(logits.map(Ranking.plain)).map(\.id) }
}
