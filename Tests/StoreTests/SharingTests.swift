import Document
import Foundation
import GRDB
import Testing

import Store

@Suite("Several instances use one store")
struct SharingTests {
    @Test("Four write at once, and nothing is lost")
    func atOnce() throws {
        try withFolder { folder in
            let path = folder + "/store.sqlite"
            let stages = (0..<4).map { _ in Stage(path) }
            var dice = Dice(1)
            let nodes = (0..<4).map { _ in (0..<60).map { dice.node($0) } }
            let runs = (0..<4).map { dice.run(document: StoredDocument.ID($0 + 1)) }
            for number in 0..<60 {
                for (index, stage) in stages.enumerated() {
                    stage.store.keep(Batch(document: StoredDocument.ID(index + 1), title: "", current: 0, place: Place(cursor: 0),
                                           nodes: [nodes[index][number]], runs: number == 30 ? [runs[index]] : []), number: number)
                }
                usleep(UInt32(dice.below(4000)))
            }
            for stage in stages { try stage.kept(59) }
            for stage in stages { #expect(stage.store.close()) }
            let reader = Stage(path)
            for index in 0..<4 {
                #expect(same(try reader.opened(StoredDocument.ID(index + 1)).nodes, nodes[index]))
                #expect(try reader.run(runs[index].id)?.text == runs[index].text)
            }
            #expect(try reader.found("").count == 4)
            #expect(!stages.contains { $0.all.contains { if case .failed = $0 { true } else { false } } })
            reader.store.close()
        }
    }

    @Test("A document that is open in a living instance is opened as a copy, one that was closed or left by a dead one is not")
    func owners() throws {
        try withFolder { folder in
            let path = folder + "/store.sqlite"
            let one = Stage(path), two = Stage(path)
            var dice = Dice(2)
            let nodes = (0..<5).map { dice.node($0) }
            try one.keep(nodes, snapshot: Snapshot(node: 2, document: Document(text: [1, 2, 3])))
            #expect(try two.unclosed() == [])
            let copy = try two.opened(1)
            #expect(copy.isCopy && copy.document.id != 1 && same(copy.nodes, nodes) && copy.snapshot?.document.bytes == [1, 2, 3])
            #expect(try !one.opened(1).isCopy)
            one.store.close(document: 1)
            _ = try one.newest()
            let taken = try two.opened(1)
            #expect(!taken.isCopy && taken.document.id == 1)
            #expect(try one.opened(1).isCopy)
            // As after a crash: the rows stay open, the lock goes.
            two.store.close(orderly: false)
            #expect(try Set(one.unclosed()) == [1, copy.document.id])
            #expect(try !one.opened(1).isCopy && one.unclosed() == [copy.document.id])
            one.store.close()
            let last = Stage(path)
            #expect(try last.unclosed() == [copy.document.id])
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".lock") }.count == 1)
            last.store.close()
        }
    }

    @Test("The newest document is the one kept last; one in which nothing was ever written is forgotten when it is closed")
    func newest() throws {
        try withFolder { folder in
            let stage = Stage(folder + "/store.sqlite")
            #expect(try stage.newest() == nil)
            var editor = Editor(Document(text: Array("text".utf8)))
            try stage.keep(editor.takeChanged(), document: 1)
            try stage.keep(Array(editor.tree.nodes.values), document: 2, number: 2)
            var empty = Editor()
            try stage.keep(empty.takeChanged(), document: 3, number: 3)
            #expect(try stage.newest()?.id == 3 && stage.newest(except: 3)?.id == 2)
            stage.store.close(document: 3)
            #expect(try stage.newest()?.id == 2)
            editor.insert([0x61])
            try stage.keep(editor.takeChanged(), document: 1, number: 4)
            #expect(try stage.newest()?.id == 1 && stage.newest()?.isClosed == false)
            stage.store.close()
            let again = Stage(folder + "/store.sqlite")
            #expect(try again.newest()?.isClosed == true && again.unclosed().isEmpty)
            again.store.open(document: 3)
            let sentence = try again.wait { if case .notOpened(3, let sentence) = $0 { sentence } else { nil } }
            #expect(sentence == "that document is not in the store any more")
            again.store.close()
        }
    }
}
