import Engine
import Foundation
import Testing
import Transformer

extension Passes {
    @Suite("Comparing two texts") struct ComparisonTests {
        private static let shape = TinyModel(type: .q8_0, vocabulary: 259)

        private func compared(_ session: Session, _ a: [Int32], _ b: [Int32], start: Int = 0, settings: Comparing.Settings? = nil,
                              known: Comparison? = nil) throws -> Comparison {
            var comparing = Comparing(Comparison(.init(a), .init(b), start: start, bytes: session.model.tokenizer.bytes), session.fork(), session.fork(),
                                      settings: settings, known: known)
            while try comparing.measure() {}
            #expect(comparing.comparison.isDone)
            return comparing.comparison
        }

        /// By the definition, from the probabilities.
        private func divergence(_ p: Distribution, _ q: Distribution) -> Double {
            (0..<p.count).reduce(0) { sum, id in
                let share = p.probability(of: Int32(id))
                return share > 0 ? sum + share * Foundation.log(share / q.probability(of: Int32(id))) : sum
            }
        }

        @Test("Steps are those of sessions that read each text alone, divergences those of the definition, and 0 behind the same tokens", arguments: [1, 2])
        func numbers(threads: Int) throws {
            let model = try Self.shape.model(), session = try Session(model, threads: threads)
            let a = Self.shape.ids(90), b = Array(a[..<40]) + Self.shape.ids(7, seed: 9) + Array(a[45..<70]) + Self.shape.ids(20, seed: 3)
            for (one, other) in [(a, b), (b, a), (a, a), (a, Array(a[..<33])), (Array(b[41...]), a), ([5], [6]), ([], a), ([], [])] {
                let found = try compared(session, one, other)
                let (alone, beside) = (try Session(model, threads: 1), try Session(model, threads: 1))
                _ = try alone.sync(to: one)
                _ = try beside.sync(to: other)
                #expect(try found.a.steps == alone.steps(one.indices) && found.b.steps == beside.steps(other.indices))
                let common = zip(one, other).prefix { $0 == $1 }.count
                #expect(found.first.map { found.pairs[$0].a.lowerBound } == (one == other ? nil : common))
                for (pair, value) in zip(found.pairs, found.divergences) {
                    guard pair.a.lowerBound > 0, pair.b.lowerBound > 0, let value else { continue }
                    let p = Distribution(logits: try alone.logits(after: pair.a.lowerBound - 1)), q = Distribution(logits: try beside.logits(after: pair.b.lowerBound - 1))
                    if pair.a.lowerBound == pair.b.lowerBound, pair.a.lowerBound <= common { #expect(value == 0) } else {
                        #expect(abs(value - divergence(p, q)) < 1e-9 * max(1, value))
                        #expect(value > 1e-6)
                    }
                    #expect(p.divergence(from: q) == value)
                }
                // Every pair of one token in both has one, but for the first of a text.
                for (pair, value) in zip(found.pairs, found.divergences) where pair.kind == .same || pair.kind == .end {
                    #expect((value != nil) == (pair.a.lowerBound > 0 && pair.b.lowerBound > 0))
                }
            }
        }

        @Test("What an earlier comparison knew is taken over, and the numbers are the same bits")
        func known() throws {
            let model = try Self.shape.model(), session = try Session(model, threads: 2)
            let a = Self.shape.ids(80), b = Array(a[..<20]) + Self.shape.ids(50, seed: 2)
            let old = try compared(session, a, b)
            for (one, other) in [(Array(a[..<60]) + [1, 2, 3], b), (a, Array(b[..<30]) + a[40...]), (Array(a[3...]), b), (a, b)] {
                let fresh = try compared(try Session(model, threads: 1), one, other), before = session.computed
                #expect(try compared(session, one, other, known: old) == fresh)
                #expect(session.computed == before)
            }
        }

        @Test("A comparison that is cancelled at every turn goes on where it was")
        func cancelled() throws {
            let model = try Self.shape.model(), session = try Session(model, threads: 2)
            let a = Self.shape.ids(100), b = Self.shape.ids(100, seed: 8)
            var comparing = Comparing(Comparison(.init(a), .init(b), bytes: model.tokenizer.bytes), session.fork(), session.fork())
            var turns = 0
            while true {
                var asked = 0
                turns += 1
                if try !comparing.measure(cancelled: { asked += 1; return asked > 1 }) { break }
                if turns > 10_000 { break }
            }
            #expect(comparing.comparison == (try compared(try Session(model, threads: 1), a, b)))
            #expect(turns > 20)
        }

        @Test("A text beyond the context is refused") func context() throws {
            let model = try Self.shape.model(), session = try Session(model, threads: 1, context: 32)
            #expect(throws: EngineError.self) { try compared(session, Self.shape.ids(33), Self.shape.ids(5)) }
            #expect(try compared(session, Self.shape.ids(32), Self.shape.ids(5)).isDone)
        }

        private func sampling(_ temperature: Double, topK: Int = 0, eos: Float = -100) -> Sampling {
            var sampling = Sampling()
            (sampling.temperature, sampling.topK, sampling.topP, sampling.minP, sampling.maxTokens) = (temperature, topK, 1, 0, 30)
            sampling.repetitionPenalty = 1.2
            sampling.logitBias[TinyModel.eos] = eos
            return sampling
        }

        @Test("Two settings draw what two generations draw alone, and are compared after the samplers")
        func settings() throws {
            let model = try Self.shape.model(), session = try Session(model, threads: 2), prompt = Self.shape.ids(33)
            var ends: Set<Generation.End> = []
            for (one, other) in [(sampling(4), sampling(9)), (sampling(4), sampling(4)), (sampling(9), sampling(9, topK: 2)), (sampling(0), sampling(3, eos: 40))] {
                _ = try session.sync(to: prompt)
                let settings = Comparing.Settings(a: one, seedA: 7, b: other, seedB: 7)
                var lockstep = Lockstep(session, settings)
                while try lockstep.next() {}
                for (column, sampling) in [(lockstep.a, one), (lockstep.b, other)] {
                    let alone = try Session(model, threads: 1)
                    _ = try alone.sync(to: prompt)
                    var generation = Generation(alone, sampling: sampling, seed: 7, speculates: false), end: Generation.End?
                    while end == nil { end = try generation.next().end }
                    if let end { ends.insert(end) }
                    #expect(column.ids == prompt + generation.generated && column.end == end.map { TextEnd($0) })
                    let steps = try alone.sync(to: column.ids) ? alone.steps(prompt.count..<column.ids.count) : []
                    #expect(Array(column.steps[prompt.count...]) == steps)
                }
                let found = try compared(session, lockstep.a.ids, lockstep.b.ids, start: prompt.count, settings: settings)
                let reader = try Session(model, threads: 1)
                for (pair, sampled) in zip(found.pairs, found.sampled) {
                    if pair.kind != .onlyA, pair.kind != .onlyB { #expect((sampled != nil) == (min(pair.a.lowerBound, pair.b.lowerBound) >= prompt.count)) }
                    guard let sampled else { continue }
                    func trace(_ ids: [Int32], _ position: Int, _ sampling: Sampling) throws -> Trace {
                        _ = try reader.sync(to: Array(ids[..<position]))
                        return Sampler.trace(logits: try reader.logits(after: position - 1), context: Array(ids[..<position]), generated: ids[prompt.count..<position],
                                             sampling: sampling, seed: 7, position: position)
                    }
                    let p = try trace(lockstep.a.ids, pair.a.lowerBound, one), q = try trace(lockstep.b.ids, pair.b.lowerBound, other)
                    func divergence(_ p: Trace, _ q: Trace) -> Double {
                        p.survivors.reduce(0) { $0 + ($1.probability > 0 ? $1.probability * Foundation.log($1.probability / q.probability(of: $1.id)) : 0) }
                    }
                    for (value, expected) in [(sampled.ab, divergence(p, q)), (sampled.ba, divergence(q, p))] {
                        #expect(value == expected || abs(value - expected) < 1e-9)
                    }
                    if let id = lockstep.a.ids[pair.a].first { #expect(sampled.a == p.probability(of: id)) }
                    if pair.a == pair.b, one == other { #expect(sampled.ab == 0) }
                }
                // Behind the same text the raw predictions are the same, whatever the settings are.
                let common = found.first.map { found.pairs[$0].a.lowerBound } ?? found.a.ids.count
                for (pair, value) in zip(found.pairs, found.divergences) where pair.a.lowerBound <= common && pair.a.lowerBound == pair.b.lowerBound && pair.a.lowerBound > 0 { #expect(value == 0) }
                #expect((found.first == nil) == (one == other))
            }
            #expect(ends == [.length, .eos])
        }
    }
}
