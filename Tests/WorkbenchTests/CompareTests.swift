import Document
import Engine
import Foundation
import Terminal
import Testing
import Tokenizer
import Workbench

@Suite("The compare panel") struct CompareTests {
    private static let text = "English: peppermint\nFrench: de mer"

    /// A desk whose document is compared with a text; what the worker is asked for is carried out at once.
    private func desk(_ other: String = "English: otter\nFrench: la mer de", width: Int = 120, height: Int = 30) throws -> State {
        var state = State.desk(Self.text, width: width, height: height)
        state.compare(with: Document(text: Array(other.utf8)), name: "other.md")
        try serve(&state, state.update(.event(.resize(width: width, height: height))))
        return state
    }

    private func serve(_ state: inout State, _ effects: [Effect]) throws {
        for case .compare(let order) in effects {
            for comparison in try Self.reports(order) { _ = state.update(.report(.compared(number: order.number, comparison))) }
        }
    }

    /// A comparison before anything is measured and after all is.
    private static func reports(_ order: CompareOrder) throws -> [Comparison] {
        let session = try Session(Tiny.model, threads: 1)
        var columns = (Comparison.Column(order.a), Comparison.Column(order.b))
        if let settings = order.settings {
            _ = try session.sync(to: order.a)
            var lockstep = Lockstep(session, settings)
            while try lockstep.next() {}
            columns = (lockstep.a, lockstep.b)
        }
        let start = order.settings == nil ? 0 : order.a.count
        var comparing = Comparing(Comparison(columns.0, columns.1, start: start, bytes: Tiny.model.tokenizer.bytes), session.fork(), session.fork(), settings: order.settings)
        let first = comparing.comparison
        while try comparing.measure() {}
        return [first, comparing.comparison]
    }

    private func ids(_ text: String) -> [TokenID] { Tiny.model.tokenizer.encode(Array(text.utf8)) }

    @Test("What a server drew stands beside what the model here draws, word by word, with the numbers that were told")
    func told() throws {
        var order = CompareOrder(number: 1, a: ids("English: otter"), b: [])
        var sampling = Sampling()
        (sampling.temperature, sampling.maxTokens) = (0, 4)
        order.settings = .init(a: sampling, seedA: 1, b: sampling, seedB: 1)
        order.told = [TextToken(bytes: Array(" mer".utf8), id: 9, logprob: -0.5, top: [.init(bytes: Array(" mer".utf8), id: 9, logprob: -0.5)]),
                      TextToken(bytes: Array(" x".utf8), id: nil, logprob: nil, top: [])]
        order.toldEnd = .length
        var reported: [Comparison] = []
        var work = ComparisonWork(order, try Session(Tiny.model, threads: 1), beside: nil, known: nil) { if case .compared(_, let comparison) = $0 { reported.append(comparison) } }
        while try work.serve(at: 0, chunk: 16, cancelled: { false }) {}
        let found = try #require(reported.last)
        #expect(found.isDone && found.a.end == .length && found.b.end == .length && found.a.ids.count == found.start + 4)
        #expect(found.b.ids.count == found.start + 2 && found.b.steps.suffix(2).map { $0?.logprob } == [-0.5, nil] && found.b.steps[found.start]?.rank == 0)
        let greedy = found.a.ids.suffix(4).flatMap(Tiny.model.tokenizer.bytes), first = try #require(found.first)
        #expect(found.pairs[first].a.lowerBound >= found.start && !greedy.isEmpty)
        #expect(found.a.steps.dropFirst(found.start).allSatisfy { $0 != nil } && found.divergences.allSatisfy { $0 == nil })
    }

    @Test("A is the document, B the other text, and an order goes out once for the same texts")
    func order() throws {
        var state = State.desk(Self.text)
        state.compare(with: Document(text: Array("French: la".utf8)), name: "b")
        let effects = state.update(.event(.resize(width: 120, height: 30)))
        guard case .compare(let order)? = effects.last else { Issue.record("\(effects.count)"); return }
        #expect(order.a == ids(Self.text) && order.b == ids("French: la") && order.settings == nil)
        #expect(state.screenText.contains("The worker has it"))
        let again = state.update(.event(.resize(width: 100, height: 30))).filter { if case .compare = $0 { true } else { false } }
        #expect(again.isEmpty)
    }

    @Test("Words stand beside those they stand for, with totals, the first divergence, the strip and the chosen place's numbers")
    func screen() throws {
        var state = try desk()
        state.zoomed = true
        let comparison = try #require(copy(state.compare.comparison)), text = copy(state.settled().screenText)
        let first = try #require(comparison.first)
        #expect(comparison.pairs[first].a.lowerBound == ids("English:").count)
        for column in [comparison.a, comparison.b] {
            let (nats, count) = Comparison.surprisal(column, column.ids.indices)
            #expect(count == column.ids.count - 1)
            #expect(text.contains("\(column.ids.count) tokens  \(Number.fixed(nats, 2)) nats  ppl \(Number.fixed(exp(nats / Double(count)), 2))"))
        }
        #expect(text.contains("first divergence at token \(comparison.pairs[first].a.lowerBound): ␣p"))
        #expect(text.contains("KL(A‖B) 0.000 nats") && text.contains("words differ"))
        state.press(keys: .end)
        let last = try #require(comparison.divergences[comparison.pairs.count - 1])
        #expect(last > 0)
        let end = state.screenText
        #expect(end.contains("the next token") && end.contains("KL(A‖B) \(Number.fixed(last, 3)) nats"))
    }

    @Test("Arrows go through every word, n and N through the divergences, and Enter to the token in the document")
    func keys() throws {
        var state = try desk()
        let comparison = try #require(copy(state.compare.comparison)), pairs = comparison.pairs
        #expect(state.compare.selected == comparison.first)
        state.press(keys: .home)
        for index in pairs.indices {
            #expect(state.compare.selected == index)
            state.press(keys: .right)
        }
        #expect(state.compare.selected == pairs.count - 1)
        let unlike = pairs.indices.filter { pairs[$0].kind != .same && pairs[$0].kind != .end }
        let borders = unlike.filter { !unlike.contains($0 - 1) }
        #expect(borders.count > 1)
        state.press(keys: .home)
        for border in borders {
            state.press(keys: .char("n"))
            #expect(state.compare.selected == border)
        }
        state.press(keys: .char("n"))
        #expect(state.compare.selected == borders.last)
        #expect(state.notice?.text == "no divergence behind this place")
        for border in borders.reversed().dropFirst() {
            state.press(keys: .char("N"))
            #expect(state.compare.selected == border)
        }
        let place = pairs[state.compare.selected].a.lowerBound
        state.press(keys: .enter)
        #expect(state.focus == .document)
        #expect(state.editor.cursor == state.editor.document.tokens[place].range.lowerBound)
    }

    @Test("An edit of the document marks the numbers as of the text before, and what follows is compared anew with the place kept")
    func edited() throws {
        var state = try desk()
        state.press(keys: .end, .left, .left)
        let place = try #require(copy(state.compare.comparison)).pairs[state.compare.selected].a.lowerBound
        state.focus = .document
        state.editor.move(to: state.editor.document.count)
        let effects = state.press(keys: .char("!"))
        #expect(state.isComparisonBehind)
        #expect(state.screenText.contains("of the text before"))
        try serve(&state, effects)
        #expect(!state.isComparisonBehind)
        let comparison = try #require(copy(state.compare.comparison))
        #expect(comparison.a.ids == state.reading.ids && comparison.isDone)
        #expect(comparison.pairs[state.compare.selected].a.lowerBound == place)
        // The report of an order that was overtaken is not taken.
        _ = state.update(.report(.compared(number: 1, Comparison(.init([]), .init([]), bytes: { _ in [] }))))
        #expect(state.compare.comparison == comparison)
    }

    @Test("Settings typed as a line lie over the present ones, both continue the text before the cursor by one seed, and the draws are compared")
    func settings() throws {
        var state = State.desk(Self.text).focused(on: .compare)
        for name in Tiny.specials { state.sampling.logitBias[Tiny.id(name)] = -100 }
        (state.sampling.temperature, state.sampling.topK, state.sampling.maxTokens) = (3, 0, 12)
        state.editor.move(to: "English:".utf8.count)
        state.press(keys: .char("s"))
        var effects: [Effect] = []
        for scalar in "temperature=5 top-k=3".unicodeScalars { effects += state.press(keys: .char(scalar)) }
        effects += state.press(keys: .enter)
        guard case .compare(let order)? = effects.last, let settings = order.settings else { Issue.record("no order"); return }
        #expect(order.a == ids("English:") && order.b == order.a)
        #expect(settings.seedA == settings.seedB && settings.a == state.sampling)
        #expect(settings.b.temperature == 5 && settings.b.topK == 3 && settings.b.maxTokens == 12 && settings.b.logitBias == state.sampling.logitBias)
        try serve(&state, effects)
        let comparison = try #require(copy(state.compare.comparison))
        #expect(comparison.start == order.a.count && comparison.a.ids.count == order.a.count + 12 && comparison.a.end == .length)
        state.zoomed = true
        let screen = copy(state.settled().screenText)
        #expect(screen.contains("after the samplers KL(A‖B)") && screen.contains("max tokens") && screen.contains("12 tokens"))
        state.press(keys: .end, .left, .enter)
        #expect(state.notice?.text.contains("does not hold it") == true)
        // What cannot be taken stays on the line.
        state.press(keys: .char("s"))
        for (line, word) in [("heat=1", "heat"), ("nonsense", "key=value"), ("temperature=9", "0 to 5")] {
            state.overlay = nil
            state.press(keys: .char("s"), .ctrl("e"), .ctrl("u"))
            for scalar in line.unicodeScalars { state.press(keys: .char(scalar)) }
            state.press(keys: .enter)
            #expect(state.notice?.text.contains(word) == true && state.overlay != nil, "\(line)")
        }
    }

    @Test("A file is laid out as when it is opened, a typed prompt with its newlines, and the document stays as it is")
    func sources() throws {
        let world = World([("prompts/other.md", "---\ntitle: Other\ntemperature: 0.1\n---\nFrench: la\n")], width: 120, height: 30)
        world.take(.report(.loaded(Tiny.model)))
        world.take(.event(.paste(Array(Self.text.utf8))))
        world.state = world.state.focused(on: .compare)
        world.press(.char("f"))
        world.type("other")
        let read = world.press(.enter)
        #expect(read.first == .readToCompare(path: "prompts/other.md"))
        let bytes = try #require(world.read("prompts/other.md"))
        let effects = world.take(.readToCompare(path: "prompts/other.md", bytes: bytes))
        guard case .compare(let order)? = effects.last else { Issue.record("no order"); return }
        #expect(order.b == ids("French: la") && world.document == Self.text && world.state.file.path == nil && world.state.sampling == Sampling())
        #expect(world.state.compare.other?.name == "other.md")
        world.press(.char("p"), .ctrl("e"), .ctrl("u"))
        world.type("a\\nb")
        guard case .compare(let typed)? = world.press(.enter).last else { Issue.record("no order"); return }
        #expect(typed.b == ids("a\nb"))
    }

    @Test("Another node of the tree is compared by its document")
    func branch() throws {
        var state = State.desk("French: de")
        let node = state.editor.tree.current
        state.press(keys: .char("!"))
        _ = state.update(.event(.paste(Array(" mer".utf8))))
        state = state.focused(on: .compare)
        state.press(keys: .char("b"))
        #expect(state.notice?.text.contains("marked") == true)
        state.branches.mark(node)
        let effects = state.press(keys: .char("b"))
        guard case .compare(let order)? = effects.last else { Issue.record("no order"); return }
        #expect(order.b == ids("French: de") && order.a == ids(state.textOfDocument) && order.a != order.b)
    }

    @Test("Tables hold every pair's numbers, as CSV and as JSON")
    func table() throws {
        var state = try desk("English: \"otter\", mer\nFrench")
        func export(_ path: String) -> [Effect] {
            var effects = state.press(keys: .char("e"))
            for scalar in path.unicodeScalars { effects += state.press(keys: .char(scalar)) }
            return effects + state.press(keys: .enter)
        }
        #expect(export("table.txt").isEmpty)
        #expect(state.notice?.text.contains(".csv or .json") == true)
        state.press(keys: .escape)
        let comparison = try #require(copy(state.compare.comparison))
        guard case .writeTable("t.json", let json)? = export("t.json").last else { Issue.record("no json"); return }
        let object = try #require(try JSONSerialization.jsonObject(with: Data(json)) as? [String: Any])
        let pairs = try #require(object["pairs"] as? [[String: Any]])
        #expect(pairs.count == comparison.pairs.count && object["first_divergence"] as? Int == comparison.first)
        for side in [("a", comparison.a), ("b", comparison.b)] {
            let tokens = pairs.flatMap { $0[side.0] as? [[String: Any]] ?? [] }
            #expect(tokens.map { $0["id"] as? Int } == side.1.ids.map { Int($0) })
            for (token, step) in zip(tokens, side.1.steps) { #expect((token["logprob"] as? Double).map { Float($0) } == step?.logprob) }
        }
        // Foundation's reader may be off in the last bit.
        for (pair, value) in zip(pairs, comparison.divergences) {
            let read = pair["kl_ab"] as? Double
            #expect((read == nil) == (value == nil) && abs((read ?? 0) - (value ?? 0)) < 1e-12)
        }
        guard case .writeTable("t.csv", let csv)? = export("t.csv").last else { Issue.record("no csv"); return }
        let text = String(decoding: csv, as: UTF8.self)
        #expect(text.hasPrefix("kind,a_position,a_ids,a_text,a_surprisal,a_rank,a_entropy,b_position,"))
        #expect(text.contains("\"\"") && text.hasSuffix("\r\n"))
    }

    @Test("Every size draws, in both views, beside every state of a comparison")
    func sizes() throws {
        var states: [State] = []
        for isStacked in [nil, true, false] {
            var state = State.desk(Self.text).focused(on: .compare)
            state.compare.isStacked = isStacked
            states.append(state)
            state.compare(with: Document(text: Array("a\nvery\nother 字 text\u{301}".utf8)), name: "a name that is longer than the place it has")
            let effects = state.update(.event(.resize(width: 120, height: 30)))
            states.append(state)
            for case .compare(let order) in effects {
                for comparison in try Self.reports(order) {
                    _ = state.update(.report(.compared(number: order.number, comparison)))
                    states.append(state)
                }
            }
        }
        for state in states {
            for (width, height) in [(1, 1), (40, 10), (41, 12), (60, 16), (60, 20), (80, 20), (80, 24), (100, 30), (120, 30), (200, 60), (500, 200)] {
                for zoomed in [false, true] {
                    var state = state
                    state.zoomed = zoomed
                    _ = state.update(.event(.resize(width: width, height: height)))
                    for key in [Key.end, .up, .char("v"), .home, .down, .pageDown] {
                        state.press(keys: key)
                        let frame = View.frame(state)
                        #expect(frame.width == width && frame.height == height)
                        guard state.compare.comparison != nil, width >= 60, height >= 20 else { continue }
                        // The chosen word is seen.
                        #expect(frame.styles().contains("s"), "\(width)x\(height) \(key)")
                    }
                }
            }
        }
    }

    @Test("A click chooses the word under it, the wheel moves the lines")
    func mouse() throws {
        var state = try desk()
        state.compare.isStacked = false
        state = state.settled()
        let rect = try #require(Layout(state).rect(of: .compare)).interior
        let lines = View.frame(state).dump().split(separator: "\n", omittingEmptySubsequences: false)
        let y = try #require(lines.firstIndex { $0.contains("English:") && $0.contains("otter") })
        let comparison = try #require(copy(state.compare.comparison))
        _ = state.update(.event(.mouse(Mouse(.press, x: rect.x, y: y))))
        #expect(state.compare.selected == 0)
        _ = state.update(.event(.mouse(Mouse(.press, x: rect.x + "English:".count + 2, y: y))))
        #expect(comparison.pairs[state.compare.selected].a.lowerBound == ids("English:").count)
        let before = state.compare.selected
        _ = state.update(.event(.mouse(Mouse(.wheelDown, x: rect.x, y: y))))
        #expect(state.compare.selected == before)
    }

    @Test("another model of other tokens reads the document: words stand for each other, no KL is claimed, and a mark of beginning is a word of its own")
    func models() throws {
        let other = try Model(path: "\(ModelPickerTests.families)/gemma3.gguf", threads: 1)
        var state = State.desk("French: de mer", width: 120, height: 30).focused(on: .compare)
        #expect(state.update(.event(.key(.char("a")))).contains(.listModels))
        _ = try state.update(.models([ModelPickerTests.found("gemma3")], isWhole: true))
        #expect(state.update(.event(.key(.enter))).contains(.loadBeside(path: "\(ModelPickerTests.families)/gemma3.gguf")))
        let effects = state.update(.report(.beside(other)))
        let order = try #require(effects.lazy.compactMap { if case .compare(let order) = $0 { order } else { nil } }.first)
        #expect(order.beside == other.fingerprint && order.tokenizer === other.tokenizer && order.a == state.reading.ids)
        #expect(try order.b == [#require(other.tokenizer.bos)] + other.tokenizer.encode(state.editor.document.bytes))
        let (a, b) = try (Session(Tiny.model, threads: 1), Session(other, threads: 1))
        var reports: [Report] = []
        var work = ComparisonWork(order, a, beside: b, known: nil) { reports.append($0) }
        while try work.serve(at: 0, chunk: 16, cancelled: { false }) {}
        for report in reports { _ = state.update(.report(report)) }
        let found = try #require(state.compare.comparison)
        #expect(found.isDone && found.divergences.allSatisfy { $0 == nil })
        #expect(found.pairs.map(\.kind) == [.onlyB, .respelled, .respelled, .respelled, .end])
        #expect(found.b.steps.dropFirst().allSatisfy { $0 != nil } && found.b.steps.count == order.b.count)
        let logits = try Session(other, threads: 1)
        _ = try logits.sync(to: order.b)
        #expect(try found.b.steps[3]?.logprob == Distribution(logits: logits.logits(after: 2)).logprob(of: order.b[3]))
        #expect(View.frame(state).dump().contains("no KL"))
        // With one vocabulary there is a divergence.
        _ = state.update(.report(.beside(try Tiny.other())))
        #expect(state.compare.order?.tokenizer == nil && state.compare.order?.b == state.reading.ids)
    }
}
