import Document
import Engine
import Terminal

/// The tree of a document as rows, from the first node down; a fork indents, what goes on alone stays in its column.
package struct BranchRows: Sendable {
    package struct Row: Sendable {
        /// Its nodes among `order`: own typing that nothing branches from is one row; the last of them is where it leads.
        package var nodes: Range<Int>
        /// The row it hangs on.
        package let parent: Int?
        /// How many forks stand above.
        package let depth: Int
        /// The row that began this column; its own where it is one of several that go on from a place.
        let head: Int?
        /// True for the last of those.
        let isLast: Bool
        package let isOnPath: Bool
        /// Nodes that are folded away below.
        package var hidden = 0
        /// True where the current node is among them.
        package var hidesCurrent = false
        /// True for what is being written and is not yet a node.
        package let isOpen: Bool
    }

    package private(set) var rows: [Row] = []
    /// The shown nodes.
    package private(set) var order: [Node.ID] = []
    /// Nodes in sight, folded or not, and those in the trash.
    package private(set) var count = 0, trashed = 0
    /// How many ends the tree has, and which of them one is on or above.
    package private(set) var leaves = 0, leaf = 0
    package private(set) var current: Node.ID = 0
    /// Of the current node's document. Unit: nats.
    package private(set) var pathLogprob: Double?

    /// What is shown of a tree besides the tree itself.
    struct Choice {
        var folded: Set<Node.ID> = []
        var marked: Node.ID?
        var showsTrash = false
        /// True while something is written below the current node.
        var isOpen = false
    }

    init() {}

    init(_ tree: Tree, _ choice: Choice) {
        current = choice.isOpen ? tree.nextID : tree.current
        let path = Set(tree.path(to: tree.current))
        var end = tree.current
        while !choice.isOpen, let next = tree.child(of: end) { end = next }
        if choice.isOpen { end = current }

        struct Step { let id: Node.ID, parent: Int?, fold: Int?, begins: Bool, isLast: Bool }
        var open = [Step(id: tree.root, parent: nil, fold: nil, begins: false, isLast: true)], below: [Node.ID] = []
        while let step = open.popLast() {
            let isOpen = choice.isOpen && step.id == current
            var fold = step.fold, place = step.parent
            if let fold {
                rows[fold].hidden += 1
                if step.id == current { rows[fold].hidesCurrent = true }
            } else {
                place = add(step.id, below: step.parent, begins: step.begins, isLast: step.isLast, isOnPath: isOpen || path.contains(step.id),
                            isOpen: isOpen, tree, choice)
                if choice.folded.contains(step.id) { fold = place }
            }
            if !isOpen { count += 1 }
            below.removeAll(keepingCapacity: true)
            if !isOpen, let children = tree.children[step.id] {
                for child in children where choice.showsTrash || tree.outline(of: child)?.isTrashed == false { below.append(child) }
            }
            if choice.isOpen, step.id == tree.current { below.append(current) }
            if below.isEmpty {
                leaves += 1
                if step.id == end { leaf = leaves }
            }
            for (index, child) in below.enumerated().reversed() {
                open.append(Step(id: child, parent: place, fold: fold, begins: below.count > 1, isLast: index == below.count - 1))
            }
        }
        trashed = tree.count - count
        pathLogprob = choice.isOpen ? nil : tree.pathLogprob(to: current)
    }

    /// Adds a node as a row of its own, or to the row above.
    private mutating func add(_ id: Node.ID, below parent: Int?, begins: Bool, isLast: Bool, isOnPath: Bool, isOpen: Bool, _ tree: Tree,
                              _ choice: Choice) -> Int {
        let before = order.last
        order.append(id)
        if let parent, let before, !begins, before != current, before != choice.marked, let above = tree.outline(of: before),
           let own = tree.outline(of: id), above.isTyped, own.isTyped, !above.isLabelled, above.isTrashed == own.isTrashed {
            rows[parent].nodes = rows[parent].nodes.lowerBound..<order.count
            return parent
        }
        let depth = parent.map { rows[$0].depth } ?? 0, head = parent.flatMap { rows[$0].head }
        rows.append(Row(nodes: order.count - 1..<order.count, parent: parent, depth: depth + (begins ? 1 : 0), head: begins ? rows.count : head,
                        isLast: isLast, isOnPath: isOnPath, isOpen: isOpen))
        return rows.count - 1
    }

    /// Where a row leads.
    package func node(_ row: Int) -> Node.ID? { rows.indices.contains(row) ? order[rows[row].nodes.upperBound - 1] : nil }

    /// The row of a node; nil where it is folded away or in the trash.
    func row(of id: Node.ID) -> Int? {
        guard let place = order.firstIndex(of: id) else { return nil }
        var low = 0, high = rows.count
        while low + 1 < high {
            let middle = (low + high) / 2
            if rows[middle].nodes.lowerBound <= place { low = middle } else { high = middle }
        }
        return low
    }

    /// The lines before a row's dot, a pair of columns a fork, without the first `skipped` of them.
    package func rails(_ row: Int, skipping skipped: Int = 0) -> String {
        let shown = max(0, rows[row].depth - skipped)
        var rails = Array(repeating: "  ", count: shown), at = rows[row].head
        while let head = at, rows[head].depth > skipped {
            rails[rows[head].depth - skipped - 1] = head == row ? (rows[head].isLast ? "└─" : "├─") : rows[head].isLast ? "  " : "│ "
            at = rows[head].parent.flatMap { rows[$0].head }
        }
        return rails.joined()
    }
}

/// What a row tells of its nodes.
package enum BranchText {
    /// The text that the nodes of a row added, as marks; `⌫` before what they deleted.
    ///
    /// - Parameter columns: how much is asked for; at least that is given where there is so much.
    package static func text(_ nodes: ArraySlice<Node.ID>, _ tree: Tree, columns: Int) -> String {
        var pieces: [(deleted: Bool, bytes: [UInt8])] = [], size = 0
        for id in nodes where size <= 4 * columns {
            guard let change = tree[id]?.change else { continue }
            for (deleted, bytes) in [(true, change.before.bytes), (false, change.after.bytes)] where !bytes.isEmpty {
                if pieces.last?.deleted == deleted { pieces[pieces.count - 1].bytes += bytes } else { pieces.append((deleted, bytes)) }
                size += bytes.count
            }
        }
        guard !pieces.isEmpty else { return "(empty)" }
        return pieces.map { ($0.deleted ? "⌫ " : "") + visible($0.bytes, columns: columns) }.joined(separator: " ")
    }

    /// The token that a fork put in place of another.
    package static func forked(_ node: Node) -> String? {
        guard node.kind == .fork, let first = node.change.after.kept.first, first.range.lowerBound == 0 else { return nil }
        return TokenText.visible(Array(node.change.after.bytes[first.range]))
    }

    /// As tokens are written, but with plain spaces between words.
    private static func visible(_ bytes: [UInt8], columns: Int) -> String {
        // A character has four bytes at most, and marks beside it.
        let bytes = bytes.count > 8 * columns + 8 ? Array(bytes.prefix(8 * columns + 8)) : bytes
        let first = bytes.firstIndex { $0 != 0x20 } ?? bytes.count, last = (bytes.lastIndex { $0 != 0x20 } ?? bytes.count - 1) + 1
        let words = bytes[first..<max(first, last)].split(separator: 0x20, omittingEmptySubsequences: false)
        let ends = (String(repeating: "␣", count: first), String(repeating: "␣", count: first == bytes.count ? 0 : bytes.count - last))
        return ends.0 + words.map { TokenText.visible(Array($0)) }.joined(separator: " ") + ends.1
    }

    /// What a row's nodes gave to the logprob of the text: what a model's tokens had, or what the whole measured more than before.
    /// Unit: nats.
    package static func logprob(_ nodes: ArraySlice<Node.ID>, _ tree: Tree) -> Double? {
        guard let first = nodes.first, let last = nodes.last else { return nil }
        if nodes.count == 1, let own = tree[last]?.logprob { return own }
        guard let end = tree.pathLogprob(to: last), tree[last]?.measured != nil || nodes.count > 1 else { return nil }
        guard let parent = tree.parent(of: first) else { return end }
        return tree.pathLogprob(to: parent).map { end - $0 }
    }

    /// Why a run did not end as it should; nil where it did.
    package static func warning(_ node: Node) -> String? {
        guard let run = node.run else { return nil }
        guard let end = run.end else { return "unfinished" }
        if end == "failed" { return end }
        let edits = Intervention.stored(in: run.settings)
        return edits.isEmpty ? nil : "edited: " + edits.map(\.place).joined(separator: ", ")
    }
}
