/// A JSON value whose keys keep their order; JSONEncoder keeps none.
package enum JSON: Sendable {
    case null
    /// Already JSON.
    case literal(String)
    case string(String)
    case array([JSON])
    case object([(String, JSON)])

    package static func integer(_ value: some BinaryInteger) -> JSON { .literal("\(value)") }
    /// The shortest digits that give the number again; null where it is not finite.
    package static func number(_ value: some BinaryFloatingPoint & CustomStringConvertible) -> JSON {
        value.isFinite ? .literal(value.description) : .null
    }
    package static func strings(_ values: [String]) -> JSON { .array(values.map { .string($0) }) }

    package var text: String {
        var out = ""
        write(to: &out)
        return out
    }

    private func write(to out: inout String) {
        switch self {
        case .null: out += "null"
        case .literal(let text): out += text
        case .string(let text): Self.quote(text, to: &out)
        case .array(let values):
            out += "["
            for (index, value) in values.enumerated() {
                if index > 0 { out += "," }
                value.write(to: &out)
            }
            out += "]"
        case .object(let fields):
            out += "{"
            for (index, field) in fields.enumerated() {
                if index > 0 { out += "," }
                Self.quote(field.0, to: &out)
                out += ":"
                field.1.write(to: &out)
            }
            out += "}"
        }
    }

    /// Everything invisible is escaped, so that JSON on a terminal is harmless too.
    private static func quote(_ text: String, to out: inout String) {
        out += "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            case _ where isHidden(scalar):
                for unit in UTF16.encode(scalar) ?? .init() { out += "\\u" + hex(unit) }
            default: out.unicodeScalars.append(scalar)
            }
        }
        out += "\""
    }

    /// Controls, what turns the writing direction, and what draws nothing.
    package static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        guard scalar.value >= 0x7F else { return scalar.value < 0x20 }
        let properties = scalar.properties
        return switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: properties.isDefaultIgnorableCodePoint || properties.isNoncharacterCodePoint
        }
    }

    private static func hex(_ unit: UInt16) -> String {
        let digits = String(unit, radix: 16)
        return String(repeating: "0", count: 4 - digits.count) + digits
    }
}
