import Engine
import Foundation
import GGUF
import HuggingFace
import Testing
import Tokenizer
import Transformer

struct FolderReference: Decodable {
    struct Logits: Decodable { let ids: [Int32], positions: [Int], logits: [[Double]] }
    let models: [String: Logits], tokenizers: [String: [[Int32]]], texts: [String]
    static func named(_ model: String) throws -> Logits {
        let all = try all.get()
        return try #require(all.models[model])
    }
    static let all = Result {
        try JSONDecoder().decode(FolderReference.self, from: Data(contentsOf: URL(fileURLWithPath: FolderWorld.fixtures + "/folders.json")))
    }
}

@Suite("A folder of Hugging Face", .serialized)
struct FolderTests {
    static let names = ["gemma", "gemma3", "gpt2", "llama3", "mistral", "phi3", "qwen2", "qwen3", "smollm"]

    /// transformers computes in float32; its keys and values were rounded to float16, as they are kept here.
    @Test("has the logits that transformers gives it", arguments: names)
    func logits(name: String) throws {
        let world = try FolderWorld(model: name), reference = try FolderReference.named(name)
        let session = try Session(Model(path: world.path, threads: 2), threads: 2)
        _ = try session.sync(to: reference.ids)
        for (index, position) in reference.positions.enumerated() {
            let logits = try Array(session.logits(after: position).prefix(reference.logits[index].count))
            let worst = zip(logits, reference.logits[index]).map { abs(Double($0) - $1) }.max() ?? .infinity
            #expect(logits.count == reference.logits[index].count)
            #expect(worst < 1e-4)
        }
    }

    @Test("gives the token ids that the library `tokenizers` gives", arguments: ["gpt-2", "smollm", "llama-bpe", "qwen2", "llama", "gemma"])
    func ids(name: String) throws {
        let reference = try FolderReference.all.get(), expected = try #require(reference.tokenizers[name])
        let world = try FolderWorld(model: "smollm", tokenizer: name), tokenizer = try Tokenizer(ModelFolder.header(world.path))
        for (text, ids) in zip(reference.texts, expected) {
            #expect(tokenizer.encode(Array(text.utf8), specials: true) == ids, "\(text.debugDescription)")
        }
        #expect(expected.count >= 300)
    }

    @Test("tells where texts begin and end, and its template")
    func ends() throws {
        let world = try FolderWorld(model: "smollm", tokenizer: "llama-bpe")
        try world.write("tokenizer_config.json", #"{"bos_token":"<|endoftext|>","eos_token":{"content":"<|im_end|>"},"chat_template":"{{ '<|im_start|>' }}<|im_end|>"}"#)
        let tokenizer = try Tokenizer(ModelFolder.header(world.path))
        #expect(tokenizer.addsBOS && tokenizer.bos == tokenizer.special("<|endoftext|>") && tokenizer.eos == tokenizer.special("<|im_end|>"))
        #expect(tokenizer.isSpecial(try #require(tokenizer.special("<think>"))) && tokenizer.special("<think>") != tokenizer.bos)
        let gguf = try ModelFolder.header(world.path)
        #expect(gguf.string("tokenizer.chat_template")?.hasPrefix("{{ '<|im_start|>'") == true)
        try world.write("chat_template.jinja", "from a file")
        #expect(try ModelFolder.header(world.path).string("tokenizer.chat_template") == "from a file")
    }

    @Test("is found by its own path and by a file's in it, named by its place, and summed up from its headers")
    func paths() throws {
        let world = try FolderWorld(model: "llama3")
        #expect(ModelFolder.path(world.path) == world.path && ModelFolder.path(world.path + "/") == world.path)
        #expect(ModelFolder.path(world.path + "/model.safetensors.index.json") == world.path && ModelFolder.path(world.path + "/none") == nil)
        #expect(ModelFolder.name("/c/models--me--tiny-1/snapshots/0f1e") == "me/tiny-1" && ModelFolder.name("/m/tiny") == "tiny")
        try world.remove("tokenizer.json")
        let summary = try ModelSummary(path: world.path)
        // 2 blocks with biases, embedding and head, the last norm; and Llama 3's 8 divisors, which are made.
        #expect(summary.parameters == 2 * (2 * 32 * 32 + 2 * 16 * 32 + 3 * 32 * 64 + 64 + 3 * 32) + 2 * 96 * 32 + 32 + 8)
        #expect(summary.family == "llama" && summary.quantization == "F32" && summary.context == 64 && summary.problem == nil)
    }

    @Test("in any type, arranged otherwise, has the bits of a GGUF file of the same weights")
    func sameBits() throws {
        let world = try FolderWorld(model: "smollm"), folder = try ModelFolder.header(world.path), reader = try TensorReader(folder)
        var writer = GGUFWriter()
        for (key, value) in folder.metadata { writer.add(key, value) }
        for tensor in folder.tensors {
            var bytes = [UInt8](repeating: 0, count: tensor.bytes)
            if tensor.shape.count == 1 {
                let floats = try reader.floats(tensor)
                writer.add(tensor: tensor.name, shape: tensor.shape, floats: try #require(floats))
                continue
            }
            try bytes.withUnsafeMutableBytes { buffer in
                // One row at a time and all at once are the same.
                let row = buffer.count / tensor.rows
                for index in 0..<tensor.rows { try reader.rows(tensor, from: index, into: UnsafeMutableRawBufferPointer(rebasing: buffer[index * row..<(index + 1) * row])) }
            }
            writer.add(tensor: tensor.name, type: tensor.type, shape: tensor.shape, bytes: bytes)
        }
        let file = world.path + "/whole.gguf", ids = (0..<20).map { Int32($0 * 4) }
        try writer.write(to: file)
        let one = try Session(Model(path: world.path, threads: 2), threads: 2), other = try Session(Model(path: file, threads: 1), threads: 1)
        _ = (try one.sync(to: ids), try other.sync(to: ids))
        #expect(try Array(one.logits(after: 19)) == Array(other.logits(after: 19)))
    }
}
