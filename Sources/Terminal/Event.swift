/// A key and the modifiers held with it.
package struct Key: Sendable, Hashable {
    package enum Base: Sendable, Hashable {
        case char(Unicode.Scalar)
        case enter, tab, backspace, delete, insert, escape
        case up, down, left, right, home, end, pageUp, pageDown
        case f(Int)
    }

    package struct Modifiers: OptionSet, Sendable, Hashable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }
        package static let shift = Modifiers(rawValue: 1)
        package static let alt = Modifiers(rawValue: 2)
        package static let ctrl = Modifiers(rawValue: 4)
    }

    package var base: Base
    package var modifiers: Modifiers

    package init(_ base: Base, _ modifiers: Modifiers = []) {
        self.base = base
        self.modifiers = modifiers
    }

    package static let enter = Key(.enter)
    package static let tab = Key(.tab)
    package static let backTab = Key(.tab, .shift)
    package static let backspace = Key(.backspace)
    package static let delete = Key(.delete)
    package static let insert = Key(.insert)
    package static let escape = Key(.escape)
    package static let up = Key(.up)
    package static let down = Key(.down)
    package static let left = Key(.left)
    package static let right = Key(.right)
    package static let home = Key(.home)
    package static let end = Key(.end)
    package static let pageUp = Key(.pageUp)
    package static let pageDown = Key(.pageDown)

    package static func char(_ scalar: Unicode.Scalar) -> Key { Key(.char(scalar)) }
    package static func f(_ number: Int) -> Key { Key(.f(number)) }
    /// Control with a lower-case letter, `" "`, `"/"`, `"\\"`, `"]"` or `"^"`.
    package static func ctrl(_ scalar: Unicode.Scalar) -> Key { Key(.char(scalar), .ctrl) }
    package static func alt(_ scalar: Unicode.Scalar) -> Key { Key(.char(scalar), .alt) }
    package static func shift(_ base: Base) -> Key { Key(base, .shift) }
    package static func ctrl(_ base: Base) -> Key { Key(base, .ctrl) }
    package static func alt(_ base: Base) -> Key { Key(base, .alt) }

    /// The scalar that a key types: no control, no Alt.
    package var typed: Unicode.Scalar? {
        guard case .char(let scalar) = base, modifiers.isDisjoint(with: [.ctrl, .alt]) else { return nil }
        return scalar
    }
}

extension Key: CustomStringConvertible {
    /// As footers and help write it: `^G`, `Shift-Tab`, `Alt-←`, `F1`, `Enter`.
    package var description: String {
        if case .char(let scalar) = base, modifiers == .ctrl {
            return scalar == " " ? "^Space" : "^" + String(scalar).uppercased()
        }
        var out = ""
        if modifiers.contains(.ctrl) { out += "Ctrl-" }
        if modifiers.contains(.alt) { out += "Alt-" }
        if modifiers.contains(.shift) { out += "Shift-" }
        return out + baseName
    }

    private var baseName: String {
        switch base {
        case .char(let scalar): return scalar == " " ? "Space" : String(scalar)
        case .enter: return "Enter"
        case .tab: return "Tab"
        case .backspace: return "Backspace"
        case .delete: return "Del"
        case .insert: return "Ins"
        case .escape: return "Esc"
        case .up: return "↑"
        case .down: return "↓"
        case .left: return "←"
        case .right: return "→"
        case .home: return "Home"
        case .end: return "End"
        case .pageUp: return "PgUp"
        case .pageDown: return "PgDn"
        case .f(let number): return "F\(number)"
        }
    }
}

/// What the mouse did, in cells from the upper left corner (0, 0).
package struct Mouse: Sendable, Hashable {
    package enum Kind: Sendable, Hashable { case press, release, drag, wheelUp, wheelDown }
    package enum Button: Sendable, Hashable { case left, middle, right, none }

    package var kind: Kind
    package var x: Int
    package var y: Int
    package var button: Button
    package var modifiers: Key.Modifiers

    package init(_ kind: Kind, x: Int, y: Int, button: Button = .left, modifiers: Key.Modifiers = []) {
        self.kind = kind
        self.x = x
        self.y = y
        self.button = button
        self.modifiers = modifiers
    }
}

/// What travels from the terminal to the state.
package enum Event: Sendable, Equatable {
    case key(Key)
    /// Pasted bytes, newlines as LF; never a key.
    case paste([UInt8])
    /// So many bytes of the paste just delivered were beyond the cap and are gone.
    case pasteCut(Int)
    case mouse(Mouse)
    case resize(width: Int, height: Int)
    /// The terminal's window gained or lost the keyboard.
    case focus(Bool)
    /// SIGTERM or SIGINT from outside: save and end.
    case terminate
    /// The terminal is gone: save and end, write nothing to it.
    case hangup
    /// About to stop by Ctrl-Z: what must not be lost is saved now.
    case suspend
    /// Back from a stop: the screen was drawn anew.
    case resume
}
