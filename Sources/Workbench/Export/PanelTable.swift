import Engine
import JSONText
import Tokenizer

/// A panel's numbers as a table, with what they are of: as CSV or as JSON.
///
/// Every file says model, settings, edits and prompt, so that it can be made again.
package struct PanelTable: Sendable {
    package var name: String
    /// What the numbers are of, in the order in which it is written.
    package var facts: [(key: String, value: JSON)] = []
    package var columns: [String]
    package var rows: [[JSON]]

    package init(_ name: String, _ columns: [String], _ rows: [[JSON]]) { (self.name, self.columns, self.rows) = (name, columns, rows) }

    /// A line `# key: value` for each fact, then the names of the columns, then the rows.
    package var csv: String {
        var out = facts.map { "# \($0.key): \($0.value.text)\r\n" }.joined()
        out += columns.map(Self.cell).joined(separator: ",") + "\r\n"
        for row in rows { out += row.map { Self.cell(Self.plain($0)) }.joined(separator: ",") + "\r\n" }
        return out
    }

    package var json: String {
        let rows = rows.map { row in JSON.object(Array(zip(columns, row))) }
        return JSON.object([("panel", .string(name))] + facts.map { ($0.key, $0.value) } + [("rows", .array(rows))]).text + "\n"
    }

    private static func plain(_ value: JSON) -> String {
        switch value {
        case .null: ""
        case .string(let text): text
        case .literal(let text): text
        default: value.text
        }
    }

    /// Source: RFC 4180.
    static func cell(_ text: String) -> String {
        guard text.utf8.contains(where: { [0x0A, 0x0D, 0x22, 0x2C].contains($0) }) else { return text }
        return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}

extension JSON {
    static func optional(_ value: (some BinaryFloatingPoint & CustomStringConvertible)?) -> JSON { value.map { .number($0) } ?? .null }
}
