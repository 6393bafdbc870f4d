import ArgumentParser
import Engine
import Glibc
import Tokenizer
import Workbench

/// The models that are there.
struct Models: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the models in the models folder.")

    @Flag(help: "Print a JSON array.") var json = false
    @OptionGroup var model: ModelOptions

    func run() throws {
        let folder = Locations().models
        var paths = Self.files(in: folder)
        if let own = model.path, !paths.contains(own) { paths.insert(own, at: 0) }
        var found: [ModelSummary] = []
        for path in paths {
            do { found.append(try ModelSummary(path: path)) } catch { Failure.complain("\(error)") }
        }
        var output = Output()
        if json {
            try output.line(JSON.array(found.map(Self.object)).text)
        } else if found.isEmpty {
            try output.line("no models in \(Visible.line(folder)); `make model` fetches the default one")
        } else {
            var table = Table(["name", "family", "parameters", "weights", "context", "bytes", "path"], right: [2, 4, 5])
            for model in found {
                table.add([
                    Visible.line(model.name), Visible.line(model.family), "\(model.parameters)", model.quantization,
                    "\(model.context)", "\(model.bytes)", Visible.line(model.path),
                ])
            }
            try output.write(table.text.utf8)
        }
        try output.flush()
        if paths.count > found.count, found.isEmpty { throw ExitCode.failure }
    }

    private static func object(_ model: ModelSummary) -> JSON {
        .object([
            ("path", .string(model.path)), ("name", .string(model.name)), ("family", .string(model.family)),
            ("parameters", .integer(model.parameters)), ("quantization", .string(model.quantization)),
            ("context", .integer(model.context)), ("bytes", .integer(model.bytes)),
        ])
    }

    /// The GGUF files of a folder by name; a folder that is not there has none.
    static func files(in folder: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasSuffix(".gguf"), !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted().map { Locations.join(folder, $0) }
    }
}
