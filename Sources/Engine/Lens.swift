import Tokenizer
import Transformer

/// The raw lens: final norm and head on the residual stream. Source: nostalgebraist 2020 (the logit lens).
extension Session {
    package struct Guess: Sendable, Equatable {
        package let id: TokenID
        package let logprob: Float
        package init(id: TokenID, logprob: Float) { (self.id, self.logprob) = (id, logprob) }
    }

    /// The likeliest tokens at a position as each layer would end, the embedding first. Shape: [layers + 1][top].
    package func lens(position: Int, top: Int) throws(EngineError) -> [[Guess]] {
        try lens(position: position, token: nil, top: top, halves: false)?.cells.map(\.top) ?? []
    }

    /// What the residual stream after a position says at each stage, and how a token fares; nil where there is no such position.
    /// - Parameters:
    ///   - token: nil for the one that the model itself expects most.
    ///   - halves: whether the stream between attention and MLP of each layer is looked at too.
    package func lens(position: Int, token: TokenID?, top: Int, halves: Bool) throws(EngineError) -> LensColumn? {
        try check(token.map { [$0] } ?? [], after: 0)
        guard tokens.indices.contains(position) else { return nil }
        let layers = model.shape.layers, watch = MiddleTap(model.shape)
        if halves { try observe(position..<position + 1, [watch]) } else { try recall(position..<position + 1) }
        let stages = LensStage.all(layers: layers, halves: halves)
        let rows = stages.compactMap { stage in
            stage.isHalf ? UnsafePointer(watch.row(stage.layer)) : row(stage.layer + 1, position).map { UnsafePointer($0) }
        }
        guard let last = rows.last, rows.count == stages.count else { return nil }

        var final = Distribution(logits: [])
        project([last]) { _, logits in final = Distribution(logits: Array(logits)) }
        let token = token ?? final.top(1).first?.id ?? 0, own = final
        let cells = Slots<LensCell?>(stages.count, nil)
        for start in stride(from: 0, to: stages.count, by: Self.measured) {
            project(Array(rows[start..<min(stages.count, start + Self.measured)])) { index, logits in
                let here = Distribution(logits: Array(logits))
                cells[start + index] = LensCell(
                    stage: stages[start + index], top: here.top(top).map { Guess(id: $0.id, logprob: $0.logprob) }, entropy: here.entropy,
                    divergence: own.divergence(to: here), rank: here.rank(of: token), logprob: here.logprob(of: token))
            }
        }
        return LensColumn(position: position, token: token, cells: cells.values.compactMap { $0 })
    }
}

/// A place along the residual stream.
package struct LensStage: Sendable, Hashable {
    /// -1 for the embedding.
    package let layer: Int
    /// Between attention and MLP, not after both.
    package let isHalf: Bool
    package init(layer: Int, isHalf: Bool) { (self.layer, self.isHalf) = (layer, isHalf) }

    /// In the order of the pass, the embedding first.
    package static func all(layers: Int, halves: Bool) -> [LensStage] {
        (-1..<layers).flatMap { layer in
            (layer >= 0 && halves ? [LensStage(layer: layer, isHalf: true)] : []) + [LensStage(layer: layer, isHalf: false)]
        }
    }
}

/// What one stage would say if it were the last.
package struct LensCell: Sendable, Equatable {
    package let stage: LensStage
    package let top: [Session.Guess]
    /// Unit: nats.
    package let entropy: Double
    /// KL divergence from the model's own prediction to this one: what is lost by taking this for that. Unit: nats.
    package let divergence: Double
    /// Of the column's token.
    package let rank: Int, logprob: Float
    package init(stage: LensStage, top: [Session.Guess], entropy: Double, divergence: Double, rank: Int, logprob: Float) {
        (self.stage, self.top, self.entropy, self.divergence, self.rank, self.logprob) = (stage, top, entropy, divergence, rank, logprob)
    }
}

/// All stages at a position.
package struct LensColumn: Sendable, Equatable {
    package let position: Int
    /// Whose rank and logprob the cells tell.
    package let token: TokenID
    package let cells: [LensCell]
    package init(position: Int, token: TokenID, cells: [LensCell]) { (self.position, self.token, self.cells) = (position, token, cells) }
}

/// Keeps the residual stream between attention and MLP of every layer, of one position.
private final class MiddleTap: Tap {
    private let width: Int
    private let values: UnsafeMutablePointer<Float>

    init(_ shape: Architecture) {
        width = shape.width
        values = .allocate(capacity: shape.layers * shape.width)
    }
    deinit { values.deallocate() }

    func row(_ layer: Int) -> UnsafeMutablePointer<Float> { values + layer * width }
    func wants(_ site: Site, layer: Int) -> Bool { site == .residMid }
    func take(_ site: Site, layer: Int, column: Int, position: Int, values: UnsafeBufferPointer<Float>) {
        guard let source = values.baseAddress else { return }
        row(layer).update(from: source, count: width)
    }
}
