import Engine
import Foundation
import Remote
import Terminal
import Testing
import Workbench

@Suite("The playground on a server", .serialized)
struct PlaygroundServerTests {
    /// A playground whose effects are carried out, and its reports taken, by one thread.
    private final class Desk {
        var state = State(width: 130, height: 32, seed: 5)
        private let box = Box()
        private let worker: RemoteWorker
        private(set) var effects: [Effect] = []
        /// Lives as long as it is asked.
        var server: WordServer?

        final class Box: @unchecked Sendable {
            private let lock = NSLock()
            private var reports: [Report] = []
            func put(_ report: Report) { lock.withLock { reports.append(report) } }
            func take() -> [Report] { lock.withLock { defer { reports = [] }; return reports } }
        }

        init(_ text: String = "") {
            let box = box
            worker = RemoteWorker { box.put($0) }
            if !text.isEmpty { send(.event(.paste(Array(text.utf8)))) }
        }

        func send(_ message: Message) { state.update(message).forEach(perform) }
        func press(_ keys: Key...) { for key in keys { send(.event(.key(key))) } }

        private func perform(_ effect: Effect) {
            effects.append(effect)
            switch effect {
            case .ask(let order): worker.generate(order)
            case .connect(let connection, let beside): worker.connect(connection, beside: beside)
            case .stopGeneration: worker.stop()
            case .sweep(var order):
                order.folder = FileManager.default.temporaryDirectory.appendingPathComponent("terrarium-\(UUID().uuidString)").path
                if let server = state.server { worker.sweep(order, server) }
            default: break
            }
        }

        /// Takes what comes until something holds; false where it does not within five minutes.
        func wait(_ isDone: (State) -> Bool) -> Bool {
            for _ in 0..<30_000 {
                for report in box.take() { send(.report(report)) }
                if isDone(state) { return true }
                usleep(10_000)
            }
            return false
        }

        var screen: String { View.frame(state).dump() }
        var text: String { String(decoding: state.editor.document.bytes, as: UTF8.self) }
    }

    private func desk(_ text: String = "Q: it is", _ wishes: WordServer.Wishes = .init()) throws -> (Desk, WordServer) {
        let server = try WordServer(wishes), desk = Desk(text)
        desk.server = server
        desk.send(.report(.connected(try server.model())))
        return (desk, server)
    }

    @Test("the list of models has the servers that were named, with what a short question found; what does not answer says why")
    func picker() throws {
        let server = try WordServer(), desk = Desk()
        let there = try Connection(name: "words", url: "http://127.0.0.1:\(server.server.port)"), gone = try Connection(name: "gone", url: "http://127.0.0.1:1")
        desk.press(.f(4))
        desk.send(.servers([FoundServer(there), FoundServer(gone, status: .absent("nobody listens there"))], problem: nil))
        #expect(desk.screen.contains("asking") && desk.screen.contains("not there"))
        desk.send(.models([], isWhole: true))
        desk.press(.down)
        #expect(desk.screen.contains("nobody listens there"))
        desk.press(.up, .enter)
        #expect(desk.effects.contains(.connect(there, beside: false)) && desk.screen.contains("asking words"))
        #expect(desk.wait { $0.server != nil })
        #expect(desk.screen.contains("words: words") && desk.state.switching == nil)
        desk.press(.f(4))
        desk.send(.servers([FoundServer(there, status: .reachable(latency: 0.012, models: ["words"]))], problem: nil))
        #expect(desk.screen.contains("12 ms") && desk.screen.contains("prompt logprobs") && desk.screen.contains("not: chat"))
    }

    @Test("a file of connections that is wrong is told of, and takes nothing away")
    func wrongFile() throws {
        let desk = Desk()
        desk.press(.f(4))
        desk.send(.servers([], problem: "connections.yaml:3: a server needs name: and url:."))
        #expect(desk.screen.contains("connections.yaml:3"))
    }

    @Test("text streams in as one undo step, with what the server told of each token and how much it did not tell of")
    func run() throws {
        let (desk, server) = try desk()
        desk.press(.ctrl("g"))
        #expect(desk.wait { $0.run == nil && $0.lastRun != nil })
        #expect(desk.text == "Q: it is 8 9 10" && desk.state.lastRun?.end == "max tokens")
        desk.press(.left)
        let screen = desk.screen
        #expect(screen.contains("▸ ␣10") && screen.contains("77.9 %") && screen.contains("not told of") && screen.contains("␣or"))
        let unknown = try #require(desk.state.toldHere?.token.unknownMass)
        #expect(abs(unknown - (1 - exp(-0.25) - exp(-9.5))) < 1e-6)
        desk.press(.ctrl("/"))
        #expect(desk.text == "Q: it is")
        desk.press(.ctrl("y"))
        #expect(desk.text == "Q: it is 8 9 10")
        #expect(!desk.screen.contains(SoundServer.canary) && server.server.requests.count > 0)
        var dumped = ""
        dump(desk.state.lastRun, to: &dumped)
        #expect(!dumped.contains(SoundServer.canary))
    }

    @Test("what the server cannot show says why, and its keys do too")
    func unavailable() throws {
        let (desk, _) = try desk()
        for panel in [State.Panel.attention, .lens, .attribution, .edits] {
            desk.state.slots = [panel, .sampler]
            #expect(desk.screen.contains("does not expose the inside"), "\(panel)")
            #expect(desk.state.unavailability(of: panel)?.contains("F4 takes a model here") == true)
        }
        #expect(desk.screen.contains("Sampler is not available"))
        #expect(desk.state.obstacle(to: .headZero)?.contains(Abilities.inside) == true)
        #expect(desk.state.obstacle(to: .candidateBias) == "the server tells its likeliest tokens only")
        #expect(desk.state.obstacle(to: .generate) == nil)
    }

    @Test("Enter in Candidates asks what comes next, and there again forks with the chosen token and goes on; what stood there stays")
    func fork() throws {
        let (desk, _) = try desk()
        desk.press(.tab)
        #expect(desk.state.focusedPanel == .candidates && desk.screen.contains("⏎ asks what it would write"))
        desk.press(.enter)
        #expect(desk.wait { $0.toldHere != nil })
        #expect(desk.text == "Q: it is" && desk.screen.contains("the next token, as the server would write"))
        desk.press(.down, .enter)
        #expect(desk.wait { $0.run == nil && $0.lastRun != nil })
        #expect(desk.text == "Q: it is or 11 12 13")
        desk.press(.escape, .ctrl("/"))
        #expect(desk.text == "Q: it is")
    }

    @Test("an end without a reason is cut off, and what came stays; a server that is gone is told of by its name")
    func cut() throws {
        let (desk, server) = try desk("Q: cut")
        desk.press(.ctrl("g"))
        #expect(desk.wait { $0.run == nil && $0.lastRun != nil })
        #expect(desk.text == "Q: cut 6 7 8" && desk.state.lastRun?.end == "cut off" && desk.state.notice?.text.contains("without saying why") == true)
        #expect(server.server.requests.allSatisfy { $0.components(separatedBy: SoundServer.canary).count == 2 })
    }

    @Test("streams stand beside each other, and one is taken into the document")
    func streams() throws {
        let (desk, _) = try desk()
        desk.press(.ctrl("n"))
        #expect(desk.wait { $0.streams?.isRunning == false })
        #expect(desk.state.streams?.streams.count == 4 && desk.state.streams?.streams.allSatisfy { $0.end == .drawn(.length) && $0.bytes.count == 7 } == true)
        #expect(desk.screen.contains("-0.8 nats"))
        desk.press(.enter)
        #expect(desk.text == "Q: it is 8 9 10" && desk.state.toldPlaces.count == 3)
    }

    @Test("an experiment runs on the server that is in use, and its results are named after it")
    func sweep() throws {
        let (desk, _) = try desk()
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("terrarium-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("e.yaml")
        try """
            labels: [red, blue]
            test:
              - {text: sky, label: blue}
              - {text: rose, label: red}
            query: "Q: {{text}} is"
            answer: " {{label}}"
            shots: [0]
            """.write(to: file, atomically: true, encoding: .utf8)
        _ = desk.state.openExperiment(file.path)
        desk.send(.experiment(path: file.path, SweepWork.read(file.path)))
        #expect(desk.effects.contains { if case .lookAtResults(let order) = $0 { order.model.hasPrefix("words at http://127.0.0.1:") } else { false } })
        desk.press(.char("r"))
        #expect(desk.wait { $0.laboratory.isComplete })
        #expect(desk.state.laboratory.results.first?.value.items.count == 2)
    }
}
