import Terminal
import Testing
import Workbench

@Suite("Help") struct HelpTests {
    /// All lines of help, scrolled through.
    static func all(_ world: World, height: Int) -> String {
        var text = ""
        for _ in 0..<200 {
            let screen = world.screen
            text += screen
            world.press(.pageDown)
            if world.screen == screen { break }
        }
        return text
    }

    @Test("every command of the table is in it with its keys", arguments: [(40, 10), (80, 24), (200, 60)]) func complete(size: (Int, Int)) {
        let world = World(width: size.0, height: size.1)
        world.press(.f(1))
        let text = Self.all(world, height: size.1)
        for row in Command.table {
            #expect(text.contains(row.title.prefix(8)), "\(row.command)")
            if let key = row.keys.first { #expect(text.contains("\(key)"), "\(row.command)") }
        }
        for context in Command.Context.allCases { #expect(text.contains(context.title)) }
    }

    @Test("the present context comes first, the colours are drawn") func screen() {
        let world = World()
        world.press(.ctrl("o"), .char("?"))
        #expect(world.part(x: 0, y: 0, width: 80, height: 22) == Screens.help80)
        world.press(.down)
        let frame = View.frame(world.state)
        let heats = Set((0..<24).flatMap { y in (0..<80).compactMap { frame[$0, y]?.style.heat } })
        #expect(heats == [0, 9, 18, 27, 36, 45, 54, 63])
    }

    @Test("arrows, pages and the wheel scroll and stop at the ends; Esc and q close") func scroll() {
        let world = World()
        world.press(.f(1))
        let first = world.screen
        world.press(.up, .pageUp)
        #expect(world.screen == first)
        world.press(.down)
        world.mouse(.wheelDown, 40, 10)
        #expect(world.screen != first)
        world.mouse(.wheelUp, 40, 10)
        world.press(.up)
        #expect(world.screen == first)
        world.press(.end)
        let last = world.screen
        world.press(.down, .pageDown)
        let title = Command.table.last { $0.context == Command.Context.allCases.last }?.title ?? ""
        #expect(world.screen == last && last.contains(title))
        world.press(.char("q"))
        #expect(world.state.overlay == nil)
        world.press(.f(1), .escape)
        #expect(world.state.overlay == nil)
    }
}
