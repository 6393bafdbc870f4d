import Tokenizer
import Transformer

/// What follows from the logits: the next token's, and how the model saw the tokens that are there.
extension Session {
    /// The next token's logits after a position, from its kept residual. Shape: [vocabulary].
    package func logits(after position: Int) throws(EngineError) -> [Float] {
        guard tokens.indices.contains(position) else { return [] }
        var found: [Float] = [], isSound = false
        _ = try projected(position..<position + 1) { _, logits in
            isSound = Spread(logits) != nil
            found = Array(logits)
        }
        guard isSound else { throw .notFinite(position: position) }
        return found
    }

    /// How the model saw the tokens of a range, each given those before it; the first token of all has no step.
    /// Returns fewer when cancelled.
    package func steps(_ range: Range<Int>, cancelled: () -> Bool = { false }) throws(EngineError) -> [Step?] {
        let range = range.clamped(to: 0..<tokens.count)
        guard !range.isEmpty else { return [] }
        let targets = max(1, range.lowerBound)..<max(1, range.upperBound)
        let found = UnsafeMutableBufferPointer<Step?>.allocate(capacity: range.count)
        found.initialize(repeating: nil)
        defer { found.deallocate() }
        var done = targets.lowerBound
        for start in stride(from: targets.lowerBound, to: targets.upperBound, by: Self.measured) where done == start {
            let part = start..<min(targets.upperBound, start + Self.measured)
            let whole = try projected(part.lowerBound - 1..<part.upperBound - 1, cancelled: cancelled) { position, logits in
                found[position + 1 - range.lowerBound] = Step(tokens[position + 1], in: logits)
            }
            if whole { done = part.upperBound }
        }
        if let bad = (targets.lowerBound..<done).first(where: { found[$0 - range.lowerBound] == nil }) { throw .notFinite(position: bad) }
        return Array(found[0..<max(0, done - range.lowerBound)])
    }
    /// One id's logprob after each position of a range: what a `Distribution` of the logits there gives, before it is rounded.
    /// Returns fewer when cancelled. Unit: nats.
    package func logprobs(of id: TokenID, after range: Range<Int>, cancelled: () -> Bool = { false }) throws(EngineError) -> [Double] {
        try check([id], after: 0)
        let range = range.clamped(to: 0..<tokens.count)
        let found = Slots<Double>(range.count, .nan)
        var done = range.lowerBound
        for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.measured) where done == start {
            let part = start..<min(range.upperBound, start + Self.measured)
            let whole = try projected(part, cancelled: cancelled) { position, logits in
                if let total = LogSum(logits) { found[position - range.lowerBound] = total.nats(logits[Int(id)]) }
            }
            if whole { done = part.upperBound }
        }
        let values = found.values.prefix(done - range.lowerBound)
        if let bad = values.firstIndex(where: \.isNaN) { throw .notFinite(position: range.lowerBound + bad) }
        return Array(values)
    }
}
