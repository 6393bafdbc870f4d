import Foundation
import Testing

/// Results that `terrarium experiment --out` leaves, and what `terrarium compare` makes of them.
@Suite("Results on the command line", .enabled(if: CommandLineRun.isReady, CommandLineRun.comment))
struct CommandLineCompareTests {
    private let scratch: Scratch

    init() throws {
        scratch = try Scratch()
        func lines(_ words: [String]) -> String {
            words.enumerated().map { #"{"text": "\#($0.element)", "label": "\#($0.offset % 2 == 0 ? "positive" : "negative")"}"# + "\n" }.joined()
        }
        try scratch.write("pool.jsonl", lines(["wonderful", "terrible", "lovely", "dull"]))
        try scratch.write("test.jsonl", lines(["I loved it", "I hated it", "what a joy", "what a bore"]))
        try scratch.write("other.jsonl", lines(["splendid", "hopeless"]))
    }

    /// Runs an experiment into a folder.
    @discardableResult
    private func run(into folder: String, title: String = "Films", instruction: String = "", test: String = "test.jsonl") throws -> [UInt8] {
        let file = try scratch.write("\(title).yaml", """
            title: \(title)
            instruction: "\(instruction)"
            example: "Review: {{text}}\\nSentiment: {{label}}\\n\\n"
            query: "Review: {{text}}\\nSentiment:"
            answer: " {{label}}"
            labels: [positive, negative]
            pool: pool.jsonl
            test: \(test)
            shots: [0, 2]
            seeds: 2

            """)
        let result = try CommandLineRun.run("experiment", file, "--json", "--out", scratch.path(folder), "--resume")
        #expect(result.status == 0, "\(result.errors)")
        return result.output
    }

    private func compare(_ a: String, _ b: String, _ flags: String...) throws -> CommandLineRun.Result {
        try CommandLineRun(arguments: ["compare", scratch.path(a), scratch.path(b)] + flags).run()
    }

    private func refused(_ a: String, _ b: String, _ flags: String..., status: Int32 = 1, says sentence: String) throws {
        let result = try CommandLineRun(arguments: ["compare", scratch.path(a), scratch.path(b)] + flags).run()
        #expect(result.status == status && result.output.isEmpty)
        #expect(result.errors.hasPrefix("terrarium: ") && result.errors.contains(sentence), "\(result.errors)")
    }

    @Test("--out holds the numbers as CSV, a report to read and its picture, beside the lines of cells and items") func reports() throws {
        let output = try run(into: "a")
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path("a")).sorted()
            == ["cells.jsonl", "curve.svg", "items.jsonl", "report.csv", "report.md"])
        let object = try #require(try JSONSerialization.jsonObject(with: Data(output)) as? [String: Any])
        let cells = try #require(object["cells"] as? [[String: Any]])
        func text(_ name: String) throws -> String { String(decoding: try scratch.bytes("a/" + name), as: UTF8.self) }
        // A line a cell and rule; those by the file's rule are the cells of the JSON.
        let lines = try text("report.csv").split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
        let heads = lines[0], shown = lines.dropFirst().filter { $0[heads.firstIndex(of: "rule") ?? 0] == "per_token" }
        func column(_ name: String) throws -> [Int?] {
            let place = try #require(heads.firstIndex(of: name))
            return shown.map { Int($0[place]) }
        }
        for name in ["shots", "seed", "order", "items", "correct"] { #expect(try column(name) == cells.map { $0[name] as? Int }, "\(name)") }
        let report = try text("report.md")
        #expect(report.hasPrefix("# Films\n") && report.contains("](curve.svg)") && report.contains("| shots | prompts | items |"))
        let svg = try text("curve.svg")
        #expect(DocsTests.isWhole(svg) && svg.contains("<title>Films</title>"))
        // The reports are made anew when a run goes on; the lines stay as they are.
        let before = try scratch.bytes("a/cells.jsonl")
        try scratch.write("a/report.md", "changed")
        #expect(try run(into: "a") == output)
        #expect(try text("report.md") == report && scratch.bytes("a/cells.jsonl") == before)
    }

    @Test("Two folders are compared number of shots by number of shots, as a table and as JSON") func compared() throws {
        try run(into: "a")
        try run(into: "b", title: "Other", instruction: "Say what they felt.\\n\\n")
        let result = try compare("a", "b", "--json", "--rule", "sum", "--rule-b", "per_byte")
        #expect(result.status == 0 && result.errors == "")
        let object = try result.object()
        #expect(Set(object.keys) == ["a", "b", "rows"])
        let sides = [object["a"], object["b"]].compactMap { $0 as? [String: String] }
        #expect(sides.map { $0["title"] } == ["Films", "Other"] && sides.map { $0["rule"] } == ["sum", "per_byte"])
        #expect(sides.allSatisfy { Set($0.keys) == ["title", "experiment", "model", "rule"] } && sides[0]["model"] == sides[1]["model"])
        let rows = try #require(object["rows"] as? [[String: Any]])
        #expect(rows.map { $0["a"] as? Int } == [0, 2] && rows.map { $0["b"] as? Int } == [0, 2] && rows.map { $0["prompts"] as? Int } == [1, 2])
        for row in rows {
            func number(_ name: String) throws -> Double { try #require(row[name] as? Double, "\(name)") }
            #expect(try number("difference") == number("accuracy_b") - number("accuracy_a"))
            #expect(try number("low") <= number("difference") && number("difference") <= number("high") && number("p") > 0 && number("p") <= 1)
        }
        // Several draws hang together, so that only the prompt without shots has the test.
        #expect(rows.map { $0["mcnemar"] is [String: Any] } == [true, false])
        let table = try compare("a", "b")
        #expect(table.status == 0 && table.text.hasPrefix("A: Films, per_token, model ") && table.text.contains("\nshots  items  prompts "))
        let one = try compare("a", "a", "--shots-a", "0", "--shots-b", "2", "--json").object()
        let pair = try #require((one["rows"] as? [[String: Any]])?.first)
        #expect(pair["a"] as? Int == 0 && pair["b"] as? Int == 2 && pair["prompts"] as? Int == 2)
    }

    @Test("A folder of several sets wants a name behind a colon, of which the beginning is enough") func names() throws {
        try run(into: "a")
        try run(into: "both")
        try run(into: "both", title: "Other", instruction: "Now.\\n")
        let names = try scratch.bytes("both/cells.jsonl").split(separator: 0x0A)
            .map { try #require(try JSONSerialization.jsonObject(with: Data($0)) as? [String: Any])["experiment"] as? String ?? "" }
        let (first, last) = (try #require(names.first), try #require(names.last))
        try refused("a", "both", says: "holds 2 sets of results; name one behind a colon: \(first) (Films), \(last) (Other)")
        try refused("a", "both:0x", says: "holds 2 sets of results")
        #expect(try compare("a", "both:\(first)").text.contains("\nB: Films, "))
        #expect(try compare("a", "both:\(last.prefix(6))").text.contains("\nB: Other, "))
    }

    @Test("Other test items, rules that were not scored and numbers of shots that are not there are refused") func refusals() throws {
        try run(into: "a")
        try run(into: "c", title: "Short", test: "other.jsonl")
        try refused("a", "c", says: "Films and Short have other test items")
        try refused("a", "a", "--rule", "calibrated", says: "Films has no calibrated scores; choose another --rule")
        try refused("a", "a", "--shots-a", "7", says: "A has 0, 2 shots and B 0, 2; name two of these with --shots-a and --shots-b")
        try refused("a", "a", "--shots-a", "some", status: 2, says: "`some` is no number of shots; give a whole number or max.")
        try refused("a", "a", "--rule", "best", status: 2, says: "best")
        try refused("a", "nowhere", says: "nowhere/cells.jsonl: cannot be read or written: No such file or directory")
        try scratch.write("empty/cells.jsonl", "")
        try scratch.write("empty/items.jsonl", "")
        try refused("a", "empty", says: "holds no finished cell; run `terrarium experiment FILE --out` into it first")
    }
}
