import Document
import Testing

import Store

@Suite("Runs are found by their words")
struct SearchTests {
    @Test("All words of a query have to be there, as beginnings of words, in the prompt or in the answer; the newest come first")
    func words() throws {
        try withFolder { folder in
            var dice = Dice(1)
            let stage = Stage(folder + "/store.sqlite")
            let sea = dice.run(prompt: "A sea otter", text: " swims in the Café", made: 1)
            let cat = dice.run(prompt: "A black cat", text: " swims, too", made: 2)
            var broken = dice.run(prompt: "", text: "", made: 3)
            broken.prompt = [0xFF, 0x20] + Array("sea".utf8) + [0x00, 0x20] + Array("horse".utf8)
            try stage.keep([dice.node(0)], runs: [cat, broken, sea])
            #expect(try stage.found("").map(\.id) == [broken.id, cat.id, sea.id])
            #expect(try stage.found("swim").map(\.id) == [cat.id, sea.id])
            #expect(try stage.found("SEA").map(\.id) == [broken.id, sea.id])
            #expect(try stage.found("otter swims").map(\.id) == [sea.id])
            #expect(try stage.found("cafe").map(\.id) == [sea.id] && stage.found("tter").isEmpty && stage.found("otter cat").isEmpty)
            #expect(try stage.found("horse").map(\.prompt) == [broken.prompt])
            let found = try #require(try stage.found("black").first)
            #expect(found.prompt == cat.prompt && found.text == cat.text && found.promptCount == 5 && found.count == 5 && found.made == 2)
            stage.store.close()
        }
    }

    @Test("Whatever a person types is words, never the search's own language")
    func hostile() throws {
        try withFolder { folder in
            var dice = Dice(2)
            let stage = Stage(folder + "/store.sqlite")
            let run = dice.run(prompt: "prompt NEAR the end", text: " or and not")
            try stage.keep([dice.node(0)], runs: [run])
            let matching = ["\"", "'", "near(prompt end", "NOT", "or OR or", "prompt:", "prompt : \"the", "^prompt", "pro*", "-the", "end\0",
                            "prompt + the", "\u{FFFD}", "*", "{prompt not}: end"]
            for query in matching { #expect(try stage.found(query).map(\.id) == [run.id], "\(query)") }
            for query in ["); DROP TABLE run; --", "a\"b\"c", "text:prompt", "rowid"] { #expect(try stage.found(query).isEmpty, "\(query)") }
            let long = String(repeating: "prompt ", count: 5000), wide = String(repeating: "x", count: 100_000)
            #expect(try stage.found(long).map(\.id) == [run.id] && stage.found(wide).isEmpty)
            for _ in 0..<200 { _ = try stage.found(String(decoding: dice.bytes(dice.below(30)), as: UTF8.self)) }
            #expect(!stage.all.contains { if case .failed = $0 { true } else { false } })
            stage.store.close()
        }
    }
}
