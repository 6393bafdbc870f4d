/// Bounds-checked little-endian reads over bytes; a read beyond the end is a fault, never a trap.
package struct Cursor: Sendable {
    package let bytes: [UInt8]
    package private(set) var position = 0

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Unit: bytes.
    package var left: Int { bytes.count - position }

    /// Steps over `count` bytes and gives their range.
    package mutating func take(_ count: Int, _ what: @autoclosure () -> String) throws(GGUFFault) -> Range<Int> {
        guard count >= 0, count <= left else {
            throw .truncated(reading: what(), at: position, needed: count, left: left)
        }
        defer { position += count }
        return position..<position + count
    }

    package mutating func integer<T: FixedWidthInteger>(_ what: @autoclosure () -> String) throws(GGUFFault) -> T {
        let range = try take(MemoryLayout<T>.size, what())
        return bytes.withUnsafeBytes { T(littleEndian: $0.loadUnaligned(fromByteOffset: range.lowerBound, as: T.self)) }
    }

    /// A count or length of 64 bits, refused when so many elements of `elementBytes` each cannot be in the file or pass the limit.
    package mutating func count(
        _ what: @autoclosure () -> String, elementBytes: Int, limit: Int = .max, fileSize: Int
    ) throws(GGUFFault) -> Int {
        let found: UInt64 = try integer(what())
        let room = max(0, fileSize - position) / max(1, elementBytes)
        guard found <= UInt64(min(limit, room)) else {
            throw .tooMany(what(), found: found, limit: min(limit, room))
        }
        return Int(found)
    }

    /// A length of 64 bits and so many bytes.
    package mutating func string(_ what: @autoclosure () -> String) throws(GGUFFault) -> Range<Int> {
        let length: UInt64 = try integer(what())
        guard let count = Int(exactly: length), count <= GGUF.headerLimit else {
            throw .tooMany("length of " + what(), found: length, limit: GGUF.headerLimit)
        }
        return try take(count, what())
    }

    /// A string that must be UTF-8, at most `limit` bytes long.
    package mutating func name(_ what: @autoclosure () -> String, limit: Int) throws(GGUFFault) -> String {
        let at = position
        let range = try string(what())
        guard range.count <= limit else { throw .tooMany("length of " + what(), found: UInt64(range.count), limit: limit) }
        guard let text = String(validating: bytes[range], as: UTF8.self) else { throw .notUTF8(what(), at: at) }
        return text
    }
}
