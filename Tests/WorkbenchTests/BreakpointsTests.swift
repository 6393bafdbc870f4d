import Document
import Engine
import Terminal
import Testing
import Workbench

@Suite("Breakpoints") struct BreakpointsTests {
    private func player(_ text: String = "English: cheese") throws -> Player {
        let player = try Tiny.file { Player(width: 120, height: 30, model: $0) }
        player.take(.opened(path: "p.md", bytes: Array("---\n\(StreamsTests.settings)---\n\(text)\n".utf8)))
        player.settle()
        return player
    }

    /// Types a line into "Pause the stream when".
    private func pause(_ line: String, _ player: Player) {
        player.take(.event(.key(.ctrl("p"))))
        player.take(.event(.paste(Array("pause the stream".utf8))))
        player.take(.event(.key(.enter)))
        player.take(.event(.key(.ctrl("e"))))
        player.take(.event(.key(.ctrl("u"))))
        player.take(.event(.paste(Array(line.utf8))))
        player.take(.event(.key(.enter)))
        player.settle()
    }

    /// The tokens of a run that does not pause.
    private func course() throws -> (tokens: [Step], text: [UInt8]) {
        let player = try player()
        defer { player.stop() }
        let first = player.state.reading.ids.count
        player.press(.ctrl("g"))
        return (player.state.reading.steps[first...].compactMap(\.self), player.state.editor.document.bytes)
    }

    @Test("a run pauses before a token of more entropy, behind one less likely, behind a text; going on ends where it would have")
    func pauses() throws {
        let (steps, text) = try course()
        // Between the second highest and the highest of those behind the first token, and likewise the least likely.
        let entropies = steps.dropFirst().map(\.entropy).sorted(by: >), logprobs = steps.map(\.logprob).sorted()
        let most = Double(entropies[0] + entropies[1]) / 2, least = exponential(Double(logprobs[0] + logprobs[1]) / 2)
        let uncertain = try #require(steps.dropFirst().firstIndex { Double($0.entropy) > most })
        let unlikely = try #require(steps.firstIndex { exponential(Double($0.logprob)) < least })
        let start = text.count - steps.reduce(0) { $0 + Tiny.model.tokenizer.bytes($1.id).count }
        func end(_ count: Int) -> Int { start + steps.prefix(count).reduce(0) { $0 + Tiny.model.tokenizer.bytes($1.id).count } }
        let piece = try #require(steps.dropFirst().map { Tiny.model.tokenizer.bytes($0.id) }.first { $0.allSatisfy { (0x23...0x5B).contains($0) } })
        let first = try #require(steps.firstIndex { Tiny.model.tokenizer.bytes($0.id).elementsEqual(piece) })
        for (line, count, word) in [("H>\(most)", uncertain, "before"), ("p<\(least)", unlikely + 1, "behind"),
                                    ("\"\(String(decoding: piece, as: UTF8.self))\"", first + 1, "behind")] {
            let player = try player()
            defer { player.stop() }
            pause(line, player)
            player.press(.ctrl("g"))
            #expect(player.state.editor.document.bytes == Array(text[..<end(count)]), "\(line)")
            #expect(player.state.editor.cursor == end(count) && player.state.lastRun?.end == "paused")
            let notice = try #require(player.state.notice?.text)
            let met = TokenText.name(steps[word == "before" ? count : count - 1].id, Tiny.model.tokenizer)
            #expect(notice.hasPrefix("paused: ") && notice.contains("\(word) \(met)"), "\(notice)")
            // The draw at a place depends on the seed and the place: a run that goes on draws what the other drew.
            for _ in 0..<12 where player.state.editor.document.count < text.count { player.press(.ctrl("g")) }
            #expect(player.state.editor.document.bytes.prefix(text.count) == text[...])
        }
    }

    @Test("streams side by side do not pause") func streams() throws {
        let player = try player()
        defer { player.stop() }
        pause("H>0 p<1", player)
        player.press(.ctrl("n"))
        #expect(player.state.streams?.streams.allSatisfy { $0.tokens.count == 12 || $0.end == .drawn(.eos) } == true)
    }

    @Test("a line is read as it is written, and shown so at the end of the controls",
          arguments: [("H>3", "H>3"), (" h > 3.25 ,P<.05", "H>3.25 p<0.05"), ("\"a \\\"b\\\\\\n\" H>0", "H>0 \"a \\\"b\\\\\\n\""), ("p<1\"x\"", "p<1 \"x\""), ("", "")])
    func lines(line: String, written: String) throws {
        let player = try player()
        defer { player.stop() }
        pause(line, player)
        #expect(player.state.overlay == nil)
        let row = View.frame(player.state).dump().split(separator: "\n", omittingEmptySubsequences: false)[28]
        #expect(written.isEmpty ? !row.contains("pause") : row.hasSuffix("pause \(written)"))
    }

    @Test("a line that cannot be read says what is expected and stays to be mended; nothing switches off",
          arguments: ["H>", "H<3", "p>0.1", "p<2", "H>-1", "\"open", "\"\"", "word", "H>3 q"])
    func unreadable(line: String) throws {
        let player = try player()
        defer { player.stop() }
        pause("H>2", player)
        pause(line, player)
        guard case .input(let input)? = player.state.overlay else { Issue.record("the line is gone"); return }
        #expect(input.line.text == line && player.state.notice?.kind == .warning && player.state.notice?.text.contains("H>3") == true)
        player.press(.ctrl("u"), .enter)
        #expect(player.state.overlay == nil && player.state.breakpoints.isEmpty)
    }

    @Test("the scanner stops at the first token that meets a condition, also inside what comes at once") func scanner() {
        func tokens(_ parts: [(String, logprob: Float, entropy: Float)]) -> [Generation.Token] {
            parts.map { Generation.Token(step: Step(id: 1, logprob: $1, rank: 0, entropy: $2), bytes: Array($0.utf8), isCut: false) }
        }
        let course = tokens([("ab", -0.1, 5), ("ca", -0.1, 1), ("bd", -3, 1), ("e", -0.1, 3)])
        func kept(_ change: (inout Breakpoints) -> Void, from first: Int = 0) -> [Int] {
            var breakpoints = Breakpoints()
            change(&breakpoints)
            // All at once, and one by one.
            var scanner = Breakpoints.Scanner(breakpoints), other = scanner, count = 0
            let whole = scanner.take(Array(course[first...]))
            for token in course[first...] {
                let (kept, pause) = other.take([token])
                count += kept
                if pause != nil { return [whole.kept, count] }
            }
            return whole.pause == nil ? [whole.kept, count] : [-1]
        }
        #expect(kept { _ in } == [4, 4])
        #expect(kept { $0.entropy = 2 } == [3, 3], "the first token is drawn whatever its entropy")
        #expect(kept { $0.entropy = 3 } == [4, 4], "as much is not more")
        #expect(kept({ $0.entropy = 2 }, from: 3) == [1, 1])
        #expect(kept { $0.probability = 0.1 } == [3, 3])
        #expect(kept { $0.probability = 0.99 } == [1, 1])
        #expect(kept { $0.text = Array("bca".utf8) } == [2, 2], "across tokens")
        #expect(kept { $0.text = Array("abd".utf8) } == [3, 3], "after a false beginning")
        #expect(kept { $0.text = Array("x".utf8) } == [4, 4])
        #expect(kept { ($0.entropy, $0.probability, $0.text) = (2, 0.1, Array("ab".utf8)) } == [1, 1])
    }
}
