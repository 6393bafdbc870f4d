import Terminal

/// Every command with its key, and why it cannot run now if it cannot.
enum PaletteView {
    static func parts(_ state: State) -> (box: Rect, line: Rect, rows: Rect) {
        let box = OverlayView.box(state, width: min(84, state.size.width - (state.size.width > 60 ? 4 : 0)), height: min(26, Command.table.count + 3))
        let (line, rows) = box.interior.split(top: 1)
        return (box, line, rows)
    }

    /// The first row shown, so that the chosen one is in the middle where it can be.
    static func top(_ palette: PaletteState, rows: Int) -> Int {
        max(0, min(palette.selected - rows / 2, palette.rows.count - rows))
    }

    static func draw(_ palette: PaletteState, _ state: State, _ frame: inout Frame) {
        let (box, line, area) = parts(state)
        let rows = palette.rows
        frame.fill(box)
        frame.box(box, title: "Commands", label: "\(rows.count)", legend: "⏎ run  ↑↓ choose  Esc close", focused: true)
        frame.put("> ", x: line.x + 1, y: line.y, style: Style(.focus, .bold), clip: line)
        InputView.put(palette.line, in: Rect(x: line.x + 3, y: line.y, width: max(1, line.width - 4), height: 1), style: Style(.text), &frame)
        if rows.isEmpty { frame.put("no command has these words", x: area.x + 1, y: area.y, style: Style(.dim), clip: area) }
        // Judged as if the list were not there.
        var under = state
        under.overlay = nil
        let top = top(palette, rows: area.height)
        for (index, row) in rows.enumerated().dropFirst(top).prefix(area.height) {
            draw(row, under.obstacle(to: row.command), index == palette.selected, area.row(index - top), &frame)
        }
    }

    private static func draw(_ row: Command.Row, _ obstacle: String?, _ chosen: Bool, _ rect: Rect, _ frame: inout Frame) {
        let style = chosen ? Style(.selection) : Style(obstacle == nil ? .text : .dim)
        if chosen { frame.fill(rect, style: style) }
        let keys = row.keyNames, reason = TextWidth.fit(obstacle ?? "", rect.width / 2)
        let keysAt = rect.maxX - 1 - TextWidth.columns(keys)
        let reasonAt = keysAt - (keys.isEmpty ? 0 : 2) - TextWidth.columns(reason)
        let room = max(0, reasonAt - rect.x - 3)
        let title = row.context == .everywhere ? row.title : "\(row.context.title): \(row.title)"
        frame.put(TextWidth.fit(title, room), x: rect.x + 1, y: rect.y, style: style, clip: rect)
        frame.put(reason, x: reasonAt, y: rect.y, style: style, clip: rect)
        frame.put(keys, x: keysAt, y: rect.y, style: chosen || obstacle != nil ? style : Style(.key), clip: rect)
    }
}
