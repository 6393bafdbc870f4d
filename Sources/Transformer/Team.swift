import CKernels

/// Threads that run one piece of work together; the caller is lane 0. Used by one thread at a time.
package final class Team {
    package let lanes: Int
    private let pool: OpaquePointer?

    package init(_ lanes: Int) {
        pool = lanes > 1 ? tk_pool_create(Int32(lanes)) : nil
        self.lanes = pool == nil ? 1 : lanes
    }
    deinit { if let pool { tk_pool_destroy(pool) } }

    package func run(_ body: (Int) -> Void) {
        guard let pool else { return body(0) }
        withoutActuallyEscaping(body) { body in
            var work = body
            withUnsafeMutablePointer(to: &work) { pointer in
                tk_pool_run(pool, { context, lane, _ in
                    context?.assumingMemoryBound(to: ((Int) -> Void).self).pointee(Int(lane))
                }, pointer)
            }
        }
    }

    /// Waits, inside `run`, until every lane has come here.
    @inline(__always)
    package func barrier() { if let pool { tk_barrier(pool) } }

    /// What falls to a lane of `count` things, divided at multiples of `unit`.
    package static func share(_ count: Int, unit: Int = 1, lane: Int, of lanes: Int) -> Range<Int> {
        let units = (count + unit - 1) / unit
        return min(count, units * lane / lanes * unit)..<min(count, units * (lane + 1) / lanes * unit)
    }
}
