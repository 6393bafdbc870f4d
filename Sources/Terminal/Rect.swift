/// A box of cells; every operation clamps, so that no size of window can trap.
package struct Rect: Sendable, Hashable {
    package var x: Int { didSet { x = Rect.place(x) } }
    package var y: Int { didSet { y = Rect.place(y) } }
    package var width: Int { didSet { width = Rect.extent(width) } }
    package var height: Int { didSet { height = Rect.extent(height) } }

    package init(x: Int = 0, y: Int = 0, width: Int, height: Int) {
        self.x = Rect.place(x)
        self.y = Rect.place(y)
        self.width = Rect.extent(width)
        self.height = Rect.extent(height)
    }

    /// Far beyond any window, far below where sums overflow.
    static let limit = 1_000_000

    static func place(_ value: Int) -> Int { min(max(value, -limit), limit) }
    static func extent(_ value: Int) -> Int { min(max(value, 0), limit) }

    /// First column to the right of the box.
    package var maxX: Int { x + width }
    /// First row under the box.
    package var maxY: Int { y + height }
    package var isEmpty: Bool { width == 0 || height == 0 }

    package func contains(x px: Int, y py: Int) -> Bool {
        px >= x && px < maxX && py >= y && py < maxY
    }

    package func intersection(_ other: Rect) -> Rect {
        let left = max(x, other.x)
        let top = max(y, other.y)
        return Rect(x: left, y: top, width: min(maxX, other.maxX) - left, height: min(maxY, other.maxY) - top)
    }

    /// The box without `dx` columns at both sides and `dy` rows above and below.
    package func inset(dx: Int, dy: Int) -> Rect {
        let dx = min(Rect.extent(dx), width / 2 + 1)
        let dy = min(Rect.extent(dy), height / 2 + 1)
        return Rect(x: x + min(dx, width), y: y + min(dy, height), width: width - 2 * dx, height: height - 2 * dy)
    }

    /// What a border of one cell leaves.
    package var interior: Rect { inset(dx: 1, dy: 1) }

    /// The row `index` of the box, counted from its top; empty outside.
    package func row(_ index: Int) -> Rect {
        guard index >= 0, index < height else { return Rect(x: x, y: y, width: 0, height: 0) }
        return Rect(x: x, y: y + index, width: width, height: 1)
    }

    package func split(top rows: Int) -> (top: Rect, rest: Rect) {
        let n = min(max(rows, 0), height)
        return (Rect(x: x, y: y, width: width, height: n), Rect(x: x, y: y + n, width: width, height: height - n))
    }

    package func split(bottom rows: Int) -> (rest: Rect, bottom: Rect) {
        let n = min(max(rows, 0), height)
        let parts = split(top: height - n)
        return (parts.top, parts.rest)
    }

    package func split(left columns: Int) -> (left: Rect, rest: Rect) {
        let n = min(max(columns, 0), width)
        return (Rect(x: x, y: y, width: n, height: height), Rect(x: x + n, y: y, width: width - n, height: height))
    }

    package func split(right columns: Int) -> (rest: Rect, right: Rect) {
        let n = min(max(columns, 0), width)
        let parts = split(left: width - n)
        return (parts.left, parts.rest)
    }

    /// `count` boxes side by side that share the width, the first ones a column wider where it does not divide.
    package func columns(_ count: Int) -> [Rect] {
        shares(of: width, count).map { Rect(x: x + $0.start, y: y, width: $0.size, height: height) }
    }

    /// `count` boxes one under the other that share the height.
    package func rows(_ count: Int) -> [Rect] {
        shares(of: height, count).map { Rect(x: x, y: y + $0.start, width: width, height: $0.size) }
    }

    private func shares(of total: Int, _ count: Int) -> [(start: Int, size: Int)] {
        guard count > 0 else { return [] }
        let count = min(count, Rect.limit)
        var start = 0
        return (0..<count).map { index in
            let size = total / count + (index < total % count ? 1 : 0)
            defer { start += size }
            return (start, size)
        }
    }
}
