import Glibc

/// Reads tensor bytes from the files of a header; opened once, usable from several threads at a time.
package final class TensorReader: Sendable {
    private enum Source { case file(OpenFile), memory([UInt8]) }
    private let sources: [(source: Source, part: GGUF.Part)]

    /// Throws: when a file is gone or shorter than its header was told.
    package init(_ gguf: GGUF) throws(GGUFError) {
        var sources: [(Source, GGUF.Part)] = []
        for part in gguf.parts {
            if let bytes = part.bytes {
                sources.append((.memory(bytes), part))
                continue
            }
            let file = try OpenFile(part.path)
            guard file.size >= part.fileSize else { throw GGUFError(part.path, .shortFile(expected: part.fileSize, found: file.size)) }
            sources.append((.file(file), part))
        }
        self.sources = sources
    }

    /// Fills `buffer` with the tensor's bytes as they are stored, from `byteOffset` on.
    /// Throws: when that passes the tensor's end, or the file ends early.
    package func read(_ tensor: TensorInfo, from byteOffset: Int = 0, into buffer: UnsafeMutableRawBufferPointer) throws(GGUFError) {
        let (source, part) = sources[tensor.part]
        guard byteOffset >= 0, byteOffset <= tensor.bytes, buffer.count <= tensor.bytes - byteOffset else {
            throw GGUFError(part.path, .outsideTensor(tensor.name, from: byteOffset, count: buffer.count, bytes: tensor.bytes))
        }
        let start = tensor.offset + byteOffset
        switch source {
        case .file(let file): try file.read(at: part.dataOffset + start, into: buffer)
        case .memory(let bytes): buffer.copyBytes(from: bytes[start..<start + buffer.count])
        }
    }

    /// Fills `buffer` with whole rows from `first` on, in GGUF's order.
    package func rows(_ tensor: TensorInfo, from first: Int, into buffer: UnsafeMutableRawBufferPointer) throws(GGUFError) {
        let rowBytes = tensor.bytes / tensor.rows
        switch tensor.arrangement {
        case .plain, .lessOne: try read(tensor, from: first * rowBytes, into: buffer)
        case .halves(let width):
            for index in 0..<buffer.count / rowBytes {
                try read(tensor, from: Self.stored(first + index, headWidth: width) * rowBytes, into: UnsafeMutableRawBufferPointer(rebasing: buffer[index * rowBytes..<(index + 1) * rowBytes]))
            }
        case .transposed:
            let size = tensor.bytes / tensor.elements, count = buffer.count / rowBytes
            let column = UnsafeMutableRawBufferPointer.allocate(byteCount: count * size, alignment: 64)
            defer { column.deallocate() }
            for place in 0..<tensor.shape[0] {
                try read(tensor, from: (place * tensor.rows + first) * size, into: column)
                for index in 0..<count {
                    let target = UnsafeMutableRawBufferPointer(rebasing: buffer[(index * rowBytes + place * size)...])
                    target.copyMemory(from: UnsafeRawBufferPointer(rebasing: column[index * size..<(index + 1) * size]))
                }
            }
        }
    }

    /// Where a row of pairs is stored among halves.
    private static func stored(_ row: Int, headWidth: Int) -> Int {
        let (head, own) = row.quotientAndRemainder(dividingBy: headWidth)
        return head * headWidth + own / 2 + (own % 2) * (headWidth / 2)
    }

    /// A vector's numbers; nil where it is not in F32, F16 or BF16.
    package func floats(_ tensor: TensorInfo) throws(GGUFError) -> [Float]? {
        let stored = try bytes(tensor), count = tensor.elements
        func all<T: FixedWidthInteger>(_: T.Type) -> [T] {
            stored.withUnsafeBytes { raw in (0..<count).map { T(littleEndian: raw.loadUnaligned(fromByteOffset: $0 * MemoryLayout<T>.size, as: T.self)) } }
        }
        let floats: [Float]
        switch tensor.type {
        case .f32: floats = all(UInt32.self).map { Float(bitPattern: $0) }
        case .bf16: floats = all(UInt16.self).map { Float(bitPattern: UInt32($0) << 16) }
        case .f16: floats = all(UInt16.self).map(Self.half)
        default: return nil
        }
        return switch tensor.arrangement {
        case .lessOne: floats.map { $0 + 1 }
        case .halves(let width): floats.indices.map { floats[Self.stored($0, headWidth: width)] }
        case .plain, .transposed: floats
        }
    }

    /// A number of IEEE 754's binary16; not every machine has the type.
    private static func half(_ bits: UInt16) -> Float {
        let sign: Float = bits >> 15 == 1 ? -1 : 1, exponent = Int(bits >> 10 & 0x1F), fraction = Float(bits & 0x3FF) / 1024
        switch exponent {
        case 0: return sign * fraction * 0x1p-14
        case 31: return fraction == 0 ? sign * .infinity : .nan
        default: return sign * Float(sign: .plus, exponent: exponent - 15, significand: 1 + fraction)
        }
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
package final class OpenFile: Sendable {
    package let path: String
    /// Unit: bytes, when it was opened.
    package let size: Int
    private let descriptor: Int32

    package init(_ path: String) throws(GGUFError) {
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

    package func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(GGUFError) {
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
    package func prefix(_ count: Int) throws(GGUFError) -> [UInt8] {
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
