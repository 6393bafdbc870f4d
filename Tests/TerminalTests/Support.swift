import Terminal

/// Numbers that look random and are the same in every run.
/// Source: SplitMix64, Steele, Lea, Flood 2014.
struct Dice: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

extension Frame {
    /// The first broken promise of the grid; nil for a sound one.
    func flaw() -> String? {
        if cells.count != width * height { return "\(cells.count) cells for \(width) x \(height)" }
        for y in 0..<height {
            for x in 0..<width {
                let cell = cells[y * width + x]
                let place = "(\(x), \(y))"
                switch cell.width {
                case 0:
                    if x == 0 || cells[y * width + x - 1].width != 2 { return "\(place) is half of nothing" }
                    if cell.scalar != 0 { return "\(place) is a half with text" }
                case 2:
                    if x + 1 >= width || cells[y * width + x + 1].width != 0 { return "\(place) lacks its half" }
                case 1: break
                default: return "\(place) has width \(cell.width)"
                }
                if cell.width > 0, let bad = Frame.forbidden(cell) { return "\(place) holds U+\(String(bad, radix: 16))" }
            }
        }
        return nil
    }

    /// A scalar that a terminal would obey or not show, by its general category and not by our own table.
    private static func forbidden(_ cell: Cell) -> UInt32? {
        for (index, value) in [cell.scalar, cell.mark1, cell.mark2].enumerated() where index == 0 || value != 0 {
            guard let scalar = Unicode.Scalar(value) else { return value }
            switch scalar.properties.generalCategory {
            case .control, .surrogate, .lineSeparator, .paragraphSeparator: return value
            case .format:
                // Visible number signs of Arabic, Syriac and Kaithi are "format" too.
                if !scalar.properties.isDefaultIgnorableCodePoint, scalar.properties.name != nil,
                    [0x600, 0x601, 0x602, 0x603, 0x604, 0x605, 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD]
                        .contains(value)
                {
                    continue
                }
                return value
            default:
                if scalar.properties.isDefaultIgnorableCodePoint || scalar.properties.isNoncharacterCodePoint { return value }
            }
        }
        return nil
    }
}
