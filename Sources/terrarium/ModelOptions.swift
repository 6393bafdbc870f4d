import ArgumentParser
import Engine
import GGUF
import Glibc
import Tokenizer
import Workbench

/// Which model, and with how many threads.
struct ModelOptions: ParsableArguments {
    @Option(
        name: .customLong("model"), parsing: .unconditional,
        help: ArgumentHelp(
            "The model: a GGUF file, or a folder of Hugging Face.", discussion: "Else TERRARIUM_MODEL, the config file, the default model.", valueName: "path"))
    var path: String?

    @Option(name: .customLong("threads"), parsing: .unconditional, help: ArgumentHelp("How many threads compute.", valueName: "n"))
    var threads: Int?

    func validate() throws {
        let range = Configuration.threadRange
        if let threads, !range.contains(threads) {
            throw ValidationError("--threads is \(threads); it goes from \(range.lowerBound) to \(range.upperBound).")
        }
    }

    /// The model's path; a default one that is not there is an error, so that it can be told how to get it.
    static func resolve(_ option: String?, _ locations: Locations, _ configuration: Configuration) throws(Failure) -> String {
        if let path = option ?? locations.namedModel ?? configuration.model { return path }
        guard access(locations.defaultModel, F_OK) == 0 else { throw .noModel(path: locations.defaultModel) }
        return locations.defaultModel
    }

    func setup() throws -> Setup {
        let locations = Locations()
        let configuration = try Configuration(reading: locations.configFile)
        return Setup(
            locations: locations, configuration: configuration,
            path: try Self.resolve(path, locations, configuration),
            threads: threads ?? configuration.threads ?? Model.defaultThreads)
    }
}

/// What a command that needs a model begins with.
struct Setup {
    let locations: Locations
    let configuration: Configuration
    let path: String
    let threads: Int

    func model() throws(EngineError) -> Model { try Model(path: path, threads: threads) }

    /// The tokeniser alone, which is there sooner than the weights.
    func tokenizer() throws -> Tokenizer {
        let gguf = try ModelFile.header(path)
        do { return try Tokenizer(gguf) } catch { throw EngineError.tokenizer(error) }
    }
}

extension Setup {
    func session() throws(EngineError) -> Session { try Session(model(), threads: threads) }
}
