/// The names of a file's parts: NAME-00001-of-00003.gguf and so on.
package struct PartNames: Sendable, Equatable {
    private let stem: Substring
    package let count: Int
    /// From 0 on.
    package let number: Int

    /// Nil where the path is not so named.
    package init?(_ path: String) {
        let ending = "-00001-of-00001.gguf"
        guard path.utf8.count > ending.utf8.count, path.hasSuffix(".gguf") else { return nil }
        let tail = path.suffix(ending.count), words = tail.dropLast(5).split(separator: "-", omittingEmptySubsequences: false)
        guard words.count == 4, words[0].isEmpty, words[2] == "of", words[1].count == 5, words[3].count == 5,
              let number = Int(words[1]), let count = Int(words[3]), (1...max(1, count)).contains(number) else { return nil }
        (stem, self.number, self.count) = (path.dropLast(ending.count), number - 1, count)
    }

    package func path(_ number: Int) -> String { "\(stem)-\(Self.digits(number + 1))-of-\(Self.digits(count)).gguf" }

    private static func digits(_ number: Int) -> String {
        let text = "\(number)"
        return String(repeating: "0", count: max(0, 5 - text.count)) + text
    }
}
