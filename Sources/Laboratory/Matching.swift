/// When a generated text counts as one of the accepted answers.
package struct Matching: Sendable, Equatable {
    /// What is done to both texts before they are compared, in this order.
    package enum Step: String, Sendable, CaseIterable { case exact, firstLine = "first_line", regex, numeric, `case`, punctuation }

    package var steps: [Step] = [.firstLine, .case, .punctuation]
    /// POSIX extended; wanted where `steps` has it.
    package var regex = ""

    package init() {}

    package func matches(_ text: String, _ accepted: [String]) -> Bool {
        let found = normal(text)
        return accepted.contains { normal($0) == found }
    }

    /// A text as it is compared.
    package func normal(_ text: String) -> String {
        guard !steps.contains(.exact) else { return text }
        var bytes = trimmed(Array(text.utf8)[...])
        if steps.contains(.firstLine) { bytes = trimmed(bytes.prefix { $0 != 0x0A }) }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let rest = bytes.drop { $0 <= 0x20 }
        return rest.prefix(rest.lastIndex { $0 > 0x20 }.map { $0 + 1 - rest.startIndex } ?? 0)
    }
}
