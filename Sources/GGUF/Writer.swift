import Glibc

/// Writes a GGUF file from values and tensor bytes; it makes the models of tests, sound ones and, with explicit offsets, odd ones.
package struct GGUFWriter: Sendable {
    package var version: UInt32 = 3
    /// Unit: bytes.
    package let alignment: Int
    private var entries: [(key: String, value: Value)] = []
    private var tensors: [(name: String, type: WeightType, shape: [Int], offset: Int)] = []
    private var data: [UInt8] = []

    package init(alignment: Int = 32) {
        self.alignment = max(1, alignment)
        if alignment != 32 { add("general.alignment", .uint32(UInt32(truncatingIfNeeded: alignment))) }
    }

    package mutating func add(_ key: String, _ value: Value) { entries.append((key, value)) }
    package mutating func add(_ key: String, _ text: String) { add(key, .string(text)) }
    package mutating func add(_ key: String, strings: [String]) { add(key, .array(.strings(StringTable(strings.map { $0.utf8 })))) }
    package mutating func add(_ key: String, byteStrings: [[UInt8]]) { add(key, .array(.strings(StringTable(byteStrings)))) }
    package mutating func add(_ key: String, integers: [Int32]) { add(key, .array(.numbers(NumberTable(integers)))) }
    package mutating func add(_ key: String, reals: [Float]) { add(key, .array(.numbers(NumberTable(reals)))) }

    /// Appends a tensor's bytes at the next aligned place; `offset` overrides what the header says.
    package mutating func add(tensor name: String, type: WeightType, shape: [Int], bytes: [UInt8], offset: Int? = nil) {
        pad(&data)
        tensors.append((name, type, shape, offset ?? data.count))
        data.append(contentsOf: bytes)
    }

    /// Adds a float32 tensor.
    package mutating func add(tensor name: String, shape: [Int], floats: [Float]) {
        var bytes: [UInt8] = []
        for number in floats { bytes.append(littleEndian: number.bitPattern) }
        add(tensor: name, type: .f32, shape: shape, bytes: bytes)
    }

    package func bytes() -> [UInt8] {
        var out = GGUF.magic
        out.append(littleEndian: version)
        out.append(littleEndian: UInt64(tensors.count))
        out.append(littleEndian: UInt64(entries.count))
        for (key, value) in entries {
            out.append(counted: key)
            out.append(littleEndian: value.type.rawValue)
            value.write(to: &out)
        }
        for tensor in tensors {
            out.append(counted: tensor.name)
            out.append(littleEndian: UInt32(tensor.shape.count))
            for length in tensor.shape { out.append(littleEndian: UInt64(bitPattern: Int64(length))) }
            out.append(littleEndian: tensor.type.rawValue)
            out.append(littleEndian: UInt64(bitPattern: Int64(tensor.offset)))
        }
        pad(&out)
        return out + data
    }

    /// Throws: when the file cannot be made or filled.
    package func write(to path: String) throws(GGUFError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw GGUFError(path, .unwritable(errno: errno)) }
        defer { close(descriptor) }
        var rest = bytes()[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 || errno == EINTR else { throw GGUFError(path, .unwritable(errno: errno)) }
            rest = rest.dropFirst(max(0, count))
        }
    }

    private func pad(_ bytes: inout [UInt8]) {
        bytes.append(contentsOf: repeatElement(0, count: (alignment - bytes.count % alignment) % alignment))
    }
}

extension Value {
    fileprivate func write(to out: inout [UInt8]) {
        switch self {
        case .uint8(let n): out.append(littleEndian: n)
        case .int8(let n): out.append(littleEndian: n)
        case .uint16(let n): out.append(littleEndian: n)
        case .int16(let n): out.append(littleEndian: n)
        case .uint32(let n): out.append(littleEndian: n)
        case .int32(let n): out.append(littleEndian: n)
        case .uint64(let n): out.append(littleEndian: n)
        case .int64(let n): out.append(littleEndian: n)
        case .float32(let x): out.append(littleEndian: x.bitPattern)
        case .float64(let x): out.append(littleEndian: x.bitPattern)
        case .bool(let flag): out.append(flag ? 1 : 0)
        case .string(let text): out.append(counted: text)
        case .array(.strings(let table)):
            out.append(littleEndian: ValueType.string.rawValue)
            out.append(littleEndian: UInt64(table.count))
            for index in 0..<table.count {
                out.append(littleEndian: UInt64(table[index].count))
                out.append(contentsOf: table[index])
            }
        case .array(.numbers(let table)):
            out.append(littleEndian: table.type.rawValue)
            out.append(littleEndian: UInt64(table.count))
            out.append(contentsOf: table.raw)
        }
    }
}

extension [UInt8] {
    fileprivate mutating func append(counted text: String) {
        append(littleEndian: UInt64(text.utf8.count))
        append(contentsOf: text.utf8)
    }
}
