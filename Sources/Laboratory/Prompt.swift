import Tokenizer

/// What stands before an answer.
package enum Prompt: Sendable, Equatable {
    case text([UInt8])
    /// The last turn is the person's; the answer's is opened behind it.
    case chat([Turn])

    /// As text and special tokens; nil for a chat where the model has no template for it.
    package func parts(_ template: ChatTemplate?) -> [Part]? {
        switch self {
        case .text(let bytes): [.text(bytes)]
        case .chat(let turns): template?.render(turns, answer: true)
        }
    }

    /// A name for it, the same for all models.
    package var hash: String {
        switch self {
        case .text(let bytes): return Fingerprint.hash(bytes)
        case .chat(let turns):
            var bytes: [UInt8] = []
            for turn in turns { bytes += Array("\(turn.role.rawValue) \(turn.text.count)\n".utf8) + turn.text }
            return Fingerprint.hash(bytes)
        }
    }
}

/// An answer after its prompt, encoded together, as tokens.
package struct AnswerSpan: Sendable, Equatable {
    package let ids: [TokenID]
    /// The first token that holds a byte of the answer.
    package let first: Int
    /// True if that token also holds bytes of the prompt; it is scored whole.
    package let merges: Bool

    /// nil where the answer has no tokens. - Parameter tokens: special tokens have an empty range.
    package init?(_ prompt: [Part], answer: [UInt8], tokens: ([Part]) -> [Token]) {
        var joined = prompt
        if case .text(let text)? = joined.last { joined[joined.count - 1] = .text(text + answer) } else { joined.append(.text(answer)) }
        let count = prompt.reduce(0) { if case .text(let text) = $1 { $0 + text.count } else { $0 } }
        let found = tokens(joined)
        guard let first = found.firstIndex(where: { $0.range.upperBound > count }) else { return nil }
        ids = found.map(\.id)
        self.first = first
        merges = found[first].range.lowerBound < count
    }
}
