import GGUF
import JSONText

/// A type of models as Hugging Face names it: what its config says, and where its tensors belong. The one table of such names.
struct FolderFamily {
    let type: String
    /// As GGUF names it.
    let family: String
    /// Queries and keys turn by halves here and by neighbours there.
    var turnsHalves = false
    var normsLessOne = false
    var hasPostNorms = false
    /// Whether the window that config.json names is looked through.
    var hasWindow = false

    static let table = [
        FolderFamily(type: "llama", family: "llama", turnsHalves: true),
        FolderFamily(type: "mistral", family: "llama", turnsHalves: true, hasWindow: true),
        FolderFamily(type: "gpt2", family: "gpt2"),
        FolderFamily(type: "qwen2", family: "qwen2"),
        FolderFamily(type: "qwen3", family: "qwen3"),
        FolderFamily(type: "gemma", family: "gemma", normsLessOne: true),
        FolderFamily(type: "gemma3_text", family: "gemma3", normsLessOne: true, hasPostNorms: true, hasWindow: true),
        FolderFamily(type: "gemma3", family: "gemma3", normsLessOne: true, hasPostNorms: true, hasWindow: true),
        FolderFamily(type: "phi3", family: "phi3", hasWindow: true),
    ]

    // MARK: Keys

    func metadata(_ config: Config) throws(FolderError) -> [String: Value] {
        var keys: [String: Value] = ["general.architecture": .string(family)]
        func set(_ key: String, _ number: Int) { keys["\(family).\(key)"] = .uint32(UInt32(truncatingIfNeeded: number)) }
        func set(_ key: String, _ number: Double) { keys["\(family).\(key)"] = .float32(Float(number)) }
        let width = try config.integer("hidden_size", "n_embd"), heads = try config.integer("num_attention_heads", "n_head")
        set("block_count", try config.integer("num_hidden_layers", "n_layer"))
        set("embedding_length", width)
        set("attention.head_count", heads)
        set("context_length", try config.integer("max_position_embeddings", "n_positions", "n_ctx"))
        set("feed_forward_length", try config.integer("intermediate_size", "n_inner", default: type == "gpt2" ? 4 * width : nil))
        set("vocab_size", try config.integer("vocab_size"))
        try check(config)
        guard type != "gpt2" else {
            set("attention.layer_norm_epsilon", try config.real("layer_norm_epsilon", default: 1e-5))
            return keys
        }
        set("attention.head_count_kv", try config.integer("num_key_value_heads", default: heads))
        set("attention.key_length", config.headWidth)
        set("attention.value_length", config.headWidth)
        set("attention.layer_norm_rms_epsilon", try config.real("rms_norm_eps", default: 1e-6))
        set("rope.freq_base", try config.ropeBase())
        set("rope.dimension_count", Int(Double(config.headWidth) * (try config.real("partial_rotary_factor", default: 1))))
        if family == "gemma3" { set("rope.freq_base_swa", try config.localBase()) }
        if config.ropeType != "none" {
            keys["\(family).rope.scaling.type"] = .string(config.ropeType)
            if let factor = config.ropeFactor { set("rope.scaling.factor", factor) }
        }
        if let window = try window(config) {
            set("attention.sliding_window", window)
            if let local = config.locality { keys["\(family).attention.sliding_window_pattern"] = .array(.numbers(NumberTable(local))) } else {
                let period = try config.integer("sliding_window_pattern", default: 0)
                if period > 0 { set("attention.sliding_window_pattern", period) }
            }
        }
        return keys
    }

    private func window(_ config: Config) throws(FolderError) -> Int? {
        let isUsed = hasWindow || config.json["use_sliding_window"]?.asBool == true
        let window = try config.integer("sliding_window", default: 0)
        guard isUsed, window > 0 else { return nil }
        if !hasWindow, config.locality == nil { throw config.fault("use_sliding_window", "false, or layer_types that say which layers have a window") }
        return window
    }

    /// What some models of a type do and this engine does not.
    private func check(_ config: Config) throws(FolderError) {
        let activation = config.json["hidden_activation"]?.asString ?? config.json["hidden_act"]?.asString ?? config.json["activation_function"]?.asString
        let known = family.hasPrefix("gemma") ? ["gelu_pytorch_tanh", "gelu"] : type == "gpt2" ? ["gelu_new", "gelu_pytorch_tanh"] : ["silu", "swish"]
        if let activation, !known.contains(activation) {
            throw FolderError(path: config.path, fault: .key("hidden_act", expected: known.joined(separator: " or "), found: activation))
        }
        for key in ["attn_logit_softcapping", "final_logit_softcapping", "num_local_experts"] where try config.real(key, default: 0) != 0 {
            throw config.fault(key, "nothing: models with it are not supported")
        }
        for key in ["scale_attn_by_inverse_layer_idx", "use_bidirectional_attention"] where config.json[key]?.asBool == true { throw config.fault(key, "false") }
        if config.json["scale_attn_weights"]?.asBool == false { throw config.fault("scale_attn_weights", "true") }
        let heads = try config.integer("num_attention_heads", "n_head"), width = try config.integer("hidden_size", "n_embd")
        let layers = try config.integer("num_hidden_layers", "n_layer"), own = config.headWidth
        let scalar = family == "gemma3" && layers == 62 && heads > 0 ? width / heads : own
        if family == "gemma3", try config.integer("query_pre_attn_scalar", default: scalar) != scalar { throw config.fault("query_pre_attn_scalar", "\(scalar)") }
    }

    // MARK: Tensors

    /// Names within a block, without `.weight` or `.bias`.
    private static let inBlock: [String: String] = [
        "input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
        "self_attn.o_proj": "attn_output", "self_attn.qkv_proj": "attn_qkv", "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm",
        "post_attention_layernorm": "ffn_norm", "pre_feedforward_layernorm": "ffn_norm", "post_feedforward_layernorm": "post_ffw_norm",
        "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down", "mlp.gate_up_proj": "ffn_up",
        "ln_1": "attn_norm", "ln_2": "ffn_norm", "attn.c_attn": "attn_qkv", "attn.c_proj": "attn_output", "mlp.c_fc": "ffn_up", "mlp.c_proj": "ffn_down",
    ]
    private static let outside = [
        "embed_tokens": "token_embd", "norm": "output_norm", "lm_head": "output", "wte": "token_embd", "wpe": "position_embd", "ln_f": "output_norm",
    ]

    /// A tensor's name in GGUF and how it lies here; nil for what is no weight. A name that is not known stays, so that it is refused by it.
    func place(_ name: String, headWidth: Int) -> (String, Arrangement)? {
        // Of models that see too only the part that reads and writes is computed.
        for seeing in ["vision_tower.", "multi_modal_projector.", "model.vision_tower.", "model.multi_modal_projector."] where name.hasPrefix(seeing) { return nil }
        var rest = name[...]
        for prefix in ["model.language_model.", "language_model.model.", "language_model.", "model.", "transformer."] where rest.hasPrefix(prefix) {
            rest = rest.dropFirst(prefix.count)
            break
        }
        if rest.hasSuffix(".attn.bias") || rest.hasSuffix(".attn.masked_bias") || rest.hasSuffix("rotary_emb.inv_freq") { return nil }
        guard let dot = rest.lastIndex(of: ".") else { return (name, .plain) }
        let stem = rest[..<dot], ending = rest[dot...]
        if let own = Self.outside[String(stem)] { return (own + ending, arrangement(own, ending, headWidth)) }
        let words = stem.split(separator: ".", maxSplits: 2)
        guard words.count == 3, words[0] == "layers" || words[0] == "h", let layer = Int(words[1]), var own = Self.inBlock[String(words[2])] else { return (name, .plain) }
        if hasPostNorms, words[2] == "post_attention_layernorm" { own = "post_attention_norm" }
        return ("blk.\(layer).\(own)\(ending)", arrangement(own, ending, headWidth))
    }

    private func arrangement(_ name: String, _ ending: Substring, _ headWidth: Int) -> Arrangement {
        if turnsHalves, name == "attn_q" || name == "attn_k" { return .halves(headWidth: headWidth) }
        guard ending == ".weight" else { return .plain }
        if normsLessOne, name.hasSuffix("norm") { return .lessOne }
        if type == "gpt2", ["attn_qkv", "attn_output", "ffn_up", "ffn_down"].contains(name) { return .transposed }
        return .plain
    }
}
