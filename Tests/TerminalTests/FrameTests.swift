import Terminal
import Testing

@Suite struct FrameTests {
    @Test("A box is drawn as the wireframes have it: title left, label right, legend below")
    func box() {
        var frame = Frame(width: 40, height: 4)
        let inside = frame.box(
            frame.bounds, title: "Candidates", label: "H 2.31 nats", legend: "/ find  ⏎ fork  b bias", focused: true)
        frame.put("0 ▸ ␣men", x: inside.x, y: inside.y, style: Style(.selection), clip: inside)
        frame.bar(0.7, x: 20, y: 1, width: 10, clip: inside)
        frame.put("b", x: inside.x, y: 2, style: Style(heat: 63))
        #expect(
            frame.dump() == """
                ┌─ Candidates ─────────── H 2.31 nats ─┐
                │0 ▸ ␣men           ███████            │
                │b                                     │
                └─ / find  ⏎ fork  b bias ─────────────┘
                """)
        #expect(
            frame.styles() == """
                ffFFFFFFFFFFFFffffffffffffffffffffffffff
                fssssssss           rrrrrrr            f
                f7                                     f
                ffddddddddddddddddddddddddffffffffffffff
                """)
        #expect(inside == Rect(x: 1, y: 1, width: 38, height: 2))
    }

    @Test("A narrow box gives up its label, then whole entries of the legend, then the title's end")
    func narrowBox() {
        var frame = Frame(width: 18, height: 2)
        frame.box(frame.bounds, title: "Attention", label: "Heads", legend: "/ find  ⏎ fork  b bias")
        #expect(frame.dump() == "┌─ Attention ────┐\n└─ / find ───────┘")
        var tiny = Frame(width: 9, height: 3)
        tiny.box(tiny.bounds, title: "Attention", label: "Heads", legend: "too long for this")
        #expect(tiny.dump() == "┌─ At… ─┐\n│       │\n└───────┘")
    }

    @Test("Every style has a letter of its own in the style plane")
    func letters() {
        #expect(Frame.letters.count == Role.allCases.count)
        #expect(Set(Frame.letters).count == Role.allCases.count)
    }

    @Test("A wide character cut by either edge of the clip becomes a blank")
    func wideAtEdges() {
        var frame = Frame(width: 8, height: 1)
        frame.put("日本語", x: 1, y: 0, clip: Rect(x: 2, y: 0, width: 4, height: 1))
        #expect(frame.dump() == "   本")
        #expect(frame.flaw() == nil)
        #expect(frame[2, 0] == Cell.blank)
        var whole = Frame(width: 5, height: 1)
        #expect(whole.put("日本語", x: 0, y: 0) == 5)
        #expect(whole.dump() == "日本")
    }

    @Test("Writing over half of a wide character blanks the other half")
    func wideOverwritten() {
        var frame = Frame(width: 6, height: 1)
        frame.put("日本語", x: 0, y: 0)
        frame.put("x", x: 1, y: 0)
        #expect(frame.dump() == " x本語")
        frame.put("界", x: 3, y: 0)
        #expect(frame.dump() == " x 界")
        #expect(frame.flaw() == nil)
    }

    @Test("Text left of the clip is skipped and counted")
    func leftOfClip() {
        var frame = Frame(width: 4, height: 1)
        #expect(frame.put("abcdef", x: -2, y: 0) == 6)
        #expect(frame.dump() == "cdef")
        #expect(frame.put("abcdef", x: 2, y: 7) == 0)
        #expect(frame.put("right", rightAlignedTo: 4, y: 0) == 5)
        #expect(frame.dump() == "ight")
    }

    @Test("Two levels share a cell, and nil leaves a half to the terminal")
    func halves() {
        var frame = Frame(width: 4, height: 1)
        frame.heat(x: 0, y: 0, upper: 10, lower: 60)
        frame.heat(x: 1, y: 0, upper: nil, lower: 60)
        frame.heat(x: 2, y: 0, upper: 10, lower: nil)
        frame.heat(x: 3, y: 0, upper: nil, lower: nil)
        #expect(frame.dump() == "▀▄▀")
        #expect(frame.cells.map(\.style.ink) == [10, 60, 10, nil])
        #expect(frame.cells.map(\.style.heat) == [60, nil, nil, nil])
    }

    @Test("Bars grow by eighths, a little is never nothing, NaN is nothing")
    func bars() {
        #expect(Frame.barText(1, width: 3) == "███")
        #expect(Frame.barText(7, width: 3) == "███")
        #expect(Frame.barText(0.5, width: 3) == "█▌")
        #expect((0...8).map { Frame.barText(Double($0) / 8, width: 1) } == ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"])
        #expect(Frame.barText(1e-9, width: 3) == "▏")
        #expect(Frame.barText(.nan, width: 3) == "")
        #expect(Frame.barText(1, width: -3) == "")
        var frame = Frame(width: 11, height: 1)
        frame.sparkline([0, 0.5, 1, .nan, .infinity, -.infinity, 2], x: 0, y: 0)
        #expect(frame.dump() == "▁▅█ █▁█")
    }

    @Test("A frame pasted into another keeps wide characters whole or blank")
    func paste() {
        var inner = Frame(width: 4, height: 1)
        inner.put("日本", x: 0, y: 0)
        var outer = Frame(width: 5, height: 2)
        outer.paste(inner, x: 2, y: 1)
        #expect(outer.dump() == "\n  日")
        outer.paste(inner, x: -1, y: 0)
        #expect(outer.dump() == " 本\n  日")
        #expect(outer.flaw() == nil)
    }

    @Test("Levels of heat stay in range for every number")
    func heat() {
        #expect([-1, 0, 0.5, 1, 7, .nan, .infinity, -.infinity].map(Heat.level) == [0, 0, 32, 63, 63, 0, 63, 0])
        #expect(Heat.logLevel(1) == 63)
        #expect(Heat.logLevel(1e-4) == 0)
        #expect(Heat.logLevel(1e-2) == 32)
        #expect(Heat.logLevel(0) == 0)
        #expect(Heat.logLevel(.nan) == 0)
        #expect(Style(heat: 200).heat == 63)
    }

    @Test("Any size, any place, any bytes: never a trap, never a broken grid")
    func fuzz() {
        var dice = Dice(7)
        let sizes = [(1, 1), (2, 1), (1, 2), (3, 3), (40, 10), (80, 24), (120, 30), (500, 200), (0, 0), (-1, 5), (9, .max)]
        for (width, height) in sizes {
            var frame = Frame(width: width, height: min(height, 300))
            for _ in 0..<400 { scribble(&frame, &dice) }
            #expect(frame.flaw() == nil)
        }
    }

    private func scribble(_ frame: inout Frame, _ dice: inout Dice) {
        let far = [Int.min, Int.max, -1, 0, 1, frame.width - 1, frame.height, 1 << 40]
        func number() -> Int {
            Int.random(in: 0..<4, using: &dice) == 0 ? far.randomElement(using: &dice) ?? 0 : Int.random(in: -3...130, using: &dice)
        }
        let rect = Rect(x: number(), y: number(), width: number(), height: number())
        let style = Style(Role.allCases.randomElement(using: &dice) ?? .text, heat: UInt8.random(in: 0...255, using: &dice))
        switch Int.random(in: 0..<8, using: &dice) {
        case 0: frame.box(rect, title: text(&dice), label: text(&dice), legend: text(&dice), focused: true)
        case 1: frame.fill(rect, style: style)
        case 2: frame.heat(x: number(), y: number(), upper: UInt8.random(in: 0...255, using: &dice), lower: nil)
        case 3: frame.bar(Double(number()), x: number(), y: number(), width: number(), clip: rect)
        case 4: frame.restyle(rect) { $0 = style }
        case 5: frame.put(text(&dice), rightAlignedTo: number(), y: number(), style: style, clip: rect)
        case 6:
            let bytes = (0..<30).map { _ in UInt8.random(in: 0...255, using: &dice) }
            frame.put(bytes: bytes, x: number(), y: number(), style: style, clip: rect)
        default: frame.put(text(&dice), x: number(), y: number(), style: style, clip: rect)
        }
        if Int.random(in: 0..<20, using: &dice) == 0 { frame.paste(frame, x: number(), y: number()) }
        if Int.random(in: 0..<20, using: &dice) == 0 { frame.sparkline([0.1, 0.5], x: number(), y: number()) }
    }

    /// Scalars from the whole of Unicode, and more from where trouble lives.
    private func text(_ dice: inout Dice) -> String {
        let blocks: [ClosedRange<UInt32>] = [
            0...0xFF, 0x300...0x36F, 0x1100...0x11FF, 0x2000...0x206F, 0x3040...0x30FF, 0x4E00...0x4FFF, 0xAC00...0xACFF,
            0xFE00...0xFE0F, 0x1F1E6...0x1F1FF, 0x1F3F0...0x1F4FF, 0xE0000...0xE01EF, 0...0x10FFFF,
        ]
        var out = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...24, using: &dice) {
            let block = blocks.randomElement(using: &dice) ?? 0...0xFF
            if let scalar = Unicode.Scalar(UInt32.random(in: block, using: &dice)) { out.append(scalar) }
        }
        return String(out)
    }

    @Test("Every scalar of Unicode, alone and after a letter, leaves a sound grid as wide as was said")
    func everyScalar() {
        var frame = Frame(width: 24, height: 1)
        for value in UInt32(0)...0x10FFFF {
            // Ideographs and the planes without characters add nothing but time.
            if (0x4F00...0x9F00).contains(value) || (0x20100...0xDFFFF).contains(value) { continue }
            if value > 0xE1000 && value < 0x10FFF0 { continue }
            guard let scalar = Unicode.Scalar(value) else { continue }
            for text in [String(scalar), "a" + String(scalar)] {
                frame.fill(frame.bounds)
                let used = frame.put(text, x: 0, y: 0)
                if used != TextWidth.columns(text) || frame.flaw() != nil {
                    Issue.record("U+\(String(value, radix: 16)): \(used) columns, \(frame.flaw() ?? "sound")")
                    return
                }
            }
        }
    }

    #if !DEBUG
        @Test("A frame of 200 x 50 is built and compared at once; the time is printed")
        func speed() {
            let line = String(repeating: "was a little girl who loved to explore; éß 日本 ", count: 5)
            let clock = ContinuousClock()
            var last = Frame(width: 200, height: 50)
            var best = Duration.seconds(1), drawn = 0
            for _ in 0..<20 {
                let took = clock.measure {
                    var frame = Frame(width: 200, height: 50)
                    let inside = frame.box(frame.bounds, title: "Document", label: "tint", focused: true)
                    for y in inside.y..<inside.maxY {
                        frame.put(line, x: inside.x, y: y, style: Style(heat: UInt8(y)), clip: inside)
                    }
                    var changed = 0
                    for index in frame.cells.indices where frame.cells[index] != last.cells[index] { changed += 1 }
                    last = frame
                    drawn += changed
                }
                best = min(best, took)
            }
            print("a frame of 200 x 50: \(best)")
            #expect(drawn > 0)
            #expect(best < .seconds(1))
        }
    #endif
}
