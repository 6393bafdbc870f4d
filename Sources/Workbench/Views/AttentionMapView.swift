import Engine
import Terminal

/// Queries by keys of one head or of the mean of some, with the numbers under the crosshair.
enum AttentionMapView {
    static func draw(_ state: State, _ rect: Rect, _ frame: inout Frame) {
        let attention = state.attention, grid = attention.grid
        guard let map = state.reading.map, !grid.cells.isEmpty, map.tokens > 0 else {
            let text = state.run == nil ? "the map of \(AttentionView.name(of: attention.chosen)) is being computed …" : "the map is computed when the stream has ended"
            frame.put(TextWidth.fit(text, rect.width), x: rect.x, y: rect.y, style: Style(.dim), clip: rect)
            return
        }
        let place = attention.cross(in: map, state), cross = grid.local(place)
        var plan = AttentionMapPlan(rect)
        plan.size(labelled: grid.isLabelled, tokens: grid.shown?.tokens ?? map.tokens)
        if grid.isLabelled { labelled(state, grid, plan, cross, &frame) } else { blocks(attention, grid, plan, cross, &frame) }
        info(state, map, grid, plan, place, &frame)
        legend(attention, map, grid, plan.legend, &frame)
    }

    private static func blocks(_ attention: AttentionState, _ grid: AttentionMapGrid, _ plan: AttentionMapPlan, _ cross: AttentionState.Crosshair,
                               _ frame: inout Frame) {
        let area = plan.area
        for line in 0..<area.height {
            let query = grid.origin.query + line * 2
            guard query < grid.cells.count else { break }
            for column in 0..<min(area.width, max(0, query + 2 - grid.origin.key)) {
                let key = grid.origin.key + column
                let upper = grid.cell(query, key).map { AttentionView.level($0 / grid.most, log: attention.isLog) }
                let lower = grid.cell(query + 1, key).map { AttentionView.level($0 / grid.most, log: attention.isLog) }
                guard upper != nil || lower != nil else { continue }
                let isCross = cross.key / grid.step == key && (cross.query / grid.step) / 2 * 2 == query
                frame.heat(x: area.x + column, y: area.y + line, upper: upper, lower: lower, role: isCross ? .cursor : .text, clip: area)
            }
        }
    }

    private static func labelled(_ state: State, _ grid: AttentionMapGrid, _ plan: AttentionMapPlan, _ cross: AttentionState.Crosshair, _ frame: inout Frame) {
        let area = plan.area, nameWidth = AttentionMapGrid.nameWidth
        for column in 0..<plan.columns {
            let key = grid.origin.key + column, x = area.x + nameWidth + column * plan.keyWidth
            guard key < grid.cells.count else { break }
            var name = name(key, grid, state)
            // Columns are narrow: the space that begins a word says least.
            if name.hasPrefix("␣"), name.unicodeScalars.count > 1 { name = String(name.dropFirst()) }
            // Three letters tell more than two and a mark.
            let end = Rect(x: x, y: area.y, width: plan.keyWidth - 1, height: 1).intersection(area)
            frame.put(name, x: x, y: area.y, style: key == cross.key ? Style(.accent, .bold) : Style(.dim), clip: end)
        }
        for line in 0..<max(0, area.height - 1) {
            let query = grid.origin.query + line, y = area.y + 1 + line
            guard query < grid.cells.count else { break }
            let style = query == cross.query ? Style(.accent, .bold) : Style(.dim)
            frame.put(TextWidth.fit(name(query, grid, state), nameWidth - 1), x: area.x, y: y, style: style, clip: area)
            for column in 0..<plan.columns {
                let key = grid.origin.key + column, x = area.x + nameWidth + column * plan.keyWidth
                guard let weight = grid.cell(query, key) else { break }
                let level = AttentionView.level(weight / grid.most, log: state.attention.isLog)
                for part in 0..<plan.keyWidth - 1 { frame.heat(x: x + part, y: y, upper: level, lower: level, clip: area) }
                if query == cross.query, key == cross.key {
                    frame.put("◂", x: x + plan.keyWidth - 1, y: y, style: Style(.accent, .bold), clip: area)
                }
            }
        }
    }

    /// A unit of the map: a token, or a word where they are merged.
    private static func name(_ index: Int, _ grid: AttentionMapGrid, _ state: State) -> String {
        grid.words.indices.contains(index) ? grid.words[index].map { state.tokenText($0) }.joined() : state.tokenText(index)
    }

    // MARK: Numbers

    private static func info(_ state: State, _ map: AttentionMap, _ grid: AttentionMapGrid, _ plan: AttentionMapPlan, _ cross: AttentionState.Crosshair,
                             _ frame: inout Frame) {
        let local = grid.local(cross), numbers = Numbers(grid.shown ?? map, grid, local, hidesFirst: state.attention.hidesFirst)
        let heads = AttentionView.name(of: map.heads)
        let wanted = map.heads == state.attention.chosen && map.isValued == state.attention.isValued
        let isLate = !wanted || map.tokens < state.reading.ids.count
        let pooled = (grid.step == 1 ? "1:1" : "1:\(grid.step), largest") + (grid.words.isEmpty ? "" : ", words")
        let (from, to) = grid.words.isEmpty ? (state.tokenText(cross.query), state.tokenName(cross.key)) : (name(local.query, grid, state), name(local.key, grid, state))
        let info = plan.info
        let lines: [(String, Style)]
        if plan.isWide {
            var all: [(String, Style)] = [
                (heads, Style(.accent, .bold)), ("queries ↓ keys →", Style(.dim)), ("", Style()),
                ("query " + AttentionView.place(from, cross.query, width: info.width - 6), Style()),
                ("key   " + AttentionView.place(to, cross.key, width: info.width - 6), Style()),
                (numbers.weight, Style(.number)), (numbers.log, Style(.number)),
            ]
            if let share = numbers.share { all.append(("without first " + share, Style(.number))) }
            if let cell = numbers.cell { all.append((cell, Style(.number))) }
            all += [("", Style()), ("row sum without first " + numbers.rest, Style(.number)), ("pooled " + pooled, Style(.dim))]
            if isLate { all += [("", Style()), (late(state, map, wanted), Style(.warning))] }
            lines = all
        } else {
            let side = info.width >= 44 ? max(9, (info.width - 23) / 2) : info.width / 2 - 3
            let places = AttentionView.place(from, cross.query, width: side) + " → "
                + AttentionView.place(to, cross.key, width: side)
            let more = numbers.share.map { "w/o first " + $0 } ?? numbers.shortLog
            let scale = heads + "  " + (isLate ? late(state, map, wanted) : (info.width >= 64 ? "row sum without first" : "rest") + " \(numbers.rest)  pooled \(pooled)")
            let style = Style(isLate ? .warning : .dim)
            switch info.height {
            case 1: lines = [(places + " " + numbers.short, Style(.number))]
            case 2 where info.width >= 44: lines = [(places + "  " + numbers.short + "  " + more, Style(.number)), (scale, style)]
            case 2: lines = [(places, Style(.number)), (numbers.weight + "  " + heads, Style(.number))]
            default: lines = [(places, Style(.number)), (numbers.weight + "  " + more, Style(.number)), (scale, style)]
            }
        }
        for (row, line) in lines.enumerated().prefix(info.height) {
            frame.put(TextWidth.fit(line.0, info.width), x: info.x, y: info.y + row, style: line.1, clip: info)
        }
    }

    private static func late(_ state: State, _ map: AttentionMap, _ wanted: Bool) -> String {
        if state.run != nil { return "the first \(map.tokens) tokens; more at the end" }
        return wanted ? "the first \(map.tokens) tokens; more …" : "\(AttentionView.name(of: state.attention.chosen)) …"
    }

    /// The exact numbers of a cell, or of the largest in it where the model's own were pooled.
    private struct Numbers {
        let weight: String, log: String, shortLog: String, rest: String, short: String
        var share: String?, cell: String?
        init(_ map: AttentionMap, _ grid: AttentionMapGrid, _ cross: AttentionState.Crosshair, hidesFirst: Bool) {
            let row = map.rows.indices.contains(cross.query / map.pool) ? map.rows[cross.query / map.pool] : []
            let key = cross.key / map.pool
            let value = Double(row.indices.contains(key) ? row[key] : 0)
            let isExact = map.pool == 1
            short = Number.fixed(value, 4)
            weight = (isExact ? "" : "largest ") + (map.isValued ? "|p · v| " : "weight ") + short
            let logarithmic = Number.fixed(value > 0 ? logarithm(value) : -.infinity, 2)
            (log, shortLog) = ("log    " + logarithmic, "log " + logarithmic)
            let sum = Double(row.dropFirst().reduce(0, +))
            rest = isExact ? Number.fixed(sum, 3) : "–"
            if hidesFirst { share = !isExact || sum <= 0 ? "–" : cross.key == 0 ? "hidden" : Number.fixed(value / sum, 4) }
            if isExact, grid.step > 1, let largest = grid.cell(cross.query / grid.step, cross.key / grid.step) {
                cell = "largest of \(grid.step) x \(grid.step): " + Number.fixed(Double(largest), 4)
            }
        }
    }

    /// The ramp, what it means, and what is left out.
    private static func legend(_ attention: AttentionState, _ map: AttentionMap, _ grid: AttentionMapGrid, _ rect: Rect, _ frame: inout Frame) {
        guard !rect.isEmpty else { return }
        var x = rect.x + frame.put(attention.isLog ? "1e-4 " : "0 ", x: rect.x, y: rect.y, style: Style(.dim), clip: rect)
        for level in [UInt8(0), 13, 26, 38, 51, 63] {
            frame.heat(x: x, y: rect.y, upper: level, lower: level, clip: rect)
            x += 1
        }
        let end = map.isValued ? Number.fixed(Double(grid.most), 2) + " |p · v|" : "1"
        var text = " \(end)" + (attention.isLog ? "  logarithmic" : "  linear")
        if attention.hidesFirst { text += grid.isRenormalised ? "  first token hidden, rows renormalised" : "  first \(map.pool) tokens hidden" }
        frame.put(TextWidth.fit(text, max(0, rect.maxX - x)), x: x, y: rect.y, style: Style(.dim), clip: rect)
    }
}
