import ArgumentParser
import Document
import Engine
import Glibc
import Laboratory
import struct Workbench.RemoteScorer

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
    @OptionGroup var server: ServerOptions

    func validate() throws {
        if resume, out == nil { throw ValidationError("--resume needs --out DIR, the folder with the results so far.") }
    }

    func run() throws {
        let experiment = try Experiment.load(file)
        if let model = try server.model(for: .judging) {
            try run(experiment, RemoteScorer(model, writes: experiment.kind == .completion, cancelled: { Interrupt.raised }), model: (model.title, RemoteScorer.fingerprint(model)))
        } else {
            let setup = try model.setup()
            Interrupt.watch()
            let session = try setup.session()
            try run(experiment, session.scorer(cancelled: { Interrupt.raised }), model: (session.model.title, session.model.fingerprint))
        }
    }

    private func run(_ experiment: Experiment, _ scorer: some Scorer, model: (name: String, fingerprint: String)) throws {
        let folder = try out.map { try ResultsFolder($0, experiment: experiment, model: model.fingerprint, resume: resume) }
        var sweep = Sweep(experiment, done: folder?.done ?? [])
        let remarks = Remark.all(experiment).map(\.sentence)
        for remark in remarks { Failure.complain("note: \(remark).") }
        let progress = Progress(sweep, scorer)
        do {
            try sweep.run(scorer) { step, sweep in
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
        progress.finish(sweep)
        var output = Output()
        let report = Report(experiment, sweep.results, rule: experiment.score, model: model)
        if let out { try write(report, remarks, to: out) }
        try output.write((json ? report.json + "\n" : Visible.line(report.text)).utf8)
        try output.flush()
    }

    /// The report for people beside the lines for programs; made anew each time.
    private func write(_ report: Report, _ remarks: [String], to folder: String) throws {
        let curve = Curve(report.experiment, report.results, rule: report.rule)
        for (name, text) in [("report.csv", report.csv), ("report.md", report.markdown(remarks: remarks.map { $0 + "." }, picture: "curve.svg")), ("curve.svg", curve.svg)] {
            try Saver.save(Array(text.utf8), to: folder + "/" + name)
        }
    }

    /// What it will cost and how far it is, on a terminal only.
    private final class Progress {
        private let cost: SweepCost?
        private let begun = Clock.seconds
        private var shown = 0.0

        init(_ sweep: Sweep, _ scorer: some Scorer) {
            guard isatty(STDERR_FILENO) == 1 else {
                cost = nil
                return
            }
            let cost = SweepCost(sweep.experiment, cells: sweep.toCompute, scorer)
            self.cost = cost
            write(cost.sentence + "\n")
        }

        func show(_ sweep: Sweep) {
            let now = Clock.seconds
            guard let cost, now - shown > 0.1 else { return }
            shown = now
            let share = cost.share(of: sweep), taken = now - begun
            // From less than a hundredth nothing can be told.
            let left = share < 0.01 || taken < 0.5 ? "" : "  \(Self.clock(taken * (1 - share) / share)) left"
            write("\r\(sweep.results.count) of \(sweep.cells.count) cells  item \(sweep.items.count) of \(sweep.experiment.test.count)  "
                + "\(Int(share * 100)) %\(left)\u{1B}[K")
        }

        func clear() { if cost != nil { write("\r\u{1B}[K") } }

        func finish(_ sweep: Sweep) {
            clear()
            if let cost { write("\(cost.cells) cells computed in \(Self.clock(Clock.seconds - begun)).\n") }
        }

        /// Minutes and seconds, with hours where there are some.
        private static func clock(_ seconds: Double) -> String {
            let seconds = Int(seconds.rounded(.up)), minutes = seconds / 60
            func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
            return (minutes < 60 ? "\(minutes)" : "\(minutes / 60):\(two(minutes % 60))") + ":\(two(seconds % 60))"
        }

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
