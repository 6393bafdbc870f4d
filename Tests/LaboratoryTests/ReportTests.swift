import Foundation
import Testing

import Laboratory

@Suite struct ReportTests {
    private func report(_ experiment: Experiment = Made.experiment(), _ results: [CellResult] = Made.four) -> Report {
        Report(experiment, results, rule: .sum, model: ("tiny", "m1"))
    }

    @Test("The table has a line a number of shots with interval, spreads and the other rules")
    func text() {
        #expect(report().text == """
            shots  prompts  items   sum       95 %  over seeds  over orders  per_token  per_byte
                3        4      4  50.0  15.0-85.0       ±35.4         ±0.0       50.0      50.0
            Guessing gives 50.0 %, the most common answer 75.0 %.
            No unconditional scores: the file gives no `answer_context`.
            No calibrated scores: the file gives no `content_free`.

            """)
    }

    @Test("max says how many shots it was, and what did not fit or merged is told")
    func notes() {
        let results = [Made.cell(Cell(shots: .most, seed: 0, order: 0), [0.8, 0.8, 0.8, 0.8], shots: [0, 1, 2, 3], merges: 2),
                       Made.cell(Cell(shots: .most, seed: 1, order: 0), [0.8, 0.8, 0.8, 0.8], shots: [0, 1], dropped: 3)]
        let report = report(Made.experiment(shots: [.most], orders: 1), results)
        #expect(report.text.contains("\nmax 2-4        2      4  75.0"))
        #expect(report.text.contains("\n2 answers share their first token with the end of the prompt; that token is scored whole.\n"))
        #expect(report.text.contains("\n4 prompts did not fit into the context and lost their first shots.\n"))
        #expect(report.json.contains(#"{"shots":4,"seed":0,"order":0,"items":4,"correct":3,"accuracy":0.75,"max":true}"#))
        #expect(report.csv.contains(",max,true,4,0,0,plain,sum,4,3,0.75,"))
    }

    @Test("Wordings are named in every form, whatever stands in their names")
    func wordings() throws {
        var experiment = Made.experiment(seeds: 1, orders: 1)
        var other = experiment.wordings[0]
        other.name = "with, \"quotes\" | bars"
        experiment.wordings.append(other)
        let report = report(experiment, [Made.four[0], Made.cell(Cell(shots: 3, seed: 0, order: 0, template: 1), [0.2, 0.2, 0.2, 0.2])])
        #expect(report.text.contains("over templates") && report.text.contains("±35.4"))
        #expect(report.json.contains(#""template":1,"name":"with, \"quotes\" | bars"}"#))
        #expect(report.csv.contains(",0,0,\"with, \"\"quotes\"\" | bars\",sum,4,1,0.25,"))
    }

    @Test("CSV has a line a cell and rule, each with all its fields, and the numbers of the JSON")
    func csv() throws {
        let lines = report().csv.split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
        #expect(lines[0] == ["experiment", "model", "shots", "max", "used", "seed", "order", "template", "rule", "items", "correct", "accuracy",
                             "low", "high", "merges", "truncated"])
        #expect(lines.count == 1 + 4 * 3 && lines.allSatisfy { $0.count == 16 })
        let name = Fingerprint.of(Made.experiment(), model: "m1")
        #expect(Array(lines[1][..<12]) == [name, "m1", "3", "false", "3", "0", "0", "plain", "sum", "4", "3", "0.75"])
        #expect(lines[1...].map { $0[8] } == Array(repeating: ["sum", "per_token", "per_byte"], count: 4).flatMap { $0 })
        #expect(lines[1...].map { $0[10] } == ["3", "3", "3", "3", "3", "3", "1", "1", "1", "1", "1", "1"])
        // Wilson's interval of 3 of 4.
        #expect(abs((Double(lines[1][12]) ?? 0) - 0.300642) < 1e-6 && abs((Double(lines[1][13]) ?? 0) - 0.954413) < 1e-6)
    }

    @Test("Markdown has title, names, picture, table, notes, remarks, and the classes of the last condition")
    func markdown() throws {
        var experiment = Made.experiment(title: "Colours | of things")
        experiment.lookAt = "Blood is red."
        let text = report(experiment).markdown(remarks: ["A remark."], picture: "curve.svg"), lines = text.components(separatedBy: "\n")
        #expect(lines[0] == "# Colours | of things" && text.hasSuffix("\n"))
        #expect(lines[2] == "`lab/colours.yaml` with tiny (fingerprint `m1`), experiment `\(Fingerprint.of(experiment, model: "m1"))`; 4 test items, 6 in the pool.")
        for line in ["Blood is red.", "![Accuracy by shots](curve.svg)", "- Guessing gives 50.0 %, the most common answer 75.0 %.", "- A remark.",
                     "## At 3 shots", "| red | 6 | 6 | 75.0 | 50.0 | 60.0 |", "| green | 2 | 2 | 25.0 | 50.0 | 33.3 |",
                     "- probability of the answers together: 50.0 %", "- recency bias +0.250", "- majority-label bias -0.250"] {
            #expect(lines.contains(line), "\(line)")
        }
        // Every line of a table has the cells of its head.
        let tables = lines.split { !$0.hasPrefix("|") }
        #expect(tables.count == 2)
        for table in tables { #expect(Set(table.map { $0.count { $0 == "|" } }).count == 1 && table.count > 2) }
        #expect(!report().markdown(remarks: [], picture: nil).contains("!["))
    }

    @Test("A label with bars or line ends stays in its cell of Markdown's table")
    func markdownCells() {
        var experiment = Made.experiment()
        experiment.labels = ["re|d", "gre\nen"]
        let text = report(experiment).markdown(remarks: [], picture: nil)
        #expect(text.contains("| right, given | re\\|d | gre en | precision |") && text.contains("\n| gre en | 2 | 2 |"))
    }

    @Test("Numbers are rounded to their digits, halves away from zero; what is not finite is a dash")
    func fixed() {
        #expect([0, 0.05, 0.049, 12.34, -0.04, -0.06, 99.95].map { Report.fixed($0, 1) } == ["0.0", "0.1", "0.0", "12.3", "0.0", "-0.1", "100.0"])
        #expect([Report.fixed(2.5, 0), Report.fixed(1.0004, 3), Report.fixed(.nan, 1), Report.fixed(-.infinity, 1)] == ["3", "1.000", "-", "-"])
        #expect(Report.percent(0.12345) == "12.3" && Report.percent(1) == "100.0")
    }
}

@Suite struct CurveTests {
    /// Elements closed in order, attributes quoted, text without what must be escaped.
    private func isWhole(_ xml: String) -> Bool {
        var open: [Substring] = [], roots = 0
        for part in xml.split(separator: "<", omittingEmptySubsequences: false).dropFirst() {
            guard let end = part.firstIndex(of: ">") else { return false }
            let tag = part[..<end], text = part[part.index(after: end)...]
            guard !text.contains(">"), tag.count(where: { $0 == "\"" }) % 2 == 0 else { return false }
            for entity in part.split(separator: "&", omittingEmptySubsequences: false).dropFirst() {
                guard ["amp;", "lt;", "gt;", "quot;"].contains(where: { entity.hasPrefix($0) }) else { return false }
            }
            if tag.hasPrefix("/") {
                guard open.popLast() == tag.dropFirst() else { return false }
            } else if !tag.hasSuffix("/") {
                if open.isEmpty { roots += 1 }
                open.append(tag.prefix { $0 != " " })
            }
            if open.isEmpty, !text.allSatisfy(\.isWhitespace) { return false }
        }
        return open.isEmpty && roots == 1
    }

    @Test("The check of pictures finds what is broken")
    func check() {
        #expect(isWhole("<a><b c=\"d\"/>x &amp; y</a>\n"))
        for broken in ["<a>", "<a></b>", "<a b=\"c></a>", "<a>x & y</a>", "<a>x > y</a>", "<a/>", "<a></a><b></b>"] { #expect(!isWhole(broken), "\(broken)") }
    }

    @Test("The curve is whole SVG that asks for nothing from elsewhere, whatever stands in the title")
    func whole() {
        let svg = Curve(Made.experiment(title: "<script> & \"quotes\" \u{1B}[31m"), Made.four, rule: .sum).svg
        #expect(isWhole(svg))
        #expect(svg.contains("<title>&lt;script&gt; &amp; &quot;quotes&quot;  [31m</title>") && !svg.contains("<script>"))
        let rest = svg.replacingOccurrences(of: "http://www.w3.org/2000/svg", with: "")
        for outside in ["http", "url(", "href", "@import"] { #expect(!rest.contains(outside)) }
        #expect(isWhole(Curve(title: "", series: [], chance: nil, majority: nil).svg))
    }

    @Test("Points stand at the height of their accuracy, with bars for the first rule alone, and the lines of guessing")
    func places() {
        let experiment = Made.experiment(shots: [.count(0), .count(3)])
        let none = Made.cell(Cell(shots: 0, seed: 0, order: 0), [0.8, 0.8, 0.8, 0.2])
        let curve = Curve(experiment, [none] + Made.four, rule: .perToken), svg = curve.svg
        #expect(curve.series.map(\.name) == ["per_token", "sum", "per_byte"])
        #expect(curve.series[0].points.map(\.accuracy) == [1, 0.5] && curve.series[0].points.map(\.label) == ["0", "3"])
        // From 40 for everything right to 352 for nothing.
        #expect(svg.contains("d=\"M56.0 40.0L500.0 196.0\" fill=\"none\" stroke=\"#0072b2\" stroke-width=\"2.5\""))
        #expect(svg.components(separatedBy: "r=\"3.5\"").count == 3 && svg.components(separatedBy: "r=\"2.0\"").count == 5)
        // 15.0 % to 85.0 %.
        #expect(svg.contains("<path d=\"M500.0 305.2V86.8\"") && svg.components(separatedBy: "stroke-width=\"1\"").count == 3)
        #expect(svg.contains("<path d=\"M56 196.0H500\" stroke=\"#888\"") && svg.contains(">guessing<"))
        #expect(svg.contains("<path d=\"M56 118.0H500\" stroke=\"#888\"") && svg.contains(">most common<"))
        for name in ["per_token", "sum", "per_byte"] { #expect(svg.contains(">\(name)</text>")) }
    }
}
