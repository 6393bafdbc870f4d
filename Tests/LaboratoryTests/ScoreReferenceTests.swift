import Engine
import Foundation
import Testing
import Tokenizer

import Laboratory

/// Fixtures/scores.json, written by Fixtures/scores.py: what an independent float32 pass makes of answers.
private struct ScoreReference: Decodable {
    struct Answer: Decodable {
        let text: String
        let ids: [TokenID]
        let first: Int
        /// Unit: nats.
        let logprobs: [Float]
    }
    struct Prompt: Decodable {
        let kind: String
        let text: String
        let answers: [Answer]
    }

    let prompts: [Prompt]

    static func load(_ file: String = #filePath) throws -> ScoreReference {
        let url = URL(fileURLWithPath: file).deletingLastPathComponent().appendingPathComponent("Fixtures/scores.json")
        return try JSONDecoder().decode(ScoreReference.self, from: Data(contentsOf: url))
    }

    static let model: String? = {
        let environment = ProcessInfo.processInfo.environment
        let cache = environment["XDG_CACHE_HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? (environment["HOME"] ?? "") + "/.cache"
        let path = environment["TERRARIUM_MODEL"] ?? cache + "/terrarium/models/SmolLM2-135M-Instruct.Q4_1.gguf"
        return FileManager.default.isReadableFile(atPath: path) ? path : nil
    }()
}

@Suite("Scores of the default model against the reference", .serialized,
       .enabled(if: ScoreReference.model != nil, "the default model is not there: run `make model` or set TERRARIUM_MODEL"))
struct ScoreReferenceTests {
    private let prompts: [ScoreReference.Prompt]
    private let session: Session

    init() throws {
        prompts = try ScoreReference.load().prompts
        session = try Session(Model(path: ScoreReference.model ?? "", threads: 2), threads: 2, context: 1024)
    }

    private func spans() throws -> [AnswerSpan] {
        let scorer = session.scorer()
        return try prompts.flatMap { prompt in
            try prompt.answers.map { try #require(AnswerSpan([.text(Array(prompt.text.utf8))], answer: Array($0.text.utf8), tokens: scorer.tokens)) }
        }
    }

    @Test("Every token of every answer is within 0.02 nats, scored in batches; guesses are the same wherever the reference decides")
    func near() throws {
        let answers = prompts.flatMap(\.answers)
        #expect(prompts.count >= 60 && answers.count >= 240)
        let spans = try spans()
        #expect(spans.contains { $0.merges })
        let found = try session.scorer().logprobs(spans)
        var errors: [Double] = []
        for ((span, logprobs), answer) in zip(zip(spans, found), answers) {
            #expect(span.ids == answer.ids && span.first == answer.first && logprobs.count == answer.logprobs.count, "\(answer.text)")
            errors += zip(logprobs, answer.logprobs).map { abs(Double($0) - Double($1)) }
        }
        let (worst, mean) = (errors.max() ?? .nan, errors.reduce(0, +) / Double(errors.count))
        #expect(worst <= 0.02)
        #expect(mean < 0.003)
        guesses(found)
    }

    private func guesses(_ found: [[Float]]) {
        let rules: [(name: String, score: ([Float]) -> Double)] = [
            ("sum", { $0.reduce(0) { $0 + Double($1) } }),
            ("per token", { $0.reduce(0) { $0 + Double($1) } / Double($0.count) }),
        ]
        for rule in rules {
            var start = 0, decided = 0
            for prompt in prompts {
                let ours = found[start..<start + prompt.answers.count].map(rule.score), theirs = prompt.answers.map { rule.score($0.logprobs) }
                start += prompt.answers.count
                let order = theirs.indices.sorted { theirs[$0] > theirs[$1] }
                guard theirs[order[0]] - theirs[order[1]] > 0.1 else { continue }
                decided += 1
                #expect(ours.indices.max { ours[$0] < ours[$1] } == order[0], "\(rule.name): \(prompt.text)")
            }
            #expect(decided > 80)
        }
    }

    @Test("Batched scores are those of one answer at a time with nothing kept between them, bit for bit")
    func batched() throws {
        let spans = try spans()
        let together = try session.scorer().logprobs(spans)
        for (span, expected) in zip(spans, together) {
            session.forget()
            let before = session.computed
            let alone = try session.scorer().logprobs([span])
            #expect(session.computed - before >= span.first)
            #expect(alone.count == 1 && alone[0].map(\.bitPattern) == expected.map(\.bitPattern))
        }
    }
}
