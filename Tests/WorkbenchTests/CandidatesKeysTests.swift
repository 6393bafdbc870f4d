import Document
import Engine
import Foundation
import Terminal
import Testing
import Tokenizer
import Workbench

@Suite("Candidates under the keys") struct CandidatesKeysTests {
    private func desk(_ text: String = "French: de mer", at cursor: Int? = nil) -> State {
        var state = State.desk(text)
        if let cursor { state.editor.move(to: cursor) }
        // A tiny model that has learned nothing ends its text at any time.
        for name in Tiny.specials { state.sampling.logitBias[Tiny.id(name)] = -100 }
        return state.reading(Tiny.peppermint).focused(on: .candidates)
    }
    private let last = Tiny.peppermint.count - 1

    @Test("Keys go through the whole vocabulary, and the selected row stays on the screen")
    func scrolling() {
        var state = desk()
        func press(_ keys: Key...) -> Int {
            for key in keys { state.press(keys: key) }
            return state.candidates.selected
        }
        #expect(press(.down, .char("j"), .up) == 1)
        #expect(press(.end) == last)
        let bottom = state.screenText
        #expect(bottom.contains("\(last) "))
        #expect(press(.down) == last)
        #expect(press(.home, .up) == 0)
        let keys: [Key] = [.up, .down, .pageUp, .pageDown, .home, .end]
        var number: UInt64 = 3
        func random(_ range: Range<Int>) -> Int {
            number = number &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return range.lowerBound + Int(number >> 33) % range.count
        }
        for _ in 0..<120 {
            switch random(0..<8) {
            case 0: _ = state.update(.event(.resize(width: random(40..<200), height: random(10..<60))))
            case 1: state.scrollCandidates(by: random(-9..<10))
            default: state.press(keys: keys[random(0..<keys.count)])
            }
            state = state.settled()
            let isSeen = View.frame(state).styles().contains("s"), place = "\(state.size), \(state.candidates)"
            #expect(isSeen, "\(place)")
        }
    }

    @Test("A page is a page: nothing is skipped")
    func pages() {
        var state = desk()
        var seen: Set<Int> = []
        for _ in 0..<80 {
            let frame = panel(54, 11) { CandidatesView.draw(state, $0, true, &$1) }
            for line in frame.dump().split(separator: "\n") {
                if let word = line.dropFirst().split(separator: " ").first, let rank = Int(word) { seen.insert(rank) }
            }
            state.press(keys: .pageDown)
        }
        #expect(seen.count >= Tiny.peppermint.count)
    }

    @Test("A click chooses the row under it, the wheel moves the rows")
    func mouse() throws {
        var state = desk()
        let rect = try #require(Layout(state).rect(of: .candidates))
        func click(_ row: Int) -> Int {
            _ = state.update(.event(.mouse(Mouse(.press, x: rect.x + 5, y: rect.y + 1 + row))))
            return state.candidates.selected
        }
        func wheel(_ kind: Mouse.Kind, _ times: Int = 1) -> [Int] {
            for _ in 0..<times { _ = state.update(.event(.mouse(Mouse(kind, x: rect.x + 5, y: rect.y + 3)))) }
            return [state.candidates.top, state.candidates.selected]
        }
        #expect(click(3) == 2)
        #expect(click(0) == 2)
        #expect(click(rect.interior.height - 1) == 2)
        #expect(wheel(.wheelDown) == [3, 3])
        #expect(wheel(.wheelDown, 200).last == last - 6)
        let bottom = state.screenText
        #expect(bottom.contains("\(last) "))
        #expect(wheel(.wheelUp, 200).first == 0)
    }

    /// The ids a generation was ordered for; nil if none was.
    private func ordered(_ effects: [Effect]) -> [TokenID]? {
        effects.compactMap { if case .generate(let order) = $0 { order.ids } else { nil } }.last
    }
    private func undone(_ state: State, times: Int = 1) -> String {
        var state = state
        if let run = state.run { _ = state.update(.report(.stopped(run: run.number))) }
        state.focus = .document
        for _ in 0..<times { state.press(keys: .ctrl("/")) }
        return state.textOfDocument
    }

    @Test("Enter at the end puts the token there and goes on, and one undo takes both back")
    func forkAtTheEnd() throws {
        var state = desk()
        let effects = state.press(keys: .down, .enter), forked = state.textOfDocument, ids = state.reading.ids
        #expect(forked == "French: de mer pe")
        #expect(ordered(effects) == ids)
        #expect(ids.last == Tiny.id(" pe"))
        try state.stream(4)
        let streamed = state.textOfDocument, count = state.run?.tokens
        #expect(count == 4 && streamed.hasPrefix(forked) && streamed != forked)
        #expect(undone(state) == "French: de mer")
    }

    @Test("The top line tells tokens a second, and tokens a pass where they are more than one, while it streams and after")
    func pace() throws {
        var state = desk()
        state.press(keys: .enter)
        func line() -> String { state.screenText.components(separatedBy: "\n")[0] }
        try state.stream(1, perPass: 1.04)
        #expect(line().hasSuffix("   100 tok/s"))
        try state.stream(1, perPass: 1.62)
        #expect(line().hasSuffix("   100 tok/s ×1.6"))
        if let run = state.run { _ = state.update(.report(.ended(run: run.number, .length))) }
        #expect(line().contains("   100 tok/s ×1.6"))
    }

    @Test("Enter in the middle drops what followed; undo brings it back")
    func forkInTheMiddle() {
        var state = desk(at: 7)
        let token = state.here.token
        #expect(token != nil)
        let effects = state.press(keys: .enter), forked = state.textOfDocument
        #expect(forked == "French: men")
        #expect(ordered(effects)?.last == Tiny.id(" men"))
        #expect(undone(state) == "French: de mer")
    }

    @Test("a takes the token and does not go on")
    func take() {
        var state = desk(at: 7)
        let effects = state.press(keys: .down, .down, .char("a"))
        let text = state.textOfDocument, kept = state.editor.document.kept.map(\.id), isRunning = state.run != nil
        #expect(text == "French: m")
        #expect(!isRunning && ordered(effects) == nil)
        #expect(kept == [Tiny.id(" m")])
        #expect(undone(state) == "French: de mer")
    }

    @Test("A special token goes in as a chip")
    func special() {
        var state = desk()
        for _ in 0..<7 { state.press(keys: .down) }
        state.press(keys: .char("a"))
        let kept = state.editor.document.kept.last, text = state.textOfDocument
        #expect(kept?.special == true)
        #expect(text.hasSuffix("<|im_end|>"))
    }

    @Test("A running stream ends first; what it wrote up to the fork stays, and undo has it all")
    func forkWhileStreaming() throws {
        var state = desk()
        state.press(keys: .ctrl("g"))
        try state.stream(5)
        let streamed = state.textOfDocument, before = state.editor.document.tokens.dropLast().map(\.id), count = state.run?.tokens
        #expect(count == 5)
        let position = state.reading.here?.position, chosen = state.reading.here?.ranked[1], total = state.reading.ids.count
        #expect(position == total - 1)
        let effects = state.press(keys: .down, .enter)
        #expect(effects.first == .stopGeneration)
        #expect(ordered(effects) == before + [chosen].compactMap { $0 })
        #expect(undone(state) == streamed)
        #expect(undone(state, times: 2) == "French: de mer")
    }

    @Test("What is shown of a stream is what it drew: the trace chooses the actual token")
    func tracedStream() throws {
        var state = desk()
        (state.sampling.topK, state.sampling.topP, state.sampling.minP, state.sampling.temperature) = (0, 1, 0, 1.5)
        state.press(keys: .ctrl("g"))
        for _ in 0..<8 {
            try state.stream(1)
            let chosen = state.reading.here?.trace.chosen, actual = state.actualToken, isKnown = state.isDrawKnown, isStale = state.isReadingStale
            #expect(isKnown && !isStale)
            #expect(chosen != nil && chosen == actual)
            let sampler = panel(60, 14) { SamplerView.draw(state, $0, true, &$1) }.dump()
            #expect(sampler.contains(TokenText.name(try #require(actual), state.tokenizer)))
        }
    }

    @Test("b biases a token, which changes what is shown at once; nothing or 0 takes it back")
    func bias() throws {
        var state = State.desk().reading(Tiny.peppermint).focused(on: .candidates)
        let men = Tiny.id(" men"), before = try #require(state.reading.here).trace
        func type(_ text: String) throws -> Trace {
            state.press(keys: .char("b"), .ctrl("u"))
            if case .input(let input) = state.overlay { #expect(input.purpose == .bias(men) && input.label.contains("␣men")) }
            for scalar in text.unicodeScalars { state.press(keys: .char(scalar)) }
            state.press(keys: .enter)
            return try #require(state.reading.here).trace
        }
        func bias() -> [TokenID: Float] { state.sampling.logitBias }
        #expect(try type(" -100 ").probability(of: men) < 1e-12)
        #expect(bias() == [men: -100])
        #expect(try type("5").probability(of: men) > before.probability(of: men))
        for wrong in ["x", "nan", "101", "-inf"] {
            _ = try type(wrong)
            let notice = state.notice
            #expect(bias() == [men: 5], "\(wrong)")
            #expect(notice?.kind == .warning && notice?.text.contains("-100 to 100") == true)
        }
        #expect(try type("0") == before)
        #expect(bias().isEmpty)
        _ = try type("3")
        #expect(try type("") == before)
    }

    @Test("/ asks for any text: its tokens, joint logprob and first rank; Enter chooses the first token")
    func find() throws {
        var state = desk()
        var wished: [TokenID] = []
        for key in "/ poiv mer".unicodeScalars {
            for case .wish(let wish) in state.press(keys: .char(key)) { wished = wish.sought }
        }
        let ids = [Tiny.id(" poiv"), Tiny.id(" mer")]
        #expect(wished == ids)
        func screen(_ width: Int) -> String { panel(width, 12) { CandidatesView.draw(state, $0, true, &$1) }.dump() }
        #expect(screen(54).contains("␣poiv ␣mer: 2 tokens, first rank 6, joint …"))
        _ = state.update(.report(.sought(version: state.reading.version, position: state.here.position, ids: ids, logprob: -3.21, rank: 6)))
        #expect(screen(96).contains("␣poiv ␣mer: joint -3.21 nats (4.0 %), 2 tokens, first rank 6"))
        #expect(screen(54).contains("␣poiv ␣mer: joint -3.21 nats (4.0 %), rank 6"))
        #expect(screen(40).contains("␣poiv ␣mer: -3.21 nats (4.0 %), rank 6"))
        state.press(keys: .enter)
        let selected = state.candidates.selected, isOpen = state.overlay != nil
        #expect(selected == 6 && !isOpen)
        #expect(screen(54).contains("joint -3.21 nats"))
        // An answer to another text is not this one's.
        state.press(keys: .char("/"), .backspace)
        #expect(!screen(54).contains("-3.21"))
        state.press(keys: .escape)
        #expect(!screen(54).contains("joint"))
        let sought = state.sought
        #expect(sought.isEmpty)
    }

    @Test("Without numbers the keys do nothing but say why")
    func nothing() {
        var state = State.desk("").focused(on: .candidates)
        for key in [Key.enter, .char("a"), .char("b"), .char("/"), .down, .end] {
            let effects = state.press(keys: key), isOpen = state.overlay != nil, count = state.editor.document.count, kind = state.notice?.kind
            #expect(effects.isEmpty && !isOpen && count == 0 && kind == .warning)
        }
        state.scrollCandidates(by: 3)
        state.clickCandidates(y: 3, in: Rect(width: 40, height: 10))
        let selected = state.candidates.selected
        #expect(selected == 0)
    }
}

extension State {
    /// Draws tokens as the worker would and reports each with its logits.
    mutating func stream(_ count: Int, perPass: Double = 1) throws {
        guard let run else { return }
        let session = try Session(Tiny.model, threads: 1)
        let isHeld = try session.sync(to: Array(reading.ids.prefix(run.promptCount)))
        #expect(isHeld)
        var generation = Generation(session, sampling: run.sampling, seed: run.seed)
        for _ in 0..<run.tokens { _ = try generation.next() }
        for _ in 0..<count {
            let (tokens, _) = try generation.next()
            _ = update(.report(.generated(run: run.number, tokens, logits: generation.logits, rate: 100, perPass: perPass)))
        }
    }
}
