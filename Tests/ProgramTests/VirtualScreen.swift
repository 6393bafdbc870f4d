/// What a terminal shows after the bytes our ncurses writes; anything else in them is noted as foreign.
///
/// In: bytes as they come from the PTY. Out: characters with their attributes, modes, frames. It knows the sequences of the
/// xterm entries that ncurses uses and no more, so that nothing unexpected passes for drawn.
/// Source: XTerm Control Sequences; ECMA-48.
struct VirtualScreen {
    struct Cell: Equatable {
        var text = " "
        var style = Style()
    }
    struct Style: Equatable, Hashable {
        var flags: Set<Int> = []
        var foreground: [Int] = []
        var background: [Int] = []
    }

    private(set) var width: Int
    private(set) var height: Int
    private(set) var cells: [[Cell]]
    private(set) var cursor = (x: 0, y: 0)
    /// Private modes that were set or reset, by number.
    private(set) var modes: [Int: Bool] = [:]
    /// Times when a frame began. Unit: seconds.
    private(set) var frameStarts: [Double] = []
    /// Frames that had begun when the whole screen was cleared.
    private(set) var clears: [Int] = []
    /// Sequences and control characters that ncurses has no reason to send.
    private(set) var foreign: [String] = []
    /// Every style that was asked for, in any frame.
    private(set) var styles: Set<Style> = []
    /// Text written while the alternate screen was off.
    private(set) var plain = ""

    /// The numbers of all colours asked for.
    private(set) var colours: Set<Int> = []

    private var style = Style()
    private var pending: [UInt8] = []
    private var wrapsNext = false
    private var lastText = " "

    init(width: Int, height: Int) {
        (self.width, self.height) = (width, height)
        cells = Array(repeating: Array(repeating: Cell(), count: width), count: height)
    }

    mutating func resize(width: Int, height: Int) {
        cells = (0..<height).map { y in (0..<width).map { x in y < self.height && x < self.width ? cells[y][x] : Cell() } }
        (self.width, self.height) = (width, height)
        cursor = (min(cursor.x, width - 1), min(cursor.y, height - 1))
        wrapsNext = false
    }

    mutating func keepModes(of other: VirtualScreen) { modes = other.modes }

    var isAlternate: Bool { modes[1049] == true }
    var showsCursor: Bool { modes[25] != false }
    var lines: [String] { cells.map { $0.map(\.text).joined() } }
    var text: String { lines.joined(separator: "\n") }
    func line(_ y: Int) -> String { cells.indices.contains(y) ? cells[y].map(\.text).joined() : "" }
    func contains(_ text: String) -> Bool { lines.contains { $0.contains(text) } }
    /// The line that holds a text.
    func row(of text: String) -> Int? { lines.firstIndex { $0.contains(text) } }

    mutating func take(_ bytes: some Collection<UInt8>, at time: Double) {
        pending += bytes
        var at = 0
        while at < pending.count, let length = step(pending[at...], time) { at += length }
        pending.removeFirst(at)
    }

    /// Carries out what stands at the front; nil where more bytes are needed.
    private mutating func step(_ bytes: ArraySlice<UInt8>, _ time: Double) -> Int? {
        let start = bytes.startIndex
        let first = bytes[start]
        switch first {
        case 0x1B: return escape(bytes, time)
        case 0x0D:
            cursor.x = 0
            wrapsNext = false
        case 0x0A:
            cursor.y = min(cursor.y + 1, height - 1)
            wrapsNext = false
        case 0x08:
            cursor.x = max(0, cursor.x - 1)
            wrapsNext = false
        case 0x09:
            cursor.x = min(width - 1, (cursor.x / 8 + 1) * 8)
        case 0x00..<0x20, 0x7F: foreign.append("control \(first)")
        case 0x80...:
            let length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
            guard first >= 0xC2 else {
                foreign.append("byte \(first)")
                return 1
            }
            guard bytes.count >= length else { return nil }
            guard let scalar = String(validating: bytes.prefix(length), as: UTF8.self)?.unicodeScalars.first else {
                foreign.append("byte \(first)")
                return 1
            }
            put(scalar)
            return length
        default: put(Unicode.Scalar(first))
        }
        if !isAlternate, first == 0x0A { plain += "\n" }
        return 1
    }

    private mutating func put(_ scalar: Unicode.Scalar) {
        if !isAlternate { plain.unicodeScalars.append(scalar) }
        if (0x80..<0xA0).contains(scalar.value) || Self.isSteering(scalar.value) { foreign.append("U+\(String(scalar.value, radix: 16))") }
        let columns = Self.columns(scalar.value)
        guard columns > 0 else {
            let x = wrapsNext ? cursor.x : max(0, cursor.x - 1)
            cells[cursor.y][x].text.unicodeScalars.append(scalar)
            return
        }
        lastText = String(scalar)
        write(lastText, columns: columns)
    }

    private mutating func write(_ text: String, columns: Int) {
        if wrapsNext {
            cursor = (0, min(cursor.y + 1, height - 1))
            wrapsNext = false
        }
        styles.insert(style)
        cells[cursor.y][cursor.x] = Cell(text: text, style: style)
        if columns == 2, cursor.x + 1 < width { cells[cursor.y][cursor.x + 1] = Cell(text: "", style: style) }
        if cursor.x + columns >= width { wrapsNext = true } else { cursor.x += columns }
    }

    private mutating func escape(_ bytes: ArraySlice<UInt8>, _ time: Double) -> Int? {
        guard bytes.count > 1 else { return nil }
        let start = bytes.startIndex
        switch bytes[start + 1] {
        case 0x5B:
            guard let end = bytes[(start + 2)...].firstIndex(where: { (0x40..<0x7F).contains($0) }) else { return nil }
            control(String(decoding: bytes[(start + 2)..<end], as: UTF8.self), Character(Unicode.Scalar(bytes[end])), time)
            return end + 1 - start
        case 0x5D:
            guard let end = bytes.firstIndex(of: 0x07) else { return nil }
            let body = String(decoding: bytes[(start + 2)..<end], as: UTF8.self)
            if !body.hasPrefix("52;c;") { foreign.append("OSC \(body.prefix(40))") }
            return end + 1 - start
        case 0x28, 0x29: return bytes.count < 3 ? nil : 3
        case 0x3D, 0x3E: return 2
        default:
            foreign.append("ESC \(bytes[start + 1])")
            return 2
        }
    }

    private mutating func control(_ text: String, _ final: Character, _ time: Double) {
        if text.hasPrefix("?"), final == "h" || final == "l" {
            for part in text.dropFirst().split(separator: ";") { set(Int(part) ?? -1, final == "h", time) }
            return
        }
        let numbers = text.split(separator: ";", omittingEmptySubsequences: false).map { Int($0) }
        guard numbers.allSatisfy({ $0 != nil }) || text.isEmpty else {
            foreign.append("CSI \(text)\(final)")
            return
        }
        let first = numbers.first.flatMap { $0 }, second = numbers.count > 1 ? numbers[1] : nil
        let count = max(1, first ?? 1)
        if final != "m" { wrapsNext = false }
        switch final {
        case "H": cursor = (clamp((second ?? 1) - 1, width), clamp((first ?? 1) - 1, height))
        case "A": cursor.y = max(0, cursor.y - count)
        case "B": cursor.y = min(height - 1, cursor.y + count)
        case "C": cursor.x = min(width - 1, cursor.x + count)
        case "D": cursor.x = max(0, cursor.x - count)
        case "G": cursor.x = clamp(count - 1, width)
        case "d": cursor.y = clamp(count - 1, height)
        case "X": for x in cursor.x..<min(width, cursor.x + count) { cells[cursor.y][x] = blank }
        case "b": for _ in 0..<count { write(lastText, columns: Self.columns(lastText.unicodeScalars.first?.value ?? 32)) }
        case "@": cells[cursor.y] = Array((cells[cursor.y][..<cursor.x] + Array(repeating: blank, count: count) + cells[cursor.y][cursor.x...]).prefix(width))
        case "P": cells[cursor.y] = cells[cursor.y][..<cursor.x] + cells[cursor.y][min(width, cursor.x + count)...] + Array(repeating: blank, count: min(count, width - cursor.x))
        case "K": eraseLine(first ?? 0)
        case "J": erase(first ?? 0)
        case "m": paint(numbers.map { $0 ?? 0 })
        case "t" where [22, 23].contains(first ?? 0): break
        case "r" where text.isEmpty || (first == 1 && second == height): break
        case "l" where first == 4: break
        default: foreign.append("CSI \(text)\(final)")
        }
    }

    private var blank: Cell { Cell(text: " ", style: Style(background: style.background)) }
    private func clamp(_ value: Int, _ limit: Int) -> Int { max(0, min(value, limit - 1)) }

    private mutating func set(_ mode: Int, _ on: Bool, _ time: Double) {
        switch mode {
        case 2026: if on { frameStarts.append(time) }
        case 1049, 25, 12, 2004, 1002, 1006, 7, 1: break
        default: foreign.append("mode \(mode)")
        }
        modes[mode] = on
    }

    private mutating func eraseLine(_ how: Int) {
        let range = how == 0 ? cursor.x..<width : how == 1 ? 0..<cursor.x + 1 : 0..<width
        for x in range { cells[cursor.y][x] = blank }
    }

    private mutating func erase(_ how: Int) {
        if how >= 2 || (how == 0 && cursor == (0, 0)) { clears.append(frameStarts.count) }
        guard how < 3 else { return }
        if how == 2 {
            for y in 0..<height { cells[y] = Array(repeating: blank, count: width) }
        } else {
            eraseLine(how)
            for y in how == 0 ? cursor.y + 1..<height : 0..<cursor.y { cells[y] = Array(repeating: blank, count: width) }
        }
    }

    private mutating func paint(_ numbers: [Int]) {
        var at = 0
        if numbers.isEmpty { style = Style() }
        while at < numbers.count {
            let number = numbers[at]
            at += 1
            switch number {
            case 30...49, 90...107: 
                colours.insert(number)
                at -= 1
                colour(numbers, &at)
            case 0: style = Style()
            case 1, 2, 4, 7: style.flags.insert(number)
            case 22: style.flags.subtract([1, 2])
            case 24, 27: style.flags.remove(number - 20)
            default: foreign.append("SGR \(number)")
            }
        }
    }

    private mutating func colour(_ numbers: [Int], _ at: inout Int) {
        let number = numbers[at]
        at += 1
        switch number {
        case 38, 48:
            let length = at < numbers.count && numbers[at] == 5 ? 2 : 4
            let colour = Array(numbers[at..<min(at + length, numbers.count)])
            if number == 38 { style.foreground = colour } else { style.background = colour }
            at += length
        case 39: style.foreground = []
        case 49: style.background = []
        case 30...37, 90...97: style.foreground = [number]
        default: style.background = [number]
        }
    }

    /// What turns the direction of text or hides in it: never drawn.
    private static func isSteering(_ value: UInt32) -> Bool {
        (0x200B...0x200F).contains(value) || (0x2028...0x202E).contains(value) || (0x2060...0x206F).contains(value) || value == 0xFEFF
            || (0xE0000...0xE0FFF).contains(value)
    }

    /// Coarser than the program's own table, and enough for what the tests write.
    private static func columns(_ value: UInt32) -> Int {
        switch value {
        case 0x300...0x36F, 0x483...0x489, 0x591...0x5BD, 0x20D0...0x20F0, 0xFE00...0xFE0F: 0
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF01...0xFF60,
            0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FC, 0x1F900...0x1F9FF, 0x20000...0x3FFFD: 2
        default: 1
        }
    }
}
