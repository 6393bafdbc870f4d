import ArgumentParser
import JSONText
import Tokenizer
import Workbench

/// Where Terrarium keeps its files.
struct Paths: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show where Terrarium keeps its files.")

    @Flag(help: "Print one JSON object.") var json = false
    @OptionGroup var model: ModelOptions

    func run() throws {
        let places = Locations()
        let configuration = try Configuration(reading: places.configFile)
        let named = model.path ?? places.namedModel ?? configuration.model ?? places.defaultModel
        let rows = [
            ("config", places.configFile), ("servers", places.connections), ("data", places.data), ("cache", places.cache), ("models", places.models), ("model", named),
            ("store", places.store), ("results", places.results), ("prompts", places.prompts),
        ]
        var output = Output()
        if json {
            let fields = rows.map { ($0.0, JSON.string($0.1)) } + [("prompt_folders", JSON.strings(places.promptFolders))]
            try output.line(JSON.object(fields).text)
        } else {
            let width = 8
            for (name, path) in rows + places.promptFolders.map({ ("", $0) }) where name != "" || path != places.prompts {
                try output.line(name + String(repeating: " ", count: width - name.count) + Visible.line(path))
            }
        }
        try output.flush()
    }
}
