import Engine
import GGUF
import Scale
import Transformer

extension Sizes.Parts {
    /// Of a model's file, by the names of its tensors.
    init(_ gguf: GGUF) {
        self.init()
        for tensor in gguf.tensors {
            let name = tensor.name
            if name.contains("norm") { norms += tensor.elements } else if name.hasPrefix("token_embd") { embedding += tensor.elements } else if name.hasPrefix("position_embd") {
                positions += tensor.elements
            } else if name.contains(".attn_") { attention += tensor.elements } else if name.contains(".ffn_") { feedForward += tensor.elements } else if name.hasPrefix("output.") {
                head += tensor.elements
            } else { attention += tensor.elements }
        }
    }
}

extension Sizes {
    /// Of a model's file; nil where its family is not known here.
    init?(_ gguf: GGUF) {
        guard let shape = try? Architecture(gguf) else { return nil }
        self.init(layers: shape.layers, width: shape.width, heads: shape.heads, vocabulary: shape.vocabulary, context: shape.context)
        (kvHeads, headWidth, hidden, isGated, learnsPositions) = (shape.kvHeads, shape.headWidth, shape.hidden, shape.isGated, shape.learnsPositions)
        hasBiases = gguf.tensors.contains { $0.name == "blk.0.ffn_up.bias" }
        if case .rms = shape.norm { normVectors = 1 }
        tiesHead = !gguf.tensors.contains { $0.name == "output.weight" }
    }
}

/// Sizes that are typed: `key=value` with spaces between.
enum SizesLine {
    static func parse(_ line: String) throws(Failure) -> Sizes {
        var numbers: [String: Int] = [:], flags: [String: Bool] = [:]
        let sizes = ["layers", "width", "heads", "kv_heads", "head_width", "ffn", "vocabulary", "context"], switches = ["gated", "biases", "tied", "positions"]
        for word in line.split(separator: " ") {
            let pair = word.split(separator: "=", maxSplits: 1).map(String.init)
            guard pair.count == 2, sizes.contains(pair[0]) || switches.contains(pair[0]) else {
                throw .usage("--sizes: '\(word)' is none of \((sizes + switches).map { $0 + "=" }.joined(separator: " ")).")
            }
            if sizes.contains(pair[0]) {
                guard let number = Int(pair[1]), (1...1_000_000_000).contains(number) else { throw .usage("--sizes: \(pair[0]) is \(pair[1]); it goes from 1 to 1000000000.") }
                numbers[pair[0]] = number
            } else {
                guard let flag = Bool(pair[1]) else { throw .usage("--sizes: \(pair[0]) is \(pair[1]); it is true or false.") }
                flags[pair[0]] = flag
            }
        }
        guard let layers = numbers["layers"], let width = numbers["width"], let heads = numbers["heads"] else { throw .usage("--sizes needs layers=, width= and heads=.") }
        var own = Sizes(layers: layers, width: width, heads: heads, vocabulary: numbers["vocabulary"] ?? 50_257, context: numbers["context"] ?? 2048)
        own.kvHeads = numbers["kv_heads"] ?? heads
        own.headWidth = numbers["head_width"] ?? max(1, width / heads)
        own.hidden = numbers["ffn"] ?? 4 * width
        (own.isGated, own.hasBiases, own.tiesHead, own.learnsPositions) = (flags["gated"] ?? false, flags["biases"] ?? true, flags["tied"] ?? true, flags["positions"] ?? true)
        guard heads % own.kvHeads == 0 else { throw .usage("--sizes: kv_heads=\(own.kvHeads) does not divide heads=\(heads).") }
        let wide = [Double(own.layers), Double(own.width + own.heads * own.headWidth), Double(own.hidden + own.heads * own.headWidth)].reduce(8, *)
        guard wide < 1e18, Double(own.vocabulary + own.context) * Double(own.width) < 1e18 else { throw .usage("--sizes: these make more than a quintillion parameters.") }
        return own
    }
}
