import Document
import Engine
import Terminal
import Testing
import Tokenizer
import Workbench

@Suite("The next uncertain token") struct UncertainTests {
    /// A desk whose steps have these entropies, the first token's aside.
    private func desk(_ entropies: [Float?]) -> State {
        var state = State.desk(String(repeating: " de", count: entropies.count))
        let steps = entropies.enumerated().map { index, entropy in
            index == 0 ? nil : entropy.map { Step(id: Tiny.id(" de"), logprob: -1, rank: 0, entropy: $0) }
        }
        let known = steps.dropFirst().prefix { $0 != nil }.count + 1
        _ = state.update(.report(.steps(version: state.reading.version, from: 0, Array(steps.prefix(known)))))
        state.editor.move(to: 0)
        state.focus = .document
        return state.settled()
    }

    @Test("^U goes from one to the next above the threshold and round the end, and says which")
    func next() {
        var state = desk([9, 1, 2.5, 2, 3.42, 0.5, 7])
        var notices: [String] = [], cursors: [Int] = []
        for _ in 0..<4 {
            state.press(keys: .ctrl("u"))
            notices.append(state.notice?.text ?? "")
            cursors.append(state.editor.cursor / 3)
        }
        #expect(cursors == [2, 4, 6, 2])
        #expect(notices == ["H 2.50 nats at ␣de, 1 of 3 above 2.00 nats", "H 3.42 nats at ␣de, 2 of 3 above 2.00 nats",
                            "H 7.00 nats at ␣de, 3 of 3 above 2.00 nats", "H 2.50 nats at ␣de, 1 of 3 above 2.00 nats, from the start again"])
    }

    @Test("u and U in Candidates and the palette's rows go both ways")
    func both() {
        var state = desk([9, 1, 2.5, 2, 3.42, 0.5, 7]).focused(on: .candidates)
        var cursors: [Int] = []
        for key in [Key.char("u"), .char("u"), .char("U"), .char("U"), .char("U")] {
            state.press(keys: key)
            cursors.append(state.editor.cursor / 3)
            #expect(state.focusedPanel == .candidates)
        }
        #expect(cursors == [2, 4, 2, 6, 4])
        state.press(keys: .ctrl("p"))
        _ = state.update(.event(.paste(Array("document uncertain before".utf8))))
        state.press(keys: .enter)
        #expect(state.editor.cursor / 3 == 2 && state.focus == .document)
    }

    @Test("What is not measured yet is said, and where none is uncertain too")
    func unknown() {
        var state = desk([9, 1, 3, nil, nil])
        state.press(keys: .ctrl("u"))
        #expect(state.notice?.text == "H 3.00 nats at ␣de, 1 of 1 above 2.00 nats; 2 tokens are not measured yet")
        state = desk([9, 1, 1, nil])
        state.press(keys: .ctrl("u"))
        #expect(state.notice?.text == "no entropy here is above 2.00 nats; 1 token is not measured yet" && state.notice?.kind == .warning)
        #expect(state.editor.cursor == 0)
        state = desk([9, 1, 1])
        state.press(keys: .ctrl("u"))
        #expect(state.notice?.text == "no entropy here is above 2.00 nats")
        var empty = State.desk("")
        empty.press(keys: .ctrl("u"))
        #expect(empty.notice?.text == "Go to the next uncertain token: there are no tokens")
    }

    @Test("On real numbers each place it goes to is above, and going round visits every one that has a place of its own")
    func real() throws {
        let worker = try TinyWorker()
        var state = try worker.desk("é 👩‍👩‍👧 de ß mer English: cheese", at: 0, panel: nil)
        let steps = state.reading.steps, tokens = state.editor.document.tokens
        let places = tokens.indices.filter { steps[$0].map { Double($0.entropy) > state.uncertainAbove } ?? false }
        let reachable = places.filter { index in
            var editor = state.editor
            editor.move(to: tokens[index].range.lowerBound)
            return editor.cursor == tokens[index].range.lowerBound
        }
        #expect(!reachable.isEmpty && reachable.count < places.count)
        var seen: [Int] = []
        for _ in reachable {
            try worker.press(&state, .ctrl("u"))
            seen.append(try #require(state.here.token))
        }
        #expect(seen == reachable)
    }
}
