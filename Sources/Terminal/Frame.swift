// In: text of any bytes, styles by meaning, rectangles. Out: a grid of cells that a `Screen` copies.
// Invariants: no control, invisible or direction-turning scalar is ever in a cell; a wide character has its right
// half beside it or is a blank; no position, size or text traps.
// Must not know: curses, models, what the panels mean.

/// A grid of cells: what one moment of the screen looks like, before any terminal is known.
package struct Frame: Sendable, Equatable {
    package let width: Int
    package let height: Int
    /// Shape: [height * width], row by row.
    package private(set) var cells: [Cell]
    /// Where the terminal's own cursor stands; nil hides it.
    package var cursor: Point?

    package struct Point: Sendable, Hashable {
        package var x: Int
        package var y: Int
        package init(x: Int, y: Int) {
            self.x = x
            self.y = y
        }
    }

    package static let maxWidth = 2000
    package static let maxHeight = 1000

    package init(width: Int, height: Int) {
        self.width = min(max(width, 0), Frame.maxWidth)
        self.height = min(max(height, 0), Frame.maxHeight)
        cells = Array(repeating: .blank, count: self.width * self.height)
    }

    package var bounds: Rect { Rect(width: width, height: height) }

    package subscript(x: Int, y: Int) -> Cell? {
        guard x >= 0, y >= 0, x < width, y < height else { return nil }
        return cells[y * width + x]
    }

    /// Draws text from (x, y) to the right and returns the columns it used inside the clip, from x on.
    ///
    /// Nothing wraps: a newline is drawn as a mark. What lies outside the clip is skipped.
    @discardableResult
    package mutating func put(_ text: String, x: Int, y: Int, style: Style = Style(), clip: Rect? = nil) -> Int {
        var text = text
        return text.withUTF8 { put(bytes: $0, x: x, y: y, style: style, clip: clip) }
    }

    @discardableResult
    package mutating func put(
        bytes: UnsafeBufferPointer<UInt8>, x: Int, y: Int, style: Style = Style(), clip: Rect? = nil
    ) -> Int {
        let area = bounds.intersection(clip ?? bounds)
        let start = Rect.place(x)
        guard !area.isEmpty, y >= area.y, y < area.maxY else { return 0 }
        var column = start
        var at = 0
        while column < area.maxX, let glyph = TextWidth.next(in: bytes, at: at) {
            draw(glyph, column, y, style, area)
            column += glyph.width
            at = glyph.range.upperBound
        }
        return max(0, min(column, area.maxX) - start)
    }

    @discardableResult
    package mutating func put(bytes: [UInt8], x: Int, y: Int, style: Style = Style(), clip: Rect? = nil) -> Int {
        bytes.withUnsafeBufferPointer { put(bytes: $0, x: x, y: y, style: style, clip: clip) }
    }

    /// Draws one glyph of `TextWidth` and returns its columns.
    @discardableResult
    package mutating func put(_ glyph: Glyph, x: Int, y: Int, style: Style = Style(), clip: Rect? = nil) -> Int {
        let area = bounds.intersection(clip ?? bounds)
        guard !area.isEmpty, y >= area.y, y < area.maxY else { return glyph.width }
        draw(glyph, Rect.place(x), y, style, area)
        return glyph.width
    }

    private mutating func draw(_ glyph: Glyph, _ x: Int, _ y: Int, _ style: Style, _ area: Rect) {
        guard x < area.maxX, x + glyph.width > area.x else { return }
        if glyph.kind == .hidden || glyph.kind == .byte {
            for (offset, scalar) in glyph.spelled.enumerated() where x + offset >= area.x && x + offset < area.maxX {
                set(Cell(scalar: scalar, style: style), x + offset, y)
            }
            return
        }
        if x >= area.x, x + glyph.width <= area.maxX {
            let cell = Cell(
                scalar: glyph.scalar, mark1: glyph.mark1, mark2: glyph.mark2, width: UInt8(glyph.width), style: style)
            set(cell, x, y)
        } else {
            for column in max(x, area.x)..<min(x + glyph.width, area.maxX) { set(.blank(style), column, y) }
        }
    }

    /// Sets a cell inside the grid; a wide character that loses a half becomes a blank.
    private mutating func set(_ cell: Cell, _ x: Int, _ y: Int) {
        let index = y * width + x
        let last = cell.width == 2 ? x + 1 : x
        if cells[index].width == 0, x > 0 { cells[index - 1] = .blank(cells[index - 1].style) }
        let end = y * width + last
        if cells[end].width == 2, last + 1 < width { cells[end + 1] = .blank(cells[end + 1].style) }
        cells[index] = cell
        if cell.width == 2 { cells[index + 1] = .continuation(cell.style) }
    }

    /// Sets one cell that is known to be printable and one column wide, inside the grid.
    mutating func draw(scalar: UInt32, x: Int, y: Int, style: Style, clip: Rect? = nil) {
        let area = bounds.intersection(clip ?? bounds)
        guard area.contains(x: x, y: y) else { return }
        set(Cell(scalar: scalar, style: style), x, y)
    }

    /// Blanks the box with a style.
    package mutating func fill(_ rect: Rect, style: Style = Style()) {
        let area = bounds.intersection(rect)
        for y in area.y..<max(area.y, area.maxY) where area.width > 0 {
            for x in area.x..<area.maxX { set(.blank(style), x, y) }
        }
    }

    /// Changes the style of cells and leaves their text, as a selection does.
    package mutating func restyle(_ rect: Rect, _ change: (inout Style) -> Void) {
        let area = bounds.intersection(rect)
        guard !area.isEmpty else { return }
        for y in area.y..<area.maxY {
            for x in area.x..<area.maxX { change(&cells[y * width + x].style) }
        }
    }

    /// Copies another frame into this one at (x, y).
    package mutating func paste(_ other: Frame, x: Int, y: Int) {
        let area = bounds.intersection(Rect(x: x, y: y, width: other.width, height: other.height))
        guard !area.isEmpty else { return }
        for row in area.y..<area.maxY {
            for column in area.x..<area.maxX {
                let cell = other.cells[(row - y) * other.width + column - x]
                let whole = cell.width == 1 || cell.width == 2 && column + 1 < area.maxX
                if whole {
                    set(cell, column, row)
                } else if cell.width == 2 || column == area.x {
                    set(.blank(cell.style), column, row)
                }
            }
        }
    }
}
