import Engine
import Tokenizer

/// A text that is looked for among what could come next, and the bias of a token.
extension State {
    /// What is known of the sought text at the shown place.
    package struct SoughtText: Sendable, Equatable {
        package let ids: [TokenID]
        /// Of all its tokens one after the other. Unit: nats. Nil until the model has read them.
        package let logprob: Float?
        /// Of its first token.
        package let rank: Int?
    }

    package var soughtText: SoughtText? {
        guard !sought.isEmpty, let tokenizer else { return nil }
        let ids = tokenizer.encode(sought)
        guard let first = ids.first else { return nil }
        if let found = reading.sought, found.ids == ids, found.position == reading.here?.position {
            return SoughtText(ids: ids, logprob: found.logprob, rank: found.rank)
        }
        return SoughtText(ids: ids, logprob: nil, rank: reading.here?.distribution.rank(of: first))
    }

    /// The text to look for changed while it is typed; empty ends it.
    package mutating func soughtChanged(_ text: String) { sought = Array(text.utf8) }

    /// Keeps what was found on the screen and chooses the text's first token.
    package mutating func acceptCandidateFind() -> [Effect] {
        guard let found = soughtText, let rank = found.rank, let here = reading.here else { return [] }
        let rows = candidatesSheet.window.count, row = here.listing?.ids.firstIndex { $0 == found.ids.first } ?? rank
        candidates.top = max(0, row - rows / 2)
        candidates.select(row, rows: rows, count: here.rows)
        return []
    }

    // MARK: Bias

    mutating func askForBias() {
        guard let id = chosenCandidate, let tokenizer else { return }
        let now = sampling.logitBias[id].map { FieldText.exact(Double($0)) } ?? ""
        overlay = .input(.init(purpose: .bias(id), label: "bias of \(TokenText.name(id, tokenizer)), -100 to 100, 0 removes", line: LineInput(now)))
    }

    /// Takes the bias of one token; nothing or 0 removes it.
    package mutating func acceptBias(_ id: TokenID, _ text: String) -> [Effect] {
        let typed = FieldText.trimmed(text)
        let range = SamplingField.field(.logitBias)?.range ?? -100...100
        guard let value = typed.isEmpty ? 0 : Double(typed), range.contains(value) else {
            say("a bias goes from \(FieldText.exact(range.lowerBound)) to \(FieldText.exact(range.upperBound)), and \"\(typed)\" is not that; nothing changed", .warning)
            return []
        }
        sampling.logitBias[id] = value == 0 ? nil : Float(value)
        let name = tokenizer.map { TokenText.name(id, $0) } ?? "\(id)"
        say(value == 0 ? "no bias on \(name)" : "bias \(FieldText.exact(value)) on \(name)")
        return []
    }
}
