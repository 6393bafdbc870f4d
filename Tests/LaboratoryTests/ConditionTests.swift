import Foundation
import Testing

import Laboratory

/// What cells say together, worked out by hand.
@Suite struct ConditionTests {
    private func near(_ a: Double?, _ b: Double, _ comment: Comment? = nil) { #expect(abs((a ?? .nan) - b) < 1e-6, comment) }

    @Test("Four cells of four items: accuracy, interval, spreads, confusion, calibration and biases")
    func worked() throws {
        let condition = try #require(Condition(Made.four, Made.experiment(), .sum))
        #expect(condition.shots == .count(3) && condition.used == 3...3)
        #expect((condition.prompts, condition.items, condition.correct, condition.accuracy) == (4, 4, 8, 0.5))
        // Wilson's interval of 2 of 4: the items are drawn, not the 16 answers.
        #expect(abs((condition.interval?.low ?? 0) - 0.15004) < 1e-5 && abs((condition.interval?.high ?? 0) - 0.84996) < 1e-5)
        // Seeds have 6 and 2 of 8 right, orders 4 and 4.
        #expect(condition.spread?.seeds?.means == [0.75, 0.25] && condition.spread?.orders?.means == [0.5, 0.5])
        near(condition.spread?.seeds?.deviation, 0.125.squareRoot())
        #expect(condition.spread?.orders?.deviation == 0 && condition.spread?.templates == nil)
        #expect((condition.chance, condition.majority) == (0.5, 0.75))
        #expect(condition.confusion?.counts == [[6, 6], [2, 2]])
        near(condition.mass, 0.5)
        near(condition.surprisal, -(8 * log(0.4) + 7 * log(0.1) + log(0.025)) / 16)
        near(condition.calibration?.brier, (8 * 0.08 + 7 * 1.28 + 1.805) / 16)
        #expect(condition.wrongAndConfident == 1)
        // The last shot is green: guessed 8 times of 16 and right 4 times. Two of three shots are red: right 12 times.
        near(condition.recency?.bias, 0.25)
        near(condition.majorityBias?.bias, -0.25)
        #expect((condition.merges, condition.truncated) == (0, 0))
    }

    @Test("Cells with the same prompts count once, and conditions stand in the file's order")
    func copies() throws {
        let experiment = try Sample.experiment()
        var sweep = Sweep(experiment)
        try sweep.run(WordScorer())
        let conditions = Condition.all(sweep.results, experiment, .sum)
        #expect(conditions.map(\.shots) == [.count(0), .count(1), .count(3)])
        #expect(conditions.map(\.prompts) == [1, 2, 4] && conditions.map(\.items) == [2, 2, 2])
        #expect(conditions[0].spread?.seeds == nil && conditions[0].recency == nil)
        #expect(Condition(sweep.results, shots: .most, experiment, .sum) == nil && Condition([], experiment, .sum) == nil)
    }

    @Test("Items with answers of their own have no classes; a completion has no guessing either")
    func kinds() throws {
        var own = Made.experiment()
        own.choicesField = "options"
        let condition = try #require(Condition(Made.four, own, .sum))
        #expect(condition.chance == 0.5 && condition.calibration != nil && condition.accuracy == 0.5)
        #expect(condition.majority == nil && condition.confusion == nil && condition.recency == nil && condition.majorityBias == nil)
        var completion = Made.experiment()
        completion.kind = .completion
        let written = Made.four.map { cell in
            CellResult(cell: cell.cell, shots: 3, items: cell.items.map { item in
                var item = item
                item.completion = ItemResult.Completion(text: "", tokens: 1, end: "stop", matches: item.item == 3)
                return item
            })
        }
        let other = try #require(Condition(written, completion, .sum))
        #expect((other.correct, other.accuracy) == (4, 0.25))
        #expect(other.chance == nil && other.majority == nil && other.mass == nil && other.calibration == nil && other.confusion == nil)
    }

    @Test("A contrast pairs answers item by item; McNemar's test stands for one pair of cells alone")
    func contrast() throws {
        // Right: all but the last against all but the first three.
        let one = try #require(Contrast([Made.four[0]], [Made.four[2]], rules: (.sum, .sum)))
        #expect((one.items, one.pairs, one.accuracyA, one.accuracyB, one.bootstrap.difference) == (4, 1, 0.75, 0.25, -0.5))
        #expect(one.mcNemar?.onlyA == 3 && one.mcNemar?.onlyB == 1)
        // The exact test by hand: twice (1 + 4) of 2^4.
        near(one.mcNemar?.exactP, 0.625)
        let back = try #require(Contrast([Made.four[2]], [Made.four[0]], rules: (.sum, .perToken)))
        #expect(back.bootstrap.difference == 0.5 && back.mcNemar?.onlyA == 1)
        let both = try #require(Contrast(Array(Made.four[..<2]), Array(Made.four[2...]), rules: (.sum, .sum)))
        #expect((both.pairs, both.accuracyA, both.accuracyB, both.bootstrap.difference) == (2, 0.75, 0.25, -0.5) && both.mcNemar == nil)
        // Item by item 1, 2, 1 and 0 answers are lost.
        let interval = both.bootstrap.interval
        #expect(interval.low >= -1 && interval.low < -0.5 && interval.high > -0.5 && interval.high <= 0)
        let same = try #require(Contrast(Made.four, Made.four, rules: (.sum, .sum)))
        #expect(same.bootstrap.difference == 0 && same.bootstrap.interval == Interval(low: 0, high: 0) && same.bootstrap.p == 1)
    }

    @Test("What has other items is not paired")
    func unpaired() {
        let short = Made.cell(Cell(shots: 3, seed: 0, order: 0), [0.8, 0.8], right: [0, 1])
        #expect(Contrast([Made.four[0]], [short], rules: (.sum, .sum)) == nil)
        #expect(Contrast([], Made.four, rules: (.sum, .sum)) == nil)
        // The pair that fits is left.
        #expect(Contrast([Made.four[0], Made.four[1]], [short, Made.four[1]], rules: (.sum, .sum))?.pairs == 1)
    }
}
