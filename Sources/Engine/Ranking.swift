import Tokenizer

/// Descending order of floats, ties by lowest id: the likeliest few without sorting the rest, or all by radix.
enum Ranking {
    struct Entry: Sendable, Equatable {
        let id: TokenID
        let value: Float
    }

    /// NaN becomes minus infinity, plus infinity the greatest finite number, and minus zero zero.
    @inline(__always)
    static func plain(_ x: Float) -> Float {
        let low = x > -.infinity ? x : -.infinity
        return (low < .greatestFiniteMagnitude ? low : .greatestFiniteMagnitude) + 0
    }

    /// The n greatest; values must be plain.
    static func top(_ n: Int, of values: [Float]) -> [Entry] {
        guard n > 0, !values.isEmpty else { return [] }
        guard n < values.count / 8 else { return Array(all(values).prefix(n)) }
        var best: [UInt64] = []
        best.reserveCapacity(2 * n)
        var threshold = -Float.infinity
        values.withUnsafeBufferPointer { values in
            for index in values.indices where values[index] > threshold || best.count < n {
                best.append(packed(values[index], index))
                guard best.count == 2 * n || best.count == n else { continue }
                best.sort()
                best.removeLast(best.count - n)
                threshold = entry(best[n - 1]).value
            }
        }
        best.sort()
        return best.prefix(n).map(entry)
    }

    /// All of them, greatest first; values must be plain.
    static func all(_ values: [Float]) -> [Entry] {
        var keys = values.indices.map { packed(values[$0], $0) }
        keys.sort()
        return keys.map(entry)
    }

    /// Ascending order of the packed words is descending order of the values, then ascending order of ids.
    @inline(__always)
    private static func packed(_ value: Float, _ index: Int) -> UInt64 {
        let bits = value.bitPattern
        let ascending = bits & 0x8000_0000 == 0 ? bits | 0x8000_0000 : ~bits
        return UInt64(~ascending) << 32 | UInt64(UInt32(truncatingIfNeeded: index))
    }

    @inline(__always)
    private static func entry(_ word: UInt64) -> Entry {
        let ascending = ~UInt32(truncatingIfNeeded: word >> 32)
        let bits = ascending & 0x8000_0000 == 0 ? ~ascending : ascending & 0x7fff_ffff
        return Entry(id: TokenID(truncatingIfNeeded: word & 0xffff_ffff), value: Float(bitPattern: bits))
    }
}
