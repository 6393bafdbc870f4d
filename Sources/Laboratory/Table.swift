/// Rows of CSV or TSV.
///
/// A field in double quotes may hold delimiters, line ends and doubled quotes; blanks belong to the field; empty lines are no rows.
/// Source: RFC 4180.
struct Table {
    private let bytes: ArraySlice<UInt8>
    private let delimiter: UInt8
    private let path: String
    private var index: Int
    private var line = 1

    init(_ bytes: ArraySlice<UInt8>, delimiter: UInt8, path: String) {
        (self.bytes, self.delimiter, self.path, index) = (bytes, delimiter, path, bytes.startIndex)
    }

    /// - Returns: the next row with the line that it begins on, counted from 1.
    mutating func next() throws(ExperimentError) -> (fields: [String], line: Int)? {
        while atLineEnd { takeLineEnd() }
        guard index < bytes.endIndex else { return nil }
        let start = line
        var fields = [try field()]
        while index < bytes.endIndex, bytes[index] == delimiter {
            index += 1
            fields.append(try field())
        }
        takeLineEnd()
        return (fields, start)
    }

    private var atLineEnd: Bool {
        guard index < bytes.endIndex else { return false }
        return bytes[index] == 0x0A || (bytes[index] == 0x0D && index + 1 < bytes.endIndex && bytes[index + 1] == 0x0A)
    }

    private mutating func takeLineEnd() {
        guard atLineEnd else { return }
        index += bytes[index] == 0x0D ? 2 : 1
        line += 1
    }

    private mutating func field() throws(ExperimentError) -> String {
        let quote = UInt8(ascii: "\""), start = line
        var text: [UInt8] = []
        if index < bytes.endIndex, bytes[index] == quote {
            index += 1
            while true {
                guard index < bytes.endIndex else { throw ExperimentError(path: path, line: start, fact: .openQuote) }
                let byte = bytes[index]
                index += 1
                if byte == quote {
                    guard index < bytes.endIndex, bytes[index] == quote else { break }
                    index += 1
                }
                if byte == 0x0A { line += 1 }
                text.append(byte)
            }
            guard index == bytes.endIndex || atLineEnd || bytes[index] == delimiter else {
                throw ExperimentError(path: path, line: line, fact: .textAfterQuote)
            }
        } else {
            while index < bytes.endIndex, !atLineEnd, bytes[index] != delimiter {
                text.append(bytes[index])
                index += 1
            }
        }
        guard let text = String(validating: text, as: UTF8.self) else { throw ExperimentError(path: path, line: start, fact: .notText) }
        return text
    }
}
