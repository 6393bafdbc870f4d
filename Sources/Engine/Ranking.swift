import Tokenizer

/// Descending order of floats, ties by lowest id: the likeliest few without sorting the rest, or all by radix.
package enum Ranking {
    package struct Entry: Sendable, Equatable {
        package let id: TokenID
        package let value: Float
    }

    /// NaN becomes minus infinity, plus infinity the greatest finite number, and minus zero zero.
    @inline(__always)
    package static func plain(_ x: Float) -> Float {
        let low = x > -.infinity ? x : -.infinity
        return (low < .greatestFiniteMagnitude ? low : .greatestFiniteMagnitude) + 0
    }

    /// The n greatest; values must be plain.
    package static func top(_ n: Int, of values: [Float]) -> [Entry] {
        guard n > 0, !values.isEmpty else { return [] }
        guard n < values.count / 8 else { return Array(all(values).prefix(n)) }
        var best: [UInt64] = []
        best.reserveCapacity(2 * n)
        values.withUnsafeBufferPointer { values in
            for index in 0..<n { best.append(packed(values[index], index)) }
            best.sort()
            var threshold = entry(best[n - 1]).value
            for index in n..<values.count where values[index] > threshold {
                best.append(packed(values[index], index))
                guard best.count == 2 * n else { continue }
                best.sort()
                best.removeLast(n)
                threshold = entry(best[n - 1]).value
            }
        }
        best.sort()
        return best.prefix(n).map(entry)
    }

    /// All of them, greatest first; values must be plain.
    /// Source: a least-significant-digit radix sort of 11 bits a pass, which is stable and so keeps ids ascending in ties.
    package static func all(_ values: [Float]) -> [Entry] {
        var words = [UInt64](unsafeUninitializedCapacity: values.count) { buffer, count in
            for index in values.indices { buffer[index] = packed(values[index], index) }
            count = values.count
        }
        var other = [UInt64](repeating: 0, count: words.count)
        for shift: UInt64 in [32, 43, 54] {
            pass(from: words, to: &other, shift: shift)
            swap(&words, &other)
        }
        return words.map(entry)
    }

    private static func pass(from words: [UInt64], to sorted: inout [UInt64], shift: UInt64) {
        withUnsafeTemporaryAllocation(of: Int.self, capacity: 2048) { starts in
            starts.initialize(repeating: 0)
            words.withUnsafeBufferPointer { words in
                sorted.withUnsafeMutableBufferPointer { sorted in
                    for word in words { starts[Int(word &>> shift & 2047)] &+= 1 }
                    var next = 0
                    for digit in 0..<2048 { (starts[digit], next) = (next, next + starts[digit]) }
                    for word in words {
                        let digit = Int(word &>> shift & 2047)
                        sorted[starts[digit]] = word
                        starts[digit] &+= 1
                    }
                }
            }
        }
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
