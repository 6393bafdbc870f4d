import Document
import Testing
import Tokenizer

@Suite("The tree of what a document has been")
struct TreeTests {
    /// A generation of one id a byte.
    private static func generate(_ text: String, _ editor: inout Editor, seed: UInt64 = 1) {
        editor.beginGroup(.generation)
        editor.writes(Node.Run(settings: "{}", seed: seed, model: "m"))
        for byte in text.utf8 {
            editor.insert(id: TokenID(byte), bytes: [byte], special: false, at: editor.document.count, logprob: -1)
        }
        editor.endGroup("max tokens")
    }

    private static func text(_ editor: Editor) -> String { String(decoding: editor.document.bytes, as: UTF8.self) }
    private static func text(_ editor: Editor, at id: Node.ID) -> String { String(decoding: editor.document(at: id).bytes, as: UTF8.self) }

    @Test("A fork inside a generation cuts its node in two, and the old continuation stays as a sibling")
    func fork() throws {
        var editor = Editor(Document(text: "Once".bytes))
        Self.generate(" there was", &editor)
        let old = editor.tree.current
        editor.fork(at: 6, id: 0x58, bytes: "X".bytes, special: false)
        #expect(Self.text(editor) == "Once tX")
        let new = editor.tree.current
        let point = try #require(editor.tree.parent(of: new))
        #expect(editor.tree.parent(of: old) == point && editor.tree.children[point] == [old, new])
        #expect(Self.text(editor, at: point) == "Once t" && Self.text(editor, at: old) == "Once there was")
        #expect(editor.tree[point]?.logprob == -2 && editor.tree[old]?.logprob == -8 && editor.tree[point]?.run?.seed == 1)
        // Undo goes back to what was there before, not to the place of the cut.
        #expect(editor.undo() && Self.text(editor) == "Once there was" && editor.tree.current == old)
        #expect(editor.redo() && Self.text(editor) == "Once tX")
    }

    @Test("A fork in what came before the last generation finds the node that wrote there; the first node can be cut, too")
    func forkAbove() {
        var editor = Editor(Document(text: "Once".bytes))
        Self.generate(" one", &editor)
        Self.generate(" two", &editor)
        let last = editor.tree.current
        editor.fork(at: 5, id: 0x58, bytes: "X".bytes, special: false)
        #expect(Self.text(editor) == "Once X" && Self.text(editor, at: last) == "Once one two")
        editor.walk(to: last)
        editor.fork(at: 2, id: 0x59, bytes: "Y".bytes, special: false)
        #expect(Self.text(editor) == "OnY" && editor.tree.children[editor.tree.root]?.count == 2)
        #expect(Self.text(editor, at: last) == "Once one two")
        editor.walk(to: last)
        editor.fork(at: 12, id: 0x5A, bytes: "Z".bytes, special: false)
        #expect(editor.tree.parent(of: editor.tree.current) == last)
    }

    @Test("Kept continuations are siblings, one of them may be gone to, and the trash is not lost")
    func continuations() throws {
        var editor = Editor(Document(text: "a".bytes))
        let all = (0..<3).map { number in
            Continuation(tokens: [.init(id: 0x62, bytes: "b".bytes, special: false, isCut: false, logprob: -Float(number)),
                                  .init(id: 0x63, bytes: "c".bytes, special: false, isCut: number == 2, logprob: -1)],
                         run: Node.Run(settings: "{}", seed: UInt64(number), model: "m"))
        }
        let ids = editor.keep(all, at: 1, chosen: 1, trashing: true).compactMap { $0 }
        #expect(ids.count == 3 && Self.text(editor) == "abc" && editor.tree.current == ids[1])
        #expect(ids.map { editor.tree[$0]?.isTrashed } == [true, false, true])
        #expect(ids.map { editor.tree[$0]?.logprob } == [-1, -2, -2])
        #expect(editor.document(at: ids[2]).kept.count == 1)
        editor.walk(to: ids[0])
        #expect(editor.tree[ids[0]]?.isTrashed == false && editor.undo() && editor.tree.current == ids[1])
        #expect(editor.undo() && Self.text(editor) == "a")
        let none: [Continuation] = [Continuation(tokens: [], run: all[0].run)]
        #expect(editor.keep(none, at: 1, chosen: 0, trashing: false) == [nil])
    }

    @Test("Trashing the branch one stands in goes to the node above; the first cannot be trashed")
    func trash() throws {
        var editor = Editor()
        editor.paste("a".bytes)
        let above = editor.tree.current
        editor.paste("b".bytes)
        let below = editor.tree.current
        editor.trash(below)
        #expect(Self.text(editor) == "a" && editor.tree.current == above && editor.tree.child(of: above) == nil)
        editor.trash(editor.tree.root)
        #expect(editor.tree[editor.tree.root]?.isTrashed == false)
        editor.restore(below)
        #expect(editor.tree.child(of: above) == below)
    }

    @Test("Siblings and children are walked in the order they were made, the last visited first")
    func walking() {
        var editor = Editor()
        let root = editor.tree.root
        var made: [Node.ID] = []
        for text in ["a", "b", "c"] {
            editor.walk(to: root)
            editor.paste(text.bytes)
            made.append(editor.tree.current)
        }
        #expect(editor.tree.children[root] == made && editor.tree.sibling(of: made[1], by: 1) == made[2])
        #expect(editor.tree.sibling(of: made[0], by: -1) == nil)
        editor.walk(to: made[0])
        editor.walk(to: root)
        #expect(editor.tree.child(of: root) == made[0])
    }

    @Test("A stored tree is the same tree; nodes that hang on nothing are left out", arguments: 1...6)
    func stored(seed: Int) throws {
        var dice = Dice(seed)
        var editor = Editor(Document(text: dice.text(5)))
        for _ in 0..<60 { Self.act(&editor, &dice) }
        let stored = editor.takeChanged()
        #expect(!editor.hasChanged)
        editor.breakUndo()
        let all = stored + editor.takeChanged()
        let nodes = Dictionary(all.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        let orphan = Node(id: 9999, parent: 8888, change: Change(start: 0, before: Fragment(bytes: []), after: Fragment(bytes: [1])),
                          place: Place(cursor: 0), kind: .edit)
        let tree = try #require(Tree(Array(nodes.values) + [orphan], current: editor.tree.current))
        #expect(tree.nodes == editor.tree.nodes)
        #expect(tree.root == editor.tree.root && tree.current == editor.tree.current)
        let root = editor.document(at: tree.root)
        let again = Editor(tree, document: root, of: tree.root)
        #expect(again.document.bytes == editor.document.bytes && again.document.kept == editor.document.kept)
    }

    @Test("Any sequence of edits, generations, forks, walks and undos returns to the exact text and ids", arguments: 1...40)
    func exact(seed: Int) throws {
        var dice = Dice(seed)
        let start = Document(text: dice.text(5))
        var editor = Editor(start)
        /// What the document of each node was when it was made.
        var known: [Node.ID: Document] = [:]
        for step in 0..<120 {
            if dice.below(4) == 0 { if dice.below(3) == 0 { editor.redo() } else { editor.undo() } } else { Self.act(&editor, &dice) }
            editor.breakUndo()
            let id = editor.tree.current
            if let before = known[id] {
                try #require(before.bytes == editor.document.bytes && before.kept == editor.document.kept, "seed \(seed), step \(step)")
            }
            known[id] = editor.document
        }
        for (id, document) in known {
            let now = editor.document(at: id)
            try #require(now.bytes == document.bytes && now.kept == document.kept, "seed \(seed), node \(id)")
        }
        let end = editor.document
        var undone = 0
        while undone < 500, editor.undo() { undone += 1 }
        #expect(undone < 500 && editor.document.bytes == start.bytes && !editor.isDirty)
        for _ in 0..<undone { editor.redo() }
        #expect(editor.document.bytes == end.bytes && editor.document.kept == end.kept)
    }

    private static func act(_ editor: inout Editor, _ dice: inout Dice) {
        switch dice.below(10) {
        case 0: editor.paste(dice.text(5))
        case 1: editor.backspace()
        case 2: editor.move(to: dice.below(editor.document.count + 1))
        case 3, 4: generate(String(repeating: "g", count: 1 + dice.below(5)), &editor, seed: UInt64(dice.below(9)))
        case 5, 6: editor.fork(at: dice.below(editor.document.count + 1), id: 0x58, bytes: "X".bytes, special: false)
        case 7: if let id = editor.tree.nodes.keys.sorted().randomElement(using: &dice) { editor.walk(to: id) }
        case 8: if let id = editor.tree.nodes.keys.sorted().randomElement(using: &dice) { editor.trash(id) }
        default: editor.insert(dice.text(1))
        }
    }
}
