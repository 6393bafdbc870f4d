import Engine
import Foundation
import Laboratory
import Remote
import Testing
import Workbench

@Suite("The laboratory on a server", .serialized)
struct RemoteSweepTests {
    private static let choice = """
        title: words
        labels: [red, blue]
        pool:
        \((0..<6).map { "  - {text: pool\($0) thing, label: \($0 % 2 == 0 ? "red" : "blue")}" }.joined(separator: "\n"))
        test:
        \((0..<11).map { "  - {text: test\($0) thing, label: \($0 % 3 == 0 ? "red" : "blue")}" }.joined(separator: "\n"))
        example: "Q: {{text}} A: {{label}}"
        query: "Q: {{text}} A:"
        answer: " {{label}}"
        shots: [0, 2]
        seeds: 2
        """
    private static let written = """
        title: numbers
        kind: completion
        pool:
          - {text: one, answer: "1"}
        test:
          - {text: two, answer: "9 10 11"}
          - {text: three, answer: "2"}
        example: "Q: {{text}} A: {{answer}}"
        query: "Q: {{text}} A:"
        answer: " {{answer}}"
        shots: [0]
        max_tokens: 3
        """

    private func experiment(_ text: String) throws -> (Experiment, URL) {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("terrarium-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let file = folder.appendingPathComponent("words.yaml")
        try text.write(to: file, atomically: true, encoding: .utf8)
        return (try Experiment.load(file.path), folder)
    }

    private func results(_ experiment: Experiment, _ model: RemoteModel) throws -> [CellResult] {
        var sweep = Sweep(experiment)
        try sweep.run(RemoteScorer(model, writes: experiment.kind == .completion, cancelled: { false }))
        return sweep.results
    }

    @Test("gives the same results however many questions are on their way, in whatever order they are answered")
    func order() throws {
        let (experiment, folder) = try experiment(Self.choice)
        defer { try? FileManager.default.removeItem(at: folder) }
        let one = try WordServer(), many = try WordServer(.init(busy: 9, dawdles: true))
        let alone = try results(experiment, one.model(parallel: 1)), together = try results(experiment, many.model(parallel: 8))
        #expect(alone == together && one.atOnce == 1 && many.atOnce > 1)
        let item = try #require(alone.first { $0.cell.shots == .count(2) }?.items.first)
        // Every answer is a word of its own behind "A:", whose number the server's rule tells.
        for (answer, label) in zip(item.answers, ["red", "blue"]) {
            #expect(answer.logprobs.count == 1 && abs(Double(answer.logprobs[0]) - WordServer.logprob(" " + label, after: " A:")) < 1e-5)
            #expect(!answer.merges && answer.ids.isEmpty)
        }
        // Two shots of four words and a newline, which ends a line or begins one, and a query of three.
        #expect(item.promptTokens == 2 * 4 + 1 + 3)
    }

    @Test("is the same where a server names the prompt's tokens in a field of its own")
    func named() throws {
        let (experiment, folder) = try experiment(Self.choice)
        defer { try? FileManager.default.removeItem(at: folder) }
        let one = try WordServer(), other = try WordServer(.init(echoes: false, names: true))
        let named = try other.model()
        #expect(named.abilities.scoresByField)
        let tokens = try named.score(Array("The sea and the sky".utf8), top: 0, cancelled: { false })
        #expect(tokens.map(\.id) == [nil, 41, 42, 43, 44] && tokens[0].logprob == nil && tokens[4].logprob == Float(WordServer.logprob(" sky", after: " the")))
        let (repeated, told) = (try results(experiment, one.model()), try results(experiment, named))
        for (a, b) in zip(repeated, told) { #expect(a.items.map { $0.answers.map(\.logprobs) } == b.items.map { $0.answers.map(\.logprobs) }) }
        #expect(told.first?.items.first?.answers.first?.ids.count == 1)
    }

    @Test("keeps what prompts of a cell share at their beginning, byte for byte")
    func prefix() throws {
        let (experiment, folder) = try experiment(Self.choice)
        defer { try? FileManager.default.removeItem(at: folder) }
        let server = try WordServer()
        _ = try results(experiment, server.model(parallel: 3))
        let prompts = server.server.requests.filter { $0.contains("\"echo\":true") && $0.contains("pool") }.compactMap { request in
            request.range(of: "\"prompt\":\"").map { String(request[$0.upperBound...].prefix { $0 != "\"" }) }
        }
        let beginnings = Set(prompts.map { $0.components(separatedBy: "Q: test").first ?? "" })
        // Two seeds, each with one draw of two shots.
        #expect(prompts.count == 2 * 11 * 2 && beginnings.count == 2)
    }

    @Test("goes on where it was broken off, and asks nothing twice; no file of it holds the key")
    func resume() throws {
        let (experiment, folder) = try experiment(Self.choice)
        defer { try? FileManager.default.removeItem(at: folder) }
        let server = try WordServer(), model = try server.model(), out = folder.appendingPathComponent("out").path
        let name = RemoteScorer.fingerprint(model)
        var sweep = Sweep(experiment), stored: ResultsFolder? = try ResultsFolder(out, experiment: experiment, model: name, resume: false)
        while sweep.results.count < 2 { if case .cell(let cell)? = try sweep.step(RemoteScorer(model, writes: false, cancelled: { false })) { try stored?.append(cell) } }
        stored = nil
        let before = server.server.requests.count
        let again = try ResultsFolder(out, experiment: experiment, model: name, resume: true)
        var rest = Sweep(experiment, done: again.done)
        try rest.run(RemoteScorer(model, writes: false, cancelled: { false })) { step, _ in if case .cell(let cell) = step { try again.append(cell) } }
        let asked = server.server.requests.count - before
        let whole = try results(experiment, model)
        #expect(again.done.count == rest.cells.count && rest.results == whole)
        // Of four cells one is a copy and two were there.
        #expect(asked < 3 * 11 * 2)
        let report = Report(experiment, rest.results, rule: experiment.score, model: (model.title, name))
        var texts = [report.json, report.text, report.csv, name, model.title, "\(model.server.connection)"]
        for file in ["cells.jsonl", "items.jsonl"] { texts.append(try String(contentsOfFile: "\(out)/\(file)", encoding: .utf8)) }
        #expect(texts.allSatisfy { !$0.isEmpty && !$0.contains(SoundServer.canary) })
    }

    @Test("lets answers be written where prompts are not scored, and refuses to score there; what is cut off is no answer")
    func writing() throws {
        let server = try WordServer(.init(echoes: false)), model = try server.model()
        let (experiment, folder) = try experiment(Self.written)
        defer { try? FileManager.default.removeItem(at: folder) }
        let items = try #require(try results(experiment, model).first).items
        #expect(items.map { $0.completion?.text } == [" 9 10 11", " 11 12 13"] && items.map { $0.completion?.matches } == [true, false])
        let unknown = items[0].answers[0].logprobs
        #expect(unknown.count == 1 && unknown[0].isNaN)
        let (scored, other) = try self.experiment(Self.choice)
        defer { try? FileManager.default.removeItem(at: other) }
        let error = #expect(throws: ExperimentError.self) { _ = try results(scored, model) }
        #expect(error.map { "\($0)".contains("cannot be scored there") } == true)
    }

    @Test("stops within a moment when it is told to, and says so as a cancellation")
    func cancel() throws {
        let (experiment, folder) = try experiment(Self.choice)
        defer { try? FileManager.default.removeItem(at: folder) }
        let server = try WordServer(), model = try server.model()
        var sweep = Sweep(experiment)
        #expect(throws: CancellationError.self) { _ = try sweep.step(RemoteScorer(model, writes: false, cancelled: { true })) }
        let next = try sweep.step(RemoteScorer(model, writes: false, cancelled: { false }))
        #expect(next != nil)
    }

    @Test("the most shots that fit are not guessed")
    func most() throws {
        let (experiment, folder) = try experiment(Self.choice.replacingOccurrences(of: "shots: [0, 2]", with: "shots: [max]"))
        defer { try? FileManager.default.removeItem(at: folder) }
        let server = try WordServer(), model = try server.model()
        let error = #expect(throws: ExperimentError.self) { _ = try results(experiment, model) }
        #expect(error.map { "\($0)".contains("a server does not tell") } == true)
    }
}
