import ArgumentParser
import Engine
import Tokenizer

/// After which token of the text something is asked, and about which next token.
struct TokenOptions: ParsableArguments {
    @Option(parsing: .unconditional, help: ArgumentHelp("After which token, counted from 0; the last unless told.", valueName: "p"))
    var position: Int?
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Which next token, as text that is one token; the likeliest unless told.", valueName: "text"))
    var token: String?
    @Option(parsing: .unconditional, help: ArgumentHelp("Which next token, as an id.", valueName: "n")) var id: Int?

    func validate() throws {
        if token != nil, id != nil { throw ValidationError("Give either --token or --id, not both.") }
    }

    /// Reads the text up to its end, and finds what is asked.
    ///
    /// - Parameter edits: where there are some the session becomes the edited one.
    func find(_ input: Input, _ session: inout Session, under edits: EditOptions? = nil) throws -> (position: Int, token: TokenID) {
        let ids = try input.someIDs(session.model), tokenizer = session.model.tokenizer
        let position = position ?? ids.count - 1
        try Failure.check("--position", position, 0..<ids.count)
        if let id { try Failure.check("--id", id, 0..<session.model.shape.vocabulary) }
        let named = try token.map { try tokenizer.single($0, "--token") } ?? id.map { TokenID($0) }
        _ = try session.sync(to: ids)
        if let edits { session = try edits.apply(to: session) }
        return (position, try named ?? Distribution(logits: session.logits(after: position)).top(1).first?.id ?? 0)
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
