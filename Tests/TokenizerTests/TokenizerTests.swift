import GGUF
import Testing

import Tokenizer

@Suite("A tokeniser")
struct TokenizerTests {
    @Test("reads control tokens in text only when asked, and user-defined ones always")
    func specials() throws {
        let model = TinyModel()
        let tokenizer = try model.tokenizer()
        let start = try model.id("<|im_start|>"), tool = try model.id("<tool>")
        let text = Array("a<|im_start|>b<tool><|im_start|".utf8)
        let plain = tokenizer.encode(text)
        #expect(!plain.contains(start))
        #expect(plain.filter { tokenizer.isSpecial($0) } == [tool])
        let tokens = tokenizer.tokens(text, specials: true)
        #expect(tokens.filter { tokenizer.isSpecial($0.id) } == [Token(id: start, range: 1..<13), Token(id: tool, range: 14..<20)])
        #expect(tokens.flatMap { tokenizer.bytes($0.id) } == text)
        #expect(tokenizer.pieces(text).contains(14..<20))
    }

    @Test("takes the longest of special tokens that begin at the same place")
    func longestSpecial() throws {
        let model = TinyModel(controls: ["<a", "<a>", "<a>>"], userDefined: [])
        let ids = try model.tokenizer().encode(Array("<a>><a><a".utf8), specials: true)
        #expect(try ids == [model.id("<a>>"), model.id("<a>"), model.id("<a")])
    }

    @Test("takes a piece that is a token as it is where the pattern's models do")
    func wholePieces() throws {
        // No merge makes "xyz" of "xyz", because "y z" is missing; Llama 3 takes the token all the same.
        let merges = ["x y", "xy z", "z z"]
        let text = Array("zxyz".utf8)
        let llama = try TinyModel(pattern: "llama-bpe", merges: ["z x", "x y", "xy z", "z xyz"]).tokenizer()
        #expect(llama.encode(text).map { TinyModel.text(llama.bytes($0)) } == ["zxyz"])
        #expect(llama.addsBOS)
        let qwen = try TinyModel(pattern: "qwen2", merges: ["z x", "x y", "xy z", "z xyz"]).tokenizer()
        #expect(qwen.encode(text).map { TinyModel.text(qwen.bytes($0)) } == ["zx", "y", "z"])
        #expect(!qwen.addsBOS)
        #expect(try TinyModel(merges: merges).tokenizer().encode(Array("xyz".utf8)).count == 1)
    }

    @Test("knows which tokens end a turn or a text")
    func endings() throws {
        let model = TinyModel(extra: [("tokenizer.ggml.eos_token_id", .uint32(97)), ("tokenizer.ggml.add_bos_token", .bool(true))])
        let tokenizer = try model.tokenizer()
        let end = try model.id("<|im_end|>"), text = try model.id("<|endoftext|>")
        #expect(tokenizer.eos == 97 && tokenizer.bos == nil && tokenizer.endOfTurn == end && tokenizer.addsBOS)
        #expect((0..<TokenID(tokenizer.count)).filter { tokenizer.endsGeneration($0) } == [97, end, text])
    }

    @Test("is refused by name when its kind or pattern is not supported")
    func unsupported() {
        #expect(throws: TokenizerError.unsupportedPattern(found: "tekken", supported: ["smollm", "gpt-2", "llama-bpe", "qwen2"])) {
            try TinyModel(pattern: "tekken").tokenizer()
        }
        var writer = GGUFWriter()
        #expect(throws: TokenizerError.missing(key: "tokenizer.ggml.model")) { try Tokenizer(GGUF(header: writer.bytes())) }
        writer.add("tokenizer.ggml.model", "bert")
        #expect(throws: TokenizerError.unsupportedModel(found: "bert", supported: ["gpt2", "llama"])) { try Tokenizer(GGUF(header: writer.bytes())) }
        #expect("\(TokenizerError.unsupportedModel(found: "bert", supported: ["gpt2", "llama"]))".contains("bert; supported: gpt2, llama"))
    }

    @Test("is refused with the key named when its metadata is odd")
    func odd() throws {
        func refusal(_ change: (inout GGUFWriter) -> Void) throws -> TokenizerError? {
            var writer = GGUFWriter()
            writer.add("tokenizer.ggml.model", "gpt2")
            change(&writer)
            let gguf = try GGUF(header: writer.bytes())
            return #expect(throws: TokenizerError.self) { try Tokenizer(gguf) }
        }
        let tokens = TinyModel().tokens
        #expect(try refusal { _ in } == .missing(key: "tokenizer.ggml.tokens"))
        #expect(try refusal { $0.add("tokenizer.ggml.tokens", strings: []) } == .empty(key: "tokenizer.ggml.tokens"))
        #expect(try refusal { $0.add("tokenizer.ggml.tokens", strings: tokens) } == .missing(key: "tokenizer.ggml.merges"))
        #expect(
            try refusal {
                $0.add("tokenizer.ggml.tokens", strings: tokens)
                $0.add("tokenizer.ggml.merges", strings: [])
                $0.add("tokenizer.ggml.token_type", integers: [1])
            } == .counts(key: "tokenizer.ggml.token_type", found: 1, expected: tokens.count))
        #expect(
            try refusal {
                $0.add("tokenizer.ggml.tokens", strings: [String](repeating: "", count: 1 << 20 + 1))
                $0.add("tokenizer.ggml.merges", strings: [])
            } == .tooMany(key: "tokenizer.ggml.tokens", found: 1 << 20 + 1, limit: 1 << 20))
        for id: Int32 in [-1, Int32(tokens.count), .max] {
            #expect(
                try refusal {
                    $0.add("tokenizer.ggml.tokens", strings: tokens)
                    $0.add("tokenizer.ggml.merges", strings: [])
                    $0.add("tokenizer.ggml.eos_token_id", .int32(id))
                } == .idOutOfRange(key: "tokenizer.ggml.eos_token_id", found: Int(id), count: tokens.count))
        }
        for merge in ["ab", "", " ", "a ", "q q", "a b c", "nothere a"] {
            let error = try refusal {
                $0.add("tokenizer.ggml.tokens", strings: tokens)
                $0.add("tokenizer.ggml.merges", strings: ["a a", merge])
            }
            #expect(error == .badMerge(1, Array(merge.utf8)[...]))
        }
    }
}

@Suite("A hostile vocabulary")
struct HostileVocabularyTests {
    @Test("is refused with a typed error or encodes text to tokens that stand for it")
    func mutation() throws {
        let sound = TinyModel(template: "<|im_start|>system\n<|im_end|>", extra: [("tokenizer.ggml.eos_token_id", .uint32(97))]).writer().bytes()
        var random = FixedRandom(state: 23)
        let text = Array("hello aaaaaaab <|im_end|><tool>\u{0}é'S 12".utf8) + [UInt8](repeating: 0x61, count: 70)
        var refused = 0, accepted = 0
        for round in 0..<1_000 {
            var bytes = sound
            // Half of the changes fall on what stands at the end: merges, template and ids.
            let first = round % 2 == 0 ? 8 : bytes.count - 400
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                bytes[Int.random(in: first..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            guard let gguf = try? GGUF(header: bytes) else { continue }
            do throws(TokenizerError) {
                let tokenizer = try Tokenizer(gguf)
                accepted += 1
                for specials in [false, true] {
                    var end = 0
                    for token in tokenizer.tokens(text, specials: specials) {
                        #expect(token.range.lowerBound >= end && Array(text[token.range]) == tokenizer.bytes(token.id))
                        end = token.range.upperBound
                    }
                    #expect(end <= text.count)
                }
                _ = tokenizer.chatTemplate?.render([Turn(.user, text)], answer: true)
            } catch {
                refused += 1
                #expect(!"\(error)".isEmpty)
            }
        }
        #expect(refused > 50 && accepted > 50, "\(refused) refused, \(accepted) accepted")
    }
}

@Suite("A stream decoder")
struct StreamDecoderTests {
    @Test("gives the same text however the bytes are portioned")
    func portions() {
        var random = FixedRandom(state: 17)
        let sound = ["é", "中", "👍", "a", "\n", "🏳️\u{200D}🌈"].map { Array($0.utf8) }
        let samples: [[UInt8]] = sound + [[0xFF], [0xC3], [0xE4, 0xB8], [0xF0, 0x9F], [0xED, 0xA0, 0x80], [0xF4, 0x90], [0x80], [0xC0, 0xAF]]
        for _ in 0..<3_000 {
            let bytes = (0..<Int.random(in: 0...8, using: &random)).flatMap { _ in samples.randomElement(using: &random) ?? [] }
            var decoder = StreamDecoder()
            var text = ""
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Int.random(in: 0...min(4, rest.count), using: &random)
                text += decoder.append(rest.prefix(count))
                rest = rest.dropFirst(count)
            }
            text += decoder.finish()
            #expect(Array(text.unicodeScalars) == Array(String(decoding: bytes, as: UTF8.self).unicodeScalars), "\(bytes)")
        }
    }

    @Test("holds back only what may still become a character")
    func prompt() {
        var decoder = StreamDecoder()
        #expect(decoder.append([0x61, 0xF0]) == "a")
        #expect(decoder.append([0x9F, 0x91]) == "")
        #expect(decoder.append([0x8D]) == "👍")
        #expect(decoder.append([0xFF]) == "\u{FFFD}")
        #expect(decoder.append([0xE0]) == "")
        #expect(decoder.append([0x80]) == "\u{FFFD}\u{FFFD}")
        #expect(decoder.append([0xE4, 0xB8]) == "")
        #expect(decoder.append([0x61]) == "\u{FFFD}a")
        #expect(decoder.append([0xC3]) == "")
        #expect(decoder.finish() == "\u{FFFD}")
        #expect(decoder.finish() == "")
    }
}

@Suite("A chat template")
struct ChatTemplateTests {
    private static let plain = "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n'}}{% endfor %}"

    @Test("of the ChatML kind is written with special tokens around plain text")
    func chatML() throws {
        let model = TinyModel(template: ChatTemplateTests.plain)
        let template = try #require(try model.tokenizer().chatTemplate)
        let start = try model.id("<|im_start|>"), end = try model.id("<|im_end|>")
        #expect(template.defaultSystem == nil)
        let parts = template.render([Turn(.user, Array("<|im_end|>hi".utf8))], answer: true)
        #expect(
            parts == [
                .special(start), .text(Array("user\n<|im_end|>hi".utf8)), .special(end), .text([0x0A]), .special(start),
                .text(Array("assistant\n".utf8)),
            ])
        #expect(template.render([], answer: false) == [])
        #expect(template.render([], answer: true).count == 2)
    }

    @Test("adds its system text only where the conversation has none")
    func defaultSystem() throws {
        // The newline stands as itself or as an escape, as templates in the field have it.
        for newline in ["\n", "\\n"] {
            let text = "{{ '<|im_start|>system\(newline)Be kind.<|im_end|>\(newline)' }}" + ChatTemplateTests.plain
            let template = try #require(try TinyModel(template: text).tokenizer().chatTemplate)
            #expect(template.defaultSystem == "Be kind.")
            #expect(template.render([Turn(.user, [0x61])], answer: false).count == 8)
            #expect(template.render([Turn(.user, [0x61])], answer: false)[1] == .text(Array("system\nBe kind.".utf8)))
            #expect(template.render([Turn(.system, [0x62]), Turn(.user, [0x61])], answer: false)[1] == .text(Array("system\nb".utf8)))
        }
        let built = "'<|im_start|>system\n' + messages[0]['content'] + '<|im_end|>\n'"
        #expect(try TinyModel(template: built).tokenizer().chatTemplate?.defaultSystem == nil)
    }

    @Test("of another kind is named and not written")
    func unknown() throws {
        let llama = try TinyModel(template: "{{ '<|start_header_id|>' }}").tokenizer()
        // Its marks are no tokens of this model.
        #expect(llama.chatTemplate == nil && llama.unknownTemplate == "Llama 3")
        let other = try TinyModel(template: "{{ raise }}").tokenizer()
        #expect(other.unknownTemplate == "a template that begins with \"{{ raise }}\"")
        let withoutTokens = try TinyModel(controls: ["<|im_start|>"], template: ChatTemplateTests.plain).tokenizer()
        #expect(withoutTokens.chatTemplate == nil && withoutTokens.unknownTemplate == "ChatML")
        let none = try TinyModel().tokenizer()
        #expect(none.chatTemplate == nil && none.unknownTemplate == nil)
    }
}
