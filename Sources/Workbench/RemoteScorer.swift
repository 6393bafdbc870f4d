import Engine
import Foundation
import Laboratory
import Remote
import Tokenizer

/// Scores and writes with a server, some questions at once; throws `CancellationError` when `cancelled` says so.
///
/// The server makes the tokens, so that a text is its bytes until it has been scored. Prompts go out whole and unchanged: what those
/// of a cell share is at their beginning, where servers keep it. Invariant: results stand in the order of the questions, whichever
/// is answered first.
package struct RemoteScorer: Scorer {
    let model: RemoteModel
    /// Whether answers are written and not chosen: then the expected ones need no score.
    let writes: Bool
    let cancelled: @Sendable () -> Bool

    package init(_ model: RemoteModel, writes: Bool, cancelled: @escaping @Sendable () -> Bool) {
        (self.model, self.writes, self.cancelled) = (model, writes, cancelled)
    }

    /// A name for it in results: what it is called, and where. The server may change what is behind it without a word.
    package static func fingerprint(_ model: RemoteModel) -> String { "\(model.name) at \(model.server.connection.base.absoluteString)" }

    package var chatTemplate: ChatTemplate? { nil }
    package var context: Int { .max }
    package var unit: String { "bytes" }

    package func tokens(_ parts: [Part]) -> [Token] {
        var bytes: [UInt8] = []
        for part in parts { if case .text(let text) = part { bytes += text } }
        return bytes.enumerated().map { Token(id: TokenID($1), range: $0..<$0 + 1) }
    }

    package func logprobs(_ spans: [AnswerSpan]) throws -> [[Float]] { try scores(spans).map(\.logprobs) }

    package func scores(_ spans: [AnswerSpan]) throws -> [SpanScore] {
        guard model.abilities.scoresPrompts else {
            guard writes else {
                throw RemoteFault.unable("\(model.title) tells no probabilities of a prompt's tokens, so answers cannot be scored there; tasks of `kind: completion` can be done")
            }
            return spans.map { _ in SpanScore(ids: [], logprobs: [.nan], before: 0, merges: false) }
        }
        return try each(spans) { span in try Self.score(span, of: try model.score(Self.bytes(span.ids), top: 1, cancelled: cancelled)) }
    }

    private static func bytes(_ ids: [TokenID]) -> [UInt8] { ids.map { UInt8(truncatingIfNeeded: $0) } }

    /// The tokens that hold bytes of the answer, among those of the prompt and the answer together.
    private static func score(_ span: AnswerSpan, of tokens: [TextToken]) throws -> SpanScore {
        var end = 0
        let before = tokens.prefix { token in
            end += token.bytes.count
            return end <= span.first
        }
        let own = tokens.dropFirst(before.count), start = before.reduce(0) { $0 + $1.bytes.count }
        let logprobs = own.compactMap(\.logprob), ids = own.compactMap(\.id)
        guard !own.isEmpty, logprobs.count == own.count else { throw RemoteFault.answer("a token of the answer is without a probability") }
        return SpanScore(ids: ids.count == own.count ? ids : [], logprobs: logprobs, before: before.count, merges: start < span.first)
    }

    package func completions(_ prompts: [[TokenID]], most: Int, stop: [String]) throws -> [Written] {
        var sampling = Sampling()
        (sampling.temperature, sampling.maxTokens, sampling.stop) = (0, most, stop.map { Array($0.utf8) })
        let settings = sampling
        return try each(prompts) { ids in
            var written = Written(text: [], tokens: 0, end: .cut)
            guard let end = try model.generate(Self.bytes(ids), sampling: settings, seed: 0, top: 0, cancelled: cancelled, token: { token in
                written.text += token.bytes
                written.tokens += 1
            }) else { throw CancellationError() }
            // Half an answer is none.
            guard end != .cut else { throw RemoteFault.broken("an answer ended without a reason") }
            written.end = end
            return written
        }
    }

    /// Asks all, so many at once as the connection allows; the first fault ends those that have not begun.
    private func each<Question: Sendable, Result: Sendable>(_ questions: [Question], _ ask: @escaping @Sendable (Question) throws -> Result) throws -> [Result] {
        let desk = QuestionDesk<Result>(count: questions.count)
        let group = DispatchGroup()
        for _ in 0..<min(model.server.connection.parallel, questions.count) {
            group.enter()
            aside {
                while let index = desk.next() {
                    do { desk.put(try ask(questions[index]), at: index) } catch { desk.fail(error) }
                }
                group.leave()
            }
        }
        group.wait()
        do { return try desk.results() } catch RemoteFault.cancelled { throw CancellationError() }
    }
}

/// Which question is next, and what was answered.
private final class QuestionDesk<Result: Sendable>: @unchecked Sendable {
    private let lock = NSLock()
    private var found: [Result?], begun = 0, fault: (any Error)?

    init(count: Int) { found = Array(repeating: nil, count: count) }

    func next() -> Int? {
        lock.withLock {
            guard fault == nil, begun < found.count else { return nil }
            begun += 1
            return begun - 1
        }
    }

    func put(_ result: Result, at index: Int) { lock.withLock { found[index] = result } }
    func fail(_ error: any Error) { lock.withLock { fault = fault ?? error } }

    func results() throws -> [Result] {
        try lock.withLock {
            if let fault { throw fault }
            return found.compactMap { $0 }
        }
    }
}
