import Document
import Terminal
import Testing
import Workbench

@Suite("The files panel") struct FilesTests {
    @Test("the list stands beside the document, with what to look at under it") func list() {
        let world = World()
        world.press(.ctrl("o"), .down, .down)
        #expect(world.part(x: 41, y: 1, width: 39, height: 21) == Screens.list80)
        world.take(.event(.resize(width: 120, height: 30)))
        #expect(world.part(x: 66, y: 1, width: 54, height: 16) == Screens.list120)
        world.take(.event(.resize(width: 60, height: 20)))
        #expect(world.part(x: 0, y: 9, width: 60, height: 9) == Screens.list60)
    }

    @Test("a zoomed panel previews the chosen prompt without its front matter") func preview() {
        let world = World()
        world.press(.ctrl("o"), .char("z"))
        #expect(world.effects.contains(.preview(path: "prompts/analogies.md")))
        #expect(world.press(.down, .down).suffix(1) == [.preview(path: "prompts/translate.md")])
        #expect(world.press(.char("q"), .left).isEmpty)
        world.press(.ctrl("o"), .char("z"))
        #expect(world.part(x: 0, y: 1, width: 80, height: 12) == Screens.zoomed)
    }

    @Test("the chosen row is reversed without colours too, and no other") func mono() {
        let world = World()
        world.press(.ctrl("o"), .down, .down)
        let frame = View.frame(world.state)
        for y in 2..<18 {
            for x in 42..<79 {
                guard let cell = frame[x, y] else { continue }
                #expect(Theme.dark.paint(cell.style, depth: .mono).reverse == (y == 4))
            }
        }
    }

    @Test("typing narrows by name and title, all words counting, and Esc shows all again") func filter() {
        let world = World()
        world.press(.ctrl("o"), .char("/"))
        world.type("sHot")
        #expect(world.state.files.shown.map(\.name) == ["translate", "translation"])
        world.type(" fre")
        #expect(world.state.files.shown.map(\.name) == ["translate"])
        #expect(world.state.editor.document.count == 0)
        world.take(.event(.paste(Array("x".utf8))))
        #expect(world.state.files.shown.isEmpty)
        world.press(.escape)
        #expect(world.state.files.shown.count == 5 && world.state.files.filter.text.isEmpty)
        #expect(world.state.focusedPanel == .files)
    }

    @Test("an arrow out of the filter moves, Enter opens what is chosen, and the panel under the list comes back") func openFiltered() {
        let world = World()
        #expect(world.state.slots[0] == .candidates)
        world.press(.ctrl("o"))
        #expect(world.state.slots[0] == .files)
        world.press(.char("/"))
        world.type("transl")
        #expect(world.press(.down, .up, .enter).contains(.read(path: "prompts/translate.md")))
        #expect(world.document == "English: cheese\nFrench: fromage\n\nEnglish: peppermint\nFrench:")
        #expect(world.state.focus == .document && world.state.slots[0] == .candidates)
        #expect(world.state.sampling.temperature == 0.5)
        #expect(world.state.notice?.text.hasPrefix("how the first letters") == true)
        #expect(!world.state.editor.isDirty)
    }

    @Test("the list is asked for when it comes to be shown and when the terminal gets the keys") func refreshed() {
        let world = World()
        #expect(world.press(.ctrl("o")) == [.listFiles])
        #expect(world.press(.down, .up).isEmpty)
        #expect(world.press(.escape).isEmpty)
        #expect(world.take(.event(.focus(true))) == [.listFiles])
        world.write("prompts/zebra.md", Array("stripes\n".utf8))
        world.take(.event(.focus(true)))
        #expect(world.state.files.entries.map(\.name).contains("zebra"))
    }

    @Test("the choice stays with its file when others come and go") func stable() {
        let world = World()
        world.press(.ctrl("o"), .down, .down)
        world.write("prompts/aardvark.md", [])
        world.take(.event(.focus(true)))
        #expect(world.state.files.chosen?.name == "translate")
    }

    @Test("a click chooses, a second click opens, the wheel scrolls and stays inside") func mouse() {
        let world = World()
        world.press(.ctrl("o"))
        world.mouse(.press, 50, 4)
        #expect(world.state.files.chosen?.name == "translate")
        #expect(world.mouse(.press, 50, 6).isEmpty, "a folder's head is nothing to choose")
        #expect(world.mouse(.press, 50, 4).contains(.read(path: "prompts/translate.md")))
        world.press(.ctrl("o"))
        world.mouse(.wheelDown, 50, 4)
        #expect(world.state.files.top == 0)
        world.take(.event(.resize(width: 60, height: 20)))
        world.mouse(.wheelDown, 20, 13)
        #expect(world.state.files.top == 2)
        world.mouse(.wheelUp, 20, 13)
        #expect(world.state.files.top == 0)
    }

    @Test("a file that is no sound prompt is shown as text, says why, and is saved as it stands") func broken() {
        let world = World()
        world.open("broken")
        #expect(world.document == "---\ntitle: never closed\n")
        #expect(world.state.notice?.kind == .error)
        #expect(world.state.notice?.text.contains("never closed; put a line ---") == true)
        world.type("---\nHello")
        world.press(.ctrl("s"))
        #expect(world.text("prompts/broken.md") == "---\ntitle: never closed\n---\nHello")
        world.open("broken")
        #expect(world.document == "Hello")
    }

    @Test("an experiment goes to the laboratory, and what is in the document stays") func experiment() {
        let world = World()
        world.type("draft")
        world.open("translation")
        #expect(world.document == "draft")
        #expect(world.state.focusedPanel == .laboratory)
        #expect(world.screen.contains("prompts/experiments/translation.yaml is being read."))
    }

    @Test("rename, duplicate and trash, and the open file's path goes along") func housekeeping() {
        let world = World()
        world.open("translate")
        world.press(.ctrl("o"), .char("r"))
        #expect(world.screen.contains(" rename: translate"))
        world.press(.ctrl("u"))
        world.type("otters\n")
        #expect(world.state.file.path == "prompts/otters.md" && world.state.files.chosen?.name == "otters")
        #expect(world.text("prompts/translate.md") == nil)
        world.press(.char("d"))
        #expect(world.state.files.chosen?.name == "otters-2")
        world.press(.char("x"), .escape)
        #expect(world.text("prompts/otters-2.md") != nil)
        world.press(.char("x"), .char("x"))
        #expect(world.text("prompts/otters-2.md") == nil && world.text("data/Trash/files/otters-2.md") != nil)
        world.press(.up, .char("r"), .ctrl("u"))
        world.type("vars\n")
        #expect(world.state.notice?.kind == .error)
        #expect(world.state.notice?.text.contains("vars.md") == true && world.text("prompts/vars.md")?.contains("penguin") == true)
    }

    @Test("the open file is marked while it has unsaved changes") func mark() {
        let world = World()
        world.open("translate")
        world.press(.ctrl("o"))
        #expect(!world.screen.contains("translate.md         ●"))
        world.press(.escape)
        world.type("!")
        world.press(.ctrl("o"))
        #expect(world.screen.contains("▸ translate.md       ● "))
    }

    @Test("folders have heads when there are several") func folders() {
        let world = World()
        world.write("own/mine.md", Array("mine\n".utf8))
        world.press(.ctrl("o"))
        let lines = world.screen.split(separator: "\n")
        #expect(lines.contains { $0.contains("││ prompts/") } && lines.contains { $0.contains("││ own/") })
    }
}
