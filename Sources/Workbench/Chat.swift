import Document
import Tokenizer

/// Conversations as a document holds them: chips and text, from turns and back.
extension ChatTemplate {
    /// The role of the turn that is open at the end of a fragment; nil where none is.
    func openRole(in fragment: Fragment) -> Speaker? {
        guard let last = fragment.kept.last(where: { $0.special && ($0.id == start || $0.id == end) }), last.id == start else { return nil }
        let text = fragment.bytes[last.range.upperBound...]
        return Speaker.allCases.first { text.starts(with: Array($0.rawValue.utf8) + [0x0A]) }
    }

    /// What stands between two turns.
    func turnBorder(closing: Speaker?, opening: Speaker) -> [Part] {
        (closing == nil ? [] : [.special(end), .text([0x0A])]) + [.special(start), .text(Array(opening.rawValue.utf8) + [0x0A])]
    }

    /// The turns of a document; nil when it is not wholly made of them.
    func turns(of document: Document) -> [Turn]? {
        var turns: [Turn] = []
        var at = 0
        let chips = document.kept.filter(\.special)
        var index = 0
        while index < chips.count {
            guard chips[index].id == start, document.bytes[at..<chips[index].range.lowerBound].allSatisfy({ $0 == 0x0A }) else { return nil }
            let bodyStart = chips[index].range.upperBound
            let closed = index + 1 < chips.count
            guard !closed || chips[index + 1].id == end else { return nil }
            let bodyEnd = closed ? chips[index + 1].range.lowerBound : document.count
            let body = document.bytes[bodyStart..<bodyEnd]
            guard let role = Speaker.allCases.first(where: { body.starts(with: Array($0.rawValue.utf8) + [0x0A]) }) else { return nil }
            turns.append(Turn(role, Array(body.dropFirst(role.rawValue.utf8.count + 1))))
            at = closed ? chips[index + 1].range.upperBound : document.count
            index += 2
        }
        guard document.bytes[at...].allSatisfy({ $0 == 0x0A }) else { return nil }
        return turns
    }
}
