import Engine
import Tokenizer

/// How the logprobs of an answer's tokens become one number; the highest wins.
package enum ScoreRule: String, Sendable, CaseIterable {
    case sum
    /// Source: Brown et al. 2020, section 2.4.
    case perToken = "per_token"
    case perByte = "per_byte"
    /// Less the answer's own logprob after a context that says nothing. Source: Brown et al. 2020, section 2.4.
    case unconditional
    /// Less the answer's mean probability after content-free inputs in the same prompt. Source: Zhao et al. 2021.
    case calibrated
}

/// One answer's score after one prompt.
package struct AnswerScore: Sendable, Equatable {
    package var ids: [TokenID]
    /// Given all before. Shape: [ids]. Unit: nats.
    package var logprobs: [Float]
    /// Of the answer's text.
    package var bytes: Int
    /// True if the first token also holds bytes of the prompt; it is scored whole.
    package var merges: Bool
    /// The answer's logprob after the answer context. Unit: nats.
    package var unconditional: Double?
    /// The logarithm of its mean share among the answers after content-free inputs. Unit: nats.
    package var contentFree: Double?

    package init(ids: [TokenID], logprobs: [Float], bytes: Int, merges: Bool, unconditional: Double? = nil, contentFree: Double? = nil) {
        (self.ids, self.logprobs, self.bytes, self.merges) = (ids, logprobs, bytes, merges)
        (self.unconditional, self.contentFree) = (unconditional, contentFree)
    }

    /// Unit: nats.
    package var sum: Double { logprobs.reduce(0) { $0 + Double($1) } }

    /// nil where the experiment does not give what the rule wants.
    package func value(_ rule: ScoreRule) -> Double? {
        switch rule {
        case .sum: sum
        case .perToken: sum / Double(max(1, logprobs.count))
        case .perByte: sum / Double(max(1, bytes))
        case .unconditional: unconditional.map { sum - $0 }
        case .calibrated: contentFree.map { sum - $0 }
        }
    }
}

/// The mean share of each answer among all over content-free inputs; nil where there are none. Shape: [inputs][answers] to [answers].
package func contentFreeShares(_ sums: [[Double]]) -> [Double]? {
    guard let first = sums.first else { return nil }
    // Each row adds up to 1.
    let shares = sums.map { row in
        let most = row.max() ?? 0, weights = row.map { exponential($0 - most) }, total = weights.reduce(0, +)
        return weights.map { $0 / total }
    }
    return first.indices.map { index in shares.reduce(0) { $0 + $1[index] } / Double(shares.count) }
}
