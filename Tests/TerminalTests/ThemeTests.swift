import Glibc
import Terminal
import Testing

@Suite struct ThemeTests {
    /// Contrast by the formula of WCAG 2.1, apart from the one in the sources.
    private func contrast(_ a: (Double, Double, Double), _ b: (Double, Double, Double)) -> Double {
        func light(_ c: (Double, Double, Double)) -> Double {
            func f(_ x: Double) -> Double { x / 255 <= 0.04045 ? x / 255 / 12.92 : pow((x / 255 + 0.055) / 1.055, 2.4) }
            return 0.2126 * f(c.0) + 0.7152 * f(c.1) + 0.0722 * f(c.2)
        }
        let (p, q) = (light(a), light(b))
        return (max(p, q) + 0.05) / (min(p, q) + 0.05)
    }

    private func color(_ index: Int32, _ fallback: (Double, Double, Double)) -> (Double, Double, Double) {
        if index < 0 { return fallback }
        let c = Palette.rgb(Int(index))
        return (c.red, c.green, c.blue)
    }

    @Test("Text is legible on every level of every ramp, for every role", arguments: Theme.themes.map(\.name))
    func tints(_ name: String) throws {
        let theme = try #require(Theme.named(name))
        for level in UInt8(0)..<64 {
            for role in Role.allCases {
                for depth in [Depth.c256, .rgb] {
                    let paint = theme.paint(Style(role, heat: level), depth: depth)
                    #expect(paint.bg >= 0)
                    let ratio = contrast(color(paint.fg, (0, 0, 0)), color(paint.bg, (0, 0, 0)))
                    #expect(ratio >= 4.5, "\(role) at \(level), \(depth): \(ratio)")
                }
            }
        }
    }

    @Test(
        "Roles are legible on the terminal's own background",
        arguments: [
            ("dark", (0.0, 0.0, 0.0), (255.0, 255.0, 255.0)), ("dark", (30.0, 30.0, 30.0), (212.0, 212.0, 212.0)),
            ("light", (255.0, 255.0, 255.0), (0.0, 0.0, 0.0)), ("contrast", (0.0, 0.0, 0.0), (255.0, 255.0, 255.0)),
        ])
    func roles(_ name: String, _ back: (Double, Double, Double), _ fore: (Double, Double, Double)) throws {
        let theme = try #require(Theme.named(name))
        for role in Role.allCases {
            let paint = theme.paint(Style(role), depth: .c256)
            let ratio = contrast(color(paint.fg, fore), color(paint.bg, back))
            #expect(ratio >= (role == .border || role == .bar ? 3 : name == "contrast" ? 7 : 4.5), "\(role): \(ratio)")
        }
    }

    @Test("Ramps are monotone in luminance and use many colours", arguments: Theme.themes.map(\.name))
    func ramps(_ name: String) throws {
        let theme = try #require(Theme.named(name))
        for (ramp, least) in [(theme.ramp, 14), (theme.exact, 64)] {
            let light = ramp.map { Palette.luminance(Int($0)) }
            #expect(light.count == 64)
            #expect(light == light.sorted() || light == light.sorted().reversed())
            #expect(Set(ramp).count >= least)
            #expect(light.max() ?? 0 > 10 * (light.min() ?? 1))
        }
    }

    @Test("The 256 colours are xterm's")
    func palette() {
        #expect(Palette.rgb(16) == (0, 0, 0))
        #expect(Palette.rgb(17) == (0, 0, 95))
        #expect(Palette.rgb(220) == (255, 215, 0))
        #expect(Palette.rgb(231) == (255, 255, 255))
        #expect(Palette.rgb(232) == (8, 8, 8))
        #expect(Palette.rgb(255) == (238, 238, 238))
        #expect(abs(Palette.contrast(16, 231) - 21) < 1e-9)
    }

    @Test("A terminal of 24 bits gets every colour by its parts, but the eight of its own palette")
    func direct() {
        for own in Int32(-1)..<8 { #expect(Palette.direct(own) == own) }
        #expect(Palette.direct(16) == 8, "black must not be taken for a number of the palette")
        #expect(Palette.direct(231) == 0xFFFFFF && Palette.direct(220) == 0xFFD700 && Palette.direct(237) == 0x3A3A3A)
        #expect(Palette.direct(Palette.exact(1, 2, 3)) == 0x010203)
        #expect(Palette.direct(Theme.dark.exact[0]) == 0x00204D && Palette.direct(Theme.dark.exact[63]) == 0xFFEA46)
        #expect(Palette.rgb(Int(Theme.dark.exact[63])) == (255, 234, 70))
    }

    @Test("Exact colours are asked for where the terminal says that it has them, and nobody says otherwise")
    func exact() {
        func wants(_ environment: [String: String], _ option: String = "auto") -> Bool { Depth.wantsExact(environment: environment, option: option) }
        #expect(wants(["COLORTERM": "truecolor"]) && wants(["COLORTERM": "24bit"], "always") && wants([:], "rgb"))
        #expect(!wants([:]) && !wants(["COLORTERM": "yes"]) && !wants(["COLORTERM": "truecolor"], "256") && !wants(["COLORTERM": "truecolor"], "never"))
        #expect(!wants(["COLORTERM": "truecolor", "NO_COLOR": "1"]) && wants(["COLORTERM": "truecolor", "NO_COLOR": "1"], "always"))
        #expect(!wants(["COLORTERM": "truecolor", "TERM": "screen-256color"]) && wants(["TERM": "screen-256color"], "rgb"))
        #expect(Depth.detect(colors: 1 << 24, environment: [:]) == .rgb)
    }

    @Test("No depth is given a colour it has not", arguments: Depth.allCases)
    func limits(_ depth: Depth) {
        let most: Int32 = depth == .mono ? -1 : depth == .c8 ? 7 : depth == .c16 ? 15 : depth == .rgb ? 0x1FF_FFFF : 255
        for theme in Theme.themes {
            for role in Role.allCases {
                for heat in [nil, 0, 17, 63] as [UInt8?] {
                    for ink in [nil, 0, 30, 63] as [UInt8?] {
                        var style = Style(role, [.bold, .underline], heat: heat)
                        style.ink = ink
                        let drawn = theme.draw(Cell(scalar: 0x2580, style: style), depth: depth)
                        #expect(drawn.paint.fg <= most && drawn.paint.bg <= most)
                    }
                }
            }
        }
    }

    @Test("Focus, selection, cursor and match stand out at every depth, tinted or not", arguments: Depth.allCases)
    func distinct(_ depth: Depth) {
        for theme in Theme.themes {
            #expect(theme.paint(Style(.focus), depth: depth) != theme.paint(Style(.border), depth: depth))
            #expect(theme.paint(Style(.focus, .bold), depth: depth) != theme.paint(Style(.title), depth: depth))
            #expect(theme.paint(Style(.focus, .bold), depth: depth) != theme.paint(Style(.title, .bold), depth: depth))
            for heat in [nil, 0, 20, 40, 63] as [UInt8?] {
                var seen: Set<Paint> = []
                for role in [Role.text, .selection, .cursor, .match] { seen.insert(theme.paint(Style(role, heat: heat), depth: depth)) }
                #expect(seen.count == 4, "\(theme.name) \(depth) \(String(describing: heat))")
            }
        }
    }

    @Test("In mono a tint has four steps and never the look of a selection")
    func monoTints() {
        let paints = (UInt8(0)..<64).map { Theme.dark.paint(Style(heat: $0), depth: .mono) }
        #expect(Set(paints).count == 4)
        #expect(paints.allSatisfy { !$0.reverse && $0.fg == -1 && $0.bg == -1 })
    }

    @Test("A half-block cell becomes one shade where colours are few, and grows with the level")
    func shades() {
        func scalar(_ level: UInt8, _ depth: Depth) -> UInt32 {
            var frame = Frame(width: 1, height: 1)
            frame.heat(x: 0, y: 0, upper: level, lower: level)
            return Theme.dark.draw(frame.cells[0], depth: depth).scalar
        }
        #expect([0, 13, 26, 39, 63].map { scalar($0, .mono) } == [0x20, 0x2591, 0x2592, 0x2593, 0x2588])
        #expect([0, 13, 26, 39, 63].map { scalar($0, .c8) } == [0x20, 0x2591, 0x2592, 0x2593, 0x2588])
        #expect(scalar(30, .c256) == 0x2580)
        var frame = Frame(width: 1, height: 1)
        frame.heat(x: 0, y: 0, upper: 0, lower: 63)
        let paint = Theme.dark.draw(frame.cells[0], depth: .c256).paint
        #expect(paint.fg == 17 && paint.bg == 220)
        frame.heat(x: 0, y: 0, upper: 0, lower: 63, role: .cursor)
        #expect(Theme.dark.draw(frame.cells[0], depth: .c256).scalar == 0x25C6)
    }

    @Test("ASCII terminals get ASCII, the Linux console no eighths")
    func repertoires() {
        for value in UInt32(0x20)...0x1FFFF where value != 0x7F && Unicode.Scalar(value) != nil {
            let drawn = Theme.dark.draw(Cell(scalar: value, mark1: 0x301, style: Style()), depth: .c256, repertoire: .ascii)
            #expect((0x20...0x7E).contains(drawn.scalar) && drawn.mark1 == 0)
        }
        for value in UInt32(0x2581)...0x258F {
            let drawn = Theme.dark.draw(Cell(scalar: value, style: Style()), depth: .c16, repertoire: .console)
            #expect([0x5F, 0x2584, 0x2588, 0x258C].contains(drawn.scalar))
        }
    }

    @Test("The depth follows the option, then NO_COLOR, then the terminal")
    func depths() {
        #expect(Depth.detect(colors: 256, environment: [:]) == .c256)
        #expect(Depth.detect(colors: 256, environment: ["COLORTERM": "truecolor"]) == .rgb)
        #expect(Depth.detect(colors: 8, environment: ["COLORTERM": "truecolor"]) == .c8)
        #expect(Depth.detect(colors: 16, environment: [:]) == .c16)
        #expect(Depth.detect(colors: 0, environment: [:]) == .mono)
        #expect(Depth.detect(colors: 256, environment: ["NO_COLOR": "1"]) == .mono)
        #expect(Depth.detect(colors: 256, environment: ["NO_COLOR": ""]) == .c256)
        #expect(Depth.detect(colors: 256, environment: ["NO_COLOR": "1"], option: "256") == .c256)
        #expect(Depth.detect(colors: 256, environment: [:], option: "never") == .mono)
        #expect(Depth.detect(colors: 8, environment: [:], option: "rgb") == .c8)
        #expect(Depth.detect(colors: 0, environment: [:], option: "16") == .mono)
    }
}
