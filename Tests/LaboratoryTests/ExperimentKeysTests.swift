import Foundation
import Testing

import Laboratory

/// The keys beyond the plain choice, and what they refuse of each other.
@Suite struct ExperimentKeysTests {
    private let plain = """
        query: "{{text}} is"
        answer: " {{label}}"
        test: [{text: x, label: a}]

        """
    private let completion = """
        kind: completion
        query: "{{text}} is"
        answer: " {{label}}"
        test: [{text: x, label: a}]

        """
    private let schema = """
        kind: schema
        query: "{{label}} {{text}}"
        answer: " is"
        labels: [a, b]
        test: [{text: x, label: a}]

        """

    private func fault(_ yaml: String, csv: String = "") -> ExperimentError? {
        do {
            _ = try read(yaml, csv: csv)
            return nil
        } catch { return error }
    }

    private func read(_ yaml: String, csv: String = "") throws(ExperimentError) -> Experiment {
        try Experiment(parsing: Array(yaml.utf8), path: "e.yaml") { _ throws(ExperimentError) in Array(csv.utf8) }
    }

    @Test("Labels may be told what stands for them, and templates may tell it anew")
    func verbalisers() throws {
        let experiment = try read(plain.replacingOccurrences(of: "label: a}", with: "label: b}") + """
            labels: {a: good, b: bad}
            instruction: "Say.\\n"
            templates:
              - {}
              - name: other
                instruction: ""
                query: "So {{text}}:"
                labels: {b: poor, a: fine}
                answer_context: "is"
            """)
        #expect(experiment.labels == ["a", "b"] && experiment.right(experiment.test[0]) == 1)
        #expect(experiment.wordings.map(\.name) == ["1", "other"])
        #expect(experiment.wordings.map(\.verbalisers) == [["good", "bad"], ["fine", "poor"]])
        #expect(experiment.wordings.map(\.instruction) == ["Say.\n", ""])
        #expect(experiment.wordings.map(\.query.source) == ["{{text}} is", "So {{text}}:"])
        #expect(experiment.wordings.map(\.answer.source) == [" {{label}}", " {{label}}"])
        #expect(experiment.wordings.map(\.answerContext) == [nil, "is"])
        let fewShot = FewShot(experiment)
        #expect((0..<2).map { String(decoding: fewShot.answer(experiment.test[0], 1, template: $0), as: UTF8.self) } == [" bad", " poor"])
    }

    @Test("Items may stand in the file, with answers of their own, as they do in a table")
    func own() throws {
        let yaml = "query: \"{{text}} is\"\nanswer: \" {{label}}\"\nchoices: options\n"
        let inline = try read(yaml + "test:\n  - {text: yes, n: 007, options: [a, b], label: b}\n  - text: q\n    options: [no, maybe]\n    label: no\n")
        #expect(inline.test[0].fields == ["text": "yes", "n": "007", "options": "a", "label": "b"])
        #expect(inline.test[0].lists == ["options": ["a", "b"]])
        #expect(inline.test.map(\.line) == [5, 6])
        #expect(inline.test.map(inline.right) == [1, 0])
        let table = try read(yaml + "test: t.csv", csv: "text,n,options,label\nyes,007,a|b,b\nq,,no|maybe,no\n")
        #expect(table.test.map(table.answers) == inline.test.map(inline.answers) && table.test[0].fields == inline.test[0].fields)
    }

    @Test("A completion has accepted answers, where it stops, how long it is, and how it is matched")
    func completions() throws {
        let standing = try read(completion)
        #expect((standing.kind, standing.stop, standing.maxTokens) == (.completion, ["\n"], 16) && standing.matching == Matching())
        #expect(try read(completion + "mode: chat").stop.isEmpty)
        let told = try read(completion.replacingOccurrences(of: "label: a}", with: "label: [4, four]}")
            + "stop: ['.', \"\\n\"]\nmax_tokens: 3\nmatch: [numeric, regex]\nregex: '[0-9]+|four'\n".replacingOccurrences(of: "numeric, ", with: ""))
        #expect(told.answers(told.test[0]) == ["4", "four"] && told.right(told.test[0]) == 0)
        #expect((told.stop, told.maxTokens) == ([".", "\n"], 3) && told.matching.matches("I say four.", ["4", "four"]))
        #expect(try read(completion + "match: exact").matching.steps == [.exact])
        let table = try read(completion.replacingOccurrences(of: "[{text: x, label: a}]", with: "t.csv"), csv: "text,label\nx,4|four\n")
        #expect(table.answers(table.test[0]) == ["4", "four"])
    }

    @Test("A schema has its label in the query; a chat needs no example; limit takes the first items; max is a number of shots")
    func others() throws {
        #expect(try read(schema).labelField == "label")
        let moved = schema.replacingOccurrences(of: "label}}", with: "who}}").replacingOccurrences(of: "label: a", with: "who: a")
        #expect(try read(moved + "label: who").labelField == "who")
        let chat = try read(plain.replacingOccurrences(of: "[{text: x, label: a}]", with: "[{text: x, label: a}, {text: y, label: b}, {text: z, label: c}]")
            + "labels: [a, b]\nmode: chat\nshots: [0, max, 2]\nlimit: 2\npool: [{text: p, label: a}, {text: q, label: b}]\n")
        #expect(chat.mode == .chat && chat.shots == [.count(0), .most, .count(2)])
        #expect(chat.test.map { $0.fields["text"] } == ["x", "y"])
    }

    @Test("With `label` told the answer may have other places too")
    func label() throws {
        let yaml = plain.replacingOccurrences(of: " {{label}}", with: " {{label}} {{text}}") + "labels: [a, b]\n"
        #expect(fault(yaml)?.fact == .answerFields(found: ["label", "text"]))
        #expect(try read(yaml + "label: label").labelField == "label")
        #expect(fault(yaml + "label: text")?.fact == .answerInQuery(field: "text"))
        #expect(fault(yaml + "label: other")?.fact == .noPlace(key: "answer", field: "other"))
    }

    @Test("Keys that make no sense together are refused with the line of the one to change")
    func senseless() {
        let labels = "labels: [a, b]\n"
        let cases: [(String, Int?, ExperimentError.Fact)] = [
            (plain, nil, .noAnswers),
            (plain + labels + "choices: options", 5, .twoSources),
            (plain + "choices: label", 4, .repeated(key: "choices", value: "label")),
            (completion + labels, 5, .unused(key: "labels", with: "kind: completion")),
            (completion + "choices: x", 5, .unused(key: "choices", with: "kind: completion")),
            (completion + "score: sum", 5, .unused(key: "score", with: "kind: completion")),
            (completion + "content_free: [x]", 5, .unused(key: "content_free", with: "kind: completion")),
            (completion + "templates: [{labels: {a: x}}]", 5, .unused(key: "labels", with: "kind: completion")),
            (plain + labels + "stop: []", 5, .unused(key: "stop", with: "kind: choice")),
            (plain + labels + "max_tokens: 4", 5, .unused(key: "max_tokens", with: "kind: choice")),
            (schema + "match: case", 6, .unused(key: "match", with: "kind: schema")),
            (schema + "content_free: [x]", 6, .unused(key: "content_free", with: "kind: schema")),
            (schema + "score: calibrated", 6, .unused(key: "score: calibrated", with: "kind: schema")),
            (plain + labels + "mode: chat\nexample: x", 6, .unused(key: "example", with: "mode: chat")),
            (plain + labels + "mode: chat\ntemplates:\n  - query: '{{text}}'\n    example: x", 8, .unused(key: "example", with: "mode: chat")),
            (plain + labels + "score: calibrated", 5, .ruleWants(rule: "calibrated", key: "content_free")),
            (plain + labels + "score: unconditional", 5, .ruleWants(rule: "unconditional", key: "answer_context")),
            (plain + labels + "score: unconditional\ntemplates: [{}, {answer_context: x}]", 5, .ruleWants(rule: "unconditional", key: "answer_context")),
            (schema.replacingOccurrences(of: "{{label}} ", with: ""), 2, .noPlace(key: "query", field: "label")),
            (schema.replacingOccurrences(of: " is", with: " {{label}}"), 3, .contextInAnswer(field: "label")),
            (completion.replacingOccurrences(of: " is", with: " is {{label}}"), 2, .answerInQuery(field: "label")),
            (completion + "match: [exact, case]", 5, .notAlone("exact")),
            (completion + "match: regex", 5, .missing(key: "regex")),
            (completion + "regex: x", 5, .unused(key: "regex", with: "match: [first_line, case, punctuation]")),
            (completion + "match: []", 5, .empty(key: "match")),
            (completion + "match: [case, case]", 5, .repeated(key: "match", value: "case")),
            (completion + "match: fuzzy", 5, .unknownValue(key: "match", value: "fuzzy", known: ["exact", "first_line", "regex", "numeric", "case", "punctuation"])),
            (completion + "match: numeric", 4, .neverMatched("a")),
            (plain + labels + "shots: [max]\nexample: x", nil, .missing(key: "pool")),
            (plain + labels + "shots: [max]\npool: [{text: y, label: a}]", nil, .missing(key: "example")),
            (plain + labels + "shots: [max]\npool: [{text: x, label: a}]\nexample: x", 5, .poolTooSmall(shots: 1, usable: 0)),
            (plain + labels + "shots: [max, max]", 5, .repeated(key: "shots", value: "max")),
            (plain + labels + "limit: 0", 5, .outside(key: "limit", found: 0, range: 1...100_000)),
            (plain + labels + "seeds: 1000\norders: 1000", nil, .tooMany(what: "cells (shots x templates x seeds x orders)", limit: 100_000)),
        ]
        for (yaml, line, fact) in cases { #expect(fault(yaml) == ExperimentError(path: "e.yaml", line: line, fact: fact), "\(yaml)") }
    }

    @Test("Templates are a list of known keys with names of their own; their labels say what stands for the file's")
    func templates() {
        let base = plain + "labels: [a, b]\n"
        let cases: [(String, Int?, ExperimentError.Fact)] = [
            ("templates: []", 5, .wrongType(key: "templates", expected: "a list of mappings", found: "an empty list")),
            ("templates: [x]", 5, .wrongType(key: "templates", expected: "a list of mappings", found: "\"x\"")),
            ("templates:\n  - name: x\n    shots: 3", 7, .unknownKey("shots", known: ExperimentFile.templateKeys)),
            ("templates:\n  - name: x\n  - name: x", 7, .repeated(key: "name", value: "x")),
            ("templates:\n  - name: ''", 6, .empty(key: "name")),
            ("templates:\n  - answer: ' is'", 6, .answerFields(found: [])),
            ("templates:\n  - query: '{{label}}'", 6, .answerInQuery(field: "label")),
            ("templates:\n  - labels: {a: x}", 6, .outside(key: "labels", found: 1, range: 2...1000)),
            ("templates:\n  - labels: {a: x, c: y}", 6, .otherLabels(found: ["a", "c"], labels: ["a", "b"])),
            ("templates:\n  - labels: [b, a]", 6, .otherLabels(found: ["b", "a"], labels: ["a", "b"])),
            ("templates:\n  - labels: {a: x, b: x}", 6, .repeated(key: "labels", value: "x")),
            ("templates:\n  - labels: {a: x, b: ''}", 6, .empty(key: "labels")),
        ]
        for (yaml, line, fact) in cases { #expect(fault(base + yaml) == ExperimentError(path: "e.yaml", line: line, fact: fact), "\(yaml)") }
    }

    @Test("Items are refused with their line: wrong types, answers that repeat, are empty or not among the choices")
    func items() {
        let own = "query: '{{text}}'\nanswer: ' {{label}}'\nchoices: options\ntest:\n  - "
        let cases: [(String, Int?, ExperimentError.Fact)] = [
            (own + "{text: x, label: a}", 5, .missingField("options", wanted: "choices")),
            (own + "{text: x, label: a, options: a}", 5, .notAList("options")),
            (own + "{text: x, label: a, options: [a]}", 5, .outside(key: "options", found: 1, range: 2...1000)),
            (own + "{text: x, label: a, options: [a, b, a]}", 5, .repeated(key: "options", value: "a")),
            (own + "{text: x, label: a, options: [a, '']}", 5, .empty(key: "options")),
            (own + "{text: x, label: c, options: [a, b]}", 5, .notALabel("c", labels: ["a", "b"])),
            (own + "{text: x, label: [a, b], options: [a, b]}", 5, .severalAnswers("label")),
            (own + "{text: null, label: a}", 5, .fieldType("text")),
            (own + "{text: {a: b}, label: a}", 5, .fieldType("text")),
            (own + "{text: [x, [y]], label: a}", 5, .fieldType("text")),
            (own + "x", 5, .wrongType(key: "test", expected: "a path or a list of mappings", found: "a list with \"x\"")),
            (schema.replacingOccurrences(of: "\" is\"", with: "'{{end}}'").replacingOccurrences(of: "text: x", with: "text: x, end: ''"), 5, .empty(key: "answer")),
            (completion.replacingOccurrences(of: "label: a", with: "label: [a, '']"), 4, .neverMatched("")),
            (plain + "labels: [a, b]\ntest2: x", 5, .unknownKey("test2", known: ExperimentFile.keys)),
        ]
        for (yaml, line, fact) in cases { #expect(fault(yaml) == ExperimentError(path: "e.yaml", line: line, fact: fact), "\(yaml)") }
    }

    @Test("A regular expression that does not compile, or would take the memory, is refused")
    func regexes() {
        for regex in ["(", "[", "a{2,1}", "*{", "((a{100}){100}){100}", "a{99999999999999999999}", String(repeating: "a", count: 1001)] {
            guard case .badRegex(let reason)? = fault(completion + "match: regex\nregex: '\(regex)'")?.fact else {
                Issue.record("\(regex) is refused")
                continue
            }
            #expect(!reason.isEmpty)
        }
    }

    @Test("Every sentence ends where it says what helps")
    func sentences() {
        #expect(fault(plain + "labels: [a, b]\nmax_tokens: 4")?.description
            == "e.yaml:5: `max_tokens` has no use with `kind: choice`: answers are scored, none is written; leave it out.")
        #expect(fault(plain + "labels: [a, b]\nscore: unconditional")?.description
            == "e.yaml:5: `score: unconditional` needs `answer_context` (in every template); add it or choose another rule.")
    }
}
