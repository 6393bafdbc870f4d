import Foundation

/// The pool and the test file: a JSON object a line, or a table with a first row of names.
package enum ItemFile {
    /// Unit: bytes.
    static let sizeLimit = 64 << 20
    static let countLimit = 100_000

    /// - Parameter lists: columns of a table that hold several texts, parted by `|`.
    package static func parse(_ bytes: [UInt8], path: String, lists: Set<String> = []) throws(ExperimentError) -> [Experiment.Item] {
        let text = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? bytes[3...] : bytes[...]
        let name = path.lowercased()
        if name.hasSuffix(".jsonl") { return try objects(text, path) }
        if name.hasSuffix(".csv") { return try table(text, path, UInt8(ascii: ","), lists) }
        if name.hasSuffix(".tsv") { return try table(text, path, UInt8(ascii: "\t"), lists) }
        throw ExperimentError(path: path, fact: .unknownEnding)
    }

    private static func objects(_ text: ArraySlice<UInt8>, _ path: String) throws(ExperimentError) -> [Experiment.Item] {
        var items: [Experiment.Item] = []
        let decoder = JSONDecoder()
        for (index, line) in text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            guard line.contains(where: { $0 > UInt8(ascii: " ") }) else { continue }
            guard items.count < countLimit else { throw ExperimentError(path: path, fact: .tooMany(what: "items", limit: countLimit)) }
            let values: [String: Value]
            do {
                values = try decoder.decode([String: Value].self, from: Data(line))
            } catch {
                throw ExperimentError(path: path, line: index + 1, fact: .notObject)
            }
            var item = Experiment.Item(fields: [:], line: index + 1)
            for (name, value) in values.sorted(by: { $0.key < $1.key }) {
                guard item.set(name, value.texts, isList: value.isList) else { throw ExperimentError(path: path, line: index + 1, fact: .fieldType(name)) }
            }
            items.append(item)
        }
        return items
    }

    private static func table(_ text: ArraySlice<UInt8>, _ path: String, _ delimiter: UInt8, _ lists: Set<String>) throws(ExperimentError)
        -> [Experiment.Item] {
        var names: [String] = [], items: [Experiment.Item] = []
        var table = Table(text, delimiter: delimiter, path: path)
        while let row = try table.next() {
            if names.isEmpty {
                names = row.fields
                for (index, name) in names.enumerated() {
                    guard !name.isEmpty else { throw ExperimentError(path: path, line: row.line, fact: .unnamedColumn(index + 1)) }
                    guard !names[..<index].contains(name) else { throw ExperimentError(path: path, line: row.line, fact: .repeatedColumn(name)) }
                }
                continue
            }
            guard row.fields.count == names.count else {
                throw ExperimentError(path: path, line: row.line, fact: .ragged(found: row.fields.count, expected: names.count))
            }
            guard items.count < countLimit else { throw ExperimentError(path: path, fact: .tooMany(what: "items", limit: countLimit)) }
            var item = Experiment.Item(fields: [:], line: row.line)
            for (name, field) in zip(names, row.fields) {
                let isList = lists.contains(name)
                let texts = isList ? field.split(separator: "|", omittingEmptySubsequences: false).map { Matching.trimmed($0) } : [field]
                _ = item.set(name, texts, isList: isList)
            }
            items.append(item)
        }
        return items
    }

    /// A field's texts; nil stands for what is no text.
    private struct Value: Decodable {
        var texts: [String?] = []
        var isList = false

        init(from decoder: any Decoder) throws {
            if var list = try? decoder.unkeyedContainer() {
                isList = true
                while !list.isAtEnd {
                    // Even what is no text must be read, or the list would never end.
                    let value = try list.decode(Value.self)
                    texts.append(value.isList ? nil : value.texts.first ?? nil)
                }
            } else {
                texts = [Self.text(try decoder.singleValueContainer())]
            }
        }

        private static func text(_ container: any SingleValueDecodingContainer) -> String? {
            if let text = try? container.decode(String.self) { return text }
            if let truth = try? container.decode(Bool.self) { return truth ? "true" : "false" }
            if let whole = try? container.decode(Int.self) { return String(whole) }
            return (try? container.decode(Double.self)).map { String($0) }
        }
    }
}

extension Experiment.Item {
    /// False where a text is missing.
    mutating func set(_ name: String, _ texts: [String?], isList: Bool) -> Bool {
        let found = texts.compactMap { $0 }
        guard found.count == texts.count, let first = found.first else { return false }
        fields[name] = first
        if isList { lists[name] = found }
        return true
    }
}
