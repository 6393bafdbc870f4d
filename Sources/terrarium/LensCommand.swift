import ArgumentParser
import Engine
import JSONText
import Tokenizer

/// What each layer would have said next.
struct LensCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lens", abstract: "Show what the model would say after each of its layers (the logit lens).")

    @OptionGroup var input: InputOptions
    @Option(parsing: .unconditional, help: ArgumentHelp("Which token, counted from 0; the last unless told.", valueName: "p"))
    var position: Int?
    @Option(parsing: .unconditional, help: ArgumentHelp("How many tokens to list for each layer.", valueName: "n")) var top = 5
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Follow the rank and logprob of this token; the one that stands there, or the likeliest, unless told.", valueName: "text"))
    var token: String?
    @Flag(help: "Look after attention of each layer too.") var halves = false
    @Flag(help: "Print one JSON object.") var json = false
    @OptionGroup var edit: EditOptions
    @OptionGroup var model: ModelOptions

    func validate() throws {
        if top < 1 { throw ValidationError("--top is \(top); it goes from 1 up.") }
    }

    func run() throws {
        let text = try input.read()
        var session = try model.setup().session()
        let tokenizer = session.model.tokenizer
        let ids = try text.someIDs(session.model)
        let position = position ?? ids.count - 1
        try Failure.check("--position", position, 0..<ids.count)
        _ = try session.sync(to: ids)
        session = try edit.apply(to: session)
        let followed = try token.map { try tokenizer.single($0, "--token") } ?? (position + 1 < ids.count ? ids[position + 1] : nil)
        guard let column = try session.lens(position: position, token: followed, top: min(top, session.model.shape.vocabulary), halves: halves) else { return }
        var output = Output()
        try output.write((json ? Self.object(column, tokenizer).text + "\n" : Self.table(column, tokenizer)).utf8)
        try output.flush()
    }

    private static func object(_ column: LensColumn, _ tokenizer: Tokenizer) -> JSON {
        func guesses(_ cell: LensCell) -> JSON { .array(cell.top.map { .guess($0.id, $0.logprob, tokenizer) }) }
        let stages = column.cells.map { cell in
            JSON.object([
                ("layer", .integer(cell.stage.layer)), ("after", .string(cell.stage.layer < 0 ? "embedding" : cell.stage.isHalf ? "attention" : "MLP")),
                ("top", guesses(cell)), ("entropy", .number(cell.entropy)), ("kl", .number(cell.divergence)),
                ("rank", .integer(cell.rank)), ("logprob", .number(cell.logprob)),
            ])
        }
        return .object([
            ("position", .integer(column.position)), ("token", .object(JSON.token(column.token, tokenizer))),
            ("layers", .array(column.cells.filter { !$0.stage.isHalf }.map(guesses))), ("stages", .array(stages)),
        ])
    }

    private static func table(_ column: LensColumn, _ tokenizer: Tokenizer) -> String {
        let name = Visible.token(tokenizer.bytes(column.token))
        var table = Table(["after", "entropy", "KL", "rank of \(name)", "logprob", "expects"], right: [0, 1, 2, 3, 4])
        for cell in column.cells {
            let place = cell.stage.layer < 0 ? "embedding" : "layer \(cell.stage.layer)" + (cell.stage.isHalf ? " attention" : "")
            table.add([
                place, fixed(cell.entropy, 3), fixed(cell.divergence, 3), "\(cell.rank)", fixed(cell.logprob, 3),
                cell.top.map { "\(fixed($0.logprob, 3)) \(Visible.token(tokenizer.bytes($0.id)))" }.joined(separator: "  "),
            ])
        }
        return table.text
    }
}
