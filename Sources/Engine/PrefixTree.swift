import Tokenizer
import Transformer

/// What the sessions of a family have computed: a radix tree over token ids whose edges are pages of up to 32 positions.
///
/// A session is a path from a root and a count of tokens. What no session's path goes through any more is kept, least recently
/// used first to go, as long as there is room: an undo, a walk to another branch, a prompt with the same beginning cost nothing.
final class PrefixTree {
    /// Up to 32 ids from a position that is a multiple of 32; children hang only on full ones. Ids are there once they are computed.
    final class Node {
        fileprivate unowned let parent: Node?
        fileprivate(set) var children: [Node] = []
        var ids: [TokenID] = []
        /// The first id's position.
        let start: Int
        let page: Page
        /// Missing where it was dropped to make room.
        var record: Page?
        /// How many sessions' paths go through it.
        var users = 0
        /// The tree's clock when it was last read or written.
        var used = 0

        fileprivate init(below parent: Node?, _ page: Page) {
            (self.parent, self.page) = (parent, page)
            start = parent.map { $0.start + PageLayout.positions } ?? 0
        }
        var bytes: Int { page.bytes + (record?.bytes ?? 0) }
    }

    /// A node that a pass computes ids of, and how many it had before.
    typealias Grown = (node: Node, count: Int)

    let layout: PageLayout, recordLayout: RecordLayout
    /// What every pass into this tree is changed by: nothing computed under some edits is ever taken for what others give.
    let edits: EditTable?
    /// The most pages of the record.
    private let recordCap: Int
    /// Unit: bytes.
    private let kept: Int
    private var roots: [Node] = []
    private(set) var nodes: [Node] = []
    private let spare: SparePages
    private(set) var clock = 0

    /// Of all pages, the spare ones included.
    var bytes: Int { nodes.reduce(0) { $0 + $1.bytes } + spare.bytes }

    init(_ shape: Architecture, recordCap: Int, kept: Int) {
        (layout, recordLayout, edits) = (PageLayout(shape), RecordLayout(shape), nil)
        self.recordCap = max(4, recordCap / recordLayout.bytes)
        self.kept = kept
        spare = SparePages(limit: max(4 << 20, kept / 2))
    }

    /// An empty tree with the limits of another, for passes under edits.
    init(like other: PrefixTree, edits: EditTable?) {
        (layout, recordLayout, recordCap, kept) = (other.layout, other.recordLayout, other.recordCap, other.kept)
        (spare, self.edits) = (other.spare, edits)
    }
    deinit {
        for node in nodes {
            // One by one: a long chain that released itself link by link would need a deep stack.
            node.children = []
            dropRecord(of: node)
            spare.give(node.page)
        }
    }

    // MARK: Finding

    /// The nodes that spell the longest known beginning of `ids`, which begin where `parent` ends, and how many ids of it they are.
    func match(_ ids: ArraySlice<TokenID>, below parent: Node?, favouring own: Node?) -> (nodes: [Node], count: Int) {
        var found: [Node] = [], count = 0
        while count % PageLayout.positions == 0, count < ids.count {
            let rest = ids.dropFirst(count)
            var best: Node?, most = 0
            for child in (found.last ?? parent)?.children ?? roots {
                let same = commonCount(child.ids[...], rest)
                if same > most || (same == most && same > 0 && child === own) { (best, most) = (child, same) }
            }
            guard let best else { break }
            found.append(best)
            count += most
        }
        return (found, count)
    }

    // MARK: Growing

    /// Begins a piece of work: nothing touched from now on loses its record to something else touched.
    func tick() { clock += 1 }

    /// An empty node at the end of a full one, with its record.
    func add(below parent: Node?) throws(ModelError) -> Node {
        let node = Node(below: parent, try page(layout.bytes, for: "the KV cache"))
        do { try record(node) } catch { spare.give(node.page); throw error }
        nodes.append(node)
        if let parent { parent.children.append(node) } else { roots.append(node) }
        return node
    }

    /// A sibling with a node's first ids and all that is known of them.
    func split(_ node: Node, at count: Int) throws(ModelError) -> Node {
        node.used = clock
        let copy = try add(below: node.parent)
        layout.copy(count, of: node.page.base, to: copy.page.base)
        if let record = node.record, let own = copy.record { recordLayout.copy(count, of: record, to: own) } else { dropRecord(of: copy) }
        copy.ids = Array(node.ids.prefix(count))
        return copy
    }

    /// Makes sure that there is a page for a node's record; the longest unused others go when there are too many.
    func record(_ node: Node) throws(ModelError) {
        node.used = clock
        guard node.record == nil else { return }
        let others = nodes.filter { $0.record != nil }
        if others.count >= recordCap {
            let idle = others.filter { $0.used < clock }.sorted { ($0.used, $0.start) < ($1.used, $1.start) }
            for other in idle.prefix(others.count - recordCap + 1) { dropRecord(of: other) }
        }
        node.record = try page(recordLayout.bytes, for: "the record of the residual stream")
    }

    // MARK: Shrinking

    func dropRecord(of node: Node) {
        if let page = node.record { spare.give(page) }
        node.record = nil
    }

    /// Takes back ids that are not wanted; a node without any goes.
    func truncate(_ node: Node, to count: Int) {
        guard count < node.ids.count || count == 0 else { return }
        node.ids.removeLast(node.ids.count - count)
        if count == 0 { remove(node) }
    }

    /// A session's path leaves these nodes.
    func leave(_ left: some Sequence<Node>) {
        for node in left {
            node.users -= 1
            node.used = clock
        }
        trim(to: kept)
    }

    /// Drops nodes that no path goes through, least recently used first, until no more than so many bytes are kept in them.
    func trim(to limit: Int) {
        let unused = nodes.filter { $0.users == 0 }
        var bytes = unused.reduce(0) { $0 + $1.bytes }
        guard bytes > limit else { return }
        // Whoever left a node left its parent then or later: so leaves come before their parents.
        for node in unused.sorted(by: { ($0.used, $1.start) < ($1.used, $0.start) }) where bytes > limit {
            bytes -= node.bytes
            remove(node)
        }
    }

    private func remove(_ node: Node) {
        guard let index = nodes.firstIndex(where: { $0 === node }) else { return }
        nodes.remove(at: index)
        if let parent = node.parent { parent.children.removeAll { $0 === node } } else { roots.removeAll { $0 === node } }
        dropRecord(of: node)
        spare.give(node.page)
    }

    // MARK: Pages

    private func page(_ bytes: Int, for what: String) throws(ModelError) -> Page {
        if let page = spare.take(bytes) { return page }
        if let page = try? Page(bytes, for: what) { return page }
        // What nobody needs goes before somebody is refused.
        trim(to: 0)
        spare.empty()
        return try Page(bytes, for: what)
    }
}

/// Pages to be used again: a new one costs the kernel's clearing of it. Trees of one model share them.
private final class SparePages {
    private let limit: Int
    private var pages: [Page] = []

    init(limit: Int) { self.limit = limit }

    var bytes: Int { pages.reduce(0) { $0 + $1.bytes } }

    func take(_ bytes: Int) -> Page? { pages.lastIndex { $0.bytes == bytes }.map { pages.remove(at: $0) } }

    /// Keeps a page for the next one who needs one of its size, as long as there is room.
    func give(_ page: Page) { if bytes + page.bytes <= limit { pages.append(page) } }

    func empty() { pages = [] }
}

/// How many ids two lists begin with in common.
package func commonCount(_ one: ArraySlice<TokenID>, _ other: ArraySlice<TokenID>) -> Int {
    one.withUnsafeBufferPointer { one in
        other.withUnsafeBufferPointer { other in
            let most = min(one.count, other.count)
            var count = 0
            while count < most, one[count] == other[count] { count += 1 }
            return count
        }
    }
}
