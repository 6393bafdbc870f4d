import Document
import Engine
import Terminal
import Testing
import Workbench

@Suite("Streams side by side") struct StreamsTests {
    static let settings = "temperature: 3\ntop_k: 0\ntop_p: 1\nmin_p: 0\nmax_tokens: 12\nseed: 40\n"

    /// A desk with a worker of the tiny model and a prompt of settings that make the streams differ.
    private func player(_ settings: String = settings, text: String = "English: cheese") throws -> Player {
        let player = try Tiny.file { Player(width: 120, height: 30, model: $0) }
        player.take(.opened(path: "p.md", bytes: Array("---\n\(settings)---\n\(text)\n".utf8)))
        player.settle()
        return player
    }

    /// What a generation alone draws by a seed, as `generate` does.
    private func alone(_ ids: [Int32], _ sampling: Sampling, seed: UInt64) throws -> [Generation.Token] {
        let session = try Session(Tiny.model, threads: 1)
        _ = try session.sync(to: ids)
        var generation = Generation(session, sampling: sampling, seed: seed, speculates: false), tokens: [Generation.Token] = []
        while true {
            let (new, end) = try generation.next()
            tokens += new
            if end != nil { return tokens }
        }
    }

    @Test("each is what a generation alone draws by its seed, with its numbers") func twins() throws {
        let player = try player()
        defer { player.stop() }
        player.press(.ctrl("n"), .char("+"))
        let streams = try #require(player.state.streams)
        #expect(streams.streams.map(\.seed) == [40, 41, 42, 43, 44])
        for stream in streams.streams {
            let tokens = try alone(player.state.reading.ids, player.state.sampling, seed: stream.seed)
            #expect(stream.tokens == tokens && stream.end != nil && !tokens.isEmpty)
            #expect(stream.bytes == tokens.flatMap(\.bytes) && stream.ends.last == stream.bytes.count)
            #expect(abs(stream.logprob - tokens.reduce(0) { $0 + Double($1.step.logprob) }) < 1e-9)
        }
        #expect(Set(streams.streams.map(\.bytes)).count > 2)
    }

    @Test("the one that is taken is the document that a generation of its seed makes, in one step of undo",
          arguments: [settings, settings + "stop: [\"o\", \"e\"]\n", settings + "logit_bias: {288: 12}\n"])
    func taken(settings: String) throws {
        for seed in 40..<43 {
            let one = try player(settings.replacing("seed: 40", with: "seed: \(seed)")), several = try player(settings)
            defer { (one.stop(), several.stop()) }
            one.press(.ctrl("g"))
            several.press(.ctrl("n"))
            for _ in 40..<seed { several.press(.right) }
            several.press(.enter)
            #expect(several.state.streams == nil)
            #expect(several.state.editor.document.bytes == one.state.editor.document.bytes)
            #expect(several.state.editor.document.kept == one.state.editor.document.kept)
            #expect(several.state.editor.cursor == one.state.editor.cursor)
            #expect(several.state.lastRun?.end == one.state.lastRun?.end && several.state.lastRun?.range == one.state.lastRun?.range)
            // The steps came with the tokens; a text that is measured again says the same.
            #expect(several.state.reading.steps == one.state.reading.steps)
            several.press(.ctrl("/"))
            #expect(several.state.textOfDocument == "English: cheese")
            several.press(.ctrl("y"))
            #expect(several.state.editor.document.kept == one.state.editor.document.kept)
        }
    }

    @Test("whatever is chosen, all are nodes where they began: beside the taken one, or in the trash") func kept() throws {
        for (key, trashed) in [(Key.enter, [true, false, true, true]), (.char("k"), [false, false, false, false]), (.escape, [true, true, true, true])] {
            let player = try player()
            defer { player.stop() }
            let start = player.state.editor.tree.current
            player.press(.ctrl("n"), .right)
            let streams = try #require(player.state.streams).streams
            player.press(key)
            let tree = player.state.editor.tree
            let nodes = try #require(tree.children[start]).compactMap { tree[$0] }
            #expect(nodes.map(\.isTrashed) == trashed, "\(key)")
            #expect(tree.current == (key == .escape ? start : nodes[1].id))
            for (node, stream) in zip(nodes, streams) {
                #expect(node.author == .model && node.kind == .generation && node.run?.seed == stream.seed && node.run?.end == "max tokens")
                #expect(player.state.editor.document(at: node.id).bytes == Array("English: cheese".utf8) + stream.bytes)
                #expect(node.logprobs == stream.tokens.map(\.step.logprob))
            }
        }
    }

    @Test("they are on their way to the store as soon as they have ended, before anything is chosen") func storedAtOnce() throws {
        let player = try player()
        defer { player.stop() }
        let start = player.state.editor.tree.current
        player.press(.ctrl("n"))
        let tree = player.state.editor.tree
        #expect(player.state.streams != nil && tree.current == start && tree.children[start]?.count == 4 && player.state.hasUnkept)
        var state = player.state
        guard case .keep(let batch, _)? = state.update(.keep).first else { Issue.record("nothing is kept"); return }
        #expect(batch.runs.map(\.seed) == [40, 41, 42, 43] && batch.runs.map(\.node) == tree.children[start])
        #expect(batch.runs.map(\.text) == player.state.streams?.streams.map(\.bytes))
        #expect(Set(batch.nodes.map(\.id)).isSuperset(of: tree.children[start] ?? []))
    }

    @Test("in a conversation the taken answer is opened and closed as a generation's is", .enabled(if: Player.hasModel)) func chat() {
        let text = "---\nmode: chat\ntemperature: 0\nmax_tokens: 40\n---\n@user\nSay hi.\n"
        var documents: [Editor] = []
        for keys in [[Key.ctrl("g")], [.ctrl("n"), .enter], [.ctrl("n"), .escape]] {
            let player = Player(width: 120, height: 30)
            defer { player.stop() }
            player.take(.opened(path: "p.md", bytes: Array(text.utf8)))
            player.settle()
            documents.append(player.state.editor)
            for key in keys { player.press(key) }
            documents.append(player.state.editor)
        }
        #expect(documents[1].document.bytes == documents[3].document.bytes && documents[1].document.kept == documents[3].document.kept)
        #expect(documents[1].cursor == documents[3].cursor && documents[1].document.count > documents[0].document.count)
        #expect(documents[5].document.bytes == documents[0].document.bytes && documents[5].cursor == documents[0].cursor)
    }

    // MARK: Without a worker

    /// Tokens of a text, each as if drawn with the same numbers.
    private func tokens(_ text: String, logprob: Float = -1) -> [Generation.Token] {
        Tiny.model.tokenizer.encode(Array(text.utf8)).map {
            Generation.Token(step: Step(id: $0, logprob: logprob, rank: 1, entropy: 2), bytes: Tiny.model.tokenizer.bytes($0), isCut: false)
        }
    }

    private func news(_ stream: Int, _ text: String, _ end: TextEnd? = nil) -> StreamNews {
        var news = StreamNews(stream: stream)
        (news.tokens, news.end) = (tokens(text), end)
        return news
    }

    @Test("Esc stops all at once, and again goes back; what arrives afterwards is not taken") func stopped() throws {
        var state = State.desk(width: 120, height: 30)
        let effects = state.press(keys: .ctrl("n"))
        guard case .generate(let order)? = effects.last else { Issue.record("no order"); return }
        #expect(order.streams == 4 && order.ids == state.reading.ids)
        _ = state.update(.report(.streams(run: order.run, [news(0, " otter"), news(2, " men")], seconds: 0.5)))
        #expect(state.press(keys: .escape).first == .stopGeneration)
        _ = state.update(.report(.streams(run: order.run, [news(0, " la")], seconds: 1)))
        _ = state.update(.report(.stopped(run: order.run)))
        #expect(state.streams?.streams.map { String(decoding: $0.bytes, as: UTF8.self) } == [" otter", "", " men", ""])
        #expect(state.streams?.streams.allSatisfy { $0.end == .stopped } == true && state.streams?.streams[0].rate == 2)
        let text = state.textOfDocument
        state.press(keys: .escape)
        #expect(state.streams == nil && state.textOfDocument == text)
        #expect(state.editor.tree.children[state.editor.tree.current]?.count == 2, "the empty ones are no nodes")
    }

    @Test("a failure and a stop from the worker end them, and what they have stays") func failed() {
        for (report, end): (Report, StreamsState.StreamEnd) in [(.failed(run: 1, "no memory"), .failed), (.stopped(run: 1), .stopped)] {
            var state = State.desk()
            state.press(keys: .ctrl("n"))
            _ = state.update(.report(.streams(run: 1, [news(1, " otter", .eos)], seconds: 1)))
            _ = state.update(.report(report))
            #expect(state.streams?.streams.map(\.end) == [end, .drawn(.eos), end, end] && state.streams?.isRunning == false)
            #expect(state.streams?.streams[1].bytes == Array(" otter".utf8))
        }
    }

    @Test("+ and - begin again with the same seeds, from 1 to 16, and the number is remembered") func count() {
        var state = State.desk(width: 120, height: 30)
        state.sampling.seed = 9
        state.press(keys: .ctrl("n"))
        for _ in 0..<20 { state.press(keys: .char("+")) }
        #expect(state.streams?.streams.map(\.seed) == (9..<25).map { UInt64($0) })
        #expect(state.notice?.text == "16 streams at once are the most")
        _ = state.update(.report(.streams(run: 13, [news(15, " otter")], seconds: 1)))
        for _ in 0..<20 { state.press(keys: .char("-")) }
        #expect(state.streams?.streams.map(\.seed) == [9] && state.streams?.chosen == 0)
        #expect(state.notice?.text == "one stream is the least")
        let tree = state.editor.tree
        #expect(tree.children[tree.current]?.compactMap { tree[$0]?.run?.seed } == [24], "what does not begin again is kept")
        state.press(keys: .char("+"), .escape, .escape)
        #expect(state.streams == nil)
        let effects = state.press(keys: .ctrl("n"))
        guard case .generate(let order)? = effects.last else { Issue.record("no order"); return }
        #expect(order.streams == 2)
    }

    @Test("nothing changes the document behind them") func behind() {
        var state = State.desk(width: 120, height: 30)
        state.press(keys: .ctrl("n"))
        let before = state.editor.document.bytes
        for row in Command.table where row.context == .everywhere && ![.stop, .streams, .quit, .palette, .help, .save, .saveAs, .breakpoints].contains(row.command) {
            for key in row.keys { state.press(keys: key) }
            #expect(state.streams != nil && state.editor.document.bytes == before && state.focus == .document, "\(row.command)")
        }
        state.press(keys: .char("x"), .backspace, .delete, .tab, .ctrl("g"))
        #expect(state.notice?.text.contains("Esc leaves them") == true && state.run == nil)
        _ = state.update(.event(.paste(Array("pasted".utf8))))
        _ = state.update(.event(.mouse(Mouse(.press, x: 30, y: 5))))
        #expect(state.editor.document.bytes == before && state.streams != nil)
    }

    @Test("a click chooses a stream, the wheel turns the page") func mouse() {
        var state = State.desk(width: 80, height: 24)
        state.streamCount = 16
        state.press(keys: .ctrl("n"))
        _ = state.update(.event(.mouse(Mouse(.press, x: 78, y: 3))))
        #expect(state.streams?.chosen == 2)
        _ = state.update(.event(.mouse(Mouse(.wheelDown, x: 5, y: 5))))
        #expect(state.streams?.chosen == 11)
        #expect(View.frame(state).dump().contains("page 2/2"))
        _ = state.update(.event(.mouse(Mouse(.wheelUp, x: 5, y: 5))))
        #expect(state.streams?.chosen == 2)
    }

    // MARK: Drawing

    @Test("every stream has a box of its own on one page, at any size") func grid() {
        for count in 1...16 {
            for (width, height) in [(1, 1), (40, 8), (60, 17), (80, 21), (120, 27), (200, 57), (500, 197)] {
                let area = Rect(x: 0, y: 1, width: width, height: height), grid = StreamsGrid(count: count, in: area)
                var pages: [Range<Int>: Int] = [:]
                for index in 0..<count {
                    let page = grid.shown(with: index), rect = grid.rect(of: index)
                    #expect(page.contains(index) && rect.intersection(area) == rect)
                    pages[page, default: 0] += 1
                    for other in page where other != index { #expect(rect.intersection(grid.rect(of: other)).isEmpty) }
                }
                #expect(pages.count == grid.pages && pages.allSatisfy { $0.key.count == $0.value })
                if width >= 26, height >= 6 { #expect((0..<count).allSatisfy { grid.rect(of: $0).width >= 26 && grid.rect(of: $0).height >= 6 }) }
            }
        }
        #expect(StreamsGrid(count: 4, in: Rect(width: 120, height: 27)).columns == 4)
        #expect(StreamsGrid(count: 8, in: Rect(width: 120, height: 27)).pages == 1)
    }

    @Test("tokens that come one by one are drawn as the whole text is") func piecewise() {
        var dice = Dice(5)
        for _ in 0..<40 {
            let text = String(decoding: dice.bytes(200).map { [0x20, 0x0A, 0x61, 0x62, 0x63, 0xC3, 0xA9][Int($0) % 7] }, as: UTF8.self)
            let parts = tokens(text)
            var whole = State.desk(width: 60, height: 24), grown = whole
            for state in 0..<2 {
                if state == 0 { whole.press(keys: .ctrl("n")) } else { grown.press(keys: .ctrl("n")) }
            }
            var all = StreamNews(stream: 1)
            all.tokens = parts
            _ = whole.update(.report(.streams(run: 1, [all], seconds: 1)))
            for part in parts {
                all.tokens = [part]
                _ = grown.update(.report(.streams(run: 1, [all], seconds: 1)))
            }
            #expect(View.frame(grown).dump() == View.frame(whole).dump())
        }
    }

    @Test("the boxes tell seed, text, logprob, speed and end; the newest lines are in sight") func screen() {
        var state = State.desk(width: 80, height: 16)
        state.sampling.seed = 42
        state.streamCount = 3
        state.press(keys: .ctrl("n"))
        let long = (1...12).map { " otter \($0)\n" }.joined()
        _ = state.update(.report(.streams(run: 1, [news(0, " was a cheese"), news(1, long, .length)], seconds: 2)))
        state.press(keys: .right)
        #expect(shown(state) == """

             tiny F32  new ●                                               20/64   29 tok/s
            ┌─ seed 42 ──────────────┐┌─ seed 43 ── max tokens ─┐┌─ seed 44 ───────────────┐
            │ was a cheese           ││ otter 3                 ││                         │
            │                        ││ otter 4                 ││                         │
            │                        ││ otter 5                 ││                         │
            │                        ││ otter 6                 ││                         │
            │                        ││ otter 7                 ││                         │
            │                        ││ otter 8                 ││                         │
            │                        ││ otter 9                 ││                         │
            │                        ││ otter 10                ││                         │
            │                        ││ otter 11                ││                         │
            │                        ││ otter 12                ││                         │
            │                        ││                         ││                         │
            └─ -7.0 nats  4 tok/s ───┘└─ -51.0 nats  26 tok/s ──┘└─────────────────────────┘
             temp .7 top-k 40 typical 1 top-p .95 min-p .05 rep 1 pres 0 seed 42 max 128
             ←→ choose  ⏎ pick  k keep all  + more  - fewer  PgDn page  Esc stop

            """)
    }

    private func shown(_ state: State) -> String { "\n" + View.frame(state).dump() + "\n" }
}
