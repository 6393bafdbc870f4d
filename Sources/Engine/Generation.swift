import Tokenizer

/// A continuation being drawn, token by token, at the end of a session.
///
/// Text that may turn out to be the beginning of a stop text is held back until that is decided. A pass can take along ids
/// that are likely to come; each draw is made as without them, so that tokens and numbers are the same.
/// Source: Leviathan, Kalman and Matias 2023, "Fast Inference from Transformers via Speculative Decoding".
package struct Generation {
    package enum End: String, Sendable, Codable { case stop, length, eos, context }

    package struct Token: Sendable, Equatable {
        package let step: Step
        /// The token's bytes, or the part of them before a stop text.
        package let bytes: [UInt8]
        /// True when a stop text begins inside the token: then the id is more than the text.
        package let isCut: Bool

        package init(step: Step, bytes: [UInt8], isCut: Bool) { (self.step, self.bytes, self.isCut) = (step, bytes, isCut) }
    }

    private let session: Session
    package let sampling: Sampling
    package let seed: UInt64
    private let promptCount: Int
    private var context: [TokenID]
    private var speculation: Speculation?
    /// Drawn already, not given out yet.
    private var ahead: ArraySlice<Step> = []
    private var passes = 0
    private var held: [Token] = []
    /// What the newest token was drawn after.
    private var drawnAfter: Int?
    private var scanner: StopScanner

    /// - Parameters:
    ///   - seed: resolved by the caller; stream i of several uses seed + i.
    ///   - speculates: whether it may draw several tokens in one pass; they are the same.
    ///   - drafts: how many drafted ids a pass takes along, whatever they cost; nil where the best rate decides.
    package init(_ session: Session, sampling: Sampling, seed: UInt64, speculates: Bool = true, drafts: Int? = nil) {
        self.session = session
        self.sampling = sampling
        self.seed = seed
        promptCount = session.tokens.count
        context = session.tokens
        speculation = speculates ? Speculation(context, fixed: drafts) : nil
        scanner = StopScanner(sampling.stop)
    }

    package var generated: ArraySlice<TokenID> { context[promptCount...] }

    /// How many tokens a pass has given, on average.
    package var tokensPerPass: Double { passes > 0 ? Double(generated.count + ahead.count) / Double(passes) : 1 }

    /// The logits before the newest token, made again from the record for who asks.
    package var logits: [Float] {
        guard let position = drawnAfter else { return [] }
        let read = context[...position]
        if session.tokens.prefix(read.count) != read { _ = try? session.sync(to: Array(read)) }
        return (try? session.logits(after: position)) ?? []
    }

    /// Draws one token. Returns what can be shown now, and the end once it is reached.
    package mutating func next() throws(EngineError) -> (tokens: [Token], end: End?) {
        if let end = limit { return (release(), end) }
        if ahead.isEmpty { try pass() }
        guard let step = ahead.popFirst() else { return (release(), .length) }
        return take(step)
    }

    /// What the session has to read before the next draw, where nobody else uses it.
    var unread: ArraySlice<TokenID> { context[session.tokens.count...] }

    /// Why no further token can be drawn, nil when one can.
    var limit: End? { generated.count >= sampling.maxTokens ? .length : context.count > session.context ? .context : nil }

    /// The token to come after the text and some drafted ids, from the logits there.
    func choose(_ logits: UnsafeBufferPointer<Float>, after draft: ArraySlice<TokenID> = []) -> TokenID {
        let context = draft.isEmpty ? context : context + draft
        return Sampler.draw(logits: logits, context: context, generated: context[promptCount...], sampling: sampling, seed: seed,
                            position: context.count)
    }

    /// Takes in the token that was drawn after the text.
    mutating func take(_ step: Step) -> (tokens: [Token], end: End?) {
        drawnAfter = context.count - 1
        if session.model.tokenizer.endsGeneration(step.id) {
            ahead = []
            return (release(), .eos)
        }
        context.append(step.id)
        speculation?.text.append(step.id)
        let bytes = session.model.tokenizer.bytes(step.id)
        held.append(Token(step: step, bytes: bytes, isCut: false))
        switch scanner.feed(bytes) {
        case .clear(let held): return (release(keeping: held), nil)
        case .match(let excess): return (release(dropping: excess), .stop)
        }
    }

    /// Computes the newest token and what is drafted behind it, and draws as far as the draft is what is drawn.
    private mutating func pass() throws(EngineError) {
        // The last token to be drawn is not read, nor is one beyond the context.
        let room = min(Speculation.most, sampling.maxTokens - generated.count - 1, session.context - context.count)
        let (ids, match) = speculation?.text.draft(Speculation.most) ?? ([], 0)
        let draft = ids.prefix(min(room, speculation?.count(match: match) ?? 0))
        let start = ContinuousClock.now, computed = session.computed
        var drawn: [Step] = []
        do { drawn = try steps(draft) } catch {
            // What is wrong only with the draft must not be noticed.
            guard !draft.isEmpty else { throw error }
            drawn = try steps([])
        }
        if session.computed - computed == draft.count + 1 { speculation?.took((.now - start) / .seconds(1), columns: draft.count + 1) }
        let right = zip(drawn, ids).prefix { $0.id == $1 }.count
        for index in 0..<min(right + 1, drawn.count, ids.count) { speculation?.saw(match: match + index, right: index < right) }
        ahead = drawn.prefix(right + 1)
        session.rewind(to: context.count + max(0, ahead.count - 1))
        passes += 1
    }

    /// The draws after the text and after each id of a draft; fewer where the logits are not finite.
    private func steps(_ draft: ArraySlice<TokenID>) throws(EngineError) -> [Step] {
        // Only what is new is computed, unless somebody else has used the session meanwhile.
        _ = try session.sync(to: context + draft)
        let last = context.count - 1
        guard last >= 0 else { return [] }
        let found = try Session.drawn((last...last + draft.count).map { (session, $0) }) { row, logits in choose(logits, after: draft.prefix(row)) }
        let sound = Array(found.prefix { $0 != nil }.compactMap(\.self))
        guard !sound.isEmpty else { throw .notFinite(position: last) }
        return sound
    }

    private mutating func release() -> [Token] { release(keeping: 0) }

    /// Gives out the tokens that lie wholly before the last `count` bytes.
    private mutating func release(keeping count: Int) -> [Token] {
        var tail = 0, keep = held.count
        while keep > 0, tail < count {
            keep -= 1
            tail += held[keep].bytes.count
        }
        let out = Array(held[..<keep])
        held.removeFirst(keep)
        return out
    }

    /// Gives out what stands before the last `count` bytes, cutting the token they begin in.
    private mutating func release(dropping count: Int) -> [Token] {
        var left = held.reduce(0) { $0 + $1.bytes.count } - count
        var out: [Token] = []
        for token in held where left > 0 {
            let part = min(left, token.bytes.count)
            out.append(part == token.bytes.count ? token : Token(step: token.step, bytes: Array(token.bytes[..<part]), isCut: true))
            left -= part
        }
        held = []
        return out
    }
}

/// Finds stop texts in bytes that arrive piece by piece.
package struct StopScanner: Sendable {
    package enum Finding: Equatable {
        /// No stop text; the last so many bytes may be the beginning of one.
        case clear(held: Int)
        /// A stop text stands in the last so many bytes.
        case match(excess: Int)
    }
    private let stops: [[UInt8]]
    private var tail: [UInt8] = []

    package init(_ stops: [[UInt8]]) { self.stops = stops.filter { !$0.isEmpty } }

    package mutating func feed(_ bytes: [UInt8]) -> Finding {
        guard !stops.isEmpty else { return .clear(held: 0) }
        tail += bytes
        for start in tail.indices {
            if stops.contains(where: { tail[start...].starts(with: $0) }) { return .match(excess: tail.count - start) }
        }
        // The earliest place from which everything so far agrees with a stop text.
        let start = tail.indices.first { start in stops.contains { $0.starts(with: tail[start...]) } } ?? tail.count
        tail.removeFirst(start)
        return .clear(held: tail.count)
    }
}
