/// A few-shot experiment: templates, labels, a pool of shots, test items and the grid of cells.
///
/// In: a YAML file of at most 64 KiB and two JSONL files beside it. Out: prompts, scores of every label after them, accuracy
/// of every cell.
/// Invariants: an experiment that loads can run: every field a template asks for is there, every answer is a label, the pool
/// has enough shots. The same file, model and seeds give the same numbers. Must not know: screens.
package struct Experiment: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable { case choice, schema, completion }

    /// A line of the pool or the test file.
    package struct Item: Sendable, Equatable {
        package let fields: [String: String]
        /// Counted from 1.
        package let line: Int
    }

    package let path: String
    package let title: String
    package let lookAt: String?
    package let instruction: String
    package let example: Template
    package let query: Template
    package let answer: Template
    /// The one place of `answer`.
    package let answerField: String
    package let labels: [String]
    package let pool: [Item]
    package let test: [Item]
    package let kind: Kind
    package let shots: [Int]
    package let seeds: Int
    package let orders: Int
    package let score: ScoreRule

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
        self.path = path
        title = try file.text("title") ?? Self.name(of: path)
        lookAt = try file.text("look_at")
        instruction = try file.text("instruction") ?? ""
        example = Template(try file.text("example") ?? "")
        query = Template(try file.required("query"))
        answer = Template(try file.required("answer"))
        labels = try file.labels()
        kind = try file.choice("kind", now: [.choice]) ?? .choice
        score = try file.choice("score", now: ScoreRule.computable) ?? .perToken
        shots = try file.numbers("shots", range: 0...1000) ?? [0]
        seeds = try file.number("seeds", range: 1...1000) ?? 1
        orders = try file.number("orders", range: 1...1000) ?? 1
        _ = try file.text("answer_context")
        _ = try file.texts("content_free")
        guard answer.fields.count == 1 else { throw file.error("answer", .answerFields(found: answer.fields)) }
        answerField = answer.fields[0]
        guard !query.fields.contains(answerField) else { throw file.error("query", .answerInQuery(field: answerField)) }
        let folder = Self.folder(of: path)
        let testPath = Self.join(folder, try file.required("test"))
        test = try ItemFile.parse(try read(testPath), path: testPath)
        guard !test.isEmpty else { throw ExperimentError(path: testPath, fact: .noLine) }
        var poolPath = ""
        let needsPool = shots.contains { $0 > 0 }
        if let name = needsPool ? try file.required("pool") : try file.text("pool") {
            poolPath = Self.join(folder, name)
            pool = try ItemFile.parse(try read(poolPath), path: poolPath)
        } else {
            pool = []
        }
        if needsPool { _ = try file.required("example") }
        try check(poolPath: poolPath, testPath: testPath, shots: { fact in file.error("shots", fact) })
    }

    private func check(
        poolPath: String, testPath: String, shots error: (ExperimentError.Fact) -> ExperimentError
    ) throws(ExperimentError) {
        for item in test { try check(item, [("query", query), ("answer", answer)], path: testPath) }
        for item in pool { try check(item, [("example", example), ("query", query), ("answer", answer)], path: poolPath) }
        let most = shots.max() ?? 0
        guard most > 0 else { return }
        var copies: [[UInt8]: Int] = [:]
        for item in pool { copies[query.filled(item.fields), default: 0] += 1 }
        for item in test {
            let usable = pool.count - (copies[query.filled(item.fields)] ?? 0)
            guard usable >= most else { throw error(.poolTooSmall(shots: most, usable: usable)) }
        }
    }

    private func check(_ item: Item, _ templates: [(String, Template)], path: String) throws(ExperimentError) {
        for (name, template) in templates {
            for field in template.fields where item.fields[field] == nil {
                throw ExperimentError(path: path, line: item.line, fact: .missingField(field, wanted: name))
            }
        }
        let found = item.fields[answerField] ?? ""
        guard labels.contains(found) else {
            throw ExperimentError(path: path, line: item.line, fact: .notALabel(found, labels: labels))
        }
    }

    /// The text of a label's answer.
    package func answer(_ label: String) -> [UInt8] { answer.filled([answerField: label]) }

    /// The number of the right label.
    package func rightLabel(_ item: Item) -> Int? { labels.firstIndex(of: item.fields[answerField] ?? "") }

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
