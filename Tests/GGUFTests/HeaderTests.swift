import GGUF
import Glibc
import Testing

@Suite("A header")
struct HeaderTests {
    /// One value of each type, three tensors of different kinds.
    static func writer() -> GGUFWriter {
        var writer = GGUFWriter()
        writer.add("a.uint8", .uint8(.max))
        writer.add("a.int8", .int8(.min))
        writer.add("a.uint16", .uint16(.max))
        writer.add("a.int16", .int16(.min))
        writer.add("a.uint32", .uint32(.max))
        writer.add("a.int32", .int32(.min))
        writer.add("a.uint64", .uint64(.max))
        writer.add("a.int64", .int64(.min))
        writer.add("a.float32", .float32(1.5))
        writer.add("a.float64", .float64(-2.25))
        writer.add("a.bool", .bool(true))
        writer.add("a.string", "naïve\n")
        writer.add("a.strings", byteStrings: [[0x61], [], [0xFF, 0x20]])
        writer.add("a.integers", integers: [1, -2, .max])
        writer.add("a.reals", reals: [0.5, -1])
        writer.add(tensor: "t.float", shape: [3, 2], floats: [1, 2, 3, 4, 5, 6])
        writer.add(tensor: "t.quantized", type: .q4_1, shape: [64, 2], bytes: (0..<80).map { $0 })
        writer.add(tensor: "t.vector", shape: [1], floats: [7])
        return writer
    }

    @Test("gives back every value and tensor that was written", arguments: [2, 3] as [UInt32])
    func roundTrip(version: UInt32) throws {
        var writer = HeaderTests.writer()
        writer.version = version
        let gguf = try GGUF(header: writer.bytes())
        #expect(gguf.version == version && gguf.alignment == 32 && gguf.dataOffset % 32 == 0)
        #expect(gguf.metadata.count == 15)
        #expect(gguf.integer("a.uint8") == 255 && gguf.integer("a.int8") == -128 && gguf.integer("a.uint16") == 65_535)
        #expect(gguf.integer("a.int16") == -32_768 && gguf.integer("a.uint32") == 4_294_967_295)
        #expect(gguf.integer("a.int32") == -2_147_483_648)
        #expect(gguf.integer("a.uint64") == nil && gguf.integer("a.int64") == .min && gguf.integer("a.float32") == nil)
        #expect(gguf.real("a.float32") == 1.5 && gguf.real("a.float64") == -2.25 && gguf.real("a.uint64") == 0x1p64)
        #expect(gguf.real("a.int8") == -128 && gguf.real("a.bool") == nil)
        #expect(gguf.bool("a.bool") == true && gguf.bool("a.uint8") == nil)
        #expect(gguf.string("a.string") == "naïve\n" && gguf.string("a.bool") == nil && gguf.string("none") == nil)
        let strings = try #require(gguf.strings("a.strings"))
        #expect((0..<strings.count).map { Array(strings[$0]) } == [[0x61], [], [0xFF, 0x20]])
        #expect(gguf.integers("a.integers") == [1, -2, 2_147_483_647])
        #expect(gguf.integers("a.reals") == nil && gguf.strings("a.integers") == nil)
        #expect(gguf.reals("a.reals") == [0.5, -1] && gguf.reals("a.integers") == [1, -2, 2_147_483_647])
        #expect(gguf.tensors.map { $0.name } == ["t.float", "t.quantized", "t.vector"])
        let tensor = try #require(gguf.tensor("t.quantized"))
        #expect(tensor.shape == [64, 2] && tensor.rows == 2 && tensor.bytes == 80 && tensor.offset == 32 && tensor.type.name == "Q4_1")
    }

    @Test("of a written file leads to its tensors' bytes, whole or in part")
    func tensors() throws {
        try withFile(HeaderTests.writer().bytes()) { path in
            let gguf = try GGUF(path: path)
            let reader = try TensorReader(gguf)
            let tensor = try #require(gguf.tensor("t.quantized"))
            #expect(try reader.bytes(tensor) == (0..<80).map { $0 })
            var part = [UInt8](repeating: 0, count: 5)
            try part.withUnsafeMutableBytes { try reader.read(tensor, from: 75, into: $0) }
            #expect(part == [75, 76, 77, 78, 79])
            for (from, count) in [(76, 5), (-1, 1), (81, 0), (.max, 1)] {
                var buffer = [UInt8](repeating: 0, count: count)
                #expect(throws: GGUFError(path, .outsideTensor("t.quantized", from: from, count: count, bytes: 80))) {
                    try buffer.withUnsafeMutableBytes { try reader.read(tensor, from: from, into: $0) }
                }
            }
        }
    }

    @Test("of a file that is cut before or while its tensors are read ends in a short-file error")
    func shortFile() throws {
        let bytes = HeaderTests.writer().bytes()
        try withFile(bytes) { path in
            let gguf = try GGUF(path: path)
            let tensor = try #require(gguf.tensor("t.vector"))
            let reader = try TensorReader(gguf)
            #expect(truncate(path, bytes.count - 2) == 0)
            #expect(throws: GGUFError(path, .shortFile(expected: bytes.count, found: bytes.count - 2))) { _ = try reader.bytes(tensor) }
            #expect(throws: GGUFError(path, .shortFile(expected: bytes.count, found: bytes.count - 2))) { _ = try TensorReader(gguf) }
        }
    }

    @Test("is refused for what is no readable regular file")
    func noFile() {
        #expect(throws: GGUFError("/nowhere/x.gguf", .unreadable(errno: ENOENT))) { try GGUF(path: "/nowhere/x.gguf") }
        #expect(throws: GGUFError("/", .notRegular)) { try GGUF(path: "/") }
        #expect(throws: GGUFError("/dev/null", .notRegular)) { try GGUF(path: "/dev/null") }
        #expect("\(GGUFError("x.gguf", .notGGUF(found: [0x50, 0x4B, 3, 4])))".contains("50 4b 03 04"))
    }

    @Test("longer than the first read is read further")
    func longHeader() throws {
        var writer = GGUFWriter()
        writer.add("big", strings: [String](repeating: "0123456789abcdef", count: 300_000))
        writer.add(tensor: "t", shape: [1], floats: [1])
        try withFile(writer.bytes()) { path in
            let gguf = try GGUF(path: path)
            #expect(gguf.dataOffset > 4 << 20 && gguf.strings("big")?.count == 300_000)
        }
    }

    @Test("knows weight types as gguf-py 0.19 lists them")
    func weightTypes() {
        // Number, name, elements and bytes of a block; Q8_1 is left out, which files never hold.
        let listed: [(UInt32, String, Int, Int)] = [
            (0, "F32", 1, 4), (1, "F16", 1, 2), (2, "Q4_0", 32, 18), (3, "Q4_1", 32, 20), (6, "Q5_0", 32, 22), (7, "Q5_1", 32, 24),
            (8, "Q8_0", 32, 34), (10, "Q2_K", 256, 84), (11, "Q3_K", 256, 110), (12, "Q4_K", 256, 144), (13, "Q5_K", 256, 176),
            (14, "Q6_K", 256, 210), (15, "Q8_K", 256, 292), (16, "IQ2_XXS", 256, 66), (17, "IQ2_XS", 256, 74), (18, "IQ3_XXS", 256, 98),
            (19, "IQ1_S", 256, 50), (20, "IQ4_NL", 32, 18), (21, "IQ3_S", 256, 110), (22, "IQ2_S", 256, 82), (23, "IQ4_XS", 256, 136),
            (24, "I8", 1, 1), (25, "I16", 1, 2), (26, "I32", 1, 4), (27, "I64", 1, 8), (28, "F64", 1, 8), (29, "IQ1_M", 256, 56),
            (30, "BF16", 1, 2), (34, "TQ1_0", 256, 54), (35, "TQ2_0", 256, 66), (39, "MXFP4", 32, 17), (40, "NVFP4", 64, 36),
            (41, "Q1_0", 128, 18),
        ]
        for (number, name, elements, bytes) in listed {
            let type = WeightType(rawValue: number)
            #expect(type.name == name && type.blockSize == elements && type.blockBytes == bytes)
        }
        #expect(WeightType.table.count == listed.count + 1)
        #expect(WeightType(rawValue: 4).name == "type 4" && WeightType(rawValue: 4).block == nil)
    }
}

/// Runs `body` with a file of these bytes that is gone afterwards.
func withFile(_ bytes: [UInt8], _ body: (String) throws -> Void) throws {
    var template = Array("/tmp/terrarium-gguf-XXXXXX\0".utf8CString)
    let descriptor = mkstemp(&template)
    try #require(descriptor >= 0)
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { unlink(path) }
    var rest = bytes[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        try #require(count > 0)
        rest = rest.dropFirst(count)
    }
    close(descriptor)
    try body(path)
}
