import CKernels
import Engine
import GGUF
import Testing
import Tokenizer
import Transformer

extension Passes {
    /// What must not change a bit, on a tiny model of each weight type.
    @Suite("The same ids give the same bits") struct PassTests {
        static let shapes = TinyModel.types.map { TinyModel(type: $0, headType: $0 == .q4_1 ? .q8_0 : nil, isTied: $0 != .f16) }
        /// Passes two borders of batches and four of pages.
        static let count = 135

        @Test("Token by token, in calls of any size, on one, two or three threads", arguments: shapes)
        func splits(shape: TinyModel) throws {
            let model = try shape.model(), ids = shape.ids(Self.count)
            let expected = try Numbers.fresh(model, ids)
            #expect(Set(expected.logits).count == Self.count)
            for (threads, sizes) in [(1, [1]), (2, [1]), (2, [Self.count]), (2, [3, 1, 30, 7, 29]), (3, [31, 2, 37]), (3, [1]), (4, [64, 1, 5]), (8, [50, 1])] {
                let session = try Session(model, threads: threads)
                for call in ids.indices where session.tokens.count < ids.count {
                    let done = session.tokens.count, size = sizes[call % sizes.count]
                    if size == 1 {
                        try session.append(ids[done])
                    } else {
                        let whole = try session.sync(to: Array(ids.prefix(done + size)))
                        #expect(whole)
                    }
                }
                #expect(session.tokens == ids)
                #expect(try Numbers(session).differences(from: expected) == [], "\(threads) threads, calls of \(sizes)")
            }
        }

        @Test("Observed at any place or at all of them", arguments: shapes)
        func taps(shape: TinyModel) throws {
            let model = try shape.model(), ids = shape.ids(40)
            let expected = try Numbers.fresh(model, ids)
            for (threads, sites) in [(1, Set(Site.allCases)), (2, Set(Site.allCases))] + Site.allCases.map({ (2, [$0]) }) {
                let watcher = Watcher(sites), session = try Session(model, threads: threads)
                _ = try session.sync(to: Array(ids.dropLast(2)), taps: [watcher])
                for id in ids.suffix(2) { try session.append(id, taps: [watcher]) }
                #expect(try Numbers(session).differences(from: expected) == [], "\(sites.map(\.rawValue))")
                // A place is reported once for each layer and position, one column or many.
                #expect(watcher.twice.isEmpty && watcher.seen.count == sites.count * shape.layers * ids.count)
            }
        }

        @Test("Observed values fit together", arguments: [shapes[0], shapes[4]])
        func tapValues(shape: TinyModel) throws {
            let watcher = Watcher(Set(Site.allCases)), session = try Session(shape.model(), threads: 2), ids = shape.ids(36)
            _ = try session.sync(to: ids, taps: [watcher])
            func seen(_ site: Site, _ layer: Int, _ position: Int) -> [Float] {
                watcher.seen[Watcher.Place(site: site, layer: layer, position: position)] ?? []
            }
            for position in ids.indices {
                for layer in 0..<shape.layers {
                    let pre = seen(.residPre, layer, position), mid = seen(.residMid, layer, position)
                    #expect(zip(pre, seen(.attnOut, layer, position)).map { $0 + $1 } == mid)
                    let post = layer + 1 < shape.layers ? seen(.residPre, layer + 1, position) : seen(.residPost, layer, position)
                    #expect(zip(mid, seen(.mlpOut, layer, position)).map { $0 + $1 } == post)
                    #expect(seen(.z, layer, position).count == shape.heads * shape.headWidth)
                }
            }
        }

        @Test("Patterns sum to 1 and are the softmax of the queries and keys that were seen", arguments: shapes)
        func patterns(shape: TinyModel) throws {
            let watcher = Watcher([.q, .k]), session = try Session(shape.model(), threads: 2), ids = shape.ids(Self.count), width = shape.headWidth
            _ = try session.sync(to: ids, taps: [watcher])
            func seen(_ site: Site, _ layer: Int, _ position: Int, _ head: Int) -> ArraySlice<Float> {
                let all = watcher.seen[Watcher.Place(site: site, layer: layer, position: position)] ?? []
                return all[head * width..<(head + 1) * width]
            }
            for layer in 0..<shape.layers {
                for head in 0..<shape.heads {
                    for (query, row) in try session.pattern(layer: layer, head: head, queries: 0..<ids.count).enumerated() {
                        #expect(abs(row.reduce(0) { $0 + Double($1) } - 1) < 1e-5)
                        let q = seen(.q, layer, query, head)
                        let scores = (0...query).map { key in
                            zip(q, seen(.k, layer, key, head * shape.kvHeads / shape.heads)).reduce(0) { $0 + Double($1.0) * Double(Float16($1.1)) }
                        }
                        let weights = scores.map { exponential(($0 - (scores.max() ?? 0)) / Double(width).squareRoot()) }
                        let total = weights.reduce(0, +)
                        #expect(distance(row, weights.map { $0 / total }) < 1e-5)
                    }
                }
            }
        }

        @Test("Every way to a pattern gives the same row", arguments: [shapes[4]])
        func patternTwins(shape: TinyModel) throws {
            let session = try Session(shape.model(), threads: 2), ids = shape.ids(Self.count)
            _ = try session.sync(to: ids)
            let whole = try session.pattern(layer: 1, head: 2, queries: 0..<ids.count)
            #expect(whole.count == ids.count)
            for query in [0, 1, 31, 32, 69, 134] { #expect(try session.attention(query: query)[1][2] == whole[query]) }
            #expect(try session.pattern(layer: 1, head: 2, queries: 20..<45) == Array(whole[20..<45]))
            #expect(try session.weights(on: 30, heads: [(1, 2)])?.enumerated().map { $1 == ($0 < 30 ? 0 : whole[$0][30]) }.allSatisfy { $0 } == true)
            let map = try #require(try session.map(heads: [(1, 2)], side: Self.count))
            #expect(map.pool == 1 && map.rows == whole)
            let pooled = try #require(try session.map(heads: [(1, 2)], side: 45))
            #expect(pooled.pool == 3 && pooled.rows.count == 45)
            #expect(pooled.rows[10][4] == (30..<33).flatMap { query in (12..<15).map { whole[query][$0] } }.max())
        }

        @Test("The lens at the last layer is the prediction itself, and at the embedding reads it alone", arguments: shapes)
        func lens(shape: TinyModel) throws {
            let session = try Session(shape.model(), threads: 2), ids = shape.ids(40)
            _ = try session.sync(to: ids)
            for position in [0, 31, 32, 39] {
                let layers = try session.lens(position: position, top: 7)
                let own = Distribution(logits: try session.logits(after: position)).top(7)
                let last = try #require(layers.last)
                #expect(layers.count == shape.layers + 1 && last != layers[0])
                #expect(last.map(\.id) == own.map(\.id) && last.map(\.logprob) == own.map(\.logprob))
            }
            let other = try Session(session.model, threads: 2)
            try other.append(ids[39])
            #expect(try other.lens(position: 0, top: 7)[0] == session.lens(position: 39, top: 7)[0])
        }

        @Test("Scores are steps: what the logits before a token say", arguments: shapes)
        func steps(shape: TinyModel) throws {
            let session = try Session(shape.model(), threads: 3), ids = shape.ids(Self.count)
            _ = try session.sync(to: ids)
            let steps = try session.steps(0..<ids.count)
            #expect(steps.count == ids.count && steps[0] == nil)
            for position in 1..<ids.count {
                let step = try #require(steps[position]), before = Distribution(logits: try session.logits(after: position - 1))
                #expect(step.id == ids[position] && step.logprob == before.logprob(of: ids[position]))
                #expect(step.rank == before.rank(of: ids[position]) && step.entropy == Float(before.entropy))
            }
            #expect(try session.steps(17..<53) == Array(steps[17..<53]))
            #expect(try session.steps(60..<900) == Array(steps[60...]) && session.steps(5..<5) == [])
        }
    }
}
