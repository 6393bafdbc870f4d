import Engine
import Foundation
import Testing
import Transformer

extension Passes {
    @Suite("Attribution") struct AttributionTests {
        @Test("A tiny model's parts are those of a pass in double precision, and sum to the logit", arguments: TwinTests.shapes)
        func agree(shape: TinyModel) throws {
            let session = try Session(shape.model(), threads: 2), ids = shape.ids(36)
            let watcher = Watcher([.k, .v])
            _ = try session.sync(to: ids, taps: [watcher])
            let twin = Twin(shape), expected = twin.run(ids) { watcher.seen[Watcher.Place(site: $0, layer: $1, position: $2)] ?? [] }
            let isFloat = [.f32, .f16, .bf16].contains(shape.type)
            for position in [0, 17, 35] {
                let found = try #require(try session.attribution(position: position, token: 40))
                let (embedding, heads, mlps) = twin.attribution(expected[position], 40)
                var parts = [embedding]
                for layer in heads.indices { parts += heads[layer] + [mlps[layer]] }
                #expect(distance(found.parts.map { Float($0.value) }, parts) < (isFloat ? 1e-4 : 5e-3))
                #expect(abs(found.remainder) < (isFloat ? 1e-4 : 2e-3))
                #expect(found.logit == Double(try session.logits(after: position)[40]))
            }
        }

        @Test("The difference of two tokens is the difference of their parts; looking changes no bit, and a dropped record comes back")
        func difference() throws {
            let shape = TinyModel(type: .q4_1, headType: .q8_0), model = try shape.model(), ids = shape.ids(150)
            let session = try Session(model, threads: 2, recordCap: 0)
            _ = try session.sync(to: ids)
            #expect(!session.isRecorded(2))
            let one = try #require(try session.attribution(position: 2, token: 7)), other = try #require(try session.attribution(position: 2, token: 8))
            let both = try #require(try session.attribution(position: 2, token: 7, against: 8))
            #expect(both.logit == one.logit - other.logit && both.norm == one.norm)
            for (index, part) in both.parts.enumerated() {
                #expect(abs(part.value - (one.parts[index].value - other.parts[index].value)) < 1e-9)
            }
            #expect(both.strongest(3).map { abs($0.value) } == Array(both.parts.map { abs($0.value) }.sorted(by: >).prefix(3)))
            #expect(try Numbers(session).differences(from: Numbers.fresh(model, ids)).isEmpty)
            #expect(try session.attribution(position: 150, token: 7) == nil)
            #expect(throws: EngineError.self) { try session.attribution(position: 2, token: 277) }
        }

        @Test("Under edits of every place the parts still sum to the edited model's logit", arguments: Edit.sites)
        func edited(site: Site) throws {
            let shape = TinyModel(type: .f32), session = try Session(shape.model(), threads: 2), ids = shape.ids(30)
            _ = try session.sync(to: ids)
            for change in [Edit.Change.zero, .scale(-2)] {
                let edited = try #require(try session.fork(edits: [Edit(site, layer: 1, change), Edit(site, layer: 0, positions: 5..<29, change)]))
                for position in [4, 20, 29] {
                    let found = try #require(try edited.attribution(position: position, token: 11, against: 12))
                    let logits = try edited.logits(after: position)
                    #expect(found.logit == Double(logits[11]) - Double(logits[12]))
                    #expect(abs(found.remainder) < 1e-3 * max(1, abs(found.logit)), "\(site) \(change) \(position)")
                    let isStream = [.residPre, .attnOut, .residMid].contains(site)
                    #expect(found.parts.contains { $0.part == .edit(layer: 1) } == isStream)
                    #expect(found.parts.contains { $0.part == .edit(layer: 0) } == (isStream && position == 20))
                }
            }
        }

        @Test("Parts and the sum do not depend on the number of threads or on what else ran")
        func threads() throws {
            let shape = TinyModel(type: .q5_0), model = try shape.model(), ids = shape.ids(40)
            let one = try Session(model, threads: 1), two = try Session(model, threads: 2)
            _ = try one.sync(to: ids)
            _ = try two.sync(to: ids.prefix(20) + [3, 4])
            _ = try two.sync(to: ids, chunk: 7)
            #expect(try one.attribution(position: 30, token: 9, against: 5) == two.attribution(position: 30, token: 9, against: 5))
        }

        struct Expected: Decodable {
            let ids: [Int32], position: Int, token: Int32, against: Int32?
            let logit: Double, embedding: Double, heads: [[Double]], mlps: [Double]
        }

        @Test("The default model's 301 parts are within 0.03 of the float32 reference, and leave less than 0.001",
              .enabled(if: RealModel.isThere, RealModel.comment))
        func reference() throws {
            let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures/attribution.json")
            let all = try JSONDecoder().decode([Expected].self, from: Data(contentsOf: url))
            #expect(all.count == 6)
            let session = try RealModel.session()
            for expected in all {
                _ = try session.sync(to: expected.ids)
                let found = try #require(
                    try session.attribution(position: expected.position, token: expected.token, against: expected.against))
                var parts = [expected.embedding]
                for layer in expected.heads.indices { parts += expected.heads[layer] + [expected.mlps[layer]] }
                #expect(parts.count == 301)
                #expect(distance(found.parts.map { Float($0.value) }, parts) < 0.03)
                #expect(abs(found.logit - expected.logit) < 0.03)
                #expect(abs(found.remainder) < 1e-3)
            }
        }
    }
}
