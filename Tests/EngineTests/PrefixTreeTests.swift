import Engine
import GGUF
import Testing
import Transformer

extension Passes {
    @Suite("The tree of prefixes") struct PrefixTreeTests {
        static let shape = TinyModel(type: .q4_1)
        /// Bytes of 32 positions with their record.
        static func page(_ session: Session) -> Int {
            PageLayout(session.model.shape).bytes + (shape.layers + 1) * PageLayout.positions * shape.width * 4
        }

        /// The positions that a sync computes.
        private func computed(_ session: Session, _ target: [Int32]) throws -> [Int] {
            let watcher = Watcher([.residPost])
            _ = try session.sync(to: target, taps: [watcher])
            #expect(session.tokens == target && watcher.twice.isEmpty)
            return watcher.seen.keys.filter { $0.layer == 0 }.map(\.position).sorted()
        }

        @Test("An undo, a walk to another branch and another session with the same beginning compute nothing")
        func found() throws {
            let shape = Self.shape, model = try shape.model(), session = try Session(model, threads: 2)
            let one = shape.ids(130), other = Array(one.prefix(40) + shape.ids(60, seed: 9)), third = Array(one.prefix(64) + shape.ids(40, seed: 8))
            #expect(try computed(session, one) == Array(0..<130))
            #expect(try computed(session, other) == Array(40..<100))
            #expect(try computed(session, third) == Array(64..<104))
            let fork = session.fork()
            fork.rewind(to: 0)
            for target in [one, other, third, Array(other.prefix(50)), [], Array(one.prefix(128)), third, one] {
                for user in [session, fork] {
                    #expect(try computed(user, target) == [])
                    if !target.isEmpty { #expect(try Numbers(user).differences(from: Numbers.fresh(model, target)) == []) }
                }
            }
            // Token by token it is found as well.
            fork.rewind(to: 0)
            let watcher = Watcher([.residPost])
            for id in other { try fork.append(id, taps: [watcher]) }
            #expect(fork.tokens == other && watcher.seen.isEmpty)
        }

        @Test("A short tail that is typed over is not kept, one that somebody else needs is")
        func tails() throws {
            let shape = Self.shape, model = try shape.model(), session = try Session(model, threads: 2)
            let one = shape.ids(50), other = Array(one.prefix(40) + shape.ids(10, seed: 9))
            _ = try session.sync(to: one)
            #expect(try computed(session, other) == Array(40..<50))
            #expect(try computed(session, one) == Array(40..<50))
            let fork = session.fork()
            #expect(try computed(session, other) == Array(40..<50))
            #expect(try computed(session, one) == [])
            #expect(try computed(session, other) == [])
            #expect(try Numbers(fork).differences(from: Numbers.fresh(model, one)) == [])
            #expect(try Numbers(session).differences(from: Numbers.fresh(model, other)) == [])
        }

        @Test("What nobody holds goes when it is too much: the longest unused first, ends before beginnings")
        func eviction() throws {
            let shape = Self.shape, model = try shape.model(), page = try Self.page(Session(model, threads: 1))
            let targets = (0..<3).map { shape.ids(64, seed: 20 + $0) }
            let session = try Session(model, threads: 2, kept: 2 * page)
            for target in targets { #expect(try computed(session, target).count == 64) }
            #expect(try computed(session, targets[1]) == [])
            #expect(try computed(session, targets[2]) == [])
            #expect(try computed(session, targets[0]) == Array(0..<64))
            let long = shape.ids(96)
            _ = try session.sync(to: long)
            _ = try session.sync(to: targets[2])
            #expect(try computed(session, long) == Array(64..<96))
            // Another session's path is no matter of room.
            let fork = session.fork()
            for target in targets { _ = try session.sync(to: target) }
            #expect(try computed(session, long) == [])
            #expect(try Numbers(fork).differences(from: Numbers.fresh(model, long)) == [])
            session.forget()
            #expect(session.tokens.isEmpty)
            #expect(try computed(session, long) == [])
            #expect(try computed(session, targets[0]) == Array(0..<64))
            let nothing = try Session(model, threads: 2, kept: 0)
            for target in [long, Array(long.prefix(40)), long] { _ = try nothing.sync(to: target) }
            nothing.rewind(to: 33)
            #expect(try computed(nothing, long) == Array(64..<96))
        }

        @Test("Sessions that wander over the same branches, with little room, say what fresh ones say")
        func wander() throws {
            let shape = Self.shape, model = try shape.model(), page = try Self.page(Session(model, threads: 1))
            var random = TestRandom(state: 77)
            let origin = try Session(model, threads: 2, recordCap: 0, kept: 3 * page)
            var sessions = [origin, origin.fork(), origin.fork()]
            var branches = [shape.ids(150)]
            for _ in 0..<60 {
                let at = Int.random(in: 0..<3, using: &random)
                switch Int.random(in: 0..<5, using: &random) {
                case 0: sessions[at] = sessions[Int.random(in: 0..<3, using: &random)].fork()
                case 1: sessions[at].rewind(to: Int.random(in: 0...150, using: &random))
                case 2:
                    let base = branches[Int.random(in: 0..<branches.count, using: &random)]
                    branches.append(Array(base.prefix(Int.random(in: 0...base.count, using: &random)) + shape.ids(Int.random(in: 1...50, using: &random), seed: random.next())))
                default: break
                }
                let target = Array(branches[Int.random(in: 0..<branches.count, using: &random)].prefix(Int.random(in: 1...200, using: &random)))
                _ = try sessions[at].sync(to: target, chunk: Int.random(in: 1...Forward.batch, using: &random))
                #expect(try Numbers(sessions[at], layers: [1]).differences(from: Numbers.fresh(model, target, layers: [1])) == [])
            }
            for session in sessions where !session.tokens.isEmpty {
                #expect(try Numbers(session).differences(from: Numbers.fresh(model, session.tokens)) == [])
            }
        }
    }

    @Suite("Several sessions in one pass") struct RaggedTests {
        typealias Part = (session: Session, ids: ArraySlice<Int32>)

        /// Ends that part at once, late, in the middle of what others add in the same pass, or not at all.
        private func ends(_ shape: TinyModel) -> [[Int32]] {
            let one = shape.ids(70, seed: 3), other = shape.ids(20, seed: 4)
            return [
                one, Array(one.prefix(3) + other), Array(one.prefix(3) + other.dropLast() + [9]), [], one, Array(one.prefix(40)), [other[0]],
                Array(one.prefix(66) + other), Array(one + other), Array(one.prefix(33) + other), [one[0]], [8, 8],
            ]
        }

        @Test("Each gets what it gets alone", arguments: PassTests.shapes)
        func extend(shape: TinyModel) throws {
            let model = try shape.model()
            for (kept, threads) in [(0, 2), (33, 3), (70, 1)] {
                let prefix = shape.ids(kept), session = try Session(model, threads: threads, recordCap: threads == 3 ? 0 : 512 << 20)
                _ = try session.sync(to: prefix)
                let parts = ends(shape).map { Part(session.fork(), $0[...]) }
                #expect(try Session.extend(parts))
                for (fork, ids) in parts {
                    #expect(fork.tokens == prefix + ids)
                    guard !fork.tokens.isEmpty else { continue }
                    #expect(try Numbers(fork).differences(from: Numbers.fresh(model, fork.tokens)) == [], "\(kept) + \(ids.count)")
                }
                #expect(session.tokens == prefix)
            }
        }

        @Test("Step by step, as streams go, each gets what it gets alone")
        func streams() throws {
            let shape = PassTests.shapes[4], model = try shape.model(), session = try Session(model, threads: 2), prefix = shape.ids(20)
            _ = try session.sync(to: prefix)
            let forks = (0..<5).map { _ in session.fork() }
            var random = TestRandom(state: 3)
            for _ in 0..<30 {
                // Few different ids, so that some go the same way for a while.
                #expect(try Session.extend(forks.map { Part($0, [Int32.random(in: 0..<2, using: &random)]) }))
            }
            for fork in forks { #expect(try Numbers(fork).differences(from: Numbers.fresh(model, fork.tokens)) == []) }
        }

        @Test("Cancelled between passes it goes on later; refused ids change nothing")
        func faults() throws {
            let shape = PassTests.shapes[4], model = try shape.model(), session = try Session(model, threads: 2, context: 200), ids = shape.ids(90)
            let forks = [session.fork(), session.fork()]
            var asked = 0
            let isWhole = try Session.extend([(forks[0], ids[...]), (forks[1], ids.reversed()[...])], cancelled: { asked += 1; return asked > 1 })
            #expect(!isWhole && forks.map(\.tokens.count).reduce(0, +) == Forward.batch)
            #expect(try Session.extend([(forks[0], ids[forks[0].tokens.count...]), (forks[1], Array(ids.reversed())[forks[1].tokens.count...])]))
            #expect(try Numbers(forks[0]).differences(from: Numbers.fresh(model, ids)) == [])
            #expect(try Numbers(forks[1]).differences(from: Numbers.fresh(model, ids.reversed())) == [])
            #expect(throws: EngineError.self) { try Session.extend([(forks[0], [1]), (forks[1], [277])]) }
            #expect(throws: EngineError.self) { try Session.extend([(forks[0], [1]), (forks[1], shape.ids(111)[...])]) }
            #expect(forks.map(\.tokens) == [ids, ids.reversed()])
            #expect(try Session.extend([]))
        }

        @Test("What is not finite in one takes the pass back from all, and nobody finds it later", arguments: [6, 40])
        func poison(kept: Int) throws {
            let shape = TinyModel(isTied: false)
            let model = try shape.model { _, tensors in
                guard let at = tensors.firstIndex(where: { $0.name == "token_embd.weight" }) else { return }
                let start = 9 * shape.width * 4
                tensors[at].bytes.replaceSubrange(start..<start + 4, with: withUnsafeBytes(of: Float.nan) { Array($0) })
            }
            let session = try Session(model, threads: 2, recordCap: 0), prefix = [Int32](repeating: 3, count: kept)
            _ = try session.sync(to: prefix)
            let forks = (0..<4).map { _ in session.fork() }, sound: [Int32] = [4, 5]
            for ends in [[sound, [4, 9], [4, 9, 6], [7]], [[4, 9], [4, 9], sound, [4]], [[7], [9], [9, 1], [9, 2]]] {
                let parts = zip(forks, ends).map { Part($0, $1[...]) }, bad = ends[1] == [9] ? kept : kept + 1
                #expect { try Session.extend(parts) } throws: { error in
                    if case EngineError.notFinite(bad) = error { true } else { false }
                }
                // What passes before it have done stays.
                #expect(zip(forks, ends).allSatisfy { (prefix + $1).starts(with: $0.tokens) && !$0.tokens.contains(9) })
                for fork in forks { fork.rewind(to: kept) }
            }
            // Memory that held it is used again.
            #expect(try Session.extend(forks.map { Part($0, sound[...]) } + [(session, Array(repeating: 4, count: 40)[...])]))
            let expected = try Numbers.fresh(model, prefix + sound)
            for fork in forks { #expect(try Numbers(fork).differences(from: expected) == []) }
            #expect(try Numbers(session).differences(from: Numbers.fresh(model, session.tokens)) == [])
        }
    }
}
