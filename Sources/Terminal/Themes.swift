extension Theme {
    /// Few colours and a look of their own only where they carry meaning; the rest is the terminal's foreground.
    package static let dark = Theme(
        name: "dark", ramp: Palette.cividis, exact: Palette.exactCividis, ramp16: [4, 8, 7, 11], ramp8: [-1, 4, 6, 3]
    ) { role in
        switch role {
        case .text, .title, .user, .number: return Look(many: Paint(), few: Paint())
        case .dim: return Look(many: Paint(fg: 246), few: Paint(dim: true))
        case .border: return Look(many: Paint(fg: 242), few: Paint(dim: true))
        case .focus: return Look(many: Paint(fg: 231, bold: true), few: Paint(fg: 15, bold: true))
        case .accent: return Look(many: Paint(fg: 117), few: Paint(fg: 14))
        case .selection: return Look(many: Paint(fg: 231, bg: 24), few: Paint(reverse: true))
        case .cursor: return Look(many: Paint(fg: 16, bg: 231), few: Paint(bold: true, reverse: true))
        case .match: return Look(many: Paint(fg: 16, bg: 180), few: Paint(fg: 0, bg: 3, underline: true))
        case .chip: return Look(many: Paint(fg: 159, bg: 237), few: Paint(fg: 6, underline: true))
        case .model: return Look(many: Paint(fg: 152), few: Paint(fg: 6))
        case .warning: return Look(many: Paint(fg: 215), few: Paint(fg: 11))
        case .error: return Look(many: Paint(fg: 210), few: Paint(fg: 9))
        case .good: return Look(many: Paint(fg: 114), few: Paint(fg: 10))
        case .key: return Look(many: Paint(bold: true), few: Paint(bold: true))
        case .bar: return Look(many: Paint(fg: 110), few: Paint(fg: 6))
        case .banner: return Look(many: Paint(fg: 231, bg: 124, bold: true), few: Paint(fg: 15, bg: 1, bold: true))
        }
    }

    package static let light = Theme(
        name: "light", ramp: Palette.cividisLight, exact: Palette.exactCividisLight, ramp16: [11, 7, 8, 4], ramp8: [-1, 3, 6, 4]
    ) { role in
        switch role {
        case .text, .title, .user, .number: return Look(many: Paint(), few: Paint())
        case .dim: return Look(many: Paint(fg: 241), few: Paint(dim: true))
        case .border: return Look(many: Paint(fg: 245), few: Paint(dim: true))
        case .focus: return Look(many: Paint(fg: 16, bold: true), few: Paint(fg: 0, bold: true))
        case .accent: return Look(many: Paint(fg: 25), few: Paint(fg: 4))
        case .selection: return Look(many: Paint(fg: 16, bg: 153), few: Paint(reverse: true))
        case .cursor: return Look(many: Paint(fg: 231, bg: 16), few: Paint(bold: true, reverse: true))
        case .match: return Look(many: Paint(fg: 16, bg: 222), few: Paint(fg: 0, bg: 3, underline: true))
        case .chip: return Look(many: Paint(fg: 24, bg: 254), few: Paint(fg: 4, underline: true))
        case .model: return Look(many: Paint(fg: 23), few: Paint(fg: 4))
        case .warning: return Look(many: Paint(fg: 130), few: Paint(fg: 1))
        case .error: return Look(many: Paint(fg: 124), few: Paint(fg: 1, bold: true))
        case .good: return Look(many: Paint(fg: 22), few: Paint(fg: 2))
        case .key: return Look(many: Paint(bold: true), few: Paint(bold: true))
        case .bar: return Look(many: Paint(fg: 67), few: Paint(fg: 4))
        case .banner: return Look(many: Paint(fg: 231, bg: 124, bold: true), few: Paint(fg: 15, bg: 1, bold: true))
        }
    }

    /// Black, white and yellow; brings its own background only where it must.
    package static let contrast = Theme(
        name: "contrast", ramp: Palette.greys, exact: Palette.exactGreys, ramp16: [0, 8, 7, 15], ramp8: [-1, 4, 6, 7]
    ) { role in
        switch role {
        case .text, .title, .user, .number, .dim, .model: return Look(many: Paint(), few: Paint())
        case .border: return Look(many: Paint(fg: 252), few: Paint())
        case .focus: return Look(many: Paint(fg: 226, bold: true), few: Paint(fg: 11, bold: true))
        case .accent, .bar: return Look(many: Paint(fg: 226), few: Paint(fg: 11))
        case .selection: return Look(many: Paint(fg: 16, bg: 226), few: Paint(fg: 0, bg: 3))
        case .cursor: return Look(many: Paint(fg: 16, bg: 231, bold: true), few: Paint(bold: true, reverse: true))
        case .match: return Look(many: Paint(fg: 16, bg: 51), few: Paint(fg: 0, bg: 6, underline: true))
        case .chip: return Look(many: Paint(underline: true), few: Paint(underline: true))
        case .warning: return Look(many: Paint(fg: 220, bold: true), few: Paint(fg: 11, bold: true))
        case .error: return Look(many: Paint(fg: 231, bg: 124, bold: true), few: Paint(fg: 15, bg: 1, bold: true))
        case .good: return Look(many: Paint(fg: 120, bold: true), few: Paint(fg: 10, bold: true))
        case .key: return Look(many: Paint(bold: true, underline: true), few: Paint(bold: true, underline: true))
        case .banner: return Look(many: Paint(fg: 231, bg: 124, bold: true), few: Paint(fg: 15, bg: 1, bold: true))
        }
    }
}
