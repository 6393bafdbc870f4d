extension Frame {
    /// Draws a border with its words and returns what is left inside; the inside is not cleared.
    ///
    /// The title goes left in the upper border, the label right; the legend goes left in the lower one and loses
    /// whole entries (they stand two spaces apart) where it does not fit.
    @discardableResult
    package mutating func box(
        _ rect: Rect, title: String = "", label: String = "", legend: String = "", focused: Bool = false
    ) -> Rect {
        guard rect.width > 0, rect.height > 0 else { return rect.interior }
        let style = Style(focused ? .focus : .border)
        let right = rect.maxX - 1
        let bottom = rect.maxY - 1
        for x in visible(rect.x, rect.maxX, width) {
            draw(scalar: 0x2500, x: x, y: rect.y, style: style)
            draw(scalar: 0x2500, x: x, y: bottom, style: style)
        }
        for y in visible(rect.y, rect.maxY, height) {
            draw(scalar: 0x2502, x: rect.x, y: y, style: style)
            draw(scalar: 0x2502, x: right, y: y, style: style)
        }
        draw(scalar: 0x2510, x: right, y: rect.y, style: style)
        draw(scalar: 0x250C, x: rect.x, y: rect.y, style: style)
        draw(scalar: 0x2518, x: right, y: bottom, style: style)
        draw(scalar: 0x2514, x: rect.x, y: bottom, style: style)

        let room = rect.width - 4
        let name = TextWidth.fit(title, room - 2)
        let titled = name.isEmpty ? 0 : TextWidth.columns(name) + 2
        let titleStyle = focused ? Style(.focus, .bold) : Style(.title)
        if titled > 0 { put(" \(name) ", x: rect.x + 2, y: rect.y, style: titleStyle) }
        let labelWidth = TextWidth.columns(label) + 2
        if !label.isEmpty, titled + labelWidth + (titled > 0 ? 1 : 0) <= room {
            put(" \(label) ", x: rect.maxX - 2 - labelWidth, y: rect.y, style: Style(focused ? .focus : .title))
        }
        if rect.height > 1 {
            let words = Frame.fitLegend(legend, room - 2)
            if !words.isEmpty { put(" \(words) ", x: rect.x + 2, y: bottom, style: Style(.dim)) }
        }
        return rect.interior
    }

    private func visible(_ low: Int, _ high: Int, _ limit: Int) -> Range<Int> {
        let start = min(max(low, 0), limit)
        return start..<max(start, min(high, limit))
    }

    /// As many leading entries of a legend as fit; entries stand two spaces apart.
    package static func fitLegend(_ legend: String, _ columns: Int) -> String {
        if TextWidth.columns(legend) <= columns { return legend }
        var kept = ""
        var entry = ""
        var spaces = 0
        for scalar in legend.unicodeScalars {
            if scalar == " " {
                spaces += 1
                continue
            }
            if spaces >= 2 {
                guard TextWidth.columns(entry) <= columns else { return kept }
                kept = entry
            }
            entry.unicodeScalars.append(contentsOf: repeatElement(" ", count: spaces))
            spaces = 0
            entry.unicodeScalars.append(scalar)
        }
        return TextWidth.columns(entry) <= columns ? entry : kept
    }

    /// Draws text so that it ends left of column `maxX`.
    @discardableResult
    package mutating func put(_ text: String, rightAlignedTo maxX: Int, y: Int, style: Style = Style(), clip: Rect? = nil)
        -> Int
    {
        put(text, x: Rect.place(maxX) - TextWidth.columns(text), y: y, style: style, clip: clip)
    }

    /// A cell of two square pixels, one level each; nil leaves the terminal's own background.
    ///
    /// With the role `selection` or `cursor` the cell is drawn as a crosshair instead.
    package mutating func heat(x: Int, y: Int, upper: UInt8?, lower: UInt8?, role: Role = .text, clip: Rect? = nil) {
        var style = Style(role, heat: upper == nil ? nil : lower)
        style.ink = upper ?? lower
        let scalar: UInt32 = upper != nil ? 0x2580 : lower != nil ? 0x2584 : 0x20
        draw(scalar: scalar, x: x, y: y, style: style, clip: clip)
    }

    /// A horizontal bar in eighths of a cell; returns the columns it touches.
    @discardableResult
    package mutating func bar(
        _ fraction: Double, x: Int, y: Int, width: Int, style: Style = Style(.bar), clip: Rect? = nil
    ) -> Int {
        let text = Frame.barText(fraction, width: width)
        return put(text, x: x, y: y, style: style, clip: clip)
    }

    /// `█████▋`; something above 0 is at least `▏`, NaN is empty.
    package static func barText(_ fraction: Double, width: Int) -> String {
        guard fraction > 0, width > 0 else { return "" }
        let width = min(width, maxWidth)
        let eighths = max(1, Int(min(fraction, 1) * Double(width * 8) + 0.5))
        var out = String(repeating: "█", count: eighths / 8)
        if eighths % 8 > 0 { out.unicodeScalars.append(Unicode.Scalar(UInt32(0x2590 - eighths % 8)) ?? " ") }
        return out
    }

    /// One column a value, `▁` to `█` for 0...1; NaN leaves a blank.
    package mutating func sparkline(
        _ values: some Sequence<Double>, x: Int, y: Int, style: Style = Style(.bar), clip: Rect? = nil
    ) {
        for (offset, value) in values.enumerated() {
            if offset >= Frame.maxWidth { return }
            guard value == value else { continue }
            let step = UInt32(min(max(value, 0), 1) * 7 + 0.5)
            draw(scalar: 0x2581 + step, x: Rect.place(x) + offset, y: y, style: style, clip: clip)
        }
    }

    /// The text plane: one line a row, trailing blanks cut.
    package func dump() -> String {
        rows { $0.width == 0 ? "" : $0.text }
    }

    /// The style plane: a letter a cell, `.` for plain text; upper case is bold, `_` underlined, `~` reversed,
    /// digits are tints in eighths of the ramp.
    package func styles() -> String {
        rows { cell in
            let style = cell.style
            if style.flags.contains(.reverse) { return "~" }
            if let level = style.heat ?? style.ink { return String(level / 8) }
            if style.role == .text {
                return style.flags.contains(.bold) ? "B" : style.flags.contains(.underline) ? "_" : " "
            }
            let letter = Frame.letters[Int(style.role.rawValue)]
            return style.flags.contains(.bold) ? letter.uppercased() : String(letter)
        }
    }

    /// One letter a role, in the order of `Role`.
    package static let letters: [Character] = Array(" dtbfascmxuowegknrz")

    private func rows(_ character: (Cell) -> String) -> String {
        var lines: [String] = []
        lines.reserveCapacity(height)
        for y in 0..<height {
            var line = ""
            for x in 0..<width { line += character(cells[y * width + x]) }
            while line.unicodeScalars.last == " " { line.unicodeScalars.removeLast() }
            lines.append(line)
        }
        return lines.joined(separator: "\n")
    }
}
