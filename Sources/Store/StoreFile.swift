import Document
import Glibc
import GRDB

/// The store's file: opened and checked; set aside where it is damaged, with a new one begun from what can still be read.
struct StoreFile {
    let path: String
    var folder: String { Saver.folder(of: path) }

    /// Which file it is, whatever its name.
    struct Identity: Equatable {
        let device: dev_t
        let inode: ino_t
    }

    struct Connection {
        let queue: DatabaseQueue
        let identity: Identity?
    }

    /// Where a damaged store is now, and what became of it.
    struct Aside {
        let path: String
        let sentence: String
    }

    var identity: Identity? {
        var status = stat()
        return stat(path, &status) == 0 ? Identity(device: status.st_dev, inode: status.st_ino) : nil
    }

    /// Opens the store; to be called while its folder is held.
    ///
    /// - Parameter distrusted: a file that has turned out to be damaged, and how.
    func open(distrusted: (identity: Identity?, reason: String)?) throws -> (Connection, Aside?) {
        if let distrusted, distrusted.identity == identity { return try replace(distrusted.reason) }
        do {
            return (try connect(to: path), nil)
        } catch StoreFault.damaged(let reason) {
            return try replace(reason)
        }
    }

    private func connect(to path: String) throws -> Connection {
        var status = stat()
        if stat(path, &status) == 0 {
            guard status.st_mode & S_IFMT == S_IFREG else { throw StoreFault.damaged("it is not a file") }
        } else if case let new = Glibc.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600), new >= 0 {
            // Made here, so that others than its owner cannot read it.
            close(new)
        }
        do {
            let queue = try DatabaseQueue(path: path, configuration: Self.configuration)
            try queue.inDatabase { database in
                let check = try String.fetchOne(database, sql: "PRAGMA quick_check(1)") ?? "no answer"
                guard check == "ok" else { throw StoreFault.damaged(check) }
                if try Schema.migrator.hasBeenSuperseded(database) { throw StoreFault.newer }
            }
            try Schema.migrator.migrate(queue)
            try queue.inDatabase { database in
                for (table, _) in Schema.tables { try database.execute(sql: "SELECT number FROM \(table) LIMIT 0") }
            }
            return Connection(queue: queue, identity: StoreFile(path: path).identity)
        } catch let error as DatabaseError where error.isDamage {
            throw StoreFault.damaged(error.message ?? "it cannot be read")
        }
    }

    private static var configuration: Configuration {
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { database in
            // A rollback journal that is cut, not removed: at `FULL` SQLite syncs the cut, so that a power cut cannot bring
            // the journal back and take a kept transaction with it.
            try database.execute(sql: "PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY")
        }
        return configuration
    }

    /// Begins a new store beside the damaged one, copies into it what can be read, and only then renames both.
    private func replace(_ reason: String) throws -> (Connection, Aside?) {
        let new = path + ".new"
        for ending in ["", "-journal"] { unlink(new + ending) }
        let made = try connect(to: new)
        // No other instance may write to the damaged one while it is read and renamed.
        let held = Recovery.source(path)
        defer { try? held?.close() }
        if let held { try Recovery.hold(held) }
        let copy = path + ".whole"
        defer { unlink(copy) }
        let source = try Recovery.copyWholePages(of: path, to: copy) ? Recovery.source(copy) : held
        let tally = try source.map { try Recovery.copy(from: $0, to: made.queue) } ?? Recovery.Tally()
        if source !== held { try? source?.close() }
        try made.queue.close()
        let aside = freeName()
        var journal = stat()
        if stat(path + "-journal", &journal) == 0, journal.st_size > 0 { rename(path + "-journal", aside + "-journal") }
        guard rename(path, aside) == 0, rename(new, path) == 0 else { throw StoreFault.folder(code: errno) }
        unlink(new + "-journal")
        syncFolder()
        return (try connect(to: path), Aside(path: aside, sentence: "the store was damaged (\(reason)); it is now \(aside), and \(tally)"))
    }

    private func freeName() -> String {
        var now = time(nil), parts = tm()
        localtime_r(&now, &parts)
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let day = "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
        let name = "\(path).damaged-\(day)-\(two(parts.tm_hour))\(two(parts.tm_min))\(two(parts.tm_sec))"
        var free = name, number = 1
        while access(free, F_OK) == 0 {
            number += 1
            free = "\(name)-\(number)"
        }
        return free
    }

    private func syncFolder() {
        let descriptor = Glibc.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    /// Makes the folder with those above it, for the person alone.
    func makeFolder() throws(StoreFault) {
        let parts = folder.split(separator: "/")
        for count in parts.indices {
            let path = (folder.hasPrefix("/") ? "/" : "") + parts[...count].joined(separator: "/")
            if mkdir(path, 0o700) != 0, errno != EEXIST, access(path, F_OK) != 0 { throw StoreFault.folder(code: errno) }
        }
    }
}
