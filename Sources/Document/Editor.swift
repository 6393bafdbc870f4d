import Tokenizer

/// A document with a cursor, a selection and undo: the multi-line editor as people know it.
///
/// Offsets are bytes, on a cluster boundary. Movement is by logical line; a view with wrapped lines uses `move(to:)`.
package struct Editor: Sendable {
    package internal(set) var document: Document
    package internal(set) var place = Place(cursor: 0, anchor: nil)
    /// The column that up and down aim at. Unit: clusters.
    var goal: Int?
    package internal(set) var tree: Tree
    /// The ways gone in the tree, and those gone back.
    var done: [Move] = [], undone: [Move] = []
    var open: OpenStep?
    /// The node that stands in the file.
    package internal(set) var saved: Node.ID?
    /// Counts the edits, and how many of them `takeChanged` knows of.
    var edits = 0, taken = 0
    /// What a node made now is dated. Unit: seconds since 1970.
    package var clock = 0.0

    /// An undo step that is still growing.
    struct OpenStep: Sendable {
        enum Kind: Sendable { case typing, deleting, group }
        var kind: Kind
        var document: Document
        var place: Place
        /// Where undo goes back to: the node above, but of a fork the one that was left.
        var from: Node.ID
        /// Where the next keystroke must land to belong to this step.
        var end: Int
        /// True once the typed word has ended: the next letter begins a new step.
        var wordEnded = false
        var nodeKind: Node.Kind
        var author = Node.Author.you
        var run: Node.Run?
        /// The logprobs of generated ids by where they begin. Unit: nats.
        var numbers: [Int: Float] = [:]
        /// What the whole document measured after so many edits. Unit: nats.
        var measured: (edits: Int, logprob: Double)?

        init(kind: Kind, document: Document, place: Place, from: Node.ID, end: Int) {
            (self.kind, self.document, self.place, self.from, self.end) = (kind, document, place, from, end)
            nodeKind = switch kind { case .typing: .typing; case .deleting: .deleting; case .group: .edit }
        }
    }

    /// - Parameter made: when the document was opened. Unit: seconds since 1970.
    package init(_ document: Document = Document(), made: Double = 0) {
        self.document = document
        tree = Tree(document, made: made)
        clock = made
        saved = tree.current
    }

    /// Takes a stored tree, and the document of one of its nodes.
    package init(_ tree: Tree, document: Document, of node: Node.ID) {
        self.document = document
        self.tree = tree
        let current = tree.current
        self.tree.go(to: node)
        carry(to: current, tree[current]?.place ?? place)
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
    ///
    /// - Parameter logprob: what the model gave it. Unit: nats.
    @discardableResult
    package mutating func insert(id: TokenID, bytes: [UInt8], special: Bool, at offset: Int, logprob: Float? = nil) -> Int {
        var end = offset
        asOneStep { editor in
            end = editor.document.insert(id: id, bytes: bytes, special: special, at: offset)
            let start = end - bytes.count
            if let logprob { editor.open?.numbers[start] = logprob }
            if editor.place.cursor >= start { editor.place.cursor += bytes.count }
            if let anchor = editor.place.anchor, anchor >= start { editor.place.anchor = anchor + bytes.count }
        }
        return end
    }

    /// Takes bytes out, as one undo step: every kept id outside them stays. At the end it is the way back to where the text ended there.
    package mutating func remove(_ range: Range<Int>) {
        guard range.upperBound == document.count else {
            return asOneStep { editor in
                editor.document.splice(range, with: Fragment(bytes: []))
                editor.place = Place(cursor: range.lowerBound, anchor: nil)
            }
        }
        beginFork(at: range.lowerBound)
        document.truncate(at: range.lowerBound)
        place = Place(cursor: document.count, anchor: nil)
        goal = nil
        close()
    }

    /// Drops what stands from an offset on and puts an id there, as one undo step; what stood there stays in the tree, beside it.
    ///
    /// - Parameter goingOn: leaves the step open for what follows.
    package mutating func fork(at offset: Int, id: TokenID, bytes: [UInt8], special: Bool, logprob: Float? = nil, goingOn: Bool = false) {
        beginFork(at: offset)
        document.truncate(at: offset)
        let end = document.insert(id: id, bytes: bytes, special: special, at: document.count)
        if let logprob { open?.numbers[end - bytes.count] = logprob }
        place = Place(cursor: end, anchor: nil)
        goal = nil
        if !goingOn { close() }
    }

    /// The same with text that is no id of a model here.
    package mutating func fork(at offset: Int, text: [UInt8], goingOn: Bool = false) {
        beginFork(at: offset)
        document.truncate(at: offset)
        place = Place(cursor: document.replace(document.count..<document.count, with: text).upperBound, anchor: nil)
        goal = nil
        if !goingOn { close() }
    }
}
