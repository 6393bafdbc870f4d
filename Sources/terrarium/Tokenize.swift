import ArgumentParser
import JSONText
import Tokenizer

/// Text to token ids.
struct Tokenize: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show the tokens of a text.")

    @OptionGroup var input: InputOptions
    @Flag(help: "Print an array of ids.") var json = false
    @OptionGroup var model: ModelOptions

    func run() throws {
        let text = try input.read()
        let setup = try model.setup()
        let tokenizer = try setup.tokenizer()
        let ids = try text.ids(tokenizer, model: setup.path)
        var output = Output()
        if json {
            try output.line(JSON.array(ids.map { .integer($0) }).text)
        } else {
            var table = Table(["at", "id", "token"], right: [0, 1])
            for (index, id) in ids.enumerated() { table.add(["\(index)", "\(id)", Visible.token(tokenizer.bytes(id))]) }
            try output.write(table.text.utf8)
        }
        try output.flush()
    }
}
