import Document
import Terminal
import Testing
import Workbench

@Suite("What lies above the panels") struct OverlayTests {
    @Test("find goes with the typing, from where it was begun, and round the end") func find() {
        let world = World()
        world.type("one two\nthree two\nfour")
        world.press(.ctrl(.home), .right, .right, .right, .right, .right, .ctrl("f"))
        world.type("tw")
        #expect(world.state.editor.selection == 14..<16)
        world.type("o")
        #expect(world.state.editor.selection == 14..<17)
        world.press(.f(3))
        #expect(world.state.editor.selection == 4..<7)
        world.type("x")
        #expect(world.state.notice?.text == "\"twox\" is not in the document")
        world.press(.backspace, .enter)
        #expect(world.state.overlay == nil && world.state.editor.selection == 14..<17)
        world.press(.f(3))
        #expect(world.state.editor.selection == 4..<7)
    }

    @Test("Esc out of find goes back to where the cursor was") func findBack() {
        let world = World()
        world.type("one two one")
        world.press(.ctrl("f"))
        world.type("two")
        world.press(.escape)
        #expect(world.state.editor.cursor == 11 && world.state.editor.selection == nil)
        world.press(.ctrl("f"), .up)
        #expect(world.state.editor.selection == 4..<7, "up brings the text before")
    }

    @Test("a paste into a line goes in as text and runs nothing") func pasteIntoLine() {
        let world = World()
        world.type("Once")
        world.press(.ctrl("s"))
        world.take(.event(.paste(Array("a\nb\u{1b}".utf8))))
        guard case .input(let input) = world.state.overlay else { Issue.record("the line is gone"); return }
        #expect(input.line.text == "a b\u{1b}")
        world.press(.enter)
        #expect(world.effects.allSatisfy { if case .save = $0 { false } else { true } }, "a control character is in no file's name")
    }

    @Test("a special token goes in as one piece; Tab completes its name; a wrong name stays to be mended") func special() {
        var state = State.desk("", width: 80, height: 24)
        state.press(keys: .ctrl("p"))
        _ = state.update(.event(.paste(Array("special token".utf8))))
        state.press(keys: .enter)
        _ = state.update(.event(.paste(Array("<|im".utf8))))
        state.press(keys: .tab)
        guard case .input(let input) = state.overlay else { Issue.record("no line"); return }
        #expect(input.line.text == "<|im_")
        #expect(state.notice?.text == "<|im_start|>  <|im_end|>")
        state.press(keys: .char("x"), .enter)
        #expect(state.notice?.kind == .error && state.overlay != nil)
        state.press(keys: .backspace, .char("e"), .tab, .enter)
        #expect(state.overlay == nil)
        #expect(state.editor.document.kept.map(\.special) == [true])
        #expect(state.editor.document.bytes == Array("<|im_end|>".utf8))
    }

    @Test("the answers of a question can be clicked, and a click beside them answers nothing") func clickAnswer() throws {
        let world = World()
        world.type("Once")
        world.press(.ctrl("q"))
        let lines = world.screen.split(separator: "\n", omittingEmptySubsequences: false).dropFirst().map(String.init)
        let row = try #require(lines.firstIndex { $0.contains("D quit without") })
        world.mouse(.press, 1, 1)
        #expect(world.state.overlay != nil && !world.state.isQuitting)
        let column = try #require(Array(lines[row].unicodeScalars).firstIndex(of: "D"))
        world.mouse(.press, column, row)
        #expect(world.state.isQuitting)
    }

    @Test("^Q, ^Z and ^L work under everything that can be open", arguments: [Key.f(1), .ctrl("p"), .ctrl("f")]) func everywhere(opener: Key) {
        let world = World()
        world.press(opener)
        #expect(world.press(.ctrl("z")) == [.suspend])
        #expect(world.press(.ctrl("l")) == [.redraw])
        #expect(world.press(.ctrl("q")).contains(.quit))
    }

    @Test("what is typed takes the place of an offered text; moving in it keeps it") func offered() {
        let world = World()
        world.open("vars")
        world.press(.left)
        world.type("m")
        guard case .input(let kept) = world.state.overlay else { Issue.record("no line"); return }
        #expect(kept.line.text == "penguimn")
        world.press(.escape)
        world.press(.ctrl(.home), .shift(.right), .shift(.right), .shift(.right), .ctrl("f"))
        world.type("of")
        #expect(world.state.editor.selection == 12..<14)
    }

    @Test("the footer names the keys that work now") func footer() {
        let world = World()
        func footer() -> String { world.part(x: 0, y: 23, width: 80, height: 1) }
        #expect(footer().contains("^G generate"))
        for (keys, words) in [([Key.ctrl("f")], "⏎ keep  F3 next"), ([.ctrl("p")], "⏎ run"), ([.f(1)], "↑↓ scroll"), ([.ctrl("o"), .char("/")], "Esc show all")] {
            for key in keys { world.press(key) }
            #expect(footer().contains(words) && !footer().contains("^G"))
            world.press(.escape)
        }
        world.press(.escape)
        world.type("x")
        world.press(.ctrl("q"))
        #expect(footer() == "\n s save  D quit without  Esc stay\n")
    }

    @Test("a long line of text scrolls so that its cursor is on the screen") func longLine() {
        let world = World(width: 40, height: 10)
        world.press(.ctrl("f"))
        world.take(.event(.paste(Array(repeating: 0x61, count: 100_000))))
        #expect(View.frame(world.state).cursor == Frame.Point(x: 38, y: 8))
        world.press(.home)
        #expect(View.frame(world.state).cursor == Frame.Point(x: 7, y: 8))
    }

    @Test("a paste of 100 kB arrives byte for byte, runs no command, and is one step to undo") func paste() {
        var dice = Dice(7)
        let bytes = dice.bytes(100_000)
        let world = World()
        world.type("ab")
        #expect(world.take(.event(.paste(bytes))).isEmpty)
        #expect(world.state.editor.document.bytes == Array("ab".utf8) + bytes && world.state.overlay == nil)
        world.press(.ctrl("/"))
        #expect(world.document == "ab")
        world.press(.ctrl("y"))
        #expect(world.state.editor.document.bytes.count == 100_002)
    }

    @Test("a paste while the list of files has the keys goes to the document") func pasteElsewhere() {
        let world = World()
        world.press(.ctrl("o"))
        world.take(.event(.paste(Array("xnq".utf8))))
        #expect(world.document == "xnq" && world.state.focus == .document)
    }
}

/// A generator with a seed, so that a failure comes back.
struct Dice: RandomNumberGenerator {
    var state: UInt64
    init(_ seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
    mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<max(1, bound), using: &self) }
    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(below(256)) } }
}
