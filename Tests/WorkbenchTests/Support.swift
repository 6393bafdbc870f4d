import Engine
import Foundation
import GGUF
import Terminal
import Testing
import Tokenizer

import Workbench

/// A real model of a few thousand numbers, with words of its own, so that panels can be drawn without the default model.
enum Tiny {
    static let words = [" men", " pe", " m", " pi", " la", " p", " poiv", " otter", " English", " French", "French", " cheese", " fromage", " de", " mer"]
    static let specials = ["<|im_start|>", "<|im_end|>", "<|endoftext|>"]
    /// Tokens the model holds.
    static let context = 64
    static let layers = 2, heads = 2

    static let model: Model = {
        do { return try file { try Model(path: $0, threads: 1) } } catch { fatalError("the tests' own model does not load: \(error)") }
    }()

    /// What a model says of its chats.
    struct Chat { let template: String, controls: [String] }
    static func chatting(_ chat: Chat) throws -> Model { try file(named: "another", chat: chat) { try Model(path: $0, threads: 1) } }

    /// One like it with other weights.
    static func other() throws -> Model {
        try file(named: "another") { try Model(path: $0, threads: 1) }
    }

    private static func character(_ byte: UInt8) -> String {
        let visible = Array(0x21...0x7E) + Array(0xA1...0xAC) + Array(0xAE...0xFF)
        if visible.contains(Int(byte)) { return String(UnicodeScalar(byte)) }
        let hidden = (0...255).filter { !visible.contains($0) }
        return hidden.firstIndex(of: Int(byte)).flatMap { UnicodeScalar(UInt32(256 + $0)) }.map { String($0) } ?? ""
    }

    /// Every word grows from its left, a byte a merge.
    private static func vocabulary(_ specials: [String]) -> (tokens: [String], merges: [String]) {
        var tokens = (0...255).map { character($0) }, merges: [String] = []
        for word in words {
            let letters = Array(word.utf8).map(character)
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

    private static func bytes(_ name: String, _ chat: Chat?) -> [UInt8] {
        var writer = GGUFWriter()
        let specials = chat?.controls ?? specials, (tokens, merges) = vocabulary(specials), width = 32, hidden = 32
        writer.add("general.architecture", "llama")
        writer.add("general.name", name)
        for (key, value) in [("block_count", layers), ("embedding_length", width), ("attention.head_count", heads), ("attention.head_count_kv", 1),
                             ("feed_forward_length", hidden), ("context_length", context), ("vocab_size", tokens.count)] {
            writer.add("llama.\(key)", .uint32(UInt32(value)))
        }
        writer.add("llama.attention.layer_norm_rms_epsilon", .float32(1e-5))
        writer.add("tokenizer.ggml.model", "gpt2")
        writer.add("tokenizer.ggml.pre", "gpt-2")
        writer.add("tokenizer.ggml.tokens", strings: tokens)
        writer.add("tokenizer.ggml.token_type", integers: tokens.indices.map { $0 < tokens.count - specials.count ? 1 : 3 })
        writer.add("tokenizer.ggml.merges", strings: merges)
        writer.add("tokenizer.ggml.eos_token_id", .uint32(UInt32(tokens.count - 1)))
        if let chat { writer.add("tokenizer.chat_template", .string(chat.template)) }
        var seed: UInt64 = name == "tiny" ? 5 : 6
        func random() -> Float {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(seed >> 40) / Float(1 << 24) - 0.5
        }
        func matrix(_ name: String, _ rows: Int, _ columns: Int) {
            writer.add(tensor: name, shape: [columns, rows], floats: (0..<rows * columns).map { _ in random() })
        }
        func vector(_ name: String) { writer.add(tensor: name, shape: [width], floats: Array(repeating: 1, count: width)) }
        for layer in 0..<layers {
            let name = "blk.\(layer)."
            vector(name + "attn_norm.weight")
            matrix(name + "attn_q.weight", width, width)
            matrix(name + "attn_k.weight", width / heads, width)
            matrix(name + "attn_v.weight", width / heads, width)
            matrix(name + "attn_output.weight", width, width)
            vector(name + "ffn_norm.weight")
            matrix(name + "ffn_gate.weight", hidden, width)
            matrix(name + "ffn_up.weight", hidden, width)
            matrix(name + "ffn_down.weight", width, hidden)
        }
        vector("output_norm.weight")
        matrix("token_embd.weight", tokens.count, width)
        return writer.bytes()
    }

    /// Runs with the model as a file, which is gone afterwards.
    static func file<Result>(named name: String = "tiny", chat: Chat? = nil, _ body: (_ path: String) throws -> Result) throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("terrarium-tiny-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("tiny.F32.gguf").path
        try Data(bytes(name, chat)).write(to: URL(fileURLWithPath: path))
        return try body(path)
    }

    /// The id of a text that is one token.
    static func id(_ text: String) -> TokenID {
        if let id = model.tokenizer.special(text) { return id }
        let ids = model.tokenizer.encode(Array(text.utf8))
        precondition(ids.count == 1, "\(text) is \(ids.count) tokens")
        return ids[0]
    }

    /// Logits whose probabilities are these; the rest of the vocabulary shares what is left, falling slowly.
    static func logits(_ shares: [(String, Double)]) -> [Float] {
        let count = model.tokenizer.count
        let left = max(1e-9, 1 - shares.reduce(0) { $0 + $1.1 })
        let weights = (0..<count).map { pow(0.99, Double($0)) }, sum = weights.reduce(0, +)
        var logits = weights.map { Float(log(left * $0 / sum)) }
        for (text, share) in shares { logits[Int(id(text))] = Float(log(share)) }
        return logits
    }

    /// The distribution of the wireframes.
    static let peppermint = logits([
        (" men", 0.381), (" pe", 0.177), (" m", 0.080), (" pi", 0.052), (" la", 0.038), (" p", 0.029), (" poiv", 0.022), ("<|im_end|>", 0.004),
    ])
}

extension State {
    /// A desk with the tiny model and a text; the cursor stands at its end.
    static func desk(_ text: String = "English: peppermint\nFrench:", width: Int = 120, height: Int = 30) -> State {
        var state = State(width: width, height: height)
        _ = state.update(.report(.loaded(Tiny.model)))
        if !text.isEmpty { _ = state.update(.event(.paste(Array(text.utf8)))) }
        return state
    }

    /// The model's answer at the place of the cursor.
    func reading(_ logits: [Float]) -> State {
        var state = self
        _ = state.update(.report(.reading(version: state.reading.version, position: state.here.position, logits: logits)))
        return state
    }

    /// Keys one after the other, and the effects of all of them.
    @discardableResult
    mutating func press(keys: Key...) -> [Effect] { keys.flatMap { update(.event(.key($0))) } }

    /// Makes a panel the focused one.
    func focused(on panel: Panel) -> State {
        var state = self
        if let slot = state.slots.firstIndex(of: panel) { state.focus = .slot(slot) } else {
            state.slots[0] = panel
            state.focus = .slot(0)
        }
        return state.settled()
    }

    /// As after a message that changes nothing.
    func settled() -> State {
        var state = self
        _ = state.update(.event(.resize(width: size.width, height: size.height)))
        return state
    }

    var textOfDocument: String { String(decoding: editor.document.bytes, as: UTF8.self) }
    var screenText: String { View.frame(self).dump() }
}

/// A panel alone, of some size, as text.
func panel(_ width: Int, _ height: Int, _ draw: (Rect, inout Frame) -> Void) -> Frame {
    var frame = Frame(width: width, height: height)
    draw(Rect(width: width, height: height), &frame)
    return frame
}

/// The text of a frame with a leading newline, so that expected screens can begin on a line of their own.
func shown(_ frame: Frame) -> String { "\n" + frame.dump() + "\n" }

/// The sizes of a panel at which something begins or ends to fit.
let sizes: [(width: Int, height: Int)] = [1, 2, 3, 4, 5, 7, 10, 12].flatMap { height in [1, 2, 3, 8, 20, 27, 38, 45, 58].map { ($0, height) } } + [(500, 200), (96, 40)]

/// Keeps a failed expectation from printing the whole state that a value was taken from.
func copy<Value>(_ value: Value) -> Value { value }
