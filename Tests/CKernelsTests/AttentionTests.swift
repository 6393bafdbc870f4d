import CKernels
import Glibc
import Testing

/// A cache of one layer and KV head: pages with an offset before the keys, and NaN where nothing was stored.
private struct Pages {
    let memory: UnsafeMutableRawPointer
    let bases: [UnsafeRawPointer?]
    let dim: Int, pageBytes: Int
    let keys: [[Float]], values: [[Float]]
    static let keyOffset = 64
    var valueOffset: Int { Pages.keyOffset + 64 * dim }

    init(length: Int, dim: Int, seed: UInt64) {
        let count = (length + 31) / 32, bytes = Pages.keyOffset + 128 * dim + 64
        var dice = Dice(state: seed)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: count * bytes, alignment: 64)
        memset(memory, 0x7f, count * bytes)
        let keys = (0..<length).map { _ in dice.floats(dim, scale: 4) }, values = (0..<length).map { _ in dice.floats(dim) }
        // Backwards, so that a page's neighbour in memory is not its neighbour in the text.
        bases = (0..<count).map { UnsafeRawPointer(memory + (count - 1 - $0) * bytes) }
        for t in 0..<length {
            let page = memory + (count - 1 - t / 32) * bytes
            tk_store_key(keys[t], dim, page + Pages.keyOffset, t % 32)
            tk_store_value(values[t], dim, page + Pages.keyOffset + (32 + t % 32) * 2 * dim)
        }
        (self.memory, self.dim, pageBytes, self.keys, self.values) = (memory, dim, bytes, keys, values)
    }

    func scores(_ q: [Float], length: Int) -> [Float] {
        var out = [Float](repeating: -1, count: length + 1)
        bases.withUnsafeBufferPointer { tk_scores(q, dim, $0.baseAddress, Pages.keyOffset, length, 0.125, &out) }
        #expect(out[length] == -1)
        return Array(out.prefix(length))
    }

    /// The output, then the maximum and the sum.
    func attend(_ q: [Float], from start: Int, length: Int) -> [Float] { attend([q], from: [start], lengths: [length])[0] }

    func attend(_ queries: [[Float]], from starts: [Int], lengths: [Int]) -> [[Float]] {
        let stride = ((lengths.max() ?? 0) + 31) / 32 * 32, count = queries.count, q = queries.flatMap { $0 }
        var out = [Float](repeating: .nan, count: count * (dim + 2))
        var scratch = [Float](repeating: .nan, count: Int(TK_MOST_ROWS) * stride)
        q.withUnsafeBufferPointer { q in
            out.withUnsafeMutableBufferPointer { out in
                guard let from = q.baseAddress, let to = out.baseAddress else { return }
                let rows = (0..<count).map {
                    tk_row(q: from + $0 * dim, out: to + $0 * (dim + 2), stats: to + $0 * (dim + 2) + dim, start: starts[$0], length: lengths[$0])
                }
                bases.withUnsafeBufferPointer {
                    tk_attend(rows, count, dim, $0.baseAddress, Pages.keyOffset, valueOffset, 0.125, &scratch, stride)
                }
            }
        }
        return (0..<count).map { Array(out[$0 * (dim + 2)..<($0 + 1) * (dim + 2)]) }
    }
}

private func halved(_ x: Float) -> Float { Float(Float16(x)) }

extension Kernels {
    @Suite struct Attention {
        @Test("float16 is rounded to nearest even, subnormals, infinities and NaN included")
        func halves() {
            var dice = Dice(state: 41)
            var samples: [Float] = [0, -0, 1, 65504, 65519.99, 65520, 1e9, -.infinity, 0x1p-24, 0x1p-25, 0x1.8p-25, 0x1p-26, 5.9e-8]
            for _ in 0..<4000 { samples.append(Float(bitPattern: UInt32(truncatingIfNeeded: dice.next()) & 0xbfff_ffff)) }
            for i in UInt16(0)...0x7bff where i % 7 == 0 {
                samples.append((Float(Float16(bitPattern: i)) + Float(Float16(bitPattern: i + 1))) / 2)
            }
            samples = samples.filter { !$0.isNaN }
            Path.each { path in
                var page = [UInt16](repeating: 0, count: 32 * samples.count)
                tk_store_key(samples, samples.count, &page, 5)
                #expect(samples.indices.allSatisfy { page[32 * $0 + 5] == Float16(samples[$0]).bitPattern }, "\(path)")
                tk_store_value(samples, samples.count, &page)
                #expect(samples.indices.allSatisfy { page[$0] == Float16(samples[$0]).bitPattern }, "\(path)")
                tk_store_value([.nan], 1, &page)
                #expect(Float16(bitPattern: page[0]).isNaN)
            }
        }

        @Test("every float16 widens exactly, on every path")
        func widen() {
            let patterns = (UInt16(0)...0xffff).filter { !Float16(bitPattern: $0).isNaN && !Float16(bitPattern: $0).isInfinite }
            for chunk in stride(from: 0, to: patterns.count - 31, by: 32) {
                let page = Array(patterns[chunk..<(chunk + 32)]), exact = page.map { Float(Float16(bitPattern: $0)) + 0 }
                page.withUnsafeBytes { bytes in
                    let bases: [UnsafeRawPointer?] = [bytes.baseAddress]
                    Path.each { _ in
                        var out = [Float](repeating: 0, count: 32)
                        bases.withUnsafeBufferPointer { tk_scores([1], 1, $0.baseAddress, 0, 32, 1, &out) }
                        #expect(out == exact)
                    }
                }
            }
        }

        @Test("a score is one chain over the dimensions", arguments: [1, 31, 32, 33, 100, 229])
        func scores(length: Int) {
            for dim in [8, 20, 64] {
                let pages = Pages(length: length, dim: dim, seed: UInt64(length))
                defer { pages.memory.deallocate() }
                var dice = Dice(state: 42)
                let q = dice.floats(dim)
                let expected = pages.keys.map { key in
                    var sum: Float = 0
                    for (a, b) in zip(q, key) { sum.addProduct(a, halved(b)) }
                    return 0.125 * sum
                }
                Path.each { path in #expect(same(pages.scores(q, length: length), expected), "\(path), dim \(dim)") }
            }
        }

        @Test("attention is the softmax of doubles, and the same bits on every path",
              arguments: [(1, 0), (32, 0), (33, 32), (70, 3), (200, 64), (229, 100)])
        func attend(length: Int, start: Int) {
            for dim in [8, 20, 64, 96] {
                let pages = Pages(length: length, dim: dim, seed: UInt64(length + dim))
                defer { pages.memory.deallocate() }
                var dice = Dice(state: 43)
                let q = dice.floats(dim)
                expectTwins("length \(length), dim \(dim)") { pages.attend(q, from: start, length: length) }
                let got = pages.attend(q, from: start, length: length)
                let s = pages.scores(q, length: length).map(Double.init), top = s[start...].max() ?? 0
                let e = s.indices.map { $0 < start ? 0 : exp(s[$0] - top) }, total = e.reduce(0, +)
                #expect(Double(got[dim]) == top && abs(Double(got[dim + 1]) - total) < 1e-5 * total)
                for d in 0..<dim {
                    let exact = s.indices.map { e[$0] * Double(halved(pages.values[$0][d])) }.reduce(0, +) / total
                    #expect(abs(Double(got[d]) - exact) < 1e-5)
                }
            }
        }

        @Test("partial sums fold in page order", arguments: [26, 29, 32, 41, 45, 64, 75, 301])
        func order(length: Int) {
            let dim = 16, pages = Pages(length: length, dim: dim, seed: UInt64(length))
            defer { pages.memory.deallocate() }
            var dice = Dice(state: 45)
            // A small query: near-equal weights, so that the order of their sum shows in its bits.
            let q = dice.floats(dim, scale: 0.3), s = pages.scores(q, length: length), top = s.max() ?? 0
            var lanes = [Float](repeating: 0, count: 16), out = [Float](repeating: 0, count: dim)
            for first in stride(from: 0, to: length, by: 32) {
                let e = (first..<(first + 32)).map { $0 < length ? tk_exp(s[$0] - top) : 0 }
                for i in lanes.indices { lanes[i] += e[i] + e[i + 16] }
                for d in 0..<dim {
                    var sum: Float = 0
                    for t in first..<min(first + 32, length) { sum.addProduct(e[t - first], halved(pages.values[t][d])) }
                    out[d] += sum
                }
            }
            for step in [8, 4, 2, 1] { for i in 0..<step { lanes[i] += lanes[i + step] } }
            let expected = out.map { $0 / lanes[0] } + [top, lanes[0]]
            Path.each { path in #expect(same(pages.attend(q, from: 0, length: length), expected), "\(path)") }
        }

        @Test("rows that are read together get what each gets alone", arguments: [16, 20, 64, 96])
        func together(dim: Int) {
            let pages = Pages(length: 150, dim: dim, seed: UInt64(dim))
            defer { pages.memory.deallocate() }
            var dice = Dice(state: 49)
            let queries = (0..<9).map { _ in dice.floats(dim) }
            let starts = [0, 0, 0, 70, 0, 33, 0, 149, 64], lengths = [150, 149, 128, 129, 1, 34, 31, 150, 64]
            Path.each { path in
                let alone = (0..<9).map { pages.attend(queries[$0], from: starts[$0], length: lengths[$0]) }
                for count in 1...9 {
                    let rows = pages.attend(Array(queries.prefix(count)), from: starts, lengths: Array(lengths.prefix(count)))
                    #expect((0..<count).allSatisfy { same(rows[$0], alone[$0]) }, "\(path), \(count) rows")
                }
            }
        }

        @Test("the pattern sums to one and is the very weights of attention")
        func pattern() {
            let length = 77, start = 35, dim = 32, pages = Pages(length: length, dim: dim, seed: 46)
            defer { pages.memory.deallocate() }
            var dice = Dice(state: 47)
            let q = dice.floats(dim)
            expectTwins("pattern") {
                let s = pages.scores(q, length: length), stats = pages.attend(q, from: start, length: length).suffix(2)
                var out = [Float](repeating: -1, count: length)
                tk_pattern(s, start, length, stats.first ?? 0, stats.last ?? 0, &out)
                #expect(out.prefix(start).allSatisfy { $0 == 0 } && abs(out.reduce(0, +) - 1) < 1e-5)
                #expect(out[40] == tk_exp(s[40] - (stats.first ?? 0)) / (stats.last ?? 0))
                return out
            }
        }

        @Test("an empty range attends to nothing; NaN in a query shows")
        func edges() {
            let pages = Pages(length: 40, dim: 16, seed: 48)
            defer { pages.memory.deallocate() }
            var q = [Float](repeating: 1, count: 16)
            Path.each { _ in #expect(pages.attend(q, from: 40, length: 40) == [Float](repeating: 0, count: 18)) }
            q[3] = .nan
            Path.each { _ in #expect(pages.attend(q, from: 0, length: 40).prefix(16).allSatisfy { $0.isNaN }) }
        }
    }
}
