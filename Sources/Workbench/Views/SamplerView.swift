import Engine
import Terminal
import Tokenizer

/// The path of the draw at the shown place, stage by stage, or what one stage removed.
package enum SamplerView {
    package static func draw(_ state: State, _ rect: Rect, _ focused: Bool, _ frame: inout Frame) {
        let absence = state.readingAbsence
        let title = absence == nil && state.isReadingStale ? "Sampler · reading" : "Sampler"
        let label = absence == nil ? state.reading.here.map { "position \(Number.grouped($0.position))" } ?? "" : ""
        let inner = frame.box(rect, title: title, label: label, legend: legend(state), focused: focused)
        guard !inner.isEmpty else { return }
        if let absence { return CandidatesView.words(absence, inner, &frame) }
        guard let here = state.reading.here else { return }
        let sheet = TraceSheet(state: state, here: here, rect: inner, focused: focused, stale: state.isReadingStale)
        if state.sampler.showsRemoved { sheet.removed(&frame) } else { sheet.stages(&frame) }
    }

    private static func legend(_ state: State) -> String {
        state.sampler.showsRemoved ? "↑↓ scroll  ⏎ back to the stages" : View.legend(.sampler)
    }

    /// The line of the first stage, and the stages that fit.
    static func stages(chosen: Int, height: Int) -> (first: Int, window: Range<Int>) {
        let count = Stage.allCases.count, header = height > count ? 1 : 0
        let rows = min(count, max(0, height - header))
        let top = min(max(0, chosen - rows + 1), count - rows)
        return (header, top..<top + rows)
    }

    /// Rows of the list of what a stage removed.
    static func listRows(height: Int) -> Int { max(0, height - (height > 3 ? 2 : height > 1 ? 1 : 0)) }

    private static func field(_ stage: Stage) -> SamplingField.ID? {
        switch stage {
        case .bias: .logitBias
        case .temperature: .temperature
        case .topK: .topK
        case .typicalP: .typicalP
        case .topP: .topP
        case .minP: .minP
        case .raw, .penalties, .draw: nil
        }
    }

    /// What a stage does, in the words of the settings' help.
    static func help(_ stage: Stage) -> String {
        switch stage {
        case .raw: "The model's own probabilities, before anything is changed."
        case .penalties: "Make tokens that were there already less likely: repetition in prompt and text, presence and frequency in the text alone."
        case .draw: "One number between 0 and 1, of this seed and position alone, falls on one of the tokens left."
        default: field(stage).flatMap(SamplingField.field)?.help ?? ""
        }
    }

    /// A stage with its setting: `top-k 40`, `typical-p off`.
    static func name(_ pass: Trace.Pass, _ sampling: Sampling, short: Bool = false) -> String {
        let name = short && pass.stage == .temperature ? "temp" : pass.stage.name
        if pass.stage == .temperature, sampling.isGreedy { return "\(name) 0 greedy" }
        guard pass.active else { return "\(name) off" }
        if pass.stage == .bias, !sampling.logitBias.isEmpty { return "\(name) on \(sampling.logitBias.count)" }
        guard pass.stage != .bias, let field = field(pass.stage).flatMap(SamplingField.field) else { return name }
        return "\(name) \(FieldText.value(field, sampling))"
    }
}

private struct TraceSheet {
    let state: State
    let here: Reading.Here
    let rect: Rect
    let focused: Bool
    let stale: Bool

    private var wide: Bool { rect.width >= 44 }
    private var leftEnd: Int { wide ? 28 : min(22, max(0, rect.width - 10)) }
    private var removedEnd: Int { leftEnd + (wide ? 12 : 9) }

    private func style(_ role: Terminal.Role, _ flags: Style.Flags = []) -> Style { stale ? Style(.dim) : Style(role, flags) }

    private func put(_ text: String, _ x: Int, _ y: Int, _ style: Style, _ frame: inout Frame) {
        frame.put(text, x: rect.x + x, y: rect.y + y, style: style, clip: rect)
    }
    private func right(_ text: String, _ end: Int, _ y: Int, _ style: Style, _ frame: inout Frame) {
        frame.put(text, rightAlignedTo: rect.x + end, y: rect.y + y, style: style, clip: rect)
    }

    // MARK: The stages

    func stages(_ frame: inout Frame) {
        let sheet = SamplerView.stages(chosen: state.sampler.stage, height: rect.height)
        if sheet.first > 0 {
            put("stage", 0, 0, Style(.dim), &frame)
            right(wide ? "tokens left" : "left", leftEnd, 0, Style(.dim), &frame)
            put(wide ? "probability removed" : "removed", leftEnd + 2, 0, Style(.dim), &frame)
        }
        let passes = here.trace.passes
        for (row, index) in sheet.window.enumerated() where passes.indices.contains(index) {
            stage(passes[index], sheet.first + row, &frame)
            if focused, index == state.sampler.stage {
                frame.restyle(Rect(x: rect.x, y: rect.y + sheet.first + row, width: rect.width, height: 1)) { $0 = Style(.selection) }
            }
        }
        if focused { explanation(from: sheet.first + sheet.window.count + 1, &frame) }
    }

    /// What the chosen stage does, where there is room under the stages.
    private func explanation(from y: Int, _ frame: inout Frame) {
        guard Stage.allCases.indices.contains(state.sampler.stage) else { return }
        let stage = Stage.allCases[state.sampler.stage]
        let lines = Words.wrap(SamplerView.help(stage), width: max(1, rect.width - 1))
        guard y + lines.count <= rect.height else { return }
        for (row, line) in lines.enumerated() { put(line, 0, rect.height - lines.count + row, Style(.dim), &frame) }
    }

    private func stage(_ pass: Trace.Pass, _ y: Int, _ frame: inout Frame) {
        if pass.stage == .draw { return drawn(pass, y, &frame) }
        let look = pass.active ? style(.text) : Style(.dim)
        put(TextWidth.fit(SamplerView.name(pass, state.sampling, short: !wide), leftEnd - 8), 0, y, look, &frame)
        right(Number.grouped(pass.tokensLeft), leftEnd, y, pass.active ? style(.number) : Style(.dim), &frame)
        switch pass.stage {
        case .raw: break
        case .bias, .penalties: put(pass.active ? "reshaped" : "-", leftEnd + 2, y, look, &frame)
        case .temperature where !state.sampling.isGreedy: put(pass.active ? "reshaped" : "-", leftEnd + 2, y, look, &frame)
        default:
            guard pass.active else { return put("-", leftEnd + 2, y, look, &frame) }
            right(CandidatesView.percent(pass.removedMass), removedEnd, y, style(.number), &frame)
            let room = rect.width - removedEnd - 2
            if room > 0 { frame.bar(pass.removedMass, x: rect.x + removedEnd + 2, y: rect.y + y, width: min(room, 40), style: style(.bar), clip: rect) }
        }
    }

    /// The random number and what it fell on, or that no number is drawn yet.
    private func drawn(_ pass: Trace.Pass, _ y: Int, _ frame: inout Frame) {
        let trace = here.trace
        guard state.isDrawKnown else {
            put("draw", 0, y, style(.text), &frame)
            right(Number.grouped(trace.survivors.count), leftEnd, y, style(.number), &frame)
            put(TextWidth.fit(wide ? "of these, seed random" : "seed random", rect.width - leftEnd - 2), leftEnd + 2, y, Style(.dim), &frame)
            return
        }
        put(TextWidth.fit(state.sampling.isGreedy ? "draw" : "draw u=\(Number.fixed(trace.u, 4))", leftEnd - 4), 0, y, style(.text), &frame)
        right(Number.grouped(pass.tokensLeft), leftEnd, y, style(.number), &frame)
        let name = TokenText.name(trace.chosen, state.tokenizer), room = rect.width - leftEnd - 2
        let rank = here.distribution.rank(of: trace.chosen), share = CandidatesView.percent(trace.probability(of: trace.chosen))
        let tail = [" (rank \(rank), \(share))", " (\(share))", ""].first { TextWidth.columns($0) + min(4, TextWidth.columns(name)) <= room } ?? ""
        put(TextWidth.fit(name, room - TextWidth.columns(tail)) + tail, leftEnd + 2, y, style(.accent, .bold), &frame)
    }

    // MARK: What a stage removed

    func removed(_ frame: inout Frame) {
        guard here.trace.passes.indices.contains(state.sampler.stage) else { return }
        let pass = here.trace.passes[state.sampler.stage]
        let list = RemovedTokens(pass.stage, in: here, isDrawn: state.isDrawKnown), rows = SamplerView.listRows(height: rect.height)
        let name = SamplerView.name(pass, state.sampling)
        let removes = pass.stage == .draw ? "\(name) passed over" : "\(name) removed"
        let share = pass.removedMass > 0 ? ", \(CandidatesView.percent(pass.removedMass))" : ""
        let what = list.count == 0 ? "\(removes) nothing" : "\(removes) \(Number.grouped(list.count))\(pass.stage == .draw && !state.isDrawKnown ? "" : share)"
        put(TextWidth.fit(pass.stage == .draw && !state.isDrawKnown ? "draw: not drawn yet, the seed is random" : what, rect.width), 0, 0, style(.accent), &frame)
        guard list.count > 0 || pass.stage == .draw else { return }
        let first = state.sampler.first(rows: rows, count: list.count)
        let ids = list.rows(first..<first + rows)
        for (row, id) in ids.enumerated() { token(id, 1 + row, pass.stage, &frame) }
        let behind = list.count - first - ids.count
        guard rect.height > 3 else { return }
        put(behind > 0 ? "\(Number.grouped(behind)) more" : "these are all", 2, rect.height - 1, Style(.dim), &frame)
    }

    private func token(_ id: TokenID, _ y: Int, _ stage: Stage, _ frame: inout Frame) {
        let rankEnd = 6, numbers = stage == .draw ? 18 : 9
        let room = max(0, min(24, rect.width - rankEnd - 2 - numbers))
        let isNaN = here.distribution.logits[Int(id)].isNaN
        right("\(here.distribution.rank(of: id))", rankEnd, y, Style(.dim), &frame)
        let role: Terminal.Role = state.tokenizer?.isSpecial(id) == true ? .chip : .text
        put(TextWidth.fit(TokenText.name(id, state.tokenizer), room), rankEnd + 2, y, style(role), &frame)
        let raw = isNaN ? Double.nan : here.distribution.probability(of: id)
        right(CandidatesView.percent(raw), rankEnd + 2 + room + 9, y, style(.number), &frame)
        if stage == .draw { right(CandidatesView.percent(here.trace.probability(of: id)), rankEnd + 2 + room + 18, y, style(.number), &frame) }
        let x = rankEnd + 2 + room + numbers + 2, width = min(30, rect.width - x)
        if width > 2 { frame.bar(raw, x: rect.x + x, y: rect.y + y, width: width, style: style(.bar), clip: rect) }
    }
}
