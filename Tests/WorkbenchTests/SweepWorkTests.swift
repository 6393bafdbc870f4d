import Engine
import Foundation
import Laboratory
import Testing
import Tokenizer
import Workbench

/// Reports on their way to the test's thread.
final class Box: @unchecked Sendable {
    private let condition = NSCondition()
    private var reports: [Workbench.Report] = []

    func put(_ report: Workbench.Report) {
        condition.lock()
        reports.append(report)
        condition.signal()
        condition.unlock()
    }

    func next(within seconds: Double) -> Workbench.Report? {
        let deadline = Date().addingTimeInterval(seconds)
        condition.lock()
        defer { condition.unlock() }
        while reports.isEmpty { if !condition.wait(until: deadline) { return nil } }
        return reports.removeFirst()
    }
}

/// The worker with the tiny model and a folder of its own, driven from the test's thread.
final class Bench {
    private let box = Box()
    let worker: Worker
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("terrarium-sweep-\(UUID().uuidString)").path

    init() throws {
        worker = Worker(threads: 1) { [box] in box.put($0) }
        try Tiny.file { path in
            worker.load(path)
            while let report = next() { if case .loaded = report { return } }
        }
    }

    func end() {
        worker.quit()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// The next report; nil where none comes in time.
    func next(within seconds: Double = 60) -> Workbench.Report? { box.next(within: seconds) }

    func order(_ number: Int, _ experiment: Experiment) -> SweepOrder {
        var order = SweepOrder(number: number, experiment: experiment, model: Tiny.model.fingerprint)
        order.folder = folder + "/results/words"
        return order
    }

    func wish(_ number: Int) {
        var wish = Wish()
        wish.ids = Tiny.model.tokenizer.encode(Array("English: otter \(number)".utf8))
        (wish.number, wish.version, wish.position) = (number, number, wish.ids.count)
        worker.want(wish)
    }
}

@Suite("The laboratory's sweep in the worker", .serialized) struct SweepWorkTests {
    private let experiment: Experiment
    private let alone: [CellResult]

    init() throws {
        experiment = try Colours.experiment()
        var sweep = Sweep(experiment)
        try sweep.run(Session(Tiny.model, threads: 1).scorer())
        alone = sweep.results
    }

    @Test("with wishes, a generation and a comparison in between it gives what the sweep gives alone, bit for bit") func between() throws {
        let bench = try Bench()
        defer { bench.end() }
        bench.worker.sweep(bench.order(1, experiment))
        var cells: [CellResult] = [], isDone = false, settled = 0, compared = 0, ended = 0, sent = 0
        bench.wish(0)
        while !isDone || settled < sent, let report = bench.next() {
            switch report {
            case .swept(1, .cell(let cell, let conditions)):
                cells.append(cell)
                #expect(conditions[.sum]?.first == Condition(cells, shots: cell.cell.shots, experiment, .sum))
                sent += 1
                bench.wish(sent)
                let ids = Tiny.model.tokenizer.encode(Array(" men pe".utf8))
                if cells.count == 2 { bench.worker.compare(CompareOrder(number: 1, a: ids, b: Array(ids.reversed()))) }
                if cells.count == 3 {
                    var state = State.desk(" men pe")
                    state.sampling.maxTokens = 5
                    for case .generate(let order) in state.press(keys: .ctrl("g")) { bench.worker.generate(order) }
                }
            case .swept(1, .done): isDone = true
            case .swept(_, .failed(let sentence)): Issue.record("\(sentence)")
            case .settled(let number): settled = max(settled, number)
            case .compared: compared += 1
            case .ended:
                ended += 1
                // A stream leaves aside what of a wish is far from the cursor.
                sent += 1
                bench.wish(sent)
            default: break
            }
        }
        #expect(cells == alone && settled == sent && compared > 0 && ended == 1)
    }

    @Test("held it stands still, goes on where it was, and a later start finds every cell on the disk") func pause() throws {
        let bench = try Bench()
        defer { bench.end() }
        bench.worker.sweep(bench.order(1, experiment))
        var cells: [CellResult] = []
        while cells.count < 2, let report = bench.next() { if case .swept(1, .cell(let cell, _)) = report { cells.append(cell) } }
        bench.worker.holdSweep(true)
        // A wish that is settled after it was held: whatever ran by then has ended.
        bench.wish(1)
        settle: while let report = bench.next() {
            switch report {
            case .swept(1, .cell(let cell, _)): cells.append(cell)
            case .settled(1): break settle
            default: break
            }
        }
        #expect(bench.next(within: 0.1) == nil)
        let held = cells.count
        bench.worker.holdSweep(false)
        while cells.count < 4, let report = bench.next() { if case .swept(1, .cell(let cell, _)) = report { cells.append(cell) } }
        #expect(held < 4 && cells.count == 4)

        // Another order takes its place and its folder.
        bench.worker.endSweep()
        bench.worker.sweep(bench.order(2, experiment))
        var found: [CellResult] = [], later: [CellResult] = []
        loop: while let report = bench.next() {
            switch report {
            case .swept(1, .cell(let cell, _)): cells.append(cell)
            case .swept(2, .found(let there, let conditions)):
                found = there
                #expect(conditions[.sum] == Condition.all(there, experiment, .sum))
            case .swept(2, .cell(let cell, _)): later.append(cell)
            case .swept(2, .done): break loop
            case .swept(2, .failed(let sentence)):
                Issue.record("\(sentence)")
                break loop
            default: break
            }
        }
        #expect(found == cells && found + later == alone)
        #expect(Set(try StoredResults(folder: bench.order(2, experiment).folder).sets[0].cells.map(\.cell)).count == alone.count)
    }

    @Test("looking makes nothing, and tells the data's remarks and the cost") func look() throws {
        let bench = try Bench()
        defer { bench.end() }
        var told: [String] = [], found: [CellResult]?
        SweepWork.look(bench.order(1, experiment), SweepWork.Lengths(model: Tiny.model)) { report in
            if case .swept(1, .about(let remarks, let cost)) = report { told = remarks + [cost] }
            if case .swept(1, .found(let there, _)) = report { found = there }
        }
        #expect(found == [] && !FileManager.default.fileExists(atPath: bench.folder))
        #expect(told.last?.hasPrefix("5 cells: 25 prompts") == true)
        var crowded = experiment
        (crowded.shots, crowded.seeds) = ([.count(5)], 2)
        SweepWork.look(bench.order(2, crowded), SweepWork.Lengths(model: Tiny.model)) { report in
            if case .swept(2, .about(let remarks, _)) = report { told = remarks }
        }
        #expect(told.contains { $0.contains("pool of 6") }, "\(told)")
    }

    @Test("a folder of results is named after the file, and not the same for two of one name") func names() {
        let places = Locations(program: "/usr/bin/terrarium") { ["HOME": "/h"][$0] }
        let one = places.results(of: "/a/ex/Wörter 1.yaml"), other = places.results(of: "/b/ex/Wörter 1.yaml")
        #expect(one.hasPrefix("/h/.local/share/terrarium/results/W-rter-1-") && one != other && other.hasPrefix("/h/.local/share/terrarium/results/W-rter-1-"))
        #expect(places.results(of: "/x/...yaml").split(separator: "/").last?.first == "-")
    }
}
