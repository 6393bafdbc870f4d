/// What the pre-tokeniser patterns ask of a character.
package enum CharacterClass: UInt8 {
    case other, letter, number, space

    package init(_ point: UInt32) {
        // ASCII is most of all text, and three comparisons are quicker than any table.
        guard point < 0x80 else {
            self = CharacterClass.search(point)
            return
        }
        if (0x61...0x7A).contains(point | 0x20) {
            self = .letter
        } else if (0x30...0x39).contains(point) {
            self = .number
        } else {
            self = point == 0x20 || (0x09...0x0D).contains(point) ? .space : .other
        }
    }

    /// By the table of changes alone.
    package static func search(_ point: UInt32) -> CharacterClass {
        let changes = UnicodeClasses.changes
        var low = 0, high = changes.count
        while low + 1 < high {
            let middle = (low + high) / 2
            if changes[middle] >> 2 <= point { low = middle } else { high = middle }
        }
        return CharacterClass(rawValue: UInt8(changes[low] & 3)) ?? .other
    }
}

/// One step through bytes: a code point, or a single byte that is no part of valid UTF-8.
package struct CodePoint {
    /// `notText` for a byte that is not UTF-8: it has the class other and equals no character.
    let value: UInt32
    /// Unit: bytes.
    let length: Int

    package static let notText: UInt32 = 0x11_0000

    /// The code point at `index`, read no further than `end`.
    init(_ bytes: [UInt8], at index: Int, end: Int) {
        let lead = bytes[index]
        if lead < 0x80 {
            (value, length) = (UInt32(lead), 1)
            return
        }
        let count = CodePoint.expected(lead)
        guard count > 1, index + count <= end, CodePoint.allowsSecond(lead, bytes[index + 1]) else {
            (value, length) = (CodePoint.notText, 1)
            return
        }
        var value = UInt32(lead) & (0x7F >> UInt32(count))
        for offset in 1..<count {
            let byte = bytes[index + offset]
            guard byte & 0xC0 == 0x80 else {
                (self.value, length) = (CodePoint.notText, 1)
                return
            }
            value = value << 6 | UInt32(byte & 0x3F)
        }
        (self.value, length) = (value, count)
    }

    var kind: CharacterClass { CharacterClass(value) }

    /// How many bytes a character with this first byte has; 0 when none begins so.
    static func expected(_ lead: UInt8) -> Int {
        switch lead {
        case 0..<0x80: 1
        case 0xC2..<0xE0: 2
        case 0xE0..<0xF0: 3
        case 0xF0..<0xF5: 4
        default: 0
        }
    }

    /// Whether `second` may follow `lead`: no overlong form, no surrogate, nothing beyond U+10FFFF.
    static func allowsSecond(_ lead: UInt8, _ second: UInt8) -> Bool {
        switch lead {
        case 0xE0: (0xA0..<0xC0).contains(second)
        case 0xED: (0x80..<0xA0).contains(second)
        case 0xF0: (0x90..<0xC0).contains(second)
        case 0xF4: (0x80..<0x90).contains(second)
        default: second & 0xC0 == 0x80
        }
    }
}
