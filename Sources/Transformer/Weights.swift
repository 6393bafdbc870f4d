import CKernels
import GGUF

/// One transformer block's weights.
package struct Layer {
    let attnNorm: UnsafePointer<Float>
    package let q: Linear, k: Linear, v: Linear, o: Linear
    let mlpNorm: UnsafePointer<Float>
    package let gate: Linear, up: Linear, down: Linear
}

/// All weights of a model in one arena; nothing of the file stays mapped.
package final class Weights: @unchecked Sendable {
    package let shape: Architecture
    package let embedding: Linear, head: Linear
    let layers: [Layer]
    let finalNorm: UnsafePointer<Float>
    /// Bytes of the arena.
    package let bytes: Int
    private let arena: Arena

    /// Reads the tensors once, `threads` at a time, into an arena laid out for that many lanes.
    /// - Throws: `ModelError` for a tensor that is missing, unknown, of another shape or type, or a file that ends early.
    package init(_ gguf: GGUF, _ shape: Architecture, threads: Int, progress: @escaping @Sendable (Double) -> Void) throws(ModelError) {
        self.shape = shape
        var arena = ArenaPlan(gguf)
        let (d, qRows, kvRows) = (shape.width, shape.heads * shape.headWidth, shape.kvHeads * shape.headWidth)
        // A lane turns the rows it computed: pairs of dimensions must not be parted.
        let pairs = shape.rope.pairing == .halves ? shape.headWidth / 16 : 1
        let names = (0..<shape.layers).map { "blk.\($0)." }
        for name in names {
            try arena.vector(name + "attn_norm.weight", d)
            try arena.matrix(name + "attn_q.weight", qRows, d, unit: pairs)
            try arena.matrix(name + "attn_k.weight", kvRows, d, unit: pairs)
            try arena.matrix(name + "attn_v.weight", kvRows, d)
            try arena.matrix(name + "attn_output.weight", d, qRows)
            try arena.vector(name + "ffn_norm.weight", d)
            try arena.matrix(name + "ffn_gate.weight", shape.hidden, d)
            try arena.matrix(name + "ffn_up.weight", shape.hidden, d)
            try arena.matrix(name + "ffn_down.weight", d, shape.hidden)
        }
        try arena.vector("output_norm.weight", d)
        let tied = gguf.tensor("output.weight") == nil
        if !tied { try arena.matrix("output.weight", shape.vocabulary, d) }
        try arena.matrix("token_embd.weight", shape.vocabulary, d)
        try arena.refuseOthers()

        let loaded = try arena.load(lanes: threads, progress: progress)
        layers = names.map { name in
            Layer(attnNorm: loaded.vector(name + "attn_norm.weight"), q: loaded.matrix(name + "attn_q.weight"),
                  k: loaded.matrix(name + "attn_k.weight"), v: loaded.matrix(name + "attn_v.weight"),
                  o: loaded.matrix(name + "attn_output.weight"), mlpNorm: loaded.vector(name + "ffn_norm.weight"),
                  gate: loaded.matrix(name + "ffn_gate.weight"), up: loaded.matrix(name + "ffn_up.weight"),
                  down: loaded.matrix(name + "ffn_down.weight"))
        }
        finalNorm = loaded.vector("output_norm.weight")
        embedding = loaded.matrix("token_embd.weight")
        head = tied ? embedding : loaded.matrix("output.weight")
        self.arena = loaded
        bytes = loaded.bytes
    }

    /// Products of weights and activations that a token needs in the layers, and for its logits.
    package var products: (layers: Int, head: Int) {
        let matrices = layers.flatMap { [$0.q, $0.k, $0.v, $0.o, $0.gate, $0.up, $0.down] }
        return (matrices.reduce(0) { $0 + $1.rows * $1.columns }, head.rows * head.columns)
    }

    package func layer(_ index: Int) -> Layer { layers[index] }
}
