import Glibc
import Tokenizer

/// How the next token is drawn from the logits; a temperature of 0 is greedy, and a seed of nil is resolved by the caller.
package struct Sampling: Sendable, Equatable, Codable {
    package var temperature = 0.7
    package var topK = 40
    package var typicalP = 1.0
    package var topP = 0.95
    package var minP = 0.05
    package var repetitionPenalty = 1.0
    package var presencePenalty = 0.0
    package var frequencyPenalty = 0.0
    package var logitBias: [TokenID: Float] = [:]
    package var seed: UInt64?
    package var maxTokens = 128
    package var stop: [[UInt8]] = []

    package init() {}

    package var isGreedy: Bool { !(temperature > 0) }

    /// Refuses the first value outside its range.
    /// Throws: `SamplingError` with the field, the value and the range.
    package func validate() throws(SamplingError) {
        for field in SamplingField.all {
            guard let range = field.range else { continue }
            let values = field.id == .logitBias ? logitBias.values.map(Double.init) : [field.value(in: self)].compactMap { $0 }
            for value in values where !range.contains(value) {
                throw SamplingError(field: field.key, value: value, range: range)
            }
        }
    }
}

/// One row of the table that the Sampling panel, the command line, prompt files and the validator read.
package struct SamplingField: Sendable {
    package enum ID: CaseIterable, Sendable {
        case temperature, topK, typicalP, topP, minP, repetitionPenalty, presencePenalty, frequencyPenalty
        case logitBias, seed, maxTokens, stop
    }

    private enum Slot: Sendable {
        case real(any WritableKeyPath<Sampling, Double> & Sendable)
        case whole(any WritableKeyPath<Sampling, Int> & Sendable)
        case structured
    }

    package let id: ID
    /// As in front matter and in the OpenAI and llama.cpp APIs.
    package let key: String
    /// As people say it, on the panel.
    package let name: String
    /// Of the value, or of each value of the logit bias; nil where any value goes.
    package let range: ClosedRange<Double>?
    package let step: Double
    /// The value at which the stage does nothing.
    package let off: Double?
    package let help: String
    private let slot: Slot

    package var flag: String { "--" + String(key.map { $0 == "_" ? "-" : $0 }) }

    package var isWhole: Bool {
        if case .whole = slot { return true }
        return false
    }

    /// The number in these settings; nil for the logit bias, the seed and the stop texts.
    package func value(in sampling: Sampling) -> Double? {
        switch slot {
        case .real(let path): sampling[keyPath: path]
        case .whole(let path): Double(sampling[keyPath: path])
        case .structured: nil
        }
    }

    /// Puts a number into these settings, moved into the range; NaN and fields that are not numbers change nothing.
    package func set(_ value: Double, in sampling: inout Sampling) {
        guard !value.isNaN, let range else { return }
        let inside = min(max(value, range.lowerBound), range.upperBound)
        switch slot {
        case .real(let path): sampling[keyPath: path] = inside
        case .whole(let path): sampling[keyPath: path] = Int(inside.rounded())
        case .structured: break
        }
    }

    package static func field(_ id: ID) -> SamplingField? { all.first { $0.id == id } }

    package static let all: [SamplingField] = [
        SamplingField(
            id: .temperature, key: "temperature", name: "temperature", range: 0...5, step: 0.05, off: 1,
            help: "Divides the logits before the cuts (llama.cpp: after them); below 1 sharpens, above 1 flattens, 0 takes the likeliest.",
            slot: .real(\.temperature)),
        SamplingField(
            id: .topK, key: "top_k", name: "top-k", range: 0...1_000_000, step: 1, off: 0,
            help: "Keeps the k likeliest tokens; 0 keeps all.",
            slot: .whole(\.topK)),
        SamplingField(
            id: .typicalP, key: "typical_p", name: "typical-p", range: 0...1, step: 0.05, off: 1,
            help: "Keeps the tokens whose surprisal is nearest the entropy, up to this mass; 1 keeps all.",
            slot: .real(\.typicalP)),
        SamplingField(
            id: .topP, key: "top_p", name: "top-p", range: 0...1, step: 0.05, off: 1,
            help: "Keeps the fewest likeliest tokens that reach this mass; 1 keeps all.",
            slot: .real(\.topP)),
        SamplingField(
            id: .minP, key: "min_p", name: "min-p", range: 0...1, step: 0.01, off: 0,
            help: "Drops tokens less likely than this share of the likeliest one; 0 keeps all.",
            slot: .real(\.minP)),
        SamplingField(
            id: .repetitionPenalty, key: "repetition_penalty", name: "repetition", range: 0.5...2, step: 0.05, off: 1,
            help: "Divides positive and multiplies negative logits of tokens seen in the prompt or the text so far; 1 is off.",
            slot: .real(\.repetitionPenalty)),
        SamplingField(
            id: .presencePenalty, key: "presence_penalty", name: "presence", range: -2...2, step: 0.1, off: 0,
            help: "Taken once from the logit of each token generated so far; 0 is off.",
            slot: .real(\.presencePenalty)),
        SamplingField(
            id: .frequencyPenalty, key: "frequency_penalty", name: "frequency", range: -2...2, step: 0.1, off: 0,
            help: "Taken from a token's logit for each time it was generated; 0 is off.",
            slot: .real(\.frequencyPenalty)),
        SamplingField(
            id: .logitBias, key: "logit_bias", name: "logit bias", range: -100...100, step: 1, off: 0,
            help: "Added to the logits of chosen tokens; -100 as good as bans one, 100 forces it.",
            slot: .structured),
        SamplingField(
            id: .seed, key: "seed", name: "seed", range: nil, step: 1, off: nil,
            help: "The same seed draws the same tokens; random picks one and shows it.",
            slot: .structured),
        SamplingField(
            id: .maxTokens, key: "max_tokens", name: "max tokens", range: 1...1_000_000, step: 16, off: nil,
            help: "Stops after this many tokens.",
            slot: .whole(\.maxTokens)),
        SamplingField(
            id: .stop, key: "stop", name: "stop", range: nil, step: 0, off: nil,
            help: "Stops before any of these texts; the text itself is not shown.",
            slot: .structured),
    ]
}

/// A sampling value outside its range.
package struct SamplingError: Error, Equatable, Sendable, CustomStringConvertible {
    package let field: String
    package let value: Double
    package let range: ClosedRange<Double>

    package init(field: String, value: Double, range: ClosedRange<Double>) {
        (self.field, self.value, self.range) = (field, value, range)
    }

    package var description: String {
        "\(field) is \(Self.short(value)); it goes from \(Self.short(range.lowerBound)) to \(Self.short(range.upperBound))."
    }

    private static func short(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : String(value)
    }
}
