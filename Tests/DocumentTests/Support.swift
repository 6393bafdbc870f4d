import Foundation
import GGUF
import Glibc
import Testing
import Tokenizer

import Document

/// A generator with a seed, so that a failure comes back.
struct Dice: RandomNumberGenerator {
    var state: UInt64
    init(_ seed: Int) { state = UInt64(seed) }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<max(1, bound), using: &self) }

    mutating func range(in count: Int, longest: Int) -> Range<Int> {
        let start = below(count + 1)
        return start..<min(count, start + below(longest + 1))
    }

    /// Text made of what tokenisers treat differently, broken bytes included.
    mutating func text(_ parts: Int) -> [UInt8] {
        let atoms: [[UInt8]] = [
            "a", "b", "he", "llo", "hello", " ", "  ", "\n", "\r\n", "\t", "'", "'s", "'re", "1", "42", ".", "!?", "<", "tool", ">", "<tool>",
            "é", "ж", "字", "、", "。", "ｂ", "，", "\u{301}", "👍🏽", "\u{3000}", "ſ", " hello world", "<|im_end|>",
        ].map { Array($0.utf8) } + [[0xFF], [0xC3], [0xE5, 0xAD], [0x80]]
        return (0..<parts).flatMap { _ in atoms[below(atoms.count)] }
    }
}

/// A model's tokeniser small enough to make here: all bytes, a few merges, two control tokens and a user-defined one.
enum Tiny {
    static let patterns = ["gpt-2", "smollm", "llama-bpe", "qwen2"]
    /// Byte pairs by pattern, and scored pieces with a space read before a text, and without.
    static let kinds = patterns + ["pieces", "pieces without a space"]
    static let merges = ["h e", "l l", "he ll", "hell o", "Ġ w", "a a", "aa aa", "a b", "Ġ Ġ", "ĠĠ ĠĠ", "Ċ Ċ", "' s", "' r", "'r e", "Ġ hello", "t o"]
    static let end = TokenID(256 + merges.count + 1)
    static let text = Array("<|im_end|>".utf8)

    static func character(_ byte: Int) -> String {
        let visible = Array(0x21...0x7E) + Array(0xA1...0xAC) + Array(0xAE...0xFF)
        let hidden = (0...255).filter { !visible.contains($0) }
        let value = hidden.firstIndex(of: byte).map { 256 + $0 } ?? byte
        return UnicodeScalar(UInt32(value)).map { String($0) } ?? ""
    }

    static func tokenizer(_ pattern: String = "smollm") throws -> Tokenizer {
        var writer = GGUFWriter()
        if pattern.hasPrefix("pieces") {
            // As many tokens as below, so that the special ones have the same ids.
            let words = merges.map { $0.filter { $0 != " " }.replacing("Ġ", with: "▁").replacing("Ċ", with: "\n") }
            writer.add("tokenizer.ggml.model", "llama")
            writer.add("tokenizer.ggml.tokens", strings: (0...255).map { String(format: "<0x%02X>", $0) } + words + ["<|im_start|>", "<|im_end|>", "<tool>"])
            writer.add("tokenizer.ggml.token_type", integers: [Int32](repeating: 6, count: 256) + words.map { _ in 1 } + [3, 3, 4])
            writer.add("tokenizer.ggml.scores", reals: [Float](repeating: 0, count: 256) + words.indices.map { -Float($0) } + [0, 0, 0])
            writer.add("tokenizer.ggml.add_space_prefix", .bool(pattern == "pieces"))
            return try Tokenizer(GGUF(header: writer.bytes()))
        }
        writer.add("tokenizer.ggml.model", "gpt2")
        writer.add("tokenizer.ggml.pre", pattern)
        let joined = merges.map { String($0.filter { $0 != " " }) }
        writer.add("tokenizer.ggml.tokens", strings: (0...255).map(character) + joined + ["<|im_start|>", "<|im_end|>", "<tool>"])
        writer.add("tokenizer.ggml.token_type", integers: [Int32](repeating: 1, count: 256 + merges.count) + [3, 3, 4])
        writer.add("tokenizer.ggml.merges", strings: merges)
        return try Tokenizer(GGUF(header: writer.bytes()))
    }
}

/// The default model's tokeniser, if the model is there.
enum DefaultModel {
    static let path: String? = {
        func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 } }
        let cache = variable("XDG_CACHE_HOME") ?? (variable("HOME") ?? "") + "/.cache"
        let path = variable("TERRARIUM_MODEL") ?? cache + "/terrarium/models/SmolLM2-135M-Instruct.Q4_1.gguf"
        return access(path, R_OK) == 0 ? path : nil
    }()
}

/// The tokens of a document worked out the slow way: each run between kept ids by itself.
func encodedFromScratch(_ document: Document, _ tokenizer: Tokenizer) -> [DocToken] {
    var tokens: [DocToken] = []
    var start = 0
    func run(to end: Int) {
        // A space that is read before a text is read at its beginning, and behind a special token.
        let continues = start > 0 && tokens.last?.special != true
        for token in tokenizer.tokens(Array(document.bytes[start..<end]), continues: continues) {
            tokens.append(DocToken(id: token.id, range: token.range, kept: false, special: false).shifted(by: start))
        }
    }
    for token in document.kept {
        run(to: token.range.lowerBound)
        tokens.append(token)
        start = token.range.upperBound
    }
    run(to: document.count)
    return tokens
}

/// A folder for one test, gone after it.
func withFolder(_ body: (String) throws -> Void) throws {
    let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array((parent + "/documentXXXXXX").utf8CString)
    let made = mkdtemp(&template) != nil
    try #require(made)
    let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { remove(folder) }
    try body(folder)
}

private func remove(_ path: String) {
    if let directory = opendir(path) {
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if name == "." || name == ".." { continue }
            var status = stat()
            let child = path + "/" + name
            if lstat(child, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { remove(child) } else { unlink(child) }
        }
        closedir(directory)
    }
    rmdir(path)
}

func put(_ text: String, _ path: String) throws {
    let file = try #require(fopen(path, "w"))
    fputs(text, file)
    fclose(file)
}

func text(_ path: String) -> String? { FileBytes.read(path).map { String(decoding: $0, as: UTF8.self) } }

extension String { var bytes: [UInt8] { Array(utf8) } }
