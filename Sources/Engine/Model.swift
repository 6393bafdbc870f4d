import GGUF
import Glibc
import HuggingFace
import Tokenizer
import Transformer

/// A model file read into memory: weights, sizes, tokenizer and a fingerprint. A value shared by all sessions.
///
/// Engine as a whole — in: token ids and settings. Out: steps, distributions, traces, patterns, lenses.
/// Invariants: the same ids give the same bits whatever was reused; every number shown is of the raw distribution
/// unless it says otherwise. Must not know: tasks, screens.
package final class Model: Sendable {
    package let path: String
    /// Without the ending of a file.
    private let name: String
    package let shape: Architecture
    package let tokenizer: Tokenizer
    package let weights: Weights
    package let quantization: String
    package let fingerprint: String
    package let parameters: Int

    /// - Throws: `EngineError` with the file's fault; `progress` runs from 0 to 1 on a loading thread.
    package init(path: String, threads: Int, progress: @escaping @Sendable (Double) -> Void = { _ in }) throws(EngineError) {
        let gguf = try ModelFile.header(path)
        do { shape = try Architecture(gguf) } catch { throw .model(error) }
        do { tokenizer = try Tokenizer(gguf) } catch { throw .tokenizer(error) }
        do { weights = try Weights(gguf, shape, threads: threads, progress: progress) } catch { throw .model(error) }
        guard tokenizer.count <= shape.vocabulary else { throw .vocabulary(tokens: tokenizer.count, rows: shape.vocabulary) }
        self.path = gguf.path
        let summary = ModelSummary(gguf)
        (name, quantization, parameters, fingerprint) = (summary.title, summary.quantization, summary.parameters, ModelSummary.fingerprint(gguf))
    }

    package var fileName: String { String(path.split(separator: "/").last ?? "") }
    /// The name with the quantisation apart.
    package var title: String {
        var name = name
        for separator in [".", "-"] where name.hasSuffix(separator + quantization) { name = String(name.dropLast(quantization.count + 1)) }
        return "\(name) \(quantization)"
    }

    /// How many threads to use when nobody says: the machine's cores, at most 8.
    package static var defaultThreads: Int { max(1, min(8, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))) }
}

/// Where a path's model is read: a GGUF file, or a folder of Hugging Face.
package enum ModelFile {
    /// - Parameter tokenizer: whether a folder's tokeniser is read too; it is most of what there is to read.
    package static func header(_ path: String, tokenizer: Bool = true) throws(EngineError) -> GGUF {
        if let folder = ModelFolder.path(path) {
            do { return try ModelFolder.header(folder, tokenizer: tokenizer) } catch { throw .folder(error) }
        }
        do { return try GGUF(path: path) } catch { throw .file(error) }
    }
}

/// What the header of a model file tells, without its weights.
package struct ModelSummary: Sendable {
    package let path: String, name: String, family: String, quantization: String
    /// What a list calls it: the file's name without its ending; a folder's name.
    package let title: String
    package let parameters: Int, context: Int, bytes: Int
    /// Why this engine does not run it, in a sentence; nil where nothing in the header speaks against it.
    package let problem: String?

    package init(path: String) throws(EngineError) {
        self.init(try ModelFile.header(path, tokenizer: false))
    }

    package init(_ gguf: GGUF) {
        path = gguf.path
        let last = String(gguf.path.split(separator: "/").last ?? "")
        title = last.hasSuffix(".gguf") ? String(last.dropLast(5)) : ModelFolder.path(gguf.path).map(ModelFolder.name) ?? last
        family = gguf.string("general.architecture") ?? "unknown"
        name = gguf.string("general.name") ?? String(gguf.path.split(separator: "/").last ?? "")
        context = gguf.integer("\(family).context_length") ?? 0
        bytes = gguf.fileSize
        parameters = gguf.tensors.reduce(0) { $0 + $1.elements }
        // The type that holds most of the matrices; embeddings and norms are often kept in another.
        var share: [String: Int] = [:]
        for tensor in gguf.tensors where tensor.shape.count > 1 && tensor.name != "token_embd.weight" {
            share[tensor.type.name, default: 0] += tensor.elements
        }
        quantization = share.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? "unknown"
        problem = Self.problem(gguf)
    }

    private static func problem(_ gguf: GGUF) -> String? {
        do {
            _ = try Architecture(gguf)
            if let odd = gguf.tensors.first(where: { !supportedWeightTypes.contains($0.type.name) }) {
                throw ModelError.weightType(path: gguf.path, tensor: odd.name, found: odd.type.name, supported: supportedWeightTypes)
            }
        } catch { return "\(error)" }
        return nil
    }

    /// A hash of the header's facts and of 256 bytes from the start, the middle and the end of each tensor.
    static func fingerprint(_ gguf: GGUF) -> String {
        var digest = Digest()
        let reader = try? TensorReader(gguf)
        for tensor in gguf.tensors {
            digest.add("\(tensor.name) \(tensor.type.rawValue) \(tensor.shape) \(tensor.offset)".utf8)
            let count = min(256, tensor.bytes)
            var sample = [UInt8](repeating: 0, count: count)
            for offset in [0, (tensor.bytes - count) / 2, tensor.bytes - count] {
                sample.withUnsafeMutableBytes { try? reader?.read(tensor, from: offset, into: $0) }
                digest.add(sample)
            }
        }
        return digest.text
    }
}
