/// Finds the text of special tokens in text: the leftmost first, of those that begin there the longest.
struct SpecialTokens: Sendable {
    private struct Entry: Sendable {
        let text: [UInt8]
        let id: TokenID
        let isControl: Bool
    }

    /// By first byte, longest first.
    private var entries = [[Entry]](repeating: [], count: 256)
    private var byText: [[UInt8]: TokenID] = [:]
    private var hasUserDefined = false

    init(_ vocabulary: Vocabulary) {
        for index in 0..<vocabulary.count {
            let id = TokenID(index)
            guard vocabulary.isAdded(id), let first = vocabulary.bytes(id).first else { continue }
            let text = Array(vocabulary.bytes(id))
            guard byText[text] == nil else { continue }
            let isControl = vocabulary.kind(id) == .control
            byText[text] = id
            entries[Int(first)].append(Entry(text: text, id: id, isControl: isControl))
            if !isControl { hasUserDefined = true }
        }
        for index in entries.indices { entries[index].sort { $0.text.count > $1.text.count } }
    }

    func id(_ text: String) -> TokenID? { byText[Array(text.utf8)] }

    /// The first special token at or after `start`; control tokens only when `controls`.
    func first(in text: [UInt8], from start: Int, controls: Bool) -> (range: Range<Int>, id: TokenID)? {
        guard controls || hasUserDefined else { return nil }
        for index in start..<text.count {
            for entry in entries[Int(text[index])] where controls || !entry.isControl {
                let end = index + entry.text.count
                if end <= text.count, text[index..<end].elementsEqual(entry.text) { return (index..<end, entry.id) }
            }
        }
        return nil
    }
}
