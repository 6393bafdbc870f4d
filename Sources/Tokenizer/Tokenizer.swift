import GGUF

package typealias TokenID = Int32

/// A token and the bytes of the encoded text it stands for.
package struct Token: Sendable, Equatable {
    package let id: TokenID
    package let range: Range<Int>

    package init(id: TokenID, range: Range<Int>) {
        self.id = id
        self.range = range
    }
}

/// Text to token ids and back, by byte-level byte pairs.
///
/// In: any bytes, valid UTF-8 or not. Out: ids with the bytes they stand for, in time proportional to the text.
/// Invariants: tokens are in order, do not overlap, and their bytes are the text's; only a byte that the model has no token for
/// is left out (`missingBytes`), so that a gap between ranges shows it. Without `specials`, the text of a control token is plain
/// text; user-defined tokens are always read as such, as their models were trained.
/// Must not know: the transformer.
package final class Tokenizer: Sendable {
    /// The name of the pattern that cuts text into pieces.
    package let name: String
    package let bos: TokenID?
    package let eos: TokenID?
    package let endOfTurn: TokenID?
    package let addsBOS: Bool
    package let chatTemplate: ChatTemplate?
    /// The name of the model's chat format when it is one that cannot be written.
    package let unknownTemplate: String?
    private let vocabulary: Vocabulary
    private let pairs: BytePairs
    private let pretokenizer: Pretokenizer
    private let specials: SpecialTokens
    private let endings: Set<TokenID>

    /// Throws: when the model has no tokeniser, one of an unsupported kind, or a damaged one.
    package init(_ gguf: GGUF) throws(TokenizerError) {
        guard let model = gguf.string("tokenizer.ggml.model") else { throw .missing(key: "tokenizer.ggml.model") }
        guard model == "gpt2" else { throw .unsupportedModel(found: model, supported: ["gpt2"]) }
        let pattern = gguf.string("tokenizer.ggml.pre") ?? "gpt-2"
        guard let pretokenizer = Pretokenizer.table.first(where: { $0.name == pattern }) else {
            throw .unsupportedPattern(found: pattern, supported: Pretokenizer.table.map { $0.name })
        }
        guard let tokens = gguf.strings("tokenizer.ggml.tokens") else { throw .missing(key: "tokenizer.ggml.tokens") }
        guard tokens.count > 0 else { throw .empty(key: "tokenizer.ggml.tokens") }
        guard let merges = gguf.strings("tokenizer.ggml.merges") else { throw .missing(key: "tokenizer.ggml.merges") }
        for (key, found) in [("tokenizer.ggml.tokens", tokens.count), ("tokenizer.ggml.merges", merges.count)] {
            guard found <= Tokenizer.countLimit else { throw .tooMany(key: key, found: found, limit: Tokenizer.countLimit) }
        }
        let kinds = gguf.integers("tokenizer.ggml.token_type") ?? [Int](repeating: 1, count: tokens.count)
        guard kinds.count == tokens.count else {
            throw .counts(key: "tokenizer.ggml.token_type", found: kinds.count, expected: tokens.count)
        }
        let vocabulary = Vocabulary(tokens, kinds: kinds)
        let specials = SpecialTokens(vocabulary)
        func id(_ name: String) throws(TokenizerError) -> TokenID? {
            let key = "tokenizer.ggml.\(name)_token_id"
            guard let number = gguf.integer(key) else { return nil }
            guard number >= 0, number < tokens.count else { throw .idOutOfRange(key: key, found: number, count: tokens.count) }
            return TokenID(number)
        }
        let eos = try id("eos")
        let eot = try id("eot")
        let turnEnds = Tokenizer.turnEnds.compactMap { specials.id($0) }
        self.bos = try id("bos")
        self.eos = eos
        self.endOfTurn = eot ?? turnEnds.first
        self.endings = Set([eos, eot, try id("eom")].compactMap { $0 } + turnEnds + Tokenizer.textEnds.compactMap { specials.id($0) })
        self.name = pattern
        self.addsBOS = gguf.bool("tokenizer.ggml.add_bos_token") ?? pretokenizer.addsBOS
        self.pretokenizer = pretokenizer
        self.pairs = try BytePairs(merges, vocabulary)
        self.vocabulary = vocabulary
        self.specials = specials
        switch ChatTemplate.recognise(gguf.string("tokenizer.chat_template"), special: { specials.id($0) }) {
        case .none: (chatTemplate, unknownTemplate) = (nil, nil)
        case .known(let template): (chatTemplate, unknownTemplate) = (template, nil)
        case .unknown(let name): (chatTemplate, unknownTemplate) = (nil, name)
        }
    }

    /// The most tokens, and the most merges; four times what the largest known model has.
    private static let countLimit = 1 << 20
    /// Unit: bytes. A longer piece is cut: it passes every context, and merging needs some twenty times its memory.
    private static let longestPiece = 1 << 20
    private static let turnEnds = ["<|im_end|>", "<|eot_id|>", "<|end|>", "<end_of_turn>", "<|eom_id|>"]
    private static let textEnds = ["<|endoftext|>", "<|end_of_text|>", "</s>"]
}

extension Tokenizer {
    package var count: Int { vocabulary.count }

    /// The bytes a token stands for, of a special token its text; empty out of range.
    package func bytes(_ id: TokenID) -> [UInt8] { Array(vocabulary.bytes(id)) }

    /// Whether a token is a control or a user-defined one.
    package func isSpecial(_ id: TokenID) -> Bool { vocabulary.isSpecial(id) }

    /// The special token with this text.
    package func special(_ text: String) -> TokenID? { specials.id(text) }

    /// Whether a model that says this token has finished its turn or its text.
    package func endsGeneration(_ id: TokenID) -> Bool { endings.contains(id) }

    /// Bytes that no token of the model stands for; text that holds one loses it.
    package var missingBytes: [UInt8] { (0...255).filter { vocabulary.byteTokens[Int($0)] < 0 } }

    package func encode(_ text: [UInt8], specials: Bool = false) -> [TokenID] {
        var ids: [TokenID] = []
        // Prose has a token for three to four bytes.
        ids.reserveCapacity(text.count / 3)
        walk(text, controls: specials) { id, _ in ids.append(id) }
        return ids
    }

    package func tokens(_ text: [UInt8], specials: Bool = false) -> [Token] {
        var tokens: [Token] = []
        walk(text, controls: specials) { id, range in tokens.append(Token(id: id, range: range)) }
        return tokens
    }

    /// The pieces that are encoded each on its own; they cover the text.
    package func pieces(_ text: [UInt8]) -> [Range<Int>] {
        var pieces: [Range<Int>] = []
        cut(text, controls: false) { range, _ in pieces.append(range) }
        return pieces
    }

    private func walk(_ text: [UInt8], controls: Bool, _ give: (TokenID, Range<Int>) -> Void) {
        var work = BytePairs.Work()
        cut(text, controls: controls) { piece, special in
            if let special {
                give(special, piece)
                return
            }
            if pretokenizer.ignoresMerges, let id = vocabulary.id(text, piece) {
                give(id, piece)
                return
            }
            let (spaced, count) = pairs.encode(text, piece, vocabulary.byteTokens, &work)
            var start = piece.lowerBound
            var index = 0
            while index < count {
                let id = work.ids[index]
                let length = id < 0 ? 1 : vocabulary.length(id)
                if id >= 0 { give(id, start..<start + length) }
                start += length
                index += spaced ? length : 1
            }
        }
    }

    /// Goes through the special tokens and the pieces between them.
    private func cut(_ text: [UInt8], controls: Bool, _ give: (Range<Int>, TokenID?) -> Void) {
        var start = 0
        while start < text.count {
            let special = specials.first(in: text, from: start, controls: controls)
            let end = special?.range.lowerBound ?? text.count
            while start < end {
                var limit = min(end, start + Tokenizer.longestPiece)
                if limit < end, let character = (limit - 3...limit).last(where: { text[$0] & 0xC0 != 0x80 }) { limit = character }
                let pieceEnd = pretokenizer.pieceEnd(text, from: start, end: limit)
                give(start..<pieceEnd, nil)
                start = pieceEnd
            }
            if let special {
                give(special.range, special.id)
                start = special.range.upperBound
            }
        }
    }
}
