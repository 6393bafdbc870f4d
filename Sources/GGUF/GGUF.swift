/// The header of a GGUF file, or of one in several parts: what it says about the model and where its tensors lie.
///
/// In: the path of a file, or its bytes. Out: metadata by key, tensors in file order.
/// Invariants after `init`: every count was checked against the bytes that are left; names are unique; every tensor has a known
/// type, whole blocks in a row, and an aligned byte range inside the file that no other tensor shares.
/// Only the header is read, in at most `headerLimit` bytes; nothing is mapped. String and number arrays stay in the header's
/// bytes, which all tables share, so that a header costs little more than its own size.
/// Must not know: what any key or tensor means to a model (but for `general.alignment`, which is the format's own).
/// Source: ggml's docs/gguf.md, versions 2 and 3.
package struct GGUF: Sendable {
    package let path: String
    package let version: UInt32
    /// Of all parts. Unit: bytes.
    package private(set) var fileSize: Int
    /// Unit: bytes.
    package let alignment: Int
    /// Where tensor data begins; tensor offsets count from here.
    package let dataOffset: Int
    package let metadata: [String: Value]
    /// In the order of the files.
    package private(set) var tensors: [TensorInfo]
    private var tensorIndex: [String: Int]
    /// A file that tensors lie in, or bytes that were made.
    package struct Part: Sendable {
        let path: String, dataOffset: Int, fileSize: Int
        var bytes: [UInt8]?
        package init(path: String, dataOffset: Int, fileSize: Int) { (self.path, self.dataOffset, self.fileSize) = (path, dataOffset, fileSize) }
        package init(made bytes: [UInt8]) { (path, dataOffset, fileSize, self.bytes) = ("memory", 0, 0, bytes) }
    }
    private(set) var parts: [Part]

    /// The most header bytes ever read: with its keys and texts copied, any header stays under 64 MB.
    /// The largest vocabulary known, of 262,144 tokens and twice as many merges, takes some 15 MB.
    package static let headerLimit = 24 << 20
    /// The most metadata entries, and the most tensors, that a file may have.
    package static let countLimit = 65_536
    static let magic: [UInt8] = [0x47, 0x47, 0x55, 0x46]

    /// Throws: when the file, or a part that belongs to it, cannot be read or its header is not sound.
    package init(path: String) throws(GGUFError) {
        self = try GGUF(part: path)
        try join()
    }

    private init(part path: String) throws(GGUFError) {
        let file = try OpenFile(path)
        var length = min(file.size, 4 << 20)
        while true {
            let bytes = try file.prefix(length)
            do {
                self = try GGUF(header: bytes, fileSize: file.size, path: path)
                return
            } catch let error {
                guard case .truncated = error.fault, length < file.size else { throw error }
                guard length < GGUF.headerLimit else {
                    throw GGUFError(path, .headerTooLarge(limit: GGUF.headerLimit))
                }
                length = min(file.size, length * 4, GGUF.headerLimit)
            }
        }
    }

    /// What the reader of another format found, told in this one's words.
    /// Throws: when a tensor's name comes twice.
    package init(path: String, metadata: [String: Value], tensors: [TensorInfo], parts: [Part]) throws(GGUFError) {
        var index: [String: Int] = [:]
        for (position, tensor) in tensors.enumerated() {
            guard index.updateValue(position, forKey: tensor.name) == nil else { throw GGUFError(path, .duplicateTensor(tensor.name)) }
        }
        (self.path, version, alignment, dataOffset) = (path, 0, 1, 0)
        (self.metadata, self.tensors, self.parts, tensorIndex) = (metadata, tensors, parts, index)
        fileSize = parts.reduce(0) { $0 + $1.fileSize }
    }

    /// Reads the header from bytes that hold at least the header of a file of `fileSize` bytes.
    package init(header: [UInt8], fileSize: Int? = nil, path: String = "memory") throws(GGUFError) {
        do {
            try self.init(cursor: Cursor(header), fileSize: max(fileSize ?? header.count, header.count), path: path)
        } catch let fault {
            throw GGUFError(path, fault)
        }
    }

    private init(cursor start: Cursor, fileSize: Int, path: String) throws(GGUFFault) {
        var cursor = start
        let magic = try cursor.take(4, "magic")
        guard cursor.bytes[magic].elementsEqual(GGUF.magic) else { throw .notGGUF(found: Array(cursor.bytes[magic])) }
        let version: UInt32 = try cursor.integer("version")
        guard version == 2 || version == 3 else {
            if version.byteSwapped == 2 || version.byteSwapped == 3 { throw .bigEndian }
            throw .version(found: version)
        }
        // The smallest tensor takes 32 bytes and the smallest entry 13: a count beyond that cannot be true.
        let tensorCount = try cursor.count("tensor count", elementBytes: 32, limit: GGUF.countLimit, fileSize: fileSize)
        let entryCount = try cursor.count("metadata count", elementBytes: 13, limit: GGUF.countLimit, fileSize: fileSize)

        var metadata: [String: Value] = [:]
        for _ in 0..<entryCount {
            let key = try cursor.name("metadata key", limit: 65_535)
            let value = try Value(&cursor, key: key, fileSize: fileSize)
            guard metadata.updateValue(value, forKey: key) == nil else { throw .duplicateKey(key) }
        }
        let alignment = try GGUF.alignment(metadata)

        var tensors: [TensorInfo] = []
        var index: [String: Int] = [:]
        for position in 0..<tensorCount {
            let tensor = try TensorInfo(&cursor)
            guard index.updateValue(position, forKey: tensor.name) == nil else { throw .duplicateTensor(tensor.name) }
            tensors.append(tensor)
        }
        let dataOffset = (cursor.position + alignment - 1) / alignment * alignment
        try GGUF.checkRanges(tensors, alignment: alignment, room: max(0, fileSize - dataOffset))

        self.path = path
        self.version = version
        self.fileSize = fileSize
        self.alignment = alignment
        self.dataOffset = dataOffset
        self.metadata = metadata
        self.tensors = tensors
        self.tensorIndex = index
        parts = [Part(path: path, dataOffset: dataOffset, fileSize: fileSize)]
    }

    /// Adds the tensors of the parts behind this one, where it is the first of several. Source: llama.cpp's gguf-split.
    private mutating func join() throws(GGUFError) {
        guard let count = integer("split.count"), count > 1 else { return }
        guard let number = integer("split.no"), number == 0 else { throw GGUFError(path, .laterPart(count: count)) }
        guard count <= 1024, let names = PartNames(path), names.count == count else { throw GGUFError(path, .partName(count: count)) }
        for number in 1..<count {
            let next = try GGUF(part: names.path(number))
            guard next.integer("split.no") == number, next.integer("split.count") == count else {
                throw GGUFError(next.path, .otherPart(expected: number + 1, count: count))
            }
            for var tensor in next.tensors {
                tensor.part = number
                guard tensorIndex.updateValue(tensors.count, forKey: tensor.name) == nil else { throw GGUFError(next.path, .duplicateTensor(tensor.name)) }
                tensors.append(tensor)
            }
            parts += next.parts
            fileSize += next.fileSize
        }
        if let all = integer("split.tensors.count"), all != tensors.count {
            throw GGUFError(path, .partTensors(expected: all, found: tensors.count))
        }
    }

    private static func alignment(_ metadata: [String: Value]) throws(GGUFFault) -> Int {
        guard let value = metadata["general.alignment"] else { return 32 }
        guard let alignment = value.integer, alignment >= 8, alignment <= 1 << 20, alignment & (alignment - 1) == 0 else {
            throw .badAlignment(found: value.integer)
        }
        return alignment
    }

    private static func checkRanges(_ tensors: [TensorInfo], alignment: Int, room: Int) throws(GGUFFault) {
        for tensor in tensors {
            guard tensor.offset % alignment == 0 else {
                throw .misaligned(tensor: tensor.name, offset: tensor.offset, alignment: alignment)
            }
            guard tensor.offset <= room, tensor.bytes <= room - tensor.offset else {
                throw .outsideFile(tensor: tensor.name, offset: tensor.offset, bytes: tensor.bytes, room: room)
            }
        }
        let sorted = tensors.sorted { $0.offset < $1.offset }
        for (one, next) in zip(sorted, sorted.dropFirst()) where one.offset + one.bytes > next.offset {
            throw .overlap(one.name, next.name)
        }
    }
}

extension GGUF {
    package func tensor(_ name: String) -> TensorInfo? { tensorIndex[name].map { tensors[$0] } }

    package func string(_ key: String) -> String? {
        guard case .string(let text)? = metadata[key] else { return nil }
        return text
    }

    /// Any integer type whose value fits an `Int`.
    package func integer(_ key: String) -> Int? { metadata[key]?.integer }

    /// A float type, or an integer taken as one.
    package func real(_ key: String) -> Double? { metadata[key]?.real }

    package func bool(_ key: String) -> Bool? {
        guard case .bool(let flag)? = metadata[key] else { return nil }
        return flag
    }

    package func strings(_ key: String) -> StringTable? {
        guard case .array(.strings(let table))? = metadata[key] else { return nil }
        return table
    }

    /// An array of any integer type whose values fit an `Int`.
    package func integers(_ key: String) -> [Int]? {
        guard case .array(.numbers(let table))? = metadata[key] else { return nil }
        return table.integers
    }

    package func flags(_ key: String) -> [Bool]? {
        guard case .array(.numbers(let table))? = metadata[key] else { return nil }
        return table.flags
    }

    /// An array of any number type.
    package func reals(_ key: String) -> [Double]? {
        guard case .array(.numbers(let table))? = metadata[key] else { return nil }
        return table.reals
    }
}
