import Yams

/// The YAML of an experiment, one mapping with others inside.
package enum ExperimentFile {
    package static let keys = [
        "title", "look_at", "mode", "instruction", "example", "query", "answer", "label", "labels", "choices", "kind", "pool", "test", "limit",
        "shots", "seeds", "orders", "templates", "score", "answer_context", "content_free", "stop", "max_tokens", "match", "regex",
    ]
    /// Of an entry of `templates`.
    package static let templateKeys = ["name", "instruction", "example", "query", "answer", "labels", "answer_context"]

    static func parse(_ bytes: [UInt8], path: String) throws(ExperimentError) -> Section {
        guard bytes.count <= Experiment.sizeLimit else {
            throw ExperimentError(path: path, fact: .tooLong(limit: Experiment.sizeLimit))
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw ExperimentError(path: path, fact: .notText) }
        if let found = YAMLGuard.fault(in: bytes) { throw ExperimentError(path: path, line: found.line, fact: found.fact) }
        let root: Node?
        do {
            root = try Parser(yaml: text, encoding: .utf8).singleRoot()
        } catch {
            throw fault(error, path: path)
        }
        guard case .mapping(let mapping)? = root else { throw ExperimentError(path: path, line: 1, fact: .notMapping) }
        return try Section(mapping, keys: keys, path: path)
    }

    private static func fault(_ error: any Error, path: String) -> ExperimentError {
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _)?, .parser(_, let problem, let mark, _)?, .composer(_, let problem, let mark, _)?:
            ExperimentError(path: path, line: mark.line, fact: .yaml(problem))
        case .duplicatedKeysInMapping(let keys, let context)?:
            ExperimentError(path: path, line: context.mark.line, fact: .repeatedKey(keys.first ?? "?"))
        case .reader(let problem, _, _, _)?:
            ExperimentError(path: path, fact: .yaml(problem))
        default:
            ExperimentError(path: path, fact: .yaml("\(error)"))
        }
    }
}
