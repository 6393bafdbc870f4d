/// One place of the grid, without any heap: a scalar, at most two marks on it, and a style.
package struct Cell: Sendable, Hashable {
    /// The base; 0 in the right half of a wide character.
    package internal(set) var scalar: UInt32
    package internal(set) var mark1: UInt32
    package internal(set) var mark2: UInt32
    /// 1 or 2; 0 in the right half of a wide character.
    package internal(set) var width: UInt8
    package var style: Style

    package init(scalar: UInt32, mark1: UInt32 = 0, mark2: UInt32 = 0, width: UInt8 = 1, style: Style) {
        self.scalar = scalar
        self.mark1 = mark1
        self.mark2 = mark2
        self.width = width
        self.style = style
    }

    package static let blank = Cell(scalar: 0x20, style: Style())

    static func blank(_ style: Style) -> Cell { Cell(scalar: 0x20, style: style) }
    static func continuation(_ style: Style) -> Cell { Cell(scalar: 0, width: 0, style: style) }

    package var isContinuation: Bool { width == 0 }

    /// The characters of the cell, for tests and exports.
    package var text: String {
        var out = String.UnicodeScalarView()
        for value in [scalar, mark1, mark2] where value != 0 {
            out.append(Unicode.Scalar(value) ?? "\u{FFFD}")
        }
        return String(out)
    }
}
