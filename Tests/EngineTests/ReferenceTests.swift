import Engine
import Foundation
import Testing

extension Passes {
    @Suite("The default model against the reference", .enabled(if: RealModel.isThere, RealModel.comment))
    struct ReferenceTests {
        struct Prompt: Decodable {
            let text: String
            let parse_special: Bool
            let ids: [Int32]
            let token_logprobs: [Double?]
            let entropy_nats: Double
            let top: [[Double]]
            let lens_top2: [[[Double]]]
            let attention_last_row: [String: [Double]]
        }

        static func load(file: String = #filePath) throws -> [Prompt] {
            let url = URL(fileURLWithPath: file).deletingLastPathComponent().appendingPathComponent("Fixtures/numbers.json")
            return try JSONDecoder().decode([Prompt].self, from: Data(contentsOf: url))
        }

        @Test("Every logprob, entropy and top-20 logprob is within 0.03 nats, 0.003 on average")
        func logprobs() throws {
            let session = try RealModel.session()
            var errors: [Double] = []
            for prompt in try Self.load() {
                #expect(session.model.tokenizer.encode(Array(prompt.text.utf8), specials: prompt.parse_special) == prompt.ids)
                _ = try session.sync(to: prompt.ids)
                let steps = try session.steps(0..<prompt.ids.count)
                #expect(steps.count == prompt.ids.count && steps.first == .some(nil))
                for (step, expected) in zip(steps, prompt.token_logprobs) {
                    guard let expected else { continue }
                    errors.append(abs(Double(try #require(step).logprob) - expected))
                }
                let next = Distribution(logits: try session.logits(after: prompt.ids.count - 1))
                errors.append(abs(next.entropy - prompt.entropy_nats))
                #expect(prompt.top.count == 20)
                for pair in prompt.top { errors.append(abs(Double(next.logprob(of: Int32(pair[0]))) - pair[1])) }
            }
            #expect(errors.count > 300)
            let (worst, mean) = (errors.max() ?? .nan, errors.reduce(0, +) / Double(errors.count))
            #expect(worst <= 0.03)
            #expect(mean < 0.003)
        }

        @Test("Attention rows are within 0.01")
        func attention() throws {
            let session = try RealModel.session()
            for prompt in try Self.load() {
                _ = try session.sync(to: prompt.ids)
                let rows = try session.attention(query: prompt.ids.count - 1)
                #expect(!prompt.attention_last_row.isEmpty)
                for (name, expected) in prompt.attention_last_row {
                    let place = name.split(separator: ".").compactMap { Int($0) }
                    let row = rows[place[0]][place[1]]
                    #expect(row.count == expected.count)
                    let worst = zip(row, expected).map { abs(Double($0) - $1) }.max() ?? .nan
                    #expect(worst <= 0.01, "layer \(place[0]) head \(place[1]): \(prompt.text)")
                }
            }
        }

        @Test("The lens names the same best token wherever the reference's two best differ by more than 0.05")
        func lens() throws {
            let session = try RealModel.session()
            var decided = 0
            for prompt in try Self.load() {
                _ = try session.sync(to: prompt.ids)
                let layers = try session.lens(position: prompt.ids.count - 1, top: 2)
                #expect(layers.count == prompt.lens_top2.count && layers.count == 31)
                for (layer, (found, expected)) in zip(layers, prompt.lens_top2).enumerated() where expected[0][1] - expected[1][1] > 0.05 {
                    decided += 1
                    #expect(Double(found[0].id) == expected[0][0], "after \(layer) layers: \(prompt.text)")
                }
            }
            #expect(decided > 200)
        }
    }
}
