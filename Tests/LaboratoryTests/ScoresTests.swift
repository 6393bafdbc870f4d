import Foundation
import Testing
import Tokenizer

import Laboratory

/// Scores by hand: the double gives every word the logprob of minus its bytes.
@Suite struct ScoresTests {
    private func item(_ name: String, _ answer: String, lists: [String: [String]] = [:]) -> Experiment.Item {
        Experiment.Item(fields: ["thing": name, "colour": answer].merging(lists.compactMapValues(\.first)) { $1 }, lists: lists, line: 1)
    }

    private func experiment(query: String = "{{thing}} is", answer: String = " {{colour}}", labels: [String] = ["red", "green"]) -> Experiment {
        let wording = Experiment.Wording(
            name: "", instruction: "", example: Template("{{thing}} is {{colour}}\n"), query: Template(query), answer: Template(answer),
            verbalisers: labels, answerContext: nil)
        var experiment = Experiment(
            path: "e.yaml", title: "e", labelField: "colour", wordings: [wording],
            pool: (0..<6).map { item("thing\($0)", labels.isEmpty ? "red" : labels[$0 % labels.count]) },
            test: [item("grass", labels.last ?? "green"), item("blood", labels.first ?? "red")])
        experiment.labels = labels
        return experiment
    }

    private func run(_ experiment: Experiment, _ scorer: WordScorer = WordScorer()) throws -> [CellResult] {
        var sweep = Sweep(experiment)
        try sweep.run(scorer)
        return sweep.results
    }

    @Test("The unconditional rule takes off what the answer costs after the answer context")
    func unconditional() throws {
        var experiment = experiment()
        #expect(experiment.missing(for: .unconditional) == "answer_context" && !experiment.rules.contains(.unconditional))
        experiment.wordings[0].answerContext = "Colour:"
        #expect(experiment.rules == [.sum, .perToken, .perByte, .unconditional])
        let scorer = WordScorer()
        // After " is" the long answer is dearer, and after "Colour:" as much so: nothing is left.
        let item = try #require(try run(experiment, scorer).first?.items.first)
        #expect(item.answers.map(\.sum) == [-4, -6] && item.answers.map(\.unconditional) == [-4, -6])
        #expect(item.answers.map { $0.value(.unconditional) } == [0, 0])
        #expect(item.guess(.sum) == 0 && item.guess(.unconditional) == 0)
        // The answers alone are asked for once a cell, not once an item.
        #expect(scorer.scored == 2 * 2 + 2)
    }

    @Test("The calibrated rule takes off the answer's mean share after content-free inputs, in the same prompt")
    func calibrated() throws {
        var experiment = experiment()
        experiment.contentFree = ["N/A", ""]
        experiment.shots = [.count(0), .count(2)]
        let scorer = WordScorer()
        let results = try run(experiment, scorer)
        // The double looks at words alone, so the shares are the same everywhere: e^-4 and e^-6 over their sum.
        let shares = [exp(-4.0), exp(-6.0)].map { $0 / (exp(-4) + exp(-6)) }
        for item in results.flatMap(\.items) {
            for (answer, share) in zip(item.answers, shares) { #expect(abs((answer.contentFree ?? 0) - log(share)) < 1e-12) }
            // What is left is the same for both answers.
            let values = item.answers.compactMap { $0.value(.calibrated) }
            #expect(abs(values[0] - values[1]) < 1e-12)
        }
        // Items share their content-free prompts where they share their shots: 2 cells x (2 items + 2 inputs) x 2 answers.
        #expect(scorer.scored == 16)
        #expect(scorer.seen.contains("N/A is red") && scorer.seen.contains(" is red"))
    }

    @Test("Probabilities add up to 1, and the mass is that of the answers as texts, a part of another left out")
    func mass() throws {
        let item = ItemResult(item: 0, promptHash: "", promptTokens: 1, shots: [], right: 0, answers: [
            AnswerScore(ids: [1], logprobs: [Float(log(0.5))], bytes: 1, merges: false),
            AnswerScore(ids: [1, 2], logprobs: [Float(log(0.5)), Float(log(0.5))], bytes: 2, merges: false),
            AnswerScore(ids: [3], logprobs: [Float(log(0.25))], bytes: 1, merges: false),
        ])
        #expect(abs(item.mass - 0.75) < 1e-6)
        let shares = item.probabilities(.sum)
        #expect(abs(shares.reduce(0, +) - 1) < 1e-12 && abs(shares[0] - 0.5) < 1e-6)
        #expect(item.probabilities(.calibrated) == [])
    }

    @Test("A schema scores one continuation after queries that differ")
    func schema() throws {
        var experiment = experiment(query: "{{thing}} as {{colour}}", answer: " indeed")
        experiment.kind = .schema
        experiment.shots = [.count(1)]
        let scorer = WordScorer()
        let result = try #require(try run(experiment, scorer).first)
        #expect(result.items.allSatisfy { $0.answers.count == 2 && $0.answers.allSatisfy { $0.sum == -7 } })
        #expect(scorer.seen.contains { $0.hasSuffix("grass as red indeed") } && scorer.seen.contains { $0.hasSuffix("grass as green indeed") })
        // A test item is not its own shot, whatever answer stands in its query.
        #expect(scorer.seen.allSatisfy { $0.hasPrefix("thing") })
    }

    @Test("Items may bring their own answers; a verbaliser stands for a label in shots and answers")
    func choices() throws {
        var own = experiment(labels: [])
        own.choicesField = "options"
        own.test = [item("sky", "deep blue", lists: ["options": ["red", "deep blue", "x"]])]
        let result = try #require(try run(own).first?.items.first)
        #expect(result.right == 1 && result.answers.map(\.sum) == [-4, -10, -2])
        var verbal = experiment()
        verbal.wordings[0].verbalisers = ["rot", "gruen"]
        verbal.shots = [.count(2)]
        let scorer = WordScorer()
        let first = try #require(try run(verbal, scorer).first?.items.first)
        #expect(first.right == 1 && scorer.seen.allSatisfy { !$0.contains("red") && !$0.contains("green") })
        #expect(scorer.seen.contains { $0.hasSuffix("grass is gruen") })
    }

    @Test("A completion is written by the model and matched; the right answer's logprob stands beside it")
    func completion() throws {
        var experiment = experiment(labels: [])
        experiment.kind = .completion
        experiment.test = [item("grass", "green"), item("sky", "blue")]
        let scorer = WordScorer()
        scorer.writes = [" is": " Green.\nand more"]
        let result = try #require(try run(experiment, scorer).first)
        #expect(result.items.map(\.completion?.text) == [" Green.\nand more", " Green.\nand more"])
        #expect(result.items.map { $0.answers.map(\.sum) } == [[-6], [-5]])
        #expect(result.items.map { $0.isRight(.sum) } == result.items.map { $0.completion?.matches })
    }

    @Test("max is the most shots that leave room for every item, and a prompt that is too long loses its first shots and says so")
    func room() throws {
        var experiment = experiment()
        experiment.shots = [.most, .count(6)]
        let scorer = WordScorer()
        // A shot is 3 words (the line end goes with the colour); the query 2, the answer 1.
        scorer.context = 15
        let results = try run(experiment, scorer)
        let (most, six) = (results[0], results[1])
        #expect(most.shots == 4 && most.items.allSatisfy { $0.shots.count == 4 && $0.dropped == 0 } && most.truncated == 0)
        #expect(six.shots == 6 && six.items.allSatisfy { $0.shots.count == 4 && $0.dropped == 2 } && six.truncated == 2)
        scorer.context = 10_000
        #expect(try run(experiment, scorer)[0].shots == 6)
        scorer.context = 2
        #expect(throws: ExperimentError(path: "e.yaml", fact: .tooLongForContext(
            cell: "shots max, seed 0, order 0", item: 0, tokens: 3, context: 2))) { try run(experiment, scorer) }
    }

    @Test("Wordings share their shots, and come before seeds in the grid")
    func wordings() throws {
        var experiment = experiment()
        var other = experiment.wordings[0]
        (other.name, other.query) = ("question", Template("So {{thing}} is"))
        experiment.wordings.append(other)
        (experiment.shots, experiment.seeds) = ([.count(2)], 2)
        let results = try run(experiment)
        #expect(results.map(\.cell.template) == [0, 0, 1, 1] && results.map(\.cell.seed) == [0, 1, 0, 1])
        #expect(results[0].items.map(\.shots) == results[2].items.map(\.shots))
        #expect(results[0].items[0].promptHash != results[2].items[0].promptHash)
    }

    @Test("A chat puts the instruction and the shots into turns, and wants a template")
    func chat() throws {
        var experiment = experiment()
        experiment.mode = .chat
        experiment.wordings[0].instruction = "Name it."
        let fewShot = FewShot(experiment)
        let prompt = fewShot.prompt(experiment.test[0], shots: [1, 0], template: 0)
        #expect(prompt == .chat([
            Turn(.system, Array("Name it.".utf8)), Turn(.user, Array("thing1 is".utf8)), Turn(.assistant, Array(" green".utf8)),
            Turn(.user, Array("thing0 is".utf8)), Turn(.assistant, Array(" red".utf8)), Turn(.user, Array("grass is".utf8)),
        ]))
        #expect(throws: ExperimentError(path: "e.yaml", fact: .noChatTemplate)) { try run(experiment) }
    }
}
