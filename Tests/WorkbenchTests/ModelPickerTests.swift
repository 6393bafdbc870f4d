import Document
import Engine
import Foundation
import Terminal
import Testing
import Tokenizer
import Workbench

@Suite("Another model is loaded without leaving")
struct ModelPickerTests {
    static let families = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../EngineTests/Fixtures/families").path
    static func found(_ name: String) throws -> FoundModel { try FoundModel(.init(path: "\(families)/\(name).gguf", place: "here", name: name), free: 1 << 30) }

    private func open(_ state: inout State, _ names: [String]) throws {
        #expect(state.update(.event(.key(.f(4)))).contains(.listModels))
        #expect(View.frame(state).dump().contains("headers are being read"))
        _ = try state.update(.models(names.map { try Self.found($0) }, isWhole: true))
    }

    @Test("headers tell what is there; words narrow the list; what cannot run is not loaded, with its reason")
    func list() throws {
        var state = State.desk("hello", width: 120, height: 30)
        try open(&state, ["gemma3", "gpt2", "qwen3"])
        let screen = View.frame(state).dump()
        for words in ["gemma3", "gpt2", "29.5k", "F32", "fits", "128"] { #expect(screen.contains(words), "\(words)") }
        for letter in "qwen".unicodeScalars { _ = state.update(.event(.key(.char(letter)))) }
        guard case .models(let picker) = state.overlay else { Issue.record("no list"); return }
        #expect(picker.rows.map(\.title) == ["qwen3"])
        let bad = try Data(contentsOf: URL(fileURLWithPath: "\(Self.families)/gpt2.gguf"))
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("terrarium-\(UUID().uuidString).gguf").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        // The family's name, where it stands first.
        var bytes = [UInt8](bad)
        let place = try #require(bytes.indices.first { bytes[$0...].starts(with: Array("gpt2".utf8)) && bytes[$0 - 8] == 4 })
        bytes.replaceSubrange(place..<place + 4, with: Array("gptX".utf8))
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        let odd = try FoundModel(.init(path: path, place: "here", name: "odd"), free: 1 << 30)
        #expect(odd.state == "not supported" && odd.problem?.contains("gptX") == true)
        _ = state.update(.models([odd], isWhole: true))
        for _ in 0..<4 { _ = state.update(.event(.key(.backspace))) }
        let effects = state.update(.event(.key(.enter)))
        #expect(!effects.contains { if case .load = $0 { true } else { false } } && state.notice?.text.contains("not supported") == true)
        #expect(View.frame(state).dump().contains("gptX"))
        #expect(try FoundModel(.init(path: "\(Self.families)/gpt2.gguf", place: "here"), free: 1000).state == "too large")
    }

    @Test("the model in use serves until the other has come, and stays when that fails")
    func failure() throws {
        var state = State.desk("hello", width: 120, height: 30)
        let before = try #require(state.readyModel)
        try open(&state, ["gpt2"])
        #expect(state.update(.event(.key(.enter))).contains(.load(path: "\(Self.families)/gpt2.gguf")))
        _ = state.update(.report(.loading(0.4)))
        #expect(state.readyModel === before && View.frame(state).dump().contains("loading gpt2 40 %"))
        #expect(state.obstacle(to: .models) == "gpt2 is being loaded")
        _ = state.update(.report(.noModel("the file ends early")))
        #expect(state.readyModel === before && state.notice?.text == "the file ends early" && state.obstacle(to: .models) == nil)
        #expect(!View.frame(state).dump().contains("loading gpt2"))
    }

    @Test("text is read anew in the other vocabulary, kept ids become text, and with the first model again they are what they were")
    func documents() throws {
        var state = State.desk("French: ", width: 120, height: 30)
        let tiny = try #require(state.readyModel), other = try Model(path: "\(Self.families)/gemma3.gguf", threads: 1)
        // An id that plain text does not become, and one that is special.
        let odd = tiny.tokenizer.encode(Array("F".utf8))[0]
        state.editor.insert(id: odd, bytes: Array("F".utf8), special: false, at: state.editor.document.count)
        let end = try #require(tiny.tokenizer.special("<|im_end|>"))
        state.editor.insert(id: end, bytes: tiny.tokenizer.bytes(end), special: true, at: state.editor.document.count)
        _ = state.update(.event(.key(.end)))
        let ids = state.editor.document.ids, kept = state.editor.document.kept, text = state.editor.document.bytes, nodes = state.editor.tree.count
        _ = state.update(.report(.loaded(other)))
        #expect(state.editor.document.bytes == text && state.editor.document.kept.isEmpty)
        #expect(Array(state.reading.ids.dropFirst()) == other.tokenizer.encode(text) && state.reading.ids.first == other.tokenizer.bos)
        _ = state.update(.event(.key(.ctrl("/"))))
        _ = state.update(.event(.key(.ctrl("y"))))
        #expect(state.editor.document.bytes == text && state.editor.document.kept.isEmpty, "no id of the other vocabulary comes back by undo and redo")
        _ = state.update(.report(.loaded(tiny)))
        #expect(state.editor.document.bytes == text && state.editor.document.kept == kept && state.editor.document.ids == ids)
        #expect(state.editor.tree.count >= nodes)
    }

    @Test("with the same vocabulary every id stays, and no number of the other model is shown")
    func sameVocabulary() throws {
        var state = State.desk("French: de mer", width: 120, height: 30).reading(Tiny.peppermint)
        let ids = state.reading.ids, version = state.reading.version
        _ = state.update(.report(.loaded(try Tiny.other())))
        #expect(state.reading.ids == ids && state.reading.version > version && state.reading.here == nil && state.reading.measured == 0)
        #expect(state.notice?.text.contains("the model is now") == true)
    }

    @Test("what names tokens or layers of the other model is dropped")
    func dropped() throws {
        var state = State.desk("hello", width: 120, height: 30)
        state.sampling.logitBias = [3: 2]
        state.attribution.token = 5
        state.lens.token = 7
        _ = state.update(.report(.loaded(try Model(path: "\(Self.families)/qwen3.gguf", threads: 1))))
        #expect(state.sampling.logitBias.isEmpty && state.attribution.token == nil && state.lens.token == nil)
        #expect(state.notice?.text.contains("logit biases were dropped") == true)
    }

    /// What is told of a chat, by format.
    static let chats = [
        "ChatML": Tiny.Chat(template: "<|im_start|>{{ role }}<|im_end|>", controls: ["<|im_start|>", "<|im_end|>"]),
        "Llama 3": Tiny.Chat(template: "<|start_header_id|>{{ role }}<|end_header_id|><|eot_id|>", controls: ["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]),
        "Gemma": Tiny.Chat(template: "<start_of_turn>{{ role }}<end_of_turn>", controls: ["<start_of_turn>", "<end_of_turn>"]),
    ]

    @Test("a chat is written in the next model's format, the turn that is open stays open, and back again is the first text",
          arguments: [("ChatML", "Llama 3"), ("Llama 3", "Gemma"), ("Gemma", "ChatML"), ("ChatML", "none")])
    func chats(from: String, to: String) throws {
        var state = State.desk("", width: 120, height: 30)
        let first = try Tiny.chatting(#require(Self.chats[from])), template = try #require(first.tokenizer.chatTemplate)
        let second = try Self.chats[to].map { try Tiny.chatting($0) } ?? Model(path: "\(Self.families)/gemma3.gguf", threads: 1)
        #expect(template.name == from && second.tokenizer.chatTemplate?.name == (to == "none" ? nil : to))
        _ = state.update(.report(.loaded(first)))
        let turns = [Turn(.user, Array("What is cheese?".utf8)), Turn(.assistant, Array("fromage".utf8)), Turn(.user, Array("And mer?".utf8))]
        let chat = Document(parts: template.render(turns, answer: true) + [.text(Array("the se".utf8))], tokenizer: first.tokenizer)
        state.editor.reload(chat, kind: .edit, cursor: chat.count)
        let nodes = state.editor.tree.count, bytes = state.editor.document.bytes
        #expect(template.turns(of: state.editor.document)?.count == 4)
        _ = state.update(.report(.loaded(second)))
        guard let next = second.tokenizer.chatTemplate else {
            #expect(state.editor.document.bytes == bytes && state.editor.document.kept.isEmpty)
            #expect(state.notice?.text.contains("no chat template that is known") == true)
            return
        }
        let expected = Document(parts: next.render(turns, answer: true) + [.text(Array("the se".utf8))], tokenizer: second.tokenizer)
        #expect(state.editor.document.bytes == expected.bytes && state.editor.document.kept.map(\.id) == expected.kept.map(\.id))
        #expect(state.notice?.text.contains("written as \(to)") == true && state.editor.tree.count >= nodes)
        _ = state.update(.report(.loaded(first)))
        #expect(state.editor.document.bytes == bytes && state.editor.document.kept.map(\.id) == chat.kept.map(\.id))
    }

    @Test("a folder of safetensors is listed where its names say that it is one, by its place's name for it")
    func folders() throws {
        let home = FileManager.default.temporaryDirectory.appendingPathComponent("terrarium-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: home) }
        let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../HuggingFaceTests/Fixtures/models").path
        let hub = "\(home)/hub/models--me--tiny/snapshots", own = "\(home)/.cache/terrarium/models"
        for folder in [hub, own] { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }
        try FileManager.default.copyItem(atPath: fixtures + "/llama3", toPath: hub + "/0a1b")
        try FileManager.default.copyItem(atPath: fixtures + "/gemma3", toPath: own + "/little")
        try FileManager.default.createDirectory(atPath: own + "/notes", withIntermediateDirectories: true)
        try "{}".write(toFile: own + "/notes/config.json", atomically: true, encoding: .utf8)
        let environment = ["HOME": home, "HF_HOME": home]
        let found = try ModelPlaces(Locations(program: "/bin/terrarium", environment: { environment[$0] }), environment: { environment[$0] }).files.map { try FoundModel($0, free: 1 << 30) }
        #expect(found.map(\.title) == ["little", "me/tiny"] && found.map(\.family) == ["gemma3", "llama"])
        #expect(found.map(\.state) == ["fits", "fits"] && found.map(\.place) == ["terrarium", "Hugging Face"])
    }
}
