import ArgumentParser
import Document
import Engine
import Workbench

/// One flag for each row of the table of sampling settings; help and names come from there.
struct SamplingOptions: ParsableArguments {
    @Option(name: .field(.temperature), parsing: .unconditional, help: .field(.temperature)) var temperature: Double?
    @Option(name: .field(.topK), parsing: .unconditional, help: .field(.topK)) var topK: Int?
    @Option(name: .field(.typicalP), parsing: .unconditional, help: .field(.typicalP)) var typicalP: Double?
    @Option(name: .field(.topP), parsing: .unconditional, help: .field(.topP)) var topP: Double?
    @Option(name: .field(.minP), parsing: .unconditional, help: .field(.minP)) var minP: Double?
    @Option(name: .field(.repetitionPenalty), parsing: .unconditional, help: .field(.repetitionPenalty)) var repetitionPenalty: Double?
    @Option(name: .field(.presencePenalty), parsing: .unconditional, help: .field(.presencePenalty)) var presencePenalty: Double?
    @Option(name: .field(.frequencyPenalty), parsing: .unconditional, help: .field(.frequencyPenalty)) var frequencyPenalty: Double?
    @Option(name: .field(.logitBias), parsing: .unconditionalSingleValue, help: .field(.logitBias, "id-or-text=value"))
    var logitBias: [String] = []
    @Option(name: .field(.seed), parsing: .unconditional, help: .field(.seed, "n|random")) var seed: String?
    @Option(name: .field(.maxTokens), parsing: .unconditional, help: .field(.maxTokens)) var maxTokens: Int?
    @Option(name: .field(.stop), parsing: .unconditionalSingleValue, help: .field(.stop, "text")) var stop: [String] = []

    func validate() throws { _ = try settings() }

    /// The flags that were given, as a prompt file would say them; each in its range.
    func settings() throws -> PromptSettings {
        var settings = PromptSettings()
        settings.temperature = temperature
        settings.topK = topK
        settings.typicalP = typicalP
        settings.topP = topP
        settings.minP = minP
        settings.repetitionPenalty = repetitionPenalty
        settings.presencePenalty = presencePenalty
        settings.frequencyPenalty = frequencyPenalty
        settings.maxTokens = maxTokens
        settings.seed = try seed.map(Self.seed)
        if !stop.isEmpty { settings.stop = stop.map(Self.unescaped) }
        if !logitBias.isEmpty { settings.logitBias = try biases() }
        var probe = Sampling()
        probe.apply(numbers: settings)
        do { try probe.validate() } catch { throw ValidationError("--" + error.description.replacingUnderscores) }
        return settings
    }

    private static func seed(_ text: String) throws -> PromptSettings.Seed {
        if text == "random" { return .random }
        guard let number = UInt64(text) else {
            throw ValidationError("--seed is \(text); it is a whole number, 0 or more, or `random`.")
        }
        return .fixed(number)
    }

    private func biases() throws -> [PromptSettings.BiasKey: Double] {
        var biases: [PromptSettings.BiasKey: Double] = [:]
        let range = SamplingField.field(.logitBias)?.range
        for text in logitBias {
            guard let equals = text.lastIndex(of: "="), equals > text.startIndex,
                let value = Double(text[text.index(after: equals)...])
            else {
                throw ValidationError("--logit-bias \(text) is not of the form ID=VALUE or TEXT=VALUE.")
            }
            if let range, !range.contains(value) {
                throw ValidationError("--logit-bias \(text): it goes from \(Int(range.lowerBound)) to \(Int(range.upperBound)).")
            }
            let key = String(text[..<equals])
            biases[Int(key).map { .id($0) } ?? .text(Self.unescaped(key))] = value
        }
        return biases
    }

    /// `\n`, `\r`, `\t` and `\\` as in C; any other backslash stays.
    static func unescaped(_ text: String) -> String {
        var out = ""
        var isEscaped = false
        for character in text.unicodeScalars {
            if isEscaped {
                switch character {
                case "n": out += "\n"
                case "r": out += "\r"
                case "t": out += "\t"
                case "\\": out += "\\"
                default:
                    out += "\\"
                    out.unicodeScalars.append(character)
                }
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else {
                out.unicodeScalars.append(character)
            }
        }
        return isEscaped ? out + "\\" : out
    }
}

extension NameSpecification {
    fileprivate static func field(_ id: SamplingField.ID) -> NameSpecification {
        .customLong(SamplingField.field(id).map { String($0.flag.dropFirst(2)) } ?? "\(id)")
    }
}

extension ArgumentHelp {
    fileprivate static func field(_ id: SamplingField.ID, _ valueName: String = "n") -> ArgumentHelp {
        let field = SamplingField.field(id)
        var sentence = field?.help ?? ""
        if let number = field?.value(in: Sampling()) {
            sentence += " (default: \(field?.isWhole == true ? "\(Int(number))" : "\(number)"))"
        }
        return ArgumentHelp(stringLiteral: sentence).named(valueName)
    }

    private func named(_ valueName: String) -> ArgumentHelp {
        var help = self
        help.valueName = valueName
        return help
    }
}

extension String {
    fileprivate var replacingUnderscores: String {
        // Only the key, which stands first, has any.
        guard let space = firstIndex(of: " ") else { return self }
        return String(self[..<space].map { $0 == "_" ? "-" : $0 }) + self[space...]
    }
}
