import Glibc
import Testing

import Document

@Suite struct PromptLibraryTests {
    @Test("Prompts and experiments are listed with title and look_at, and what is wrong with them")
    func listing() throws {
        try withFolder { folder in
            mkdir(folder + "/experiments", 0o755)
            try put("---\ntitle: Second\nlook_at: Here.\n---\nx\n", folder + "/b.md")
            try put("plain\n", folder + "/a.md")
            try put("---\ntitle: [1]\n---\n", folder + "/broken.md")
            try put("title: Trial\nlabels: [a, b]\n", folder + "/experiments/t.yaml")
            try put("no", folder + "/ignored.txt")
            try put("no", folder + "/.hidden.md")
            let library = PromptLibrary(folders: [folder, folder + "/none"])
            #expect(library.entries.map(\.name) == ["a", "b", "broken", "t"])
            #expect(library.entries.map(\.title) == [nil, "Second", nil, "Trial"])
            #expect(library.entries[1].lookAt == "Here.")
            #expect(library.entries[2].problem?.contains("broken.md:2") == true)
            #expect(library.entries[3].kind == .experiment)
        }
    }

    @Test("Changes on disk are noticed")
    func changes() throws {
        try withFolder { folder in
            try put("a", folder + "/a.md")
            try put("b", folder + "/b.md")
            var library = PromptLibrary(folders: [folder])
            #expect(Self.refresh(&library).isEmpty)
            try put("---\ntitle: T\n---\n", folder + "/a.md")
            unlink(folder + "/b.md")
            try put("c", folder + "/c.md")
            #expect(Self.refresh(&library) == [
                .init(path: folder + "/a.md", kind: .changed), .init(path: folder + "/c.md", kind: .added),
                .init(path: folder + "/b.md", kind: .removed),
            ])
            #expect(library.entries.map(\.title) == ["T", nil])
        }
    }

    private static func refresh(_ library: inout PromptLibrary) -> [PromptLibrary.Change] { library.refresh() }

    @Test("New, duplicate and rename never overwrite")
    func files() throws {
        try withFolder { folder in
            var library = PromptLibrary(folders: [folder + "/new/prompts"])
            let path = try library.make(named: "one", in: folder + "/new/prompts", body: "text".bytes)
            #expect(text(path) == "text\n")
            #expect(throws: SaveError(path: path, action: .create, code: EEXIST)) { try library.make(named: "one", in: folder + "/new/prompts") }
            let copies = try [library.duplicate(library.entries[0]), library.duplicate(library.entries[0])]
            #expect(copies == [folder + "/new/prompts/one-2.md", folder + "/new/prompts/one-3.md"])
            #expect(copies.map(text) == ["text\n", "text\n"])
            let entry = try #require(library.entries.first { $0.name == "one" })
            #expect(throws: SaveError.self) { try library.rename(entry, to: "one-2") }
            for bad in ["", "../up", ".hidden", "a\nb"] {
                #expect(throws: SaveError.self, "\(bad)") { try library.rename(entry, to: bad) }
            }
            let renamed = try library.rename(entry, to: "two")
            #expect(text(renamed) == "text\n")
            #expect(library.entries.map(\.name) == ["one-2", "one-3", "two"])
        }
    }

    @Test("Trash moves a file and notes where it was")
    func trash() throws {
        try withFolder { folder in
            mkdir(folder + "/p", 0o755)
            try put("a", folder + "/p/a b.md")
            var library = PromptLibrary(folders: [folder + "/p"])
            let place = try library.trash(library.entries[0], dataHome: folder + "/data", now: 0)
            #expect(place == folder + "/data/Trash/files/a b.md")
            #expect(text(place) == "a")
            let note = try #require(text(folder + "/data/Trash/info/a b.md.trashinfo"))
            #expect(note.hasPrefix("[Trash Info]\nPath=\(folder)/p/a%20b.md\nDeletionDate=19"))
            #expect(library.entries.isEmpty)
            try put("b", folder + "/p/a b.md")
            library.refresh()
            let second = try library.trash(library.entries[0], dataHome: folder + "/data")
            #expect(second == folder + "/data/Trash/files/a b.md.2")
            #expect([place, second].map(text) == ["a", "b"])
        }
    }

    @Test("Where the desktop's trash cannot be made, a folder beside the file takes it")
    func trashBeside() throws {
        try withFolder { folder in
            try put("x", folder + "/file")
            try put("a", folder + "/a.md")
            var library = PromptLibrary(folders: [folder])
            let place = try library.trash(library.entries[0], dataHome: folder + "/file")
            #expect(place == folder + "/.trash/a.md")
            #expect(text(place) == "a")
        }
    }
}
