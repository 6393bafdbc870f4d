import Foundation
import Testing

import Laboratory

/// Folders of results that are read back and compared.
@Suite struct ComparisonTests {
    private let path: String

    init() { path = NSTemporaryDirectory() + "comparison-" + UUID().uuidString }

    private func remove() { try? FileManager.default.removeItem(atPath: path) }

    private func write(_ experiment: Experiment, _ results: [CellResult], model: String = "m") throws {
        let folder = try ResultsFolder(path, experiment: experiment, model: model, resume: true)
        for result in results { try folder.append(result) }
    }

    private func change(_ name: String, _ edit: (String) -> String) throws {
        let file = path + "/" + name
        try edit(String(contentsOfFile: file, encoding: .utf8)).write(toFile: file, atomically: false, encoding: .utf8)
    }

    private func set(_ experiment: Experiment = Made.experiment(), _ results: [CellResult] = Made.four, model: String = "m") throws -> StoredResults.Set {
        defer { remove() }
        try write(experiment, results, model: model)
        return try #require(try StoredResults(folder: path).sets.first)
    }

    private func compare(
        _ a: StoredResults.Set, _ b: StoredResults.Set, _ shotsA: Shots? = nil, _ shotsB: Shots? = nil, rules: (ScoreRule, ScoreRule) = (.sum, .sum)
    ) throws -> ResultsComparison {
        try ResultsComparison(a, b, shots: shotsA, shotsB, rules: rules, path: "b")
    }

    // MARK: What a folder holds

    @Test("A folder gives back the cells of each experiment and model, in the order in which they began, to the last bit")
    func stored() throws {
        defer { remove() }
        let one = Made.experiment(), other = Made.experiment(title: "Other")
        var wordy = other
        wordy.wordings[0].instruction = "Now."
        try write(one, Array(Made.four[..<2]))
        try write(wordy, [Made.four[0]])
        try write(one, Array(Made.four[2...]))
        try write(one, [Made.four[3]], model: "n")
        let sets = try StoredResults(folder: path).sets
        #expect(sets.map(\.title) == ["Colours", "Other", "Colours"] && sets.map(\.model) == ["m", "m", "n"])
        #expect(sets.map(\.experiment) == [Fingerprint.of(one, model: "m"), Fingerprint.of(wordy, model: "m"), Fingerprint.of(one, model: "n")])
        #expect(sets[0].cells == Made.four && sets[1].cells == [Made.four[0]] && sets[2].cells == [Made.four[3]])
        #expect(Set(sets.map(\.test)) == [Fingerprint.of(test: one)])
    }

    @Test("A line that was never finished does not count; a damaged one is named; an empty folder says what to run")
    func damage() throws {
        defer { remove() }
        try write(Made.experiment(), Made.four)
        let cells = path + "/cells.jsonl"
        try change("cells.jsonl") { String($0.dropLast(9)) }
        #expect(try StoredResults(folder: path).sets[0].cells == Array(Made.four[..<3]))
        try change("cells.jsonl") { $0.split(separator: "\n").enumerated().map { ($0 == 1 ? "{}" : $1) + "\n" }.joined() }
        #expect(throws: ExperimentError(path: cells, line: 2, fact: .badRecord)) { try StoredResults(folder: path) }
        try change("cells.jsonl") { _ in "" }
        #expect(throws: ExperimentError(path: path, fact: .noResults)) { try StoredResults(folder: path) }
        remove()
        #expect(throws: ExperimentError(path: cells, fact: .unreadable("No such file or directory"))) { try StoredResults(folder: path) }
    }

    @Test("Items that are not there, or not those of their cell, are a damaged record")
    func missingItems() throws {
        defer { remove() }
        try write(Made.experiment(), Made.four)
        try change("items.jsonl") { String(decoding: Array($0.utf8).map { $0 == UInt8(ascii: "{") ? UInt8(ascii: "(") : $0 }, as: UTF8.self) }
        #expect(throws: ExperimentError(path: path + "/items.jsonl", fact: .badRecord)) { try StoredResults(folder: path) }
        try change("items.jsonl") { String($0.dropLast(1)) }
        #expect(throws: ExperimentError.self) { try StoredResults(folder: path) }
    }

    // MARK: Two of them

    @Test("Each number of shots that both have is a row; what one lacks is left out")
    func rows() throws {
        let zero = Made.cell(Cell(shots: 0, seed: 0, order: 0), [0.8, 0.8, 0.8, 0.2]), one = Made.cell(Cell(shots: 1, seed: 0, order: 0), [0.8, 0.8, 0.8, 0.2])
        let a = try set(Made.experiment(), [zero] + Made.four), b = try set(Made.experiment(), Made.four.reversed() + [one, zero], model: "n")
        let comparison = try compare(a, b)
        #expect(comparison.rows.map(\.a) == [.count(0), .count(3)] && comparison.rows.map(\.b) == [.count(0), .count(3)])
        #expect(comparison.rows.map(\.contrast.pairs) == [1, 4])
        // Whatever their order in the folder, cells of one seed and order stand together: the same against the same.
        #expect(comparison.rows.allSatisfy { $0.contrast.bootstrap.difference == 0 && $0.contrast.bootstrap.interval == Interval(low: 0, high: 0) })
    }

    @Test("Two numbers of shots of one set: the prompt without shots stands against each draw")
    func shots() throws {
        // All right without shots.
        let zeros = (0..<2).map { Made.cell(Cell(shots: 0, seed: $0, order: 0), [0.8, 0.8, 0.8, 0.2]) }
        let a = try set(Made.experiment(orders: 1), zeros + [Made.four[0], Made.four[2]])
        let comparison = try compare(a, a, .count(0), .count(3))
        let contrast = try #require(comparison.rows.first?.contrast)
        #expect(comparison.rows.count == 1 && contrast.pairs == 2)
        #expect((contrast.accuracyA, contrast.accuracyB, contrast.bootstrap.difference) == (1, 0.5, -0.5))
        #expect(comparison.text.contains("\n0 | 3      4        2  100.0  50.0  -50.0  "))
        #expect(try compare(a, a, .count(3)).rows.map(\.a) == [.count(3)])
        // The other way round it is the same, turned.
        #expect(try compare(a, a, .count(3), .count(0)).rows[0].contrast.bootstrap.difference == 0.5)
    }

    @Test("The JSON has exactly the documented shape, with McNemar's test where one pair of cells is compared")
    func json() throws {
        let a = try set(Made.experiment(seeds: 1, orders: 1), [Made.four[0]]), b = try set(Made.experiment(seeds: 1, orders: 1), [Made.four[0]], model: "n")
        let comparison = try compare(a, b, rules: (.sum, .perByte))
        #expect(comparison.json == """
            {"a":{"title":"Colours","experiment":"\(a.experiment)","model":"m","rule":"sum"},\
            "b":{"title":"Colours","experiment":"\(b.experiment)","model":"n","rule":"per_byte"},\
            "rows":[{"a":3,"b":3,"items":4,"prompts":1,"accuracy_a":0.75,"accuracy_b":0.75,"difference":0.0,"low":0.0,"high":0.0,"p":1.0,\
            "mcnemar":{"only_a":0,"only_b":0,"exact_p":1.0,"chi_square":0.0,"chi_square_p":1.0}}]}
            """)
        #expect(comparison.text.hasPrefix("A: Colours, sum, model m\nB: Colours, per_byte, model n\nshots  items  prompts     A     B  B - A        95 %       p"))
        let several = try set()
        #expect(try !compare(several, several).json.contains("mcnemar"))
        #expect(try compare(several, several).text.contains("     -       -          -\n"))
    }

    @Test("Other test items, a rule that was not scored, and nothing in common are refused with the remedy")
    func refusals() throws {
        let a = try set()
        var longer = Made.experiment(title: "Longer")
        longer.test.append(longer.test[0])
        let other = try set(longer, [Made.cell(Cell(shots: 3, seed: 0, order: 0), [0.8, 0.8, 0.8, 0.8, 0.2], right: [0, 0, 0, 1, 0])])
        #expect(throws: ExperimentError(path: "b", fact: .otherTest("Colours", "Longer"))) { try compare(a, other) }
        #expect(throws: ExperimentError(path: "b", fact: .ruleNotScored("calibrated", title: "Colours"))) { try compare(a, a, rules: (.sum, .calibrated)) }
        #expect(throws: ExperimentError(path: "b", fact: .ruleNotScored("unconditional", title: "Colours"))) { try compare(a, a, rules: (.unconditional, .sum)) }
        let zero = try set(Made.experiment(), [Made.cell(Cell(shots: 0, seed: 0, order: 0), [0.8, 0.8, 0.8, 0.8])])
        let fact = ExperimentError.Fact.nothingInCommon(["3"], ["0"])
        #expect(throws: ExperimentError(path: "b", fact: fact)) { try compare(a, zero) }
        #expect(throws: ExperimentError(path: "b", fact: .nothingInCommon(["3"], ["3"]))) { try compare(a, a, .count(9)) }
        #expect(ExperimentError(path: "b", fact: fact).description
            == "b: no prompts to pair: A has 3 shots and B 0; name two of these with --shots-a and --shots-b.")
    }
}
