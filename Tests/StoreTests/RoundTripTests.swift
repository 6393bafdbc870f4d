import Document
import Foundation
import GRDB
import Testing
import Tokenizer

import Store

@Suite("What was kept comes back")
struct RoundTripTests {
    @Test("Nodes of any content come back to the bit, those kept again as they were last", arguments: 0..<8)
    func nodes(seed: Int) throws {
        try withFolder { folder in
            var dice = Dice(seed)
            let stage = Stage(folder + "/store.sqlite")
            var nodes = (0..<60).map { dice.node($0) }
            try stage.keep(nodes)
            for id in [0, 7, 59] { nodes[id] = dice.node(id) }
            try stage.keep([nodes[0], nodes[7], nodes[59]], number: 2)
            #expect(same(try stage.opened(1).nodes, nodes))
            #expect(stage.store.close())
            // And from the disk, by another connection.
            let again = Stage(folder + "/store.sqlite")
            #expect(same(try again.opened(1).nodes, nodes))
            again.store.close()
        }
    }

    @Test("An editor that is kept while it is edited at random is the same when it is opened again", arguments: 0..<6)
    func editor(seed: Int) throws {
        try withFolder { folder in
            var dice = Dice(seed)
            let stage = Stage(folder + "/store.sqlite")
            var editor = Editor(Document(text: Array("Once upon a time".utf8)), made: 5)
            for number in 1...60 {
                editor.clock += 1
                step(&editor, &dice)
                guard number % 5 == 0 else { continue }
                editor.breakUndo()
                let snapshot = dice.below(3) == 0 ? Snapshot(node: editor.tree.current, document: editor.document) : nil
                stage.store.keep(Batch(document: 9, path: "/a/file.md", title: StoredDocument.title(of: editor.document.bytes),
                                       settings: "{\"a\": 1}", current: editor.tree.current, place: editor.place,
                                       nodes: editor.takeChanged(), snapshot: snapshot), number: number)
            }
            try stage.kept(60)
            stage.store.close()
            let again = Stage(folder + "/store.sqlite")
            let opened = try again.opened(9)
            let copy = try #require(opened.editor)
            #expect(opened.document.path == "/a/file.md" && opened.document.settings == "{\"a\": 1}" && !opened.isCopy)
            #expect(copy.document.bytes == editor.document.bytes && copy.document.kept == editor.document.kept)
            #expect(copy.cursor == editor.cursor && copy.tree.current == editor.tree.current && copy.tree.children == editor.tree.children)
            for id in editor.tree.nodes.keys {
                let (one, other) = (editor.document(at: id), copy.document(at: id))
                #expect(one.bytes == other.bytes && one.kept == other.kept)
            }
            again.store.close()
        }
    }

    private func step(_ editor: inout Editor, _ dice: inout Dice) {
        switch dice.below(7) {
        case 0, 1: editor.insert(dice.bytes(1 + dice.below(3)))
        case 2:
            editor.beginGroup(.generation)
            editor.writes(Node.Run(settings: "{}", seed: dice.next(), model: "m"))
            for _ in 0..<dice.below(5) {
                editor.insert(id: TokenID(dice.below(999)), bytes: dice.bytes(3), special: dice.below(5) == 0, at: editor.document.count, logprob: -1)
            }
            editor.endGroup("max tokens")
        case 3: editor.undo()
        case 4: editor.fork(at: dice.below(editor.document.count + 1), id: 7, bytes: dice.bytes(2), special: false)
        case 5: editor.walk(to: dice.below(editor.tree.count))
        default: editor.label(dice.below(editor.tree.count), "label \(dice.below(99))")
        }
    }

    @Test("Runs come back whole, as last kept, and can be put out of sight and back")
    func runs() throws {
        try withFolder { folder in
            var dice = Dice(1)
            let stage = Stage(folder + "/store.sqlite")
            var run = dice.run()
            run.logprobs = [-1, -2.5, -3, 0, -0.125]
            run.end = nil
            try stage.keep([dice.node(0)], runs: [run])
            #expect(try stage.run(run.id) == run)
            run.end = "max tokens"
            run.text += Array(" a midnight".utf8)
            try stage.keep([], runs: [run], number: 2)
            #expect(try stage.run(run.id) == run)
            #expect(try stage.found("midn").map(\.id) == [run.id])
            stage.store.trash(run: run.id)
            #expect(try stage.found("").isEmpty && stage.found("once", trashed: true).map(\.id) == [run.id])
            stage.store.trash(run: run.id, false)
            #expect(try stage.found("once").map(\.seed) == [run.seed])
            #expect(try stage.run(12345) == nil)
            stage.store.close()
        }
    }

    @Test("When a batch is acknowledged, another connection sees it")
    func acknowledged() throws {
        try withFolder { folder in
            let path = folder + "/store.sqlite"
            let seen = Seen()
            let stage = Stage(path) { report in
                guard case .kept(let number) = report else { return }
                let count = try? DatabaseQueue(path: path).read { try Int.fetchOne($0, sql: "SELECT max(id) FROM node") }
                seen.add(number, count ?? -1)
            }
            var dice = Dice(3)
            for number in 0..<40 {
                stage.store.keep(Batch(document: 1, title: "", current: 0, place: Place(cursor: 0), nodes: [dice.node(number)]), number: number)
                usleep(UInt32(dice.below(3000)))
            }
            try stage.kept(39)
            stage.store.close()
            #expect(!seen.pairs.isEmpty && seen.pairs.allSatisfy { $0.kept <= $0.stored } && seen.pairs.last?.kept == 39)
        }
    }

    private final class Seen: @unchecked Sendable {
        private let lock = NSLock()
        private var all: [(kept: Int, stored: Int)] = []
        func add(_ kept: Int, _ stored: Int) { lock.withLock { all.append((kept, stored)) } }
        var pairs: [(kept: Int, stored: Int)] { lock.withLock { all } }
    }

    @Test("A transaction cut off in its middle is undone from the journal, and what was acknowledged before is there")
    func hotJournal() throws {
        try withFolder { folder in
            let path = folder + "/store.sqlite", copy = folder + "/copy/store.sqlite"
            var dice = Dice(4)
            let nodes = (0..<400).map { dice.node($0) }
            let stage = Stage(path)
            try stage.keep(nodes)
            stage.store.close(orderly: false)
            // The state of the disk in the middle of a transaction that has already written to the file.
            let cut = try DatabaseQueue(path: path)
            try cut.inDatabase { database in
                try database.execute(sql: "PRAGMA cache_size = 2; BEGIN IMMEDIATE; UPDATE node SET label = 'cut off', newText = zeroblob(900)")
                try FileManager.default.createDirectory(atPath: folder + "/copy", withIntermediateDirectories: true)
                for ending in ["", "-journal"] { try FileManager.default.copyItem(atPath: path + ending, toPath: copy + ending) }
                try database.execute(sql: "ROLLBACK")
            }
            let file = try Data(contentsOf: URL(fileURLWithPath: copy))
            #expect(file.range(of: Data("cut off".utf8)) != nil, "the transaction had not reached the file")
            let again = Stage(copy)
            #expect(same(try again.opened(1).nodes, nodes))
            again.store.close()
        }
    }

    @Test("A typed word in a document of a megabyte does not write the megabyte again")
    func large() throws {
        try withFolder { folder in
            var dice = Dice(5)
            let stage = Stage(folder + "/store.sqlite")
            var editor = Editor(Document(text: dice.bytes(1 << 20)))
            editor.move(to: 1 << 20)
            try stage.keep(editor.takeChanged(), snapshot: Snapshot(node: 0, document: editor.document))
            // The least of several, since other suites write, too.
            var least = Int.max
            for number in 2...21 {
                editor.insert(Array(" word".utf8))
                editor.breakUndo()
                let before = try written()
                try stage.keep(editor.takeChanged(), number: number)
                least = min(least, try written() - before)
            }
            #expect(least > 4096 && least < 256 << 10)
            stage.store.close()
        }
    }

    @Test("Ten thousand nodes come back")
    func many() throws {
        try withFolder { folder in
            var editor = Editor()
            for _ in 0..<10_000 {
                editor.insert([0x61])
                editor.breakUndo()
            }
            let stage = Stage(folder + "/store.sqlite")
            try stage.keep(editor.takeChanged())
            let nodes = try stage.opened(1).nodes
            #expect(nodes == editor.tree.nodes.values.sorted { $0.id < $1.id } && nodes.count == 10_001)
            stage.store.close()
        }
    }

    /// What this process has written. Unit: bytes.
    private func written() throws -> Int {
        let lines = try String(contentsOfFile: "/proc/self/io", encoding: .utf8).split(separator: "\n")
        return try #require(lines.first { $0.hasPrefix("wchar: ") }.flatMap { Int($0.dropFirst(7)) })
    }

    @Test("A title is the first words in one line", arguments: [
        ("", ""), ("\n\n  # Hello \tworld\u{1B}[0m\nand more", "# Hello world [0m and more"), (String(repeating: "é", count: 300), String(repeating: "é", count: 60)),
    ])
    func titles(text: String, title: String) {
        #expect(StoredDocument.title(of: Array(text.utf8)) == title)
        #expect(StoredDocument.title(of: [0xFF, 0xC3]) == "\u{FFFD}\u{FFFD}")
    }
}
