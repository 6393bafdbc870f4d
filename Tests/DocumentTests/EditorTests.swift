import Testing
import Tokenizer

import Document

@Suite struct EditorTests {
    private struct State: Equatable {
        var bytes: [UInt8]
        var kept: [DocToken]
        var place: Place
        var node: Node.ID

        init(_ editor: Editor) {
            node = editor.tree.current
            bytes = editor.document.bytes
            kept = editor.document.kept
            place = editor.place
        }
    }

    @Test("Undo and redo walk through exactly the states that were")
    func undoProperty() throws {
        let tokenizer = try Tiny.tokenizer()
        for seed in 0..<150 {
            var dice = Dice(seed)
            var editor = Editor(Document(text: dice.text(20)))
            var pairs: [(before: State, after: State)] = []
            for _ in 0..<25 {
                if dice.below(2) == 0 { editor.encode(with: tokenizer) }
                editor.move(to: dice.below(editor.document.count + 1))
                if dice.below(3) == 0 { editor.move(to: dice.below(editor.document.count + 1), extending: true) }
                let before = State(editor)
                Self.edit(&editor, &dice, tokenizer)
                editor.breakUndo()
                let after = State(editor)
                if before.node != after.node { pairs.append((before, after)) }
            }
            for pair in pairs.reversed() {
                let undone = editor.undo()
                try #require(undone)
                try #require(State(editor) == pair.before, "seed \(seed)")
                editor.encode(with: tokenizer)
                try #require(editor.document.tokens == encodedFromScratch(editor.document, tokenizer), "seed \(seed)")
            }
            let more = editor.undo()
            #expect(!more)
            #expect(!editor.isDirty)
            for pair in pairs {
                let redone = editor.redo()
                try #require(redone)
                try #require(State(editor) == pair.after, "seed \(seed)")
                if dice.below(3) == 0 { editor.encode(with: tokenizer) }
            }
            let again = editor.redo()
            #expect(!again)
            editor.encode(with: tokenizer)
            try #require(editor.document.tokens == encodedFromScratch(editor.document, tokenizer), "seed \(seed)")
        }
    }

    private static func edit(_ editor: inout Editor, _ dice: inout Dice, _ tokenizer: Tokenizer) {
        switch dice.below(8) {
        case 0: editor.paste(dice.text(5))
        case 1: editor.backspace()
        case 2: editor.delete()
        case 3: editor.deleteWordBackward()
        case 4:
            editor.fork(at: dice.below(editor.document.count + 1), id: 256, bytes: "he".bytes, special: false)
        case 5:
            editor.beginGroup()
            var offset = editor.cursor
            for _ in 0..<4 {
                let id = TokenID(dice.below(270))
                offset = editor.insert(id: id, bytes: tokenizer.bytes(id), special: false, at: offset)
                if dice.below(2) == 0 { editor.encode(with: tokenizer) }
            }
            editor.endGroup()
        case 6: editor.replace(dice.range(in: editor.document.count, longest: 9), with: dice.text(2))
        default: editor.insert(dice.text(1))
        }
    }

    @Test("Typing undoes a word at a time, a paste at once, a generation at once")
    func steps() {
        var editor = Editor()
        for key in "two words" { editor.insert(String(key)) }
        editor.paste("pasted\ntext".bytes)
        editor.beginGroup()
        for byte in "abc".utf8 { editor.insert(id: TokenID(byte), bytes: [byte], special: false, at: editor.document.count) }
        editor.endGroup()
        var texts = [String(decoding: editor.document.bytes, as: UTF8.self)]
        while editor.undo() { texts.append(String(decoding: editor.document.bytes, as: UTF8.self)) }
        #expect(texts == ["two wordspasted\ntextabc", "two wordspasted\ntext", "two words", "two ", ""])
    }

    @Test("Moving the cursor ends the word being typed, and undo brings the selection back")
    func boundaries() {
        var editor = Editor()
        editor.insert("a")
        editor.insert("b")
        editor.move(.left)
        editor.insert("c")
        editor.undo()
        #expect(editor.document.bytes == "ab".bytes)
        #expect(editor.cursor == 1)
        editor.selectAll()
        editor.insert("z")
        editor.undo()
        #expect(editor.selection == 0..<2)
        #expect(editor.document.bytes == "ab".bytes)
    }

    @Test("The document is dirty unless it is the saved one")
    func dirty() {
        var editor = Editor(Document(text: "x".bytes))
        #expect(!editor.isDirty)
        editor.insert("a")
        #expect(editor.isDirty)
        editor.undo()
        #expect(!editor.isDirty)
        editor.redo()
        editor.markSaved()
        editor.insert("b")
        #expect(editor.isDirty)
        editor.undo()
        #expect(!editor.isDirty)
        editor.undo()
        #expect(editor.isDirty)
        editor.insert("c")
        #expect(editor.isDirty)
    }

    @Test("A 100 kB paste arrives verbatim, broken bytes and all, and goes in one step")
    func paste() {
        var dice = Dice(7)
        let pasted = dice.text(40_000)
        #expect(pasted.count > 100_000)
        var editor = Editor(Document(text: "ab".bytes))
        editor.move(to: 1)
        editor.paste(pasted)
        #expect(editor.document.bytes == "a".bytes + pasted + "b".bytes)
        #expect(editor.cursor == 1 + pasted.count)
        editor.undo()
        #expect(editor.document.bytes == "ab".bytes)
        #expect(editor.cursor == 1)
    }

    @Test("The cursor moves by what a person sees as one character", arguments: [
        ["e\u{301}", "x"], ["👩‍👩‍👧", "👍🏽", "🇩🇪", "🇫🇷"], ["\r\n", "\n", "\r"], ["한", "각"], ["a", "\u{200B}", "b"], ["❤️", "1️⃣"],
    ])
    func clusters(_ characters: [String]) {
        var editor = Editor(Document(text: characters.joined().bytes))
        var offset = 0
        for character in characters {
            offset += character.utf8.count
            editor.move(.right)
            #expect(editor.cursor == offset)
        }
        for character in characters.reversed() {
            offset -= character.utf8.count
            editor.move(.left)
            #expect(editor.cursor == offset)
        }
    }

    @Test("A broken byte is one step; backspace takes one whole character")
    func broken() {
        var editor = Editor(Document(text: [0x61, 0xFF, 0xE5, 0xAD, 0x62]))
        var stops: [Int] = []
        while editor.cursor < 5 {
            editor.move(.right)
            stops.append(editor.cursor)
        }
        #expect(stops == [1, 2, 3, 4, 5])
        var other = Editor(Document(text: "ae\u{301}".bytes))
        other.move(.documentEnd)
        other.backspace()
        #expect(other.document.bytes == "a".bytes)
    }

    @Test("Clusters agree with Swift's characters on well-formed text")
    func clustersAgree() {
        let atoms = ["a", " ", "é", "e\u{301}\u{323}", "字", "한국", "👍🏽", "👨‍👩‍👧", "🇩🇪🇫🇷", "\r\n", "\n", "\u{1100}\u{1161}\u{11A8}", "ก็", "❤️", "#️⃣"]
        for seed in 0..<200 {
            var dice = Dice(seed)
            let text = (0..<12).map { _ in atoms[dice.below(atoms.count)] }.joined()
            var expected: [Int] = []
            var offset = 0
            for character in text {
                offset += character.utf8.count
                expected.append(offset)
            }
            var found: [Int] = []
            var position = 0
            while position < text.utf8.count {
                position = Clusters.next(in: text.bytes, after: position)
                found.append(position)
            }
            #expect(found == expected, "\(text.debugDescription)")
            for index in expected.indices.dropFirst() {
                #expect(Clusters.previous(in: text.bytes, before: expected[index]) == expected[index - 1])
            }
        }
    }

    @Test("Up and down keep the column over a short line; line and document ends are found")
    func lines() {
        var editor = Editor(Document(text: "longline\nab\r\nlonger line".bytes))
        editor.move(to: 6)
        editor.move(.down)
        #expect(editor.cursor == 11)
        editor.move(.down)
        #expect(editor.cursor == 19)
        editor.move(.up)
        editor.move(.lineEnd)
        #expect(editor.cursor == 11)
        editor.move(.lineStart)
        #expect(editor.cursor == 9)
        editor.move(.up)
        editor.move(.up)
        #expect(editor.cursor == 0)
        editor.move(.documentEnd, extending: true)
        #expect(editor.selection == 0..<24)
        editor.move(.down)
        #expect(editor.cursor == 24)
        #expect(editor.selection == nil)
    }

    @Test("Words are found and deleted to either side")
    func words() {
        var editor = Editor(Document(text: "foo, bar_1 über".bytes))
        var stops: [Int] = []
        for _ in 0..<4 { editor.move(.wordRight); stops.append(editor.cursor) }
        #expect(stops == [3, 4, 10, 16])
        editor.deleteWordBackward()
        #expect(editor.document.bytes == "foo, bar_1 ".bytes)
        editor.move(.wordLeft)
        #expect(editor.cursor == 5)
        editor.deleteWordForward()
        #expect(editor.document.bytes == "foo,  ".bytes)
        #expect(editor.word(around: 1) == 0..<3)
    }

    @Test("Cut, copy and paste move the selected bytes")
    func clipboard() {
        var editor = Editor(Document(text: "abcd".bytes))
        editor.select(1..<3)
        #expect(editor.copy() == "bc".bytes)
        let cut = editor.cut()
        #expect(cut == "bc".bytes)
        #expect(editor.document.bytes == "ad".bytes)
        editor.selectAll()
        editor.paste("bc".bytes)
        #expect(editor.document.bytes == "bc".bytes)
        let nothing = editor.cut()
        #expect(nothing == [])
    }

    @Test("A line end is typed as the document has them")
    func newline() {
        var windows = Editor(Document(text: "a\r\nb".bytes))
        windows.move(.documentEnd)
        windows.newline()
        #expect(windows.document.bytes == "a\r\nb\r\n".bytes)
        var plain = Editor(Document(text: "a".bytes))
        plain.newline()
        #expect(plain.document.bytes == "\na".bytes)
    }

    @Test("Search goes both ways, round the end, and minds ASCII case only if told")
    func search() {
        let editor = Editor(Document(text: "One two ONE zwei".bytes))
        #expect(editor.search("one".bytes, from: 0) == 0..<3)
        #expect(editor.search("one".bytes, from: 1) == 8..<11)
        #expect(editor.search("one".bytes, from: 9) == 0..<3)
        #expect(editor.search("one".bytes, from: 9, wrapping: false) == nil)
        #expect(editor.search("one".bytes, from: 8, backwards: true) == 0..<3)
        #expect(editor.search("one".bytes, from: 0, backwards: true) == 8..<11)
        #expect(editor.search("one".bytes, from: 0, ignoringCase: false) == nil)
        #expect(editor.search("ONE".bytes, from: 0, ignoringCase: false) == 8..<11)
        #expect(editor.search("zwei".bytes, from: 16, backwards: true) == 12..<16)
        #expect(editor.search([], from: 0) == nil)
        #expect(editor.search("one two one zwei!".bytes, from: 0) == nil)
    }

    @Test("A fork drops what follows and keeps the ids before it")
    func fork() throws {
        let tokenizer = try Tiny.tokenizer()
        var editor = Editor(Document(text: "hello".bytes))
        for byte in "abc".utf8 { editor.insert(id: TokenID(byte), bytes: [byte], special: false, at: editor.document.count) }
        editor.encode(with: tokenizer)
        editor.fork(at: 6, id: 0x7A, bytes: "z".bytes, special: false)
        editor.encode(with: tokenizer)
        #expect(editor.document.bytes == "helloaz".bytes)
        #expect(editor.document.kept.map(\.id) == [0x61, 0x7A])
        #expect(editor.cursor == 7)
        editor.undo()
        #expect(editor.document.kept.map(\.id) == [0x61, 0x62, 0x63])
    }
}
