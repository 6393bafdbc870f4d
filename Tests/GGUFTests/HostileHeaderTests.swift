import GGUF
import Glibc
import Testing

@Suite("A hostile header", .serialized)
struct HostileHeaderTests {
    /// What is wrong with these bytes; nil when they are sound.
    private func fault(_ bytes: [UInt8], fileSize: Int? = nil) -> GGUFFault? {
        do {
            let gguf = try GGUF(header: bytes, fileSize: fileSize)
            let size = fileSize ?? bytes.count
            // Whatever was accepted keeps the promises that reading tensors relies on.
            for tensor in gguf.tensors {
                #expect(tensor.offset >= 0 && tensor.bytes > 0 && tensor.offset % gguf.alignment == 0)
                #expect(gguf.dataOffset + tensor.offset + tensor.bytes <= size)
            }
            for (key, value) in gguf.metadata {
                if case .array(.strings(let table)) = value { for index in 0..<table.count { _ = table[index] } }
                _ = (gguf.integers(key), gguf.reals(key), gguf.integer(key), gguf.real(key))
            }
            return nil
        } catch {
            #expect(!"\(error)".isEmpty)
            return error.fault
        }
    }

    @Test("cut at any length is refused")
    func truncation() throws {
        let bytes = HeaderTests.writer().bytes()
        for length in 0..<bytes.count { #expect(fault(Array(bytes.prefix(length))) != nil, "cut at \(length)") }
        #expect(fault(bytes) == nil)
        for length in stride(from: 0, to: bytes.count, by: 7) {
            try withFile(Array(bytes.prefix(length))) { path in #expect(throws: GGUFError.self) { try GGUF(path: path) } }
        }
    }

    @Test("with any field set to any odd value neither traps nor lies")
    func mutation() {
        let bytes = HeaderTests.writer().bytes()
        let values: [UInt64] = [
            0, 1, 2, 3, 7, 8, 9, 31, 33, 0x7F, 0x80, 0xFF, 0x100, 0xFFFF, 0x1_0000, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x1_0000_0000,
            1 << 40, 1 << 61, 1 << 62, 1 << 63, .max - 31, .max, UInt64(Int64.max), UInt64(Int64.max) - 31, 0x0123_4567_89AB_CDEF,
        ]
        var refused = 0, accepted = 0
        // Every place with every width: no field is missed, whatever the layout.
        for width in [1, 4, 8] {
            for place in 0...(bytes.count - width) {
                for value in values {
                    var changed = bytes
                    for index in 0..<width { changed[place + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(index))) }
                    if fault(changed) == nil { accepted += 1 } else { refused += 1 }
                }
            }
        }
        #expect(refused > 10_000 && accepted > 1_000)
    }

    @Test("of random bytes is refused, behind a sound beginning too")
    func random() {
        // Any seed will do; a fixed one makes a failure come again.
        var state: UInt64 = 29
        func byte() -> UInt8 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
        let start = Array(HeaderTests.writer().bytes().prefix(8))
        for _ in 0..<10_000 {
            let noise = (0..<Int(byte())).map { _ in byte() }
            #expect(fault(noise) != nil)
            // Small counts let the reader go on into the noise.
            let counts: [UInt8] = [byte() & 3, 0, 0, 0, 0, 0, 0, 0, byte() & 7 + 1, 0, 0, 0, 0, 0, 0, 0]
            _ = fault(start + counts + noise)
        }
    }

    @Test("with absurd counts is refused before memory is asked for")
    func absurdCounts() throws {
        func header(_ tensors: UInt64, _ entries: UInt64, _ rest: [UInt8] = []) -> [UInt8] {
            [0x47, 0x47, 0x55, 0x46, 3, 0, 0, 0] + little(tensors) + little(entries) + rest
        }
        func little(_ number: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }
        let before = peak()
        for count: UInt64 in [65_537, 1 << 32, 1 << 62, 1 << 63, .max] {
            // The file claims to be huge, so that only the limits help.
            let huge = 1 << 50
            #expect(fault(header(count, 0), fileSize: huge) == .tooMany("tensor count", found: count, limit: GGUF.countLimit))
            #expect(fault(header(0, count), fileSize: huge) == .tooMany("metadata count", found: count, limit: GGUF.countLimit))
            let entry = little(1) + [0x6B]
            #expect(fault(header(0, 1, little(count)), fileSize: huge) != nil)
            #expect(fault(header(0, 1, entry + [8, 0, 0, 0] + little(count)), fileSize: huge) != nil)
            for type: UInt8 in 0...12 {
                #expect(fault(header(0, 1, entry + [9, 0, 0, 0, type, 0, 0, 0] + little(count)), fileSize: huge) != nil)
            }
        }
        // A sparse file of 1 TiB that is all header: the reader gives up at its limit.
        try withFile(header(0, 1, little(1) + [0x6B, 9, 0, 0, 0, 8, 0, 0, 0] + little(3_200_000))) { path in
            #expect(truncate(path, 1 << 40) == 0)
            #expect(throws: GGUFError(path, .headerTooLarge(limit: GGUF.headerLimit))) { try GGUF(path: path) }
        }
        #expect(peak() - before < 64 << 20)
    }

    @Test("is refused for each broken promise, by its fact")
    func promises() {
        func writer(_ change: (inout GGUFWriter) -> Void) -> [UInt8] {
            var writer = GGUFWriter()
            change(&writer)
            return writer.bytes()
        }
        let row = [UInt8](repeating: 0, count: 128)
        #expect(fault(Array("PK".utf8) + row) == .notGGUF(found: [0x50, 0x4B, 0, 0]))
        #expect(fault([0x47, 0x47, 0x55, 0x46, 1, 0, 0, 0] + row) == .version(found: 1))
        #expect(fault([0x47, 0x47, 0x55, 0x46, 0, 0, 0, 3] + row) == .bigEndian)
        #expect(fault(writer { $0.add("k", .bool(true)); $0.add("k", .bool(true)) }) == .duplicateKey("k"))
        #expect(fault(writer { $0.add("general.alignment", .uint32(24)) }) == .badAlignment(found: 24))
        #expect(fault(writer { $0.add("general.alignment", "x") }) == .badAlignment(found: nil))
        func tensors(_ change: (inout GGUFWriter) -> Void) -> GGUFFault? {
            fault(
                writer {
                    $0.add(tensor: "one", type: .f32, shape: [32], bytes: row)
                    change(&$0)
                })
        }
        #expect(tensors { _ in } == nil)
        #expect(tensors { $0.add(tensor: "one", type: .f32, shape: [32], bytes: row) } == .duplicateTensor("one"))
        #expect(tensors { $0.add(tensor: "two", type: .f32, shape: [32], bytes: row, offset: 96) } == .overlap("one", "two"))
        #expect(tensors { $0.add(tensor: "two", type: .f32, shape: [32], bytes: row, offset: 0) } != nil)
        #expect(
            tensors { $0.add(tensor: "two", type: .f32, shape: [32], bytes: row, offset: 129) }
                == .misaligned(tensor: "two", offset: 129, alignment: 32))
        #expect(
            tensors { $0.add(tensor: "two", type: .f32, shape: [32], bytes: row, offset: 160) }
                == .outsideFile(tensor: "two", offset: 160, bytes: 128, room: 256))
        #expect(tensors { $0.add(tensor: "two", type: .f32, shape: [33], bytes: row) } != nil)
        #expect(tensors { $0.add(tensor: "two", type: .f32, shape: [1 << 62], bytes: row) } != nil)
        #expect(tensors { $0.add(tensor: "two", type: .f32, shape: [1 << 32, 1 << 32], bytes: row) } != nil)
        #expect(tensors { $0.add(tensor: "two", type: .f32, shape: [0], bytes: row) } != nil)
        #expect(tensors { $0.add(tensor: "two", type: .f32, shape: [], bytes: row) } != nil)
        #expect(tensors { $0.add(tensor: "two", type: .f32, shape: [2, 2, 2, 2, 2], bytes: row) } != nil)
        #expect(tensors { $0.add(tensor: "two", type: .q4_1, shape: [48], bytes: row) } != nil)
        let unknown = tensors { $0.add(tensor: "two", type: WeightType(rawValue: 4), shape: [32], bytes: row) }
        #expect(unknown == .weightType(tensor: "two", found: 4))
    }

    /// The most memory this process ever had. Unit: bytes.
    private func peak() -> Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss * 1_024
    }
}
