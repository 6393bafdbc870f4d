import Glibc

/// Two conditions on the same items: does the one get more right than the other than chance would have it?
/// Source: McNemar 1947; with continuity correction Edwards 1948.
package struct McNemar: Sendable, Equatable {
    /// Items that only the first gets right, and only the second (b and c of the textbooks).
    package let onlyA: Int
    package let onlyB: Int

    /// nil without items, or where their numbers differ.
    package init?(_ a: [Bool], _ b: [Bool]) {
        guard !a.isEmpty, a.count == b.count else { return nil }
        onlyA = zip(a, b).count { $0 && !$1 }
        onlyB = zip(a, b).count { !$0 && $1 }
    }

    /// Two-sided p of the exact binomial test; 1 where the conditions never differ.
    package var exactP: Double {
        let n = onlyA + onlyB, fewer = min(onlyA, onlyB)
        // ln of C(n, k) / 2^n, from k to k + 1, so that no factorial is needed.
        var term = -Double(n) * log(2.0), total = exp(term)
        for k in stride(from: 1, through: fewer, by: 1) {
            term += log(Double(n - k + 1) / Double(k))
            total += exp(term)
        }
        return min(1, 2 * total)
    }

    /// Chi-square with continuity correction, one degree of freedom; 0 where b and c are equal.
    package var chiSquare: Double {
        let excess = Double(max(0, abs(onlyA - onlyB) - 1))
        return excess > 0 ? excess * excess / Double(onlyA + onlyB) : 0
    }

    package var chiSquareP: Double { erfc((chiSquare / 2).squareRoot()) }
}

/// The difference of two conditions' accuracies on the same items, drawn again with replacement.
///
/// Items are drawn, not single answers: the cells of an item stay together, because their results hang together.
/// Source: Efron and Tibshirani 1993 (percentile interval); p by inverting it, with the one added of Davison and Hinkley 1997.
package struct PairedBootstrap: Sendable, Equatable {
    /// Accuracy of b minus accuracy of a.
    package let difference: Double
    /// 95 %.
    package let interval: Interval
    /// Two-sided; at least 1 / (resamples + 1).
    package let p: Double
    package let resamples: Int

    /// The same seed gives the same numbers; nil where nothing is paired or the shapes differ. Shape: [items][cells]
    package init?(_ a: [[Bool]], _ b: [[Bool]], seed: Int = 0, resamples: Int = 10_000) {
        guard a.map(\.count) == b.map(\.count), resamples > 0 else { return nil }
        let items = zip(a, b).filter { !$0.0.isEmpty }.map { a, b in (gain: b.count { $0 } - a.count { $0 }, cells: a.count) }
        guard !items.isEmpty else { return nil }
        var random = SeededRandom(words: [3, UInt64(bitPattern: Int64(seed))])
        var found: [Double] = []
        found.reserveCapacity(resamples)
        for _ in 0..<resamples {
            var gain = 0, cells = 0
            for _ in items.indices {
                let item = items[random.below(items.count)]
                gain += item.gain
                cells += item.cells
            }
            found.append(Double(gain) / Double(cells))
        }
        found.sort()
        difference = Double(items.reduce(0) { $0 + $1.gain }) / Double(items.reduce(0) { $0 + $1.cells })
        interval = Interval(low: Self.quantile(found, 0.025), high: Self.quantile(found, 0.975))
        let tail = min(found.count { $0 <= 0 }, found.count { $0 >= 0 })
        p = min(1, 2 * Double(tail + 1) / Double(resamples + 1))
        self.resamples = resamples
    }

    /// A condition with one answer an item.
    package init?(_ a: [Bool], _ b: [Bool], seed: Int = 0, resamples: Int = 10_000) {
        self.init(a.map { [$0] }, b.map { [$0] }, seed: seed, resamples: resamples)
    }

    /// Between the two nearest of sorted values (type 7 of Hyndman and Fan 1996).
    private static func quantile(_ sorted: [Double], _ share: Double) -> Double {
        let place = share * Double(sorted.count - 1), below = Int(place)
        let above = min(below + 1, sorted.count - 1)
        return sorted[below] + (place - Double(below)) * (sorted[above] - sorted[below])
    }
}
