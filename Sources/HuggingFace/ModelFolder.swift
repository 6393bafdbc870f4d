import GGUF
import Glibc
import JSONText

/// A model as Hugging Face keeps it, told in GGUF's words: config.json, safetensors in one file or several, tokenizer.json.
///
/// In: the path of a folder, or of a file in it. Out: a header whose tensors lie where they were stored; nothing is written anywhere.
/// Must not know: how a model is computed; that a family, a key or a tensor is not supported is said by who reads the header.
package enum ModelFolder {
    /// The folder that a path means, where it means one; a GGUF file is none.
    package static func path(_ path: String) -> String? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        if status.st_mode & S_IFMT == S_IFDIR { return path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path }
        guard path.hasSuffix(".safetensors") || path.hasSuffix(".json") else { return nil }
        return path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    }

    /// Whether files of these names make a model's folder.
    package static func isOne(_ names: [String]) -> Bool {
        names.contains("config.json") && (names.contains(whole) || names.contains(index))
    }

    /// "org/name" of a snapshot in Hugging Face's cache, else the folder's own name.
    package static func name(_ folder: String) -> String {
        let words = folder.split(separator: "/")
        if let models = words.last(where: { $0.hasPrefix("models--") }) { return models.dropFirst(8).split(separator: "--").joined(separator: "/") }
        return String(words.last { $0 != "." } ?? "model")
    }

    private static let whole = "model.safetensors", index = "model.safetensors.index.json"

    /// - Parameter tokenizer: whether tokenizer.json is read too, which takes longer than all the rest.
    /// - Throws: when a file is missing or not sound, or holds what is not supported.
    package static func header(_ folder: String, tokenizer: Bool = true) throws(FolderError) -> GGUF {
        let config = Config(try json(folder, "config.json"), path: folder + "/config.json")
        let family = try config.family()
        var metadata = try family.metadata(config)
        metadata["general.name"] = .string(name(folder))
        var parts: [GGUF.Part] = [], tensors: [TensorInfo] = []
        for file in try files(folder) {
            let path = folder + "/" + file, header = try Safetensors(path: path)
            for entry in header.entries {
                guard let (name, arrangement) = family.place(entry.name, headWidth: config.headWidth) else { continue }
                tensors.append(try entry.info(name, arrangement, part: parts.count, path: path))
            }
            parts.append(header.part)
        }
        if config.ties { tensors.removeAll { $0.name == "output.weight" } } else if !tensors.contains(where: { $0.name == "output.weight" }) {
            throw FolderError(path: folder, fault: .untied)
        }
        if let divisors = try config.ropeDivisors() {
            let bytes = divisors.flatMap { withUnsafeBytes(of: $0.bitPattern.littleEndian) { Array($0) } }
            tensors.append(TensorInfo(name: "rope_freqs.weight", type: .f32, shape: [divisors.count], offset: 0, bytes: bytes.count,
                                      part: parts.count, arrangement: .plain))
            parts.append(.init(made: bytes))
        }
        if tokenizer {
            let file = TokenizerFile(try json(folder, "tokenizer.json"), path: folder + "/tokenizer.json")
            let settings = try jsonIfAny(folder, "tokenizer_config.json")
            let template = try bytesIfAny(folder, "chat_template.jinja").map { String(decoding: $0, as: UTF8.self) }
            metadata.merge(try file.metadata(config, settings: settings, template: template)) { $1 }
        }
        do { return try GGUF(path: folder, metadata: metadata, tensors: tensors, parts: parts) } catch { throw FolderError(path: folder, fault: .file(error)) }
    }

    /// The files that hold the weights, in the order of the index's names.
    private static func files(_ folder: String) throws(FolderError) -> [String] {
        if exists(folder, whole) { return [whole] }
        guard let map = try jsonIfAny(folder, index)?["weight_map"]?.asObject else {
            throw FolderError(path: folder, fault: .noWeights(hasPickles: exists(folder, "pytorch_model.bin") || exists(folder, "pytorch_model.bin.index.json")))
        }
        let names = Set(map.compactMap(\.1.asString)).sorted()
        for name in names where name.contains("/") || !name.hasSuffix(".safetensors") || !exists(folder, name) {
            throw FolderError(path: folder, fault: .noFile(name))
        }
        guard !names.isEmpty else { throw FolderError(path: folder, fault: .noWeights(hasPickles: false)) }
        return names
    }

    private static func exists(_ folder: String, _ name: String) -> Bool { access(folder + "/" + name, F_OK) == 0 }

    /// Unit: bytes. Gemma's tokenizer.json, the largest known, has 33 MB.
    private static let jsonLimit = 128 << 20

    private static func bytesIfAny(_ folder: String, _ name: String) throws(FolderError) -> [UInt8]? {
        guard exists(folder, name) else { return nil }
        let path = folder + "/" + name
        do {
            let file = try OpenFile(path)
            guard file.size <= jsonLimit else { throw FolderError(path: path, fault: .tooLarge(bytes: file.size, limit: jsonLimit)) }
            return try file.prefix(file.size)
        } catch let error as FolderError { throw error } catch let error as GGUFError { throw FolderError(path: path, fault: .file(error)) } catch { return nil }
    }

    private static func jsonIfAny(_ folder: String, _ name: String) throws(FolderError) -> JSON? {
        guard let bytes = try bytesIfAny(folder, name) else { return nil }
        do { return try JSON(parsing: bytes) } catch { throw FolderError(path: folder + "/" + name, fault: .json(error)) }
    }

    private static func json(_ folder: String, _ name: String) throws(FolderError) -> JSON {
        guard let json = try jsonIfAny(folder, name) else { throw FolderError(path: folder, fault: .noFile(name)) }
        return json
    }
}
