import Tokenizer
import Transformer

/// A logit, or the difference of two tokens' logits, as a sum over what wrote to the residual stream.
///
/// Embedding, heads and MLPs add to one stream; with the final norm's divisor taken as it was in this pass, the logit is linear in
/// it. The sum misses the pass's logit by `remainder` alone: the pass multiplies with activations rounded to 16 bits and adds in
/// float32, these sums are double. Source: Elhage et al. 2021 (direct logit attribution).
package struct Attribution: Sendable, Equatable {
    package enum Part: Sendable, Hashable, CustomStringConvertible {
        case embedding
        case head(layer: Int, head: Int)
        case mlp(layer: Int)
        /// What the biases of the attention's outputs and of the final norm add, of all layers.
        case bias
        /// What edits of the stream, or of the attention's sum, made of a layer's attention.
        case edit(layer: Int)

        package var description: String {
            switch self {
            case .embedding: "embedding"
            case let .head(layer, head): "layer \(layer) head \(head)"
            case let .mlp(layer): "layer \(layer) MLP"
            case .bias: "biases"
            case let .edit(layer): "layer \(layer) edits"
            }
        }
    }
    package struct Term: Sendable, Equatable {
        package let part: Part
        package let value: Double
    }
    package let position: Int
    package let token: TokenID
    /// Whose logit is taken away.
    package let against: TokenID?
    /// As the pass has it.
    package let logit: Double
    /// What the final norm divided the residual stream by.
    package let norm: Double
    /// In the order of the pass.
    package let parts: [Term]

    package var sum: Double { parts.reduce(0) { $0 + $1.value } }
    package var remainder: Double { logit - sum }

    /// The n that matter most, whichever way they push; ties in the order of the pass.
    package func strongest(_ n: Int) -> [Term] {
        let order = parts.indices.sorted { (abs(parts[$0].value), $1) > (abs(parts[$1].value), $0) }
        return order.prefix(n).map { parts[$0] }
    }
}

extension Session {
    /// What the logit of a token after a position is made of; nil where there is no such position.
    package func attribution(position: Int, token: TokenID, against: TokenID? = nil) throws(EngineError) -> Attribution? {
        try check([token] + (against.map { [$0] } ?? []), after: 0)
        guard tokens.indices.contains(position) else { return nil }
        let logits = try logits(after: position), shape = model.shape
        let watch = AttributionTap(shape)
        try observe(position..<position + 1, [watch])
        guard let first = row(0, position), let final = row(shape.layers, position) else { return nil }

        var (direction, bias) = forward.unembedding(token)
        if let against {
            let other = forward.unembedding(against)
            direction = zip(direction, other.direction).map { $0 - $1 }
            bias -= other.bias
        }
        let norm = forward.finalNorm(of: final)
        func value(_ vector: (Int) -> Double) -> Double { direction.indices.reduce(0) { $0 + direction[$1] * vector($1) } / norm }

        var parts = [Attribution.Term(part: .embedding, value: value { Double(first[$0]) })]
        let outputs = UnsafeMutablePointer<Float>.allocate(capacity: (shape.heads + 1) * shape.width)
        defer { outputs.deallocate() }
        for layer in 0..<shape.layers {
            forward.headOutputs(layer: layer, z: watch.z(layer), into: outputs)
            for head in 0..<shape.heads {
                parts.append(.init(part: .head(layer: layer, head: head), value: value { Double(outputs[head * shape.width + $0]) }))
            }
            let biased = value { Double(outputs[shape.heads * shape.width + $0]) }
            bias += biased
            guard let before = row(layer, position), let after = row(layer + 1, position) else { return nil }
            let middle = watch.middle(layer)
            if edits.contains(where: { $0.layer == layer && [.residPre, .attnOut, .residMid].contains($0.site) && $0.touches(position) }) {
                let heads = parts.suffix(shape.heads).reduce(0) { $0 + $1.value }
                parts.append(.init(part: .edit(layer: layer), value: value { Double(middle[$0]) - Double(before[$0]) } - heads - biased))
            }
            parts.append(.init(part: .mlp(layer: layer), value: value { Double(after[$0]) - Double(middle[$0]) }))
        }
        if forward.weights.hasBiases { parts.append(.init(part: .bias, value: bias)) }
        let logit = Double(logits[Int(token)]) - (against.map { Double(logits[Int($0)]) } ?? 0)
        return Attribution(position: position, token: token, against: against, logit: logit, norm: norm, parts: parts)
    }
}

/// Keeps every layer's z and the residual stream between attention and MLP, of one position.
private final class AttributionTap: Tap {
    private let shape: Architecture, queries: Int
    private let values: UnsafeMutablePointer<Float>

    init(_ shape: Architecture) {
        self.shape = shape
        queries = shape.heads * shape.headWidth
        values = .allocate(capacity: shape.layers * (queries + shape.width))
    }
    deinit { values.deallocate() }

    func z(_ layer: Int) -> UnsafeMutablePointer<Float> { values + layer * (queries + shape.width) }
    func middle(_ layer: Int) -> UnsafeMutablePointer<Float> { z(layer) + queries }

    func wants(_ site: Site, layer: Int) -> Bool { site == .z || site == .residMid }

    func take(_ site: Site, layer: Int, column: Int, position: Int, values: UnsafeBufferPointer<Float>) {
        guard let source = values.baseAddress else { return }
        (site == .z ? z(layer) : middle(layer)).update(from: source, count: values.count)
    }
}
