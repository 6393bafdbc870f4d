/// What some cells say together by one rule: most often those of one number of shots.
///
/// Cells that are copies of others (without shots, every draw is the same) count once.
package struct Condition: Sendable, Equatable {
    package let shots: Shots
    /// The fewest and the most shots that the prompts had.
    package let used: ClosedRange<Int>
    /// Different prompts of each item.
    package let prompts: Int
    package let items: Int
    /// Over all prompts.
    package let correct: Int
    package let accuracy: Double
    /// Of the accuracy, as one would have it with other items; 95 %.
    package let interval: Interval?
    /// Over seeds, orders and wordings, each apart.
    package let spread: Spread?
    /// Accuracy of guessing, and of the most common right answer; nil for completions.
    package let chance: Double?, majority: Double?
    /// Where all items share their answers. Rows are right answers.
    package let confusion: Confusion?
    package let calibration: Calibration?
    package let recency: ShotBias?, majorityBias: ShotBias?
    /// Mean probability of the answers together; nil for completions.
    package let mass: Double?
    /// Mean logprob of the right answer. Unit: nats.
    package let surprisal: Double
    package let merges: Int, truncated: Int
    /// Wrong answers with a share of at least `confident`.
    package let wrongAndConfident: Int

    package static let confident = 0.9

    /// nil without cells of that number of shots.
    package init?(_ results: [CellResult], shots: Shots, _ experiment: Experiment, _ rule: ScoreRule) {
        var seen: Set<Cell> = []
        self.init(results.filter { $0.cell.shots == shots && seen.insert($0.cell.original).inserted }, experiment, rule)
    }

    /// nil without cells or items.
    package init?(_ cells: [CellResult], _ experiment: Experiment, _ rule: ScoreRule) {
        guard let first = cells.first, !first.items.isEmpty else { return nil }
        let all = cells.flatMap(\.items)
        shots = first.cell.shots
        let counts = all.map(\.shots.count)
        used = (counts.min() ?? 0)...(counts.max() ?? 0)
        (prompts, items) = (cells.count, first.items.count)
        correct = all.count { $0.isRight(rule) }
        // One division, whose rounding does not depend on the number of cells.
        accuracy = Double(correct) / Double(all.count)
        interval = Statistics.wilson(share: accuracy, of: items)
        spread = Spread(cells.compactMap { cell in
            cell.accuracy(rule).map { Spread.Cell(seed: cell.cell.seed, order: cell.cell.order, template: cell.cell.template, accuracy: $0) }
        })
        merges = cells.reduce(0) { $0 + $1.merges }
        truncated = cells.reduce(0) { $0 + $1.truncated }
        surprisal = all.reduce(0) { $0 - ($1.answers.indices.contains($1.right) ? $1.answers[$1.right].sum : 0) } / Double(all.count)
        guard experiment.kind != .completion else {
            (chance, majority, confusion, calibration, recency, majorityBias, mass, wrongAndConfident) = (nil, nil, nil, nil, nil, nil, nil, 0)
            return
        }
        let guesses = all.map { $0.guess(rule) }, right = all.map(\.right), shares = all.map { $0.probabilities(rule) }
        chance = Statistics.chance(options: first.items.map(\.answers.count))
        mass = Statistics.mean(all.map(\.mass))
        calibration = Calibration(shares, answers: right)
        wrongAndConfident = all.indices.count { guesses[$0] != right[$0] && (shares[$0].max() ?? 0) >= Self.confident }
        guard experiment.choicesField == nil else {
            (majority, confusion, recency, majorityBias) = (nil, nil, nil, nil)
            return
        }
        majority = Statistics.majority(answers: first.items.map(\.right))
        confusion = Confusion(classes: experiment.labels.count, answers: right, guesses: guesses)
        let labels = experiment.pool.map { experiment.right($0) ?? -1 }
        let shown = all.map { $0.shots.compactMap { labels.indices.contains($0) ? labels[$0] : nil } }
        recency = .recency(guesses: guesses, answers: right, shots: shown)
        majorityBias = .majority(guesses: guesses, answers: right, shots: shown)
    }

    /// The conditions of a sweep, by rising number of shots as the file lists them.
    package static func all(_ results: [CellResult], _ experiment: Experiment, _ rule: ScoreRule) -> [Condition] {
        experiment.shots.compactMap { Condition(results, shots: $0, experiment, rule) }
    }
}

/// Two conditions on the same items, answer by answer.
package struct Contrast: Sendable, Equatable {
    package let items: Int
    /// Pairs of cells.
    package let pairs: Int
    package let accuracyA: Double, accuracyB: Double
    /// Of the mean difference, items drawn again.
    package let bootstrap: PairedBootstrap
    /// Over all pairs of answers where one pair of cells is compared; nil for several, whose answers hang together.
    package let mcNemar: McNemar?

    /// Cells are paired by order of place; nil where nothing can be paired. Right or wrong by each side's rule.
    package init?(_ a: [CellResult], _ b: [CellResult], rules: (ScoreRule, ScoreRule)) {
        let pairs = zip(a, b).filter { !$0.items.isEmpty && $0.items.map(\.item) == $1.items.map(\.item) }
        guard let first = pairs.first, pairs.allSatisfy({ $0.0.items.count == first.0.items.count }) else { return nil }
        let rightA = first.0.items.indices.map { item in pairs.map { $0.0.items[item].isRight(rules.0) } }
        let rightB = first.0.items.indices.map { item in pairs.map { $0.1.items[item].isRight(rules.1) } }
        guard let bootstrap = PairedBootstrap(rightA, rightB) else { return nil }
        (items, self.pairs, self.bootstrap) = (first.0.items.count, pairs.count, bootstrap)
        let count = Double(items * pairs.count)
        accuracyA = Double(rightA.joined().count { $0 }) / count
        accuracyB = Double(rightB.joined().count { $0 }) / count
        mcNemar = pairs.count == 1 ? McNemar(rightA.map { $0[0] }, rightB.map { $0[0] }) : nil
    }
}
