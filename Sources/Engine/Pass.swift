import Tokenizer
import Transformer

/// Passes over columns of one or several sessions of a family; each gets the bits that it gets alone.
extension Session {
    /// Appends ids to several sessions in shared passes. Returns false when it was cancelled between two; what was done by then
    /// is kept. Throws: the sessions are then as they were before the pass that failed.
    /// - Parameter chunk: the most columns of the next pass.
    package static func extend(_ parts: [(session: Session, ids: ArraySlice<TokenID>)], chunk: () -> Int = { Forward.batch },
                               cancelled: () -> Bool = { false }) throws(EngineError) -> Bool {
        for (session, ids) in parts { try session.check(ids, after: session.tokens.count) }
        var rest = parts.map(\.ids)
        let sessions = parts.map(\.session)
        while rest.contains(where: { !$0.isEmpty }) {
            if cancelled() { return false }
            try pass(sessions, &rest, most: max(1, min(chunk(), Forward.batch)))
        }
        return true
    }

    /// One pass over the next ids of the sessions in their order, at most `most` columns. What the tree knows is stepped over.
    static func pass(_ sessions: [Session], _ rest: inout [ArraySlice<TokenID>], most: Int, _ taps: [any Tap] = []) throws(EngineError) {
        guard let tree = sessions.first?.tree else { return }
        precondition(sessions.allSatisfy { $0.tree === tree })
        let before = sessions.map(\.tokens.count)
        var grown: [PrefixTree.Grown] = [], columns: [(session: Session, positions: Range<Int>)] = [], room = most
        tree.tick()
        do throws(EngineError) {
            for (index, session) in sessions.enumerated() where room > 0 && !rest[index].isEmpty {
                rest[index] = rest[index].dropFirst(session.follow(rest[index], after: session.tokens.count))
                guard !rest[index].isEmpty, session.canGrow(beside: grown) else { continue }
                let part = rest[index].prefix(room), start = session.tokens.count
                try session.grow(part, &grown)
                columns.append((session, start..<session.tokens.count))
                rest[index] = rest[index].dropFirst(part.count)
                room -= part.count
                session.computed += part.count
            }
            run(columns, taps)
            // What is not finite stays so through the attention of all that follow.
            if let (session, positions) = columns.first(where: { !$0.isFinite($1.last) }) {
                throw session.notFinite(in: positions)
            }
        } catch {
            for (session, count) in zip(sessions, before) { session.rewind(to: count) }
            for (node, count) in grown.reversed() { tree.truncate(node, to: count) }
            throw error
        }
    }

    /// Where numbers are not finite first, and whose fault that is.
    func notFinite(in positions: Range<Int>) -> EngineError {
        let position = positions.first { !isFinite($0) } ?? positions.lowerBound
        return tree.edits == nil ? .notFinite(position: position) : .edited(position: position)
    }

    func isFinite(_ position: Int?) -> Bool {
        guard let position else { return true }
        guard let final = row(model.shape.layers, position) else { return false }
        return (0..<model.shape.width).allSatisfy { final[$0].isFinite }
    }

    /// The forward pass over positions whose pages are ready; from layer `first` on, where another session has all before it.
    static func run(_ parts: [(session: Session, positions: Range<Int>)], _ taps: [any Tap] = [], from first: Int = 0, of base: Session? = nil) {
        guard let leader = parts.first?.session else { return }
        let bases = parts.flatMap(\.session.bases)
        bases.withUnsafeBufferPointer { bases in
            guard var pages = bases.baseAddress else { return }
            var columns: [Forward.Column] = []
            for (session, positions) in parts {
                for position in positions {
                    let node = session.path[position / PageLayout.positions], slot = position % PageLayout.positions
                    leader.recorder.place(column: columns.count, slot: slot, in: node.record)
                    let residual = base?.row(first, position).map { UnsafePointer($0) }
                    columns.append(Forward.Column(token: node.ids[slot], position: position, pages: pages, residual: residual))
                }
                pages += session.bases.count
            }
            columns.withUnsafeBufferPointer { leader.forward.run($0, taps: [leader.recorder] + taps, edits: leader.tree.edits, from: first) }
        }
    }

    // MARK: The record

    /// The residual before `layer`, or the final one for layer = layers, where it is at hand. Shape: [width].
    func row(_ layer: Int, _ position: Int) -> UnsafeMutablePointer<Float>? {
        path[position / PageLayout.positions].record.map { recorder.layout.row(layer, slot: position % PageLayout.positions, in: $0) }
    }

    /// Whether a position's record is at hand; one that is not is computed again when asked for.
    package func isRecorded(_ position: Int) -> Bool {
        tokens.indices.contains(position) && path[position / PageLayout.positions].record != nil
    }

    /// Brings the records of some positions back, until the next call.
    func recall(_ positions: Range<Int>) throws(EngineError) {
        guard let last = positions.last else { return }
        tree.tick()
        do {
            try Self.restore((positions.lowerBound / PageLayout.positions...last / PageLayout.positions).map { (self, $0) })
        } catch { throw .model(error) }
    }

    /// Brings dropped pages of the record back by computing their positions again over the kept cache; the bits are the same.
    static func restore(_ places: [(session: Session, page: Int)]) throws(ModelError) {
        var dropped: [(session: Session, page: Int)] = []
        for (session, page) in places {
            let node = session.path[page]
            node.used = session.tree.clock
            if node.record == nil, !dropped.contains(where: { $0.session.path[$0.page] === node }) { dropped.append((session, page)) }
        }
        do {
            for (session, page) in dropped { try session.tree.record(session.path[page]) }
        } catch {
            for (session, page) in dropped { session.tree.dropRecord(of: session.path[page]) }
            throw error
        }
        for (session, page) in dropped {
            let node = session.path[page]
            run([(session, node.start..<node.start + node.ids.count)])
        }
    }

    /// Shows taps what the pass does at some positions, by running them again over the kept cache; the bits are the same.
    func observe(_ positions: Range<Int>, _ taps: [any Tap]) throws(EngineError) {
        for start in stride(from: positions.lowerBound, to: positions.upperBound, by: Forward.batch) {
            let part = start..<min(positions.upperBound, start + Forward.batch)
            try recall(part)
            Self.run([(self, part)], taps)
        }
    }

    /// The final residuals of some rows, where a family's sessions have them, until the next call.
    static func residuals(_ rows: some Collection<(session: Session, position: Int)>) throws(EngineError) -> [UnsafePointer<Float>] {
        rows.first?.session.tree.tick()
        do { try restore(rows.map { ($0.session, $0.position / PageLayout.positions) }) } catch { throw .model(error) }
        return rows.compactMap { row in row.session.row(row.session.model.shape.layers, row.position).map { UnsafePointer($0) } }
    }

    // MARK: Logits

    /// Visits the logits after positions of some sessions of a family, some at a time; `visit` is called by several threads at once.
    /// Returns false when cancelled.
    static func projected(_ rows: [(session: Session, position: Int)], chunk: () -> Int = { measured }, cancelled: () -> Bool = { false },
                          visit: (_ index: Int, _ logits: UnsafeBufferPointer<Float>) -> Void) throws(EngineError) -> Bool {
        guard let first = rows.first?.session else { return true }
        var start = 0
        while start < rows.count {
            if cancelled() { return false }
            let part = rows[start..<min(rows.count, start + max(1, min(chunk(), measured)))]
            let residuals = try residuals(part)
            first.project(residuals) { visit(start + $0, $1) }
            start = part.endIndex
        }
        return true
    }

    /// Visits the logits after each position of a range, as above.
    func projected(_ positions: Range<Int>, cancelled: () -> Bool = { false },
                   visit: (_ position: Int, _ logits: UnsafeBufferPointer<Float>) -> Void) throws(EngineError) -> Bool {
        try Self.projected(positions.map { (self, $0) }, cancelled: cancelled) { visit(positions.lowerBound + $0, $1) }
    }

    /// Logits of at most `measured` residual rows, visited by several threads at once.
    func project(_ rows: [UnsafePointer<Float>], visit: (_ index: Int, _ logits: UnsafeBufferPointer<Float>) -> Void) {
        forward.project(rows, into: logitRows.base) { lane in
            for index in stride(from: lane, to: rows.count, by: forward.team.lanes) {
                visit(index, UnsafeBufferPointer(start: logitRows.base + index * forward.logitStride, count: model.shape.vocabulary))
            }
        }
    }
}
