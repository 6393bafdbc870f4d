import CKernels
import Engine
import GGUF
import Testing
import Transformer

extension Passes {
    @Suite("A session") struct SessionTests {
        static let shape = TinyModel(type: .q4_1)
        /// More positions than the least record holds.
        static let long = 230

        @Test("Forked and rewound, it is as if it had read only what is left")
        func forkAndRewind() throws {
            let shape = Self.shape, model = try shape.model(), ids = shape.ids(80), others = shape.ids(80, seed: 9)
            let session = try Session(model, threads: 2)
            _ = try session.sync(to: ids)
            let whole = try Numbers(session)
            for kept in [0, 1, 31, 32, 33, 64, 79] {
                let fork = session.fork(), target = Array(ids.prefix(kept) + others.prefix(20))
                fork.rewind(to: kept)
                #expect(fork.tokens == Array(ids.prefix(kept)))
                for id in others.prefix(20) { try fork.append(id) }
                #expect(fork.tokens == target)
                #expect(try Numbers(fork).differences(from: Numbers.fresh(model, target)) == [], "kept \(kept)")
            }
            #expect(session.tokens == ids)
            #expect(try Numbers(session).differences(from: whole) == [])
        }

        @Test("A fork and its origin go their own ways, whichever writes first")
        func ownWays() throws {
            let shape = Self.shape, model = try shape.model(), ids = shape.ids(60), start = Array(ids.prefix(40))
            let origin = try Session(model, threads: 2)
            _ = try origin.sync(to: start)
            let fork = origin.fork(), third = fork.fork()
            try origin.append(7)
            try fork.append(8)
            try origin.append(9)
            _ = try third.sync(to: ids)
            fork.rewind(to: 35)
            try fork.append(10)
            for (session, target) in [(origin, start + [7, 9]), (fork, start.prefix(35) + [10]), (third, ids)] {
                #expect(session.tokens == target)
                #expect(try Numbers(session).differences(from: Numbers.fresh(model, target)) == [])
            }
        }

        @Test("An edit computes only what follows it, and gives what a fresh session gives")
        func edits() throws {
            let shape = Self.shape, model = try shape.model(), session = try Session(model, threads: 2)
            var random = TestRandom(state: 31), ids = shape.ids(70)
            for _ in 0..<12 {
                let from = Int.random(in: 0..<ids.count, using: &random), count = Int.random(in: 0...5, using: &random)
                let common = session.tokens
                ids.replaceSubrange(from..<min(ids.count, from + count), with: shape.ids(Int.random(in: 1...4, using: &random), seed: random.next()))
                let watcher = Watcher([.residPre])
                _ = try session.sync(to: ids, taps: [watcher])
                let same = zip(common, ids).prefix { $0 == $1 }.count
                #expect(Set(watcher.seen.keys.map(\.position)) == Set(same..<ids.count))
                #expect(try Numbers(session).differences(from: Numbers.fresh(model, ids)) == [])
            }
        }

        @Test("A record that was dropped comes back bit by bit, for any range of queries")
        func dropped() throws {
            let shape = Self.shape, model = try shape.model(), ids = shape.ids(Self.long)
            let kept = try Session(model, threads: 2), dropping = try Session(model, threads: 2, recordCap: 0)
            _ = try kept.sync(to: ids)
            _ = try dropping.sync(to: ids)
            #expect((0..<Self.long).allSatisfy(kept.isRecorded))
            #expect((0..<Self.long).filter(dropping.isRecorded) == Array(128..<Self.long))
            // Each range crosses a border of pages of which both, one or none are there.
            for queries in [16..<48, 120..<140, 0..<3, 30..<34, 60..<200, 0..<Self.long] {
                #expect(try dropping.pattern(layer: 1, head: 3, queries: queries) == kept.pattern(layer: 1, head: 3, queries: queries))
                #expect(try dropping.steps(queries) == kept.steps(queries))
            }
            for position in [0, 100, 31, 200, 64] {
                #expect(try dropping.lens(position: position, top: 3) == kept.lens(position: position, top: 3))
                #expect(try dropping.logits(after: position) == kept.logits(after: position))
                #expect(try dropping.attention(query: position) == kept.attention(query: position))
            }
            #expect(try dropping.headScores(newest: 200) == kept.headScores(newest: 200))
            let fork = dropping.fork()
            _ = try fork.lens(position: 3, top: 1)
            try fork.append(1)
            #expect(try Numbers(dropping).differences(from: Numbers(kept)) == [])
        }

        @Test("Cancelled between batches, it keeps what it read and goes on later")
        func cancelled() throws {
            let shape = Self.shape, batch = Forward.batch, ids = shape.ids(2 * batch + 9), session = try Session(shape.model(), threads: 2)
            var seen: [Int] = []
            let whole = try session.sync(to: ids, progress: { seen.append($0) }, cancelled: { seen.count == 2 })
            #expect(!whole && session.tokens == Array(ids.prefix(2 * batch)) && seen == [batch, 2 * batch])
            #expect(try session.steps(0..<64, cancelled: { true }).isEmpty == false)
            #expect(try session.headScores(cancelled: { true }) == nil)
            #expect(try session.pattern(layer: 0, head: 0, queries: 0..<64, cancelled: { true }).isEmpty)
            #expect(try session.sync(to: ids))
            #expect(try Numbers(session).differences(from: Numbers.fresh(session.model, ids)) == [])
        }

        @Test("Asked for what is not there, it says nothing and does not trap")
        func outside() throws {
            let session = try Session(Self.shape.model(), threads: 1)
            #expect(try session.logits(after: 0).isEmpty && session.lens(position: 0, top: 3).isEmpty && session.attention(query: 0).isEmpty)
            #expect(try session.steps(0..<5).isEmpty && session.pattern(layer: 0, head: 0, queries: 0..<9).isEmpty)
            #expect(try session.headScores()?.queries == 0)
            #expect(try session.map(heads: [(0, 0)], side: 10)?.rows.isEmpty == true)
            try session.append(3)
            #expect(try session.pattern(layer: 2, head: 0, queries: 0..<1).isEmpty && session.pattern(layer: 0, head: -1, queries: 0..<1).isEmpty)
            #expect(try session.steps(0..<1) == [nil] && session.logits(after: 1).isEmpty && session.logits(after: -1).isEmpty)
            session.rewind(to: -4)
            #expect(session.tokens.isEmpty)
        }
    }

    @Suite("The default model: the same ids give the same bits", .enabled(if: RealModel.isThere, RealModel.comment))
    struct RealPassTests {
        static let text = "The capital of France is Paris, and the capital of Italy is Rome; the capital of Spain is Madrid. What is the capital of Chile?"

        @Test("In one go, token by token, on one, two or three threads, observed or not, forked")
        func invariants() throws {
            let model = try RealModel.model.get(), ids = model.tokenizer.encode(Array(Self.text.utf8)), layers = [0, 17, 29]
            let session = try RealModel.session(threads: 1)
            _ = try session.sync(to: ids)
            let expected = try Numbers(session, layers: layers)
            for threads in [2, 3] {
                let other = try RealModel.session(threads: threads)
                for id in ids { try other.append(id, taps: threads == 2 ? [] : [Watcher(Set(Site.allCases))]) }
                #expect(try Numbers(other, layers: layers).differences(from: expected) == [], "\(threads) threads")
                let fork = other.fork()
                fork.rewind(to: 11)
                _ = try fork.sync(to: ids, taps: [Watcher(Set(Site.allCases))])
                #expect(try Numbers(fork, layers: layers).differences(from: expected) == [], "\(threads) threads, forked")
            }
        }
    }

    /// In processes of their own: the kernel path is one for the process, and other tests run passes.
    @Suite("Kernel paths") struct PathTests {
        @Test("Portable, AVX2 and AVX-512 give the same bits for every weight type")
        func tiny() async {
            await #expect(processExitsWith: .success) {
                for shape in PassTests.shapes {
                    var first: Numbers?
                    for path in [TK_PORTABLE, TK_AVX2, TK_AVX512] where tk_use_path(Int32(path.rawValue)) != 0 {
                        let numbers = try Numbers.fresh(shape.model(), shape.ids(40))
                        #expect(numbers.differences(from: first ?? numbers) == [], "\(shape.testDescription), \(path)")
                        first = first ?? numbers
                    }
                }
            }
        }

        @Test("They do on the default model", .enabled(if: RealModel.isThere, RealModel.comment))
        func real() async {
            await #expect(processExitsWith: .success) {
                var first: Numbers?
                for path in [TK_PORTABLE, TK_AVX2, TK_AVX512] where tk_use_path(Int32(path.rawValue)) != 0 {
                    let session = try RealModel.session()
                    _ = try session.sync(to: session.model.tokenizer.encode(Array("The capital of France is".utf8)))
                    try session.append(7042)
                    let numbers = try Numbers(session, layers: [0, 29])
                    #expect(numbers.differences(from: first ?? numbers) == [], "\(path)")
                    first = first ?? numbers
                }
            }
        }
    }
}
