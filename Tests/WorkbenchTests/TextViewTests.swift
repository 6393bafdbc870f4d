import Document
import Terminal
import Testing
import Workbench

@Suite("The text laid out in lines")
struct TextViewTests {
    @Test("After any edit the lines are those of a layout from scratch", arguments: 1...30)
    func edits(seed: Int) throws {
        var random = Dice(UInt64(seed))
        let atoms = ["a", "word ", "\n", "\n\n", "日本", "e\u{301}", "long-long-long-word", " ", "\t", "\u{1F44D}\u{1F3FD}"].map { Array($0.utf8) } + [[0xFF], [0x0D, 0x0A]]
        var state = State(width: 50, height: 16)
        for step in 0..<60 {
            let count = state.editor.document.count
            let start = Int.random(in: 0...count, using: &random), end = min(count, start + Int.random(in: 0...12, using: &random))
            state.editor.replace(start..<end, with: (0..<Int.random(in: 0...3, using: &random)).flatMap { _ in atoms.randomElement(using: &random) ?? [] })
            _ = state.update(.event(.resize(width: 50, height: 16)))
            var fresh = State(width: 50, height: 16)
            fresh.editor = Editor(state.editor.document)
            _ = fresh.update(.event(.resize(width: 50, height: 16)))
            try #require(state.text.starts == fresh.text.starts, "seed \(seed), step \(step)")
        }
    }
}
