import Engine
import Testing
import Tokenizer

extension Passes {
    @Suite("Head scores") struct HeadScoresTests {
        @Test("They are the means that a count over the patterns gives", arguments: [(256, 0), (20, 26), (1, 45)])
        func naive(newest: Int, first: Int) throws {
            let shape = TinyModel(type: .f16), session = try Session(shape.model(), threads: 2)
            // A sequence that repeats, with a token twice in a row and one that comes once.
            let motif: [Int32] = [5, 9, 9, 17, 4, 33, 5, 8, 250, 21, 60]
            let ids = motif + motif + [77] + motif + motif + [5]
            #expect(ids.count == 46)
            _ = try session.sync(to: ids)
            let scores = try #require(try session.headScores(newest: newest))
            let queries = first..<46
            #expect(scores.layers == shape.layers && scores.heads == shape.heads && scores.queries == queries.count)
            for layer in 0..<shape.layers {
                for head in 0..<shape.heads {
                    var sink = 0.0, previous = 0.0, duplicate = 0.0, induction = 0.0, entropy = 0.0
                    for query in queries {
                        let row = try session.pattern(layer: layer, head: head, queries: query..<query + 1)[0].map(Double.init)
                        if query > 0 { (sink, previous) = (sink + row[0], previous + row[query - 1]) }
                        for key in 0...query {
                            if key < query, ids[key] == ids[query] { duplicate += row[key] }
                            if key > 0, ids[key - 1] == ids[query] { induction += row[key] }
                            if row[key] > 0 { entropy -= row[key] * logarithm(row[key]) }
                        }
                    }
                    let at = layer * shape.heads + head
                    let found = [scores.sink[at], scores.previous[at], scores.duplicate[at], scores.induction[at], scores.entropy[at]]
                    #expect(distance(found, [sink, previous, duplicate, induction, entropy].map { $0 / Double(queries.count) }) < 1e-6)
                }
            }
        }

        @Test("The mean row of a span is the mean of its queries' rows, and one query's is its own to the bit")
        func span() throws {
            let shape = TinyModel(type: .f16), session = try Session(shape.model(), threads: 2)
            _ = try session.sync(to: shape.ids(70))
            let span = 30..<41, mean = try #require(try session.attention(queries: span))
            #expect(try session.attention(queries: 40..<41) == session.attention(query: 40))
            for layer in 0..<shape.layers {
                for head in 0..<shape.heads {
                    var sum = [Double](repeating: 0, count: 41)
                    for row in try session.pattern(layer: layer, head: head, queries: span) {
                        for key in row.indices { sum[key] += Double(row[key]) / 11 }
                    }
                    #expect(distance(mean[layer][head], sum) < 1e-6)
                }
            }
            #expect(try session.attention(queries: span, cancelled: { true }) == nil)
        }

        @Test("Weights times values' lengths follow the text, also where it changes, and the map and the column are made of them")
        func values() throws {
            let shape = TinyModel(type: .f16), session = try Session(shape.model(), threads: 1), ids = shape.ids(70)
            var lengths = ValueNorms()
            for text in [ids, Array(ids.prefix(33)), Array(ids.prefix(33)) + [9, 8, 7, 6, 5]] {
                let watcher = Watcher([.v]), fresh = try Session(shape.model(), threads: 1)
                _ = try fresh.sync(to: text, taps: [watcher])
                _ = try session.sync(to: text)
                session.rewind(to: text.count)
                lengths.follow(session)
                let group = shape.heads / shape.kvHeads, width = shape.headWidth
                for head in 0..<shape.heads {
                    let row = try session.pattern(layer: 1, head: head, queries: text.count - 1..<text.count)[0], start = head / group * width
                    let expected = try text.indices.map { key in
                        let v = try #require(watcher.seen[Watcher.Place(site: .v, layer: 1, position: key)])[start..<start + width]
                        return Double(row[key]) * v.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
                    }
                    // The cache holds values in 16 bits.
                    #expect(distance(lengths.weighted(row, layer: 1, head: head), expected) < 2e-3)
                }
            }
            let count = session.tokens.count, map = try #require(try session.map(heads: [(1, 0)], side: 100, values: lengths)?.rows)
            let column = try #require(try session.weights(on: 4, heads: [(1, 0)], values: lengths))
            for query in 0..<count {
                let row = lengths.weighted(try session.pattern(layer: 1, head: 0, queries: query..<query + 1)[0], layer: 1, head: 0)
                #expect(map[query] == row && column[query] == (query >= 4 ? row[4] : 0))
            }
        }

        @Test("The entropies along the text are those of its rows")
        func spread() throws {
            let shape = TinyModel(type: .f16), session = try Session(shape.model(), threads: 1)
            _ = try session.sync(to: shape.ids(50))
            let found = try #require(try session.patternEntropies(heads: [(0, 1), (1, 2)]))
            let expected = try (0..<50).map { query in
                try [(0, 1), (1, 2)].reduce(0.0) { sum, head in
                    let row = try session.pattern(layer: head.0, head: head.1, queries: query..<query + 1)[0]
                    return sum - row.reduce(0.0) { $1 > 0 ? $0 + Double($1) * logarithm(Double($1)) : $0 } / 2
                }
            }
            #expect(distance(found, expected) < 1e-5)
        }
    }
}
