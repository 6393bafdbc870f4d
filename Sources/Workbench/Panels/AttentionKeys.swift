import Terminal

/// What keys and the mouse do in the attention panel.
extension State {
    mutating func performInAttention(_ command: Command) {
        switch command {
        case .attentionView: turnAttentionView()
        case .textOut: tintByAttention(.out)
        case .textIn: tintByAttention(.into)
        case .mapLog: attention.isLog.toggle()
        case .headAdd:
            attention.touch()
            if attention.locked.remove(attention.cursor) == nil { attention.locked.insert(attention.cursor) }
        case .headMetric:
            let all = AttentionState.Metric.allCases
            let next = (all.firstIndex(of: attention.metric) ?? 0) + 1
            attention.metric = all[next % all.count]
            if attention.view != .heads, attention.view != .ranked { say("the metric colours the heads view; v goes there") }
        case .mapHideFirst:
            attention.hidesFirst.toggle()
            if attention.view != .map { say("the first token is \(attention.hidesFirst ? "hidden" : "shown") in the map; v goes there") }
        case .headValues:
            attention.isValued.toggle()
            say(attention.isValued ? "weights times the lengths of their values: |pattern · v|" : "weights of the pattern")
        case .headWords:
            attention.mergesWords.toggle()
            say(attention.mergesWords ? "the tokens of a word count as one" : "each token by itself")
        case .spanKeys, .spanQueries: takeSpan(command)
        case .textSpread: tintByAttention(.spread)
        case .mapZoomIn, .mapZoomOut: zoomMap(command == .mapZoomIn ? -1 : 1)
        default:
            switch attention.view {
            case .heads: performInHeads(command)
            case .ranked: performInRanked(command)
            case .map: performInMap(command)
            case .text: performInAttentionText(command)
            }
        }
    }

    private mutating func performInHeads(_ command: Command) {
        switch command {
        case .headUp, .headDown, .headLeft, .headRight:
            attention.touch()
            if command == .headUp || command == .headDown { attention.cursor.layer += command == .headUp ? -1 : 1 } else {
                attention.cursor.head += command == .headLeft ? -1 : 1
            }
        case .headLock:
            attention.touch()
            attention.locked = attention.locked == [attention.cursor] ? [] : [attention.cursor]
        case .targetPrevious: moveTarget(by: -1)
        case .targetNext: moveTarget(by: 1)
        default: break
        }
    }

    /// Steps the position looked at; beyond the ends it follows the heads again.
    mutating func moveTarget(by step: Int) {
        let query = AttentionState.query(self)
        let now = attention.direction == .into && attention.view == .text ? attention.columnKey(self) : attention.lookedAt?.position ?? query
        let next = now + step
        attention.keySpan = nil
        attention.target = (0...max(0, query)).contains(next) ? next : nil
    }

    // MARK: Views and tints

    private mutating func turnAttentionView() {
        let all = AttentionState.Pane.allCases
        let next = all[((all.firstIndex(of: attention.view) ?? 0) + 1) % all.count]
        if attention.view == .text {
            if text.tint == .attention, let former = attention.formerTint { text.tint = former }
            attention.formerTint = nil
        }
        attention.view = next
        if next == .text { takeTint() }
    }

    private mutating func tintByAttention(_ direction: AttentionState.Direction) {
        attention.direction = direction
        takeTint()
    }

    private mutating func takeTint() {
        if text.tint != .attention { attention.formerTint = text.tint }
        text.tint = .attention
    }

    // MARK: Map

    private mutating func performInMap(_ command: Command) {
        switch command {
        case .targetPrevious: stepHead(by: -1)
        case .targetNext: stepHead(by: 1)
        case .headUp: moveCrosshair(query: -1, key: 0)
        case .headDown: moveCrosshair(query: 1, key: 0)
        case .headLeft: moveCrosshair(query: 0, key: -1)
        case .headRight: moveCrosshair(query: 0, key: 1)
        case .headLock:
            guard let map = reading.map, map.tokens > 0 else { return }
            goToAttention(of: attention.cross(in: map, self).query)
        default: break
        }
    }

    private mutating func moveCrosshair(query: Int, key: Int) {
        guard let map = reading.map, map.tokens > 0 else { return }
        let step = attention.grid.step, count = attention.grid.shown?.tokens ?? map.tokens
        var cross = attention.grid.local(attention.cross(in: map, self))
        cross.query = min(max(0, cross.query + query * step), count - 1)
        cross.key = min(max(0, cross.key + key * step), cross.query)
        attention.crosshair = attention.grid.place(query: cross.query, key: cross.key)
    }

    private mutating func zoomMap(_ step: Int) {
        guard attention.view == .map else { return say("the map is what zooms with + and -; v goes there, z zooms the panel") }
        guard let map = reading.map, !map.rows.isEmpty else { return }
        let shown = attention.grid.shown ?? map, scales = AttentionMapGrid.scales(shown)
        let now = attention.scale ?? AttentionMapGrid.fit(shown, attention.grid.plan.area)
        attention.scale = min(max(now + step, scales.lowerBound), scales.upperBound)
    }

    /// The next head of the model, through the layers; a single locked head moves along.
    private mutating func stepHead(by step: Int) {
        guard let shape = readyModel?.shape else { return }
        attention.touch()
        let count = shape.layers * shape.heads
        let next = (attention.cursor.layer * shape.heads + attention.cursor.head + step + count) % count
        attention.cursor = HeadID(next / shape.heads, next % shape.heads)
        if attention.locked.count == 1 { attention.locked = [attention.cursor] }
        if attention.locked.count > 1 { say("the mean of \(attention.locked.count) heads is shown; Space adds or removes \(attention.cursor.name)") }
    }

    /// Puts the document's cursor behind a token, so that it is the query of all panels.
    mutating func goToAttention(of query: Int) {
        let tokens = editor.document.tokens, index = query - reading.lead
        guard index < tokens.count else { return }
        editor.move(to: index < 0 ? 0 : tokens[index].range.upperBound)
        text.follows = true
    }

    // MARK: Text

    private mutating func performInAttentionText(_ command: Command) {
        switch command {
        case .headUp: attention.scroll(list: -1)
        case .headDown: attention.scroll(list: 1)
        case .headLeft: goToAttention(of: AttentionState.query(self) - 1)
        case .headRight: goToAttention(of: AttentionState.query(self) + 1)
        case .targetPrevious: moveTarget(by: -1)
        case .targetNext: moveTarget(by: 1)
        case .headLock:
            guard let row = attention.chosenRow, row.order.indices.contains(attention.selected) else { return }
            goToAttention(of: row.order[attention.selected])
        default: break
        }
    }

    // MARK: Mouse

    /// A click inside the panel's border, from its upper left corner.
    package mutating func clickInAttention(x: Int, y: Int, in panel: Rect) {
        switch attention.view {
        case .heads:
            guard let shape = readyModel?.shape else { return }
            let grid = AttentionHeadGrid(panel, layers: shape.layers, heads: shape.heads, cursor: attention.cursor)
            guard let head = grid.head(atX: panel.x + x, y: panel.y + y, now: attention.cursor) else { return }
            attention.touch()
            attention.cursor = head
        case .map:
            guard let map = reading.map, map.tokens > 0 else { return }
            let grid = attention.grid, area = grid.plan.area
            guard area.contains(x: panel.x + x, y: panel.y + y) else { return }
            let (column, row) = (panel.x + x - area.x, panel.y + y - area.y)
            let key = grid.isLabelled ? (column - AttentionMapGrid.nameWidth) / grid.plan.keyWidth : column
            let query = grid.isLabelled ? row - 1 : row * 2
            attention.crosshair = grid.place(query: max(0, grid.origin.query + query) * grid.step, key: max(0, grid.origin.key + key) * grid.step)
            attention.crosshair = attention.cross(in: map, self)
        case .ranked:
            let ranking = HeadValues(self).ranking, index = AttentionRankedView.top(ranking, attention.cursor, panel.height - 1) + y - 1
            guard y >= 1, ranking.indices.contains(index) else { return }
            attention.touch()
            attention.cursor = ranking[index].id
        case .text:
            let list = AttentionTextPlan(panel, zoomed: zoomed).list
            let row = panel.y + y - list.y
            guard list.contains(x: panel.x + x, y: panel.y + y), row >= 0 else { return }
            attention.selected = AttentionTextPlan.top(attention, list) + row
        }
    }

    package mutating func scrollInAttention(by step: Int) {
        switch attention.view {
        case .heads:
            attention.touch()
            attention.cursor.layer += step
        case .ranked: moveInRanking(by: step)
        case .map: moveCrosshair(query: step, key: 0)
        case .text: attention.scroll(list: step)
        }
    }
}
