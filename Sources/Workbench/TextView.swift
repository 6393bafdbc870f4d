import Document
import Terminal

/// How the document is laid out in lines and which of them are shown.
package struct TextView: Sendable {
    package enum Tint: String, Sendable, CaseIterable {
        case none, probability, surprisal, rank, entropy, attention
        /// What the ramp's two ends stand for.
        package var meaning: String {
            switch self {
            case .none: ""
            case .probability: "0 … 1 of the token that stands there"
            case .surprisal: "0 … 10 nats"
            case .rank: "likeliest … thousands stood before it"
            case .entropy: "0 … 8 nats before the token"
            case .attention: "0.005 … 1, logarithmic: where the chosen token looks"
            }
        }
        var next: Tint { Self.allCases[((Self.allCases.firstIndex(of: self) ?? 0) + 1) % Self.allCases.count] }
    }
    package var tint = Tint.surprisal
    package var showsBoundaries = false
    package var needle: [UInt8] = []
    /// True while the view keeps the cursor in sight.
    package var follows = true
    /// Where each shown line starts. Unit: bytes.
    package private(set) var starts: [Int] = [0]
    package private(set) var top = 0
    private var bytes: [UInt8] = []
    private var width = 0
    private var goal: Int?
    package init() {}

    /// Wraps the text anew when it or the width changed, and keeps the cursor in sight if the view follows it.
    mutating func lay(out editor: Editor, in rect: Rect) {
        guard rect.width > 0, rect.height > 0 else { return }
        if rect.width != width {
            (width, bytes) = (rect.width, editor.document.bytes)
            starts = Self.wrap(bytes, width: max(1, width - 1))
        } else {
            rewrap(editor.document.bytes)
        }
        // Where the view follows the cursor no room is left empty below the text.
        top = min(top, max(0, follows ? starts.count - rect.height : starts.count - 1))
        if follows {
            let line = line(of: editor.cursor)
            if line < top { top = line }
            if line >= top + rect.height { top = line - rect.height + 1 }
        }
    }

    /// Wraps only the paragraphs that differ from those laid out before.
    private mutating func rewrap(_ next: [UInt8]) {
        let (prefix, suffix) = bytes.sharedEnds(with: next), delta = next.count - bytes.count
        guard prefix < next.count || delta != 0 else { return }
        let start = next[..<prefix].lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        let end = next[(next.count - suffix)...].firstIndex(of: 0x0A).map { $0 + 1 } ?? next.count
        var fresh = Self.wrap(next[start..<end], width: max(1, width - 1)), tail: [Int] = []
        if end > start, next[end - 1] == 0x0A {
            // What begins behind the newline was laid out before, or is the empty last line.
            fresh.removeLast()
            tail = end == next.count ? [end] : starts[line(of: end - delta)...].map { $0 + delta }
        }
        starts = Array(starts[..<line(of: start)]) + fresh + tail
        bytes = next
    }

    static func wrap(_ bytes: [UInt8], width: Int) -> [Int] { wrap(bytes[...], width: width) }

    /// Breaks at newlines and, where a line is too long, behind its last space. One column is left for the cursor.
    private static func wrap(_ bytes: ArraySlice<UInt8>, width: Int) -> [Int] {
        let base = bytes.startIndex
        var starts = [0]
        bytes.withUnsafeBufferPointer { buffer in
            var at = 0, column = 0, breakable: (at: Int, column: Int)?
            while at < buffer.count {
                if buffer[at] == 0x0A {
                    at += 1
                    starts.append(at)
                    (column, breakable) = (0, nil)
                    continue
                }
                // Plain letters, by far the most, need no look at what follows but a mark.
                let plain = buffer[at] > 0x20 && buffer[at] < 0x7F && (at + 1 == buffer.count || buffer[at + 1] < 0x80)
                let glyph = plain ? nil : TextWidth.next(in: buffer, at: at)
                let (columns, end) = (glyph?.width ?? 1, glyph?.range.upperBound ?? at + 1)
                if column + columns > width, column > 0 {
                    let start = breakable?.at ?? at
                    starts.append(start)
                    column -= breakable?.column ?? column
                    breakable = nil
                }
                column += columns
                if buffer[at] == 0x20 { breakable = (end, column) }
                at = max(at + 1, end)
            }
        }
        return base == 0 ? starts : starts.map { $0 + base }
    }

    package func line(of offset: Int) -> Int {
        var low = 0, high = starts.count
        while low + 1 < high {
            let middle = (low + high) / 2
            if starts[middle] <= offset { low = middle } else { high = middle }
        }
        return low
    }

    /// The bytes of a shown line, without its newline.
    package func range(ofLine line: Int) -> Range<Int> {
        let start = starts[line], end = line + 1 < starts.count ? starts[line + 1] : bytes.count
        return start..<(end > start && bytes[end - 1] == 0x0A ? end - 1 : end)
    }

    mutating func scroll(by step: Int, in rect: Rect) {
        follows = false
        top = max(0, min(top + step, starts.count - 1))
    }

    // MARK: Movement by shown lines

    mutating func move(_ command: Command, _ editor: inout Editor, in rect: Rect) {
        let line = line(of: editor.cursor), page = max(1, rect.height - 1)
        let extending = [.selectUp, .selectDown, .selectLineStart, .selectLineEnd].contains(command)
        let isVertical = ![.lineStart, .lineEnd, .selectLineStart, .selectLineEnd].contains(command)
        let column = isVertical ? goal ?? self.column(of: editor.cursor, inLine: line) : 0
        switch command {
        case .up, .selectUp: editor.move(to: line == 0 ? 0 : offset(column, inLine: line - 1), extending: extending)
        case .down, .selectDown:
            editor.move(to: line + 1 < starts.count ? offset(column, inLine: line + 1) : bytes.count, extending: extending)
        case .pageUp:
            editor.move(to: offset(column, inLine: max(0, line - page)))
            top = max(0, top - page)
        case .pageDown:
            editor.move(to: line + page < starts.count ? offset(column, inLine: line + page) : bytes.count)
            top = min(max(0, starts.count - 1), top + page)
        case .lineStart, .selectLineStart: editor.move(to: starts[line], extending: extending)
        case .lineEnd, .selectLineEnd: editor.move(to: lastPlace(inLine: line), extending: extending)
        default: break
        }
        goal = isVertical ? column : nil
    }

    /// The cursor's last place of a line: before its newline, or before the character that begins the next one.
    private func lastPlace(inLine line: Int) -> Int {
        let range = range(ofLine: line)
        let wrapped = line + 1 < starts.count && starts[line + 1] == range.upperBound
        return wrapped ? max(range.lowerBound, Clusters.previous(in: bytes, before: range.upperBound)) : range.upperBound
    }

    mutating func forgetGoal() { goal = nil }

    package func column(of offset: Int, inLine line: Int) -> Int {
        bytes.withUnsafeBufferPointer { buffer in
            var at = starts[line], column = 0
            while at < offset, let glyph = TextWidth.next(in: buffer, at: at) {
                column += glyph.width
                at = max(at + 1, glyph.range.upperBound)
            }
            return column
        }
    }

    private func offset(_ column: Int, inLine line: Int) -> Int {
        let last = lastPlace(inLine: line)
        return bytes.withUnsafeBufferPointer { buffer in
            var at = starts[line], seen = 0
            while at < last, let glyph = TextWidth.next(in: buffer, at: at), seen + glyph.width <= column {
                seen += glyph.width
                at = max(at + 1, glyph.range.upperBound)
            }
            return min(at, last)
        }
    }

    /// The place in the text under a cell of the screen.
    func offset(atX x: Int, y: Int, in rect: Rect, editor: Editor) -> Int? {
        let line = top + y - rect.y
        guard rect.contains(x: x, y: y) else { return nil }
        return line < starts.count ? offset(x - rect.x, inLine: line) : bytes.count
    }
}
