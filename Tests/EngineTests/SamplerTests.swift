import Glibc
import Testing
import Tokenizer

import Engine

/// A generator of the tests' own, so that a failure can be run again.
struct TestRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Sampler.mix(state)
    }

    mutating func logits(_ count: Int, spread: Float = 8) -> [Float] {
        (0..<count).map { _ in
            let sum = (0..<4).reduce(Float(0)) { sum, _ in sum + Float.random(in: -1...1, using: &self) }
            return sum * spread / 2
        }
    }

    mutating func sampling() -> Sampling {
        var sampling = Sampling()
        sampling.temperature = [0, 0.2, 0.7, 1, 1.7].randomElement(using: &self) ?? 1
        sampling.topK = [0, 1, 5, 40, 1000].randomElement(using: &self) ?? 0
        sampling.typicalP = [1, 0.9, 0.3].randomElement(using: &self) ?? 1
        sampling.topP = [1, 0.95, 0.5].randomElement(using: &self) ?? 1
        sampling.minP = [0, 0.05, 0.5].randomElement(using: &self) ?? 0
        sampling.repetitionPenalty = [1, 1.3].randomElement(using: &self) ?? 1
        sampling.presencePenalty = [0, 0.7].randomElement(using: &self) ?? 0
        sampling.frequencyPenalty = [0, 0.4].randomElement(using: &self) ?? 0
        if Bool.random(using: &self) { sampling.logitBias = [3: 4, 9: -100] }
        return sampling
    }
}

@Suite struct SamplerTests {
    private let plain: Sampling = {
        var sampling = Sampling()
        sampling.temperature = 1
        sampling.topK = 0
        sampling.topP = 1
        sampling.minP = 0
        return sampling
    }()

    private func trace(_ logits: [Float], _ sampling: Sampling, seed: UInt64 = 1, position: Int = 0) -> Trace {
        Sampler.trace(logits: logits, context: [], generated: [], sampling: sampling, seed: seed, position: position)
    }

    @Test("draw chooses what trace chooses, on random logits and settings")
    func drawIsTrace() {
        var random = TestRandom(state: 11)
        for round in 0..<300 {
            var logits = random.logits([1, 2, 17, 400, 3000][round % 5])
            if round % 7 == 0 { logits = logits.map { $0.rounded() } }
            let context = (0..<20).map { _ in TokenID.random(in: 0..<30, using: &random) }
            let sampling = random.sampling()
            let seed = random.next()
            let trace = Sampler.trace(
                logits: logits, context: context, generated: context[8...], sampling: sampling, seed: seed, position: round)
            let drawn = Sampler.draw(
                logits: logits, context: context, generated: context[8...], sampling: sampling, seed: seed, position: round)
            #expect(trace.chosen == drawn, "round \(round)")
            #expect(trace.survivors.contains { $0.id == drawn }, "round \(round)")
        }
    }

    @Test("Survivors sum to 1, are in order, agree with the cuts, and every pass counts what is left")
    func survivors() throws {
        var random = TestRandom(state: 12)
        for round in 0..<200 {
            let logits = random.logits(500).map { round % 2 == 0 ? $0.rounded() : $0 }
            let trace = trace(logits, random.sampling(), seed: random.next())
            #expect(abs(trace.survivors.reduce(0) { $0 + $1.probability } - 1) < 1e-12)
            for (left, right) in zip(trace.survivors, trace.survivors.dropFirst()) {
                #expect(left.probability > right.probability || (left.probability == right.probability && left.id < right.id))
            }
            #expect(Set(trace.survivors.map(\.id)) == Set(trace.cut.indices.filter { trace.cut[$0] == 0 }.map { TokenID($0) }))
            #expect(trace.passes.map(\.stage) == Stage.allCases)
            for pass in trace.passes where pass.stage != .draw {
                let left = trace.cut.filter { $0 == 0 || $0 > pass.stage.rawValue }.count
                #expect(pass.tokensLeft == left, "\(pass.stage) in round \(round)")
                #expect((0...1).contains(pass.removedMass))
                #expect(pass.active || pass.removedMass == 0)
            }
            let draw = try #require(trace.passes.last)
            #expect(abs(draw.removedMass - (1 - trace.probability(of: trace.chosen))) < 1e-12)
        }
    }

    @Test("A share of each number's probability is drawn, over positions and over neighbouring seeds")
    func statistics() {
        let logits: [Float] = [0, 1, 2, -1, 0.5]
        let probabilities = trace(logits, plain).survivors
        let draws = 20_000
        for overSeeds in [false, true] {
            var counts = [Double](repeating: 0, count: 5)
            for index in 0..<draws {
                let id = Sampler.draw(
                    logits: logits, context: [], generated: [], sampling: plain,
                    seed: overSeeds ? UInt64(index) : 42, position: overSeeds ? 3 : index)
                counts[Int(id)] += 1
            }
            let square = probabilities.reduce(0.0) { sum, survivor in
                let expected = survivor.probability * Double(draws)
                let difference = counts[Int(survivor.id)] - expected
                return sum + difference * difference / expected
            }
            #expect(square < 18.5)  // 4 degrees of freedom, p = 0.001
            #expect(square > 0.05)
        }
    }

    @Test("The random number depends on seed and position, and neighbours do not resemble each other")
    func uniform() {
        // Witness: uniform() of Fixtures/sampling.py.
        #expect(Sampler.uniform(seed: 0, position: 0) == 0.6524484863740322)
        #expect(Sampler.uniform(seed: 1, position: 0) == 0.36818951565166946)
        #expect(Sampler.uniform(seed: .max, position: 7) == 0.7238582745899125)
        var product = 0.0
        for index in 0..<4096 {
            let u = Sampler.uniform(seed: 9, position: index)
            #expect(u >= 0 && u < 1)
            product += (u - 0.5) * (Sampler.uniform(seed: 10, position: index - 1) - 0.5)
        }
        #expect(abs(product / 4096 * 12) < 0.06)
    }

    @Test("Ties go to the lowest id: greedy, top-k, typical-p, top-p")
    func ties() {
        let logits: [Float] = [1, 3, 3, 3, 1, 3]
        var greedy = plain
        greedy.temperature = 0
        #expect(trace(logits, greedy).chosen == 1)
        var topK = plain
        topK.topK = 2
        #expect(trace(logits, topK).survivors.map(\.id) == [1, 2])
        var topP = plain
        topP.topP = 0.3
        #expect(trace(logits, topP).survivors.map(\.id) == [1, 2])
        var typical = plain
        typical.typicalP = 0.3
        #expect(trace(logits, typical).survivors.map(\.id) == [1, 2])
        #expect(trace([0, -0.0, 0], greedy).chosen == 0)
    }

    @Test("Penalties: repetition reads the whole context, presence and frequency only the generation")
    func penalties() {
        var sampling = plain
        sampling.repetitionPenalty = 2
        let context: [TokenID] = [0, 1, 3, 3]
        let logits: [Float] = [2, -2, 1, 2]
        func logit(_ id: Int, _ sampling: Sampling) -> Double {
            let trace = Sampler.trace(
                logits: logits, context: context, generated: context[2...], sampling: sampling, seed: 1, position: 0)
            return logarithm(trace.probability(of: TokenID(id)) / trace.probability(of: 2)) + 1
        }
        for (id, expected) in [1, -4, 1, 1.0].enumerated() { #expect(abs(logit(id, sampling) - expected) < 1e-9) }
        sampling.repetitionPenalty = 1
        sampling.presencePenalty = 0.5
        sampling.frequencyPenalty = 0.25
        for (id, expected) in [2, -2, 1, 1.0].enumerated() { #expect(abs(logit(id, sampling) - expected) < 1e-9) }
    }

    @Test("A biased-out token is cut by the bias; a finite ban leaves it at no chance worth naming")
    func bias() {
        var sampling = plain
        sampling.logitBias = [0: -.infinity, 1: -100, 77: 5, -3: 5]
        let trace = trace([5, 5, 1], sampling)
        #expect(trace.stage(cutting: 0) == .bias)
        #expect(trace.probability(of: 1) < 1e-40)
        #expect(trace.chosen == 2)
        #expect(trace.passes[1].active)
        #expect(trace.passes[1].tokensLeft == 2)
    }

    @Test("No floats trap or are drawn without need: NaN, infinities, extremes, nothing at all")
    func anyFloats() {
        let odd: [Float] = [
            .nan, .infinity, -.infinity, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, 0, -0.0,
            .leastNonzeroMagnitude, .signalingNaN,
        ]
        let extremes: [Double] = [.nan, .infinity, -.infinity, -1, 0, .leastNonzeroMagnitude, 1, 1e308]
        var random = TestRandom(state: 13)
        for round in 0..<2000 {
            let count = Int.random(in: 0...12, using: &random)
            let logits = (0..<count).map { _ in odd.randomElement(using: &random) ?? 0 }
            var sampling = Sampling()
            func any() -> Double { extremes.randomElement(using: &random) ?? 0 }
            sampling.temperature = any()
            sampling.topK = [Int.min, -1, 0, 1, 3, Int.max].randomElement(using: &random) ?? 0
            sampling.typicalP = any()
            sampling.topP = any()
            sampling.minP = any()
            sampling.repetitionPenalty = any()
            sampling.presencePenalty = any()
            sampling.frequencyPenalty = any()
            sampling.logitBias = [1: odd.randomElement(using: &random) ?? 0]
            let context: [TokenID] = [0, 2, -1, .max]
            let trace = Sampler.trace(
                logits: logits, context: context, generated: context[1...], sampling: sampling, seed: 5, position: round)
            let drawn = Sampler.draw(
                logits: logits, context: context, generated: context[1...], sampling: sampling, seed: 5, position: -round)
            #expect(count == 0 ? drawn == 0 : logits.indices.contains(Int(drawn)))
            #expect(trace.survivors.isEmpty == (count == 0))
            #expect(trace.survivors.allSatisfy { $0.probability >= 0 && $0.probability <= 1 })
        }
        #expect(trace([.nan, 1, -.infinity], plain).chosen == 1)
        #expect(trace([.nan, 1, -.infinity], plain).cut == [1, 0, 1])
        #expect(trace([.nan, .nan], plain).survivors.map(\.probability) == [0.5, 0.5])
    }

    @Test("The top few equal the head of the whole order, whatever the order of the input")
    func ranking() {
        var random = TestRandom(state: 14)
        let shuffled = random.logits(4000).map { Ranking.plain(($0 * 8).rounded() / 8) }
        for values in [shuffled, shuffled.sorted(), shuffled.sorted(by: >), [Float](repeating: 1, count: 4000)] {
            let all = Ranking.all(values)
            let witness = values.indices.sorted { values[$0] != values[$1] ? values[$0] > values[$1] : $0 < $1 }
            #expect(all.map { Int($0.id) } == witness)
            #expect(all.allSatisfy { values[Int($0.id)] == $0.value })
            for n in [1, 2, 40, 499, 3999, 4000] { #expect(Ranking.top(n, of: values) == Array(all.prefix(n))) }
        }
    }

    @Test("Our exponential and logarithm are the C library's to within two units in the last place")
    func functions() {
        var random = TestRandom(state: 15)
        for _ in 0..<20_000 {
            let x = Double.random(in: -700...700, using: &random)
            let e = exponential(x)
            #expect(abs(e - exp(x)) <= 2 * e.ulp)
            let y = Double.random(in: 1e-9...50, using: &random)
            #expect(abs(logarithm(y) - log(y)) <= 2 * max(logarithm(y).magnitude.ulp, 1e-16))
        }
        #expect(exponential(0) == 1 && exponential(-.infinity) == 0 && exponential(.infinity) == .infinity && exponential(.nan).isNaN)
        #expect(logarithm(1) == 0 && logarithm(0) == -.infinity && logarithm(.infinity) == .infinity && logarithm(-1).isNaN)
        #expect(abs(logarithm(.leastNonzeroMagnitude) + 744.4400719213812) < 1e-10)
    }
}
