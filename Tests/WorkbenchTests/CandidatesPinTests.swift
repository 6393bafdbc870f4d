import Document
import Engine
import Terminal
import Testing
import Tokenizer
import Workbench

@Suite("A pinned place") struct CandidatesPinTests {
    private let text = "English: peppermint\nFrench: de mer"
    private func screen(_ state: State, _ width: Int = 64, _ height: Int = 12) -> String {
        panel(width, height) { CandidatesView.draw(state, $0, true, &$1) }.dump()
    }

    @Test("Beside each candidate stand its probability and rank at the pinned place, and the sign of the change")
    func rows() throws {
        let worker = try TinyWorker()
        var state = try worker.desk(text)
        try worker.press(&state, .char("p"))
        let pinned = try #require(state.reading.here).distribution
        state.editor.move(to: 12)
        try worker.press(&state, .down)
        let here = try #require(state.reading.here).distribution
        #expect(here.logits != pinned.logits)
        let lines = screen(state, 96, 40).split(separator: "\n").map { $0.dropFirst().split(separator: " ").map(String.init) }
        var seen = 0
        for words in lines {
            guard let rank = words.first.flatMap({ Int($0) }), here.order().indices.contains(rank), words[1] != "more" else { continue }
            let id = here.order()[rank], now = here.probability(of: id), then = pinned.probability(of: id)
            let line = words.joined(separator: " ")
            #expect(line.contains("\(Number.percent(now)) \(now > then ? "↑" : "↓") \(Number.percent(then)) \(pinned.rank(of: id)) "), "\(line)")
            seen += 1
        }
        #expect(seen > 25)
        let found = screen(state, 96)
        #expect(found.contains("pinned \(state.pin?.position ?? -1)"))
        #expect(found.contains("KL(pinned || here) \(Number.fixed(pinned.divergence(from: here) ?? .nan, 3)) nats"))
        #expect(found.contains("overlap \(Number.percent(pinned.overlap(with: here)))"))
    }

    @Test("At the pinned place nothing differs, and p there lets go; elsewhere it pins that place; Backspace lets go too")
    func letsGo() throws {
        let worker = try TinyWorker()
        var state = try worker.desk(text)
        try worker.press(&state, .char("p"))
        #expect(state.reading.here?.comparison?.divergence == 0 && screen(state).contains("overlap 100.0 %"))
        #expect(screen(state, 96).contains(" = "))
        try worker.press(&state, .char("p"))
        #expect(state.pin == nil && state.reading.here?.comparison == nil && !screen(state).contains("pinned"))
        try worker.press(&state, .char("p"))
        let first = state.pin?.position
        state.editor.move(to: 9)
        try worker.press(&state, .down, .char("p"))
        let second = state.pin
        #expect(second != nil && second?.position != first && second?.position == state.reading.here?.position)
        #expect(second?.actual == state.actualToken && second?.ids == Array(state.reading.ids.prefix(second?.position ?? 0)))
        try worker.press(&state, .backspace)
        #expect(state.pin == nil)
        try worker.press(&state, .backspace)
        #expect(state.notice?.text == "no place is pinned; p pins the one shown")
    }

    @Test("It outlives edits, and says so once the text before it is another")
    func edits() throws {
        let worker = try TinyWorker()
        var state = try worker.desk(text)
        try worker.press(&state, .char("p"))
        let kept = state.pin?.distribution.logits
        func edit(_ change: (inout Editor) -> Void) throws {
            change(&state.editor)
            try worker.press(&state, .home)
        }
        try edit { $0.move(.documentEnd); $0.insert(" la") }
        #expect(!state.isPinOutdated && !screen(state).contains("text before") && screen(state).contains("KL"))
        try edit { $0.replace(0..<7, with: Array("French".utf8)) }
        #expect(state.isPinOutdated && screen(state, 96).contains("of the text before") && state.pin?.distribution.logits == kept)
        #expect(screen(state, 72).split(separator: "\n")[0].contains("of the text before"))
        try edit { $0.undo() }
        #expect(!state.isPinOutdated && !screen(state, 96).contains("of the text before"))
    }

    @Test("P sorts by the change and back; ranks stay those of the present place")
    func sorting() throws {
        let worker = try TinyWorker()
        var state = try worker.desk(text)
        try worker.press(&state, .char("P"))
        #expect(state.notice?.kind == .warning)
        try worker.press(&state, .char("p"))
        let pinned = try #require(state.reading.here).distribution
        state.editor.move(to: 12)
        try worker.press(&state, .char("P"), .home)
        let here = try #require(state.reading.here), listing = try #require(here.listing)
        #expect(listing.ids.count == here.distribution.count && Set(listing.ids).count == listing.ids.count)
        let changes = listing.ids.map { Float(abs(here.distribution.probability(of: $0) - pinned.probability(of: $0))) }
        #expect(changes == changes.sorted(by: >) && changes[0] > 0)
        #expect(listing.ids != here.distribution.order())
        for (id, rank) in zip(listing.ids, listing.ranks).prefix(60) { #expect(here.distribution.rank(of: id) == rank) }
        let words = screen(state).split(separator: "\n")[4].dropFirst().split(separator: " ").map(String.init)
        #expect(words[0] == "\(listing.ranks[0])" && words[1] == TokenText.name(listing.ids[0], state.tokenizer))
        // What is chosen is the row's token.
        try worker.press(&state, .down, .char("a"))
        #expect(state.editor.document.kept.last?.id == listing.ids[1])
        try worker.press(&state, .char("P"))
        #expect(state.reading.here?.listing == nil)
    }

    @Test("The settings recolour what is sorted by change")
    func resampled() throws {
        let worker = try TinyWorker()
        var state = try worker.desk(text)
        try worker.press(&state, .char("p"))
        state.editor.move(to: 12)
        try worker.press(&state, .char("P"), .home)
        let order = state.reading.here?.listing?.ids
        state.focus = .controls
        state.controls.field = 1
        try worker.press(&state, .down)
        #expect(state.reading.here?.listing?.ids == order && order != nil)
    }

    @Test("No size traps")
    func everySize() throws {
        let worker = try TinyWorker()
        var state = try worker.desk(text)
        try worker.press(&state, .char("p"))
        state.editor.move(to: 12)
        for key in [Key.home, .char("P"), .end] {
            try worker.press(&state, key)
            for (width, height) in sizes { _ = screen(state, width, height) }
        }
    }
}
