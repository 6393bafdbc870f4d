import Testing

import Laboratory

@Suite struct ExperimentTests {
    private func fault(_ yaml: String, pool: String = Sample.pool, test: String = Sample.test) -> ExperimentError? {
        do {
            _ = try Sample.experiment(yaml, pool: pool, test: test)
            return nil
        } catch { return error }
    }

    @Test("An experiment is read with its pool and test from beside it")
    func whole() throws {
        let experiment = try Sample.experiment()
        #expect(experiment.title == "Colours")
        #expect(experiment.wordings[0].instruction == "Name the colour.\n\n")
        #expect(experiment.labels == ["red", "green"])
        #expect(experiment.labelField == "colour")
        #expect(experiment.shots == [.count(0), .count(1), .count(3)])
        #expect((experiment.seeds, experiment.orders) == (2, 2))
        #expect((experiment.kind, experiment.score) == (.choice, .perToken))
        #expect(experiment.pool.count == 8)
        #expect(experiment.test.map(\.line) == [1, 3])
        #expect(experiment.test[1].fields == ["thing": "grass", "colour": "green", "id": "7"])
        #expect(experiment.test.map(experiment.right) == [0, 1])
    }

    @Test("Left-out keys have their standing values, and words that YAML would read as truth stay words")
    func defaults() throws {
        let yaml = "query: 'Is {{thing}}?'\nanswer: ' {{colour}}'\nlabels: [yes, no]\ntest: data/test.jsonl\n"
        let experiment = try Sample.experiment(yaml, test: #"{"thing": "x", "colour": "yes"}"#)
        #expect(experiment.title == "colours")
        #expect((experiment.seeds, experiment.orders, experiment.shots) == (1, 1, [.count(0)]))
        #expect(experiment.labels == ["yes", "no"])
        #expect(experiment.score == .perToken)
    }

    @Test("A bad value is refused with its line and what was found")
    func values() {
        let cases: [(String, String, Int, ExperimentError.Fact)] = [
            ("seeds", "seeds: many", 11, .wrongType(key: "seeds", expected: "a whole number", found: "\"many\"")),
            ("seeds", "seeds: '2'", 11, .wrongType(key: "seeds", expected: "a whole number", found: "\"2\"")),
            ("seeds", "seeds: 0", 11, .outside(key: "seeds", found: 0, range: 1...1000)),
            ("shots", "shots: 4", 10, .wrongType(key: "shots", expected: "a list of whole numbers and max", found: "\"4\"")),
            ("shots", "shots: [1, 1]", 10, .repeated(key: "shots", value: "1")),
            ("shots", "shots: [99999999999999999999]", 10,
             .wrongType(key: "shots", expected: "a list of whole numbers and max", found: "\"99999999999999999999\"")),
            ("shots", "shots: [0, 8]", 10, .poolTooSmall(shots: 8, usable: 7)),
            ("kind", "kind: guess", 9, .unknownValue(key: "kind", value: "guess", known: ["choice", "schema", "completion"])),
            ("labels", "labels: [red, red]", 6, .repeated(key: "labels", value: "red")),
            ("labels", "labels: [red]", 6, .outside(key: "labels", found: 1, range: 2...1000)),
            ("labels", "labels: red", 6, .wrongType(key: "labels", expected: "a list of texts, or a mapping from labels to texts", found: "\"red\"")),
            ("title", "title:", 1, .wrongType(key: "title", expected: "text", found: "nothing")),
            ("title", "title: {a: b}", 1, .wrongType(key: "title", expected: "text", found: "a mapping")),
            ("answer", "answer: x", 5, .answerFields(found: [])),
            ("query", "query: '{{thing}} {{colour}}'", 4, .answerInQuery(field: "colour")),
            ("orders", "colour: blue", 12, .unknownKey("colour", known: ExperimentFile.keys)),
        ]
        for (key, line, number, fact) in cases {
            #expect(fault(Sample.changing(key, to: line)) == ExperimentError(path: "lab/colours.yaml", line: number, fact: fact))
        }
        #expect(fault(Sample.changing("test", to: nil))?.fact == .missing(key: "test"))
        #expect(fault(Sample.changing("pool", to: nil))?.fact == .missing(key: "pool"))
        #expect(fault(Sample.changing("test", to: "test: gone.jsonl"))?.path == "lab/gone.jsonl")
    }

    @Test("Sentences name the file, the line and the remedy")
    func prose() {
        #expect(fault(Sample.yaml, test: #"{"thing": "x", "colour": "blue"}"#)?.description
            == "lab/data/test.jsonl:1: the answer blue is none of red, green.")
    }

    @Test("Bad data lines are refused with file and line")
    func data() {
        let cases: [(String, Int?, ExperimentError.Fact)] = [
            ("\n", nil, .noLine),
            ("\n[1]", 2, .notObject),
            ("{\"thing\": \"x\"", 1, .notObject),
            ("{\"thing\": [], \"colour\": \"red\"}", 1, .fieldType("thing")),
            ("{\"thing\": null, \"colour\": \"red\"}", 1, .fieldType("thing")),
            ("{\"colour\": \"red\"}", 1, .missingField("thing", wanted: "query")),
            ("{\"thing\": \"x\"}", 1, .missingField("colour", wanted: "answer")),
        ]
        for (text, line, fact) in cases {
            #expect(fault(Sample.yaml, test: text) == ExperimentError(path: "lab/data/test.jsonl", line: line, fact: fact))
        }
        let short = Sample.changing("example", to: "example: '{{thing}} {{size}}'")
        #expect(fault(short) == ExperimentError(path: "lab/data/pool.jsonl", line: 1, fact: .missingField("size", wanted: "example")))
    }

    @Test("Aliases, deep nesting, double keys and non-text are refused before they cost anything")
    func hostile() {
        #expect(fault("title: &a x\nquery: *a\n") == ExperimentError(path: "lab/colours.yaml", line: 2, fact: .alias))
        var laughs = "a: &a0 [x]\n"
        for level in 1...40 { laughs += "b\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n" }
        #expect(fault(laughs + "? *a40\n: 1\n")?.fact == .alias)
        #expect(fault("title: " + String(repeating: "[", count: 60_000))?.fact == .tooDeep(limit: 64))
        #expect(fault(String(repeating: "- ", count: 30_000))?.fact == .tooDeep(limit: 64))
        #expect(fault(String(repeating: "? ", count: 30_000))?.fact == .tooDeep(limit: 64))
        #expect(fault(String(repeating: "x", count: 65_537))?.fact == .tooLong(limit: 65_536))
        #expect(fault("title: a\ntitle: b\n")?.fact == .repeatedKey("title"))
        #expect(fault("")?.fact == .notMapping)
        #expect(fault("- a\n")?.fact == .notMapping)
        guard case .yaml = fault("title: \"open\n")?.fact else {
            Issue.record("an open quote is not sound YAML")
            return
        }
        #expect(throws: ExperimentError(path: "x", fact: .notText)) {
            try Experiment(parsing: [0x61, 0xff], path: "x") { _ throws(ExperimentError) in [] }
        }
    }

    @Test("Text with & and * that is no alias is text")
    func notAliases() throws {
        let yaml = Sample.changing("instruction", to: "instruction: 'Q&A, R & D, **bold** and *this*: &that'")
        #expect(try Sample.experiment(yaml).wordings[0].instruction == "Q&A, R & D, **bold** and *this*: &that")
    }

    @Test("No bytes trap the reader")
    func anyBytes() throws {
        var random = SeededRandom(words: [77])
        let alphabet = Array("{}[]&*:-?|>'\"# \n\tabc,!%@`\\0~".utf8) + [0, 0xff, 0xc3]
        var refused = 0
        for round in 0..<3000 {
            var bytes = round % 2 == 0 ? Array(Sample.yaml.utf8) : []
            for _ in 0..<1 + random.below(40) { bytes.insert(alphabet[random.below(alphabet.count)], at: random.below(bytes.count + 1)) }
            do {
                _ = try Experiment(parsing: bytes, path: "x") { path throws(ExperimentError) in
                    Array((path.contains("pool") ? Sample.pool : Sample.test).utf8)
                }
            } catch { refused += error.description.isEmpty ? 0 : 1 }
        }
        #expect(refused > 2000)
    }

    @Test("Only names in double braces are places, and what fills them is not read again")
    func templates() {
        let template = Template("{{a}} {{ b }} {{{a}} {{1}} {{}} }} {{b_2}}{{a}")
        #expect(template.fields == ["a", "b_2"])
        #expect(String(decoding: template.filled(["a": "{{b_2}}", "b_2": "é"]), as: UTF8.self)
            == "{{b_2}} {{ b }} {{{b_2}} {{1}} {{}} }} é{{a}")
    }
}
