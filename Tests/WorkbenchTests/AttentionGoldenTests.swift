import Terminal
import Testing
import Workbench

/// Whole panels as they were looked at and found right.
@Suite("The attention panel: pictures") struct AttentionGoldenTests {
    @Test("g") func g() throws {
        var desk = try AttentionDesk(width: 120, height: 30)
        desk.bringHeads()
        _ = try desk.bringScores()
        desk.press(.down, times: 3)
        desk.press(.right, times: 4)
        desk.press(.char(" "), .right, .right)
        print(desk.panel.joined(separator: "\n")); print(desk.styles.joined(separator: "\n")); print(desk.drawn(.mono)); print(desk.drawn(.c8))
        desk = try AttentionDesk(width: 80, height: 24)
        desk.bringHeads()
        _ = try desk.bringScores()
        print(desk.panel.joined(separator: "\n"))
        desk.press(.char("v"))
        desk.bringMap()
        print(desk.panel.joined(separator: "\n")); print(desk.drawn(.mono))
        desk.press(.char("z"))
        print(desk.panel.joined(separator: "\n")); print(desk.drawn(.mono))
        desk.press(.char("v"), .char("z"))
        print(desk.panel.joined(separator: "\n"))
        desk = try AttentionDesk(width: 40, height: 10)
        desk.bringHeads()
        _ = try desk.bringScores()
        print(desk.panel.joined(separator: "\n"))
        desk.press(.char("v")); desk.bringMap()
        print(desk.panel.joined(separator: "\n"))
        desk.press(.char("v"))
        print(desk.panel.joined(separator: "\n"))
        desk = try AttentionDesk(width: 200, height: 60)
        desk.bringHeads()
        _ = try desk.bringScores()
        desk.press(.char("z"))
        print(desk.panel.joined(separator: "\n"))
    }
}
