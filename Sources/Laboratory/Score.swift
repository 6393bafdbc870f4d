import Engine
import Tokenizer

/// How the logprobs of an answer's tokens become one number.
package enum ScoreRule: String, Sendable, CaseIterable {
    case sum
    case perToken = "per_token"
    case perByte = "per_byte"
    case unconditional
    case calibrated

    package static let computable: [ScoreRule] = [.sum, .perToken]
}

/// What scores answers: a session of a model, or a test's double.
package protocol Scorer {
    /// Tokens of the text with the bytes they stand for; what a model puts before every text is an empty range at 0.
    func tokens(_ text: [UInt8]) -> [Token]
    /// Logprobs of `ids[from...]`, each given all before it; `from` is at least 1. Unit: nats.
    func logprobs(_ ids: [TokenID], from: Int) throws -> [Float]
}

/// An answer after its prompt, encoded together, as tokens.
package struct AnswerSpan: Sendable, Equatable {
    package let ids: [TokenID]
    /// The first token that holds a byte of the answer.
    package let first: Int
    /// True if that token also holds bytes of the prompt; it is scored whole.
    package let merges: Bool

    package init?(prompt: [UInt8], answer: [UInt8], tokens: ([UInt8]) -> [Token]) {
        let found = tokens(prompt + answer)
        guard let first = found.firstIndex(where: { $0.range.upperBound > prompt.count }) else { return nil }
        ids = found.map(\.id)
        self.first = first
        merges = found[first].range.lowerBound < prompt.count
    }
}

/// One label's score after one prompt.
package struct LabelScore: Sendable, Equatable, Codable {
    /// Unit: nats.
    package let sum: Double
    package let tokens: Int
    package let merges: Bool

    package init(sum: Double, tokens: Int, merges: Bool) {
        self.sum = sum
        self.tokens = tokens
        self.merges = merges
    }

    /// Minus infinity for rules that are not computed yet.
    package func value(_ rule: ScoreRule) -> Double {
        switch rule {
        case .sum: sum
        case .perToken: tokens > 0 ? sum / Double(tokens) : -.infinity
        case .perByte, .unconditional, .calibrated: -.infinity
        }
    }
}

extension Session {
    /// The session as a scorer; throws `CancellationError` when `cancelled` says so.
    package func scorer(cancelled: @escaping () -> Bool = { false }) -> SessionScorer {
        SessionScorer(session: self, cancelled: cancelled)
    }
}

/// Scores with a session: what a prompt shares with the one before is not computed again.
package struct SessionScorer: Scorer {
    let session: Session
    let cancelled: () -> Bool

    package func tokens(_ text: [UInt8]) -> [Token] {
        let tokenizer = session.model.tokenizer
        let start = tokenizer.addsBOS ? tokenizer.bos.map { [Token(id: $0, range: 0..<0)] } ?? [] : []
        return start + tokenizer.tokens(text)
    }

    package func logprobs(_ ids: [TokenID], from: Int) throws -> [Float] {
        guard from >= 1, from < ids.count else { return [] }
        // The last token need not pass through the model: labels of one token then cost one pass for all of them.
        guard try session.sync(to: ids.dropLast(), cancelled: cancelled) else { throw CancellationError() }
        var steps = try session.steps(from..<ids.count - 1, cancelled: cancelled)
        guard steps.count == ids.count - 1 - from else { throw CancellationError() }
        steps.append(try session.logits(after: ids.count - 2).withUnsafeBufferPointer { Step(ids[ids.count - 1], in: $0) })
        return steps.map { $0?.logprob ?? -.infinity }
    }
}
