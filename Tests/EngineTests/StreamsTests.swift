import Engine
import Testing
import Transformer

extension Passes {
    @Suite("Streams") struct StreamsTests {
        private struct Course: Equatable {
            var tokens: [Generation.Token] = []
            var end: Generation.End?
        }

        private func sampling(_ count: Int, eos: Float, stop: [[UInt8]] = []) -> Sampling {
            var sampling = Sampling()
            (sampling.temperature, sampling.topK, sampling.topP, sampling.minP) = (8, 0, 1, 0)
            (sampling.maxTokens, sampling.stop, sampling.repetitionPenalty, sampling.frequencyPenalty) = (count, stop, 1.1, 0.1)
            for id in 0..<Int32(GenerationTests.shape.vocabulary) where ![72, 101, 256].contains(id) { sampling.logitBias[id] = -.infinity }
            sampling.logitBias[TinyModel.eos] = eos
            return sampling
        }

        private func together(_ session: Session, _ sampling: Sampling, seed: UInt64, count: Int) throws -> [Course] {
            var streams = Streams(session, sampling: sampling, seed: seed, count: count)
            var courses = [Course](repeating: Course(), count: count)
            while true {
                let news = try streams.next()
                #expect(news.map(\.stream) == courses.indices.filter { courses[$0].end == nil })
                guard !news.isEmpty else { return courses }
                for (stream, tokens, end) in news {
                    courses[stream].tokens += tokens
                    courses[stream].end = end
                }
            }
        }

        /// In a session of its own, so that it finds nothing that others computed.
        private func alone(_ prompt: [Int32], in session: Session, _ sampling: Sampling, seed: UInt64) throws -> Course {
            session.forget()
            _ = try session.sync(to: prompt)
            var generation = Generation(session, sampling: sampling, seed: seed, speculates: false), course = Course()
            while course.end == nil {
                let (tokens, end) = try generation.next()
                course.tokens += tokens
                course.end = end
            }
            return course
        }

        @Test("Each is what a generation alone draws by its seed, however it ends and whatever the others do", arguments: [1, 2, 3])
        func same(threads: Int) throws {
            let model = try GenerationTests.shape.model()
            var ends: [String: Int] = [:]
            // The prompts end inside a page, at its end and behind it.
            for (prompt, context, count) in [(9, 256, 5), (31, 256, 9), (32, 80, 3), (33, 256, Forward.batch + 3), (70, 100, 1), (5, 256, 0)] {
                let session = try Session(model, threads: threads, context: context), other = try Session(model, threads: 1, context: context)
                _ = try session.sync(to: (0..<prompt).map { [72, 101, 256, 72, 72][$0 % 5] })
                for settings in [sampling(70, eos: -24), sampling(6, eos: -.infinity, stop: [[72, 72, 101]]), sampling(0, eos: 0)] {
                    let courses = try together(session, settings, seed: .max - 1, count: count)
                    for (stream, course) in courses.enumerated() {
                        #expect(try course == alone(session.tokens, in: other, settings, seed: (.max - 1) &+ UInt64(stream)))
                        if let end = course.end { ends["\(end)", default: 0] += 1 }
                    }
                    if count > 1, settings.maxTokens > 0 { #expect(courses[0] != courses[1]) }
                }
                #expect(session.tokens.count == prompt)
            }
            for end in ["length", "context", "eos", "stop"] { #expect(ends[end, default: 0] > 0, "\(end)") }
        }

        @Test("Eight of the default model are those of their seeds", .enabled(if: RealModel.isThere, RealModel.comment))
        func real() throws {
            let session = try RealModel.session(), other = try RealModel.session()
            _ = try session.sync(to: session.model.tokenizer.encode(Array("The best thing about winter is".utf8)))
            var settings = Sampling()
            (settings.temperature, settings.maxTokens, settings.stop) = (1, 16, [Array(".".utf8)])
            let courses = try together(session, settings, seed: 3, count: 8)
            for (stream, course) in courses.enumerated() { #expect(try course == alone(session.tokens, in: other, settings, seed: 3 + UInt64(stream))) }
            #expect(Set(courses.map { $0.tokens.map(\.step.id) }).count > 4)
        }
    }
}
