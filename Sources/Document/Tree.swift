/// All that a document has been, as a tree of changes; nothing in it is ever deleted.
///
/// In: changes as they are made, and where to go. Out: the changes on the way. Invariants: every node but the first has a
/// parent in the tree; a node's document is the same whenever one goes there, to the bit; no node leads to itself.
package struct Tree: Sendable {
    package private(set) var nodes: [Node.ID: Node] = [:]
    /// What is asked of nodes often: they themselves are large to copy.
    private var outlines: [Node.ID: Outline] = [:]
    /// In the order they were made.
    package private(set) var children: [Node.ID: [Node.ID]] = [:]
    package private(set) var root: Node.ID
    /// The node whose document is the open one.
    package private(set) var current: Node.ID
    /// The child one came from or was in last.
    private var visited: [Node.ID: Node.ID] = [:]
    package private(set) var nextID: Node.ID
    /// What has changed since it was last taken.
    private var changed: Set<Node.ID>
    /// Counts the changes of the tree, for who keeps something derived from it.
    package private(set) var revision = 0

    package struct Outline: Sendable {
        package let parent: Node.ID?
        package let isTrashed: Bool
        /// True for a person's own keystrokes.
        package let isTyped: Bool
        package let isLabelled: Bool

        fileprivate init(_ node: Node) {
            (parent, isTrashed, isLabelled) = (node.parent, node.isTrashed, !node.label.isEmpty)
            isTyped = (node.kind == .typing || node.kind == .deleting) && node.author == .you && node.run == nil
        }
    }

    /// A tree that begins with a document.
    init(_ document: Document, made: Double = 0) {
        var node = Node(id: 0, parent: nil, change: Change(start: 0, before: Fragment(bytes: []), after: document.fragment(0..<document.count)),
                        place: Place(cursor: document.count), kind: .start)
        node.made = made
        (nodes, outlines, root, current, nextID, changed) = ([0: node], [0: Outline(node)], 0, 0, 1, [0])
    }

    /// Takes stored nodes, those of them that hang together with the first; nil where there is no first.
    package init?(_ stored: [Node], current: Node.ID) {
        guard let first = stored.first(where: { $0.parent == nil }) else { return nil }
        let byID = Dictionary(stored.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        let below = Dictionary(grouping: stored.filter { $0.parent != nil }.sorted { ($0.made, $0.id) < ($1.made, $1.id) }, by: { $0.parent ?? 0 })
        (root, changed) = (first.id, [])
        var open = [first.id]
        while let id = open.popLast() {
            guard nodes[id] == nil, let node = byID[id] else { continue }
            (nodes[id], outlines[id]) = (node, Outline(node))
            children[id] = below[id]?.map(\.id)
            open += children[id] ?? []
        }
        self.current = nodes[current] == nil ? first.id : current
        nextID = (stored.map(\.id).max() ?? 0) + 1
    }

    package subscript(id: Node.ID) -> Node? { nodes[id] }
    package var count: Int { nodes.count }

    /// How many ways in sight end somewhere.
    package var leaves: Int {
        var open = [root], ends = 0
        while let id = open.popLast() {
            let below = children[id]?.filter { outlines[$0]?.isTrashed == false } ?? []
            if below.isEmpty { ends += 1 } else { open += below }
        }
        return ends
    }

    package func outline(of id: Node.ID) -> Outline? { outlines[id] }
    package func parent(of id: Node.ID) -> Node.ID? { outlines[id]?.parent }

    /// From the first node to this one.
    package func path(to id: Node.ID) -> [Node.ID] {
        var path = [id]
        while let parent = outlines[path[path.count - 1]]?.parent { path.append(parent) }
        return path.reversed()
    }

    /// The child to go down to: the one visited last, else the newest that is in sight.
    package func child(of id: Node.ID) -> Node.ID? {
        let shown = children[id]?.filter { outlines[$0]?.isTrashed == false } ?? []
        return visited[id].flatMap { shown.contains($0) ? $0 : nil } ?? shown.last
    }

    /// The sibling so many places on, among those in sight.
    package func sibling(of id: Node.ID, by step: Int) -> Node.ID? {
        guard let parent = outlines[id]?.parent else { return nil }
        let shown = children[parent]?.filter { $0 == id || outlines[$0]?.isTrashed == false } ?? []
        guard let index = shown.firstIndex(of: id), shown.indices.contains(index + step) else { return nil }
        return shown[index + step]
    }

    /// What lies between two nodes: those to leave, in order, and those to enter.
    ///
    /// It takes time by their distance, not by the size of the tree.
    package func way(from start: Node.ID, to end: Node.ID) -> (leave: [Node.ID], enter: [Node.ID]) {
        var up = [start], down = [end], left = [start: 0], entered = [end: 0]
        while true {
            if let index = entered[up[up.count - 1]] { return (Array(up.dropLast()), down[..<index].reversed()) }
            if let index = left[down[down.count - 1]] { return (Array(up[..<index]), down.dropLast().reversed()) }
            let above = parent(of: up[up.count - 1]), beyond = parent(of: down[down.count - 1])
            guard above != nil || beyond != nil else { return ([], []) }
            if let above {
                left[above] = up.count
                up.append(above)
            }
            if let beyond {
                entered[beyond] = down.count
                down.append(beyond)
            }
        }
    }

    /// The logprob of a node's whole document, where it is known; that of no text is 0. Unit: nats.
    package func pathLogprob(to id: Node.ID) -> Double? {
        guard let node = nodes[id] else { return nil }
        return node.measured ?? (node.parent == nil && node.change.after.bytes.isEmpty ? 0 : nil)
    }

    // MARK: - Changes

    /// Adds a node below another, which does not go there.
    mutating func add(below parent: Node.ID, _ change: Change, place: Place, kind: Node.Kind) -> Node.ID {
        let id = nextID
        nextID += 1
        nodes[id] = Node(id: id, parent: parent, change: change, place: place, kind: kind)
        children[parent, default: []].append(id)
        touch(id)
        return id
    }

    mutating func go(to id: Node.ID) {
        let (leave, enter) = way(from: current, to: id)
        for step in leave + enter { if let parent = parent(of: step) { visited[parent] = step } }
        current = id
        revision += 1
    }

    /// Changes what is told of a node: its label, whether it is in the trash, its run, its numbers.
    mutating func note(_ id: Node.ID, _ change: (inout Node) -> Void) {
        guard var node = nodes[id] else { return }
        change(&node)
        guard node != nodes[id] else { return }
        nodes[id] = node
        touch(id)
    }

    private mutating func touch(_ id: Node.ID) {
        outlines[id] = nodes[id].map(Outline.init)
        changed.insert(id)
        revision += 1
    }

    package var hasChanged: Bool { !changed.isEmpty }

    /// The nodes that changed since this was last called.
    package mutating func takeChanged() -> [Node] {
        defer { changed = [] }
        return changed.sorted().compactMap { nodes[$0] }
    }

    /// Everything is to be taken again, as by another store.
    package mutating func changeAll() { changed = Set(nodes.keys) }

    /// The node whose document, or the beginning of it, is the open one's up to an offset; a node that writes on from before
    /// the offset is cut in two there.
    ///
    /// - Parameter count: of the open document. Unit: bytes.
    mutating func branch(at offset: Int, count: Int) -> Node.ID {
        var id = current, count = count
        while count != offset, let node = nodes[id], let parent = node.parent, node.change.start >= offset {
            count -= node.change.growth
            id = parent
        }
        guard let node = nodes[id], count > offset, node.change.start < offset,
              node.change.start + node.change.after.bytes.count == count,
              let (head, tail) = node.change.after.cut(at: offset - node.change.start) else { return id }
        let first = nextID
        nextID += 1
        var upper = Node(id: first, parent: node.parent, change: Change(start: node.change.start, before: node.change.before, after: head),
                         place: Place(cursor: offset), kind: node.kind)
        (upper.author, upper.made, upper.run, upper.isTrashed) = (node.author, node.made, node.run, node.isTrashed)
        upper.logprobs = Array(node.logprobs.prefix(head.kept.count))
        nodes[first] = upper
        nodes[id]?.parent = first
        nodes[id]?.change = Change(start: offset, before: Fragment(bytes: []), after: tail)
        nodes[id]?.logprobs = Array(node.logprobs.dropFirst(head.kept.count))
        nodes[id]?.isTrashed = false
        if node.kind == .fork { nodes[id]?.kind = node.run == nil ? .edit : .generation }
        if let parent = node.parent {
            children[parent] = children[parent]?.map { $0 == id ? first : $0 }
            if visited[parent] == id { visited[parent] = first }
        } else {
            root = first
        }
        (children[first], visited[first]) = ([id], id)
        touch(first)
        touch(id)
        return first
    }
}

extension Fragment {
    /// Two pieces; nil where a kept id lies across the place.
    func cut(at offset: Int) -> (head: Fragment, tail: Fragment)? {
        guard !kept.contains(where: { $0.range.lowerBound < offset && $0.range.upperBound > offset }) else { return nil }
        let head = kept.prefix { $0.range.upperBound <= offset }
        return (Fragment(bytes: Array(bytes[..<offset]), kept: Array(head)),
                Fragment(bytes: Array(bytes[offset...]), kept: kept.dropFirst(head.count).map { $0.shifted(by: -offset) }))
    }
}
