/// The format's numbers for types of metadata values.
package enum ValueType: UInt32, Sendable, CaseIterable {
    case uint8, int8, uint16, int16, uint32, int32, float32, bool, string, array, uint64, int64, float64

    /// Unit: bytes; nil for types of varying size.
    package var size: Int? {
        switch self {
        case .uint8, .int8, .bool: 1
        case .uint16, .int16: 2
        case .uint32, .int32, .float32: 4
        case .uint64, .int64, .float64: 8
        case .string, .array: nil
        }
    }
}

/// One metadata value.
package enum Value: Sendable {
    case uint8(UInt8), int8(Int8), uint16(UInt16), int16(Int16), uint32(UInt32), int32(Int32), float32(Float)
    case bool(Bool), string(String), array(ValueArray)
    case uint64(UInt64), int64(Int64), float64(Double)

    init(_ cursor: inout Cursor, key: String, fileSize: Int) throws(GGUFFault) {
        let number: UInt32 = try cursor.integer(key)
        guard let type = ValueType(rawValue: number) else { throw .valueType(key: key, found: number) }
        switch type {
        case .uint8: self = .uint8(try cursor.integer(key))
        case .int8: self = .int8(try cursor.integer(key))
        case .uint16: self = .uint16(try cursor.integer(key))
        case .int16: self = .int16(try cursor.integer(key))
        case .uint32: self = .uint32(try cursor.integer(key))
        case .int32: self = .int32(try cursor.integer(key))
        case .uint64: self = .uint64(try cursor.integer(key))
        case .int64: self = .int64(try cursor.integer(key))
        case .float32: self = .float32(Float(bitPattern: try cursor.integer(key)))
        case .float64: self = .float64(Double(bitPattern: try cursor.integer(key)))
        case .bool:
            let byte: UInt8 = try cursor.integer(key)
            guard byte <= 1 else { throw .badBool(key: key, found: byte) }
            self = .bool(byte == 1)
        case .string: self = .string(String(decoding: cursor.bytes[try cursor.string(key)], as: UTF8.self))
        case .array: self = .array(try ValueArray(&cursor, key: key, fileSize: fileSize))
        }
    }

    package var integer: Int? {
        switch self {
        case .uint8(let n): Int(n)
        case .int8(let n): Int(n)
        case .uint16(let n): Int(n)
        case .int16(let n): Int(n)
        case .uint32(let n): Int(n)
        case .int32(let n): Int(n)
        case .uint64(let n): Int(exactly: n)
        case .int64(let n): Int(n)
        default: nil
        }
    }

    package var real: Double? {
        switch self {
        case .float32(let x): Double(x)
        case .float64(let x): x
        case .uint64(let n): Double(n)
        default: integer.map { Double($0) }
        }
    }

    package var type: ValueType {
        switch self {
        case .uint8: .uint8
        case .int8: .int8
        case .uint16: .uint16
        case .int16: .int16
        case .uint32: .uint32
        case .int32: .int32
        case .float32: .float32
        case .bool: .bool
        case .string: .string
        case .array: .array
        case .uint64: .uint64
        case .int64: .int64
        case .float64: .float64
        }
    }
}

/// An array of metadata; arrays of arrays are refused, as every known reader does.
package enum ValueArray: Sendable {
    case strings(StringTable)
    case numbers(NumberTable)

    init(_ cursor: inout Cursor, key: String, fileSize: Int) throws(GGUFFault) {
        let number: UInt32 = try cursor.integer(key)
        guard let type = ValueType(rawValue: number) else { throw .valueType(key: key, found: number) }
        if type == .array { throw .nestedArray(key: key) }
        let count = try cursor.count("elements of " + key, elementBytes: type.size ?? 8, limit: GGUF.headerLimit, fileSize: fileSize)
        guard let size = type.size else {
            self = .strings(try StringTable(&cursor, count: count, key: key))
            return
        }
        let range = try cursor.take(count * size, key)
        let table = NumberTable(bytes: cursor.bytes, start: range.lowerBound, count: count, type: type)
        if type == .bool, let odd = cursor.bytes[range].first(where: { $0 > 1 }) { throw .badBool(key: key, found: odd) }
        self = .numbers(table)
    }

    package var count: Int {
        switch self {
        case .strings(let table): table.count
        case .numbers(let table): table.count
        }
    }
}

/// Byte strings kept where they lie in the header; no Swift string is made.
package struct StringTable: Sendable {
    /// Each string after its length of 64 bits.
    package let bytes: [UInt8]
    private let starts: [UInt32]

    init(_ cursor: inout Cursor, count: Int, key: String) throws(GGUFFault) {
        // What is reserved is bounded by the bytes at hand, whatever the count says.
        guard count <= cursor.left / 8 else {
            throw .truncated(reading: key, at: cursor.position, needed: count * 8, left: cursor.left)
        }
        var starts: [UInt32] = []
        starts.reserveCapacity(count)
        for _ in 0..<count {
            starts.append(UInt32(truncatingIfNeeded: try cursor.string(key).lowerBound))
        }
        self.bytes = cursor.bytes
        self.starts = starts
    }

    package init(_ strings: some Sequence<some Collection<UInt8>>) {
        var bytes: [UInt8] = []
        var starts: [UInt32] = []
        for string in strings {
            bytes.append(littleEndian: UInt64(string.count))
            starts.append(UInt32(bytes.count))
            bytes.append(contentsOf: string)
        }
        self.bytes = bytes
        self.starts = starts
    }

    package var count: Int { starts.count }

    /// Where string `index` lies in `bytes`.
    package func range(_ index: Int) -> Range<Int> {
        let start = Int(starts[index])
        let length = bytes.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: start - 8, as: UInt64.self)) }
        return start..<start + Int(length)
    }

    package subscript(index: Int) -> ArraySlice<UInt8> { bytes[range(index)] }
}

/// Numbers or bools kept where they lie in the header.
package struct NumberTable: Sendable {
    let bytes: [UInt8]
    let start: Int
    package let count: Int
    package let type: ValueType

    init(bytes: [UInt8], start: Int, count: Int, type: ValueType) {
        self.bytes = bytes
        self.start = start
        self.count = count
        self.type = type
    }

    package init(_ numbers: [Int32]) {
        var bytes: [UInt8] = []
        for number in numbers { bytes.append(littleEndian: number) }
        self.init(bytes: bytes, start: 0, count: numbers.count, type: .int32)
    }

    package init(_ numbers: [Float]) {
        var bytes: [UInt8] = []
        for number in numbers { bytes.append(littleEndian: number.bitPattern) }
        self.init(bytes: bytes, start: 0, count: numbers.count, type: .float32)
    }

    package init(_ flags: [Bool]) { self.init(bytes: flags.map { $0 ? 1 : 0 }, start: 0, count: flags.count, type: .bool) }

    /// The bytes of all elements, as in the file.
    package var raw: ArraySlice<UInt8> { bytes[start..<start + count * (type.size ?? 0)] }

    /// Nil when the elements are no bools.
    package var flags: [Bool]? { type == .bool ? bytes[start..<start + count].map { $0 == 1 } : nil }

    /// Nil when the elements are not integers or one does not fit.
    package var integers: [Int]? {
        switch type {
        case .uint8: load(UInt8.self)
        case .int8: load(Int8.self)
        case .uint16: load(UInt16.self)
        case .int16: load(Int16.self)
        case .uint32: load(UInt32.self)
        case .int32: load(Int32.self)
        case .uint64: load(UInt64.self)
        case .int64: load(Int64.self)
        case .float32, .float64, .bool, .string, .array: nil
        }
    }

    package var reals: [Double]? {
        switch type {
        case .float32: bits(UInt32.self).map { Double(Float(bitPattern: $0)) }
        case .float64: bits(UInt64.self).map { Double(bitPattern: $0) }
        default: integers.map { $0.map { Double($0) } }
        }
    }

    private func bits<T: FixedWidthInteger>(_: T.Type) -> [T] {
        bytes.withUnsafeBytes { raw in
            (0..<count).map { T(littleEndian: raw.loadUnaligned(fromByteOffset: start + $0 * MemoryLayout<T>.size, as: T.self)) }
        }
    }

    private func load<T: FixedWidthInteger>(_ type: T.Type) -> [Int]? {
        let all = bits(type)
        let fitting = all.compactMap { Int(exactly: $0) }
        return fitting.count == all.count ? fitting : nil
    }
}

extension [UInt8] {
    mutating func append<T: FixedWidthInteger>(littleEndian number: T) {
        Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
    }
}
