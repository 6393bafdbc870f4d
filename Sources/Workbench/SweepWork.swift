import Document
import Engine
import Laboratory
import Tokenizer

/// A sweep that the laboratory wants run, or only its results so far.
package struct SweepOrder: Sendable, Equatable {
    package var number: Int
    package var experiment: Experiment
    /// The fingerprint of the model whose results these are.
    package var model: String
    /// Where they are kept; known to whoever carries the order out.
    package var folder = ""
    package init(number: Int, experiment: Experiment, model: String) {
        (self.number, self.experiment, self.model) = (number, experiment, model)
    }
}

/// Two rows of the laboratory whose results are to be compared.
package struct ContrastOrder: Sendable, Equatable {
    package var number: Int
    package var a: [CellResult], b: [CellResult]
    package var ruleA: ScoreRule, ruleB: ScoreRule
    package var contrast: Contrast? { Contrast(a, b, rules: (ruleA, ruleB)) }
}

/// What is new of a sweep.
package enum SweepNews: Sendable {
    package typealias Conditions = [ScoreRule: [Condition]]
    /// What there is to know of the data, and of what is still to be computed.
    case about(remarks: [String], cost: String)
    /// What its folder holds already.
    case found([CellResult], Conditions)
    /// How many items of a cell are scored, and how many of these are right by each rule; seconds that the sweep still wants.
    case items(Laboratory.Cell, count: Int, correct: [ScoreRule: Int], left: Double?)
    /// A cell that is on the disk; with what its number of shots says by each rule now.
    case cell(CellResult, Conditions)
    case done
    case failed(String)
}

/// A sweep on its way at a worker: some items at a time, behind everything else. Cells are on the disk before they are told of.
package struct SweepWork {
    let order: SweepOrder
    private let scorer: any Scorer
    private let folder: ResultsFolder
    private var sweep: Sweep
    /// When items were last told of. Unit: seconds.
    private var posted = 0.0
    private var correct: [ScoreRule: Int] = [:]
    private let cost: SweepCost
    /// Spent on it so far, what came between left out. Unit: seconds.
    private var spent = 0.0

    /// A folder that was opened, and read, where nobody waits; then the worker's.
    struct Opened: @unchecked Sendable {
        let order: SweepOrder
        fileprivate let folder: ResultsFolder
    }

    /// Opens and reads the folder of an order; posts what is in it, or why it cannot be used.
    static func open(_ order: SweepOrder, post: (Report) -> Void) -> Opened? {
        PromptLibrary.makeFolders(Saver.folder(of: order.folder))
        do throws(ExperimentError) {
            let folder = try ResultsFolder(order.folder, experiment: order.experiment, model: order.model, resume: true)
            tell(folder.done, order, post)
            return Opened(order: order, folder: folder)
        } catch {
            post(.swept(number: order.number, .failed("\(error)")))
            return nil
        }
    }

    package static func read(_ path: String) -> Result<Experiment, ExperimentError> {
        do throws(ExperimentError) { return .success(try Experiment.load(path)) } catch { return .failure(error) }
    }

    /// Posts what a folder holds without making or locking anything.
    /// - Parameter lengths: what tells how long texts are.
    package static func look(_ order: SweepOrder, _ lengths: some Scorer, post: (Report) -> Void) {
        let name = Fingerprint.of(order.experiment, model: order.model)
        do throws(ExperimentError) {
            tell(try StoredResults(folder: order.folder).sets.first { $0.experiment == name }?.cells ?? [], order, post)
        } catch {
            if case .badRecord = error.fact { post(.swept(number: order.number, .failed("\(error)"))) } else { tell([], order, post) }
        }
        let cost = SweepCost(order.experiment, cells: Sweep(order.experiment).toCompute, lengths)
        post(.swept(number: order.number, .about(remarks: Remark.all(order.experiment).map(\.sentence), cost: cost.sentence)))
    }

    /// Tells how long texts are, and no more: for the cost there is no need of the worker's session.
    package struct Lengths: Scorer {
        let model: Model
        package init(model: Model) { self.model = model }
        package var chatTemplate: ChatTemplate? { model.tokenizer.chatTemplate }
        package var context: Int { model.shape.context }
        package func tokens(_ parts: [Part]) -> [Token] { SessionScorer.tokens(parts, model.tokenizer) }
        package func logprobs(_ spans: [AnswerSpan]) -> [[Float]] { spans.map { _ in [] } }
        package func completions(_ prompts: [[TokenID]], most: Int, stop: [String]) -> [Written] { [] }
    }

    private static func tell(_ found: [CellResult], _ order: SweepOrder, _ post: (Report) -> Void) {
        // The order of the grid, and only its cells.
        let results = Sweep(order.experiment, done: found).results
        post(.swept(number: order.number, .found(results, conditions(results, order.experiment, order.experiment.shots))))
    }

    private static func conditions(_ results: [CellResult], _ experiment: Experiment, _ shots: [Shots]) -> SweepNews.Conditions {
        Dictionary(uniqueKeysWithValues: experiment.rules.map { rule in
            (rule, shots.compactMap { Condition(results, shots: $0, experiment, rule) })
        })
    }

    init(_ opened: Opened, _ scorer: some Scorer) {
        (order, folder, self.scorer) = (opened.order, opened.folder, scorer)
        sweep = Sweep(order.experiment, done: folder.done)
        cost = SweepCost(order.experiment, cells: sweep.toCompute, scorer)
    }

    /// By what has been done in the time so far; nil while that is too little to tell.
    private var left: Double? {
        let share = cost.share(of: sweep)
        return spent > 1 && share > 0.005 ? spent * (1 - share) / share : nil
    }

    /// Scores some items or commits a cell, and says what is due; false once nothing is left to do.
    mutating func serve(now: () -> Double, post: (Report) -> Void) -> Bool {
        let begun = now()
        defer { spent += now() - begun }
        do {
            switch try sweep.step(scorer) {
            case nil:
                post(.swept(number: order.number, .done))
                return false
            case .item(let item):
                for rule in order.experiment.rules { correct[rule, default: 0] += item.isRight(rule) ? 1 : 0 }
                let time = now()
                guard time - posted > Worker.interval, let cell = sweep.current else { return true }
                posted = time
                post(.swept(number: order.number, .items(cell, count: sweep.items.count, correct: correct, left: left)))
            case .cell(let result):
                correct = [:]
                try folder.append(result)
                post(.swept(number: order.number, .cell(result, Self.conditions(sweep.results, order.experiment, [result.cell.shots]))))
            }
            return true
        } catch is CancellationError {
            return true
        } catch {
            post(.swept(number: order.number, .failed("\(error)")))
            return false
        }
    }
}
