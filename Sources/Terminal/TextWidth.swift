/// A stretch of bytes as the screen shows it: one grapheme, or a mark for what must not reach a terminal.
package struct Glyph: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        case text
        /// A space, a wide one too.
        case space
        case newline
        case tab
        /// Any other C0 character or DEL, drawn as its control picture.
        case control
        /// A scalar that is invisible or steers the terminal, drawn as `<U+202E>`.
        case hidden
        /// A byte that is not UTF-8, drawn as `<F0>`.
        case byte
    }

    /// The bytes it stands for.
    package let range: Range<Int>
    package let kind: Kind
    /// What is drawn; for `hidden` and `byte` the scalar or byte that the mark names.
    package let scalar: UInt32
    package let mark1: UInt32
    package let mark2: UInt32
    /// Columns on the screen.
    package let width: Int

    /// The cells' scalars of a mark such as `<F0>`; empty for everything that fits one cell.
    var spelled: [UInt32] {
        switch kind {
        case .byte: return [0x3C] + Glyph.hex(scalar, digits: 2) + [0x3E]
        case .hidden: return [0x3C, 0x55, 0x2B] + Glyph.hex(scalar, digits: max(4, Glyph.digits(scalar))) + [0x3E]
        default: return []
        }
    }

    static func digits(_ value: UInt32) -> Int { value > 0xFFFFF ? 6 : value > 0xFFFF ? 5 : 4 }

    private static func hex(_ value: UInt32, digits: Int) -> [UInt32] {
        (0..<digits).reversed().map { place in
            let nibble = (value >> UInt32(place * 4)) & 15
            return nibble < 10 ? 0x30 + nibble : 0x37 + nibble
        }
    }
}

/// How bytes become columns: the one place that decides what is drawn, what is named, and what is dropped.
package enum TextWidth {
    /// Columns of a scalar that stands alone: 0 for marks, 2 for East Asian wide and emoji.
    package static func width(of scalar: Unicode.Scalar) -> Int { width(scalar.value) }

    package static func width(_ value: UInt32) -> Int {
        if value < 0x300 { return 1 }
        if value >= 0x1100, contains(value, WidthTable.wide) { return 2 }
        return contains(value, WidthTable.zero) ? 0 : 1
    }

    /// Columns that `Frame.put` uses for the text, marks included.
    package static func columns(_ text: String) -> Int {
        var text = text
        return text.withUTF8 { columns($0) }
    }

    package static func columns(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
        var total = 0
        var at = 0
        while let glyph = next(in: bytes, at: at) {
            total += glyph.width
            at = glyph.range.upperBound
        }
        return total
    }

    /// Every glyph of the bytes in order; their ranges tile the buffer.
    package static func glyphs(_ bytes: [UInt8]) -> [Glyph] {
        bytes.withUnsafeBufferPointer { buffer in
            var out: [Glyph] = []
            out.reserveCapacity(buffer.count)
            var at = 0
            while let glyph = next(in: buffer, at: at) {
                out.append(glyph)
                at = glyph.range.upperBound
            }
            return out
        }
    }

    /// The text cut to at most `columns`, with `…` where something is missing.
    package static func fit(_ text: String, _ columns: Int) -> String {
        guard columns > 0 else { return "" }
        var copy = text
        return copy.withUTF8 { bytes in
            var at = 0
            var used = 0
            var cut = 0
            while let glyph = next(in: bytes, at: at) {
                used += glyph.width
                if used > columns {
                    return String(decoding: UnsafeBufferPointer(rebasing: bytes[..<cut]), as: UTF8.self) + "…"
                }
                at = glyph.range.upperBound
                if used < columns { cut = at }
            }
            return text
        }
    }

    /// The glyph that starts at byte `at`; nil at the end and outside.
    package static func next(in bytes: UnsafeBufferPointer<UInt8>, at: Int) -> Glyph? {
        guard at >= 0, at < bytes.count else { return nil }
        let first = bytes[at]
        let followed = at + 1 < bytes.count && bytes[at + 1] >= 0x80
        if first < 0x80 {
            if first < 0x20 || first == 0x7F { return control(first, at) }
            if !followed {
                let kind: Glyph.Kind = first == 0x20 ? .space : .text
                return Glyph(range: at..<at + 1, kind: kind, scalar: UInt32(first), mark1: 0, mark2: 0, width: 1)
            }
        }
        guard let (value, length) = decode(bytes, at) else {
            return Glyph(range: at..<at + 1, kind: .byte, scalar: UInt32(first), mark1: 0, mark2: 0, width: 4)
        }
        if isHidden(value) {
            let width = 4 + Glyph.digits(value)
            return Glyph(range: at..<at + length, kind: .hidden, scalar: value, mark1: 0, mark2: 0, width: width)
        }
        return cluster(value, bytes, at, at + length)
    }

    private static func control(_ byte: UInt8, _ at: Int) -> Glyph {
        let kind: Glyph.Kind = byte == 0x0A ? .newline : byte == 0x09 ? .tab : .control
        let picture: UInt32 = byte == 0x7F ? 0x2421 : 0x2400 + UInt32(byte)
        return Glyph(range: at..<at + 1, kind: kind, scalar: picture, mark1: 0, mark2: 0, width: 1)
    }

    /// Takes the marks, the first variation selector, the skin tone and the joined emoji that follow a base.
    private static func cluster(_ value: UInt32, _ bytes: UnsafeBufferPointer<UInt8>, _ start: Int, _ after: Int) -> Glyph {
        var base = value
        var marks: (UInt32, UInt32) = (0, 0)
        var end = after
        if width(value) == 0 {
            base = 0x25CC
            marks.0 = value
        }
        let columns = width(base)
        var selectors = 0
        while end < bytes.count, bytes[end] >= 0x80, let (next, length) = decode(bytes, end) {
            if isSelector(next) {
                // One says how to draw the base; a row of them is how text is smuggled, and is named.
                guard selectors == 0 else { break }
                selectors = 1
            } else if next == 0x200D {
                guard columns == 2 || selectors > 0, let tail = decode(bytes, end + length), isPictograph(tail.value) else { break }
                end += tail.length
                selectors = 0
            } else if (0x1F3FB...0x1F3FF).contains(next) {
                guard isPictograph(base) else { break }
            } else if !isHidden(next), width(next) == 0 {
                if marks.0 == 0 { marks.0 = next } else if marks.1 == 0 { marks.1 = next }
            } else {
                break
            }
            end += length
        }
        let kind: Glyph.Kind = isSpace(base) && marks.0 == 0 ? .space : .text
        return Glyph(range: start..<end, kind: kind, scalar: base, mark1: marks.0, mark2: marks.1, width: columns)
    }

    /// One scalar of strict UTF-8: no overlong form, no surrogate, nothing above U+10FFFF.
    package static func decode(_ bytes: UnsafeBufferPointer<UInt8>, _ at: Int) -> (value: UInt32, length: Int)? {
        guard at < bytes.count else { return nil }
        let first = bytes[at]
        if first < 0x80 { return (UInt32(first), 1) }
        let length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
        guard first >= 0xC2, first <= 0xF4, at + length <= bytes.count else { return nil }
        var value = UInt32(first) & (0x7F >> UInt32(length))
        for index in at + 1..<at + length {
            guard bytes[index] & 0xC0 == 0x80 else { return nil }
            value = value << 6 | UInt32(bytes[index] & 0x3F)
        }
        let least: UInt32 = length == 2 ? 0x80 : length == 3 ? 0x800 : 0x10000
        guard value >= least, value <= 0x10FFFF, !(0xD800...0xDFFF).contains(value) else { return nil }
        return (value, length)
    }

    private static func contains(_ value: UInt32, _ table: [UInt32]) -> Bool {
        table.withUnsafeBufferPointer { table in
            var low = 0
            var high = table.count / 2
            while low < high {
                let middle = (low + high) / 2
                if value > table[2 * middle + 1] { low = middle + 1 } else { high = middle }
            }
            return low < table.count / 2 && value >= table[2 * low]
        }
    }

    private static func isSpace(_ value: UInt32) -> Bool {
        value == 0x20 || value == 0xA0 || value == 0x3000 || (0x2000...0x200A).contains(value) || value == 0x202F
            || value == 0x205F
    }

    private static func isSelector(_ value: UInt32) -> Bool {
        (0xFE00...0xFE0F).contains(value) || (0xE0100...0xE01EF).contains(value)
    }

    private static func isPictograph(_ value: UInt32) -> Bool {
        (0x1F300...0x1FAFF).contains(value) || (0x2190...0x2BFF).contains(value)
    }

    /// Scalars that draw nothing, turn the writing direction or steer a terminal.
    package static func isHidden(_ value: UInt32) -> Bool {
        if value < 0x80 { return value < 0x20 || value == 0x7F }
        switch value {
        case 0x80...0x9F, 0xAD, 0x34F, 0x61C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B...0x180F, 0x200B...0x200F,
            0x2028...0x202E, 0x2060...0x206F, 0x3164, 0xD800...0xDFFF, 0xFDD0...0xFDEF, 0xFE00...0xFE0F, 0xFEFF, 0xFFA0,
            0xFFF0...0xFFFB, 0x13430...0x13440, 0x1BCA0...0x1BCA3, 0x1D173...0x1D17A, 0xE0000...0xE0FFF:
            return true
        default:
            return value & 0xFFFE == 0xFFFE
        }
    }
}
