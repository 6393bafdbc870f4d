import Document
import Foundation
import GRDB
import Testing

import Store

@Suite("A damaged store is set aside, and what can be read is recovered")
struct DamageTests {
    /// A store of three documents of 300 nodes and 30 runs; returns the nodes.
    private func make(_ path: String) throws -> [[Node]] {
        var dice = Dice(1)
        let stage = Stage(path)
        let nodes = (0..<3).map { _ in (0..<300).map { dice.node($0) } }
        for document in 0..<3 {
            try stage.keep(nodes[document], document: StoredDocument.ID(document + 1),
                           runs: (0..<10).map { dice.run(document: StoredDocument.ID(document + 1), made: Double($0)) }, number: document + 1)
        }
        stage.store.close(orderly: false)
        return nodes
    }

    private func change(_ path: String, _ body: (inout Data) -> Void) throws -> Data {
        var data = try Data(contentsOf: URL(fileURLWithPath: path))
        body(&data)
        try data.write(to: URL(fileURLWithPath: path))
        return data
    }

    /// Uses a store whose file was changed: it must work, tell the truth and give nothing that was not kept.
    private func use(_ path: String, _ nodes: [[Node]]) throws -> (nodes: Int, runs: Int) {
        let stage = Stage(path)
        _ = try stage.newest()
        var count = 0
        for document in 0..<3 {
            stage.store.open(document: StoredDocument.ID(document + 1))
            let opened = try stage.wait { (report: StoreReport) -> Opened?? in
                switch report {
                case .opened(let opened): .some(opened)
                case .notOpened: .some(nil)
                default: nil
                }
            }
            for node in opened?.nodes ?? [] {
                #expect(same(node, nodes[document][node.id]))
                count += 1
            }
            _ = opened?.editor
        }
        let runs = try stage.found("").count
        var dice = Dice(2)
        let new = (0..<9).map { dice.node($0) }
        try stage.keep(new, document: 99)
        #expect(same(try stage.opened(99).nodes, new))
        #expect(stage.store.close())
        return (count, runs)
    }

    /// The same, with what the store told of it.
    private func useAndHear(_ path: String, _ nodes: [[Node]]) throws -> (setAside: (path: String?, sentence: String), nodes: Int, runs: Int) {
        let hearing = Stage(path)
        hearing.store.newest()
        let told = try hearing.setAside()
        hearing.store.close(orderly: false)
        let rest = try use(path, nodes)
        return (told, rest.nodes, rest.runs)
    }

    @Test("A page of zeros or of noise in the middle costs what stood on it", arguments: [true, false], [5, 9, 17, 33, 50])
    func page(zeros: Bool, number: Int) throws {
        try withFolder { folder in
            let path = folder + "/store.sqlite"
            let nodes = try make(path)
            var dice = Dice(number)
            let damaged = try change(path) { data in
                let page = data.count / 4096 * number / 60
                data.replaceSubrange(page * 4096..<(page + 1) * 4096, with: zeros ? [UInt8](repeating: 0, count: 4096) : dice.bytes(4096))
            }
            let result = try useAndHear(path, nodes)
            // Where the root of a table stood, the table is lost: of the runs that is one of the first pages.
            #expect(result.nodes >= 700 && (result.runs >= 15 || number == 9), "\(result)")
            let aside = try #require(result.setAside.path)
            #expect(try Data(contentsOf: URL(fileURLWithPath: aside)) == damaged)
            #expect(result.setAside.sentence.hasPrefix("the store was damaged (") && result.setAside.sentence.contains(aside))
        }
    }

    @Test("A file that was cut short gives what is left", arguments: [(10, 0), (30, 40), (50, 250), (90, 700), (99, 800)])
    func cut(percent: Int, fewest: Int) throws {
        try withFolder { folder in
            let path = folder + "/store.sqlite"
            let nodes = try make(path)
            _ = try change(path) { $0 = $0.prefix($0.count * percent / 100) }
            let result = try useAndHear(path, nodes)
            #expect(result.nodes >= fewest, "\(result)")
            let names = try FileManager.default.contentsOfDirectory(atPath: folder).map { $0.prefix { $0 != "-" } }
            #expect(names.sorted() == ["store.sqlite", "store.sqlite", "store.sqlite.damaged"], "the store with its journal, and the old one")
        }
    }

    @Test("Noise, a text, a folder, the head of a database: each is kept under another name", arguments: ["noise", "text", "folder", "head"])
    func another(kind: String) throws {
        try withFolder { folder in
            let path = folder + "/store.sqlite"
            var dice = Dice(1)
            var content: Data?
            switch kind {
            case "noise": content = Data(dice.bytes(20_000))
            case "text": content = Data("these are somebody's notes\n".utf8)
            case "head":
                _ = try make(path)
                content = try Data(contentsOf: URL(fileURLWithPath: path)).prefix(100)
            default: try FileManager.default.createDirectory(atPath: path + "/inside", withIntermediateDirectories: true)
            }
            try content?.write(to: URL(fileURLWithPath: path))
            let result = try useAndHear(path, [])
            let aside = try #require(result.setAside.path)
            #expect(result.nodes == 0 && result.setAside.sentence.hasSuffix("nothing could be read from it"))
            if let content {
                #expect(try Data(contentsOf: URL(fileURLWithPath: aside)) == content)
            } else {
                #expect(FileManager.default.fileExists(atPath: aside + "/inside"))
            }
        }
    }

    @Test("An empty file is a store that has just begun")
    func empty() throws {
        try withFolder { folder in
            let path = folder + "/store.sqlite"
            try Data().write(to: URL(fileURLWithPath: path))
            #expect(try use(path, []).nodes == 0)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).contains { $0.contains("damaged") } == false)
        }
    }

    @Test("Somebody else's database is set aside; one of a newer program is left alone, and said to be")
    func others() throws {
        try withFolder { folder in
            let path = folder + "/store.sqlite"
            let other = try DatabaseQueue(path: path)
            try other.write { try $0.execute(sql: "CREATE TABLE document (a); INSERT INTO document VALUES (1)") }
            try other.close()
            #expect(try useAndHear(path, []).nodes == 0)
            let newer = try DatabaseQueue(path: path)
            try newer.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('a later one')") }
            try newer.close()
            let before = try Data(contentsOf: URL(fileURLWithPath: path))
            let stage = Stage(path)
            stage.store.keep(Batch(document: 1, title: "", current: 0, place: Place(cursor: 0), nodes: []), number: 1)
            #expect(try stage.failure().contains("is of a newer Terrarium and is left alone"))
            #expect(try stage.newest() == nil && stage.found("a").isEmpty && stage.unclosed().isEmpty)
            #expect(!stage.store.close())
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
        }
    }

    @Test("Rows that make no sense are read without a trap")
    func rows() throws {
        try withFolder { folder in
            let path = folder + "/store.sqlite"
            _ = try make(path)
            let queue = try DatabaseQueue(path: path)
            try queue.write { database in
                try database.execute(sql: """
                    PRAGMA ignore_check_constraints = ON;
                    UPDATE node SET id = -5 WHERE document = 1 AND id = 3;
                    UPDATE node SET id = 9223372036854775807 WHERE document = 1 AND id = 4;
                    UPDATE node SET parent = id WHERE document = 1 AND id = 5;
                    UPDATE node SET parent = 7, start = 9223372036854775807 WHERE document = 1 AND id = 6;
                    UPDATE node SET parent = 6, start = -9 WHERE document = 1 AND id = 7;
                    UPDATE node SET newKept = randomblob(1201), oldKept = randomblob(36), logprobs = randomblob(7) WHERE document = 1 AND id % 10 = 8;
                    UPDATE node SET author = x'FF00', kind = 12, label = x'FFFE', made = 'today', seed = 'x', settings = x'C3', cursor = 'here',
                        trashed = 'no', newText = 'text', start = 'x' WHERE document = 1 AND id % 10 = 9;
                    UPDATE document SET cursor = -1, anchor = 9223372036854775807, current = 'x', path = x'FF', closed = 'x' WHERE id = 1;
                    UPDATE run SET made = 'x', seed = 1.5, ids = 'abc', prompt = 12, rate = 'x', ended = x'FF' WHERE document = 1;
                    INSERT INTO snapshot (document, node, text, kept) VALUES (1, 123456, 12, 'x');
                    """)
            }
            try queue.close()
            let stage = Stage(path)
            let opened = try stage.opened(1)
            #expect(opened.nodes.count == 298)
            var editor = try #require(opened.editor)
            for id in editor.tree.nodes.keys.sorted() { editor.walk(to: id) }
            for run in try stage.found("") { _ = try stage.run(run.id) }
            #expect(try stage.newest() != nil)
            stage.store.close()
        }
    }

    @Test("A store that goes while it is used is begun again, and the program is told to keep everything once more")
    func gone() throws {
        try withFolder { folder in
            let path = folder + "/data/store.sqlite"
            var dice = Dice(1)
            let nodes = (0..<5).map { dice.node($0) }
            let stage = Stage(path)
            try stage.keep(nodes)
            try FileManager.default.removeItem(atPath: folder + "/data")
            stage.store.keep(Batch(document: 1, title: "", current: 0, place: Place(cursor: 0), nodes: [nodes[4]]), number: 2)
            let told = try stage.setAside()
            #expect(told.path == nil && told.sentence.contains("is another file than before"))
            try stage.kept(2)
            try stage.keep(nodes, number: 3)
            #expect(same(try stage.opened(1).nodes, nodes))
            stage.store.close()
        }
    }

    @Test("A damaged index of words is made anew when it shows, in a search or in keeping a run", arguments: [true, false])
    func index(searching: Bool) throws {
        try withFolder { folder in
            let path = folder + "/store.sqlite"
            let nodes = try make(path)
            let stage = Stage(path)
            _ = try stage.newest()
            let other = try DatabaseQueue(path: path)
            try other.write { try $0.execute(sql: "UPDATE runWords_data SET block = x'00' WHERE \(searching ? "id > 10" : "id = 10")") }
            try other.close()
            var dice = Dice(7)
            let run = dice.run(document: 1, prompt: "a word of mine", made: 99)
            if searching { #expect(try stage.found("upon once").count == 30) }
            try stage.keep([nodes[0][0]], runs: [run], number: 4)
            #expect(try stage.found("word mine").map(\.id) == [run.id] && stage.found("once").count == 30)
            #expect(!stage.all.contains { if case .setAside = $0 { true } else { false } })
            stage.store.close()
        }
    }

    @Test("Damage that shows only in use is found there, and what waited is kept in the new store")
    func inUse() throws {
        try withFolder { folder in
            let path = folder + "/store.sqlite"
            let nodes = try make(path)
            let stage = Stage(path)
            _ = try stage.newest()
            let other = try DatabaseQueue(path: path)
            try other.write { try $0.execute(sql: "DROP TABLE snapshot") }
            try other.close()
            var dice = Dice(7)
            let run = dice.run(document: 1)
            stage.store.keep(Batch(document: 1, title: "", current: 0, place: Place(cursor: 0), nodes: [nodes[0][0]],
                                   snapshot: Snapshot(node: 0, document: Document(text: [1, 2])), runs: [run]), number: 4)
            #expect(try stage.setAside().sentence.contains("3 documents, 900 nodes and 30 runs were recovered"))
            try stage.kept(4)
            let opened = try stage.opened(1)
            #expect(same(opened.nodes, nodes[0]) && opened.snapshot?.document.bytes == [1, 2])
            #expect(try stage.run(run.id)?.prompt == run.prompt && stage.found("once").count == 31)
            stage.store.close()
        }
    }
}

@Suite("What cannot be written waits")
struct WaitingTests {
    @Test("A folder that cannot be written is told once, with the remedy; when it can be, everything is kept")
    func folder() throws {
        try withFolder { folder in
            let blocked = folder + "/data"
            try Data("in the way".utf8).write(to: URL(fileURLWithPath: blocked))
            let stage = Stage(blocked + "/store.sqlite")
            var dice = Dice(1)
            var nodes = (0..<20).map { dice.node($0) }
            for number in 0..<10 {
                stage.store.keep(Batch(document: 1, title: "", current: 0, place: Place(cursor: 0), nodes: [nodes[number]]), number: number)
            }
            #expect(try stage.failure().contains("nothing is kept until it can"))
            #expect(try stage.newest() == nil)
            #expect(!stage.all.contains { if case .failed = $0 { true } else { false } })
            try FileManager.default.removeItem(atPath: blocked)
            nodes[3] = dice.node(3)
            stage.store.keep(Batch(document: 1, title: "", current: 0, place: Place(cursor: 0), nodes: Array(nodes[10...]) + [nodes[3]]), number: 11)
            try stage.kept(11)
            #expect(same(try stage.opened(1).nodes, nodes))
            #expect(stage.store.close())
        }
    }

    @Test("A folder that can never be written lets the program go on, and end")
    func never() throws {
        let stage = Stage("/proc/terrarium/store.sqlite")
        stage.store.keep(Batch(document: 1, title: "", current: 0, place: Place(cursor: 0), nodes: []), number: 1)
        #expect(try stage.failure().contains("/proc/terrarium cannot be written"))
        #expect(!stage.store.close())
    }

    /// A small file system of the test's own, where that is allowed.
    private static func withSmallDisk(_ body: (String) throws -> Void) throws {
        try withFolder { folder in
            guard mount("none", folder, "tmpfs", 0, "size=512k") == 0 else { return }
            defer { umount2(folder, Int32(MNT_DETACH)) }
            try body(folder)
        }
    }

    @Test("A full disk is told once; once there is room, everything is kept, and nothing before was harmed", .enabled(if: geteuid() == 0))
    func full() throws {
        try Self.withSmallDisk { folder in
            let path = folder + "/store.sqlite"
            var dice = Dice(1)
            var nodes = (0..<30).map { dice.node($0) }
            let stage = Stage(path)
            try stage.keep(nodes)
            let filler = folder + "/filler"
            let handle = try #require(fopen(filler, "w"))
            while fwrite([UInt8](repeating: 1, count: 4096), 1, 4096, handle) == 4096, fflush(handle) == 0 {}
            fclose(handle)
            for number in 2..<20 {
                nodes.append(dice.node(nodes.count))
                stage.store.keep(Batch(document: 1, title: "", current: 0, place: Place(cursor: 0), nodes: [nodes[nodes.count - 1]],
                                       snapshot: Snapshot(node: 0, document: Document(text: dice.bytes(60_000)))), number: number)
            }
            #expect(try stage.failure().hasPrefix("the disk of the store is full"))
            #expect(try stage.newest()?.id == 1)
            try FileManager.default.removeItem(atPath: filler)
            stage.store.keep(Batch(document: 1, title: "", current: 0, place: Place(cursor: 0), nodes: []), number: 20)
            try stage.kept(20)
            stage.store.close()
            let again = Stage(path)
            #expect(same(try again.opened(1).nodes, nodes))
            again.store.close()
        }
    }
}
