import Engine
import Foundation
import Testing
import Tokenizer
import Transformer

enum Gemma {
    static let path: String? = {
        let environment = ProcessInfo.processInfo.environment
        let cache = environment["XDG_CACHE_HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? (environment["HOME"] ?? "") + "/.cache"
        let path = cache + "/terrarium/test-models/gemma-3-270m-q4_k_m.gguf"
        return FileManager.default.isReadableFile(atPath: path) ? path : nil
    }()
}

extension Passes {
    /// A second real model, of another family, tokeniser and mix of weight types; fetched by scripts/fetch-test-models.sh.
    @Suite("Gemma 3 270M Q4_K_M against llama.cpp at float32", .enabled(if: Gemma.path != nil, "Gemma is not there: run `make test-models`"))
    struct GemmaTests {
        struct Reference: Decodable { let text: String, ids: [Int32], logprobs: [Double], top: [[Double]] }

        @Test("ids are equal, and logprobs of every token and of the 20 likeliest next ones within 0.1 nats")
        func logprobs() throws {
            let model = try Model(path: #require(Gemma.path), threads: 2), session = try Session(model, threads: 2)
            let references = try JSONDecoder().decode([Reference].self, from: Data(contentsOf: FamilyTests.folder.appendingPathComponent("gemma.json")))
            #expect(references.count == 10 && references.contains { $0.ids.count > 512 })
            var worst = 0.0, sum = 0.0, count = 0.0
            for reference in references {
                let ids = try [#require(model.tokenizer.bos)] + model.tokenizer.encode(Array(reference.text.utf8))
                #expect(ids == reference.ids)
                _ = try session.sync(to: ids)
                func look(_ found: Float, _ expected: Double) {
                    worst = max(worst, abs(Double(found) - expected))
                    (sum, count) = (sum + abs(Double(found) - expected), count + 1)
                }
                for index in 1..<ids.count {
                    look(try Distribution(logits: Array(session.logits(after: index - 1))).logprob(of: ids[index]), reference.logprobs[index - 1])
                }
                let next = try Distribution(logits: Array(session.logits(after: ids.count - 1)))
                for pair in reference.top { look(next.logprob(of: Int32(pair[0])), pair[1]) }
            }
            #expect(worst < 0.1, "worst \(worst), mean \(sum / count) nats")
            print("Gemma: worst \(worst), mean \(sum / count) nats over \(Int(count)) logprobs")
        }
    }
}
