import Tokenizer

/// Where a token can be lost on its way to the draw, in the order of the stages.
package enum Stage: UInt8, CaseIterable, Sendable, Codable {
    case raw, bias, penalties, temperature, topK, typicalP, topP, minP, draw

    package var name: String {
        switch self {
        case .raw: "raw"
        case .bias: "bias"
        case .penalties: "penalties"
        case .temperature: "temperature"
        case .topK: "top-k"
        case .typicalP: "typical-p"
        case .topP: "top-p"
        case .minP: "min-p"
        case .draw: "draw"
        }
    }
}

/// One draw with what every stage did to the vocabulary.
package struct Trace: Sendable, Equatable {
    package struct Pass: Sendable, Equatable {
        package let stage: Stage
        /// False where the settings turn the stage off.
        package let active: Bool
        package let tokensLeft: Int
        /// Share of what entered this stage; stages that only reshape remove none.
        package let removedMass: Double
    }

    package struct Survivor: Sendable, Equatable {
        package let id: TokenID
        package let probability: Double
    }

    /// One for each stage, in order.
    package let passes: [Pass]
    /// The raw value of the stage that removed each token; 0 for those the draw chooses from.
    /// Shape: [vocabulary]
    package let cut: [UInt8]
    /// What the draw chooses from, likeliest first, ties by lowest id; the probabilities sum to 1.
    package let survivors: [Survivor]
    /// The random number of this seed and position, in [0, 1).
    package let u: Double
    package let chosen: TokenID

    /// After all stages; 0 for a token that was cut.
    package func probability(of id: TokenID) -> Double {
        guard cut.indices.contains(Int(id)), cut[Int(id)] == 0 else { return 0 }
        return survivors.first { $0.id == id }?.probability ?? 0
    }

    /// The stage that removed the token; nil for one the draw chooses from, and outside the vocabulary.
    package func stage(cutting id: TokenID) -> Stage? {
        guard cut.indices.contains(Int(id)), cut[Int(id)] != 0 else { return nil }
        return Stage(rawValue: cut[Int(id)])
    }
}

/// Draws the next token from logits.
///
/// In: logits, the ids so far, settings, a seed and a position. Out: a token, or a trace of how it came about.
/// The stages stand in the order of `Stage`, each seeing the renormalised survivors of the one before. The draw depends
/// only on seed and position. At least one token always survives, whatever the floats are: NaN and minus infinity have
/// no probability, plus infinity is the greatest finite number, and if nothing has any, all tokens are alike.
/// It must not know text, models or what the settings' ranges are.
/// Source: Keskar et al. 2019 (repetition), Meister et al. 2022 (typical), Holtzman et al. 2020 (top-p).
package struct Sampler {
    /// The token that `trace` would choose, without its bookkeeping; 0 when there are no logits.
    package static func draw(
        logits: UnsafeBufferPointer<Float>, context: [TokenID], generated: ArraySlice<TokenID>,
        sampling: Sampling, seed: UInt64, position: Int
    ) -> TokenID {
        let values = adjusted(logits, context: context, generated: generated, sampling: sampling)
        let narrowing = Narrowing(values, sampling: sampling)
        return narrowing.pick(uniform(seed: seed, position: position)).map { narrowing.entries[$0].id } ?? 0
    }

    package static func draw(
        logits: [Float], context: [TokenID], generated: ArraySlice<TokenID>, sampling: Sampling, seed: UInt64, position: Int
    ) -> TokenID {
        logits.withUnsafeBufferPointer {
            draw(logits: $0, context: context, generated: generated, sampling: sampling, seed: seed, position: position)
        }
    }

    /// The draw with what every stage did; `context` is prompt and generation, `generated` the generation alone.
    package static func trace(
        logits: [Float], context: [TokenID], generated: ArraySlice<TokenID>, sampling: Sampling, seed: UInt64, position: Int
    ) -> Trace {
        let values = logits.withUnsafeBufferPointer {
            adjusted($0, context: context, generated: generated, sampling: sampling)
        }
        let narrowing = Narrowing(values, sampling: sampling)
        return narrowing.trace(of: values, sampling: sampling, u: uniform(seed: seed, position: position))
    }

    /// A number in [0, 1) that depends only on seed and position.
    /// Source: the finaliser of splitmix64 (Steele, Lea and Flood 2014) over a counter.
    package static func uniform(seed: UInt64, position: Int) -> Double {
        let golden: UInt64 = 0x9e37_79b9_7f4a_7c15
        let stream = mix(seed &+ golden)
        let word = mix(stream &+ golden &* (UInt64(bitPattern: Int64(position)) &+ 1))
        return Double(word >> 11) * 0x1p-53
    }

    package static func mix(_ word: UInt64) -> UInt64 {
        var z = word
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// The logits after bias and penalties, all of them plain.
    private static func adjusted(
        _ logits: UnsafeBufferPointer<Float>, context: [TokenID], generated: ArraySlice<TokenID>, sampling: Sampling
    ) -> [Float] {
        var values = [Float](unsafeUninitializedCapacity: logits.count) { buffer, count in
            for index in logits.indices { buffer[index] = Ranking.plain(logits[index]) }
            count = logits.count
        }
        for (id, bias) in sampling.logitBias where values.indices.contains(Int(id)) {
            values[Int(id)] = Ranking.plain(values[Int(id)] + bias)
        }
        penalise(&values, context: context, generated: generated, sampling: sampling)
        return values
    }

    private static func penalise(
        _ values: inout [Float], context: [TokenID], generated: ArraySlice<TokenID>, sampling: Sampling
    ) {
        let repetition = Float(sampling.repetitionPenalty)
        if repetition > 0, repetition != 1 {
            for id in Set(context).union(generated) where values.indices.contains(Int(id)) {
                let value = values[Int(id)]
                values[Int(id)] = lowered(value, to: value > 0 ? value / repetition : value * repetition)
            }
        }
        let presence = Float(sampling.presencePenalty), frequency = Float(sampling.frequencyPenalty)
        guard presence != 0 || frequency != 0 else { return }
        var counts: [TokenID: Int] = [:]
        for id in generated { counts[id, default: 0] += 1 }
        for (id, count) in counts where values.indices.contains(Int(id)) {
            let value = values[Int(id)]
            values[Int(id)] = lowered(value, to: value - presence - frequency * Float(count))
        }
    }

    /// A penalty makes a token unlikely, never impossible: only logits and bias can do that.
    private static func lowered(_ value: Float, to penalised: Float) -> Float {
        value == -.infinity ? value : max(Ranking.plain(penalised), -.greatestFiniteMagnitude)
    }
}
