import ArgumentParser
import Engine
import Tokenizer

/// What each layer would have said next.
struct LensCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lens", abstract: "Show what the model would say after each of its layers (the logit lens).")

    @OptionGroup var input: InputOptions
    @Option(parsing: .unconditional, help: ArgumentHelp("Which token, counted from 0; the last unless told.", valueName: "p"))
    var position: Int?
    @Option(parsing: .unconditional, help: ArgumentHelp("How many tokens to list for each layer.", valueName: "n")) var top = 5
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
        let layers = try session.lens(position: position, top: min(top, session.model.shape.vocabulary))
        var output = Output()
        if json {
            let lists = layers.map { JSON.array($0.map { .guess($0.id, $0.logprob, tokenizer) }) }
            try output.line(JSON.object([("layers", .array(lists))]).text)
        } else {
            var table = Table(["after", "expects"], right: [0])
            for (index, guesses) in layers.enumerated() {
                let shown = guesses.map { "\(fixed($0.logprob, 3)) \(Visible.token(tokenizer.bytes($0.id)))" }
                table.add([index == 0 ? "embedding" : "layer \(index - 1)", shown.joined(separator: "  ")])
            }
            try output.write(table.text.utf8)
        }
        try output.flush()
    }
}
