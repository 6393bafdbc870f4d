import Glibc
import Synchronization

/// Standard output or a file as bytes, buffered until `flush`.
struct Output: ~Copyable {
    let isTerminal: Bool
    private let descriptor: Int32
    private let name: String
    private var buffer: [UInt8] = []

    init() { self.init(STDOUT_FILENO, "Standard output") }

    /// What the file held before is gone.
    init(path: String) throws(Failure) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw .unwritable(path: path, errno: errno) }
        self.init(descriptor, path)
    }

    private init(_ descriptor: Int32, _ name: String) {
        (self.descriptor, self.name, isTerminal) = (descriptor, name, isatty(descriptor) == 1)
        // A reader that has gone shows as EPIPE then, which ends the program quietly.
        signal(SIGPIPE, SIG_IGN)
    }

    deinit { if descriptor != STDOUT_FILENO { close(descriptor) } }

    mutating func write(_ bytes: some Sequence<UInt8>) throws(Failure) {
        buffer.append(contentsOf: bytes)
        if buffer.count >= 1 << 16 { try flush() }
    }

    mutating func line(_ text: String) throws(Failure) {
        try write(text.utf8)
        try write([0x0A])
    }

    mutating func flush() throws(Failure) {
        var done = 0
        defer { buffer.removeAll(keepingCapacity: true) }
        while done < buffer.count {
            let count = buffer[done...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                done += count
            } else if errno == EPIPE {
                throw .closed
            } else if errno != EINTR {
                throw .unwritable(path: name, errno: errno)
            } else if Interrupt.raised {
                throw .interrupted
            }
        }
    }
}

// A signal handler takes no context with it, so this stands alone.
private let interruptFlag = Atomic<Bool>(false)

/// Ctrl-C as a question that a loop asks; a second one ends the program at once.
enum Interrupt {
    static var raised: Bool { interruptFlag.load(ordering: .relaxed) }

    static func watch() {
        // Made before a handler could be the first to ask for it.
        interruptFlag.store(false, ordering: .relaxed)
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in interruptFlag.store(true, ordering: .relaxed) }
        action.sa_flags = Int32(truncatingIfNeeded: SA_RESETHAND)
        sigaction(SIGINT, &action, nil)
    }
}
