import Transformer

/// What is kept of every position while the pass runs: the residual stream before each layer and after the last.
///
/// From it, and from the cache, queries, patterns, lenses and logits follow bit by bit. A page holds 32 positions.
/// Shape: [layers + 1][32][width].
struct RecordLayout {
    let layers: Int, width: Int
    init(_ shape: Architecture) { (layers, width) = (shape.layers, shape.width) }

    var bytes: Int { (layers + 1) * PageLayout.positions * width * MemoryLayout<Float>.size }

    /// The residual before `layer`, or the final one for layer = layers. Shape: [width].
    func row(_ layer: Int, slot: Int, in page: Page) -> UnsafeMutablePointer<Float> {
        page.base.assumingMemoryBound(to: Float.self) + (layer * PageLayout.positions + slot) * width
    }

    /// Copies the first positions of a page, in the rows before the first layers or all.
    func copy(_ count: Int, of source: Page, to target: Page, layers some: Int? = nil) {
        for layer in 0..<(some ?? layers + 1) { row(layer, slot: 0, in: target).update(from: row(layer, slot: 0, in: source), count: count * width) }
    }
}

/// Writes the residual streams of a pass into pages of the record.
final class Recorder: Tap {
    let layout: RecordLayout
    /// Where each column of the pass goes: its row before the first layer.
    private let places = UnsafeMutablePointer<UnsafeMutablePointer<Float>?>.allocate(capacity: Forward.batch)

    init(_ layout: RecordLayout) {
        self.layout = layout
        places.initialize(repeating: nil, count: Forward.batch)
    }
    deinit { places.deallocate() }

    func place(column: Int, slot: Int, in page: Page?) { places[column] = page.map { layout.row(0, slot: slot, in: $0) } }

    func wants(_ site: Site, layer: Int) -> Bool { site == .residPre || (site == .residPost && layer == layout.layers - 1) }

    func take(_ site: Site, layer: Int, column: Int, position: Int, values: UnsafeBufferPointer<Float>) {
        guard let place = places[column], let source = values.baseAddress else { return }
        let row = site == .residPre ? layer : layer + 1
        (place + row * PageLayout.positions * layout.width).update(from: source, count: layout.width)
    }
}
