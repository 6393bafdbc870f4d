import Engine
import GGUF
import Testing
import Tokenizer
import Transformer

extension Passes {
    @Suite("A generation") struct GenerationTests {
        static let shape = TinyModel(type: .q8_0)

        private func session() throws -> Session {
            let session = try Session(Self.shape.model(), threads: 2)
            _ = try session.sync(to: [72, 101, 256])
            return session
        }

        private func sampling(_ count: Int, stop: [[UInt8]] = []) -> Sampling {
            var sampling = Sampling()
            (sampling.temperature, sampling.topK, sampling.topP, sampling.minP) = (1.2, 0, 1, 0)
            (sampling.maxTokens, sampling.stop) = (count, stop)
            // Only ids that have bytes, and not the end of the text.
            for id in TinyModel.eos..<Int32(Self.shape.vocabulary) { sampling.logitBias[id] = -.infinity }
            return sampling
        }

        private func run(_ generation: inout Generation) throws -> (tokens: [Generation.Token], end: Generation.End) {
            var tokens: [Generation.Token] = []
            while true {
                let (new, end) = try generation.next()
                tokens += new
                if let end { return (tokens, end) }
            }
        }

        @Test("The same seed gives the same tokens, another seed others; each is what the logits before it say")
        func seeds() throws {
            var runs: [[Int32]] = []
            for (seed, threads) in [(7, 1), (7, 2), (8, 2)] {
                let session = try Session(Self.shape.model(), threads: threads)
                _ = try session.sync(to: [72, 101, 256])
                var generation = Generation(session, sampling: sampling(30), seed: UInt64(seed))
                let (tokens, end) = try run(&generation)
                #expect(end == .length && tokens.count == 30)
                #expect(Array(generation.generated) == tokens.map(\.step.id))
                // Witness: the draw and the step from the session's own logits.
                _ = try session.sync(to: [72, 101, 256] + generation.generated)
                var context: [Int32] = [72, 101, 256]
                for token in tokens {
                    let logits = try session.logits(after: context.count - 1)
                    let id = Sampler.draw(logits: logits, context: context, generated: context[3...], sampling: sampling(30),
                                          seed: UInt64(seed), position: context.count)
                    #expect(token.step == logits.withUnsafeBufferPointer { Step(id, in: $0) })
                    #expect(token.bytes == session.model.tokenizer.bytes(id) && !token.isCut)
                    context.append(id)
                }
                runs.append(tokens.map(\.step.id))
            }
            #expect(runs[0] == runs[1] && runs[1] != runs[2])
        }

        @Test("The logits of the newest token are those before it, asked for or not")
        func logits() throws {
            let session = try session()
            var generation = Generation(session, sampling: sampling(6), seed: 3)
            for count in 3..<9 {
                _ = try generation.next()
                #expect(session.tokens.count >= count)
                if count % 2 == 0 { #expect(try generation.logits == session.logits(after: count - 1)) }
            }
        }

        @Test("What others do with the session between two tokens changes nothing")
        func shared() throws {
            var undisturbed = Generation(try session(), sampling: sampling(12), seed: 6)
            let expected = try run(&undisturbed)
            let session = try session()
            var generation = Generation(session, sampling: sampling(12), seed: 6), tokens: [Generation.Token] = []
            for number in 0..<12 {
                tokens += try generation.next().tokens
                switch number % 4 {
                case 0: session.rewind(to: 2)
                case 1: _ = try session.sync(to: Self.shape.ids(50))
                case 2: _ = try session.lens(position: 0, top: 3)
                default: try session.append(9)
                }
            }
            #expect(tokens == expected.tokens)
        }

        @Test("Penalties see the prompt and the generation")
        func penalties() throws {
            let session = try session()
            var settings = sampling(40)
            settings.temperature = 0
            var plain = Generation(session.fork(), sampling: settings, seed: 1)
            settings.presencePenalty = 2
            settings.frequencyPenalty = 2
            settings.repetitionPenalty = 2
            var penalised = Generation(session.fork(), sampling: settings, seed: 1)
            let (before, after) = (try run(&plain).tokens.map(\.step.id), try run(&penalised).tokens.map(\.step.id))
            #expect(Set(after).count > Set(before).count)
        }

        @Test("A stop text is found wherever tokens cut it, is not shown, and the token it begins in is cut")
        func stopTexts() throws {
            var free = Generation(try session(), sampling: sampling(24), seed: 4)
            let all = try run(&free).tokens, text = all.flatMap(\.bytes)
            for (from, count) in [(5, 1), (5, 3), (9, 7), (0, 2), (14, 4)] {
                let stop = Array(text[from..<from + count])
                // Where it stands first; a text of one byte may come earlier than it was taken from.
                let place = try #require((0...from).first { text[$0...].starts(with: stop) })
                var generation = Generation(try session(), sampling: sampling(24, stop: [[1, 2, 3, 4, 5, 6], stop]), seed: 4)
                let (tokens, end) = try run(&generation)
                #expect(end == .stop && tokens.flatMap(\.bytes) == Array(text[..<place]))
                #expect(tokens.filter(\.isCut).count == (tokens.flatMap(\.bytes).count == all.prefix(tokens.count).flatMap(\.bytes).count ? 0 : 1))
                #expect(zip(tokens, all).allSatisfy { $0.step == $1.step })
            }
            // The beginning of a stop text that does not come is held back, then shown.
            let almost = Array(text[6..<9]) + [text[9] ^ 1]
            var generation = Generation(try session(), sampling: sampling(24, stop: [almost]), seed: 4)
            let (tokens, end) = try run(&generation)
            #expect(end == .length && tokens == all)
        }

        @Test("It ends at the most tokens, at the end of the text and where the context ends, and gives out what it held")
        func ends() throws {
            var none = Generation(try session(), sampling: sampling(0), seed: 1)
            #expect(try none.next().end == .length && none.generated.isEmpty)

            var settings = sampling(50)
            settings.logitBias[TinyModel.eos] = 100
            var ended = Generation(try session(), sampling: settings, seed: 1)
            let (tokens, end) = try ended.next()
            #expect(end == .eos && tokens.isEmpty && ended.generated.isEmpty)

            let small = try Session(Self.shape.model(), threads: 1, context: 10)
            _ = try small.sync(to: [72, 101, 256])
            var full = Generation(small, sampling: sampling(50), seed: 1)
            let all = try run(&full)
            // Ten tokens are read; the one drawn after the tenth is shown and has no place any more.
            #expect(all.end == .context && all.tokens.count == 8 && small.tokens.count == 10)

            let stop = all.tokens.suffix(2).flatMap(\.bytes) + [0]
            let fork = small.fork()
            fork.rewind(to: 3)
            var held = Generation(fork, sampling: sampling(50, stop: [stop]), seed: 1)
            let again = try run(&held)
            #expect(again.end == .context && again.tokens == all.tokens)
        }
    }
}

@Suite("Stop texts") struct StopScannerTests {
    /// Finds the first place of any stop text in the whole text, and how much of its end may be the beginning of one.
    private func naive(_ text: [UInt8], _ stops: [[UInt8]]) -> StopScanner.Finding {
        for start in text.indices {
            for stop in stops where text.count - start >= stop.count && Array(text[start..<start + stop.count]) == stop {
                return .match(excess: text.count - start)
            }
        }
        for length in (0...text.count).reversed() where stops.contains(where: { $0.count > length && Array($0.prefix(length)) == Array(text.suffix(length)) }) {
            return .clear(held: length)
        }
        return .clear(held: 0)
    }

    @Test("Piece by piece it finds what a search of the whole text finds")
    func fuzz() {
        var random = TestRandom(state: 41), matches = 0, held = 0
        for _ in 0..<20_000 {
            func bytes(_ most: Int) -> [UInt8] { (0..<Int.random(in: 1...most, using: &random)).map { _ in UInt8.random(in: 0...1, using: &random) } }
            let stops = (0..<Int.random(in: 1...3, using: &random)).map { _ in bytes(7) }
            var scanner = StopScanner(stops + [[]]), text: [UInt8] = []
            pieces: for _ in 0..<8 {
                let piece = Bool.random(using: &random) ? bytes(4) : []
                text += piece
                let found = scanner.feed(piece), expected = naive(text, stops)
                #expect(found == expected, "\(stops) in \(text)")
                switch found {
                case .match:
                    matches += 1
                    break pieces
                case .clear(let count): held += count
                }
            }
        }
        #expect(matches > 1000 && held > 1000)
        var none = StopScanner([[], []])
        #expect(none.feed([1, 2, 3]) == .clear(held: 0))
    }
}
