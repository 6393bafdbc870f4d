import Tokenizer

/// What writes and judges text, here or on a server: the part of an engine that both have.
///
/// In: bytes of text. Out: tokens as the model has them, with what it tells of each. Invariant: a number that is not known is nil,
/// never zero. Must not know: how the text came about, or where the model runs.
package protocol LanguageModel {
    var title: String { get }
    var abilities: Abilities { get }

    /// Continues a text, token by token as they come.
    /// - Parameters:
    ///   - top: how many of the likeliest tokens are wanted beside each; fewer come where the model tells fewer.
    ///   - cancelled: asked at least every 50 ms.
    /// - Returns: nil when it was cancelled.
    func generate(_ prompt: [UInt8], sampling: Sampling, seed: UInt64, top: Int, cancelled: () -> Bool,
                  token: (TextToken) throws -> Void) throws -> TextEnd?

    /// How the model sees each token of a text.
    /// Throws: where it cannot tell.
    func score(_ text: [UInt8], top: Int, cancelled: () -> Bool) throws -> [TextToken]
}

/// A token as text, and what its model told of it.
package struct TextToken: Sendable, Equatable {
    package struct Guess: Sendable, Equatable {
        package let bytes: [UInt8], id: TokenID?
        /// Unit: nats.
        package let logprob: Float
        package init(bytes: [UInt8], id: TokenID?, logprob: Float) { (self.bytes, self.id, self.logprob) = (bytes, id, logprob) }
    }
    package let bytes: [UInt8]
    package let id: TokenID?
    /// Unit: nats.
    package let logprob: Float?
    /// The likeliest there, likeliest first.
    package let top: [Guess]
    package init(bytes: [UInt8], id: TokenID?, logprob: Float?, top: [Guess]) { (self.bytes, self.id, self.logprob, self.top) = (bytes, id, logprob, top) }

    /// The probability of all that is not in the list, 0 to 1; nil where there is no list.
    package var unknownMass: Double? { top.isEmpty ? nil : max(0, 1 - top.reduce(0.0) { $0 + exponential(Double($1.logprob)) }) }
}

/// Why a continuation ended.
package enum TextEnd: String, Sendable, Codable {
    case stop, length, eos, context
    /// The other side ended without a reason: what came is not the whole.
    case cut

    package init(_ end: Generation.End) {
        self = switch end {
        case .stop: .stop
        case .length: .length
        case .eos: .eos
        case .context: .context
        }
    }
}

/// What a model can do, found out and not assumed.
package struct Abilities: Sendable, Equatable {
    /// The inside: attention, lens, edits.
    package var showsInside = false
    package var completes = false
    package var chats = false
    package var streams = false
    /// The most of the likeliest tokens that it tells beside one; 0 for none, nil for the whole vocabulary.
    package var topLogprobs: Int? = 0
    package var scoresPrompts = false
    /// Whether that is asked for by a field of its own, and not by repeating the prompt.
    package var scoresByField = false
    package var tellsIDs = false
    package var seeds = false
    /// Of the settings those that have an effect.
    package var settings: Set<SamplingField.ID> = []
    package init() {}

    /// Each ability, whether it is there, and the reason or the measure.
    package var rows: [(name: String, can: Bool, remark: String)] {
        let off = SamplingField.all.filter { !settings.contains($0.id) }.map(\.key)
        return [
            ("completions", completes, ""), ("chat", chats, ""), ("streaming", streams, streams ? "" : "an answer comes whole"),
            ("top logprobs", topLogprobs != 0, topLogprobs.map { $0 > 0 ? "\($0) beside a token, the rest is unknown mass" : "Candidates stays empty" } ?? "all"),
            ("prompt logprobs", scoresPrompts, scoresPrompts ? "" : "nothing can be scored, no surprisal of a prompt"),
            ("token ids", tellsIDs, tellsIDs ? "" : "tokens are known by their text"), ("seed", seeds, seeds ? "" : "a run does not come again"),
            ("sampling settings", off.isEmpty, off.isEmpty ? "all have an effect" : "without effect: \(off.joined(separator: ", "))"),
            ("attention, lens, edits", showsInside, showsInside ? "" : Self.inside),
        ]
    }

    package static let inside = "the server does not expose the inside of the model"

    package static var local: Abilities {
        var all = Abilities()
        (all.showsInside, all.completes, all.chats, all.streams, all.topLogprobs) = (true, true, true, true, nil)
        (all.scoresPrompts, all.tellsIDs, all.seeds, all.settings) = (true, true, true, Set(SamplingField.ID.allCases))
        return all
    }
}

extension Session: LanguageModel {
    package var title: String { model.title }
    package var abilities: Abilities { .local }

    package func generate(_ prompt: [UInt8], sampling: Sampling, seed: UInt64, top: Int, cancelled: () -> Bool,
                          token: (TextToken) throws -> Void) throws -> TextEnd? {
        guard try read(prompt, cancelled) else { return nil }
        // One at a time where the list beside each token is wanted: it is of the logits before it.
        var generation = Generation(self, sampling: sampling, seed: seed, speculates: top == 0)
        while !cancelled() {
            let (tokens, end) = try generation.next()
            let logits = top > 0 && !tokens.isEmpty ? generation.logits : []
            for (index, drawn) in tokens.enumerated() {
                let guesses = index == tokens.count - 1 ? self.guesses(logits, top) : []
                try token(TextToken(bytes: drawn.bytes, id: drawn.step.id, logprob: drawn.step.logprob, top: guesses))
            }
            if let end { return TextEnd(end) }
        }
        return nil
    }

    package func score(_ text: [UInt8], top: Int, cancelled: () -> Bool) throws -> [TextToken] {
        guard try read(text, cancelled) else { return [] }
        return try zip(tokens.indices, steps(0..<tokens.count)).map { position, step in
            let logits = top > 0 && position > 0 ? try self.logits(after: position - 1) : []
            return TextToken(bytes: model.tokenizer.bytes(tokens[position]), id: tokens[position], logprob: step?.logprob, top: guesses(logits, top))
        }
    }

    private func read(_ text: [UInt8], _ cancelled: () -> Bool) throws(EngineError) -> Bool {
        let start = model.tokenizer.addsBOS ? [model.tokenizer.bos].compactMap { $0 } : []
        return try sync(to: start + model.tokenizer.encode(text, specials: true), cancelled: cancelled)
    }

    private func guesses(_ logits: [Float], _ top: Int) -> [TextToken.Guess] {
        guard !logits.isEmpty else { return [] }
        return Distribution(logits: logits).top(top).map { .init(bytes: model.tokenizer.bytes($0.id), id: $0.id, logprob: $0.logprob) }
    }
}
