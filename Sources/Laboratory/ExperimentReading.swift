/// An experiment from its file and the data files beside it.
extension Experiment {
    package static let sizeLimit = 64 << 10
    static let answersLimit = 1000
    static let cellsLimit = 100_000

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
        let file = try ExperimentFile.parse(bytes, path: path)
        let templates = try file.sections("templates", keys: ExperimentFile.templateKeys, limit: 100)
        let kind: Kind = try file.word("kind") ?? .choice, mode: Mode = try file.word("mode") ?? .complete
        for section in [file] + (templates ?? []) { try Self.refuseUnused(section, kind, mode) }
        let answers = try Self.answers(file, kind)
        var wordings: [Wording] = []
        for section in templates ?? [file] {
            wordings.append(try Self.wording(section, file, number: templates == nil ? nil : wordings.count + 1, answers))
        }
        // Without a place the answer is refused with the other templates' faults.
        let label = try file.filled("label") ?? (kind == .schema ? nil : wordings[0].answer.fields.first) ?? "label"
        self.init(path: path, title: try file.text("title") ?? Self.name(of: path), labelField: label, wordings: wordings, pool: [], test: [])
        (self.kind, self.mode, labels, choicesField) = (kind, mode, answers?.labels ?? [], try file.filled("choices"))
        lookAt = try file.text("look_at")
        try readGrid(file)
        try readScoring(file)
        try checkTemplates(file, templates ?? [file])
        let paths = try readItems(file, read)
        try checkItems(file, pool: paths.pool, test: paths.test)
    }

    /// Refuses keys that would be read and then do nothing.
    private static func refuseUnused(_ section: Section, _ kind: Kind, _ mode: Mode) throws(ExperimentError) {
        var unused: [(String, String)] = []
        switch kind {
        case .completion: unused = ["labels", "choices", "score", "answer_context", "content_free"].map { ($0, "kind: completion") }
        case .choice: unused = ["stop", "max_tokens", "match", "regex"].map { ($0, "kind: choice") }
        case .schema: unused = ["stop", "max_tokens", "match", "regex", "content_free"].map { ($0, "kind: schema") }
        }
        if mode == .chat { unused.append(("example", "mode: chat")) }
        for (key, other) in unused where section.has(key) { throw section.error(key, .unused(key: key, with: other)) }
    }

    private typealias Answers = (labels: [String], verbalisers: [String])

    /// The answers that all items share.
    private static func answers(_ file: Section, _ kind: Kind) throws(ExperimentError) -> Answers? {
        guard kind != .completion else { return nil }
        guard !file.has("labels") || !file.has("choices") else { throw file.error("choices", .twoSources) }
        guard file.has("labels") || file.has("choices") else { throw file.error("labels", .noAnswers) }
        return try file.labels()
    }

    /// - Parameter number: of the entry of `templates`; what that leaves out is the file's.
    private static func wording(_ section: Section, _ file: Section, number: Int?, _ answers: Answers?) throws(ExperimentError) -> Wording {
        func source(_ key: String) -> Section { section.has(key) ? section : file }
        func required(_ key: String) throws(ExperimentError) -> String {
            guard let text = try source(key).filled(key) else { throw section.error(key, .missing(key: key)) }
            return text
        }
        var verbalisers = answers?.verbalisers ?? []
        if number != nil, let own = try section.labels() {
            guard let answers else { throw section.error("labels", .twoSources) }
            let labels = answers.labels
            guard own.labels != own.verbalisers || own.labels == answers.labels, Set(own.labels) == Set(answers.labels) else {
                throw section.error("labels", .otherLabels(found: own.labels, labels: labels))
            }
            let places = Dictionary(zip(own.labels, own.verbalisers), uniquingKeysWith: { first, _ in first })
            verbalisers = labels.compactMap { places[$0] }
        }
        var name = number.map { "\($0)" } ?? ""
        if number != nil, let own = try section.filled("name") { name = own }
        return Wording(
            name: name, instruction: try source("instruction").text("instruction") ?? "",
            example: Template(try source("example").text("example") ?? ""), query: Template(try required("query")),
            answer: Template(try required("answer")), verbalisers: verbalisers,
            answerContext: try source("answer_context").filled("answer_context"))
    }

    private mutating func readGrid(_ file: Section) throws(ExperimentError) {
        shots = try file.shots("shots", range: 0...1000) ?? [.count(0)]
        seeds = try file.number("seeds", range: 1...1000) ?? 1
        orders = try file.number("orders", range: 1...1000) ?? 1
        guard shots.count * wordings.count * seeds * orders <= Self.cellsLimit else {
            throw file.error("shots", .tooMany(what: "cells (shots x templates x seeds x orders)", limit: Self.cellsLimit))
        }
    }

    private mutating func readScoring(_ file: Section) throws(ExperimentError) {
        score = try file.word("score") ?? .perToken
        contentFree = try file.texts("content_free", mayBeEmpty: true) ?? []
        if let key = missing(for: score) {
            throw file.error("score", kind == .schema && score == .calibrated ? .unused(key: "score: calibrated", with: "kind: schema")
                : .ruleWants(rule: score.rawValue, key: key))
        }
        stop = try file.texts("stop") ?? (kind == .completion && mode == .complete ? ["\n"] : [])
        maxTokens = try file.number("max_tokens", range: 1...1000) ?? 16
        matching.steps = try file.words("match") ?? Matching().steps
        guard !matching.steps.contains(.exact) || matching.steps.count == 1 else { throw file.error("match", .notAlone("exact")) }
        guard let regex = try file.filled("regex") else {
            if matching.steps.contains(.regex) { throw file.error("match", .missing(key: "regex")) }
            return
        }
        guard matching.steps.contains(.regex) else {
            throw file.error("regex", .unused(key: "regex", with: "match: [\(matching.steps.map(\.rawValue).joined(separator: ", "))]"))
        }
        matching.regex = regex
        if let problem = Matching.problem(regex) { throw file.error("regex", .badRegex(problem)) }
    }

    /// - Returns: where the items come from.
    private mutating func readItems(_ file: Section, _ read: (String) throws(ExperimentError) -> [UInt8]) throws(ExperimentError)
        -> (pool: String, test: String) {
        let folder = Self.folder(of: path)
        var lists = Set(choicesField.map { [$0] } ?? [])
        if kind == .completion { lists.insert(labelField) }
        func items(_ key: String) throws(ExperimentError) -> (items: [Item], path: String)? {
            if let items = try file.items(key) { return (items, path) }
            guard let name = try file.filled(key) else { return nil }
            let path = Self.join(folder, name)
            return (try ItemFile.parse(try read(path), path: path, lists: lists), path)
        }
        guard let tested = try items("test") else { throw file.error("test", .missing(key: "test")) }
        guard !tested.items.isEmpty else { throw ExperimentError(path: tested.path, fact: .noLine) }
        test = tested.items
        if let limit = try file.number("limit", range: 1...ItemFile.countLimit) { test = Array(test.prefix(limit)) }
        let pooled = try items("pool")
        if pooled == nil, shots.contains(where: { $0 != .count(0) }) { throw file.error("pool", .missing(key: "pool")) }
        pool = pooled?.items ?? []
        return (pooled?.path ?? "", tested.path)
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
