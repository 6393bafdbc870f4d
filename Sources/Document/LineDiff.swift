/// What makes one text into another, line by line: the fewest lines, as long as finding them costs little.
///
/// Source: E. Myers, An O(ND) Difference Algorithm and Its Variations, 1986.
package struct LineDiff: Sendable, Equatable {
    /// Lines of the old text and the lines that take their place; one of both may be empty, where it stands counts.
    package struct Change: Sendable, Equatable {
        package var old: Range<Int>, new: Range<Int>
        package init(old: Range<Int>, new: Range<Int>) { (self.old, self.new) = (old, new) }
    }

    /// A line of a unified diff.
    package struct Line: Sendable, Equatable {
        package enum Kind: Sendable, Equatable { case head, same, old, new, note }
        package var kind: Kind, text: [UInt8]
        package init(_ kind: Kind, _ text: [UInt8]) { (self.kind, self.text) = (kind, text) }
    }

    /// The lines with their ends.
    package let old: [ArraySlice<UInt8>], new: [ArraySlice<UInt8>]
    /// In order, apart from each other by at least one equal line.
    package let changes: [Change]

    /// - Parameter limit: comparisons and steps to spend; beyond them all between the equal beginning and the equal end is one change.
    package init(from one: [UInt8], to other: [UInt8], limit: Int = 2_000_000) {
        (old, new) = (Self.lines(one), Self.lines(other))
        var numbers: [ArraySlice<UInt8>: Int32] = [:]
        func number(_ lines: [ArraySlice<UInt8>]) -> [Int32] {
            lines.map { line in
                if let known = numbers[line] { return known }
                let next = Int32(numbers.count)
                numbers[line] = next
                return next
            }
        }
        let a = number(old), b = number(new)
        var start = 0, end = 0
        while start < min(a.count, b.count), a[start] == b[start] { start += 1 }
        while end < min(a.count, b.count) - start, a[a.count - 1 - end] == b[b.count - 1 - end] { end += 1 }
        let middle = Change(old: start..<a.count - end, new: start..<b.count - end)
        if middle.old.isEmpty && middle.new.isEmpty { changes = [] } else if middle.old.isEmpty || middle.new.isEmpty { changes = [middle] } else {
            changes = Self.shortest(a[middle.old], b[middle.new], limit) ?? [middle]
        }
    }

    /// A text cut behind each newline; what follows the last one is a line too.
    static func lines(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        var lines: [ArraySlice<UInt8>] = [], start = 0
        while start < bytes.count {
            let end = bytes[start...].firstIndex(of: 0x0A).map { $0 + 1 } ?? bytes.count
            lines.append(bytes[start..<end])
            start = end
        }
        return lines
    }

    /// The bytes of both texts that a change is about.
    package func bytes(of change: Change) -> (old: Range<Int>, new: Range<Int>) {
        func range(_ places: Range<Int>, _ lines: [ArraySlice<UInt8>]) -> Range<Int> {
            let start = places.lowerBound < lines.count ? lines[places.lowerBound].startIndex : lines.last?.endIndex ?? 0
            return start..<(places.isEmpty ? start : lines[places.upperBound - 1].endIndex)
        }
        return (range(change.old, old), range(change.new, new))
    }

    /// The fewest changes; nil when they cost more than the limit.
    private static func shortest(_ a: ArraySlice<Int32>, _ b: ArraySlice<Int32>, _ limit: Int) -> [Change]? {
        let (n, m) = (a.count, b.count)
        // The furthest line of `a` on each diagonal after d steps; each round keeps its own for the way back.
        var rounds: [[Int32]] = [], reach: [Int32] = [0], cost = 0
        for d in 0...(n + m) {
            // Shape: diagonal -d + 2 i at index i.
            var next = [Int32](repeating: 0, count: d + 1)
            for index in 0...d {
                let k = 2 * index - d
                var x = d == 0 ? 0 : index == 0 ? Int(reach[0]) : index == d ? Int(reach[d - 1]) + 1 : max(Int(reach[index]), Int(reach[index - 1]) + 1)
                while x < n, x - k < m, a[a.startIndex + x] == b[b.startIndex + x - k] { x += 1; cost += 1 }
                next[index] = Int32(x)
                if k == n - m, x >= n { return way(back: rounds, n, m, a.startIndex, b.startIndex) }
            }
            cost += d + 1
            guard cost <= limit else { return nil }
            rounds.append(next)
            reach = next
        }
        return nil
    }

    /// From the end to the start by the rounds' furthest places; steps next to each other are one change.
    private static func way(back rounds: [[Int32]], _ n: Int, _ m: Int, _ a: Int, _ b: Int) -> [Change] {
        var changes: [Change] = [], x = n, y = m
        for d in stride(from: rounds.count, to: 0, by: -1) {
            let reach = rounds[d - 1], k = x - y, index = (k + d) / 2
            let down = index == 0 || (index < d && reach[index] > reach[index - 1])
            let fromX = Int(down ? reach[index] : reach[index - 1]), fromY = fromX - (down ? k + 1 : k - 1)
            let step = Change(old: a + fromX..<a + fromX + (down ? 0 : 1), new: b + fromY..<b + fromY + (down ? 1 : 0))
            if let last = changes.last, last.old.lowerBound == step.old.upperBound, last.new.lowerBound == step.new.upperBound {
                changes[changes.count - 1] = Change(old: step.old.lowerBound..<last.old.upperBound, new: step.new.lowerBound..<last.new.upperBound)
            } else { changes.append(step) }
            (x, y) = (fromX, fromY)
        }
        return changes.reversed()
    }

    /// The changes with what stands around them, as a unified diff writes them.
    package func unified(context: Int = 3) -> [Line] {
        var lines: [Line] = [], index = 0
        while index < changes.count {
            var last = index
            while last + 1 < changes.count, changes[last + 1].old.lowerBound - changes[last].old.upperBound <= 2 * context { last += 1 }
            let before = min(context, changes[index].old.lowerBound, changes[index].new.lowerBound)
            let after = min(context, old.count - changes[last].old.upperBound)
            let oldRange = changes[index].old.lowerBound - before..<changes[last].old.upperBound + after
            let newRange = changes[index].new.lowerBound - before..<changes[last].new.upperBound + after
            lines.append(Line(.head, Array("@@ -\(Self.place(oldRange)) +\(Self.place(newRange)) @@".utf8)))
            var at = oldRange.lowerBound
            for change in changes[index...last] {
                lines += old[at..<change.old.lowerBound].map { Line(.same, Array($0)) }
                for (kind, side) in [(Line.Kind.old, old[change.old]), (.new, new[change.new])] {
                    for line in side {
                        lines.append(Line(kind, Array(line)))
                        if line.last != 0x0A { lines.append(Line(.note, Array("no newline at the end".utf8))) }
                    }
                }
                at = change.old.upperBound
            }
            lines += old[at..<oldRange.upperBound].map { Line(.same, Array($0)) }
            index = last + 1
        }
        return lines
    }

    /// First line, counted from 1, and how many; of none the line before.
    private static func place(_ range: Range<Int>) -> String {
        let first = range.isEmpty ? range.lowerBound : range.lowerBound + 1
        return range.count == 1 ? "\(first)" : "\(first),\(range.count)"
    }
}
