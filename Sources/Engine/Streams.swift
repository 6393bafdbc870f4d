import Tokenizer

/// Continuations of one text, the i-th by seed + i, that are drawn together: one pass a step for all that still run.
///
/// Each is, to the bit, what a generation alone draws by its seed.
package struct Streams {
    private var generations: [Generation]
    private var sessions: [Session]
    /// Those that have not ended.
    private var running: [Int]

    /// - Parameter seed: of the first; resolved by the caller.
    package init(_ session: Session, sampling: Sampling, seed: UInt64, count: Int) {
        self.init(session, (0..<count).map { (sampling, seed &+ UInt64($0)) })
    }

    /// Continuations by settings and seeds of their own.
    package init(_ session: Session, _ settings: [(sampling: Sampling, seed: UInt64)]) {
        self.init(settings.map { (session.fork(), $0.sampling, $0.seed) })
    }

    /// Continuations of texts of their own, each by a session of a family, which it takes over.
    package init(_ texts: [(session: Session, sampling: Sampling, seed: UInt64)]) {
        sessions = texts.map(\.session)
        generations = texts.map { Generation($0.session, sampling: $0.sampling, seed: $0.seed) }
        running = Array(generations.indices)
    }

    /// Draws one token of each stream that runs, and returns what can be shown now of each, in order; nothing when all have ended.
    package mutating func next() throws(EngineError) -> [(stream: Int, tokens: [Generation.Token], end: Generation.End?)] {
        let drawing = running.filter { generations[$0].limit == nil }
        // One alone may draw several tokens in a pass.
        let steps = drawing.count > 1 ? try draw(drawing) : [:]
        var news: [(stream: Int, tokens: [Generation.Token], end: Generation.End?)] = []
        for stream in running {
            let (tokens, end) = if let step = steps[stream] { generations[stream].take(step) } else { try generations[stream].next() }
            news.append((stream, tokens, end))
        }
        running = news.filter { $0.end == nil }.map(\.stream)
        return news
    }

    private func draw(_ streams: [Int]) throws(EngineError) -> [Int: Step] {
        _ = try Session.extend(streams.map { (sessions[$0], generations[$0].unread) })
        let rows = streams.map { (session: sessions[$0], position: sessions[$0].tokens.count - 1) }
        let found = try Session.drawn(rows) { row, logits in generations[streams[row]].choose(logits) }
        var steps: [Int: Step] = [:]
        for (stream, step) in zip(streams, found) {
            guard let step else { throw .notFinite(position: sessions[stream].tokens.count - 1) }
            steps[stream] = step
        }
        return steps
    }
}
