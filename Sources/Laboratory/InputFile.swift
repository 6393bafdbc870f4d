import Glibc

/// Whole files of bounded size.
enum InputFile {
    static func read(_ path: String, limit: Int) throws(ExperimentError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure(path) }
        defer { close(descriptor) }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0 else { throw failure(path) }
        guard facts.st_mode & S_IFMT == S_IFREG else { throw ExperimentError(path: path, fact: .unreadable("not a regular file")) }
        guard facts.st_size <= limit else { throw ExperimentError(path: path, fact: .tooLong(limit: limit)) }
        return try readAll(descriptor, path, limit: limit)
    }

    /// From where the descriptor stands to the end.
    static func readAll(_ descriptor: Int32, _ path: String, limit: Int) throws(ExperimentError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure(path) }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= limit else { throw ExperimentError(path: path, fact: .tooLong(limit: limit)) }
        }
    }

    static func failure(_ path: String) -> ExperimentError {
        ExperimentError(path: path, fact: .unreadable(String(cString: strerror(errno))))
    }
}
