import Document
import Engine
import Foundation
import Tokenizer

/// Why a sampling setting cannot be applied.
package struct BiasError: Error, CustomStringConvertible {
    package let text: String
    package let ids: [TokenID]

    package var description: String {
        "The logit bias of \"\(text)\" needs one token, and the text is \(ids.count) of them"
            + (ids.isEmpty ? "." : " (\(ids.map { "\($0)" }.joined(separator: ", "))); bias the ids themselves.")
    }
}

extension Sampling {
    /// Lays settings over these; what they do not name stays.
    package mutating func apply(numbers settings: PromptSettings) {
        temperature = settings.temperature ?? temperature
        topK = settings.topK ?? topK
        typicalP = settings.typicalP ?? typicalP
        topP = settings.topP ?? topP
        minP = settings.minP ?? minP
        repetitionPenalty = settings.repetitionPenalty ?? repetitionPenalty
        presencePenalty = settings.presencePenalty ?? presencePenalty
        frequencyPenalty = settings.frequencyPenalty ?? frequencyPenalty
        maxTokens = settings.maxTokens ?? maxTokens
        if let texts = settings.stop { stop = texts.map { Array($0.utf8) } }
        switch settings.seed {
        case .random: seed = nil
        case .fixed(let number): seed = number
        case nil: break
        }
    }

    /// Throws: where a text to bias is not one token, or an id is none.
    package mutating func apply(_ settings: PromptSettings, tokenizer: Tokenizer) throws {
        apply(numbers: settings)
        for (key, value) in settings.logitBias ?? [:] {
            switch key {
            case .id(let id):
                guard (0..<tokenizer.count).contains(id) else { throw EngineError.token(id: TokenID(clamping: id), vocabulary: tokenizer.count) }
                logitBias[TokenID(id)] = Float(value)
            case .text(let text):
                let ids = tokenizer.special(text).map { [$0] } ?? tokenizer.encode(Array(text.utf8))
                guard let id = ids.first, ids.count == 1 else { throw BiasError(text: text, ids: ids) }
                logitBias[id] = Float(value)
            }
        }
    }
}

extension Sampling {
    /// As it is stored; the same settings give the same text.
    package var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    /// Takes stored settings; nil where they cannot be read.
    package init?(json: String) {
        guard let read = try? JSONDecoder().decode(Sampling.self, from: Data(json.utf8)), (try? read.validate()) != nil else { return nil }
        self = read
    }
}

extension PromptSettings {
    /// These settings with what a person has changed since they were read; `read` holds also what they leave out.
    package func following(_ sampling: Sampling, read standard: Sampling) -> PromptSettings {
        var next = self
        func follow<Value: Equatable>(_ path: WritableKeyPath<PromptSettings, Value?>, _ value: Value, _ read: Value) {
            if value != read { next[keyPath: path] = value }
        }
        follow(\.temperature, sampling.temperature, standard.temperature)
        follow(\.topK, sampling.topK, standard.topK)
        follow(\.typicalP, sampling.typicalP, standard.typicalP)
        follow(\.topP, sampling.topP, standard.topP)
        follow(\.minP, sampling.minP, standard.minP)
        follow(\.repetitionPenalty, sampling.repetitionPenalty, standard.repetitionPenalty)
        follow(\.presencePenalty, sampling.presencePenalty, standard.presencePenalty)
        follow(\.frequencyPenalty, sampling.frequencyPenalty, standard.frequencyPenalty)
        follow(\.maxTokens, sampling.maxTokens, standard.maxTokens)
        func seed(_ sampling: Sampling) -> Seed { sampling.seed.map { .fixed($0) } ?? .random }
        follow(\.seed, seed(sampling), seed(standard))
        func stops(_ sampling: Sampling) -> [String] { sampling.stop.map { String(decoding: $0, as: UTF8.self) } }
        follow(\.stop, stops(sampling), stops(standard))
        // Biases are written by id: a text of the file may be another token of another model.
        guard sampling.logitBias != standard.logitBias else { return next }
        next.logitBias = sampling.logitBias.isEmpty ? nil
            : Dictionary(uniqueKeysWithValues: sampling.logitBias.map { (.id(Int($0.key)), Double($0.value)) })
        return next
    }
}
