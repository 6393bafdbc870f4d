import Terminal

/// The models and servers, each on a line: what it is, and whether it can be used.
enum ModelPickerView {
    /// The last lines say all that is known of the chosen one.
    private static let detailHeight = 4

    static func parts(_ state: State) -> (box: Rect, line: Rect, head: Rect, rows: Rect, detail: Rect) {
        let box = OverlayView.box(state, width: min(110, state.size.width - (state.size.width > 60 ? 4 : 0)), height: min(24, state.size.height - 2))
        let (line, under) = box.interior.split(top: 1)
        let (head, list) = under.split(top: 1)
        let (rows, detail) = list.split(bottom: list.height > 2 * detailHeight ? detailHeight : 0)
        return (box, line, head, rows, detail)
    }

    static func top(_ picker: ModelPicker, rows: Int) -> Int { max(0, min(picker.selected - rows / 2, picker.rows.count - rows)) }

    static func draw(_ picker: ModelPicker, _ state: State, _ frame: inout Frame) {
        let parts = parts(state), rows = picker.rows
        frame.fill(parts.box)
        frame.box(parts.box, title: picker.purpose == .use ? "Models" : "Compare with the model", label: picker.isWhole ? "\(rows.count)" : "\(rows.count), looking on", legend: "⏎ load  ↑↓ choose  Esc close", focused: true)
        frame.put("> ", x: parts.line.x + 1, y: parts.line.y, style: Style(.focus, .bold), clip: parts.line)
        InputView.put(picker.line, in: Rect(x: parts.line.x + 3, y: parts.line.y, width: max(1, parts.line.width - 4), height: 1), style: Style(.text), &frame)
        let columns = Columns(width: parts.rows.width)
        columns.draw(columns.shown.map(\.name), name: "name", in: parts.head, style: Style(.dim), &frame)
        if rows.isEmpty {
            let words = !picker.isWhole ? "headers are being read" : picker.found.isEmpty ? "no GGUF file in the models folder or where others keep theirs; make model fetches one" : "no model has these words"
            frame.put(words, x: parts.rows.x + 2, y: parts.rows.y, style: Style(.dim), clip: parts.rows)
        }
        let top = top(picker, rows: parts.rows.height)
        for (index, row) in rows.enumerated().dropFirst(top).prefix(parts.rows.height) {
            let rect = parts.rows.row(index - top), isChosen = index == picker.selected, can = isUsable(row)
            let style = isChosen ? Style(.selection) : Style(can ? .text : .dim)
            if isChosen { frame.fill(rect, style: style) }
            columns.draw(columns.shown.map { $0.value(row) }, name: row.title, in: rect, style: style, &frame)
            if isInUse(row, state) { frame.put("●", x: rect.x, y: rect.y, style: isChosen ? style : Style(.focus), clip: rect) }
        }
        guard let chosen = picker.chosen else { return }
        for (row, line) in details(chosen, state, width: max(1, parts.detail.width - 3)).prefix(parts.detail.height).enumerated() {
            frame.put(TextWidth.fit(Columns.plain(line.0), parts.detail.width - 3), x: parts.detail.x + 2, y: parts.detail.y + row, style: line.1, clip: parts.detail)
        }
    }

    private static func isUsable(_ row: ModelPicker.Row) -> Bool {
        switch row {
        case .model(let model): model.problem == nil && model.fits
        case .server(let server): if case .absent = server.status { false } else { true }
        }
    }

    private static func isInUse(_ row: ModelPicker.Row, _ state: State) -> Bool {
        switch row {
        case .model(let model): model.path == state.readyModel?.path
        case .server(let server): server.connection == state.server?.server.connection
        }
    }

    /// All that is known of the chosen one.
    private static func details(_ row: ModelPicker.Row, _ state: State, width: Int) -> [(String, Style)] {
        func wrapped(_ text: String, _ style: Style) -> [(String, Style)] { Words.wrap(text, width: width).map { ($0, style) } }
        switch row {
        case .model(let model):
            return [(model.name + (model.problem == nil ? "  " + model.path : ""), Style(.dim))] + wrapped(model.problem ?? "", Style(.warning))
        case .server(let server):
            let head = [("\(server.connection.base.absoluteString)  \(server.model)", Style(.dim))]
            if case .absent(let why) = server.status { return head + wrapped(why, Style(.warning)) }
            guard let used = state.server, isInUse(row, state) else { return head + wrapped("what it can do is found out by some twenty short questions when it is taken", Style(.dim)) }
            let can = used.abilities.rows.filter(\.can).map(\.name), not = used.abilities.rows.filter { !$0.can }.map(\.name)
            let speed = used.status.speed.map { "\(Number.whole($0)) tok/s; " } ?? ""
            return head + wrapped(speed + can.joined(separator: ", "), Style(.text)) + wrapped("not: " + not.joined(separator: ", "), Style(.warning))
        }
    }

    /// What a row has room for behind the name; the first are dropped last.
    private struct Columns {
        struct Column {
            let name: String, width: Int, isRight: Bool, place: Int
            let value: (ModelPicker.Row) -> String
        }
        let shown: [Column]

        init(width: Int) {
            /// What only a file has.
            func column(_ name: String, _ width: Int, isRight: Bool, place: Int, of file: @escaping (FoundModel) -> String,
                        server: @escaping (FoundServer) -> String = { _ in "" }) -> Column {
                Column(name: name, width: width, isRight: isRight, place: place) { row in
                    switch row {
                    case .model(let model): file(model)
                    case .server(let found): server(found)
                    }
                }
            }
            let all = [
                column("", 13, isRight: false, place: 5, of: \.state, server: \.state),
                column("size", 7, isRight: true, place: 4) { Self.short($0.bytes, ["B", "KB", "MB", "GB", "TB"]) },
                column("weights", 7, isRight: false, place: 2, of: \.quantization),
                column("family", 8, isRight: false, place: 0, of: \.family),
                column("params", 6, isRight: true, place: 1) { Self.short($0.parameters, ["", "k", "M", "B", "T"]) },
                column("context", 7, isRight: true, place: 3) { "\($0.context)" },
                column("place", 12, isRight: false, place: 6, of: \.place, server: { _ in "server" }),
            ]
            var left = width - 3, taken: [Column] = []
            for column in all where left - column.width - 2 >= 20 {
                taken.append(column)
                left -= column.width + 2
            }
            shown = taken.sorted { $0.place < $1.place }
        }

        func draw(_ values: [String], name: String, in rect: Rect, style: Style, _ frame: inout Frame) {
            let room = shown.reduce(rect.width - 3) { $0 - $1.width - 2 }
            frame.put(TextWidth.fit(Self.plain(name), room), x: rect.x + 2, y: rect.y, style: style, clip: rect)
            var x = rect.x + 2 + room
            for (column, value) in zip(shown, values) {
                let text = TextWidth.fit(value, column.width)
                frame.put(text, x: x + 2 + (column.isRight ? column.width - TextWidth.columns(text) : 0), y: rect.y, style: style, clip: rect)
                x += column.width + 2
            }
        }

        /// A file's name for itself may hold anything.
        static func plain(_ name: String) -> String {
            String(String.UnicodeScalarView(name.unicodeScalars.map { $0.properties.generalCategory == .control ? "·" : $0 }))
        }

        /// Three digits and a unit, as 135M.
        private static func short(_ number: Int, _ units: [String]) -> String {
            var value = Double(number), unit = 0
            while value >= 999.5, unit < units.count - 1 { (value, unit) = (value / 1000, unit + 1) }
            return (unit == 0 || value >= 99.95 ? Number.whole(value) : Number.fixed(value, value < 9.995 ? 2 : 1)) + units[unit]
        }
    }
}
