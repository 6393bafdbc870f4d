/// Where text stopped being JSON.
package struct JSONFault: Error, Sendable, Equatable, CustomStringConvertible {
    /// Unit: bytes from the start.
    package let at: Int
    package let expected: String
    package var description: String { "is not JSON: \(expected) was expected at byte \(at)" }
}

extension JSON {
    /// Reads one value and nothing behind it, in time proportional to the text.
    ///
    /// Strings keep their bytes: nothing is normalised, so that keys which look alike stay two. Half of a surrogate pair alone is U+FFFD.
    /// Source: RFC 8259.
    /// Throws: at the first byte that is not JSON, or where arrays and objects are nested deeper than 128.
    package init(parsing bytes: [UInt8]) throws(JSONFault) {
        var reader = JSONReader(bytes)
        self = try reader.value(depth: 0)
        try reader.end()
    }

    package var asString: String? { if case .string(let text) = self { text } else { nil } }
    package var asArray: [JSON]? { if case .array(let values) = self { values } else { nil } }
    package var asObject: [(String, JSON)]? { if case .object(let fields) = self { fields } else { nil } }
    package var asBool: Bool? { if case .literal(let text) = self { text == "true" ? true : text == "false" ? false : nil } else { nil } }
    package var asDouble: Double? { if case .literal(let text) = self { Double(text) } else { nil } }
    /// A whole number, `1e3` and `4.0` among them.
    package var asInt: Int? {
        guard case .literal(let text) = self else { return nil }
        return Int(text) ?? Double(text).flatMap { Int(exactly: $0) }
    }
    package var isNull: Bool { if case .null = self { true } else { false } }

    /// The last field of this name, byte by byte.
    package subscript(_ name: String) -> JSON? {
        guard case .object(let fields) = self else { return nil }
        return fields.last { $0.0.utf8.elementsEqual(name.utf8) }?.1
    }
}

private struct JSONReader {
    private let bytes: [UInt8]
    private var at = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    private var next: UInt8? { at < bytes.count ? bytes[at] : nil }

    private mutating func space() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { at += 1 }
    }

    private func fault(_ expected: String) -> JSONFault { JSONFault(at: at, expected: expected) }

    mutating func end() throws(JSONFault) {
        space()
        guard next == nil else { throw fault("the end") }
    }

    mutating func value(depth: Int) throws(JSONFault) -> JSON {
        guard depth <= 128 else { throw fault("less than 128 levels") }
        space()
        switch next {
        case UInt8(ascii: "{"): return try object(depth)
        case UInt8(ascii: "["): return try array(depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true")
        case UInt8(ascii: "f"): return try word("false")
        case UInt8(ascii: "n"): return try word("null")
        default: return .literal(try number())
        }
    }

    private mutating func word(_ text: String) throws(JSONFault) -> JSON {
        guard bytes[at...].starts(with: text.utf8) else { throw fault(text) }
        at += text.utf8.count
        return text == "null" ? .null : .literal(text)
    }

    /// Whether the list that was opened goes on behind a comma, or behind its opening.
    private mutating func goesOn(_ isFirst: Bool, _ close: UInt8) throws(JSONFault) -> Bool {
        space()
        if next == close {
            at += 1
            return false
        }
        guard !isFirst else { return true }
        guard next == UInt8(ascii: ",") else { throw fault("a comma or an end") }
        at += 1
        return true
    }

    private mutating func object(_ depth: Int) throws(JSONFault) -> JSON {
        at += 1
        var fields: [(String, JSON)] = []
        while try goesOn(fields.isEmpty, UInt8(ascii: "}")) {
            space()
            guard next == UInt8(ascii: "\"") else { throw fault("a name") }
            let name = try string()
            space()
            guard next == UInt8(ascii: ":") else { throw fault("a colon") }
            at += 1
            fields.append((name, try value(depth: depth + 1)))
        }
        return .object(fields)
    }

    private mutating func array(_ depth: Int) throws(JSONFault) -> JSON {
        at += 1
        var values: [JSON] = []
        while try goesOn(values.isEmpty, UInt8(ascii: "]")) { values.append(try value(depth: depth + 1)) }
        return .array(values)
    }

    private mutating func number() throws(JSONFault) -> String {
        let start = at
        func isDigit(_ byte: UInt8?) -> Bool { byte.map { (0x30...0x39).contains($0) } ?? false }
        func digits(_ at: inout Int) -> Bool {
            let first = at
            while at < bytes.count, isDigit(bytes[at]) { at += 1 }
            return at > first
        }
        if next == UInt8(ascii: "-") { at += 1 }
        let whole = at
        guard digits(&at) else { throw fault("a value") }
        if bytes[whole] == UInt8(ascii: "0"), at > whole + 1 { throw fault("a number without zeros before it") }
        if next == UInt8(ascii: ".") {
            at += 1
            guard digits(&at) else { throw fault("a digit") }
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            at += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { at += 1 }
            guard digits(&at) else { throw fault("a digit") }
        }
        return String(decoding: bytes[start..<at], as: UTF8.self)
    }

    private mutating func string() throws(JSONFault) -> String {
        at += 1
        let start = at
        while let byte = next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { at += 1 }
        if next == UInt8(ascii: "\"") { return try text(bytes[start..<at]) }
        var out = Array(bytes[start..<at])
        while let byte = next, byte != UInt8(ascii: "\"") {
            guard byte >= 0x20 else { throw fault("an escaped control character") }
            at += 1
            if byte == UInt8(ascii: "\\") { try escape(into: &out) } else { out.append(byte) }
        }
        guard next != nil else { throw fault("the end of a string") }
        return try text(out[...])
    }

    private mutating func text(_ bytes: ArraySlice<UInt8>) throws(JSONFault) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw fault("a string in UTF-8") }
        at += 1
        return text
    }

    private mutating func escape(into out: inout [UInt8]) throws(JSONFault) {
        guard let byte = next else { throw fault("an escape") }
        at += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): out.append(byte)
        case UInt8(ascii: "b"): out.append(0x08)
        case UInt8(ascii: "f"): out.append(0x0C)
        case UInt8(ascii: "n"): out.append(0x0A)
        case UInt8(ascii: "r"): out.append(0x0D)
        case UInt8(ascii: "t"): out.append(0x09)
        case UInt8(ascii: "u"):
            let first = try unit()
            var units = [first]
            if UTF16.isLeadSurrogate(first), bytes[at...].starts(with: "\\u".utf8) {
                let mark = at
                at += 2
                let second = try unit()
                if UTF16.isTrailSurrogate(second) { units.append(second) } else { at = mark }
            }
            out.append(contentsOf: String(decoding: units, as: UTF16.self).utf8)
        default:
            at -= 1
            throw fault("an escape")
        }
    }

    private mutating func unit() throws(JSONFault) -> UInt16 {
        guard at + 4 <= bytes.count, let unit = UInt16(String(decoding: bytes[at..<at + 4], as: UTF8.self), radix: 16),
              bytes[at] != UInt8(ascii: "+") else { throw fault("four hexadecimal digits") }
        at += 4
        return unit
    }
}
