import Document
import Dispatch
import Glibc
import GRDB
import Synchronization

/// Keeps documents, their trees and the runs in one SQLite file, on a thread of its own.
///
/// In: batches of what changed, questions. Out: reports, by `post`, from the store's thread. A batch is acknowledged only after
/// its transaction stands on the disk. What cannot be written waits, merged by document, and is tried again. Several instances
/// may use one file. Invariants: a document belongs to one living instance; a file that is damaged is renamed, never deleted;
/// any bytes in it are read without a trap. Must not know: the engine, screens; settings are text to it.
/// Source: https://www.sqlite.org/lockingv3.html, https://www.sqlite.org/fts5.html
package final class Store: @unchecked Sendable {
    /// What is not yet on the disk.
    private struct Waiting {
        var batches: [Batch] = []
        /// Of the newest batch.
        var number = 0
        var closed: Set<StoredDocument.ID> = []
        var trashed: [StoredRun.ID: Bool] = [:]

        var isEmpty: Bool { batches.isEmpty && closed.isEmpty && trashed.isEmpty }

        mutating func add(_ batch: Batch) {
            closed.remove(batch.document)
            guard let index = batches.firstIndex(where: { $0.document == batch.document }) else { return batches.append(batch) }
            var merged = batches.remove(at: index)
            merged.add(batch)
            batches.append(merged)
        }

        /// What came in after this.
        mutating func add(_ later: Waiting) {
            for batch in later.batches { add(batch) }
            number = max(number, later.number)
            closed.formUnion(later.closed)
            trashed.merge(later.trashed) { $1 }
        }
    }

    private let file: StoreFile
    private let post: @Sendable (StoreReport) -> Void
    private let thread = DispatchQueue(label: "store")
    private let waiting = Mutex(Waiting())
    // Owned by the store's thread.
    private var connection: StoreFile.Connection?
    private var instance: Instance?
    private var distrusted: (identity: StoreFile.Identity?, reason: String)?
    /// The sentence last told.
    private var failure: String?
    private var isRetrying = false
    private var isClosed = false

    /// Opens nothing yet; the first task does.
    package init(path: String, post: @escaping @Sendable (StoreReport) -> Void) {
        (file, self.post) = (StoreFile(path: path), post)
    }

    // MARK: Called by the main thread

    /// Acknowledged by `kept` with this number, or with a later one.
    package func keep(_ batch: Batch, number: Int) {
        waiting.withLock {
            $0.add(batch)
            $0.number = number
        }
        thread.async { self.write() }
    }

    /// The document is left in order; it is not offered after a crash. One in which nothing was ever written is forgotten.
    package func close(document: StoredDocument.ID) {
        waiting.withLock { _ = $0.closed.insert(document) }
        thread.async { self.write() }
    }

    package func trash(run: StoredRun.ID, _ isTrashed: Bool = true) {
        waiting.withLock { $0.trashed[run] = isTrashed }
        thread.async { self.write() }
    }

    /// Asks for the document that was touched last.
    package func newest(except document: StoredDocument.ID? = nil) {
        ask({ database in
            try Row.fetchOne(database, sql: """
                SELECT \(StoredDocument.columns) FROM document WHERE id IS NOT ? ORDER BY touched DESC, number DESC LIMIT 1
                """, arguments: [document]).map { StoredDocument($0) }
        }, then: { .newest($0 ?? nil) })
    }

    /// Asks for the documents that were open in an instance that has died.
    package func unclosed() {
        ask({ database in
            let open = try Row.fetchAll(database, sql: "SELECT \(StoredDocument.columns) FROM document WHERE closed = 0 ORDER BY touched DESC")
            var living: [String: Bool] = [:]
            return open.map { StoredDocument($0) }.filter { document in
                let lives = living[document.owner] ?? self.lives(document.owner)
                living[document.owner] = lives
                return !lives
            }
        }, then: { .unclosed($0 ?? []) })
    }

    /// Asks for a document with its tree; it belongs to this instance from then on.
    package func open(document: StoredDocument.ID) {
        thread.async {
            self.write()
            do {
                self.post(.opened(try self.perform { try self.open(document, in: $0) }))
            } catch { self.post(.notOpened(document, StoreFault.sentence(error, path: self.file.path))) }
        }
    }

    /// Asks for the document of a file that was touched last; nothing is told where there is none.
    package func open(path: String) {
        thread.async {
            self.write()
            do {
                let id = try self.perform(writing: false) { database in
                    try Int64.fetchOne(database, sql: "SELECT id FROM document WHERE path = ? ORDER BY touched DESC, number DESC LIMIT 1",
                                       arguments: [path])
                }
                if let id { self.open(document: id) }
            } catch { self.tell(error) }
        }
    }

    /// Asks for the runs that have all words of a query, each as the beginning of a word; for the newest where it is empty.
    package func find(_ query: String, trashed: Bool = false, limit: Int = 500) {
        ask({ try FoundRun.read(from: $0, matching: query, trashed: trashed, limit: limit) }, then: { .found(query: query, runs: $0 ?? []) })
    }

    /// Asks for a whole run.
    package func run(_ id: StoredRun.ID) {
        ask({ try StoredRun.read(from: $0, id: id) }, then: { .run(id, $0 ?? nil) })
    }

    /// Writes what waits, and ends; false where something could not be written.
    ///
    /// - Parameter orderly: the documents of this instance are left in order; otherwise the next start offers them.
    @discardableResult
    package func close(orderly: Bool = true) -> Bool {
        thread.sync {
            write()
            if orderly, connection != nil, let name = instance?.name {
                _ = try? perform { database in
                    try database.execute(sql: "UPDATE document SET closed = 1 WHERE owner = ?", arguments: [name])
                    try Self.forgetEmpty(in: database, of: name)
                }
            }
            isClosed = true
            try? connection?.queue.close()
            connection = nil
            instance?.end()
            instance = nil
            return waiting.withLock { $0.isEmpty }
        }
    }

    // MARK: The thread

    private func write() {
        let taken = waiting.withLock { waiting in
            defer { waiting = Waiting() }
            return waiting
        }
        guard !taken.isEmpty, !isClosed else { return }
        do {
            try perform { database in
                let owner = self.instance?.name ?? "", now = Self.now()
                for batch in taken.batches { try batch.write(to: database, owner: owner, time: now) }
                for id in taken.closed { try database.run("UPDATE document SET closed = 1 WHERE id = ? AND owner = ?", [id, owner]) }
                if !taken.closed.isEmpty { try Self.forgetEmpty(in: database, of: owner) }
                for (id, isTrashed) in taken.trashed { try database.run("UPDATE run SET trashed = ? WHERE id = ?", [isTrashed, id]) }
            }
            failure = nil
            if !taken.batches.isEmpty { post(.kept(taken.number)) }
        } catch {
            waiting.withLock { later in
                var all = taken
                all.add(later)
                later = all
            }
            tell(error)
            retry()
        }
    }

    private func retry() {
        guard !isRetrying else { return }
        isRetrying = true
        thread.asyncAfter(deadline: .now() + 3) {
            self.isRetrying = false
            self.write()
        }
    }

    private func tell(_ error: any Error) {
        let sentence = StoreFault.sentence(error, path: file.path)
        guard sentence != failure else { return }
        failure = sentence
        post(.failed(sentence))
    }

    /// Reads on the store's thread; nil is answered where it cannot be read.
    private func ask<Answer>(_ read: @escaping @Sendable (Database) throws -> Answer, then report: @escaping @Sendable (Answer?) -> StoreReport) {
        thread.async {
            self.write()
            do {
                self.post(report(try self.perform(writing: false, read)))
            } catch {
                self.tell(error)
                self.post(report(nil))
            }
        }
    }

    /// Works in one transaction, and again where the file is another by now, or after what was damaged has been mended.
    private func perform<Answer>(writing: Bool = true, _ work: (Database) throws -> Answer) throws -> Answer {
        var attempts = 4, isIndexing = false, wasIndexed = false
        while true {
            attempts -= 1
            let connection = try connect()
            do {
                if isIndexing {
                    (isIndexing, wasIndexed) = (false, true)
                    try connection.queue.write { try $0.execute(sql: "INSERT INTO runWords (runWords) VALUES ('rebuild')") }
                }
                guard writing else { return try connection.queue.read(work) }
                return try connection.queue.write { database in
                    // Asked again now that others are locked out.
                    guard file.identity == connection.identity else { throw StoreFault.replaced }
                    return try work(database)
                }
            } catch StoreFault.replaced where attempts > 0 {
                continue
            } catch let error as DatabaseError where error.isDamagedIndex && !wasIndexed {
                isIndexing = true
            } catch let error as DatabaseError where error.isDamage && attempts > 0 {
                distrusted = (connection.identity, error.message ?? "it cannot be read")
            }
        }
    }

    private func connect() throws -> StoreFile.Connection {
        guard !isClosed else { throw StoreFault.missing(0) }
        let isInPlace = connection.map { $0.identity == file.identity } ?? false
        if let connection, isInPlace, distrusted == nil { return connection }
        let wasOpen = connection != nil
        try? connection?.queue.close()
        try file.makeFolder()
        let (opened, aside) = try whileHolding(file.folder) {
            if instance?.isInPlace != true { instance = try Instance(folder: file.folder) }
            return try file.open(distrusted: distrusted)
        }
        (connection, distrusted) = (opened, nil)
        if let aside {
            post(.setAside(path: aside.path, aside.sentence))
        } else if wasOpen {
            post(.setAside(path: nil, "the store \(file.path) is another file than before; what is open is kept in it anew"))
        }
        return opened
    }

    private func lives(_ owner: String) -> Bool { owner == instance?.name || Instance.lives(owner, in: file.folder) }

    private func open(_ id: StoredDocument.ID, in database: Database) throws -> Opened {
        let sql = "SELECT \(StoredDocument.columns) FROM document WHERE id = ?"
        guard let row = try Row.fetchOne(database, sql: sql, arguments: [id]) else { throw StoreFault.missing(id) }
        var document = StoredDocument(row)
        let owner = instance?.name ?? ""
        let isCopy = !document.isClosed && document.owner != owner && lives(document.owner)
        if isCopy {
            document.id = StoredDocument.freshID()
            try copy(id, to: document.id, in: database)
        }
        try database.execute(sql: "UPDATE document SET closed = 0, owner = ? WHERE id = ?", arguments: [owner, document.id])
        (document.isClosed, document.owner) = (false, owner)
        return Opened(document: document, isCopy: isCopy, nodes: try Node.readAll(from: database, document: document.id),
                      snapshot: try Snapshot.read(from: database, document: document.id))
    }

    private func copy(_ id: StoredDocument.ID, to copy: StoredDocument.ID, in database: Database) throws {
        for (table, key) in [("document", "id"), ("snapshot", "document"), ("node", "document")] {
            let columns = try database.columns(in: table).map(\.name).filter { $0 != "number" && $0 != key }.joined(separator: ", ")
            try database.execute(sql: "INSERT INTO \(table) (\(key), \(columns)) SELECT ?, \(columns) FROM \(table) WHERE \(key) = ?",
                                 arguments: [copy, id])
        }
    }

    /// Deletes closed documents of an instance in which there is nothing and never was.
    private static func forgetEmpty(in database: Database, of owner: String) throws {
        try database.execute(sql: """
            DELETE FROM document WHERE owner = ? AND closed = 1 AND NOT EXISTS (
                SELECT 1 FROM node WHERE node.document = document.id AND (node.parent IS NOT NULL OR length(node.newText) > 0))
            """, arguments: [owner])
    }

    private static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
