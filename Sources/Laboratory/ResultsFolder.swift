import Foundation
import Glibc

/// The folder of `--out`: `cells.jsonl` has a line a finished cell, `items.jsonl` a line a test item of those.
///
/// A cell is written whole and synced, its items first, so that what a crash leaves of one is dropped when the run goes on.
package final class ResultsFolder {
    /// What the folder already holds of this experiment.
    package private(set) var done: [CellResult] = []
    private let experiment: String
    private let labels: [String]
    private let cellsPath: String
    private let itemsPath: String
    private let cells: Int32
    private let items: Int32
    private var cellsEnd = 0
    private var itemsEnd = 0

    /// - Parameter fingerprint: of experiment and model; lines of others are kept and not counted.
    /// Throws: when the folder has results and `resume` is false, is in use, or cannot be written.
    package init(_ path: String, experiment: Experiment, fingerprint: String, resume: Bool) throws(ExperimentError) {
        self.experiment = fingerprint
        labels = experiment.labels
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
    package func append(_ result: CellResult, items results: [ItemResult]) throws(ExperimentError) {
        let text = results.map { Report.line($0, cell: result.cell, labels: labels) }.joined()
        try write(Array(text.utf8), to: items, at: itemsEnd, itemsPath)
        let end = itemsEnd + text.utf8.count
        let cell = result.cell
        let line = "{\"experiment\":\"\(experiment)\",\"shots\":\(cell.shots),\"seed\":\(cell.seed),\"order\":\(cell.order),"
            + "\"items\":\(result.items),\"sum\":\(result.correctSum),\"per_token\":\(result.correctPerToken),"
            + "\"merges\":\(result.merges),\"items_end\":\(end)}\n"
        try write(Array(line.utf8), to: cells, at: cellsEnd, cellsPath)
        cellsEnd += line.utf8.count
        itemsEnd = end
        done.append(result)
    }

    private struct Line: Decodable {
        let experiment: String
        let shots: Int, seed: Int, order: Int
        let items: Int, sum: Int, per_token: Int, merges: Int, items_end: Int
    }

    private func take(_ bytes: [UInt8]) throws(ExperimentError) {
        var facts = stat()
        guard fstat(items, &facts) == 0 else { throw InputFile.failure(itemsPath) }
        var start = 0, number = 1
        // What follows the last line end is a line that was never finished.
        while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            guard let line = try? JSONDecoder().decode(Line.self, from: Data(bytes[start..<end])),
                line.items_end >= itemsEnd, line.items_end <= Int(facts.st_size), line.items >= 0,
                (0...line.items).contains(line.sum), (0...line.items).contains(line.per_token)
            else { throw ExperimentError(path: cellsPath, line: number, fact: .badRecord) }
            if line.experiment == experiment {
                let cell = Cell(shots: line.shots, seed: line.seed, order: line.order)
                done.append(CellResult(
                    cell: cell, items: line.items, correctSum: line.sum, correctPerToken: line.per_token, merges: line.merges))
            }
            itemsEnd = line.items_end
            start = end + 1
            number += 1
        }
        cellsEnd = start
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
