import Engine
import Laboratory
import Tokenizer

/// An experiment on the screen: how far it is run, and which of its numbers is being looked into.
package struct LaboratoryState: Sendable {
    package enum Phase: Sendable, Equatable { case idle, running, paused }
    /// How far one has gone from a number towards the prompts behind it.
    package enum Level: Int, Sendable { case table, matrix, items, conditions }
    /// What stands under the table.
    package enum Page: String, Sendable, CaseIterable { case answers, curve, calibration, spread, about }
    package enum Filter: Sendable, Equatable {
        case all, wrong, confident
        /// Of one answer that were taken for another.
        case taken(right: Int, guess: Int)
    }
    /// A test item in a cell.
    package struct Place: Sendable, Hashable {
        package var cell: Laboratory.Cell
        /// Its place among the cell's results.
        package var index: Int

        package init(cell: Laboratory.Cell, index: Int) { (self.cell, self.index) = (cell, index) }
    }

    package internal(set) var experiment: Experiment?
    /// What was asked to be read.
    var asked: String?
    package internal(set) var phase = Phase.idle
    package private(set) var results: [Laboratory.Cell: CellResult] = [:]
    package private(set) var conditions: [ScoreRule: [Shots: Condition]] = [:]
    /// Of the cell that is being computed.
    package private(set) var current: (cell: Laboratory.Cell, count: Int, correct: [ScoreRule: Int])?
    /// Unit: seconds.
    package private(set) var left: Double?
    package private(set) var remarks: [String] = [], cost = ""
    /// Prompts of an item that have been scored, by shots; copies left out.
    private var scored: [Shots: Int] = [:]
    /// Different prompts of each item by shots.
    package private(set) var prompts: [Shots: Int] = [:]
    /// The newest order; what comes of older ones is not taken.
    private(set) var number = 0
    /// The model whose results these are; nil until they have been asked for.
    var model: String?

    package internal(set) var rule = ScoreRule.perToken
    package internal(set) var page = Page.answers
    package internal(set) var level = Level.table
    /// Among the experiment's numbers of shots.
    package private(set) var row = 0
    /// In the confusion matrix.
    package internal(set) var taken = (right: 0, guess: 0)
    package internal(set) var filter = Filter.all
    /// The items that the filter lets through, and the conditions of the chosen one.
    package private(set) var listed: [Place] = [], places: [Place] = []
    package private(set) var selected = 0, place = 0
    /// The first row of the list on the screen.
    package private(set) var top = 0
    package internal(set) var marked: (shots: Shots, rule: ScoreRule)?
    /// The marked row beside the chosen one; nil within while it is being worked out.
    package internal(set) var contrast: (a: (shots: Shots, rule: ScoreRule), b: (shots: Shots, rule: ScoreRule), found: Contrast?)?
    /// The panel it was opened over.
    var covered: State.Panel?

    package init() {}

    // MARK: Results

    mutating func put(_ next: Experiment) {
        self = LaboratoryState(next, after: self)
    }

    private init(_ experiment: Experiment, after old: LaboratoryState) {
        (self.experiment, rule, page, number, covered) = (experiment, experiment.score, old.page, old.number, old.covered)
        for cell in Cell.grid(experiment) where cell.original == cell { prompts[cell.shots, default: 0] += 1 }
    }

    /// Numbers an order, whose results take the place of those that are shown.
    mutating func order(_ model: String) -> SweepOrder? {
        guard let experiment else { return nil }
        number += 1
        self.model = model
        return SweepOrder(number: number, experiment: experiment, model: model)
    }

    /// What comes of another model's order is nothing to this one's.
    mutating func forget() {
        number += 1
        (results, conditions, current, contrast, marked) = ([:], [:], nil, nil, nil)
        (phase, model, scored, left) = (.idle, nil, [:], nil)
        (listed, places, selected, place, top) = ([], [], 0, 0, 0)
        level = .table
    }

    mutating func take(_ news: SweepNews) {
        switch news {
        case .found(let found, let conditions):
            (results, current) = ([:], nil)
            scored = [:]
            for result in found { add(result) }
            self.conditions = [:]
            take(conditions)
        case .about(let remarks, let cost): (self.remarks, self.cost) = (remarks, cost)
        case .items(let cell, let count, let correct, let left): (current, self.left) = ((cell, count, correct), left)
        case .cell(let result, let conditions):
            current = nil
            add(result)
            take(conditions)
            if result.cell.shots == shots { list() }
        case .done, .failed: (phase, current, left) = (.idle, nil, nil)
        }
    }

    private mutating func add(_ result: CellResult) {
        if results.updateValue(result, forKey: result.cell) == nil, result.cell.original == result.cell { scored[result.cell.shots, default: 0] += 1 }
    }

    private mutating func take(_ news: SweepNews.Conditions) {
        for (rule, conditions) in news { for condition in conditions { self.conditions[rule, default: [:]][condition.shots] = condition } }
    }

    /// The number of shots that is chosen.
    package var shots: Shots? { experiment.flatMap { $0.shots.indices.contains(row) ? $0.shots[row] : nil } }
    package var condition: Condition? { shots.flatMap { conditions[rule]?[$0] } }
    package func done(_ shots: Shots) -> Int { scored[shots] ?? 0 }
    /// How much of it all is scored, from 0 to 1.
    package var share: Double {
        let items = experiment?.test.count ?? 0, all = prompts.values.reduce(0, +) * items
        return all == 0 ? 0 : Double(scored.values.reduce(0, +) * items + (current?.count ?? 0)) / Double(all)
    }
    package var isComplete: Bool { !prompts.isEmpty && prompts.allSatisfy { done($0.key) == $0.value } }

    /// A row's results in the order of the grid; cells that are copies of others left out where only prompts count.
    func cells(_ shots: Shots, copies: Bool = false) -> [CellResult] {
        guard let experiment else { return [] }
        return Cell.grid(experiment).filter { $0.shots == shots && (copies || $0.original == $0) }.compactMap { results[$0] }
    }

    // MARK: Rows and items

    mutating func select(row next: Int) {
        row = max(0, min(next, (experiment?.shots.count ?? 1) - 1))
        let classes = condition?.confusion?.counts.count ?? 1
        taken = (min(taken.right, classes - 1), min(taken.guess, classes - 1))
        (contrast, selected, top) = (nil, 0, 0)
    }

    package func result(_ place: Place) -> ItemResult? {
        results[place.cell].flatMap { $0.items.indices.contains(place.index) ? $0.items[place.index] : nil }
    }

    /// The item that is chosen, in the condition that is.
    package var chosen: Place? {
        level == .conditions ? (places.indices.contains(place) ? places[place] : nil) : listed.indices.contains(selected) ? listed[selected] : nil
    }

    /// Brings the list of items up to date with the row, the rule and the filter; the same item stays chosen where it is still there.
    mutating func list() {
        guard level == .items || level == .conditions, let shots else { return }
        let before = listed.indices.contains(selected) ? listed[selected] : nil
        listed = cells(shots).flatMap { result in
            result.items.indices.filter { passes(result.items[$0]) }.map { Place(cell: result.cell, index: $0) }
        }
        selected = before.flatMap { listed.firstIndex(of: $0) } ?? min(selected, max(0, listed.count - 1))
    }

    private func passes(_ item: ItemResult) -> Bool {
        switch filter {
        case .all: true
        case .wrong: !item.isRight(rule)
        case .confident: item.completion == nil && !item.isRight(rule) && (item.probabilities(rule).max() ?? 0) >= Condition.confident
        case .taken(let right, let guess): item.right == right && item.guess(rule) == guess
        }
    }

    /// The conditions in which the chosen item was scored.
    mutating func listPlaces() {
        guard let experiment, listed.indices.contains(selected), let item = result(listed[selected])?.item else { return }
        let chosen = listed[selected]
        places = Cell.grid(experiment).filter { $0.original == $0 }.compactMap { cell in
            results[cell]?.items.firstIndex { $0.item == item }.map { Place(cell: cell, index: $0) }
        }
        place = places.firstIndex(of: chosen) ?? 0
    }

    mutating func select(_ next: Int) {
        if level == .conditions { place = max(0, min(next, places.count - 1)) } else { selected = max(0, min(next, listed.count - 1)) }
    }

    /// Keeps the chosen row of the list in sight.
    mutating func follow(rows height: Int) {
        let (chosen, count) = level == .conditions ? (place, places.count) : (selected, listed.count)
        top = max(0, min(max(min(top, chosen), chosen - height + 1), count - height))
    }
}
