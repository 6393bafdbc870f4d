import Document
import Terminal

/// The tree of what the document has been: who wrote what, with which seed, how likely, and where one is.
package enum BranchesView {
    package static func draw(_ state: State, _ rect: Rect, _ focused: Bool, _ frame: inout Frame) {
        let rows = state.branches.rows
        let inner = frame.box(rect, title: "Branches", label: label(state, rect.width - 15), legend: View.legend(.branches), focused: focused)
        guard !inner.isEmpty else { return }
        // Deep trees are shown from a fork on that leaves half the width to the text.
        let pairs = max(1, inner.width / 4)
        let depth = rows.rows.indices.contains(state.branches.selected) ? rows.rows[state.branches.selected].depth : 0
        let columns = Columns(width: inner.width, skipped: max(0, depth - pairs), pairs: pairs)
        for index in rows.rows.indices.dropFirst(state.branches.top).prefix(inner.height) {
            let line = inner.row(index - state.branches.top)
            Line(state: state, rows: rows, index: index, rect: line, columns: columns).draw(&frame)
            if focused, index == state.branches.selected { frame.restyle(line) { $0 = Style(.selection) } }
        }
    }

    /// How many nodes there are, and how likely the open document is, as much of it as there is room for.
    private static func label(_ state: State, _ room: Int) -> String {
        let rows = state.branches.rows
        let nodes = "\(Number.grouped(rows.count)) \(rows.count == 1 ? "node" : "nodes")" + (state.branches.showsTrash ? " with the trash" : "")
        let path = rows.pathLogprob.map { "  path \(Number.fixed($0, 1)) nats" } ?? ""
        return [nodes + path, nodes].first { TextWidth.columns($0) <= room } ?? ""
    }

    /// What a row has room for.
    fileprivate struct Columns {
        let skipped: Int, pairs: Int, text: Int
        /// Where these end or begin; nil where there is no room.
        var logprob: Int?, author: Int?, seed: Int?
        let unit: Bool

        init(width: Int, skipped: Int, pairs: Int) {
            (self.skipped, self.pairs) = (skipped, pairs)
            unit = width >= 60
            var left = width
            if width >= 62 { left -= 12; seed = left }
            if width >= 34 { left -= 7; author = left + 1 }
            if width >= 24 { logprob = left; left -= unit ? 13 : 8 }
            text = left
        }
    }
}

/// One row of the tree.
private struct Line {
    let state: State
    let rows: BranchRows
    let index: Int
    let rect: Rect
    let columns: BranchesView.Columns

    private var row: BranchRows.Row { rows.rows[index] }

    func draw(_ frame: inout Frame) {
        guard let id = rows.node(index) else { return }
        let tree = state.editor.tree, node = tree[id]
        var rails = rows.rails(index, skipping: columns.skipped)
        if row.depth > columns.skipped + columns.pairs { rails = rows.rails(index, skipping: row.depth - columns.pairs) }
        var x = rect.x
        x += frame.put(rails, x: x, y: rect.y, style: Style(.border), clip: rect)
        let isHere = id == rows.current
        x += frame.put(isHere ? "●" : "◦", x: x, y: rect.y, style: isHere ? Style(.accent, .bold) : style(.text), clip: rect) + 1
        if state.branches.marked == id { x += frame.put("◆", x: x, y: rect.y, style: Style(.accent), clip: rect) + 1 }
        guard let node else {
            let text = state.run == nil ? "typing…" : "writing…"
            frame.put(text, x: x, y: rect.y, style: Style(state.run == nil ? .user : .model, .bold), clip: rect)
            return
        }
        words(node, from: x, &frame)
        figures(node, &frame)
    }

    /// What lies off the way to the current node is dim.
    private func style(_ role: Terminal.Role) -> Style { row.isOnPath ? Style(role, rows.node(index) == rows.current ? .bold : []) : Style(.dim) }

    /// The label, what was added, where it was forked, and how much is folded away below.
    private func words(_ node: Node, from start: Int, _ frame: inout Frame) {
        let end = rect.x + columns.text
        let folded = row.hidden > 0 ? "  +\(Number.grouped(row.hidden))\(row.hidesCurrent ? " ●" : "")" : ""
        let clip = Rect(x: rect.x, y: rect.y, width: max(0, columns.text - TextWidth.columns(folded)), height: 1)
        var x = start
        if !node.label.isEmpty {
            let label = TextWidth.fit(node.label, clip.maxX - x)
            x += frame.put(label, x: x, y: rect.y, style: Style(row.isOnPath ? .title : .dim, .bold), clip: clip) + 2
        }
        let nodes = rows.order[row.nodes], room = max(0, clip.maxX - x)
        let role: Terminal.Role = node.author == .model ? .model : .user
        let text = BranchText.text(nodes, state.editor.tree, columns: room)
        x += frame.put(TextWidth.fit(text, room), x: x, y: rect.y, style: style(role), clip: clip)
        if let forked = BranchText.forked(node).map({ "  forked at \($0)" }), x + TextWidth.columns(forked) <= clip.maxX {
            x += frame.put(forked, x: x, y: rect.y, style: Style(.dim), clip: clip)
        }
        if !folded.isEmpty { frame.put(folded, x: min(x, end - TextWidth.columns(folded)), y: rect.y, style: Style(.accent), clip: rect) }
    }

    /// How likely it was, who wrote it, with which seed, and what went wrong.
    private func figures(_ node: Node, _ frame: inout Frame) {
        if let column = columns.logprob, let logprob = BranchText.logprob(rows.order[row.nodes], state.editor.tree) {
            let text = Number.fixed(logprob, 1) + (columns.unit ? " nats" : "")
            frame.put(text, rightAlignedTo: rect.x + column, y: rect.y, style: style(.number), clip: rect)
        }
        let isModel = node.author == .model, warning = BranchText.warning(node)
        if let column = columns.author {
            let role: Terminal.Role = isModel ? .model : .user
            let word = node.isTrashed && columns.seed == nil ? "trash" : isModel ? "model" : "you"
            frame.put(word, x: rect.x + column, y: rect.y, style: row.isOnPath ? Style(role) : Style(.dim), clip: rect)
        }
        guard let column = columns.seed else {
            if warning != nil { frame.put("⚠", x: rect.maxX - 1, y: rect.y, style: Style(.warning), clip: rect) }
            return
        }
        if node.isTrashed { frame.put("in the trash", x: rect.x + column, y: rect.y, style: Style(.dim), clip: rect) }
        else if let warning { frame.put("⚠ \(warning)", x: rect.x + column, y: rect.y, style: Style(.warning), clip: rect) }
        else if let run = node.run { frame.put(TextWidth.fit("seed \(run.seed)", 12), x: rect.x + column, y: rect.y, style: style(.number), clip: rect) }
    }
}
