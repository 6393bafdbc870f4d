import Engine
import Terminal
import Tokenizer

/// Why a typed value is none for a setting.
package enum FieldError: Error, Equatable, CustomStringConvertible {
    case number(name: String, range: String, whole: Bool, found: String)
    case seed(found: String)
    case bias(item: String)
    case biasValue(item: String, range: String)
    case biasText(text: String, tokens: Int)
    case biasID(id: Int, vocabulary: Int)
    case noModel

    package var description: String {
        switch self {
        case .number(let name, let range, let whole, let found):
            "\(name) is a \(whole ? "whole number" : "number") from \(range), and \"\(found)\" is not."
        case .seed(let found): "A seed is a whole number from 0 up, or random, and \"\(found)\" is not."
        case .bias(let item): "A bias is written id=value or text=value, and \"\(item)\" is not."
        case .biasValue(let item, let range): "A bias goes from \(range), and that of \"\(item)\" does not."
        case .biasText(let text, let tokens): "A bias is on one token, and \"\(text)\" is \(tokens) of them."
        case .biasID(let id, let vocabulary): "Ids go from 0 to \(vocabulary - 1), and \(id) does not."
        case .noModel: "A text to bias needs a model to make tokens of it; an id does not."
        }
    }
}

/// Settings as the line of controls writes them and as people type them.
enum FieldText {
    static func short(_ field: SamplingField) -> String {
        switch field.id {
        case .temperature: "temp"
        case .typicalP: "typical"
        case .repetitionPenalty: "rep"
        case .presencePenalty: "pres"
        case .frequencyPenalty: "freq"
        case .logitBias: "bias"
        case .maxTokens: "max"
        default: field.name
        }
    }

    /// The value as the panels show it; compact drops zeros that say nothing.
    static func value(_ field: SamplingField, _ sampling: Sampling, compact: Bool = false) -> String {
        switch field.id {
        case .seed: return sampling.seed.map { "\($0)" } ?? "random"
        case .logitBias: return sampling.logitBias.isEmpty ? "–" : "\(sampling.logitBias.count)"
        case .stop: return sampling.stop.isEmpty ? "–" : TextWidth.fit(sampling.stop.map(TokenText.visible).joined(separator: ","), compact ? 8 : 16)
        case .temperature where sampling.isGreedy: return "0 greedy"
        default: break
        }
        guard let value = field.value(in: sampling), value.isFinite else { return "–" }
        if field.isWhole { return compact ? Number.whole(value) : Number.grouped(Int(min(max(value, -1e15), 1e15))) }
        let digits = field.step < 0.1 ? 2 : 1
        var text = Number.fixed(value, digits)
        if let shown = Double(text), abs(shown - value) > 1e-9 { text = trimmedZeros(Number.fixed(value, 4)) }
        guard compact else { return text }
        text = trimmedZeros(text)
        return text.hasPrefix("0.") ? String(text.dropFirst()) : text.hasPrefix("-0.") ? "-" + text.dropFirst(2) : text
    }

    /// A number with as many digits as it has.
    static func exact(_ value: Double) -> String {
        guard value.isFinite else { return "–" }
        return value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(Float(value))"
    }

    static func range(_ field: SamplingField) -> String? {
        field.range.map { "\(bound($0.lowerBound)) to \(bound($0.upperBound))" }
    }
    private static func bound(_ value: Double) -> String { abs(value) >= 1000 ? Number.grouped(Int(value)) : exact(value) }

    static func isStandard(_ field: SamplingField, _ sampling: Sampling, _ standard: Sampling) -> Bool {
        switch field.id {
        case .seed: sampling.seed == standard.seed
        case .logitBias: sampling.logitBias == standard.logitBias
        case .stop: sampling.stop == standard.stop
        default: field.value(in: sampling) == field.value(in: standard)
        }
    }

    /// Whether the setting does nothing as it stands.
    static func isOff(_ field: SamplingField, _ sampling: Sampling) -> Bool {
        switch field.id {
        case .logitBias: sampling.logitBias.isEmpty
        case .stop: sampling.stop.isEmpty
        default: field.off != nil && field.value(in: sampling) == field.off
        }
    }

    // MARK: Typing

    /// What stands over the line while a value is typed.
    static func label(_ field: SamplingField, _ sampling: Sampling) -> String {
        switch field.id {
        case .seed: "seed, a number or random, now \(value(field, sampling))"
        case .logitBias: "logit bias: id=value, text=value (␣ is a space)"
        case .stop: "stop: texts with commas between, \\n for a newline, \\, for a comma"
        default: "\(field.name), \(range(field) ?? ""), now \(value(field, sampling))"
        }
    }

    /// What stands on the line at first: lists are edited, a number is typed anew.
    static func entry(_ field: SamplingField, _ sampling: Sampling) -> String {
        switch field.id {
        case .logitBias: return sampling.logitBias.sorted { $0.key < $1.key }.map { "\($0.key)=\(exact(Double($0.value)))" }.joined(separator: ", ")
        case .stop: return sampling.stop.map { escaped($0) }.joined(separator: ",")
        default: return ""
        }
    }

    /// Takes a typed value; nothing typed for a number leaves it.
    static func put(_ text: String, _ field: SamplingField, _ sampling: inout Sampling, _ tokenizer: Tokenizer?) throws(FieldError) {
        let typed = trimmed(text)
        switch field.id {
        case .seed:
            if typed.isEmpty { return }
            if typed.lowercased() == "random" { sampling.seed = nil } else {
                guard let seed = UInt64(typed) else { throw .seed(found: typed) }
                sampling.seed = seed
            }
        case .logitBias: sampling.logitBias = try biases(text, field, tokenizer)
        case .stop: sampling.stop = split(text).map { unescaped($0) }.filter { !$0.isEmpty }
        default:
            if typed.isEmpty { return }
            let number = field.id == .temperature && typed.lowercased() == "greedy" ? 0 : Double(typed)
            guard let range = field.range, let number, range.contains(number), !field.isWhole || number == number.rounded() else {
                throw .number(name: field.name, range: self.range(field) ?? "", whole: field.isWhole, found: typed)
            }
            field.set(number, in: &sampling)
        }
    }

    private static func biases(_ text: String, _ field: SamplingField, _ tokenizer: Tokenizer?) throws(FieldError) -> [TokenID: Float] {
        var biases: [TokenID: Float] = [:]
        for item in split(text).map(trimmed) where !item.isEmpty {
            guard let equals = item.unicodeScalars.lastIndex(of: "=") else { throw .bias(item: item) }
            let key = trimmed(String(item.unicodeScalars[..<equals])), value = trimmed(String(item.unicodeScalars[item.unicodeScalars.index(after: equals)...]))
            guard !key.isEmpty, let number = Double(value) else { throw .bias(item: item) }
            guard let range = field.range, range.contains(number) else { throw .biasValue(item: item, range: self.range(field) ?? "") }
            let id = try token(key, tokenizer)
            biases[id] = number == 0 ? nil : Float(number)
        }
        return biases
    }

    /// The one token that a number or a text names.
    private static func token(_ key: String, _ tokenizer: Tokenizer?) throws(FieldError) -> TokenID {
        if let id = Int(key) {
            let count = tokenizer?.count ?? Int(Int32.max)
            guard (0..<count).contains(id) else { throw .biasID(id: id, vocabulary: count) }
            return TokenID(id)
        }
        guard let tokenizer else { throw .noModel }
        var view = String.UnicodeScalarView()
        for scalar in key.unicodeScalars { view.append(scalar == "␣" ? " " : scalar == "⏎" ? "\n" : scalar == "⇥" ? "\t" : scalar) }
        let bytes = unescaped(String(view))
        let ids = tokenizer.special(key).map { [$0] } ?? tokenizer.encode(bytes)
        guard let id = ids.first, ids.count == 1 else { throw .biasText(text: key, tokens: ids.count) }
        return id
    }

    /// The parts between commas; a comma after a backslash belongs to its part.
    static func split(_ text: String) -> [String] {
        var parts = [String.UnicodeScalarView()], isEscaped = false
        for scalar in text.unicodeScalars {
            if scalar == ",", !isEscaped { parts.append(.init()) } else { parts[parts.count - 1].append(scalar) }
            isEscaped = scalar == "\\" && !isEscaped
        }
        return parts.map { String($0) }
    }

    /// - Parameter border: what ends the text where no backslash stands before it.
    static func unescaped(_ text: String, border: Unicode.Scalar = ",") -> [UInt8] {
        var out: [UInt8] = [], isEscaped = false
        for byte in text.utf8 {
            if isEscaped {
                switch byte {
                case UInt8(ascii: "n"): out.append(0x0A)
                case UInt8(ascii: "t"): out.append(0x09)
                case UInt8(ascii: "r"): out.append(0x0D)
                case UInt8(ascii: "\\"), UInt8(ascii: border): out.append(byte)
                default: out += [UInt8(ascii: "\\"), byte]
                }
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") { isEscaped = true } else { out.append(byte) }
        }
        return isEscaped ? out + [UInt8(ascii: "\\")] : out
    }

    static func escaped(_ bytes: [UInt8], border: Unicode.Scalar = ",") -> String {
        var out: [UInt8] = []
        for byte in bytes {
            switch byte {
            case 0x0A: out += Array("\\n".utf8)
            case 0x09: out += Array("\\t".utf8)
            case 0x0D: out += Array("\\r".utf8)
            case UInt8(ascii: "\\"), UInt8(ascii: border): out += [UInt8(ascii: "\\"), byte]
            default: out.append(byte)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    static func trimmed(_ text: String) -> String {
        func isSpace(_ scalar: Unicode.Scalar) -> Bool { scalar == " " || scalar == "\t" || scalar == "\n" || scalar == "\r" }
        let scalars = Array(text.unicodeScalars)
        guard let first = scalars.firstIndex(where: { !isSpace($0) }), let last = scalars.lastIndex(where: { !isSpace($0) }) else { return "" }
        return scalars[first...last].reduce(into: "") { $0.unicodeScalars.append($1) }
    }

    private static func trimmedZeros(_ text: String) -> String {
        guard text.contains(".") else { return text }
        var text = text
        while text.hasSuffix("0") { text.removeLast() }
        if text.hasSuffix(".") { text.removeLast() }
        return text
    }
}
