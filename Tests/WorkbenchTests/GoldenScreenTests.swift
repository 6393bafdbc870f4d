import Engine
import Foundation
import Terminal
import Testing
import Workbench

/// The state and a worker with a model, the real one unless told, driven from the test's own thread.
final class Player {
    private(set) var state: State
    private let inbox = Mailbox()
    private let worker: Worker
    static let model: String? = {
        let environment = ProcessInfo.processInfo.environment
        let cache = environment["XDG_CACHE_HOME"] ?? (environment["HOME"] ?? "") + "/.cache"
        let path = environment["TERRARIUM_MODEL"] ?? "\(cache)/terrarium/models/\(Locations.defaultModelName)"
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }()
    static var hasModel: Bool { model != nil }

    init(width: Int, height: Int, model: String? = Player.model) {
        state = State(width: width, height: height, seed: 7)
        let inbox = inbox
        worker = Worker(threads: 2) { inbox.put($0) }
        worker.load(model ?? "")
        wait { state.readyModel != nil }
    }

    func stop() { worker.quit() }

    /// Puts a panel in the upper place and gives it the keys.
    func show(_ panel: State.Panel) {
        state.slots[0] = panel
        if state.slots[1] == panel { state.slots[1] = .candidates }
        state.focus = .slot(0)
        take(.event(.resize(width: state.size.width, height: state.size.height)))
        settle()
    }

    func take(_ message: Message) {
        for effect in state.update(message) {
            switch effect {
            case .wish(let wish): worker.want(wish)
            case .generate(let order): worker.generate(order)
            case .stopGeneration: worker.stop()
            default: break
            }
        }
    }

    /// Presses keys, each after everything that the one before asked for has come.
    func press(_ keys: Key...) {
        for key in keys {
            take(.event(.key(key)))
            settle()
        }
    }

    func settle() { wait { !state.isStreaming && (state.reading.isSettled || state.reading.ids.isEmpty) } }

    private func wait(until done: () -> Bool) {
        let deadline = Date().addingTimeInterval(60)
        while !done(), Date() < deadline {
            guard let report = inbox.next(until: deadline) else { return }
            take(.report(report))
        }
    }
}

/// Reports of the worker for the test's thread.
private final class Mailbox: @unchecked Sendable {
    private let condition = NSCondition()
    private var reports: [Report] = []
    func put(_ report: Report) {
        condition.lock()
        reports.append(report)
        condition.signal()
        condition.unlock()
    }
    func next(until deadline: Date) -> Report? {
        condition.lock()
        defer { condition.unlock() }
        while reports.isEmpty { if !condition.wait(until: deadline) { return nil } }
        return reports.removeFirst()
    }
}

@Suite("Golden screens on the real model", .serialized,
       .enabled(if: Player.hasModel, "the default model is not there; `make model` fetches it"))
struct GoldenScreenTests {
    /// Characters, then styles; without the top line, which tells the speed.
    private func picture(_ frame: Frame) -> String {
        [frame.dump(), frame.styles()].map { $0.split(separator: "\n", omittingEmptySubsequences: false).dropFirst().joined(separator: "\n") }
            .joined(separator: "\n\n")
    }

    /// The characters and the attributes a terminal without colours is given.
    private func mono(_ frame: Frame) -> String {
        var text = "", marks = ""
        for y in 1..<frame.height {
            for x in 0..<frame.width {
                guard let cell = frame[x, y], !cell.isContinuation else { continue }
                let drawn = Theme.dark.draw(cell, depth: .mono)
                text.unicodeScalars.append(Unicode.Scalar(drawn.scalar) ?? "?")
                marks += drawn.paint.reverse ? "~" : drawn.paint.bold && drawn.paint.underline ? "B" : drawn.paint.bold ? "b" : drawn.paint.underline ? "_" : " "
            }
            text += "\n"
            marks += "\n"
        }
        return text + marks
    }

    /// Compares with the kept screen, or keeps it when TERRARIUM_RECORD is set.
    private func expect(_ screen: String, is name: String) throws {
        let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures/\(name).txt")
        let screen = screen.split(separator: "\n", omittingEmptySubsequences: false)
            .map { String($0.reversed().drop { $0 == " " }.reversed()) }.joined(separator: "\n")
        if ProcessInfo.processInfo.environment["TERRARIUM_RECORD"] != nil {
            try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(screen.utf8).write(to: url)
            return
        }
        let kept = try String(decoding: Data(contentsOf: url), as: UTF8.self)
        let same = kept == screen
        #expect(same, "the screen is no longer \(name); TERRARIUM_RECORD=1 keeps the new one. It is now:\n\(screen)")
    }

    /// The desk after a few-shot prompt was continued greedily.
    private func desk(_ width: Int, _ height: Int) -> Player {
        let player = Player(width: width, height: height)
        let prompt = "---\ntemperature: 0\nmax_tokens: 8\nstop: [\"\\n\"]\n---\nEnglish: cheese\nFrench: fromage\n\nEnglish: bread\nFrench:\n"
        player.take(.opened(path: "bread.md", bytes: Array(prompt.utf8)))
        player.settle()
        player.press(.ctrl("g"))
        return player
    }

    @Test("the desk is drawn as kept", arguments: [(80, 24), (120, 30), (200, 60)])
    func desks(_ size: (Int, Int)) throws {
        let player = desk(size.0, size.1)
        defer { player.stop() }
        let frame = View.frame(player.state)
        try expect(picture(frame), is: "desk-\(size.0)x\(size.1)")
    }

    @Test("without colours the desk is drawn as kept") func monoDesk() throws {
        let player = desk(120, 30)
        defer { player.stop() }
        player.press(.tab)
        try expect(mono(View.frame(player.state)), is: "desk-mono-120x30")
    }

    @Test("the sampler and the map are drawn as kept") func panels() throws {
        let player = desk(120, 36)
        defer { player.stop() }
        player.press(.tab, .char("]"), .down, .down, .down, .down)
        let sampler = View.frame(player.state)
        try expect(picture(sampler), is: "sampler-120x36")
        player.press(.tab, .char("v"), .char("z"))
        let map = View.frame(player.state)
        try expect(picture(map), is: "map-120x36")
    }

    /// Keys that bring a view of the microscope onto a desk of 120 x 36 whose left panel has the keys.
    static let glasses: [(name: String, panel: State.Panel, keys: [Key])] = [
        ("lens", .lens, [.up, .up]), ("lens-list", .lens, [.char("s"), .up, .enter]), ("attribution", .attribution, [.down, .down]),
        ("tokens", .tokens, [.char("s"), .home]), ("edits", .edits, [.char("a"), .enter]),
        ("ranked", .attention, [.char("v"), .char("v"), .char("v"), .char("m"), .char("m"), .char("m"), .char("m")]),
        ("text", .attention, [.char("v"), .char("v"), .char("n"), .char("w")]),
    ]

    @Test("each view of the microscope is drawn as kept, in colour and without", arguments: 0..<7) func microscope(_ index: Int) throws {
        let (name, panel, keys) = Self.glasses[index], player = desk(120, 36)
        defer { player.stop() }
        player.show(panel)
        for key in keys { player.press(key) }
        let frame = View.frame(player.state)
        try expect(picture(frame), is: "\(name)-120x36")
        try expect(mono(frame), is: "\(name)-mono-120x36")
    }

    @Test("what the panels say is what the headless twins say") func twins() throws {
        let player = desk(120, 30)
        defer { player.stop() }
        player.press(.left)
        let state = player.state
        let model = try #require(state.readyModel)
        let session = try Session(model, threads: 1)
        _ = try session.sync(to: state.reading.ids)
        #expect(state.reading.steps == (try session.steps(0..<state.reading.ids.count)))
        let here = try #require(state.reading.here)
        #expect(here.distribution.logits == (try session.logits(after: here.position - 1)))
        let heads = try #require(state.reading.heads)
        #expect(heads.rows == (try session.attention(query: heads.query)))
    }
}
