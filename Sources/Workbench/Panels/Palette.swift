import Terminal

/// The list of all commands, narrowed by typing.
package struct PaletteState: Sendable, Equatable {
    package var line = LineInput()
    package var selected = 0
    package init() {}

    /// The commands in which all typed words occur.
    package var rows: [Command.Row] {
        let words = line.text.lowercased().split(separator: " ")
        guard !words.isEmpty else { return Command.table }
        return Command.table.filter { row in
            let text = "\(row.context.title) \(row.title)".lowercased()
            return words.allSatisfy { text.contains($0) }
        }
    }

    /// The row a key goes to in a list above a line that is typed; it may lie outside. Nil for a key that is the line's.
    static func row(_ key: Key, from selected: Int, page: Int) -> Int? {
        switch key {
        case .up, .backTab: selected - 1
        case .down, .tab: selected + 1
        case .pageUp: selected - page
        case .pageDown: selected + page
        case .ctrl(.home): 0
        case .ctrl(.end): .max / 2
        default: nil
        }
    }

    mutating func select(_ index: Int) { selected = max(0, min(index, rows.count - 1)) }
}

extension State {
    mutating func pressInPalette(_ key: Key, _ palette: PaletteState) -> [Effect] {
        var next = palette
        let page = max(1, PaletteView.parts(self).rows.height - 1)
        switch key {
        case .escape, .ctrl("p"):
            overlay = nil
            return []
        case .enter: return runFromPalette(palette, palette.selected)
        default:
            if let row = PaletteState.row(key, from: palette.selected, page: page) { next.select(row) } else if next.line.take(key), next.line.scalars != palette.line.scalars { next.selected = 0 }
        }
        overlay = .palette(next)
        return []
    }

    mutating func pointInPalette(_ mouse: Mouse, _ palette: PaletteState, _ step: Int) -> [Effect] {
        if step != 0 {
            var next = palette
            next.select(palette.selected + step)
            overlay = .palette(next)
        }
        guard mouse.kind == .press else { return [] }
        let parts = PaletteView.parts(self)
        if parts.rows.contains(x: mouse.x, y: mouse.y) {
            return runFromPalette(palette, PaletteView.top(palette, rows: parts.rows.height) + mouse.y - parts.rows.y)
        }
        if !parts.box.contains(x: mouse.x, y: mouse.y) { overlay = nil }
        return []
    }

    private mutating func runFromPalette(_ palette: PaletteState, _ index: Int) -> [Effect] {
        guard palette.rows.indices.contains(index) else { return [] }
        let command = palette.rows[index].command
        // The list lies above everything; what it hides is judged without it.
        overlay = nil
        if let obstacle = obstacle(to: command) {
            overlay = .palette(palette)
            say("\(command.row.title): \(obstacle)", .warning)
            return []
        }
        bringFocus(to: command.row.context)
        return perform(command)
    }

    /// Gives the keys to where a command belongs.
    mutating func bringFocus(to context: Command.Context) {
        switch context {
        case .everywhere, .streams: break
        case .document:
            zoomed = false
            focus = .document
        case .controls:
            zoomed = false
            focus = .controls
        case .panel: if focusedPanel == nil { focus = .slot(Layout(self).panels.first?.slot ?? 0) }
        case .along, .byHand: if focusedPanel != .candidates { show(.candidates) }
        case .laboratory: if focusedPanel != .laboratory { showLaboratory() }
        case .candidates, .sampler, .tokens, .attention, .lens, .attribution, .edits, .files, .compare, .branches, .shots, .history:
            guard let panel = Panel(rawValue: context.rawValue), focusedPanel != panel else { return }
            show(panel)
        }
    }
}
