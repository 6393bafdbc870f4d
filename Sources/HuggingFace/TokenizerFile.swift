import GGUF
import JSONText

/// tokenizer.json of the library `tokenizers`: byte pairs over bytes, or over characters with bytes for those that are no token,
/// which is what SentencePiece's byte pairs become there.
struct TokenizerFile {
    let json: JSON
    let path: String

    init(_ json: JSON, path: String) { (self.json, self.path) = (json, path) }

    /// The format's numbers for kinds of tokens.
    private enum Kind: Int32 { case normal = 1, unknown, control, userDefined, unused, byte }

    /// Text compared byte by byte.
    private struct Exact: Hashable {
        let text: String
        init(_ text: String) { self.text = text }
        static func == (a: Self, b: Self) -> Bool { a.text.utf8.elementsEqual(b.text.utf8) }
        func hash(into hasher: inout Hasher) { for byte in text.utf8 { hasher.combine(byte) } }
    }

    private func unsupported(_ found: String, _ supported: String) -> FolderError { FolderError(path: path, fault: .tokenizer(found, supported: supported)) }
    private func fault(_ key: String, _ expected: String) -> FolderError { FolderError(path: path, fault: .key(key, expected: expected, found: "something else")) }

    func metadata(_ config: Config, settings: JSON?, template: String?) throws(FolderError) -> [String: Value] {
        let kind = json["model"]?["type"]?.asString ?? (json["model"]?["merges"] != nil ? "BPE" : "no model")
        guard let model = json["model"], kind == "BPE" else { throw unsupported("a tokeniser of the kind \(kind)", "byte pairs (BPE) are") }
        guard let vocabulary = model["vocab"]?.asObject else { throw fault("model.vocab", "tokens and their numbers") }
        let added = json["added_tokens"]?.asArray ?? [], limit = 4 << 20
        var count = 0
        for number in vocabulary.map(\.1) + added.compactMap({ $0["id"] }) {
            guard let id = number.asInt, (0..<limit).contains(id) else { throw fault("the number of a token", "0 to \(limit - 1)") }
            count = max(count, id + 1)
        }
        let hasBytes = model["byte_fallback"]?.asBool == true
        var tokens = (0..<count).map { "[unused \($0)]" }, kinds = [Int32](repeating: Kind.unused.rawValue, count: count), ids: [Exact: Int] = [:]
        ids.reserveCapacity(count)
        for (text, number) in vocabulary {
            guard let id = number.asInt else { continue }
            (tokens[id], kinds[id], ids[Exact(text)]) = (text, (hasBytes && Self.isByte(text) ? Kind.byte : .normal).rawValue, id)
        }
        if let unknown = model["unk_token"]?.asString, let id = ids[Exact(unknown)] { kinds[id] = Kind.unknown.rawValue }
        for token in added {
            guard let id = token["id"]?.asInt, let text = token["content"]?.asString else { throw fault("added_tokens", "numbers and texts") }
            (tokens[id], ids[Exact(text)]) = (text, id)
            if kinds[id] != Kind.unknown.rawValue { kinds[id] = (token["special"]?.asBool == true ? Kind.control : .userDefined).rawValue }
        }
        let merges = try merges(model)
        var keys: [String: Value] = [
            "tokenizer.ggml.tokens": .array(.strings(StringTable(tokens.map(\.utf8)))),
            "tokenizer.ggml.token_type": .array(.numbers(NumberTable(kinds))),
        ]
        if hasBytes {
            // A token made by an earlier merge has a higher score.
            var scores = [Float](repeating: -Float(merges.count) - 1, count: count)
            for (rank, pair) in merges.enumerated().reversed() {
                if let id = ids[Exact(pair.0 + pair.1)] { scores[id] = -Float(rank) }
            }
            keys["tokenizer.ggml.model"] = .string("llama")
            keys["tokenizer.ggml.scores"] = .array(.numbers(NumberTable(scores)))
            keys["tokenizer.ggml.add_space_prefix"] = .bool(addsSpace)
        } else {
            keys["tokenizer.ggml.model"] = .string("gpt2")
            keys["tokenizer.ggml.pre"] = .string(try pattern())
            keys["tokenizer.ggml.merges"] = .array(.strings(StringTable(merges.map { "\($0.0) \($0.1)".utf8 })))
        }
        try ends(config, settings, ids, count, &keys)
        if let text = template ?? Self.template(settings) { keys["tokenizer.chat_template"] = .string(text) }
        return keys
    }

    private static func isByte(_ text: String) -> Bool { text.utf8.count == 6 && text.hasPrefix("<0x") && text.hasSuffix(">") }

    /// Pairs are two texts, or in older files one with a space between them.
    private func merges(_ model: JSON) throws(FolderError) -> [(String, String)] {
        guard let list = model["merges"]?.asArray else { throw fault("model.merges", "a list of pairs") }
        var pairs: [(String, String)] = []
        pairs.reserveCapacity(list.count)
        for entry in list {
            if let two = entry.asArray, two.count == 2, let left = two[0].asString, let right = two[1].asString {
                pairs.append((left, right))
            } else if let text = entry.asString, let space = text.utf8.dropFirst().firstIndex(of: 0x20) {
                pairs.append((String(text[..<space]), String(text[text.utf8.index(after: space)...])))
            } else { throw fault("model.merges", "pairs") }
        }
        return pairs
    }

    // MARK: How text is cut

    /// Steps of a sequence, or the one that is there.
    private static func steps(_ json: JSON?, _ list: String) -> [JSON] {
        guard let json, !json.isNull else { return [] }
        return json["type"]?.asString == "Sequence" ? json[list]?.asArray ?? [] : [json]
    }

    private var addsSpace: Bool {
        let prepends = Self.steps(json["normalizer"], "normalizers").contains { $0["type"]?.asString == "Prepend" }
        return prepends || Self.steps(json["pre_tokenizer"], "pretokenizers").contains { step in
            guard step["type"]?.asString == "Metaspace" else { return false }
            return step["prepend_scheme"]?.asString.map { $0 != "never" } ?? step["add_prefix_space"]?.asBool ?? true
        }
    }

    /// Published patterns, and the name GGUF has for each.
    private static let patterns = [
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#: "llama-bpe",
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#: "qwen2",
    ]

    private func pattern() throws(FolderError) -> String {
        let steps = Self.steps(json["pre_tokenizer"], "pretokenizers"), types = steps.map { $0["type"]?.asString ?? "" }
        let supported = "the patterns of GPT-2, SmolLM, Llama 3 and Qwen 2 are"
        guard types.last == "ByteLevel", let last = steps.last else { throw unsupported("text cut by \(types.isEmpty ? "nothing" : types.joined(separator: ", "))", supported) }
        if last["add_prefix_space"]?.asBool == true { throw unsupported("a space put before each text of byte pairs", "text as it is") }
        if types == ["ByteLevel"], last["use_regex"]?.asBool != false { return "gpt-2" }
        if types == ["Digits", "ByteLevel"], steps[0]["individual_digits"]?.asBool == true, last["use_regex"]?.asBool != false { return "smollm" }
        if types == ["Split", "ByteLevel"], last["use_regex"]?.asBool == false, let regex = steps[0]["pattern"]?["Regex"]?.asString {
            guard let name = Self.patterns[regex] else { throw unsupported("text cut by the pattern \(regex.prefix(80))", supported) }
            return name
        }
        throw unsupported("text cut by \(types.joined(separator: ", "))", supported)
    }

    // MARK: Where texts begin and end

    private func ends(_ config: Config, _ settings: JSON?, _ ids: [Exact: Int], _ count: Int, _ keys: inout [String: Value]) throws(FolderError) {
        func id(_ name: String) -> Int? {
            let named = settings?["\(name)_token"], text = named?.asString ?? named?["content"]?.asString
            if let text, let id = ids[Exact(text)] { return id }
            let number = config.json["\(name)_token_id"]
            return (number?.asArray?.first ?? number)?.asInt.flatMap { (0..<count).contains($0) ? $0 : nil }
        }
        for name in ["bos", "eos"] {
            if let id = id(name) { keys["tokenizer.ggml.\(name)_token_id"] = .uint32(UInt32(truncatingIfNeeded: id)) }
        }
        // The template of what is put around a text says it; older files say it in words.
        let around = Self.steps(json["post_processor"], "processors").first { $0["type"]?.asString == "TemplateProcessing" }
        let first = around?["single"]?.asArray?.first?["SpecialToken"]?["id"]?.asString
        let says = settings?["add_bos_token"]?.asBool
        keys["tokenizer.ggml.add_bos_token"] = .bool(around != nil ? first != nil && first.flatMap { ids[Exact($0)] } == id("bos") : says ?? false)
    }

    /// One template, or the one called "default" of several.
    private static func template(_ settings: JSON?) -> String? {
        let own = settings?["chat_template"]
        return own?.asString ?? own?.asArray?.first { $0["name"]?.asString == "default" }?["template"]?.asString
    }
}
