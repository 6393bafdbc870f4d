import Engine
import Foundation
import GGUF
import Testing
import Tokenizer
import Transformer

extension Passes {
    @Suite("Every family against llama.cpp and a numpy pass") struct FamilyTests {
        struct Reference: Decodable {
            let ids: [Int32], positions: [Int], numpy: [[Double]], foreign: [[Double]]?
            enum CodingKeys: String, CodingKey { case ids, positions, numpy, foreign = "llama.cpp" }
        }
        static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures")
        static let names = ["llama", "llama-linear", "gpt2", "gpt2-banded", "qwen2", "qwen3", "gemma", "gemma3", "phi3"]

        static func reference(_ name: String) throws -> Reference {
            let all = try JSONDecoder().decode([String: Reference].self, from: Data(contentsOf: folder.appendingPathComponent("families.json")))
            return try #require(all[name])
        }
        static func model(_ name: String, threads: Int = 2) throws -> Model {
            try Model(path: folder.appendingPathComponent("families/\(name).gguf").path, threads: threads)
        }

        @Test("the table of references holds every family that is supported")
        func complete() throws {
            let found = try Set(Self.names.map { try Self.model($0).shape.family })
            #expect(found == Set(Architecture.families))
        }

        /// Both programs keep the file's float32; the cache here is float16, which numpy rounds to and llama.cpp does not.
        /// llama.cpp's GELU is a table in float16.
        @Test("logits agree", arguments: names)
        func logits(name: String) throws {
            let reference = try Self.reference(name), session = try Session(Self.model(name), threads: 2)
            _ = try session.sync(to: reference.ids)
            for (index, position) in reference.positions.enumerated() {
                let logits = try Array(session.logits(after: position).prefix(reference.numpy[index].count))
                #expect(distance(logits, reference.numpy[index]) < 1e-4)
                if let foreign = reference.foreign { #expect(distance(logits, foreign[index]) < 1e-3) }
            }
        }

        @Test("a model in two files has the logits of the whole, to the bit")
        func parts() throws {
            let shape = TinyModel(type: .q8_0), ids = shape.ids(20), whole = try Session(shape.model(), threads: 2)
            _ = try whole.sync(to: ids)
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent("terrarium-\(UUID().uuidString)").path
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let tensors = shape.tensors(), middle = tensors.count / 2
            for (no, share) in [tensors[..<middle], tensors[middle...]].enumerated() {
                var writer = GGUFWriter()
                if no == 0 {
                    for (key, value) in shape.metadata() { writer.add(key, value) }
                    TinyModel.addTokenizer(to: &writer)
                }
                writer.add("split.no", .uint16(UInt16(no)))
                writer.add("split.count", .uint16(2))
                for tensor in share { writer.add(tensor: tensor.name, type: tensor.type, shape: tensor.shape, bytes: tensor.bytes) }
                try writer.write(to: "\(folder)/t-0000\(no + 1)-of-00002.gguf")
            }
            let session = try Session(Model(path: "\(folder)/t-00001-of-00002.gguf", threads: 2), threads: 2)
            _ = try session.sync(to: ids)
            #expect(try Array(session.logits(after: 19)) == Array(whole.logits(after: 19)))
        }

        @Test("decoded one by one, batched, on one thread and three, logits are the same bits", arguments: names)
        func sameBits(name: String) throws {
            let ids = try Self.reference(name).ids
            func logits(threads: Int, step: Int, watched: Bool) throws -> [Float] {
                let session = try Session(Self.model(name, threads: threads), threads: threads)
                let taps: [any Tap] = watched ? [Watcher([.attnOut, .mlpOut, .q])] : []
                for count in stride(from: step, through: ids.count, by: step) { _ = try session.sync(to: Array(ids.prefix(count)), taps: taps) }
                return try Array(session.logits(after: ids.count - 1))
            }
            let first = try logits(threads: 1, step: ids.count, watched: false)
            #expect(try logits(threads: 2, step: 1, watched: false) == first)
            #expect(try logits(threads: 3, step: 8, watched: true) == first)
        }

        @Test("a logit is the sum of embedding, heads, MLPs and biases", arguments: names)
        func attribution(name: String) throws {
            let ids = try Self.reference(name).ids, model = try Self.model(name), session = try Session(model, threads: 2)
            _ = try session.sync(to: ids)
            for (position, token, against) in [(0, Int32(3), nil), (25, 70, Int32(9))] {
                let found = try #require(try session.attribution(position: position, token: token, against: against))
                #expect(abs(found.remainder) < 1e-4, "\(found.remainder)")
                #expect(found.parts.contains { $0.part == .bias } == name.hasPrefix("gpt2"))
            }
        }

        @Test("patterns of a local layer look no further back than its window, and sum to 1", arguments: names)
        func windows(name: String) throws {
            let ids = try Self.reference(name).ids, model = try Self.model(name), session = try Session(model, threads: 2), shape = model.shape
            _ = try session.sync(to: ids)
            let last = ids.count - 1
            for layer in 0..<shape.layers {
                for head in 0..<shape.heads {
                    let row = try session.pattern(layer: layer, head: head, queries: last..<ids.count)[0], first = shape.firstKey(layer, last)
                    #expect(abs(row.reduce(0, +) - 1) < 1e-5)
                    #expect(row[..<first].allSatisfy { $0 == 0 } && row[first...].allSatisfy { $0 > 0 })
                }
            }
            let local = (0..<shape.layers).filter { shape.firstKey($0, last) > 0 }
            switch name {
            case "gemma3": #expect(local == [0, 1, 2, 3, 4, 6])
            case "gpt2-banded": #expect(local == [0, 2])
            default: #expect(local.isEmpty)
            }
        }

        @Test("the lens's last line is the model's own prediction", arguments: names)
        func lens(name: String) throws {
            let ids = try Self.reference(name).ids, session = try Session(Self.model(name), threads: 2)
            _ = try session.sync(to: ids)
            let lines = try session.lens(position: 12, top: 3), own = try Distribution(logits: Array(session.logits(after: 12))).top(3)
            #expect(lines.last?.map(\.id) == own.map(\.id))
            #expect(lines.count == session.model.shape.layers + 1)
        }
    }
}
