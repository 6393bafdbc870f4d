import Engine
import GGUF
import Testing
import Transformer

extension Passes {
    @Suite("Tiny models against a pass in double precision") struct TwinTests {
        static let shapes: [TinyModel] = {
            var shapes = TinyModel.types.map { type in
                var shape = TinyModel(type: type)
                shape.isTied = type != .q4_1 && type != .f16
                return shape
            }
            // One head for all queries, part of a head rotated, rows that are no whole blocks, a vocabulary of whole tiles.
            shapes.append(TinyModel(layers: 3, width: 48, heads: 6, kvHeads: 1, headWidth: 32, hidden: 80, vocabulary: 288, rotary: 12, base: 500))
            // A head in another type, as most files have it, and as many key heads as heads.
            shapes.append(TinyModel(type: .q4_1, headType: .q8_0, kvHeads: 4))
            shapes.append(TinyModel(type: .iq4_nl))
            for type in [WeightType.q4_K, .q5_K] {
                shapes.append(TinyModel(type: type, width: 256, heads: 4, kvHeads: 2, headWidth: 64, hidden: 256, rotary: 64))
            }
            return shapes
        }()

        @Test("Keys, values, residuals, patterns and logits agree", arguments: shapes)
        func agree(shape: TinyModel) throws {
            let session = try Session(shape.model(), threads: 2), ids = shape.ids(36)
            let watcher = Watcher([.k, .v, .residPre, .residPost])
            _ = try session.sync(to: ids, taps: [watcher])
            func seen(_ site: Site, _ layer: Int, _ position: Int) -> [Float] {
                watcher.seen[Watcher.Place(site: site, layer: layer, position: position)] ?? []
            }
            var worst = Errors()
            for (position, expected) in Twin(shape).run(ids, observed: seen).enumerated() {
                worst.cache = max(worst.cache, expected.cacheError)
                worst.logits = max(worst.logits, distance(try session.logits(after: position), expected.logits))
                for layer in 0..<shape.layers {
                    worst.residuals = max(worst.residuals, distance(seen(.residPre, layer, position), expected.residuals[layer]))
                    for (head, pattern) in expected.patterns[layer].enumerated() {
                        let row = try session.pattern(layer: layer, head: head, queries: position..<position + 1)[0]
                        worst.patterns = max(worst.patterns, distance(row, pattern))
                    }
                }
                worst.residuals = max(worst.residuals, distance(seen(.residPost, shape.layers - 1, position), expected.residuals[shape.layers]))
            }
            // Logits go to about 20, residuals to about 5. Float weights err by rounding alone; the others read activations as
            // 16-bit integers.
            let isFloat = [.f32, .f16, .bf16].contains(shape.type)
            #expect(worst.logits < (isFloat ? 1e-4 : 5e-3))
            #expect(worst.residuals < (isFloat ? 2e-5 : 1e-3))
            #expect(worst.cache < (isFloat ? 1e-5 : 1e-3))
            #expect(worst.patterns < (isFloat ? 2e-6 : 2e-4))
        }

        struct Errors { var logits = 0.0, residuals = 0.0, cache = 0.0, patterns = 0.0 }
    }
}
