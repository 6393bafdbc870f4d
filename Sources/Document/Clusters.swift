/// Boundaries between what a person sees as one character, in bytes that may be invalid UTF-8.
///
/// Source: UAX #29, without prepended marks and Indic conjuncts; an invalid byte is a cluster of its own.
package enum Clusters {
    /// The next boundary behind an offset; the count at the end.
    package static func next(in bytes: [UInt8], after offset: Int) -> Int {
        bytes.withUnsafeBufferPointer { next(in: $0, after: max(0, offset)) }
    }

    /// The last boundary before an offset; 0 at the start.
    package static func previous(in bytes: [UInt8], before offset: Int) -> Int {
        bytes.withUnsafeBufferPointer { bytes in
            let offset = min(offset, bytes.count)
            guard offset > 0 else { return 0 }
            var start = safeStart(in: bytes, before: offset)
            while true {
                let end = next(in: bytes, after: start)
                if end >= offset { return start }
                start = end
            }
        }
    }

    /// The boundary at or before an offset.
    package static func floor(in bytes: [UInt8], _ offset: Int) -> Int {
        if offset >= bytes.count { return bytes.count }
        if offset <= 0 { return 0 }
        return previous(in: bytes, before: offset + 1)
    }

    /// A boundary before the offset that needs no look further back: between two ASCII bytes other than CR LF.
    private static func safeStart(in bytes: UnsafeBufferPointer<UInt8>, before offset: Int) -> Int {
        var index = offset - 1
        while index > 0 {
            let ascii = bytes[index] < 0x80 && bytes[index - 1] < 0x80
            if ascii, !(bytes[index] == 0x0A && bytes[index - 1] == 0x0D) { return index }
            index -= 1
        }
        return 0
    }

    private static func next(in bytes: UnsafeBufferPointer<UInt8>, after offset: Int) -> Int {
        guard offset < bytes.count else { return bytes.count }
        if bytes[offset] < 0x80, offset + 1 == bytes.count || bytes[offset + 1] < 0x80 {
            let pair = bytes[offset] == 0x0D && offset + 1 < bytes.count && bytes[offset + 1] == 0x0A
            return offset + (pair ? 2 : 1)
        }
        guard let first = scalar(in: bytes, at: offset) else { return offset + 1 }
        var kind = Kind(first.scalar)
        var end = offset + first.length
        guard kind != .control else { return end }
        var pictograph = kind == .pictograph
        var flags = kind == .flag ? 1 : 0
        while end < bytes.count, let following = scalar(in: bytes, at: end) {
            let next = Kind(following.scalar)
            guard joins(kind, next, pictograph: pictograph, flags: flags) else { break }
            if next == .pictograph { pictograph = true } else if next != .extend && next != .joiner { pictograph = false }
            flags = next == .flag ? flags + 1 : 0
            kind = next
            end += following.length
        }
        return end
    }

    private static func joins(_ kind: Kind, _ next: Kind, pictograph: Bool, flags: Int) -> Bool {
        switch (kind, next) {
        case (_, .extend), (_, .joiner): true
        case (.joiner, .pictograph): pictograph
        case (.flag, .flag): flags % 2 == 1
        case (.leading, .leading), (.leading, .vowel), (.leading, .syllableOpen), (.leading, .syllableClosed): true
        case (.vowel, .vowel), (.vowel, .trailing), (.syllableOpen, .vowel), (.syllableOpen, .trailing): true
        case (.trailing, .trailing), (.syllableClosed, .trailing): true
        default: false
        }
    }

    private enum Kind {
        case other, control, extend, joiner, flag, pictograph, leading, vowel, trailing, syllableOpen, syllableClosed

        init(_ scalar: Unicode.Scalar) {
            switch scalar.value {
            case 0..<0x20, 0x7F: self = .control
            case 0x20..<0x7F: self = .other
            case 0x200D: self = .joiner
            case 0x1100...0x115F, 0xA960...0xA97C: self = .leading
            case 0x1160...0x11A7, 0xD7B0...0xD7C6: self = .vowel
            case 0x11A8...0x11FF, 0xD7CB...0xD7FB: self = .trailing
            case 0xAC00...0xD7A3: self = (scalar.value - 0xAC00) % 28 == 0 ? .syllableOpen : .syllableClosed
            case 0x1F1E6...0x1F1FF: self = .flag
            default:
                let properties = scalar.properties
                let category = properties.generalCategory
                if properties.isGraphemeExtend || properties.isEmojiModifier || category == .spacingMark {
                    self = .extend
                } else if category == .control || category == .lineSeparator || category == .paragraphSeparator || category == .format {
                    self = .control
                } else {
                    self = properties.isEmoji ? .pictograph : .other
                }
            }
        }
    }

    /// The scalar at an offset; nil where the bytes are no whole, valid UTF-8.
    private static func scalar(in bytes: UnsafeBufferPointer<UInt8>, at offset: Int) -> (scalar: Unicode.Scalar, length: Int)? {
        let lead = bytes[offset]
        let length = lead < 0x80 ? 1 : lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0
        guard length > 0, offset + length <= bytes.count else { return nil }
        if length == 1 { return (Unicode.Scalar(lead), 1) }
        var value = UInt32(lead) & (0x7F >> UInt32(length))
        for index in offset + 1..<offset + length {
            guard bytes[index] & 0xC0 == 0x80 else { return nil }
            value = value << 6 | UInt32(bytes[index] & 0x3F)
        }
        let shortest: UInt32 = length == 2 ? 0x80 : length == 3 ? 0x800 : 0x10000
        guard value >= shortest, let scalar = Unicode.Scalar(value) else { return nil }
        return (scalar, length)
    }
}
