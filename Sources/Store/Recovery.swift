import Document
import Glibc
import GRDB

/// Reads what can still be read of a damaged store: every row by itself, found by the table and by its index, from both ends.
enum Recovery {
    struct Tally: CustomStringConvertible {
        var rows: [String: Int] = [:]

        var description: String {
            func count(_ table: String) -> String { "\(rows[table] ?? 0) \(table)\(rows[table] == 1 ? "" : "s")" }
            return rows.values.allSatisfy { $0 == 0 } ? "nothing could be read from it"
                : "\(count("document")), \(count("node")) and \(count("run")) were recovered from it"
        }
    }

    /// A connection that takes a file as it is; nil where nothing in it can be read.
    static func source(_ path: String) -> DatabaseQueue? {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        configuration.busyMode = .timeout(5)
        configuration.allowsUnsafeTransactions = true
        // SQLite then reads a file that is shorter than it should be; it corrects the head for itself, which must not begin a
        // journal under the name that the new store will have.
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA writable_schema = ON; PRAGMA journal_mode = MEMORY") }
        return try? DatabaseQueue(path: path, configuration: configuration)
    }

    /// Keeps others from writing as long as the connection is open, where there is something to lock.
    ///
    /// Throws: when another instance is writing.
    static func hold(_ source: DatabaseQueue) throws {
        do {
            try source.inDatabase { try $0.execute(sql: "BEGIN EXCLUSIVE") }
        } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
            throw StoreFault.busy
        } catch {}
    }

    /// Copies a file that ends within a page up to that page, of which SQLite would take what is missing for zeros.
    ///
    /// Returns whether that was needed.
    /// Throws: when the copy cannot be written.
    static func copyWholePages(of path: String, to copy: String) throws(StoreFault) -> Bool {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        var status = stat(), head: [UInt8] = [0, 0]
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG, pread(file, &head, 2, 16) == 2 else { return false }
        let page = Int(head[0]) << 8 | Int(head[1]), size = Int(status.st_size)
        guard page >= 512, size % page != 0 else { return false }
        let target = open(copy, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard target >= 0 else { throw StoreFault.folder(code: errno) }
        defer { close(target) }
        var offset: off_t = 0
        while Int(offset) < size - size % page {
            guard sendfile(target, file, &offset, size - size % page - Int(offset)) > 0 else { throw StoreFault.folder(code: errno) }
        }
        return true
    }

    /// Throws: when the new store cannot be written; what cannot be read is left out.
    static func copy(from source: DatabaseQueue, to target: DatabaseQueue) throws -> Tally {
        try target.write { target in
            try source.unsafeRead { source in
                var tally = Tally(), documents: Set<StoredDocument.ID> = []
                for (table, unique) in Schema.tables {
                    let columns = try target.columns(in: table).map(\.name).filter { $0 != "number" }
                    guard let select = try? source.makeStatement(sql: "SELECT \(columns.joined(separator: ", ")) FROM \(table) WHERE number = ?")
                    else { continue }
                    let insert = try target.makeStatement(sql: """
                        INSERT OR IGNORE INTO \(table) (\(columns.joined(separator: ", ")))
                        VALUES (\(columns.map { _ in "?" }.joined(separator: ", ")))
                        """)
                    let owner = table == "document" ? "id" : table == "run" ? nil : "document"
                    for number in keys(of: table, unique: unique, in: source) {
                        guard let row = try? Row.fetchOne(select, arguments: [number]) else { continue }
                        let values = Array(row.databaseValues)
                        if let owner, let index = columns.firstIndex(of: owner), let id = Int64.fromDatabaseValue(values[index]) {
                            if documents.insert(id).inserted, table != "document" { try adopt(id, in: target) }
                        }
                        do {
                            try insert.execute(arguments: StatementArguments(values))
                            if target.changesCount > 0 { tally.rows[table, default: 0] += 1 }
                        } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT { continue }
                    }
                }
                return tally
            }
        }
    }

    /// A row for a document whose own row was lost.
    private static func adopt(_ id: StoredDocument.ID, in target: Database) throws {
        let now = Double(time(nil))
        try target.execute(sql: """
            INSERT OR IGNORE INTO document (id, title, settings, created, touched, current, cursor, closed, owner)
            VALUES (?, 'recovered', '{}', ?, ?, -1, 0, 0, '')
            """, arguments: [id, now, now])
    }

    /// The row numbers that the table or its index tells, up to the damage from either end, and those between, which have few gaps.
    private static func keys(of table: String, unique: String, in source: Database) -> [Int64] {
        var keys: Set<Int64> = []
        let descending = unique.split(separator: ",").map { $0 + " DESC" }.joined(separator: ",")
        for order in ["number", "number DESC", unique, descending] {
            let unindexed = order.hasPrefix("number") ? "NOT INDEXED" : ""
            guard let cursor = try? Int64.fetchCursor(source, sql: "SELECT number FROM \(table) \(unindexed) ORDER BY \(order)") else { continue }
            while let key = try? cursor.next() { keys.insert(key) }
        }
        guard let last = keys.max(), last < 10_000_000 else { return keys.sorted() }
        return Array(1...max(1, last))
    }
}
