import ArgumentParser
import Glibc
import Workbench

/// The interactive program.
struct Playground: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Open the playground (what happens without a subcommand).")

    @Argument(help: "A prompt file (.md), an experiment (.yaml) or any other text to open.")
    var file: String?

    @Option(help: ArgumentHelp("How many colours: auto, 256, 16, 8 or mono.", valueName: "depth"))
    var color: Color = .auto

    @OptionGroup var server: ServerOptions
    @OptionGroup var model: ModelOptions

    enum Color: String, ExpressibleByArgument, CaseIterable { case auto, rgb, c256 = "256", c16 = "16", c8 = "8", mono }

    func run() throws {
        guard isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1 else { throw Failure.noTerminal }
        let locations = Locations()
        try runPlayground(
            file: file, server: try server.connection(), model: model.path, threads: model.threads, color: color.rawValue, locations: locations,
            configuration: Configuration(reading: locations.configFile))
    }
}
