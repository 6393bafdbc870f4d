import Foundation
import Testing

/// Kills `terrarium experiment` at any moment and goes on with `--resume`, until it has ended, again and again.
@Suite("A sweep that is killed", .serialized, .enabled(if: CommandLineRun.isReady, CommandLineRun.comment))
struct ExperimentKillTests {
    /// `TERRARIUM_KILLS` says how often; `scripts/kill-loop.sh` does it 500 times.
    @Test("kill -9 at any moment loses no cell and repeats none: resumed, a sweep leaves what an unbroken one leaves")
    func kills() throws {
        let environment = ProcessInfo.processInfo.environment
        let count = environment["TERRARIUM_KILLS"].flatMap { Int($0) } ?? 6
        let seed = environment["TERRARIUM_SEED"].flatMap { UInt64($0) } ?? .random(in: 0...999_999)
        var loop = try SweepKillLoop(seed: seed)
        let start = TerminalRun.now()
        func report() {
            print("\(loop.kills) kills of \(loop.sweeps) sweeps in \(Int(TerminalRun.now() - start)) s, seed \(seed): "
                + "\(loop.unfinished) left a cell begun on the disk, \(loop.resumed) cells were taken over")
        }
        while loop.kills < max(1, count) {
            try loop.sweep(kills: count)
            if loop.sweeps % 10 == 0 { report() }
        }
        report()
    }
}

private struct SweepKillLoop {
    private(set) var kills = 0, sweeps = 0
    /// Kills that left items of a cell without the line that counts them.
    private(set) var unfinished = 0
    /// Cells that were there when a run went on.
    private(set) var resumed = 0
    private let scratch: Scratch
    private let file: String
    private var dice: Dice
    /// What an unbroken run prints, writes, and takes in seconds.
    private let output: [UInt8]
    /// What it says of the data before it runs.
    private let remarks: String
    private let files: [String: [UInt8]]
    private let time: Double

    private static let names = ["cells.jsonl", "items.jsonl", "report.csv", "report.md", "curve.svg"]

    init(seed: UInt64) throws {
        (scratch, dice) = (try Scratch(), Dice(state: seed))
        file = try Self.experiment(in: scratch)
        let start = TerminalRun.now()
        let whole = try CommandLineRun.run("experiment", file, "--json", "--out", scratch.path("whole"))
        time = TerminalRun.now() - start
        #expect(whole.status == 0, "\(whole.errors)")
        (output, remarks) = (whole.output, whole.errors)
        files = try Dictionary(uniqueKeysWithValues: Self.names.map { [scratch] in ($0, try scratch.bytes("whole/" + $0)) })
    }

    /// Six words, good or bad: forty cells, of which some are copies of others.
    private static func experiment(in scratch: Scratch) throws -> String {
        func lines(_ words: [String]) -> String {
            words.enumerated().map { #"{"text": "\#($0.element)", "label": "\#($0.offset % 2 == 0 ? "good" : "bad")"}"# + "\n" }.joined()
        }
        try scratch.write("pool.jsonl", lines([
            "joy", "pain", "peace", "war", "gift", "theft", "health", "plague", "hope", "fear", "song", "scream", "honey", "poison", "friend", "foe",
        ]))
        try scratch.write("test.jsonl", lines(["love", "hate", "sun", "storm", "feast", "famine"]))
        return try scratch.write("e.yaml", """
            title: Words
            example: "{{text}} -> {{label}}\\n"
            query: "{{text}} ->"
            answer: " {{label}}"
            labels: [good, bad]
            pool: pool.jsonl
            test: test.jsonl
            shots: [0, 1, 2, 4, 8]
            seeds: 4
            orders: 2
            answer_context: "->"
            content_free: ["N/A", ""]

            """)
    }

    /// One sweep from its beginning to its end, killed on the way as often as the dice say.
    mutating func sweep(kills most: Int) throws {
        sweeps += 1
        let folder = "killed\(sweeps)"
        var cells: [UInt8] = []
        while true {
            let streams = try Scratch()
            let process = try Running(CommandLineRun(arguments: ["experiment", file, "--json", "--out", scratch.path(folder), "--resume"]), scratch: streams)
            // What is left to do takes a part of the time at most.
            if kills < most, cells.isEmpty || Int.random(in: 0..<6, using: &dice) > 0 {
                wait(folder)
                kill(process.id, SIGKILL)
            }
            let status = try process.wait()
            let left = lines(of: folder)
            #expect(left.starts(with: cells), "a finished cell was lost or changed")
            resumed += cells.count { $0 == 0x0A }
            cells = left
            if status == 0 {
                #expect(try streams.bytes("out") == output)
                break
            }
            let errors = String(decoding: try streams.bytes("err"), as: UTF8.self)
            #expect(status == 128 + SIGKILL && remarks.hasPrefix(errors), "\(errors)")
            kills += 1
            try check(folder, cells)
        }
        for name in Self.names { #expect(try scratch.bytes(folder + "/" + name) == files[name], "\(name) after \(kills) kills") }
        try once(cells)
    }

    /// Until any moment of a run, or until one where something has just been written.
    private mutating func wait(_ folder: String) {
        let start = TerminalRun.now()
        if Bool.random(using: &dice) {
            usleep(useconds_t(1e6 * Double.random(in: 0...time, using: &dice)))
            return
        }
        let name = folder + (Bool.random(using: &dice) ? "/items.jsonl" : "/cells.jsonl")
        var before = size(name), writes = Int.random(in: 1...12, using: &dice)
        while writes > 0, TerminalRun.now() - start < time {
            usleep(50)
            let now = size(name)
            if now != before { writes -= 1 }
            before = now
        }
        usleep(.random(in: 0...400, using: &dice))
    }

    private func size(_ name: String) -> Int {
        var status = stat()
        return stat(scratch.path(name), &status) == 0 ? Int(status.st_size) : 0
    }

    /// The whole lines.
    private func lines(of folder: String) -> [UInt8] {
        let bytes = (try? scratch.bytes(folder + "/cells.jsonl")) ?? []
        return Array(bytes[..<(bytes.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0)])
    }

    /// What a cell's line counts is there.
    private mutating func check(_ folder: String, _ cells: [UInt8]) throws {
        let items = (try? scratch.bytes(folder + "/items.jsonl")) ?? [], expected = try #require(files["items.jsonl"])
        let last = try cells.split(separator: 0x0A).last.map { try #require(try JSONSerialization.jsonObject(with: Data($0)) as? [String: Any]) }
        let end = last?["items_end"] as? Int ?? 0
        #expect(items.count >= end && items.prefix(end) == expected.prefix(end))
        if items.count > end { unfinished += 1 }
    }

    /// Each cell of the grid stands there once.
    private func once(_ cells: [UInt8]) throws {
        let names = try cells.split(separator: 0x0A).map { line in
            let cell = try #require(try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any])
            return ["shots", "seed", "order", "template"].map { "\(cell[$0] ?? "")" }
        }
        #expect(names.count == 40 && Set(names).count == 40)
    }
}
