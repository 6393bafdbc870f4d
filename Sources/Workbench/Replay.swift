import Engine
import Store
import Tokenizer

/// A stored run that is drawn again, and how what comes compares to what was.
package struct Replay: Sendable {
    /// Where the second drawing is not the first.
    package enum Difference: Sendable, Equatable {
        /// Another token at this place; nil where one of the two has ended before it.
        case token(Int, was: TokenID?, now: TokenID?)
        /// The same tokens, so many of them by other numbers, the first at this place. Unit: nats.
        case number(Int, was: Float, now: Float, count: Int)
        /// The same tokens, another end.
        case end(was: String, now: String)
    }

    package enum Outcome: Sendable, Equatable {
        case same, different(Difference), stopped, failed(String)
    }

    package let number: Int
    package let run: StoredRun
    /// Of the model that draws now.
    package let fingerprint: String
    /// What has come so far.
    package private(set) var tokens: [TokenID] = []
    private var logprobs: [Float] = []
    /// Nil while it runs.
    package internal(set) var outcome: Outcome?

    init(_ number: Int, _ run: StoredRun, fingerprint: String) { (self.number, self.run, self.fingerprint) = (number, run, fingerprint) }

    package var isRunning: Bool { outcome == nil }
    package var isOtherModel: Bool { fingerprint != run.fingerprint }

    /// The run's end as the generation came to it; nil for one that was ended from outside, by Esc, a pause or a fault.
    static func drawnEnd(of run: StoredRun) -> Generation.End? {
        [Generation.End.stop, .length, .eos, .context].first { $0.words == run.end }
    }

    /// What draws the run again; nil where its settings cannot be read. One that was ended from outside goes no further than it went.
    static func order(_ number: Int, _ run: StoredRun) -> Order? {
        guard var sampling = Sampling(json: run.settings) else { return nil }
        if drawnEnd(of: run) == nil { sampling.maxTokens = run.ids.count }
        var order = Order(run: number, ids: run.promptIDs, sampling: sampling, seed: run.seed)
        order.edits = Intervention.stored(in: run.settings)
        return order
    }

    /// Takes what was drawn; the first other token decides, and other numbers only once all tokens were the same.
    mutating func take(_ drawn: [Generation.Token], _ end: Generation.End?) {
        guard isRunning else { return }
        for token in drawn where !token.isCut {
            tokens.append(token.step.id)
            logprobs.append(token.step.logprob)
        }
        if case .token? = Self.difference(run, tokens, logprobs, end) {} else if end == nil { return }
        outcome = Self.difference(run, tokens, logprobs, end).map { .different($0) } ?? .same
    }

    /// - Parameter end: nil while more may come, so that what is missing is no difference yet.
    package static func difference(_ run: StoredRun, _ tokens: [TokenID], _ logprobs: [Float], _ end: Generation.End?) -> Difference? {
        let common = zip(run.ids, tokens).prefix { $0 == $1 }.count
        if common < tokens.count || end != nil && common < run.ids.count {
            return .token(common, was: run.ids.dropFirst(common).first, now: tokens.dropFirst(common).first)
        }
        // One that was never known has nothing to be compared with.
        let others = zip(run.logprobs, logprobs).enumerated().filter { !$1.0.isNaN && $1.0.bitPattern != $1.1.bitPattern }
        if let (place, (was, now)) = others.first { return .number(place, was: was, now: now, count: others.count) }
        guard let end, let was = drawnEnd(of: run), was != end else { return nil }
        return .end(was: was.words, now: end.words)
    }

    // MARK: In words

    /// How far it is, or what came of it.
    package func words(_ tokenizer: Tokenizer?) -> String {
        let all = "\(run.ids.count) \(run.ids.count == 1 ? "token" : "tokens")"
        switch outcome {
        case nil: return "drawing it again: \(tokens.count) of \(all), the same so far"
        case .stopped: return "replay stopped after \(tokens.count) of \(all), the same so far"
        case .failed(let sentence): return "the run cannot be drawn again: \(sentence)"
        case .same: return (isOtherModel ? otherModel + ", and yet " : "") + "the same \(all), " + (logprobsKnown ? "with the same logprobs to the bit" : "whose logprobs were not kept")
        case .different(let difference):
            return (isOtherModel ? otherModel + ": it cannot be the same; " : "") + Self.words(difference, all, tokenizer)
        }
    }

    private var otherModel: String { "another model (fingerprint \(fingerprint.prefix(8)), it was \(run.fingerprint.prefix(8)))" }
    private var logprobsKnown: Bool { run.logprobs.contains { !$0.isNaN } }

    private static func words(_ difference: Difference, _ all: String, _ tokenizer: Tokenizer?) -> String {
        switch difference {
        case .token(let place, let was, let now):
            func name(_ id: TokenID?) -> String { id.map { TokenText.name($0, tokenizer) } ?? "the end" }
            return "differs at token \(place + 1): \(name(now)) was \(name(was))"
        case .number(let place, let was, let now, let count):
            return "the same \(all), but \(count) \(count == 1 ? "logprob differs" : "logprobs differ"), first at token \(place + 1): \(now) was \(was)"
        case .end(let was, let now): return "the same \(all), but it ended with \(now); it was \(was)"
        }
    }
}
