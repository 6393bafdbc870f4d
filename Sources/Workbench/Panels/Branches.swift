import Document
import Terminal

/// The tree's rows as they are shown, and what is chosen among them.
package struct BranchesState: Sendable {
    package private(set) var rows = BranchRows()
    /// What compare takes as its other side.
    package private(set) var marked: Node.ID?
    package private(set) var showsTrash = false
    package private(set) var selected = 0
    /// The first row on the screen.
    package private(set) var top = 0
    private var folded: Set<Node.ID> = []
    /// What the rows were made of; nil where they have to be made anew whatever the tree is.
    private var made: (revision: Int, isOpen: Bool)?
    /// The ids that were measured as a whole, by their version.
    fileprivate var measuredVersion: Int?

    package init() {}

    /// The node of the chosen row.
    package var chosen: Node.ID? { rows.node(selected) }
    package func isFolded(_ row: Int) -> Bool { rows.node(row).map(folded.contains) ?? false }

    /// Makes the rows anew if the tree or what is folded changed; the choice goes along with the node one stands on.
    mutating func take(_ tree: Tree, isOpen: Bool) {
        if let made, made == (tree.revision, isOpen) { return }
        let chosen = chosen ?? tree.root, wasCurrent = rows.current
        if let mark = marked, tree[mark] == nil { marked = nil }
        func build() -> BranchRows {
            BranchRows(tree, BranchRows.Choice(folded: folded, marked: marked, showsTrash: showsTrash, isOpen: isOpen))
        }
        rows = build()
        made = (tree.revision, isOpen)
        if rows.current != wasCurrent || rows.order.isEmpty {
            if rows.row(of: rows.current) == nil {
                // Whoever walks into what is folded sees where they are.
                folded.subtract(tree.path(to: tree.current))
                rows = build()
            }
            selected = rows.row(of: rows.current) ?? 0
        } else {
            var id: Node.ID? = chosen
            while let known = id, rows.row(of: known) == nil { id = tree.parent(of: known) }
            selected = id.flatMap { rows.row(of: $0) } ?? rows.row(of: rows.current) ?? 0
        }
    }

    mutating func select(_ row: Int) { selected = max(0, min(row, rows.rows.count - 1)) }

    package mutating func mark(_ id: Node.ID) {
        marked = marked == id ? nil : id
        made = nil
    }

    mutating func fold(_ id: Node.ID) {
        if folded.remove(id) == nil { folded.insert(id) }
        made = nil
    }

    mutating func toggleTrash() {
        showsTrash.toggle()
        made = nil
    }

    /// Keeps the chosen row in sight.
    mutating func follow(rows height: Int) {
        top = max(min(top, selected), selected - height + 1)
        clamp(rows: height)
    }
    mutating func scroll(by step: Int, rows height: Int) {
        top += step
        clamp(rows: height)
        selected = max(top, min(selected, top + height - 1))
    }
    private mutating func clamp(rows height: Int) { top = max(0, min(top, rows.rows.count - height)) }
}

extension State {
    /// Brings the rows up to date, and takes into the tree what the whole document measured.
    mutating func settleBranches(_ layout: Layout) {
        if branches.measuredVersion != reading.version, run == nil, let total = reading.total(of: editor.document.tokens.count, within: contextLimit) {
            branches.measuredVersion = reading.version
            editor.note(measured: total)
        }
        branches.take(editor.tree, isOpen: editor.isOpen)
        if let height = layout.rect(of: .branches)?.interior.height { branches.follow(rows: height) }
    }

    /// Goes to a node; a running stream ends first, its text stays.
    mutating func walk(to id: Node.ID) -> [Effect] { edit { $0.walk(to: id) } }

    /// Where Alt and an arrow lead; what is being written has to be a node before.
    func branchTarget(_ command: Command) -> Node.ID? {
        let tree = editor.tree
        return switch command {
        case .branchParent: tree.parent(of: tree.current)
        case .branchChild: tree.child(of: tree.current)
        case .branchPrevious: tree.sibling(of: tree.current, by: -1)
        default: tree.sibling(of: tree.current, by: 1)
        }
    }

    /// Walks to a node beside, above or below.
    mutating func walkBranch(_ command: Command) -> [Effect] {
        let effects = interruptRun()
        editor.breakUndo()
        guard let id = branchTarget(command) else {
            let tree = editor.tree, isAlone = tree.sibling(of: tree.current, by: command == .branchPrevious ? 1 : -1) == nil
            switch command {
            case .branchParent: say("this is what the document began with")
            case .branchChild: say("nothing was written after this yet")
            default: say(isAlone ? "nothing stands beside this; a fork or another generation from the place above does"
                         : "this is the \(command == .branchPrevious ? "first" : "last") of those beside each other")
            }
            return effects
        }
        return effects + walk(to: id)
    }

    mutating func performInBranches(_ command: Command) -> [Effect] {
        let rows = branches.rows, page = max(1, (Layout(self).rect(of: .branches)?.interior.height ?? 1) - 1)
        switch command {
        case .branchUp: branches.select(branches.selected - 1)
        case .branchDown: branches.select(branches.selected + 1)
        case .branchPageUp: branches.select(branches.selected - page)
        case .branchPageDown: branches.select(branches.selected + page)
        case .branchFirst: branches.select(0)
        case .branchLast: branches.select(.max / 2)
        case .branchOut: if let parent = rows.rows.indices.contains(branches.selected) ? rows.rows[branches.selected].parent : nil { branches.select(parent) }
        case .branchIn:
            if branches.isFolded(branches.selected) { return performInBranches(.branchFold) }
            if rows.rows.indices.contains(branches.selected + 1), rows.rows[branches.selected + 1].parent == branches.selected {
                branches.select(branches.selected + 1)
            }
        case .branchShowTrash:
            guard branches.showsTrash || rows.trashed > 0 else {
                say("nothing is in the trash")
                return []
            }
            branches.toggleTrash()
        default: if let id = branches.chosen { return perform(command, onBranch: id) }
        }
        return []
    }

    private mutating func perform(_ command: Command, onBranch id: Node.ID) -> [Effect] {
        if run == nil { editor.breakUndo() }
        guard let node = editor.tree[id] else {
            say("this is still being written; Esc ends it")
            return []
        }
        switch command {
        case .branchGo: return walk(to: id)
        case .branchLabel: overlay = .input(.init(purpose: .branchLabel(id), label: "label", line: LineInput(node.label)))
        case .branchMark: branches.mark(id)
        case .branchCompare:
            guard let other = id == editor.tree.current ? branches.marked : id, other != editor.tree.current else {
                say("this is the document itself; mark another with m, or choose one")
                return []
            }
            compare(withNode: other)
        case .branchStreams: return walk(to: id) + perform(.streams)
        case .branchExport:
            // Gone to, so that its numbers are measured.
            let effects = walk(to: id)
            askForExport(.document)
            return effects
        case .branchFold:
            guard branches.isFolded(branches.selected) || editor.tree.child(of: id) != nil else {
                say("nothing hangs below this")
                return []
            }
            branches.fold(id)
        case .branchTrash:
            guard node.parent != nil else {
                say("this is what the document began with; it stays", .warning)
                return []
            }
            if node.isTrashed {
                editor.restore(id)
                say("back from the trash")
                return []
            }
            let first = branches.rows.row(of: id).map { branches.rows.order[branches.rows.rows[$0].nodes.lowerBound] } ?? id
            let effects = edit { $0.trash(first) }
            say("in the trash; u shows it, and x there takes it back")
            return effects
        default: break
        }
        return []
    }

    mutating func scrollBranches(by step: Int) {
        branches.scroll(by: step, rows: Layout(self).rect(of: .branches)?.interior.height ?? 0)
    }

    /// A press in the panel, counted from its inside's corner: chooses, and goes to what is chosen already.
    mutating func clickBranches(y: Int) -> [Effect] {
        let row = branches.top + y
        guard branches.rows.rows.indices.contains(row), y >= 0 else { return [] }
        if row == branches.selected { return performInBranches(.branchGo) }
        branches.select(row)
        return []
    }
}

extension Reading {
    /// The logprob of all ids, the first of which may have none; nil until the last is measured. Unit: nats.
    func total(of tokens: Int, within context: Int) -> Double? {
        guard ids.count > 1, ids.count == lead + tokens, ids.count <= context, steps.count == ids.count, measured == ids.count else { return nil }
        return steps.reduce(0) { $0 + ($1.map { Double($0.logprob) } ?? 0) }
    }
}
