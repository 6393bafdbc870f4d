import Tokenizer
import Transformer

/// What zeroing one head's z at every position does to the prediction after one of them.
package struct Ablation: Sendable, Equatable {
    package let layer: Int, head: Int
    /// The token's logprob under the edit less the one without. Unit: nats.
    package let change: Double
    /// KL divergence of the next-token distribution from the one without the edit. Unit: nats.
    package let divergence: Double
}

/// Every head zeroed alone, layer by layer, a head at a time; each is computed from the residuals before its layer.
package struct AblationSweep {
    private let base: Session
    private let position: Int, token: TokenID
    private let before: Distribution
    package let total: Int
    package private(set) var found: [Ablation] = []

    /// Nil where the session has no such position.
    package init?(_ session: Session, position: Int, token: TokenID) throws(EngineError) {
        try session.check([token], after: 0)
        guard session.tokens.indices.contains(position) else { return nil }
        base = session.fork()
        base.rewind(to: position + 1)
        (self.position, self.token) = (position, token)
        before = Distribution(logits: try base.logits(after: position))
        total = session.model.shape.layers * session.model.shape.heads
    }

    package var isDone: Bool { found.count == total }

    /// Takes the next head; false when cancelled or none is left.
    package mutating func step(cancelled: () -> Bool = { false }) throws(EngineError) -> Bool {
        guard !isDone else { return false }
        let (layer, head) = found.count.quotientAndRemainder(dividingBy: base.model.shape.heads)
        guard let edited = try base.fork(edits: [Edit(.z, layer: layer, head: head, .zero)], cancelled: cancelled) else { return false }
        let after = Distribution(logits: try edited.logits(after: position))
        let change = Double(after.logprob(of: token)) - Double(before.logprob(of: token))
        found.append(Ablation(layer: layer, head: head, change: change, divergence: before.divergence(to: after)))
        return true
    }
}

extension Session {
    /// Every head zeroed alone. Nil when cancelled.
    package func ablations(position: Int, token: TokenID, progress: (Int) -> Void = { _ in },
                           cancelled: () -> Bool = { false }) throws(EngineError) -> [Ablation]? {
        guard var sweep = try AblationSweep(self, position: position, token: token) else { return [] }
        while !sweep.isDone {
            guard try sweep.step(cancelled: cancelled) else { return nil }
            progress(sweep.found.count)
        }
        return sweep.found
    }
}
