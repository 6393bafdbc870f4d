import Document
import Engine
import Store
import Terminal
import Testing
import Workbench

@Suite("What is handed to the store, and how it comes back")
struct KeepingTests {
    /// A state, and what a store would hold of it.
    private struct Kept {
        var state = State(width: 100, height: 30, seed: 7)
        var nodes: [Node.ID: Node] = [:]
        var batches: [(batch: Batch, number: Int)] = []
        var closed: [StoredDocument.ID] = []
        var effects: [Effect] = []

        mutating func send(_ message: Message) {
            effects = state.update(message)
            for effect in effects {
                switch effect {
                case .keep(let batch, let number):
                    batches.append((batch, number))
                    for node in batch.nodes { nodes[node.id] = node }
                case .close(let id): closed.append(id)
                default: break
                }
            }
        }
        mutating func type(_ text: String) { for scalar in text.unicodeScalars { send(.event(.key(.char(scalar)))) } }

        /// The newest batch's document as a store gives it back.
        var opened: Opened? {
            guard let batch = batches.last?.batch else { return nil }
            let row = StoredDocument(id: batch.document, path: batch.path, title: batch.title, settings: batch.settings, created: 0, touched: 0,
                                     current: batch.current, place: batch.place, isClosed: false, owner: "")
            return Opened(document: row, isCopy: false, nodes: Array(nodes.values), snapshot: batch.snapshot)
        }
        var text: String { String(decoding: state.editor.document.bytes, as: UTF8.self) }
    }

    @Test("Typing is handed over with the word that is still open, and marked as kept once it is on the disk")
    func typing() throws {
        var kept = Kept()
        #expect(!kept.state.hasUnkept)
        kept.type("two wo")
        #expect(kept.state.hasUnkept && !kept.state.isKept)
        kept.send(.keep)
        #expect(!kept.state.hasUnkept && !kept.state.isKept && kept.batches.count == 1)
        kept.send(.keep)
        #expect(kept.batches.count == 1)
        kept.send(.store(.kept(1)))
        #expect(kept.state.isKept)
        kept.type("rds")
        #expect(kept.state.hasUnkept && !kept.state.isKept)
        kept.send(.keep)
        var next = Kept()
        next.send(.recalled(try #require(kept.opened), bytes: nil))
        #expect(next.text == "two words" && next.state.editor.tree.nodes.values.map(\.change) .count == kept.nodes.count)
        next.send(.event(.key(.ctrl("/"))))
        #expect(next.text == "two ")
    }

    @Test("Leaving closes the document and hands over the last key; an empty document is not kept")
    func leaving() {
        var kept = Kept()
        kept.send(.event(.terminate))
        #expect(kept.batches.isEmpty && kept.closed.isEmpty)
        kept = Kept()
        kept.type("x")
        kept.send(.event(.hangup))
        #expect(kept.batches.count == 1 && kept.closed == [kept.batches[0].batch.document] && kept.effects.last == .quit)
    }

    @Test("Another document than before has another name in the store, and the one before is closed")
    func documents() throws {
        var kept = Kept()
        kept.type("first")
        kept.send(.opened(path: "second.txt", bytes: Array("second".utf8)))
        let first = try #require(kept.batches.first?.batch.document)
        #expect(kept.closed == [first] && kept.effects.contains(.recallFile("second.txt")))
        kept.type("!")
        kept.send(.keep)
        #expect(kept.batches.last?.batch.document != first && kept.batches.last?.batch.path == "second.txt")
    }

    @Test("What a crash left is offered in words, ^R asks for it, and nothing is taken over what was typed meanwhile")
    func offer() {
        var kept = Kept()
        let row = StoredDocument(id: 42, path: "/a/story.md", title: "Once upon", settings: "{}", created: 0, touched: 0, current: 0,
                                 place: Place(cursor: 0), isClosed: false, owner: "x")
        kept.send(.store(.unclosed([row])))
        kept.send(.store(.newest(row)))
        #expect(kept.state.notice?.text.contains("without being closed: story.md “Once upon”") == true)
        kept.send(.event(.key(.ctrl("r"))))
        #expect(kept.effects.contains(.recall(42)))
        kept.type("typed")
        kept.send(.event(.key(.ctrl("r"))))
        #expect(!kept.effects.contains(.recall(42)) && kept.state.overlay != nil)
    }

    @Test("The newest session comes back at the first ^R, also behind a file of which nothing was kept")
    func reopenedBehindFile() throws {
        var kept = Kept()
        kept.type("two words")
        kept.send(.keep)
        let opened = try #require(kept.opened)
        var next = Kept()
        next.send(.store(.newest(opened.document)))
        next.send(.opened(path: "p.txt", bytes: Array("other".utf8)))
        next.send(.event(.key(.ctrl("r"))))
        #expect(next.effects.contains(.recall(opened.document.id)))
        next.send(.recalled(opened, bytes: nil))
        #expect(next.text == "two words")
    }

    @Test("A file that was left with unsaved changes asks; either answer keeps both texts in the tree", arguments: [true, false])
    func unsavedFile(takesUp: Bool) throws {
        let bytes = Array("saved text".utf8)
        var kept = Kept()
        kept.send(.opened(path: "p.txt", bytes: bytes))
        kept.type(" and more")
        kept.send(.keep)
        var next = Kept()
        next.send(.opened(path: "p.txt", bytes: bytes))
        next.send(.recalled(try #require(kept.opened), bytes: bytes))
        #expect(next.text == "saved text" && next.state.overlay != nil)
        next.send(.event(.key(takesUp ? .char("t") : .escape)))
        #expect(next.text == (takesUp ? "saved text and more" : "saved text") && next.state.hasUnsaved == takesUp)
        let texts = next.state.editor.tree.nodes.keys.map { String(decoding: next.state.editor.document(at: $0).bytes, as: UTF8.self) }
        #expect(texts.contains("saved text and more"))
    }

    @Test("A file that was saved has its branches again, and a file changed meanwhile is one of them")
    func savedFile() throws {
        var kept = Kept()
        kept.send(.opened(path: "p.txt", bytes: Array("one".utf8)))
        kept.type(" two")
        kept.send(.event(.key(.ctrl("s"))))
        kept.send(.saved(path: "p.txt"))
        kept.send(.keep)
        for text in ["one two", "changed"] {
            var next = Kept()
            next.send(.opened(path: "p.txt", bytes: Array(text.utf8)))
            next.send(.recalled(try #require(kept.opened), bytes: Array(text.utf8)))
            #expect(next.text == text && !next.state.hasUnsaved && next.state.overlay == nil)
            let texts = Set(next.state.editor.tree.nodes.keys.map { String(decoding: next.state.editor.document(at: $0).bytes, as: UTF8.self) })
            #expect(texts.isSuperset(of: ["one", "one two", text]))
        }
    }

    @Test("Settings are the same after being stored, and what cannot be read is refused")
    func settings() {
        var sampling = Sampling()
        (sampling.temperature, sampling.logitBias, sampling.seed, sampling.stop) = (0.25, [7: -1.5, 3: 2], 99, [[10, 0xFF]])
        #expect(Sampling(json: sampling.json) == sampling)
        #expect(Sampling(json: "{") == nil && Sampling(json: sampling.json.replacing("0.25", with: "-3")) == nil)
    }
}
