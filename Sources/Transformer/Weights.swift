import CKernels
import GGUF

/// A norm's weights, and what it adds, if anything. Shapes: [width].
struct NormWeights {
    let weight: UnsafePointer<Float>, bias: UnsafePointer<Float>?
}

/// One transformer block's weights; what the model has not is nil.
package struct Layer {
    let attnNorm: NormWeights, mlpNorm: NormWeights
    package let q: Linear, k: Linear, v: Linear, o: Linear
    package let gate: Linear?, up: Linear, down: Linear
    let qBias: UnsafePointer<Float>?, kBias: UnsafePointer<Float>?, vBias: UnsafePointer<Float>?, oBias: UnsafePointer<Float>?
    let upBias: UnsafePointer<Float>?, downBias: UnsafePointer<Float>?
    /// Of each head's query and key. Shape: [headWidth].
    let qNorm: UnsafePointer<Float>?, kNorm: UnsafePointer<Float>?
    /// Of what attention and MLP add to the stream.
    let attnPostNorm: NormWeights?, mlpPostNorm: NormWeights?
}

/// All weights of a model in one arena; nothing of the file stays mapped.
package final class Weights: @unchecked Sendable {
    package let shape: Architecture
    package let embedding: Linear, head: Linear
    /// Learned positions. Shape: [context][width].
    let positions: Linear?
    let layers: [Layer]
    let finalNorm: NormWeights
    /// Shape: [rotary / 2].
    let ropeDivisors: UnsafePointer<Float>?
    /// Bytes of the arena.
    package let bytes: Int
    private let arena: Arena

    /// Reads the tensors once, `threads` at a time, into an arena laid out for that many lanes.
    /// - Throws: `ModelError` for a tensor that is missing, unknown, of another shape or type, or a file that ends early.
    package init(_ gguf: GGUF, _ shape: Architecture, threads: Int, progress: @escaping @Sendable (Double) -> Void) throws(ModelError) {
        self.shape = shape
        var arena = ArenaPlan(gguf)
        let d = shape.width
        let names = (0..<shape.layers).map { "blk.\($0)." }
        for name in names { try Self.plan(name, shape, in: &arena) }
        try arena.vector("output_norm.weight", d)
        try arena.vectorIfAny("output_norm.bias", d)
        try arena.vectorIfAny("rope_freqs.weight", (shape.rope?.rotary ?? 0) / 2)
        if shape.learnsPositions { try arena.matrix("position_embd.weight", shape.context, d) }
        let tied = !arena.has("output.weight")
        if !tied { try arena.matrix("output.weight", shape.vocabulary, d) }
        try arena.matrix("token_embd.weight", shape.vocabulary, d)
        try arena.refuseOthers()

        let loaded = try arena.load(lanes: threads, progress: progress)
        layers = names.map { Self.layer($0, shape, of: loaded) }
        finalNorm = NormWeights(weight: loaded.vector("output_norm.weight"), bias: loaded.vectorIfAny("output_norm.bias"))
        ropeDivisors = loaded.vectorIfAny("rope_freqs.weight")
        positions = loaded.matrixIfAny("position_embd.weight")
        embedding = loaded.matrix("token_embd.weight")
        head = tied ? embedding : loaded.matrix("output.weight")
        self.arena = loaded
        bytes = loaded.bytes
    }

    /// What of a block's tensors goes where. Rows of several matrices may lie in one tensor: queries, keys and values, or gate and up.
    private static func plan(_ name: String, _ shape: Architecture, in arena: inout ArenaPlan) throws(ModelError) {
        let (d, hw, hidden) = (shape.width, shape.headWidth, shape.hidden), (qRows, kvRows) = (shape.heads * hw, shape.kvHeads * hw)
        // A lane turns and norms the rows it computed: pairs of dimensions, or heads, must not be parted.
        let together = shape.rope?.pairing == .halves || arena.has(name + "attn_q_norm.weight") ? hw / 16 : 1
        let fused = arena.has(name + "attn_qkv.weight") ? name + "attn_qkv.weight" : nil
        func part(_ firstRow: Int) -> (String, Int, Int)? { fused.map { ($0, firstRow, qRows + 2 * kvRows) } }
        try arena.vector(name + "attn_norm.weight", d)
        try arena.matrix(name + "attn_q.weight", qRows, d, unit: together, from: part(0))
        try arena.matrix(name + "attn_k.weight", kvRows, d, unit: together, from: part(qRows))
        try arena.matrix(name + "attn_v.weight", kvRows, d, from: part(qRows + kvRows))
        try arena.matrix(name + "attn_output.weight", d, qRows)
        try arena.vector(name + "ffn_norm.weight", d)
        let isOne = shape.isGated && !arena.has(name + "ffn_gate.weight") && arena.has(name + "ffn_up.weight")
        let both = isOne ? name + "ffn_up.weight" : nil
        if shape.isGated { try arena.matrix(name + "ffn_gate.weight", hidden, d, from: both.map { ($0, 0, 2 * hidden) }) }
        try arena.matrix(name + "ffn_up.weight", hidden, d, from: both.map { ($0, hidden, 2 * hidden) })
        try arena.matrix(name + "ffn_down.weight", d, hidden)
        for (vector, count) in [("attn_norm.bias", d), ("attn_qkv.bias", qRows + 2 * kvRows), ("attn_q.bias", qRows), ("attn_k.bias", kvRows),
                                ("attn_v.bias", kvRows), ("attn_output.bias", d), ("ffn_norm.bias", d), ("ffn_up.bias", hidden),
                                ("ffn_down.bias", d), ("attn_q_norm.weight", hw), ("attn_k_norm.weight", hw),
                                ("post_attention_norm.weight", d), ("post_ffw_norm.weight", d)] {
            try arena.vectorIfAny(name + vector, count)
        }
    }

    private static func layer(_ name: String, _ shape: Architecture, of arena: Arena) -> Layer {
        func norm(_ vector: String) -> NormWeights {
            NormWeights(weight: arena.vector(name + vector + ".weight"), bias: arena.vectorIfAny(name + vector + ".bias"))
        }
        func postNorm(_ vector: String) -> NormWeights? { arena.vectorIfAny(name + vector + ".weight").map { NormWeights(weight: $0, bias: nil) } }
        func bias(_ vector: String) -> UnsafePointer<Float>? { arena.vectorIfAny(name + vector + ".bias") }
        let fused = bias("attn_qkv"), (qRows, kvRows) = (shape.heads * shape.headWidth, shape.kvHeads * shape.headWidth)
        return Layer(attnNorm: norm("attn_norm"), mlpNorm: norm("ffn_norm"),
                     q: arena.matrix(name + "attn_q.weight"), k: arena.matrix(name + "attn_k.weight"),
                     v: arena.matrix(name + "attn_v.weight"), o: arena.matrix(name + "attn_output.weight"),
                     gate: arena.matrixIfAny(name + "ffn_gate.weight"), up: arena.matrix(name + "ffn_up.weight"),
                     down: arena.matrix(name + "ffn_down.weight"),
                     qBias: bias("attn_q") ?? fused, kBias: bias("attn_k") ?? fused.map { $0 + qRows },
                     vBias: bias("attn_v") ?? fused.map { $0 + qRows + kvRows }, oBias: bias("attn_output"),
                     upBias: bias("ffn_up"), downBias: bias("ffn_down"),
                     qNorm: arena.vectorIfAny(name + "attn_q_norm.weight"), kNorm: arena.vectorIfAny(name + "attn_k_norm.weight"),
                     attnPostNorm: postNorm("post_attention_norm"), mlpPostNorm: postNorm("post_ffw_norm"))
    }

    /// Products of weights and activations that a token needs in the layers, and for its logits.
    package var products: (layers: Int, head: Int) {
        let matrices = layers.flatMap { [$0.q, $0.k, $0.v, $0.o, $0.up, $0.down] + ($0.gate.map { [$0] } ?? []) }
        return (matrices.reduce(0) { $0 + $1.rows * $1.columns }, head.rows * head.columns)
    }

    /// Whether anything but heads and MLPs adds to the stream, or to a logit.
    package var hasBiases: Bool { finalNorm.bias != nil || layers.contains { $0.oBias != nil } }

    package func layer(_ index: Int) -> Layer { layers[index] }
}
