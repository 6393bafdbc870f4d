import Engine
import Foundation
import GGUF
import HuggingFace
import JSONText
import Testing
import Tokenizer

@Suite("A folder that is not supported or not sound")
struct RefusedFolderTests {
    @Test("is refused by the key that speaks against it", arguments: [
        ("model_type", #""mamba""#, "of the type mamba"), ("quantization_config", #"{"quant_method":"gptq"}"#, "quantised by gptq"),
        ("hidden_act", #""relu""#, "hidden_act is relu"), ("num_hidden_layers", #""two""#, "num_hidden_layers is"), ("hidden_size", nil, "hidden_size is missing"),
        ("final_logit_softcapping", "30.0", "final_logit_softcapping"), ("tie_word_embeddings", "false", "no lm_head.weight"),
        ("rope_scaling", #"{"rope_type":"llama3","factor":8}"#, "rope_scaling"), ("num_local_experts", "8", "num_local_experts"),
    ])
    func keys(key: String, value: String?, words: String) throws {
        let world = try FolderWorld(model: "smollm")
        try world.set(key, value)
        #expect(throws: FolderError.self) { try ModelFolder.header(world.path) }
        do { _ = try ModelFolder.header(world.path) } catch { #expect("\(error)".contains(words) && "\(error)".hasSuffix("."), "\(error)") }
    }

    @Test("positions stretched in a way that is not supported are named by the model's reader")
    func yarn() throws {
        let world = try FolderWorld(model: "smollm")
        try world.set("rope_scaling", #"{"rope_type":"yarn","factor":4.0}"#)
        #expect(try ModelSummary(path: world.path).problem?.contains("yarn") == true)
        try world.set("rope_scaling", #"{"type":"linear","factor":4.0}"#)
        #expect(try ModelSummary(path: world.path).problem == nil)
    }

    @Test("without one of its files says which, and why pickles are not read")
    func files() throws {
        let world = try FolderWorld(model: "llama3")
        try world.remove("model-00002-of-00003.safetensors")
        #expect(world.fault() == .noFile("model-00002-of-00003.safetensors"))
        try world.set("weight_map", #"{"a":"../b.safetensors"}"#, in: "model.safetensors.index.json")
        #expect(world.fault() == .noFile("../b.safetensors"))
        try world.remove("model.safetensors.index.json")
        #expect(world.fault() == .noWeights(hasPickles: false))
        try world.write("pytorch_model.bin", "")
        #expect(world.fault() == .noWeights(hasPickles: true))
        let other = try FolderWorld(model: "smollm")
        try other.remove("tokenizer.json")
        #expect(other.fault() == .noFile("tokenizer.json"))
        try other.remove("config.json")
        #expect(other.fault() == .noFile("config.json"))
        #expect(throws: EngineError.self) { try ModelFile.header(other.path) }
    }

    @Test("with a damaged weight file is refused wherever it was cut or changed, never trapped on")
    func damage() throws {
        let world = try FolderWorld(model: "smollm"), name = "model.safetensors", whole = try world.bytes("model.safetensors")
        let length = Int(whole[0]) | Int(whole[1]) << 8, url = URL(fileURLWithPath: "\(world.path)/\(name)")
        for end in [0, 7, 8, 9, length / 2, 8 + length, whole.count - 1] {
            try Data(whole[..<end]).write(to: url)
            #expect(world.fault() != nil, "cut at \(end)")
        }
        func change(_ old: String, _ new: String) throws {
            var header = String(decoding: whole[8..<8 + length], as: UTF8.self)
            header = header.replacingOccurrences(of: old, with: new)
            let bytes = Array(header.utf8)
            try Data([UInt8](arrayLiteral: UInt8(bytes.count & 255), UInt8(bytes.count >> 8), 0, 0, 0, 0, 0, 0) + bytes + whole[(8 + length)...]).write(to: url)
        }
        try change("\"dtype\":\"BF16\"", "\"dtype\":\"F8_E4M3\"")
        guard case .weightType(_, "F8_E4M3")? = world.fault() else { Issue.record("a foreign type is not named"); return }
        for (old, new) in [("[0,", "[2,"), ("\"shape\":[32]", "\"shape\":[33]"), ("[96,32]", "[-96,32]"), ("data_offsets", "offsets"), ("{", "["), ("\"dtype\"", "dtype")] {
            try change(old, new)
            #expect(world.fault() != nil, "\(old) as \(new)")
        }
    }

    @Test("with a tensor that no family has is refused by its name")
    func unknown() throws {
        // Gemma 3 has two norms where Gemma has one.
        let world = try FolderWorld(model: "gemma3")
        try world.set("model_type", #""gemma""#)
        do {
            _ = try Model(path: world.path, threads: 1)
            Issue.record("another family's tensors are taken")
        } catch { #expect("\(error)".contains("ffn_norm"), "\(error)") }
    }

    @Test("with a tokeniser of another kind, or a pattern that is not known, is refused by it", arguments: [
        ("model", #"{"type":"Unigram","vocab":[]}"#, "of the kind Unigram"), ("model", #"{"type":"BPE","vocab":{"a":-1},"merges":[]}"#, "the number of a token"),
        ("model", #"{"type":"BPE","vocab":{"a":0},"merges":[7]}"#, "model.merges"), ("pre_tokenizer", "null", "text cut by nothing"),
        ("pre_tokenizer", #"{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"x+"}},{"type":"ByteLevel","use_regex":false}]}"#, "the pattern x+"),
        ("pre_tokenizer", #"{"type":"ByteLevel","add_prefix_space":true}"#, "a space put before"),
    ])
    func tokenizers(key: String, value: String, words: String) throws {
        let world = try FolderWorld(model: "smollm")
        try world.set(key, value, in: "tokenizer.json")
        do {
            _ = try ModelFolder.header(world.path)
            Issue.record("\(value) is not refused")
        } catch { #expect("\(error)".contains(words), "\(error)") }
    }
}
