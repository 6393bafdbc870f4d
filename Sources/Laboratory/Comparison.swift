import JSONText
import Tokenizer

/// Two sets of results on the same test items, condition by condition.
package struct ResultsComparison {
    package struct Row {
        package let a: Shots, b: Shots
        package let contrast: Contrast
    }

    package let a: StoredResults.Set, b: StoredResults.Set
    package let rules: (ScoreRule, ScoreRule)
    package let rows: [Row]

    /// - Parameters:
    ///   - shotsA, shotsB: one number of shots of each side; nil for all that both have.
    /// Throws: where the sides have other test items, or no condition in common.
    package init(
        _ a: StoredResults.Set, _ b: StoredResults.Set, shots shotsA: Shots?, _ shotsB: Shots?, rules: (ScoreRule, ScoreRule), path: String
    ) throws(ExperimentError) {
        (self.a, self.b, self.rules) = (a, b, rules)
        guard a.test == b.test else { throw ExperimentError(path: path, fact: .otherTest(a.title, b.title)) }
        for (side, rule) in [(a, rules.0), (b, rules.1)] {
            guard side.cells.allSatisfy({ $0.items.allSatisfy { $0.completion != nil || $0.answers.allSatisfy { $0.value(rule) != nil } } }) else {
                throw ExperimentError(path: path, fact: .ruleNotScored(rule.rawValue, title: side.title))
            }
        }
        let pairs: [(Shots, Shots)] = if shotsA == nil, shotsB == nil {
            Self.shots(a).filter { Self.shots(b).contains($0) }.map { ($0, $0) }
        } else {
            [(shotsA ?? shotsB, shotsB ?? shotsA)].compactMap { a, b in a.flatMap { a in b.map { (a, $0) } } }
        }
        rows = pairs.compactMap { one, other in
            let (left, right) = Self.paired(a.cells.filter { $0.cell.shots == one }, b.cells.filter { $0.cell.shots == other })
            return Contrast(left, right, rules: rules).map { Row(a: one, b: other, contrast: $0) }
        }
        guard !rows.isEmpty else {
            throw ExperimentError(path: path, fact: .nothingInCommon(Self.shots(a).map(\.description), Self.shots(b).map(\.description)))
        }
    }

    /// The numbers of shots of a side, in their first order.
    private static func shots(_ set: StoredResults.Set) -> [Shots] {
        var shots: [Shots] = []
        for cell in set.cells where !shots.contains(cell.cell.shots) { shots.append(cell.cell.shots) }
        return shots
    }

    /// Cells with the same seed, order and wording stand together. A side without shots has one prompt, which stands against each of
    /// the other's.
    private static func paired(_ a: [CellResult], _ b: [CellResult]) -> ([CellResult], [CellResult]) {
        var seen: Swift.Set<[Cell]> = []
        var pairs: [(CellResult, CellResult)] = []
        for left in a {
            for right in b where left.cell.seed == right.cell.seed && left.cell.order == right.cell.order && left.cell.template == right.cell.template {
                if seen.insert([left.cell.original, right.cell.original]).inserted { pairs.append((left, right)) }
            }
        }
        return (pairs.map(\.0), pairs.map(\.1))
    }

    package var json: String {
        func side(_ set: StoredResults.Set, _ rule: ScoreRule) -> JSON {
            .object([("title", .string(set.title)), ("experiment", .string(set.experiment)), ("model", .string(set.model)), ("rule", .string(rule.rawValue))])
        }
        return JSON.object([("a", side(a, rules.0)), ("b", side(b, rules.1)), ("rows", .array(rows.map { row in
            let contrast = row.contrast, bootstrap = contrast.bootstrap
            var fields: [(String, JSON)] = [
                ("a", Self.json(row.a)), ("b", Self.json(row.b)), ("items", .integer(contrast.items)), ("prompts", .integer(contrast.pairs)),
                ("accuracy_a", .number(contrast.accuracyA)), ("accuracy_b", .number(contrast.accuracyB)), ("difference", .number(bootstrap.difference)),
                ("low", .number(bootstrap.interval.low)), ("high", .number(bootstrap.interval.high)), ("p", .number(bootstrap.p)),
            ]
            if let mcNemar = contrast.mcNemar {
                fields.append(("mcnemar", .object([
                    ("only_a", .integer(mcNemar.onlyA)), ("only_b", .integer(mcNemar.onlyB)), ("exact_p", .number(mcNemar.exactP)),
                    ("chi_square", .number(mcNemar.chiSquare)), ("chi_square_p", .number(mcNemar.chiSquareP)),
                ])))
            }
            return .object(fields)
        }))]).text
    }

    private static func json(_ shots: Shots) -> JSON { if case .count(let count) = shots { .integer(count) } else { .string("max") } }

    package var text: String {
        let isMixed = rows.contains { $0.a != $0.b }
        let table = [["shots", "items", "prompts", "A", "B", "B - A", "95 %", "p", "only A", "only B", "McNemar p"]] + rows.map { row in
            let contrast = row.contrast, bootstrap = contrast.bootstrap
            return [
                isMixed ? "\(row.a) | \(row.b)" : "\(row.a)", "\(contrast.items)", "\(contrast.pairs)", Report.percent(contrast.accuracyA),
                Report.percent(contrast.accuracyB), Report.percent(bootstrap.difference),
                "\(Report.percent(bootstrap.interval.low)) to \(Report.percent(bootstrap.interval.high))", Report.fixed(bootstrap.p, 4),
            ] + (contrast.mcNemar.map { ["\($0.onlyA)", "\($0.onlyB)", Report.fixed($0.exactP, 4)] } ?? ["-", "-", "-"])
        }
        let sides = [("A", a, rules.0), ("B", b, rules.1)].map { "\($0): \($1.title), \($2.rawValue), model \($1.model)\n" }.joined()
        return sides + Report.aligned(table)
            + "The interval and p draw the items again 10,000 times; McNemar's exact test needs one prompt an item.\n"
    }
}
