import Foundation
import Testing

import Laboratory

@Suite struct ItemFileTests {
    private func items(_ text: String, _ name: String = "t.csv", lists: Set<String> = []) throws(ExperimentError) -> [Experiment.Item] {
        try ItemFile.parse(Array(text.utf8), path: name, lists: lists)
    }

    private func fault(_ text: String, _ name: String = "t.csv") -> ExperimentError? {
        do { _ = try items(text, name) } catch { return error }
        return nil
    }

    @Test("A table's fields keep quotes, delimiters, line ends and blanks; lines are those of the file")
    func table() throws {
        // Witness: the csv module of Python reads these fields.
        let text = "\u{feff}text,label\r\n\"a, \"\"b\"\"\r\nc\",x\r\n\r\n d ,\"\"\r\n5\" disc,\"y\""
        let found = try items(text)
        #expect(found.map(\.fields) == [["text": "a, \"b\"\r\nc", "label": "x"], ["text": " d ", "label": ""], ["text": "5\" disc", "label": "y"]])
        #expect(found.map(\.line) == [2, 5, 6])
    }

    @Test("TSV is the same with tabs, and an empty last field is a field")
    func tabs() throws {
        #expect(try items("a\tb\nx, y\t\n\"p\tq\"\tr", "T.TSV").map(\.fields) == [["a": "x, y", "b": ""], ["a": "p\tq", "b": "r"]])
    }

    @Test("Lists in a table are parted by strokes, only in the columns that hold lists")
    func strokes() throws {
        let found = try items("q,options\na|b,one | two|three\n", lists: ["options"])
        #expect(found[0].fields == ["q": "a|b", "options": "one"])
        #expect(found[0].lists == ["options": ["one", "two", "three"]])
    }

    @Test("A bad table is refused with its line and what was found")
    func badTables() {
        let cases: [(String, Int, ExperimentError.Fact)] = [
            ("a,b\n1,2\n3\n", 3, .ragged(found: 1, expected: 2)),
            ("a,b\n\"1\n1\",2\n3,4,5\n", 4, .ragged(found: 3, expected: 2)),
            ("a,b,a\n1,2,3\n", 1, .repeatedColumn("a")),
            ("a,,c\n1,2,3\n", 1, .unnamedColumn(2)),
            ("a,b\n1,\"2\n3,4\n", 2, .openQuote),
            ("a,b\n1,\"2\" 3\n", 2, .textAfterQuote),
        ]
        for (text, line, fact) in cases { #expect(fault(text) == ExperimentError(path: "t.csv", line: line, fact: fact)) }
        #expect(throws: ExperimentError(path: "t.csv", line: 2, fact: .notText)) { try ItemFile.parse([0x61, 0x0A, 0xFF, 0x0A], path: "t.csv") }
        #expect(fault("a", "t.txt") == ExperimentError(path: "t.txt", fact: .unknownEnding))
    }

    @Test("JSON lines hold texts, numbers, truth and lists of these; a list's first text stands for it")
    func objects() throws {
        let found = try items("\u{feff}\n" + #"{"a": "x", "n": 7, "r": 0.5, "t": true, "l": ["p", 2, false]}"# + "\r\n", "t.jsonl")
        #expect(found == [Experiment.Item(fields: ["a": "x", "n": "7", "r": "0.5", "t": "true", "l": "p"], lists: ["l": ["p", "2", "false"]], line: 2)])
        for bad in [#"{"a": null}"#, #"{"a": []}"#, #"{"a": ["x", null]}"#, #"{"a": [["x"]]}"#, #"{"a": {"b": 1}}"#] {
            #expect(fault(bad, "t.jsonl") == ExperimentError(path: "t.jsonl", line: 1, fact: .fieldType("a")), "\(bad)")
        }
    }

    @Test("What is written as a table is read back, whatever the fields hold")
    func roundTrip() throws {
        var random = SeededRandom(words: [5])
        let alphabet = Array("ab,\t\"\n\r |é")
        for round in 0..<500 {
            let delimiter: Character = round % 2 == 0 ? "," : "\t"
            let rows = (0..<1 + random.below(4)).map { _ in (0..<3).map { _ in String((0..<random.below(6)).map { _ in alphabet[random.below(alphabet.count)] }) } }
            let lines = ([["x", "y", "z"]] + rows).map { $0.map { "\"" + $0.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\"" }
                .joined(separator: String(delimiter)) }
            let found = try items(lines.joined(separator: round % 3 == 0 ? "\r\n" : "\n"), delimiter == "," ? "t.csv" : "t.tsv")
            #expect(found.map { item in ["x", "y", "z"].map { item.fields[$0] ?? "-" } } == rows)
        }
    }

    @Test("No bytes trap the readers")
    func anyBytes() {
        var random = SeededRandom(words: [6])
        let alphabet = Array("{}[]\":,\t\n\r|a0.\\".utf8) + [0, 0xff, 0xc3]
        var refused = 0
        for round in 0..<3000 {
            let bytes = (0..<random.below(40)).map { _ in alphabet[random.below(alphabet.count)] }
            do { _ = try ItemFile.parse(bytes, path: ["t.jsonl", "t.csv", "t.tsv"][round % 3], lists: ["a"]) } catch { refused += 1 }
        }
        #expect(refused > 1000 && refused < 3000)
    }
}
