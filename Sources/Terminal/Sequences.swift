/// The meaning of finished escape sequences.
/// Source: XTerm Control Sequences; terminfo entries of rxvt and linux; the `CSI u` form of modified keys.
enum Sequences {
    /// A key of the form `ESC [ numbers final`.
    static func key(_ final: UInt8, _ numbers: [Int]) -> Key? {
        let first = numbers.first ?? 1
        let held = modifiers(numbers.count > 1 ? numbers[1] : 1)
        switch final {
        case 0x41...0x44, 0x46, 0x48, 0x50...0x53:
            // `ESC [ 12 ; 40 R` is a cursor report, not F3.
            guard first <= 1 else { return nil }
            return letter(final).map { Key($0, held) }
        case 0x5A: return Key(.tab, held.union(.shift))
        case 0x61...0x64: return letter(final - 0x20).map { Key($0, .shift) }
        case 0x75: return scalar(first, held)
        case 0x7E:
            if first == 27, numbers.count > 2 { return scalar(numbers[2], held) }
            return numbered(first).map { Key($0, held) }
        case 0x24: return numbered(first).map { Key($0, .shift) }
        case 0x5E: return numbered(first).map { Key($0, .ctrl) }
        case 0x40: return numbered(first).map { Key($0, [.ctrl, .shift]) }
        default: return nil
        }
    }

    /// A key of the form `ESC O final`.
    static func keypad(_ final: UInt8, _ numbers: [Int]) -> Key? {
        let held = modifiers(numbers.last ?? 1)
        switch final {
        case 0x41...0x44, 0x46, 0x48, 0x50...0x53: return letter(final).map { Key($0, held) }
        case 0x61...0x64: return letter(final - 0x20).map { Key($0, .ctrl) }
        case 0x4D: return Key(.enter, held)
        case 0x6A...0x79: return Key(.char(Unicode.Scalar(final - 0x40)), held)
        default: return nil
        }
    }

    private static func letter(_ final: UInt8) -> Key.Base? {
        switch final {
        case 0x41: return .up
        case 0x42: return .down
        case 0x43: return .right
        case 0x44: return .left
        case 0x46: return .end
        case 0x48: return .home
        case 0x50...0x53: return .f(Int(final) - 0x4F)
        default: return nil
        }
    }

    private static func numbered(_ code: Int) -> Key.Base? {
        switch code {
        case 1, 7: return .home
        case 2: return .insert
        case 3: return .delete
        case 4, 8: return .end
        case 5: return .pageUp
        case 6: return .pageDown
        case 11...15: return .f(code - 10)
        case 17...21: return .f(code - 11)
        case 23...26: return .f(code - 12)
        case 28, 29: return .f(code - 13)
        case 31...34: return .f(code - 14)
        default: return nil
        }
    }

    private static func scalar(_ code: Int, _ held: Key.Modifiers) -> Key? {
        switch code {
        case 9: return Key(.tab, held)
        case 13: return Key(.enter, held)
        case 27: return Key(.escape, held)
        case 8, 127: return Key(.backspace, held)
        case 0xE000...0xF8FF: return nil
        default:
            guard code >= 0x20, code < 0x80 || code >= 0xA0, let value = UInt32(exactly: code),
                let scalar = Unicode.Scalar(value)
            else { return nil }
            // Shift is already in the scalar, except where Control holds it apart.
            guard held.contains(.ctrl) else { return Key(.char(scalar), held.subtracting(.shift)) }
            let lower = (0x41...0x5A).contains(value) ? Unicode.Scalar(UInt8(value + 0x20)) : scalar
            return Key(.char(lower == "_" ? "/" : lower), held)
        }
    }

    private static func modifiers(_ number: Int) -> Key.Modifiers {
        let bits = max(0, number - 1)
        var held = Key.Modifiers(rawValue: UInt8(bits & 7))
        if bits & 8 != 0 { held.insert(.alt) }
        return held
    }

    /// A report of the form `ESC [ < button ; x ; y M`; nil for what nobody asked for, such as hovering.
    static func mouse(_ numbers: [Int], _ final: UInt8) -> Mouse? {
        guard numbers.count == 3, final == 0x4D || final == 0x6D else { return nil }
        let code = numbers[0]
        var held: Key.Modifiers = []
        if code & 4 != 0 { held.insert(.shift) }
        if code & 8 != 0 { held.insert(.alt) }
        if code & 16 != 0 { held.insert(.ctrl) }
        let x = max(0, numbers[1] - 1)
        let y = max(0, numbers[2] - 1)
        guard code & 128 == 0 else { return nil }
        if code & 64 != 0 {
            guard code & 3 < 2, final == 0x4D else { return nil }
            return Mouse(code & 1 == 0 ? .wheelUp : .wheelDown, x: x, y: y, button: .none, modifiers: held)
        }
        let buttons: [Mouse.Button] = [.left, .middle, .right, .none]
        let button = buttons[code & 3]
        if code & 32 != 0 {
            return button == .none ? nil : Mouse(.drag, x: x, y: y, button: button, modifiers: held)
        }
        return Mouse(final == 0x4D ? .press : .release, x: x, y: y, button: button, modifiers: held)
    }
}
