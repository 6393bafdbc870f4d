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

/// Text to token ids and back, by byte-level byte pairs or by scored pieces.
///
/// In: any bytes, valid UTF-8 or not. Out: ids with the bytes they stand for, in time proportional to the text.
/// Invariants: tokens are in order, do not overlap, and their bytes are the text's; only a byte that the model has no token for
/// is left out (`missingBytes`), so that a gap between ranges shows it; a space that a model reads before a text's beginning stands
/// for no bytes of it. Without `specials`, the text of a control token is plain
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
    let vocabulary: Vocabulary
    let specials: SpecialTokens
    /// How text between special tokens becomes ids.
    enum Scheme: Sendable {
        case pairs(BytePairs, Pretokenizer)
        case pieces(SentencePieces)
    }
    let scheme: Scheme
    private let endings: Set<TokenID>

    /// Throws: when the model has no tokeniser, one of an unsupported kind, or a damaged one.
    package init(_ gguf: GGUF) throws(TokenizerError) {
        guard let model = gguf.string("tokenizer.ggml.model") else { throw .missing(key: "tokenizer.ggml.model") }
        guard Tokenizer.models.contains(model) else { throw .unsupportedModel(found: model, supported: Tokenizer.models) }
        guard let tokens = gguf.strings("tokenizer.ggml.tokens") else { throw .missing(key: "tokenizer.ggml.tokens") }
        guard tokens.count > 0 else { throw .empty(key: "tokenizer.ggml.tokens") }
        guard tokens.count <= Tokenizer.countLimit else {
            throw .tooMany(key: "tokenizer.ggml.tokens", found: tokens.count, limit: Tokenizer.countLimit)
        }
        let kinds = gguf.integers("tokenizer.ggml.token_type") ?? [Int](repeating: 1, count: tokens.count)
        guard kinds.count == tokens.count else {
            throw .counts(key: "tokenizer.ggml.token_type", found: kinds.count, expected: tokens.count)
        }
        let vocabulary = Vocabulary(tokens, kinds: kinds, spelling: model == "gpt2" ? .alphabet : .pieces)
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
        let defaultBOS: Bool
        if model == "gpt2" {
            let pattern = gguf.string("tokenizer.ggml.pre") ?? "gpt-2"
            guard let pretokenizer = Pretokenizer.named(pattern) else {
                throw .unsupportedPattern(found: pattern, supported: Pretokenizer.table.map { $0.name })
            }
            guard let merges = gguf.strings("tokenizer.ggml.merges") else { throw .missing(key: "tokenizer.ggml.merges") }
            guard merges.count <= Tokenizer.countLimit else {
                throw .tooMany(key: "tokenizer.ggml.merges", found: merges.count, limit: Tokenizer.countLimit)
            }
            scheme = .pairs(try BytePairs(merges, vocabulary), pretokenizer)
            (name, defaultBOS) = (pattern, pretokenizer.addsBOS)
        } else {
            let key = "tokenizer.ggml.scores"
            guard let scores = gguf.reals(key) else { throw .missing(key: key) }
            guard scores.count == tokens.count else { throw .counts(key: key, found: scores.count, expected: tokens.count) }
            let addsSpace = gguf.bool("tokenizer.ggml.add_space_prefix") ?? true
            scheme = .pieces(SentencePieces(scores: scores.map { Float($0) }, addsSpace: addsSpace, vocabulary))
            (name, defaultBOS) = ("pieces", true)
        }
        self.addsBOS = gguf.bool("tokenizer.ggml.add_bos_token") ?? defaultBOS
        self.vocabulary = vocabulary
        self.specials = specials
        switch ChatTemplate.recognise(gguf.string("tokenizer.chat_template"), special: { specials.id($0) }) {
        case .none: (chatTemplate, unknownTemplate) = (nil, nil)
        case .known(let template): (chatTemplate, unknownTemplate) = (template, nil)
        case .unknown(let name): (chatTemplate, unknownTemplate) = (nil, name)
        }
    }

    /// Names for tokens of which nothing but their bytes is known, by their places; it encodes nothing.
    package init(words: [[UInt8]]) {
        vocabulary = Vocabulary(words: words)
        specials = SpecialTokens(vocabulary)
        scheme = .pieces(SentencePieces(scores: words.map { _ in 0 }, addsSpace: false, vocabulary))
        (name, bos, eos, endOfTurn, addsBOS, chatTemplate, unknownTemplate, endings) = ("words", nil, nil, nil, false, nil, nil, [])
    }

    /// The most tokens, and the most merges; four times what the largest known model has.
    private static let countLimit = 1 << 20
    /// Byte pairs, and scored pieces, as the format names them.
    private static let models = ["gpt2", "llama"]
    private static let turnEnds = ["<|im_end|>", "<|eot_id|>", "<|end|>", "<end_of_turn>", "<|eom_id|>"]
    private static let textEnds = ["<|endoftext|>", "<|end_of_text|>", "</s>"]
}

extension Tokenizer {
    package var count: Int { vocabulary.count }

    /// The bytes a token stands for, of a special token its text; empty out of range.
    package func bytes(_ id: TokenID) -> [UInt8] { Array(vocabulary.bytes(id)) }

    /// Whether every id means the same in both.
    package func hasSameTokens(as other: Tokenizer) -> Bool { self === other || vocabulary == other.vocabulary }

    /// Whether a token is a control one, or a user-defined one that is not white space.
    package func isSpecial(_ id: TokenID) -> Bool { vocabulary.isSpecial(id) }

    /// The special token with this text.
    package func special(_ text: String) -> TokenID? { specials.id(text) }

    /// Whether a model that says this token has finished its turn or its text.
    package func endsGeneration(_ id: TokenID) -> Bool { endings.contains(id) }

    /// Bytes that no token of the model stands for; text that holds one loses it.
    package var missingBytes: [UInt8] { (0...255).filter { vocabulary.byteTokens[Int($0)] < 0 } }
}
