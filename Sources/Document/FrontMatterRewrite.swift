import Yams

extension FrontMatter {
    /// A value as it is compared and written.
    enum Value: Equatable {
        case text(String)
        case word(String)
        case list([Value])
        case map([Pair])

        struct Pair: Equatable {
            var key: Value
            var value: Value?
        }

        static func number(_ number: Double) -> Value {
            let text = "\(number)"
            return .word(text.hasSuffix(".0") ? String(text.dropLast(2)) : text)
        }

        /// YAML on one line.
        var yaml: String {
            switch self {
            case .word(let word): word
            case .text(let text): Value.isPlain(text) ? text : Value.quoted(text)
            case .list(let list): "[" + list.map { $0.inFlow }.joined(separator: ", ") + "]"
            case .map(let pairs): "{" + pairs.map { "\($0.key.inFlow): \($0.value?.inFlow ?? "null")" }.joined(separator: ", ") + "}"
            }
        }

        private var inFlow: String {
            if case .text(let text) = self { return Value.quoted(text) }
            return yaml
        }

        /// True for words and simple sentences, which YAML takes for text without quotes.
        private static func isPlain(_ text: String) -> Bool {
            guard let first = text.utf8.first, first | 0x20 >= 0x61, first | 0x20 <= 0x7A, text.utf8.last != 0x20 else { return false }
            if ["true", "false", "null", "yes", "no", "on", "off"].contains(text.lowercased()) { return false }
            return text.utf8.allSatisfy { byte in
                byte >= 0x80 || (0x30...0x39).contains(byte) || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || " ,.;()'-_!?/".utf8.contains(byte)
            } && text.unicodeScalars.allSatisfy { $0.isASCII || $0.properties.isAlphabetic }
        }

        private static func quoted(_ text: String) -> String {
            var out = "\""
            for scalar in text.unicodeScalars {
                switch scalar {
                case "\"": out += "\\\""
                case "\\": out += "\\\\"
                case "\n": out += "\\n"
                case "\t": out += "\\t"
                case "\r": out += "\\r"
                default:
                    let value = scalar.value
                    if value < 0x20 || (0x7F...0xA0).contains(value) || value == 0x2028 || value == 0x2029 || (0xFFFE...0xFFFF).contains(value)
                        || value == 0xFEFF {
                        let hex = String(value, radix: 16)
                        out += value < 0x100 ? "\\x" + String(repeating: "0", count: 2 - hex.count) + hex
                            : "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
                    } else {
                        out.unicodeScalars.append(scalar)
                    }
                }
            }
            return out + "\""
        }
    }

    /// The YAML of a prompt file: as it was read, but for the lines of the values that changed since.
    static func rewrite(_ file: PromptFile) throws(Fault) -> [UInt8] {
        var original = PromptFile()
        try read(file.source.yaml, into: &original)
        var yaml = file.source.yaml
        for key in Key.allCases where key.value(in: file) != key.value(in: original) {
            yaml = try set(key, to: key.value(in: file), in: yaml)
        }
        guard yaml != file.source.yaml else { return yaml }
        var check = PromptFile()
        do { try read(yaml, into: &check) } catch { throw Fault(error.line, .cannotRewrite(key: "front matter")) }
        for key in Key.allCases where key.value(in: check) != key.value(in: file) {
            throw Fault(nil, .cannotRewrite(key: key.rawValue))
        }
        return yaml
    }

    /// Changes, adds or (nil) removes one key's lines; comments stay.
    private static func set(_ key: Key, to value: Value?, in yaml: [UInt8]) throws(Fault) -> [UInt8] {
        let pairs = try mapping(yaml)
        var lines = self.lines(of: yaml)
        let ending: [UInt8] = lines.first.map { $0.suffix(2) == [0x0D, 0x0A] } ?? false ? [0x0D, 0x0A] : [0x0A]
        guard let index = pairs.firstIndex(where: { $0.0.scalar?.string == key.rawValue }) else {
            guard let value else { return yaml }
            if let last = lines.indices.last, lines[last].last != 0x0A { lines[last] += ending }
            let indent = (pairs.first?.0.mark?.column ?? 1) - 1
            lines.append(Array((String(repeating: " ", count: indent) + "\(key.rawValue): \(value.yaml)").utf8) + ending)
            return Array(lines.joined())
        }
        guard let mark = pairs[index].0.mark, mark.line <= lines.count else { throw Fault(nil, .cannotRewrite(key: key.rawValue)) }
        let first = mark.line - 1
        var end = index + 1 < pairs.count ? (pairs[index + 1].0.mark?.line ?? 0) - 1 : lines.count
        guard end > first else { throw Fault(mark.line, .cannotRewrite(key: key.rawValue)) }
        let isBlock = pairs[index].1.scalar.map { $0.style == .literal || $0.style == .folded } ?? false
        // Comments and blank lines behind a value belong to what follows.
        while end - 1 > first, isAside(lines[end - 1], inBlock: isBlock) { end -= 1 }
        var comments: [[UInt8]] = []
        if first + 1 < end { comments = lines[first + 1..<end].filter { isComment($0, inBlock: isBlock) } }
        var replacement: [[UInt8]] = []
        if let value {
            let isOneLine = first + 1 == end
            let indent = [UInt8](repeating: 0x20, count: mark.column - 1)
            let comment = isOneLine ? trailingComment(of: lines[first]) : []
            replacement.append(indent + Array("\(key.rawValue): \(value.yaml)".utf8) + comment + ending)
        }
        lines.replaceSubrange(first..<end, with: replacement + comments)
        return Array(lines.joined())
    }

    private static func lines(of yaml: [UInt8]) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var start = 0
        while start < yaml.count {
            let end = yaml[start...].firstIndex(of: 0x0A).map { $0 + 1 } ?? yaml.count
            lines.append(Array(yaml[start..<end]))
            start = end
        }
        return lines
    }

    private static func isComment(_ line: [UInt8], inBlock: Bool) -> Bool {
        inBlock ? line.first == 0x23 : line.first { $0 != 0x20 && $0 != 0x09 } == 0x23
    }

    private static func isAside(_ line: [UInt8], inBlock: Bool) -> Bool {
        isComment(line, inBlock: inBlock) || line.allSatisfy { [0x20, 0x09, 0x0D, 0x0A].contains($0) }
    }

    /// The comment behind a value on one line, with the gap before it; empty if there is none.
    private static func trailingComment(of line: [UInt8]) -> [UInt8] {
        var quote: UInt8?
        var index = 0
        while index < line.count {
            let byte = line[index]
            if let open = quote {
                if byte == 0x5C, open == 0x22 { index += 1 } else if byte == open { quote = nil }
            } else if byte == 0x22 || byte == 0x27, index > 0, [0x20, 0x09, 0x5B, 0x7B, 0x2C].contains(line[index - 1]) {
                quote = byte
            } else if byte == 0x23, index > 0, line[index - 1] == 0x20 || line[index - 1] == 0x09 {
                var start = index
                while start > 0, line[start - 1] == 0x20 || line[start - 1] == 0x09 { start -= 1 }
                var end = line.count
                while end > index, line[end - 1] == 0x0A || line[end - 1] == 0x0D { end -= 1 }
                return Array(line[start..<end])
            }
            index += 1
        }
        return []
    }
}

extension FrontMatter.Key {
    /// What a prompt file holds for this key; nil where it is left out.
    func value(in file: PromptFile) -> FrontMatter.Value? {
        let settings = file.settings
        switch self {
        case .title: return file.title.map { .text($0) }
        case .lookAt: return file.lookAt.map { .text($0) }
        case .mode: return file.mode == .complete ? nil : .word(file.mode.rawValue)
        case .system: return file.system.map { .text($0) }
        case .temperature: return settings.temperature.map { .number($0) }
        case .topK: return settings.topK.map { .word("\($0)") }
        case .typicalP: return settings.typicalP.map { .number($0) }
        case .topP: return settings.topP.map { .number($0) }
        case .minP: return settings.minP.map { .number($0) }
        case .repetitionPenalty: return settings.repetitionPenalty.map { .number($0) }
        case .presencePenalty: return settings.presencePenalty.map { .number($0) }
        case .frequencyPenalty: return settings.frequencyPenalty.map { .number($0) }
        case .maxTokens: return settings.maxTokens.map { .word("\($0)") }
        case .specials: return file.specials ? .word("true") : nil
        case .seed:
            return settings.seed.map { seed in
                switch seed {
                case .random: .word("random")
                case .fixed(let number): .word("\(number)")
                }
            }
        case .stop: return settings.stop.map { .list($0.map { .text($0) }) }
        case .logitBias:
            return settings.logitBias.map { bias in
                let pairs = bias.map { key, number -> FrontMatter.Value.Pair in
                    switch key {
                    case .id(let id): .init(key: .word("\(id)"), value: .number(number))
                    case .text(let text): .init(key: .text(text), value: .number(number))
                    }
                }
                return .map(pairs.sorted { $0.key.yaml < $1.key.yaml })
            }
        case .variables:
            if file.variables.isEmpty { return nil }
            if file.variables.allSatisfy({ $0.standard == nil }) { return .list(file.variables.map { .text($0.name) }) }
            return .map(file.variables.map { .init(key: .text($0.name), value: $0.standard.map { .text($0) }) })
        }
    }
}
