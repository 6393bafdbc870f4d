import ArgumentParser
import Engine
import Tokenizer

/// One head's attention over a text.
struct Attention: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show where one attention head looks, from each token of a text.")

    @OptionGroup var input: InputOptions
    @Option(parsing: .unconditional, help: ArgumentHelp("The layer, counted from 0.", valueName: "l")) var layer: Int
    @Option(parsing: .unconditional, help: ArgumentHelp("The head, counted from 0.", valueName: "h")) var head: Int
    @Flag(help: "Print one JSON object with the whole pattern.") var json = false
    @OptionGroup var edit: EditOptions
    @OptionGroup var model: ModelOptions

    func run() throws {
        let text = try input.read()
        var session = try model.setup().session()
        let shape = session.model.shape
        try Failure.check("--layer", layer, 0..<shape.layers)
        try Failure.check("--head", head, 0..<shape.heads)
        _ = try session.sync(to: text.someIDs(session.model))
        session = try edit.apply(to: session)
        let rows = try session.pattern(layer: layer, head: head, queries: 0..<session.tokens.count)
        var output = Output()
        if json {
            try Self.writeJSON(session, rows, &output)
        } else {
            try output.write(Self.table(session, rows).utf8)
        }
        try output.flush()
    }

    /// Row by row, because a long text has millions of numbers.
    private static func writeJSON(_ session: Session, _ rows: [[Float]], _ output: inout Output) throws(Failure) {
        let tokens = session.tokens.map { JSON.object(JSON.token($0, session.model.tokenizer)) }
        try output.write("{\"tokens\":\(JSON.array(tokens).text),\"pattern\":[".utf8)
        for (index, row) in rows.enumerated() {
            let zeros = [Float](repeating: 0, count: rows.count - row.count)
            try output.write(((index > 0 ? "," : "") + JSON.array((row + zeros).map { .number($0) }).text).utf8)
        }
        try output.line("]}")
    }

    private static func table(_ session: Session, _ rows: [[Float]]) -> String {
        func name(_ position: Int) -> String { Visible.token(session.model.tokenizer.bytes(session.tokens[position])) }
        var table = Table(["at", "token", "looks most at"], right: [0])
        for (query, row) in rows.enumerated() {
            let keys = row.indices.sorted { (row[$0], $1) > (row[$1], $0) }.prefix(5)
            table.add(["\(query)", name(query), keys.map { "\(fixed(row[$0], 3)) \($0):\(name($0))" }.joined(separator: "  ")])
        }
        return table.text
    }
}

extension Failure {
    /// Refuses a flag's value outside what this model and this text have.
    static func check(_ flag: String, _ value: Int, _ range: Range<Int>) throws(Failure) {
        guard range.contains(value) else {
            throw .usage("\(flag) is \(value); here it goes from \(range.lowerBound) to \(range.upperBound - 1).")
        }
    }
}
