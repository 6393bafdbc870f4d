import Engine
import JSONText
import Tokenizer

/// A comparison's numbers as CSV or JSON: a row a pair, words of several tokens with the sum of their surprisals.
struct CompareTable {
    let comparison: Comparison
    let names: (a: String, b: String)
    let tokenizer: Tokenizer

    private typealias Side = (column: Comparison.Column, range: Range<Int>)

    private func sides(_ pair: Alignment.Pair) -> [Side] { [(comparison.a, pair.a), (comparison.b, pair.b)] }
    private func text(_ side: Side) -> [UInt8] { side.column.ids[side.range].flatMap((side.column.tokenizer ?? tokenizer).bytes) }

    /// Nil where not every token of it is measured, or there is none.
    private func surprisal(_ side: Side) -> Double? {
        let (nats, count) = Comparison.surprisal(side.column, side.range)
        return count > 0 && count == side.range.count ? nats : nil
    }

    // MARK: CSV

    var csv: String {
        var head = ["kind"]
        for name in ["a", "b"] { head += ["position", "ids", "text", "surprisal", "rank", "entropy"].map { name + "_" + $0 } }
        head.append("kl_ab")
        if comparison.start > 0 { head += ["sampled_kl_ab", "sampled_kl_ba"] }
        let rows = comparison.pairs.indices.map { index in
            let pair = comparison.pairs[index]
            var row = [pair.kind.rawValue]
            for side in sides(pair) {
                let step = side.range.isEmpty ? nil : side.column.steps[side.range.lowerBound]
                row += ["\(side.range.lowerBound)", side.column.ids[side.range].map { "\($0)" }.joined(separator: " "),
                        String(decoding: text(side), as: UTF8.self), surprisal(side).map { "\($0)" } ?? "",
                        step.flatMap { $0.rank < 0 ? nil : "\($0.rank)" } ?? "", step.flatMap { $0.entropy.isFinite ? "\($0.entropy)" : nil } ?? ""]
            }
            row.append(comparison.divergences[index].map { "\($0)" } ?? "")
            if comparison.start > 0 { row += [comparison.sampled[index]?.ab, comparison.sampled[index]?.ba].map { $0.map { "\($0)" } ?? "" } }
            return row
        }
        return ([head] + rows).map { $0.map(PanelTable.cell).joined(separator: ",") + "\r\n" }.joined()
    }

    // MARK: JSON

    var json: String {
        let pairs = comparison.pairs.indices.map { index in
            let pair = comparison.pairs[index]
            var fields: [(String, JSON)] = [("kind", .string(pair.kind.rawValue))]
            for (name, side) in zip(["a", "b"], sides(pair)) { fields.append((name, tokens(side))) }
            fields.append(("kl_ab", comparison.divergences[index].map { .number($0) } ?? .null))
            if let sampled = comparison.sampled[index] {
                // JSON has no infinity: one draws what the other has cut.
                func number(_ value: Double) -> JSON { value == .infinity ? .string("infinite") : .number(value) }
                fields += [("sampled_kl_ab", number(sampled.ab)), ("sampled_kl_ba", number(sampled.ba))]
            }
            return JSON.object(fields)
        }
        let totals = zip(["a", "b"], [(names.a, comparison.a), (names.b, comparison.b)]).map { name, side in
            (name, total(side.0, side.1))
        }
        return JSON.object(totals + [("unit", .string("nats")), ("first_divergence", comparison.first.map { .integer($0) } ?? .null),
                                     ("pairs", .array(pairs))]).text + "\n"
    }

    private func total(_ name: String, _ column: Comparison.Column) -> JSON {
        let (nats, count) = Comparison.surprisal(column, comparison.start..<column.ids.count)
        return .object([("name", .string(name)), ("tokens", .integer(column.ids.count)), ("from", .integer(comparison.start)),
                        ("measured", .integer(count)), ("surprisal", .number(nats)),
                        ("perplexity", count > 0 ? .number(exponential(nats / Double(count))) : .null)])
    }

    private func tokens(_ side: Side) -> JSON {
        .array(side.range.map { position in
            let step = side.column.steps[position]
            return .object([("position", .integer(position))] + JSON.token(side.column.ids[position], side.column.tokenizer ?? tokenizer)
                + [("logprob", step.map { .number($0.logprob) } ?? .null), ("rank", step.flatMap { $0.rank < 0 ? nil : .integer($0.rank) } ?? .null),
                   ("entropy", step.flatMap { $0.entropy.isFinite ? .number($0.entropy) : nil } ?? .null)])
        })
    }
}

extension State {
    /// Nil where the path's ending is neither of the two.
    func compareTable(path: String) -> [UInt8]? {
        guard let comparison = compare.comparison, let tokenizer else { return nil }
        let table = CompareTable(comparison: comparison, names: (compareName, compare.other?.name ?? ""), tokenizer: tokenizer)
        let ending = path.lowercased()
        return ending.hasSuffix(".csv") ? Array(table.csv.utf8) : ending.hasSuffix(".json") ? Array(table.json.utf8) : nil
    }

    /// What A is called.
    var compareName: String { compare.other?.settings != nil ? "as set" : compare.other?.beside != nil ? readyModel?.title ?? "" : file.name }
}
