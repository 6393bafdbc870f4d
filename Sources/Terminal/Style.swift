import Glibc

/// What a cell means; a `Theme` alone knows its colour.
package enum Role: UInt8, CaseIterable, Sendable {
    case text
    /// Less important text; also what a document keeps but the model has not read.
    case dim
    case title
    case border
    /// Border and title of the panel that has the keys.
    case focus
    case accent
    /// The selected row or the selected text.
    case selection
    case cursor
    /// What a search found.
    case match
    /// A special token shown as one piece.
    case chip
    /// Text a person typed, where it stands beside a model's.
    case user
    /// Text a model wrote.
    case model
    case warning
    case error
    case good
    /// The name of a key in a footer.
    case key
    case number
    case bar
    /// MODIFIED MODEL and what else must not be overlooked.
    case banner
}

/// The look of a cell before any terminal is known: a role, three flags, at most two levels of heat.
package struct Style: Sendable, Hashable {
    package struct Flags: OptionSet, Sendable, Hashable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }
        package static let bold = Flags(rawValue: 1)
        package static let underline = Flags(rawValue: 2)
        package static let reverse = Flags(rawValue: 4)
    }

    package var role: Role
    package var flags: Flags
    private var tint: UInt8
    private var inkTint: UInt8
    private static let none: UInt8 = 255

    package init(_ role: Role = .text, _ flags: Flags = [], heat: UInt8? = nil) {
        self.role = role
        self.flags = flags
        self.tint = heat.map(Heat.clamp) ?? Style.none
        self.inkTint = Style.none
    }

    /// The background's level, 0...63; nil leaves the terminal's own background.
    package var heat: UInt8? {
        get { tint == Style.none ? nil : tint }
        set { tint = newValue.map(Heat.clamp) ?? Style.none }
    }

    /// The foreground's level, for blocks and bars; text is not legible on the lower levels.
    package var ink: UInt8? {
        get { inkTint == Style.none ? nil : inkTint }
        set { inkTint = newValue.map(Heat.clamp) ?? Style.none }
    }

    package var bold: Style { with(.bold) }
    package var underline: Style { with(.underline) }
    package var reverse: Style { with(.reverse) }

    package func with(_ more: Flags) -> Style {
        var copy = self
        copy.flags.formUnion(more)
        return copy
    }

    package func heated(_ level: UInt8?) -> Style {
        var copy = self
        copy.heat = level
        return copy
    }
}

/// Levels of a colour ramp: a number becomes one of 64 steps, and no more is claimed.
package enum Heat {
    package static let levels: UInt8 = 64

    static func clamp(_ level: UInt8) -> UInt8 { min(level, levels - 1) }

    /// 0...1 to 0...63; below and NaN are 0, above is 63.
    package static func level(_ x: Double) -> UInt8 {
        guard x > 0 else { return 0 }
        return x >= 1 ? levels - 1 : UInt8(x * Double(levels - 1) + 0.5)
    }

    /// `floor`...1 on a logarithmic scale to 0...63.
    package static func logLevel(_ x: Double, floor: Double = 1e-4) -> UInt8 {
        guard x > 0, floor > 0, floor < 1 else { return 0 }
        return level(1 - log(x) / log(floor))
    }
}
