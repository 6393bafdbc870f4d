import Foundation
import GGUF
import Testing

@Suite("A file in parts")
struct PartsTests {
    /// Writes parts into a folder of their own; each with its number, its tensors and what it says of itself.
    private func withParts<R>(_ parts: [(no: Int, count: Int, tensors: [String], all: Int?)], _ body: (String) throws -> R) throws -> R {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("terrarium-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for (index, part) in parts.enumerated() {
            var writer = GGUFWriter()
            writer.add("split.no", .uint16(UInt16(part.no)))
            writer.add("split.count", .uint16(UInt16(part.count)))
            if let all = part.all { writer.add("split.tensors.count", .int32(Int32(all))) }
            if index == 0 { writer.add("general.name", "whole") }
            for (place, name) in part.tensors.enumerated() { writer.add(tensor: name, shape: [4], floats: (0..<4).map { Float(10 * index + place) + Float($0) / 8 }) }
            try writer.write(to: String(format: "%@/m-%05d-of-%05d.gguf", folder, index + 1, parts.count))
        }
        return try body(folder + "/m-00001-of-0000\(parts.count).gguf")
    }

    private func fault(_ path: String) throws -> GGUFFault? {
        do { _ = try GGUF(path: path) } catch { return error.fault }
        return nil
    }

    @Test("is read as one: its tensors in order, each from its own part")
    func whole() throws {
        try withParts([(0, 3, ["a", "b"], 4), (1, 3, ["c"], 4), (2, 3, ["d"], 4)]) { path in
            let gguf = try GGUF(path: path), reader = try TensorReader(gguf)
            #expect(gguf.tensors.map(\.name) == ["a", "b", "c", "d"] && gguf.string("general.name") == "whole")
            let firsts = try ["a", "b", "c", "d"].map { name in
                try reader.bytes(#require(gguf.tensor(name))).withUnsafeBytes { $0.loadUnaligned(as: Float.self) }
            }
            #expect(firsts == [0, 1, 10, 20])
            let sizes = try (1...3).map { try GGUF(header: Array(Data(contentsOf: URL(fileURLWithPath: path.replacingOccurrences(of: "00001-of", with: "0000\($0)-of"))))).fileSize }
            #expect(gguf.fileSize == sizes.reduce(0, +))
        }
    }

    @Test("with a part that is missing, another's, or short of tensors is refused with the remedy; a later part names the first")
    func faults() throws {
        try withParts([(0, 2, ["a"], nil), (1, 2, ["b"], nil)]) { path in
            let second = path.replacingOccurrences(of: "00001-of", with: "00002-of")
            #expect(try fault(second) == .laterPart(count: 2))
            let renamed = path.replacingOccurrences(of: "m-00001-of-00002", with: "m")
            try FileManager.default.copyItem(atPath: path, toPath: renamed)
            #expect(try fault(renamed) == .partName(count: 2))
            try FileManager.default.removeItem(atPath: second)
            guard case .unreadable? = try fault(path) else { Issue.record("a missing part is not refused"); return }
        }
        #expect(try withParts([(0, 2, ["a"], nil), (0, 2, ["b"], nil)], fault) == .otherPart(expected: 2, count: 2))
        #expect(try withParts([(0, 2, ["a"], 3), (1, 2, ["b"], 3)], fault) == .partTensors(expected: 3, found: 2))
        #expect(try withParts([(0, 2, ["a"], nil), (1, 2, ["a"], nil)], fault) == .duplicateTensor("a"))
        for fault in [GGUFFault.laterPart(count: 2), .partName(count: 2), .otherPart(expected: 2, count: 2), .partTensors(expected: 3, found: 2)] {
            #expect(GGUFError("m", fault).description.hasSuffix("."))
        }
    }

    @Test("names are told apart from others")
    func names() {
        #expect(PartNames("x/m-00002-of-00003.gguf")?.number == 1 && PartNames("x/m-00002-of-00003.gguf")?.path(2) == "x/m-00003-of-00003.gguf")
        for other in ["m.gguf", "m-00004-of-00003.gguf", "m-00000-of-00003.gguf", "m-1-of-3.gguf", "-00001-of-00002.gguf", "m-00001-in-00002.gguf", "m-00001-of-00002.bin"] {
            #expect(PartNames(other) == nil, "\(other)")
        }
    }
}
