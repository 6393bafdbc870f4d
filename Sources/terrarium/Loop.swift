import CCurses
import Glibc
import Synchronization
import Terminal

/// Rings the main thread's poll; any thread may.
final class Wake: Sendable {
    private let readEnd: Int32
    private let writeEnd: Int32
    private let rung = Atomic<Bool>(false)

    /// Throws: `TerminalError.system`.
    init() throws {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw TerminalError.system(errno: errno) }
        for end in ends {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        (readEnd, writeEnd) = (ends[0], ends[1])
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }

    fileprivate var descriptor: Int32 { readEnd }

    /// One byte however often it is rung before the loop looks.
    func ring() {
        guard !rung.exchange(true, ordering: .acquiringAndReleasing) else { return }
        var byte: UInt8 = 1
        _ = write(writeEnd, &byte, 1)
    }

    fileprivate func answer() {
        var bytes = (0, 0)
        _ = read(readEnd, &bytes, MemoryLayout.size(ofValue: bytes))
        rung.store(false, ordering: .sequentiallyConsistent)
    }
}

/// The one loop of the main thread: waits for keys, signals and other threads, hands events on, draws.
///
/// Nothing to do means no write, and no timer but the one `nextTick` asks for. Frames come at most every 33 ms, but at once after a key.
struct Loop {
    enum Ending: Equatable {
        case done
        /// SIGTERM, SIGINT or SIGQUIT.
        case terminated(signal: Int32)
        /// The terminal is gone.
        case hangup
    }

    var handle: (Event) -> Void
    /// `wake` was rung: take what other threads have posted.
    var posted: () -> Void
    var frame: (_ width: Int, _ height: Int) -> Frame
    var isDone: () -> Bool
    /// When `tick` is wanted next, by `now`; nil for never.
    var nextTick: () -> Int? = { nil }
    /// Does what is due and moves `nextTick` on; true where something may look different.
    var tick: () -> Bool = { false }

    static let frameMilliseconds = 33
    static let escapeMilliseconds = 25

    /// Unit: milliseconds of a clock that never goes back.
    static func now() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
    }

    func run(screen: CursesScreen, wake: Wake) -> Ending {
        var running = Running(loop: self, screen: screen, wake: wake)
        return running.run()
    }
}

private struct Running {
    let loop: Loop
    let screen: CursesScreen
    let wake: Wake
    var decoder = KeyDecoder()
    var dirty = true
    var urgent = true
    var lastFrame = 0
    var lastByte = 0
    var ending: Loop.Ending?
    var buffer = [UInt8](repeating: 0, count: 1 << 16)

    init(loop: Loop, screen: CursesScreen, wake: Wake) {
        self.loop = loop
        self.screen = screen
        self.wake = wake
    }

    mutating func run() -> Loop.Ending {
        while true {
            if let ending { return ending }
            if loop.isDone() { return .done }
            draw()
            wait()
        }
    }

    private mutating func draw() {
        guard dirty else { return }
        let now = Loop.now()
        guard urgent || now - lastFrame >= Loop.frameMilliseconds else { return }
        screen.show(loop.frame(screen.size.width, screen.size.height))
        dirty = false
        urgent = false
        lastFrame = now
    }

    private func timeout() -> Int32 {
        let now = Loop.now()
        var least = loop.nextTick().map { $0 - now }
        if dirty { least = min(least ?? .max, lastFrame + Loop.frameMilliseconds - now) }
        if decoder.needsFlush { least = min(least ?? .max, lastByte + Loop.escapeMilliseconds - now) }
        return least.map { Int32(clamping: max(0, $0)) } ?? -1
    }

    private mutating func wait() {
        var polled = [
            pollfd(fd: tc_fd(), events: Int16(POLLIN), revents: 0),
            pollfd(fd: tc_signal_fd(), events: Int16(POLLIN), revents: 0),
            pollfd(fd: wake.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        let count = poll(&polled, UInt(polled.count), timeout())
        if count < 0, errno != EINTR, errno != EAGAIN { return end(.hangup, .hangup) }
        if count > 0 {
            if polled[1].revents != 0 { takeSignals() }
            if polled[2].revents != 0 {
                wake.answer()
                loop.posted()
                dirty = true
            }
            if polled[0].revents != 0 { takeBytes() }
        }
        let now = Loop.now()
        if decoder.needsFlush, now - lastByte >= Loop.escapeMilliseconds { take(decoder.flush()) }
        if let due = loop.nextTick(), now >= due, loop.tick() { dirty = true }
    }

    private mutating func takeBytes() {
        let count = read(tc_fd(), &buffer, buffer.count)
        if count < 0, errno == EINTR || errno == EAGAIN { return }
        guard count > 0 else { return end(.hangup, .hangup) }
        lastByte = Loop.now()
        take(decoder.feed(buffer[..<count]))
    }

    private mutating func take(_ events: [Event]) {
        for event in events {
            switch event {
            case .key(.ctrl("z")): suspend()
            case .key(.ctrl("l")):
                screen.invalidate()
                loop.handle(event)
            default: loop.handle(event)
            }
            dirty = true
            urgent = true
            if ending != nil || loop.isDone() { return }
        }
    }

    private mutating func suspend() {
        loop.handle(.suspend)
        screen.suspend()
        loop.handle(.resume)
        reportSize()
    }

    private func reportSize() {
        loop.handle(.resize(width: screen.size.width, height: screen.size.height))
    }

    private mutating func takeSignals() {
        var numbers = [UInt8](repeating: 0, count: 64)
        while true {
            let count = read(tc_signal_fd(), &numbers, numbers.count)
            guard count > 0 else { return }
            for number in numbers[..<count] { takeSignal(Int32(number)) }
        }
    }

    private mutating func takeSignal(_ number: Int32) {
        switch number {
        case SIGWINCH:
            if screen.resize() { reportSize() }
        case SIGTSTP: suspend()
        case SIGCONT:
            guard screen.continued() else { return }
            loop.handle(.resume)
            reportSize()
        case SIGHUP: end(.hangup, .hangup)
        default: end(.terminate, .terminated(signal: number))
        }
        dirty = true
        urgent = true
    }

    private mutating func end(_ event: Event, _ how: Loop.Ending) {
        guard ending == nil else { return }
        loop.handle(event)
        ending = how
    }
}
