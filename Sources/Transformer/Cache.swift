import CKernels

/// The layout of a page of 32 positions: for every layer and KV head the keys [headWidth][32] and the values
/// [32][headWidth] in float16, then for every position each attention row's maximum and sum [layer][head][2].
package struct PageLayout: Sendable {
    package static let positions = 32
    package let layers: Int, heads: Int, kvHeads: Int, headWidth: Int
    package init(_ shape: Architecture) {
        (layers, heads, kvHeads, headWidth) = (shape.layers, shape.heads, shape.kvHeads, shape.headWidth)
    }
    var half: Int { Self.positions * headWidth * 2 }
    package func keys(_ layer: Int, _ kvHead: Int, dimension: Int = 0) -> Int {
        (layer * kvHeads + kvHead) * 2 * half + dimension * Self.positions * 2
    }
    package func values(_ layer: Int, _ kvHead: Int, slot: Int = 0, dimension: Int = 0) -> Int {
        keys(layer, kvHead) + half + (slot * headWidth + dimension) * 2
    }
    var statistics: Int { layers * kvHeads * 2 * half }
    package func statistics(_ layer: Int, _ head: Int, slot: Int) -> Int {
        statistics + ((slot * layers + layer) * heads + head) * 2 * MemoryLayout<Float>.size
    }
    package var bytes: Int { statistics + Self.positions * layers * heads * 2 * MemoryLayout<Float>.size }
}

/// 32 positions of keys, values and row statistics in checked memory.
package final class Page: @unchecked Sendable {
    let base: UnsafeMutableRawPointer, bytes: Int
    init(bytes: Int) throws(ModelError) {
        guard let memory = tk_alloc(bytes) else { throw .memory(what: "the KV cache", needed: bytes, available: freeMemory()) }
        (base, self.bytes) = (memory, bytes)
    }
    convenience init(copying other: Page) throws(ModelError) {
        try self.init(bytes: other.bytes)
        base.copyMemory(from: other.base, byteCount: bytes)
    }
    deinit { tk_free(base, bytes) }
}

/// Keys and values of a token sequence. A value: copies share their pages until one of them writes.
package struct Cache: Sendable {
    package let layout: PageLayout
    /// Positions that hold keys and values.
    package private(set) var count = 0
    private var pages: [Page] = []

    package init(_ shape: Architecture) { layout = PageLayout(shape) }

    /// Makes the pages of positions count..<count + n writable, and counts them in.
    package mutating func extend(by n: Int) throws(ModelError) {
        guard n > 0 else { return }
        let first = count / PageLayout.positions, last = (count + n - 1) / PageLayout.positions
        for index in first...last {
            if index == pages.count {
                pages.append(try Page(bytes: layout.bytes))
            } else if !isKnownUniquelyReferenced(&pages[index]) {
                pages[index] = try Page(copying: pages[index])
            }
        }
        count += n
    }

    package mutating func truncate(to n: Int) {
        guard n < count else { return }
        count = max(0, n)
        pages.removeLast(pages.count - (count + PageLayout.positions - 1) / PageLayout.positions)
    }

    /// Base addresses of the pages, in order; valid while this cache is neither changed nor released.
    package var bases: [UnsafeRawPointer?] { pages.map { UnsafeRawPointer($0.base) } }

    /// Maximum and sum of the attention row of a query.
    package func statistics(_ layer: Int, _ head: Int, query: Int) -> (max: Float, sum: Float) {
        let at = pages[query / PageLayout.positions].base + layout.statistics(layer, head, slot: query % PageLayout.positions)
        let pair = at.assumingMemoryBound(to: Float.self)
        return (pair[0], pair[1])
    }
    package var bytes: Int { pages.count * layout.bytes }
}
