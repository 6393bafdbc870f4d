import Engine
import Testing
import Tokenizer

extension Passes {
    @Suite("A session as what writes and judges text") struct LanguageModelTests {
        private let shape = TinyModel(type: .q8_0)
        private let prompt = Array("He".utf8)

        private func sampling(_ count: Int) -> Sampling {
            var sampling = Sampling()
            (sampling.temperature, sampling.maxTokens) = (0, count)
            for id in TinyModel.eos..<Int32(shape.vocabulary) { sampling.logitBias[id] = -.infinity }
            return sampling
        }

        private func written(_ model: any LanguageModel, _ count: Int, top: Int, cancelled: () -> Bool = { false }) throws -> (tokens: [TextToken], end: TextEnd?) {
            var tokens: [TextToken] = []
            let end = try model.generate(prompt, sampling: sampling(count), seed: 3, top: top, cancelled: cancelled) { tokens.append($0) }
            return (tokens, end)
        }

        @Test("writes what a generation draws, with the likeliest beside each token where they are wanted")
        func writes() throws {
            let model = try shape.model(), session = try Session(model, threads: 1)
            let (tokens, end) = try written(session, 6, top: 3)
            #expect(end == .length && tokens.count == 6)
            let alone = try Session(model, threads: 1)
            _ = try alone.sync(to: model.tokenizer.encode(prompt))
            var generation = Generation(alone, sampling: sampling(6), seed: 3)
            while try generation.next().end == nil {}
            #expect(tokens.compactMap(\.id) == Array(generation.generated))
            for token in tokens {
                // What is drawn greedily leads the list, unless it was biased away.
                #expect(token.top.count == 3 && token.top.map(\.logprob) == token.top.map(\.logprob).sorted(by: >))
                #expect((token.unknownMass ?? -1) > 0 && (token.logprob ?? 1) <= token.top[0].logprob)
            }
            let bare = try written(Session(model, threads: 1), 6, top: 0).tokens
            #expect(bare.map(\.id) == tokens.map(\.id) && bare.allSatisfy { $0.unknownMass == nil })
        }

        @Test("judges each token as its steps do, and the first not at all")
        func judges() throws {
            let model = try shape.model(), text = Array("Hello".utf8), session: any LanguageModel = try Session(model, threads: 1)
            let tokens = try session.score(text, top: 2, cancelled: { false })
            let alone = try Session(model, threads: 1)
            _ = try alone.sync(to: model.tokenizer.encode(text))
            let steps = try alone.steps(0..<alone.tokens.count)
            #expect(tokens.map(\.logprob) == steps.map { $0?.logprob } && tokens.first?.logprob == nil)
            #expect(tokens.flatMap(\.bytes) == text && tokens.dropFirst().allSatisfy { $0.top.count == 2 })
        }

        @Test("can do all, and stops when it is told to")
        func abilities() throws {
            let session = try Session(shape.model(), threads: 1)
            #expect(session.abilities.showsInside && session.abilities.rows.allSatisfy(\.can))
            var asked = 0
            let (tokens, end) = try written(session, 100, top: 0, cancelled: { asked += 1; return asked > 4 })
            #expect(end == nil && tokens.count < 100)
        }
    }
}
