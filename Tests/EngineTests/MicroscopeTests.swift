import Engine
import Foundation
import Testing
import Transformer

/// Against Fixtures/microscope.py, a float32 pass that shares nothing with this one.
extension Passes {
    @Suite("The microscope and its witness") struct MicroscopeTests {
        enum Subject: String, CaseIterable, CustomTestStringConvertible {
            case tiny = "microscope-tiny", trained = "microscope"
            var testDescription: String { self == .tiny ? "random weights" : "the default model" }
            /// The default model where it is there; the other always.
            static var there: [Subject] { RealModel.isThere ? allCases : [.tiny] }
            static func fixture(_ name: String) -> URL {
                URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures/" + name)
            }
            func session() throws -> Session {
                self == .trained ? try RealModel.session() : try Session(Model(path: Self.fixture("tiny.gguf").path, threads: 2), threads: 2)
            }
            func expected() throws -> Expected {
                try JSONDecoder().decode(Expected.self, from: Data(contentsOf: Self.fixture(rawValue + ".json")))
            }
        }

        struct Expected: Decodable {
            struct Stage: Decodable { let top: Int32, best: Double, logprob: Double, entropy: Double, divergence: Double }
            struct Parts: Decodable { let embedding: Double, heads: [[Double]], mlps: [Double] }
            struct Change: Decodable {
                let site: Site, layer: Int, head: Int?, positions: [Int]?, change: String, factor: Float?, from: Int?
            }
            struct Case: Decodable { let edits: [Change], divergence: Double, change: Double }
            struct Patches: Decodable { let site: Site, cells: [[Double]] }
            let ids: [Int32], source: [Int32], token: Int32, against: Int32
            let lens: [Stage], patterns: [[[Double]]], weighted: [[[Double]]], attribution: Parts, edits: [Case], patches: [Patches]
        }

        private func synced(_ subject: Subject, _ ids: [Int32], _ taps: [any Tap] = []) throws -> Session {
            let session = try subject.session()
            _ = try session.sync(to: ids, taps: taps)
            return session
        }

        @Test("The lens is within 0.03 nats at every stage", arguments: Subject.there)
        func lens(subject: Subject) throws {
            let expected = try subject.expected(), session = try synced(subject, expected.ids)
            let column = try #require(try session.lens(position: expected.ids.count - 1, token: expected.token, top: 1, halves: true))
            #expect(column.cells.count == expected.lens.count)
            for (cell, stage) in zip(column.cells, expected.lens) {
                #expect(cell.top[0].id == stage.top && abs(Double(cell.top[0].logprob) - stage.best) < 0.03, "\(cell.stage)")
                #expect(abs(Double(cell.logprob) - stage.logprob) < 0.03, "\(cell.stage)")
                #expect(abs(cell.entropy - stage.entropy) < 0.03, "\(cell.stage)")
                #expect(abs(cell.divergence - stage.divergence) < 0.03, "\(cell.stage)")
            }
        }

        @Test("Patterns, and patterns weighted by the length of the values, are within 0.01", arguments: Subject.there)
        func patterns(subject: Subject) throws {
            let expected = try subject.expected(), session = try synced(subject, expected.ids)
            let shape = session.model.shape, last = expected.ids.count - 1
            var lengths = ValueNorms()
            lengths.follow(session)
            for (index, layer) in stride(from: 0, to: shape.layers, by: max(1, shape.layers / 3)).enumerated() {
                for head in 0..<shape.heads {
                    let row = try #require(try session.pattern(layer: layer, head: head, queries: last..<last + 1).first)
                    #expect(distance(row, expected.patterns[index][head]) < 0.01)
                    #expect(distance(lengths.weighted(row, layer: layer, head: head), expected.weighted[index][head]) < 0.01)
                }
            }
        }

        @Test("Every part of a difference of logits is within 0.03", arguments: Subject.there)
        func attribution(subject: Subject) throws {
            let expected = try subject.expected(), session = try synced(subject, expected.ids)
            let found = try #require(try session.attribution(position: expected.ids.count - 1, token: expected.token, against: expected.against))
            var parts = [expected.attribution.embedding]
            for layer in expected.attribution.heads.indices { parts += expected.attribution.heads[layer] + [expected.attribution.mlps[layer]] }
            #expect(parts.count == found.parts.count)
            #expect(distance(found.parts.map { Float($0.value) }, parts) < 0.03)
        }

        @Test("The KL divergence of edits of every kind is within 2 %", arguments: Subject.there)
        func edits(subject: Subject) throws {
            let expected = try subject.expected(), own = Watcher(Set(Edit.sites)), other = Watcher(Set(Edit.sites))
            let token = expected.token, session = try synced(subject, expected.ids, [own]), last = expected.ids.count - 1
            _ = try synced(subject, expected.source, [other])
            let before = Distribution(logits: try session.logits(after: last))
            func seen(_ watcher: Watcher, _ one: Expected.Change, _ position: Int) throws -> [Float] {
                let all = try #require(watcher.seen[Watcher.Place(site: one.site, layer: one.layer, position: position)])
                return Array(all[Edit(one.site, layer: one.layer, head: one.head, .zero).range(in: session.model.shape)])
            }
            for expected in expected.edits {
                let edits = try expected.edits.map { one in
                    let change: Edit.Change = switch one.change {
                    case "zero": .zero
                    case "mean": .mean
                    case "scale": .scale(try #require(one.factor))
                    case "from": .replace(try seen(other, one, try #require(one.from)))
                    default: .add(try zip(seen(other, one, last), seen(own, one, last)).map { try #require(one.factor) * ($0 - $1) })
                    }
                    return Edit(one.site, layer: one.layer, head: one.head, positions: one.positions.map { $0[0]..<$0[1] }, change)
                }
                let edited = try #require(try session.fork(edits: edits))
                let after = Distribution(logits: try edited.logits(after: last)), name = "\(expected.edits[0])"
                #expect(abs(before.divergence(to: after) - expected.divergence) < 0.02 * expected.divergence, "\(name)")
                let change = Double(after.logprob(of: token)) - Double(before.logprob(of: token))
                #expect(abs(change - expected.change) < 0.03, "\(name)")
            }
        }

        @Test("What patching every layer and position does is within 2 % where it is much, and within 0.001 nats where it is not", arguments: Subject.there)
        func patches(subject: Subject) throws {
            let expected = try subject.expected(), session = try synced(subject, expected.ids), source = try synced(subject, expected.source)
            for patches in expected.patches {
                var sweep = try #require(try PatchSweep(session, source: source, site: patches.site, token: expected.token, against: expected.against))
                while try sweep.step() {}
                #expect(sweep.found.count == patches.cells.count)
                for (own, cell) in zip(sweep.found, patches.cells) {
                    let name = "\(patches.site) \(own.layer) \(own.position)"
                    #expect(abs(own.change - cell[0]) < 0.03, "\(name)")
                    #expect(abs(own.divergence - cell[1]) < max(0.02 * cell[1], 0.001), "\(own.divergence) \(cell[1]) \(name)")
                }
            }
        }
    }
}
