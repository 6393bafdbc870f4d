import Document
import Terminal

/// Where the parts of the files panel stand; nil where it is not shown.
struct FilesParts {
    let inside: Rect
    private(set) var filter = Rect(width: 0, height: 0)
    private(set) var list: Rect
    private(set) var look = Rect(width: 0, height: 0)
    private(set) var preview = Rect(width: 0, height: 0)
    /// What stands under the list, in lines of its width.
    private(set) var lines: [String] = []

    init?(_ state: State) {
        guard let rect = Layout(state).rect(of: .files) else { return nil }
        inside = rect.interior
        list = inside
        if inside.width >= 70 {
            let halves = list.split(left: inside.width * 9 / 20)
            list = halves.left
            preview = Rect(x: halves.rest.x + 2, y: halves.rest.y, width: halves.rest.width - 2, height: halves.rest.height)
        }
        if state.files.isFiltering || !state.files.filter.scalars.isEmpty { (filter, list) = list.split(top: 1) }
        // As many lines for every entry, so that the list stands still while one goes through it.
        guard list.height >= 6, state.files.entries.contains(where: { $0.problem != nil || $0.lookAt != nil }) else { return }
        let room = min(list.height / 3, 5), entry = state.files.chosen
        lines = Words.wrap(entry?.problem ?? entry?.lookAt.map { "Look at: " + $0 } ?? "", width: max(1, list.width - 2))
        if lines.count > room { lines = lines.prefix(room - 1) + [TextWidth.fit(lines[(room - 1)...].joined(separator: " "), list.width - 2)] }
        (list, look) = list.split(bottom: room + 1)
    }
}

/// The prompt files: a list, what to look at, and the text of the chosen one where there is room.
enum FilesView {
    static func draw(_ state: State, _ rect: Rect, _ focused: Bool, _ frame: inout Frame) {
        let files = state.files
        let count = files.shown.count == files.entries.count ? "\(files.entries.count)" : "\(files.shown.count) of \(files.entries.count)"
        let folders = Set(files.entries.map(\.library))
        let label = folders.count == 1 && rect.width > 40 ? "\(folders.first ?? "")/  \(count)" : count
        frame.box(rect, title: "Files", label: label, legend: View.legend(.files), focused: focused)
        guard let parts = FilesParts(state) else { return }
        if !parts.filter.isEmpty {
            let x = parts.filter.x + 1 + frame.put("filter: ", x: parts.filter.x + 1, y: parts.filter.y, style: Style(.key), clip: parts.filter)
            let field = Rect(x: x, y: parts.filter.y, width: max(1, parts.filter.maxX - x), height: 1)
            if focused, files.isFiltering, state.overlay == nil {
                InputView.put(files.filter, in: field, style: Style(.text), &frame)
            } else {
                frame.put(files.filter.text, x: field.x, y: field.y, style: Style(.text), clip: field)
            }
        }
        if files.shown.isEmpty { empty(state, parts.list, &frame) }
        let rows = files.rows
        let names = files.shown.map { TextWidth.columns($0.fileName) }.max() ?? 0
        for (index, row) in rows.enumerated().dropFirst(files.top).prefix(parts.list.height) {
            let line = parts.list.row(index - files.top)
            switch row {
            case .head(let text): frame.put(TextWidth.fit(text, line.width - 1), x: line.x + 1, y: line.y, style: Style(.title), clip: line)
            case .entry(let number):
                draw(files.shown[number], state, number == files.selected, focused, names, line, &frame)
            }
        }
        let isProblem = files.chosen?.problem != nil
        for (row, text) in parts.lines.enumerated() {
            frame.put(text, x: parts.look.x + 1, y: parts.look.y + 1 + row, style: Style(isProblem ? .error : .text), clip: parts.look)
        }
        if !parts.preview.isEmpty { preview(state, parts.preview, &frame) }
    }

    private static func draw(_ entry: PromptLibrary.Entry, _ state: State, _ chosen: Bool, _ focused: Bool, _ names: Int, _ line: Rect,
                             _ frame: inout Frame) {
        let isOpen = entry.path == state.file.path
        let indent = entry.kind == .experiment ? 2 : 0
        let selection = chosen && focused
        func style(_ role: Role, _ flags: Style.Flags = []) -> Style { selection ? Style(.selection) : Style(role, flags) }
        if selection { frame.fill(line, style: Style(.selection)) }
        if chosen { frame.put("▸", x: line.x, y: line.y, style: style(.focus), clip: line) }
        let width = max(8, min(names + 2, line.width * (line.width > 44 ? 3 : 5) / 7) - indent)
        let x = line.x + 2 + indent
        let room = min(width, line.maxX - x - 2), role: Role = entry.problem != nil ? .error : isOpen ? .accent : .text
        frame.put(TextWidth.fit(entry.fileName, room), x: x, y: line.y, style: style(role), clip: line)
        if isOpen, state.hasUnsaved { frame.put("●", x: x + room + 1, y: line.y, style: style(.warning), clip: line) }
        let title = entry.problem == nil ? entry.title ?? "" : "cannot be read as a prompt"
        let at = x + width + 3
        if line.maxX - at > 6 { frame.put(TextWidth.fit(title, line.maxX - at), x: at, y: line.y, style: style(.dim), clip: line) }
    }

    private static func empty(_ state: State, _ rect: Rect, _ frame: inout Frame) {
        let text = state.files.entries.isEmpty
            ? "There are no prompt files here yet. n begins a new one, s saves what is open; a name alone goes to \(state.files.ownFolder)."
            : "No file has these words; Esc shows all again."
        for (row, line) in Words.wrap(text, width: max(1, rect.width - 2)).enumerated() {
            frame.put(line, x: rect.x + 1, y: rect.y + row, style: Style(.dim), clip: rect)
        }
    }

    private static func preview(_ state: State, _ rect: Rect, _ frame: inout Frame) {
        for y in rect.y..<rect.maxY { frame.put("│", x: rect.x - 1, y: y, style: Style(.border)) }
        guard let preview = state.files.preview, preview.path == state.files.chosen?.path else { return }
        let area = Rect(x: rect.x + 1, y: rect.y, width: rect.width - 1, height: rect.height)
        let starts = TextView.wrap(preview.text, width: max(1, area.width))
        for row in 0..<min(area.height, starts.count) {
            var end = row + 1 < starts.count ? starts[row + 1] : preview.text.count
            if end > starts[row], preview.text[end - 1] == 0x0A { end -= 1 }
            frame.put(bytes: Array(preview.text[starts[row]..<end]), x: area.x, y: area.y + row, style: Style(.text), clip: area)
        }
    }
}
