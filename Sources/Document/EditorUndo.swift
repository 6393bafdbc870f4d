import Tokenizer

/// A way gone in the tree, by an edit or a walk: what undo goes back and redo goes again.
struct Move: Sendable {
    var from: Node.ID
    var to: Node.ID
    var placeBefore: Place
    var placeAfter: Place
}

/// A continuation that was made beside others.
package struct Continuation: Sendable {
    package struct Token: Sendable {
        package var id: TokenID
        package var bytes: [UInt8]
        package var special: Bool
        /// True where the bytes are not the whole of the id's, so that they become text.
        package var isCut: Bool
        /// Unit: nats.
        package var logprob: Float
        package init(id: TokenID, bytes: [UInt8], special: Bool, isCut: Bool, logprob: Float) {
            (self.id, self.bytes, self.special, self.isCut, self.logprob) = (id, bytes, special, isCut, logprob)
        }
    }
    package var tokens: [Token]
    package var run: Node.Run
    package init(tokens: [Token], run: Node.Run) { (self.tokens, self.run) = (tokens, run) }
}

extension Editor {
    /// True if undo has something to take back.
    package var canUndo: Bool { !done.isEmpty || open != nil || above != nil }

    /// The node to go back to where no way is known, as after a session was opened again; what the document began with stays.
    private var above: Node.ID? { tree[tree.current].flatMap { $0.kind == .start ? nil : $0.parent } }
    package var canRedo: Bool { !undone.isEmpty && open == nil }

    /// True unless the document is the one last saved; undoing back to that one counts.
    package var isDirty: Bool { open != nil || tree.current != saved }

    package mutating func markSaved() {
        breakUndo()
        saved = tree.current
    }

    /// Tells which node stands in the file; nil for none.
    package mutating func markSaved(at id: Node.ID?) { saved = id }

    /// Starts an undo step that holds everything until `endGroup`, such as a generation.
    package mutating func beginGroup(_ kind: Node.Kind = .edit) {
        close()
        begin(.group)
        open?.nodeKind = kind
    }

    /// From here on a model writes in the open step.
    package mutating func writes(_ run: Node.Run) {
        open?.author = .model
        open?.run = run
    }

    /// - Parameter end: why the run of this step ended.
    package mutating func endGroup(_ end: String? = nil) {
        if let end { open?.run?.end = end }
        close()
    }

    /// Ends the step of the word being typed, as a pause does; a group stays open.
    package mutating func breakUndo() {
        if open?.kind != .group { close() }
    }

    @discardableResult
    package mutating func undo() -> Bool {
        close()
        let move = done.popLast() ?? above.map {
            Move(from: $0, to: tree.current, placeBefore: tree[$0]?.place ?? place, placeAfter: place)
        }
        guard let move else { return false }
        undone.append(move)
        carry(to: move.from, move.placeBefore)
        return true
    }

    @discardableResult
    package mutating func redo() -> Bool {
        close()
        guard let move = undone.popLast() else { return false }
        done.append(move)
        carry(to: move.to, move.placeAfter)
        return true
    }

    // MARK: - The tree

    /// Goes to another node of the tree; undo comes back.
    package mutating func walk(to id: Node.ID) {
        close()
        guard let node = tree[id], id != tree.current else { return }
        move(from: tree.current, to: id, placeBefore: place, placeAfter: node.place)
        carry(to: id, node.place)
    }

    /// The document of a node, without going there.
    package func document(at id: Node.ID) -> Document {
        var copy = self
        copy.close()
        copy.carry(to: id, copy.place)
        return copy.document
    }

    /// Puts a node out of sight with all below it, going to the one above where the open document is among them.
    package mutating func trash(_ id: Node.ID) {
        close()
        guard let parent = tree.parent(of: id) else { return }
        if tree.path(to: tree.current).contains(id) { walk(to: parent) }
        tree.note(id) { $0.isTrashed = true }
    }

    package mutating func restore(_ id: Node.ID) { tree.note(id) { $0.isTrashed = false } }
    package mutating func label(_ id: Node.ID, _ text: String) { tree.note(id) { $0.label = text } }

    /// Takes what was measured of the open document's own node, where nothing is known of it yet.
    package mutating func note(logprobs: [Float]) {
        guard open == nil, tree[tree.current]?.logprobs.isEmpty == true else { return }
        tree.note(tree.current) { $0.logprobs = logprobs }
    }

    /// Takes the logprob of the whole open document; a step that is still open keeps it unless more is written. Unit: nats.
    package mutating func note(measured: Double) {
        if open == nil { tree.note(tree.current) { $0.measured = measured } } else { open?.measured = (edits, measured) }
    }

    /// True while what is being written is not yet a node; it will be the tree's `nextID`, below the current one.
    package var isOpen: Bool { open != nil }

    /// Keeps continuations of the open document as its children and goes to the chosen one; the others go to the trash, or stay
    /// beside each other where none is chosen.
    ///
    /// Returns their nodes; nil for one that is empty.
    @discardableResult
    package mutating func keep(_ continuations: [Continuation], at offset: Int, chosen: Int?, trashing: Bool) -> [Node.ID?] {
        close()
        let base = document, from = tree.current, known = tree.pathLogprob(to: from)
        let ids = continuations.map { continuation -> Node.ID? in
            var grown = base, end = offset, numbers: [Int: Float] = [:]
            for token in continuation.tokens {
                if token.isCut {
                    grown.splice(end..<end, with: Fragment(bytes: token.bytes))
                    end += token.bytes.count
                } else {
                    numbers[end] = token.logprob
                    end = grown.insert(id: token.id, bytes: token.bytes, special: token.special, at: end)
                }
            }
            guard let change = Document.change(from: base, to: grown) else { return nil }
            let id = tree.add(below: from, change, place: Place(cursor: end), kind: .generation)
            tree.note(id) { node in
                (node.author, node.made, node.run) = (.model, clock, continuation.run)
                node.logprobs = change.after.kept.map { numbers[$0.range.lowerBound + change.start] ?? .nan }
                node.isTrashed = trashing
                node.measured = node.gain(endingAt: grown.count).flatMap { gain in known.map { $0 + gain } }
            }
            return id
        }
        if let chosen, ids.indices.contains(chosen), let id = ids[chosen] { walk(to: id) }
        return ids
    }

    /// The nodes that changed since this was last called, the step that is still open among them.
    package mutating func takeChanged() -> [Node] {
        var changed = tree.takeChanged()
        if let node = openNode { changed.append(node) }
        taken = edits
        return changed
    }

    /// Everything is to be taken again, as by another store.
    package mutating func tellAll() { tree.changeAll() }

    /// Puts another document in place of this one, as one step; the same document makes none.
    package mutating func reload(_ next: Document, kind: Node.Kind = .reload, cursor: Int? = nil) {
        beginGroup(kind)
        if let change = Document.change(from: document, to: next) { document.apply(change) }
        if let cursor { place = Place(cursor: min(cursor, document.count)) }
        close()
    }

    /// Lays the open document out for another vocabulary: as its tree has it, with the ids that this one knows. No step is made.
    package mutating func adopt(_ tokenizer: Tokenizer) {
        close()
        var whole = Document()
        for id in tree.path(to: tree.current) { if let change = tree[id]?.change { whole.apply(change) } }
        // What another vocabulary has turned into text has its ids again where they are of this one.
        if whole.bytes == document.bytes { document = whole }
        document.encode(with: tokenizer)
    }

    /// The node of the document as it is now: of a step that is still open, the one it is going to be.
    package var newest: Node.ID { openNode?.id ?? tree.current }

    /// True where something is not yet among what `takeChanged` gave.
    package var hasChanged: Bool { tree.hasChanged || open != nil && edits != taken }

    /// The step that is still open, as the node it would be now.
    private var openNode: Node? {
        guard let step = open, let change = Document.change(from: step.document, to: document) else { return nil }
        return node(tree.nextID, of: step, change)
    }

    private func node(_ id: Node.ID, of step: OpenStep, _ change: Change) -> Node {
        var node = Node(id: id, parent: tree.current, change: change, place: place, kind: step.nodeKind)
        (node.author, node.made, node.run) = (step.author, clock, step.run)
        if !step.numbers.isEmpty { node.logprobs = change.after.kept.map { step.numbers[$0.range.lowerBound + change.start] ?? .nan } }
        if let measured = step.measured, measured.edits == edits {
            node.measured = measured.logprob
        } else if let known = tree.pathLogprob(to: tree.current), let gain = node.gain(endingAt: document.count) {
            node.measured = known + gain
        }
        return node
    }

    // MARK: - Steps

    mutating func asOneStep(_ edit: (inout Editor) -> Void) {
        let alone = open?.kind != .group
        if alone { close() }
        begin(.group)
        edit(&self)
        goal = nil
        if alone { close() }
    }

    /// Opens a step of this kind if none is open; an open group takes every kind.
    mutating func begin(_ kind: OpenStep.Kind) {
        if let step = open, step.kind != kind, step.kind != .group { close() }
        edits += 1
        guard open == nil else { return }
        var before = document
        (before.tokens, before.ids) = ([], [])
        open = OpenStep(kind: kind, document: before, place: place, from: tree.current, end: cursor)
    }

    /// Opens a group below the node whose document ends at the offset, so that what follows there stays beside it.
    mutating func beginFork(at offset: Int) {
        close()
        let (from, place) = (tree.current, place)
        let point = tree.branch(at: offset, count: document.count)
        carry(to: point, place)
        begin(.group)
        open?.from = from
        open?.place = place
        open?.nodeKind = .fork
    }

    mutating func close() {
        guard let step = open else { return }
        open = nil
        if let change = Document.change(from: step.document, to: document) {
            let made = node(tree.nextID, of: step, change)
            let id = tree.add(below: tree.current, change, place: place, kind: made.kind)
            tree.note(id) { node in
                (node.author, node.made, node.run, node.logprobs, node.measured) = (made.author, made.made, made.run, made.logprobs, made.measured)
            }
            move(from: step.from, to: id, placeBefore: step.place, placeAfter: place)
            tree.go(to: id)
        } else if step.from != tree.current {
            move(from: step.from, to: tree.current, placeBefore: step.place, placeAfter: place)
        }
    }

    private mutating func move(from: Node.ID, to: Node.ID, placeBefore: Place, placeAfter: Place) {
        done.append(Move(from: from, to: to, placeBefore: placeBefore, placeAfter: placeAfter))
        undone = []
    }

    /// Makes the document that of another node.
    mutating func carry(to id: Node.ID, _ place: Place) {
        let (leave, enter) = tree.way(from: tree.current, to: id)
        for step in leave { if let node = tree[step] { document.revert(node.change) } }
        for step in enter {
            guard let node = tree[step] else { continue }
            document.apply(node.change)
            // Where one stands is never out of sight.
            if node.isTrashed { tree.note(step) { $0.isTrashed = false } }
        }
        tree.go(to: id)
        self.place = Place(cursor: min(place.cursor, document.count), anchor: place.anchor.map { min($0, document.count) })
        goal = nil
    }
}
