import Foundation

/// What a folder of results holds, read without the experiments it is of.
package struct StoredResults {
    /// The cells of one experiment with one model.
    package struct Set: Sendable {
        package let experiment: String, title: String, test: String, model: String
        package fileprivate(set) var cells: [CellResult] = []
    }

    /// In the order in which they began.
    package private(set) var sets: [Set] = []
    /// Where the whole cells end. Unit: bytes.
    private(set) var cellsEnd = 0, itemsEnd = 0

    /// Unit: bytes.
    static let itemsLimit = 1 << 30

    /// Throws: where the folder has no results, or not only those of this program.
    package init(folder: String) throws(ExperimentError) {
        let (cells, items) = (folder + "/cells.jsonl", folder + "/items.jsonl")
        try self.init(cells: try InputFile.read(cells, limit: ItemFile.sizeLimit), items: try InputFile.read(items, limit: Self.itemsLimit),
                      cellsPath: cells, itemsPath: items)
        guard !sets.isEmpty else { throw ExperimentError(path: folder, fact: .noResults) }
    }

    /// - Parameter only: the experiment whose items are read; nil for all.
    init(cells: [UInt8], items: [UInt8], cellsPath: String, itemsPath: String, only: String? = nil) throws(ExperimentError) {
        let decoder = JSONDecoder()
        var start = 0, number = 1
        // What follows the last line end is a line that was never finished.
        while let end = cells[start...].firstIndex(of: UInt8(ascii: "\n")) {
            let data = Data(cells[start..<end])
            guard let line = try? decoder.decode(Line.self, from: data), let cell = try? decoder.decode(Cell.self, from: data),
                line.items_end >= itemsEnd, line.items_end <= items.count, line.items >= 0
            else { throw ExperimentError(path: cellsPath, line: number, fact: .badRecord) }
            if only == nil || only == line.experiment {
                let results = items[itemsEnd..<line.items_end].split(separator: UInt8(ascii: "\n"))
                    .compactMap { try? decoder.decode(ItemResult.self, from: Data($0)) }
                guard results.count == line.items else { throw ExperimentError(path: itemsPath, fact: .badRecord) }
                let place = sets.firstIndex { $0.experiment == line.experiment } ?? sets.count
                if place == sets.count { sets.append(Set(experiment: line.experiment, title: line.title, test: line.test, model: line.model)) }
                sets[place].cells.append(CellResult(cell: cell, shots: line.used, items: results))
            }
            itemsEnd = line.items_end
            start = end + 1
            number += 1
        }
        cellsEnd = start
    }

    private struct Line: Decodable {
        let experiment: String, title: String, test: String, model: String
        let used: Int, items: Int, items_end: Int
    }
}
