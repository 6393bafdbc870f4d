import ArgumentParser
import Engine
import JSONText
import Tokenizer

/// What a token's logit is made of.
struct Attribute: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what a token's logit is made of: what the embedding, every head and every MLP add to it.")

    @OptionGroup var input: InputOptions
    @OptionGroup var asked: TokenOptions
    @Option(
        parsing: .unconditional, help: ArgumentHelp("Split the difference to the logit of this token.", valueName: "text"))
    var against: String?
    @Option(parsing: .unconditional, help: ArgumentHelp("How many parts to list, those that matter most first.", valueName: "n")) var top = 20
    @Flag(help: "Print one JSON object with all parts.") var json = false
    @OptionGroup var edit: EditOptions
    @OptionGroup var model: ModelOptions

    func validate() throws {
        if top < 0 { throw ValidationError("--top is \(top); it goes from 0 up.") }
    }

    func run() throws {
        let text = try input.read()
        var session = try model.setup().session()
        let other = try against.map { try session.model.tokenizer.single($0, "--against") }
        let (position, token) = try asked.find(text, &session, under: edit)
        guard let found = try session.attribution(position: position, token: token, against: other) else { return }
        var output = Output()
        let tokenizer = session.model.tokenizer
        try output.write((json ? Self.object(found, tokenizer).text + "\n" : table(found, tokenizer)).utf8)
        try output.flush()
    }

    private static func object(_ found: Attribution, _ tokenizer: Tokenizer) -> JSON {
        let parts = found.parts.map { term in
            let place: [(String, JSON)] = switch term.part {
            case .embedding: [("part", .string("embedding"))]
            case let .head(layer, head): [("part", .string("head")), ("layer", .integer(layer)), ("head", .integer(head))]
            case let .mlp(layer): [("part", .string("mlp")), ("layer", .integer(layer))]
            case .bias: [("part", .string("bias"))]
            case let .edit(layer): [("part", .string("edits")), ("layer", .integer(layer))]
            }
            return JSON.object(place + [("value", .number(term.value))])
        }
        return .object([
            ("position", .integer(found.position)), ("token", .object(JSON.token(found.token, tokenizer))),
            ("against", found.against.map { .object(JSON.token($0, tokenizer)) } ?? .null), ("logit", .number(found.logit)),
            ("norm", .number(found.norm)), ("parts", .array(parts)), ("sum", .number(found.sum)), ("remainder", .number(found.remainder)),
        ])
    }

    private func table(_ found: Attribution, _ tokenizer: Tokenizer) -> String {
        func name(_ id: TokenID) -> String { Visible.token(tokenizer.bytes(id)) }
        let strongest = found.strongest(top), others = found.parts.count - strongest.count
        var table = Table(["part", "logit"], right: [1])
        for term in strongest { table.add(["\(term.part)", fixed(term.value, 4)]) }
        if others > 0 {
            let rest = found.sum - strongest.reduce(0) { $0 + $1.value }
            table.add([others == 1 ? "the other part" : "the other \(others) parts", fixed(rest, 4)])
        }
        table.add(["remainder", fixed(found.remainder, 4)])
        let whole = found.against.map { "\(name(found.token)) less \(name($0))" } ?? name(found.token)
        table.add(["logit of \(whole) after \(found.position)", fixed(found.logit, 4)])
        return table.text
    }
}
