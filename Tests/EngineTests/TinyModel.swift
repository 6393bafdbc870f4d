import Engine
import Foundation
import GGUF
import Testing
import Transformer

/// A small random llama: as a file, and as the numbers that its bytes mean by the definition of their type.
struct TinyModel: Sendable {
    struct Tensor {
        var name: String, type: WeightType, shape: [Int], bytes: [UInt8]
        /// Shape: [rows][columns], dequantised.
        var values: [Double]
    }

    static let types: [WeightType] = [.f32, .f16, .bf16, .q4_0, .q4_1, .q5_0, .q5_1, .q8_0]

    var type = WeightType.f32
    /// Of embedding and head, where it is not that of the blocks.
    var headType: WeightType?
    var layers = 2, width = 64, heads = 4, kvHeads = 2, headWidth = 16, hidden = 96
    /// Not whole tiles of 16 rows.
    var vocabulary = 277, context = 256
    var rotary = 16
    var base: Float = 10_000
    var isTied = true
    var seed: UInt64 = 1

    static let eos: Int32 = 258

    func tensors() -> [Tensor] {
        var random = TestRandom(state: seed)
        func matrix(_ name: String, _ rows: Int, _ columns: Int, spread: Double, type: WeightType? = nil) -> Tensor {
            let type = type ?? self.type
            let (bytes, values) = TinyModel.numbers(type, rows * columns, spread: spread, &random)
            return Tensor(name: name, type: type, shape: [columns, rows], bytes: bytes, values: values)
        }
        func vector(_ name: String) -> Tensor {
            let values = (0..<width).map { _ in Float.random(in: 0.8...1.2, using: &random) }
            let bytes = values.flatMap { value in withUnsafeBytes(of: value) { Array($0) } }
            return Tensor(name: name, type: .f32, shape: [width], bytes: bytes, values: values.map(Double.init))
        }
        var all = [matrix("token_embd.weight", vocabulary, width, spread: 0.7, type: headType)]
        for layer in 0..<layers {
            let name = "blk.\(layer)."
            let (even, down) = (1.2 / Double(width).squareRoot(), 1.2 / Double(hidden).squareRoot())
            all.append(vector(name + "attn_norm.weight"))
            all.append(matrix(name + "attn_q.weight", heads * headWidth, width, spread: even))
            all.append(matrix(name + "attn_k.weight", kvHeads * headWidth, width, spread: even))
            all.append(matrix(name + "attn_v.weight", kvHeads * headWidth, width, spread: even))
            all.append(matrix(name + "attn_output.weight", width, heads * headWidth, spread: even))
            all.append(vector(name + "ffn_norm.weight"))
            all.append(matrix(name + "ffn_gate.weight", hidden, width, spread: even))
            all.append(matrix(name + "ffn_up.weight", hidden, width, spread: even))
            all.append(matrix(name + "ffn_down.weight", width, hidden, spread: down))
        }
        all.append(vector("output_norm.weight"))
        if !isTied { all.append(matrix("output.weight", vocabulary, width, spread: 0.7, type: headType)) }
        return all
    }

    func metadata() -> [(key: String, value: Value)] {
        [
            ("general.architecture", .string("llama")), ("general.name", .string("tiny")),
            ("llama.block_count", .uint32(UInt32(layers))), ("llama.embedding_length", .uint32(UInt32(width))),
            ("llama.attention.head_count", .uint32(UInt32(heads))), ("llama.attention.head_count_kv", .uint32(UInt32(kvHeads))),
            ("llama.attention.key_length", .uint32(UInt32(headWidth))), ("llama.attention.value_length", .uint32(UInt32(headWidth))),
            ("llama.feed_forward_length", .uint32(UInt32(hidden))), ("llama.context_length", .uint32(UInt32(context))),
            ("llama.vocab_size", .uint32(UInt32(vocabulary))), ("llama.rope.dimension_count", .uint32(UInt32(rotary))),
            ("llama.rope.freq_base", .float32(base)), ("llama.attention.layer_norm_rms_epsilon", .float32(1e-5)),
        ]
    }

    /// Ids: bytes 0 to 255, "he", "ll", the end of the text; the rows behind them belong to no token.
    static func addTokenizer(to writer: inout GGUFWriter) {
        let visible = Array(0x21...0x7E) + Array(0xA1...0xAC) + Array(0xAE...0xFF)
        let hidden = (0...255).filter { !visible.contains($0) }
        let bytes = (0...255).map { byte in
            String(UnicodeScalar(UInt32(visible.contains(byte) ? byte : 256 + (hidden.firstIndex(of: byte) ?? 0))) ?? " ")
        }
        writer.add("tokenizer.ggml.model", "gpt2")
        writer.add("tokenizer.ggml.tokens", strings: bytes + ["he", "ll", "<|endoftext|>"])
        writer.add("tokenizer.ggml.token_type", integers: [Int32](repeating: 1, count: 258) + [3])
        writer.add("tokenizer.ggml.merges", strings: ["h e", "l l"])
        writer.add("tokenizer.ggml.eos_token_id", .uint32(UInt32(eos)))
    }

    typealias Change = (_ metadata: inout [(key: String, value: Value)], _ tensors: inout [Tensor]) -> Void

    /// Gives the path of its file, which is there for the time of `body`; `change` damages it on the way.
    func withFile<R>(changed change: Change = { _, _ in }, _ body: (String) throws -> R) throws -> R {
        var metadata = metadata(), tensors = tensors()
        change(&metadata, &tensors)
        var writer = GGUFWriter()
        for (key, value) in metadata { writer.add(key, value) }
        TinyModel.addTokenizer(to: &writer)
        for tensor in tensors { writer.add(tensor: tensor.name, type: tensor.type, shape: tensor.shape, bytes: tensor.bytes) }
        return try withTemporaryFile { path in
            try writer.write(to: path)
            return try body(path)
        }
    }

    /// The model read from its file.
    func model(changed change: Change = { _, _ in }) throws -> Model {
        try withFile(changed: change) { try Model(path: $0, threads: 2) }
    }

    /// Any ids, rows behind the tokenizer's tokens included.
    func ids(_ count: Int, seed: UInt64 = 5) -> [Int32] {
        var random = TestRandom(state: seed)
        return (0..<count).map { _ in Int32.random(in: 0..<Int32(vocabulary), using: &random) }
    }
}

extension TinyModel {
    /// Random weights in a type's own bytes, and what these mean. Source: ggml's `dequantize_row_*`.
    static func numbers(_ type: WeightType, _ count: Int, spread: Double, _ random: inout TestRandom) -> (bytes: [UInt8], values: [Double]) {
        var bytes: [UInt8] = [], values: [Double] = []
        func put<T: FixedWidthInteger>(_ number: T) { withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) } }
        func even() -> Double { Double.random(in: -1.7...1.7, using: &random) * spread }
        switch type {
        case .f32:
            for _ in 0..<count { let x = Float(even()); put(x.bitPattern); values.append(Double(x)) }
        case .f16:
            for _ in 0..<count { let x = Float16(even()); put(x.bitPattern); values.append(Double(x)) }
        case .bf16:
            for _ in 0..<count {
                let bits = Float(even()).bitPattern >> 16
                put(UInt16(bits))
                values.append(Double(Float(bitPattern: bits << 16)))
            }
        case .q4_K, .q5_K:
            let levels = type == .q4_K ? 16 : 32
            for _ in 0..<count / 256 {
                let d = Float16(spread * 3.4 / Double(levels) / 40), least = Float16(Double(d) * Double(levels - 1) / 2)
                let scales = (0..<8).map { _ in Int.random(in: 28...52, using: &random) }, minima = scales.map { min(63, $0 + Int.random(in: -3...3, using: &random)) }
                put(d.bitPattern)
                put(least.bitPattern)
                for index in 0..<12 {
                    let high = index % 4 + 4
                    switch index {
                    case 0..<4: put(UInt8(scales[index] | (scales[high] >> 4) << 6))
                    case 4..<8: put(UInt8(minima[index - 4] | (minima[high] >> 4) << 6))
                    default: put(UInt8(scales[high] & 15 | (minima[high] & 15) << 4))
                    }
                }
                let q = (0..<256).map { _ in Int.random(in: 0..<levels, using: &random) }
                if levels == 32 { for k in 0..<32 { put((0..<8).reduce(UInt8(0)) { $0 | UInt8(q[$1 * 32 + k] >> 4) << UInt8($1) }) } }
                for pair in 0..<4 { for k in 0..<32 { put(UInt8(q[pair * 64 + k] & 15 | (q[pair * 64 + 32 + k] & 15) << 4)) } }
                values += q.enumerated().map { index, number in
                    Double(Float(d) * Float(scales[index / 32])) * Double(number) - Double(Float(least) * Float(minima[index / 32]))
                }
            }
        case .iq4_nl:
            let steps = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113]
            for _ in 0..<count / 32 {
                let d = Float16(spread * 1.7 / 113 * Double.random(in: 0.7...1.3, using: &random))
                let q = (0..<32).map { _ in Int.random(in: 0..<16, using: &random) }
                put(d.bitPattern)
                for k in 0..<16 { put(UInt8(q[k] | q[k + 16] << 4)) }
                values += q.map { Double(steps[$0]) * Double(d) }
            }
        default:
            let bits = type == .q8_0 ? 8 : type == .q4_0 || type == .q4_1 ? 4 : 5
            let hasMinimum = type == .q4_1 || type == .q5_1
            let levels = 1 << bits
            for _ in 0..<count / 32 {
                let d = Float16(spread * 3.4 / Double(levels) * Double.random(in: 0.7...1.3, using: &random))
                let m = hasMinimum ? Float16(-Double(d) * Double(levels - 1) / 2 * Double.random(in: 0.9...1.1, using: &random)) : 0
                let q = (0..<32).map { _ in Int.random(in: 0..<levels, using: &random) }
                put(d.bitPattern)
                if hasMinimum { put(m.bitPattern) }
                if bits == 5 { put(q.indices.reduce(UInt32(0)) { $0 | UInt32(q[$1] >> 4) << UInt32($1) }) }
                if bits == 8 {
                    for number in q { put(Int8(number - 128)) }
                } else {
                    for k in 0..<16 { put(UInt8(q[k] & 15 | (q[k + 16] & 15) << 4)) }
                }
                let offset = hasMinimum ? 0 : levels / 2
                values += q.map { Double($0 - offset) * Double(d) + Double(m) }
            }
        }
        return (bytes, values)
    }
}

extension TinyModel: CustomTestStringConvertible {
    var testDescription: String {
        "\(type.name)\(headType.map { " with \($0.name)" } ?? ""), \(isTied ? "tied" : "untied"), \(heads)/\(kvHeads) heads, \(vocabulary) tokens"
    }
}

/// Gives a path in the folder for temporary files; what is there goes afterwards.
func withTemporaryFile<R>(_ body: (String) throws -> R) rethrows -> R {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("terrarium-\(UUID().uuidString).gguf").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try body(path)
}
