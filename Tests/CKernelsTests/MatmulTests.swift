import CKernels
import Testing

/// The written order of a sum, in Swift: the witness of the portable path.
private func law(_ matrix: Matrix, row: Int, _ x: [Float]) -> Float {
    var acc: Float = 0
    if matrix.weight.isFloat {
        for (w, v) in zip(matrix.row(row), x) { acc.addProduct(w, v) }
        return acc
    }
    for b in 0..<matrix.blocks {
        let part = x[(32 * b)..<(32 * b + 32)], most = part.map(\.magnitude).max() ?? 0
        // The least power of two that keeps all within 32639.
        var scale: Float = 0x1p-100
        while scale * 32639 < most { scale *= 2 }
        let v = part.map { most < 0x1p-100 ? 0 : Int(($0 / scale).rounded(.toNearestOrEven)) }
        if matrix.weight.hasHalves {
            let (d, m, q) = matrix.halves(row: row, b)
            for half in [0..<16, 16..<32] {
                acc.addProduct(d[half.lowerBound / 16] * scale, Float(half.map { q[$0] * v[$0] }.reduce(0, +)))
                if matrix.weight.hasMinimum { acc.addProduct(m[half.lowerBound / 16], scale * Float(v[half].reduce(0, +))) }
            }
            continue
        }
        let (d, m, q) = matrix.block(row: row, b)
        acc.addProduct(d * scale, Float(zip(q, v).map { $0 * $1 }.reduce(0, +)))
        if matrix.weight.hasMinimum { acc.addProduct(m, scale * Float(v.reduce(0, +))) }
    }
    return acc
}

extension Kernels {
    @Suite struct Matmul {
        @Test("the written order of every sum, on every path", arguments: Weight.allCases)
        func order(weight: Weight) {
            let count = weight.columns(192), matrix = Matrix(weight, rows: 21, columns: count, seed: 7), tiles = matrix.packed()
            var dice = Dice(state: 8)
            var x = (0..<3).map { _ in dice.floats(count, scale: 3) }
            for i in 64..<96 { x[1][i] = 0 }
            for i in 0..<32 { x[2][i] = 0x1p-110 }
            let expected = x.flatMap { column in (0..<32).map { $0 < 21 ? law(matrix, row: $0, column) : 0 } }
            Path.each { path in
                let out = matrix.times(x, tiles: tiles)
                #expect(out.indices.allSatisfy { out[$0] == expected[$0] }, "\(path)")
            }
        }

        @Test("the same bits for every path and number of columns", arguments: Weight.allCases)
        func twins(weight: Weight) {
            for (rows, blocks) in [(1, 1), (16, 3), (37, 18), (150, 5)] {
                let count = weight.columns(blocks * 32), matrix = Matrix(weight, rows: rows, columns: count, seed: UInt64(rows)), tiles = matrix.packed()
                var dice = Dice(state: 11)
                let x = (0..<17).map { _ in dice.floats(count) }
                let width = matrix.rowTiles * 16, start = dice.floats(17 * width)
                _ = tk_use_path(Path.portable.rawValue)
                let plain = matrix.times(x, tiles: tiles)
                let sum = zip(start, plain).map(+)
                Path.each { path in
                    for n in [1, 2, 3, 4, 7, 8, 9, 17] {
                        let columns = Array(x.prefix(n))
                        #expect(same(matrix.times(columns, tiles: tiles), Array(plain.prefix(n * width))), "\(path), \(n) columns")
                        let added = matrix.times(columns, tiles: tiles, adding: Array(start.prefix(n * width)))
                        #expect(same(added, Array(sum.prefix(n * width))), "\(path), \(n) columns added")
                    }
                }
            }
        }

        @Test("chunks of rows leave no trace", arguments: [Weight.q4_1, .q8_0, .f16])
        func chunks(weight: Weight) {
            let one = Matrix(weight, rows: 16, columns: 576, seed: 3), tiles = one.packed()
            let many = (0..<120).flatMap { _ in tiles }
            var dice = Dice(state: 4)
            let x = (0..<11).map { _ in dice.floats(576) }
            let stride = tk_act_bytes(576)
            Path.each { path in
                let single = one.times(x, tiles: tiles)
                guard let acts = tk_alloc(stride * 11) else { return }
                defer { tk_free(acts, stride * 11) }
                for (c, column) in x.enumerated() { tk_act(weight.rawValue, column, 576, acts + c * stride) }
                var out = [Float](repeating: .nan, count: 11 * 120 * 16)
                tk_matmul(weight.rawValue, many, 120, 18, acts, stride, 11, &out, 120 * 16, 0)
                let agree = (0..<11).allSatisfy { c in
                    (0..<120).allSatisfy { t in
                        same(Array(out[(c * 1920 + t * 16)..<(c * 1920 + t * 16 + 16)]), Array(single[(c * 16)..<(c * 16 + 16)]))
                    }
                }
                #expect(agree, "\(path)")
            }
        }

        @Test("16-bit activations err by less than a ten-thousandth", arguments: Weight.allCases)
        func accuracy(weight: Weight) {
            let count = weight.columns(576), matrix = Matrix(weight, rows: 16, columns: count, seed: 5), tiles = matrix.packed()
            var dice = Dice(state: 6)
            let x = dice.floats(count, scale: 2), out = matrix.times([x], tiles: tiles)
            var wrong = 0.0, all = 0.0
            for r in 0..<16 {
                let exact = zip(matrix.row(r), x).map { Double($0) * Double($1) }.reduce(0, +)
                wrong += (Double(out[r]) - exact) * (Double(out[r]) - exact)
                all += exact * exact
            }
            #expect(wrong < all * 1e-8)
        }

        @Test("the largest integers do not overflow", arguments: [Weight.q4_0, .q4_1, .q5_0, .q5_1, .q8_0, .q2_K, .q3_K, .q4_K, .q5_K, .q6_K, .iq4_nl])
        func extremes(weight: Weight) {
            let count = weight.columns(64)
            for byte in [UInt8(0), 0x7f, 0x80, 0xff] {
                var matrix = Matrix(weight, rows: 16, columns: count, seed: 1)
                let head = weight.hasHalves ? 0 : weight.hasMinimum ? 4 : 2, size = matrix.rowBytes / (weight.isK ? 1 : 2), end = weight.hasHalves ? weight.ahead : size
                for i in matrix.bytes.indices where i % size >= head && i % size < end { matrix.bytes[i] = byte }
                let tiles = matrix.packed()
                let x = [[Float](repeating: 1, count: count), [Float](repeating: -1, count: count)]
                let expected = x.flatMap { column in (0..<16).map { law(matrix, row: $0, column) } }
                Path.each { path in #expect(same(matrix.times(x, tiles: tiles), expected), "\(path), byte \(byte)") }
            }
        }

        @Test("scales of zero, the least, the greatest and beyond any number are the same bits on every path",
              arguments: [Weight.q4_0, .q4_1, .q5_0, .q5_1, .q8_0, .q2_K, .q3_K, .q4_K, .q5_K, .q6_K, .iq4_nl])
        func scales(weight: Weight) {
            let count = weight.columns(64)
            var matrix = Matrix(weight, rows: 16, columns: count, seed: 12)
            let size = matrix.rowBytes / (weight.isK ? 1 : 2), step = weight.isK ? 1 : 2
            for (row, scale) in [Float16(0), -0.0, 0x1p-24, -0x1p-24, 65504, .infinity, -.infinity, .nan].enumerated() {
                for (byte, value) in [UInt8(truncatingIfNeeded: scale.bitPattern), UInt8(scale.bitPattern >> 8)].enumerated() {
                    matrix.bytes[row * step * size + weight.ahead + byte] = value
                }
            }
            let tiles = matrix.packed()
            var dice = Dice(state: 13)
            let x = [0x1p-84, 0x1p-60, 1, 0x1p60, 0x1p100].map { dice.floats(count, scale: $0) }
            _ = tk_use_path(Path.portable.rawValue)
            let expected = matrix.times(x, tiles: tiles)
            #expect(expected[5].isNaN || expected[5].isInfinite)
            #expect(expected[8].isFinite && expected[8] != 0)
            Path.each { path in
                let out = matrix.times(x, tiles: tiles)
                #expect(zip(out, expected).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) }, "\(path)")
            }
        }

        @Test("a number that is not finite spoils its own column only", arguments: Weight.allCases)
        func notFinite(weight: Weight) {
            let count = weight.columns(96), matrix = Matrix(weight, rows: 16, columns: count, seed: 2), tiles = matrix.packed()
            var dice = Dice(state: 9)
            let clean = dice.floats(count)
            var spoilt = [clean, clean, clean]
            spoilt[1][40] = .nan
            spoilt[2][95] = -.infinity
            Path.each { path in
                let out = matrix.times(spoilt, tiles: tiles)
                #expect(same(Array(out[0..<16]), matrix.times([clean], tiles: tiles)), "\(path)")
                #expect(out[16..<32].allSatisfy { $0.isNaN }, "\(path)")
                #expect(out[32..<48].allSatisfy { !$0.isFinite }, "\(path)")
            }
        }
    }
}
