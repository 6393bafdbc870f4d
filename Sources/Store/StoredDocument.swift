import Document

/// A document as the store lists it: everything but its nodes.
package struct StoredDocument: Sendable, Equatable, Identifiable {
    package typealias ID = Int64

    package var id: ID
    /// The file it stands for.
    package var path: String?
    /// Its first words.
    package var title: String
    /// The settings, the mode and what is known of the file, as JSON text.
    package var settings: String
    /// Unit: seconds since 1970.
    package var created: Double
    /// When it was last kept. Unit: seconds since 1970.
    package var touched: Double
    /// The node whose document is the open one.
    package var current: Node.ID
    package var place: Place
    /// False while it is open, and for ever after a crash.
    package var isClosed: Bool
    /// The lock file of the instance that has it open, or had it last.
    package var owner: String

    package init(id: ID, path: String?, title: String, settings: String, created: Double, touched: Double, current: Node.ID, place: Place,
                 isClosed: Bool, owner: String) {
        (self.id, self.path, self.title, self.settings, self.created, self.touched) = (id, path, title, settings, created, touched)
        (self.current, self.place, self.isClosed, self.owner) = (current, place, isClosed, owner)
    }

    /// An id that nobody else draws.
    package static func freshID() -> ID { ID.random(in: 1...ID.max) }

    /// The first words of a text, in one line of at most 60 characters.
    package static func title(of text: [UInt8]) -> String {
        let words = String(decoding: text.prefix(600), as: UTF8.self).split { character in
            character.unicodeScalars.contains { $0.properties.generalCategory == .control || $0.properties.isWhitespace }
        }
        return String(words.joined(separator: " ").prefix(60))
    }
}

/// The document of one node, whole.
package struct Snapshot: Sendable, Equatable {
    package var node: Node.ID
    package var document: Document

    package init(node: Node.ID, document: Document) { (self.node, self.document) = (node, document) }
}

/// What is to be kept of one document: its row as it now is, and the nodes and runs that changed.
package struct Batch: Sendable, Equatable {
    package var document: StoredDocument.ID
    package var path: String?
    package var title: String
    /// The settings, the mode and what is known of the file, as JSON text.
    package var settings: String
    package var current: Node.ID
    package var place: Place
    /// The nodes that are new or changed, whole.
    package var nodes: [Node]
    /// Takes the place of the one kept before; nil leaves that one. It spares walking from the first node, no more.
    package var snapshot: Snapshot?
    package var runs: [StoredRun]

    package init(document: StoredDocument.ID, path: String? = nil, title: String, settings: String = "{}", current: Node.ID, place: Place,
                 nodes: [Node], snapshot: Snapshot? = nil, runs: [StoredRun] = []) {
        (self.document, self.path, self.title, self.settings) = (document, path, title, settings)
        (self.current, self.place, self.nodes, self.snapshot, self.runs) = (current, place, nodes, snapshot, runs)
    }

    /// Takes a later batch of the same document.
    mutating func add(_ later: Batch) {
        var merged = later
        let newNodes = Set(later.nodes.map(\.id)), newRuns = Set(later.runs.map(\.id))
        merged.nodes = nodes.filter { !newNodes.contains($0.id) } + later.nodes
        merged.runs = runs.filter { !newRuns.contains($0.id) } + later.runs
        merged.snapshot = later.snapshot ?? snapshot
        self = merged
    }
}

/// A stored document with its tree, as it is opened again.
package struct Opened: Sendable, Equatable {
    package var document: StoredDocument
    /// True where the one asked for is open in another living instance: this is a copy under an id of its own.
    package var isCopy: Bool
    package var nodes: [Node]
    /// The document of one of the nodes; nil where none was kept, or only in part.
    package var snapshot: Snapshot?

    package init(document: StoredDocument, isCopy: Bool, nodes: [Node], snapshot: Snapshot?) {
        (self.document, self.isCopy, self.nodes, self.snapshot) = (document, isCopy, nodes, snapshot)
    }

    /// The editor with the whole tree, at the current node; nil where the first node is not there.
    package var editor: Editor? {
        guard let tree = Tree(nodes, current: document.current), let first = tree[tree.root] else { return nil }
        var base = Snapshot(node: tree.root, document: Document(text: first.change.after.bytes, kept: first.change.after.kept))
        if let snapshot, tree[snapshot.node] != nil { base = snapshot }
        var editor = Editor(tree, document: base.document, of: base.node)
        editor.move(to: document.place.cursor)
        return editor
    }
}
