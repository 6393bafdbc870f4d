import Foundation

import Laboratory

/// Results made by hand: two answers, whose probabilities are half a share and half the rest.
enum Made {
    /// Labels red and green; right of the four test items are red, red, red and green; the pool takes turns.
    static func experiment(title: String = "Colours", shots: [Shots] = [.count(3)], seeds: Int = 2, orders: Int = 2) -> Experiment {
        func item(_ thing: String, _ colour: String) -> Experiment.Item { Experiment.Item(fields: ["thing": thing, "colour": colour], line: 1) }
        let wording = Experiment.Wording(
            name: "plain", instruction: "", example: Template("{{thing}} is {{colour}}\n"), query: Template("{{thing}} is"),
            answer: Template(" {{colour}}"), verbalisers: ["red", "green"], answerContext: nil)
        var experiment = Experiment(
            path: "lab/colours.yaml", title: title, labelField: "colour", wordings: [wording],
            pool: (0..<6).map { item("thing\($0)", $0 % 2 == 0 ? "red" : "green") },
            test: zip(["blood", "wine", "rose", "grass"], ["red", "red", "red", "green"]).map { item($0, $1) })
        (experiment.labels, experiment.shots, experiment.seeds, experiment.orders) = (["red", "green"], shots, seeds, orders)
        return experiment
    }

    /// - Parameter shares: of red among the two answers, an item each.
    static func cell(_ cell: Cell, _ shares: [Double], shots: [Int] = [], right: [Int] = [0, 0, 0, 1], merges: Int = 0, dropped: Int = 0) -> CellResult {
        CellResult(cell: cell, shots: shots.count + dropped, items: zip(shares, right).enumerated().map { index, item in
            let answers = [item.0, 1 - item.0].enumerated().map { answer, share in
                AnswerScore(ids: [Int32(answer)], logprobs: [Float(log(share / 2))], bytes: 4, merges: index < merges && answer == 0)
            }
            return ItemResult(item: index, promptHash: "00ff", promptTokens: 9, shots: shots, dropped: dropped, right: item.1, answers: answers)
        })
    }

    /// Right are 3, 3, 1 and 1 of four; one wrong answer is given with a share of 0.95.
    static let four = [
        cell(Cell(shots: 3, seed: 0, order: 0), [0.8, 0.8, 0.8, 0.8], shots: [0, 2, 1]),
        cell(Cell(shots: 3, seed: 0, order: 1), [0.8, 0.8, 0.2, 0.2], shots: [0, 2, 1]),
        cell(Cell(shots: 3, seed: 1, order: 0), [0.2, 0.2, 0.2, 0.2], shots: [0, 2, 1]),
        cell(Cell(shots: 3, seed: 1, order: 1), [0.8, 0.2, 0.2, 0.95], shots: [0, 2, 1]),
    ]
}
