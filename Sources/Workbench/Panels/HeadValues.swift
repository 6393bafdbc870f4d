import Engine
import Terminal

/// A number for every head, by the chosen metric: what colours the heads, and what they are ranked by.
struct HeadValues {
    private let attention: AttentionState, reading: Reading, metric: AttentionState.Metric, target: Range<Int>?, ceiling: Double
    private let effects: [HeadID: Double]
    /// What fills the ramp.
    private let most: Double
    private let heads: [HeadID]

    /// - Parameter metric: nil for the chosen one.
    init(_ state: State, _ metric: AttentionState.Metric? = nil) {
        let metric = metric ?? state.attention.metric
        self.metric = metric
        (attention, reading) = (state.attention, state.reading)
        target = attention.keySpan ?? attention.lookedAt.map { $0.position..<$0.position + 1 }
        let shape = state.readyModel?.shape
        heads = (0..<(shape?.layers ?? 0)).flatMap { layer in (0..<(shape?.heads ?? 0)).map { HeadID(layer, $0) } }
        ceiling = max(1e-9, logarithm(Double(max(2, (state.reading.heads?.query ?? 0) + 1))))
        switch metric {
        case .ablation:
            let found = state.edits.ablation?.found ?? []
            effects = Dictionary(found.map { (HeadID($0.layer, $0.head), $0.change) }, uniquingKeysWith: { $1 })
        case .direct:
            effects = state.attributed.map { $0.parts.reduce(into: [:]) { if case let .head(layer, head) = $1.part { $0[HeadID(layer, head)] = $1.value } } } ?? [:]
        default: effects = [:]
        }
        var most = effects.values.map(abs).max() ?? 1
        if metric == .toToken, attention.isValued, let target, let rows = reading.heads?.rows {
            most = rows.joined().map { Double(Self.sum($0, target)) }.max() ?? 1
        }
        self.most = max(1e-9, most)
    }

    private static func sum(_ row: [Float], _ span: Range<Int>) -> Float { row[span.clamped(to: row.indices)].reduce(0, +) }

    /// With its sign, where it has one.
    func value(_ id: HeadID) -> Double? {
        switch metric {
        case .toToken:
            guard let target, let rows = reading.heads?.rows, rows.indices.contains(id.layer), rows[id.layer].indices.contains(id.head),
                  rows[id.layer][id.head].indices.contains(target.lowerBound) else { return nil }
            return Double(Self.sum(rows[id.layer][id.head], target))
        case .entropy:
            guard !attention.isValued, let rows = reading.heads?.rows, rows.indices.contains(id.layer), rows[id.layer].indices.contains(id.head) else { return nil }
            return Double(AttentionRow.entropy(rows[id.layer][id.head]))
        case .ablation, .direct: return effects[id]
        case .sink, .previous, .duplicate, .induction: return reading.scores?.value(metric, id).map { Double($0) }
        }
    }

    func level(_ id: HeadID) -> UInt8? {
        guard let value = value(id) else { return nil }
        switch metric {
        case .ablation, .direct: return Heat.level(abs(value) / most)
        // The most that a row of so many keys can have fills the ramp.
        case .entropy: return Heat.level(value / ceiling)
        default: return AttentionView.level(Float(value / (attention.isValued && metric == .toToken ? most : 1)), log: attention.isLog)
        }
    }

    /// As a share of what fills the ramp.
    func share(_ value: Double) -> Double {
        metric == .entropy ? value / ceiling : abs(value) / (metric.isSigned || (attention.isValued && metric == .toToken) ? most : 1)
    }

    /// The heads whose number is known, the greatest first whichever way it goes; ties in the order of the pass.
    var ranking: [(id: HeadID, value: Double)] {
        heads.compactMap { id in value(id).map { (id, $0) } }.sorted { (abs($0.1), $1.0) > (abs($1.1), $0.0) }
    }
}

extension AttentionState.Metric {
    var isSigned: Bool { self == .direct || self == .ablation }
    /// Those that are means over many queries, and that heads are named after.
    static let scores: [AttentionState.Metric] = [.previous, .duplicate, .induction, .sink]
}

extension HeadScores {
    /// From this score on a head is named after it.
    package static let naming: Float = 0.4

    func value(_ metric: AttentionState.Metric, _ id: HeadID) -> Float? {
        guard id.layer >= 0, id.layer < layers, id.head >= 0, id.head < heads else { return nil }
        let index = id.layer * heads + id.head
        switch metric {
        case .sink: return sink[index]
        case .previous: return previous[index]
        case .duplicate: return duplicate[index]
        case .induction: return induction[index]
        case .entropy: return entropy[index]
        case .toToken, .ablation, .direct: return nil
        }
    }

    /// What a head is called: the name of its greatest score, where that is large enough.
    package func label(_ id: HeadID) -> String? {
        let found = AttentionState.Metric.scores.compactMap { metric in value(metric, id).map { (metric, $0) } }.max { $0.1 < $1.1 }
        guard let (metric, value) = found, value >= Self.naming else { return nil }
        return metric == .previous || metric == .duplicate ? metric.rawValue + "-token" : metric.rawValue
    }
}
