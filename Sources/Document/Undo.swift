/// Where the cursor stands and where a selection began.
package struct Place: Sendable, Equatable {
    package var cursor: Int
    package var anchor: Int?
}

/// The steps that take a document back and forth, exactly: bytes, kept ids, cursor, selection.
///
/// A step holds only what differs between the document before and after it.
package struct History: Sendable {
    package struct Step: Sendable {
        var start: Int
        var before: Fragment
        var after: Fragment
        var placeBefore: Place
        var placeAfter: Place
        var versionBefore: Int
        var versionAfter: Int

        var size: Int {
            before.bytes.count + after.bytes.count + MemoryLayout<DocToken>.stride * (before.kept.count + after.kept.count) + 128
        }
    }

    /// Unit: bytes; the newest step stays whatever its size.
    let limit: Int
    package private(set) var undone: [Step] = []
    package private(set) var done: [Step] = []
    package private(set) var size = 0

    init(limit: Int) { self.limit = limit }

    mutating func push(_ step: Step) {
        forgetUndone()
        done.append(step)
        size += step.size
        var dropped = 0
        while size > limit, dropped < done.count - 1 {
            size -= done[dropped].size
            dropped += 1
        }
        done.removeFirst(dropped)
    }

    mutating func forgetUndone() {
        size -= undone.reduce(0) { $0 + $1.size }
        undone = []
    }

    mutating func stepBack() -> Step? {
        guard let step = done.popLast() else { return nil }
        undone.append(step)
        return step
    }

    mutating func stepForward() -> Step? {
        guard let step = undone.popLast() else { return nil }
        done.append(step)
        return step
    }
}

extension Document {
    /// What lies between the common start and the common end of two documents; nil if they are the same.
    static func difference(from old: Document, to new: Document) -> (start: Int, before: Fragment, after: Fragment)? {
        let shortest = min(old.count, new.count)
        let (prefix, suffix) = old.bytes.withUnsafeBufferPointer { old in
            new.bytes.withUnsafeBufferPointer { new in
                var prefix = 0
                while prefix < shortest, old[prefix] == new[prefix] { prefix += 1 }
                var suffix = 0
                while suffix < shortest - prefix, old[old.count - 1 - suffix] == new[new.count - 1 - suffix] { suffix += 1 }
                return (prefix, suffix)
            }
        }
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
        return (lower,
                Fragment(bytes: Array(old.bytes[lower..<upper]), kept: oldKept.map { $0.shifted(by: -lower) }),
                Fragment(bytes: Array(new.bytes[lower..<upper + delta]), kept: newKept.map { $0.shifted(by: -lower) }))
    }
}
