import Tokenizer

/// Results as JSON and as a table.
package enum Report {
    /// `{"cells":[{"shots","seed","order","items","correct","accuracy"}]}` by the experiment's score rule.
    package static func json(_ results: [CellResult], rule: ScoreRule) -> String {
        JSON.object([("cells", .array(results.map { result in
            let cell = result.cell
            var fields: [(String, JSON)] = [("shots", .integer(result.shots)), ("seed", .integer(cell.seed)), ("order", .integer(cell.order)),
                ("items", .integer(result.items.count)), ("correct", .integer(result.correct(rule))),
                ("accuracy", result.accuracy(rule).map { .number($0) } ?? .null)]
            if cell.shots == .most { fields.append(("max", .literal("true"))) }
            if results.contains(where: { $0.cell.template > 0 }) { fields.append(("template", .integer(cell.template))) }
            return .object(fields)
        }))]).text
    }

    /// A line a number of shots: the mean over seeds and orders, the lowest and the highest, by every rule.
    package static func table(_ results: [CellResult], rule: ScoreRule, rules: [ScoreRule]) -> String {
        var lines = [pad("shots", 6) + pad("cells", 7) + rules.map { heading($0, chosen: $0 == rule) }.joined()]
        var shots: [Shots] = []
        for result in results where !shots.contains(result.cell.shots) { shots.append(result.cell.shots) }
        for count in shots {
            let row = results.filter { $0.cell.shots == count }
            let columns = rules.map { rule in
                let values = row.compactMap { $0.accuracy(rule) }
                guard let low = values.min(), let high = values.max() else { return pad("-", 24) }
                // All cells have the same items: one division, whose rounding does not depend on the number of cells.
                let mean = Double(row.reduce(0) { $0 + $1.correct(rule) }) / Double(row.reduce(0) { $0 + $1.items.count })
                return pad(percent(mean), 10) + pad("\(percent(low))-\(percent(high))", 14)
            }
            lines.append(pad("\(count)", 6) + pad("\(row.count)", 7) + columns.joined())
        }
        let merges = results.reduce(0) { $0 + $1.merges }
        if merges > 0 { lines.append("\(merges) answers share their first token with the end of the prompt; that token is scored whole.") }
        return lines.map { $0 + "\n" }.joined()
    }

    private static func heading(_ rule: ScoreRule, chosen: Bool) -> String {
        pad(rule.rawValue + (chosen ? "*" : ""), 10) + pad("low-high %", 14)
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(1, width - text.count)) + text
    }

    private static func percent(_ share: Double) -> String {
        let tenths = Int((share * 1000).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
