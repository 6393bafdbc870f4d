import ArgumentParser
import CKernels
import Engine
import Glibc
import Laboratory
import Tokenizer

/// How fast this machine is with this model, and a hash of what it computed.
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure decoding, prefill, loading and the first token on this machine.",
        discussion: "Same model, same hash: the logits are the same bits on every machine.")

    @Flag(help: "Print one JSON object.") var json = false
    @Option(parsing: .unconditional, help: ArgumentHelp("How many runs to take the median of.", valueName: "n")) var runs = 5
    @OptionGroup var model: ModelOptions

    private static let text = Array("The old lighthouse keeper counted the ships each evening and wrote their names down. ".utf8)

    struct Row {
        let name: String
        let value: Double
        let unit: String
        /// Of the final logits; nil where none are at hand.
        let hash: String?
    }

    func run() throws {
        let setup = try model.setup()
        Interrupt.watch()
        var loads: [Double] = []
        var model: Model?
        for _ in 0..<runs {
            model = nil
            let start = Clock.seconds
            model = try setup.model()
            loads.append((Clock.seconds - start) * 1000)
            try Self.checkInterrupt()
        }
        guard let model else { return }
        let session = try Session(model, threads: setup.threads)
        let ids = Self.ids(model, count: min(512, session.context))
        guard ids.count > 1 else { throw Failure.empty }
        let rows = [
            try decode(session, ids), try prefill(session, ids),
            Row(name: "load", value: Self.median(loads), unit: "ms", hash: nil), try firstToken(setup),
        ]
        try show(rows, setup, model)
    }

    func validate() throws {
        if !(1...1000).contains(runs) { throw ValidationError("--runs is \(runs); it goes from 1 to 1000.") }
    }

    private static func checkInterrupt() throws(Failure) { if Interrupt.raised { throw .interrupted } }

    private static func ids(_ model: Model, count: Int) -> [TokenID] {
        var ids = model.tokenizer.encode(text)
        guard !ids.isEmpty else { return [] }
        while ids.count < count { ids += ids }
        return Array(ids.prefix(count))
    }

    /// Greedy, whatever ends a generation elsewhere.
    private func decode(_ session: Session, _ ids: [TokenID]) throws -> Row {
        let prompt = Array(ids.prefix(16))
        let count = min(128, session.context - prompt.count)
        var sampling = Sampling()
        sampling.temperature = 0
        var logits: [Float] = []
        var speeds: [Double] = []
        for _ in 0..<runs {
            session.rewind(to: 0)
            _ = try session.sync(to: prompt)
            logits = try session.logits(after: prompt.count - 1)
            let start = Clock.seconds
            for _ in 0..<count {
                let position = session.tokens.count
                let id = Sampler.draw(logits: logits, context: [], generated: [], sampling: sampling, seed: 0, position: position)
                try session.append(id)
                logits = try session.logits(after: position)
            }
            speeds.append(Double(count) / (Clock.seconds - start))
            try Self.checkInterrupt()
        }
        return Row(name: "decode \(count)", value: Self.median(speeds), unit: "tok/s", hash: Self.hash(logits))
    }

    private func prefill(_ session: Session, _ ids: [TokenID]) throws -> Row {
        var logits: [Float] = []
        var speeds: [Double] = []
        for _ in 0..<runs {
            session.rewind(to: 0)
            let start = Clock.seconds
            _ = try session.sync(to: ids)
            logits = try session.logits(after: ids.count - 1)
            speeds.append(Double(ids.count) / (Clock.seconds - start))
            try Self.checkInterrupt()
        }
        return Row(name: "prefill \(ids.count)", value: Self.median(speeds), unit: "tok/s", hash: Self.hash(logits))
    }

    /// From the start of a process of its own to the first byte it prints.
    private func firstToken(_ setup: Setup) throws -> Row {
        let arguments = [
            "terrarium", "generate", "--prompt", "The capital of France is", "--temperature", "0", "--max-tokens", "1",
            "--model", setup.path, "--threads", "\(setup.threads)",
        ]
        var times: [Double] = []
        for _ in 0..<runs {
            let start = Clock.seconds
            var ends: [Int32] = [0, 0]
            guard pipe(&ends) == 0 else { throw Failure.unreadable(path: "A pipe", errno: errno) }
            let process = Self.spawn(arguments, output: ends[1])
            close(ends[1])
            var byte: UInt8 = 0
            let count = read(ends[0], &byte, 1)
            times.append((Clock.seconds - start) * 1000)
            close(ends[0])
            if let process { waitpid(process, nil, 0) }
            try Self.checkInterrupt()
            guard process != nil, count == 1 else { throw Failure.noFirstToken }
        }
        return Row(name: "first token", value: Self.median(times), unit: "ms", hash: nil)
    }

    private static func spawn(_ arguments: [String], output: Int32) -> pid_t? {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { pointers.forEach { free($0) } }
        var process: pid_t = 0
        return posix_spawn(&process, "/proc/self/exe", &actions, nil, &pointers, environ) == 0 ? process : nil
    }

    private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

    private static func hash(_ logits: [Float]) -> String {
        Fingerprint.hash(logits.lazy.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * UInt32($0))) } })
    }

    // MARK: Showing

    private func show(_ rows: [Row], _ setup: Setup, _ model: Model) throws {
        let cores = sysconf(Int32(_SC_NPROCESSORS_ONLN)), kernels = String(cString: tk_path_name(tk_path()))
        var output = Output()
        if json {
            let machine = JSON.object([
                ("cpu", .string(Self.cpu)), ("cores", .integer(cores)), ("threads", .integer(setup.threads)), ("kernels", .string(kernels)),
            ])
            let about = JSON.object([("name", .string(model.title)), ("fingerprint", .string(model.fingerprint))])
            let list = rows.map { row in
                JSON.object([
                    ("name", .string(row.name)), ("value", .number(row.value)), ("unit", .string(row.unit)),
                    ("hash", row.hash.map { .string($0) } ?? .null),
                ])
            }
            try output.line(JSON.object([("machine", machine), ("model", about), ("rows", .array(list))]).text)
        } else {
            try output.line("\(Visible.line(Self.cpu)), \(cores) cores, \(setup.threads) threads, kernels \(kernels)")
            try output.line("\(Visible.line(model.title)), fingerprint \(model.fingerprint)")
            var table = Table(["", "value", "unit", "logits"], right: [1])
            for row in rows { table.add([row.name, fixed(row.value, 1), row.unit, row.hash ?? "-"]) }
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
