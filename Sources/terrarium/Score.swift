import ArgumentParser
import Engine
import JSONText
import Tokenizer

/// How the model saw each token of a text, and what it expects next.
struct Score: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show how likely the model found each token, and what it expects next.")

    @OptionGroup var input: InputOptions
    @Option(parsing: .unconditional, help: ArgumentHelp("How many of the likeliest next tokens to list.", valueName: "n")) var top = 10
    @Option(help: ArgumentHelp(
        "Also write the natural-log probabilities of every next token into a file for NumPy, float32 of shape [tokens, vocabulary].",
        valueName: "file.npy"))
    var logprobs: String?
    @Flag(help: "Print one JSON object.") var json = false
    @OptionGroup var edit: EditOptions
    @OptionGroup var server: ServerOptions
    @OptionGroup var model: ModelOptions

    func validate() throws {
        if top < 0 { throw ValidationError("--top is \(top); it goes from 0 up.") }
    }

    func run() throws {
        let text = try input.read()
        if server.server != nil { return try run(text, server) }
        var session = try model.setup().session()
        _ = try session.sync(to: text.someIDs(session.model))
        session = try edit.apply(to: session)
        let steps = try session.steps(0..<session.tokens.count)
        let next = try Next(session, top: top)
        if let logprobs { try Self.write(session, to: logprobs) }
        var output = Output()
        try output.write((json ? Self.object(session, steps, next).text + "\n" : Self.table(session, steps, next)).utf8)
        try output.flush()
    }

    /// As the server tells it: ranks and entropies are not among what it tells.
    private func run(_ text: Input, _ server: ServerOptions) throws {
        try ServerOptions.refuse(edit)
        guard logprobs == nil else { throw Failure.usage("--logprobs cannot go with --server: it tells the likeliest tokens only.") }
        let (prompt, turns) = try text.plain()
        guard turns == nil else { throw Failure.usage("A chat cannot be scored with --server: its own template makes the text.") }
        guard !prompt.isEmpty else { throw Failure.empty }
        guard let remote = try server.model(for: .judging) else { return }
        let tokens = try remote.score(prompt, top: top, cancelled: { Interrupt.raised })
        var output = Output()
        if json {
            try output.line(JSON.object([("tokens", .array(tokens.map { .object($0.fields + $0.guesses) }))]).text)
        } else {
            var table = Table(["at", "logprob", "token"], right: [0, 1])
            for (index, token) in tokens.enumerated() { table.add(["\(index)", token.logprob.map { fixed($0, 3) } ?? "-", Visible.token(token.bytes)]) }
            try output.write(table.text.utf8)
        }
        try output.flush()
    }

    private struct Next {
        let entropy: Float?
        let top: [(id: TokenID, logprob: Float)]

        init(_ session: Session, top: Int) throws {
            let logits = try session.logits(after: session.tokens.count - 1)
            // The entropy of any token's step is that of the distribution; so both tables show the same number.
            entropy = logits.withUnsafeBufferPointer { Step(0, in: $0)?.entropy }
            self.top = Distribution(logits: logits).top(min(top, logits.count))
        }
    }

    /// Row after row, because a long text has gigabytes of them. Source: NumPy's format 1.0.
    private static func write(_ session: Session, to path: String) throws {
        var file = try Output(path: path)
        let shape = "(\(session.tokens.count), \(session.model.shape.vocabulary))"
        let header = "{'descr': '<f4', 'fortran_order': False, 'shape': \(shape), }"
        // Ten bytes before it; all of them fill whole groups of 64.
        let padding = (64 - (10 + header.utf8.count + 1) % 64) % 64
        let length = header.utf8.count + padding + 1
        try file.write([0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)])
        try file.line(header + String(repeating: " ", count: padding))
        for position in session.tokens.indices {
            let row = Distribution(logits: try session.logits(after: position)).logprobs
            try row.map(\.bitPattern.littleEndian).withUnsafeBytes { try file.write($0) }
        }
        try file.flush()
    }

    private static func object(_ session: Session, _ steps: [Step?], _ next: Next) -> JSON {
        let tokenizer = session.model.tokenizer
        let tokens = zip(session.tokens, steps).map { id, step in
            JSON.object(JSON.token(id, tokenizer) + [
                ("logprob", step.map { .number($0.logprob) } ?? .null),
                ("rank", step.map { .integer($0.rank) } ?? .null),
                ("entropy", step.map { .number($0.entropy) } ?? .null),
            ])
        }
        let top = next.top.map { JSON.guess($0.id, $0.logprob, tokenizer) }
        let ahead = JSON.object([("entropy", next.entropy.map { .number($0) } ?? .null), ("top", .array(top))])
        return .object([("tokens", .array(tokens)), ("next", ahead)])
    }

    private static func table(_ session: Session, _ steps: [Step?], _ next: Next) -> String {
        let tokenizer = session.model.tokenizer
        var table = Table(["at", "id", "logprob", "rank", "entropy", "token"], right: [0, 1, 2, 3, 4])
        for (index, step) in steps.enumerated() {
            let id = session.tokens[index]
            table.add([
                "\(index)", "\(id)", step.map { fixed($0.logprob, 3) } ?? "-", step.map { "\($0.rank)" } ?? "-",
                step.map { fixed($0.entropy, 3) } ?? "-", Visible.token(tokenizer.bytes(id)),
            ])
        }
        var ahead = Table(["rank", "id", "logprob", "token"], right: [0, 1, 2])
        for (rank, guess) in next.top.enumerated() {
            ahead.add(["\(rank)", "\(guess.id)", fixed(guess.logprob, 3), Visible.token(tokenizer.bytes(guess.id))])
        }
        let entropy = next.entropy.map { "entropy \(fixed($0, 3)) nats" } ?? ""
        return table.text + "\nnext: \(entropy)\n" + (next.top.isEmpty ? "" : ahead.text)
    }
}
