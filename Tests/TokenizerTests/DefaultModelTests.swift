import GGUF
import Testing

import Tokenizer

@Suite("The default model's tokeniser", .enabled(if: DefaultModel.isThere, DefaultModel.comment))
struct DefaultModelTests {
    struct Reference: Decodable {
        let text: String
        let parse_special: Bool
        let ids: [TokenID]
    }

    private func tokenizer() throws -> Tokenizer { try Tokenizer(GGUF(path: #require(DefaultModel.path))) }

    @Test("120 texts and 10 prompts with special tokens get the ids llama.cpp gives", arguments: ["tokens.json", "prompts.json"])
    func reference(file: String) throws {
        let tokenizer = try tokenizer()
        let references: [Reference] = try Fixture.load(file)
        #expect(references.count == (file == "tokens.json" ? 120 : 10))
        for reference in references {
            let text = Array(reference.text.utf8)
            #expect(tokenizer.encode(text, specials: reference.parse_special) == reference.ids, "\(reference.text)")
        }
    }

    @Test("every token decodes to the bytes its text stands for, and plain ones encode again")
    func roundTrip() throws {
        let tokenizer = try tokenizer()
        var longest = 0
        for id in 0..<TokenID(tokenizer.count) where !tokenizer.isSpecial(id) {
            let bytes = tokenizer.bytes(id)
            #expect(!bytes.isEmpty)
            longest = max(longest, bytes.count)
            #expect(tokenizer.encode(bytes).flatMap { tokenizer.bytes($0) } == bytes)
        }
        #expect(longest == 81)
        #expect((0..<TokenID(tokenizer.count)).filter { tokenizer.isSpecial($0) } == Array(0...16))
        #expect(tokenizer.bytes(-1) == [] && tokenizer.bytes(49_152) == [])
    }

    @Test("special tokens are what the file says, and chat is written as its template does")
    func specials() throws {
        let tokenizer = try tokenizer()
        #expect(tokenizer.name == "smollm" && tokenizer.count == 49_152)
        #expect(tokenizer.bos == 1 && tokenizer.eos == 2 && tokenizer.endOfTurn == 2 && !tokenizer.addsBOS)
        #expect(tokenizer.endsGeneration(2) && tokenizer.endsGeneration(0))
        #expect(!tokenizer.endsGeneration(1) && !tokenizer.endsGeneration(500))
        #expect(tokenizer.special("<|im_start|>") == 1 && tokenizer.special("the") == nil)
        let template = try #require(tokenizer.chatTemplate)
        #expect(template.name == "ChatML")
        #expect(template.defaultSystem == "You are a helpful AI assistant named SmolLM, trained by Hugging Face")
        let parts = template.render([Turn(.user, Array("What is gravity?".utf8))], answer: true)
        let ids = parts.flatMap { part in
            switch part {
            case .text(let text): tokenizer.encode(text)
            case .special(let id): [id]
            }
        }
        let prompts: [Reference] = try Fixture.load("prompts.json")
        #expect(ids == prompts.first { $0.text.hasPrefix("<|im_start|>") }?.ids)
    }

    @Test("bytes without a token are named and leave a gap")
    func missing() throws {
        let tokenizer = try tokenizer()
        // The vocabulary's 235 one-byte tokens leave 21 bytes out.
        #expect(tokenizer.missingBytes == [4, 6, 0x13, 0x14, 0x16, 0x1D, 0xC0, 0xC1, 0xF1, 0xF2] + Array(0xF5...0xFF))
        let tokens = tokenizer.tokens([0x61, 0xFF, 0x62])
        #expect(tokens.map { $0.range } == [0..<1, 2..<3])
    }

    @Test("it is made at once; the time is printed", .enabled(if: DefaultModel.isOptimised, "times hold in release builds"))
    func speed() throws {
        let gguf = try GGUF(path: #require(DefaultModel.path))
        let clock = ContinuousClock()
        let times = try (0..<5).map { _ in try clock.measure { _ = try Tokenizer(gguf) } }
        let best = try #require(times.min())
        print("tokenizer of the default model: \(best)")
        #expect(best < .seconds(10))
    }
}
