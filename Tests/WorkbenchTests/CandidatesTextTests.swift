import Testing
import Workbench

@Suite("Tokens as text") struct TokenTextTests {
    @Test("What a token is made of can be seen, and nothing of it steers the terminal", arguments: [
        ([UInt8](" men".utf8), "␣men"), (Array("\n\t".utf8), "⏎⇥"), ([0xF0, 0x9F], "<F0><9F>"), (Array("é".utf8), "é"), (Array("日本".utf8), "日本"),
        (Array("\u{202E}a".utf8), "<U+202E>a"), (Array("\u{1B}[31m".utf8), "␛[31m"), (Array("\u{A0}".utf8), "<U+00A0>"), ([], ""),
        (Array("\r".utf8), "␍"), ([0x20, 0xC3], "␣<C3>"), (Array(" \u{301}".utf8), "␣\u{301}"),
    ])
    func visible(_ bytes: [UInt8], _ text: String) { #expect(TokenText.visible(bytes).unicodeScalars.elementsEqual(text.unicodeScalars)) }
}
