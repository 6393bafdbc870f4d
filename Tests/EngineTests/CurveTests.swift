import Engine
import Foundation
import Testing
import Transformer

extension Passes {
    @Suite("One token's logprob along a text") struct CurveTests {
        @Test("It is what a distribution gives at each place, to the bit", arguments: PassTests.shapes)
        func twins(shape: TinyModel) throws {
            let model = try shape.model(), session = try Session(model, threads: 2), ids = shape.ids(75)
            _ = try session.sync(to: ids)
            for id in [ids[3], 0, 258] {
                let found = try session.logprobs(of: id, after: 0..<ids.count)
                #expect(found.count == ids.count)
                for (position, value) in found.enumerated() {
                    let distribution = Distribution(logits: try session.logits(after: position))
                    #expect(Float(value).bitPattern == distribution.logprob(of: id).bitPattern)
                    #expect(exponential(value).bitPattern == distribution.probability(of: id).bitPattern)
                }
                // In parts, and beyond the ends, it is the same.
                #expect(try session.logprobs(of: id, after: -3..<20) + session.logprobs(of: id, after: 20..<900) == found)
            }
            let steps = try session.steps(0..<ids.count)
            for position in 1..<ids.count { #expect(try Float(session.logprobs(of: ids[position], after: position - 1..<position)[0]) == steps[position]?.logprob) }
        }

        @Test("Cancelled it gives what it has; an id outside the vocabulary is refused")
        func faults() throws {
            let shape = PassTests.shapes[0], session = try Session(shape.model(), threads: 2), ids = shape.ids(75)
            _ = try session.sync(to: ids)
            let whole = try session.logprobs(of: 5, after: 0..<75)
            for last in 0..<3 {
                var asked = 0
                let part = try session.logprobs(of: 5, after: 0..<75, cancelled: { asked += 1; return asked > last })
                #expect(part.count == last * 32 && part == Array(whole.prefix(last * 32)))
            }
            #expect(throws: EngineError.self) { try session.logprobs(of: 277, after: 0..<1) }
            #expect(throws: EngineError.self) { try session.logprobs(of: -1, after: 0..<1) }
        }
    }
}

@Suite("Two distributions") struct DivergenceTests {
    private func distribution(_ shares: [Double]) -> Distribution { Distribution(logits: shares.map { Float(log($0)) }) }

    @Test("KL and overlap are those of their definitions")
    func definitions() {
        let one = distribution([0.5, 0.25, 0.25]), two = distribution([0.25, 0.25, 0.5])
        // 0.5 ln 2 + 0.25 ln (1/2) = 0.25 ln 2.
        #expect(abs((one.divergence(from: two) ?? .nan) - 0.25 * log(2)) < 1e-7)
        #expect(abs(one.overlap(with: two) - 0.75) < 1e-7)
        #expect((one.divergence(from: one) ?? .nan) == 0 && abs(one.overlap(with: one) - 1) < 1e-7)
        // Where the other has nothing at all the cost has no bound; where this has nothing it costs nothing.
        let without = distribution([0.5, 0.5, 0])
        #expect((one.divergence(from: without) ?? .nan) == .infinity)
        let half: Double = 0.5 * log(2)
        #expect(abs((without.divergence(from: one) ?? .nan) - half) < 1e-7)
    }

    @Test("Against their sums by another library's logarithms, both ways")
    func twins() {
        var seed: UInt64 = 9
        func random() -> Float {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(seed >> 40) / Float(1 << 24) * 12
        }
        for _ in 0..<20 {
            let logits = (0..<2).map { _ in (0..<500).map { _ in random() } }, distributions = logits.map { Distribution(logits: $0) }
            let shares = logits.map { row in
                let total = row.reduce(0.0) { $0 + exp(Double($1)) }
                return row.map { exp(Double($0)) / total }
            }
            for (a, b) in [(0, 1), (1, 0)] {
                let kl = zip(shares[a], shares[b]).reduce(0.0) { $0 + $1.0 * log($1.0 / $1.1) }
                #expect(abs((distributions[a].divergence(from: distributions[b]) ?? .nan) - kl) < 1e-6)
                #expect(abs(distributions[a].overlap(with: distributions[b]) - zip(shares[a], shares[b]).reduce(0.0) { $0 + min($1.0, $1.1) }) < 1e-6)
            }
        }
    }
}
