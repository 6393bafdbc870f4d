import CCurses
import Glibc
import Terminal

/// Why the terminal could not be taken over.
enum TerminalError: Error, Equatable {
    case noTerminal
    case unknownEntry(term: String)
    case cannotPlaceCursor(term: String)
    case system(errno: Int32)
}

extension TerminalError: CustomStringConvertible {
    var description: String {
        switch self {
        case .noTerminal:
            return "There is no terminal to draw on; `terrarium generate` works without one."
        case .unknownEntry(let term):
            return "The terminfo database knows neither TERM=\(term) nor a plain terminal; install ncurses-base."
        case .cannotPlaceCursor(let term):
            return "A terminal with TERM=\(term) cannot place its cursor; `terrarium generate` works on it."
        case .system(let number):
            return "The terminal could not be opened: \(String(cString: strerror(number)))."
        }
    }
}

/// The terminal as a `Screen`: copies what differs from the last frame to curses.
final class CursesScreen: Screen {
    var theme: Theme { didSet { invalidate() } }
    let depth: Depth
    /// Whether the terminal takes colours from 8 on by their parts.
    private let hasExact: Bool
    let repertoire: Repertoire
    private(set) var size: (width: Int, height: Int)
    private var last: Frame?

    /// Takes the terminal over. Throws: `TerminalError`.
    ///
    /// `color` is the word of `--color`.
    init(theme: Theme = .dark, color: String = "auto", mouse: Bool = true) throws {
        var environment: [String: String] = [:]
        for name in ["NO_COLOR", "COLORTERM", "TERM"] { environment[name] = CursesScreen.environment(name) }
        let isExact = Depth.wantsExact(environment: environment, option: color)
        let result = tc_start(nil, Int32((mouse ? TC_MOUSE : 0) | (isExact ? TC_RGB : 0)))
        let term = environment["TERM"] ?? ""
        switch Int(result) {
        case TC_OK: break
        case TC_NO_TTY: throw TerminalError.noTerminal
        case TC_NO_ENTRY: throw TerminalError.unknownEntry(term: term)
        case TC_DUMB: throw TerminalError.cannotPlaceCursor(term: term)
        default: throw TerminalError.system(errno: errno)
        }
        self.theme = theme
        let detected = Depth.detect(colors: Int(tc_colors()), environment: environment, option: color)
        hasExact = tc_colors() > 256
        depth = detected == .rgb && !hasExact ? .c256 : detected
        let isConsole = String(cString: tc_term()).hasPrefix("linux")
        repertoire = tc_utf8() == 0 ? .ascii : isConsole ? .console : .unicode
        size = CursesScreen.measured()
    }

    /// Gives the terminal back; harmless when done twice.
    func stop() { tc_stop() }

    private static func environment(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }

    private static func measured() -> (width: Int, height: Int) {
        var width: Int32 = 0
        var height: Int32 = 0
        tc_size(&width, &height)
        return (Int(width), Int(height))
    }

    func show(_ frame: Frame) {
        if let last, last == frame { return }
        let old = last?.width == frame.width && last?.height == frame.height ? last : nil
        if old == nil, frame.width < size.width || frame.height < size.height { blank() }
        for y in 0..<frame.height {
            for index in y * frame.width..<(y + 1) * frame.width {
                let cell = frame.cells[index]
                if cell.isContinuation { continue }
                if let old, old.cells[index] == cell { continue }
                put(theme.draw(cell, depth: depth, repertoire: repertoire), x: index - y * frame.width, y: y)
            }
        }
        tc_flush(Int32(clamping: frame.cursor?.x ?? -1), Int32(clamping: frame.cursor?.y ?? -1))
        last = frame
    }

    /// A frame smaller than the window leaves nothing of an older one beside it.
    private func blank() {
        for y in 0..<size.height {
            for x in 0..<size.width { put(.blank, x: x, y: y) }
        }
    }

    private func put(_ drawn: Drawn, x: Int, y: Int) {
        let paint = drawn.paint
        var attributes = 0
        if paint.bold { attributes |= TC_BOLD }
        if paint.underline { attributes |= TC_UNDERLINE }
        if paint.reverse { attributes |= TC_REVERSE }
        if paint.dim { attributes |= TC_DIM }
        let scalars = (drawn.scalar, drawn.mark1, drawn.mark2)
        let count = drawn.mark1 == 0 ? 1 : drawn.mark2 == 0 ? 2 : 3
        withUnsafeBytes(of: scalars) { bytes in
            tc_put(
                Int32(x), Int32(y), bytes.bindMemory(to: UInt32.self).baseAddress, Int32(count), Int32(drawn.width),
                hasExact ? Palette.direct(paint.fg) : paint.fg, hasExact ? Palette.direct(paint.bg) : paint.bg, Int32(attributes))
        }
    }

    func invalidate() {
        last = nil
        tc_clear()
    }

    /// Takes the window's size over; whether it changed.
    func resize() -> Bool {
        let now = CursesScreen.measured()
        guard now != size else { return false }
        size = now
        tc_resize(Int32(now.width), Int32(now.height))
        last = nil
        return true
    }

    func setMouse(_ on: Bool) { tc_mouse(on ? 1 : 0) }

    /// Stops as Ctrl-Z does and returns when continued.
    func suspend() {
        tc_suspend()
        afterStop()
    }

    /// Takes the terminal again after a stop from outside; false where `suspend` did so.
    func continued() -> Bool {
        guard tc_continue() != 0 else { return false }
        afterStop()
        return true
    }

    private func afterStop() {
        _ = resize()
        invalidate()
    }

    /// A longer text is refused by terminals: xterm takes 100,000 bytes of base64.
    static let clipboardLimit = 74_994

    func copy(_ bytes: [UInt8]) {
        guard bytes.count <= CursesScreen.clipboardLimit, repertoire == .unicode else { return }
        let message = Array("\u{1B}]52;c;".utf8) + CursesScreen.base64(bytes) + [0x07]
        _ = message.withUnsafeBytes { tc_write($0.baseAddress, $0.count) }
    }

    /// Source: RFC 4648.
    static func base64(_ bytes: [UInt8]) -> [UInt8] {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var out: [UInt8] = []
        out.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let padded = Array(group) + Array(repeating: 0, count: 3 - group.count)
            let word = UInt32(padded[0]) << 16 | UInt32(padded[1]) << 8 | UInt32(padded[2])
            for place in 0..<4 {
                out.append(place <= group.count ? alphabet[Int(word >> UInt32(18 - 6 * place) & 63)] : 0x3D)
            }
        }
        return out
    }
}
