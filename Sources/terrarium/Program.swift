import ArgumentParser
import Glibc

/// The command line of Terrarium: the playground, and a headless twin of each panel.
///
/// In: arguments, files, standard input. Out: bytes on standard output in the formats of DESIGN.md section 7, sentences on
/// standard error, an exit status. Invariants: text goes to a pipe byte for byte and to a terminal without anything that
/// steers it; nothing is written but what was asked for. Must not know: how numbers come about.
@main
struct Program: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "terrarium",
        abstract: "A small language model behind glass in a terminal.",
        discussion: "Without a subcommand the playground opens, with FILE in it if one is given.",
        version: "0.1.0",
        subcommands: [
            Playground.self, Generate.self, Tokenize.self, Score.self, Attention.self, LensCommand.self, Attribute.self, Ablate.self, PatchCommand.self,
            ExperimentCommand.self, CompareCommand.self, Models.self, Servers.self, ScaleCommand.self, Paths.self, Bench.self,
        ],
        defaultSubcommand: Playground.self)

    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            Glibc.exit(Failure.report(error))
        }
    }
}
