/// In: typed bytes, generated and special token ids, edits. Out: the bytes and the tokens that cover them; also the editor
/// (`Editor`) over the tree of changes (`Tree`), prompt files (`PromptFile`), atomic saving (`Saver`), the folders (`PromptLibrary`).
///
/// Text is bytes and may be invalid UTF-8. A document is those bytes and the kept ids over some of them; each stretch of
/// text between two kept ids (a run) is encoded by itself, so a generated id never merges with what was typed.
/// Invariants: `kept` is sorted, without overlap, inside the bytes, never empty; after `encode`, `tokens` covers
/// the bytes in order (but for bytes the tokenizer has no token for) and equals an encoding from scratch of the same bytes and kept ids.
/// Must not know: models, screens.

import Tokenizer

/// One token of a document.
package struct DocToken: Sendable, Equatable {
    package var id: TokenID
    /// Unit: bytes.
    package var range: Range<Int>
    /// True for an id that was generated, forked or inserted, and not encoded from typed text.
    package var kept: Bool
    package var special: Bool

    package init(id: TokenID, range: Range<Int>, kept: Bool, special: Bool) {
        self.id = id
        self.range = range
        self.kept = kept
        self.special = special
    }

    package func shifted(by delta: Int) -> DocToken {
        DocToken(id: id, range: range.lowerBound + delta..<range.upperBound + delta, kept: kept, special: special)
    }
}

package struct Document: Sendable {
    package private(set) var bytes: [UInt8]
    /// The generated and special tokens: with the bytes, all there is to a document.
    package private(set) var kept: [DocToken]
    /// The tokens as of the last `encode`.
    package internal(set) var tokens: [DocToken] = []
    /// Their ids alone; an array that is shared with whoever took it as long as nothing is edited.
    package internal(set) var ids: [TokenID] = []
    /// What `encode` has to look at again; sorted, apart from each other. An empty range is a seam.
    var stale: [Range<Int>] = []
    /// The tokenizer of the last `encode`; edits ask it for pieces.
    var tokenizer: Tokenizer?
    /// How far a boundary keeps from an edit, so that no character and no token matched in plain text reaches over both. Unit: bytes.
    var margin = 4

    package init(text: [UInt8] = []) {
        self.init(text: text, kept: [])
    }

    /// Takes a stored document; kept tokens that are empty, out of order or outside the text are left out.
    package init(text: [UInt8], kept: [DocToken]) {
        bytes = text
        self.kept = []
        var end = 0
        for token in kept where token.range.lowerBound >= end && token.range.upperBound <= text.count && !token.range.isEmpty {
            var token = token
            token.kept = true
            self.kept.append(token)
            end = token.range.upperBound
        }
        stale = [0..<text.count]
    }

    /// Takes text and chips, a chip's bytes being its text.
    package init(parts: [Part], tokenizer: Tokenizer) {
        var text: [UInt8] = []
        var chips: [DocToken] = []
        for part in parts {
            switch part {
            case .text(let bytes): text += bytes
            case .special(let id):
                let start = text.count
                text += tokenizer.bytes(id)
                chips.append(DocToken(id: id, range: start..<text.count, kept: true, special: true))
            }
        }
        self.init(text: text, kept: chips)
    }

    package var count: Int { bytes.count }

    /// The bytes that a model wrote, for a view to colour.
    package var generated: [Range<Int>] {
        var ranges: [Range<Int>] = []
        for token in kept where !token.special {
            if let last = ranges.last, last.upperBound == token.range.lowerBound {
                ranges[ranges.count - 1] = last.lowerBound..<token.range.upperBound
            } else {
                ranges.append(token.range)
            }
        }
        return ranges
    }

    /// The index in `tokens` of the token that starts at or contains the offset; nil at the end.
    ///
    /// At a byte that no token stands for it is the token behind it.
    package func token(at offset: Int) -> Int? {
        let index = tokens.firstIndex(endingAfter: max(0, offset))
        return index < tokens.count ? index : nil
    }

    /// The kept token that strictly contains the offset.
    func keptToken(around offset: Int) -> Int? {
        let index = kept.firstIndex(endingAfter: offset)
        return index < kept.count && kept[index].range.lowerBound < offset ? index : nil
    }

    // MARK: - Edits

    /// Replaces bytes by typed text; returns where the text landed, which is wider to the left than asked if a chip was cut.
    ///
    /// Kept ids in a piece that the edit touches or extends become text; a chip that the edit cuts goes whole.
    @discardableResult
    package mutating func replace(_ range: Range<Int>, with text: [UInt8]) -> Range<Int> {
        let range = wholeChips(clamp(range))
        guard !range.isEmpty || !text.isEmpty else { return range }
        for part in bordering(range) { dissolve(touchedPieces(around: part)) }
        splice(range, with: Fragment(bytes: text, kept: []))
        let landed = range.lowerBound..<range.lowerBound + text.count
        dissolve(touchedPieces(around: landed))
        return landed
    }

    /// Inserts a kept id and returns its end.
    ///
    /// Its neighbours keep their ids. Inside a kept id, that one becomes text; inside a chip, it goes behind the chip.
    /// An id without bytes leaves no trace.
    @discardableResult
    package mutating func insert(id: TokenID, bytes text: [UInt8], special: Bool, at offset: Int) -> Int {
        var offset = max(0, min(offset, count))
        guard !text.isEmpty else { return offset }
        if let index = keptToken(around: offset) {
            if kept[index].special { offset = kept[index].range.upperBound } else { dissolve(kept[index].range) }
        }
        let token = DocToken(id: id, range: 0..<text.count, kept: true, special: special)
        splice(offset..<offset, with: Fragment(bytes: text, kept: [token]))
        return offset + text.count
    }

    /// Drops what follows the offset; what stands before keeps its ids, but for a kept id that is cut: its head becomes text, a chip goes.
    package mutating func truncate(at offset: Int) {
        let start = max(0, min(offset, count))
        let range = wholeChips(start..<count)
        splice(range, with: Fragment(bytes: [], kept: []))
    }

    /// Puts exactly this fragment in place of the range: no id elsewhere changes, but one that the range cuts becomes text, and so do
    /// the fragment's that are of another vocabulary than the document's.
    package mutating func splice(_ range: Range<Int>, with fragment: Fragment) {
        var fragment = fragment
        if let tokenizer { fragment.kept.removeAll { Self.isStrange($0, Array(fragment.bytes[$0.range]), to: tokenizer) } }
        let range = clamp(range)
        let delta = fragment.bytes.count - range.count
        let first = kept.firstIndex(endingAfter: range.lowerBound)
        var end = first
        while end < kept.count, kept[end].range.lowerBound < range.upperBound { end += 1 }
        var touched = range
        for token in kept[first..<end] {
            touched = min(touched.lowerBound, token.range.lowerBound)..<max(touched.upperBound, token.range.upperBound)
        }
        bytes.replaceSubrange(range, with: fragment.bytes)
        kept.replaceSubrange(first..<end, with: fragment.kept.map { $0.shifted(by: range.lowerBound) })
        kept.shift(from: first + fragment.kept.count, by: delta)
        invalidate(touched, newCount: touched.count + delta)
    }

    /// The bytes of a range with the kept tokens that lie wholly inside it, counted from its start.
    package func fragment(_ range: Range<Int>) -> Fragment {
        let range = clamp(range)
        let inside = kept[kept.firstIndex(endingAfter: range.lowerBound)...]
            .prefix { $0.range.upperBound <= range.upperBound }
            .filter { $0.range.lowerBound >= range.lowerBound }
        return Fragment(bytes: Array(bytes[range]), kept: inside.map { $0.shifted(by: -range.lowerBound) })
    }

    func clamp(_ range: Range<Int>) -> Range<Int> {
        let lower = max(0, min(range.lowerBound, count))
        return lower..<max(lower, min(range.upperBound, count))
    }

    /// Widens a range so that it cuts no chip; a place inside a chip takes the whole chip.
    func wholeChips(_ range: Range<Int>) -> Range<Int> {
        var range = range
        if let index = keptToken(around: range.lowerBound), kept[index].special {
            range = kept[index].range.lowerBound..<max(range.upperBound, kept[index].range.upperBound)
        }
        if let index = keptToken(around: range.upperBound), kept[index].special {
            range = range.lowerBound..<kept[index].range.upperBound
        }
        return range
    }

    /// Turns the kept ids that meet the range, chips aside, into text.
    mutating func dissolve(_ range: Range<Int>) {
        guard !range.isEmpty else { return }
        var index = kept.firstIndex(endingAfter: range.lowerBound)
        while index < kept.count, kept[index].range.lowerBound < range.upperBound {
            if kept[index].special {
                index += 1
            } else {
                let removed = kept.remove(at: index)
                invalidate(removed.range, newCount: removed.range.count)
            }
        }
    }

    /// Turns kept ids that this tokenizer does not know by these bytes into text.
    mutating func dissolveStrangers(to tokenizer: Tokenizer) {
        kept.removeAll { Self.isStrange($0, Array(bytes[$0.range]), to: tokenizer) }
    }

    private static func isStrange(_ token: DocToken, _ bytes: [UInt8], to tokenizer: Tokenizer) -> Bool {
        tokenizer.bytes(token.id) != bytes || tokenizer.isSpecial(token.id) != token.special
    }
}

extension Document: Equatable {
    /// The bytes and the kept ids are all there is to a document.
    package static func == (one: Document, other: Document) -> Bool { one.bytes == other.bytes && one.kept == other.kept }
}

/// A piece of a document by itself: bytes and the kept tokens over them.
package struct Fragment: Sendable, Equatable {
    package var bytes: [UInt8]
    package var kept: [DocToken]

    package init(bytes: [UInt8], kept: [DocToken] = []) {
        self.bytes = bytes
        self.kept = kept
    }
}

extension [DocToken] {
    /// The first token that ends behind the offset; the count if none does.
    package func firstIndex(endingAfter offset: Int) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle].range.upperBound > offset { high = middle } else { low = middle + 1 }
        }
        return low
    }

    mutating func shift(from start: Int, by delta: Int) {
        guard delta != 0 else { return }
        for index in start..<Swift.max(start, count) { self[index] = self[index].shifted(by: delta) }
    }
}
