import Glibc

/// Looks whether the open file is still as it was read or written here; a look costs one call of the system.
package struct FileWatch: Sendable {
    package enum Finding: Sendable, Equatable {
        case changed([UInt8])
        case gone
        case unreadable(errno: Int32)
    }

    package private(set) var path: String?
    /// The file as it was last read or written here; nil where it was not there.
    private var known: FileStamp?
    /// The file as it was last told of.
    private var told: FileStamp?

    package init() {}

    /// Takes a file as it is being read or written here; the stamp is one taken before reading or after writing.
    package mutating func know(_ path: String, _ stamp: FileStamp?) { (self.path, known, told) = (path, stamp, stamp) }

    /// Takes what was told last as known: saving may go over it.
    package mutating func accept() { known = told }

    package mutating func renamed(from old: String, to new: String) { if path == old { path = new } }

    /// Takes the file as gone by this program's own doing.
    package mutating func forget(_ path: String) { if self.path == path { (known, told) = (nil, nil) } }

    /// Whether what stands there now is what was read or written here.
    package func knows(_ path: String, as stamp: FileStamp) -> Bool { self.path == path && known == stamp }

    /// What became of the file since it was read, written or told of; nil where nothing did.
    package mutating func look(limit: Int) -> Finding? {
        guard let path else { return nil }
        let now = FileStamp(of: path)
        guard now != told else { return nil }
        told = now
        guard now != nil else { return .gone }
        return FileBytes.read(path, limit: limit).map { .changed($0) } ?? .unreadable(errno: errno)
    }
}
