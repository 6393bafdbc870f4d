import Terminal

/// What is open above the panels.
enum OverlayView {
    static func draw(_ overlay: Overlay, _ state: State, _ frame: inout Frame) {
        switch overlay {
        case .help(let scroll): HelpView.draw(scroll, state, &frame)
        case .palette(let palette): PaletteView.draw(palette, state, &frame)
        case .models(let picker): ModelPickerView.draw(picker, state, &frame)
        case .input(let input): InputView.draw(input, state, &frame)
        case .confirm(let confirm): ConfirmView.draw(confirm, state, &frame)
        case .diff(let change): DiffView.draw(change, state, &frame)
        }
    }

    /// The keys that work now, with what they do, where they are not those of the focus; nil where they are.
    static func keys(_ state: State) -> [(key: String, label: String)]? {
        switch state.overlay {
        case .help: [("↑↓", "scroll"), ("PgUp PgDn", "page"), ("Esc", "close")]
        case .palette: [("⏎", "run"), ("↑↓", "choose"), ("Esc", "close")]
        case .models: [("⏎", "load"), ("↑↓", "choose"), ("Esc", "close")]
        case .confirm(let confirm): confirm.choices.map { ($0.name, $0.label) }
        case .diff: [("t", "take the file's"), ("k", "keep what is here"), ("Esc", "later"), ("↑↓", "scroll")]
        case .input(let input):
            switch input.purpose {
            case .find: [("⏎", "keep"), ("F3", "next"), ("↑", "the text before"), ("Esc", "back")]
            case .saveAs: [("⏎", "save"), ("Esc", "stay"), ("~", "home folder; a name alone goes to \(state.files.ownFolder)")]
            case .export(let subject): [("⏎", "export"), ("Esc", "stay"), ("", "the ending decides: " + subject.endings)]
            case .rename: [("⏎", "rename"), ("Esc", "stay")]
            case .special: [("⏎", "insert"), ("Tab", "complete"), ("Esc", "stay")]
            case .variable: [("⏎", "next"), ("Esc", "take the rest as shown")]
            case .compare(let asked): [("⏎", asked == .table ? "export" : "compare"), ("Esc", "stay")]
            case .laboratoryExport: [("⏎", "export"), ("Esc", "stay"), ("", "the ending decides: numbers, a report, a picture")]
            case .runExport: [("⏎", "export"), ("Esc", "stay"), ("", "as JSON")]
            case .branchLabel: [("⏎", "label; an empty line takes it away"), ("Esc", "stay")]
            case .breakpoints: [("⏎", "take; an empty line never pauses"), ("Esc", "stay")]
            case .edit: [("⏎", "take"), ("Esc", "stay"), ("", "L17 H4 zero · L20 mlpOut scale 0.5 at 12-31 · mean · from 7 · add 4 \"this\" - \"that\"")]
            case .patch: [("⏎", "patch"), ("Esc", "stay"), ("", "a text of as many tokens; a place may come first, as mlpOut: text")]
            case .partToken, .partAgainst: [("⏎", "take"), ("Esc", "stay")]
            case .panelExport: [("⏎", "export"), ("Esc", "stay"), ("", "the ending decides: .csv .json .svg .ans")]
            case .editsSave, .editsOpen: [("⏎", "take"), ("Esc", "stay")]
            case .candidateFind, .bias, .field, .lensToken: [("⏎", "take"), ("Esc", "stay")]
            }
        case nil:
            state.files.isFiltering && state.focusedPanel == .files ? [("⏎", "open"), ("↑↓", "choose"), ("Esc", "show all")]
                : state.history.isFiltering && state.focusedPanel == .history ? [("⏎", "done"), ("↑↓", "choose"), ("Esc", "show all")] : nil
        }
    }

    /// A cleared box in the middle, with room around it where there is some.
    static func box(_ state: State, width: Int, height: Int) -> Rect {
        let width = min(width, state.size.width), height = min(height, max(3, state.size.height - 2))
        return Rect(x: (state.size.width - width) / 2, y: max(0, (state.size.height - 1 - height) / 2), width: width, height: height)
    }
}

/// One line of text with its label, above the footer.
enum InputView {
    static func rect(_ state: State) -> Rect {
        Rect(x: 0, y: max(0, state.size.height - 2), width: state.size.width, height: 1)
    }

    static func draw(_ input: Overlay.Input, _ state: State, _ frame: inout Frame) {
        let rect = rect(state)
        frame.fill(rect)
        let x = 1 + frame.put(TextWidth.fit(input.label, rect.width / 2) + ": ", x: 1, y: rect.y, style: Style(.focus, .bold), clip: rect)
        let field = Rect(x: x, y: rect.y, width: max(1, rect.width - x - 1), height: 1)
        put(input.line, in: field, style: Style(input.isOffered ? .selection : .text), &frame)
    }

    /// A line being typed, with the terminal's cursor in it; it scrolls where it is longer than its field.
    static func put(_ line: LineInput, in field: Rect, style: Style, _ frame: inout Frame) {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: line.scalars[..<line.cursor])
        let before = TextWidth.columns(String(text))
        let shift = max(0, before - field.width + 1)
        frame.put(line.text, x: field.x - shift, y: field.y, style: style, clip: field)
        frame.cursor = Frame.Point(x: field.x + before - shift, y: field.y)
    }
}

/// A question with its answers, in a box in the middle.
enum ConfirmView {
    private static func parts(_ confirm: Overlay.Confirm, _ state: State) -> (box: Rect, lines: [String], rows: [[Overlay.Confirm.Choice]]) {
        let room = max(1, min(60, state.size.width - 4))
        let lines = Words.wrap(confirm.question, width: room).flatMap { pieces($0, room) }
        var rows: [[Overlay.Confirm.Choice]] = [[]], used = 0
        for choice in confirm.choices {
            let width = TextWidth.columns(text(choice)) + 2
            if used + width > room + 2, used > 0 { rows.append([]); used = 0 }
            rows[rows.count - 1].append(choice)
            used += width
        }
        let width = max(lines.map { TextWidth.columns($0) }.max() ?? 0, rows.map(width).max() ?? 0)
        return (OverlayView.box(state, width: width + 4, height: lines.count + rows.count + 3), lines, rows)
    }

    /// A word longer than the line, in pieces of a line.
    private static func pieces(_ line: String, _ width: Int) -> [String] {
        guard TextWidth.columns(line) > width else { return [line] }
        let bytes = Array(line.utf8)
        let starts = TextView.wrap(bytes, width: width)
        return zip(starts, starts.dropFirst() + [bytes.count]).map { String(decoding: bytes[$0..<$1], as: UTF8.self) }
    }

    private static func text(_ choice: Overlay.Confirm.Choice) -> String { "\(choice.name) \(choice.label)" }
    private static func width(_ row: [Overlay.Confirm.Choice]) -> Int { row.reduce(-2) { $0 + TextWidth.columns(text($1)) + 2 } }

    static func draw(_ confirm: Overlay.Confirm, _ state: State, _ frame: inout Frame) {
        let (box, lines, rows) = parts(confirm, state)
        frame.fill(box)
        frame.box(box, focused: true)
        let clip = box.interior
        for (row, line) in lines.enumerated() { frame.put(line, x: box.x + 2, y: box.y + 1 + row, style: Style(.text), clip: clip) }
        for place in places(box, lines.count, rows) {
            frame.put(text(place.choice), x: place.x, y: place.y, style: Style(.text), clip: clip)
            frame.put(place.choice.name, x: place.x, y: place.y, style: Style(.key, .bold), clip: clip)
        }
        frame.cursor = nil
    }

    private static func places(_ box: Rect, _ lines: Int, _ rows: [[Overlay.Confirm.Choice]]) -> [(choice: Overlay.Confirm.Choice, x: Int, y: Int)] {
        rows.enumerated().flatMap { index, row in
            var x = box.x + 2
            return row.map { choice in
                defer { x += TextWidth.columns(text(choice)) + 2 }
                // In a low window the answers go before the question.
                return (choice, x, min(box.y + lines + 2, box.maxY - 1 - rows.count) + index)
            }
        }
    }

    static func choice(atX x: Int, y: Int, _ confirm: Overlay.Confirm, _ state: State) -> Overlay.Confirm.Choice? {
        let (box, lines, rows) = parts(confirm, state)
        return places(box, lines.count, rows).first { $0.y == y && x >= $0.x && x < $0.x + TextWidth.columns(text($0.choice)) }?.choice
    }
}
