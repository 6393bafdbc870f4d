/// Turns the terminal's bytes into events; what it does not know it swallows, and never types.
///
/// `feed` takes bytes as they come; when `needsFlush` still holds after a quiet moment (25 ms), `flush` settles what
/// was open: a lone ESC is Escape, a paste is complete.
package struct KeyDecoder: Sendable {
    private var pending: [UInt8] = []
    private var paste: PasteCollector?

    package static let pasteCap = 16 << 20

    package init() {}

    package var needsFlush: Bool {
        if let paste { return paste.ended }
        return pending.first == 0x1B && pending.count <= 2 && (pending.count == 1 || KeyDecoder.isIntroducer(pending[1]))
    }

    package mutating func feed(_ bytes: some Sequence<UInt8>) -> [Event] {
        if paste != nil {
            for byte in bytes { paste?.take(byte) }
            return []
        }
        pending.append(contentsOf: bytes)
        return parse()
    }

    package mutating func flush() -> [Event] {
        if let done = paste, done.ended {
            paste = nil
            pending = done.tail
            var events: [Event] = [.paste(done.text)]
            if done.dropped > 0 { events.append(.pasteCut(done.dropped)) }
            return events + parse() + (needsFlush ? flush() : [])
        }
        guard paste == nil, needsFlush else { return [] }
        defer { pending = [] }
        guard pending.count == 2 else { return [.key(.escape)] }
        return [.key(Key(.char(Unicode.Scalar(pending[1])), .alt))]
    }

    // MARK: - Parsing

    private enum Parsed {
        case event(Event, Int)
        case nothing(Int)
        case incomplete
        case pasteStart(Int)
    }

    private static func isIntroducer(_ byte: UInt8) -> Bool {
        // CSI, SS3, OSC, DCS, SOS, PM, APC
        byte == 0x5B || byte == 0x4F || isString(byte)
    }

    private static func isString(_ byte: UInt8) -> Bool {
        byte == 0x5D || byte == 0x50 || byte == 0x58 || byte == 0x5E || byte == 0x5F
    }

    private mutating func parse() -> [Event] {
        var events: [Event] = []
        var at = 0
        while at < pending.count {
            switch next(pending[at...]) {
            case .event(let event, let length):
                events.append(event)
                at += length
            case .nothing(let length):
                at += max(1, length)
            case .incomplete:
                pending.removeFirst(at)
                if pending.count > 256 { shorten() }
                return events
            case .pasteStart(let length):
                var collector = PasteCollector(cap: KeyDecoder.pasteCap)
                for byte in pending[(at + length)...] { collector.take(byte) }
                paste = collector
                pending = []
                return events
            }
        }
        pending = []
        return events
    }

    /// An endless sequence is remembered by its head only, as one that means nothing.
    private mutating func shorten() {
        if KeyDecoder.isString(pending[1]) {
            pending.removeSubrange(3..<pending.count - 1)
        } else {
            pending = [0x1B, 0x5B, 0x3F]
        }
    }

    private func next(_ bytes: ArraySlice<UInt8>) -> Parsed {
        let start = bytes.startIndex
        guard bytes[start] == 0x1B else { return character(bytes, modifiers: [], prefix: 0) }
        guard bytes.count > 1 else { return .incomplete }
        let second = bytes[start + 1]
        switch second {
        case 0x5B: return controlSequence(bytes)
        case 0x4F: return keypad(bytes)
        case _ where KeyDecoder.isString(second): return string(bytes)
        case 0x1B: return .event(.key(.escape), 1)
        default: return character(bytes.dropFirst(), modifiers: .alt, prefix: 1)
        }
    }

    private func character(_ bytes: ArraySlice<UInt8>, modifiers: Key.Modifiers, prefix: Int) -> Parsed {
        let first = bytes[bytes.startIndex]
        if first < 0x20 || first == 0x7F {
            var key = KeyDecoder.controlKey(first)
            key.modifiers.formUnion(modifiers)
            return .event(.key(key), prefix + 1)
        }
        if first < 0x80 { return .event(.key(Key(.char(Unicode.Scalar(first)), modifiers)), prefix + 1) }
        let length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
        guard (0xC2...0xF4).contains(first) else { return .nothing(prefix + 1) }
        let tail = bytes.dropFirst().prefix(length - 1)
        guard tail.allSatisfy({ $0 & 0xC0 == 0x80 }) else { return .nothing(prefix + 1) }
        if tail.count < length - 1 { return .incomplete }
        let decoded = Array(bytes.prefix(length)).withUnsafeBufferPointer { TextWidth.decode($0, 0) }
        guard let decoded, decoded.value >= 0xA0, let scalar = Unicode.Scalar(decoded.value) else {
            return .nothing(prefix + length)
        }
        return .event(.key(Key(.char(scalar), modifiers)), prefix + length)
    }

    private static func controlKey(_ byte: UInt8) -> Key {
        switch byte {
        case 0x0D: return .enter
        case 0x09: return .tab
        case 0x7F, 0x08: return .backspace
        case 0x1B: return .escape
        case 0x00: return .ctrl(" ")
        case 0x1F: return .ctrl("/")
        case 0x01...0x1A: return Key(.char(Unicode.Scalar(byte + 0x60)), .ctrl)
        default: return Key(.char(Unicode.Scalar(byte + 0x40)), .ctrl)
        }
    }

    /// OSC, DCS and their like: an answer nobody asked for. Any control character ends it too, so that no key is lost.
    private func string(_ bytes: ArraySlice<UInt8>) -> Parsed {
        var at = bytes.startIndex + 2
        while at < bytes.endIndex {
            if bytes[at] == 0x07 { return .nothing(at + 1 - bytes.startIndex) }
            if bytes[at] == 0x1B {
                guard at + 1 < bytes.endIndex else { return .incomplete }
                return .nothing(at - bytes.startIndex + (bytes[at + 1] == 0x5C ? 2 : 0))
            }
            if bytes[at] < 0x20 { return .nothing(at - bytes.startIndex) }
            at += 1
        }
        return .incomplete
    }

    private func keypad(_ bytes: ArraySlice<UInt8>) -> Parsed {
        var at = bytes.startIndex + 2
        while at < bytes.endIndex, (0x30...0x3B).contains(bytes[at]) { at += 1 }
        guard at < bytes.endIndex else { return .incomplete }
        let length = at + 1 - bytes.startIndex
        let final = bytes[at]
        guard final >= 0x20 else { return .nothing(length - 1) }
        let numbers = KeyDecoder.numbers(bytes[(bytes.startIndex + 2)..<at])
        guard let key = Sequences.keypad(final, numbers) else { return .nothing(length) }
        return .event(.key(key), length)
    }

    private func controlSequence(_ bytes: ArraySlice<UInt8>) -> Parsed {
        let start = bytes.startIndex + 2
        var at = start
        let marked = at < bytes.endIndex && (0x3C...0x3F).contains(bytes[at])
        // rxvt ends its shifted keys with `$`.
        while at < bytes.endIndex, (0x20...0x3F).contains(bytes[at]), marked || bytes[at] != 0x24 { at += 1 }
        guard at < bytes.endIndex else { return .incomplete }
        let final = bytes[at]
        var length = at + 1 - bytes.startIndex
        guard final >= 0x20, final < 0x7F else { return .nothing(length - 1) }
        if final == 0x5B, at == start {
            // The Linux console's F1 to F5.
            guard at + 1 < bytes.endIndex else { return .incomplete }
            guard (0x41...0x45).contains(bytes[at + 1]) else { return .nothing(length) }
            return .event(.key(.f(Int(bytes[at + 1]) - 0x40)), length + 1)
        }
        if final == 0x4D, at == start {
            // A mouse report of the old form: three bytes more, not asked for.
            length += 3
            return bytes.count < length ? .incomplete : .nothing(length)
        }
        if marked {
            guard bytes[start] == 0x3C, let mouse = Sequences.mouse(KeyDecoder.numbers(bytes[(start + 1)..<at]), final)
            else { return .nothing(length) }
            return .event(.mouse(mouse), length)
        }
        let numbers = KeyDecoder.numbers(bytes[start..<at])
        if final == 0x7E, numbers.first == 200 { return .pasteStart(length) }
        if at == start, final == 0x49 || final == 0x4F { return .event(.focus(final == 0x49), length) }
        guard let key = Sequences.key(final, numbers) else { return .nothing(length) }
        return .event(.key(key), length)
    }

    /// `1;5` as [1, 5]; an empty field is 0, a huge one is cut.
    private static func numbers(_ bytes: ArraySlice<UInt8>) -> [Int] {
        guard !bytes.isEmpty else { return [] }
        var out = [0]
        var inner = false
        for byte in bytes {
            switch byte {
            case 0x3B where out.count < 16:
                out.append(0)
                inner = false
            case 0x3A:
                inner = true
            case 0x30...0x39 where !inner:
                out[out.count - 1] = min(out[out.count - 1] * 10 + Int(byte) - 0x30, 2_000_000)
            default:
                break
            }
        }
        return out
    }
}

/// The bytes of a bracketed paste. It ends at the last end mark of a burst, not at the first: a mark inside the pasted
/// text must not let the rest of it act as keys.
struct PasteCollector: Sendable {
    private static let mark: [UInt8] = [0x1B, 0x5B, 0x32, 0x30, 0x31, 0x7E]
    private let cap: Int
    private var content: [UInt8] = []
    private var after: [UInt8] = []
    private var matched = 0
    private(set) var ended = false
    private(set) var dropped = 0

    init(cap: Int) { self.cap = cap }

    mutating func take(_ byte: UInt8) {
        if byte == PasteCollector.mark[matched] {
            matched += 1
            if matched == PasteCollector.mark.count { end() }
            return
        }
        for index in 0..<matched { keep(PasteCollector.mark[index]) }
        matched = byte == 0x1B ? 1 : 0
        if matched == 0 { keep(byte) }
    }

    private mutating func end() {
        matched = 0
        if ended {
            let more = PasteCollector.mark + after
            let room = max(0, cap - content.count)
            content += more.prefix(room)
            dropped += max(0, more.count - room)
            after = []
        }
        ended = true
    }

    private mutating func keep(_ byte: UInt8) {
        if ended {
            if after.count < cap { after.append(byte) } else { dropped += 1 }
        } else if content.count < cap {
            content.append(byte)
        } else {
            dropped += 1
        }
    }

    /// What came after the paste.
    var tail: [UInt8] { after + PasteCollector.mark.prefix(matched) }

    /// The pasted text; terminals send newlines as CR.
    var text: [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(content.count)
        var afterReturn = false
        for byte in content {
            if byte == 0x0D {
                out.append(0x0A)
            } else if byte != 0x0A || !afterReturn {
                out.append(byte)
            }
            afterReturn = byte == 0x0D
        }
        return out
    }
}
