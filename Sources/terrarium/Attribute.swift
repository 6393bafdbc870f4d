import ArgumentParser
import Engine
import Tokenizer

/// What a token's logit is made of.
struct Attribute: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what a token's logit is made of: what the embedding, every head and every MLP add to it.")

    @OptionGroup var input: InputOptions
    @Option(parsing: .unconditional, help: ArgumentHelp("After which token, counted from 0; the last unless told.", valueName: "p"))
    var position: Int?
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Whose logit, as text that is one token; the likeliest next token unless told.", valueName: "text"))
    var token: String?
    @Option(parsing: .unconditional, help: ArgumentHelp("Whose logit, as an id.", valueName: "n")) var id: Int?
    @Option(
        parsing: .unconditional, help: ArgumentHelp("Split the difference to the logit of this token.", valueName: "text"))
    var against: String?
    @Option(parsing: .unconditional, help: ArgumentHelp("How many parts to list, those that matter most first.", valueName: "n")) var top = 20
    @Flag(help: "Print one JSON object with all parts.") var json = false
    @OptionGroup var model: ModelOptions

    func validate() throws {
        if top < 0 { throw ValidationError("--top is \(top); it goes from 0 up.") }
        if token != nil, id != nil { throw ValidationError("Give either --token or --id, not both.") }
    }

    func run() throws {
        let text = try input.read()
        let session = try model.setup().session()
        let ids = try text.someIDs(session.model)
        let position = position ?? ids.count - 1
        try Failure.check("--position", position, 0..<ids.count)
        let wanted = try wanted(session.model), other = try against.map { try session.model.tokenizer.single($0, "--against") }
        _ = try session.sync(to: ids)
        let token = try wanted ?? session.likeliest(after: position)
        guard let found = try session.attribution(position: position, token: token, against: other) else { return }
        var output = Output()
        let tokenizer = session.model.tokenizer
        try output.write((json ? Self.object(found, tokenizer).text + "\n" : table(found, tokenizer)).utf8)
        try output.flush()
    }

    private func wanted(_ model: Model) throws -> TokenID? {
        if let id {
            try Failure.check("--id", id, 0..<model.shape.vocabulary)
            return TokenID(id)
        }
        return try token.map { try model.tokenizer.single($0, "--token") }
    }

    private static func object(_ found: Attribution, _ tokenizer: Tokenizer) -> JSON {
        let parts = found.parts.map { term in
            let place: [(String, JSON)] = switch term.part {
            case .embedding: [("part", .string("embedding"))]
            case let .head(layer, head): [("part", .string("head")), ("layer", .integer(layer)), ("head", .integer(head))]
            case let .mlp(layer): [("part", .string("mlp")), ("layer", .integer(layer))]
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

extension Session {
    /// The likeliest next token after a position.
    func likeliest(after position: Int) throws -> TokenID {
        Distribution(logits: try logits(after: position)).top(1).first?.id ?? 0
    }
}

extension Tokenizer {
    /// The id of a text that is one token, special tokens included.
    func single(_ text: String, _ flag: String) throws(Failure) -> TokenID {
        let ids = encode(Array(text.utf8), specials: true)
        guard let id = ids.first, ids.count == 1 else {
            throw .usage("\(flag) \"\(text)\" is \(ids.count) tokens; name one token, most begin with a space; terrarium tokenize shows them.")
        }
        return id
    }
}
