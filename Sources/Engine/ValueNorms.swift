import Tokenizer
import Transformer

/// How long the value vectors of a sequence are: what a weight of the pattern multiplies.
///
/// A head that looks at a token whose value is near zero takes nothing from there; its weight times this length says so.
/// Source: Kobayashi et al. 2020 (attention is not only a weight), before the output matrix.
package struct ValueNorms: Sendable {
    private var ids: [TokenID] = []
    /// Shape: [layers * kvHeads][tokens].
    private var lengths: [[Float]] = []
    private var kvHeads = 1, group = 1
    package init() {}

    /// Looks at the values of the session's tokens that are not known yet; the session is of one model and under the same edits.
    package mutating func follow(_ session: Session) {
        let shape = session.model.shape, layout = PageLayout(shape)
        (kvHeads, group) = (shape.kvHeads, shape.heads / shape.kvHeads)
        if lengths.count != shape.layers * kvHeads { (ids, lengths) = ([], Array(repeating: [], count: shape.layers * kvHeads)) }
        let known = zip(ids, session.tokens).prefix { $0 == $1 }.count
        for index in lengths.indices { lengths[index].removeLast(lengths[index].count - known) }
        for position in known..<session.tokens.count {
            guard let page = session.bases[position / PageLayout.positions] else { return ids = Array(ids.prefix(known)) }
            for index in lengths.indices {
                let at = layout.values(index / kvHeads, index % kvHeads, slot: position % PageLayout.positions)
                let value = (page + at).assumingMemoryBound(to: Float16.self)
                var sum: Float = 0
                for dimension in 0..<shape.headWidth { sum += Float(value[dimension]) * Float(value[dimension]) }
                lengths[index].append(sum.squareRoot())
            }
        }
        ids = session.tokens
    }

    /// A head's row with each weight times the length of its value. Shape: row [keys].
    package func weighted(_ row: [Float], layer: Int, head: Int) -> [Float] {
        let lengths = lengths[layer * kvHeads + head / group]
        return row.indices.map { row[$0] * ($0 < lengths.count ? lengths[$0] : 0) }
    }
}
