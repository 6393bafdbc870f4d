import Engine
import Testing

@Suite("Drafts by look-up") struct LookupTests {
    /// What followed the latest earlier occurrence of the last three ids, or of the last two, found by looking everywhere.
    private func naive(_ ids: [Int32], _ most: Int) -> [Int32] {
        for n in [3, 2] where ids.count > n {
            for place in (n..<ids.count).reversed() where ids[place - n..<place] == ids.suffix(n) {
                let period = ids.count - place
                return (0..<most).map { ids[place + $0 % period] }
            }
        }
        return []
    }

    @Test("A draft is what followed the latest earlier occurrence; text that overlaps itself goes on with its period")
    func fuzz() {
        var random = TestRandom(state: 3), found = 0, none = 0, longest = 0
        for _ in 0..<3000 {
            let ids = (0..<Int.random(in: 0...40, using: &random)).map { _ in Int32.random(in: 0...5, using: &random) * 20_011 }
            var lookup = Lookup(Array(ids.prefix(7)))
            for id in ids.dropFirst(7) { lookup.append(id) }
            let (draft, match) = lookup.draft(7)
            #expect(lookup.ids == ids && draft == naive(ids, 7), "\(ids)")
            if draft.isEmpty { none += 1 } else { found += 1 }
            longest = max(longest, match)
            #expect(draft.isEmpty == (match < 2))
        }
        #expect(found > 1000 && none > 100 && longest > 3)
        #expect(Lookup([4, 1, 2, 3, 9, 1, 2, 3]).draft(3).match == 3 && Lookup([Int32](repeating: 1, count: 50)).draft(3) == ([1, 1, 1], 16))
    }

    @Test("Ids are taken along when they have been right and cost little, not when wrong, dear or not known to be cheap")
    func rule() {
        var speculation = Speculation()
        #expect(speculation.count(match: 16) == 0)
        speculation.took(1, columns: 1)
        #expect(speculation.count(match: 16) > 1 && speculation.count(match: 0) == 0)
        #expect((2...16).allSatisfy { speculation.count(match: $0) >= speculation.count(match: $0 - 1) })
        for _ in 0..<40 { for match in 2...16 { speculation.saw(match: match, right: false) } }
        #expect((0...16).allSatisfy { speculation.count(match: $0) == 0 })
        for _ in 0..<40 { for match in 2...16 { speculation.saw(match: match, right: true) } }
        #expect((2...16).allSatisfy { speculation.count(match: $0) == Speculation.most })
        for _ in 0..<40 { for columns in 2...8 { speculation.took(Double(columns), columns: columns) } }
        #expect((0...16).allSatisfy { speculation.count(match: $0) == 0 })
        #expect(Speculation(fixed: 3).count(match: 2) == 3)
    }
}

extension Passes {
    @Suite("Speculation") struct SpeculationTests {
        /// What each call of next gave, with the logits then, and what is left behind.
        struct Course: Equatable {
            var tokens: [[Generation.Token]] = [], logits: [[UInt32]] = []
            var end: Generation.End?
            var generated: [Int32] = []
        }

        private func course(_ start: Generation, disturbed: (Int) throws -> Void = { _ in }) throws -> (Course, tokensPerPass: Double) {
            var generation = start, course = Course()
            while course.end == nil {
                let (tokens, end) = try generation.next()
                course.tokens.append(tokens)
                course.end = end
                if course.tokens.count % 3 == 0 { course.logits.append(generation.logits.map(\.bitPattern)) }
                try disturbed(course.tokens.count)
            }
            course.generated = Array(generation.generated)
            return (course, generation.tokensPerPass)
        }

        /// Few ids are possible, so that the text repeats itself; the end of the text is one of them where asked for.
        private func sampling(_ count: Int, temperature: Double = 1, eos: Float = -.infinity) -> Sampling {
            var sampling = Sampling()
            (sampling.temperature, sampling.topK, sampling.topP, sampling.minP, sampling.maxTokens) = (temperature, 0, 1, 0, count)
            for id in 0..<Int32(GenerationTests.shape.vocabulary) where ![72, 101, 256].contains(id) { sampling.logitBias[id] = -.infinity }
            sampling.logitBias[TinyModel.eos] = eos
            return sampling
        }

        @Test("Tokens, numbers, ends and logits are those without it, whatever the settings", arguments: [1, 3, 7])
        func tiny(drafts: Int) throws {
            let model = try GenerationTests.shape.model()
            var settings = [sampling(40, temperature: 0), sampling(60, temperature: 0.5), sampling(0), sampling(1), sampling(5)]
            settings += (1...4).map { sampling(30 + $0) } + (0..<4).map { _ in sampling(60, temperature: 8, eos: -16) } + [sampling(60, temperature: 8)]
            for index in 5...7 {
                settings[index].repetitionPenalty = 1.3
                settings[index].presencePenalty = 0.2
                settings[index].frequencyPenalty = Double(index) * 0.02
            }
            settings[8].stop = [[104, 101, 104, 101, 72, 104, 101]]
            settings[13].stop = [[72, 72, 101, 72], [101, 104, 101, 101]]
            var ends: [String: Int] = [:], most = 1.0
            for (number, settings) in settings.enumerated() {
                for context in [256, 30] {
                    // Each has a session of its own, so that none finds what another computed.
                    func session() throws -> Session {
                        let session = try Session(model, threads: 1 + number % 2, context: context)
                        _ = try session.sync(to: [72, 101, 256, 72, 101, 256, 101, 72, 101])
                        return session
                    }
                    let seed = UInt64(number)
                    let (plain, one) = try course(Generation(session(), sampling: settings, seed: seed, speculates: false))
                    let (drafted, several) = try course(Generation(session(), sampling: settings, seed: seed, drafts: drafts))
                    #expect(drafted == plain && one <= 1)
                    let (ruled, _) = try course(Generation(session(), sampling: settings, seed: seed))
                    #expect(ruled == plain)
                    most = max(most, several)
                    if several > 1, let end = plain.end { ends["\(end)", default: 0] += 1 }
                }
            }
            #expect(most > 1.3)
            for end in ["length", "context", "eos", "stop"] { #expect(ends[end, default: 0] > 0, "\(end)") }
        }

        @Test("What others do with the session between two tokens changes nothing")
        func shared() throws {
            let model = try GenerationTests.shape.model(), other = try Session(model, threads: 2), session = try Session(model, threads: 2)
            for session in [other, session] { _ = try session.sync(to: [72, 101, 256]) }
            let settings = sampling(40, temperature: 0.6)
            let (plain, _) = try course(Generation(other, sampling: settings, seed: 2, speculates: false))
            let (disturbed, several) = try course(Generation(session, sampling: settings, seed: 2, drafts: 6)) { number in
                switch number % 6 {
                case 0: session.rewind(to: 2)
                case 2: _ = try session.sync(to: GenerationTests.shape.ids(50))
                case 4: _ = try session.lens(position: 0, top: 3)
                default: break
                }
            }
            #expect(disturbed == plain && several > 1.2)
        }

        @Test("The default model's tokens are the same with it", .enabled(if: RealModel.isThere, RealModel.comment))
        func real() throws {
            let list = "Apples are red.\nBananas are yellow.\nApples are red.\nBananas are yellow.\nApples are"
            let code = "func add(a: Int, b: Int) -> Int { return a + b }\nfunc sub(a: Int, b: Int) -> Int { return a - b }\nfunc mul("
            var several = 1.0
            for (text, temperature, penalty) in [(list, 0, 1), (list, 0.7, 1.05), (code, 0.7, 1)] {
                func session() throws -> Session {
                    let session = try RealModel.session()
                    _ = try session.sync(to: session.model.tokenizer.encode(Array(text.utf8)))
                    return session
                }
                var settings = Sampling()
                (settings.temperature, settings.repetitionPenalty, settings.maxTokens) = (temperature, penalty, 32)
                let (plain, _) = try course(Generation(session(), sampling: settings, seed: 5, speculates: false))
                let (drafted, fixed) = try course(Generation(session(), sampling: settings, seed: 5, drafts: 7))
                let (ruled, _) = try course(Generation(session(), sampling: settings, seed: 5))
                #expect(drafted == plain && ruled == plain)
                several = max(several, fixed)
            }
            #expect(several > 2)
        }
    }
}
