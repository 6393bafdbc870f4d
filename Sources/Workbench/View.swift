import Terminal

/// The state as a frame of cells; a pure function of it.
package enum View {
    package static func frame(_ state: State) -> Frame {
        var frame = Frame(width: state.size.width, height: state.size.height)
        let layout = Layout(state)
        guard !layout.isTooSmall else {
            let note = ["Terrarium needs 40 x 10", "this is \(state.size.width) x \(state.size.height)", state.run.map { "\($0.tokens) tokens" } ?? ""]
            for (row, line) in note.enumerated() { frame.put(line, x: 0, y: row, style: Style(.dim)) }
            return frame
        }
        TopLine.draw(state, layout.top, &frame)
        StreamsView.draw(state, layout.streams, &frame)
        if !layout.document.isEmpty { DocumentView.draw(state, layout.document, &frame) }
        for panel in layout.panels {
            let focused = state.focus == .slot(panel.slot)
            if let reason = state.unavailability(of: panel.panel) {
                let inner = frame.box(panel.rect, title: panel.panel.title, label: "", legend: "", focused: focused)
                if !inner.isEmpty { CandidatesView.words(reason, inner, &frame) }
                continue
            }
            switch panel.panel {
            case .candidates: CandidatesView.draw(state, panel.rect, focused, &frame)
            case .sampler: SamplerView.draw(state, panel.rect, focused, &frame)
            case .attention: AttentionView.draw(state, panel.rect, focused, &frame)
            case .lens: LensView.draw(state, panel.rect, focused, &frame)
            case .attribution: AttributionView.draw(state, panel.rect, focused, &frame)
            case .tokens: TokensView.draw(state, panel.rect, focused, &frame)
            case .edits: EditsView.draw(state, panel.rect, focused, &frame)
            case .files: FilesView.draw(state, panel.rect, focused, &frame)
            case .compare: CompareView.draw(state, panel.rect, focused, &frame)
            case .history: HistoryView.draw(state, panel.rect, focused, &frame)
            case .laboratory: LaboratoryView.draw(state, panel.rect, focused, &frame)
            case .shots: ShotsView.draw(state, panel.rect, focused, &frame)
            case .branches: BranchesView.draw(state, panel.rect, focused, &frame)
            }
        }
        if !layout.controls.isEmpty { ControlsView.draw(state, layout.controls, &frame) }
        Footer.draw(state, layout.footer, &frame)
        if let overlay = state.overlay { OverlayView.draw(overlay, state, &frame) }
        return frame
    }

    /// The keys of a context as a panel's lower border lists them.
    static func legend(_ context: Command.Context, only: [Command]? = nil) -> String {
        Command.table.filter { row in
            row.context == context && !row.label.isEmpty && (only?.contains(row.command) ?? true)
        }.map { "\(short($0.keys.first)) \($0.label)" }.joined(separator: "  ")
    }

    static func short(_ key: Key?) -> String {
        switch key {
        case .some(.enter): "⏎"
        case .some(.char(" ")): "␣"
        case .some(.up): "↑↓"
        case .some(.left): "←→"
        case .some(let key): "\(key)"
        case nil: ""
        }
    }
}

/// The name of the model and the file, what is used of the context, and how fast it goes.
enum TopLine {
    static func draw(_ state: State, _ rect: Rect, _ frame: inout Frame) {
        let right = figures(state, wide: rect.width >= 100)
        var at = 1
        let clip = Rect(x: 0, y: rect.y, width: max(0, rect.width - TextWidth.columns(right) - 3), height: 1)
        // Where there is little room the file's name counts most: it is drawn last and takes its room from the model's.
        let leaves = state.branches.rows.leaves, branch = leaves > 1 ? "\(state.branches.rows.leaf)/\(leaves)" : ""
        let file = TextWidth.columns(state.file.name) + (state.file.change == nil ? 6 : 13) + (state.keeping.fails ? 9 : 0) + (branch.isEmpty ? 0 : branch.count + 2) + (state.edits.active.isEmpty ? 0 : 18)
        if rect.width >= 100 { at += frame.put("terrarium", x: at, y: rect.y, style: Style(.title, .bold), clip: clip) + 3 }
        at += frame.put(TextWidth.fit(modelText(state), max(8, clip.width - at - file)), x: at, y: rect.y, style: Style(modelRole(state)), clip: clip)
        at += rect.width >= 100 ? 3 : 2
        at += frame.put(state.file.name, x: at, y: rect.y, style: Style(.text), clip: clip) + 1
        let isAtRisk = state.keeping.fails && !state.isKept, mark = state.isKept ? "○" : isAtRisk ? "● not kept" : "●"
        if state.hasUnsaved { at += frame.put(mark, x: at, y: rect.y, style: Style(isAtRisk ? .error : .warning), clip: clip) + 1 }
        if state.file.change != nil { at += frame.put("≠ disk", x: at, y: rect.y, style: Style(.warning), clip: clip) + 1 }
        if !state.edits.active.isEmpty {
            let banner = [" MODIFIED MODEL ", " MODIFIED "].first { at + 1 + TextWidth.columns($0) <= clip.maxX } ?? " M "
            at += 1 + frame.put(banner, x: at + 1, y: rect.y, style: Style(.banner), clip: Rect(x: 0, y: rect.y, width: rect.width, height: 1))
        }
        let told = ["  branch \(branch)", " \(branch)"].first { at + TextWidth.columns($0) <= clip.maxX }
        if !branch.isEmpty, let told { frame.put(told, x: at, y: rect.y, style: Style(.text), clip: clip) }
        let isFull = state.readyModel.map { state.reading.ids.count > $0.shape.context } ?? false
        frame.put(right, rightAlignedTo: rect.maxX - 1, y: rect.y, style: Style(isFull ? .warning : .number))
    }

    /// What is used of the context, and how fast the last tokens came.
    private static func figures(_ state: State, wide: Bool) -> String {
        let isSweeping = wide && state.laboratory.phase == .running && !state.isShown(.laboratory)
        let sweep = isSweeping ? "sweep \(Int(state.laboratory.share * 100)) %   " : ""
        guard let model = state.readyModel else {
            if let streams = state.streams { return sweep + pace(streams, in: Layout(state).streams) }
            return sweep + ((state.run ?? state.lastRun).map { $0.rate > 0 ? pace($0) + (wide ? "  \($0.end ?? "")" : "") : "" } ?? "")
        }
        let used = sweep
            + (state.progress.map { "reading \($0.done)/\($0.total)" } ?? (wide ? "ctx " : "") + "\(state.reading.ids.count)/\(model.shape.context)")
        if let streams = state.streams { return used + "   " + pace(streams, in: Layout(state).streams) }
        if let run = state.run { return used + "   " + pace(run) }
        guard let run = state.lastRun, run.rate > 0 else { return used }
        return used + "   " + pace(run) + (wide ? "  \(run.end ?? "")" : "")
    }

    /// Tokens a second, and tokens a pass where these are more than one.
    private static func pace(_ run: State.Run) -> String {
        "\(Number.whole(run.rate)) tok/s" + (run.perPass >= 1.05 ? " ×" + Number.fixed(run.perPass, 1) : "")
    }

    private static func pace(_ streams: StreamsState, in rect: Rect) -> String {
        let grid = StreamsGrid(count: streams.streams.count, in: rect)
        let page = grid.pages > 1 ? "page \(streams.chosen / grid.perPage + 1)/\(grid.pages)   " : ""
        return page + "\(Number.whole(streams.rate)) tok/s"
    }

    private static func modelText(_ state: State) -> String {
        let switching = state.switching.map { ", \($0.words)" } ?? ""
        return switch state.model {
        case .none: "no model" + switching
        case .loading(let share): "loading the model " + Frame.barText(share, width: 10).padding(to: 10) + " \(Int(share * 100)) %"
        case .ready(let model):
            model.title + switching
        case .remote(let server): server.title + switching
        }
    }
    private static func modelRole(_ state: State) -> Terminal.Role {
        if case .none = state.model { .error } else { .text }
    }
}

/// The last line: a notice while there is one, else the keys that work now.
enum Footer {
    private static func entries(_ state: State) -> [(command: Command, text: String)] {
        // The attention panel's map and text give its keys other meanings; their own lower border tells them.
        let own = state.focusedPanel == .attention && state.attention.view != .heads ? [] : [state.contexts[0]]
        let contexts: [Command.Context] = state.streams != nil ? state.contexts : state.focus == .document ? [.everywhere] : own + state.contexts.dropFirst()
        return contexts.flatMap { context in
            Command.table.filter { $0.context == context && isListed($0, state) }
                .map { ($0.command, "\(View.short($0.keys.first)) \($0.command == .stop && !state.isStreaming && !state.history.isReplaying ? "back" : $0.label)") }
        }
    }

    private static func isListed(_ row: Command.Row, _ state: State) -> Bool {
        if row.label.isEmpty { return false }
        if state.server != nil, row.context == .candidates, !State.besideToldCandidates.contains(row.command) { return false }
        if state.streams != nil { return row.context == .streams || State.besideStreams.contains(row.command) }
        // A key that means something else here is not told with what it means elsewhere.
        guard row.keys.first.flatMap({ Command.find($0, in: state.contexts) }) == row.command else { return false }
        return row.command != .stop || state.run != nil || state.history.isReplaying || state.focus != .document
    }

    private static func places(_ state: State) -> [(command: Command, text: String, x: Int)] {
        var x = 1
        var placed: [(Command, String, Int)] = []
        for entry in entries(state) {
            let width = TextWidth.columns(entry.text)
            guard x + width < state.size.width else { break }
            placed.append((entry.command, entry.text, x))
            x += width + 2
        }
        return placed
    }

    static func command(atX x: Int, _ state: State) -> Command? {
        places(state).first { x >= $0.x && x < $0.x + TextWidth.columns($0.text) }?.command
    }

    static func draw(_ state: State, _ rect: Rect, _ frame: inout Frame) {
        if let notice = state.notice {
            let role: Terminal.Role = switch notice.kind { case .plain: .accent; case .warning: .warning; case .error: .error }
            let lines = Words.wrap(notice.text, width: rect.width - 2)
            let last = TextWidth.fit(lines.dropFirst().joined(separator: " "), rect.width - 2)
            // A longer one takes the line of controls in, unless that has the keys.
            let above = Layout(state).controls
            guard lines.count > 1, !above.isEmpty, state.focus != .controls, state.overlay == nil else {
                frame.put(TextWidth.fit(notice.text, rect.width - 2), x: 1, y: rect.y, style: Style(role), clip: rect)
                return
            }
            frame.fill(above)
            frame.put(lines[0], x: 1, y: above.y, style: Style(role), clip: above)
            frame.put(last, x: 1, y: rect.y, style: Style(role), clip: rect)
            return
        }
        if let keys = OverlayView.keys(state) {
            var x = 1
            for (key, label) in keys {
                let text = TextWidth.fit("\(key) \(label)", rect.width - 1 - x)
                // The first is cut where it has to be, the others go whole.
                guard x == 1 || x + TextWidth.columns(key) + TextWidth.columns(label) < rect.width else { break }
                let end = x + frame.put(text, x: x, y: rect.y, style: Style(.dim), clip: rect)
                frame.put(key, x: x, y: rect.y, style: Style(.key), clip: rect)
                x = end + 2
            }
            return
        }
        for entry in places(state) {
            let key = entry.text.prefix { $0 != " " }
            frame.put(entry.text, x: entry.x, y: rect.y, style: Style(.dim), clip: rect)
            frame.put(String(key), x: entry.x, y: rect.y, style: Style(.key), clip: rect)
        }
    }
}

/// Numbers as the screen writes them.
package enum Number {
    /// A number with so many digits behind the point.
    package static func fixed(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite else { return value.isNaN ? "–" : value < 0 ? "-∞" : "∞" }
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let rounded = (abs(value) * scale).rounded()
        guard rounded < 1e15 else { return "\(value)" }
        let whole = Int(rounded / scale), part = Int(rounded) - whole * Int(scale)
        let sign = value < 0 && rounded > 0 ? "-" : ""
        guard digits > 0 else { return "\(sign)\(whole)" }
        let fraction = "\(part)"
        return "\(sign)\(whole)." + String(repeating: "0", count: digits - fraction.count) + fraction
    }
    package static func whole(_ value: Double) -> String { value.isFinite ? "\(Int(min(max(value.rounded(), -1e15), 1e15)))" : "–" }
    /// A share in percent; what would round to nothing says so.
    package static func percent(_ share: Double) -> String {
        if share > 0, share < 0.0005 { return share < 0.00005 ? "<0.01 %" : "\(fixed(share * 100, 2)) %" }
        return "\(fixed(share * 100, 1)) %"
    }
    /// An integer with its thousands apart.
    package static func grouped(_ value: Int) -> String {
        var digits = Array("\(abs(value))"), at = digits.count - 3
        while at > 0 { digits.insert(",", at: at); at -= 3 }
        return (value < 0 ? "-" : "") + String(digits)
    }
}

extension String {
    func padding(to columns: Int) -> String { self + String(repeating: " ", count: max(0, columns - TextWidth.columns(self))) }
    func padding(left columns: Int) -> String { String(repeating: " ", count: max(0, columns - TextWidth.columns(self))) + self }
}
