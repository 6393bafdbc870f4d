/// Text with places `{{name}}`; any other `{{` is text.
package struct Template: Sendable, Equatable {
    enum Part: Sendable, Equatable {
        case text([UInt8])
        case field(String)
    }

    package let source: String
    let parts: [Part]

    package init(_ source: String) {
        self.source = source
        parts = Self.parse(Array(source.utf8))
    }

    /// The names of its places, each once, in order.
    package var fields: [String] {
        var seen: [String] = []
        for case .field(let name) in parts where !seen.contains(name) { seen.append(name) }
        return seen
    }

    /// The text with its places filled; values are not read as templates again, and a missing one is left empty.
    package func filled(_ values: [String: String]) -> [UInt8] {
        var bytes: [UInt8] = []
        for part in parts {
            switch part {
            case .text(let text): bytes += text
            case .field(let name): bytes += Array((values[name] ?? "").utf8)
            }
        }
        return bytes
    }

    private static func parse(_ bytes: [UInt8]) -> [Part] {
        let open = UInt8(ascii: "{"), close = UInt8(ascii: "}")
        var parts: [Part] = []
        var text: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == open, index + 1 < bytes.count, bytes[index + 1] == open {
                var end = index + 2
                while end < bytes.count, isName(bytes[end], first: end == index + 2) { end += 1 }
                if end > index + 2, end + 1 < bytes.count, bytes[end] == close, bytes[end + 1] == close {
                    if !text.isEmpty { parts.append(.text(text)) }
                    text = []
                    parts.append(.field(String(decoding: bytes[index + 2..<end], as: UTF8.self)))
                    index = end + 2
                    continue
                }
            }
            text.append(bytes[index])
            index += 1
        }
        if !text.isEmpty { parts.append(.text(text)) }
        return parts
    }

    private static func isName(_ byte: UInt8, first: Bool) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): !first
        default: false
        }
    }
}
