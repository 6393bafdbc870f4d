import GGUF
import Glibc
import JSONText

/// config.json, read by key; of a model that sees too, the part about text.
struct Config {
    let json: JSON
    let path: String
    private let whole: JSON

    init(_ json: JSON, path: String) {
        (whole, self.path) = (json, path)
        self.json = json["text_config"] ?? json
    }

    func fault(_ key: String, _ expected: String) -> FolderError {
        FolderError(path: path, fault: .key(key, expected: expected, found: json[key].map { String($0.text.prefix(60)) } ?? "missing"))
    }

    private func present(_ key: String) -> JSON? { json[key].flatMap { $0.isNull ? nil : $0 } }

    func integer(_ keys: String..., default fallback: Int? = nil) throws(FolderError) -> Int {
        for key in keys {
            guard let value = present(key) else { continue }
            guard let number = value.asInt, (0...Int(Int32.max)).contains(number) else { throw fault(key, "a whole number") }
            return number
        }
        guard let fallback else { throw fault(keys.first ?? "", "a whole number") }
        return fallback
    }

    func real(_ key: String, default fallback: Double? = nil) throws(FolderError) -> Double {
        guard let value = present(key) else {
            guard let fallback else { throw fault(key, "a number") }
            return fallback
        }
        guard let number = value.asDouble else { throw fault(key, "a number") }
        return number
    }

    func family() throws(FolderError) -> FolderFamily {
        if let method = present("quantization_config") ?? whole["quantization_config"].flatMap({ $0.isNull ? nil : $0 }) {
            throw FolderError(path: path, fault: .quantized(method["quant_method"]?.asString ?? "an unnamed method"))
        }
        guard let type = json["model_type"]?.asString ?? whole["model_type"]?.asString else { throw fault("model_type", "the name of a model's type") }
        guard let family = FolderFamily.table.first(where: { $0.type == type }) else {
            throw FolderError(path: path, fault: .modelType(type, supported: FolderFamily.table.map(\.type)))
        }
        return family
    }

    /// Whether the head is the embedding, as the family has it where the file says nothing.
    var ties: Bool {
        let own = ["gpt2", "gemma", "gemma3", "gemma3_text"].contains(json["model_type"]?.asString ?? "")
        return (present("tie_word_embeddings") ?? whole["tie_word_embeddings"])?.asBool ?? own
    }

    /// 0 where config.json does not tell it.
    var headWidth: Int {
        if let width = present("head_dim")?.asInt { return width }
        guard let width = (json["hidden_size"] ?? json["n_embd"])?.asInt, let heads = (json["num_attention_heads"] ?? json["n_head"])?.asInt, heads > 0 else { return 0 }
        return width / heads
    }

    /// How positions are stretched; newer files keep the base beside it.
    private var stretching: JSON? {
        guard let own = present("rope_parameters") ?? present("rope_scaling") else { return nil }
        // Of two kinds of layers the one that looks at everything is stretched.
        return own["full_attention"] ?? own
    }

    func ropeBase() throws(FolderError) -> Double {
        if let base = stretching?["rope_theta"]?.asDouble { return base }
        return try real("rope_theta", default: 10_000)
    }
    func localBase() throws(FolderError) -> Double {
        if let base = present("rope_parameters")?["sliding_attention"]?["rope_theta"]?.asDouble { return base }
        return try real("rope_local_base_freq", default: 10_000)
    }

    var ropeType: String {
        let name = stretching.flatMap { ($0["rope_type"] ?? $0["type"])?.asString } ?? "default"
        return name == "default" || name == "llama3" ? "none" : name
    }
    var ropeFactor: Double? { stretching?["factor"]?.asDouble }

    /// What Llama 3 divides each turn's speed by: nothing for fast ones, the factor for slow ones, between them in proportion.
    /// Source: the Llama 3.1 release (Grattafiori et al. 2024).
    func ropeDivisors() throws(FolderError) -> [Float]? {
        guard let own = stretching, (own["rope_type"] ?? own["type"])?.asString == "llama3" else { return nil }
        guard let factor = own["factor"]?.asDouble, let low = own["low_freq_factor"]?.asDouble, let high = own["high_freq_factor"]?.asDouble,
              let context = own["original_max_position_embeddings"]?.asDouble, factor > 0, low > 0, high > low, context > 0, headWidth >= 2, headWidth <= 1024 else {
            throw fault("rope_scaling", "factor, low_freq_factor, high_freq_factor and original_max_position_embeddings")
        }
        let base = try ropeBase()
        return (0..<headWidth / 2).map { index in
            let wave = 2 * Double.pi * pow(base, 2 * Double(index) / Double(headWidth))
            if wave < context / high { return 1 }
            if wave > context / low { return Float(factor) }
            let share = (context / wave - low) / (high - low)
            return Float(1 / ((1 - share) / factor + share))
        }
    }

    /// Which layers look at a window only; nil where the file tells no list.
    var locality: [Bool]? { json["layer_types"]?.asArray?.map { $0.asString == "sliding_attention" } }
}
