import Glibc
import Terminal
import Testing

@Suite struct TextTests {
    /// What attackers and broken models write: each must end as printable cells.
    static let payloads: [String] = [
        "\u{1B}[31mred\u{1B}[0m", "\u{1B}]0;title\u{7}", "\u{1B}]52;c;cm0gLXJm\u{1B}\\", "\u{1B}P+q544e\u{1B}\\", "\u{1B}_Ga=T\u{1B}\\",
        "\u{9B}31m", "\u{9D}0;x\u{9C}", "\u{90}x\u{9C}", "a\u{8}b\u{8}\u{8}", "line\rover", "two\nlines", "tab\there",
        "\u{0}\u{7}\u{E}\u{F}\u{7F}", "\u{1B}c", "\u{1B}[2J\u{1B}[H", "\u{1B}[?1049l", "\u{1B}[201~rm -rf", "\u{202E}gnp.exe\u{202C}",
        "\u{2066}\u{2069}\u{200E}\u{200F}\u{61C}", "\u{200B}\u{2060}\u{FEFF}\u{AD}\u{34F}", "\u{2028}\u{2029}\u{85}",
        "a\u{E0041}\u{E0042}\u{E007F}", "a\u{FE01}\u{FE02}\u{E0100}\u{E01EF}", "\u{FFF9}x\u{FFFA}y\u{FFFB}", "\u{115F}\u{3164}\u{FFA0}",
        String(String.UnicodeScalarView([0xFDD0, 0xFFFE, 0x10FFFF].compactMap(Unicode.Scalar.init(_:) as (UInt32) -> Unicode.Scalar?))),
        "e" + String(repeating: "\u{301}", count: 5000),
    ]

    @Test("No payload leaves a control, invisible or direction-turning scalar in a cell", arguments: payloads)
    func escapes(_ payload: String) {
        for x in [0, -3, 17] {
            var frame = Frame(width: 20, height: 1)
            frame.put(payload, x: x, y: 0)
            #expect(frame.flaw() == nil)
            var boxed = Frame(width: 20, height: 2)
            boxed.box(boxed.bounds, title: payload, label: payload, legend: payload)
            #expect(boxed.flaw() == nil)
        }
        var wide = Frame(width: 200, height: 1)
        wide.put(payload, x: 0, y: 0)
        #expect(!wide.dump().isEmpty)
    }

    @Test("What cannot be drawn is named")
    func marks() {
        var frame = Frame(width: 60, height: 1)
        frame.put("\u{1B}[m\u{0}\u{7F}\n\t\u{202E}\u{9B}\u{E0041}", x: 0, y: 0)
        #expect(frame.dump() == "␛[m␀␡␊␉<U+202E><U+009B><U+E0041>")
        var bytes = Frame(width: 40, height: 1)
        bytes.put(bytes: [0xF0, 0x9F, 0x41, 0xED, 0xA0, 0x80, 0xC0, 0xAF, 0xC3], x: 0, y: 0)
        #expect(bytes.dump() == "<F0><9F>A<ED><A0><80><C0><AF><C3>")
    }

    @Test("A grapheme is one glyph: marks, selectors, tones and joined tails do not add columns")
    func clusters() {
        #expect(TextWidth.columns("e\u{301}") == 1)
        #expect(TextWidth.columns("👍🏽") == 2)
        #expect(TextWidth.columns("👩‍👩‍👧") == 2)
        #expect(TextWidth.columns("❤️") == 1)
        #expect(TextWidth.columns("한국") == 4)
        #expect(TextWidth.columns("\u{1112}\u{1161}\u{11AB}") == 2)
        #expect(TextWidth.columns("\u{301}") == 1)
        #expect(TextWidth.columns("日本語 fin") == 10)
        // A joiner between letters hides nothing: it is named.
        #expect(TextWidth.columns("a\u{200D}b") == 10)
        let glyphs = TextWidth.glyphs(Array("a👩‍👧é\u{301}".utf8))
        #expect(glyphs.map(\.width) == [1, 2, 1])
        #expect(glyphs.last?.mark1 == 0x301)
    }

    @Test("The ranges of glyphs tile any bytes")
    func tiles() {
        var dice = Dice(3)
        for _ in 0..<500 {
            let bytes = (0..<40).map { _ in
                Bool.random(using: &dice)
                    ? UInt8.random(in: 0...255, using: &dice) : [0xE2, 0x80, 0x8D, 0xF0, 0x9F, 0x91, 0xA9].randomElement(using: &dice) ?? 0
            }
            var at = 0
            for glyph in TextWidth.glyphs(bytes) {
                #expect(glyph.range.lowerBound == at && !glyph.range.isEmpty)
                at = glyph.range.upperBound
            }
            #expect(at == bytes.count)
        }
    }

    @Test("Strict UTF-8: the decoder agrees with Swift's on every sequence of two bytes and on random ones")
    func utf8() {
        var dice = Dice(5)
        var samples: [[UInt8]] = []
        for first in UInt8(0x80)...0xFF { for second in stride(from: UInt8(0), through: 0xFF, by: 1) { samples.append([first, second]) } }
        for _ in 0..<20000 {
            samples.append([UInt8.random(in: 0xE0...0xF7, using: &dice)] + (0..<3).map { _ in UInt8.random(in: 0x70...0xCF, using: &dice) })
        }
        for bytes in samples {
            let ours = bytes.withUnsafeBufferPointer { TextWidth.decode($0, 0) }
            var decoder = UTF8()
            var iterator = bytes.makeIterator()
            var theirs: UInt32?
            if case .scalarValue(let scalar) = decoder.decode(&iterator) { theirs = scalar.value }
            #expect(ours?.value == theirs, "\(bytes)")
        }
    }

    @Test("Widths are those of the C library in the blocks that have long been settled")
    func widths() throws {
        let handle = try #require(dlopen(nil, RTLD_NOW))
        let symbol = try #require(dlsym(handle, "wcwidth"))
        let wcwidth = unsafeBitCast(symbol, to: (@convention(c) (Int32) -> Int32).self)
        try #require(setlocale(LC_CTYPE, "C.UTF-8") != nil)
        let blocks: [ClosedRange<UInt32>] = [
            0x20...0x7E, 0xA1...0xAC, 0xAE...0x34E, 0x350...0x377, 0x400...0x52F, 0x5D0...0x5EA, 0x621...0x65F, 0x905...0x939,
            0xE01...0xE3A, 0x1100...0x115E, 0x1161...0x11FF, 0x2010...0x2027, 0x20D0...0x20F0, 0x2190...0x23FF, 0x2500...0x2BFF,
            0x3041...0x3096,
            0x3099...0x30FF, 0x4E00...0x9FFF, 0xAC00...0xD7A3, 0xF900...0xFA6D, 0xFF01...0xFF60, 0x1F300...0x1F64F,
            0x20000...0x2A6D6,
        ]
        for block in blocks {
            for value in block {
                let theirs = wcwidth(Int32(value))
                if theirs >= 0, TextWidth.width(value) != Int(theirs) {
                    Issue.record("U+\(String(value, radix: 16)): \(TextWidth.width(value)), the C library says \(theirs)")
                    return
                }
            }
        }
    }

    @Test("Fitting cuts whole characters and says so")
    func fit() {
        #expect(TextWidth.fit("peppermint", 6) == "peppe…")
        #expect(TextWidth.fit("peppermint", 10) == "peppermint")
        #expect(TextWidth.fit("日本語", 4) == "日…")
        #expect(TextWidth.fit("日本語", 1) == "…")
        #expect(TextWidth.fit("x", 0) == "")
        for columns in 0..<12 { #expect(TextWidth.columns(TextWidth.fit("a日\u{1B}e\u{301}👩‍👧 z", columns)) <= columns) }
    }
}
