import GGUF

/// What a family of models is made of, as data: sizes and kinds, every one validated with its key named.
///
/// In: a model file's metadata. The forward pass reads this and never asks for a family.
/// An absent tensor is an absent operation: biases, norms of queries and keys, norms behind a block are where the file has them.
package struct Architecture: Sendable, Equatable {
    package enum Norm: Sendable, Equatable {
        /// Root mean square with the epsilon under the root. Source: Zhang and Sennrich 2019.
        case rms(epsilon: Float)
        /// Mean and variance. Source: Ba et al. 2016.
        case layer(epsilon: Float)
    }
    /// Rotary positions over the first `rotary` dimensions of a head. Source: Su et al. 2021.
    package struct Rope: Sendable, Equatable {
        package enum Pairing: Sendable, Equatable { case adjacent, halves }
        package let base: Double, rotary: Int, pairing: Pairing
        /// Positions are divided by this. Source: Chen et al. 2023 (position interpolation).
        package let stretch: Double
    }
    package enum Activation: Sendable, Equatable { case silu, gelu }

    package let family: String
    package let name: String
    package let layers: Int, width: Int, heads: Int, kvHeads: Int, headWidth: Int
    package let hidden: Int, vocabulary: Int, context: Int
    package let norm: Norm, activation: Activation
    /// Whether the activation is multiplied with a second projection.
    package let isGated: Bool
    /// Whether each position has a vector of its own that is added to the embedding.
    package let learnsPositions: Bool
    /// What an embedding is multiplied with; attention scores too.
    package let embeddingScale: Float, scoreScale: Float
    /// How many positions a local layer looks back over, its own included; nil: all.
    package let window: Int?
    /// By layer.
    package let isLocal: [Bool]
    /// Of the layers that look at everything, and of local ones.
    package let rope: Rope?, localRope: Rope?

    /// The first position that one at a layer looks at.
    @inline(__always)
    package func firstKey(_ layer: Int, _ position: Int) -> Int {
        guard let window, isLocal[layer] else { return 0 }
        return max(0, position + 1 - window)
    }

    /// - Throws: `ModelError` naming the key, what it holds and what was expected.
    package init(_ gguf: GGUF) throws(ModelError) {
        let keys = try ArchitectureKeys(gguf), family = keys.family
        self.family = family.name
        name = gguf.string("general.name") ?? family.name
        layers = try keys.size("block_count", in: 1...1024)
        width = try keys.size("embedding_length", in: 16...65_536)
        heads = try keys.size("attention.head_count", in: 1...1024)
        kvHeads = try keys.size("attention.head_count_kv", in: 1...heads, default: heads)
        guard heads % kvHeads == 0 else { throw keys.fault("attention.head_count_kv", "a divisor of \(heads) heads", "\(kvHeads)") }
        headWidth = try keys.size("attention.key_length", in: 1...1024, default: max(1, width / heads))
        let valueWidth = try keys.size("attention.value_length", in: 1...1024, default: headWidth)
        hidden = try keys.size("feed_forward_length", in: 16...1_048_576)
        for (key, found) in [("attention.key_length", headWidth), ("embedding_length", width), ("feed_forward_length", hidden)]
        where found % 16 != 0 {
            throw keys.fault(key, "a multiple of 16", "\(found)")
        }
        guard valueWidth == headWidth else { throw keys.fault("attention.value_length", "\(headWidth), as for keys", "\(valueWidth)") }
        context = try keys.size("context_length", in: 1...16_777_216)
        vocabulary = try keys.size("vocab_size", in: 1...4_194_304, default: gguf.tensor("token_embd.weight")?.shape.last ?? 0)
        for key in ["attn_logit_softcapping", "final_logit_softcapping", "expert_count"] {
            let found = try keys.real(key, in: 0...1e9, default: 0)
            guard found == 0 else { throw keys.fault(key, "0: models with it are not supported", "\(found)") }
        }
        let epsilon = Float(try keys.real(family.isLayerNorm ? "attention.layer_norm_epsilon" : "attention.layer_norm_rms_epsilon", in: 0...1))
        norm = family.isLayerNorm ? .layer(epsilon: epsilon) : .rms(epsilon: epsilon)
        activation = family.activation
        isGated = family.isGated
        learnsPositions = family.pairing == nil
        embeddingScale = family.scalesEmbedding ? Float(width).squareRoot() : 1
        scoreScale = 1 / Float(family.scoreWidth(layers: layers, width: width, heads: heads) ?? headWidth).squareRoot()
        (window, isLocal) = try keys.locality(layers: layers)
        (rope, localRope) = try keys.ropes(headWidth: headWidth)
    }
}
