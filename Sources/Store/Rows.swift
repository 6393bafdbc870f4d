import Document
import Foundation
import GRDB

/// The tables' rows and what they stand for. What is read was perhaps damaged: numbers are brought into their bounds, and a
/// word that is not known becomes the plainest one.

extension StoredDocument {
    static let columns = "id, path, title, settings, created, touched, current, cursor, anchor, closed, owner"

    init(_ row: Row) {
        self.init(id: row.read(0) ?? 0, path: row.read(1), title: row.read(2) ?? "", settings: row.read(3) ?? "{}",
                  created: row.read(4) ?? 0, touched: row.read(5) ?? 0,
                  current: row.read(6) ?? 0, place: Place(row, at: 7), isClosed: row.read(9) ?? false, owner: row.read(10) ?? "")
    }
}

extension Place {
    /// Reads a cursor and, in the column behind it, an anchor.
    fileprivate init(_ row: Row, at column: Int) {
        self.init(cursor: offset(row.read(column)) ?? 0, anchor: offset(row.read(column + 1)))
    }
}

/// Bounds an offset that was read, so that sums with it do not overflow.
private func offset(_ value: Int?) -> Int? { value.map { max(0, min($0, Int(Int32.max))) } }

extension Batch {
    func write(to database: Database, owner: String, time: Double) throws {
        try database.run("""
            INSERT INTO document (id, path, title, settings, created, touched, current, cursor, anchor, closed, owner)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)
            ON CONFLICT (id) DO UPDATE SET path = excluded.path, title = excluded.title, settings = excluded.settings,
                touched = excluded.touched, current = excluded.current, cursor = excluded.cursor, anchor = excluded.anchor,
                closed = 0, owner = excluded.owner
            """, [document, path, title, settings, time, time, current, place.cursor, place.anchor, owner])
        for node in nodes { try node.write(to: database, document: document) }
        if let snapshot {
            try database.run("""
                INSERT INTO snapshot (document, node, text, kept) VALUES (?, ?, ?, ?)
                ON CONFLICT (document) DO UPDATE SET node = excluded.node, text = excluded.text, kept = excluded.kept
                """, [document, snapshot.node, Data(snapshot.document.bytes), Packing.data(snapshot.document.kept)])
        }
        for run in runs { try run.write(to: database) }
    }
}

extension Snapshot {
    static func read(from database: Database, document: StoredDocument.ID) throws -> Snapshot? {
        try Row.fetchOne(database, sql: "SELECT node, text, kept FROM snapshot WHERE document = ?", arguments: [document]).map { row in
            Snapshot(node: row.read(0) ?? 0, document: Document(text: Array(row.read(1) ?? Data()), kept: Packing.kept(row.read(2) ?? Data())))
        }
    }
}

extension Node {
    fileprivate func write(to database: Database, document: StoredDocument.ID) throws {
        try database.run("""
            INSERT INTO node (document, id, parent, start, oldText, oldKept, newText, newKept, cursor, anchor, author, kind, label,
                trashed, made, settings, seed, model, ended, logprobs, measured)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (document, id) DO UPDATE SET parent = excluded.parent, start = excluded.start, oldText = excluded.oldText,
                oldKept = excluded.oldKept, newText = excluded.newText, newKept = excluded.newKept, cursor = excluded.cursor,
                anchor = excluded.anchor, author = excluded.author, kind = excluded.kind, label = excluded.label,
                trashed = excluded.trashed, made = excluded.made, settings = excluded.settings, seed = excluded.seed,
                model = excluded.model, ended = excluded.ended, logprobs = excluded.logprobs, measured = excluded.measured
            """, [document, id, parent, change.start, Data(change.before.bytes), Packing.data(change.before.kept),
                  Data(change.after.bytes), Packing.data(change.after.kept), place.cursor, place.anchor, author.rawValue, kind.rawValue,
                  label, isTrashed, made.isNaN ? 0 : made, run?.settings, run.map { Int64(bitPattern: $0.seed) }, run?.model, run?.end,
                  Packing.data(logprobs), measured])
    }

    /// All nodes of a document in the order they were made; one whose id cannot be is left out.
    static func readAll(from database: Database, document: StoredDocument.ID) throws -> [Node] {
        var nodes: [Node] = []
        let rows = try Row.fetchCursor(database, sql: """
            SELECT id, parent, start, oldText, oldKept, newText, newKept, cursor, anchor, author, kind, label, trashed, made,
                settings, seed, model, ended, logprobs, measured FROM node WHERE document = ? ORDER BY id
            """, arguments: [document])
        while let row = try rows.next() {
            guard let id: Node.ID = row.read(0), (0..<Int(Int32.max)).contains(id) else { continue }
            nodes.append(Node(id: id, row))
        }
        return nodes
    }

    private init(id: Node.ID, _ row: Row) {
        let settings: String? = row.read(14)
        let run = settings.map { Run(settings: $0, seed: UInt64(bitPattern: row.read(15) ?? 0), model: row.read(16) ?? "", end: row.read(17)) }
        let change = Change(start: offset(row.read(2)) ?? 0, before: Packing.fragment(row.read(3) ?? Data(), row.read(4) ?? Data()),
                            after: Packing.fragment(row.read(5) ?? Data(), row.read(6) ?? Data()))
        self.init(id: id, parent: row.read(1), change: change, place: Place(row, at: 7), author: Author(rawValue: row.read(9) ?? "") ?? .you,
                  kind: Kind(rawValue: row.read(10) ?? "") ?? .edit, label: row.read(11) ?? "", isTrashed: row.read(12) ?? false, made: row.read(13) ?? 0,
                  run: run, logprobs: Packing.numbers(row.read(18) ?? Data()), measured: row.read(19))
    }
}

extension StoredRun {
    fileprivate func write(to database: Database) throws {
        try database.run("""
            INSERT INTO run (id, document, node, made, model, fingerprint, promptIDs, prompt, ids, text, settings, seed, ended, rate,
                logprobs, trashed)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET node = excluded.node, ids = excluded.ids, text = excluded.text, ended = excluded.ended,
                rate = excluded.rate, logprobs = excluded.logprobs, trashed = excluded.trashed
            """, [id, document, node, made.isNaN ? 0 : made, model, fingerprint, Packing.data(promptIDs), Data(prompt),
                  Packing.data(ids), Data(text), settings, Int64(bitPattern: seed), end, rate.isNaN ? 0 : rate, Packing.data(logprobs), isTrashed])
    }

    static func read(from database: Database, id: ID) throws -> StoredRun? {
        try Row.fetchOne(database, sql: """
            SELECT document, node, made, model, fingerprint, promptIDs, prompt, ids, text, settings, seed, ended, rate, logprobs, trashed
            FROM run WHERE id = ?
            """, arguments: [id]).map { row in
            var run = StoredRun(
                id: id, document: row.read(0) ?? 0, node: row.read(1) ?? 0, made: row.read(2) ?? 0, model: row.read(3) ?? "",
                fingerprint: row.read(4) ?? "",
                promptIDs: Packing.ids(row.read(5) ?? Data()), prompt: Array(row.read(6) ?? Data()), ids: Packing.ids(row.read(7) ?? Data()),
                text: Array(row.read(8) ?? Data()), settings: row.read(9) ?? "{}", seed: UInt64(bitPattern: row.read(10) ?? 0), end: row.read(11),
                rate: row.read(12) ?? 0, logprobs: Packing.numbers(row.read(13) ?? Data()))
            run.isTrashed = row.read(14) ?? false
            return run
        }
    }
}

extension FoundRun {
    /// The newest runs that have all the words; every run where there are none.
    static func read(from database: Database, matching query: String, trashed: Bool, limit: Int) throws -> [FoundRun] {
        let words = Self.pattern(query)
        return try Row.fetchAll(database, sql: """
            SELECT id, document, node, made, model, fingerprint, substr(prompt, -\(excerpt)), substr(text, 1, \(excerpt)), seed, ended, rate,
                length(promptIDs) / 4, length(ids) / 4, trashed, logprobs
            FROM run WHERE trashed = ? \(words == nil ? "" : "AND number IN (SELECT rowid FROM runWords WHERE runWords MATCH ?)")
            ORDER BY made DESC, number DESC LIMIT ?
            """, arguments: StatementArguments([trashed as DatabaseValueConvertible] + (words.map { [$0] } ?? []) + [limit])).map { row in
            let count = row.read(12) ?? 0, logprobs = Packing.numbers(row.read(14) ?? Data())
            return FoundRun(id: row.read(0) ?? 0, document: row.read(1) ?? 0, node: row.read(2) ?? 0, made: row.read(3) ?? 0, model: row.read(4) ?? "",
                     fingerprint: row.read(5) ?? "", prompt: Array(row.read(6) ?? Data()), text: Array(row.read(7) ?? Data()),
                     seed: UInt64(bitPattern: row.read(8) ?? 0), end: row.read(9), rate: row.read(10) ?? 0, promptCount: row.read(11) ?? 0,
                     count: count, logprob: logprobs.count == count && !logprobs.contains { $0.isNaN } ? logprobs.reduce(0) { $0 + Double($1) } : nil,
                     isTrashed: row.read(13) ?? false)
        }
    }

    /// The words a person typed as FTS5 takes them: each quoted, so that nothing in them is syntax, each the beginning of a
    /// word; nil where there is no word.
    static func pattern(_ query: String) -> String? {
        let words = query.split(maxSplits: 32) { !$0.isLetter && !$0.isNumber }.prefix(32)
        return words.isEmpty ? nil : words.map { "\"\($0)\"*" }.joined(separator: " ")
    }
}

extension Row {
    /// A column's value; nil where it is of another type.
    fileprivate func read<Value: DatabaseValueConvertible>(_ column: Int) -> Value? { Value.fromDatabaseValue(self[column]) }
}

extension Database {
    /// Runs a statement that stays prepared.
    func run(_ sql: String, _ arguments: StatementArguments = StatementArguments()) throws {
        try cachedStatement(sql: sql).execute(arguments: arguments)
    }
}
