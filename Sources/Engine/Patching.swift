import Tokenizer
import Transformer

/// What putting one value of another text's pass in at one layer and position does to the prediction.
package struct Patch: Sendable, Equatable {
    package let layer: Int, position: Int
    /// The token's logprob, less the other's where one is named: with the patch less without. Unit: nats.
    package let change: Double
    /// KL divergence of the next-token distribution from the one without the patch. Unit: nats.
    package let divergence: Double
}

/// Activation patching at every layer and position, one at a time; each is computed from its own layer and position on.
/// Source: Vig et al. 2020, Meng et al. 2022 (causal tracing).
package struct PatchSweep {
    private let base: Session
    private let site: Site, token: TokenID, against: TokenID?
    private let values: LayersTap
    private let before: Distribution
    package let total: Int
    package private(set) var found: [Patch] = []

    /// What is known so far, of which tokens.
    package struct Findings: Sendable, Equatable {
        package let token: TokenID, against: TokenID?
        package let found: [Patch], total: Int
        package init(token: TokenID, against: TokenID?, found: [Patch], total: Int) {
            (self.token, self.against, self.found, self.total) = (token, against, found, total)
        }
    }
    package var findings: Findings { Findings(token: token, against: against, found: found, total: total) }

    /// The prediction after a session's last token is what is watched; nil where the two texts are not of the same length.
    package init?(_ session: Session, source: Session, site: Site, token: TokenID, against: TokenID? = nil) throws(EngineError) {
        try session.check([token] + (against.map { [$0] } ?? []), after: 0)
        let count = session.tokens.count
        guard count > 0, source.tokens.count == count, Edit.sites.contains(site) else { return nil }
        base = session.fork()
        (self.site, self.token, self.against) = (site, token, against)
        before = Distribution(logits: try base.logits(after: count - 1))
        values = LayersTap(site, count: count, layers: session.model.shape.layers)
        try source.observe(0..<count, [values])
        total = session.model.shape.layers * count
    }

    package var isDone: Bool { found.count == total }

    /// Takes the next place, position by position through the layers; false when cancelled or none is left.
    package mutating func step(cancelled: () -> Bool = { false }) throws(EngineError) -> Bool {
        guard !isDone else { return false }
        let count = base.tokens.count, (layer, position) = found.count.quotientAndRemainder(dividingBy: count)
        let edit = Edit(site, layer: layer, positions: position..<position + 1, .replace(values.row(layer, position)))
        guard let patched = try base.fork(edits: [edit], cancelled: cancelled) else { return false }
        let after = Distribution(logits: try patched.logits(after: count - 1))
        func value(_ distribution: Distribution) -> Double {
            Double(distribution.logprob(of: token)) - (against.map { Double(distribution.logprob(of: $0)) } ?? 0)
        }
        found.append(Patch(layer: layer, position: position, change: value(after) - value(before), divergence: before.divergence(to: after)))
        return true
    }
}

/// Keeps what passes through one site, at every layer and position.
private final class LayersTap: Tap {
    private let site: Site, count: Int
    private let values: Slots<[Float]>
    init(_ site: Site, count: Int, layers: Int) { (self.site, self.count, values) = (site, count, Slots(count * layers, [])) }
    func row(_ layer: Int, _ position: Int) -> [Float] { values[layer * count + position] }
    func wants(_ site: Site, layer: Int) -> Bool { site == self.site }
    func take(_ site: Site, layer: Int, column: Int, position: Int, values: UnsafeBufferPointer<Float>) {
        self.values[layer * count + position] = Array(values)
    }
}
