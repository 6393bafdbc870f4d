import ArgumentParser
import CKernels
import Engine
import Glibc
import JSONText
import Laboratory
import Tokenizer
import Transformer

/// How fast this machine is with this model, and a hash of what it computed.
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure this machine with this model: decoding, prefill, streams, scoring, the first token, what an edit costs.",
        discussion: """
            Same model, same hash: the logits are the same bits on every machine. Each row is the median of some runs; GB/s and \
            GMAC/s are what it read of weights and cache and how many products it made a second, beside the most that the machine \
            can, which is measured first. Rows: \(Workload.all.map(\.name).joined(separator: ", ")); and where --only \
            names them, as they take long: \(Workload.long.map(\.name).joined(separator: ", ")).
            """)

    @Flag(help: "Print one JSON object.") var json = false
    @Option(parsing: .unconditional, help: ArgumentHelp("How many runs to take the median of.", valueName: "n")) var runs = 5
    @Option(parsing: .unconditional, help: ArgumentHelp("Which rows, with commas between.", valueName: "names")) var only: String?
    @OptionGroup var model: ModelOptions

    struct Row {
        let name: String
        let value: Double
        let unit: String
        /// Of the final logits; nil where none are at hand.
        let hash: String?
        /// What the machine did meanwhile a second; nil where it is not the point.
        let rate: (bytes: Double, products: Double)?
    }

    func validate() throws {
        if !(1...1000).contains(runs) { throw ValidationError("--runs is \(runs); it goes from 1 to 1000.") }
        let names = (Workload.all + Workload.long).map(\.name)
        if let unknown = chosen?.first(where: { !names.contains($0) }) {
            throw ValidationError("--only has no row \"\(unknown)\"; there are: \(names.joined(separator: ", ")).")
        }
    }

    private var chosen: [String]? {
        only.map { $0.split(separator: ",").map { String($0.drop { $0 == " " }) } }
    }

    func run() throws {
        let setup = try model.setup()
        Interrupt.watch()
        let bench = try Subject(setup, runs: runs)
        let limits = try Limits(threads: setup.threads)
        let workloads = chosen.map { names in (Workload.all + Workload.long).filter { names.contains($0.name) } } ?? Workload.all
        let rows = try workloads.map { try $0.measure(bench) }
        try show(rows, setup, bench, limits)
    }

    // MARK: Showing

    private func show(_ rows: [Row], _ setup: Setup, _ bench: Subject, _ limits: Limits) throws {
        let cores = sysconf(Int32(_SC_NPROCESSORS_ONLN)), kernels = String(cString: tk_path_name(tk_path())), model = bench.model
        var output = Output()
        if json {
            let machine = JSON.object([
                ("cpu", .string(Self.cpu)), ("cores", .integer(cores)), ("threads", .integer(setup.threads)), ("kernels", .string(kernels)),
                ("gb_s", .number(limits.read / 1e9)), ("gmac_s", .number(limits.multiply / 1e9)),
            ])
            let about = JSON.object([("name", .string(model.title)), ("fingerprint", .string(model.fingerprint))])
            let list = rows.map { row in
                JSON.object([
                    ("name", .string(row.name)), ("value", .number(row.value)), ("unit", .string(row.unit)),
                    ("hash", row.hash.map { .string($0) } ?? .null), ("gb_s", row.rate.map { .number($0.bytes / 1e9) } ?? .null),
                    ("gmac_s", row.rate.map { .number($0.products / 1e9) } ?? .null),
                ])
            }
            try output.line(JSON.object([("machine", machine), ("model", about), ("rows", .array(list))]).text)
        } else {
            try output.line("\(Visible.line(Self.cpu)), \(cores) cores, \(setup.threads) threads, kernels \(kernels)")
            try output.line("\(Visible.line(model.title)), fingerprint \(model.fingerprint)")
            var table = Table(["", "value", "unit", "GB/s", "GMAC/s", "logits"], right: [1, 3, 4])
            for row in rows {
                table.add([
                    row.name, fixed(row.value, row.value < 10 ? 2 : 1), row.unit, row.rate.map { fixed($0.bytes / 1e9, 1) } ?? "",
                    row.rate.map { fixed($0.products / 1e9, 1) } ?? "", row.hash ?? "-",
                ])
            }
            table.add(["the machine", "", "", fixed(limits.read / 1e9, 1), fixed(limits.multiply / 1e9, 1), ""])
            try output.write(table.text.utf8)
        }
        try output.flush()
    }

    private static var cpu: String {
        let descriptor = open("/proc/cpuinfo", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "unknown" }
        defer { close(descriptor) }
        let text = (try? readAll(descriptor, "/proc/cpuinfo")).map { String(decoding: $0, as: UTF8.self) } ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
        let name = line?.split(separator: ":", maxSplits: 1).last.map { $0.drop { $0 == " " } }
        return name.map { String($0) } ?? "unknown"
    }
}
