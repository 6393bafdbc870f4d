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
}
