import Glibc

/// When a generated text counts as one of the accepted answers.
package struct Matching: Sendable, Equatable {
    /// What is done to the texts before they are compared, in this order.
    package enum Step: String, Sendable, CaseIterable { case exact, firstLine = "first_line", regex, numeric, `case`, punctuation }

    package var steps: [Step] = [.firstLine, .case, .punctuation]
    /// POSIX extended; wanted where `steps` has it.
    package var regex = ""

    package init() {}

    package func matches(_ text: String, _ accepted: [String]) -> Bool {
        guard let found = answer(in: text) else { return false }
        return accepted.contains { normal($0) == found }
    }

    /// What of a generated text is compared; nil where there is no answer in it. The regular expression is for this text only:
    /// accepted answers are what it is to find.
    package func answer(in text: String) -> String? {
        guard steps.contains(.regex), !steps.contains(.exact) else { return normal(text) }
        let line = steps.contains(.firstLine) ? Self.firstLine(Self.trimmed(text[...])) : text
        return Self.found(regex, in: line).flatMap { normal($0) }
    }

    /// An accepted answer as it is compared; nil where nothing of it is.
    package func normal(_ text: String) -> String? {
        guard !steps.contains(.exact) else { return text }
        var text = Self.trimmed(text[...])
        if steps.contains(.firstLine) { text = Self.firstLine(text) }
        if steps.contains(.numeric) {
            guard let number = Self.number(in: text) else { return nil }
            return number
        }
        if steps.contains(.case) { text = text.lowercased() }
        if steps.contains(.punctuation) { text = Self.withoutPunctuation(text) }
        return text
    }

    /// Without blanks at both ends.
    static func trimmed(_ text: Substring) -> String {
        let scalars = text.unicodeScalars
        let rest = scalars.drop { $0.properties.isWhitespace }
        let end = rest.lastIndex { !$0.properties.isWhitespace }.map { rest.index(after: $0) }
        return end.map { String(rest[..<$0]) } ?? ""
    }

    private static func firstLine(_ text: String) -> String {
        trimmed(Substring(text.unicodeScalars.prefix { $0 != "\n" && $0 != "\r" }))
    }

    /// The first number of a text, written in one way only: no plus, no zeros that mean nothing, no thousands commas.
    static func number(in text: String) -> String? {
        let bytes = Array(text.replacingMinus.utf8)
        func isDigit(_ index: Int) -> Bool { bytes.indices.contains(index) && bytes[index] >= 0x30 && bytes[index] <= 0x39 }
        let point = UInt8(ascii: "."), comma = UInt8(ascii: ","), minus = UInt8(ascii: "-")
        guard let start = bytes.indices.first(where: { isDigit($0) || (bytes[$0] == point && isDigit($0 + 1)) }) else { return nil }
        var index = start, whole: [UInt8] = [], fraction: [UInt8] = []
        while isDigit(index) || (index < bytes.count && bytes[index] == comma && isGroup(index)) {
            if bytes[index] != comma { whole.append(bytes[index]) }
            index += 1
        }
        /// A comma with three digits behind it, after at most three or another such comma.
        func isGroup(_ index: Int) -> Bool {
            guard isDigit(index + 1), isDigit(index + 2), isDigit(index + 3), !isDigit(index + 4) else { return false }
            return whole.count <= 3 || bytes[index - 4] == comma
        }
        if index < bytes.count, bytes[index] == point {
            index += 1
            while isDigit(index) {
                fraction.append(bytes[index])
                index += 1
            }
        }
        let digits = whole.drop { $0 == 0x30 }, end = fraction.lastIndex { $0 != 0x30 }.map { $0 + 1 } ?? 0
        let isZero = digits.isEmpty && end == 0
        // A stroke behind a letter or digit joins words.
        let isNegative = !isZero && start > 0 && bytes[start - 1] == minus && (start < 2 || !isWord(bytes[start - 2]))
        return (isNegative ? "-" : "") + (digits.isEmpty ? "0" : String(decoding: digits, as: UTF8.self))
            + (end == 0 ? "" : "." + String(decoding: fraction[..<end], as: UTF8.self))
    }

    private static func isWord(_ byte: UInt8) -> Bool { byte >= 0x80 || (byte >= 0x30 && byte <= 0x39) || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) }

    /// Without punctuation and blanks at both ends, for inside a word it belongs to it. A number keeps its sign and its point, and a
    /// text of nothing else stays whole.
    private static func withoutPunctuation(_ text: String) -> String {
        func isOuter(_ scalar: Unicode.Scalar) -> Bool {
            switch scalar.properties.generalCategory {
            case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation, .finalPunctuation,
                .otherPunctuation: true
            default: scalar.properties.isWhitespace
            }
        }
        let scalars = Array(text.unicodeScalars)
        guard var start = scalars.firstIndex(where: { !isOuter($0) }), let end = scalars.lastIndex(where: { !isOuter($0) }) else { return text }
        if scalars[start].properties.numericType == .decimal {
            if start > 0, scalars[start - 1] == "." { start -= 1 }
            if start > 0, scalars[start - 1] == "-" { start -= 1 }
        }
        var kept = String.UnicodeScalarView()
        kept.append(contentsOf: scalars[start...end])
        return String(kept)
    }
}

extension String {
    /// With hyphens for minus signs.
    fileprivate var replacingMinus: String { String(String.UnicodeScalarView(unicodeScalars.map { $0 == "\u{2212}" ? "-" : $0 })) }
}
