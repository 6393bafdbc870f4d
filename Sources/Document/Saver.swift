import Glibc

/// Saves files so that either the old or the new content is there, whole, whatever happens in between.
package enum Saver {
    /// Writes a temporary file in the same folder, syncs it, renames it over the file, and syncs the folder.
    ///
    /// Keeps the file's mode, and its owner where allowed; a symbolic link stays one and its target is saved.
    /// Throws: when any step fails; then the old file is as it was.
    package static func save(_ bytes: [UInt8], to path: String) throws(SaveError) {
        let target = try follow(path)
        var status = stat()
        let exists = stat(target, &status) == 0
        if exists {
            if status.st_mode & S_IFMT == S_IFDIR { throw SaveError(path: path, action: .replace, code: EISDIR) }
            if status.st_mode & S_IFMT != S_IFREG { throw SaveError(path: path, action: .replace, code: EINVAL) }
            if access(target, W_OK) != 0 { throw SaveError(path: path, action: .replace, code: errno) }
        }
        let folder = folder(of: target)
        let (file, temporary) = try create(in: folder, mode: exists ? 0o600 : 0o666, for: path)
        var code = write(bytes, to: file)
        if code == 0, exists {
            // Owner first: changing it clears the set-id bits of the mode.
            if status.st_uid != geteuid() || status.st_gid != getegid() { _ = fchown(file, status.st_uid, status.st_gid) }
            if fchmod(file, status.st_mode & 0o7777) != 0 { code = errno }
        }
        if code == 0, fsync(file) != 0 { code = errno }
        if close(file) != 0, code == 0 { code = errno }
        if code == 0, rename(temporary, target) != 0 { code = errno }
        guard code == 0 else {
            unlink(temporary)
            throw SaveError(path: path, action: .write, code: code)
        }
        // The file is saved; a folder that cannot be synced (some network file systems) is no failure.
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if descriptor >= 0 {
            fsync(descriptor)
            close(descriptor)
        }
    }

    package static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Follows symbolic links, also to a file that is not there yet.
    private static func follow(_ path: String) throws(SaveError) -> String {
        var path = path
        let asked = path
        for _ in 0..<40 {
            var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
            let length = readlink(path, &buffer, Int(PATH_MAX))
            guard length >= 0 else { return path }
            let link = String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            path = link.hasPrefix("/") ? link : folder(of: path) + "/" + link
        }
        throw SaveError(path: asked, action: .replace, code: ELOOP)
    }

    private static func create(in folder: String, mode: mode_t, for path: String) throws(SaveError) -> (Int32, String) {
        for attempt in 0..<100 {
            let temporary = "\(folder)/.terrarium-\(getpid())-\(UInt32.random(in: 0...UInt32.max))-\(attempt)"
            let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
            if file >= 0 { return (file, temporary) }
            if errno != EEXIST && errno != EINTR { break }
        }
        throw SaveError(path: path, action: .create, code: errno)
    }

    /// Returns 0 or the error number.
    private static func write(_ bytes: [UInt8], to file: Int32) -> Int32 {
        bytes.withUnsafeBytes { buffer in
            var written = 0
            while written < buffer.count {
                let count = Glibc.write(file, buffer.baseAddress?.advanced(by: written), buffer.count - written)
                if count < 0 {
                    if errno == EINTR { continue }
                    return errno
                }
                written += count
            }
            return 0
        }
    }
}

/// Why a file was not saved.
package struct SaveError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Action: Sendable, Equatable { case create, write, replace }

    package let path: String
    package let action: Action
    /// The system's error number.
    package let code: Int32

    package init(path: String, action: Action, code: Int32) {
        self.path = path
        self.action = action
        self.code = code
    }

    package var description: String {
        let remedy = switch code {
        case ENOSPC, EDQUOT: "the disk is full; make room and save again"
        case EROFS: "the file system is read-only; save elsewhere"
        case EACCES, EPERM: "writing there is not permitted; save elsewhere or change the permissions"
        case ENOENT, ENOTDIR: "the folder is not there; make it or save elsewhere"
        case EISDIR: "that is a folder; choose a file name"
        case EINVAL: "that is not an ordinary file; choose another name"
        case ENAMETOOLONG: "the name is too long; choose a shorter one"
        case ELOOP: "the symbolic links go round in a circle; save elsewhere"
        case EEXIST: "there is a file of that name already; choose another"
        default: String(cString: strerror(code))
        }
        return "\(path) was not saved, and what was there before is unchanged: \(remedy)."
    }
}
