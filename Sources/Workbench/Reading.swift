import Document
import Engine
import Tokenizer

/// What is known of the document's ids: the numbers behind every panel, each for these very ids.
package struct Reading: Sendable {
    package private(set) var version = 0
    /// The whole document as the model reads it, with the ids before it that the model wants.
    package private(set) var ids: [TokenID] = []
    /// Ids before the document's first token.
    package private(set) var lead = 0
    /// Measured so far, from the first id on; the first of all is nil.
    package private(set) var steps: [Step?] = []
    package private(set) var here: Here?
    /// Every head's row of one query; after an edit the last ones stay until new ones come, with the ids they were made for.
    package var heads: (query: Int, rows: [[[Float]]])? { didSet { (headIDs, changes) = (Array(ids.prefix((heads?.query ?? -1) + 1)), changes + 1) } }
    /// What the rows of `heads` are made of.
    package var look = Wish.Attention.Look()
    /// The ids that `heads` looks at, its query the last.
    package private(set) var headIDs: [TokenID] = []
    package var scores: HeadScores? { didSet { (scoresVersion, changes) = (version, changes + 1) } }
    /// The version that `scores` were made for.
    package private(set) var scoresVersion = 0
    package var map: AttentionMap? { didSet { changes += 1 } }
    package var column: (column: Wish.Attention.Column, weights: [Float])? { didSet { changes += 1 } }
    /// The mean entropy of some heads' rows, query by query. Unit: nats.
    package var spread: (heads: [HeadID], entropies: [Float])? { didSet { changes += 1 } }
    package var attributed: (asked: Wish.Attributed, found: Attribution)? { didSet { changes += 1 } }
    /// Counts the changes of what is known of attention.
    package private(set) var changes = 0
    package var sought: (position: Int, ids: [TokenID], logprob: Float, rank: Int)?
    /// One token's logprob after one id, after two, and so on, as far as it is known. Unit: nats.
    package private(set) var curve: (id: TokenID, values: [Double])?
    package var isSettled = false

    /// The distribution after the first `position` ids, with what the samplers make of it.
    package struct Here: Sendable {
        package let position: Int
        package let distribution: Distribution
        package var trace: Trace
        /// The likeliest ids, as many as were asked for so far.
        package var ranked: [TokenID]
        /// Against what is pinned; nil where nothing is.
        package var comparison: PinDifference?
        /// The rows of the panel where they are not simply the likeliest ids.
        package var listing: Listing?

        init(position: Int, distribution: Distribution, trace: Trace) {
            (self.position, self.distribution, self.trace) = (position, distribution, trace)
            ranked = distribution.top(256).map(\.id)
        }

        /// How many rows there are.
        package var rows: Int { listing?.ids.count ?? distribution.count }

        /// The id of a row and its rank in the distribution; nil for one that is not ranked yet.
        package func row(_ index: Int) -> (id: TokenID, rank: Int)? {
            if let listing { return listing.ids.indices.contains(index) ? (listing.ids[index], listing.ranks[index]) : nil }
            return ranked.indices.contains(index) ? (ranked[index], index) : nil
        }
    }

    package init() {}

    /// Takes the document's ids; what was measured of an unchanged beginning is kept.
    mutating func take(_ next: [TokenID], lead: Int) {
        guard next != ids else { return }
        var common = 0
        while common < ids.count, common < next.count, ids[common] == next[common] { common += 1 }
        if steps.count > common { steps.removeLast(steps.count - common) }
        if let here, here.position > common { self.here = nil }
        // No query sees what stands behind it: the rows of an unchanged beginning hold.
        if let known = map, known.tokens > common {
            map?.tokens = common
            map?.rows.removeLast(known.rows.count - common / known.pool)
        }
        if let known = column, known.weights.count > common { column = known.column.key < common ? (known.column, Array(known.weights.prefix(common))) : nil }
        if let known = spread, known.entropies.count > common { spread = (known.heads, Array(known.entropies.prefix(common))) }
        if let sought, sought.position > common { self.sought = nil }
        if let known = curve, known.values.count > common { curve = (known.id, Array(known.values.prefix(common))) }
        (ids, self.lead) = (next, lead)
        version += 1
        isSettled = false
    }

    mutating func take(steps new: [Step?], from start: Int, version: Int) {
        guard version == self.version, start <= steps.count, start + new.count <= ids.count else { return }
        steps.replaceSubrange(start..<min(steps.count, start + new.count), with: new)
    }

    /// A step of a stream; what stands before it may not have been measured yet.
    mutating func take(_ step: Step, at position: Int) {
        guard position < ids.count else { return }
        while steps.count <= position { steps.append(nil) }
        steps[position] = step
    }

    /// How many leading ids need no measuring: the first of all has no step, every other has one.
    package var measured: Int { steps.indices.dropFirst().first { steps[$0] == nil } ?? steps.count }

    mutating func show(_ here: Here?) { self.here = here }

    /// Another document: nothing that is known of the one before is shown beside it.
    mutating func forget() {
        let version = version
        self = Reading()
        self.version = version + 1
    }

    /// The model is another: nothing but the ids holds.
    mutating func invalidate() {
        var next = Reading()
        (next.version, next.ids, next.lead, next.changes) = (version + 1, ids, lead, changes + 1)
        self = next
    }

    /// The step of an id by its position.
    package func step(_ position: Int) -> Step? { steps.indices.contains(position) ? steps[position] : nil }

    /// At least `count` of the likeliest ids.
    mutating func rank(atLeast count: Int) {
        guard let here, here.ranked.count < min(count, here.distribution.count) else { return }
        self.here?.ranked = count > 1024 ? here.distribution.order() : here.distribution.top(max(256, count)).map(\.id)
    }

    mutating func retrace(_ trace: Trace) {
        here?.trace = trace
        list(nil)
    }

    mutating func compare(_ comparison: PinDifference?) { here?.comparison = comparison }
    mutating func list(_ listing: Listing?) { here?.listing = listing }

    mutating func take(curve id: TokenID, from start: Int, _ values: [Double], version: Int) {
        let known = curve.map { $0.id == id ? $0.values : [] } ?? []
        guard version == self.version, start <= known.count, start + values.count <= ids.count else { return }
        curve = (id, known.prefix(start) + values)
    }
}
