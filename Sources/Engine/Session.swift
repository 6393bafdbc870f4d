import Tokenizer
import Transformer

/// A token sequence inside a model: a path through a tree of what was computed, and every number that follows from it.
///
/// The caller hands over the whole sequence; what the tree knows of it is not computed again. A session and its forks are a
/// family: they share the tree and the pass, are owned by one thread, and can be computed together.
package final class Session {
    package let model: Model
    /// The most tokens this session takes.
    package let context: Int
    package private(set) var tokens: [TokenID] = []
    /// How many of its tokens passes have computed since it began; others were known.
    package internal(set) var computed = 0
    let forward: Forward
    let tree: PrefixTree
    let recorder: Recorder
    let logitRows: Floats
    /// The nodes that hold the tokens; the last may go on with ids that are not this session's.
    private(set) var path: [PrefixTree.Node] = []
    /// Base addresses of the path's pages of keys and values.
    package private(set) var bases: [UnsafeRawPointer?] = []

    /// Columns of logits that are measured at once.
    static let measured = min(32, Forward.batch)

    /// - Parameters:
    ///   - context: at most the model's own; nil takes that.
    ///   - recordCap: bytes of the record; what is beyond is computed again when asked for.
    ///   - kept: bytes that may be kept of what no session of the family holds any more.
    package convenience init(_ model: Model, threads: Int, context: Int? = nil, recordCap: Int = 512 << 20,
                             kept: Int = 128 << 20) throws(EngineError) {
        let context = min(context ?? model.shape.context, model.shape.context)
        do {
            let forward = try Forward(model.weights, threads: threads, context: context)
            let rows = try Floats(forward.logitStride * Self.measured, for: "the logits")
            let tree = PrefixTree(model.shape, recordCap: recordCap, kept: kept)
            self.init(model, context, forward, tree, Recorder(tree.recordLayout), rows)
        } catch { throw .model(error) }
    }
    private init(_ model: Model, _ context: Int, _ forward: Forward, _ tree: PrefixTree, _ recorder: Recorder, _ rows: Floats) {
        (self.model, self.context, self.forward, self.tree, self.recorder, logitRows) = (model, context, forward, tree, recorder, rows)
    }
    deinit { tree.leave(path) }

    package func fork() -> Session {
        let fork = Session(model, context, forward, tree, recorder, logitRows)
        fork.tokens = tokens
        fork.turn(at: 0, to: path)
        return fork
    }

    /// An empty session of a family of its own that shares the pass; owned by the same thread.
    func related(edits: EditTable?) -> Session {
        Session(model, context, forward, PrefixTree(like: tree, edits: edits), recorder, logitRows)
    }

    /// Bytes of keys, values and record that the family keeps.
    package var kept: Int { tree.bytes }

    // MARK: Moving

    package func rewind(to count: Int) {
        guard count < tokens.count else { return }
        tokens.removeLast(tokens.count - max(0, count))
        turn(at: (tokens.count + PageLayout.positions - 1) / PageLayout.positions, to: [])
    }

    /// Rewinds to the beginning and forgets what no other session of the family holds.
    package func forget() {
        rewind(to: 0)
        tree.trim(to: 0)
    }

    /// Makes the sequence be `target`, computing only what the tree does not know, at most `chunk` tokens at a time.
    /// Returns false when it was cancelled between two passes; what was done by then is kept.
    package func sync(to target: [TokenID], chunk: Int = Forward.batch, taps: [any Tap] = [], progress: (Int) -> Void = { _ in },
                      cancelled: () -> Bool = { false }) throws(EngineError) -> Bool {
        try check(target[...], after: 0)
        let common = commonCount(tokens[...], target[...])
        follow(target[common...], after: common)
        while tokens.count < target.count {
            if cancelled() { return false }
            var rest = [target[tokens.count...]]
            try Self.pass([self], &rest, most: max(1, min(chunk, Forward.batch)), taps)
            progress(tokens.count)
        }
        return true
    }

    package func append(_ id: TokenID, taps: [any Tap] = []) throws(EngineError) {
        var rest: [ArraySlice<TokenID>] = [[id]]
        try check(rest[0], after: tokens.count)
        try Self.pass([self], &rest, most: 1, taps)
    }

    func check(_ ids: ArraySlice<TokenID>, after count: Int) throws(EngineError) {
        guard count + ids.count <= context else { throw .context(tokens: count + ids.count, limit: context) }
        if let bad = ids.first(where: { $0 < 0 || Int($0) >= model.shape.vocabulary }) { throw .token(id: bad, vocabulary: model.shape.vocabulary) }
    }

    /// Makes the sequence be its first `count` tokens and as many of `ids` behind them as the tree knows; returns how many these are.
    @discardableResult
    func follow(_ ids: ArraySlice<TokenID>, after count: Int) -> Int {
        let page = count / PageLayout.positions, start = page * PageLayout.positions
        // Found before anything is left: what is left may be dropped.
        let (nodes, known) = tree.match(tokens[start..<count] + ids, below: page > 0 ? path[page - 1] : nil,
                                        favouring: page < path.count ? path[page] : nil)
        if !nodes.elementsEqual(path[page...], by: ===) { turn(at: page, to: nodes) }
        tokens.removeLast(tokens.count - count)
        tokens += ids.prefix(start + known - count)
        return start + known - count
    }

    /// Whether this session's next id can be computed in a pass that computes the newest ids of some nodes: not if these would
    /// have to be copied first.
    func canGrow(beside grown: [PrefixTree.Grown]) -> Bool {
        let slot = tokens.count % PageLayout.positions
        guard slot > 0, let tip = path.last, tip.ids.count > slot else { return true }
        return !grown.contains { $0.node === tip && $0.count < slot }
    }

    /// Takes ids in that the tree does not know, with memory for all that a pass makes of them.
    func grow(_ ids: ArraySlice<TokenID>, _ grown: inout [PrefixTree.Grown]) throws(EngineError) {
        var ids = ids
        while !ids.isEmpty {
            let page = tokens.count / PageLayout.positions, slot = tokens.count % PageLayout.positions
            do throws(ModelError) {
                if slot == 0 {
                    turn(at: page, to: [try tree.add(below: path.last)])
                } else if path[page].ids.count > slot {
                    // The paths part here. A tail that is nobody else's is not worth a page of its own.
                    if path[page].users == 1, path[page].children.isEmpty {
                        tree.truncate(path[page], to: slot)
                    } else {
                        turn(at: page, to: [try tree.split(path[page], at: slot)])
                    }
                }
                try Self.restore([(self, page)])
            } catch { throw .model(error) }
            let part = ids.prefix(PageLayout.positions - slot)
            grown.append((path[page], slot))
            path[page].ids += part
            tokens += part
            ids = ids.dropFirst(part.count)
        }
    }

    /// Replaces the path from a page on.
    private func turn(at page: Int, to nodes: [PrefixTree.Node]) {
        for node in nodes { node.users += 1 }
        let left = Array(path[page...])
        path.replaceSubrange(page..., with: nodes)
        bases.replaceSubrange(page..., with: nodes.map { UnsafeRawPointer($0.page.base) })
        if !left.isEmpty { tree.leave(left) }
    }
}
