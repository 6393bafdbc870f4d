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
    /// Logprobs of the spans' tokens from the first of the answer on, each given all before it. Shape: [spans][tokens]. Unit: nats.
    func logprobs(_ spans: [AnswerSpan]) throws -> [[Float]]
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

/// Scores with a session: what prompts share is computed once, and their answers in the same passes.
package struct SessionScorer: Scorer {
    let session: Session
    let cancelled: () -> Bool

    package func tokens(_ text: [UInt8]) -> [Token] {
        let tokenizer = session.model.tokenizer
        let start = tokenizer.addsBOS ? tokenizer.bos.map { [Token(id: $0, range: 0..<0)] } ?? [] : []
        return start + tokenizer.tokens(text)
    }

    package func logprobs(_ spans: [AnswerSpan]) throws -> [[Float]] {
        guard let found = try session.logprobs(spans.map { ($0.ids, $0.first) }, cancelled: cancelled) else { throw CancellationError() }
        return found
    }
}
