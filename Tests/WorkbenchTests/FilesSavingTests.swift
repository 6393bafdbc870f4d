import Document
import Engine
import Terminal
import Testing
import Workbench

@Suite("Saving and opening") struct FilesSavingTests {
    @Test("saving keeps what the program does not know, names it once, and changes only what was changed") func unknownKeys() {
        let world = World()
        world.open("analogies")
        #expect(world.state.notice?.text.contains("colour") == true)
        world.type(" small")
        world.press(.ctrl("s"))
        #expect(world.text("prompts/analogies.md") == "---\ntitle: SAT-style analogies\ncolour: red\n---\nhot : cold :: small\n")
        #expect(world.state.notice?.text == "saved prompts/analogies.md")
        #expect(!world.state.editor.isDirty)
    }

    @Test("a setting is written when it was changed here, not when the configuration differs from the defaults") func settings() {
        let world = World()
        var configured = PromptSettings()
        configured.minP = 0.2
        world.state.configure(configured)
        world.open("translate")
        #expect(world.state.sampling.minP == 0.2)
        world.state.sampling.topK = 7
        world.type(" m")
        world.press(.ctrl("s"))
        let saved = world.text("prompts/translate.md") ?? ""
        #expect(saved.contains("temperature: 0.5\ntop_k: 7\n---") && !saved.contains("min_p"))
        world.state.sampling.topK = 40
        world.press(.ctrl("s"))
        #expect(world.text("prompts/translate.md")?.contains("top_k: 40") == true)
    }

    @Test("a new document asks for its name and goes to the person's own folder") func newDocument() {
        let world = World()
        world.type("Once")
        world.press(.ctrl("s"))
        #expect(world.screen.contains(" save as:"))
        world.press(.enter)
        #expect(world.state.notice?.text == "type a file's name")
        world.type("tale\n")
        #expect(world.text("own/tale.md") == "Once\n")
        #expect(world.state.file.path == "own/tale.md" && !world.state.editor.isDirty)
        world.type(" upon")
        world.press(.ctrl("s"))
        #expect(world.text("own/tale.md") == "Once upon\n")
    }

    @Test("names", arguments: [
        ("tale", "own/tale.md"), ("gpt-3.5", "own/gpt-3.5.md"), ("notes.txt", "own/notes.txt"), ("prompts/a", "prompts/a.md"),
        ("~/a.md", "/home/me/a.md"), (".hidden", "own/.hidden.md"), ("a.b/c", "a.b/c.md"),
    ]) func names(name: String, path: String) {
        #expect(World().state.savePath(for: name) == path)
    }

    @Test("another file is overwritten only after a question; back leads to the name") func overwrite() {
        let world = World()
        world.type("Once")
        world.press(.ctrl("s"))
        world.type("prompts/analogies\n")
        #expect(world.screen.contains("There is a file prompts/analogies.md already."))
        #expect(world.text("prompts/analogies.md")?.contains("hot") == true)
        world.press(.enter)
        #expect(world.text("prompts/analogies.md")?.contains("hot") == true, "Enter alone overwrites nothing")
        world.press(.escape)
        #expect(world.screen.contains(" save as: prompts/analogies.md"))
        world.press(.enter, .char("o"))
        #expect(world.text("prompts/analogies.md") == "Once\n" && world.state.file.path == "prompts/analogies.md")
    }

    @Test("a file that another program changed is overwritten only after a question") func changed() {
        let world = World()
        world.open("translate")
        world.type("!")
        world.write("prompts/translate.md", Array("theirs\n".utf8))
        world.press(.ctrl("s"))
        #expect(world.screen.contains("was changed by another program"))
        world.press(.escape)
        #expect(world.text("prompts/translate.md") == "theirs\n" && world.state.editor.isDirty)
        world.press(.ctrl("s"), .char("o"))
        #expect(world.text("prompts/translate.md")?.hasSuffix("French:!\n") == true && !world.state.editor.isDirty)
    }

    @Test("a save that fails keeps the text, its mark and the question's answer, and says what helps") func failed() {
        let world = World()
        world.type("Once")
        world.press(.ctrl("q"), .char("s"))
        world.type("nowhere/deep/tale\n")
        #expect(world.state.notice?.kind == .error)
        #expect(world.state.notice?.text.contains("the folder is not there") == true)
        #expect(world.document == "Once" && world.state.editor.isDirty && !world.state.isQuitting)
        world.press(.ctrl("s"))
        world.type("tale\n")
        #expect(world.text("own/tale.md") == "Once\n" && !world.state.isQuitting, "the old wish to quit is forgotten")
    }

    // MARK: Variables

    @Test("a prompt with variables asks for each in turn and shows what was said") func variables() {
        let world = World()
        world.open("vars")
        #expect(world.document == "The penguin of  {{other}}")
        #expect(world.screen.contains(" animal (1 of 2): penguin"))
        world.type("{{place}}\n")
        #expect(world.document == "The {{place}} of  {{other}}")
        #expect(world.screen.contains(" place (2 of 2):"))
        world.type("Paris\n")
        #expect(world.document == "The {{place}} of Paris {{other}}" && world.state.overlay == nil)
        #expect(!world.state.editor.isDirty)
    }

    @Test("Esc takes the rest as it stands") func defaults() {
        let world = World()
        world.open("vars")
        world.press(.escape)
        #expect(world.document == "The penguin of  {{other}}" && world.state.overlay == nil)
    }

    @Test("a filled prompt asks for a name, has no variables any more, and never goes over its template") func filled() {
        let world = World()
        let template = world.text("prompts/vars.md")
        world.open("vars")
        world.type("\nParis\n")
        world.press(.ctrl("s"))
        #expect(world.screen.contains(" save as:"))
        world.type("prompts/vars\n")
        #expect(world.state.notice?.kind == .warning)
        #expect(world.text("prompts/vars.md") == template)
        world.press(.ctrl("u"))
        world.type("filled\n")
        #expect(world.text("own/filled.md") == "---\ntitle: Asked on opening\n---\nThe penguin of Paris {{other}}\n")
        #expect(world.text("prompts/vars.md") == template)
        world.type("!")
        world.press(.ctrl("s"))
        #expect(world.text("own/filled.md")?.hasSuffix("{{other}}!\n") == true)
    }

    // MARK: Nothing unsaved goes without a question

    @Test("open, new and quit ask when something is unsaved", arguments: ["open", "new", "quit"]) func asks(way: String) {
        func leave(_ world: World) -> [Effect] {
            switch way {
            case "open":
                world.press(.ctrl("o"), .char("/"))
                world.type("translate")
                return world.press(.enter)
            case "new": return world.press(.ctrl("o"), .char("n"))
            default: return world.press(.ctrl("q"))
            }
        }
        func isAway(_ world: World) -> Bool {
            way == "quit" ? world.state.isQuitting : world.state.file.path == (way == "open" ? "prompts/translate.md" : nil) && !world.document.contains("Once")
        }
        let clean = World()
        _ = leave(clean)
        #expect(isAway(clean), "what is clean goes at once")

        let stay = World()
        stay.type("Once")
        #expect(!leave(stay).contains { if case .read = $0 { true } else { $0 == .quit } })
        stay.press(.char("x"), .escape)
        #expect(stay.document == "Once" && !stay.state.isQuitting && stay.state.overlay == nil)

        let discard = World()
        discard.type("Once")
        _ = leave(discard)
        discard.press(.char("D"))
        #expect(isAway(discard))

        let save = World()
        save.type("Once")
        _ = leave(save)
        save.press(.char("s"))
        #expect(save.document == "Once" && !save.state.isQuitting)
        save.type("tale\n")
        #expect(save.text("own/tale.md") == "Once\n" && isAway(save))
    }

    @Test("a name not given means not to leave") func noName() {
        let world = World()
        world.type("Once")
        world.press(.ctrl("q"), .char("s"), .escape, .ctrl("s"))
        world.type("tale\n")
        #expect(!world.state.isQuitting && world.text("own/tale.md") == "Once\n")
    }

    @Test("a document emptied by hand asks too when it has a file") func emptied() {
        let world = World()
        world.open("translate")
        world.press(.ctrl(.home), Key(.end, .shift))
        world.take(.event(.key(.backspace)))
        world.press(.ctrl("q"))
        #expect(!world.state.isQuitting)
    }
}
