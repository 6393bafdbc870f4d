import Glibc
import Testing

import Document

@Suite struct SaverTests {
    @Test("A save replaces the content and keeps the mode; a new file follows the umask")
    func mode() throws {
        try withFolder { folder in
            let path = folder + "/a.md"
            try put("old", path)
            chmod(path, 0o640)
            try Saver.save("new".bytes, to: path)
            #expect(text(path) == "new")
            #expect(Self.mode(path) == 0o640)
            let fresh = folder + "/b.md"
            try Saver.save([], to: fresh)
            let mask = umask(0)
            umask(mask)
            #expect(Self.mode(fresh) == 0o666 & ~mask)
            #expect(Self.names(folder) == ["a.md", "b.md"])
        }
    }

    @Test("A symbolic link stays one, and its target is saved, even one that is not there yet")
    func links() throws {
        try withFolder { folder in
            mkdir(folder + "/real", 0o755)
            try put("old", folder + "/real/a.md")
            symlink("real/a.md", folder + "/one")
            symlink("one", folder + "/two")
            symlink("real/b.md", folder + "/dangling")
            try Saver.save("new".bytes, to: folder + "/two")
            try Saver.save("made".bytes, to: folder + "/dangling")
            #expect(text(folder + "/real/a.md") == "new")
            #expect(text(folder + "/real/b.md") == "made")
            var status = stat()
            for name in ["one", "two", "dangling"] {
                #expect(lstat(folder + "/" + name, &status) == 0)
                #expect(status.st_mode & S_IFMT == S_IFLNK)
            }
            symlink("circle", folder + "/circle")
            #expect(throws: SaveError(path: folder + "/circle", action: .replace, code: ELOOP)) {
                try Saver.save([], to: folder + "/circle")
            }
        }
    }

    @Test("What cannot be a file is refused with its reason")
    func refused() throws {
        try withFolder { folder in
            let missing = folder + "/none/a.md"
            #expect(throws: SaveError(path: missing, action: .create, code: ENOENT)) { try Saver.save([1], to: missing) }
            #expect(throws: SaveError(path: folder, action: .replace, code: EISDIR)) { try Saver.save([1], to: folder) }
            mkfifo(folder + "/pipe", 0o600)
            #expect(throws: SaveError(path: folder + "/pipe", action: .replace, code: EINVAL)) { try Saver.save([1], to: folder + "/pipe") }
            let long = folder + "/" + String(repeating: "x", count: 300)
            #expect(throws: SaveError.self) { try Saver.save([1], to: long) }
            #expect(Self.names(folder) == ["pipe"])
        }
    }

    @Test("A file whose name is as long as names may be is saved")
    func longestName() throws {
        try withFolder { folder in
            let path = folder + "/" + String(repeating: "x", count: 255)
            try Saver.save("a".bytes, to: path)
            try Saver.save("b".bytes, to: path)
            #expect(text(path) == "b")
        }
    }

    @Test("In a read-only folder the old file stays and the error says so", .enabled(if: geteuid() != 0, "root may write anywhere"))
    func readOnlyFolder() throws {
        try withFolder { folder in
            try put("old", folder + "/a.md")
            chmod(folder, 0o555)
            defer { chmod(folder, 0o755) }
            #expect(throws: SaveError(path: folder + "/a.md", action: .create, code: EACCES)) {
                try Saver.save("new".bytes, to: folder + "/a.md")
            }
            #expect(text(folder + "/a.md") == "old")
        }
    }

    @Test("On a full disk, and on a read-only one, the old file stays and nothing is left behind", .enabled(if: geteuid() == 0, "mounting needs root"))
    func fullDisk() throws {
        try withFolder { folder in
            // Where mounting is not allowed to root either, there is nothing to see.
            guard mount("tmpfs", folder, "tmpfs", 0, "size=64k") == 0 else { return }
            defer { umount(folder) }
            let path = folder + "/a.md"
            try put("old", path)
            let error = #expect(throws: SaveError.self) { try Saver.save([UInt8](repeating: 0x61, count: 1 << 20), to: path) }
            #expect(error == SaveError(path: path, action: .write, code: ENOSPC))
            #expect(error?.description.contains("unchanged") == true)
            #expect(text(path) == "old")
            #expect(Self.names(folder) == ["a.md"])
            #expect(mount("tmpfs", folder, "tmpfs", UInt(MS_REMOUNT | MS_RDONLY), "size=64k") == 0)
            #expect(throws: SaveError(path: path, action: .replace, code: EROFS)) { try Saver.save("new".bytes, to: path) }
            #expect(text(path) == "old")
        }
    }

    static func mode(_ path: String) -> mode_t {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & 0o7777 : 0
    }

    static func names(_ folder: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}
