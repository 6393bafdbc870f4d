import ArgumentParser
import Engine
import Glibc
import JSONText
import Tokenizer
import Workbench

/// Continues a text.
struct Generate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Continue a text.",
        discussion: "The text comes as it is drawn: to a pipe byte for byte, to a terminal with control characters made visible.")

    @OptionGroup var input: InputOptions
    @OptionGroup(title: "Sampling") var sampling: SamplingOptions
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("How many continuations; the i-th, counted from 0, has the seed plus i.", valueName: "n"))
    var streams = 1
    @Flag(help: "Print a line of JSON a token and one a stream.") var json = false
    @OptionGroup var edit: EditOptions
    @OptionGroup var server: ServerOptions
    @OptionGroup var model: ModelOptions

    func validate() throws {
        if !(1...1_000_000).contains(streams) { throw ValidationError("--streams is \(streams); it goes from 1 to 1000000.") }
    }

    func run() throws {
        let text = try input.read()
        if server.server != nil { return try run(text, server) }
        let setup = try model.setup()
        Interrupt.watch()
        var session = try setup.session()
        let sampling = try settings(text, setup, session.model.tokenizer)
        let ids = try text.someIDs(session.model)
        // Small enough for every reader of JSON to keep it exactly.
        let seed = sampling.seed ?? UInt64.random(in: 0..<1 << 32)
        if sampling.seed == nil, !sampling.isGreedy, !json, streams == 1, isatty(STDERR_FILENO) == 1 { Failure.complain("seed \(seed)") }
        guard try session.sync(to: ids, cancelled: { Interrupt.raised }) else { throw Failure.interrupted }
        session = try edit.apply(to: session)
        var printer = Printer(json: json, several: streams > 1)
        for first in stride(from: 0, to: streams, by: Self.together) {
            var group = Group(session, sampling, seed: seed &+ UInt64(first), count: min(Self.together, streams - first))
            for stream in first..<first + group.count {
                let own = seed &+ UInt64(stream)
                try printer.begin(stream: stream, seed: own)
                let end: Generation.End
                do { end = try group.play(stream - first, &printer) } catch {
                    try? printer.finish()
                    throw error
                }
                try printer.end(end.rawValue, seed: own)
                if end == .context { Failure.complain("The context of \(session.context) tokens is full; the text stops there.") }
            }
        }
    }

    /// The same on a server, one stream after the other.
    private func run(_ text: Input, _ server: ServerOptions) throws {
        try ServerOptions.refuse(edit)
        let (prompt, turns) = try text.plain()
        guard !prompt.isEmpty || turns?.isEmpty == false else { throw Failure.empty }
        var sampling = Sampling()
        sampling.apply(numbers: try Configuration(reading: Locations().configFile).sampling)
        if let own = text.settings { sampling.apply(numbers: own) }
        sampling.apply(numbers: try self.sampling.settings())
        try sampling.validate()
        guard let remote = try server.model(for: .writing(sampling)) else { return }
        let ignored = remote.ignored(sampling)
        if !ignored.isEmpty { Failure.complain("\(remote.title) has no \(ignored.map(\.key).joined(separator: ", ")); the text is drawn without.") }
        let seed = sampling.seed ?? UInt64.random(in: 0..<1 << 31)
        var printer = Printer(json: json, several: streams > 1)
        for stream in 0..<streams {
            let own = seed &+ UInt64(stream)
            try printer.begin(stream: stream, seed: own)
            let end: TextEnd?
            do {
                func show(_ token: TextToken) throws { try printer.show(token.bytes, token.fields + token.guesses) }
                end = if let turns {
                    try remote.answer(turns.map { ($0.role.rawValue, $0.text) }, sampling: sampling, seed: own, top: json ? 5 : 0, cancelled: { Interrupt.raised }, token: show)
                } else {
                    try remote.generate(prompt, sampling: sampling, seed: own, top: json ? 5 : 0, cancelled: { Interrupt.raised }, token: show)
                }
            } catch {
                try? printer.finish()
                throw error
            }
            guard let end else {
                try? printer.finish()
                throw Failure.interrupted
            }
            try printer.end(end.rawValue, seed: own)
            if end == .cut { Failure.complain("\(remote.title) ended without saying why; the text is cut off there.") }
        }
    }

    /// So many streams run at once, each with its own memory.
    private static let together = 16

    /// The configuration, over it the prompt file, over it the flags.
    private func settings(_ text: Input, _ setup: Setup, _ tokenizer: Tokenizer) throws -> Sampling {
        var sampling = Sampling()
        try sampling.apply(setup.configuration.sampling, tokenizer: tokenizer)
        if let own = text.settings { try sampling.apply(own, tokenizer: tokenizer) }
        try sampling.apply(self.sampling.settings(), tokenizer: tokenizer)
        try sampling.validate()
        return sampling
    }
}

/// Streams that run together and are printed one after another: what the later ones draw meanwhile waits.
private struct Group {
    private var streams: Streams
    private var waiting: [(tokens: [Generation.Token], end: Generation.End?)]
    var count: Int { waiting.count }

    init(_ session: Session, _ sampling: Sampling, seed: UInt64, count: Int) {
        streams = Streams(session, sampling: sampling, seed: seed, count: count)
        waiting = Array(repeating: ([], nil), count: count)
    }

    /// Shows a stream up to its end.
    mutating func play(_ stream: Int, _ printer: inout Printer) throws -> Generation.End {
        while !Interrupt.raised {
            for token in waiting[stream].tokens { try printer.show(token) }
            waiting[stream].tokens = []
            if let end = waiting[stream].end { return end }
            for (stream, tokens, end) in try streams.next() {
                waiting[stream].tokens += tokens
                waiting[stream].end = end
            }
        }
        throw Failure.interrupted
    }
}

/// Writes what is drawn, as text or as lines of JSON.
private struct Printer: ~Copyable {
    private let json: Bool
    private let several: Bool
    private var output = Output()
    private var terminal = TerminalText()
    private var endsLine = true
    private var stream = 0
    private var count = 0

    init(json: Bool, several: Bool) { (self.json, self.several) = (json, several) }

    mutating func begin(stream: Int, seed: UInt64) throws(Failure) {
        (self.stream, count, endsLine, terminal) = (stream, 0, true, TerminalText())
        if several, !json { try output.line("--- seed \(seed)") }
        try output.flush()
    }

    mutating func show(_ token: Generation.Token) throws(Failure) {
        let step = token.step
        try show(token.bytes, [("id", .integer(step.id))] + JSON.text(token.bytes) + [
            ("logprob", .number(step.logprob)), ("rank", .integer(step.rank)), ("entropy", .number(step.entropy)),
        ])
    }

    mutating func show(_ bytes: [UInt8], _ fields: [(String, JSON)]) throws(Failure) {
        if json {
            try output.line(JSON.object([("stream", .integer(stream)), ("index", .integer(count))] + fields).text)
        } else if output.isTerminal {
            try output.write(terminal.append(bytes).utf8)
        } else {
            try output.write(bytes)
        }
        if let last = bytes.last { endsLine = last == 0x0A }
        count += 1
        try output.flush()
    }

    mutating func end(_ end: String, seed: UInt64) throws(Failure) {
        if json {
            try output.line(JSON.object([
                ("stream", .integer(stream)), ("done", .string(end)), ("tokens", .integer(count)), ("seed", .integer(seed)),
            ]).text)
            try output.flush()
        } else {
            try finish()
        }
    }

    /// A terminal's prompt and the next stream begin on a line of their own; a single stream to a pipe gets nothing added.
    mutating func finish() throws(Failure) {
        guard !json else { return }
        if output.isTerminal { try output.write(terminal.finish().utf8) }
        if !endsLine, output.isTerminal || several { try output.write([0x0A]) }
        try output.flush()
    }
}
