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
                    var previous = 0.0, duplicate = 0.0, induction = 0.0, entropy = 0.0
                    for query in queries {
                        let row = try session.pattern(layer: layer, head: head, queries: query..<query + 1)[0].map(Double.init)
                        if query > 0 { previous += row[query - 1] }
                        for key in 0...query {
                            if key < query, ids[key] == ids[query] { duplicate += row[key] }
                            if key > 0, ids[key - 1] == ids[query] { induction += row[key] }
                            if row[key] > 0 { entropy -= row[key] * logarithm(row[key]) }
                        }
                    }
                    let at = layer * shape.heads + head
                    let found = [scores.previous[at], scores.duplicate[at], scores.induction[at], scores.entropy[at]]
                    #expect(distance(found, [previous, duplicate, induction, entropy].map { $0 / Double(queries.count) }) < 1e-6)
                }
            }
        }
    }
}
