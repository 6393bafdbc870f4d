import Engine
import Terminal
import Tokenizer

/// The likeliest token at each stage of the residual stream, by position; and the chosen cell's numbers.
enum LensView {
    static func draw(_ state: State, _ rect: Rect, _ focused: Bool, _ frame: inout Frame) {
        let wide = "raw lens: final norm + head on the residual", tint = "tint \(LensView.name(state.lens.tint))"
        let label = rect.width >= 76 ? "\(tint)   \(wide)" : rect.width >= 46 ? "raw lens   \(tint)" : "raw lens"
        let inner = frame.box(rect, title: "Lens", label: label, legend: View.legend(.lens), focused: focused)
        guard !inner.isEmpty else { return }
        if let note = note(state) {
            for (row, line) in Words.wrap(note, width: max(1, inner.width)).enumerated().prefix(inner.height) {
                frame.put(line, x: inner.x, y: inner.y + row, style: Style(.dim), clip: inner)
            }
            return
        }
        let plan = LensPlan(inner, state), layers = state.readyModel?.shape.layers ?? 0
        let chosen = state.lens.stages(layers)[state.lens.chosen(layers)], query = AttentionState.query(state)
        if state.lens.showsList { list(state, chosen, query, plan, &frame) } else { grid(state, plan, focused, &frame) }
        detail(state, chosen, query, plan.detail, &frame)
    }

    private static func note(_ state: State) -> String? {
        switch state.model {
        case .none: return "no model, no lens"
        case .loading: return "the model is loading"
        case .remote: return Abilities.inside
        case .ready: break
        }
        if state.reading.ids.isEmpty { return "There are no tokens yet. Type, and see what each layer would say next." }
        if AttentionState.query(state) < 0 { return "No token stands before the cursor: move it behind the token whose layers you want to see." }
        return nil
    }

    static func name(_ tint: LensState.Tint) -> String { tint == .divergence ? "KL, 0–10 nats" : tint == .patch ? "patching" : tint.rawValue }

    private static func level(_ cell: LensCell, _ state: State) -> UInt8 {
        switch state.lens.tint {
        case .probability: Heat.level(exponential(Double(cell.top.first?.logprob ?? -.infinity)))
        case .entropy: Heat.level(cell.entropy / logarithm(Double(max(2, state.readyModel?.shape.vocabulary ?? 2))))
        case .divergence: Heat.level(cell.divergence / 10)
        case .patch: 0
        }
    }

    // MARK: The grid

    private static func grid(_ state: State, _ plan: LensPlan, _ focused: Bool, _ frame: inout Frame) {
        let query = AttentionState.query(state), layers = state.readyModel?.shape.layers ?? 0
        let stages = state.lens.stages(layers), chosen = state.lens.chosen(layers)
        frame.put("layer", x: plan.head.x, y: plan.head.y, style: Style(.dim), clip: plan.head)
        for (row, index) in plan.stages.enumerated() {
            frame.put(stages[index].name, rightAlignedTo: plan.grid.x + LensPlan.label - 1, y: plan.grid.y + row,
                      style: index == chosen ? Style(.accent, .bold) : Style(.dim), clip: plan.grid)
        }
        for (place, position) in plan.positions.enumerated() {
            let x = plan.grid.x + LensPlan.label + place * LensPlan.cell, width = LensPlan.cell - 1
            frame.put(TextWidth.fit(state.tokenName(position), width), x: x, y: plan.head.y,
                      style: position == query ? Style(.accent, .bold) : Style(.dim), clip: plan.head)
            let column = state.lens.column(position, state)
            for (row, index) in plan.stages.enumerated() {
                let y = plan.grid.y + row, isChosen = position == query && index == chosen
                if state.lens.tint == .patch, let patch = state.edits.patch {
                    let effect = stages[index].isHalf ? nil : patch.effect(layer: stages[index].layer, position: position)
                    let text = effect.map { ($0.change > 0 ? "+" : "") + Number.fixed($0.change, 2) } ?? (stages[index].layer < 0 || stages[index].isHalf ? "" : "·")
                    let style = isChosen ? Style(focused ? .selection : .accent, .bold) : effect.map { Style(.text, heat: Heat.level(abs($0.change) / patch.most)) } ?? Style(.dim)
                    frame.put((isChosen ? "▸" : "") + TextWidth.fit(text, width - 1).padding(to: width - (isChosen ? 1 : 0)), x: x, y: y, style: style, clip: plan.grid)
                    continue
                }
                guard let column, column.cells.indices.contains(index) else {
                    frame.put("…", x: x, y: y, style: isChosen ? Style(.selection) : Style(.dim), clip: plan.grid)
                    continue
                }
                let cell = column.cells[index], name = cell.top.first.map { TokenText.name($0.id, state.tokenizer) } ?? "–"
                let text = TextWidth.fit(name, width - (isChosen ? 1 : 0)).padding(to: width - (isChosen ? 1 : 0))
                let style = isChosen ? Style(focused ? .selection : .accent, .bold) : Style(.text, heat: level(cell, state))
                frame.put((isChosen ? "▸" : "") + text, x: x, y: y, style: style, clip: plan.grid)
            }
        }
    }

    // MARK: A cell's list

    private static func list(_ state: State, _ stage: LensStage, _ query: Int, _ plan: LensPlan, _ frame: inout Frame) {
        frame.put("\(stage.title), at \(state.tokenName(query)) (\(query))", x: plan.head.x, y: plan.head.y, style: Style(.accent), clip: plan.head)
        guard let cell = cell(state, stage, query) else {
            frame.put("…", x: plan.grid.x, y: plan.grid.y, style: Style(.dim), clip: plan.grid)
            return
        }
        let rect = plan.grid, room = max(6, min(20, rect.width - 26))
        for (row, guess) in cell.top.prefix(rect.height).enumerated() {
            let y = rect.y + row, p = exponential(Double(guess.logprob))
            frame.put("\(row)", rightAlignedTo: rect.x + 2, y: y, style: Style(.dim), clip: rect)
            frame.put(TextWidth.fit(TokenText.name(guess.id, state.tokenizer), room), x: rect.x + 3, y: y, clip: rect)
            frame.put(Number.percent(p), rightAlignedTo: rect.x + room + 12, y: y, style: Style(.number), clip: rect)
            frame.put(CandidatesView.logprob(Double(guess.logprob)), rightAlignedTo: rect.x + room + 22, y: y, style: Style(.number), clip: rect)
            frame.bar(p, x: rect.x + room + 23, y: y, width: min(30, rect.width - room - 23), clip: rect)
        }
    }

    private static func cell(_ state: State, _ stage: LensStage, _ position: Int) -> LensCell? {
        state.lens.column(position, state)?.cells.first { $0.stage == stage }
    }

    // MARK: Below

    private static func detail(_ state: State, _ stage: LensStage, _ query: Int, _ rect: Rect, _ frame: inout Frame) {
        if state.lens.tint == .patch, !state.lens.showsList, let patch = state.edits.patch { return patched(patch, state, stage, query, rect, &frame) }
        guard rect.height > 0, let column = state.lens.column(query, state), let cell = cell(state, stage, query) else { return }
        let place = "\(stage.layer < 0 ? "emb" : "L" + stage.name) after \(state.tokenName(query))"
        var best = place
        for guess in cell.top {
            let more = best + "  \(TokenText.name(guess.id, state.tokenizer)) \(Number.percent(exponential(Double(guess.logprob))))"
            guard TextWidth.columns(more) <= rect.width else { break }
            best = more
        }
        let token = TokenText.name(column.token, state.tokenizer)
        let numbers = "H \(Number.fixed(cell.entropy, 2)) nats   KL(final ‖ layer) \(Number.fixed(cell.divergence, 2)) nats"
        let narrow = "H \(Number.fixed(cell.entropy, 2))   KL to final \(Number.fixed(cell.divergence, 2)) nats"
        let rank = "rank of \(token)  \(Number.grouped(cell.rank)), \(CandidatesView.logprob(Double(cell.logprob))) nats"
        let lines = rect.height >= 3 ? [best, TextWidth.columns(numbers) <= rect.width ? numbers : narrow, rank] : rect.height == 2 ? [best, rank] : [best]
        for (row, line) in lines.enumerated() {
            frame.put(TextWidth.fit(line, rect.width), x: rect.x, y: rect.y + row, style: Style(row == 0 ? .text : .number), clip: rect)
        }
        for (row, line) in Line.allCases.enumerated() where rect.height > 3 + row {
            path(line, column, state, Rect(x: rect.x, y: rect.y + 3 + row, width: rect.width, height: 1), &frame)
        }
    }

    /// What putting the other text's value in at the chosen cell does.
    private static func patched(_ patch: PatchState, _ state: State, _ stage: LensStage, _ query: Int, _ rect: Rect, _ frame: inout Frame) {
        let other = state.tokenText(query, in: patch.order.source), here = state.tokenText(query, in: patch.order.ids)
        let place = stage.layer < 0 ? "choose a layer" : "L\(stage.layer) \(patch.order.site.rawValue) at \(here) (\(query)) from \(other)"
        var lines = [place]
        if let findings = patch.findings {
            let effect = patch.effect(layer: stage.layer, position: query)
            lines.append("logprob of \(state.patchedName(findings))  " + (effect.map { "\($0.change > 0 ? "+" : "")\(Number.fixed($0.change, 4)) nats" } ?? "…"))
            if let effect { lines.append("KL \(Number.fixed(effect.divergence, 4)) nats") }
        }
        lines.append("patched alone: " + state.progress(of: patch) + (patch.isRunning ? "; P in Edits stops" : ""))
        for (row, line) in lines.enumerated().prefix(rect.height) {
            frame.put(TextWidth.fit(line, rect.width), x: rect.x, y: rect.y + row, style: Style(row == 0 ? .text : row + 1 == lines.count ? .dim : .number), clip: rect)
        }
    }

    /// What is drawn of the followed token, stage by stage.
    private enum Line: CaseIterable { case rank, logprob }

    /// The token's rank through the stages on a logarithmic scale, full height is rank 0; its logprob, full height is 0, none -20 nats.
    private static func path(_ line: Line, _ column: LensColumn, _ state: State, _ rect: Rect, _ frame: inout Frame) {
        let chosen = state.lens.chosen(state.readyModel?.shape.layers ?? 0)
        let labels = line == .rank ? ["rank by layer, 0 at the top ", "rank by layer ", "rank ", ""] : ["logprob by layer, 0 to -20  ", "logprob       ", "logp "]
        // Two lines without names would be taken for one.
        guard let label = labels.first(where: { $0.count + column.cells.count <= rect.width }) ?? (line == .rank ? "" : nil) else { return }
        let scale = logarithm(Double(max(2, state.readyModel?.shape.vocabulary ?? 2))), step = (column.cells.count + rect.width - 1) / max(1, rect.width)
        let x = rect.x + frame.put(label, x: rect.x, y: rect.y, style: Style(.dim), clip: rect)
        for (place, index) in stride(from: 0, to: column.cells.count, by: max(1, step)).enumerated() {
            let cell = column.cells[index]
            let height = line == .rank ? 1 - logarithm(Double(1 + cell.rank)) / scale : 1 + Double(cell.logprob) / 20
            frame.sparkline([height], x: x + place, y: rect.y, style: Style((index..<index + step).contains(chosen) ? .accent : .bar), clip: rect)
        }
    }
}
