import Glibc

/// How far it is, on a terminal's line of its own.
final class Progress {
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private var shown = -1.0

    func show(_ text: @autoclosure () -> String) {
        guard isTerminal else { return }
        let now = Clock.seconds
        guard now - shown > 0.1 else { return }
        shown = now
        write("\r\(text())\u{1B}[K")
    }

    func clear() { if isTerminal { write("\r\u{1B}[K") } }

    private func write(_ text: String) {
        var text = text
        _ = text.withUTF8 { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
