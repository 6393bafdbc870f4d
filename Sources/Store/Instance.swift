import Document
import Glibc

/// Tells other instances of the program that this one lives: a lock on a file of its own in the store's folder, which the
/// kernel takes back however the process ends.
final class Instance {
    let name: String
    private let path: String
    private let descriptor: Int32

    /// To be called while the folder is locked. Locks left by dead instances are swept away.
    init(folder: String) throws(StoreFault) {
        Self.sweep(folder)
        name = "instance-\(getpid())-\(UInt32.random(in: 0...UInt32.max)).lock"
        path = folder + "/" + name
        descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw StoreFault.folder(code: errno) }
        flock(descriptor, LOCK_EX)
    }

    deinit { close(descriptor) }

    /// False where somebody has removed the file, so that others take this instance for dead.
    var isInPlace: Bool { access(path, F_OK) == 0 }

    func end() { unlink(path) }

    /// Whether the instance with the lock file of this name lives.
    static func lives(_ name: String, in folder: String) -> Bool {
        guard isLock(name), case let file = open(folder + "/" + name, O_RDONLY | O_CLOEXEC), file >= 0 else { return false }
        defer { close(file) }
        return flock(file, LOCK_SH | LOCK_NB) != 0
    }

    private static func isLock(_ name: String) -> Bool { name.hasPrefix("instance-") && name.hasSuffix(".lock") && !name.contains("/") }

    private static func sweep(_ folder: String) {
        guard let directory = opendir(folder) else { return }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            if isLock(name), !lives(name, in: folder) { unlink(folder + "/" + name) }
        }
    }
}

/// Holds a folder for this instance alone, while the store in it is opened, checked or set aside.
///
/// Throws: when another has held it for five seconds.
func whileHolding<Result>(_ folder: String, _ work: () throws -> Result) throws -> Result {
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw StoreFault.folder(code: errno) }
    defer { close(descriptor) }
    var patience = 250
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK || errno == EINTR {
        patience -= 1
        guard patience > 0 else { throw StoreFault.busy }
        usleep(20_000)
    }
    return try work()
}
