import Engine
import Terminal
import Testing
import Workbench

@Suite("The attention panel: heads") struct AttentionHeadsTests {
    @Test("Weights, entropy and scores on the screen are those of the reading", arguments: [(80, 24), (120, 30), (200, 60)])
    func numbers(_ width: Int, _ height: Int) throws {
        var desk = try AttentionDesk(width: width, height: height)
        desk.bringHeads()
        let scores = try desk.bringScores()
        desk.press(.down, times: 4)
        desk.press(.right, times: 3)
        #expect(desk.attention.cursor == HeadID(4, 3))
        let row = AttentionDesk.row(4, 3, desk.query)
        let most = try #require(row.indices.dropFirst().max { (row[$0], $1) < (row[$1], $0) })
        #expect(desk.attention.lookedAt?.position == most)
        let panel = desk.panel.joined(separator: "\n")
        #expect(panel.contains("L4·H3"))
        #expect(panel.contains("(most)"))
        #expect(panel.contains(Number.fixed(Double(row[most]), 3)))
        var entropy = 0.0
        for weight in row { entropy -= Double(weight) * logarithm(Double(weight)) }
        #expect(line("entropy", in: desk).contains(Number.fixed(entropy, 2)))
        let index = 4 * AttentionDesk.heads + 3
        let shown = [("previous", scores.previous[index]), ("duplicate", scores.duplicate[index]), ("induction", scores.induction[index]), ("sink", scores.sink[index])]
        let best = shown.map(\.1).max()
        for (name, value) in shown {
            #expect(line(name, in: desk).contains(Number.fixed(Double(value), 2)))
            #expect(line(name, in: desk).contains("◂") == (value == best))
        }
        #expect(panel.contains("mean of newest \(desk.state.reading.ids.count)"))
        #expect(panel.contains("looks at"))
    }

    private func line(_ word: String, in desk: AttentionDesk) -> String { desk.panel.first { $0.contains(word) && !$0.contains("─") } ?? "" }

    @Test("Arrows stop at the first and the last layer and head")
    func arrows() throws {
        var desk = try AttentionDesk()
        desk.bringHeads()
        desk.press(.up, .left)
        #expect(desk.attention.cursor == HeadID(0, 0))
        desk.press(.down, times: 40)
        desk.press(.right, times: 20)
        #expect(desk.attention.cursor == HeadID(29, 8))
        #expect(desk.panel.contains { $0.contains("L29·H8") })
    }

    @Test("Enter locks one head and unlocks it; Space adds and removes")
    func locking() throws {
        var desk = try AttentionDesk()
        desk.bringHeads()
        desk.press(.enter)
        #expect(desk.attention.locked == [HeadID(0, 0)])
        desk.press(.down, .char(" "))
        #expect(desk.attention.locked == [HeadID(0, 0), HeadID(1, 0)])
        desk.press(.down)
        #expect(desk.attention.chosen == [HeadID(0, 0), HeadID(1, 0)])
        let mean = zip(AttentionDesk.row(0, 0, desk.query), AttentionDesk.row(1, 0, desk.query)).map { ($0 + $1) * 0.5 }
        #expect(desk.attention.chosenRow?.weights == mean)
        #expect(desk.attention.preview?.weights == AttentionDesk.row(2, 0, desk.query))
        desk.press(.up, .char(" "))
        #expect(desk.attention.locked == [HeadID(0, 0)])
        desk.press(.enter)
        #expect(desk.attention.locked == [HeadID(1, 0)])
        desk.press(.enter)
        #expect(desk.attention.locked.isEmpty)
    }

    @Test("The metric colours every head by its own number")
    func metrics() throws {
        var desk = try AttentionDesk(width: 200, height: 60)
        desk.bringHeads()
        let scores = try desk.bringScores()
        desk.press(.char("z"))
        // One layer a row with its number; a head takes four columns behind six of labels.
        func cell(_ layer: Int, _ head: Int) -> String {
            let row = Array(desk.panel[2 + layer]), start = 1 + 6 + head * 4
            return String(row[(start + 1)..<(start + 4)])
        }
        let target = try #require(desk.attention.lookedAt?.position)
        for (layer, head) in [(0, 1), (17, 4), (29, 8)] {
            let row = AttentionDesk.row(layer, head, desk.query)
            #expect(cell(layer, head) == tiny(row[target]))
        }
        desk.press(.char("m"))
        #expect(desk.attention.metric == .entropy)
        let row = AttentionDesk.row(17, 4, desk.query)
        #expect(cell(17, 4) == tiny(-row.reduce(0) { $0 + $1 * Float(logarithm(Double($1))) }))
        for (metric, values) in [(AttentionState.Metric.previous, scores.previous), (.duplicate, scores.duplicate), (.induction, scores.induction), (.sink, scores.sink)] {
            desk.press(.char("m"))
            #expect(desk.attention.metric == metric)
            #expect(cell(17, 4) == tiny(values[17 * 9 + 4]))
            #expect(desk.panel.first?.contains("\(metric.rawValue) score") == true)
        }
        desk.press(.char("m"))
        #expect(desk.attention.metric == .direct && desk.panel.first?.contains("adds to the logit …") == true)
        desk.press(.char("m"))
        #expect(desk.attention.metric == .ablation && desk.panel.first?.contains("ablation: A in Edits") == true)
        desk.press(.char("m"))
        #expect(desk.attention.metric == .toToken)
    }

    private func tiny(_ value: Float) -> String {
        let text = Number.fixed(Double(value), 2)
        return text.hasPrefix("0.") ? String(text.dropFirst()) : Number.fixed(Double(value), 1)
    }

    @Test("The token looked at steps by keys and follows the head again beyond the ends")
    func target() throws {
        var desk = try AttentionDesk()
        desk.bringHeads()
        desk.press(.right)
        let most = try #require(desk.attention.lookedAt)
        #expect(!most.isChosen && most.position == 5)
        desk.press(.char("."))
        #expect(desk.attention.target == 6)
        #expect(desk.panel.contains { $0.contains("to :") && !$0.contains("(most)") })
        desk.press(.char(","), times: 6)
        #expect(desk.attention.target == 0)
        desk.press(.char(","))
        #expect(desk.attention.target == nil)
        desk.press(.char("."), times: 8)
        #expect(desk.attention.target == desk.query)
        desk.press(.char("."))
        #expect(desk.attention.target == nil)
    }

    @Test("Before the person moves, the first scores bring the cursor to the strongest induction head, once")
    func untouched() throws {
        var desk = try AttentionDesk(String(repeating: " mer", count: 24))
        desk.bringHeads()
        let scores = try desk.bringScores()
        let best = try #require(scores.induction.indices.max { (scores.induction[$0], $1) < (scores.induction[$1], $0) })
        #expect(scores.induction[best] > 0.2)
        #expect(desk.attention.cursor == HeadID(best / 9, best % 9))
        desk.press(.up)
        let moved = desk.attention.cursor
        _ = try desk.bringScores()
        #expect(desk.attention.cursor == moved)
    }

    @Test("Rows of another query than the one at the cursor say whose they are")
    func late() throws {
        var desk = try AttentionDesk(width: 200, height: 60)
        desk.send(.report(.heads(version: desk.version, query: 3, rows: AttentionDesk.rows(query: 3))))
        #expect(desk.panel.contains { $0.contains("from ␣otter (3) …") })
        desk.bringHeads()
        #expect(desk.panel.contains { $0.contains("from ␣cheese (13)") && !$0.contains("…") })
    }

    @Test("After an edit the last rows stay with the tokens they were made for, and tint only what is unchanged")
    func edited() throws {
        var desk = try AttentionDesk(width: 200, height: 60)
        desk.bringHeads()
        _ = try desk.bringScores()
        desk.press(.char("o"), .escape, .char("x"))
        #expect(desk.panel.contains { $0.contains("from ␣cheese (13) …") })
        #expect(desk.panel.contains { $0.contains("mean of newest 14 …") })
        desk.press(.backspace, .backspace)
        // The last token is in pieces now, so 13 are left to tint.
        #expect(desk.attention.weights(desk.state).count == 13)
        desk.bringHeads()
        #expect(desk.attention.weights(desk.state).count == desk.state.reading.ids.count)
    }

    @Test("A click chooses a head, a second one the layer under it; the wheel goes through the layers")
    func mouse() throws {
        var desk = try AttentionDesk()
        desk.bringHeads()
        let rect = try #require(Layout(desk.state).rect(of: .attention)?.interior)
        desk.state.clickInAttention(x: 6 + 4 * 2, y: 1 + 2, in: rect)
        #expect(desk.attention.cursor == HeadID(4, 4))
        desk.state.clickInAttention(x: 6 + 4 * 2 + 1, y: 1 + 2, in: rect)
        #expect(desk.attention.cursor == HeadID(5, 4))
        desk.state.clickInAttention(x: 0, y: 0, in: rect)
        #expect(desk.attention.cursor == HeadID(5, 4))
        desk.state.scrollInAttention(by: 3)
        desk.press(.right)
        #expect(desk.attention.cursor == HeadID(8, 5))
    }
}

@Suite("The attention panel: wishes and tints") struct AttentionWishTests {
    @Test("Only what is shown is asked for")
    func wishes() throws {
        var desk = try AttentionDesk()
        func wish() -> Wish.Attention? { desk.attention.wish(desk.state) }
        #expect(wish()?.query == 13)
        #expect(wish()?.scores == true && wish()?.map.isEmpty == true && wish()?.column == nil)
        desk.press(.char("v"))
        #expect(wish()?.scores == false && wish()?.map == [HeadID(0, 0)] && wish()?.column == nil)
        desk.press(.char("v"), .char("i"))
        #expect(wish()?.scores == false && wish()?.map.isEmpty == true)
        #expect(wish()?.column == Wish.Attention.Column(heads: [HeadID(0, 0)], key: 13))
        desk.press(.char("o"))
        #expect(wish()?.column == nil)
        desk.state.slots = [.candidates, .sampler]
        desk.state.text.tint = .attention
        #expect(wish() == Wish.Attention(query: 13))
        desk.state.text.tint = .none
        #expect(wish() == nil)
    }

    @Test("The query is the token before the shown place")
    func query() throws {
        var desk = try AttentionDesk()
        #expect(desk.query == desk.state.here.position - 1)
        desk.press(.escape, .ctrl(.home))
        #expect(desk.query == -1)
        #expect(desk.panel.contains { $0.contains("No token stands before") })
        desk.press(.ctrl(.right))
        #expect(desk.query == 0)
    }

    @Test("The text view takes the tint and gives it back")
    func tint() throws {
        var desk = try AttentionDesk()
        desk.state.text.tint = .rank
        desk.press(.char("v"))
        #expect(desk.attention.view == .map && desk.state.text.tint == .rank)
        desk.press(.char("v"))
        #expect(desk.attention.view == .text && desk.state.text.tint == .attention)
        desk.press(.char("v"))
        #expect(desk.attention.view == .ranked && desk.state.text.tint == .rank)
        desk.press(.char("v"))
        #expect(desk.attention.view == .heads && desk.state.text.tint == .rank)
        desk.press(.char("i"))
        #expect(desk.attention.direction == .into && desk.state.text.tint == .attention)
        desk.press(.char("o"))
        #expect(desk.attention.direction == .out && desk.state.text.tint == .attention)
        desk.press(.char("v"), .char("v"), .char("v"))
        #expect(desk.state.text.tint == .rank)
    }

    @Test("The document is tinted by the chosen heads, or by who looks at the target")
    func weights() throws {
        var desk = try AttentionDesk()
        desk.bringHeads()
        desk.press(.right, .char("o"))
        #expect(desk.attention.weights(desk.state).map { $0 ?? -1 } == AttentionDesk.row(0, 1, desk.query))
        desk.press(.char("i"), .char(","))
        let key = try #require(desk.attention.target)
        #expect(desk.attention.weights(desk.state).isEmpty)
        let column = Wish.Attention.Column(heads: [HeadID(0, 1)], key: key)
        let weights = (0..<14).map { $0 < key ? 0 : Float($0) / 20 }
        desk.send(.report(.column(version: desk.version, column, weights: weights)))
        #expect(desk.attention.weights(desk.state) == (0..<14).map { $0 < key ? nil : weights[$0] })
        desk.press(.left)
        #expect(desk.attention.weights(desk.state).isEmpty)
    }
}
