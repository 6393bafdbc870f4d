import CKernels
import Foundation
import Testing

extension Kernels {
    @Suite struct Pack {
        @Test("a row comes back from its tiles as the file's definition reads it", arguments: Weight.allCases)
        func roundTrip(weight: Weight) {
            let count = weight.columns(96), matrix = Matrix(weight, rows: 11, columns: count, seed: 21), tiles = matrix.packed()
            #expect(matrix.rowBytes == tk_row_bytes(weight.rawValue, count))
            for r in 0..<16 {
                var out = [Float](repeating: .nan, count: count)
                tk_unpack_row(weight.rawValue, tiles, count / 32, r, &out)
                if r < 11 { #expect(same(out, matrix.row(r)), "row \(r)") } else { #expect(out.allSatisfy { $0 == 0 }) }
            }
        }

        struct Dequantised: Decodable { let type: Int32, bytes: Data, values: Data }

        @Test("rows of blocks of 256 and of uneven steps are what gguf-py dequantises them to, to the bit")
        func foreign() throws {
            let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures/dequantised.json")
            for found in try JSONDecoder().decode([Dequantised].self, from: Data(contentsOf: url)) {
                let count = found.values.count / 4, expected = found.values.withUnsafeBytes { raw in (0..<count).map { raw.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) } }
                var tiles = [UInt8](repeating: 0xee, count: count / 32 * tk_tile_bytes(found.type)), out = [Float](repeating: .nan, count: count)
                found.bytes.withUnsafeBytes { tk_pack(found.type, $0.baseAddress, 1, count, &tiles) }
                tk_unpack_row(found.type, tiles, count / 32, 0, &out)
                #expect(same(out, expected), "type \(found.type)")
            }
        }

        @Test("float rows may end inside a block", arguments: [Weight.f32, .f16, .bf16])
        func partialBlock(weight: Weight) {
            let matrix = Matrix(weight, rows: 16, columns: 45, seed: 22), tiles = matrix.packed()
            var out = [Float](repeating: .nan, count: 64)
            tk_unpack_row(weight.rawValue, tiles, 2, 9, &out)
            #expect(same(Array(out.prefix(45)), matrix.row(9)) && out.dropFirst(45).allSatisfy { $0 == 0 })
            var dice = Dice(state: 23)
            let x = dice.floats(45)
            expectTwins("45 inputs") { matrix.times([x], tiles: tiles) }
            var sum: Float = 0
            for (w, v) in zip(matrix.row(9), x) { sum.addProduct(w, v) }
            #expect(matrix.times([x], tiles: tiles)[9] == sum)
        }

        @Test("sizes are the file format's, and unknown types have none")
        func sizes() {
            let expected: [Weight: (Int, Int)] = [.f32: (256, 2048), .f16: (128, 1024), .bf16: (128, 1024), .q4_0: (36, 288),
                                                  .q4_1: (40, 320), .q5_0: (44, 352), .q5_1: (48, 384), .q8_0: (68, 544)]
            for (weight, (row, tile)) in expected {
                #expect(tk_row_bytes(weight.rawValue, 64) == row && tk_tile_bytes(weight.rawValue) == tile, "\(weight)")
                #expect(tk_supported(weight.rawValue) == 1)
            }
            for (weight, row, tile) in [(Weight.q2_K, 84, 768), (.q3_K, 110, 640), (.q4_K, 144, 384), (.q5_K, 176, 448), (.q6_K, 210, 640), (.iq4_nl, 144, 544)] {
                #expect(tk_row_bytes(weight.rawValue, 256) == row && tk_tile_bytes(weight.rawValue) == tile, "\(weight)")
                #expect(tk_supported(weight.rawValue) == 1)
            }
            for type: Int32 in [-1, 4, 9, 31] { #expect(tk_supported(type) == 0 && tk_tile_bytes(type) == 0) }
            #expect(tk_act_bytes(33) % 64 == 0 && tk_act_bytes(33) >= 256)
        }

        @Test("memory is zeroed, aligned when big, and refused when absurd")
        func memory() throws {
            let bytes = 5 << 20, block = try #require(tk_alloc(bytes))
            #expect(UInt(bitPattern: block) % (2 << 20) == 0)
            #expect(UnsafeRawBufferPointer(start: block, count: bytes).allSatisfy { $0 == 0 })
            tk_free(block, bytes)
            #expect(tk_alloc(1 << 60) == nil)
            #expect(tk_alloc(0) == nil)
            #expect(tk_alloc(Int.max) == nil)
        }

        @Test("a path can be named, and one that is not there is refused")
        func paths() {
            #expect(Path.present.contains(.portable))
            #expect(tk_use_path(7) == 0)
            Path.each { #expect(tk_path() == $0.rawValue && String(cString: tk_path_name($0.rawValue)) == "\($0)") }
        }
    }
}
