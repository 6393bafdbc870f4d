import Foundation
import Testing

import Engine

@Suite struct SamplingTests {
    @Test("The table has a row for every field, in the order of the stages, with flags as the keys with dashes")
    func table() throws {
        #expect(SamplingField.all.map(\.id) == SamplingField.ID.allCases)
        #expect(SamplingField.all.map(\.key) == [
            "temperature", "top_k", "typical_p", "top_p", "min_p", "repetition_penalty", "presence_penalty",
            "frequency_penalty", "logit_bias", "seed", "max_tokens", "stop",
        ])
        #expect(try #require(SamplingField.field(.repetitionPenalty)).flag == "--repetition-penalty")
        #expect(SamplingField.all.allSatisfy { $0.help.hasSuffix(".") && $0.help.count <= 130 })
    }

    @Test("Each numeric row reads and writes its own field, and keeps within its range")
    func access() throws {
        var changed = 0
        for field in SamplingField.all {
            var sampling = Sampling()
            guard field.value(in: sampling) != nil, let range = field.range else { continue }
            changed += 1
            for (value, expected) in [(-1e9, range.lowerBound), (1e9, range.upperBound), (1, 1)] {
                field.set(value, in: &sampling)
                #expect(field.value(in: sampling) == expected, "\(field.key)")
            }
            let before = sampling
            field.set(.nan, in: &sampling)
            #expect(sampling == before)
            #expect(SamplingField.all.filter { $0.value(in: sampling) != $0.value(in: Sampling()) }.allSatisfy { $0.key == field.key })
        }
        #expect(changed == 9)
    }

    @Test("Values outside their range are refused with field, value and range")
    func validation() throws {
        try Sampling().validate()
        var sampling = Sampling()
        sampling.topP = 1.5
        #expect(throws: SamplingError(field: "top_p", value: 1.5, range: 0...1)) { try sampling.validate() }
        #expect(SamplingError(field: "top_p", value: 1.5, range: 0...1).description == "top_p is 1.5; it goes from 0 to 1.")
        sampling = Sampling()
        sampling.temperature = .nan
        #expect(throws: SamplingError.self) { try sampling.validate() }
        sampling = Sampling()
        sampling.logitBias = [4: -101]
        #expect(throws: SamplingError(field: "logit_bias", value: -101, range: -100...100)) { try sampling.validate() }
    }

    @Test("Settings survive JSON, and an off value turns its stage off")
    func coding() throws {
        var sampling = Sampling()
        sampling.logitBias = [5: 1.5, 7: -100]
        sampling.seed = .max
        sampling.stop = [[10, 0xff], []]
        #expect(try JSONDecoder().decode(Sampling.self, from: JSONEncoder().encode(sampling)) == sampling)
        for field in SamplingField.all { if let off = field.off { field.set(off, in: &sampling) } }
        sampling.logitBias = [:]
        let trace = Sampler.trace(logits: [1, 2, 3], context: [1], generated: [1], sampling: sampling, seed: 1, position: 1)
        #expect(trace.passes.filter(\.active).map(\.stage) == [.raw, .draw])
    }
}
