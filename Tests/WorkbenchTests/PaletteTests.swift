import Terminal
import Testing
import Workbench

@Suite("The table of commands and its list") struct PaletteTests {
    /// A state whose focus is where the keys of a context count.
    static func state(in context: Command.Context, width: Int = 120, height: Int = 30) -> State {
        var state = State(width: width, height: height)
        switch context {
        case .everywhere, .document: break
        case .controls: state.focus = .controls
        case .panel: state.focus = .slot(0)
        case .streams:
            state = .desk(width: width, height: height)
            state.press(keys: .ctrl("n"))
        case .along, .byHand:
            state = State.desk("French: de mer", width: width, height: height).reading(Tiny.peppermint).focused(on: .candidates)
            state.press(keys: context == .along ? .char("w") : .char("m"))
        case .candidates, .sampler, .tokens, .attention, .lens, .attribution, .edits, .files, .compare, .branches, .shots, .history, .laboratory:
            if let panel = State.Panel(rawValue: context.rawValue) { state.slots[0] = panel }
            state.focus = .slot(0)
        }
        return state
    }

    @Test("every key of the table runs its own command where it counts") func dispatch() {
        for row in Command.table {
            for key in row.keys {
                let places: [Command.Context] = switch row.context {
                // What takes the panel's keys for itself may mean something else by one of them.
                case .everywhere: Command.Context.allCases.filter { ![.along, .byHand].contains($0) || Command.find(key, in: [$0]) == nil }
                case .panel: [.candidates, .along, .sampler, .tokens, .attention, .lens, .attribution, .edits, .files, .compare, .branches, .shots, .history]
                    .filter { Command.find(key, in: [$0]) == nil }
                default: [row.context]
                }
                for place in places {
                    #expect(Command.find(key, in: Self.state(in: place).contexts) == row.command, "\(key) of \(row.command) in \(place)")
                }
            }
        }
    }

    @Test("no key is bound twice in a context, and every command stands in the table once, with a title") func table() {
        for context in Command.Context.allCases {
            let keys = Command.table.filter { $0.context == context }.flatMap(\.keys)
            #expect(Set(keys).count == keys.count, "\(context)")
        }
        #expect(Command.table.map(\.command).sorted { $0.rawValue < $1.rawValue } == Command.allCases.sorted { $0.rawValue < $1.rawValue })
        #expect(Command.table.allSatisfy { !$0.title.isEmpty })
        #expect(Set(Command.table.map { "\($0.context) \($0.title)" }).count == Command.table.count)
    }

    @Test("nothing sits only on a function key or Alt") func plainKeys() {
        for row in Command.table {
            for key in row.keys {
                if case .char = key.base, key.modifiers.contains(.alt) { #expect(row.keys.count > 1, "\(row.command)") }
            }
        }
        #expect(PaletteState().rows.count == Command.table.count, "the list has them all")
    }

    @Test("the list at 80x24, narrowed: all words must occur; what cannot run says why") func screen() {
        let world = World()
        world.press(.ctrl("p"))
        world.type("redo")
        #expect(world.state.overlay.map { if case .palette(let palette) = $0 { palette.rows.map(\.command) == [.redo] } else { false } } == true)
        world.press(.ctrl("u"))
        world.type("FILES open")
        #expect(world.state.overlay.map { if case .palette(let palette) = $0 { palette.rows.map(\.command) == [.fileOpen] } else { false } } == true)
        world.press(.ctrl("u"))
        world.type("find")
        #expect(world.part(x: 2, y: 0, width: 76, height: 22) == Screens.palette80)
    }

    @Test("Enter runs the chosen command where it belongs, and its panel is shown first") func run() {
        for panel in State.Panel.allCases where panel == .files || panel == .sampler {
            var state = State(width: 80, height: 24)
            _ = state.update(.event(.key(.ctrl("p"))))
            _ = state.update(.event(.paste(Array((panel == .files ? "files filter" : "sampler stage below").utf8))))
            _ = state.update(.event(.key(.enter)))
            #expect(state.focusedPanel == panel && state.overlay == nil)
        }
        let world = World()
        world.press(.ctrl("p"))
        world.type("tab character")
        world.press(.enter)
        #expect(world.document == "\t")
        world.press(.ctrl("p"))
        world.type("leave nothing like it")
        #expect(world.press(.enter).isEmpty && world.state.overlay != nil)
    }

    @Test("what cannot run stays in the list and says why") func obstacle() {
        let world = World()
        world.press(.ctrl("p"))
        world.type("redo")
        world.press(.enter)
        #expect(world.state.notice?.text == "Redo: nothing to redo")
        guard case .palette = world.state.overlay else { Issue.record("the list is gone"); return }
    }

    @Test("a click runs a row, the wheel chooses, a click outside closes") func mouse() {
        let world = World()
        world.press(.ctrl("p"))
        world.type("tab character")
        world.mouse(.wheelDown, 40, 10)
        let lines = world.screen.split(separator: "\n", omittingEmptySubsequences: false).dropFirst().map(String.init)
        let row = lines.firstIndex { $0.contains("Insert a tab") } ?? 0
        world.mouse(.press, 40, row)
        #expect(world.document == "\t" && world.state.overlay == nil)
        world.press(.ctrl("p"))
        world.mouse(.press, 0, 0)
        #expect(world.state.overlay == nil)
    }

    @Test("the chosen row is on the screen wherever it is") func inSight() {
        let world = World(width: 60, height: 12)
        world.press(.ctrl("p"))
        for row in Command.table.dropFirst() {
            world.press(.down)
            let frame = View.frame(world.state)
            let chosen = (0..<12).filter { frame[6, $0]?.style.role == .selection }
            #expect(chosen.count == 1, "\(row.command)")
        }
    }
}
