import Yams

/// A mapping of the file as typed values that know their lines.
struct Section {
    let path: String
    private var values: [String: Node] = [:]
    private var lines: [String: Int] = [:]
    private let line: Int?

    init(_ mapping: Node.Mapping, keys: [String], path: String) throws(ExperimentError) {
        (self.path, line) = (path, mapping.mark?.line)
        for (key, value) in mapping {
            guard let name = key.scalar?.string, keys.contains(name) else {
                throw ExperimentError(path: path, line: key.mark?.line, fact: .unknownKey(key.scalar?.string ?? "?", known: keys))
            }
            (values[name], lines[name]) = (value, key.mark?.line)
        }
    }

    func has(_ key: String) -> Bool { values[key] != nil }

    func error(_ key: String, _ fact: ExperimentError.Fact) -> ExperimentError {
        ExperimentError(path: path, line: lines[key], fact: fact)
    }

    // MARK: Texts

    func text(_ key: String) throws(ExperimentError) -> String? {
        guard let node = values[key] else { return nil }
        return try text(node, key)
    }

    /// Nil where the key is not there; an empty text is refused.
    func filled(_ key: String) throws(ExperimentError) -> String? {
        guard let text = try text(key) else { return nil }
        guard !text.isEmpty else { throw error(key, .empty(key: key)) }
        return text
    }

    /// Distinct texts.
    func texts(_ key: String, mayBeEmpty: Bool = false) throws(ExperimentError) -> [String]? {
        guard let node = values[key] else { return nil }
        guard case .sequence(let sequence) = node else {
            throw error(key, .wrongType(key: key, expected: "a list of texts", found: Self.name(node)))
        }
        var texts: [String] = []
        for node in sequence { texts.append(try text(node, key)) }
        try checkTexts(texts, key, mayBeEmpty: mayBeEmpty)
        return texts
    }

    /// Fixed answers with what stands for each in a prompt.
    func labels() throws(ExperimentError) -> (labels: [String], verbalisers: [String])? {
        guard let node = values["labels"] else { return nil }
        var labels: [String] = [], verbalisers: [String] = []
        switch node {
        case .sequence:
            labels = try texts("labels") ?? []
            verbalisers = labels
        case .mapping(let mapping):
            for (label, verbaliser) in mapping {
                labels.append(try text(label, "labels"))
                verbalisers.append(try text(verbaliser, "labels"))
            }
            try checkTexts(labels, "labels")
            try checkTexts(verbalisers, "labels")
        default:
            throw error("labels", .wrongType(key: "labels", expected: "a list of texts, or a mapping from labels to texts", found: Self.name(node)))
        }
        guard (2...Experiment.answersLimit).contains(labels.count) else {
            throw error("labels", .outside(key: "labels", found: labels.count, range: 2...Experiment.answersLimit))
        }
        return (labels, verbalisers)
    }

    private func checkTexts(_ texts: [String], _ key: String, mayBeEmpty: Bool = false) throws(ExperimentError) {
        var seen: Set<String> = []
        for text in texts {
            guard seen.insert(text).inserted else { throw error(key, .repeated(key: key, value: text)) }
            guard mayBeEmpty || !text.isEmpty else { throw error(key, .empty(key: key)) }
        }
    }

    private func text(_ node: Node, _ key: String) throws(ExperimentError) -> String {
        guard let text = Self.text(node) else { throw error(key, .wrongType(key: key, expected: "text", found: Self.name(node))) }
        return text
    }

    // MARK: Numbers and words

    func number(_ key: String, range: ClosedRange<Int>) throws(ExperimentError) -> Int? {
        guard let node = values[key] else { return nil }
        guard case .scalar(let scalar) = node, scalar.style == .plain, let number = Int(scalar.string) else {
            throw error(key, .wrongType(key: key, expected: "a whole number", found: Self.name(node)))
        }
        guard range.contains(number) else { throw error(key, .outside(key: key, found: number, range: range)) }
        return number
    }

    func shots(_ key: String, range: ClosedRange<Int>) throws(ExperimentError) -> [Shots]? {
        guard let node = values[key] else { return nil }
        let expected = "a list of whole numbers and max"
        guard case .sequence(let sequence) = node, !sequence.isEmpty else {
            throw error(key, .wrongType(key: key, expected: expected, found: Self.name(node)))
        }
        var all: [Shots] = []
        for node in sequence {
            guard case .scalar(let scalar) = node, scalar.style == .plain, let number = Int(scalar.string) ?? (scalar.string == "max" ? 0 : nil) else {
                throw error(key, .wrongType(key: key, expected: expected, found: Self.name(node)))
            }
            guard range.contains(number) else { throw error(key, .outside(key: key, found: number, range: range)) }
            let shots = scalar.string == "max" ? Shots.most : .count(number)
            guard !all.contains(shots) else { throw error(key, .repeated(key: key, value: "\(shots)")) }
            all.append(shots)
        }
        return all
    }

    /// One of an enumeration's values.
    func word<Word: RawRepresentable<String> & CaseIterable>(_ key: String) throws(ExperimentError) -> Word? {
        guard let text = try text(key) else { return nil }
        return try word(text, key)
    }

    /// Several of an enumeration's values, as a list or one alone.
    func words<Word: RawRepresentable<String> & CaseIterable>(_ key: String) throws(ExperimentError) -> [Word]? {
        guard case .sequence(let sequence)? = values[key] else { return try word(key).map { [$0] } }
        guard !sequence.isEmpty else { throw error(key, .empty(key: key)) }
        var words: [Word] = []
        for text in try texts(key) ?? [] { words.append(try word(text, key)) }
        return words
    }

    private func word<Word: RawRepresentable<String> & CaseIterable>(_ text: String, _ key: String) throws(ExperimentError) -> Word {
        guard let word = Word(rawValue: text) else {
            throw error(key, .unknownValue(key: key, value: text, known: Word.allCases.map(\.rawValue)))
        }
        return word
    }

    // MARK: What holds more

    /// A list of mappings.
    func sections(_ key: String, keys: [String], limit: Int) throws(ExperimentError) -> [Section]? {
        guard let node = values[key] else { return nil }
        guard case .sequence(let sequence) = node, !sequence.isEmpty else {
            throw error(key, .wrongType(key: key, expected: "a list of mappings", found: Self.name(node)))
        }
        guard sequence.count <= limit else { throw error(key, .outside(key: key, found: sequence.count, range: 1...limit)) }
        var sections: [Section] = []
        for node in sequence {
            guard case .mapping(let mapping) = node else {
                throw ExperimentError(path: path, line: node.mark?.line ?? lines[key], fact: .wrongType(key: key, expected: "a list of mappings", found: Self.name(node)))
            }
            sections.append(try Section(mapping, keys: keys, path: path))
        }
        return sections
    }

    /// The items that stand in the file itself; nil where the key holds a text instead.
    func items(_ key: String) throws(ExperimentError) -> [Experiment.Item]? {
        guard let node = values[key], case .sequence(let sequence) = node else { return nil }
        var items: [Experiment.Item] = []
        for node in sequence {
            let line = node.mark?.line ?? lines[key]
            guard case .mapping(let mapping) = node else {
                throw ExperimentError(path: path, line: line, fact: .wrongType(key: key, expected: "a path or a list of mappings", found: "a list with \(Self.name(node))"))
            }
            var item = Experiment.Item(fields: [:], line: line ?? 1)
            for (name, value) in mapping {
                guard let name = name.scalar?.string else { throw ExperimentError(path: path, line: line, fact: .fieldType("?")) }
                var texts: [String?] = [Self.text(value)]
                if case .sequence(let sequence) = value { texts = sequence.map(Self.text) }
                guard item.set(name, texts, isList: value.sequence != nil) else {
                    throw ExperimentError(path: path, line: value.mark?.line ?? line, fact: .fieldType(name))
                }
            }
            items.append(item)
        }
        return items
    }

    private static func text(_ node: Node) -> String? {
        guard case .scalar(let scalar) = node, !isNull(scalar) else { return nil }
        return scalar.string
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
}
