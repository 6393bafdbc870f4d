import CKernels
import Testing

enum Weight: Int32, CaseIterable, CustomTestStringConvertible {
    case f32 = 0, f16 = 1, q4_0 = 2, q4_1 = 3, q5_0 = 6, q5_1 = 7, q8_0 = 8, q2_K = 10, q3_K = 11, q4_K = 12, q5_K = 13, q6_K = 14, iq4_nl = 20, bf16 = 30

    var isFloat: Bool { self == .f32 || self == .f16 || self == .bf16 }
    /// In blocks of 256, with scales and minima of six bits.
    var isK: Bool { hasHalves || self == .q4_K || self == .q5_K }
    /// A scale for each 16 inputs.
    var hasHalves: Bool { self == .q2_K || self == .q3_K || self == .q6_K }
    /// The bytes of a block before its scale, where that stands behind them.
    var ahead: Int { self == .q2_K ? 80 : self == .q3_K ? 108 : self == .q6_K ? 208 : 0 }
    var hasMinimum: Bool { self == .q4_1 || self == .q5_1 || self == .q4_K || self == .q5_K || self == .q2_K }
    var hasFifthBits: Bool { self == .q5_0 || self == .q5_1 || self == .q5_K }
    /// The nearest number of inputs, not less, that rows of it can have.
    func columns(_ count: Int) -> Int { isK ? (count + 255) / 256 * 256 : count }
    var testDescription: String { "\(self)" }
}

/// A matrix as a file holds it, and as the definition of its type reads it.
struct Matrix {
    let weight: Weight, rows: Int, columns: Int
    var bytes: [UInt8] = []

    init(_ weight: Weight, rows: Int, columns: Int, seed: UInt64) {
        self.weight = weight
        self.rows = rows
        self.columns = columns
        var dice = Dice(state: seed)
        if weight.isFloat {
            for value in dice.floats(rows * columns) { append(value) }
            return
        }
        for _ in 0..<(weight.hasHalves ? rows * columns / 256 : 0) {
            for _ in 0..<weight.ahead { bytes.append(UInt8.random(in: 0...255, using: &dice)) }
            append(Float16(Float.random(in: -0.0005...0.0005, using: &dice)).bitPattern)
            if weight == .q2_K { append(Float16(Float.random(in: -0.0005...0.0005, using: &dice)).bitPattern) }
        }
        for _ in 0..<(weight.isK && !weight.hasHalves ? rows * columns / 256 : 0) {
            append(Float16(Float.random(in: -0.001...0.001, using: &dice)).bitPattern)
            append(Float16(Float.random(in: -0.005...0.005, using: &dice)).bitPattern)
            for _ in 0..<(weight == .q5_K ? 172 : 140) { bytes.append(UInt8.random(in: 0...255, using: &dice)) }
        }
        for _ in 0..<(weight.isK ? 0 : rows * columns / 32) {
            append(Float16(Float.random(in: -0.02...0.02, using: &dice)).bitPattern)
            if weight.hasMinimum { append(Float16(Float.random(in: -0.1...0.1, using: &dice)).bitPattern) }
            let rest = (weight.hasFifthBits ? 4 : 0) + (weight == .q8_0 ? 32 : 16)
            for _ in 0..<rest { bytes.append(UInt8.random(in: 0...255, using: &dice)) }
        }
    }

    private mutating func append(_ half: UInt16) { withUnsafeBytes(of: half.littleEndian) { bytes.append(contentsOf: $0) } }

    private mutating func append(_ value: Float) {
        switch weight {
        case .f32: withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) }
        case .f16: append(Float16(value).bitPattern)
        default: append(UInt16(value.bitPattern >> 16))
        }
    }

    private func half(_ at: Int) -> UInt16 { UInt16(bytes[at]) | UInt16(bytes[at + 1]) << 8 }

    var rowBytes: Int { bytes.count / rows }
    var blocks: Int { (columns + 31) / 32 }
    var rowTiles: Int { (rows + 15) / 16 }

    /// One block of a quantised row: its scale, minimum and offset-corrected integers.
    func block(row: Int, _ b: Int) -> (d: Float, m: Float, q: [Int]) {
        if weight.isK { return kBlock(row: row, b) }
        var at = row * rowBytes + b * (rowBytes / blocks)
        let d = Float(Float16(bitPattern: half(at)))
        at += 2
        var m: Float = 0
        if weight.hasMinimum {
            m = Float(Float16(bitPattern: half(at)))
            at += 2
        }
        if weight == .q8_0 { return (d, m, (0..<32).map { Int(Int8(bitPattern: bytes[at + $0])) }) }
        var fifth = 0
        if weight.hasFifthBits {
            fifth = Int(half(at)) | Int(half(at + 2)) << 16
            at += 4
        }
        if weight == .iq4_nl {
            let values = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113]
            return (d, m, (0..<32).map { values[Int(bytes[at + $0 % 16]) >> ($0 < 16 ? 0 : 4) & 15] })
        }
        let offset = weight == .q4_0 ? 8 : weight == .q5_0 ? 16 : 0
        let q = (0..<32).map { k in
            let nibble = k < 16 ? Int(bytes[at + k]) & 15 : Int(bytes[at + k - 16]) >> 4
            return nibble + (fifth >> k & 1) * 16 - offset
        }
        return (d, m, q)
    }

    /// 32 of the 256 inputs of a block of Q6_K, Q3_K or Q2_K, their two scales and their two minima.
    func halves(row: Int, _ b: Int) -> (d: [Float], m: [Float], q: [Int]) {
        let at = row * rowBytes + b / 8 * (weight.ahead + (weight == .q2_K ? 4 : 2)), sub = b % 8, group = sub / 4, part = sub % 4
        let all = Float(Float16(bitPattern: half(at + weight.ahead)))
        if weight == .q2_K {
            let least = Float(Float16(bitPattern: half(at + 82))), packed = (0..<2).map { Int(bytes[at + sub * 2 + $0]) }
            return (packed.map { all * Float($0 & 15) }, packed.map { -(least * Float($0 >> 4)) }, (0..<32).map { k in
                Int(bytes[at + 16 + group * 32 + k]) >> (part * 2) & 3
            })
        }
        if weight == .q6_K {
            return ((0..<2).map { all * Float(Int8(bitPattern: bytes[at + 192 + sub * 2 + $0])) }, [0, 0], (0..<32).map { k in
                let low = Int(bytes[at + group * 64 + part % 2 * 32 + k]) >> (part / 2 * 4) & 15
                return low + (Int(bytes[at + 128 + group * 32 + k]) >> (part * 2) & 3) * 16 - 32
            })
        }
        return ((0..<2).map { index in
            let s = sub * 2 + index
            return all * Float((Int(bytes[at + 96 + s % 8]) >> (s / 8 * 4) & 15) + (Int(bytes[at + 104 + s % 4]) >> (s / 4 * 2) & 3) * 16 - 32)
        }, [0, 0], (0..<32).map { k in (Int(bytes[at + 32 + group * 32 + k]) >> (part * 2) & 3) - (Int(bytes[at + k]) >> sub & 1 == 1 ? 0 : 4) })
    }

    /// 32 of the 256 inputs of a K block, by the definition of ggml's get_scale_min_k4.
    private func kBlock(row: Int, _ b: Int) -> (d: Float, m: Float, q: [Int]) {
        let at = row * rowBytes + b / 8 * (weight == .q5_K ? 176 : 144), sub = b % 8
        func six(_ index: Int, _ isMinimum: Bool) -> Int {
            let s = at + 4, j = index
            if j < 4 { return Int(bytes[s + j + (isMinimum ? 4 : 0)]) & 63 }
            let low = Int(bytes[s + j + 4])
            return (isMinimum ? low >> 4 : low & 15) | (Int(bytes[s + j - (isMinimum ? 0 : 4)]) >> 6) << 4
        }
        let d = Float(Float16(bitPattern: half(at))) * Float(six(sub, false)), m = Float(Float16(bitPattern: half(at + 2))) * Float(six(sub, true))
        let fifth = at + 16, nibbles = fifth + (weight == .q5_K ? 32 : 0) + 32 * (sub / 2)
        return (d, -m, (0..<32).map { k in
            (Int(bytes[nibbles + k]) >> (sub % 2 * 4) & 15) + (weight == .q5_K ? Int(bytes[fifth + k]) >> sub & 1 : 0) * 16
        })
    }

    /// The dequantised row. Shape: [columns].
    func row(_ r: Int) -> [Float] {
        if weight.isFloat {
            return (0..<columns).map { k in
                let at = r * rowBytes + k * rowBytes / columns
                switch weight {
                case .f32: return Float(bitPattern: UInt32(half(at)) | UInt32(half(at + 2)) << 16)
                case .f16: return Float(Float16(bitPattern: half(at)))
                default: return Float(bitPattern: UInt32(half(at)) << 16)
                }
            }
        }
        return (0..<blocks).flatMap { b in
            if weight.hasHalves {
                let (d, m, q) = halves(row: r, b)
                return q.indices.map { weight.hasMinimum ? Float(q[$0]) * d[$0 / 16] + m[$0 / 16] : Float(q[$0]) * d[$0 / 16] }
            }
            let (d, m, q) = block(row: r, b)
            return q.map { weight.hasMinimum ? Float($0) * d + m : Float($0) * d }
        }
    }

    /// Shape: [rowTiles][blocks][tile bytes].
    func packed() -> [UInt8] {
        let tileRow = blocks * tk_tile_bytes(weight.rawValue)
        var tiles = [UInt8](repeating: 0xee, count: rowTiles * tileRow)
        bytes.withUnsafeBytes { from in
            tiles.withUnsafeMutableBytes { to in
                for t in 0..<rowTiles {
                    tk_pack(weight.rawValue, from.baseAddress! + t * 16 * rowBytes, min(16, rows - 16 * t), columns,
                            to.baseAddress! + t * tileRow)
                }
            }
        }
        return tiles
    }

    /// tk_matmul over columns of inputs. Shape: x [n][columns], out [n][rowTiles * 16].
    func times(_ x: [[Float]], tiles: [UInt8], adding start: [Float]? = nil) -> [Float] {
        let stride = tk_act_bytes(columns), outStride = rowTiles * 16
        guard let acts = tk_alloc(stride * x.count) else { return [] }
        defer { tk_free(acts, stride * x.count) }
        for (c, column) in x.enumerated() { tk_act(weight.rawValue, column, columns, acts + c * stride) }
        var out = start ?? [Float](repeating: .nan, count: x.count * outStride)
        tk_matmul(weight.rawValue, tiles, rowTiles, blocks, acts, stride, x.count, &out, outStride, start == nil ? 0 : 1)
        return out
    }
}
