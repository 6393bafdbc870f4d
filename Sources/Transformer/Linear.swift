import CKernels
import GGUF

/// The types of weights that have kernels.
package let supportedWeightTypes = ["F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL"]

/// A matrix in tiles of 16 rows by 32 inputs, its row tiles in parts that lie apart, one for each lane the arena was laid out for.
/// Plain data, so that the pass pays nothing for holding it.
package struct Linear {
    struct Part {
        let tiles: UnsafeMutableRawPointer
        /// Row tiles of the matrix.
        let range: Range<Int>
    }
    let type: Int32
    package let rows: Int, columns: Int
    /// Lanes are divided at multiples of this. Unit: row tiles.
    let unit: Int
    /// In ascending order; they cover the matrix.
    let parts: UnsafeBufferPointer<Part>

    /// What the kernels of a type multiply with: int16 activations, or plain floats.
    struct Kinds: OptionSet {
        let rawValue: Int
        static let integer = Kinds(rawValue: 1), float = Kinds(rawValue: 2)
    }
    var kind: Kinds { isFloat ? .float : .integer }
    var isFloat: Bool { type == Int32(TK_F32.rawValue) || type == Int32(TK_F16.rawValue) || type == Int32(TK_BF16.rawValue) }
    var rowTiles: Int { (rows + 15) / 16 }
    var blocks: Int { (columns + 31) / 32 }
    var rowTileBytes: Int { blocks * tk_tile_bytes(type) }

    /// The rows of a lane's share, whole tiles.
    @inline(__always)
    func share(lane: Int, of lanes: Int) -> Range<Int> {
        let tiles = Team.share(rowTiles, unit: unit, lane: lane, of: lanes)
        return tiles.lowerBound * 16..<tiles.upperBound * 16
    }

    /// out[c][row] (+)= row · activations of column c, for the row tiles of this lane.
    @inline(__always)
    func multiply(_ acts: UnsafeRawPointer, stride: Int, count: Int, into out: UnsafeMutablePointer<Float>, outStride: Int,
                  add: Bool, lane: Int, lanes: Int) {
        let share = Team.share(rowTiles, unit: unit, lane: lane, of: lanes)
        for part in parts where part.range.overlaps(share) {
            let own = part.range.clamped(to: share)
            tk_matmul(type, part.tiles + (own.lowerBound - part.range.lowerBound) * rowTileBytes, own.count, blocks,
                      acts, stride, count, out + own.lowerBound * 16, outStride, add ? 1 : 0)
        }
    }

    /// The dequantised row. Shape: [columns rounded up to 32].
    func row(_ index: Int, into out: UnsafeMutablePointer<Float>) {
        for part in parts where part.range.contains(index / 16) {
            tk_unpack_row(type, part.tiles + (index / 16 - part.range.lowerBound) * rowTileBytes, blocks, index % 16, out)
        }
    }
}
