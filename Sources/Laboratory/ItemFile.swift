import Foundation

/// The pool and the test file: a JSON object a line, whose values are texts, numbers, true or false.
enum ItemFile {
    /// Unit: bytes.
    static let sizeLimit = 64 << 20
    static let countLimit = 100_000

    static func parse(_ bytes: [UInt8], path: String) throws(ExperimentError) -> [Experiment.Item] {
        var items: [Experiment.Item] = []
        let text = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? bytes[3...] : bytes[...]
        for (index, line) in text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            guard line.contains(where: { $0 > UInt8(ascii: " ") }) else { continue }
            guard items.count < countLimit else { throw ExperimentError(path: path, fact: .tooMany(what: "items", limit: countLimit)) }
            let values: [String: Value]
            do {
                values = try JSONDecoder().decode([String: Value].self, from: Data(line))
            } catch {
                throw ExperimentError(path: path, line: index + 1, fact: .notObject)
            }
            var fields: [String: String] = [:]
            for (name, value) in values {
                guard let text = value.text else { throw ExperimentError(path: path, line: index + 1, fact: .fieldType(name)) }
                fields[name] = text
            }
            items.append(Experiment.Item(fields: fields, line: index + 1))
        }
        return items
    }

    private struct Value: Decodable {
        let text: String?

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                self.text = text
            } else if let truth = try? container.decode(Bool.self) {
                text = truth ? "true" : "false"
            } else if let whole = try? container.decode(Int.self) {
                text = String(whole)
            } else if let real = try? container.decode(Double.self) {
                text = String(real)
            } else {
                text = nil
            }
        }
    }
}
