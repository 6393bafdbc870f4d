import Engine
import Foundation
import Laboratory
import Terminal
import Testing
import Tokenizer
import Workbench

/// A small experiment on the tiny model's words.
enum Colours {
    static let yaml = """
        title: Words and their ends
        look_at: what more shots do
        example: "{{x}}: {{y}}\\n"
        query: "{{x}}:"
        answer: " {{y}}"
        labels: [men, pe]
        pool: pool.jsonl
        test: test.jsonl
        shots: [0, 1, 3]
        seeds: 2
        answer_context: ":"
        """
    static let pool = (0..<6).map { "{\"x\": \"\(Character(UnicodeScalar(UInt8(97 + $0))))\", \"y\": \"\($0 % 2 == 0 ? "men" : "pe")\"}\n" }.joined()
    static let test = (0..<5).map { "{\"x\": \"\(Character(UnicodeScalar(UInt8(110 + $0))))\", \"y\": \"\($0 % 2 == 0 ? "men" : "pe")\"}\n" }.joined()

    static func experiment(_ yaml: String = yaml, pool: String = pool, test: String = test) throws -> Experiment {
        try Experiment(parsing: Array(yaml.utf8), path: "lab/words.yaml") { path throws(ExperimentError) in
            Array((path.hasSuffix("pool.jsonl") ? pool : test).utf8)
        }
    }

    /// Logprobs that follow from the ids alone, the same on every machine.
    struct Formula: Scorer {
        var chatTemplate: ChatTemplate? { nil }
        var context: Int { 10_000 }
        func tokens(_ parts: [Part]) -> [Token] { SessionScorer.tokens(parts, Tiny.model.tokenizer) }
        func logprobs(_ spans: [AnswerSpan]) -> [[Float]] {
            spans.map { span in
                span.ids.indices[span.first...].map { end in
                    let mix = span.ids[...end].reduce(7) { ($0 * 31 + Int($1)) % 1009 }
                    return -Float(mix % 240) / 64 - 0.25
                }
            }
        }
        func completions(_ prompts: [[TokenID]], most: Int, stop: [String]) -> [Written] {
            prompts.map { Written(text: Array(($0.count % 2 == 0 ? " men" : " otter").utf8), tokens: 1, end: .stop) }
        }
    }

    /// Its results by the formula.
    static func results(_ experiment: Experiment) throws -> [CellResult] {
        var sweep = Sweep(experiment)
        try sweep.run(Formula())
        return sweep.results
    }

    static func conditions(_ results: [CellResult], _ experiment: Experiment) -> SweepNews.Conditions {
        Dictionary(uniqueKeysWithValues: experiment.rules.map { ($0, Condition.all(results, experiment, $0)) })
    }
}

extension State {
    /// A desk with the laboratory in front, an experiment in it, and so many cells of its results.
    static func laboratory(_ experiment: Experiment, cells: Int = .max, width: Int = 120, height: Int = 30) throws -> State {
        var state = State.desk("", width: width, height: height)
        _ = state.openExperiment(experiment.path)
        let effects = state.update(.experiment(path: experiment.path, .success(experiment)))
        let order = try #require(effects.compactMap { if case .lookAtResults(let order) = $0 { order } else { nil } }.first)
        let results = Array(try Colours.results(experiment).prefix(cells))
        _ = state.update(.report(.swept(number: order.number, .found(results, Colours.conditions(results, experiment)))))
        return state
    }

    /// Rows of the screen from the panel's first.
    func laboratoryScreen(_ rows: Int = 100) -> String {
        "\n" + View.frame(self).dump().split(separator: "\n", omittingEmptySubsequences: false).dropFirst().prefix(rows).joined(separator: "\n") + "\n"
    }
}
