import JSONText
import Tokenizer

/// Results as JSON, as a table for a terminal, as CSV and as Markdown.
package struct Report {
    package let experiment: Experiment
    package let results: [CellResult]
    package let rule: ScoreRule
    /// The name of the model and its fingerprint.
    package let model: (name: String, fingerprint: String)
    private let conditions: [Condition]

    package init(_ experiment: Experiment, _ results: [CellResult], rule: ScoreRule, model: (name: String, fingerprint: String)) {
        (self.experiment, self.results, self.rule, self.model) = (experiment, results, rule, model)
        conditions = Condition.all(results, experiment, rule)
    }

    /// The rules there are; a completion is right or wrong by none of them.
    private var rules: [ScoreRule] { experiment.kind == .completion ? [] : experiment.rules }
    private var isWorded: Bool { experiment.wordings.count > 1 }
    /// The wordings, where there are several.
    private var wordings: [Int] { isWorded ? Array(experiment.wordings.indices) : [] }

    /// `{"cells":[{"shots","seed","order","items","correct","accuracy"}]}` by the rule.
    package var json: String {
        JSON.object([("cells", .array(results.map { result in
            let cell = result.cell
            var fields: [(String, JSON)] = [("shots", .integer(result.shots)), ("seed", .integer(cell.seed)), ("order", .integer(cell.order)),
                ("items", .integer(result.items.count)), ("correct", .integer(result.correct(rule))),
                ("accuracy", result.accuracy(rule).map { .number($0) } ?? .null)]
            if cell.shots == .most { fields.append(("max", .literal("true"))) }
            if isWorded { fields += [("template", .integer(cell.template)), ("name", .string(experiment.wordings[cell.template].name))] }
            return .object(fields)
        }))]).text
    }

    // MARK: Tables

    /// A line a number of shots: accuracy with its interval and spreads, what each wording gives alone, and what the other rules give.
    private var table: [[String]] {
        let others = rules.filter { $0 != rule }
        let heads = ["shots", "prompts", "items", experiment.kind == .completion ? "matched" : rule.rawValue, "95 %"]
            + spreads.map(\.name) + wordings.map { experiment.wordings[$0].name } + others.map(\.rawValue)
        let byOthers = others.map { Condition.all(results, experiment, $0) }
        return [heads] + conditions.enumerated().map { row, condition in
            let used = condition.used
            let shots = condition.shots == .most ? "max \(used.lowerBound == used.upperBound ? "\(used.upperBound)" : "\(used.lowerBound)-\(used.upperBound)")"
                : "\(condition.shots)"
            return [shots, "\(condition.prompts)", "\(condition.items)", Self.percent(condition.accuracy),
                    condition.interval.map { "\(Self.percent($0.low))-\(Self.percent($0.high))" } ?? "-"]
                + spreads.map { condition.spread.flatMap($0.axis).map { "±\(Self.percent($0.deviation))" } ?? "-" }
                + wordings.map { template in
                    Condition(results.filter { $0.cell.template == template }, shots: condition.shots, experiment, rule).map { Self.percent($0.accuracy) } ?? "-"
                }
                + byOthers.map { $0.indices.contains(row) ? Self.percent($0[row].accuracy) : "-" }
        }
    }

    /// The axes of the grid that have more than one value.
    private var spreads: [(name: String, axis: (Spread) -> Spread.Axis?)] {
        (experiment.seeds > 1 ? [("over seeds", { $0.seeds })] : []) + (experiment.orders > 1 ? [("over orders", { $0.orders })] : [])
            + (isWorded ? [("over templates", { $0.templates })] : [])
    }

    /// What must be known beside the numbers.
    package var notes: [String] {
        var notes: [String] = []
        if let chance = conditions.first?.chance {
            let majority = conditions.first?.majority.map { ", the most common answer \(Self.percent($0)) %" } ?? ""
            notes.append("Guessing gives \(Self.percent(chance)) %\(majority).")
        }
        let merges = results.reduce(0) { $0 + $1.merges }, truncated = results.reduce(0) { $0 + $1.truncated }
        if merges > 0 { notes.append("\(merges) answers share their first token with the end of the prompt; that token is scored whole.") }
        if truncated > 0 { notes.append("\(truncated) prompts did not fit into the context and lost their first shots.") }
        if experiment.kind != .completion {
            for rule in ScoreRule.allCases {
                if let key = experiment.missing(for: rule) { notes.append("No \(rule.rawValue) scores: the file gives no `\(key)`.") }
            }
        }
        return notes
    }

    package var text: String {
        Self.aligned(table) + notes.map { $0 + "\n" }.joined()
    }

    /// Columns as wide as their widest text, aligned at the right.
    static func aligned(_ table: [[String]]) -> String {
        let widths = (table.first ?? []).indices.map { column in table.map { $0[column].count }.max() ?? 0 }
        return table.map { row in
            zip(row, widths).map { text, width in String(repeating: " ", count: width - text.count) + text }.joined(separator: "  ") + "\n"
        }.joined()
    }

    /// The whole report; `picture` is the name of the curve's file beside it.
    package func markdown(remarks: [String], picture: String?) -> String {
        func row(_ cells: [String]) -> String { "| " + cells.map(\.cell).joined(separator: " | ") + " |" }
        let table = table
        var lines = ["# \(experiment.title)", "", "`\(experiment.path)` with \(model.name) (fingerprint `\(model.fingerprint)`), "
            + "experiment `\(Fingerprint.of(experiment, model: model.fingerprint))`; \(experiment.test.count) test items, \(experiment.pool.count) in the pool.", ""]
        if let lookAt = experiment.lookAt { lines += [lookAt, ""] }
        if let picture { lines += ["![Accuracy by shots](\(picture))", ""] }
        if let heads = table.first { lines += [row(heads), row(heads.map { _ in "--:" })] + table.dropFirst().map(row) + [""] }
        let notes = notes + remarks
        if !notes.isEmpty { lines += notes.map { "- \($0)" } + [""] }
        if let last = conditions.last { lines += details(last, row) }
        return lines.map { $0 + "\n" }.joined()
    }

    /// Of the condition with the most shots: classes, biases, calibration.
    private func details(_ condition: Condition, _ row: ([String]) -> String) -> [String] {
        var lines = ["## At \(condition.shots) shots", ""]
        if let confusion = condition.confusion {
            lines += [row(["right, given"] + experiment.labels + ["precision", "recall", "F1"]), row(["---"] + experiment.labels.map { _ in "--:" } + ["--:", "--:", "--:"])]
            lines += experiment.labels.enumerated().map { index, label in
                row([label] + confusion.counts[index].map { "\($0)" }
                    + [confusion.precision(index), confusion.recall(index), confusion.f1(index)].map { $0.map(Self.percent) ?? "-" })
            }
            lines.append("")
        }
        if let mass = condition.mass { lines.append("- probability of the answers together: \(Self.percent(mass)) %") }
        lines.append("- surprisal of the right answer: \(Self.fixed(condition.surprisal, 3)) nats")
        if let calibration = condition.calibration {
            lines.append("- calibration: Brier score \(Self.fixed(calibration.brier, 3)), ECE \(Self.fixed(calibration.ece, 3)); \(condition.wrongAndConfident) wrong answers with a share of 90 % or more")
        }
        if let recency = condition.recency { lines.append("- recency bias \(Self.signed(recency.bias))") }
        if let majority = condition.majorityBias { lines.append("- majority-label bias \(Self.signed(majority.bias))") }
        return lines + [""]
    }

    /// A line a cell and rule.
    package var csv: String {
        var lines = ["experiment,model,shots,max,used,seed,order,template,rule,items,correct,accuracy,low,high,merges,truncated"]
        let name = Fingerprint.of(experiment, model: model.fingerprint)
        for result in results {
            let cell = result.cell
            let rules: [(String, ScoreRule)] = experiment.kind == .completion ? [("matched", .sum)] : self.rules.map { ($0.rawValue, $0) }
            for (title, rule) in rules {
                let correct = result.correct(rule), interval = Statistics.wilson(correct, of: result.items.count)
                let fields: [String] = [
                    name, model.fingerprint, cell.shots == .most ? "max" : "\(cell.shots)", "\(cell.shots == .most)", "\(result.shots)", "\(cell.seed)",
                    "\(cell.order)", Self.quoted(experiment.wordings[cell.template].name), title, "\(result.items.count)", "\(correct)",
                    result.accuracy(rule).map { "\($0)" } ?? "", interval.map { "\($0.low)" } ?? "", interval.map { "\($0.high)" } ?? "",
                    "\(result.merges)", "\(result.truncated)",
                ]
                lines.append(fields.joined(separator: ","))
            }
        }
        return lines.map { $0 + "\n" }.joined()
    }

    private static func quoted(_ text: String) -> String {
        guard text.contains(where: { ",\"\n\r".contains($0) }) else { return text }
        return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }

    // MARK: Numbers

    /// Hundredths with one digit behind the point.
    package static func percent(_ share: Double) -> String { fixed(share * 100, 1) }

    package static func fixed(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite else { return "-" }
        var scale = 1
        for _ in 0..<digits { scale *= 10 }
        let whole = (abs(value) * Double(scale)).rounded()
        guard whole < 1e15 else { return "\(value)" }
        let units = Int(whole), rest = "\(units % scale)"
        return (value < 0 && units > 0 ? "-" : "") + "\(units / scale)" + (digits > 0 ? "." + String(repeating: "0", count: digits - rest.count) + rest : "")
    }

    private static func signed(_ value: Double) -> String { (value > 0 ? "+" : "") + fixed(value, 3) }
}

extension String {
    /// As it can stand in a cell of a Markdown table.
    fileprivate var cell: String {
        split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).joined(separator: " ")
            .split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
    }
}
