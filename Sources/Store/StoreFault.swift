import Document
import Glibc
import GRDB

/// Why the store could not be used.
enum StoreFault: Error, Equatable {
    /// What stands in its place cannot be read as a store.
    case damaged(String)
    /// A newer program has written it.
    case newer
    /// The file is another than the one that was opened.
    case replaced
    case busy
    /// Unit of the code: the system's error number.
    case folder(code: Int32)
    case missing(StoredDocument.ID)

    /// The fact and the remedy.
    static func sentence(_ error: any Error, path: String) -> String {
        switch error {
        case StoreFault.newer:
            return "the store \(path) is of a newer Terrarium and is left alone; nothing is kept: use the newer program or another XDG_DATA_HOME"
        case StoreFault.busy: return busy(path)
        case StoreFault.folder(let code):
            return "the store's folder \(Saver.folder(of: path)) cannot be written (\(String(cString: strerror(code)))); "
                + "nothing is kept until it can: check its permissions or save to a file"
        case StoreFault.missing: return "that document is not in the store any more"
        case let error as DatabaseError: return sentence(error, path: path)
        default: return "the store \(path) cannot be used: \(error); nothing is kept until it can: save to a file"
        }
    }

    private static func sentence(_ error: DatabaseError, path: String) -> String {
        switch error.resultCode {
        case .SQLITE_FULL: "the disk of the store is full (\(path)): make room; until then it is tried again"
        case .SQLITE_BUSY, .SQLITE_LOCKED: busy(path)
        case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_CANTOPEN, .SQLITE_AUTH:
            "the store \(path) cannot be written; nothing is kept until it can: check the permissions or save to a file"
        default: "the store \(path) cannot be used (\(error.message ?? "\(error.extendedResultCode)")); it is tried again: save to a file"
        }
    }

    private static func busy(_ path: String) -> String { "the store \(path) is held by another instance; it is tried again" }
}

extension DatabaseError {
    /// True where the file is not a store as it should be, and trying again would not help.
    var isDamage: Bool { resultCode == .SQLITE_CORRUPT || resultCode == .SQLITE_NOTADB || resultCode == .SQLITE_ERROR && isSchema }

    /// True where the index of the runs' words may be what is damaged: no row here breaks a rule of its own table.
    var isDamagedIndex: Bool { extendedResultCode == .SQLITE_CORRUPT_VTAB || resultCode == .SQLITE_CONSTRAINT }

    /// True where a table or a column is missing or is there already.
    private var isSchema: Bool {
        guard let message else { return false }
        return message.contains("no such table") || message.contains("no such column") || message.contains("already exists")
            || message.contains("has no column")
    }
}
