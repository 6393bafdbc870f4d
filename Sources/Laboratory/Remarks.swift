/// What a person must know of an experiment's data before trusting its numbers.
package enum Remark: Sendable, Equatable {
    package enum Source: String, Sendable { case pool, test }

    /// Test items whose query stands in the pool too. Lines as counted in the data.
    case inPool(lines: [Int])
    /// Test items that stood before with the same right answer.
    case repeated(lines: [Int])
    /// Test items that stood before with another right answer.
    case contradicting(lines: [Int])
    /// A label that is right far more often than by chance.
    case majority(Source, label: String, share: Double, chance: Double)
    /// Draws from so small a pool are nearly the same.
    case smallPool(shots: Int, pool: Int)

    package static func all(_ experiment: Experiment) -> [Remark] {
        let pool = Set(experiment.pool.map { FewShot.query($0, experiment) })
        let inPool = experiment.test.filter { pool.contains(FewShot.query($0, experiment)) }.map(\.line)
        let (repeated, contradicting) = repetitions(experiment)
        var remarks: [Remark] = []
        if !inPool.isEmpty { remarks.append(.inPool(lines: inPool)) }
        if !repeated.isEmpty { remarks.append(.repeated(lines: repeated)) }
        if !contradicting.isEmpty { remarks.append(.contradicting(lines: contradicting)) }
        remarks += [majority(experiment.test, .test, experiment), majority(experiment.pool, .pool, experiment)].compactMap { $0 }
        var most = 0
        for case .count(let count) in experiment.shots { most = max(most, count) }
        if most > experiment.pool.count || (experiment.seeds > 1 && 2 * most > experiment.pool.count) {
            remarks.append(.smallPool(shots: most, pool: experiment.pool.count))
        }
        return remarks
    }

    package var sentence: String {
        switch self {
        case .inPool(let lines):
            "\(Self.items(lines)) \(lines.count == 1 ? "stands" : "stand") in the pool too; none is a shot of its own, but each can be one for others: take them out of the pool"
        case .repeated(let lines): "\(Self.items(lines)) stood before and \(lines.count == 1 ? "counts" : "count") twice; keep each once"
        case .contradicting(let lines): "\(Self.items(lines)) stood before with another right answer, so that no model has all right; keep one answer"
        case .majority(let source, let label, let share, let chance):
            "\(label) is right in \(Self.percent(share)) of the \(source.rawValue) items, by chance it would be \(Self.percent(chance)): "
                + (source == .test ? "who always says it does as well; compare with that line" : "the shots show it more often; even the pool out")
        case .smallPool(let shots, let pool) where shots > pool: "\(shots) shots are asked for and the pool has \(pool); add items or take fewer shots"
        case .smallPool(let shots, let pool):
            "\(shots) shots from a pool of \(pool): the draws share most of their shots, and their spread says too little; add items"
        }
    }

    /// Items that are the same but for what is right: a schema's queries may be alike and go on with other words.
    private struct Asked: Hashable {
        let query: [UInt8], goesOn: [UInt8], choices: [String]
    }

    private static func repetitions(_ experiment: Experiment) -> (repeated: [Int], contradicting: [Int]) {
        var before: [Asked: Set<String>] = [:], repeated: [Int] = [], contradicting: [Int] = []
        for item in experiment.test {
            var fields = item.fields
            fields[experiment.labelField] = nil
            let isWritten = experiment.kind == .completion
            let asked = Asked(
                query: FewShot.query(item, experiment), goesOn: experiment.wordings[0].answer.filled(fields),
                choices: isWritten ? [] : experiment.answers(item).sorted())
            let right = isWritten ? Set(experiment.answers(item)) : [item.fields[experiment.labelField] ?? ""]
            if let known = before[asked] {
                if known.isDisjoint(with: right) { contradicting.append(item.line) } else { repeated.append(item.line) }
            }
            before[asked, default: []].formUnion(right)
        }
        return (repeated, contradicting)
    }

    /// Said where the share is 10 points above chance and so far off by luck only once in forty times.
    private static func majority(_ items: [Experiment.Item], _ source: Source, _ experiment: Experiment) -> Remark? {
        guard !experiment.labels.isEmpty, !items.isEmpty else { return nil }
        var counts = [Int](repeating: 0, count: experiment.labels.count)
        for item in items { if let right = experiment.right(item) { counts[right] += 1 } }
        let most = counts.indices.reduce(0) { counts[$1] > counts[$0] ? $1 : $0 }
        let share = Double(counts[most]) / Double(items.count), chance = 1 / Double(counts.count)
        let deviation = (chance * (1 - chance) / Double(items.count)).squareRoot()
        guard share - chance > max(0.1, 1.96 * deviation) else { return nil }
        return .majority(source, label: experiment.labels[most], share: share, chance: chance)
    }

    private static func items(_ lines: [Int]) -> String {
        let named = lines.prefix(5).map { "\($0)" }.joined(separator: ", ") + (lines.count > 5 ? ", …" : "")
        return lines.count == 1 ? "1 test item (line \(named))" : "\(lines.count) test items (lines \(named))"
    }

    private static func percent(_ share: Double) -> String { "\(Int((share * 100).rounded())) %" }
}
