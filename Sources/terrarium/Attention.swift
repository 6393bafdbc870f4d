import ArgumentParser
import Engine
import Glibc
import JSONText
import Tokenizer

/// One head's attention over a text.
struct Attention: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show where one attention head looks, from each token of a text; or, without a head, what every head does.")

    @OptionGroup var input: InputOptions
    @Option(parsing: .unconditional, help: ArgumentHelp("The layer, counted from 0.", valueName: "l")) var layer: Int?
    @Option(parsing: .unconditional, help: ArgumentHelp("The head, counted from 0.", valueName: "h")) var head: Int?
    @Option(parsing: .unconditional, help: ArgumentHelp("All heads: from which token, counted from 0; the last unless told.", valueName: "p"))
    var position: Int?
    @Option(parsing: .unconditional, help: ArgumentHelp("All heads: to which token; where each looks most, the first aside, unless told.", valueName: "p"))
    var to: Int?
    @Option(parsing: .unconditional, help: ArgumentHelp("All heads: take scores as means over so many of the newest tokens.", valueName: "n")) var newest = 256
    @Flag(help: "Multiply each weight by the length of its value: |pattern · v|.") var values = false
    @Flag(help: "Print one JSON object with the whole pattern.") var json = false
    @OptionGroup var edit: EditOptions
    @OptionGroup var model: ModelOptions

    func validate() throws {
        if (layer == nil) != (head == nil) { throw ValidationError("Give --layer and --head, or neither for all heads.") }
        if newest < 1 { throw ValidationError("--newest is \(newest); it goes from 1 up.") }
    }

    func run() throws {
        let text = try input.read()
        var session = try model.setup().session()
        let shape = session.model.shape
        if let layer { try Failure.check("--layer", layer, 0..<shape.layers) }
        if let head { try Failure.check("--head", head, 0..<shape.heads) }
        _ = try session.sync(to: text.someIDs(session.model))
        session = try edit.apply(to: session)
        var lengths = ValueNorms()
        if values { lengths.follow(session) }
        var output = Output()
        guard let layer, let head else {
            try output.write(try heads(session, lengths).utf8)
            return try output.flush()
        }
        var rows = try session.pattern(layer: layer, head: head, queries: 0..<session.tokens.count)
        if values { rows = rows.map { lengths.weighted($0, layer: layer, head: head) } }
        if json {
            try Self.writeJSON(session, rows, &output)
        } else {
            try output.write(Self.table(session, rows).utf8)
        }
        try output.flush()
    }

    /// A row a head: where it looks from one token, and its scores.
    private func heads(_ session: Session, _ lengths: ValueNorms) throws -> String {
        let count = session.tokens.count, shape = session.model.shape, tokenizer = session.model.tokenizer
        let query = position ?? count - 1
        try Failure.check("--position", query, 0..<count)
        if let to { try Failure.check("--to", to, 0..<query + 1) }
        let rows = try session.attention(query: query)
        guard let scores = try session.headScores(newest: newest) else { return "" }
        var table = Table(["layer", "head", "looks at", "weight", "entropy", "sink", "previous", "duplicate", "induction"], right: [0, 1, 3, 4, 5, 6, 7, 8])
        var objects: [JSON] = []
        for layer in 0..<shape.layers {
            for head in 0..<shape.heads {
                let pattern = rows[layer][head], row = values ? lengths.weighted(pattern, layer: layer, head: head) : pattern
                let key = to ?? row.indices.dropFirst().max { (row[$0], $1) < (row[$1], $0) } ?? 0
                let entropy = pattern.reduce(0.0) { $1 > 0 ? $0 - Double($1) * log(Double($1)) : $0 }, index = layer * shape.heads + head
                let means = [scores.sink[index], scores.previous[index], scores.duplicate[index], scores.induction[index]]
                table.add(["\(layer)", "\(head)", "\(key):\(Visible.token(tokenizer.bytes(session.tokens[key])))", fixed(row[key], 3), fixed(entropy, 3)] + means.map { fixed($0, 3) })
                objects.append(.object([("layer", .integer(layer)), ("head", .integer(head)), ("to", .integer(key)), ("weight", .number(row[key])), ("entropy", .number(Float(entropy)))]
                    + zip(["sink", "previous", "duplicate", "induction"], means).map { ($0, .number($1)) }))
            }
        }
        return json ? JSON.object([("position", .integer(query)), ("queries", .integer(scores.queries)), ("heads", .array(objects))]).text + "\n" : table.text
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
