import Document
import Engine
import Foundation
import Terminal
import Testing
import Workbench

/// A chat's file is turns; its document is the model's template. These need a model that has one.
@Suite("Chats are saved as the turns they are", .enabled(if: access(Locations().defaultModel, R_OK) == 0, "the default model is not there"))
struct FilesChatTests {
    static let model = try? Model(path: Locations().defaultModel, threads: 1)
    static let plain = "---\nmode: chat\n---\n@user\nHello\n"
    static let brief = "---\nmode: chat\nsystem: Be brief.  # as always\n---\n@user\nHello\n@@user\n"

    /// A folder with one chat, opened; with a model or before one is there.
    private func world(_ text: String, loaded: Bool = true) throws -> World {
        let world = World([("prompts/chat.md", text)])
        let model = try #require(Self.model)
        if loaded { world.take(.report(.loaded(model))) }
        world.open("chat")
        return world
    }

    @Test("opened and saved again, the bytes are the same", arguments: [plain, brief, "---\nmode: chat\n---\n@system\nPirate.\n@user\nHello\n"])
    func unchanged(text: String) throws {
        let world = try world(text)
        #expect(world.document.hasSuffix("<|im_start|>assistant\n") && world.document.contains("<|im_start|>system\n"))
        world.press(.ctrl("s"))
        #expect(world.text("prompts/chat.md") == text)
    }

    @Test("what was said is added as a turn") func answered() throws {
        let world = try world(Self.brief)
        world.type("Hi\n@system")
        world.press(.ctrl("s"))
        #expect(world.text("prompts/chat.md") == Self.brief + "@assistant\nHi\n@@system\n")
    }

    @Test("a changed system turn changes the key, or becomes a turn of the body where there was none") func system() throws {
        for (text, saved) in [(Self.brief, Self.brief.replacingOccurrences(of: "Be brief.", with: "Be brief!")), (Self.plain, nil)] {
            let world = try world(text)
            // The end of the system turn's text.
            let end = try #require(world.state.editor.document.kept.dropFirst().first).range.lowerBound
            world.press(.ctrl(.home))
            while world.state.editor.cursor < end { world.press(.right) }
            if saved != nil { world.press(.backspace) }
            world.type("!")
            world.press(.ctrl("s"))
            if let saved { #expect(world.text("prompts/chat.md") == saved) } else {
                #expect(world.text("prompts/chat.md")?.contains("---\n@system\nYou are") == true)
                #expect(world.text("prompts/chat.md")?.hasSuffix("!\n@user\nHello\n") == true)
            }
        }
    }

    @Test("without a model the turns are text, and saving keeps them a chat") func noModel() throws {
        let world = try world(Self.brief, loaded: false)
        #expect(world.document == "@user\nHello\n@@user")
        world.type("!")
        world.press(.ctrl("s"))
        #expect(world.text("prompts/chat.md") == Self.brief.replacingOccurrences(of: "@@user\n", with: "@@user!\n"))
    }

    @Test("what was typed before the model came is laid out when it comes, as one step to undo") func lateModel() throws {
        let world = try world(Self.plain, loaded: false)
        world.type(" there")
        world.take(.report(.loaded(try #require(Self.model))))
        #expect(world.document.hasSuffix("<|im_start|>user\nHello there<|im_end|>\n<|im_start|>assistant\n"))
        #expect(world.state.editor.document.kept.filter(\.special).count == 5 && world.state.editor.isDirty)
        world.press(.ctrl("s"))
        #expect(world.text("prompts/chat.md") == Self.plain.replacingOccurrences(of: "Hello", with: "Hello there"))
        world.press(.ctrl("/"))
        #expect(world.document == "@user\nHello there")
    }

    @Test("a chat whose turns were cut is saved as the text and tokens it is, and says so") func cut() throws {
        let world = try world(Self.plain)
        world.press(.ctrl(.home), .delete)
        world.press(.ctrl("s"))
        #expect(world.state.notice?.text.contains("mode complete") == true)
        #expect(world.text("prompts/chat.md")?.hasPrefix("---\nspecials: true\n---\nsystem\n") == true)
    }
}
