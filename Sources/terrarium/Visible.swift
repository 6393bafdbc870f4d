import Terminal
import Tokenizer

/// Text for people: what steers a terminal or hides in it becomes visible.
enum Visible {
    /// A token's text on one line of a table: spaces, line ends and bytes that are no text shown as signs.
    static func token(_ bytes: [UInt8]) -> String {
        spell(bytes) { glyph in
            switch glyph.kind {
            case .space: "␣"
            case .newline: "↵"
            case .tab: "⇥"
            default: nil
            }
        }
    }

    /// A message or name; spaces, line ends and tabs stay.
    static func line(_ text: String) -> String { spell(Array(text.utf8), plain) }

    fileprivate static func plain(_ glyph: Glyph) -> String? {
        switch glyph.kind {
        case .newline: "\n"
        case .tab: "\t"
        default: nil
        }
    }

    fileprivate static func spell(_ bytes: [UInt8], _ own: (Glyph) -> String?) -> String {
        var out = ""
        for glyph in TextWidth.glyphs(bytes) { out += own(glyph) ?? mark(glyph, bytes) }
        return out
    }

    private static func mark(_ glyph: Glyph, _ bytes: [UInt8]) -> String {
        let digits = String(glyph.scalar, radix: 16, uppercase: true)
        switch glyph.kind {
        case .byte: return "<\(digits)>"
        case .hidden: return "<U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits + ">"
        case .control: return Unicode.Scalar(glyph.scalar).map { String($0) } ?? ""
        case .text, .space, .newline, .tab: return String(decoding: bytes[glyph.range], as: UTF8.self)
        }
    }
}

/// A stream of tokens on its way to a terminal: whole characters, with nothing in them that steers it.
struct TerminalText {
    private var decoder = StreamDecoder()
    private var held: [UInt8] = []
    private(set) var endsLine = true

    mutating func append(_ bytes: [UInt8]) -> String {
        held += decoder.append(bytes).utf8
        // The newest character may still get marks or be joined to the next one.
        var end = held.count
        if let last = TextWidth.glyphs(held).last, held[last.range.lowerBound] >= 0x80 { end = last.range.lowerBound }
        return show(end)
    }

    mutating func finish() -> String {
        held += decoder.finish().utf8
        return show(held.count)
    }

    private mutating func show(_ end: Int) -> String {
        let text = Visible.spell(Array(held[..<end]), Visible.plain)
        if end > 0 { endsLine = held[end - 1] == 0x0A }
        held.removeFirst(end)
        return text
    }
}

/// Rows with columns that line up; numbers stand on the right.
struct Table {
    private var rows: [[String]] = []
    private let rightAligned: Set<Int>

    init(_ heads: [String], right: Set<Int>) {
        rows = [heads]
        rightAligned = right
    }

    mutating func add(_ cells: [String]) { rows.append(cells) }

    var text: String {
        var widths: [Int] = []
        for row in rows {
            for (index, cell) in row.enumerated() {
                if index == widths.count { widths.append(0) }
                widths[index] = max(widths[index], TextWidth.columns(cell))
            }
        }
        return rows.map { row in
            var line = ""
            for (index, cell) in row.enumerated() {
                let room = String(repeating: " ", count: widths[index] - TextWidth.columns(cell))
                let isLast = index == row.count - 1
                line += (index > 0 ? "  " : "") + (rightAligned.contains(index) ? room + cell : cell + (isLast ? "" : room))
            }
            return line + "\n"
        }.joined()
    }
}

/// A number with so many digits after the point; Swift has no such thing outside Foundation.
func fixed(_ value: some BinaryFloatingPoint, _ digits: Int) -> String {
    guard value.isFinite else { return value.isNaN ? "?" : value < 0 ? "-∞" : "∞" }
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let scaled = (abs(Double(value)) * scale).rounded()
    guard scaled < 1e15 else { return "\(Double(value))" }
    let whole = Int(scaled), unit = Int(scale)
    let fraction = String(whole % unit)
    let sign = value < 0 && whole > 0 ? "-" : ""
    guard digits > 0 else { return sign + String(whole) }
    return sign + "\(whole / unit)." + String(repeating: "0", count: digits - fraction.count) + fraction
}
