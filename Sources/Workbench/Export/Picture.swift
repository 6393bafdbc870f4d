import Terminal

/// The tokens tinted as in the document's view, as rows of cells; as an SVG by itself or as lines for a terminal.
package struct Picture {
    private let rows: [ArraySlice<Cell>]
    private let width: Int
    private let theme: Theme
    private let title: String
    /// What is told of it beside the picture.
    private let facts: [String]

    init(_ export: Export, date: String) {
        let width = min(max(export.width, 20), Frame.maxWidth), line = Rect(width: width, height: 1)
        theme = Theme.named(export.themeName) ?? .dark
        (title, self.width, facts) = (export.title, width, [])
        func row(_ draw: (inout Frame) -> Void) -> ArraySlice<Cell> {
            var frame = Frame(width: width, height: 1)
            draw(&frame)
            return frame.cells[...]
        }
        let caption = [export.model.map { "\($0.title) (\($0.fingerprint))" } ?? "no model", export.title, "tint \(export.tint.rawValue)", date]
        var rows = Words.wrap(caption.joined(separator: " · "), width: width).map { text in row { $0.put(text, x: 0, y: 0, style: Style(.dim)) } }
        rows.append(row { _ in })
        let painter = Painter(tokens: export.tokens, heats: export.numbers.map { Tints.level(export.tint, $0) })
        let starts = TextView.wrap(export.text, width: width - 1)
        export.text.withUnsafeBufferPointer { bytes in
            for (index, start) in starts.enumerated() {
                let next = index + 1 < starts.count ? starts[index + 1] : bytes.count
                let end = next > start && bytes[next - 1] == 0x0A ? next - 1 : next
                rows.append(row { DocumentView.drawLine(bytes, start..<end, painter, line, 0, &$0) })
            }
        }
        rows.append(row { _ in })
        rows.append(row { frame in
            let x = frame.put(export.tint.rawValue, x: 0, y: 0) + 1
            for cell in 0..<8 { frame.put(" ", x: x + cell, y: 0, style: Style(.text, heat: UInt8(cell * 9))) }
            frame.put(export.tint.meaning, x: x + 9, y: 0, style: Style(.dim))
        })
        self.rows = rows
    }

    /// A part of a frame as it is.
    init(_ frame: Frame, rect: Rect, title: String, themeName: String, facts: [String] = []) {
        let rect = rect.intersection(Rect(width: frame.width, height: frame.height))
        (theme, width, self.title, self.facts) = (Theme.named(themeName) ?? .dark, rect.width, title, facts)
        rows = (rect.y..<rect.maxY).map { frame.cells[$0 * frame.width + rect.x..<$0 * frame.width + rect.maxX] }
    }

    // MARK: For a terminal

    /// Lines of text in the 256 colours; each ends in the terminal's own.
    package var ansi: String {
        var out = ""
        for row in rows {
            let end = row.lastIndex { $0 != .blank }.map { $0 + 1 } ?? row.startIndex
            var last = Paint()
            for cell in row[..<end] where !cell.isContinuation {
                let paint = theme.paint(cell.style, depth: .c256)
                if paint != last { out += Self.select(paint) }
                last = paint
                out += cell.text
            }
            out += last == Paint() ? "\n" : "\u{1B}[0m\n"
        }
        for fact in facts { out += fact + "\n" }
        return out
    }

    private static func select(_ paint: Paint) -> String {
        var codes = ["0"]
        if paint.bold { codes.append("1") }
        if paint.dim { codes.append("2") }
        if paint.underline { codes.append("4") }
        if paint.reverse { codes.append("7") }
        if paint.fg >= 0 { codes.append("38;5;\(paint.fg)") }
        if paint.bg >= 0 { codes.append("48;5;\(paint.bg)") }
        return "\u{1B}[" + codes.joined(separator: ";") + "m"
    }

    // MARK: For a browser

    /// A cell in pixels: what a monospaced font of 15 pixels takes.
    private static let cell = (width: 9, height: 18, baseline: 13)

    /// Needs no font and no file of its own: text is stretched to the grid of cells.
    package var svg: String {
        let (w, h) = (width * Self.cell.width, rows.count * Self.cell.height), margin = Self.cell.width
        let (ink, ground) = theme.name == "light" ? (16, 231) : theme.name == "contrast" ? (231, 16) : (252, 234)
        var out = """
            <?xml version="1.0" encoding="UTF-8"?>
            <svg xmlns="http://www.w3.org/2000/svg" xml:space="preserve" width="\(w + 2 * margin)" height="\(h + 2 * margin)" \
            viewBox="-\(margin) -\(margin) \(w + 2 * margin) \(h + 2 * margin)" font-family="monospace" font-size="15" fill="\(Self.hex(ink))">
            <title>\(Export.entities(TokenText.visible(Array(title.utf8))))</title>\(facts.isEmpty ? "" : "\n<desc>" + Export.entities(facts.joined(separator: "\n")) + "</desc>")
            <rect x="-\(margin)" y="-\(margin)" width="100%" height="100%" fill="\(Self.hex(ground))"/>

            """
        for (index, row) in rows.enumerated() { out += Self.line(row, y: index * Self.cell.height, theme) }
        return out + "</svg>\n"
    }

    /// Stretches of one look; a wide character or one with marks stands by itself.
    private static func line(_ row: ArraySlice<Cell>, y: Int, _ theme: Theme) -> String {
        var out = "", start = row.startIndex
        while start < row.endIndex {
            let paint = theme.paint(row[start].style, depth: .rgb)
            var end = start + 1
            if isPlain(row[start]) {
                while end < row.endIndex, isPlain(row[end]), theme.paint(row[end].style, depth: .rgb) == paint { end += 1 }
            } else {
                while end < row.endIndex, row[end].isContinuation { end += 1 }
            }
            out += stretch(row[start..<end], x: start - row.startIndex, y: y, paint)
            start = end
        }
        return out
    }

    private static func isPlain(_ cell: Cell) -> Bool { cell.width == 1 && cell.mark1 == 0 }

    private static func stretch(_ cells: ArraySlice<Cell>, x: Int, y: Int, _ paint: Paint) -> String {
        var out = "", text = cells.map { $0.isContinuation ? "" : $0.text }.joined()
        let place = "x=\"\(x * cell.width)\"", width = cells.count * cell.width
        if paint.bg >= 0 { out += "<rect \(place) y=\"\(y)\" width=\"\(width)\" height=\"\(cell.height)\" fill=\"\(hex(Int(paint.bg)))\"/>\n" }
        if paint.bg < 0, !paint.underline {
            // Blanks at the end draw nothing.
            while text.unicodeScalars.last == " " { text.unicodeScalars.removeLast() }
        }
        guard text.unicodeScalars.contains(where: { $0 != " " }) || paint.underline else { return out }
        let columns = TextWidth.columns(text) * cell.width
        out += "<text \(place) y=\"\(y + cell.baseline)\" textLength=\"\(columns)\" lengthAdjust=\"spacingAndGlyphs\""
        if paint.fg >= 0 { out += " fill=\"\(hex(Int(paint.fg)))\"" }
        if paint.bold { out += " font-weight=\"bold\"" }
        if paint.dim { out += " opacity=\"0.6\"" }
        if paint.underline { out += " text-decoration=\"underline\"" }
        return out + ">\(Export.entities(text))</text>\n"
    }

    /// `#rrggbb` of a colour.
    private static func hex(_ index: Int) -> String {
        let (red, green, blue) = Palette.rgb(index)
        return "#" + [red, green, blue].map { ($0 < 16 ? "0" : "") + String(Int($0), radix: 16) }.joined()
    }
}
