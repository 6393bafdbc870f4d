extension Editor {
    /// True if undo has something to take back.
    package var canUndo: Bool { !history.done.isEmpty || open != nil }
    package var canRedo: Bool { !history.undone.isEmpty && open == nil }

    /// True unless the document is the one last saved; undoing back to that one counts.
    package var isDirty: Bool { version != savedVersion }

    package mutating func markSaved() {
        breakUndo()
        savedVersion = version
    }

    /// Starts an undo step that holds everything until `endGroup`, such as a generation.
    package mutating func beginGroup() {
        close()
        begin(.group)
    }

    package mutating func endGroup() { close() }

    /// Ends the step of the word being typed, as a pause does; a group stays open.
    package mutating func breakUndo() {
        if open?.kind != .group { close() }
    }

    @discardableResult
    package mutating func undo() -> Bool {
        close()
        guard let step = history.stepBack() else { return false }
        document.splice(step.start..<step.start + step.after.bytes.count, with: step.before)
        place = step.placeBefore
        version = step.versionBefore
        goal = nil
        return true
    }

    @discardableResult
    package mutating func redo() -> Bool {
        close()
        guard let step = history.stepForward() else { return false }
        document.splice(step.start..<step.start + step.before.bytes.count, with: step.after)
        place = step.placeAfter
        version = step.versionAfter
        goal = nil
        return true
    }

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
        if open == nil {
            var before = document
            before.tokens = []
            open = OpenStep(kind: kind, document: before, place: place, version: version, end: cursor)
        }
        newestVersion += 1
        version = newestVersion
    }

    private mutating func close() {
        guard let step = open else { return }
        open = nil
        guard let (start, before, after) = Document.difference(from: step.document, to: document) else {
            version = step.version
            return
        }
        history.push(History.Step(
            start: start, before: before, after: after, placeBefore: step.place, placeAfter: place,
            versionBefore: step.version, versionAfter: version))
    }
}
