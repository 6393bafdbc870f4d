import CKernels
import Glibc

/// Cosines and sines of positions and pairs, computed when first needed. Shape: [positions][rotary / 2][2].
final class RopeTable {
    private let rope: Architecture.Rope
    /// What each pair's frequency is divided by, where a model stretches them one by one. Shape: [rotary / 2].
    private let divisors: UnsafePointer<Float>?
    private let table: Floats
    private let limit: Int
    private var ready = 0

    init(_ rope: Architecture.Rope, divisors: UnsafePointer<Float>?, positions: Int) throws(ModelError) {
        (self.rope, self.divisors) = (rope, divisors)
        limit = positions
        table = try Floats(positions * rope.rotary, for: "the table of positions")
    }

    /// Makes positions 0..<count ready, some more with them.
    func prepare(to count: Int) {
        guard count > ready else { return }
        let end = min(limit, (count + 511) & ~511), pairs = rope.rotary / 2
        for pair in 0..<pairs {
            let frequency = pow(rope.base, -2 * Double(pair) / Double(rope.rotary)) / rope.stretch / Double(divisors?[pair] ?? 1)
            for position in ready..<end {
                let angle = Double(position) * frequency
                table.base[(position * pairs + pair) * 2] = Float(cos(angle))
                table.base[(position * pairs + pair) * 2 + 1] = Float(sin(angle))
            }
        }
        ready = end
    }

    /// Turns some rows of the heads, which do not part a pair.
    func apply(_ x: UnsafeMutablePointer<Float>, rows: Range<Int>, headWidth: Int, position: Int) {
        let turns = table.base + position * rope.rotary, half: Int32 = rope.pairing == .halves ? 1 : 0
        var row = rows.lowerBound
        while row < rows.upperBound {
            let part = row % headWidth
            if part == 0, rows.upperBound - row >= headWidth {
                let heads = (rows.upperBound - row) / headWidth
                tk_rope(x + row, heads, headWidth, rope.rotary, turns, half)
                row += heads * headWidth
            } else {
                let count = min(rows.upperBound - row, headWidth - part), turned = max(0, min(count, rope.rotary - part))
                tk_rope(x + row, 1, headWidth, turned, turns + part, half)
                row += count
            }
        }
    }
}
