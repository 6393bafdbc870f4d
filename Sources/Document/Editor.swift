import Tokenizer

/// A document with a cursor, a selection and undo: the multi-line editor as people know it.
///
/// Offsets are bytes, on a cluster boundary. Movement is by logical line; a view with wrapped lines uses `move(to:)`.
package struct Editor: Sendable {
    package internal(set) var document: Document
    package internal(set) var place = Place(cursor: 0, anchor: nil)
    /// The column that up and down aim at. Unit: clusters.
    var goal: Int?
    package internal(set) var history: History
    var open: OpenStep?
    var version = 0
    var newestVersion = 0
    var savedVersion = 0

    /// An undo step that is still growing.
    struct OpenStep: Sendable {
        enum Kind: Sendable { case typing, deleting, group }
        var kind: Kind
        var document: Document
        var place: Place
        var version: Int
        /// Where the next keystroke must land to belong to this step.
        var end: Int
        /// True once the typed word has ended: the next letter begins a new step.
        var wordEnded = false
    }

    /// `undoLimit`: what undo may hold. Unit: bytes.
    package init(_ document: Document = Document(), undoLimit: Int = 64 << 20) {
        self.document = document
        history = History(limit: undoLimit)
    }

    package var cursor: Int { place.cursor }
    package var anchor: Int? { place.anchor }

    /// The selected bytes; nil if nothing is selected.
    package var selection: Range<Int>? {
        guard let anchor = place.anchor, anchor != place.cursor else { return nil }
        return min(anchor, place.cursor)..<max(anchor, place.cursor)
    }

    package mutating func encode(with tokenizer: Tokenizer) { document.encode(with: tokenizer) }

    // MARK: - Edits

    /// Types text at the cursor, in place of the selection; keystrokes gather into one undo step a word.
    package mutating func insert(_ text: [UInt8]) {
        guard !text.isEmpty else { return }
        if selection != nil { breakUndo() }
        let space = text.count == 1 && (text[0] == 0x20 || text[0] == 0x09 || text[0] == 0x0A)
        if let step = open, step.kind == .typing, step.end != cursor || (step.wordEnded && !space) { breakUndo() }
        begin(.typing)
        put(text)
        let end = place.cursor
        open?.end = end
        if space { open?.wordEnded = true }
    }

    package mutating func insert(_ text: String) { insert(Array(text.utf8)) }

    /// Types a line end, the one of the line before (CR LF or LF).
    package mutating func newline() {
        let last = document.bytes[..<cursor].lastIndex(of: 0x0A) ?? document.bytes[cursor...].firstIndex(of: 0x0A)
        let carriage = last.map { $0 > 0 && document.bytes[$0 - 1] == 0x0D } ?? false
        if selection != nil { breakUndo() }
        begin(.typing)
        put(carriage ? [0x0D, 0x0A] : [0x0A])
        let end = place.cursor
        open?.end = end
        open?.wordEnded = true
    }

    /// Pastes bytes verbatim, in place of the selection, as one undo step.
    package mutating func paste(_ text: [UInt8]) {
        guard !text.isEmpty || selection != nil else { return }
        asOneStep { $0.put(text) }
    }

    /// Puts text in place of the selection, or at the cursor, as one undo step.
    package mutating func replaceSelection(with text: [UInt8]) { paste(text) }

    /// Puts text in place of a range as one undo step; the cursor goes behind it.
    package mutating func replace(_ range: Range<Int>, with text: [UInt8]) {
        asOneStep { editor in
            let landed = editor.document.replace(range, with: text)
            editor.place = Place(cursor: landed.upperBound, anchor: nil)
        }
    }

    package func copy() -> [UInt8] { selection.map { Array(document.bytes[$0]) } ?? [] }

    package mutating func cut() -> [UInt8] {
        let text = copy()
        if selection != nil { asOneStep { $0.put([]) } }
        return text
    }

    package mutating func backspace() { delete(to: Clusters.previous(in: document.bytes, before: cursor)) }
    package mutating func delete() { delete(to: Clusters.next(in: document.bytes, after: cursor)) }
    package mutating func deleteWordBackward() { delete(to: wordStart(before: cursor)) }
    package mutating func deleteWordForward() { delete(to: wordEnd(after: cursor)) }

    private mutating func delete(to other: Int) {
        if selection != nil { return asOneStep { $0.put([]) } }
        guard other != cursor else { return }
        if let step = open, step.kind == .deleting, step.end != cursor { breakUndo() }
        begin(.deleting)
        place.anchor = other
        put([])
        let end = place.cursor
        open?.end = end
    }

    /// Replaces the selection, and leaves the cursor behind the text.
    private mutating func put(_ text: [UInt8]) {
        let landed = document.replace(selection ?? cursor..<cursor, with: text)
        place = Place(cursor: landed.upperBound, anchor: nil)
        goal = nil
    }

    // MARK: - Ids

    /// Inserts a generated id and returns its end; a cursor or anchor at or behind the place moves along.
    @discardableResult
    package mutating func insert(id: TokenID, bytes: [UInt8], special: Bool, at offset: Int) -> Int {
        var end = offset
        asOneStep { editor in
            end = editor.document.insert(id: id, bytes: bytes, special: special, at: offset)
            let start = end - bytes.count
            if editor.place.cursor >= start { editor.place.cursor += bytes.count }
            if let anchor = editor.place.anchor, anchor >= start { editor.place.anchor = anchor + bytes.count }
        }
        return end
    }

    /// Drops what stands from an offset on and puts an id there, as one undo step: a fork.
    package mutating func fork(at offset: Int, id: TokenID, bytes: [UInt8], special: Bool) {
        asOneStep { editor in
            editor.document.truncate(at: offset)
            let end = editor.document.insert(id: id, bytes: bytes, special: special, at: editor.document.count)
            editor.place = Place(cursor: end, anchor: nil)
        }
    }
}
