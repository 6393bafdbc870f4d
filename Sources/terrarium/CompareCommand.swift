import ArgumentParser
import Glibc
import Laboratory

/// Compares two sets of results item by item.
struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare", abstract: "Compare the results of two experiments, item by item.",
        discussion: "A and B are folders that `terrarium experiment --out` wrote; they may be the same. Where a folder holds results of "
            + "several models or experiments, the beginning of an experiment's name follows a colon.")

    @Argument(help: "A folder of results.") var a: String
    @Argument(help: "Another, or the same.") var b: String
    @Option(help: ArgumentHelp("The shots of A; all that both have unless told.", valueName: "n")) var shotsA: String?
    @Option(help: ArgumentHelp("The shots of B.", valueName: "n")) var shotsB: String?
    @Option(help: "The score rule of both: sum, per_token, per_byte, unconditional or calibrated.") var rule = ScoreRule.perToken
    @Option(help: ArgumentHelp("The score rule of B where it is another.", valueName: "rule")) var ruleB: ScoreRule?
    @Flag(help: "Print one JSON object.") var json = false

    func validate() throws {
        for text in [shotsA, shotsB].compactMap({ $0 }) where Shots(text) == nil {
            throw ValidationError("`\(text)` is no number of shots; give a whole number or max.")
        }
    }

    func run() throws {
        let comparison = try ResultsComparison(
            try Self.results(a), try Self.results(b), shots: shotsA.flatMap { Shots($0) }, shotsB.flatMap { Shots($0) },
            rules: (rule, ruleB ?? rule), path: b)
        var output = Output()
        try output.write((json ? comparison.json + "\n" : Visible.line(comparison.text)).utf8)
        try output.flush()
    }

    /// A folder's only set, or the one named behind a colon.
    private static func results(_ path: String) throws -> StoredResults.Set {
        var (folder, name) = (path, "")
        if access(path + "/cells.jsonl", F_OK) != 0, let colon = path.lastIndex(of: ":") {
            (folder, name) = (String(path[..<colon]), String(path[path.index(after: colon)...]))
        }
        let sets = try StoredResults(folder: folder).sets
        let found = sets.filter { $0.experiment.hasPrefix(name) }
        guard found.count == 1 else { throw ExperimentError(path: folder, fact: .severalSets(sets.map { "\($0.experiment) (\($0.title))" })) }
        return found[0]
    }
}

extension ScoreRule: ExpressibleByArgument {}
