import Document
import Glibc
import Remote
import Yams

/// The servers that a person named in `connections.yaml`; the file is read, never written.
///
/// In: a list of mappings with `name`, `url`, and perhaps `model`, `key_env` or `key_file`, `insecure`, `parallel`. Out: connections, each sound in
/// itself, no two of one name. Keys are not in the file and are not read here.
package enum Connections {
    private static let keys: Set<String> = ["name", "url", "model", "key_env", "key_file", "insecure", "parallel"]

    /// Those of a file that is there; none where it is not.
    /// Throws: when the file cannot be read or is not a list of connections.
    package static func read(_ path: String) throws(ConnectionsError) -> [Connection] {
        guard access(path, F_OK) == 0 else { return [] }
        guard let bytes = FileBytes.read(path, limit: Configuration.limit) else { throw ConnectionsError(path: path, line: nil, what: "it cannot be read, or has more than \(Configuration.limit) bytes") }
        return try parse(bytes, path: path)
    }

    package static func parse(_ bytes: [UInt8], path: String) throws(ConnectionsError) -> [Connection] {
        func fault(_ node: Yams.Node?, _ what: String) -> ConnectionsError { ConnectionsError(path: path, line: node?.mark?.line, what: what) }
        let root: Yams.Node?
        do {
            try PromptFile.checkYAML(bytes)
            root = try Parser(yaml: String(decoding: bytes, as: UTF8.self), resolver: .basic).singleRoot()
        } catch { throw ConnectionsError(path: path, line: nil, what: "it is not sound YAML") }
        guard let root else { return [] }
        guard let list = root.sequence else { throw fault(root, "it must be a list: a dash before the name of each server") }
        var found: [Connection] = []
        for entry in list {
            guard let mapping = entry.mapping else { throw fault(entry, "each server is name: and url:, with key_env: or key_file:, model:, insecure: if need be") }
            var values: [String: String] = [:]
            for (key, value) in mapping {
                let name = key.scalar?.string ?? ""
                // A key in the file would be in every copy of it; its text is not repeated here either.
                if ["key", "api_key", "token"].contains(name) { throw fault(key, "keys do not belong into this file: name a variable (key_env) or a file of mode 0600 (key_file)") }
                guard keys.contains(name) else { throw fault(key, "`\(name)` is no setting of a server; there are name, url, model, key_env, key_file, insecure, parallel") }
                guard let text = value.scalar?.string, !text.isEmpty else { throw fault(value, "`\(name)` must be one text") }
                values[name] = text
            }
            guard let name = values["name"], let url = values["url"] else { throw fault(entry, "a server needs name: and url:") }
            guard !found.contains(where: { $0.name == name }) else { throw fault(entry, "two servers are called \(name)") }
            guard values["key_env"] == nil || values["key_file"] == nil else { throw fault(entry, "\(name) has both key_env and key_file; keep one") }
            let insecure = values["insecure"] ?? "false"
            guard ["true", "false"].contains(insecure) else { throw fault(entry, "insecure must be true or false") }
            let parallel = values["parallel"].map { Int($0) ?? 0 } ?? Connection.defaultParallel
            guard (1...Connection.mostParallel).contains(parallel) else { throw fault(entry, "parallel must be a number from 1 to \(Connection.mostParallel)") }
            let key: Connection.KeySource = values["key_env"].map { .environment($0) } ?? values["key_file"].map { .file(Configuration.absolute($0, beside: path)) } ?? .none
            do { found.append(try Connection(name: name, url: url, model: values["model"], key: key, isInsecure: insecure == "true", parallel: parallel)) } catch { throw fault(entry, "\(error)") }
        }
        return found
    }
}

/// What is wrong with the file of connections, and where.
package struct ConnectionsError: Error, Sendable, Equatable, CustomStringConvertible {
    package let path: String
    /// Counted from 1.
    package let line: Int?
    package let what: String
    package var description: String { (line.map { "\(path):\($0)" } ?? path) + ": \(what)" + (what.hasSuffix(".") ? "" : ".") }
}
