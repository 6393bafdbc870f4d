import Tokenizer

/// A continuation being drawn, token by token, at the end of a session.
///
/// Text that may turn out to be the beginning of a stop text is held back until that is decided.
package struct Generation {
    package enum End: String, Sendable, Codable { case stop, length, eos, context }

    package struct Token: Sendable, Equatable {
        package let step: Step
        /// The token's bytes, or the part of them before a stop text.
        package let bytes: [UInt8]
        /// True when a stop text begins inside the token: then the id is more than the text.
        package let isCut: Bool
    }

    private let session: Session
    package let sampling: Sampling
    package let seed: UInt64
    private let promptCount: Int
    private var context: [TokenID]
    private var held: [Token] = []
    private var scanner: StopScanner
    /// What the newest token was drawn after.
    private var drawnAfter: Int?

    /// - Parameter seed: resolved by the caller; stream i of several uses seed + i.
    package init(_ session: Session, sampling: Sampling, seed: UInt64) {
        self.session = session
        self.sampling = sampling
        self.seed = seed
        promptCount = session.tokens.count
        context = session.tokens
        scanner = StopScanner(sampling.stop)
    }

    package var generated: ArraySlice<TokenID> { context[promptCount...] }

    /// The logits before the newest token, made again from the record for who asks.
    package var logits: [Float] { drawnAfter.flatMap { try? session.logits(after: $0) } ?? [] }

    /// Draws one token. Returns what can be shown now, and the end once it is reached.
    package mutating func next() throws(EngineError) -> (tokens: [Token], end: End?) {
        guard generated.count < sampling.maxTokens else { return (release(), .length) }
        guard context.count <= session.context else { return (release(), .context) }
        // Only the newest token is computed, unless somebody else has used the session meanwhile.
        _ = try session.sync(to: context)
        let drawn = try session.draw { logits in
            Sampler.draw(logits: logits, context: context, generated: generated, sampling: sampling, seed: seed, position: context.count)
        }
        guard let step = drawn else { return (release(), .length) }
        drawnAfter = context.count - 1
        if session.model.tokenizer.endsGeneration(step.id) { return (release(), .eos) }
        context.append(step.id)
        let bytes = session.model.tokenizer.bytes(step.id)
        held.append(Token(step: step, bytes: bytes, isCut: false))
        switch scanner.feed(bytes) {
        case .clear(let held): return (release(keeping: held), nil)
        case .match(let excess): return (release(dropping: excess), .stop)
        }
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
