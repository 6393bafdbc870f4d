/// What a document's tree is made of: a change to the parent's document, who made it and how.
package struct Node: Sendable, Equatable, Identifiable {
    package typealias ID = Int
    package enum Author: String, Sendable { case you, model }
    package enum Kind: String, Sendable { case start, typing, deleting, edit, fork, generation, reload }

    /// How a model wrote it.
    package struct Run: Sendable, Equatable {
        /// The sampling settings, as JSON text.
        package var settings: String
        package var seed: UInt64
        /// The fingerprint of the model.
        package var model: String
        /// Why it ended; nil while it is running.
        package var end: String?

        package init(settings: String, seed: UInt64, model: String, end: String? = nil) {
            (self.settings, self.seed, self.model, self.end) = (settings, seed, model, end)
        }
    }

    package let id: ID
    /// Nil for the node a tree begins with.
    package internal(set) var parent: ID?
    package internal(set) var change: Change
    /// Where the cursor stood after the change.
    package internal(set) var place: Place
    package var author = Author.you
    package var kind: Kind
    package var label = ""
    /// Out of sight with all below it, not deleted.
    package var isTrashed = false
    /// Unit: seconds since 1970.
    package var made = 0.0
    package var run: Run?
    /// Of the change's kept tokens, in their order; NaN where it is not known, empty where none is. Unit: nats.
    package internal(set) var logprobs: [Float] = []
    /// The logprob of this node's whole document, once it is known; the first id of all may have none. Unit: nats.
    package internal(set) var measured: Double?

    package init(id: ID, parent: ID?, change: Change, place: Place, kind: Kind) {
        (self.id, self.parent, self.change, self.place, self.kind) = (id, parent, change, place, kind)
    }

    /// Takes a stored node.
    package init(id: ID, parent: ID?, change: Change, place: Place, author: Author, kind: Kind, label: String, isTrashed: Bool, made: Double,
                 run: Run?, logprobs: [Float], measured: Double? = nil) {
        self.init(id: id, parent: parent, change: change, place: place, kind: kind)
        (self.author, self.label, self.isTrashed, self.made, self.run, self.logprobs) = (author, label, isTrashed, made, run, logprobs)
        self.measured = measured
    }

    /// The sum over the tokens whose logprob is known; nil where none is. Unit: nats.
    package var logprob: Double? {
        let known = logprobs.filter { !$0.isNaN }
        return known.isEmpty ? nil : known.reduce(0) { $0 + Double($1) }
    }

    /// What it adds to the logprob of a document that ends with it; nil unless all its tokens are known. Unit: nats.
    func gain(endingAt count: Int) -> Double? {
        guard change.before.bytes.isEmpty, change.start + change.after.bytes.count == count, logprobs.count == change.after.kept.count,
              !logprobs.contains(where: \.isNaN), change.after.kept.reduce(0, { $0 + $1.range.count }) == change.after.bytes.count else { return nil }
        return logprob
    }
}

/// Bytes and kept ids that took the place of others.
package struct Change: Sendable, Equatable {
    /// Unit: bytes.
    package var start: Int
    package var before: Fragment
    package var after: Fragment

    package init(start: Int, before: Fragment, after: Fragment) {
        (self.start, self.before, self.after) = (start, before, after)
    }

    package var growth: Int { after.bytes.count - before.bytes.count }
}

/// Where the cursor stands and where a selection began.
package struct Place: Sendable, Equatable {
    package var cursor: Int
    package var anchor: Int?

    package init(cursor: Int, anchor: Int? = nil) { (self.cursor, self.anchor) = (cursor, anchor) }
}

extension Document {
    package mutating func apply(_ change: Change) {
        splice(change.start..<change.start + change.before.bytes.count, with: change.after)
    }

    package mutating func revert(_ change: Change) {
        splice(change.start..<change.start + change.after.bytes.count, with: change.before)
    }

    /// What leads from one document to another, between their common start and their common end; nil if they are the same.
    static func change(from old: Document, to new: Document) -> Change? {
        let (prefix, suffix) = old.bytes.sharedEnds(with: new.bytes)
        let delta = new.count - old.count
        var lower = prefix
        var upper = old.count - suffix
        // A kept id belongs to the common part only if it lies wholly in it and is the same on both sides.
        let fewest = min(old.kept.count, new.kept.count)
        var head = 0
        while head < fewest, old.kept[head] == new.kept[head], old.kept[head].range.upperBound <= lower { head += 1 }
        var tail = 0
        while tail < fewest - head {
            let last = old.kept[old.kept.count - 1 - tail]
            guard last.range.lowerBound >= upper, last.shifted(by: delta) == new.kept[new.kept.count - 1 - tail] else { break }
            tail += 1
        }
        let oldKept = old.kept[head..<old.kept.count - tail]
        let newKept = new.kept[head..<new.kept.count - tail]
        for token in oldKept {
            lower = min(lower, token.range.lowerBound)
            upper = max(upper, token.range.upperBound)
        }
        for token in newKept {
            lower = min(lower, token.range.lowerBound)
            upper = max(upper, token.range.upperBound - delta)
        }
        guard lower < upper || lower < upper + delta else { return nil }
        return Change(start: lower,
                      before: Fragment(bytes: Array(old.bytes[lower..<upper]), kept: oldKept.map { $0.shifted(by: -lower) }),
                      after: Fragment(bytes: Array(new.bytes[lower..<upper + delta]), kept: newKept.map { $0.shifted(by: -lower) }))
    }
}
