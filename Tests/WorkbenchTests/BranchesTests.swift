import Document
import Engine
import Foundation
import Terminal
import Testing
import Tokenizer
import Workbench

@Suite("The branches panel") struct BranchesTests {
    /// What a model went on with, one id a byte, each of this logprob.
    private static func stream(_ text: String, seed: UInt64, logprob: Float = -0.5, end: String = "max tokens") -> Continuation {
        Continuation(tokens: text.utf8.map { .init(id: TokenID($0), bytes: [$0], special: false, isCut: false, logprob: logprob) },
                     run: Node.Run(settings: "{}", seed: seed, model: "m", end: end))
    }

    /// A desk without a model, so that no number comes but those given.
    private static func desk(_ text: String = "Translate English to French.\n", width: Int = 120, height: Int = 30) -> State {
        var state = State(width: width, height: height)
        state.editor = Editor(Document(text: Array(text.utf8)))
        state.editor.move(.documentEnd)
        return state.focused(on: .branches)
    }

    private static func change(_ state: inout State, _ edit: (inout Editor) -> Void) {
        edit(&state.editor)
        state = state.settled()
    }

    /// Two prompts typed one after the other, three continuations, the second of which one is in.
    private static func tree(width: Int = 120, height: Int = 30) -> State {
        var state = desk(width: width, height: height)
        change(&state) { editor in
            for letter in "cheese is fromage" { editor.insert(String(letter)) }
            editor.keep([stream(" menthe", seed: 42), stream(" pepper", seed: 43, end: "failed"), stream(" la menthe", seed: 44)],
                        at: editor.document.count, chosen: 1, trashing: false)
            editor.fork(at: editor.document.count - 3, id: 0x58, bytes: [0x58], special: false)
        }
        return state
    }

    private func screen(_ state: State, _ width: Int, _ height: Int, focused: Bool = true) -> Frame {
        panel(width, height) { BranchesView.draw(state, $0, focused, &$1) }
    }

    @Test("At 72 x 12 who wrote what, with which seed, how likely, and where one is")
    func wide() {
        #expect(shown(screen(Self.tree(), 72, 12)) == """

            ┌─ Branches ───────────────────────────────────────────────── 9 nodes ─┐
            │◦ Translate English to French.⏎                     you               │
            │◦ cheese is fromage                                 you               │
            │├─◦ ␣menthe                               -3.5 nats model seed 42     │
            │├─◦ ␣pep                                  -2.0 nats model ⚠ failed    │
            ││ ├─◦ per                                 -1.5 nats model ⚠ failed    │
            ││ └─● X  forked at X                                you               │
            │└─◦ ␣la menthe                            -5.0 nats model seed 44     │
            │                                                                      │
            │                                                                      │
            │                                                                      │
            └─ ↑↓ row  ←→ out, in  ⏎ go  l label  m mark  c compare  n streams ────┘

            """)
    }

    @Test("At 38 x 9 the figures go before the text does")
    func narrow() {
        #expect(shown(screen(Self.tree(), 38, 9)) == """

            ┌─ Branches ─────────────── 9 nodes ─┐
            │◦ Translate English …         you   │
            │◦ cheese is fromage           you   │
            │├─◦ ␣menthe              -3.5 model │
            │├─◦ ␣pep                 -2.0 model⚠│
            ││ ├─◦ per                -1.5 model⚠│
            ││ └─● X  forked at X          you   │
            │└─◦ ␣la menthe           -5.0 model │
            └─ ↑↓ row  ←→ out, in  ⏎ go ─────────┘

            """)
    }

    @Test("What is folded away is counted, and that one stands in it is told")
    func folding() {
        var state = Self.tree()
        state.press(keys: .home, .down, .char("f"))
        #expect(shown(screen(state, 56, 5)) == """

            ┌─ Branches ───────────────────────────────── 9 nodes ─┐
            │◦ Translate English to French.⏎                 you   │
            │◦ cheese is fromage  +5 ●                       you   │
            │                                                      │
            └─ ↑↓ row  ←→ out, in  ⏎ go  l label  m mark ──────────┘

            """)
        state.press(keys: .right)
        #expect(state.branches.rows.rows.count == 7)
        // Walking into what is folded opens it.
        state.press(keys: .char("f"), .alt(.up))
        #expect(state.branches.rows.rows.count == 7 && state.branches.chosen == state.editor.tree.current)
    }

    @Test("What is being written has a row before it is a node")
    func writing() {
        var state = State.desk("")
        state.press(keys: .char("a"))
        state = state.focused(on: .branches)
        #expect(screen(state, 40, 5).dump().contains("│● typing…"))
        let open = state.branches.chosen
        state.press(keys: .enter)
        #expect(state.branches.chosen == open && state.editor.tree.current == open && screen(state, 40, 5).dump().contains("│● a"))
        let effects = state.press(keys: .ctrl("g"))
        #expect(effects.contains { if case .generate = $0 { true } else { false } } && screen(state, 40, 5).dump().contains("│● writing…"))
        let writing = state.branches.chosen
        state.press(keys: .char("l"))
        #expect(state.overlay == nil && state.notice?.text == "this is still being written; Esc ends it")
        // Going elsewhere ends the stream; what it wrote stays.
        let run = state.run?.number ?? 0, step = Step(id: Tiny.id(" la"), logprob: -1, rank: 0, entropy: 1)
        _ = state.update(.report(.generated(run: run, [.init(step: step, bytes: Array(" la".utf8), isCut: false)], logits: nil, rate: 1, perPass: 1)))
        #expect(state.press(keys: .alt(.left)).contains(.stopGeneration))
        #expect(state.run == nil && state.textOfDocument == "a" && state.editor.tree.child(of: state.editor.tree.current) == writing)
        state.press(keys: .alt(.right))
        #expect(state.textOfDocument == "a la" && state.editor.document.kept.map(\.id) == [Tiny.id(" la")])
    }

    @Test("Alt and arrows walk from anywhere, to the exact text, and say where there is no way")
    func walking() {
        var state = Self.tree()
        state.focus = .document
        let all = state.textOfDocument
        #expect(all == "Translate English to French.\ncheese is fromage pepX")
        state.press(keys: .alt(.up))
        #expect(state.textOfDocument.hasSuffix("fromage pepper"))
        state.press(keys: .alt(.up))
        #expect(state.notice?.text == "this is the first of those beside each other")
        state.press(keys: .alt(.left), .alt(.up))
        #expect(state.textOfDocument.hasSuffix("fromage menthe"))
        state.press(keys: .alt(.right))
        #expect(state.notice?.text == "nothing was written after this yet")
        state.press(keys: .alt(.left))
        #expect(state.textOfDocument.hasSuffix("fromage"))
        state.press(keys: .alt(.down))
        #expect(state.notice?.text.hasPrefix("nothing stands beside this") == true)
        state.press(keys: .alt(.right))
        #expect(state.textOfDocument.hasSuffix("fromage menthe"))
        state.press(keys: .alt(.left), .alt(.left), .alt(.left), .alt(.left), .alt(.left))
        #expect(state.textOfDocument == "Translate English to French.\n" && state.notice?.text == "this is what the document began with")
        // All of it is one way that undo goes back.
        state.press(keys: .ctrl("/"))
        #expect(state.textOfDocument.hasSuffix("French.\ncheese "))
        for _ in 0..<20 where state.textOfDocument != all { state.press(keys: .ctrl("/")) }
        #expect(state.textOfDocument == all)
    }

    @Test("Enter on every row makes its document the open one, to the bit")
    func rows() {
        var state = Self.tree()
        for row in state.branches.rows.rows.indices {
            state.press(keys: .home)
            for _ in 0..<row { state.press(keys: .down) }
            guard let node = state.branches.chosen else { Issue.record("no row \(row)"); continue }
            let expected = state.editor.document(at: node)
            state.press(keys: .enter)
            #expect(state.editor.tree.current == node && state.editor.document.bytes == expected.bytes && state.editor.document.kept == expected.kept)
            state.press(keys: .ctrl("/"))
        }
    }

    @Test("Left goes to the row it hangs on, right to the first below")
    func outAndIn() {
        var state = Self.tree()
        state.press(keys: .left)
        #expect(state.branches.selected == 3)
        state.press(keys: .left, .left, .left, .left)
        #expect(state.branches.selected == 0)
        state.press(keys: .right, .right, .right)
        #expect(state.branches.selected == 2)
    }

    @Test("The trash hides a branch with all below it, shows it again, and gives it back")
    func trash() {
        var state = Self.tree()
        let before = state.textOfDocument, nodes = state.branches.rows.count
        state.press(keys: .left, .char("x"))
        #expect(state.textOfDocument.hasSuffix("fromage") && state.branches.rows.count == nodes - 3)
        #expect(state.notice?.text == "in the trash; u shows it, and x there takes it back")
        #expect(!screen(state, 72, 12).dump().contains("pep"))
        state.press(keys: .char("u"))
        #expect(screen(state, 72, 12).dump().contains("in the trash"))
        while state.editor.tree[state.branches.chosen ?? 0]?.isTrashed == false { state.press(keys: .down) }
        state.press(keys: .char("x"), .char("u"))
        #expect(state.branches.rows.count == nodes && !screen(state, 72, 12).dump().contains("in the trash"))
        state.press(keys: .char("u"))
        #expect(state.notice?.text == "nothing is in the trash")
        // Undo goes back to where one stood, and out of the trash with it.
        state.press(keys: .enter)
        let stood = state.textOfDocument
        state.press(keys: .char("x"))
        #expect(state.textOfDocument != stood && state.branches.rows.count == nodes - 3)
        state.press(keys: .ctrl("/"))
        #expect(state.textOfDocument == stood && state.branches.rows.count == nodes)
        for _ in 0..<20 where state.textOfDocument != before { state.press(keys: .ctrl("/")) }
        #expect(state.textOfDocument == before)
        state.press(keys: .home, .char("x"))
        #expect(state.notice?.text == "this is what the document began with; it stays")
    }

    @Test("A label stands in front, a mark beside the dot; both end a row of own typing")
    func labels() throws {
        var state = Self.desk("")
        Self.change(&state) { editor in for letter in "one two three" { editor.insert(String(letter)) } }
        state.press(keys: .enter)
        let node = try #require(state.branches.chosen)
        state.press(keys: .char("l"), .char("t"), .char("o"), .enter, .char("m"))
        Self.change(&state) { editor in for letter in " four" { editor.insert(String(letter)) } }
        state.press(keys: .end, .enter)
        #expect(shown(screen(state, 40, 6)) == """

            ┌─ Branches ───────────────── 6 nodes ─┐
            │◦ (empty)                       you   │
            │◦ ◆ to  one two three           you   │
            │● ␣four                         you   │
            │                                      │
            └─ ↑↓ row  ←→ out, in  ⏎ go  l label ──┘

            """)
        #expect(state.editor.tree[node]?.label == "to" && state.branches.marked == node)
        state.press(keys: .up, .char("m"), .char("l"), .ctrl("u"), .enter)
        #expect(state.branches.marked == nil && state.branches.rows.rows.count == 2)
    }

    @Test("The top line tells which of the ends one is on")
    func ends() {
        var state = Self.tree(width: 120)
        #expect(state.screenText.contains("new ●   branch 3/4"))
        state.press(keys: .alt(.up))
        #expect(state.screenText.contains("branch 2/4"))
        state.size = (width: 60, height: 20)
        #expect(state.settled().screenText.split(separator: "\n")[0].contains("2/4"))
        #expect(!State.desk().screenText.contains("branch"))
    }

    @Test("Own typing has the logprob that the whole text measured; the rows of the path add up to the path's")
    func numbers() throws {
        var state = State.desk("")
        func measured() {
            let ids = state.reading.ids
            let steps = ids.indices.map { $0 == 0 ? nil : Step(id: ids[$0], logprob: -Float($0) / 4, rank: 0, entropy: 1) }
            _ = state.update(.report(.steps(version: state.reading.version, from: 0, steps)))
        }
        for letter in "a de mer" { state.press(keys: .char(letter.unicodeScalars.first ?? " ")); measured() }
        // The last word is still open; what was measured of it goes with it.
        state.press(keys: .ctrl("g"))
        let run = try #require(state.run)
        let step = Step(id: Tiny.id(" la"), logprob: -3, rank: 0, entropy: 1)
        _ = state.update(.report(.generated(run: run.number, [.init(step: step, bytes: Array(" la".utf8), isCut: false)], logits: nil, rate: 1, perPass: 1)))
        #expect(state.branches.rows.pathLogprob == nil)
        _ = state.update(.report(.ended(run: run.number, .length)))
        let count = state.reading.ids.count - 1
        let prompt = (1..<count).reduce(0.0) { $0 - Double($1) / 4 }
        #expect(state.branches.rows.pathLogprob == prompt - 3)
        let rows = state.branches.rows
        let sums = rows.rows.compactMap { BranchText.logprob(rows.order[$0.nodes], state.editor.tree) }
        #expect(sums == [prompt, -3])
        // A letter that no reading has seen yet leaves the path unknown.
        state.press(keys: .char("x"), .alt(.left), .alt(.right))
        #expect(state.branches.rows.pathLogprob == nil)
    }

    @Test("No size traps, whatever is chosen", arguments: sizes.map { [$0.width, $0.height] })
    func anySize(_ size: [Int]) {
        var state = Self.tree()
        for key in [Key.home, .char("u"), .end, .char("f"), .char("m")] {
            state.press(keys: key)
            #expect(screen(state, size[0], size[1]).width == size[0])
        }
        state.size = (width: size[0], height: size[1])
        state = state.settled()
        state.press(keys: .end, .home, .pageDown, .char("f"), .pageUp)
        #expect(View.frame(state).width == size[0])
    }

    @Test("At 60 x 16 the panel has the window, and the chosen row is in sight")
    func small() {
        var state = Self.tree(width: 60, height: 16)
        Self.change(&state) { editor in
            for number in 0..<40 { editor.keep([Self.stream(" \(number)", seed: UInt64(number))], at: editor.document.count, chosen: 0, trashing: false) }
        }
        #expect(state.screenText.contains("● ␣39") && !state.screenText.contains("Translate"))
        state.press(keys: .home)
        #expect(state.screenText.contains("Translate") && !state.screenText.contains("● ␣39"))
    }

    @Test("Deep forks leave half the width to the text")
    func deep() {
        var state = Self.desk("", width: 60, height: 16)
        Self.change(&state) { editor in
            for number in 0..<60 {
                let ids = editor.keep([Self.stream("a\(number)", seed: 1), Self.stream("b\(number)", seed: 2)], at: editor.document.count, chosen: 1, trashing: false)
                #expect(ids.count == 2)
            }
        }
        #expect(state.branches.rows.rows.map(\.depth).max() == 60)
        #expect(state.screenText.contains("● b59") && state.screenText.contains("◦ a57"))
    }

    /// Prints what a key costs in trees of 10,000 nodes.
    @Test("Ten thousand nodes, side by side, in a chain and in forks, are rows like others", arguments: ["wide", "chain", "forks"])
    func large(_ shape: String) throws {
        var state = Self.desk("start", width: 120, height: 40)
        Self.change(&state) { editor in
            let root = editor.tree.root
            var dice = SystemRandomNumberGenerator()
            for number in 0..<9_999 {
                if shape == "wide" { editor.walk(to: root) }
                if shape == "forks", number % 3 == 0, let id = editor.tree.nodes.keys.randomElement(using: &dice) { editor.walk(to: id) }
                editor.keep([Self.stream(" x", seed: UInt64(number))], at: editor.document.count, chosen: 0, trashing: false)
            }
        }
        #expect(state.branches.rows.count == 10_000 && state.branches.rows.rows.count == 10_000)
        /// Unit: ms of this thread's own time.
        func now() -> Double {
            var time = timespec()
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
            return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) / 1e6
        }
        var costs: [String] = []
        for key in [Key.home, .end, .pageUp, .up, .alt(.left), .alt(.right), .alt(.up), .alt(.up), .left, .enter, .ctrl("/"), .char("f"), .right, .char("x")] {
            let start = now()
            state.press(keys: key)
            let pressed = now(), frame = View.frame(state), drawn = now()
            costs.append("\(key) \(Number.fixed(pressed - start, 2)) + \(Number.fixed(drawn - pressed, 2))")
            #expect(frame.height == 40)
        }
        print("ms a key, then a frame,", shape, costs.joined(separator: ", "))
    }
}
