import Engine
import Terminal

/// Layers by heads, a half block each, and beside them the numbers of the head under the cursor.
enum AttentionHeadsView {
    static func draw(_ state: State, _ rect: Rect, _ frame: inout Frame) {
        guard let shape = state.readyModel?.shape else { return }
        let grid = AttentionHeadGrid(rect, layers: shape.layers, heads: shape.heads, cursor: state.attention.cursor)
        heading(grid, state, &frame)
        let values = HeadValues(state)
        for row in grid.rows { drawRow(row, grid, values, state, &frame) }
        guard grid.details.width >= 8 else { return }
        let sides = grid.details.width >= 54 && !grid.details.isEmpty
        let (left, right) = sides ? grid.details.split(left: 30) : (grid.details, grid.details)
        let used = numbers(state, left, &frame)
        if sides { looksAt(state, right.split(left: 2).rest, &frame) } else {
            let gap = left.height - used >= 4 ? 1 : 0
            looksAt(state, left.split(top: used + gap).rest, &frame)
        }
    }

    private static func heading(_ grid: AttentionHeadGrid, _ state: State, _ frame: inout Frame) {
        guard grid.hasHeading else { return }
        let cursor = state.attention.cursor
        if grid.labelWidth >= 6 { frame.put("layer", x: grid.bounds.x, y: grid.bounds.y, style: Style(.dim), clip: grid.bounds) }
        for head in grid.heads {
            let text = grid.cell == 1 || (grid.cell == 2 && head % 10 > 0) ? "\(head % 10)" : grid.cell == 2 ? "\(head % 100)" : "\(head)"
            frame.put(text, rightAlignedTo: grid.x(of: head) + max(1, grid.cell - (grid.cell == 2 && text.count == 1 ? 1 : 0)), y: grid.bounds.y,
                      style: head == cursor.head ? Style(.accent, .bold) : Style(.dim), clip: grid.bounds)
        }
    }

    private static func drawRow(_ row: Int, _ grid: AttentionHeadGrid, _ values: HeadValues, _ state: State, _ frame: inout Frame) {
        let cursor = state.attention.cursor, y = grid.y(of: row), upper = row * grid.pair
        let isHere = grid.row(of: cursor.layer) == row
        frame.put("\(isHere ? cursor.layer : upper)", rightAlignedTo: grid.bounds.x + grid.labelWidth - 1, y: y,
                  style: isHere ? Style(.accent, .bold) : Style(.dim), clip: grid.bounds)
        for head in grid.heads {
            let x = grid.x(of: head)
            if grid.pair == 1 {
                numbered(HeadID(upper, head), x, y, values, state, grid, &frame)
                continue
            }
            let levels = (values.level(HeadID(upper, head)), upper + 1 < grid.layers ? values.level(HeadID(upper + 1, head)) : nil)
            for column in 0..<grid.cell { half(x + column, y, levels.0, levels.1, grid.bounds, &frame) }
            mark(HeadID(upper, head), x + grid.cell - 1, y, levels, state.attention, grid, &frame)
        }
    }

    private static func half(_ x: Int, _ y: Int, _ upper: UInt8?, _ lower: UInt8?, _ clip: Rect, _ frame: inout Frame) {
        if upper == nil, lower == nil { frame.put("·", x: x, y: y, style: Style(.dim), clip: clip) } else {
            frame.heat(x: x, y: y, upper: upper, lower: lower, clip: clip)
        }
    }

    /// The head cursor and the locked heads, written over the colour of the head they mean.
    private static func mark(_ id: HeadID, _ x: Int, _ y: Int, _ levels: (UInt8?, UInt8?), _ attention: AttentionState, _ grid: AttentionHeadGrid,
                             _ frame: inout Frame) {
        let below = HeadID(id.layer + 1, id.head), cursor = attention.cursor
        let (upper, lower) = (attention.locked.contains(id), attention.locked.contains(below))
        if cursor == id || cursor == below {
            let isLocked = cursor == id ? upper : lower
            let style = Style(.accent, isLocked ? [.bold, .underline] : .bold, heat: cursor == id ? levels.0 : levels.1)
            frame.put(cursor == id ? "▲" : "▼", x: x, y: y, style: style, clip: grid.bounds)
        } else if upper || lower {
            frame.put(upper && lower ? ":" : upper ? "'" : ".", x: x, y: y, style: Style(.accent, .bold, heat: upper ? levels.0 : levels.1), clip: grid.bounds)
        }
    }

    /// One layer a row with the number itself.
    private static func numbered(_ id: HeadID, _ x: Int, _ y: Int, _ values: HeadValues, _ state: State, _ grid: AttentionHeadGrid, _ frame: inout Frame) {
        let value = values.value(id)
        let text = value.map { AttentionView.tiny(abs($0)) } ?? " · "
        let isCursor = id == state.attention.cursor, isLocked = state.attention.locked.contains(id)
        let style = Style(.text, isCursor ? [.bold, .underline] : [], heat: values.level(id))
        frame.put(" " + text, x: x, y: y, style: style, clip: grid.bounds)
        if isCursor { frame.put("▸", x: x, y: y, style: style, clip: grid.bounds) } else if isLocked {
            frame.put("●", x: x, y: y, style: style, clip: grid.bounds)
        }
    }

    // MARK: The head under the cursor

    /// Returns the rows used.
    private static func numbers(_ state: State, _ rect: Rect, _ frame: inout Frame) -> Int {
        let attention = state.attention, reading = state.reading, id = attention.cursor
        var row = 0
        func line(_ label: String, _ value: String, _ style: Style = Style(), mark: String = "") {
            guard row < rect.height else { return }
            let width = min(rect.width, 30), y = rect.y + row
            frame.put(TextWidth.fit(label, width - (value.isEmpty ? 0 : value.count + 3)), x: rect.x, y: y, style: style, clip: rect)
            frame.put(value, rightAlignedTo: rect.x + width - 2, y: y, style: Style(.number), clip: rect)
            frame.put(mark, x: rect.x + width - 1, y: y, style: Style(.accent), clip: rect)
            row += 1
        }
        let isLocked = attention.locked.contains(id)
        frame.put(id.name, x: rect.x, y: rect.y, style: Style(.accent, .bold), clip: rect)
        let after = id.name.count + (isLocked ? 2 : 0)
        if isLocked { frame.put("●", x: rect.x + id.name.count + 1, y: rect.y, style: Style(.accent), clip: rect) }
        if let label = reading.scores?.label(id), rect.width >= 52 { frame.put(label, x: rect.x + 32, y: rect.y, style: Style(.accent), clip: rect) }
        if let span = attention.querySpan {
            frame.put(TextWidth.fit("mean of " + state.spanName(span) + (attention.isLate ? " …" : ""), min(rect.width, 30) - after - 2), x: rect.x + after + 2, y: rect.y, style: Style(attention.isLate ? .warning : .dim), clip: rect)
        } else if let query = reading.heads?.query {
            let late = attention.isLate ? " …" : ""
            let room = min(rect.width, 30) - after - 7 - late.count
            if room > 2 {
                let name = AttentionView.place(state.tokenText(query, in: reading.headIDs), query, width: room)
                frame.put("from " + name + late, x: rect.x + after + 2, y: rect.y, style: Style(attention.isLate ? .warning : .dim), clip: rect)
            }
        }
        row = 1
        if let span = attention.keySpan {
            line("to " + state.spanName(span), HeadValues(state, .toToken).value(id).map { AttentionView.share($0) } ?? "–")
        } else if let looked = attention.lookedAt {
            let owner = looked.isChosen ? "" : attention.locked.isEmpty || attention.locked == [id] ? " (most)"
                : " (\(attention.locked.count == 1 ? attention.chosen[0].name : "chosen")'s)"
            let room = min(rect.width, 30) - 3 - 8 - owner.count
            let name = TextWidth.fit(state.tokenName(looked.position, in: reading.headIDs), max(4, room))
            line("to \(name)\(owner)", attention.preview?.weight(looked.position).map { AttentionView.share(Double($0)) } ?? "–")
        } else { line("to", "…") }
        line("entropy, nats", HeadValues(state, .entropy).value(id).map { Number.fixed($0, 2) } ?? "…")
        if attention.metric.isSigned { line(attention.metric == .direct ? "adds to the logit" : "zeroed: change", HeadValues(state).value(id).map { ($0 > 0 ? "+" : "") + Number.fixed($0, 3) } ?? "…") }
        let means = AttentionState.Metric.scores.map { ($0, reading.scores?.value($0, id)) }
        let best = means.compactMap(\.1).max()
        for (metric, value) in means {
            line(metric.rawValue, value.map { Number.fixed(Double($0), 2) } ?? "…", mark: value != nil && value == best ? "◂" : "")
        }
        let count = reading.scores?.queries
        let stale = reading.scores != nil && reading.scoresVersion != reading.version ? " …" : ""
        line(count.map { "mean of newest \($0)\(rect.width >= 38 ? " queries" : "")\(stale)\(rect.width >= 29 ? ", ◂ largest" : "")" } ?? "means are computed …", "", Style(.dim))
        if !attention.locked.isEmpty, rect.height > 8, attention.locked != [id] {
            line("chosen " + attention.chosen.map(\.name).joined(separator: " "), "", Style(.dim))
        }
        return row
    }

    private static func looksAt(_ state: State, _ rect: Rect, _ frame: inout Frame) {
        guard rect.height >= 2, let row = state.attention.preview else { return }
        frame.put("looks at", x: rect.x, y: rect.y, style: Style(.dim), clip: rect)
        let list = rect.split(top: 1).rest
        AttentionView.list(row, state, ids: state.reading.headIDs, in: Rect(x: list.x, y: list.y, width: min(list.width, 60), height: list.height),
                           top: 0, selected: nil, &frame)
    }
}

/// Where the heads stand in the panel; what does not fit scrolls with the cursor.
struct AttentionHeadGrid {
    let bounds: Rect, details: Rect
    let layers: Int
    /// Columns a head; layers a row.
    let cell: Int, pair: Int
    let labelWidth: Int
    let hasHeading: Bool
    let heads: Range<Int>, rows: Range<Int>

    init(_ rect: Rect, layers: Int, heads: Int, cursor: HeadID) {
        self.layers = layers
        let numbers = rect.width >= 6 + 4 * heads + 2 + 30 && rect.height > layers
        let isWide = numbers || rect.width >= 6 + 2 * heads + 2 + 24
        (cell, pair) = numbers ? (4, 1) : isWide ? (2, 2) : (1, 2)
        labelWidth = isWide ? 6 : 3
        hasHeading = rect.height >= 3
        let fitting = max(1, (rect.width - labelWidth - (rect.width >= 30 ? 24 : 0)) / cell)
        let shown = min(heads, fitting)
        let firstHead = max(0, min(cursor.head - shown / 2, heads - shown))
        self.heads = firstHead..<firstHead + shown
        let (left, right) = rect.split(left: labelWidth + shown * cell + 2)
        (bounds, details) = (left, right)
        let count = (layers + pair - 1) / pair
        let visible = max(0, min(count, rect.height - (hasHeading ? 1 : 0)))
        let first = max(0, min(cursor.layer / pair - visible / 2, count - visible))
        rows = first..<first + visible
    }

    func row(of layer: Int) -> Int { layer / pair }
    func x(of head: Int) -> Int { bounds.x + labelWidth + (head - heads.lowerBound) * cell }
    func y(of row: Int) -> Int { bounds.y + (hasHeading ? 1 : 0) + row - rows.lowerBound }

    /// The head drawn at a place of the screen: of two in a cell the upper, and the lower one when the upper is chosen already.
    func head(atX px: Int, y py: Int, now: HeadID) -> HeadID? {
        let column = px - bounds.x - labelWidth, line = py - bounds.y - (hasHeading ? 1 : 0)
        guard column >= 0, line >= 0, column / cell < heads.count, line < rows.count else { return nil }
        let upper = HeadID((rows.lowerBound + line) * pair, heads.lowerBound + column / cell)
        return upper == now && pair == 2 && upper.layer + 1 < layers ? HeadID(upper.layer + 1, upper.head) : upper
    }
}
