import Tokenizer
import Transformer

/// The raw lens: final norm and head on the residual stream. Source: nostalgebraist 2020 (the logit lens).
extension Session {
    package struct Guess: Sendable, Equatable {
        package let id: TokenID
        package let logprob: Float
    }

    /// The likeliest tokens at a position as each layer would end, the embedding first. Shape: [layers + 1][top].
    package func lens(position: Int, top: Int) throws(EngineError) -> [[Guess]] {
        guard tokens.indices.contains(position) else { return [] }
        try recall(position..<position + 1)
        let layers = model.shape.layers + 1
        let found = Slots<[Guess]>(layers, [])
        for start in stride(from: 0, to: layers, by: Self.measured) {
            let rows = (start..<min(layers, start + Self.measured)).compactMap { row($0, position).map { UnsafePointer($0) } }
            project(rows) { index, logits in
                found[start + index] = Distribution(logits: Array(logits)).top(top).map { Guess(id: $0.id, logprob: $0.logprob) }
            }
        }
        return found.values
    }
}
