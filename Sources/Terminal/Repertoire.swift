/// The characters a terminal can show.
package enum Repertoire: Sendable, Hashable {
    case unicode
    /// The Linux console's font: lines and half blocks, no eighths.
    case console
    case ascii
}

/// A cell made ready for a terminal: no level, role or missing character is left.
package struct Drawn: Sendable, Hashable {
    package var scalar: UInt32
    package var mark1: UInt32 = 0
    package var mark2: UInt32 = 0
    package var width: Int
    package var paint: Paint

    package static let blank = Drawn(scalar: 0x20, width: 1, paint: Paint())
}

extension Theme {
    /// Resolves a cell for a terminal's colours and characters.
    package func draw(_ cell: Cell, depth: Depth, repertoire: Repertoire = .unicode) -> Drawn {
        let style = cell.style
        let isHalf = style.ink != nil && (cell.scalar == 0x2580 || cell.scalar == 0x2584)
        var drawn = Drawn(
            scalar: cell.scalar, mark1: cell.mark1, mark2: cell.mark2, width: Int(cell.width),
            paint: paint(style, depth: depth))
        if isHalf, style.role == .selection || style.role == .cursor {
            drawn.scalar = 0x25C6
        } else if isHalf, let ink = style.ink, depth == .mono || depth == .c8 || repertoire == .ascii {
            shade(&drawn, (Int(ink) + Int(style.heat ?? ink)) / 2, depth)
        }
        if repertoire != .unicode {
            drawn.scalar = Repertoire.substitute(drawn.scalar, repertoire)
            if repertoire == .ascii {
                drawn.mark1 = 0
                drawn.mark2 = 0
            }
        }
        return drawn
    }

    /// One shade for both halves, where colours are too few for two.
    private func shade(_ drawn: inout Drawn, _ level: Int, _ depth: Depth) {
        let shades: [UInt32] = [0x20, 0x2591, 0x2592, 0x2593, 0x2588]
        switch depth {
        case .mono:
            drawn.scalar = shades[level * 5 / 64]
            drawn.paint = Paint()
        case .c8:
            drawn.scalar = shades[level * 5 / 64]
            drawn.paint = Paint(fg: ramp8[3], bg: ramp8[1])
        default:
            drawn.scalar = 0x20
            drawn.paint = Paint(bg: background(UInt8(level), depth))
        }
    }
}

extension Repertoire {
    static func substitute(_ scalar: UInt32, _ repertoire: Repertoire) -> UInt32 {
        if scalar < 0x7F { return scalar }
        switch repertoire {
        case .unicode: return scalar
        case .console: return console(scalar)
        case .ascii: return UInt32(ascii(scalar).value)
        }
    }

    private static func console(_ scalar: UInt32) -> UInt32 {
        switch scalar {
        case 0x2581, 0x2582: return 0x5F
        case 0x2583...0x2585: return 0x2584
        case 0x2586, 0x2587, 0x2589, 0x258A: return 0x2588
        case 0x258B, 0x258D...0x258F: return 0x258C
        case 0x25B8: return 0x25BA
        case 0x25C2: return 0x25C4
        case 0x25CF: return 0x2022
        case 0x25E6: return 0x6F
        case 0x2423: return 0x5F
        case 0x23CE, 0x21B5: return 0x3C
        case 0x2026: return 0x2E
        case 0x2504: return 0x2500
        case 0x2400...0x2421, 0x26A0, 0x2016, 0x232B: return UInt32(ascii(scalar).value)
        default: return scalar
        }
    }

    private static func ascii(_ scalar: UInt32) -> Unicode.Scalar {
        switch scalar {
        case 0xA0, 0x2000...0x200A, 0x3000: return " "
        case 0x2500, 0x2501, 0x2504, 0x2505, 0x2550, 0x2010...0x2015, 0x2212: return "-"
        case 0x2502, 0x2503, 0x2551, 0x2016: return "|"
        case 0x2506...0x257F: return "+"
        case 0x2581: return "_"
        case 0x2582: return "."
        case 0x2583: return "-"
        case 0x2584: return "="
        case 0x2585: return "+"
        case 0x2586: return "*"
        case 0x2587, 0x2588: return "#"
        case 0x2589...0x258C: return "="
        case 0x258D...0x258F: return "-"
        case 0x2580: return "\""
        case 0x2591: return "."
        case 0x2592: return ":"
        case 0x2593: return "*"
        case 0x2801...0x28FF, 0xB7, 0x2022, 0x2026: return "."
        case 0x25B6, 0x25B8, 0x203A, 0xBB, 0x27E9, 0x2192: return ">"
        case 0x25C0, 0x25C2, 0x2039, 0xAB, 0x27E8, 0x2190, 0x23CE, 0x21B5, 0x232B: return "<"
        case 0x2191, 0x25B2: return "^"
        case 0x2193, 0x25BC: return "v"
        case 0x25CF, 0x2713, 0x2714: return "*"
        case 0x25C6: return "+"
        case 0x25E6, 0x25CB: return "o"
        case 0x27E6: return "["
        case 0x27E7: return "]"
        case 0x2423: return "_"
        case 0x2400...0x2421: return "^"
        case 0x2018, 0x2019: return "'"
        case 0x201C, 0x201D: return "\""
        case 0xD7, 0x2717: return "x"
        case 0x26A0: return "!"
        case 0xB1: return "~"
        default: return "?"
        }
    }
}
