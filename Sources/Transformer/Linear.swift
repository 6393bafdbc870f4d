import CKernels
import GGUF

/// The types of weights that have kernels.
package let supportedWeightTypes = ["F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0"]

/// A matrix in tiles of 16 rows by 32 inputs; plain data, so that the pass pays nothing for holding it.
package struct Linear {
    let type: Int32
    let tiles: UnsafeMutableRawPointer
    package let rows: Int, columns: Int

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

    static func bytes(type: Int32, rows: Int, columns: Int) -> Int {
        (rows + 15) / 16 * ((columns + 31) / 32) * tk_tile_bytes(type)
    }

    /// out[c][row] (+)= row · activations of column c, for the row tiles of this lane.
    @inline(__always)
    func multiply(_ acts: UnsafeRawPointer, stride: Int, count: Int, into out: UnsafeMutablePointer<Float>, outStride: Int,
                  add: Bool, lane: Int, lanes: Int) {
        let first = rowTiles * lane / lanes, end = rowTiles * (lane + 1) / lanes
        guard end > first else { return }
        tk_matmul(type, tiles + first * rowTileBytes, end - first, blocks, acts, stride, count, out + first * 16, outStride, add ? 1 : 0)
    }

    /// The dequantised row. Shape: [columns rounded up to 32].
    func row(_ index: Int, into out: UnsafeMutablePointer<Float>) {
        tk_unpack_row(type, tiles + index / 16 * rowTileBytes, blocks, index % 16, out)
    }

    /// Some rows as a matrix of their own; `first` is a multiple of 16.
    func slice(first: Int, count: Int) -> Linear {
        Linear(type: type, tiles: tiles + first / 16 * rowTileBytes, rows: count, columns: columns)
    }
}
