import Foundation
import GGUF
import Testing

import Tokenizer

/// Vocabularies of other models: fetched by scripts/fetch-vocabularies.py, too large to be kept here.
@Suite("The tokenisers of other families", .enabled(if: Vocabularies.folder != nil, Vocabularies.comment))
struct VocabularyTests {
    struct Reference: Decodable {
        let texts: [String], ids: [String: [[TokenID]]]
    }

    @Test("340 texts of mixed scripts get the ids llama.cpp gives", arguments: Vocabularies.names)
    func ids(name: String) throws {
        let reference: Reference = try Fixture.load("vocabularies.json"), tokenizer = try Vocabularies.tokenizer(name)
        let expected = try #require(reference.ids[name])
        #expect(reference.texts.count >= 300 && expected.count == reference.texts.count)
        for (text, ids) in zip(reference.texts, expected) {
            let found = tokenizer.encode(Array(text.utf8))
            #expect(found == ids, "\(text.debugDescription)")
        }
    }

    @Test("tokens cover the text in order, and their bytes are the text's", arguments: Vocabularies.names)
    func cover(name: String) throws {
        let reference: Reference = try Fixture.load("vocabularies.json"), tokenizer = try Vocabularies.tokenizer(name)
        for text in reference.texts.map({ Array($0.utf8) }) + [[0xFF, 0x20, 0xC3], Array("a▁b <s> <bos> <|endoftext|>".utf8)] {
            let tokens = tokenizer.tokens(text, continues: true)
            #expect(tokens.first?.range.lowerBound ?? 0 == 0 && tokens.last?.range.upperBound ?? 0 == text.count)
            for (one, next) in zip(tokens, tokens.dropFirst()) { #expect(one.range.upperBound == next.range.lowerBound) }
            #expect(tokens.flatMap { tokenizer.bytes($0.id) } == text)
        }
    }

    @Test("the text of a control token is plain text unless it is asked for", arguments: zip(Vocabularies.names, ["<|endoftext|>", nil, nil, "<s>", "<s>", "<bos>"]))
    func controls(name: String, text: String?) throws {
        let tokenizer = try Vocabularies.tokenizer(name)
        guard let text else { return }
        #expect(tokenizer.encode(Array(text.utf8)).count > 1)
        #expect(try tokenizer.encode(Array(text.utf8), specials: true) == [#require(tokenizer.special(text))])
    }

    @Test("added white space is text, added marks are special") func whiteSpace() throws {
        let gemma = try Vocabularies.tokenizer("gemma3")
        #expect(gemma.encode(Array("\n\n".utf8)).map { gemma.isSpecial($0) } == [false])
        #expect(gemma.encode(Array("a    b".utf8)).map { gemma.isSpecial($0) } == [false, false, false])
        #expect(try gemma.isSpecial(#require(gemma.special("<start_of_turn>"))) && gemma.isSpecial(#require(gemma.special("<h1>"))))
    }

    @Test("a text cut into pieces has the tokens of the whole", arguments: Vocabularies.names)
    func pieces(name: String) throws {
        let reference: Reference = try Fixture.load("vocabularies.json"), tokenizer = try Vocabularies.tokenizer(name)
        for text in reference.texts.map({ Array($0.utf8) }) {
            let ids = tokenizer.pieces(text).flatMap { tokenizer.tokens(Array(text[$0]), continues: true).map(\.id) }
            #expect(ids == tokenizer.tokens(text, continues: true).map(\.id))
        }
    }

    @Test("a megabyte of one character, of words and of noise takes time that grows with its length", arguments: Vocabularies.names)
    func long(name: String) throws {
        let tokenizer = try Vocabularies.tokenizer(name)
        func seconds(_ text: [UInt8]) -> Double {
            let start = ContinuousClock.now
            _ = tokenizer.encode(text)
            return Double((ContinuousClock.now - start).components.attoseconds) / 1e18 + Double((ContinuousClock.now - start).components.seconds)
        }
        for unit in ["a", "word ", "\u{2581}", " ", "é漢"] {
            let short = Array(String(repeating: unit, count: 65_536 / unit.utf8.count).utf8), long = Array(repeating: short, count: 16).flatMap { $0 }
            // Linear is 16 times, n log n some 20; quadratic would be 256.
            #expect(seconds(long) < 80 * max(seconds(short), seconds(short), 2e-3))
        }
    }
}

enum Vocabularies {
    static let names = ["gpt-2", "llama-bpe", "qwen2", "llama-spm", "phi-3", "gemma3"]
    static let comment: Comment = "the vocabularies are not there: run `make test-models`"
    static let folder: String? = {
        let environment = ProcessInfo.processInfo.environment
        let cache = environment["XDG_CACHE_HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? (environment["HOME"] ?? "") + "/.cache"
        let folder = cache + "/terrarium/test-models"
        return FileManager.default.isReadableFile(atPath: folder + "/ggml-vocab-phi-3.gguf") ? folder : nil
    }()
    static func tokenizer(_ name: String) throws -> Tokenizer {
        let file = name == "gemma3" ? "gemma-3-270m-q4_k_m.gguf" : "ggml-vocab-\(name).gguf"
        return try Tokenizer(GGUF(path: #require(folder) + "/" + file))
    }
}
