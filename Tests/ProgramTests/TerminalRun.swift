import Foundation
import Testing

/// The built program in a pseudo-terminal of its own, driven as a person would: bytes go in, a screen comes out.
///
/// Its folders are in a scratch folder that goes with it. Everything waits at most for a wall-clock deadline, after which the
/// program is killed and the test fails.
final class TerminalRun {
    enum Ending: Equatable { case exited(Int32), signalled(Int32) }
    enum ModelFile { case real, missing, damaged }
    struct Late: Error, CustomStringConvertible {
        let description: String
    }

    private(set) var screen: VirtualScreen
    /// Everything the program has written.
    private(set) var bytes: [UInt8] = []
    let scratch: Scratch
    private(set) var process: pid_t = 0
    private(set) var ending: Ending?
    private var master: Int32 = -1
    /// Held open, so that the terminal's settings can be read after the program's end.
    private var slave: Int32 = -1
    private let deadline: Double
    private(set) var before = termios()

    var prompts: String { scratch.path("data/terrarium/prompts") }

    /// - Parameter script: run by a shell with the program's path as `$0`, instead of the program by itself.
    init(
        _ arguments: String..., width: Int = 80, height: Int = 24, model: ModelFile = .real, environment: [String: String] = [:],
        files: [String: String] = [:], script: String? = nil, seconds: Double = 30, scratch: Scratch? = nil
    ) throws {
        screen = VirtualScreen(width: width, height: height)
        self.scratch = try scratch ?? Scratch()
        deadline = Self.now() + seconds
        try openTerminal(width, height)
        try prepare(model, files)
        let binary = try #require(CommandLineRun.binary, "build the product terrarium or set TERRARIUM_BINARY")
        // The shell only changes the folder, so that the repository's own prompts are not listed, and becomes the program.
        try start(["/bin/sh", "-c", "cd \"$HOME\" && " + (script ?? "exec \"$0\" \"$@\""), binary] + arguments, environment)
    }

    deinit {
        if process > 0, ending == nil {
            kill(-process, SIGKILL)
            kill(process, SIGKILL)
            var status: Int32 = 0
            waitpid(process, &status, 0)
        }
        closeMaster()
        close(slave)
    }

    static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    // MARK: Start

    private func openTerminal(_ width: Int, _ height: Int) throws {
        // The numbers of TIOCSPTLCK and TIOCGPTN, which Swift does not import.
        let unlock: UInt = 0x4004_5431, number: UInt = 0x8004_5430
        master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var zero: Int32 = 0, index: Int32 = 0
        try #require(master >= 0 && ioctl(master, unlock, &zero) == 0 && ioctl(master, number, &index) == 0)
        path = "/dev/pts/\(index)"
        slave = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC)
        try #require(slave >= 0)
        setSize(width, height)
        tcgetattr(slave, &before)
    }
    private var path = ""

    private func setSize(_ width: Int, _ height: Int) {
        var size = winsize(ws_row: UInt16(height), ws_col: UInt16(width), ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(master, UInt(TIOCSWINSZ), &size)
    }

    private func prepare(_ model: ModelFile, _ files: [String: String]) throws {
        let name = "SmolLM2-135M-Instruct.Q4_1.gguf"
        for folder in ["cache/terrarium/models", "data/terrarium/prompts", "config"] {
            try FileManager.default.createDirectory(atPath: scratch.path(folder), withIntermediateDirectories: true)
        }
        let place = scratch.path("cache/terrarium/models/\(name)")
        if !FileManager.default.fileExists(atPath: place) {
            switch model {
            case .missing: break
            case .real: try FileManager.default.createSymbolicLink(atPath: place, withDestinationPath: try #require(CommandLineRun.model))
            case .damaged: try scratch.write("cache/terrarium/models/\(name)", Array("GGUF".utf8) + [3, 0, 0, 0] + [UInt8](repeating: 0xFF, count: 64))
            }
        }
        for (name, text) in files { try scratch.write("data/terrarium/prompts/\(name)", text) }
    }

    private func start(_ arguments: [String], _ own: [String: String]) throws {
        var environment = ProcessInfo.processInfo.environment
        for name in ["NO_COLOR", "COLORTERM", "TERRARIUM_MODEL", "LC_ALL", "LC_CTYPE", "XDG_DATA_DIRS"] { environment[name] = nil }
        environment.merge([
            "TERM": "xterm-256color", "LANG": "C.UTF-8", "HOME": scratch.path, "XDG_CONFIG_HOME": scratch.path("config"),
            "XDG_DATA_HOME": scratch.path("data"), "XDG_CACHE_HOME": scratch.path("cache"),
        ]) { $1 }
        environment.merge(own) { $1 }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // The first terminal that the leader of a session opens becomes its controlling one.
        posix_spawn_file_actions_addopen(&actions, 0, path, O_RDWR, 0)
        posix_spawn_file_actions_adddup2(&actions, 0, 1)
        posix_spawn_file_actions_adddup2(&actions, 0, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t(), all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        let newSession: Int32 = 0x80
        posix_spawnattr_setflags(&attributes, Int16(newSession | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { (words + variables).forEach { free($0) } }
        let code = posix_spawn(&process, arguments[0], &actions, &attributes, &words, &variables)
        try #require(code == 0, "posix_spawn says \(String(cString: strerror(code)))")
    }

    // MARK: Reading

    /// Takes what the program writes until the condition holds.
    /// Throws: `Late` with the screen, after `seconds` or when the program has ended before.
    func wait(
        _ what: String, within seconds: Double = 10, _ condition: (VirtualScreen) -> Bool, location: SourceLocation = #_sourceLocation
    ) throws {
        let end = min(deadline, Self.now() + seconds)
        while !condition(screen) {
            let left = end - Self.now()
            guard left > 0, pump(left) else {
                let late = Late(description: "\(what) did not come\(left > 0 ? ": the program has gone" : "").\n\(screen.text)\n\(screen.plain)")
                Issue.record(late, sourceLocation: location)
                throw late
            }
        }
    }

    func wait(for text: String, within seconds: Double = 10, location: SourceLocation = #_sourceLocation) throws {
        try wait("\"\(text)\"", within: seconds, { $0.contains(text) }, location: location)
    }

    /// Takes what the program writes until it has been silent for a while.
    func settle(_ quiet: Double = 0.25, within seconds: Double = 10) {
        let end = min(deadline, Self.now() + seconds)
        var last = Self.now()
        while Self.now() < end, Self.now() - last < quiet {
            let count = bytes.count
            guard pump(quiet - (Self.now() - last)) else { return }
            if bytes.count > count { last = Self.now() }
        }
    }

    /// Takes what the program writes for so long.
    func watch(_ seconds: Double) {
        let end = min(deadline, Self.now() + seconds)
        while Self.now() < end, pump(end - Self.now()) {}
    }

    /// One wait and one read; false once the terminal has no program left.
    private func pump(_ seconds: Double) -> Bool {
        guard master >= 0 else { return false }
        var polled = pollfd(fd: master, events: Int16(POLLIN), revents: 0)
        guard poll(&polled, 1, Int32(max(1, min(seconds, 0.05) * 1000))) > 0 else { return !reap() }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = read(master, &buffer, buffer.count)
        guard count > 0 else { return count < 0 && errno == EINTR }
        bytes += buffer[..<count]
        screen.take(buffer[..<count], at: Self.now())
        return true
    }

    // MARK: Doing

    func send(_ text: String) { send(Array(text.utf8)) }

    /// Writes to the program while taking what it writes, so that neither waits for the other.
    func send(_ input: [UInt8]) {
        var rest = input[...]
        _ = fcntl(master, F_SETFL, O_NONBLOCK)
        while !rest.isEmpty, Self.now() < deadline {
            let count = rest.withUnsafeBytes { write(master, $0.baseAddress, min($0.count, 4096)) }
            if count > 0 { rest = rest.dropFirst(count) } else { _ = pump(0.005) }
        }
        _ = fcntl(master, F_SETFL, 0)
    }

    func resize(_ width: Int, _ height: Int) {
        screen.resize(width: width, height: height)
        // The kernel tells the foreground processes by SIGWINCH.
        setSize(width, height)
    }

    /// A terminal that has lost what it showed.
    func replaceScreen() {
        var fresh = VirtualScreen(width: screen.width, height: screen.height)
        fresh.keepModes(of: screen)
        screen = fresh
    }

    /// What a shell does to a terminal that a stopped program left.
    func restoreSettings() { tcsetattr(slave, TCSANOW, &before) }

    func signal(_ number: Int32) { kill(process, number) }

    func closeMaster() {
        if master >= 0 { close(master) }
        master = -1
    }

    var settings: termios {
        var now = termios()
        tcgetattr(slave, &now)
        return now
    }
    /// Whether the terminal's settings are what they were before the start.
    var isRestored: Bool { Self.words(settings) == Self.words(before) }
    /// The settings as bytes, to be compared.
    var settingBytes: [UInt8] { Self.words(settings) }
    private static func words(_ settings: termios) -> [UInt8] { withUnsafeBytes(of: settings) { Array($0) } }

    @discardableResult private func reap() -> Bool {
        guard ending == nil else { return true }
        var status: Int32 = 0
        guard waitpid(process, &status, WNOHANG) == process else { return false }
        ending = status & 0x7F == 0 ? .exited(status >> 8 & 0xFF) : .signalled(status & 0x7F)
        return true
    }

    /// Waits for the program's end and takes the last of what it writes.
    func finish(within seconds: Double = 5, location: SourceLocation = #_sourceLocation) -> Ending? {
        let end = min(deadline, Self.now() + seconds)
        while !reap(), Self.now() < end { if !pump(0.02) { usleep(2000) } }
        while master >= 0 {
            let count = bytes.count
            guard pump(0.02), bytes.count > count else { break }
        }
        if ending == nil {
            Issue.record("the program did not end within \(seconds) s\n\(screen.text)", sourceLocation: location)
            kill(process, SIGKILL)
            var status: Int32 = 0
            waitpid(process, &status, 0)
            ending = .signalled(SIGKILL)
        }
        return ending
    }
}
