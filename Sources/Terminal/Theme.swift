/// How many colours a terminal can show; `rgb` has exact ramps of heat, all else of the 256.
package enum Depth: Sendable, Hashable, CaseIterable {
    case rgb, c256, c16, c8, mono

    /// The depth for a terminal with so many colours.
    ///
    /// `option` is the word of `--color` (`auto`, `never`, `8`, `16`, `256`, `rgb`); it goes before `NO_COLOR`.
    package static func detect(colors: Int, environment: [String: String], option: String = "auto") -> Depth {
        let able: Depth = colors >= 256 ? .c256 : colors >= 16 ? .c16 : colors >= 8 ? .c8 : .mono
        switch option {
        case "never", "mono", "none", "off", "no": return .mono
        case "8": return able == .mono ? .mono : .c8
        case "16": return able == .c256 ? .c16 : able
        case "256": return able
        case "rgb", "truecolor", "24bit": return able == .c256 ? .rgb : able
        case "always": break
        default:
            if let word = environment["NO_COLOR"], !word.isEmpty { return .mono }
        }
        return able == .c256 && (colors > 256 || isExact(environment)) ? .rgb : able
    }

    private static func isExact(_ environment: [String: String]) -> Bool { ["truecolor", "24bit"].contains(environment["COLORTERM"] ?? "") }

    /// Whether exact colours are worth asking the terminal for, before it is opened.
    ///
    /// GNU screen hands COLORTERM on and may not understand what it promises.
    package static func wantsExact(environment: [String: String], option: String) -> Bool {
        if ["rgb", "truecolor", "24bit"].contains(option) { return true }
        let isQuiet = option == "auto" && environment["NO_COLOR"]?.isEmpty == false
        return ["auto", "always"].contains(option) && !isQuiet && isExact(environment) && environment["TERM"]?.hasPrefix("screen") != true
    }
}

/// What a terminal is told about a cell: two colours (-1 is its own, to 255 a number, else exact) and attributes.
package struct Paint: Sendable, Hashable {
    package var fg: Int32
    package var bg: Int32
    package var bold: Bool
    package var underline: Bool
    package var reverse: Bool
    package var dim: Bool

    package init(
        fg: Int32 = -1, bg: Int32 = -1, bold: Bool = false, underline: Bool = false, reverse: Bool = false,
        dim: Bool = false
    ) {
        self.fg = fg
        self.bg = bg
        self.bold = bold
        self.underline = underline
        self.reverse = reverse
        self.dim = dim
    }
}

/// Colours for roles. The background stays the terminal's own except under tints and what is selected.
package struct Theme: Sendable {
    package let name: String
    /// Shape: [64], colours of the 256.
    package let ramp: [Int32]
    /// Shape: [64], exact colours.
    package let exact: [Int32]
    let ramp16: [Int32]
    let ramp8: [Int32]
    private let looks: [Look]

    /// A role's paint with 256 colours and with 16; with 8 the latter lose their brightness to bold.
    struct Look {
        var many: Paint
        var few: Paint
    }

    package static let themes: [Theme] = [dark, light, contrast]

    package static func named(_ name: String) -> Theme? { themes.first { $0.name == name } }

    init(name: String, ramp: [Int32], exact: [Int32], ramp16: [Int32], ramp8: [Int32], look: (Role) -> Look) {
        self.name = name
        self.ramp = ramp
        self.exact = exact
        self.ramp16 = ramp16
        self.ramp8 = ramp8
        looks = Role.allCases.map(look)
    }

    /// Turns a style into what the terminal is told.
    package func paint(_ style: Style, depth: Depth) -> Paint {
        let role = style.role
        // What is selected must be seen: it goes over a tint.
        let over = role == .selection || role == .cursor || role == .match || role == .banner
        let tint = over ? nil : style.heat
        var paint: Paint
        switch depth {
        case .rgb, .c256: paint = looks[Int(role.rawValue)].many
        case .c16: paint = looks[Int(role.rawValue)].few
        case .c8: paint = Theme.dimmed(looks[Int(role.rawValue)].few)
        case .mono: paint = Theme.mono(role, style.flags)
        }
        if let tint { apply(tint, to: &paint, depth) }
        if let ink = style.ink, !over { paint.fg = foreground(ink, depth) ?? paint.fg }
        if style.flags.contains(.bold) { paint.bold = true }
        if style.flags.contains(.underline) { paint.underline = true }
        if style.flags.contains(.reverse) { paint.reverse = !paint.reverse }
        return paint
    }

    private func apply(_ level: UInt8, to paint: inout Paint, _ depth: Depth) {
        let level = Int(min(level, Heat.levels - 1))
        switch depth {
        case .rgb, .c256:
            paint.bg = depth == .rgb ? exact[level] : ramp[level]
            paint.fg = Palette.legible(on: Int(paint.bg), 16, 231)
        case .c16:
            paint.bg = ramp16[level * ramp16.count / 64]
            paint.fg = Palette.legible(on: Int(paint.bg), 0, 15)
        case .c8:
            paint.bg = ramp8[level * ramp8.count / 64]
            if paint.bg >= 0 { paint.fg = Palette.legible(on: Int(paint.bg), 0, 7) }
        case .mono:
            // Reverse stays free for what is selected.
            let step = level / 16
            if step & 1 != 0 { paint.underline = true }
            if step & 2 != 0 { paint.bold = true }
        }
        if depth != .mono { paint.dim = false }
    }

    /// The foreground of a block at a level; nil where the depth has no colours.
    private func foreground(_ level: UInt8, _ depth: Depth) -> Int32? {
        let level = Int(min(level, Heat.levels - 1))
        switch depth {
        case .rgb: return exact[level]
        case .c256: return ramp[level]
        case .c16: return ramp16[level * ramp16.count / 64]
        case .c8: return ramp8[level * ramp8.count / 64]
        case .mono: return nil
        }
    }

    /// The background of a cell at a level, as `paint` would tint it.
    func background(_ level: UInt8, _ depth: Depth) -> Int32 { foreground(level, depth) ?? -1 }

    private static func dimmed(_ paint: Paint) -> Paint {
        var paint = paint
        if paint.fg >= 8 {
            paint.fg -= 8
            paint.bold = true
        }
        if paint.bg >= 8 { paint.bg -= 8 }
        return paint
    }

    private static func mono(_ role: Role, _ flags: Style.Flags) -> Paint {
        switch role {
        case .focus: return Paint(bold: true, reverse: flags.contains(.bold))
        case .selection: return Paint(reverse: true)
        case .cursor: return Paint(bold: true, reverse: true)
        case .match: return Paint(underline: true, reverse: true)
        case .banner: return Paint(bold: true, reverse: true)
        case .chip, .model: return Paint(underline: true)
        case .error, .warning, .key, .accent: return Paint(bold: true)
        case .dim, .border: return Paint(dim: true)
        case .text, .title, .user, .good, .number, .bar: return Paint()
        }
    }
}
