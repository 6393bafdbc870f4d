/// The sizes of a transformer, and what follows from them by counting alone.
///
/// Scale as a whole — in: sizes, numbers of tokens, hardware. Out: parameters, memory, arithmetic, predicted losses, times.
/// Invariants: counts are exact; what is predicted says by which formula. Must not know: weights, files, screens.
package struct Sizes: Sendable, Equatable {
    package var layers: Int, width: Int, heads: Int, kvHeads: Int, headWidth: Int, hidden: Int, vocabulary: Int, context: Int
    /// A gate is a second projection into the hidden layer; biases stand behind every matrix but the head.
    package var isGated = false, hasBiases = true
    /// The vectors of a norm: scale alone, or scale and shift.
    package var normVectors = 2
    /// Norms before the first and behind the last layer that do not belong to one.
    package var outerNorms = 1
    package var learnsPositions = true
    /// Whether the embedding is the head too, and counts once.
    package var tiesHead = true

    /// A decoder as GPT-1, GPT-2 and GPT-3 are: four times the width in the hidden layer, every head with its own keys.
    package init(layers: Int, width: Int, heads: Int, vocabulary: Int, context: Int) {
        (self.layers, self.width, self.heads, kvHeads, headWidth) = (layers, width, heads, heads, width / max(1, heads))
        (hidden, self.vocabulary, self.context) = (4 * width, vocabulary, context)
    }

    /// What parameters belong to.
    package struct Parts: Sendable, Equatable {
        package var embedding = 0, positions = 0, attention = 0, feedForward = 0, norms = 0, head = 0
        package init() {}
        package var total: Int { embedding + positions + attention + feedForward + norms + head }
        /// What Kaplan et al. 2020 count as N.
        package var withoutEmbedding: Int { attention + feedForward + norms }
        package var rows: [(name: String, count: Int)] {
            [("embedding", embedding), ("positions", positions), ("attention", attention), ("feed-forward", feedForward), ("norms", norms), ("head", head)]
        }
    }

    package var parts: Parts {
        let queries = heads * headWidth, keys = kvHeads * headWidth, ups = isGated ? 2 : 1
        var parts = Parts()
        parts.embedding = vocabulary * width
        parts.positions = learnsPositions ? context * width : 0
        parts.attention = layers * (2 * width * queries + 2 * width * keys + (hasBiases ? queries + 2 * keys + width : 0))
        parts.feedForward = layers * ((ups + 1) * width * hidden + (hasBiases ? ups * hidden + width : 0))
        parts.norms = (2 * layers + outerNorms) * normVectors * width
        parts.head = tiesHead ? 0 : vocabulary * width
        return parts
    }

    /// Of the keys and values of so many tokens. Unit: bytes.
    package func cacheBytes(tokens: Int, bytesPerNumber: Double = 2) -> Double {
        2 * Double(layers * kvHeads * headWidth) * Double(tokens) * bytesPerNumber
    }

    /// Of one token behind `position` others, forwards: two for each weight of a matrix, and attention's own. Unit: FLOPs.
    package func forwardFLOPs(position: Int) -> Double {
        let queries = heads * headWidth, keys = kvHeads * headWidth, ups = isGated ? 2 : 1
        let matrices = layers * (2 * width * queries + 2 * width * keys + (ups + 1) * width * hidden) + vocabulary * width
        return 2 * Double(matrices) + 4 * Double(layers * queries) * Double(position + 1)
    }

    /// Of training on so many tokens in texts of the whole context: forwards once, backwards twice as much. Unit: FLOPs.
    package func trainingFLOPs(tokens: Double) -> Double {
        // The mean place of a token in its text is the middle.
        3 * forwardFLOPs(position: max(0, context / 2)) * tokens
    }

    /// The same by the rule of thumb. Source: Kaplan et al. 2020, table 1. Unit: FLOPs.
    package static func trainingFLOPs(parameters: Double, tokens: Double) -> Double { 6 * parameters * tokens }

    /// A model of about so many times the parameters: as deep as wide, as such models are. Rounded to whole heads.
    package func multiplied(by factor: Double) -> Sizes {
        var next = self
        let side = power(factor, 1.0 / 3.0), ratio = Double(hidden) / Double(max(1, width)), group = max(1, heads / max(1, kvHeads))
        next.heads = max(group, Int((Double(heads) * side / Double(group)).rounded()) * group)
        next.kvHeads = next.heads / group
        let wide = Double(next.heads) / Double(heads)
        next.width = width == heads * headWidth ? next.heads * headWidth : max(1, Int((Double(width) * wide).rounded()))
        next.hidden = Int((ratio * Double(next.width)).rounded())
        // The width goes by whole heads; what it is off by goes into the depth, whose steps are smaller.
        next.layers = max(1, Int((factor * Double(layers) / (wide * wide)).rounded()))
        return next
    }
}
