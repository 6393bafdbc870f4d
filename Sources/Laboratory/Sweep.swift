/// Runs an experiment cell by cell, a test item a step, so that whoever drives it can do other things between.
package struct Sweep: Sendable {
    package enum Progress: Sendable, Equatable {
        case item(ItemResult)
        case cell(CellResult)
    }

    package let experiment: Experiment
    package let cells: [Cell]
    /// In the order of `cells` once all are there.
    package private(set) var results: [CellResult]
    private let questions: Questions
    private var waiting: ArraySlice<Cell>
    private var draw: FewShot.Draw?
    /// Of the cell that is being computed.
    package private(set) var items: [ItemResult] = []
    /// Scored together with an item before, not handed over yet.
    private var ahead: ArraySlice<ItemResult> = []
    private var known = Questions.Known()
    /// Items that are scored together, to fill the model's passes.
    private static let together = 8
    /// Of cells that others copy.
    private var computed: [Cell: CellResult] = [:]

    /// - Parameter done: results of an earlier run of the same experiment; their cells are not run again.
    package init(_ experiment: Experiment, done: [CellResult] = []) {
        self.experiment = experiment
        cells = Cell.grid(experiment)
        questions = Questions(experiment)
        let finished = Dictionary(done.map { ($0.cell, $0) }, uniquingKeysWith: { first, _ in first })
        results = cells.compactMap { finished[$0] }
        waiting = cells.filter { finished[$0] == nil }[...]
        for result in results { computed[result.cell.original] = result }
    }

    package var isFinished: Bool { waiting.isEmpty }
    /// The cell whose items are being computed.
    package var current: Cell? { waiting.first }
    package var itemsDone: Int { results.count * experiment.test.count + items.count }
    package var itemsTotal: Int { cells.count * experiment.test.count }
    /// Cells that are still to be computed, copies left out.
    package var toCompute: [Cell] {
        var seen = Set(computed.keys)
        return waiting.filter { seen.insert($0.original).inserted }
    }

    /// Scores the next test item, or hands over the cell that it completed; nil when all is done.
    /// Throws: what the scorer throws when cancelled; otherwise `ExperimentError` with cell and item. A step that threw can be
    /// taken again.
    package mutating func step(_ scorer: some Scorer) throws -> Progress? {
        guard let cell = waiting.first else { return nil }
        if items.isEmpty, let copy = computed[cell.original] { return finish(CellResult(cell: cell, shots: copy.shots, items: copy.items)) }
        if draw == nil { draw = try questions.draw(cell, scorer) }
        guard let draw else { return nil }
        if items.count == experiment.test.count { return finish(CellResult(cell: cell, shots: draw.places.count, items: items)) }
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

    private mutating func finish(_ result: CellResult) -> Progress {
        if result.cell.original == result.cell { computed[result.cell] = result }
        waiting.removeFirst()
        (draw, items, known) = (nil, [], Questions.Known())
        let place = results.firstIndex { later($0.cell, than: result.cell) } ?? results.count
        results.insert(result, at: place)
        return .cell(result)
    }

    private func later(_ one: Cell, than other: Cell) -> Bool {
        func place(_ cell: Cell) -> [Int] { [experiment.shots.firstIndex(of: cell.shots) ?? 0, cell.template, cell.seed, cell.order] }
        return place(other).lexicographicallyPrecedes(place(one))
    }

    /// Scores some test items with one question to the scorer. If that fails the first is asked for alone, so that an error names
    /// the item it belongs to.
    private mutating func score(_ indices: Range<Int>, _ cell: Cell, _ draw: FewShot.Draw, _ scorer: some Scorer) throws -> [ItemResult] {
        do {
            return try questions.results(indices, cell, draw, scorer, &known)
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            if indices.count > 1 { return try score(indices.prefix(1), cell, draw, scorer) }
            if let error = error as? ExperimentError { throw error }
            throw ExperimentError(path: experiment.path, fact: .scoring(cell: "\(cell)", item: indices.lowerBound, reason: "\(error)"))
        }
    }
}

extension Cell: CustomStringConvertible {
    package var description: String { "shots \(shots), seed \(seed), order \(order)" + (template > 0 ? ", template \(template)" : "") }
}
