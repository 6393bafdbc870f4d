import Testing
import Tokenizer

import Engine

@Suite struct DistributionTests {
    @Test("Logprobs, entropy and order are those of the numpy reference")
    func reference() throws {
        let reference = try SamplingReference.load().distribution
        let distribution = Distribution(logits: reference.logits)
        for (id, expected) in reference.logprobs.enumerated() {
            #expect(abs(Double(distribution.logprob(of: TokenID(id))) - expected) < 2e-6)
            #expect(abs(distribution.probability(of: TokenID(id)) - exponential(expected)) < 1e-6)
        }
        #expect(abs(distribution.entropy - reference.entropy) < 1e-6)
        #expect(abs(distribution.effective - exponential(reference.entropy)) < 1e-4)
        #expect(distribution.order() == reference.order)
        #expect(distribution.top(20).map(\.id) == Array(reference.order.prefix(20)))
        for (rank, id) in reference.order.enumerated() { #expect(distribution.rank(of: id) == rank) }
    }

    @Test("Probabilities sum to 1, on any length; a uniform one has the entropy of its size")
    func sums() {
        var random = TestRandom(state: 21)
        for count in [1, 2, 7, 8, 9, 1000] {
            let distribution = Distribution(logits: random.logits(count, spread: 30))
            let sum = (0..<count).reduce(0.0) { $0 + distribution.probability(of: TokenID($1)) }
            #expect(abs(sum - 1) < 3e-7)  // the kernel sums exponentials of single precision
            let uniform = Distribution(logits: [Float](repeating: -7.5, count: count))
            #expect(abs(uniform.effective - Double(count)) < 1e-9)
            #expect(uniform.rank(of: TokenID(count - 1)) == count - 1)
        }
    }

    @Test("Its numbers are those of a step, bit for bit")
    func steps() throws {
        var random = TestRandom(state: 22)
        for count in [1, 5, 33, 2000] {
            let logits = random.logits(count, spread: 30)
            let distribution = Distribution(logits: logits)
            for id in stride(from: 0, to: count, by: 3) {
                let step = try #require(logits.withUnsafeBufferPointer { Step(TokenID(id), in: $0) })
                #expect(step.logprob == distribution.logprob(of: TokenID(id)))
                #expect(step.rank == distribution.rank(of: TokenID(id)))
                #expect(step.entropy == Float(distribution.entropy))
            }
        }
    }

    @Test("Odd floats and ids outside the vocabulary never trap")
    func anyFloats() {
        for logits: [Float] in [[], [.nan], [.infinity, 1], [-.infinity, -.infinity], [.nan, 2, -.infinity], [3e38, -3e38]] {
            let distribution = Distribution(logits: logits)
            for id: TokenID in [-1, 0, 1, 99, .max, .min] {
                let logprob = distribution.logprob(of: id)
                #expect(!logprob.isNaN && logprob <= 0)
                #expect((0...1).contains(distribution.probability(of: id)))
                #expect(distribution.rank(of: id) <= logits.count)
            }
            #expect(distribution.entropy >= 0)
            #expect(distribution.order().count == logits.count)
            #expect(distribution.top(-3).isEmpty && distribution.top(9).count == logits.count)
        }
        #expect(Distribution(logits: [.nan, 2, -.infinity]).logprob(of: 1) == 0)
    }
}
