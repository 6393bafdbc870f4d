import Tokenizer
import Transformer

/// Texts of which only some tokens' logprobs are asked for, many in one pass.
extension Session {
    /// The logprobs of `ids[from...]`, each given all before it; `from` is at least 1.
    package typealias Question = (ids: [TokenID], from: Int)

    /// The most new columns of questions that are answered together: they fill passes, and their pages are held at once.
    private static let together = 8 * Forward.batch

    /// Logprobs of every question's tokens; what questions begin with in common runs once. Nil when cancelled. The session is then
    /// at a question's beginning. Shape: [questions][ids after `from`]. Unit: nats.
    /// - Parameter chunk: the most columns of the next pass.
    package func logprobs(_ questions: [Question], chunk: () -> Int = { Forward.batch }, cancelled: () -> Bool = { false }) throws(EngineError) -> [[Float]]? {
        for (ids, _) in questions {
            try check(ids.dropLast(), after: 0)
            try check(ids.suffix(1), after: 0)
        }
        var found: [[Float]] = [], start = 0
        while start < questions.count {
            // The first one's beginning stays with the session and needs no room.
            var end = start + 1, columns = questions[start].ids.count - questions[start].from
            while end < questions.count {
                let ids = questions[end].ids.dropLast()
                columns += ids.count - commonCount(questions[end - 1].ids[...], ids)
                if columns > Self.together { break }
                end += 1
            }
            guard let part = try answered(questions[start..<end], chunk, cancelled) else { return nil }
            found += part
            start = end
        }
        return found
    }

    /// Logprobs of answers' tokens after a prefix that runs once; the first token of a text has none. Shape: [answers][tokens].
    /// Unit: nats.
    package func score(prefix: [TokenID], answers: [[TokenID]]) throws(EngineError) -> [[Float]] {
        try logprobs(answers.map { (prefix + $0, max(1, prefix.count)) }) ?? []
    }

    private func answered(_ questions: ArraySlice<Question>, _ chunk: () -> Int, _ cancelled: () -> Bool) throws(EngineError) -> [[Float]]? {
        // The session itself stays at the end of the first beginning, so that this is not dropped between two groups.
        let beginning = questions.first.map { $0.ids.prefix($0.from) } ?? []
        let kept = commonCount(tokens[...], beginning)
        var parts: [(session: Session, ids: ArraySlice<TokenID>)] = [(self, [])]
        for (ids, _) in questions {
            let fork = fork()
            // The last token need not pass through the model.
            let read = ids.dropLast(), common = commonCount(fork.tokens[...], read)
            fork.rewind(to: common)
            parts.append((fork, read[common...]))
        }
        rewind(to: kept)
        parts[0].ids = beginning[kept...]
        guard try Self.extend(parts, chunk: chunk, cancelled: cancelled) else { return nil }

        let (rows, uses) = Self.rows(questions, parts.dropFirst().map(\.session))
        let found = Slots<Float>(uses.reduce(0) { $0 + $1.count }, .nan)
        let isWhole = try Self.projected(rows, chunk: chunk, cancelled: cancelled) { index, logits in
            guard let total = LogSum(logits) else { return }
            for (id, slot) in uses[index] { found[slot] = total.logprob(logits[Int(id)]) }
        }
        guard isWhole else { return nil }
        let values = found.values
        if let bad = uses.indices.first(where: { uses[$0].contains { values[$0.slot].isNaN } }) { throw .notFinite(position: rows[bad].position) }
        var end = 0
        return questions.map { question in
            let start = end
            end += max(0, question.ids.count - question.from)
            return Array(values[start..<end])
        }
    }

    /// The rows of logits that questions ask for, each once where one asks what the one before asked, and the ids wanted of each
    /// with their place among all that is asked for.
    private static func rows(_ questions: ArraySlice<Question>, _ sessions: [Session])
        -> (rows: [(session: Session, position: Int)], uses: [[(id: TokenID, slot: Int)]]) {
        var rows: [(session: Session, position: Int)] = [], uses: [[(id: TokenID, slot: Int)]] = [], slot = 0
        var before: (ids: [TokenID], rows: [Int: Int]) = ([], [:])
        for ((ids, from), session) in zip(questions, sessions) {
            let shared = commonCount(before.ids[...], ids[...])
            var own: [Int: Int] = [:]
            for position in from - 1..<max(from - 1, ids.count - 1) {
                let row = position < shared ? before.rows[position] ?? rows.count : rows.count
                if row == rows.count {
                    rows.append((session, position))
                    uses.append([])
                }
                own[position] = row
                uses[row].append((ids[position + 1], slot))
                slot += 1
            }
            before = (ids, own)
        }
        return (rows, uses)
    }
}
