import ArgumentParser
import Engine
import GGUF
import Glibc
import JSONText
import Tokenizer
import Transformer
import Workbench

/// The models that are there.
struct Models: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the models in the models folder and where others keep theirs; or show all that one file says of itself.")

    @Option(help: ArgumentHelp("Show every metadata key and tensor of a GGUF file, or of a folder of Hugging Face in GGUF's words.", valueName: "path")) var info: String?
    @Flag(help: "Print JSON.") var json = false
    @OptionGroup var model: ModelOptions

    func run() throws {
        if let info { return try ModelInfo(path: info).write(json: json) }
        let locations = Locations()
        var files = ModelPlaces(locations).files
        if let own = model.path, !files.contains(where: { $0.path == own }) { files.insert(.init(path: own, place: "--model"), at: 0) }
        var found: [FoundModel] = []
        let free = freeMemory()
        for file in files {
            do { found.append(try FoundModel(file, free: free)) } catch { Failure.complain("\(error)") }
        }
        var output = Output()
        if json {
            try output.line(JSON.array(found.map(Self.object)).text)
        } else if found.isEmpty {
            try output.line("no models in \(Visible.line(locations.models)) or the usual places of others; `make model` fetches the default one")
        } else {
            var table = Table(["name", "family", "parameters", "weights", "context", "bytes", "", "place", "path"], right: [2, 4, 5])
            for model in found {
                table.add([
                    Visible.line(model.name), Visible.line(model.family), "\(model.parameters)", model.quantization,
                    "\(model.context)", "\(model.bytes)", model.state, model.place, Visible.line(model.path),
                ])
            }
            try output.write(table.text.utf8)
            for problem in found.compactMap(\.problem) { try output.line(Visible.line(problem)) }
        }
        try output.flush()
        if files.count > found.count, found.isEmpty { throw ExitCode.failure }
    }

    private static func object(_ model: FoundModel) -> JSON {
        .object([
            ("path", .string(model.path)), ("place", .string(model.place)), ("name", .string(model.name)), ("family", .string(model.family)),
            ("parameters", .integer(model.parameters)), ("quantization", .string(model.quantization)),
            ("context", .integer(model.context)), ("bytes", .integer(model.bytes)),
            ("fits", .literal("\(model.fits)")), ("problem", model.problem.map { .string($0) } ?? .null),
        ])
    }
}

/// All that a model file's header says.
struct ModelInfo {
    let gguf: GGUF
    let summary: ModelSummary

    init(path: String) throws {
        gguf = try ModelFile.header(path)
        summary = ModelSummary(gguf)
    }

    /// The most elements of an array that are shown.
    private static let shown = 8

    func write(json: Bool) throws {
        var output = Output()
        if json { try output.line(object.text) } else {
            try output.line("\(Visible.line(summary.name)), \(Visible.line(summary.family)), \(summary.parameters) parameters in \(summary.quantization), \(gguf.version == 0 ? "a folder of Hugging Face" : "GGUF version \(gguf.version)"), \(gguf.fileSize) bytes")
            if let problem = summary.problem { try output.line(Visible.line(problem)) }
            var keys = Table(["key", "type", "value"], right: [])
            for (key, value) in gguf.metadata.sorted(by: { $0.key < $1.key }) { keys.add([Visible.line(key), Self.type(value), Self.short(value)]) }
            try output.write(("\n" + keys.text).utf8)
            var tensors = Table(["tensor", "type", "shape", "bytes", "offset"], right: [3, 4])
            for tensor in gguf.tensors {
                tensors.add([Visible.line(tensor.name), tensor.type.name, tensor.shape.map { "\($0)" }.joined(separator: " x "), "\(tensor.bytes)", "\(tensor.offset)"])
            }
            try output.write(("\n" + tensors.text).utf8)
        }
        try output.flush()
    }

    private static func type(_ value: Value) -> String {
        guard case .array(let array) = value else { return "\(value.type)" }
        let of = switch array { case .strings: "string"; case .numbers(let table): "\(table.type)" }
        return "\(of) x \(array.count)"
    }

    /// On one line; of a long text or array its beginning.
    private static func short(_ value: Value) -> String {
        func cut(_ text: String) -> String { text.count > 100 ? String(text.prefix(99)) + "…" : text }
        switch value {
        case .string(let text): return cut(Visible.token(Array(text.utf8.prefix(400))).replacing("␣", with: " "))
        case .bool(let bool): return "\(bool)"
        case .array(.strings(let table)): return cut((0..<min(shown, table.count)).map { Visible.token(Array(table[$0])) }.joined(separator: "  ") + (table.count > shown ? " …" : ""))
        case .array(.numbers(let table)):
            let numbers = table.integers.map { $0.prefix(shown).map { "\($0)" } } ?? (table.reals ?? []).prefix(shown).map { "\($0)" }
            return cut(numbers.joined(separator: " ") + (table.count > shown ? " …" : ""))
        default: return value.integer.map { "\($0)" } ?? value.real.map { "\($0)" } ?? ""
        }
    }

    private var object: JSON {
        func json(_ value: Value) -> JSON {
            switch value {
            case .string(let text): .string(text)
            case .bool(let bool): .literal("\(bool)")
            case .float32(let number): .number(number)
            case .float64(let number): .number(number)
            case .array(.strings(let table)): .array((0..<table.count).map { .string(String(decoding: table[$0], as: UTF8.self)) })
            case .array(.numbers(let table)): .array(table.integers.map { $0.map { .integer($0) } } ?? (table.reals ?? []).map { .number($0) })
            default: value.integer.map { .integer($0) } ?? .null
            }
        }
        let tensors = gguf.tensors.map { tensor in
            JSON.object([("name", .string(tensor.name)), ("type", .string(tensor.type.name)), ("shape", .array(tensor.shape.map { .integer($0) })),
                         ("bytes", .integer(tensor.bytes)), ("offset", .integer(tensor.offset))])
        }
        return .object([
            ("path", .string(gguf.path)), ("version", .integer(gguf.version)), ("name", .string(summary.name)), ("family", .string(summary.family)),
            ("parameters", .integer(summary.parameters)), ("quantization", .string(summary.quantization)), ("bytes", .integer(gguf.fileSize)),
            ("problem", summary.problem.map { .string($0) } ?? .null),
            ("metadata", .object(gguf.metadata.sorted { $0.key < $1.key }.map { ($0.key, json($0.value)) })), ("tensors", .array(tensors)),
        ])
    }
}
