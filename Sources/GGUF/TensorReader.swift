import Glibc

/// Reads tensor bytes from the files of a header; opened once, usable from several threads at a time.
package final class TensorReader: Sendable {
    private let files: [(file: OpenFile, dataOffset: Int)]

    /// Throws: when a file is gone or shorter than its header was told.
    package init(_ gguf: GGUF) throws(GGUFError) {
        var files: [(OpenFile, Int)] = []
        for part in gguf.parts {
            let file = try OpenFile(part.path)
            guard file.size >= part.fileSize else { throw GGUFError(part.path, .shortFile(expected: part.fileSize, found: file.size)) }
            files.append((file, part.dataOffset))
        }
        self.files = files
    }

    /// Fills `buffer` with the tensor's bytes from `byteOffset` on.
    /// Throws: when that passes the tensor's end, or the file ends early.
    package func read(_ tensor: TensorInfo, from byteOffset: Int = 0, into buffer: UnsafeMutableRawBufferPointer) throws(GGUFError) {
        let (file, dataOffset) = files[tensor.part]
        guard byteOffset >= 0, byteOffset <= tensor.bytes, buffer.count <= tensor.bytes - byteOffset else {
            throw GGUFError(file.path, .outsideTensor(tensor.name, from: byteOffset, count: buffer.count, bytes: tensor.bytes))
        }
        try file.read(at: dataOffset + tensor.offset + byteOffset, into: buffer)
    }

    /// All bytes of a tensor; meant for small ones and for tests.
    package func bytes(_ tensor: TensorInfo) throws(GGUFError) -> [UInt8] {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: tensor.bytes, alignment: 64)
        defer { buffer.deallocate() }
        try read(tensor, into: buffer)
        return [UInt8](buffer)
    }
}

/// A regular file open for reading; closed with the last reference.
final class OpenFile: Sendable {
    let path: String
    /// Unit: bytes, when it was opened.
    let size: Int
    private let descriptor: Int32

    init(_ path: String) throws(GGUFError) {
        // O_NONBLOCK: a named pipe must not hang the program before it is refused.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw GGUFError(path, .unreadable(errno: errno)) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let code = errno
            close(descriptor)
            throw GGUFError(path, .unreadable(errno: code))
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw GGUFError(path, .notRegular)
        }
        self.path = path
        self.size = Int(status.st_size)
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(GGUFError) {
        var done = 0
        while done < buffer.count {
            let count = pread(descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done, offset + done)
            if count > 0 {
                done += count
            } else if count == 0 {
                throw GGUFError(path, .shortFile(expected: offset + buffer.count, found: offset + done))
            } else if errno != EINTR {
                throw GGUFError(path, .unreadable(errno: errno))
            }
        }
    }

    /// The first `count` bytes.
    func prefix(_ count: Int) throws(GGUFError) -> [UInt8] {
        var failure: GGUFError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            do throws(GGUFError) {
                try read(at: 0, into: UnsafeMutableRawBufferPointer(start: buffer.baseAddress, count: count))
                filled = count
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }
}
