import GGUF

/// What a family of models is made of, as data: the one file that knows family names.
///
/// In: a model file's metadata. Out: sizes and kinds, every one validated with its key named.
/// The forward pass reads this and never asks for a family. An absent tensor is an absent operation.
package struct Architecture: Sendable, Equatable {
    package enum Norm: Sendable, Equatable {
        /// Root mean square with the epsilon under the root. Source: Zhang and Sennrich 2019.
        case rms(epsilon: Float)
    }
    /// Rotary positions over the first `rotary` dimensions of a head. Source: Su et al. 2021.
    package struct Rope: Sendable, Equatable {
        package enum Pairing: Sendable, Equatable { case adjacent, halves }
        package let base: Double, rotary: Int, pairing: Pairing
    }
    package enum Activation: Sendable, Equatable { case silu }

    package let family: String
    package let name: String
    package let layers: Int, width: Int, heads: Int, kvHeads: Int, headWidth: Int
    package let hidden: Int, vocabulary: Int, context: Int
    package let norm: Norm, rope: Rope, activation: Activation

    package static let families = ["llama"]

    /// - Throws: `ModelError` naming the key, what it holds and what was expected.
    package init(_ gguf: GGUF) throws(ModelError) {
        let path = gguf.path
        guard let family = gguf.string("general.architecture") else {
            throw .key(path: path, key: "general.architecture", expected: "the name of a model family", found: "nothing")
        }
        guard Self.families.contains(family) else {
            throw .family(path: path, found: family, supported: Self.families)
        }
        func size(_ key: String, in range: ClosedRange<Int>, default fallback: Int? = nil) throws(ModelError) -> Int {
            let full = "\(family).\(key)"
            guard let value = gguf.integer(full) ?? (gguf.metadata[full] == nil ? fallback : nil) else {
                throw .key(path: path, key: full, expected: "an integer", found: gguf.metadata[full] == nil ? "nothing" : "another type")
            }
            guard range.contains(value) else {
                throw .key(path: path, key: full, expected: "\(range.lowerBound) to \(range.upperBound)", found: "\(value)")
            }
            return value
        }
        func real(_ key: String, in range: ClosedRange<Double>, default fallback: Double? = nil) throws(ModelError) -> Double {
            let full = "\(family).\(key)"
            guard let value = gguf.real(full) ?? (gguf.metadata[full] == nil ? fallback : nil), range.contains(value) else {
                let found = gguf.real(full).map { "\($0)" } ?? "nothing"
                throw .key(path: path, key: full, expected: "\(range.lowerBound) to \(range.upperBound)", found: found)
            }
            return value
        }
        if let scaling = gguf.string("\(family).rope.scaling.type"), scaling != "none" {
            throw .key(path: path, key: "\(family).rope.scaling.type", expected: "none (scaled positions are not read yet)", found: scaling)
        }
        self.family = family
        name = gguf.string("general.name") ?? family
        layers = try size("block_count", in: 1...1024)
        width = try size("embedding_length", in: 16...65_536)
        heads = try size("attention.head_count", in: 1...1024)
        kvHeads = try size("attention.head_count_kv", in: 1...heads, default: heads)
        guard heads % kvHeads == 0 else {
            throw .key(path: path, key: "\(family).attention.head_count_kv", expected: "a divisor of \(heads) heads", found: "\(kvHeads)")
        }
        headWidth = try size("attention.key_length", in: 1...1024, default: max(1, width / heads))
        let valueWidth = try size("attention.value_length", in: 1...1024, default: headWidth)
        hidden = try size("feed_forward_length", in: 16...1_048_576)
        for (key, found) in [("attention.key_length", headWidth), ("embedding_length", width), ("feed_forward_length", hidden)]
        where found % 16 != 0 {
            throw .key(path: path, key: "\(family).\(key)", expected: "a multiple of 16", found: "\(found)")
        }
        guard valueWidth == headWidth else {
            throw .key(path: path, key: "\(family).attention.value_length", expected: "\(headWidth), as for keys", found: "\(valueWidth)")
        }
        context = try size("context_length", in: 1...16_777_216)
        vocabulary = try size("vocab_size", in: 1...4_194_304, default: gguf.tensor("token_embd.weight")?.shape.last ?? 0)
        norm = .rms(epsilon: Float(try real("attention.layer_norm_rms_epsilon", in: 0...1)))
        let rotary = try size("rope.dimension_count", in: 2...headWidth, default: headWidth)
        guard rotary % 2 == 0 else {
            throw .key(path: path, key: "\(family).rope.dimension_count", expected: "an even number", found: "\(rotary)")
        }
        rope = Rope(base: try real("rope.freq_base", in: 1...1e12, default: 10_000), rotary: rotary, pairing: .adjacent)
        activation = .silu
    }
}
