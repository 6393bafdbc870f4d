import Foundation
import GGUF
import Testing

import Tokenizer

/// Where the default model lies, when it is there.
enum DefaultModel {
    static let path: String? = {
        let environment = ProcessInfo.processInfo.environment
        let cache = environment["XDG_CACHE_HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? (environment["HOME"] ?? "") + "/.cache"
        let path = environment["TERRARIUM_MODEL"] ?? cache + "/terrarium/models/SmolLM2-135M-Instruct.Q4_1.gguf"
        return FileManager.default.isReadableFile(atPath: path) ? path : nil
    }()
    static let isThere = path != nil
    /// Times are promised for optimised code only.
    static let isOptimised = {
        #if DEBUG
            false
        #else
            true
        #endif
    }()
    static let comment: Comment = "the default model is not there: run `make model` or set TERRARIUM_MODEL"
}

/// A tokeniser small enough to work out by hand: all bytes, a few merges, three control tokens and one user-defined.
struct TinyModel {
    var pattern = "gpt-2"
    var merges = ["h e", "l l", "he ll", "hell o", "Ġ w", "a a", "aa aa", "aaaa aaaa", "a b"]
    var controls = ["<|im_start|>", "<|im_end|>", "<|endoftext|>"]
    var userDefined = ["<tool>"]
    var template: String?
    var extra: [(String, Value)] = []

    /// GPT-2's character for a byte, worked out apart from the code under test.
    static func character(_ byte: UInt8) -> String {
        let visible = Array(0x21...0x7E) + Array(0xA1...0xAC) + Array(0xAE...0xFF)
        if visible.contains(Int(byte)) { return String(UnicodeScalar(byte)) }
        let hidden = (0...255).filter { !visible.contains($0) }
        return hidden.firstIndex(of: Int(byte)).flatMap { UnicodeScalar(UInt32(256 + $0)) }.map { String($0) } ?? ""
    }

    static func text(_ bytes: [UInt8]) -> String { bytes.map { character($0) }.joined() }

    /// Ids: bytes 0 to 255, then the merges in order, then controls, then user-defined.
    var tokens: [String] {
        (0...255).map { TinyModel.character($0) } + merges.map { $0.replacingOccurrences(of: " ", with: "") } + controls + userDefined
    }

    func writer() -> GGUFWriter {
        var writer = GGUFWriter()
        writer.add("tokenizer.ggml.model", "gpt2")
        writer.add("tokenizer.ggml.pre", pattern)
        writer.add("tokenizer.ggml.tokens", strings: tokens)
        let kinds = [Int32](repeating: 1, count: 256 + merges.count) + controls.map { _ in 3 } + userDefined.map { _ in 4 }
        writer.add("tokenizer.ggml.token_type", integers: kinds)
        writer.add("tokenizer.ggml.merges", strings: merges)
        if let template { writer.add("tokenizer.chat_template", template) }
        for (key, value) in extra { writer.add(key, value) }
        return writer
    }

    func tokenizer() throws -> Tokenizer { try Tokenizer(GGUF(header: writer().bytes())) }

    func id(_ text: String) throws -> TokenID { try TokenID(#require(tokens.firstIndex(of: text))) }
}

enum Fixture {
    static func load<T: Decodable>(_ name: String, as type: T.Type = T.self, file: String = #filePath) throws -> T {
        let url = URL(fileURLWithPath: file).deletingLastPathComponent().appendingPathComponent("Fixtures/" + name)
        return try JSONDecoder().decode(T.self, from: Data(contentsOf: url))
    }
}

/// The same numbers in every run.
struct FixedRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
