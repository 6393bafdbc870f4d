/// Cuts text into the pieces that byte pairs never merge across: published patterns as hand-written scanners.
///
/// In: any bytes. Out: the end of the piece that begins at a place; pieces are never empty and cover the text.
/// Every piece costs time proportional to its length (at most twice that): no backtracking.
/// Source: the patterns of GPT-2, SmolLM, Llama 3 and Qwen 2 as published with their tokenisers.
package struct Pretokenizer: Sendable, Equatable {
    /// As `tokenizer.ggml.pre` names it.
    package let name: String
    /// The most digits of one piece; nil: any number.
    let digits: Int?
    /// Llama 3's pattern and its kin, else GPT-2's.
    let isModern: Bool
    /// Digits are cut out first, so that the text before a digit ends there.
    let endsAtDigits: Bool
    /// A piece that is a token is that token, whatever the merges say.
    let ignoresMerges: Bool
    /// What holds when `tokenizer.ggml.add_bos_token` is absent.
    let addsBOS: Bool

    package static let table = [
        Pretokenizer(name: "smollm", digits: 1, isModern: false, endsAtDigits: true, ignoresMerges: false, addsBOS: false),
        Pretokenizer(name: "gpt-2", digits: nil, isModern: false, endsAtDigits: false, ignoresMerges: false, addsBOS: false),
        Pretokenizer(name: "llama-bpe", digits: 3, isModern: true, endsAtDigits: false, ignoresMerges: true, addsBOS: true),
        Pretokenizer(name: "qwen2", digits: 1, isModern: true, endsAtDigits: false, ignoresMerges: false, addsBOS: false),
    ]

    /// Other names of the same patterns. Source: llama.cpp's table of `tokenizer.ggml.pre`.
    private static let aliases = [
        "llama3": "llama-bpe", "llama-v3": "llama-bpe", "falcon3": "llama-bpe", "falcon-h1": "llama-bpe", "pixtral": "llama-bpe",
        "midm-2.0": "llama-bpe", "lfm2": "llama-bpe", "phi-2": "gpt-2", "mpt": "gpt-2", "olmo": "gpt-2", "jais": "gpt-2",
        "deepseek-r1-qwen": "qwen2", "kormo": "qwen2", "megrez": "qwen2",
    ]

    package static func named(_ name: String) -> Pretokenizer? { table.first { $0.name == aliases[name] ?? name } }

    /// The end of the piece that begins at `start`, which is before `end`.
    func pieceEnd(_ bytes: [UInt8], from start: Int, end: Int) -> Int {
        let first = CodePoint(bytes, at: start, end: end)
        if first.value == 0x27, let contraction = contractionEnd(bytes, from: start, end: end) { return contraction }
        return isModern ? modern(bytes, start, first, end) : classic(bytes, start, first, end)
    }

    //  ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
    private func classic(_ bytes: [UInt8], _ start: Int, _ first: CodePoint, _ end: Int) -> Int {
        var kind = first.kind
        var body = start
        if first.value == 0x20, start + 1 < end {
            kind = CodePoint(bytes, at: start + 1, end: end).kind
            body = start + 1
        }
        switch kind {
        case .letter, .other:
            return runEnd(of: kind, bytes, from: body, end: end)
        case .number:
            if endsAtDigits && body > start { return body }
            return runEnd(of: .number, bytes, from: body, end: end, limit: digits ?? .max)
        case .space:
            return spaceEnd(bytes, from: start, end: end)
        }
    }

    // [^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
    private func modern(_ bytes: [UInt8], _ start: Int, _ first: CodePoint, _ end: Int) -> Int {
        let kind = first.kind
        let second = start + first.length
        switch kind {
        case .letter: return runEnd(of: .letter, bytes, from: start, end: end)
        case .number: return runEnd(of: .number, bytes, from: start, end: end, limit: digits ?? .max)
        case .other, .space: break
        }
        let next = second < end ? CodePoint(bytes, at: second, end: end).kind : .space
        if next == .letter && !isNewline(first.value) { return runEnd(of: .letter, bytes, from: second, end: end) }
        if kind == .other || (first.value == 0x20 && next == .other) {
            var index = runEnd(of: .other, bytes, from: kind == .other ? start : second, end: end)
            while index < end, isNewline(UInt32(bytes[index])) { index += 1 }
            return index
        }
        return spaceEnd(bytes, from: start, end: end)
    }

    private func isNewline(_ value: UInt32) -> Bool { value == 0x0A || value == 0x0D }

    private func runEnd(of kind: CharacterClass, _ bytes: [UInt8], from start: Int, end: Int, limit: Int = .max) -> Int {
        var index = start
        var count = 0
        while index < end, count < limit {
            let point = CodePoint(bytes, at: index, end: end)
            guard point.kind == kind else { break }
            index += point.length
            count += 1
        }
        return index
    }

    /// A run of white space: up to its last newline (modern), else all but the last character when text follows.
    private func spaceEnd(_ bytes: [UInt8], from start: Int, end: Int) -> Int {
        var index = start
        var last = start
        var afterNewline: Int?
        var stopsAtDigit = false
        while index < end {
            let point = CodePoint(bytes, at: index, end: end)
            let kind = point.kind
            guard kind == .space else {
                stopsAtDigit = kind == .number
                break
            }
            last = index
            index += point.length
            if isNewline(point.value) { afterNewline = index }
        }
        if isModern, let afterNewline { return afterNewline }
        let textFollows = index < end && !(stopsAtDigit && endsAtDigits)
        return textFollows && last > start ? last : index
    }

    /// 's 't 'm 'd 're 've 'll; the modern patterns take capitals too, and U+017F, which folds to s.
    private func contractionEnd(_ bytes: [UInt8], from start: Int, end: Int) -> Int? {
        func letter(_ index: Int) -> UInt8 {
            guard index < end else { return 0 }
            let byte = bytes[index]
            return isModern && (0x41...0x5A).contains(byte) ? byte + 0x20 : byte
        }
        switch (letter(start + 1), letter(start + 2)) {
        case (0x73, _), (0x74, _), (0x6D, _), (0x64, _): return start + 2
        case (0x72, 0x65), (0x76, 0x65), (0x6C, 0x6C): return start + 3
        case (0xC5, 0xBF) where isModern: return start + 3
        default: return nil
        }
    }
}
