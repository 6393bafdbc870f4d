import Terminal
import Tokenizer

/// How the panels write a token: what it is made of can be seen, and nothing of it steers the terminal.
package enum TokenText {
    /// `␣` for a space, `⏎` for a newline, `⇥` for a tab, `<F0>` for a byte that is not UTF-8, `<U+202E>` for what draws nothing.
    package static func visible(_ bytes: [UInt8]) -> String {
        var out = ""
        for glyph in TextWidth.glyphs(bytes) {
            switch glyph.kind {
            case .newline: out += "⏎"
            case .tab: out += "⇥"
            case .byte: out += "<" + hex(glyph.scalar, digits: 2) + ">"
            case .hidden: out += "<U+" + hex(glyph.scalar, digits: 4) + ">"
            case .space: out += glyph.scalar == 0x20 ? "␣" : "<U+" + hex(glyph.scalar, digits: 4) + ">"
            case .control: out.unicodeScalars.append(Unicode.Scalar(glyph.scalar) ?? "?")
            case .text:
                let text = String(decoding: bytes[glyph.range], as: UTF8.self)
                out += glyph.scalar == 0x20 ? "␣" + text.unicodeScalars.dropFirst().reduce(into: "") { $0.unicodeScalars.append($1) } : text
            }
        }
        return out
    }

    /// A token as the panels name it; one without text by its number.
    package static func name(_ id: TokenID, _ tokenizer: Tokenizer?) -> String {
        let bytes = tokenizer?.bytes(id) ?? []
        if bytes.isEmpty { return "id \(id)" }
        return tokenizer?.isSpecial(id) == true ? String(decoding: bytes, as: UTF8.self) : visible(bytes)
    }

    private static func hex(_ value: UInt32, digits: Int) -> String {
        let text = String(value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
