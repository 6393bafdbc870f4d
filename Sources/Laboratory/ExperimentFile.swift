import Yams

/// The YAML of an experiment as typed values that know their lines.
package struct ExperimentFile {
    package static let keys = [
        "title", "look_at", "instruction", "example", "query", "answer", "labels", "pool", "test", "kind", "shots", "seeds",
        "orders", "score", "answer_context", "content_free",
    ]

    private let path: String
    private var values: [String: Node] = [:]
    private var lines: [String: Int] = [:]

    init(_ bytes: [UInt8], path: String) throws(ExperimentError) {
        self.path = path
        guard bytes.count <= Experiment.sizeLimit else {
            throw ExperimentError(path: path, fact: .tooLong(limit: Experiment.sizeLimit))
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw ExperimentError(path: path, fact: .notText) }
        if let found = YAMLGuard.fault(in: bytes) { throw ExperimentError(path: path, line: found.line, fact: found.fact) }
        let root: Node?
        do {
            root = try Parser(yaml: text, encoding: .utf8).singleRoot()
        } catch {
            throw Self.fault(error, path: path)
        }
        guard case .mapping(let mapping)? = root else { throw ExperimentError(path: path, line: 1, fact: .notMapping) }
        for (key, value) in mapping {
            let line = key.mark?.line
            guard let name = key.scalar?.string, Self.keys.contains(name) else {
                throw ExperimentError(path: path, line: line, fact: .unknownKey(key.scalar?.string ?? "?", known: Self.keys))
            }
            values[name] = value
            lines[name] = line
        }
    }

    func error(_ key: String, _ fact: ExperimentError.Fact) -> ExperimentError {
        ExperimentError(path: path, line: lines[key], fact: fact)
    }

    func text(_ key: String) throws(ExperimentError) -> String? {
        guard let node = values[key] else { return nil }
        return try text(node, key)
    }

    func required(_ key: String) throws(ExperimentError) -> String {
        guard let text = try text(key), !text.isEmpty else { throw error(key, .missing(key: key)) }
        return text
    }

    func texts(_ key: String) throws(ExperimentError) -> [String]? {
        guard let node = values[key] else { return nil }
        guard case .sequence(let sequence) = node else {
            throw error(key, .wrongType(key: key, expected: "a list of texts", found: Self.name(node)))
        }
        var texts: [String] = []
        for node in sequence { texts.append(try text(node, key)) }
        return texts
    }

    func labels() throws(ExperimentError) -> [String] {
        guard let labels = try texts("labels") else { throw error("labels", .missing(key: "labels")) }
        guard (2...1000).contains(labels.count) else {
            throw error("labels", .outside(key: "labels", found: labels.count, range: 2...1000))
        }
        for (index, label) in labels.enumerated() where labels[..<index].contains(label) {
            throw error("labels", .repeated(key: "labels", value: label))
        }
        guard !labels.contains("") else {
            throw error("labels", .wrongType(key: "labels", expected: "a list of texts", found: "one with an empty text"))
        }
        return labels
    }

    func number(_ key: String, range: ClosedRange<Int>) throws(ExperimentError) -> Int? {
        guard let node = values[key] else { return nil }
        return try number(node, key, range, expected: "a whole number")
    }

    func numbers(_ key: String, range: ClosedRange<Int>) throws(ExperimentError) -> [Int]? {
        guard let node = values[key] else { return nil }
        guard case .sequence(let sequence) = node, !sequence.isEmpty else {
            throw error(key, .wrongType(key: key, expected: "a list of whole numbers", found: Self.name(node)))
        }
        var numbers: [Int] = []
        for node in sequence {
            let number = try number(node, key, range, expected: "a list of whole numbers")
            guard !numbers.contains(number) else { throw error(key, .repeated(key: key, value: String(number))) }
            numbers.append(number)
        }
        return numbers
    }

    /// One of an enumeration's values, of which only those in `now` can be used yet.
    func choice<Choice: RawRepresentable<String> & CaseIterable & Equatable>(
        _ key: String, now: [Choice]
    ) throws(ExperimentError) -> Choice? {
        guard let text = try text(key) else { return nil }
        guard let choice = Choice(rawValue: text) else {
            throw error(key, .unknownValue(key: key, value: text, known: Choice.allCases.map(\.rawValue)))
        }
        guard now.contains(choice) else { throw error(key, .later(key: key, value: text, now: now.map(\.rawValue))) }
        return choice
    }

    private func text(_ node: Node, _ key: String) throws(ExperimentError) -> String {
        guard case .scalar(let scalar) = node, !Self.isNull(scalar) else {
            throw error(key, .wrongType(key: key, expected: "text", found: Self.name(node)))
        }
        return scalar.string
    }

    private func number(
        _ node: Node, _ key: String, _ range: ClosedRange<Int>, expected: String
    ) throws(ExperimentError) -> Int {
        guard case .scalar(let scalar) = node, scalar.style == .plain, let number = Int(scalar.string) else {
            throw error(key, .wrongType(key: key, expected: expected, found: Self.name(node)))
        }
        guard range.contains(number) else { throw error(key, .outside(key: key, found: number, range: range)) }
        return number
    }

    private static func isNull(_ scalar: Node.Scalar) -> Bool {
        scalar.style == .plain && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }

    private static func name(_ node: Node) -> String {
        switch node {
        case .scalar(let scalar) where isNull(scalar): "nothing"
        case .scalar(let scalar): "\"\(scalar.string)\""
        case .sequence(let sequence): sequence.isEmpty ? "an empty list" : "a list"
        case .mapping: "a mapping"
        case .alias: "an alias"
        }
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

/// Looks at YAML bytes before the parser does, which expands aliases and recurses.
enum YAMLGuard {
    static let depthLimit = 64

    static func fault(in bytes: [UInt8]) -> (line: Int, fact: ExperimentError.Fact)? {
        var line = 1, flow = 0, indicators = 0
        var anchors: Set<ArraySlice<UInt8>> = [], aliases: [ArraySlice<UInt8>: Int] = [:]
        for (index, byte) in bytes.enumerated() {
            switch byte {
            case UInt8(ascii: "\n"):
                line += 1
                indicators = 0
            case UInt8(ascii: "["), UInt8(ascii: "{"): flow += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"): flow = max(0, flow - 1)
            case UInt8(ascii: "-"), UInt8(ascii: "?"), UInt8(ascii: ":"):
                if index + 1 < bytes.count, bytes[index + 1] <= UInt8(ascii: " ") { indicators += 1 }
            case UInt8(ascii: "&"), UInt8(ascii: "*"):
                let name = bytes[(index + 1)...].prefix { isAnchor($0) }
                if name.isEmpty || (index > 0 && isAnchor(bytes[index - 1])) { continue }
                if byte == UInt8(ascii: "&") { anchors.insert(name) } else { aliases[name] = aliases[name] ?? line }
            default: break
            }
            if flow > depthLimit || indicators > depthLimit { return (line, .tooDeep(limit: depthLimit)) }
        }
        // An alias needs its anchor: text that only has one of the two is text.
        let used = aliases.filter { anchors.contains($0.key) }.values.min()
        return used.map { ($0, .alias) }
    }

    private static func isAnchor(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"), UInt8(ascii: "-"): true
        default: false
        }
    }
}
