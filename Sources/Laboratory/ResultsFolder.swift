import Foundation
import Glibc
import JSONText
import Tokenizer

/// The folder of `--out`: `cells.jsonl` has a line a finished cell, `items.jsonl` a line a test item of those.
///
/// A cell is written whole and synced, its items first, so that what a crash leaves of one is dropped when the run goes on.
/// Several experiments, and models, may share a folder: each counts its own lines.
package final class ResultsFolder {
    /// What the folder already holds of this experiment.
    package private(set) var done: [CellResult] = []
    private let experiment: Experiment
    private let fingerprint: String
    private let model: String
    private let cellsPath: String
    private let itemsPath: String
    private let cells: Int32
    private let items: Int32
    private var cellsEnd = 0
    private var itemsEnd = 0

    /// - Parameter model: its fingerprint; lines of other models and experiments are kept and not counted.
    /// Throws: when the folder has results and `resume` is false, is in use, or cannot be written.
    package init(_ path: String, experiment: Experiment, model: String, resume: Bool) throws(ExperimentError) {
        self.experiment = experiment
        self.model = model
        fingerprint = Fingerprint.of(experiment, model: model)
        cellsPath = path + "/cells.jsonl"
        itemsPath = path + "/items.jsonl"
        if mkdir(path, 0o777) != 0, errno != EEXIST { throw InputFile.failure(path) }
        cells = open(cellsPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
        guard cells >= 0 else { throw InputFile.failure(cellsPath) }
        items = open(itemsPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
        guard items >= 0 else {
            let failure = InputFile.failure(itemsPath)
            close(cells)
            throw failure
        }
        // A process just begun holds its parent's files, and with them a lock given back, until it is another program.
        for _ in 0..<20 where flock(cells, LOCK_EX | LOCK_NB) != 0 { usleep(25_000) }
        guard flock(cells, LOCK_EX | LOCK_NB) == 0 else { throw ExperimentError(path: path, fact: .busy) }
        let old = try InputFile.readAll(cells, cellsPath, limit: ItemFile.sizeLimit)
        guard resume || old.isEmpty else { throw ExperimentError(path: path, fact: .notFresh) }
        try take(old)
        guard ftruncate(cells, off_t(cellsEnd)) == 0 else { throw InputFile.failure(cellsPath) }
        guard ftruncate(items, off_t(itemsEnd)) == 0 else { throw InputFile.failure(itemsPath) }
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if folder >= 0 {
            fsync(folder)
            close(folder)
        }
    }

    deinit {
        close(items)
        close(cells)
    }

    /// Adds a cell and its items; on return both are on the disk.
    package func append(_ result: CellResult) throws(ExperimentError) {
        let text = result.items.map { $0.json(result.cell, experiment).text + "\n" }.joined()
        try write(Array(text.utf8), to: items, at: itemsEnd, itemsPath)
        let end = itemsEnd + text.utf8.count
        let correct: [(String, JSON)] = experiment.kind == .completion ? [("matches", .integer(result.correct(.sum)))]
            : experiment.rules.map { ($0.rawValue, .integer(result.correct($0))) }
        let fields: [(String, JSON)] = [
            ("experiment", .string(fingerprint)), ("title", .string(experiment.title)), ("test", .string(Fingerprint.of(test: experiment))),
            ("model", .string(model)),
        ] + result.cell.json + [
            ("used", .integer(result.shots)), ("items", .integer(result.items.count)), ("correct", .object(correct)),
            ("merges", .integer(result.merges)), ("truncated", .integer(result.truncated)), ("items_end", .integer(end)),
        ]
        let line = JSON.object(fields).text + "\n"
        try write(Array(line.utf8), to: cells, at: cellsEnd, cellsPath)
        cellsEnd += line.utf8.count
        itemsEnd = end
        done.append(result)
    }

    private func take(_ bytes: [UInt8]) throws(ExperimentError) {
        let old = try InputFile.readAll(items, itemsPath, limit: StoredResults.itemsLimit)
        let stored = try StoredResults(cells: bytes, items: old, cellsPath: cellsPath, itemsPath: itemsPath, only: fingerprint)
        done = stored.sets.first { $0.experiment == fingerprint }?.cells ?? []
        (cellsEnd, itemsEnd) = (stored.cellsEnd, stored.itemsEnd)
    }

    private func write(_ bytes: [UInt8], to descriptor: Int32, at offset: Int, _ path: String) throws(ExperimentError) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                pwrite(descriptor, $0.baseAddress.map { $0 + written }, bytes.count - written, off_t(offset + written))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw InputFile.failure(path) }
            written += count
        }
        guard fsync(descriptor) == 0 else { throw InputFile.failure(path) }
    }
}
