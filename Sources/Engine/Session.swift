import Tokenizer
import Transformer

/// A token sequence inside a model: its cache, its record, and every number that follows from them.
///
/// The caller hands over the whole sequence; what it shares with the one before is not computed again.
/// Owned by one thread. A fork shares memory with its origin until one of them goes on.
package final class Session {
    package let model: Model
    /// The most tokens this session takes.
    package let context: Int
    package private(set) var tokens: [TokenID] = []
    let forward: Forward
    private(set) var cache: Cache
    let record: Record
    let logitRows: Floats

    /// Columns of logits that are measured at once.
    static let measured = 8

    /// - Parameter context: at most the model's own; nil takes that.
    package convenience init(_ model: Model, threads: Int, context: Int? = nil, recordCap: Int = 512 << 20) throws(EngineError) {
        let context = min(context ?? model.shape.context, model.shape.context)
        do {
            let forward = try Forward(model.weights, threads: threads, context: context)
            let rows = try Floats(forward.logitStride * Self.measured, for: "the logits")
            self.init(model, context, forward, Cache(model.shape), Record(model.shape, cap: recordCap), rows, [])
        } catch { throw .model(error) }
    }
    private init(_ model: Model, _ context: Int, _ forward: Forward, _ cache: Cache, _ record: Record, _ rows: Floats, _ tokens: [TokenID]) {
        (self.model, self.context, self.forward, self.cache, self.record, self.logitRows, self.tokens) = (model, context, forward, cache, record, rows, tokens)
    }

    package func fork() -> Session { Session(model, context, forward, cache, record.fork(), logitRows, tokens) }

    package func rewind(to count: Int) {
        guard count < tokens.count else { return }
        tokens.removeLast(tokens.count - max(0, count))
        cache.truncate(to: tokens.count)
        record.truncate(to: tokens.count)
    }

    /// Makes the sequence be `target`, computing only what follows the longest common prefix.
    /// Returns false when it was cancelled between two batches; what was done by then is kept.
    package func sync(to target: [TokenID], taps: [any Tap] = [], progress: (Int) -> Void = { _ in },
                      cancelled: () -> Bool = { false }) throws(EngineError) -> Bool {
        try check(target)
        var common = 0
        while common < tokens.count, common < target.count, tokens[common] == target[common] { common += 1 }
        rewind(to: common)
        while tokens.count < target.count {
            if cancelled() { return false }
            let end = min(target.count, tokens.count + Forward.batch)
            try extend(target[tokens.count..<end], taps)
            progress(tokens.count)
        }
        return true
    }

    package func append(_ id: TokenID, taps: [any Tap] = []) throws(EngineError) {
        guard tokens.count < context else { throw .context(tokens: tokens.count + 1, limit: context) }
        guard id >= 0, Int(id) < model.shape.vocabulary else { throw .token(id: id, vocabulary: model.shape.vocabulary) }
        try extend([id], taps)
    }

    private func check(_ ids: [TokenID]) throws(EngineError) {
        guard ids.count <= context else { throw .context(tokens: ids.count, limit: context) }
        if let bad = ids.first(where: { $0 < 0 || Int($0) >= model.shape.vocabulary }) { throw .token(id: bad, vocabulary: model.shape.vocabulary) }
    }

    private func extend(_ ids: ArraySlice<TokenID>, _ taps: [any Tap]) throws(EngineError) {
        let start = tokens.count
        do {
            try record.prepare(start..<start + ids.count)
            try cache.extend(by: ids.count)
        } catch { throw .model(error) }
        tokens += ids
        run(start..<tokens.count, taps)
        // What is not finite stays so through the attention of all that follow.
        guard isFinite(tokens.count - 1) else {
            let first = (start..<tokens.count).first { !isFinite($0) } ?? start
            rewind(to: start)
            throw .notFinite(position: first)
        }
    }

    private func isFinite(_ position: Int) -> Bool {
        guard let final = record.row(model.shape.layers, position) else { return false }
        return (0..<model.shape.width).allSatisfy { final[$0].isFinite }
    }

    /// The pass over positions whose pages are ready.
    private func run(_ positions: Range<Int>, _ taps: [any Tap]) {
        cache.bases.withUnsafeBufferPointer { pages in
            guard let base = pages.baseAddress else { return }
            let columns = positions.map { Forward.Column(token: tokens[$0], position: $0, pages: base) }
            columns.withUnsafeBufferPointer { forward.run($0, taps: [record] + taps) }
        }
    }

    /// Whether a position's record is at hand; one that is not is computed again when asked for.
    package func isRecorded(_ position: Int) -> Bool { position < tokens.count && record.holds(position) }

    /// Brings dropped records back by computing their positions again over the kept cache; the bits are the same.
    func recall(_ positions: Range<Int>) throws(EngineError) {
        guard let last = positions.last, !positions.allSatisfy(record.holds) else { return }
        let size = PageLayout.positions
        let start = positions.lowerBound / size * size, end = min(tokens.count, (last / size + 1) * size)
        let dropped = stride(from: start, to: end, by: size).filter { !record.holds($0) }
        // All pages at once: making room for one must not drop another of them.
        do { try record.prepare(start..<end) } catch { throw .model(error) }
        for page in dropped {
            let pageEnd = min(end, page + size)
            for first in stride(from: page, to: pageEnd, by: Forward.batch) { run(first..<min(pageEnd, first + Forward.batch), []) }
        }
    }

    /// Visits the logits after each position, some at a time; `visit` is called by several threads at once.
    func projected(_ positions: Range<Int>, cancelled: () -> Bool = { false },
                   visit: (_ position: Int, _ logits: UnsafeBufferPointer<Float>) -> Void) throws(EngineError) -> Bool {
        for start in stride(from: positions.lowerBound, to: positions.upperBound, by: Self.measured) {
            if cancelled() { return false }
            let part = start..<min(positions.upperBound, start + Self.measured)
            try recall(part)
            let rows = part.compactMap { record.row(model.shape.layers, $0).map { UnsafePointer($0) } }
            project(rows) { visit(part.lowerBound + $0, $1) }
        }
        return true
    }

    /// Logits of up to eight residual rows, visited by several threads at once.
    func project(_ rows: [UnsafePointer<Float>], visit: (_ index: Int, _ logits: UnsafeBufferPointer<Float>) -> Void) {
        forward.project(rows, into: logitRows.base) { lane in
            for index in stride(from: lane, to: rows.count, by: forward.team.lanes) {
                visit(index, UnsafeBufferPointer(start: logitRows.base + index * forward.logitStride, count: model.shape.vocabulary))
            }
        }
    }

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
}
