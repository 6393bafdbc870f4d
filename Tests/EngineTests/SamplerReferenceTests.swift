import Foundation
import Testing
import Tokenizer

import Engine

/// Fixtures/sampling.json, written by Fixtures/sampling.py.
struct SamplingReference: Decodable {
    struct Case: Decodable, Sendable {
        struct Expected: Decodable, Sendable {
            let cut: [UInt8]
            let removed: [String: Double]
            let survivors: [[Double]]
            let u: Double
            let chosen: TokenID
        }

        let logits: [Float]
        let bias: [[Float]]
        let context: [TokenID]
        let generated: [TokenID]
        let temperature: Double
        let topK: Int
        let typicalP: Double
        let topP: Double
        let minP: Double
        let repetition: Double
        let presence: Double
        let frequency: Double
        let seed: UInt64
        let position: Int
        let expected: Expected

        var sampling: Sampling {
            var sampling = Sampling()
            sampling.temperature = temperature
            sampling.topK = topK
            sampling.typicalP = typicalP
            sampling.topP = topP
            sampling.minP = minP
            sampling.repetitionPenalty = repetition
            sampling.presencePenalty = presence
            sampling.frequencyPenalty = frequency
            for pair in bias { sampling.logitBias[TokenID(pair[0])] = pair[1] }
            return sampling
        }
    }

    struct Whole: Decodable, Sendable {
        let logits: [Float]
        let logprobs: [Double]
        let entropy: Double
        let order: [TokenID]
    }

    let cases: [Case]
    let distribution: Whole

    static func load(_ file: String = #filePath) throws -> SamplingReference {
        let url = URL(fileURLWithPath: file).deletingLastPathComponent().appendingPathComponent("Fixtures/sampling.json")
        return try JSONDecoder().decode(SamplingReference.self, from: Data(contentsOf: url))
    }
}

@Suite struct SamplerReferenceTests {
    @Test("Every stage cuts the tokens that the numpy reference cuts, and leaves its probabilities")
    func reference() throws {
        let cases = try SamplingReference.load().cases
        #expect(cases.count == 60)
        for (number, item) in cases.enumerated() {
            let trace = Sampler.trace(
                logits: item.logits, context: item.context, generated: item.generated[...], sampling: item.sampling,
                seed: item.seed, position: item.position)
            #expect(trace.cut == item.expected.cut, "case \(number)")
            #expect(trace.u == item.expected.u, "case \(number)")
            #expect(trace.chosen == item.expected.chosen, "case \(number)")
            #expect(trace.survivors.map { Double($0.id) } == item.expected.survivors.map { $0[0] }, "case \(number)")
            for (survivor, expected) in zip(trace.survivors, item.expected.survivors) {
                #expect(abs(survivor.probability - expected[1]) < 1e-9, "case \(number)")
            }
            for stage in Stage.allCases where stage != .draw {
                let removed = trace.passes[Int(stage.rawValue)].removedMass
                #expect(abs(removed - (item.expected.removed["\(stage)"] ?? 0)) < 1e-9, "case \(number), \(stage)")
            }
        }
    }

    @Test("The reference cuts something at every stage that can cut")
    func coverage() throws {
        let seen = Set(try SamplingReference.load().cases.flatMap(\.expected.cut))
        #expect(seen == [0, 3, 4, 5, 6, 7])
    }
}
