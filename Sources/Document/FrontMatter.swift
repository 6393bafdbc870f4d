import Yams

/// The keys of a prompt file and how each is read from YAML and written back.
enum FrontMatter {
    enum Key: String, CaseIterable {
        case title, lookAt = "look_at", mode, system
        case temperature, topK = "top_k", typicalP = "typical_p", topP = "top_p", minP = "min_p"
        case repetitionPenalty = "repetition_penalty", presencePenalty = "presence_penalty", frequencyPenalty = "frequency_penalty"
        case logitBias = "logit_bias", seed, maxTokens = "max_tokens", stop, variables, specials
    }

    /// Reads YAML into a prompt file's values and notices.
    static func read(_ yaml: [UInt8], into file: inout PromptFile) throws(Fault) {
        var seen: Set<String> = []
        for (keyNode, value) in try mapping(yaml) {
            let line = keyNode.mark?.line
            guard let name = keyNode.scalar?.string else { throw Fault(line, .notMapping) }
            guard seen.insert(name).inserted else { throw Fault(line, .yaml("the key `\(name)` stands twice")) }
            guard let key = Key(rawValue: name) else {
                file.notices.append("`\(name)`\(line.map { " (line \($0 + 1))" } ?? "") is not a key of prompt files; it is kept, and does nothing.")
                continue
            }
            try read(key, value, line: value.mark?.line ?? line, into: &file)
        }
        if file.mode == .chat, file.system != nil, file.opensWithSystem {
            file.notices.append("`system` is not used: the text opens with a system turn of its own.")
        }
    }

    /// The pairs of a YAML mapping; nothing at all is an empty one.
    static func mapping(_ yaml: [UInt8]) throws(Fault) -> [(Yams.Node, Yams.Node)] {
        guard let text = String(validating: yaml, as: UTF8.self) else { throw Fault(nil, .notText) }
        try YAMLGuard.check(yaml)
        let root: Yams.Node?
        do { root = try Parser(yaml: text, resolver: .basic).singleRoot() } catch { throw fault(of: error) }
        switch root {
        case nil: return []
        case .mapping(let mapping)?: return mapping.map { ($0.key, $0.value) }
        case .scalar(let scalar)? where isNull(scalar): return []
        case let root?: throw Fault(root.mark?.line, .notMapping)
        }
    }

    private static func fault(of error: any Error) -> Fault {
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _)?, .parser(_, let problem, let mark, _)?, .composer(_, let problem, let mark, _)?:
            return Fault(mark.line, .yaml(problem))
        case .duplicatedKeysInMapping(let duplicates, let context)?:
            return Fault(context.mark.line, .yaml("the key `\(duplicates.joined(separator: "`, `"))` stands twice"))
        case .reader(let problem, _, _, _)?: return Fault(nil, .yaml(problem))
        default: return Fault(nil, .yaml("it cannot be read"))
        }
    }

    /// The title of a file that is YAML as a whole.
    static func title(_ yaml: [UInt8], path: String) throws(PromptFileError) -> String? {
        guard yaml.count <= PromptSource.limit else { throw PromptFileError(path: path, line: nil, fact: .tooLong(limit: PromptSource.limit)) }
        do {
            return try mapping(yaml).first { $0.0.scalar?.string == "title" }?.1.scalar?.string
        } catch {
            throw PromptFileError(path: path, line: error.line, fact: error.fact)
        }
    }

    // MARK: - Values

    private static func read(_ key: Key, _ node: Yams.Node, line: Int?, into file: inout PromptFile) throws(Fault) {
        if case .scalar(let scalar) = node, isNull(scalar) { return }
        func wrong(_ expected: String) -> Fault { Fault(line, .wrongType(key: key.rawValue, expected: expected, found: describe(node))) }
        func text() throws(Fault) -> String {
            guard let text = node.scalar?.string else { throw wrong("text") }
            return text
        }
        func number() throws(Fault) -> Double {
            guard let number = plainNumber(node) else { throw wrong("a number") }
            return number
        }
        func integer() throws(Fault) -> Int {
            guard let number = plain(node).flatMap({ Int($0) }), number >= 0 else { throw wrong("a whole number, 0 or more") }
            return number
        }
        switch key {
        case .title: file.title = try text()
        case .lookAt: file.lookAt = try text()
        case .system: file.system = try text()
        case .mode:
            guard let mode = PromptFile.Mode(rawValue: try text()) else { throw wrong("complete or chat") }
            file.mode = mode
        case .temperature: file.settings.temperature = try number()
        case .topK: file.settings.topK = try integer()
        case .typicalP: file.settings.typicalP = try number()
        case .topP: file.settings.topP = try number()
        case .minP: file.settings.minP = try number()
        case .repetitionPenalty: file.settings.repetitionPenalty = try number()
        case .presencePenalty: file.settings.presencePenalty = try number()
        case .frequencyPenalty: file.settings.frequencyPenalty = try number()
        case .maxTokens: file.settings.maxTokens = try integer()
        case .seed:
            let word = plain(node)
            if word == "random" { file.settings.seed = .random; return }
            guard let seed = word.flatMap({ UInt64($0) }) else { throw wrong("random, or a whole number, 0 or more") }
            file.settings.seed = .fixed(seed)
        case .specials:
            guard let word = plain(node), ["true", "false"].contains(word) else { throw wrong("true or false") }
            file.specials = word == "true"
        case .stop:
            if let one = node.scalar { file.settings.stop = [one.string]; return }
            guard let list = texts(node) else { throw wrong("a text or a list of texts") }
            file.settings.stop = list
        case .logitBias:
            guard let bias = bias(node) else { throw wrong("a mapping of a token's text or id to a number") }
            file.settings.logitBias = bias
        case .variables:
            guard let variables = variables(node) else { throw wrong("a list of names, or a mapping of names to texts") }
            file.variables = variables
        }
    }

    static func isNull(_ scalar: Yams.Node.Scalar) -> Bool {
        scalar.style == .plain && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }

    private static func plain(_ node: Yams.Node) -> String? {
        guard let scalar = node.scalar, scalar.style == .plain else { return nil }
        return scalar.string
    }

    /// A finite number in digits; words such as `nan`, and hexadecimal, are none.
    private static func plainNumber(_ node: Yams.Node) -> Double? {
        guard let word = plain(node), word.utf8.allSatisfy({ "0123456789+-.eE".utf8.contains($0) }) else { return nil }
        return Double(word).flatMap { $0.isFinite ? $0 : nil }
    }

    private static func texts(_ node: Yams.Node) -> [String]? {
        guard let sequence = node.sequence else { return nil }
        var list: [String] = []
        for element in sequence {
            guard let text = element.scalar?.string else { return nil }
            list.append(text)
        }
        return list
    }

    private static func bias(_ node: Yams.Node) -> [PromptSettings.BiasKey: Double]? {
        guard let mapping = node.mapping else { return nil }
        var bias: [PromptSettings.BiasKey: Double] = [:]
        for (key, value) in mapping {
            guard let text = key.scalar?.string, let number = plainNumber(value) else { return nil }
            if let id = plain(key).flatMap({ Int($0) }) { bias[.id(id)] = number } else { bias[.text(text)] = number }
        }
        return bias
    }

    private static func variables(_ node: Yams.Node) -> [PromptFile.Variable]? {
        if node.sequence != nil { return texts(node)?.map { PromptFile.Variable(name: $0) } }
        guard let mapping = node.mapping else { return nil }
        var variables: [PromptFile.Variable] = []
        for (key, value) in mapping {
            guard let name = key.scalar?.string, let scalar = value.scalar else { return nil }
            variables.append(PromptFile.Variable(name: name, standard: isNull(scalar) ? nil : scalar.string))
        }
        return variables
    }

    private static func describe(_ node: Yams.Node) -> String {
        switch node {
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .alias: "an alias"
        case .scalar(let scalar): scalar.style == .plain ? "`\(scalar.string.prefix(40))`" : "the text \"\(scalar.string.prefix(40))\""
        }
    }
}
