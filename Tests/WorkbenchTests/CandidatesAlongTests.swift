import Document
import Engine
import Terminal
import Testing
import Tokenizer
import Workbench

@Suite("One token along the document") struct CandidatesAlongTests {
    private let text = "English: peppermint\nFrench: de mer\nEnglish: cheese"
    private func screen(_ state: State, _ width: Int = 64, _ height: Int = 9) -> String {
        panel(width, height) { CandidatesView.draw(state, $0, true, &$1) }.dump()
    }
    private func place(_ state: State) -> Int { state.here.position }

    @Test("The curve is the distribution's number at every place, to the bit")
    func bits() throws {
        let worker = try TinyWorker()
        var state = try worker.desk(text)
        try worker.press(&state, .down, .down, .char("w"))
        let id = try #require(state.candidates.along).id, values = state.alongValues
        #expect(id == state.reading.here?.ranked[2])
        #expect(values.count == state.reading.ids.count)
        for (index, value) in values.enumerated() {
            let distribution = Distribution(logits: try worker.session.logits(after: index))
            #expect(Float(value).bitPattern == distribution.logprob(of: id).bitPattern)
            #expect(exponential(value).bitPattern == distribution.probability(of: id).bitPattern)
        }
    }

    @Test("Arrows take the document's cursor along and the exact number is told; Enter stays, Esc goes back", arguments: [Key.enter, .escape, .char("w")])
    func moving(leave: Key) throws {
        let worker = try TinyWorker()
        var state = try worker.desk(text)
        try worker.press(&state, .char("w"))
        let id = try #require(state.candidates.along).id, end = state.editor.cursor, last = place(state)
        func told() -> Bool {
            let value = state.alongValues[place(state) - 1]
            return screen(state, 96).contains("after \(place(state)) tokens: \(Number.percent(exponential(value)))  \(Number.fixed(value, 3)) nats  rank "
                + "\(state.reading.here?.distribution.rank(of: id) ?? -1)")
        }
        #expect(told())
        for step in 1...last - 1 {
            try worker.press(&state, .left)
            #expect(place(state) == last - step && told())
            #expect(state.editor.document.tokens[place(state)].range.lowerBound == state.editor.cursor)
        }
        try worker.press(&state, .left)
        #expect(place(state) == 1)
        try worker.press(&state, .pageDown, .right)
        #expect(place(state) == 18)
        try worker.press(&state, .end)
        #expect(place(state) == last)
        try worker.press(&state, .home, .right, .right)
        let here = state.editor.cursor
        try worker.press(&state, leave)
        #expect(state.candidates.along == nil && state.focusedPanel == .candidates)
        #expect(state.editor.cursor == (leave == .enter ? here : end) && here != end)
    }

    @Test("Every place of a text whose characters are several tokens can be gone over")
    func characters() throws {
        let worker = try TinyWorker()
        var state = try worker.desk("é 👩‍👩‍👧 de ß mer")
        try worker.press(&state, .char("w"), .home)
        var places: [Int] = []
        for _ in 0..<60 {
            places.append(place(state))
            try worker.press(&state, .right)
        }
        #expect(places == places.sorted() && places.last == state.reading.ids.count)
        for _ in 0..<60 { try worker.press(&state, .left) }
        #expect(state.editor.cursor <= "é".utf8.count)
    }

    @Test("An edit keeps what stands before it, and only the rest is asked for; another token is asked for whole")
    func edits() throws {
        let worker = try TinyWorker()
        var state = try worker.desk(text)
        try worker.press(&state, .char("w"))
        let before = state.alongValues
        state.editor.move(.documentEnd)
        state.editor.insert(" fromage")
        try worker.press(&state, .char("l"))
        let asked = try #require(worker.wishes.last?.curve)
        #expect(asked.known >= before.count - 1 && asked.known < state.reading.ids.count)
        #expect(state.alongValues.prefix(asked.known) == before.prefix(asked.known) && state.alongValues.count == state.reading.ids.count)
        let wishes = worker.wishes.count
        try worker.press(&state, .char("l"))
        #expect(worker.wishes.count == wishes, "a scale is no matter of the model")
        try worker.press(&state, .enter, .down, .char("w"))
        #expect(worker.wishes.last?.curve?.known == 0 && state.alongValues.count == state.reading.ids.count)
    }

    @Test("It follows a stream after its end")
    func stream() throws {
        let worker = try TinyWorker()
        var state = try worker.desk("French: de mer")
        try worker.press(&state, .char("w"))
        let before = state.alongValues, effects = state.press(keys: .ctrl("g"))
        #expect(effects.contains { if case .generate = $0 { true } else { false } })
        try state.stream(5)
        #expect(state.alongValues == before && screen(state).contains("\(before.count)/\(state.reading.ids.count)"))
        let run = try #require(state.run)
        try worker.serve(state.update(.report(.ended(run: run.number, .length))), &state)
        #expect(state.alongValues.count == before.count + 5 && Array(state.alongValues.prefix(before.count)) == before)
        #expect(worker.wishes.last?.curve?.known == before.count)
    }

    @Test("The curve at 46 x 8, linear and logarithmic")
    func drawn() throws {
        var state = State.desk("French: de mer", width: 120).reading(Tiny.peppermint).focused(on: .candidates)
        state.press(keys: .char("w"))
        let count = state.reading.ids.count
        let shares = (0..<count).map { [0.5, 0.25, 0.125, 0.01][$0 % 4] }
        _ = state.update(.report(.curve(version: state.reading.version, id: Tiny.id(" men"), from: 0, shares.dropLast().map(logarithm))))
        #expect("\n" + screen(state, 46, 8) + "\n" == """

            ┌─ ␣men along the document ──── 3/4  linear ─┐
            │not computed yet                            │
            │ 50.0 % ███                                 │
            │        ███                                 │
            │        ██████                              │
            │    0 % █████████                           │
            │        ─────────·▲·                        │
            └─ ←→ token  l log  ⏎ stay here  Esc back ───┘

            """)
        state.press(keys: .left, .char("l"))
        #expect("\n" + screen(state, 46, 8) + "\n" == """

            ┌─ ␣men along the document ─────── 3/4  log ─┐
            │␣men after 3: 12.5 %  -2.079 nats           │
            │ 0 nats ▁▁▁                                 │
            │        ███▁▁▁                              │
            │        ██████▂▂▂                           │
            │     -3 █████████                           │
            │        ───────▲─···                        │
            └─ ←→ token  l log  ⏎ stay here  Esc back ───┘

            """)
    }

    @Test("A column knows its places and a place its column, however many share it")
    func plan() {
        for width in [1, 7, 29, 30, 64] {
            for count in [1, 5, 21, 22, 23, 500, 8192] {
                let plan = AlongPlan(Rect(x: 3, y: 2, width: width, height: 8), count: count)
                for place in 1...count {
                    let x = plan.column(of: place)
                    #expect(plan.curve.contains(x: x, y: plan.curve.y))
                    #expect(plan.place(atX: x + plan.width - 1) == plan.place(atX: x) && plan.place(atX: x).map { $0 <= place && place < $0 + plan.places } == true)
                }
                #expect(plan.width == 1 || plan.places == 1 && count * plan.width <= plan.curve.width)
                #expect(plan.places == 1 || plan.places * plan.curve.width < count + plan.curve.width)
            }
        }
    }

    @Test("A click goes to the place under it, the wheel moves along")
    func mouse() throws {
        let worker = try TinyWorker()
        var state = try worker.desk(text)
        try worker.press(&state, .char("w"))
        let rect = try #require(Layout(state).rect(of: .candidates)), plan = AlongPlan(rect.interior, count: state.reading.ids.count)
        for place in [5, 1, 17] {
            try worker.serve(state.update(.event(.mouse(Mouse(.press, x: plan.column(of: place), y: plan.curve.y)))), &state)
            #expect(self.place(state) == place)
        }
        try worker.serve(state.update(.event(.mouse(Mouse(.wheelDown, x: rect.x + 5, y: rect.y + 3)))), &state)
        #expect(place(state) == 20)
    }

    @Test("No size traps, before anything is known and after")
    func everySize() throws {
        let worker = try TinyWorker()
        var state = try worker.desk(text)
        let wish = state.press(keys: .char("w"))
        for (width, height) in sizes { _ = screen(state, width, height) }
        try worker.serve(wish, &state)
        for key in [Key.home, .char("l"), .end] {
            try worker.press(&state, key)
            for (width, height) in sizes { #expect(!screen(state, width, height).contains("nan")) }
        }
        state.editor.move(to: 0)
        try worker.press(&state, .char("l"))
        #expect(screen(state).contains("nothing stands before this place"))
    }

    @Test("The worker serves it in parts, the same bits, and what is chosen next is asked for anew", .enabled(if: Player.hasModel))
    func served() throws {
        let player = Player(width: 120, height: 30)
        defer { player.stop() }
        player.take(.event(.paste(Array("The capital of France is Paris. The capital of Germany is Berlin. The capital of Italy is".utf8))))
        player.settle()
        player.press(.tab, .down, .char("w"))
        let state = player.state, model = try #require(state.readyModel), session = try Session(model, threads: 1)
        _ = try session.sync(to: state.reading.ids)
        let id = try #require(state.candidates.along).id
        #expect(state.alongValues == (try session.logprobs(of: id, after: 0..<state.reading.ids.count)))
        for position in [0, 7, state.reading.ids.count - 1] {
            #expect(Float(state.alongValues[position]) == Distribution(logits: try session.logits(after: position)).logprob(of: id))
        }
    }
}
