import Terminal
import Testing

@Suite struct KeyTests {
    private static func decode(_ text: String) -> [Event] {
        var decoder = KeyDecoder()
        return decoder.feed(Array(text.utf8)) + decoder.flush()
    }

    static let keys: [(String, Key)] = [
        ("a", .char("a")), ("é", .char("é")), ("日", .char("日")), ("😀", .char("😀")), (" ", .char(" ")), ("\r", .enter), ("\n", .ctrl("j")),
        ("\t", .tab), ("\u{7F}", .backspace), ("\u{8}", .backspace), ("\u{0}", .ctrl(" ")), ("\u{7}", .ctrl("g")),
        ("\u{1A}", .ctrl("z")), ("\u{1C}", .ctrl("\\")), ("\u{1D}", .ctrl("]")), ("\u{1F}", .ctrl("/")), ("\u{1B}", .escape),
        ("\u{1B}[A", .up), ("\u{1B}OA", .up), ("\u{1B}[B", .down), ("\u{1B}[C", .right), ("\u{1B}[D", .left),
        ("\u{1B}[H", .home), ("\u{1B}OF", .end), ("\u{1B}[1~", .home), ("\u{1B}[4~", .end), ("\u{1B}[7~", .home), ("\u{1B}[8~", .end),
        ("\u{1B}[2~", .insert), ("\u{1B}[3~", .delete), ("\u{1B}[5~", .pageUp), ("\u{1B}[6~", .pageDown), ("\u{1B}[Z", .backTab),
        ("\u{1B}OP", .f(1)), ("\u{1B}OS", .f(4)), ("\u{1B}[11~", .f(1)), ("\u{1B}[15~", .f(5)), ("\u{1B}[17~", .f(6)),
        ("\u{1B}[21~", .f(10)),
        ("\u{1B}[23~", .f(11)), ("\u{1B}[24~", .f(12)), ("\u{1B}[[A", .f(1)), ("\u{1B}[[E", .f(5)), ("\u{1B}[25~", .f(13)),
        ("\u{1B}[1;2A", .shift(.up)), ("\u{1B}[1;3A", .alt(.up)), ("\u{1B}[1;5C", .ctrl(.right)), ("\u{1B}[1;5H", .ctrl(.home)),
        ("\u{1B}[1;6D", Key(.left, [.shift, .ctrl])), ("\u{1B}[5;2~", .shift(.pageUp)), ("\u{1B}[3;5~", .ctrl(.delete)),
        ("\u{1B}[1;2P", .shift(.f(1))), ("\u{1B}[1;9B", .alt(.down)), ("\u{1B}[a", .shift(.up)), ("\u{1B}Oc", .ctrl(.right)),
        ("\u{1B}[3$", .shift(.delete)), ("\u{1B}[7^", .ctrl(.home)), ("\u{1B}x", .alt("x")), ("\u{1B}é", .alt("é")),
        ("\u{1B}\r", .alt(.enter)), ("\u{1B}\u{7F}", .alt(.backspace)), ("\u{1B}[", .alt("[")), ("\u{1B}O", .alt("O")),
        ("\u{1B}]", .alt("]")),
        ("\u{1B}[13;2u", .shift(.enter)), ("\u{1B}[27;5;13~", .ctrl(.enter)), ("\u{1B}[97;5u", .ctrl("a")), ("\u{1B}[9;2u", .backTab),
        ("\u{1B}Op", .char("0")), ("\u{1B}OM", .enter),
    ]

    @Test("Keys of xterm, rxvt, the Linux console and CSI u", arguments: keys)
    func key(_ bytes: String, _ key: Key) {
        #expect(KeyTests.decode(bytes) == [.key(key)])
    }

    @Test("Every key is the same however its bytes are split")
    func split() {
        for (text, key) in KeyTests.keys {
            let bytes = Array(text.utf8)
            for cut in 1..<max(2, bytes.count) where cut < bytes.count {
                var decoder = KeyDecoder()
                var events = decoder.feed(bytes[..<cut])
                events += decoder.feed(bytes[cut...])
                events += decoder.flush()
                #expect(events == [.key(key)], "\(bytes) cut at \(cut)")
            }
        }
    }

    @Test(
        "Unknown sequences are swallowed and what follows is not lost",
        arguments: [
            "\u{1B}[?2026;2$y", "\u{1B}[>1;10;0c", "\u{1B}[12;40R", "\u{1B}[999~", "\u{1B}[201~", "\u{1B}]10;rgb:0/0/0\u{7}",
            "\u{1B}]10;rgb:0/0/0\u{1B}\\",
            "\u{1B}P1$r0m\u{1B}\\", "\u{1B}_Gi=1;OK\u{1B}\\", "\u{1B}OZ", "\u{1B}[<1;2M", "\u{1B}[M !!",
            "\u{1B}[1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1X",
            "\u{1B}[99999999999999999999999~", "\u{1B}[57399u", "\u{80}", "\u{9B}",
        ])
    func unknown(_ bytes: String) {
        #expect(KeyTests.decode(bytes + "q") == [.key(.char("q"))])
        var decoder = KeyDecoder()
        var events: [Event] = []
        for byte in Array(bytes.utf8) + [0x71] { events += decoder.feed([byte]) }
        #expect(events + decoder.flush() == [.key(.char("q"))])
    }

    @Test("Bytes that are not UTF-8 type nothing")
    func invalid() {
        var decoder = KeyDecoder()
        #expect(decoder.feed([0xFF, 0xC0, 0xAF, 0xED, 0xA0, 0x80, 0x80, 0x61]) == [.key(.char("a"))])
        #expect(decoder.feed([0xC3]) == [])
        #expect(!decoder.needsFlush)
        #expect(decoder.feed([0xA9]) == [.key(.char("é"))])
        #expect(decoder.feed([0xE2, 0x82, 0x71]) == [.key(.char("q"))])
    }

    @Test("A lone ESC waits for the quiet moment; two are two")
    func escape() {
        var decoder = KeyDecoder()
        #expect(decoder.feed([0x1B]) == [])
        #expect(decoder.needsFlush)
        #expect(decoder.flush() == [.key(.escape)])
        #expect(!decoder.needsFlush)
        #expect(decoder.feed([0x1B, 0x1B]) + decoder.flush() == [.key(.escape), .key(.escape)])
        #expect(decoder.feed(Array("\u{1B}[1;".utf8)) == [])
        #expect(decoder.flush() == [])
        #expect(decoder.feed(Array("5A".utf8)) == [.key(.ctrl(.up))])
    }

    @Test("An endless sequence keeps little and ends at last")
    func endless() {
        var decoder = KeyDecoder()
        for start in ["\u{1B}[", "\u{1B}]", "\u{1B}P"] {
            #expect(decoder.feed(Array(start.utf8)) == [])
            for _ in 0..<100 { #expect(decoder.feed([UInt8](repeating: 0x31, count: 1000)) == []) }
            #expect(decoder.feed(Array((start == "\u{1B}[" ? "~" : "\u{7}").utf8)) == [])
            #expect(decoder.feed([0x71]) == [.key(.char("q"))])
        }
    }

    @Test("Mouse reports")
    func mouse() {
        #expect(KeyTests.decode("\u{1B}[<0;1;1M") == [.mouse(Mouse(.press, x: 0, y: 0))])
        #expect(KeyTests.decode("\u{1B}[<2;300;40m") == [.mouse(Mouse(.release, x: 299, y: 39, button: .right))])
        #expect(KeyTests.decode("\u{1B}[<32;5;6M") == [.mouse(Mouse(.drag, x: 4, y: 5))])
        #expect(
            KeyTests.decode("\u{1B}[<64;5;6M\u{1B}[<65;5;6M") == [
                .mouse(Mouse(.wheelUp, x: 4, y: 5, button: .none)), .mouse(Mouse(.wheelDown, x: 4, y: 5, button: .none)),
            ])
        #expect(KeyTests.decode("\u{1B}[<20;5;6M") == [.mouse(Mouse(.press, x: 4, y: 5, modifiers: [.shift, .ctrl]))])
        #expect(KeyTests.decode("\u{1B}[<35;5;6M\u{1B}[<66;5;6M\u{1B}[<128;1;1M") == [])
        #expect(KeyTests.decode("\u{1B}[<0;0;99999999M") == [.mouse(Mouse(.press, x: 0, y: 1_999_999))])
        #expect(KeyTests.decode("\u{1B}[I\u{1B}[O") == [.focus(true), .focus(false)])
    }

    @Test("Random bytes never trap and end in a decoder that still listens")
    func fuzz() {
        var dice = Dice(11)
        let pieces: [[UInt8]] = [
            [0x1B], [0x5B], [0x3B], [0x31], [0x4D], [0x7E], [0x24], [0xE2], [0x82], Array("\u{1B}[200~".utf8), Array("\u{1B}[201~".utf8),
        ]
        for _ in 0..<2000 {
            var decoder = KeyDecoder()
            for _ in 0..<30 {
                let piece = Bool.random(using: &dice) ? pieces.randomElement(using: &dice) ?? [] : [UInt8.random(in: 0...255, using: &dice)]
                for event in decoder.feed(piece) + (Int.random(in: 0..<6, using: &dice) == 0 ? decoder.flush() : []) {
                    if case .key(let key) = event, let scalar = key.typed { #expect(scalar.value >= 0x20 && scalar.value != 0x7F) }
                }
            }
            _ = decoder.feed(Array("\u{1B}[201~\u{7}".utf8)) + decoder.flush()
            _ = decoder.feed([0x07]) + decoder.flush()
            #expect(decoder.feed([0x71]).last == .key(.char("q")))
        }
    }
}

@Suite struct PasteTests {
    private static let start = Array("\u{1B}[200~".utf8)
    private static let end = Array("\u{1B}[201~".utf8)

    @Test("A paste is one event, newlines are LF, and nothing in it is a key")
    func paste() {
        var decoder = KeyDecoder()
        #expect(decoder.feed(PasteTests.start + Array("a\rb\r\nc\nd\u{1B}[A\u{7}\u{1}".utf8) + PasteTests.end) == [])
        #expect(decoder.needsFlush)
        #expect(decoder.flush() == [.paste(Array("a\nb\nc\nd\u{1B}[A\u{7}\u{1}".utf8))])
        #expect(decoder.feed([0x71]) == [.key(.char("q"))])
    }

    @Test("An end mark inside the text does not let the rest act as keys")
    func breakOut() {
        for evil in [
            "x\u{1B}[201~\u{11}rm -rf\r", "x\u{1B}[201~\u{11}\u{1B}[200~y", "\u{1B}[201~\u{1B}[201~\u{7}", "x\u{1B}[20\u{1B}[201~\u{7}z",
        ] {
            let bytes = Array(evil.utf8)
            let all = PasteTests.start + bytes + PasteTests.end
            let wanted = Event.paste(bytes.map { $0 == 0x0D ? 0x0A : $0 })
            for cut in 0...all.count {
                var decoder = KeyDecoder()
                let events = decoder.feed(all[..<cut]) + decoder.feed(all[cut...]) + decoder.flush()
                #expect(events == [wanted], "\(evil.debugDescription) cut at \(cut)")
            }
        }
    }

    @Test("Keys after a paste are keys again, and keys before it come first")
    func around() {
        var decoder = KeyDecoder()
        #expect(decoder.feed([0x61] + PasteTests.start + [0x62] + PasteTests.end + [0x63]) == [.key(.char("a"))])
        #expect(decoder.flush() == [.paste([0x62]), .key(.char("c"))])
        #expect(decoder.feed(PasteTests.start) == [])
        #expect(decoder.flush() == [])
        #expect(!decoder.needsFlush)
        #expect(decoder.feed([0x07]) == [])
        #expect(decoder.feed(PasteTests.end) + decoder.flush() == [.paste([0x07])])
    }

    @Test("100 kB arrive verbatim, in pieces of any size")
    func verbatim() {
        var dice = Dice(1)
        let text = (0..<100_000).map { _ in UInt8.random(in: 0...255, using: &dice) }.map { $0 == 0x0D ? 0x20 : $0 }
        let all = PasteTests.start + text + PasteTests.end
        var decoder = KeyDecoder()
        var at = 0
        while at < all.count {
            let next = min(all.count, at + Int.random(in: 1...4096, using: &dice))
            #expect(decoder.feed(all[at..<next]) == [])
            at = next
        }
        #expect(decoder.flush() == [.paste(text)])
    }

    @Test("Beyond the cap a paste is cut, and says by how much")
    func cap() {
        var decoder = KeyDecoder()
        _ = decoder.feed(PasteTests.start)
        _ = decoder.feed([UInt8](repeating: 0x61, count: KeyDecoder.pasteCap + 5))
        _ = decoder.feed(PasteTests.end)
        let events = decoder.flush()
        #expect(events.count == 2 && events.last == .pasteCut(5))
        guard case .paste(let bytes) = events.first else { return #expect(Bool(false)) }
        #expect(bytes.count == KeyDecoder.pasteCap)
    }

    @Test("Keys are written as footers show them")
    func names() {
        #expect(
            [Key.ctrl("g"), .ctrl("/"), .ctrl(" "), .backTab, .alt(.left), .f(1), .char("["), .ctrl(.right)].map(\.description) == [
                "^G", "^/", "^Space", "Shift-Tab", "Alt-←", "F1", "[", "Ctrl-→",
            ])
    }
}
