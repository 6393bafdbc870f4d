import Document
import Tokenizer

/// Conversations as a document holds them: chips and text, from turns and back.
extension ChatTemplate {
    /// The role of the turn that is open at the end of a fragment; nil where none is.
    package func openRole(in fragment: Fragment) -> Speaker? {
        let text = Chips(fragment.bytes, fragment.kept)
        let roles = Speaker.allCases.compactMap { role in wrap(role).map { (role: role, wrap: $0) } }
        // Where every opening begins with a chip, only chips need be looked at.
        let places = roles.allSatisfy({ if case .special? = $0.wrap.opening.first { true } else { false } })
            ? fragment.kept.filter(\.special).map(\.range.lowerBound) : Array(fragment.bytes.indices)
        for at in places.reversed() {
            if let open = roles.first(where: { text.end(of: $0.wrap.opening, at: at) != nil }) { return open.role }
            // A closing of text alone may stand in any text; the opening behind it tells.
            if roles.contains(where: { $0.wrap.closing.hasSpecial && text.end(ofClosing: $0.wrap.closing, at: at) != nil }) { return nil }
        }
        return nil
    }

    /// What stands between two turns.
    func turnBorder(closing: Speaker?, opening: Speaker) -> [Part] {
        (closing.flatMap { wrap($0)?.closing } ?? []) + (wrap(opening)?.opening ?? user.opening)
    }

    /// The turns of a document; nil when it is not wholly made of them.
    package func turns(of document: Document) -> [Turn]? {
        let text = Chips(document.bytes, document.kept), count = document.count
        func opening(at place: Int) -> (role: Speaker, end: Int)? {
            for role in Speaker.allCases { if let wrap = wrap(role), let end = text.end(of: wrap.opening, at: place) { return (role, end) } }
            return nil
        }
        func isRest(_ place: Int) -> Bool { document.bytes[place...].allSatisfy { $0 == 0x0A } }
        var turns: [Turn] = [], at = 0
        while !isRest(at) {
            guard let (role, start) = opening(at: at), let closing = wrap(role)?.closing else { return nil }
            var end = start, next: Int?
            while end < count {
                let closed = closing.isEmpty ? (opening(at: end) == nil ? nil : end) : text.end(ofClosing: closing, at: end)
                if let closed, isRest(closed) || opening(at: closed) != nil {
                    next = closed
                    break
                }
                // A chip that closes nothing is no part of any turn.
                guard text.chip(at: end) == nil else { return nil }
                end += 1
            }
            let isSpaced = spacesAnswers && role == .assistant && start < end && document.bytes[start] == 0x20
            turns.append(Turn(role, Array(document.bytes[(isSpaced ? start + 1 : start)..<end])))
            guard let next else { break }
            at = next
        }
        return unfolded(turns)
    }

    /// The system's text out of the first person's turn, where marks tell it apart.
    private func unfolded(_ turns: [Turn]) -> [Turn] {
        guard system == nil, !folded.before.isEmpty, let first = turns.first, first.role == .user, first.text.starts(with: folded.before) else { return turns }
        let rest = first.text.dropFirst(folded.before.count)
        guard let end = rest.indices.first(where: { rest[$0...].starts(with: folded.after) }) else { return turns }
        return [Turn(.system, Array(rest[..<end])), Turn(.user, Array(rest[(end + folded.after.count)...]))] + turns.dropFirst()
    }
}

/// Bytes with the special tokens among them, to be compared with parts.
private struct Chips {
    private let bytes: [UInt8]
    private let chips: [Int: DocToken]

    init(_ bytes: [UInt8], _ kept: [DocToken]) {
        self.bytes = bytes
        chips = Dictionary(kept.filter(\.special).map { ($0.range.lowerBound, $0) }) { first, _ in first }
    }

    func chip(at place: Int) -> DocToken? { chips[place] }

    /// Where the parts end that stand at a place; nil when others do.
    func end(of parts: some Sequence<Part>, at place: Int) -> Int? {
        var at = place
        for part in parts {
            switch part {
            case .special(let id):
                guard let chip = chips[at], chip.id == id else { return nil }
                at = chip.range.upperBound
            case .text(let text):
                for byte in text {
                    guard at < bytes.count, bytes[at] == byte, chips[at] == nil else { return nil }
                    at += 1
                }
            }
        }
        return at
    }

    /// The same of what closes a turn; newlines behind its last special token may be fewer or more.
    func end(ofClosing parts: [Part], at place: Int) -> Int? {
        guard case .text(let text)? = parts.last, parts.count > 1, text.allSatisfy({ $0 == 0x0A }) else { return end(of: parts, at: place) }
        guard var at = end(of: parts.dropLast(), at: place) else { return nil }
        while at < bytes.count, bytes[at] == 0x0A, chips[at] == nil { at += 1 }
        return at
    }
}

extension [Part] {
    fileprivate var hasSpecial: Bool { contains { if case .special = $0 { true } else { false } } }
}
