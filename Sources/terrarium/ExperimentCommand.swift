import ArgumentParser
import Document
import Engine
import Glibc
import Laboratory

/// Runs a few-shot experiment.
struct ExperimentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "experiment", abstract: "Run a few-shot experiment and show its accuracy.",
        discussion: "With --out, every finished cell is kept, and --resume goes on where an earlier run ended.")

    @Argument(help: "The experiment, a YAML file.") var file: String
    @Option(parsing: .unconditional, help: ArgumentHelp("A folder for a line a cell and a line a test item.", valueName: "dir"))
    var out: String?
    @Flag(help: "Go on with the results in --out.") var resume = false
    @Flag(help: "Print one JSON object.") var json = false
    @OptionGroup var model: ModelOptions

    func validate() throws {
        if resume, out == nil { throw ValidationError("--resume needs --out DIR, the folder with the results so far.") }
    }

    func run() throws {
        let experiment = try Experiment.load(file)
        let setup = try model.setup()
        Interrupt.watch()
        let session = try setup.session()
        let folder = try out.map { try ResultsFolder($0, experiment: experiment, model: session.model.fingerprint, resume: resume) }
        var sweep = Sweep(experiment, done: folder?.done ?? [])
        let progress = Progress()
        do {
            try sweep.run(session.scorer(cancelled: { Interrupt.raised })) { step, sweep in
                if case .cell(let result) = step { try folder?.append(result) }
                progress.show(sweep)
                // Cells that are copies of others never ask the scorer.
                if Interrupt.raised { throw CancellationError() }
            }
        } catch is CancellationError {
            progress.clear()
            let kept = out.map { " \(sweep.results.count) are kept in \($0); go on with --resume." } ?? " Without --out nothing is kept."
            Failure.complain("Interrupted after \(sweep.results.count) of \(sweep.cells.count) cells." + kept)
            throw Failure.interrupted
        }
        progress.clear()
        var output = Output()
        let report = Report(experiment, sweep.results, rule: experiment.score, model: (session.model.title, session.model.fingerprint))
        if let out { try write(report, to: out) }
        try output.write((json ? report.json + "\n" : Visible.line(report.text)).utf8)
        try output.flush()
    }

    /// The report for people beside the lines for programs; made anew each time.
    private func write(_ report: Report, to folder: String) throws {
        let curve = Curve(report.experiment, report.results, rule: report.rule)
        for (name, text) in [("report.csv", report.csv), ("report.md", report.markdown(remarks: [], picture: "curve.svg")), ("curve.svg", curve.svg)] {
            try Saver.save(Array(text.utf8), to: folder + "/" + name)
        }
    }

    /// How far it is, on a terminal's line of its own.
    private final class Progress {
        private let isTerminal = isatty(STDERR_FILENO) == 1
        private var shown = -1.0

        func show(_ sweep: Sweep) {
            guard isTerminal else { return }
            let now = Clock.seconds
            guard now - shown > 0.1 else { return }
            shown = now
            write("\r\(sweep.itemsDone) of \(sweep.itemsTotal) items, \(sweep.results.count) of \(sweep.cells.count) cells\u{1B}[K")
        }

        func clear() { if isTerminal { write("\r\u{1B}[K") } }

        private func write(_ text: String) {
            var text = text
            _ = text.withUTF8 { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
        }
    }
}

enum Clock {
    /// Unit: seconds since some moment.
    static var seconds: Double {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return Double(now.tv_sec) + Double(now.tv_nsec) * 1e-9
    }
}
