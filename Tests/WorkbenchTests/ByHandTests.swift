import Document
import Engine
import Terminal
import Testing
import Tokenizer
import Workbench

@Suite("Sampling by hand") struct ByHandTests {
    private let text = "English: cheese\nFrench:"
    private func screen(_ state: State, _ width: Int = 64, _ height: Int = 12) -> String {
        panel(width, height) { CandidatesView.draw(state, $0, true, &$1) }.dump()
    }
    private func ids(_ state: State) -> [TokenID] { state.editor.document.tokens.map(\.id) }

    @Test("Typing leaves the tokens whose text has it, by probability, from the whole vocabulary; a space is the leading space",
          arguments: ["e", "P", " p", " ", "er", "<|im", "<C3", "⏎", "qqq"])
    func filter(typed: String) throws {
        let worker = try TinyWorker()
        var state = try worker.desk(text)
        try worker.press(&state, .char("m"))
        try worker.type(&state, typed)
        #expect(state.textOfDocument == text)
        let here = try #require(state.reading.here), listing = try #require(here.listing)
        let needle = typed.lowercased().replacing(" ", with: "␣")
        let expected = here.distribution.order().filter { TokenText.visible(Tiny.model.tokenizer.bytes($0)).lowercased().contains(needle) }
        #expect(listing.ids == expected)
        #expect(typed == "qqq" || !expected.isEmpty)
        #expect(listing.ranks == expected.map { here.distribution.rank(of: $0) })
        let mass = expected.reduce(0) { $0 + here.distribution.probability(of: $1) }
        #expect(listing.mass == mass)
        let left = expected.filter { here.trace.stage(cutting: $0) == nil }
        #expect(listing.survivors == left.count && abs(listing.after - left.reduce(0) { $0 + here.trace.probability(of: $1) }) < 1e-12)
        #expect(screen(state).contains("> \(typed)") && screen(state).contains("\(expected.count) token"))
        #expect(screen(state).contains(Number.percent(mass)))
        #expect(typed != "qqq" || screen(state).contains("no token has this text"))
    }

    @Test("Enter puts the chosen token there as a person's kept id, by one step, and goes on behind it")
    func take() throws {
        let worker = try TinyWorker()
        var state = try worker.desk(text)
        let before = ids(state)
        try worker.press(&state, .char("m"))
        try worker.type(&state, "poiv")
        try worker.press(&state, .enter)
        try worker.type(&state, " ")
        try worker.press(&state, .down)
        let second = try #require(state.reading.here?.listing?.ids[1])
        try worker.press(&state, .enter)
        #expect(ids(state) == before + [Tiny.id(" poiv"), second])
        #expect(state.editor.document.kept.map(\.id) == [Tiny.id(" poiv"), second])
        #expect(state.isByHand && state.candidates.byHand?.filter.text == "" && state.candidates.selected == 0)
        #expect(state.reading.here?.position == state.reading.ids.count)
        let node = try #require(state.editor.tree[state.editor.tree.current])
        #expect(node.author == .you && node.change.after.kept.map(\.id) == [second])
        let texts = try (0..<2).map { _ in
            try worker.press(&state, .ctrl("/"))
            return state.textOfDocument
        }
        #expect(texts == [text + " poiv", text])
        #expect(ids(state) == before)
    }

    @Test("Tab and ^G draw what a generation with the seed draws", arguments: [Key.tab, .ctrl("g")])
    func draw(key: Key) throws {
        let worker = try TinyWorker()
        var state = try worker.desk(text)
        (state.sampling.temperature, state.sampling.topK, state.sampling.presencePenalty, state.sampling.repetitionPenalty) = (1.3, 0, 0.8, 1.2)
        for seed in [UInt64?.some(11), nil] {
            state.sampling.seed = seed
            try worker.press(&state, .char("m"))
            let start = state.reading.ids
            for _ in 0..<6 { try worker.press(&state, key) }
            let drawn = Array(state.reading.ids.dropFirst(start.count))
            let used = try #require(screen(state).split(separator: "\n")[0].split(separator: " ").compactMap { UInt64($0) }.first)
            #expect(seed == nil || used == seed)
            let session = try Session(Tiny.model, threads: 1)
            _ = try session.sync(to: start)
            var generation = Generation(session, sampling: state.sampling, seed: used)
            for _ in 0..<6 { _ = try generation.next() }
            #expect(drawn == Array(generation.generated) && drawn.count == 6)
            try worker.press(&state, .escape)
            #expect(!state.isByHand && state.focusedPanel == .candidates)
        }
    }

    @Test("A drawn end of the text is told and not added; chosen it is added")
    func end() throws {
        let worker = try TinyWorker()
        var state = try worker.desk(text)
        let id = Tiny.id("<|endoftext|>")
        state.sampling.logitBias = [id: 100]
        try worker.press(&state, .char("m"), .tab)
        #expect(state.textOfDocument == text && state.notice?.text.contains("<|endoftext|> was drawn") == true)
        try worker.type(&state, "endof")
        try worker.press(&state, .enter)
        #expect(state.editor.document.kept.last.map { $0.id == id && $0.special } == true)
    }

    @Test("Any way there, Backspace goes back token by token to the very text and ids, and undo back again")
    func rewind() throws {
        let worker = try TinyWorker()
        var number: UInt64 = 7
        func random(_ range: Range<Int>) -> Int {
            number = number &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return range.lowerBound + Int(number >> 33) % range.count
        }
        for round in 0..<6 {
            var state = try worker.desk(text)
            state.sampling.seed = UInt64(round)
            try worker.press(&state, .char("m"))
            var before: [(String, [TokenID])] = []
            for _ in 0..<8 {
                before.append((state.textOfDocument, ids(state)))
                switch random(0..<3) {
                case 0: try worker.press(&state, .tab)
                case 1:
                    for _ in 0..<random(0..<9) { try worker.press(&state, .down) }
                    try worker.press(&state, .enter)
                default:
                    try worker.type(&state, [" ", "e", " p"][random(0..<3)])
                    try worker.press(&state, .enter)
                }
                #expect(ids(state).count == before.last.map { $0.1.count + 1 })
            }
            let last = (state.textOfDocument, ids(state))
            for (text, known) in before.reversed() {
                try worker.press(&state, .backspace)
                #expect(state.textOfDocument == text && ids(state) == known)
            }
            for _ in before { try worker.press(&state, .ctrl("/")) }
            #expect(state.textOfDocument == last.0 && ids(state) == last.1)
        }
    }

    @Test("Backspace takes the filter's letters first, then tokens that a person typed, down to the first")
    func rewindTyped() throws {
        let worker = try TinyWorker()
        var state = try worker.desk("French: de mer")
        try worker.press(&state, .char("m"))
        try worker.type(&state, "e")
        try worker.press(&state, .backspace)
        #expect(state.textOfDocument == "French: de mer" && state.reading.here?.listing == nil)
        try worker.press(&state, .backspace)
        #expect(state.textOfDocument == "French: de")
        for _ in 0..<9 { try worker.press(&state, .backspace) }
        #expect(state.textOfDocument == "" && state.notice?.text == "nothing stands before this place")
    }

    @Test("In the middle the document is forked there, and what followed stays in the tree")
    func middle() throws {
        let worker = try TinyWorker()
        var state = try worker.desk("French: de mer", at: 7)
        try worker.press(&state, .char("m"))
        try worker.type(&state, " la")
        try worker.press(&state, .enter)
        #expect(state.textOfDocument == "French: la" && state.editor.cursor == 10)
        try worker.press(&state, .ctrl("/"))
        #expect(state.textOfDocument == "French: de mer")
        // Before anything was put there only the token before the place goes.
        state.editor.move(to: 7)
        try worker.press(&state, .down, .backspace)
        #expect(state.textOfDocument == "French de mer")
    }

    @Test("The screen says so, keys go to the filter and not to the document, and leaving the panel ends it")
    func mode() throws {
        let worker = try TinyWorker()
        var state = try worker.desk(text, width: 120)
        try worker.press(&state, .char("m"))
        #expect(state.screenText.contains("Candidates · by hand"))
        let footer = state.screenText.split(separator: "\n").last.map(String.init) ?? ""
        #expect(footer.hasPrefix(" ⏎ take  Tab draw  Backspace rewind  ↑↓ choose  Esc leave"))
        #expect(!footer.contains("generate") && !footer.contains("panel"))
        try worker.type(&state, "q?z")
        #expect(state.candidates.byHand?.filter.text == "q?z" && state.textOfDocument == text && state.overlay == nil)
        try worker.press(&state, .enter)
        #expect(state.textOfDocument == text && state.notice?.text.contains("no token has this text") == true)
        try worker.press(&state, .ctrl("u"))
        try worker.serve(state.update(.event(.paste(Array(" mer".utf8)))), &state)
        #expect(state.reading.here?.listing?.ids.first == Tiny.id(" mer") && state.textOfDocument == text)
        try worker.press(&state, .backTab)
        #expect(state.candidates.byHand == nil && state.reading.here?.listing == nil)
    }

    @Test("From the palette it begins in its panel; with nothing to go by it says why not")
    func palette() throws {
        let worker = try TinyWorker()
        var state = try worker.desk(text, panel: nil)
        try worker.press(&state, .ctrl("p"))
        try worker.type(&state, "sample by hand")
        try worker.press(&state, .enter)
        #expect(state.isByHand && state.focusedPanel == .candidates)
        var empty = try worker.desk("")
        try worker.press(&empty, .char("m"))
        #expect(empty.candidates.byHand == nil && empty.notice?.kind == .warning)
    }

    @Test("When the context is full no token is added")
    func full() throws {
        let worker = try TinyWorker()
        var state = try worker.desk(String(repeating: " de", count: Tiny.context - 1))
        try worker.press(&state, .char("m"), .tab)
        #expect(state.reading.ids.count == Tiny.context)
        try worker.press(&state, .tab, .tab, .tab)
        #expect(state.reading.ids.count <= Tiny.context + 1)
        #expect(state.notice?.kind == .warning)
    }

    @Test("No size traps")
    func everySize() throws {
        let worker = try TinyWorker()
        var state = try worker.desk(text)
        try worker.press(&state, .char("m"))
        for typed in ["", " p", "qq"] {
            try worker.type(&state, typed)
            for (width, height) in sizes { _ = screen(state, width, height) }
        }
    }
}
