import Glibc
import Transformer

/// The pass over a tiny model, written a second time: double precision, plain loops, one position after the other.
///
/// It shares nothing with the engine but the definition of the model. Keys and values are cached in float16, where a last bit
/// can round a whole step apart; so each is computed here, compared, and then read on as the engine rounded it.
struct Twin {
    struct Position {
        /// Before each layer, and after the last. Shape: [layers + 1][width].
        var residuals: [[Double]] = []
        /// Between attention and MLP. Shape: [layers][width].
        var middles: [[Double]] = []
        /// Shape: [layers][heads * headWidth].
        var z: [[Double]] = []
        /// Shape: [layers][heads][position + 1].
        var patterns: [[[Double]]] = []
        var logits: [Double] = []
        /// The greatest distance of a key or a value from the engine's.
        var cacheError = 0.0
    }

    let shape: TinyModel
    private let weights: [String: [Double]]

    init(_ shape: TinyModel) {
        self.shape = shape
        weights = Dictionary(uniqueKeysWithValues: shape.tensors().map { ($0.name, $0.values) })
    }

    /// - Parameter observed: the key (after rotation) or the value of a layer and position, as the engine had it before rounding.
    func run(_ ids: [Int32], observed: (_ site: Site, _ layer: Int, _ position: Int) -> [Float]) -> [Position] {
        var keys = [[[Double]]](repeating: [], count: shape.layers), values = keys
        return ids.enumerated().map { position, id in
            var out = Position()
            var x = Array(row("token_embd.weight", Int(id)))
            for layer in 0..<shape.layers {
                let name = "blk.\(layer)."
                out.residuals.append(x)
                let input = normed(x, name + "attn_norm.weight")
                let q = rotated(times(name + "attn_q.weight", input), position)
                let key = observed(.k, layer, position), value = observed(.v, layer, position)
                out.cacheError = max(out.cacheError, distance(key, rotated(times(name + "attn_k.weight", input), position)),
                                     distance(value, times(name + "attn_v.weight", input)))
                keys[layer].append(key.map { Double(Float16($0)) })
                values[layer].append(value.map { Double(Float16($0)) })
                let (patterns, z) = attention(q, keys[layer], values[layer])
                out.patterns.append(patterns)
                out.z.append(z)
                x = sum(x, times(name + "attn_output.weight", z))
                out.middles.append(x)
                let middle = normed(x, name + "ffn_norm.weight")
                let gate = times(name + "ffn_gate.weight", middle), up = times(name + "ffn_up.weight", middle)
                let hidden = gate.indices.map { gate[$0] / (1 + exp(-gate[$0])) * up[$0] }
                x = sum(x, times(name + "ffn_down.weight", hidden))
            }
            out.residuals.append(x)
            out.logits = times(head, normed(x, "output_norm.weight"))
            return out
        }
    }

    /// What embedding, heads and MLPs add to a token's logit. Shapes: heads [layers][heads]; mlps [layers].
    func attribution(_ at: Position, _ token: Int32) -> (embedding: Double, heads: [[Double]], mlps: [Double]) {
        let final = at.residuals[shape.layers], norm = normed(final, "output_norm.weight"), row = Array(row(head, Int(token)))
        func logit(_ part: [Double]) -> Double { part.indices.reduce(0) { $0 + row[$1] * part[$1] * norm[$1] / final[$1] } }
        let heads = (0..<shape.layers).map { layer in
            (0..<shape.heads).map { head in
                let own = head * shape.headWidth..<(head + 1) * shape.headWidth
                return logit(times("blk.\(layer).attn_output.weight", at.z[layer].indices.map { own.contains($0) ? at.z[layer][$0] : 0 }))
            }
        }
        let mlps = (0..<shape.layers).map { layer in logit(sum(at.residuals[layer + 1], at.middles[layer].map { -$0 })) }
        return (logit(at.residuals[0]), heads, mlps)
    }

    private var head: String { shape.isTied ? "token_embd.weight" : "output.weight" }

    private func attention(_ q: [Double], _ keys: [[Double]], _ values: [[Double]]) -> (patterns: [[Double]], z: [Double]) {
        let width = shape.headWidth
        var patterns: [[Double]] = [], z: [Double] = []
        for head in 0..<shape.heads {
            let own = head * width, shared = head / (shape.heads / shape.kvHeads) * width
            let scores = keys.map { key in
                (0..<width).reduce(0) { $0 + q[own + $1] * key[shared + $1] } / Double(width).squareRoot()
            }
            let top = scores.max() ?? 0
            let weights = scores.map { exp($0 - top) }
            let total = weights.reduce(0, +)
            patterns.append(weights.map { $0 / total })
            for d in 0..<width { z.append(values.indices.reduce(0) { $0 + weights[$1] / total * values[$1][shared + d] }) }
        }
        return (patterns, z)
    }

    private func sum(_ x: [Double], _ y: [Double]) -> [Double] { x.indices.map { x[$0] + y[$0] } }
    private func tensor(_ name: String) -> [Double] { weights[name] ?? [] }

    private func row(_ name: String, _ index: Int) -> ArraySlice<Double> { tensor(name)[index * shape.width..<(index + 1) * shape.width] }

    private func times(_ name: String, _ x: [Double]) -> [Double] {
        let matrix = tensor(name)
        return (0..<matrix.count / x.count).map { row in x.indices.reduce(0) { $0 + matrix[row * x.count + $1] * x[$1] } }
    }

    private func normed(_ x: [Double], _ name: String) -> [Double] {
        let weight = tensor(name), mean = x.reduce(0) { $0 + $1 * $1 } / Double(x.count)
        return x.indices.map { x[$0] / (mean + Double(Float(1e-5))).squareRoot() * weight[$0] }
    }

    private func rotated(_ x: [Double], _ position: Int) -> [Double] {
        var out = x
        for head in 0..<x.count / shape.headWidth {
            for pair in 0..<shape.rotary / 2 {
                let at = head * shape.headWidth + 2 * pair
                let angle = Double(position) * pow(Double(shape.base), -2 * Double(pair) / Double(shape.rotary))
                out[at] = x[at] * cos(angle) - x[at + 1] * sin(angle)
                out[at + 1] = x[at] * sin(angle) + x[at + 1] * cos(angle)
            }
        }
        return out
    }
}

/// The greatest difference; infinite when the counts differ or something is not a number.
func distance(_ found: [Float], _ expected: [Double]) -> Double {
    guard found.count == expected.count else { return .infinity }
    var worst = 0.0
    for (x, y) in zip(found, expected) {
        let difference = abs(Double(x) - y)
        worst = difference.isNaN ? .infinity : max(worst, difference)
    }
    return worst
}
