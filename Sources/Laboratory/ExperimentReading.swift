/// An experiment from its file and the data files beside it.
extension Experiment {
    package static let sizeLimit = 64 << 10

    /// Reads the file at a path; the pool and test paths in it are relative to its folder.
    /// Throws: `ExperimentError` with file, line and remedy.
    package static func load(_ path: String) throws(ExperimentError) -> Experiment {
        let bytes = try InputFile.read(path, limit: sizeLimit)
        return try Experiment(parsing: bytes, path: path) { path throws(ExperimentError) in
            try InputFile.read(path, limit: ItemFile.sizeLimit)
        }
    }

    /// Reads the file's bytes; `read` gives the bytes of the files it names.
    package init(
        parsing bytes: [UInt8], path: String, read: (String) throws(ExperimentError) -> [UInt8]
    ) throws(ExperimentError) {
        let file = try ExperimentFile(bytes, path: path)
        let labels = try file.labels(), answer = Template(try file.required("answer")), query = Template(try file.required("query"))
        guard answer.fields.count == 1 else { throw file.error("answer", .answerFields(found: answer.fields)) }
        guard !query.fields.contains(answer.fields[0]) else { throw file.error("query", .answerInQuery(field: answer.fields[0])) }
        let wording = Wording(
            name: "", instruction: try file.text("instruction") ?? "", example: Template(try file.text("example") ?? ""), query: query, answer: answer,
            verbalisers: labels, answerContext: try file.text("answer_context"))
        self.init(path: path, title: try file.text("title") ?? Self.name(of: path), labelField: answer.fields[0], wordings: [wording], pool: [], test: [])
        self.labels = labels
        lookAt = try file.text("look_at")
        kind = try file.choice("kind", now: [.choice]) ?? .choice
        score = try file.choice("score", now: ScoreRule.allCases) ?? .perToken
        shots = try file.numbers("shots", range: 0...1000)?.map { .count($0) } ?? [.count(0)]
        seeds = try file.number("seeds", range: 1...1000) ?? 1
        orders = try file.number("orders", range: 1...1000) ?? 1
        contentFree = try file.texts("content_free") ?? []
        let folder = Self.folder(of: path)
        let testPath = Self.join(folder, try file.required("test"))
        test = try ItemFile.parse(try read(testPath), path: testPath)
        guard !test.isEmpty else { throw ExperimentError(path: testPath, fact: .noLine) }
        var poolPath = ""
        let needsPool = shots.contains { $0 != .count(0) }
        if let name = needsPool ? try file.required("pool") : try file.text("pool") {
            poolPath = Self.join(folder, name)
            pool = try ItemFile.parse(try read(poolPath), path: poolPath)
        }
        if needsPool { _ = try file.required("example") }
        try check(poolPath: poolPath, testPath: testPath, shots: { fact in file.error("shots", fact) })
    }

    private func check(
        poolPath: String, testPath: String, shots error: (ExperimentError.Fact) -> ExperimentError
    ) throws(ExperimentError) {
        let wording = wordings[0]
        for item in test { try check(item, [("query", wording.query), ("answer", wording.answer)], path: testPath) }
        for item in pool { try check(item, [("example", wording.example), ("query", wording.query), ("answer", wording.answer)], path: poolPath) }
        var most = 0
        for case .count(let count) in shots { most = max(most, count) }
        guard most > 0 else { return }
        var copies: [[UInt8]: Int] = [:]
        for item in pool { copies[FewShot.query(item, self), default: 0] += 1 }
        for item in test {
            let usable = pool.count - (copies[FewShot.query(item, self)] ?? 0)
            guard usable >= most else { throw error(.poolTooSmall(shots: most, usable: usable)) }
        }
    }

    private func check(_ item: Item, _ templates: [(String, Template)], path: String) throws(ExperimentError) {
        for (name, template) in templates {
            for field in template.fields where item.fields[field] == nil {
                throw ExperimentError(path: path, line: item.line, fact: .missingField(field, wanted: name))
            }
        }
        guard right(item) != nil else {
            throw ExperimentError(path: path, line: item.line, fact: .notALabel(item.fields[labelField] ?? "", labels: labels))
        }
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "" }
        return String(path[...slash])
    }

    private static func join(_ folder: String, _ name: String) -> String { name.hasPrefix("/") ? name : folder + name }

    private static func name(of path: String) -> String {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        return name.hasSuffix(".yaml") ? String(name.dropLast(5)) : name
    }
}
