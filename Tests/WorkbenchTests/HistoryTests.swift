import Document
import Engine
import Foundation
import Store
import Terminal
import Testing
import Tokenizer
import Workbench

/// A state with a real store in a folder of its own and a worker of the tiny model.
private final class HistoryDesk {
    var state = State(width: 120, height: 30, seed: 11)
    private let inbox = Inbox()
    private let worker: Worker
    private let store: Store
    private let folder: String
    private(set) var effects: [Effect] = []

    private final class Inbox: @unchecked Sendable {
        private let condition = NSCondition()
        private var messages: [Message] = []
        func put(_ message: Message) {
            condition.withLock {
                messages.append(message)
                condition.signal()
            }
        }
        func next(until deadline: Date) -> Message? {
            condition.withLock {
                while messages.isEmpty { if !condition.wait(until: deadline) { return nil } }
                return messages.removeFirst()
            }
        }
    }

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("terrarium-history-\(UUID().uuidString)").path
        let inbox = inbox
        worker = Worker(threads: 2) { inbox.put(.report($0)) }
        store = Store(path: folder + "/store.sqlite") { inbox.put(.store($0)) }
        try Tiny.file {
            worker.load($0)
            wait { state.readyModel != nil }
        }
        (state.sampling.temperature, state.sampling.topK, state.sampling.topP, state.sampling.minP) = (3, 0, 1, 0)
        state.sampling.maxTokens = 20
        for name in Tiny.specials { state.sampling.logitBias[Tiny.id(name)] = -100 }
    }

    func end() {
        worker.quit()
        store.close()
        try? FileManager.default.removeItem(atPath: folder)
    }

    func take(_ message: Message) {
        effects = state.update(message)
        for effect in effects {
            switch effect {
            case .wish(let wish): worker.want(wish)
            case .generate(let order): worker.generate(order)
            case .stopGeneration: worker.stop()
            case .replay(let order): worker.replay(order)
            case .keep(let batch, let number): store.keep(batch, number: number)
            case .close(let document): store.close(document: document)
            case .findRuns(let query, let trashed): store.find(query, trashed: trashed)
            case .readRun(let id): store.run(id)
            case .trashRun(let id, let isTrashed): store.trash(run: id, isTrashed)
            case .recall(let id): store.open(document: id)
            case .readKept(let opened): inbox.put(.recalled(opened, bytes: nil))
            default: break
            }
        }
    }

    func press(_ keys: Key...) { for key in keys { take(.event(.key(key))) } }
    func type(_ text: String) { for scalar in text.unicodeScalars { take(.event(.key(.char(scalar)))) } }

    func wait(_ sourceLocation: SourceLocation = #_sourceLocation, until done: () -> Bool) {
        let deadline = Date().addingTimeInterval(60)
        while !done() {
            guard let message = inbox.next(until: deadline) else {
                Issue.record("nothing comes any more", sourceLocation: sourceLocation)
                return
            }
            take(message)
        }
    }

    /// Generates behind the cursor, keeps the run and shows it in the history.
    func generate() {
        press(.ctrl("g"))
        keep()
    }

    /// Waits until nothing is drawn or measured any more, and hands everything over.
    func keep() {
        wait { !state.isStreaming && state.reading.isSettled }
        take(.keep)
        wait { state.isKept }
    }

    func show() {
        press(.ctrl("p"))
        type("every run")
        press(.enter)
        wait { isSettled }
    }

    /// Types words into the filter, and waits for what is found.
    func search(_ words: String) {
        press(.char("/"), .escape, .char("/"))
        type(words)
        press(.enter)
        wait { isSettled }
    }

    private var isSettled: Bool { state.history.isKnown && !state.history.isAwaited && (state.history.chosen == nil || state.history.whole?.id == state.history.chosen?.id) }

    /// Begins an empty document; what is unsaved stays in the store.
    func startNew() {
        press(.ctrl("p"))
        type("new, empty")
        press(.enter)
        if state.overlay != nil { press(.char("D")) }
    }

    /// Replays the chosen run and waits for what comes of it.
    func replay() -> Replay.Outcome? {
        press(.char("r"))
        wait { state.history.replay?.run.id == state.history.chosen?.id && !state.history.isReplaying }
        return state.history.replay?.outcome
    }

    /// Takes another run for the chosen one, and replays that.
    func replay(instead run: StoredRun) -> Replay.Outcome? {
        take(.store(.run(run.id, run)))
        return replay()
    }

    var text: String { String(decoding: state.editor.document.bytes, as: UTF8.self) }
}

@Suite("The history of runs") struct HistoryTests {
    private static func run(_ ids: [TokenID], _ logprobs: [Float], end: String? = "max tokens") -> StoredRun {
        StoredRun(id: 1, document: 1, node: 1, made: 0, model: "m", fingerprint: "f", promptIDs: [9], prompt: [9], ids: ids, text: [], settings: "{}",
                  seed: 1, end: end, rate: 0, logprobs: logprobs)
    }

    @Test("Two drawings are compared by tokens, then by numbers to the bit, then by their ends")
    func differences() {
        let run = Self.run([5, 6, 7], [-1, .nan, -3])
        func difference(_ tokens: [TokenID], _ logprobs: [Float], _ end: Generation.End?) -> Replay.Difference? { Replay.difference(run, tokens, logprobs, end) }
        #expect(difference([5, 6, 7], [-1, -2, -3], .length) == nil)
        #expect(difference([5, 6], [-1, -2], nil) == nil, "more may come")
        #expect(difference([5, 6], [-1, -2], .eos) == .token(2, was: 7, now: nil))
        #expect(difference([5, 8], [-1, -2], nil) == .token(1, was: 6, now: 8))
        #expect(difference([5, 6, 7, 8], [-1, -2, -3, -4], .length) == .token(3, was: nil, now: 8))
        #expect(difference([5, 6, 7], [(-1 as Float).nextUp, -2, (-3 as Float).nextDown], .length) == .number(0, was: -1, now: (-1 as Float).nextUp, count: 2))
        #expect(difference([5, 6, 7], [-1, -2, -3], .stop) == .end(was: "max tokens", now: "stop text"))
        #expect(Replay.difference(Self.run([5], [0], end: "stopped"), [5], [0], .length) == nil, "who was stopped has no end of its own")
        #expect(Replay.difference(Self.run([5], [0]), [5], [-0.0], .length) == .number(0, was: 0, now: -0.0, count: 1))
    }

    // MARK: With a fake store's answers

    /// Some runs, the newest first.
    private static let found: [FoundRun] = [
        FoundRun(id: 3, document: 1, node: 4, made: 9_990, model: "SmolLM2-135M-Instruct Q4_1", fingerprint: "0123456789abcdef",
                 prompt: Array("Translate English to French.\ncheese is".utf8), text: Array(" fromage, as everybody knows who has been there".utf8), seed: 42,
                 end: "max tokens", rate: 55.4, promptCount: 9, count: 128, logprob: -203.14),
        FoundRun(id: 2, document: 2, node: 1, made: 7_000, model: "SmolLM2-135M-Instruct Q4_1", fingerprint: "0123456789abcdef",
                 prompt: Array("Once".utf8), text: Array(" upon a\ntime".utf8), seed: 999_999, end: "stopped", rate: 50, promptCount: 1, count: 4, logprob: nil),
        FoundRun(id: 1, document: 2, node: 1, made: 10, model: "other F32", fingerprint: "fedcba9876543210", prompt: Array("Once".utf8),
                 text: [0x20, 0xF0, 0x1B], seed: 7, end: nil, rate: 50, promptCount: 1, count: 2, logprob: -1.5),
    ]

    private static var whole: StoredRun {
        var sampling = Sampling()
        (sampling.temperature, sampling.stop) = (1.25, [[0x0A]])
        return StoredRun(id: 3, document: 1, node: 4, made: 9_990, model: found[0].model, fingerprint: found[0].fingerprint, promptIDs: Array(0..<9),
                         prompt: found[0].prompt, ids: Array(0..<128), text: found[0].text, settings: sampling.json, seed: 42, end: "max tokens", rate: 55.4,
                         logprobs: [])
    }

    private static func desk(width: Int = 120, height: Int = 30) -> State {
        var state = State(width: width, height: height)
        state.editor.clock = 10_000
        state = state.focused(on: .history)
        _ = state.update(.store(.found(query: "", runs: found)))
        if state.history.whole == nil { _ = state.update(.store(.run(3, whole))) }
        return state.settled()
    }

    @Test("The list is asked for when it is shown, for every letter of the filter, and after a run was kept; only the newest answer is taken")
    func asking() {
        var state = State(width: 120, height: 30)
        var palette = state.press(keys: .ctrl("p"))
        for letter in "every run".unicodeScalars { palette = state.press(keys: .char(letter)) }
        #expect(!palette.contains(.findRuns("", trashed: false)))
        #expect(state.press(keys: .enter).contains(.findRuns("", trashed: false)) && state.focusedPanel == .history)
        #expect(state.press(keys: .char("/"), .char("s"), .char("e")) == [.findRuns("s", trashed: false), .findRuns("se", trashed: false)])
        #expect(state.update(.event(.paste(Array("a".utf8)))) == [.findRuns("sea", trashed: false)])
        for (query, runs) in [("", Self.found), ("s", Self.found), ("se", []), ("sea", [Self.found[1]])] {
            #expect(state.history.runs.isEmpty)
            _ = state.update(.store(.found(query: query, runs: runs)))
        }
        #expect(state.history.runs.map(\.id) == [2])
        #expect(state.press(keys: .escape) == [.findRuns("", trashed: false)] && !state.history.isFiltering && state.focusedPanel == .history)
        #expect(state.press(keys: .char("u")) == [.findRuns("", trashed: true)])
    }

    @Test("Trashing takes a run out of the list at once, and the choice stays with the run when others come")
    func choosing() {
        var state = Self.desk()
        state.press(keys: .down)
        let effects = state.press(keys: .char("x"))
        #expect(effects.contains(.trashRun(2, true)) && effects.contains(.findRuns("", trashed: false)))
        #expect(state.history.runs.map(\.id) == [3, 1] && state.history.chosen?.id == 1)
        _ = state.update(.store(.found(query: "", runs: [Self.found[1]] + Self.found)))
        #expect(state.history.chosen?.id == 1)
        state.press(keys: .home)
        _ = state.update(.store(.found(query: "", runs: Self.found)))
        _ = state.update(.store(.found(query: "", runs: Self.found)))
        #expect(state.history.selected == 0)
    }

    @Test("Opening what is elsewhere asks first when something is unsaved")
    func unsaved() {
        var state = Self.desk()
        #expect(state.press(keys: .enter) == [.recall(1)])
        _ = state.update(.event(.paste(Array("typed".utf8))))
        state = state.focused(on: .history)
        for key in [Key.enter, .char("o")] {
            #expect(!state.press(keys: key).contains(.recall(1)) && state.overlay != nil, "\(key)")
            state.press(keys: .escape)
        }
        #expect(state.textOfDocument == "typed")
    }

    @Test("However a run ends it is remembered, and one in the middle is a node already")
    func remembered() throws {
        let tokens = Tiny.model.tokenizer.encode(Array(" otter cheese".utf8)).map {
            Generation.Token(step: Step(id: $0, logprob: -1, rank: 1, entropy: 2), bytes: Tiny.model.tokenizer.bytes($0), isCut: false)
        }
        let ends: [(String, (Int) -> Message)] = [
            ("stopped", { _ in .event(.key(.escape)) }), ("stopped", { .report(.stopped(run: $0)) }), ("failed", { .report(.failed(run: $0, "no memory")) }),
            ("paused", { .report(.paused(run: $0, .entropy(tokens[0].step, over: 1))) }), ("max tokens", { .report(.ended(run: $0, .length)) }),
            ("stopped", { _ in .event(.key(.char("x"))) }), ("stopped", { _ in .event(.key(.ctrl("/"))) }), ("stopped", { _ in .event(.hangup) }),
        ]
        for (index, (end, message)) in ends.enumerated() {
            var state = State.desk()
            let order = try #require(state.press(keys: .ctrl("g")).compactMap { if case .generate(let order) = $0 { order } else { nil } }.first)
            _ = state.update(.report(.generated(run: order.run, tokens, logits: nil, rate: 10, perPass: 1)))
            let middle = state.update(.keep).compactMap { if case .keep(let batch, _) = $0 { batch } else { nil } }
            let node = try #require(middle.first?.nodes.last)
            #expect(node.author == .model && node.run?.end == nil && node.run?.seed == order.seed && String(decoding: node.change.after.bytes, as: UTF8.self) == " otter cheese")
            #expect(middle.first?.runs.isEmpty == true)
            let kept = state.update(message(order.run)) + state.update(.keep)
            let runs = kept.flatMap { effect -> [StoredRun] in if case .keep(let batch, _) = effect { batch.runs } else { [] } }
            let run = try #require(runs.first, "\(index)")
            #expect(runs.count == 1 && run.end == end && run.ids == tokens.map(\.step.id) && run.logprobs == [-1, -1] && run.seed == order.seed, "\(index)")
            #expect(run.promptIDs == order.ids && run.node == node.id && Sampling(json: run.settings) == order.sampling, "\(index)")
            #expect(String(decoding: run.prompt + run.text, as: UTF8.self) == "English: peppermint\nFrench: otter cheese", "\(index)")
        }
    }

    // MARK: With a store and a worker

    @Test("A run is found by its words, and drawn again it is the same to the bit",
          arguments: ["", "temperature 0", "repetition 1.3", "stop", "long", "streams"])
    func same(settings: String) throws {
        let desk = try HistoryDesk()
        defer { desk.end() }
        switch settings {
        case "temperature 0": desk.state.sampling.temperature = 0
        case "repetition 1.3": (desk.state.sampling.temperature, desk.state.sampling.repetitionPenalty, desk.state.sampling.frequencyPenalty) = (0.2, 1.3, 0.5)
        case "stop": desk.state.sampling.stop = [Array("e".utf8), Array("o".utf8)]
        // Repeats itself, so that several tokens are drawn in a pass.
        case "long": (desk.state.sampling.temperature, desk.state.sampling.maxTokens) = (0, 50)
        default: break
        }
        desk.type("otter cheese otter cheese")
        if settings == "streams" {
            desk.press(.ctrl("n"))
            desk.wait { !desk.state.isStreaming }
            desk.press(.escape)
            desk.keep()
        } else { desk.generate() }
        desk.show()
        let runs = desk.state.history.runs
        try #require(runs.count == (settings == "streams" ? 4 : 1))
        for run in runs {
            #expect(desk.replay() == .same)
            let replay = try #require(desk.state.history.replay)
            #expect(replay.run.id == run.id && replay.tokens == replay.run.ids && replay.run.logprobs.count == replay.run.ids.count)
            #expect(abs((run.logprob ?? 0) - replay.run.logprobs.reduce(0) { $0 + Double($1) }) < 1e-9)
            desk.press(.down)
        }
        desk.search("chee ott")
        #expect(desk.state.history.runs.map(\.id) == runs.map(\.id))
        desk.search("nowhere")
        #expect(desk.state.history.runs.isEmpty)
    }

    /// What some settings draw behind a prompt.
    private func drawn(_ ids: [TokenID], _ sampling: Sampling, seed: UInt64) throws -> [TokenID] {
        let session = try Session(Tiny.model, threads: 1)
        _ = try session.sync(to: ids)
        var generation = Generation(session, sampling: sampling, seed: seed, speculates: false), tokens: [TokenID] = []
        while true {
            let (new, end) = try generation.next()
            tokens += new.map(\.step.id)
            if end != nil { return tokens }
        }
    }

    @Test("With another setting, seed or number it differs at the very token where it does, and another model is named")
    func different() throws {
        let desk = try HistoryDesk()
        defer { desk.end() }
        desk.type("otter cheese")
        desk.generate()
        desk.show()
        let run = try #require(desk.state.history.whole), sampling = try #require(Sampling(json: run.settings))
        var colder = sampling
        colder.temperature = 1.5
        for (settings, seed) in [(colder, run.seed), (sampling, run.seed + 1)] {
            let other = try drawn(run.promptIDs, settings, seed: seed), place = zip(run.ids, other).prefix { $0 == $1 }.count
            var changed = run
            (changed.settings, changed.seed) = (settings.json, seed)
            #expect(desk.replay(instead: changed) == .different(.token(place, was: run.ids[place], now: other[place])))
            #expect(desk.state.notice?.text.contains("differs at token \(place + 1): \(TokenText.visible(Tiny.model.tokenizer.bytes(other[place])))") == true)
        }
        var changed = run
        changed.logprobs[2] = run.logprobs[2].nextUp
        #expect(desk.replay(instead: changed) == .different(.number(2, was: run.logprobs[2].nextUp, now: run.logprobs[2], count: 1)))
        changed = run
        changed.fingerprint = "fedcba9876543210"
        #expect(desk.replay(instead: changed) == .same)
        #expect(desk.state.notice?.text.contains("another model (fingerprint \(Tiny.model.fingerprint.prefix(8)), it was fedcba98)") == true)
        changed.promptIDs = [30_000]
        if case .failed? = desk.replay(instead: changed) {} else { Issue.record("an id that the model does not have cannot be read") }
        // Ended from outside, it goes no further than it went.
        changed = run
        (changed.ids, changed.logprobs, changed.end) = (Array(run.ids.prefix(7)), Array(run.logprobs.prefix(7)), "stopped")
        #expect(desk.replay(instead: changed) == .same && desk.state.history.replay?.tokens.count == 7)
    }

    @Test("Esc stops a replay, and neither it nor the replay changes the document or its numbers")
    func stopping() throws {
        let desk = try HistoryDesk()
        defer { desk.end() }
        desk.type("otter cheese")
        desk.generate()
        desk.show()
        let document = desk.state.editor.document.bytes, steps = desk.state.reading.steps, tree = desk.state.editor.tree.count
        desk.press(.char("r"))
        #expect(desk.state.history.isReplaying && desk.state.screenText.contains("Esc stop"))
        desk.press(.escape)
        #expect(desk.effects.contains(.replay(nil)) && desk.state.history.replay?.outcome == .stopped)
        #expect(desk.replay() == .same)
        #expect(desk.state.editor.document.bytes == document && desk.state.reading.steps == steps && desk.state.editor.tree.count == tree)
        #expect(desk.state.focusedPanel == .history)
    }

    @Test("Enter walks to the run in the open document, and opens the document of another")
    func reopening() throws {
        let desk = try HistoryDesk()
        defer { desk.end() }
        desk.type("otter cheese")
        desk.generate()
        let text = desk.text
        desk.press(.ctrl("/"))
        let before = desk.text
        #expect(before != text)
        desk.show()
        desk.press(.enter)
        #expect(desk.text == text && desk.state.focus == .document)
        desk.press(.ctrl("/"))
        #expect(desk.text == before)
        desk.type(" and more")
        desk.keep()
        desk.startNew()
        #expect(desk.text.isEmpty)
        desk.show()
        desk.press(.enter)
        desk.wait { !desk.text.isEmpty }
        #expect(desk.text == text)
        desk.press(.ctrl("/"))
        #expect(desk.text == before + " and more")
    }

    @Test("As a new document a run has the ids, numbers and settings it had, and exported it has them too")
    func asNew() throws {
        let desk = try HistoryDesk()
        defer { desk.end() }
        desk.state.sampling.stop = [Array("e".utf8)]
        desk.type("otter cheese")
        desk.generate()
        let document = desk.state.editor.document, node = try #require(desk.state.editor.tree[desk.state.editor.tree.current])
        desk.startNew()
        desk.state.sampling.temperature = 0.1
        desk.show()
        let run = try #require(desk.state.history.whole)
        desk.press(.char("e"))
        desk.press(.enter)
        let file = try #require(desk.effects.compactMap { if case .writeTable(let path, let bytes) = $0 { (path, bytes) } else { nil } }.first)
        #expect(file.0 == "run-\(run.seed).json")
        let json = try #require(try JSONSerialization.jsonObject(with: Data(file.1)) as? [String: Any])
        let generated = try #require(json["generated"] as? [String: Any]), tokens = try #require(generated["tokens"] as? [[String: Any]])
        #expect(tokens.map { $0["id"] as? Int } == run.ids.map { Int($0) } && tokens.map { ($0["logprob"] as? Double).map { Float($0) } } == run.logprobs)
        #expect((json["prompt"] as? [String: Any])?["text"] as? String == "otter cheese" && (json["seed"] as? NSNumber)?.uint64Value == run.seed)
        #expect((json["settings"] as? [String: Any])?["temperature"] as? Double == 3 && json["end"] as? String == run.end)
        desk.press(.char("o"))
        #expect(desk.state.editor.document.bytes == document.bytes && desk.state.editor.document.kept == document.kept)
        #expect(desk.state.sampling == Sampling(json: run.settings))
        let made = try #require(desk.state.editor.tree[desk.state.editor.tree.current])
        #expect(made.run == node.run && made.logprobs == node.logprobs && made.author == .model && desk.state.editor.tree.count == 2)
        desk.press(.ctrl("/"))
        #expect(desk.text == "otter cheese")
    }

    // MARK: Screens

    /// The panel as it stands in a window.
    private func screen(_ state: State) -> String {
        guard let rect = Layout(state).rect(of: .history) else { return "" }
        let lines = state.screenText.split(separator: "\n", omittingEmptySubsequences: false)
        return "\n" + lines[rect.y..<rect.maxY].map { line in
            String(line.padding(toLength: max(line.count, rect.maxX), withPad: " ", startingAt: 0).dropFirst(rect.x).prefix(rect.width))
        }.joined(separator: "\n") + "\n"
    }

    @Test("At 120 x 30 the chosen run is told whole below the list")
    func wide() {
        #expect(screen(Self.desk()) == """

            ┌─ History ───────────────────────────────── 3 runs ─┐
            │     ago tokens     nats prompt and text            │
            │▸   10 s    128   -203.1 …cheese is fromage, as eve…│
            │  50 min      4        – Once upon a⏎time           │
            │     2 h      2     -1.5 Once <F0>␛                 │
            │                                                    │
            │                                                    │
            │                                                    │
            │────────────────────────────────────────────────────│
            │ SmolLM2-135M-Instruct Q4_1 01234567, seed 42       │
            │ 128 tokens after 9, max tokens, 55 tok/s, -203.1   │
            │ nats                                               │
            │ temperature 1.25, stop \\n                          │
            │ cheese is fromage, as everybody knows who has      │
            │ been there                                         │
            └─ / filter  ⏎ reopen  r replay  o as new  e export ─┘

            """)
    }

    @Test("Zoomed there is room for everything")
    func zoomed() {
        var state = Self.desk()
        state.press(keys: .char("z"), .char("/"), .char("e"))
        #expect(screen(state) == """

            ┌─ History ─────────────────────────────────────────────────────────────────────────────────────────────────── 3 runs ─┐
            │ with the words: e                                                                                                    │
            │     ago    seed tokens     nats end          model                 prompt and text                                   │
            │▸   10 s      42    128   -203.1 max tokens   SmolLM2-135M-Instruc… …o French.⏎cheese is fromage, as everybody knows …│
            │  50 min  999999      4        – stopped      SmolLM2-135M-Instruc… Once upon a⏎time                                  │
            │     2 h       7      2     -1.5 cut off      other F32             Once <F0>␛                                        │
            │                                                                                                                      │
            │                                                                                                                      │
            │                                                                                                                      │
            │                                                                                                                      │
            │                                                                                                                      │
            │                                                                                                                      │
            │                                                                                                                      │
            │                                                                                                                      │
            │──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────│
            │ SmolLM2-135M-Instruct Q4_1 01234567, seed 42                                                                         │
            │ 128 tokens after 9, max tokens, 55 tok/s, -203.1 nats                                                                │
            │ temperature 1.25, stop \\n                                                                                            │
            │ Translate English to French.                                                                                         │
            │ cheese is fromage, as everybody knows who has been there                                                             │
            │                                                                                                                      │
            │                                                                                                                      │
            │                                                                                                                      │
            │                                                                                                                      │
            │                                                                                                                      │
            │                                                                                                                      │
            └─ / filter  ⏎ reopen  r replay  o as new  e export  x trash  u show trash ────────────────────────────────────────────┘

            """)
    }

    @Test("At 80 x 24 the figures go before the text does")
    func middle() {
        #expect(screen(Self.desk(width: 80, height: 24)) == """

            ┌─ History ────────────────── 3 runs ─┐
            │     ago tokens prompt and text      │
            │▸   10 s    128 …eese is fromage, as…│
            │  50 min      4 Once upon a⏎time     │
            │     2 h      2 Once <F0>␛           │
            │                                     │
            │                                     │
            │                                     │
            │                                     │
            │                                     │
            │                                     │
            │─────────────────────────────────────│
            │ SmolLM2-135M-Instruct Q4_1          │
            │ 01234567, seed 42                   │
            │ 128 tokens after 9, max tokens, 55  │
            │ tok/s, -203.1 nats                  │
            │ temperature 1.25, stop \\n           │
            │ Translate English to French.        │
            │ cheese is fromage, as everybody     │
            │ knows who has been there            │
            └─ / filter  ⏎ reopen  r replay ──────┘

            """)
    }

    @Test("At 60 x 20 it is the list alone")
    func narrow() {
        #expect(screen(Self.desk(width: 60, height: 20)) == """

            ┌─ History ─────────────────────────────────────── 3 runs ─┐
            │     ago    seed tokens     nats prompt and text          │
            │▸   10 s      42    128   -203.1 …cheese is fromage, as e…│
            │  50 min  999999      4        – Once upon a⏎time         │
            │     2 h       7      2     -1.5 Once <F0>␛               │
            │                                                          │
            │                                                          │
            │                                                          │
            └─ / filter  ⏎ reopen  r replay  o as new  e export ───────┘

            """)
    }

    @Test("At 40 x 10 it is what was written")
    func small() {
        #expect(screen(Self.desk(width: 40, height: 10)) == """

            ┌─ History ─────────────────── 3 runs ─┐
            │     ago tokens prompt and text       │
            │▸   10 s    128 …eese is fromage, as …│
            │  50 min      4 Once upon a⏎time      │
            │     2 h      2 Once <F0>␛            │
            │                                      │
            │                                      │
            └─ / filter  ⏎ reopen  r replay ───────┘

            """)
    }

    @Test("What is not there is told, and no size traps")
    func empty() {
        var state = State(width: 60, height: 20)
        state = state.focused(on: .history)
        #expect(state.screenText.contains("The store is being read."))
        _ = state.update(.store(.found(query: "", runs: [])))
        #expect(state.screenText.contains("Nothing was generated yet") && state.screenText.contains("0 runs"))
        #expect(state.press(keys: .enter, .char("r"), .char("e")) == [] && state.notice?.text.contains("no run is listed") == true)
        for (width, height) in sizes {
            var state = Self.desk(width: width, height: height)
            state.press(keys: .end, .char("/"), .char("x"))
            _ = state.screenText
        }
    }
}
