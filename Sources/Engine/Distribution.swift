import Tokenizer

/// The next token's raw probabilities over the whole vocabulary, from its logits.
package struct Distribution: Sendable {
    package let logits: [Float]
    /// Log of the sum of e to the logits; a token's logprob is its logit less this.
    /// Unit: nats.
    package let logNormalizer: Double
    /// Unit: nats.
    package let entropy: Double

    /// NaN counts as minus infinity: the caller checks finiteness and reports it.
    package init(logits: [Float]) {
        var greatest = -Float.infinity
        for logit in logits where logit > greatest { greatest = logit }
        let maximum = Double(greatest)
        guard maximum.isFinite else {
            self.init(logits: logits, logNormalizer: maximum, entropy: 0)
            return
        }
        // NaN and minus infinity go where e to the x is 0 and 0 times x is 0.
        let below = logits.map { $0 > -.infinity ? Double($0) - maximum : -1e300 }
        var weights = below
        exponentiate(&weights)
        var sum = 0.0, product = 0.0
        for index in below.indices {
            sum += weights[index]
            product += weights[index] * below[index]
        }
        let log = logarithm(sum)
        self.init(logits: logits, logNormalizer: maximum + log, entropy: max(0, log - product / sum))
    }

    /// For a caller that already knows both, so that its numbers and these are the same numbers.
    package init(logits: [Float], logNormalizer: Double, entropy: Double) {
        self.logits = logits
        self.logNormalizer = logNormalizer
        self.entropy = entropy
    }

    package var count: Int { logits.count }

    /// The effective number of choices, e^H.
    package var effective: Double { exponential(entropy) }

    /// Unit: nats; minus infinity outside the vocabulary.
    package func logprob(of id: TokenID) -> Float {
        guard logits.indices.contains(Int(id)) else { return -.infinity }
        let logprob = Double(logits[Int(id)]) - logNormalizer
        return logprob.isNaN ? -.infinity : Float(logprob)
    }

    package func probability(of id: TokenID) -> Double {
        guard logits.indices.contains(Int(id)) else { return 0 }
        let logprob = Double(logits[Int(id)]) - logNormalizer
        return logprob.isNaN ? 0 : exponential(logprob)
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
