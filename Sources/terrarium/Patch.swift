import ArgumentParser
import Engine
import JSONText
import Tokenizer
import Transformer

/// What the prediction owes to each layer and position.
struct PatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "patch", abstract: "Put another text's values in at each layer and position alone, and show what that does to the prediction.")

    @OptionGroup var input: InputOptions
    @Option(parsing: .unconditional, help: ArgumentHelp("The other text, of as many tokens.", valueName: "text")) var source: String
    @Option(parsing: .unconditional, help: ArgumentHelp("The place: residPre, z, attnOut, residMid, mlpOut or residPost.", valueName: "site"))
    var site = "residPre"
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Which next token, as text that is one token; the other text's likeliest unless told.", valueName: "text"))
    var token: String?
    @Option(parsing: .unconditional, help: ArgumentHelp("Show the change against this token; the text's own likeliest unless told.", valueName: "text"))
    var against: String?
    @Option(parsing: .unconditional, help: ArgumentHelp("How many places to list, those that matter most first.", valueName: "n")) var top = 20
    @Flag(help: "Print one JSON object with all places.") var json = false
    @OptionGroup var model: ModelOptions

    func validate() throws {
        if top < 0 { throw ValidationError("--top is \(top); it goes from 0 up.") }
        if !Edit.sites.contains(where: { $0.rawValue == site }) {
            throw ValidationError("--site \(site) is no place; use \(Edit.sites.map(\.rawValue).joined(separator: ", ")).")
        }
    }

    func run() throws {
        let text = try input.read()
        let session = try model.setup().session(), tokenizer = session.model.tokenizer
        Interrupt.watch()
        let ids = try text.someIDs(session.model), others = try Input(text: Array(source.utf8), specials: input.specials).someIDs(session.model)
        guard ids.count == others.count else {
            throw Failure.usage("The text has \(ids.count) tokens and --source \(others.count); give two texts of as many tokens, so that each position has its counterpart.")
        }
        let other = session.fork()
        _ = try session.sync(to: ids)
        _ = try other.sync(to: others)
        func likeliest(_ session: Session) throws -> TokenID { try Distribution(logits: session.logits(after: ids.count - 1)).top(1).first?.id ?? 0 }
        let token = try token.map { try tokenizer.single($0, "--token") } ?? likeliest(other)
        let against = try against.map { try tokenizer.single($0, "--against") } ?? likeliest(session)
        guard let site = Edit.sites.first(where: { $0.rawValue == site }),
              var sweep = try PatchSweep(session, source: other, site: site, token: token, against: against == token ? nil : against) else { return }
        let progress = Progress()
        while try sweep.step(cancelled: { Interrupt.raised }) { progress.show("\(sweep.found.count) of \(sweep.total) places") }
        progress.clear()
        guard sweep.isDone else { throw Failure.interrupted }
        func name(_ id: TokenID) -> String { Visible.token(tokenizer.bytes(id)) }
        var output = Output()
        if json {
            let rows = stride(from: 0, to: sweep.total, by: ids.count).map { start in
                JSON.array(sweep.found[start..<start + ids.count].map { .object([("change", .number($0.change)), ("kl", .number($0.divergence))]) })
            }
            try output.line(JSON.object([
                ("tokens", .array(ids.map { .object(JSON.token($0, tokenizer)) })), ("source", .array(others.map { .object(JSON.token($0, tokenizer)) })),
                ("site", .string(site.rawValue)), ("token", .object(JSON.token(token, tokenizer))),
                ("against", against == token ? .null : .object(JSON.token(against, tokenizer))), ("layers", .array(rows)),
            ]).text)
        } else {
            let what = against == token ? name(token) : "\(name(token)) less \(name(against))"
            var table = Table(["layer", "position", "token", "KL", "logprob of \(what)"], right: [0, 1, 3, 4])
            let order = sweep.found.indices.sorted { (abs(sweep.found[$0].change), $1) > (abs(sweep.found[$1].change), $0) }
            for patch in order.prefix(top).map({ sweep.found[$0] }) {
                table.add(["\(patch.layer)", "\(patch.position)", name(ids[patch.position]), fixed(patch.divergence, 4),
                           (patch.change > 0 ? "+" : "") + fixed(patch.change, 4)])
            }
            try output.write(table.text.utf8)
        }
        try output.flush()
    }
}
