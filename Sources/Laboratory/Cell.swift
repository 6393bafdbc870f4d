import Engine

/// One column of the experiment's grid.
package struct Cell: Sendable, Hashable, Decodable {
    package var shots: Shots
    package var seed: Int
    package var order: Int
    /// The number of the wording.
    package var template: Int

    package init(shots: Shots, seed: Int, order: Int, template: Int = 0) {
        (self.shots, self.seed, self.order, self.template) = (shots, seed, order, template)
    }

    package init(shots: Int, seed: Int, order: Int, template: Int = 0) {
        self.init(shots: .count(shots), seed: seed, order: order, template: template)
    }

    /// The cell with the same prompts that is computed: without shots nothing is drawn, and one shot has one order.
    package var original: Cell {
        guard case .count(let count) = shots, count < 2 else { return self }
        return Cell(shots: shots, seed: count == 0 ? 0 : seed, order: 0, template: template)
    }

    /// Shots, then wordings, seeds, orders, the last running fastest.
    package static func grid(_ experiment: Experiment) -> [Cell] {
        experiment.shots.flatMap { shots in
            experiment.wordings.indices.flatMap { template in
                (0..<experiment.seeds).flatMap { seed in
                    (0..<experiment.orders).map { Cell(shots: shots, seed: seed, order: $0, template: template) }
                }
            }
        }
    }
}

/// What the model made of the test items in one cell.
package struct CellResult: Sendable, Equatable {
    package let cell: Cell
    /// As many as were drawn; an item whose prompt did not fit had fewer.
    package let shots: Int
    /// In the order of the test items.
    package let items: [ItemResult]

    package init(cell: Cell, shots: Int, items: [ItemResult]) { (self.cell, self.shots, self.items) = (cell, shots, items) }

    package func correct(_ rule: ScoreRule) -> Int { items.count { $0.isRight(rule) } }

    package func accuracy(_ rule: ScoreRule) -> Double? { items.isEmpty ? nil : Double(correct(rule)) / Double(items.count) }

    /// Answers whose first token began inside the prompt.
    package var merges: Int { items.reduce(0) { $0 + $1.answers.count { $0.merges } } }
    /// Items whose prompt had to do with fewer shots.
    package var truncated: Int { items.count { $0.dropped > 0 } }
}

/// What the model made of one test item.
package struct ItemResult: Sendable, Equatable {
    package var item: Int
    /// Of the prompt's bytes, or of its turns.
    package var promptHash: String
    /// Tokens before the answer.
    package var promptTokens: Int
    /// The numbers of the pool's items before the query, in order.
    package var shots: [Int]
    /// Shots left out so that the prompt fits into the context.
    package var dropped = 0
    /// The number of the right answer; in a completion 0, the answer that was scored.
    package var right: Int
    /// Shape: [answers]
    package var answers: [AnswerScore]
    /// What was generated, where the task is that.
    package var completion: Completion?

    package struct Completion: Sendable, Equatable, Decodable {
        package var text: String
        package var tokens: Int
        /// `stop`, `length`, `eos` or `context`.
        package var end: String
        package var matches: Bool

        package init(text: String, tokens: Int, end: String, matches: Bool) {
            (self.text, self.tokens, self.end, self.matches) = (text, tokens, end, matches)
        }
    }

    package init(item: Int, promptHash: String, promptTokens: Int, shots: [Int], dropped: Int = 0, right: Int, answers: [AnswerScore],
                 completion: Completion? = nil) {
        (self.item, self.promptHash, self.promptTokens, self.shots) = (item, promptHash, promptTokens, shots)
        (self.dropped, self.right, self.answers, self.completion) = (dropped, right, answers, completion)
    }

    /// The number of the answer with the highest score, ties by lowest number.
    package func guess(_ rule: ScoreRule) -> Int {
        let values = answers.map { $0.value(rule) ?? -.infinity }
        var best = 0
        for index in values.indices where values[index] > values[best] { best = index }
        return best
    }

    package func isRight(_ rule: ScoreRule) -> Bool { completion?.matches ?? (guess(rule) == right) }

    /// The scores as a distribution over the answers; empty where a score is missing. Shape: [answers]
    package func probabilities(_ rule: ScoreRule) -> [Double] {
        let values = answers.compactMap { $0.value(rule) }
        return values.count == answers.count ? Statistics.softmax(values) ?? [] : []
    }

    /// The probability that the model gives to the answers together, as texts that go on from the prompt; one that begins with
    /// another's tokens is part of that.
    package var mass: Double {
        answers.indices.reduce(0) { sum, index in
            let ids = answers[index].ids
            let isPart = answers.indices.contains { other in
                other != index && ids.starts(with: answers[other].ids) && (ids.count > answers[other].ids.count || other < index)
            }
            return isPart ? sum : sum + exponential(answers[index].sum)
        }
    }
}
