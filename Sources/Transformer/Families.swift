import GGUF

/// A family of models, in what its file does not say of itself. The one table of family names.
struct Family: Sendable {
    let name: String
    var isLayerNorm = false
    /// Which dimensions of a head turn together; nil: positions are learned.
    var pairing: Architecture.Rope.Pairing? = .halves
    var activation = Architecture.Activation.silu
    var isGated = true
    var scalesEmbedding = false
    /// Of so many layers the last looks at everything and the others at a window.
    var period: Int?
    /// The base of local layers' positions, where it is not that of the others.
    var localBase: Double?

    /// Source: the models' papers and reports: Radford et al. 2019; Touvron et al. 2023 (Llama), Jiang et al. 2023 (Mistral, as llama);
    /// Yang et al. 2024 and 2025 (Qwen 2, 3); Gemma Team 2024, 2025; Abdin et al. 2024 (Phi-3). The pairing is of the file's order of rows.
    static let table = [
        Family(name: "llama", pairing: .adjacent),
        Family(name: "gpt2", isLayerNorm: true, pairing: nil, activation: .gelu, isGated: false),
        Family(name: "qwen2"),
        Family(name: "qwen3"),
        Family(name: "gemma", activation: .gelu, scalesEmbedding: true),
        Family(name: "gemma3", activation: .gelu, scalesEmbedding: true, period: 6, localBase: 10_000),
        Family(name: "phi3"),
    ]

    /// What scores are scaled by instead of a head's width: Gemma 3 of 27 billion parameters alone has it so.
    func scoreWidth(layers: Int, width: Int, heads: Int) -> Int? { name == "gemma3" && layers == 62 ? width / heads : nil }
}

extension Architecture {
    package static let families = Family.table.map(\.name)
}

/// The keys of a file's family, read with their range checked.
struct ArchitectureKeys {
    let family: Family
    private let gguf: GGUF

    init(_ gguf: GGUF) throws(ModelError) {
        guard let name = gguf.string("general.architecture") else {
            throw .key(path: gguf.path, key: "general.architecture", expected: "the name of a model family", found: "nothing")
        }
        guard let family = Family.table.first(where: { $0.name == name }) else {
            throw .family(path: gguf.path, found: name, supported: Architecture.families)
        }
        (self.family, self.gguf) = (family, gguf)
    }

    func fault(_ key: String, _ expected: String, _ found: String) -> ModelError {
        .key(path: gguf.path, key: "\(family.name).\(key)", expected: expected, found: found)
    }

    func size(_ key: String, in range: ClosedRange<Int>, default fallback: Int? = nil) throws(ModelError) -> Int {
        let full = "\(family.name).\(key)"
        guard let value = gguf.integer(full) ?? (gguf.metadata[full] == nil ? fallback : nil) else {
            throw fault(key, "an integer", gguf.metadata[full] == nil ? "nothing" : "another type")
        }
        guard range.contains(value) else { throw fault(key, "\(range.lowerBound) to \(range.upperBound)", "\(value)") }
        return value
    }

    func real(_ key: String, in range: ClosedRange<Double>, default fallback: Double? = nil) throws(ModelError) -> Double {
        let full = "\(family.name).\(key)"
        guard let value = gguf.real(full) ?? (gguf.metadata[full] == nil ? fallback : nil), range.contains(value) else {
            throw fault(key, "\(range.lowerBound) to \(range.upperBound)", gguf.real(full).map { "\($0)" } ?? "nothing")
        }
        return value
    }

    /// The window of local layers, and which layers are local: as the file tells, else as the family has it.
    func locality(layers: Int) throws(ModelError) -> (Int?, [Bool]) {
        let window = try size("attention.sliding_window", in: 0...16_777_216, default: 0), key = "attention.sliding_window_pattern"
        guard window > 0 else { return (nil, [Bool](repeating: false, count: layers)) }
        if let flags = gguf.flags("\(family.name).\(key)") {
            guard flags.count == layers else { throw fault(key, "a flag for each of \(layers) layers", "\(flags.count) flags") }
            return (window, flags)
        }
        let period = try size(key, in: 0...1024, default: family.period ?? 0)
        return (window, (0..<layers).map { period == 0 || $0 % period != period - 1 })
    }

    func ropes(headWidth: Int) throws(ModelError) -> (Architecture.Rope?, Architecture.Rope?) {
        guard let pairing = family.pairing else { return (nil, nil) }
        let rotary = try size("rope.dimension_count", in: 2...headWidth, default: headWidth)
        guard rotary % 2 == 0 else { throw fault("rope.dimension_count", "an even number", "\(rotary)") }
        let base = try real("rope.freq_base", in: 1...1e12, default: 10_000)
        let local = try real("rope.freq_base_swa", in: 1...1e12, default: family.localBase ?? base)
        var stretch = try real("rope.scale_linear", in: 1e-3...1e6, default: 1)
        switch gguf.string("\(family.name).rope.scaling.type") ?? "none" {
        case "none": break
        case "linear": stretch = try real("rope.scaling.factor", in: 1e-3...1e6)
        case let other: throw fault("rope.scaling.type", "none or linear (other stretched positions are not supported)", other)
        }
        return (Architecture.Rope(base: base, rotary: rotary, pairing: pairing, stretch: stretch),
                Architecture.Rope(base: local, rotary: rotary, pairing: pairing, stretch: family.localBase == nil ? stretch : 1))
    }
}
