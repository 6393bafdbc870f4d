import Engine
import Testing
import Transformer

extension Passes {
    @Suite("Logprobs of many answers") struct LogprobsTests {
        /// What the steps of a session of its own say.
        private func alone(_ model: Model, _ ids: [Int32], from: Int) throws -> [Float] {
            let session = try Session(model, threads: 1)
            _ = try session.sync(to: ids)
            return try session.steps(from..<max(from, ids.count)).compactMap { $0?.logprob }
        }

        @Test("They are the steps of sessions that read each text alone", arguments: PassTests.shapes)
        func questions(shape: TinyModel) throws {
            let model = try shape.model(), session = try Session(model, threads: 2), prefix = shape.ids(75), other = shape.ids(40, seed: 8)
            let ends: [[Int32]] = [[1], [2], [1, 2, 3], [1, 2, 4, 5], [1, 2, 3], shape.ids(60, seed: 9), [7, 7, 7], []]
            var questions = ends.map { (ids: prefix + $0, from: 75) }
            // Another beginning, one that asks for more of it, and one that ends inside it.
            questions += [(other + [3, 4], 40), (other + [3, 5, 6], 20), (Array(other.prefix(30)), 29), (other, 1), ([3, 4], 1), ([3], 1)]
            let expected = try questions.map { try alone(model, $0.ids, from: $0.from) }
            for _ in 0..<2 {
                #expect(try session.logprobs(questions) == expected)
                #expect(try session.logprobs(questions.reversed()) == expected.reversed())
            }
            #expect(try session.score(prefix: prefix, answers: ends) == Array(expected.prefix(ends.count)))
            #expect(session.tokens == prefix)
            #expect(try session.logprobs([]) == [] && session.score(prefix: [], answers: [[3, 4]]) == [expected[12]])
        }

        @Test("Many answers in little memory: the same numbers, and the prefix runs once")
        func many() throws {
            let shape = PassTests.shapes[4], model = try shape.model(), prefix = shape.ids(100)
            let session = try Session(model, threads: 2, recordCap: 0, kept: 0), answers = (0..<90).map { shape.ids(12, seed: 100 + $0) }
            let found = try session.score(prefix: prefix, answers: answers)
            #expect(session.computed == prefix.count)
            for at in [0, 41, 42, 89] { #expect(try found[at] == alone(model, prefix + answers[at], from: 100)) }
            #expect(found.map(\.count) == answers.map(\.count) && Set(found).count == 90)
        }

        @Test("Cancelled it says nothing; what cannot be read is refused")
        func faults() throws {
            let shape = PassTests.shapes[4], session = try Session(shape.model(), threads: 2, context: 64), ids = shape.ids(64)
            var asked = 0
            for last in 0..<4 {
                asked = 0
                #expect(try session.logprobs([(ids, 1), (ids.reversed(), 30)], cancelled: { asked += 1; return asked > last }) == nil)
            }
            #expect(try session.logprobs([(ids + [1], 64)])?[0].count == 1)
            #expect(throws: EngineError.self) { try session.logprobs([(ids + [1, 2], 64)]) }
            #expect(throws: EngineError.self) { try session.logprobs([([1], 1), ([1, 277], 1)]) }
        }
    }
}
