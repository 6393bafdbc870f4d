import Engine
import Foundation
import GGUF
import Glibc
import Testing
import Transformer

extension Passes {
    @Suite("Faults of a model file") struct FaultTests {
        /// What reading the changed file fails with.
        private func failure(_ shape: TinyModel = TinyModel(), _ change: TinyModel.Change) throws -> EngineError? {
            do {
                _ = try shape.model(changed: change)
                return nil
            } catch let error as EngineError { return error }
        }

        private func modelFailure(_ shape: TinyModel = TinyModel(), _ change: TinyModel.Change) throws -> ModelError? {
            guard case .model(let error) = try failure(shape, change) else { return nil }
            return error
        }

        @Test("The undamaged file is read")
        func undamaged() throws { #expect(try failure { _, _ in } == nil) }

        @Test("A missing tensor, one too many and one of another shape are named")
        func tensors() throws {
            for name in ["blk.1.ffn_up.weight", "output_norm.weight", "token_embd.weight", "blk.0.attn_norm.weight"] {
                let error = try modelFailure { _, tensors in tensors.removeAll { $0.name == name } }
                guard case .missing(_, name)? = error else { Issue.record("\(name): \(String(describing: error))"); continue }
            }
            let extra = try modelFailure { _, tensors in
                tensors.append(tensors[1])
                tensors[tensors.count - 1].name = "blk.0.attn_rest.weight"
            }
            guard case .unknown(_, "blk.0.attn_rest.weight")? = extra else { Issue.record("\(String(describing: extra))"); return }
            // Its layer is not one of the model's.
            let layer = try modelFailure { metadata, _ in metadata[metadata.firstIndex { $0.key == "llama.block_count" } ?? 0].value = .uint32(1) }
            guard case .unknown(_, "blk.1.attn_norm.weight")? = layer else { Issue.record("\(String(describing: layer))"); return }
            let swapped = try modelFailure { _, tensors in
                let at = tensors.firstIndex { $0.name == "blk.0.attn_k.weight" } ?? 0
                tensors[at].shape.reverse()
            }
            guard case .shape(_, "blk.0.attn_k.weight", [64, 32], [32, 64])? = swapped else { Issue.record("\(String(describing: swapped))"); return }
            #expect("\(swapped ?? .missing(path: "", tensor: ""))".contains("[32, 64], expected [64, 32]"))
        }

        @Test("A type without kernels is refused by its name, and so is a norm that is quantised")
        func types() throws {
            var shape = TinyModel()
            (shape.width, shape.heads, shape.kvHeads, shape.headWidth) = (256, 8, 4, 32)
            let error = try modelFailure(shape) { _, tensors in
                let at = tensors.firstIndex { $0.name == "blk.1.attn_q.weight" } ?? 0
                tensors[at].type = WeightType(rawValue: 21)
                tensors[at].bytes = [UInt8](repeating: 0, count: 256 * 256 / 256 * 110)
            }
            guard case .weightType(_, "blk.1.attn_q.weight", "IQ3_S", let supported)? = error else { Issue.record("\(String(describing: error))"); return }
            #expect(supported == (TinyModel.types + [.q2_K, .q3_K, .q4_K, .q5_K, .q6_K, .iq4_nl]).map(\.name))
            let norm = try modelFailure { _, tensors in
                let at = tensors.firstIndex { $0.name == "output_norm.weight" } ?? 0
                tensors[at].type = .q8_0
                tensors[at].bytes = [UInt8](repeating: 0, count: 68)
            }
            guard case .weightType(_, "output_norm.weight", "Q8_0", ["F32", "F16", "BF16"])? = norm else { Issue.record("\(String(describing: norm))"); return }
        }

        static let absurd: [(key: String, value: Value?)] = [
            ("general.architecture", nil), ("general.architecture", .uint32(3)),
            ("llama.block_count", nil), ("llama.block_count", .uint32(0)), ("llama.block_count", .uint32(.max)), ("llama.block_count", .string("2")),
            ("llama.embedding_length", .uint32(0)), ("llama.embedding_length", .uint64(.max)), ("llama.embedding_length", .int32(-64)),
            ("llama.embedding_length", .uint32(72)),
            ("llama.attention.head_count", .uint32(0)), ("llama.attention.head_count", .uint32(1 << 30)),
            ("llama.attention.head_count_kv", .uint32(0)), ("llama.attention.head_count_kv", .uint32(3)), ("llama.attention.head_count_kv", .uint32(8)),
            ("llama.attention.key_length", .uint32(0)), ("llama.attention.key_length", .uint32(17)), ("llama.attention.value_length", .uint32(32)),
            ("llama.feed_forward_length", .uint32(0)), ("llama.feed_forward_length", .int64(.min)),
            ("llama.context_length", nil), ("llama.context_length", .uint32(0)), ("llama.context_length", .uint64(1 << 60)),
            ("llama.vocab_size", .uint32(0)), ("llama.vocab_size", .uint64(1 << 40)),
            ("llama.rope.dimension_count", .uint32(3)), ("llama.rope.dimension_count", .uint32(18)), ("llama.rope.dimension_count", .uint32(0)),
            ("llama.rope.freq_base", .float32(.nan)), ("llama.rope.freq_base", .float32(0)), ("llama.rope.freq_base", .float32(-.infinity)),
            ("llama.attention.layer_norm_rms_epsilon", nil), ("llama.attention.layer_norm_rms_epsilon", .float32(.nan)),
            ("llama.attention.layer_norm_rms_epsilon", .float32(-1)), ("llama.attention.layer_norm_rms_epsilon", .float32(.infinity)),
        ]

        @Test("Absurd sizes and numbers are refused with their key", arguments: absurd)
        func hyperparameters(key: String, value: Value?) throws {
            let error = try modelFailure { metadata, _ in
                metadata.removeAll { $0.key == key }
                if let value { metadata.append((key, value)) }
            }
            guard case .key(_, let named, _, _)? = error else { Issue.record("\(String(describing: error))"); return }
            #expect(named == key && "\(error ?? .missing(path: "", tensor: ""))".contains(key))
        }

        @Test("An unknown family and scaled positions are refused by name; fewer rows than tokens with both numbers")
        func kinds() throws {
            let family = try modelFailure { metadata, _ in metadata[0].value = .string("mamba") }
            guard case .family(_, "mamba", Architecture.families)? = family else { Issue.record("\(String(describing: family))"); return }
            let scaled = try modelFailure { metadata, _ in metadata.append(("llama.rope.scaling.type", .string("yarn"))) }
            guard case .key(_, "llama.rope.scaling.type", _, "yarn")? = scaled else { Issue.record("\(String(describing: scaled))"); return }
            var small = TinyModel()
            small.vocabulary = 200
            guard case .vocabulary(259, 200)? = try failure(small, { _, _ in }) else { Issue.record("not refused"); return }
        }

        @Test("A file cut short between reading its header and its weights is an error with both sizes")
        func truncated() throws {
            try TinyModel().withFile { path in
                let gguf = try GGUF(path: path), shape = try Architecture(gguf)
                for size in [gguf.fileSize - 1, gguf.dataOffset + 4096, gguf.dataOffset, 10] {
                    #expect(truncate(path, size) == 0)
                    do {
                        _ = try Weights(gguf, shape, threads: 2, progress: { _ in })
                        Issue.record("\(size) bytes were enough")
                    } catch ModelError.file(let error) {
                        guard case .shortFile(let expected, size) = error.fault else { Issue.record("\(error)"); return }
                        #expect(expected > size && expected <= gguf.fileSize)
                    }
                }
            }
        }

        /// Writes a model whose tensors are a hole in the file, as large as one likes.
        static func writeHollow(to path: String, width: Int, vocabulary: Int) throws {
            let shape = TinyModel(layers: 1, width: width, heads: 1, kvHeads: 1, headWidth: 16, hidden: 16, vocabulary: vocabulary)
            var writer = GGUFWriter(), offset = 0
            for (key, value) in shape.metadata() { writer.add(key, value) }
            TinyModel.addTokenizer(to: &writer)
            let sizes = [
                ("token_embd.weight", [width, vocabulary]), ("output_norm.weight", [width]), ("blk.0.attn_norm.weight", [width]),
                ("blk.0.ffn_norm.weight", [width]), ("blk.0.attn_q.weight", [width, 16]), ("blk.0.attn_k.weight", [width, 16]),
                ("blk.0.attn_v.weight", [width, 16]), ("blk.0.attn_output.weight", [16, width]), ("blk.0.ffn_gate.weight", [width, 16]),
                ("blk.0.ffn_up.weight", [width, 16]), ("blk.0.ffn_down.weight", [16, width]),
            ]
            for (name, shape) in sizes {
                writer.add(tensor: name, type: .f32, shape: shape, bytes: [], offset: offset)
                offset += shape.reduce(4, *)
            }
            try writer.write(to: path)
            guard truncate(path, writer.bytes().count + offset) == 0 else { throw GGUFError(path, .unwritable(errno: errno)) }
        }

        @Test("A model larger than the memory is refused with both numbers before anything is read")
        func larger() throws {
            try withTemporaryFile { path in
                try Self.writeHollow(to: path, width: 65_536, vocabulary: 4_194_304)
                do {
                    _ = try Model(path: path, threads: 1)
                    Issue.record("a terabyte was found")
                } catch EngineError.model(.memory(let what, let needed, let available)) {
                    #expect(what == path && needed > 1 << 40 && available > 0 && available < needed)
                    #expect("\(ModelError.memory(what: what, needed: needed, available: available))".contains("needs \(needed / 1_048_576) MB and \(available / 1_048_576) MB"))
                }
            }
        }

        @Test("Memory that the system refuses later is an error too, for weights, working memory and cache")
        func refused() async {
            await #expect(processExitsWith: .success) {
                func limit(room: Int) throws {
                    let pages = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ").first.flatMap { Int($0) }
                    let bytes = try #require(pages) * 4096 + room
                    var limit = rlimit(rlim_cur: rlim_t(bytes), rlim_max: .max)
                    #expect(setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0)
                }
                func expectMemory(_ what: String, _ body: () throws -> Void) throws {
                    do {
                        try body()
                        Issue.record("\(what) was found")
                    } catch EngineError.model(.memory(let found, let needed, let available)) {
                        #expect(found.contains(what) && needed > 0 && available > 0)
                    }
                }
                try withTemporaryFile { path in
                    try FaultTests.writeHollow(to: path, width: 64, vocabulary: 1_000_000)
                    try limit(room: 64 << 20)
                    try expectMemory(path) { _ = try Model(path: path, threads: 1) }
                }
                var shape = TinyModel()
                shape.context = 16_777_216
                let model = try shape.model()
                // A gigabyte for the table of positions alone.
                try expectMemory("table of positions") { _ = try Session(model, threads: 1) }
                let session = try Session(model, threads: 1, context: 4096)
                try session.append(1)
                let before = try session.logits(after: 0)
                try limit(room: 8192)
                try expectMemory("the") { for _ in 0..<4000 { try session.append(2) } }
                #expect(session.tokens.count >= 1 && session.tokens.count < 4001)
                #expect(try session.logits(after: 0) == before)
            }
        }

        @Test("Before memory is refused, what no session holds is given up")
        func givenUp() async {
            await #expect(processExitsWith: .success) {
                let shape = TinyModel(), model = try shape.model(), session = try Session(model, threads: 1), ids = shape.ids(256)
                let expected = try Numbers.fresh(model, ids)
                for seed in 0..<3 { _ = try session.sync(to: shape.ids(256, seed: 30 + UInt64(seed))) }
                _ = try session.sync(to: [1])
                let pages = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ").first.flatMap { Int($0) }
                var limit = rlimit(rlim_cur: rlim_t(try #require(pages) * 4096 + 8192), rlim_max: .max)
                #expect(setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0)
                for _ in 0..<2 {
                    _ = try session.sync(to: ids)
                    _ = try session.sync(to: [1])
                }
                _ = try session.sync(to: ids)
                limit.rlim_cur = .max
                #expect(setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0)
                #expect(try Numbers(session).differences(from: expected) == [])
            }
        }
    }

    @Suite("Faults while a session runs") struct RunFaultTests {
        private func poisoned(_ name: String, row: Int? = nil) throws -> Model {
            try TinyModel().model { _, tensors in
                guard let at = tensors.firstIndex(where: { $0.name == name }) else { return }
                let start = (row ?? 0) * tensors[at].shape[0] * 4
                tensors[at].bytes.replaceSubrange(start..<start + 4, with: withUnsafeBytes(of: Float.nan) { Array($0) })
            }
        }

        @Test("Numbers that are not finite stop it with the position, and the text stays")
        func notFinite() throws {
            // The row of token 9 is poisoned: all is well until it comes.
            let session = try Session(poisoned("token_embd.weight", row: 9), threads: 2), sound: [Int32] = [1, 2, 3, 4, 5]
            // In the second batch after the sound ones.
            let kept = sound.count + Forward.batch
            var ids = sound + [Int32](repeating: 6, count: 2 * Forward.batch)
            _ = try session.sync(to: sound)
            ids[kept + 3] = 9
            do {
                _ = try session.sync(to: ids)
                Issue.record("not noticed")
            } catch EngineError.notFinite(let position) { #expect(position == kept + 3) }
            #expect(session.tokens == Array(ids.prefix(kept)))
            do {
                try session.append(9)
                Issue.record("not noticed")
            } catch EngineError.notFinite(let position) { #expect(position == kept) }
            #expect(session.tokens.count == kept)
            try session.append(6)
            #expect(session.tokens == Array(ids.prefix(kept + 1)))
            for name in ["blk.0.attn_q.weight", "blk.1.attn_v.weight", "blk.1.ffn_down.weight", "blk.0.attn_norm.weight"] {
                let session = try Session(poisoned(name), threads: 1)
                do {
                    try session.append(1)
                    Issue.record("\(name) was not noticed")
                } catch EngineError.notFinite(let position) { #expect(position == 0 && session.tokens.isEmpty) }
            }
        }

        @Test("Logits that are not finite are noticed where they are read")
        func logits() throws {
            let session = try Session(poisoned("output_norm.weight"), threads: 2)
            _ = try session.sync(to: [1, 2, 3])
            for read in [{ _ = try session.logits(after: 1) }, { _ = try session.steps(0..<3) }] {
                do {
                    try read()
                    Issue.record("not noticed")
                } catch EngineError.notFinite { #expect(session.tokens == [1, 2, 3]) }
            }
            var generation = Generation(session, sampling: Sampling(), seed: 1)
            do {
                _ = try generation.next()
                Issue.record("not noticed")
            } catch EngineError.notFinite { #expect(session.tokens == [1, 2, 3] && generation.generated.isEmpty) }
        }

        @Test("More tokens than the context holds are refused with both numbers, and nothing changes")
        func context() throws {
            let shape = TinyModel(), ids = shape.ids(20), session = try Session(shape.model(), threads: 1, context: 16)
            _ = try session.sync(to: Array(ids.prefix(15)))
            do {
                _ = try session.sync(to: ids)
                Issue.record("not refused")
            } catch EngineError.context(let tokens, let limit) { #expect(tokens == 20 && limit == 16) }
            #expect(session.tokens.count == 15)
            try session.append(1)
            do {
                try session.append(1)
                Issue.record("not refused")
            } catch EngineError.context(let tokens, let limit) {
                #expect("\(EngineError.context(tokens: tokens, limit: limit))".contains("17 tokens") && limit == 16)
            }
            #expect(session.tokens.count == 16)
            #expect(try Session(session.model, threads: 1, context: 1 << 40).context == shape.context)
        }

        @Test("Tokens outside the vocabulary are refused, and nothing changes", arguments: [-1, 277, Int32.max, Int32.min])
        func vocabulary(id: Int32) throws {
            let session = try Session(TinyModel().model(), threads: 1)
            _ = try session.sync(to: [5, 276])
            for call in [{ try session.append(id) }, { _ = try session.sync(to: [5, 7, id]) }] {
                do {
                    try call()
                    Issue.record("not refused")
                } catch EngineError.token(let found, let vocabulary) { #expect(found == id && vocabulary == 277) }
                #expect(session.tokens == [5, 276])
            }
        }
    }
}
