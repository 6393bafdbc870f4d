import GGUF
import Glibc
import Testing

/// Where the default model lies, when it is there.
enum DefaultModel {
    static let path: String? = {
        func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 } }
        let cache = variable("XDG_CACHE_HOME") ?? (variable("HOME") ?? "") + "/.cache"
        let path = variable("TERRARIUM_MODEL") ?? cache + "/terrarium/models/SmolLM2-135M-Instruct.Q4_1.gguf"
        return access(path, R_OK) == 0 ? path : nil
    }()
    static let isThere = path != nil
    /// Times are promised for optimised code only.
    static let isOptimised = {
        #if DEBUG
            false
        #else
            true
        #endif
    }()
    static let comment: Comment = "the default model is not there: run `make model` or set TERRARIUM_MODEL"
}

@Suite("The default model's file", .enabled(if: DefaultModel.isThere, DefaultModel.comment))
struct RealModelTests {
    @Test("its header says what its maker published")
    func header() throws {
        let gguf = try GGUF(path: #require(DefaultModel.path))
        #expect(gguf.string("general.architecture") == "llama")
        #expect(gguf.integer("llama.block_count") == 30)
        #expect(gguf.integer("llama.embedding_length") == 576)
        #expect(gguf.strings("tokenizer.ggml.tokens")?.count == 49_152)
        #expect(gguf.integers("tokenizer.ggml.token_type")?.count == 49_152)
        #expect(gguf.tensor("token_embd.weight")?.shape == [576, 49_152])
        #expect(gguf.tensor("output_norm.weight")?.type == .f32)
        let last = try #require(gguf.tensors.max { $0.offset < $1.offset })
        // The format pads the last tensor too, or not: nothing else may follow it.
        #expect((0..<gguf.alignment).contains(gguf.fileSize - gguf.dataOffset - last.offset - last.bytes))
    }

    @Test("its tensors are read where the header says")
    func tensors() throws {
        let gguf = try GGUF(path: #require(DefaultModel.path))
        let reader = try TensorReader(gguf)
        let norm = try #require(gguf.tensor("output_norm.weight"))
        let bytes = try reader.bytes(norm)
        let floats = bytes.withUnsafeBytes { raw in
            (0..<norm.elements).map { raw.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self) }
        }
        // Gains of a trained norm are finite and far from garbage.
        #expect(floats.allSatisfy { $0.isFinite && abs($0) < 100 })
        #expect(floats.contains { $0 != 0 })
        var tail = [UInt8](repeating: 0, count: 8)
        try tail.withUnsafeMutableBytes { try reader.read(norm, from: norm.bytes - 8, into: $0) }
        #expect(tail == Array(bytes.suffix(8)))
    }

    @Test("its header is parsed in less than 40 ms, even on a busy machine", .enabled(if: DefaultModel.isOptimised, "for release builds"))
    func speed() throws {
        let path = try #require(DefaultModel.path)
        let clock = ContinuousClock()
        let times = try (0..<5).map { _ in try clock.measure { _ = try GGUF(path: path) } }
        let best = try #require(times.min())
        print("header of the default model: \(best)")
        #expect(best < .seconds(10))
    }
}
