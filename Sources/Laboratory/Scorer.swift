import Engine
import Tokenizer

/// What scores and writes answers: a session of a model, a server, or a test's double.
package protocol Scorer {
    var chatTemplate: ChatTemplate? { get }
    /// The most tokens of a prompt with its answer; `Int.max` where that is not known.
    var context: Int { get }
    /// What texts are measured in before they are scored: `tokens`, or `bytes` where another machine makes the tokens.
    var unit: String { get }
    /// Tokens of the parts with the bytes they stand for; a special token, and what a model puts before every text, is an empty range.
    func tokens(_ parts: [Part]) -> [Token]
    /// Logprobs of the spans' tokens from the first of the answer on, each given all before it. Shape: [spans][tokens]. Unit: nats.
    func logprobs(_ spans: [AnswerSpan]) throws -> [[Float]]
    /// The same with what else is known of the tokens that were scored.
    func scores(_ spans: [AnswerSpan]) throws -> [SpanScore]
    /// The most likely continuations, token by token.
    func completions(_ prompts: [[TokenID]], most: Int, stop: [String]) throws -> [Written]
}

/// An answer as a model read it.
package struct SpanScore: Sendable, Equatable {
    /// Empty where they are not known.
    package var ids: [TokenID]
    /// Given all before. Shape: [tokens of the answer]. Unit: nats.
    package var logprobs: [Float]
    /// Tokens before the answer.
    package var before: Int
    /// True if the first token also holds bytes of the prompt; it is scored whole.
    package var merges: Bool

    package init(ids: [TokenID], logprobs: [Float], before: Int, merges: Bool) {
        (self.ids, self.logprobs, self.before, self.merges) = (ids, logprobs, before, merges)
    }

    var sum: Double { logprobs.reduce(0) { $0 + Double($1) } }
}

extension Scorer {
    package var unit: String { "tokens" }

    /// Where the spans' tokens are the model's own.
    package func scores(_ spans: [AnswerSpan]) throws -> [SpanScore] {
        zip(spans, try logprobs(spans)).map { SpanScore(ids: Array($0.ids[$0.first...]), logprobs: $1, before: $0.first, merges: $0.merges) }
    }
}

/// A text that the model wrote.
package struct Written: Sendable, Equatable {
    package var text: [UInt8]
    package var tokens: Int
    package var end: TextEnd

    package init(text: [UInt8], tokens: Int, end: TextEnd) { (self.text, self.tokens, self.end) = (text, tokens, end) }
}

extension Session {
    /// The session as a scorer; throws `CancellationError` when `cancelled` says so.
    /// - Parameter chunk: the most columns of the next pass; nil for as many as there are.
    package func scorer(chunk: (() -> Int)? = nil, cancelled: @escaping () -> Bool = { false }) -> SessionScorer {
        SessionScorer(session: self, chunk: chunk ?? { .max }, cancelled: cancelled)
    }
}

/// Scores with a session: what prompts share is computed once, and their answers in the same passes.
package struct SessionScorer: Scorer {
    let session: Session
    let chunk: () -> Int
    let cancelled: () -> Bool

    package var chatTemplate: ChatTemplate? { session.model.tokenizer.chatTemplate }
    package var context: Int { session.context }

    package func tokens(_ parts: [Part]) -> [Token] { Self.tokens(parts, session.model.tokenizer) }

    /// What a session would read, without one.
    package static func tokens(_ parts: [Part], _ tokenizer: Tokenizer) -> [Token] {
        var tokens = tokenizer.addsBOS ? tokenizer.bos.map { [Token(id: $0, range: 0..<0)] } ?? [] : []
        var start = 0
        for part in parts {
            switch part {
            case .special(let id): tokens.append(Token(id: id, range: start..<start))
            case .text(let text):
                for token in tokenizer.tokens(text) {
                    tokens.append(Token(id: token.id, range: start + token.range.lowerBound..<start + token.range.upperBound))
                }
                start += text.count
            }
        }
        return tokens
    }

    package func logprobs(_ spans: [AnswerSpan]) throws -> [[Float]] {
        guard let found = try session.logprobs(spans.map { ($0.ids, $0.first) }, chunk: chunk, cancelled: cancelled) else { throw CancellationError() }
        return found
    }

    package func completions(_ prompts: [[TokenID]], most: Int, stop: [String]) throws -> [Written] {
        var sampling = Sampling()
        (sampling.temperature, sampling.maxTokens, sampling.stop) = (0, most, stop.map { Array($0.utf8) })
        var parts: [(session: Session, ids: ArraySlice<TokenID>)] = []
        for ids in prompts {
            let fork = session.fork()
            let common = commonCount(fork.tokens[...], ids[...])
            fork.rewind(to: common)
            parts.append((fork, ids[common...]))
        }
        guard try Session.extend(parts, chunk: chunk, cancelled: cancelled) else { throw CancellationError() }
        var streams = Streams(parts.map { ($0.session, sampling, 0) })
        var written = prompts.map { _ in Written(text: [], tokens: 0, end: .length) }
        while true {
            if cancelled() { throw CancellationError() }
            let news = try streams.next()
            if news.isEmpty { break }
            for (stream, tokens, end) in news {
                written[stream].text += tokens.flatMap(\.bytes)
                written[stream].tokens += tokens.count
                if let end { written[stream].end = TextEnd(end) }
            }
        }
        // What these prompts share stays at hand for the next.
        _ = try session.sync(to: prompts.first ?? [])
        return written
    }
}
