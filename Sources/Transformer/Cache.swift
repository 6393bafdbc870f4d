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

    /// Copies the first positions of a page, in the first layers or all. Keys go as a whole, since positions lie side by side in them.
    package func copy(_ count: Int, of source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, layers some: Int? = nil) {
        let some = some ?? layers
        for layer in 0..<some {
            for head in 0..<kvHeads {
                let at = keys(layer, head)
                (target + at).copyMemory(from: source + at, byteCount: half + count * headWidth * 2)
            }
        }
        for slot in 0..<count {
            let at = statistics(0, 0, slot: slot)
            (target + at).copyMemory(from: source + at, byteCount: some * heads * 2 * MemoryLayout<Float>.size)
        }
    }
}

/// Checked memory of 32 positions. One that is used again still holds what it held: nobody reads what was not written for him.
package final class Page: @unchecked Sendable {
    package let base: UnsafeMutableRawPointer, bytes: Int
    package init(_ bytes: Int, for what: String) throws(ModelError) {
        guard let memory = tk_alloc(bytes) else { throw .memory(what: what, needed: bytes, available: freeMemory()) }
        (base, self.bytes) = (memory, bytes)
    }
    deinit { tk_free(base, bytes) }
}
