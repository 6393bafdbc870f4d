import ArgumentParser
import Engine
import JSONText
import Tokenizer

/// What the prediction loses without each head.
struct Ablate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Zero every head alone, at all positions, and show what that does to the prediction.")

    @OptionGroup var input: InputOptions
    @OptionGroup var asked: TokenOptions
    @Option(parsing: .unconditional, help: ArgumentHelp("How many heads to list, those that matter most first.", valueName: "n")) var top = 20
    @Flag(help: "Print one JSON object with all heads.") var json = false
    @OptionGroup var model: ModelOptions

    func validate() throws {
        if top < 0 { throw ValidationError("--top is \(top); it goes from 0 up.") }
    }

    func run() throws {
        let text = try input.read()
        var session = try model.setup().session()
        Interrupt.watch()
        let (position, token) = try asked.find(text, &session)
        let count = session.model.shape.layers * session.model.shape.heads, progress = Progress()
        let found = try session.ablations(
            position: position, token: token, progress: { progress.show("\($0) of \(count) heads") }, cancelled: { Interrupt.raised })
        progress.clear()
        guard let found else { throw Failure.interrupted }
        let logprob = Distribution(logits: try session.logits(after: position)).logprob(of: token)
        var output = Output()
        try output.write((json ? Self.object(found, position, token, logprob, session.model.tokenizer).text + "\n" : table(found, Visible.token(session.model.tokenizer.bytes(token)))).utf8)
        try output.flush()
    }

    private static func object(_ found: [Ablation], _ position: Int, _ token: TokenID, _ logprob: Float, _ tokenizer: Tokenizer) -> JSON {
        let heads = found.map { row in
            JSON.object([("layer", .integer(row.layer)), ("head", .integer(row.head)), ("kl", .number(row.divergence)), ("change", .number(row.change))])
        }
        return .object([
            ("position", .integer(position)), ("token", .object(JSON.token(token, tokenizer))), ("logprob", .number(logprob)),
            ("heads", .array(heads)),
        ])
    }

    private func table(_ found: [Ablation], _ token: String) -> String {
        var table = Table(["layer", "head", "KL", "logprob of \(token)"], right: [0, 1, 2, 3])
        let order = found.indices.sorted { (found[$0].divergence, $1) > (found[$1].divergence, $0) }
        for row in order.prefix(top).map({ found[$0] }) {
            table.add(["\(row.layer)", "\(row.head)", fixed(row.divergence, 4), (row.change > 0 ? "+" : "") + fixed(row.change, 4)])
        }
        let rest = found.count - min(top, found.count)
        return table.text + (rest > 0 ? "and \(rest) heads that matter less\n" : "")
    }
}
