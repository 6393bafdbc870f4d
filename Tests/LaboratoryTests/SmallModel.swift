import Engine
import Foundation
import GGUF
import Tokenizer

import Laboratory

/// A random llama of two layers with a chat format; a few words of the experiments are tokens of their own.
enum SmallModel {
    static let context = 128

    static let model = Result { try load() }

    private static func load() throws -> Model {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("terrarium-small-\(UUID().uuidString).gguf").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try written().write(to: path)
        return try Model(path: path, threads: 2)
    }

    private static func written() -> GGUFWriter {
        var writer = GGUFWriter()
        let (tokens, merges) = vocabulary(), width = 48, heads = 3, hidden = 64
        writer.add("general.architecture", "llama")
        writer.add("general.name", "small")
        for (key, value) in [("block_count", 2), ("embedding_length", width), ("attention.head_count", heads), ("attention.head_count_kv", 1),
                             ("feed_forward_length", hidden), ("context_length", context), ("vocab_size", tokens.count)] {
            writer.add("llama.\(key)", .uint32(UInt32(value)))
        }
        writer.add("llama.attention.layer_norm_rms_epsilon", .float32(1e-5))
        writer.add("tokenizer.ggml.model", "gpt2")
        writer.add("tokenizer.ggml.tokens", strings: tokens)
        writer.add("tokenizer.ggml.token_type", integers: tokens.indices.map { $0 < tokens.count - specials.count ? 1 : 3 })
        writer.add("tokenizer.ggml.merges", strings: merges)
        writer.add("tokenizer.ggml.eos_token_id", .uint32(UInt32(tokens.count - 1)))
        writer.add("tokenizer.chat_template", "<|im_start|>")
        var seed: UInt64 = 7
        func matrix(_ name: String, _ rows: Int, _ columns: Int, spread: Float) {
            writer.add(tensor: name, shape: [columns, rows], floats: (0..<rows * columns).map { _ in
                seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return (Float(seed >> 40) / Float(1 << 24) - 0.5) * spread
            })
        }
        func vector(_ name: String) { writer.add(tensor: name, shape: [width], floats: Array(repeating: 1, count: width)) }
        for layer in 0..<2 {
            let name = "blk.\(layer)."
            vector(name + "attn_norm.weight")
            matrix(name + "attn_q.weight", width, width, spread: 0.7)
            matrix(name + "attn_k.weight", width / heads, width, spread: 0.7)
            matrix(name + "attn_v.weight", width / heads, width, spread: 0.7)
            matrix(name + "attn_output.weight", width, width, spread: 0.7)
            vector(name + "ffn_norm.weight")
            matrix(name + "ffn_gate.weight", hidden, width, spread: 0.7)
            matrix(name + "ffn_up.weight", hidden, width, spread: 0.7)
            matrix(name + "ffn_down.weight", width, hidden, spread: 0.7)
        }
        vector("output_norm.weight")
        matrix("token_embd.weight", tokens.count, width, spread: 2)
        return writer
    }

    private static let specials = ["<|im_start|>", "<|im_end|>", "<|endoftext|>"]

    /// All bytes, and words that grow from their left, a byte a merge.
    private static func vocabulary() -> (tokens: [String], merges: [String]) {
        let visible = Array(0x21...0x7E) + Array(0xA1...0xAC) + Array(0xAE...0xFF), hidden = (0...255).filter { !visible.contains($0) }
        let bytes = (0...255).map { byte in
            String(UnicodeScalar(UInt32(visible.contains(byte) ? byte : 256 + (hidden.firstIndex(of: byte) ?? 0))) ?? " ")
        }
        var tokens = bytes, merges: [String] = []
        for word in [" red", " green", " is", "thing", "grass", "Colour"] {
            let letters = word.utf8.map { bytes[Int($0)] }
            var start = letters[0]
            for letter in letters.dropFirst() {
                if !tokens.contains(start + letter) {
                    tokens.append(start + letter)
                    merges.append("\(start) \(letter)")
                }
                start += letter
            }
        }
        return (tokens + specials, merges)
    }
}

/// Scores each span on a session of its own that reads all of it and nothing else, and writes each text alone.
struct LonelyScorer: Scorer {
    let model: Model
    var context: Int { model.shape.context }
    var chatTemplate: ChatTemplate? { model.tokenizer.chatTemplate }
    private let encoder: SessionScorer

    init(_ model: Model) throws {
        self.model = model
        encoder = try Session(model, threads: 1).scorer()
    }

    func tokens(_ parts: [Part]) -> [Token] { encoder.tokens(parts) }

    func logprobs(_ spans: [AnswerSpan]) throws -> [[Float]] {
        try spans.map { span in
            let session = try Session(model, threads: 1)
            _ = try session.sync(to: span.ids)
            return try session.steps(span.first..<span.ids.count).compactMap { $0?.logprob }
        }
    }

    func completions(_ prompts: [[TokenID]], most: Int, stop: [String]) throws -> [Written] {
        try prompts.map { ids in
            let session = try Session(model, threads: 1)
            _ = try session.sync(to: ids)
            var sampling = Sampling(), written = Written(text: [], tokens: 0, end: .length)
            (sampling.temperature, sampling.maxTokens, sampling.stop) = (0, most, stop.map { Array($0.utf8) })
            var generation = Generation(session, sampling: sampling, seed: 0, speculates: false)
            while true {
                let (tokens, end) = try generation.next()
                written.text += tokens.flatMap(\.bytes)
                written.tokens += tokens.count
                if let end {
                    written.end = TextEnd(end)
                    return written
                }
            }
        }
    }
}
