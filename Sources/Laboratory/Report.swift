import Tokenizer

/// Results as JSON and as a table.
package enum Report {
    /// `{"cells":[{"shots","seed","order","items","correct","accuracy"}]}` by the experiment's score rule.
    package static func json(_ results: [CellResult], rule: ScoreRule) -> String {
        let cells = results.map { result in
            let cell = result.cell
            let accuracy = result.accuracy(rule).map { "\($0)" } ?? "null"
            let correct = result.correct(rule).map(String.init) ?? "null"
            return "{\"shots\":\(cell.shots),\"seed\":\(cell.seed),\"order\":\(cell.order),\"items\":\(result.items),"
                + "\"correct\":\(correct),\"accuracy\":\(accuracy)}"
        }
        return "{\"cells\":[\(cells.joined(separator: ","))]}"
    }

    /// A line a number of shots: the mean over seeds and orders, the lowest and the highest, by both rules.
    package static func table(_ results: [CellResult], rule: ScoreRule) -> String {
        var lines = [pad("shots", 6) + pad("cells", 7) + ScoreRule.computable.map { heading($0, chosen: $0 == rule) }.joined()]
        var shots: [Int] = []
        for result in results where !shots.contains(result.cell.shots) { shots.append(result.cell.shots) }
        for count in shots {
            let row = results.filter { $0.cell.shots == count }
            let columns = ScoreRule.computable.map { rule in
                let values = row.compactMap { $0.accuracy(rule) }
                guard let low = values.min(), let high = values.max() else { return pad("-", 24) }
                // All cells have the same items: one division, whose rounding does not depend on the number of cells.
                let mean = Double(row.reduce(0) { $0 + ($1.correct(rule) ?? 0) }) / Double(row.reduce(0) { $0 + $1.items })
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

    /// A line of `items.jsonl`.
    package static func line(_ item: ItemResult, cell: Cell, labels: [String]) -> String {
        func label(_ index: Int) -> String { labels.indices.contains(index) ? quoted(labels[index]) : "null" }
        let scores = zip(labels, item.scores).map { label, score in
            "{\"label\":\(quoted(label)),\"sum\":\(number(score.sum)),\"tokens\":\(score.tokens),\"merges\":\(score.merges)}"
        }
        return "{\"shots\":\(cell.shots),\"seed\":\(cell.seed),\"order\":\(cell.order),\"item\":\(item.item),"
            + "\"prompt\":\"\(item.promptHash)\",\"answer\":\(label(item.answer)),\"sum\":\(label(item.guess(.sum))),"
            + "\"per_token\":\(label(item.guess(.perToken))),\"scores\":[\(scores.joined(separator: ","))]}\n"
    }

    private static func number(_ value: Double) -> String { value.isFinite ? "\(value)" : "null" }

    private static func quoted(_ text: String) -> String { JSON.string(text).text }
}
