import GGUF
import Testing
import Tokenizer

import Document

@Suite struct EncodingTests {
    @Test("Encoding after edits equals encoding from scratch", arguments: Tiny.kinds)
    func incremental(_ pattern: String) throws {
        let tokenizer = try Tiny.tokenizer(pattern)
        for seed in 0..<150 {
            var dice = Dice(seed)
            var document = Document(text: dice.text(dice.below(60)))
            for step in 0..<40 {
                Self.edit(&document, &dice, tokenizer)
                if dice.below(4) > 0 { document.encode(with: tokenizer) }
                guard step % 2 == 0 else { continue }
                document.encode(with: tokenizer)
                try #require(document.tokens == encodedFromScratch(document, tokenizer), "seed \(seed), step \(step)")
            }
        }
    }

    @Test("Encoding after edits equals encoding from scratch with the default model", .enabled(if: DefaultModel.path != nil))
    func incrementalDefault() throws {
        let tokenizer = try Tokenizer(GGUF(path: #require(DefaultModel.path)))
        for seed in 0..<60 {
            var dice = Dice(seed)
            var document = Document(text: dice.text(200))
            for step in 0..<30 {
                Self.edit(&document, &dice, tokenizer)
                document.encode(with: tokenizer)
                try #require(document.tokens == encodedFromScratch(document, tokenizer), "seed \(seed), step \(step)")
            }
        }
    }

    static func edit(_ document: inout Document, _ dice: inout Dice, _ tokenizer: Tokenizer) {
        switch dice.below(8) {
        case 0:
            let id = TokenID(dice.below(256 + Tiny.merges.count))
            document.insert(id: id, bytes: tokenizer.bytes(id), special: false, at: dice.below(document.count + 1))
        case 1: document.insert(id: Tiny.end, bytes: Tiny.text, special: true, at: dice.below(document.count + 1))
        case 2 where document.count > 100: document.truncate(at: document.count - dice.below(20))
        case 3: document.replace(dice.range(in: document.count, longest: 12), with: [])
        default: document.replace(dice.range(in: document.count, longest: dice.below(3)), with: dice.text(dice.below(4)))
        }
    }

    @Test("An edit makes text of the kept ids in the pieces it touches, and of no others", arguments: Tiny.patterns)
    func dissolving(_ pattern: String) throws {
        let tokenizer = try Tiny.tokenizer(pattern)
        for seed in 0..<300 {
            var dice = Dice(seed)
            var document = Document()
            for _ in 0..<40 {
                let chunk = dice.text(1)
                if dice.below(3) == 0 {
                    document.replace(document.count..<document.count, with: chunk)
                } else if chunk != Tiny.text {
                    let id = tokenizer.encode(chunk)[0]
                    document.insert(id: id, bytes: tokenizer.bytes(id), special: false, at: document.count)
                }
            }
            document.encode(with: tokenizer)
            let range = dice.range(in: document.count, longest: 6)
            let text = dice.text(dice.below(3))
            guard !range.isEmpty || !text.isEmpty else { continue }

            // The slow way, with the pieces of the whole text before and after.
            let delta = text.count - range.count
            var after = document.bytes
            after.replaceSubrange(range, with: text)
            let landed = range.lowerBound..<range.lowerBound + text.count
            let old = Self.touched(tokenizer.pieces(document.bytes), range)
            let new = Self.touched(tokenizer.pieces(after), landed)
            let expected = document.kept.compactMap { token -> DocToken? in
                if old.contains(where: { $0.overlaps(token.range) }) || token.range.overlaps(range) { return nil }
                let moved = token.range.lowerBound >= range.upperBound ? token.shifted(by: delta) : token
                return new.contains { $0.overlaps(moved.range) } ? nil : moved
            }
            document.replace(range, with: text)
            try #require(document.bytes == after)
            try #require(document.kept == expected, "seed \(seed)")
        }
    }

    private static func touched(_ pieces: [Range<Int>], _ range: Range<Int>) -> [Range<Int>] {
        pieces.filter { range.isEmpty ? $0.lowerBound < range.lowerBound && range.lowerBound < $0.upperBound : $0.overlaps(range) }
    }

    @Test("A generated id keeps its id while other words change, and becomes text when its word does")
    func keptIds() throws {
        let tokenizer = try Tiny.tokenizer()
        var document = Document(text: "say hel".bytes)
        // "hello" is one token; the model said it as two.
        document.insert(id: 0x6C, bytes: "l".bytes, special: false, at: 7)
        document.insert(id: 0x6F, bytes: "o".bytes, special: false, at: 8)
        document.encode(with: tokenizer)
        #expect(document.generated == [7..<9])
        document.replace(0..<3, with: "shout".bytes)
        document.encode(with: tokenizer)
        #expect(document.kept.map(\.id) == [0x6C, 0x6F])
        #expect(document.generated == [9..<11])
        document.replace(11..<11, with: " you".bytes)
        document.encode(with: tokenizer)
        #expect(document.kept.map(\.id) == [0x6C, 0x6F])
        document.replace(6..<6, with: "s".bytes)
        document.encode(with: tokenizer)
        #expect(document.kept.isEmpty)
        #expect(document.tokens.map(\.id) == tokenizer.encode("shout shello you".bytes))
    }

    @Test("The ids before the cursor do not depend on what follows")
    func idsBefore() throws {
        let tokenizer = try Tiny.tokenizer()
        for seed in 0..<100 {
            var dice = Dice(seed)
            var document = Document(text: dice.text(30))
            for _ in 0..<6 { Self.edit(&document, &dice, tokenizer) }
            document.encode(with: tokenizer)
            let offset = dice.below(document.count + 1)
            let ids = document.ids(before: offset, tokenizer: tokenizer)
            var streaming = document
            let end = streaming.insert(id: 0x7A, bytes: "z".bytes, special: false, at: offset)
            // A place inside a chip is moved behind it.
            guard end == offset + 1 else { continue }
            streaming.encode(with: tokenizer)
            let before = streaming.tokens.prefix { $0.range.upperBound <= offset }.map(\.id)
            try #require(before == ids, "seed \(seed)")
        }
    }

    @Test("A chip that an edit cuts goes whole; typing beside it leaves it")
    func chips() throws {
        let tokenizer = try Tiny.tokenizer()
        var document = Document(parts: [.text("a".bytes), .special(Tiny.end), .text("b".bytes)], tokenizer: tokenizer)
        document.encode(with: tokenizer)
        #expect(document.tokens.map(\.id) == [0x61, Tiny.end, 0x62])
        document.replace(1..<1, with: "x".bytes)
        document.replace(12..<12, with: "y".bytes)
        document.encode(with: tokenizer)
        #expect(document.tokens.map(\.id) == [0x61, 0x78, Tiny.end, 0x79, 0x62])
        let landed = document.replace(11..<12, with: [])
        #expect(landed == 2..<2)
        #expect(document.bytes == "axyb".bytes)
        #expect(document.kept.isEmpty)
    }

    @Test("Deleting a chip joins no ids around it")
    func chipsBetweenIds() throws {
        let tokenizer = try Tiny.tokenizer()
        var document = Document(text: "a".bytes)
        var end = document.insert(id: 0x21, bytes: "!".bytes, special: false, at: 1)
        end = document.insert(id: Tiny.end, bytes: Tiny.text, special: true, at: end)
        document.insert(id: 0x62, bytes: "b".bytes, special: false, at: end)
        document.encode(with: tokenizer)
        document.replace(2..<12, with: [])
        document.encode(with: tokenizer)
        #expect(document.bytes == "a!b".bytes)
        #expect(document.kept.map(\.id) == [0x21, 0x62])
    }

    @Test("The same text typed is plain, whatever special token it spells")
    func plainSpecials() throws {
        let tokenizer = try Tiny.tokenizer()
        var document = Document(text: "<|im_end|>".bytes)
        document.encode(with: tokenizer)
        #expect(document.tokens.count > 1)
        #expect(document.tokens.allSatisfy { !$0.special })
    }

    @Test("A token is found at its first byte and inside, and none at the end")
    func tokenAt() throws {
        var document = Document(text: "hello b".bytes)
        try document.encode(with: Tiny.tokenizer())
        #expect(document.token(at: 0) == 0)
        #expect(document.token(at: 4) == 0)
        #expect(document.token(at: 5) == 1)
        #expect(document.token(at: 7) == nil)
        #expect(document.token(at: -3) == 0)
    }

    @Test("A tokenizer keeps only the ids that mean the same bytes to it, whoever made them, and what is put in later is judged alike")
    func otherTokenizer() throws {
        let first = try Tiny.tokenizer("gpt-2")
        var document = Document(text: "ab".bytes)
        document.insert(id: 256, bytes: "he".bytes, special: false, at: 2)
        document.insert(id: 257, bytes: "he".bytes, special: false, at: 4)
        #expect(document.kept.count == 2)
        let stored = document.fragment(0..<document.count)
        document.encode(with: first)
        #expect(document.kept.map(\.id) == [256])
        document.splice(0..<document.count, with: stored)
        #expect(document.kept.map(\.id) == [256] && document.bytes == stored.bytes)
        try document.encode(with: Tiny.tokenizer("qwen2"))
        #expect(document.kept.map(\.id) == [256])
        #expect(document.tokens.last?.range.upperBound == 6)
    }

    #if !DEBUG
    @Test("A keystroke in 100 kB is encoded where it stands; the time is printed", .enabled(if: DefaultModel.path != nil))
    func keystroke() throws {
        let tokenizer = try Tokenizer(GGUF(path: #require(DefaultModel.path)))
        let sentence = "The quick brown fox doesn't jump over 13 lazy dogs, it says.\n".bytes
        var editor = Editor(Document(text: (0..<1700).flatMap { _ in sentence }))
        editor.encode(with: tokenizer)
        editor.move(to: 50_000)
        let clock = ContinuousClock()
        var times: [Duration] = []
        for key in "typing words in the middle of it all" {
            times.append(clock.measure {
                editor.insert(String(key))
                editor.encode(with: tokenizer)
            })
        }
        times.sort()
        print("a keystroke in 100 kB: \(times[times.count / 2])")
        #expect(times[times.count / 2] < .seconds(1))
    }

    @Test("A paste of 1 MiB of stacked marks is edited and encoded; the time is printed", .enabled(if: DefaultModel.path != nil))
    func zalgo() throws {
        let tokenizer = try Tokenizer(GGUF(path: #require(DefaultModel.path)))
        let marks = (0..<(1 << 19)).flatMap { [UInt8(0xCC), UInt8(0x80 + $0 % 48)] }
        var editor = Editor(Document(text: "before ".bytes))
        editor.move(.documentEnd)
        let time = ContinuousClock().measure {
            editor.paste("z".bytes + marks)
            editor.encode(with: tokenizer)
            editor.move(.left)
        }
        #expect(editor.cursor == 7)
        print("1 MiB of stacked marks: \(time)")
        #expect(time < .seconds(20))
    }
    #endif
}
