import Foundation
import Testing
import Tokenizer

import Laboratory

@Suite struct SweepTests {
    @Test("An answer's tokens are those that hold its bytes; one shared with the prompt is noticed")
    func spans() throws {
        let scorer = WordScorer()
        let clean = try #require(AnswerSpan([.text(Array("grass is".utf8))], answer: Array(" light green".utf8), tokens: scorer.tokens))
        #expect((clean.ids.count, clean.first, clean.merges) == (4, 2, false))
        let merged = try #require(AnswerSpan([.text(Array("grass is gr".utf8))], answer: Array("een now".utf8), tokens: scorer.tokens))
        #expect((merged.ids.count, merged.first, merged.merges) == (4, 2, true))
        #expect(AnswerSpan([.text(Array("grass".utf8))], answer: [], tokens: scorer.tokens) == nil)
    }

    @Test("One run counts by both rules: a long answer loses by its sum and wins by its mean")
    func rules() throws {
        let yaml = Sample.changing("labels", to: "labels: [red, a b c d]")
            .replacingOccurrences(of: "shots: [0, 1, 3]", with: "shots: [0]")
        let test = #"{"thing": "x", "colour": "a b c d"}"# + "\n" + #"{"thing": "y", "colour": "red"}"#
        var sweep = Sweep(try Sample.experiment(yaml, pool: #"{"thing": "p", "colour": "red"}"#, test: test))
        try sweep.run(WordScorer())
        let result = try #require(sweep.results.first)
        // " red" has 4 bytes: sum -4, mean -4; " a b c d" has 4 tokens of 2: sum -8, mean -2.
        #expect((result.items.count, result.correct(.sum), result.correct(.perToken), result.merges) == (2, 1, 1, 0))
        #expect(result.items.map { $0.guess(.sum) } == [0, 0])
        #expect(result.items.map { $0.guess(.perToken) } == [1, 1])
        // By bytes both answers cost 1 nat each.
        #expect(result.items[0].answers.map { $0.value(.perByte) } == [-1, -1])
        #expect(result.items[0].answers.map(\.logprobs) == [[-4], [-2, -2, -2, -2]])
    }

    @Test("Every cell of shots x seeds x orders has a result in order; cells with the same prompts are computed once")
    func grid() throws {
        let experiment = try Sample.experiment()
        let scorer = WordScorer()
        var sweep = Sweep(experiment)
        var steps = 0
        try sweep.run(scorer) { progress, sweep in
            steps += 1
            if case .cell(let result) = progress { #expect(result.items.count == 2) }
            #expect(sweep.itemsDone <= sweep.itemsTotal)
        }
        #expect(sweep.results.map(\.cell) == Cell.grid(experiment))
        #expect(sweep.cells.count == 12)
        // Computed: 1 cell of no shots, 2 of one, 4 of three; 2 items of 2 labels each.
        #expect(scorer.scored == 7 * 4 && scorer.calls == 7)
        #expect(steps == 7 * 2 + 12)
        #expect(sweep.isFinished && sweep.itemsDone == 24)
        #expect(try sweep.step(scorer) == nil)
    }

    @Test("A step that fails names cell and item, and can be taken again with the same result")
    func failure() throws {
        let experiment = try Sample.experiment()
        var whole = Sweep(experiment)
        try whole.run(WordScorer())
        let scorer = WordScorer()
        scorer.failsOn = "grass"
        var sweep = Sweep(experiment)
        #expect(throws: ExperimentError(
            path: "lab/colours.yaml",
            fact: .scoring(cell: "shots 0, seed 0, order 0", item: 1, reason: "Failure()"))
        ) { try sweep.run(scorer) }
        #expect(sweep.itemsDone == 1)
        scorer.failsOn = nil
        try sweep.run(scorer)
        #expect(sweep.results == whole.results)
    }

    @Test("A prompt without tokens is refused, for nothing comes before the answer")
    func noContext() throws {
        let yaml = Sample.changing("instruction", to: nil).replacingOccurrences(of: "\"{{thing}} is\"", with: "\"{{thing}}\"")
            .replacingOccurrences(of: "shots: [0, 1, 3]", with: "shots: [0]")
        var sweep = Sweep(try Sample.experiment(yaml, test: #"{"thing": "", "colour": "red"}"#))
        #expect(throws: ExperimentError(path: "lab/colours.yaml", fact: .noContext)) { try sweep.run(WordScorer()) }
    }

    @Test("The report has exactly the documented shape")
    func json() throws {
        /// Items of two answers; so many are right by the sum and by the mean, so many merge.
        func items(sum: Int, mean: Int, merges: Int) -> [ItemResult] {
            (0..<4).map { item in
                // One token of -3 or -1 against two that add up to -2, a mean of -1, or to -4, a mean of -2.
                let right: [Float] = item < sum ? (item < mean ? [-1] : [-1.5]) : (item < mean ? [-1, -1, -1, -1] : [-3])
                let other: [Float] = item < sum ? (item < mean ? [-2] : [-1, -1]) : (item < mean ? [-2] : [-1])
                return ItemResult(item: item, promptHash: "", promptTokens: 3, shots: [], right: 0, answers: [
                    AnswerScore(ids: [], logprobs: right, bytes: 4, merges: item < merges), AnswerScore(ids: [], logprobs: other, bytes: 4, merges: false)])
            }
        }
        let results = [
            CellResult(cell: Cell(shots: 0, seed: 0, order: 0), shots: 0, items: items(sum: 1, mean: 3, merges: 0)),
            CellResult(cell: Cell(shots: 8, seed: 4, order: 1), shots: 8, items: items(sum: 4, mean: 0, merges: 2)),
        ]
        var experiment = try Sample.experiment()
        (experiment.shots, experiment.seeds, experiment.orders) = ([.count(0), .count(8)], 5, 2)
        func report(_ rule: ScoreRule) -> Report { Report(experiment, results, rule: rule, model: ("tiny", "m")) }
        #expect(report(.perToken).json == """
            {"cells":[{"shots":0,"seed":0,"order":0,"items":4,"correct":3,"accuracy":0.75},\
            {"shots":8,"seed":4,"order":1,"items":4,"correct":0,"accuracy":0.0}]}
            """)
        #expect(report(.sum).json.contains(#""correct":1,"accuracy":0.25"#))
        #expect(report(.sum).text == """
            shots  prompts  items    sum        95 %  over seeds  over orders  per_token  per_byte
                0        1      4   25.0    4.6-69.9           -            -       75.0      25.0
                8        1      4  100.0  51.0-100.0           -            -        0.0     100.0
            Guessing gives 50.0 %, the most common answer 100.0 %.
            2 answers share their first token with the end of the prompt; that token is scored whole.
            No unconditional scores: the file gives no `answer_context`.
            No calibrated scores: the file gives no `content_free`.

            """)
        #expect(report(.sum).csv.split(separator: "\n").count == 1 + 2 * 3)
        #expect(report(.sum).csv.contains(",m,8,false,8,4,1,,per_token,4,0,0.0,0.0,"))
    }

    @Test("A changed template, label, item or model is another experiment; a larger grid is the same one")
    func fingerprints() throws {
        let base = Fingerprint.of(try Sample.experiment(), model: "m")
        #expect(Fingerprint.hash(Array("a".utf8)) == "af63dc4c8601ec8c")  // published FNV-1a vector
        #expect(Fingerprint.of(try Sample.experiment(Sample.changing("shots", to: "shots: [0, 2]")), model: "m") == base)
        #expect(Fingerprint.of(try Sample.experiment(Sample.changing("score", to: "score: sum")), model: "m") == base)
        var others = [Fingerprint.of(try Sample.experiment(), model: "n")]
        for (key, line) in [("instruction", "instruction: x"), ("example", "example: '{{thing}}'"), ("query", "query: '{{thing}}'"),
            ("answer", "answer: '{{colour}}'"), ("labels", "labels: [green, red]")] {
            others.append(Fingerprint.of(try Sample.experiment(Sample.changing(key, to: line)), model: "m"))
        }
        others.append(Fingerprint.of(try Sample.experiment(pool: Sample.pool + Sample.pool), model: "m"))
        others.append(Fingerprint.of(try Sample.experiment(test: Sample.pool), model: "m"))
        #expect(Set(others + [base]).count == 9)
    }
}

@Suite struct ResultsFolderTests {
    private let path: String

    init() { path = NSTemporaryDirectory() + "laboratory-" + UUID().uuidString }

    private func text(_ name: String) throws -> String { try String(contentsOfFile: path + "/" + name, encoding: .utf8) }

    /// Runs until so many cells are done; returns the results and the number of scored answers.
    @discardableResult
    private func run(_ experiment: Experiment, cells: Int = .max, resume: Bool) throws -> (results: [CellResult], calls: Int) {
        let folder = try ResultsFolder(path, experiment: experiment, model: "m", resume: resume)
        let scorer = WordScorer()
        var sweep = Sweep(experiment, done: folder.done)
        var left = cells
        while left > 0, let progress = try sweep.step(scorer) {
            if case .cell(let result) = progress {
                try folder.append(result)
                left -= 1
            }
        }
        return (sweep.results, scorer.scored)
    }

    @Test("A run cut anywhere, even inside a line, goes on to the same files and results")
    func resume() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        let experiment = try Sample.experiment()
        let whole = try run(experiment, resume: false)
        let (cells, items) = (try text("cells.jsonl"), try text("items.jsonl"))
        #expect(items.split(separator: "\n").count == 24 && cells.split(separator: "\n").count == 12)
        for length in stride(from: 0, through: cells.utf8.count, by: 97) {
            try String(decoding: Array(cells.utf8).prefix(length), as: UTF8.self)
                .write(toFile: path + "/cells.jsonl", atomically: false, encoding: .utf8)
            let again = try run(experiment, resume: true)
            #expect(again.results == whole.results)
            #expect(try text("cells.jsonl") == cells)
            #expect(try text("items.jsonl") == items)
        }
        #expect(try run(experiment, resume: true).calls == 0)
    }

    @Test("A grown grid computes only what is new; another experiment's lines are kept and not counted")
    func growth() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        let small = try Sample.experiment(Sample.changing("shots", to: "shots: [3]"))
        #expect(try run(small, resume: false).calls == 16)
        #expect(try run(try Sample.experiment(), resume: true).calls == 12)
        let other = try Sample.experiment(Sample.changing("instruction", to: "instruction: Now"))
        #expect(try run(other, cells: 2, resume: true).results.count == 2)
        #expect(try text("cells.jsonl").split(separator: "\n").count == 14)
    }

    @Test("Results are never written over, mixed by two programs, or taken from a file of another kind")
    func refusals() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        let experiment = try Sample.experiment()
        try run(experiment, cells: 1, resume: false)
        #expect(throws: ExperimentError(path: path, fact: .notFresh)) { try run(experiment, resume: false) }
        func hold(_ body: () -> Void) throws {
            let holder = try ResultsFolder(path, experiment: experiment, model: "f", resume: true)
            withExtendedLifetime(holder) { body() }
        }
        try hold { #expect(throws: ExperimentError(path: path, fact: .busy)) { try run(experiment, resume: true) } }
        try "{\"a\": 1}\n".write(toFile: path + "/cells.jsonl", atomically: false, encoding: .utf8)
        #expect(throws: ExperimentError(path: path + "/cells.jsonl", line: 1, fact: .badRecord)) { try run(experiment, resume: true) }
        #expect(throws: ExperimentError(path: "/dev/null/x", fact: .unreadable("Not a directory"))) {
            try ResultsFolder("/dev/null/x", experiment: experiment, model: "f", resume: true)
        }
    }

    @Test("A line an item has prompt hash, answers and scores, and is JSON whatever the labels hold")
    func lines() throws {
        let item = ItemResult(item: 0, promptHash: "00ff", promptTokens: 7, shots: [2, 0], dropped: 1, right: 1, answers: [
            AnswerScore(ids: [5, 6], logprobs: [-1.5, -0.1], bytes: 9, merges: true, unconditional: -0.3, contentFree: -0.7),
            AnswerScore(ids: [7], logprobs: [-.infinity], bytes: 3, merges: false)])
        var experiment = try Sample.experiment()
        experiment.labels = ["say \"hi\"\n\u{1}", "é\\"]
        let line = item.json(Cell(shots: .most, seed: 1, order: 0), experiment).text
        let value = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        #expect(value["shots"] as? String == "max" && value["prompt"] as? String == "00ff")
        let guess = try #require(value["guess"] as? [String: Any]), answers = try #require(value["answers"] as? [[String: Any]])
        #expect(guess["sum"] as? String == experiment.labels[0] && answers[1]["text"] as? String == experiment.labels[1])
        // Minus infinity has no number in JSON.
        #expect((answers[1]["logprobs"] as? [Any])?.first is NSNull)
        #expect(try JSONDecoder().decode(ItemResult.self, from: Data(line.utf8)) == item)
        #expect(try JSONDecoder().decode(Cell.self, from: Data(line.utf8)) == Cell(shots: .most, seed: 1, order: 0))
    }

    @Test("Real files are read from beside the experiment; folders, large and missing ones are refused")
    func files() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        try FileManager.default.createDirectory(atPath: path + "/data", withIntermediateDirectories: true)
        try Sample.yaml.write(toFile: path + "/e.yaml", atomically: true, encoding: .utf8)
        try Sample.pool.write(toFile: path + "/data/pool.jsonl", atomically: true, encoding: .utf8)
        #expect(throws: ExperimentError(path: path + "/data/test.jsonl", fact: .unreadable("No such file or directory"))) {
            try Experiment.load(path + "/e.yaml")
        }
        try Sample.test.write(toFile: path + "/data/test.jsonl", atomically: true, encoding: .utf8)
        #expect(try Experiment.load(path + "/e.yaml").pool.count == 8)
        #expect(throws: ExperimentError(path: path + "/data", fact: .unreadable("not a regular file"))) {
            try Experiment.load(path + "/data")
        }
    }
}
