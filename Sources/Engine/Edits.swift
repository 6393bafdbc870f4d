import Tokenizer
import Transformer

/// Sessions whose passes are changed at named places.
///
/// Edits belong to a family's tree, so that they are part of the cache key; a fork has those of its session. What lies before the
/// first layer and position that edits reach is taken over from the session they are made on, the rest is computed from there.
extension Session {
    package var edits: [Edit] { tree.edits?.edits ?? [] }

    /// A name for the model as it is run here; edits are part of it.
    package var fingerprint: String { edits.isEmpty ? model.fingerprint : "\(model.fingerprint)+\(Digest.of(edits))" }

    /// The same tokens under these edits instead of its own, in a family of its own; nil when cancelled.
    /// A mean is that of this session's positions.
    package func fork(edits: [Edit], cancelled: () -> Bool = { false }) throws(EngineError) -> Session? {
        let table: EditTable?
        do throws(EditError) {
            // Checked first: means are taken at places that exist.
            _ = try EditTable(edits, model.shape)
        } catch { throw .edit(error) }
        let resolved = try meansTaken(edits)
        do throws(EditError) { table = resolved.isEmpty ? nil : try EditTable(resolved, model.shape) } catch { throw .edit(error) }
        let session = related(edits: table)
        // Under edits of its own this session's residuals are none that others could begin with.
        let ownIsPlain = tree.edits == nil
        let layer = ownIsPlain ? resolved.map(\.layer).min() ?? model.shape.layers : 0
        let position = ownIsPlain ? resolved.map { $0.positions?.lowerBound ?? 0 }.min() ?? tokens.count : 0
        for start in stride(from: 0, to: tokens.count, by: Forward.batch) {
            if cancelled() { return nil }
            let batch = start..<min(tokens.count, start + Forward.batch)
            try session.takeOver(batch, of: self, from: (layer, min(max(position, batch.lowerBound), batch.upperBound)))
        }
        return session
    }

    /// Appends positions of another session of the same tokens: those before `from.position` as they are, the others computed from
    /// the residuals before `from.layer`.
    private func takeOver(_ positions: Range<Int>, of base: Session, from: (layer: Int, position: Int)) throws(EngineError) {
        let count = tokens.count
        tree.tick()
        try base.recall(positions)
        var grown: [PrefixTree.Grown] = []
        do throws(EngineError) {
            try grow(base.tokens[positions], &grown)
            for page in positions.lowerBound / PageLayout.positions...(positions.upperBound - 1) / PageLayout.positions {
                copy(page, of: base, layers: from.layer, before: from.position)
            }
            let rest = from.position..<positions.upperBound
            if !rest.isEmpty { Self.run([(self, rest)], from: from.layer, of: base.tree.edits == nil ? base : nil) }
            computed += rest.count
            guard isFinite(positions.last) else { throw notFinite(in: positions) }
        } catch {
            rewind(to: count)
            for (node, count) in grown.reversed() { tree.truncate(node, to: count) }
            throw error
        }
    }

    /// Takes over a page: positions before `position` whole, of the others the first layers.
    private func copy(_ page: Int, of base: Session, layers: Int, before position: Int) {
        let own = path[page], other = base.path[page]
        let whole = min(max(0, position - own.start), own.ids.count)
        tree.layout.copy(own.ids.count, of: other.page.base, to: own.page.base, layers: layers)
        tree.layout.copy(whole, of: other.page.base, to: own.page.base)
        guard let record = own.record, let source = other.record else { return }
        tree.recordLayout.copy(own.ids.count, of: source, to: record, layers: layers)
        tree.recordLayout.copy(whole, of: source, to: record)
    }
}

// MARK: Means

extension Session {
    /// The edits with every mean taken over this session's positions.
    private func meansTaken(_ edits: [Edit]) throws(EngineError) -> [Edit] {
        let wanted = edits.filter { $0.change == .mean }
        guard !wanted.isEmpty else { return edits }
        guard !tokens.isEmpty else { throw .edit(.noMean) }
        let tap = MeanTap(wanted, model.shape, count: tokens.count)
        try observe(0..<tokens.count, [tap])
        return edits.map { $0.change == .mean ? $0.with(.replace(tap.mean(of: $0))) : $0 }
    }
}

/// Keeps what passes through some edits' places, at every position.
private final class MeanTap: Tap {
    private let edits: [Edit], ranges: [Range<Int>], count: Int
    /// By edit and position, so that the sum has one order.
    private let values: Slots<[Float]>

    init(_ edits: [Edit], _ shape: Architecture, count: Int) {
        (self.edits, self.count) = (edits, count)
        ranges = edits.map { $0.range(in: shape) }
        values = Slots(edits.count * count, [])
    }

    func wants(_ site: Site, layer: Int) -> Bool { edits.contains { $0.site == site && $0.layer == layer } }

    func take(_ site: Site, layer: Int, column: Int, position: Int, values: UnsafeBufferPointer<Float>) {
        for (index, edit) in edits.enumerated() where edit.site == site && edit.layer == layer {
            self.values[index * count + position] = Array(values[ranges[index]])
        }
    }

    func mean(of edit: Edit) -> [Float] {
        guard let index = edits.firstIndex(of: edit) else { return [] }
        return ranges[index].indices.map { place in
            let sum = (0..<count).reduce(0.0) { $0 + Double(values[index * count + $1][place - ranges[index].lowerBound]) }
            return Float(sum / Double(count))
        }
    }
}
