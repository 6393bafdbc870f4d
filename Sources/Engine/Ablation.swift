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

extension Session {
    /// Every head zeroed alone, layer by layer; each is computed from the residuals before its layer. Nil when cancelled.
    package func ablations(position: Int, token: TokenID, progress: (Int) -> Void = { _ in },
                           cancelled: () -> Bool = { false }) throws(EngineError) -> [Ablation]? {
        try check([token], after: 0)
        guard tokens.indices.contains(position) else { return [] }
        let base = fork(), shape = model.shape
        base.rewind(to: position + 1)
        let before = Distribution(logits: try base.logits(after: position))
        var found: [Ablation] = []
        for layer in 0..<shape.layers {
            for head in 0..<shape.heads {
                guard let edited = try base.fork(edits: [Edit(.z, layer: layer, head: head, .zero)], cancelled: cancelled) else { return nil }
                let after = Distribution(logits: try edited.logits(after: position))
                let change = Double(after.logprob(of: token)) - Double(before.logprob(of: token))
                found.append(Ablation(layer: layer, head: head, change: change, divergence: before.divergence(to: after)))
                progress(found.count)
            }
        }
        return found
    }
}
