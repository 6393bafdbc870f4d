/// What the header says about one tensor.
package struct TensorInfo: Sendable, Equatable {
    package let name: String
    package let type: WeightType
    /// Shape: ggml's order, `shape[0]` is the length of a row.
    package let shape: [Int]
    /// Unit: bytes from the file's `dataOffset`.
    package let offset: Int
    package let bytes: Int
    /// Which of the files it lies in.
    var part = 0
    /// How its numbers lie there.
    var arrangement = Arrangement.plain

    /// How many rows there are; a vector is one row.
    package var rows: Int { shape.dropFirst().reduce(1, *) }
    package var elements: Int { shape.reduce(1, *) }
    package var isTransposed: Bool { arrangement == .transposed }

    init(_ cursor: inout Cursor) throws(GGUFFault) {
        let name = try cursor.name("tensor name", limit: 1_024)
        let dimensions: UInt32 = try cursor.integer(name)
        guard (1...4).contains(dimensions) else { throw .badShape(tensor: name, "has \(dimensions) dimensions instead of 1 to 4") }
        var shape: [Int] = []
        var elements = 1
        for _ in 0..<dimensions {
            let length: UInt64 = try cursor.integer(name)
            guard let length = Int(exactly: length), length > 0 else { throw .badShape(tensor: name, "has a dimension of \(length)") }
            let (product, overflow) = elements.multipliedReportingOverflow(by: length)
            guard !overflow else { throw .badShape(tensor: name, "has more elements than 64 bits can count") }
            elements = product
            shape.append(length)
        }
        let type = WeightType(rawValue: try cursor.integer(name))
        guard let block = type.block else { throw .weightType(tensor: name, found: type.rawValue) }
        guard shape[0] % block.elements == 0 else {
            throw .badShape(tensor: name, "has rows of \(shape[0]), not whole blocks of \(block.elements) (\(type.name))")
        }
        let (bytes, overflow) = (elements / block.elements).multipliedReportingOverflow(by: block.bytes)
        guard !overflow else { throw .badShape(tensor: name, "has more bytes than 64 bits can count") }
        let offset: UInt64 = try cursor.integer(name)
        guard let offset = Int(exactly: offset) else { throw .outsideFile(tensor: name, offset: Int.max, bytes: bytes, room: cursor.left) }
        self.name = name
        self.type = type
        self.shape = shape
        self.offset = offset
        self.bytes = bytes
    }

    /// A tensor whose range was checked by the reader of another format.
    package init(name: String, type: WeightType, shape: [Int], offset: Int, bytes: Int, part: Int, arrangement: Arrangement) {
        (self.name, self.type, self.shape, self.offset, self.bytes, self.part, self.arrangement) = (name, type, shape, offset, bytes, part, arrangement)
    }
}

/// What other formats keep in another order than GGUF, or otherwise.
package enum Arrangement: Sendable, Equatable {
    case plain
    /// Columns are stored one after the other.
    case transposed
    /// Of each head of so many rows first those of the even dimensions of a turn, then those of the odd ones, which GGUF keeps by pairs.
    case halves(headWidth: Int)
    /// What is stored is one less than the weight.
    case lessOne
}

/// How a tensor's numbers are stored; the raw value is the format's.
package struct WeightType: RawRepresentable, Sendable, Hashable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let f32 = WeightType(rawValue: 0)
    package static let f16 = WeightType(rawValue: 1)
    package static let q4_0 = WeightType(rawValue: 2)
    package static let q4_1 = WeightType(rawValue: 3)
    package static let q5_0 = WeightType(rawValue: 6)
    package static let q5_1 = WeightType(rawValue: 7)
    package static let q8_0 = WeightType(rawValue: 8)
    package static let q2_K = WeightType(rawValue: 10)
    package static let q3_K = WeightType(rawValue: 11)
    package static let q4_K = WeightType(rawValue: 12)
    package static let q5_K = WeightType(rawValue: 13)
    package static let q6_K = WeightType(rawValue: 14)
    package static let iq4_nl = WeightType(rawValue: 20)
    package static let bf16 = WeightType(rawValue: 30)

    /// As ggml writes it; "type N" when unknown.
    package var name: String { WeightType.table[rawValue]?.name ?? "type \(rawValue)" }
    /// Unit: elements; 0 when the type is unknown.
    package var blockSize: Int { block?.elements ?? 0 }
    /// Unit: bytes; 0 when the type is unknown.
    package var blockBytes: Int { block?.bytes ?? 0 }

    /// Nil when the type is unknown.
    package var block: (elements: Int, bytes: Int)? { WeightType.table[rawValue].map { ($0.elements, $0.bytes) } }

    /// Every type a GGUF file may hold, so that one Terrarium cannot compute with is still named.
    /// Source: ggml's `ggml_type` and its block structures; numbers missing here were withdrawn.
    package static let table: [UInt32: (name: String, elements: Int, bytes: Int)] = [
        0: ("F32", 1, 4), 1: ("F16", 1, 2), 30: ("BF16", 1, 2), 28: ("F64", 1, 8),
        24: ("I8", 1, 1), 25: ("I16", 1, 2), 26: ("I32", 1, 4), 27: ("I64", 1, 8),
        2: ("Q4_0", 32, 18), 3: ("Q4_1", 32, 20), 6: ("Q5_0", 32, 22), 7: ("Q5_1", 32, 24), 8: ("Q8_0", 32, 34), 9: ("Q8_1", 32, 36),
        10: ("Q2_K", 256, 84), 11: ("Q3_K", 256, 110), 12: ("Q4_K", 256, 144), 13: ("Q5_K", 256, 176), 14: ("Q6_K", 256, 210),
        15: ("Q8_K", 256, 292),
        16: ("IQ2_XXS", 256, 66), 17: ("IQ2_XS", 256, 74), 18: ("IQ3_XXS", 256, 98), 19: ("IQ1_S", 256, 50), 20: ("IQ4_NL", 32, 18),
        21: ("IQ3_S", 256, 110), 22: ("IQ2_S", 256, 82), 23: ("IQ4_XS", 256, 136), 29: ("IQ1_M", 256, 56),
        34: ("TQ1_0", 256, 54), 35: ("TQ2_0", 256, 66), 39: ("MXFP4", 32, 17), 40: ("NVFP4", 64, 36), 41: ("Q1_0", 128, 18),
    ]
}
