import Tokenizer

/// One column of the experiment's grid.
package struct Cell: Sendable, Hashable, Codable {
    package let shots: Int
    package let seed: Int
    package let order: Int

    package init(shots: Int, seed: Int, order: Int) {
        self.shots = shots
        self.seed = seed
        self.order = order
    }

    /// The cell with the same prompts that is computed: without shots nothing is drawn, and one shot has one order.
    var original: Cell { Cell(shots: shots, seed: shots == 0 ? 0 : seed, order: shots < 2 ? 0 : order) }
}

/// What the model made of one test item.
package struct ItemResult: Sendable, Equatable {
    package let item: Int
    package let promptHash: String
    /// The number of the right label.
    package let answer: Int
    /// Shape: [labels]
    package let scores: [LabelScore]

    package init(item: Int, promptHash: String, answer: Int, scores: [LabelScore]) {
        self.item = item
        self.promptHash = promptHash
        self.answer = answer
        self.scores = scores
    }

    /// The number of the label with the highest score, ties by lowest number.
    package func guess(_ rule: ScoreRule) -> Int {
        var best = 0
        for index in scores.indices where scores[index].value(rule) > scores[best].value(rule) { best = index }
        return best
    }
}

/// The counts of one cell.
package struct CellResult: Sendable, Equatable {
    package let cell: Cell
    package let items: Int
    package let correctSum: Int
    package let correctPerToken: Int
    /// Answers whose first token began inside the prompt.
    package let merges: Int

    package init(cell: Cell, items: Int, correctSum: Int, correctPerToken: Int, merges: Int) {
        self.cell = cell
        self.items = items
        self.correctSum = correctSum
        self.correctPerToken = correctPerToken
        self.merges = merges
    }

    package init(cell: Cell, items: [ItemResult]) {
        self.init(
            cell: cell, items: items.count,
            correctSum: items.count { $0.guess(.sum) == $0.answer },
            correctPerToken: items.count { $0.guess(.perToken) == $0.answer },
            merges: items.reduce(0) { $0 + $1.scores.count { $0.merges } })
    }

    /// nil for rules that are not computed yet.
    package func correct(_ rule: ScoreRule) -> Int? {
        switch rule {
        case .sum: correctSum
        case .perToken: correctPerToken
        case .perByte, .unconditional, .calibrated: nil
        }
    }

    package func accuracy(_ rule: ScoreRule) -> Double? {
        correct(rule).flatMap { items > 0 ? Double($0) / Double(items) : nil }
    }
}

/// Runs an experiment cell by cell, a test item a step, so that whoever drives it can do other things between.
package struct Sweep: Sendable {
    package enum Progress: Sendable, Equatable {
        case item(ItemResult)
        case cell(CellResult, items: [ItemResult])
    }

    package let experiment: Experiment
    /// Shots, then seeds, then orders, the last running fastest.
    package let cells: [Cell]
    /// In the order of `cells` once all are there.
    package private(set) var results: [CellResult]
    private let fewShot: FewShot
    private var waiting: ArraySlice<Cell>
    private var draw: FewShot.Draw?
    private var items: [ItemResult] = []
    /// Scored together with an item before, not handed over yet.
    private var ahead: ArraySlice<ItemResult> = []
    /// Items that are scored together, to fill the model's passes.
    private static let together = 8
    /// Kept only of cells that others copy.
    private var computed: [Cell: [ItemResult]] = [:]

    /// - Parameter done: results of an earlier run of the same experiment; their cells are not run again.
    package init(_ experiment: Experiment, done: [CellResult] = []) {
        self.experiment = experiment
        cells = Self.cells(experiment)
        fewShot = FewShot(experiment)
        let finished = Dictionary(done.map { ($0.cell, $0) }, uniquingKeysWith: { first, _ in first })
        results = cells.compactMap { finished[$0] }
        waiting = cells.filter { finished[$0] == nil }[...]
    }

    package static func cells(_ experiment: Experiment) -> [Cell] {
        experiment.shots.flatMap { shots in
            (0..<experiment.seeds).flatMap { seed in
                (0..<experiment.orders).map { Cell(shots: shots, seed: seed, order: $0) }
            }
        }
    }

    package var isFinished: Bool { waiting.isEmpty }
    package var itemsDone: Int { results.count * experiment.test.count + items.count }
    package var itemsTotal: Int { cells.count * experiment.test.count }

    /// Scores the next test item, or hands over the cell that it completed; nil when all is done.
    /// Throws: what the scorer throws when cancelled; otherwise `ExperimentError` with cell and item. A step that threw can be
    /// taken again.
    package mutating func step(_ scorer: some Scorer) throws -> Progress? {
        guard let cell = waiting.first else { return nil }
        if items.isEmpty, let copy = computed[cell.original] { items = copy }
        if items.count == experiment.test.count { return finish(cell) }
        let draw = draw ?? fewShot.draw(cell)
        self.draw = draw
        if ahead.isEmpty {
            ahead = try score(items.count..<min(items.count + Self.together, experiment.test.count), cell, draw, scorer)[...]
        }
        guard let result = ahead.popFirst() else { return nil }
        items.append(result)
        return .item(result)
    }

    /// Takes all steps.
    package mutating func run(_ scorer: some Scorer, report: (Progress, Sweep) throws -> Void = { _, _ in }) throws {
        while let progress = try step(scorer) { try report(progress, self) }
    }

    private mutating func finish(_ cell: Cell) -> Progress {
        let result = CellResult(cell: cell, items: items)
        let whole = items
        if cell.shots < 2 { computed[cell.original] = items }
        waiting.removeFirst()
        draw = nil
        items = []
        let place = results.firstIndex { later($0.cell, than: cell) } ?? results.count
        results.insert(result, at: place)
        return .cell(result, items: whole)
    }

    private func later(_ one: Cell, than other: Cell) -> Bool {
        func place(_ cell: Cell) -> [Int] { [experiment.shots.firstIndex(of: cell.shots) ?? 0, cell.seed, cell.order] }
        return place(other).lexicographicallyPrecedes(place(one))
    }

    /// Scores some test items with one question to the scorer. If that fails the first is asked for alone, so that an error names
    /// the item it belongs to.
    private func score(_ indices: Range<Int>, _ cell: Cell, _ draw: FewShot.Draw, _ scorer: some Scorer) throws -> [ItemResult] {
        let prompts = indices.map { fewShot.prompt(for: experiment.test[$0], in: draw) }
        let spans = try prompts.flatMap { prompt in try experiment.labels.map { try span(prompt, $0, scorer) } }
        do {
            let scores = zip(spans, try scorer.logprobs(spans)).map { span, logprobs in
                LabelScore(sum: logprobs.reduce(0.0) { $0 + Double($1) }, tokens: logprobs.count, merges: span.merges)
            }
            let labels = experiment.labels.count
            return zip(indices, prompts).enumerated().map { place, item in
                ItemResult(item: item.0, promptHash: Fingerprint.hash(item.1), answer: experiment.rightLabel(experiment.test[item.0]) ?? -1,
                           scores: Array(scores[place * labels..<(place + 1) * labels]))
            }
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            if indices.count > 1 { return try score(indices.prefix(1), cell, draw, scorer) }
            let name = "shots \(cell.shots), seed \(cell.seed), order \(cell.order)"
            throw ExperimentError(path: experiment.path, fact: .scoring(cell: name, item: indices.lowerBound, reason: "\(error)"))
        }
    }

    private func span(_ prompt: [UInt8], _ label: String, _ scorer: some Scorer) throws(ExperimentError) -> AnswerSpan {
        guard let span = AnswerSpan(prompt: prompt, answer: experiment.answer(label), tokens: scorer.tokens) else {
            throw ExperimentError(path: experiment.path, fact: .noTokens(label: label))
        }
        guard span.first > 0 else { throw ExperimentError(path: experiment.path, fact: .noContext) }
        return span
    }
}
