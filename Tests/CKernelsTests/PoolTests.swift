import CKernels
import Glibc
import Testing

/// What the lanes of a test write.
private struct Board {
    var pool: OpaquePointer?
    var cells: UnsafeMutablePointer<Int>
    var wrong: UnsafeMutablePointer<Int>
    var rounds: Int
}

extension Kernels {
    @Suite struct Pool {
        @Test("each lane runs once a run, spinning or asleep", arguments: [1, 2, 4])
        func runs(lanes: Int) throws {
            let pool = try #require(tk_pool_create(Int32(lanes)))
            defer { tk_pool_destroy(pool) }
            #expect(tk_pool_lanes(pool) == Int32(lanes))
            var counts = [Int](repeating: 0, count: lanes)
            for run in 1...300 {
                if run % 100 == 0 { usleep(5000) }
                tk_pool_run(pool, { context, lane, _ in context?.assumingMemoryBound(to: Int.self)[Int(lane)] += 1 }, &counts)
                if counts != [Int](repeating: run, count: lanes) { break }
            }
            #expect(counts == [Int](repeating: 300, count: lanes))
        }

        @Test("behind a barrier all lanes see what each wrote before it", arguments: [1, 2, 4])
        func barrier(lanes: Int) throws {
            let pool = try #require(tk_pool_create(Int32(lanes)))
            defer { tk_pool_destroy(pool) }
            var cells = [Int](repeating: 0, count: 64 * 8), wrong = [Int](repeating: 0, count: 64)
            cells.withUnsafeMutableBufferPointer { cells in
                wrong.withUnsafeMutableBufferPointer { wrong in
                    guard let c = cells.baseAddress, let w = wrong.baseAddress else { return }
                    var board = Board(pool: pool, cells: c, wrong: w, rounds: lanes > 2 ? 300 : 3000)
                    tk_pool_run(pool, { context, lane, lanes in
                        guard let board = context?.assumingMemoryBound(to: Board.self).pointee else { return }
                        for round in 1...board.rounds {
                            board.cells[Int(lane) * 8] = round
                            tk_barrier(board.pool)
                            for other in 0..<Int(lanes) where board.cells[other * 8] != round { board.wrong[Int(lane)] += 1 }
                            tk_barrier(board.pool)
                        }
                    }, &board)
                }
            }
            #expect(wrong.allSatisfy { $0 == 0 })
            #expect((0..<lanes).allSatisfy { cells[$0 * 8] == (lanes > 2 ? 300 : 3000) })
        }

        @Test("lanes outside 1...64 are brought inside")
        func limits() throws {
            for (asked, got) in [(0, 1), (-3, 1), (200, 64)] {
                let pool = try #require(tk_pool_create(Int32(asked)))
                #expect(tk_pool_lanes(pool) == Int32(got))
                tk_pool_destroy(pool)
            }
        }
    }
}
