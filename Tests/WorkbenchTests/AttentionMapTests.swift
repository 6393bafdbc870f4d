import Engine
import Terminal
import Testing
import Workbench

@Suite("The attention panel: map and text") struct AttentionMapTests {
    private func mapDesk(_ width: Int = 200, _ height: Int = 60, _ text: String = AttentionDesk.text, pool: Int = 1) throws -> AttentionDesk {
        var desk = try AttentionDesk(text, width: width, height: height)
        desk.bringHeads()
        desk.press(.char("z"), .char("v"))
        desk.bringMap(pool: pool)
        return desk
    }

    @Test("The crosshair starts at the query and its key, and stays under the diagonal")
    func crosshair() throws {
        var desk = try mapDesk()
        let map = try #require(desk.state.reading.map)
        #expect(map.tokens == 14)
        desk.press(.right, times: 30)
        #expect(desk.attention.crosshair == .init(query: 13, key: 13))
        desk.press(.up, times: 3)
        #expect(desk.attention.crosshair == .init(query: 10, key: 10))
        desk.press(.left, times: 4)
        #expect(desk.attention.crosshair == .init(query: 10, key: 6))
        desk.press(.up, times: 30)
        #expect(desk.attention.crosshair == .init(query: 0, key: 0))
        desk.press(.down, times: 30)
        #expect(desk.attention.crosshair == .init(query: 13, key: 0))
    }

    @Test("The numbers under the crosshair are the map's; hiding the first token renormalises")
    func numbers() throws {
        var desk = try mapDesk()
        desk.press(.left)
        let cross = try #require(desk.attention.crosshair)
        let row = try #require(desk.state.reading.map?.rows[cross.query])
        let weight = Double(row[cross.key]), rest = Double(row.dropFirst().reduce(0, +))
        var panel = desk.panel.joined(separator: "\n")
        #expect(panel.contains("weight " + Number.fixed(weight, 4)))
        #expect(panel.contains("log    " + Number.fixed(logarithm(weight), 2)))
        #expect(panel.contains("row sum without first " + Number.fixed(rest, 3)))
        #expect(panel.contains("pooled 1:1") && panel.contains("linear") && !panel.contains("hidden"))
        desk.press(.char("h"), .char("l"))
        panel = desk.panel.joined(separator: "\n")
        #expect(panel.contains("without first " + Number.fixed(weight / rest, 4)))
        #expect(panel.contains("first token hidden, rows renormalised") && panel.contains("logarithmic"))
    }

    @Test("Enter brings the document's cursor behind the crosshair's query")
    func goTo() throws {
        var desk = try mapDesk()
        desk.press(.up, times: 6)
        desk.press(.enter)
        #expect(desk.query == 7)
        #expect(desk.state.editor.cursor == "English: sea otter\nFrench: loutre".utf8.count)
    }

    @Test("Zoom goes from names to a few cells, and says how much a cell stands for")
    func zoom() throws {
        var desk = try mapDesk()
        #expect(desk.panel.contains { $0.contains("␣loutre   ") })
        desk.press(.char("+"))
        #expect(desk.attention.scale == -1)
        desk.press(.char("-"))
        #expect(desk.attention.scale == 0 && desk.panel.contains { $0.contains("pooled 1:1") })
        desk.press(.char("-"))
        #expect(desk.panel.contains { $0.contains("pooled 1:2, largest") })
        let cross = try #require(desk.attention.lookedAt).position / 2 * 2
        let map = try #require(desk.state.reading.map)
        let largest = [map.rows[12], map.rows[13]].flatMap { row in [cross, cross + 1].compactMap { row.indices.contains($0) ? row[$0] : nil } }.max() ?? 0
        #expect(desk.panel.contains { $0.contains("largest of 2 x 2: " + Number.fixed(Double(largest), 4)) })
        desk.press(.char("-"), times: 20)
        #expect(desk.panel.contains { $0.contains("pooled 1:8") })
    }

    @Test("A map pooled by the worker shows no number as exact, and hides without renormalising")
    func pooled() throws {
        var desk = try mapDesk(pool: 4)
        desk.press(.char("h"))
        let panel = desk.panel.joined(separator: "\n")
        #expect(panel.contains("largest weight ") && panel.contains("pooled 1:4"))
        #expect(panel.contains("row sum without first –") && panel.contains("first 4 tokens hidden"))
    }

    @Test("Typing keeps the part of the map that still holds; other heads are awaited under their name")
    func changes() throws {
        var desk = try mapDesk()
        desk.press(.escape, .escape, .backspace)
        #expect(desk.state.reading.map?.tokens != 14)
        #expect(desk.state.reading.map?.rows.count == 13)
        #expect(desk.panel.contains { $0.contains("the first 13 tokens; more …") })
        desk.press(.tab, .tab)
        desk.press(.char("."))
        #expect(desk.attention.cursor == HeadID(0, 1))
        #expect(desk.panel.contains { $0.contains("L0·H1 …") } && desk.panel.contains { $0.contains("L0·H0") })
        desk.press(.char(","), .char(","))
        #expect(desk.attention.cursor == HeadID(29, 8))
    }

    @Test("4,096 tokens: the map fits, zooms and pans, and a frame costs little")
    func long() throws {
        let text = String(repeating: " mer sea", count: 2048)
        var desk = try AttentionDesk(text, width: 120, height: 30)
        #expect(desk.state.reading.ids.count == 4096)
        desk.bringHeads()
        desk.press(.char("v"))
        let heads = desk.attention.chosen
        let rows = (0..<1024).map { query in (0...query).map { Float(($0 * 31 + query) % 97) / 97 } }
        desk.send(.report(.map(version: desk.version, AttentionMap(heads: heads, tokens: 4096, pool: 4, rows: rows))))
        #expect(desk.panel.contains { $0.contains("pooled 1:256") })
        desk.press(.char("+"), times: 9)
        #expect(desk.panel.contains { $0.contains("pooled 1:4") })
        desk.press(.up, times: 5)
        #expect(desk.attention.crosshair?.query == 4095 - 20)
        for view in ["map", "text", "ranked"] {
            #expect(desk.attention.view.rawValue == view)
            let clock = ContinuousClock(), start = clock.now
            for _ in 0..<10 { _ = View.frame(desk.state) }
            let time = (clock.now - start) / 10
            #if !DEBUG
            print("a frame of a large map: \(time)")
            #expect(time < .seconds(10))
            #endif
            desk.press(.char("v"))
        }
    }

    @Test("The text view lists keys by weight and goes to the one chosen")
    func list() throws {
        var desk = try AttentionDesk(width: 200, height: 60)
        desk.bringHeads()
        desk.press(.char("v"), .char("v"))
        let row = AttentionDesk.row(0, 0, desk.query)
        let order = row.indices.sorted { (row[$1], $0) < (row[$0], $1) }
        #expect(desk.attention.chosenRow?.order == order)
        #expect(desk.panel.contains { $0.contains("from ␣cheese (13), L0·H0") })
        for (rank, position) in order.enumerated() {
            #expect(desk.panel[2 + rank].contains(Number.fixed(Double(row[position]), 3)))
        }
        #expect(desk.panel[2].contains("⟨first⟩"))
        desk.press(.down, .enter)
        #expect(desk.query == order[1])
        desk.press(.left)
        #expect(desk.query == order[1] - 1)
    }

    @Test("Zoomed, the text carries the weights and marks the query")
    func page() throws {
        var desk = try AttentionDesk(width: 120, height: 30)
        desk.bringHeads()
        desk.press(.right, .char("v"), .char("v"), .char("z"))
        let frame = View.frame(desk.state), weights = AttentionDesk.row(0, 1, desk.query)
        let lines = frame.dump().components(separatedBy: "\n")
        let y = try #require(lines.firstIndex { $0.contains("English: sea otter") })
        let x = 1
        #expect(frame[x, y]?.style.heat != nil)
        let heaviest = try #require(weights.indices.max { weights[$0] < weights[$1] })
        #expect(heaviest == 5)
        let first = frame[x, y]?.style.heat ?? 0, french = frame[x, y + 1]?.style.heat ?? 0
        #expect(french > first)
        #expect(frame[x + "English: ".count, y + 2]?.style.role == .selection)
    }

    @Test("No size, view or emptiness traps", arguments: ["", "E", AttentionDesk.text])
    func sizes(_ text: String) throws {
        for loaded in [true, false] {
            var desk = try AttentionDesk(text, loaded: loaded)
            for _ in 0..<2 {
                if loaded, !text.isEmpty {
                    desk.bringHeads()
                    _ = try desk.bringScores()
                }
                for view in 0..<3 {
                    if view == 1, loaded, !text.isEmpty { desk.bringMap() }
                    for (width, height) in [(1, 1), (2, 9), (39, 9), (40, 10), (41, 11), (60, 16), (79, 13), (80, 24), (119, 29), (500, 200)] {
                        desk.resize(width, height)
                        let frame = View.frame(desk.state)
                        #expect(frame.width == width && frame.height == height)
                    }
                    for key in [Key.up, .down, .left, .right, .enter, .char(" "), .char("m"), .char(","), .char("."), .char("o"), .char("i"),
                                .char("+"), .char("-"), .char("-"), .char("l"), .char("h")] {
                        desk.press(key)
                        _ = View.frame(desk.state)
                    }
                    desk.resize(120, 30)
                    desk.press(.char("v"))
                }
                desk.press(.char("z"))
            }
        }
    }

    @Test("Rectangles of any size take every view")
    func rectangles() throws {
        var desk = try AttentionDesk()
        desk.bringHeads()
        _ = try desk.bringScores()
        for _ in 0..<3 {
            if desk.attention.view == .map { desk.bringMap() }
            for width in 40..<90 {
                for height in [10, 11, 12, 14, 16, 20, 23] {
                    desk.resize(width, height)
                    _ = View.frame(desk.state)
                }
            }
            desk.press(.char("v"))
        }
    }
}
