import Engine
import Foundation
import Testing
import Tokenizer

import Laboratory

/// Whole sweeps by a model: what is shared, batched or kept must not change a bit.
@Suite("A sweep by a session", .serialized) struct SweepSessionTests {
    enum Task: String, CaseIterable, CustomTestStringConvertible {
        case choice, merged, own, schema, completion, chat, chatCompletion
        var testDescription: String { rawValue }
    }

    private static func item(_ thing: String, _ colour: String, options: [String]) -> Experiment.Item {
        Experiment.Item(fields: ["thing": thing, "colour": colour], lists: ["options": options], line: 1)
    }

    /// Cells of no shots, of some, of all that fit, and of too many; two wordings and seeds.
    private func experiment(_ task: Task) -> Experiment {
        let labels = ["red", "green", "greener red"], isMerged = task == .merged
        let plain = Experiment.Wording(
            name: "plain", instruction: "Name the colour.\n", example: Template("So {{thing}} is {{colour}}.\n"),
            query: Template(task == .schema ? "{{thing}} is {{colour}}" : isMerged ? "{{thing}} is " : "{{thing}} is"),
            answer: Template(task == .schema ? " indeed" : isMerged ? "{{colour}}" : " {{colour}}"), verbalisers: task == .own ? [] : labels,
            answerContext: "Colour:")
        var other = plain
        (other.name, other.instruction) = ("other", "")
        let pool = (0..<14).map { Self.item("thing\($0)", labels[$0 % 3], options: labels) }
        let test = ["grass", "thing3", "a red thing", "blood", "x", "the sky above", "thing5", "grassy", "ground", "thing is"].enumerated()
            .map { Self.item($0.element, labels[$0.offset % 3], options: labels + ["blue \($0.offset)"]) }
        var experiment = Experiment(path: "e.yaml", title: "e", labelField: "colour", wordings: [plain, other], pool: pool, test: test)
        switch task {
        case .own: experiment.choicesField = "options"
        case .schema: (experiment.kind, experiment.labels) = (.schema, labels)
        case .completion, .chatCompletion: (experiment.kind, experiment.maxTokens, experiment.stop) = (.completion, 9, ["e", " is"])
        default: experiment.labels = labels
        }
        if task == .chat || task == .chatCompletion { experiment.mode = .chat }
        if experiment.kind == .choice { experiment.contentFree = ["N/A", ""] }
        (experiment.shots, experiment.seeds) = ([.count(0), .count(2), .most, .count(13)], 2)
        return experiment
    }

    private func run(_ experiment: Experiment, _ scorer: some Scorer) throws -> [CellResult] {
        var sweep = Sweep(experiment)
        try sweep.run(scorer)
        return sweep.results
    }

    private static func session(threads: Int = 2) throws -> Session {
        // Next to nothing is kept, so that much is dropped and computed again.
        try Session(SmallModel.model.get(), threads: threads, recordCap: threads == 1 ? 0 : 512 << 20, kept: threads == 1 ? 0 : 128 << 20)
    }

    @Test("Every number is that of a session that reads one prompt with one answer and nothing else", arguments: Task.allCases)
    func alone(task: Task) throws {
        let experiment = experiment(task), expected = try run(experiment, LonelyScorer(SmallModel.model.get()))
        let items = expected.flatMap(\.items)
        #expect(expected.count == 4 * 2 * 2 && items.count == 10 * expected.count)
        #expect(items.flatMap(\.answers).contains { $0.merges } == (task == .merged))
        #expect(items.contains { $0.dropped > 0 } && items.contains { $0.dropped == 0 && $0.shots.count > 2 })
        #expect(Set(items.flatMap { $0.answers.flatMap(\.logprobs) }).count > 100)
        if experiment.kind == .completion { #expect(Set(items.compactMap(\.completion?.text)).count > 3) }
        for threads in 1...3 { #expect(try run(experiment, Self.session(threads: threads).scorer()) == expected, "\(threads) threads") }
    }

    @Test("Other work on the same family between the steps changes nothing", arguments: [Task.choice, .chatCompletion])
    func besides(task: Task) throws {
        let experiment = experiment(task), expected = try run(experiment, Self.session().scorer())
        let session = try Self.session(threads: 1), fork = session.fork(), scorer = fork.scorer()
        var sweep = Sweep(experiment), ids: [TokenID] = []
        while try sweep.step(scorer) != nil {
            ids = ids.count < 60 ? ids + [TokenID(ids.count * 7 % 250)] : []
            _ = try session.sync(to: ids)
            if ids.count == 30 { session.forget() }
        }
        #expect(sweep.results == expected)
    }

    @Test("A sweep that is cancelled again and again goes on to the same results", arguments: [Task.choice, .completion])
    func cancelled(task: Task) throws {
        let experiment = experiment(task), expected = try run(experiment, Self.session().scorer())
        let session = try Self.session()
        // Asked rarely enough for a step to get done some time.
        var asked = 0, patience = 1, cancellations = 0
        let scorer = session.scorer(cancelled: { asked += 1; return asked % (patience + 1) == patience })
        var sweep = Sweep(experiment)
        while !sweep.isFinished {
            do {
                while try sweep.step(scorer) != nil {}
            } catch is CancellationError {
                cancellations += 1
                patience = patience % 40 + 1
            }
        }
        #expect(sweep.results == expected && cancellations > 20)
    }
}
