import Transformer

/// What is kept of every position while the pass runs: the residual stream before each layer and after the last.
///
/// From it, and from the cache, queries, patterns, lenses and logits follow bit by bit. Beyond a cap the oldest pages go;
/// the session computes them again when they are asked for.
final class Record: Tap {
    /// 32 positions. Shape: [layers + 1][32][width].
    private final class Page {
        let rows: Floats
        init(_ count: Int) throws(ModelError) { rows = try Floats(count, for: "the record of the residual stream") }
        convenience init(copying other: Page) throws(ModelError) {
            try self.init(other.rows.count)
            rows.base.update(from: other.rows.base, count: rows.count)
        }
    }
    private var pages: [Page?] = []
    private let layers: Int, width: Int, pageCap: Int

    init(_ shape: Architecture, cap: Int) {
        (layers, width) = (shape.layers, shape.width)
        pageCap = max(4, cap / ((layers + 1) * PageLayout.positions * width * MemoryLayout<Float>.size))
    }
    private init(sharing other: Record) {
        (layers, width, pageCap, pages) = (other.layers, other.width, other.pageCap, other.pages)
    }
    /// A record that shares its pages until one of the two writes.
    func fork() -> Record { Record(sharing: self) }

    private var floats: Int { (layers + 1) * PageLayout.positions * width }

    /// Makes the pages of these positions writable; the oldest others go when there are too many.
    func prepare(_ positions: Range<Int>) throws(ModelError) {
        guard let last = positions.last else { return }
        let range = positions.lowerBound / PageLayout.positions...last / PageLayout.positions
        while pages.count <= range.upperBound { pages.append(nil) }
        for index in range {
            if pages[index] == nil {
                pages[index] = try Page(floats)
            } else if !isKnownUniquelyReferenced(&pages[index]), let page = pages[index] {
                pages[index] = try Page(copying: page)
            }
        }
        var surplus = pages.lazy.filter { $0 != nil }.count - pageCap
        for index in pages.indices where surplus > 0 && !range.contains(index) && pages[index] != nil {
            pages[index] = nil
            surplus -= 1
        }
    }

    func truncate(to count: Int) {
        let keep = (count + PageLayout.positions - 1) / PageLayout.positions
        if keep < pages.count { pages.removeLast(pages.count - keep) }
    }

    func holds(_ position: Int) -> Bool { pages.indices.contains(position / PageLayout.positions) && pages[position / PageLayout.positions] != nil }

    /// The residual before `layer`, or the final one for layer = layers. Shape: [width].
    func row(_ layer: Int, _ position: Int) -> UnsafeMutablePointer<Float>? {
        guard holds(position), let page = pages[position / PageLayout.positions] else { return nil }
        return page.rows.base + (layer * PageLayout.positions + position % PageLayout.positions) * width
    }

    func wants(_ site: Site, layer: Int) -> Bool { site == .residPre || (site == .residPost && layer == layers - 1) }

    func take(_ site: Site, layer: Int, column: Int, position: Int, values: UnsafeBufferPointer<Float>) {
        guard let source = values.baseAddress else { return }
        row(site == .residPre ? layer : layer + 1, position)?.update(from: source, count: width)
    }
}
