import Glibc

/// The folders of prompts and experiments: what is in them, and new, duplicate, rename, trash.
///
/// Lists `*.md` of each folder and `*.yaml` of its `experiments`.
package struct PromptLibrary: Sendable {
    package enum Kind: Sendable, Equatable { case prompt, experiment }

    package struct Entry: Sendable, Equatable {
        package var path: String
        /// The file's name without its ending.
        package var name: String
        package var kind: Kind
        package var title: String?
        package var lookAt: String?
        /// Why the file cannot be used, if so.
        package var problem: String?
        package var stamp: FileStamp
    }

    package struct Change: Sendable, Equatable {
        package enum Kind: Sendable, Equatable { case added, removed, changed }
        package var path: String
        package var kind: Kind

        package init(path: String, kind: Kind) {
            self.path = path
            self.kind = kind
        }
    }

    package let folders: [String]
    /// By folder, prompts first, then by name.
    package private(set) var entries: [Entry] = []

    /// Lists the folders; one that is not there is empty.
    package init(folders: [String]) {
        self.folders = folders
        refresh()
    }

    /// Looks at the folders again and says what changed; only changed files are read.
    @discardableResult
    package mutating func refresh() -> [Change] {
        var known: [String: Entry] = [:]
        for entry in entries { known[entry.path] = entry }
        var found: [Entry] = []
        var changes: [Change] = []
        for folder in folders {
            for (folder, ending, kind) in [(folder, ".md", Kind.prompt), (folder + "/experiments", ".yaml", .experiment)] {
                for name in Self.names(in: folder, ending: ending) {
                    let path = "\(folder)/\(name)\(ending)"
                    guard let stamp = FileStamp(of: path) else { continue }
                    let old = known.removeValue(forKey: path)
                    if let old, old.stamp == stamp {
                        found.append(old)
                    } else {
                        found.append(Self.entry(path: path, name: name, kind: kind, stamp: stamp))
                        changes.append(Change(path: path, kind: old == nil ? .added : .changed))
                    }
                }
            }
        }
        for entry in entries where known[entry.path] != nil { changes.append(Change(path: entry.path, kind: .removed)) }
        entries = found
        return changes
    }

    /// Makes an empty prompt in a folder, made too if it is not there, and returns its path.
    ///
    /// Throws: when the name is taken or no file name, or the file cannot be made.
    package mutating func make(named name: String, in folder: String, body: [UInt8] = []) throws(SaveError) -> String {
        let path = try Self.path(of: name, ending: ".md", in: folder)
        Self.makeFolders(folder)
        try Self.claim(path)
        try Saver.save(body.isEmpty ? [] : PromptFile.plain(body), to: path)
        refresh()
        return path
    }

    /// Copies a file to `NAME-2`, or the first number that is free, and returns its path.
    package mutating func duplicate(_ entry: Entry) throws(SaveError) -> String {
        guard let bytes = FileBytes.read(entry.path) else { throw SaveError(path: entry.path, action: .create, code: errno) }
        let folder = Saver.folder(of: entry.path)
        for number in 2..<10_000 {
            let path = try Self.path(of: "\(entry.name)-\(number)", ending: Self.ending(of: entry.kind), in: folder)
            do { try Self.claim(path) } catch {
                if error.code == EEXIST { continue }
                throw error
            }
            try Saver.save(bytes, to: path)
            refresh()
            return path
        }
        throw SaveError(path: entry.path, action: .create, code: EEXIST)
    }

    /// Gives a file another name in its folder and returns its path; never overwrites.
    package mutating func rename(_ entry: Entry, to name: String) throws(SaveError) -> String {
        let path = try Self.path(of: name, ending: Self.ending(of: entry.kind), in: Saver.folder(of: entry.path))
        guard path != entry.path else { return path }
        try Self.move(entry.path, to: path)
        refresh()
        return path
    }

    /// Moves a file to the desktop's trash, or on another file system to `.trash` beside it, and returns where it is now.
    ///
    /// `dataHome`: `$XDG_DATA_HOME`, which the caller has resolved.
    package mutating func trash(_ entry: Entry, dataHome: String, now: time_t = time(nil)) throws(SaveError) -> String {
        let place = try Trash.move(entry.path, dataHome: dataHome, now: now)
        refresh()
        return place
    }

    // MARK: - Files

    private static func ending(of kind: Kind) -> String { kind == .prompt ? ".md" : ".yaml" }

    private static func path(of name: String, ending: String, in folder: String) throws(SaveError) -> String {
        let name = name.hasSuffix(ending) ? String(name.dropLast(ending.count)) : name
        let path = "\(folder)/\(name)\(ending)"
        let sound = !name.isEmpty && name.utf8.first != 0x2E && !name.utf8.contains { $0 == 0x2F || $0 < 0x20 || $0 == 0x7F }
        guard sound else { throw SaveError(path: path, action: .create, code: EINVAL) }
        guard name.utf8.count + ending.utf8.count <= 255 else { throw SaveError(path: path, action: .create, code: ENAMETOOLONG) }
        return path
    }

    /// Makes an empty file, so that nobody else takes the name.
    private static func claim(_ path: String) throws(SaveError) {
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard file >= 0 else { throw SaveError(path: path, action: .create, code: errno) }
        close(file)
    }

    /// Makes a folder and those above it, as far as they are missing.
    package static func makeFolders(_ path: String) {
        guard access(path, F_OK) != 0, path != ".", path != "/" else { return }
        makeFolders(Saver.folder(of: path))
        mkdir(path, 0o777)
    }

    /// Moves a file without overwriting one.
    static func move(_ path: String, to target: String) throws(SaveError) {
        // Renaming would replace a file that came in between; the name is claimed first.
        try claim(target)
        if Glibc.rename(path, target) != 0 {
            let code = errno
            unlink(target)
            throw SaveError(path: target, action: .replace, code: code)
        }
    }

    private static func names(in folder: String, ending: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if name.hasSuffix(ending), !name.hasPrefix("."), name.count > ending.count { names.append(String(name.dropLast(ending.count))) }
        }
        return names.sorted()
    }

    private static func entry(path: String, name: String, kind: Kind, stamp: FileStamp) -> Entry {
        var entry = Entry(path: path, name: name, kind: kind, title: nil, lookAt: nil, problem: nil, stamp: stamp)
        // Enough for the longest front matter; the text behind it does not matter here.
        guard let head = FileBytes.read(path, limit: PromptSource.limit + 4096) else {
            entry.problem = PromptFileError(path: path, line: nil, fact: .unreadable(String(cString: strerror(errno)))).description
            return entry
        }
        do {
            if kind == .prompt {
                let file = try PromptFile(parsing: head, path: path)
                entry.title = file.title
                entry.lookAt = file.lookAt
            } else {
                entry.title = try FrontMatter.title(head, path: path)
            }
        } catch {
            entry.problem = error.description
        }
        return entry
    }
}

/// What tells one state of a file from another.
package struct FileStamp: Sendable, Equatable {
    /// Unit: nanoseconds since 1970.
    package let modified: Int
    /// Unit: bytes.
    package let size: Int
    package let inode: UInt

    /// Nil if there is no ordinary file.
    package init?(of path: String) {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        modified = status.st_mtim.tv_sec &* 1_000_000_000 &+ status.st_mtim.tv_nsec
        size = Int(status.st_size)
        inode = UInt(status.st_ino)
    }
}

/// Reads files whole.
package enum FileBytes {
    /// A file's bytes, at most `limit` of them; nil, with `errno`, if it cannot be read.
    package static func read(_ path: String, limit: Int = .max) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count < limit {
            let count = Glibc.read(file, &chunk, min(chunk.count, limit - bytes.count))
            if count < 0, errno == EINTR { continue }
            if count < 0 { return nil }
            if count == 0 { break }
            bytes += chunk[..<count]
        }
        return bytes
    }
}

/// The trash of the desktop, as freedesktop.org describes it.
enum Trash {
    static func move(_ path: String, dataHome: String, now: time_t) throws(SaveError) -> String {
        let name = path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
        let trash = dataHome + "/Trash"
        PromptLibrary.makeFolders(trash + "/files")
        PromptLibrary.makeFolders(trash + "/info")
        for number in 1..<10_000 {
            let unique = number == 1 ? name : "\(name).\(number)"
            let info = "\(trash)/info/\(unique).trashinfo"
            let file = open(info, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            if file < 0 {
                if errno == EEXIST { continue }
                break
            }
            close(file)
            do {
                try Saver.save(note(of: path, now), to: info)
                try PromptLibrary.move(path, to: "\(trash)/files/\(unique)")
                return "\(trash)/files/\(unique)"
            } catch {
                unlink(info)
                if error.code == EEXIST { continue }
                break
            }
        }
        // The trash is on another file system, or cannot be made.
        let beside = Saver.folder(of: path) + "/.trash"
        PromptLibrary.makeFolders(beside)
        var number = 1
        while true {
            let target = beside + "/" + (number == 1 ? name : "\(name).\(number)")
            do {
                try PromptLibrary.move(path, to: target)
                return target
            } catch {
                guard error.code == EEXIST, number < 10_000 else { throw error }
                number += 1
            }
        }
    }

    private static func note(of path: String, _ now: time_t) -> [UInt8] {
        var now = now
        var parts = tm()
        localtime_r(&now, &parts)
        var buffer = [CChar](repeating: 0, count: 32)
        let length = strftime(&buffer, buffer.count, "%Y-%m-%dT%H:%M:%S", &parts)
        var whole = path
        if !path.hasPrefix("/"), let folder = getcwd(nil, 0) {
            whole = String(cString: folder) + "/" + path
            free(folder)
        }
        var out = Array("[Trash Info]\nPath=".utf8)
        for byte in whole.utf8 {
            let plain = (0x30...0x39).contains(byte) || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || "/-_.~".utf8.contains(byte)
            if plain { out.append(byte) } else { out += Array(("%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)).utf8) }
        }
        out += Array("\nDeletionDate=".utf8) + buffer[..<length].map { UInt8(bitPattern: $0) }
        out.append(0x0A)
        return out
    }
}
