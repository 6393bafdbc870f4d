import Document
import Terminal
import Testing
import Workbench

@Suite("The open file, changed by another program") struct DiskChangeTests {
    private let path = "prompts/translate.md"
    private func theirs(_ world: World) -> String {
        (world.text(path) ?? "").replacing("cheese", with: "bread").replacing("fromage", with: "pain").replacing("0.5", with: "0.9")
    }

    private func opened() -> World {
        let world = World()
        world.open("translate")
        return world
    }

    @Test("it is offered as a diff, also when nothing is unsaved, and nothing is read again by itself") func offered() {
        let world = opened()
        let before = world.document
        world.change(path, theirs(world))
        #expect(world.screen.contains("translate.md was changed by another program") && world.screen.contains("- here 3  + on disk 3"))
        for line in ["@@ -1,10 +1,10 @@", "- temperature: 0.5", "+ temperature: 0.9", "- English: cheese", "+ English: bread", "  English: peppermint"] {
            #expect(world.screen.contains(line), "\(line)")
        }
        #expect(world.screen.contains("≠ disk") && world.screen.contains("k keep what is here"))
        #expect(world.document == before && !world.state.hasUnsaved)
    }

    @Test("t takes text and settings as one step that undo takes back; the file is not overwritten unasked after that either way")
    func take() {
        let world = opened()
        world.type("!")
        let mine = world.document
        world.change(path, theirs(world))
        world.press(.char("t"))
        #expect(world.document == "English: bread\nFrench: pain\n\nEnglish: peppermint\nFrench:")
        #expect(world.state.sampling.temperature == 0.9)
        #expect(!world.state.hasUnsaved && world.state.overlay == nil && !world.screen.contains("≠ disk"))
        world.press(.ctrl("_"))
        #expect(world.document == mine && world.state.hasUnsaved)
        world.press(.ctrl("y"))
        #expect(!world.state.hasUnsaved)
        world.type("?")
        world.press(.ctrl("s"))
        #expect(world.state.overlay == nil && world.text(path)?.hasSuffix("French:?\n") == true)
    }

    @Test("k keeps what is here: it counts as unsaved, and ^S then goes over the file without asking again") func keep() {
        let world = opened()
        let mine = world.document
        world.change(path, theirs(world))
        world.press(.char("k"))
        #expect(world.document == mine && world.state.hasUnsaved && !world.screen.contains("≠ disk"))
        #expect(world.text(path)?.contains("bread") == true)
        world.press(.ctrl("s"))
        #expect(world.state.overlay == nil && world.text(path)?.contains("cheese") == true && !world.state.hasUnsaved)
    }

    @Test("Esc leaves it for later: the top line says so, F5 shows it again, ^S asks and can show how") func later() {
        let world = opened()
        world.change(path, theirs(world))
        world.press(.escape)
        #expect(world.state.overlay == nil && world.screen.contains("≠ disk"))
        world.press(.f(5))
        #expect(world.screen.contains("+ English: bread"))
        world.press(.escape)
        world.type("!")
        world.press(.ctrl("s"))
        #expect(world.screen.contains("Overwrite it?") && world.screen.contains("d see how"))
        world.press(.char("d"))
        #expect(world.screen.contains("+ English: bread") && world.text(path)?.contains("bread") == true)
        world.press(.escape, .ctrl("s"))
        world.press(.char("o"))
        #expect(world.text(path)?.contains("cheese") == true && !world.screen.contains("≠ disk"))
    }

    @Test("nothing comes up under hands that type, nor over what is open: the mark and a notice tell") func quiet() {
        let world = opened()
        world.change(path, theirs(world), quietly: true)
        #expect(world.state.overlay == nil && world.screen.contains("≠ disk") && world.state.notice?.text.contains("F5") == true)
        world.type("tk")
        #expect(world.document.hasSuffix("French:tk"))
        let other = opened()
        other.press(.f(1))
        let help = other.state.overlay
        other.change(path, theirs(other))
        #expect(other.state.overlay == help && other.state.file.change != nil)
    }

    @Test("a file that was only touched, or holds what stands here, is not asked about") func same() {
        let touched = opened()
        touched.type("!")
        #expect(touched.change(path, touched.text(path) ?? "").contains(.know(path: path)))
        #expect(touched.state.overlay == nil && touched.state.hasUnsaved)
        let both = opened()
        both.type("!")
        let text = (both.text(path) ?? "").dropLast() + "!\n"
        #expect(both.change(path, String(text)).contains(.know(path: path)))
        #expect(both.state.overlay == nil && !both.state.hasUnsaved)
    }

    @Test("a change taken back by the other program is no longer asked about") func takenBack() {
        let world = opened()
        let was = world.text(path) ?? ""
        world.change(path, theirs(world))
        world.change(path, was)
        #expect(world.state.overlay == nil && world.state.file.change == nil && !world.state.hasUnsaved)
    }

    @Test("a deleted file leaves its text here, unsaved, and ^S writes it again") func deleted() {
        let world = opened()
        let was = world.text(path)
        world.change(path, nil)
        #expect(world.state.notice?.text.contains("deleted") == true && world.state.hasUnsaved && world.state.overlay == nil)
        #expect(world.state.editor.document.count > 0)
        world.press(.ctrl("q"))
        #expect(!world.state.isQuitting, "it asks")
        world.press(.escape, .ctrl("s"))
        #expect(world.text(path) == was && !world.state.hasUnsaved)
        // One that comes back as it was is no news.
        world.change(path, nil)
        world.change(path, was)
        #expect(world.state.overlay == nil && !world.state.hasUnsaved)
    }

    @Test("a file that cannot be read as a prompt any more is shown, and not taken") func broken() {
        let world = opened()
        let before = world.document
        world.change(path, "---\ntitle: never closed\n")
        #expect(world.screen.contains("+ title: never closed"))
        world.press(.char("t"))
        #expect(world.document == before && world.state.notice?.kind == .error && world.state.notice?.text.contains("Nothing was taken") == true)
        #expect(world.state.file.change != nil, "it is still to be decided")
    }

    @Test("of a template the difference is what the other program changed, and the answers hold") func template() {
        let world = World()
        world.open("vars")
        world.type("{{place}}\nParis\n")
        world.change("prompts/vars.md", (world.text("prompts/vars.md") ?? "").replacing("of", with: "in"))
        #expect(world.screen.contains("- here 1  + on disk 1"))
        world.press(.char("t"))
        #expect(world.document == "The {{place}} in Paris {{other}}" && world.state.file.isTemplate)
    }

    @Test("what is alike keeps the ids that the model gave it") func ids() {
        let world = World([("prompts/a.txt", "one\ntwo\n"), ("prompts/b.md", "x\n")])
        _ = world.take(.report(.loaded(Tiny.model)))
        _ = world.take(.opened(path: "prompts/a.txt", bytes: Array("one\ntwo\n".utf8)))
        // The same bytes as text would be other ids.
        let bytes = Array(" French\n".utf8)
        for byte in bytes {
            world.state.editor.insert(id: Tiny.model.tokenizer.encode([byte])[0], bytes: [byte], special: false, at: world.state.editor.document.count)
        }
        let kept = world.state.editor.document.kept
        #expect(kept.count == bytes.count)
        _ = world.take(.changedOnDisk(path: "prompts/a.txt", bytes: Array("zero\none\ntwo\n French\nend\n".utf8), quietly: false))
        world.press(.char("t"))
        #expect(world.document == "zero\none\ntwo\n French\nend\n")
        #expect(world.state.editor.document.kept.map(\.id) == kept.map(\.id))
        world.press(.ctrl("_"))
        #expect(world.state.editor.document.kept == kept)
    }

    @Test("a long difference scrolls to its end and never past it, at any size of the window") func scrolls() {
        let world = opened()
        world.change(path, (0..<300).map { "line \($0) 字字字\n" }.joined())
        for (width, height) in [(120, 30), (60, 16), (40, 10), (3, 3), (1, 1), (200, 100)] {
            world.take(.event(.resize(width: width, height: height)))
            world.press(.end, .end, .pageDown)
            let end = world.screen
            world.press(.down)
            #expect(world.screen == end)
            if width >= 40 { #expect(end.contains("line 299 字字字")) }
            world.press(.home)
            if width >= 60, height >= 16 { #expect(world.screen.contains("@@ -1,")) }
        }
    }

    @Test("of a difference without end as much is shown as one can decide by, and how much there is besides") func cut() {
        let world = opened()
        world.change(path, (0..<20_000).map { "line \($0)\n" }.joined())
        guard case .diff(let change) = world.state.overlay else { Issue.record("no diff"); return }
        #expect(change.lines.count <= 5001 && change.added == 20_000)
        #expect(change.lines.last.map { String(decoding: $0.text, as: UTF8.self) }?.contains("more lines") == true)
    }
}
