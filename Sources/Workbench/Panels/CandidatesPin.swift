import Engine
import Tokenizer

/// A place whose distribution is kept to be compared with others.
package struct Pin: Sendable {
    /// The ids before it.
    package let ids: [TokenID]
    /// The token that stood there; nil at the end of the text.
    package let actual: TokenID?
    package let distribution: Distribution
    package let trace: Trace
    /// Every id's rank.
    package let ranks: [Int32]

    init(_ here: Reading.Here, ids: [TokenID], actual: TokenID?) {
        (self.ids, self.actual) = (ids, actual)
        (distribution, trace, ranks) = (here.distribution, here.trace, here.distribution.ranks)
    }

    package var position: Int { ids.count }
}

/// A distribution against a pinned one.
package struct PinDifference: Sendable {
    /// KL(pinned || here). Unit: nats.
    package let divergence: Double
    /// The probability they have in common.
    package let overlap: Double

    init(_ pinned: Distribution, _ here: Distribution) {
        (divergence, overlap) = (pinned.divergence(from: here) ?? .nan, pinned.overlap(with: here))
    }
}

/// Candidates in another order than by rank, or some of them.
package struct Listing: Sendable {
    package let ids: [TokenID], ranks: [Int]
    /// Their probability together, raw and after the samplers.
    package let mass: Double, after: Double
    /// How many of them the samplers leave.
    package let survivors: Int

    /// Those that are wanted, likeliest first.
    init(_ here: Reading.Here, where isWanted: (TokenID) -> Bool) {
        let rows = here.distribution.order().enumerated().filter { isWanted($0.element) }
        (ids, ranks) = (rows.map(\.element), rows.map(\.offset))
        mass = ids.reduce(0) { $0 + here.distribution.probability(of: $1) }
        let left = here.trace.survivors.filter { isWanted($0.id) }
        (survivors, after) = (left.count, left.reduce(0) { $0 + $1.probability })
    }

    /// All, those first whose probability differs most from the pinned one.
    init(_ here: Reading.Here, against pinned: Distribution) {
        let change = here.distribution.logits.indices.map { index in
            Float(abs(here.distribution.probability(of: TokenID(index)) - pinned.probability(of: TokenID(index))))
        }
        let known = here.distribution.ranks
        ids = Ranking.all(change.map(Ranking.plain)).map(\.id)
        ranks = ids.map { Int(known[Int($0)]) }
        (mass, after, survivors) = (1, 1, here.trace.survivors.count)
    }
}

extension Distribution {
    /// Every id's rank.
    fileprivate var ranks: [Int32] {
        var ranks = [Int32](repeating: 0, count: count)
        for (rank, id) in order().enumerated() { ranks[Int(id)] = Int32(rank) }
        return ranks
    }
}

extension State {
    /// The pinned place while it is compared; sampling by hand has the panel for itself.
    package var pin: Pin? { candidates.byHand == nil ? candidates.pin : nil }

    /// True where the ids before the pinned place are no longer those of the document.
    package var isPinOutdated: Bool { candidates.pin.map { !reading.ids.starts(with: $0.ids) } ?? false }

    /// Brings the comparison and the rows up to date with what is shown.
    mutating func settleCandidates() {
        leaveModes()
        guard let here = reading.here else { return }
        if let pin = candidates.pin, here.comparison == nil, pin.distribution.count == here.distribution.count {
            reading.compare(PinDifference(pin.distribution, here.distribution))
        }
        guard here.listing == nil else { return }
        if let byHand = candidates.byHand {
            if let found = byHand.found { reading.list(Listing(here) { found.indices.contains(Int($0)) && found[Int($0)] }) }
        } else if let pin = candidates.pin, candidates.sortsByChange {
            reading.list(Listing(here, against: pin.distribution))
        }
    }

    /// Pins the shown place; the pinned one lets go.
    mutating func togglePin() {
        guard let here = reading.here, !isReadingStale else { return sayStale() }
        let ids = Array(reading.ids.prefix(here.position))
        if let pin = candidates.pin, pin.ids == ids, pin.distribution.logits == here.distribution.logits { return unpin() }
        setPin(Pin(here, ids: ids, actual: actualToken))
        say("pinned: go to another place to compare, p there pins that one, Backspace lets go")
    }

    mutating func unpin() {
        guard candidates.pin != nil else { return say("no place is pinned; p pins the one shown", .warning) }
        setPin(nil)
        say("no place is pinned any more")
    }

    private mutating func setPin(_ pin: Pin?) {
        candidates.pin = pin
        candidates.sortsByChange = candidates.sortsByChange && pin != nil
        reading.compare(nil)
        reading.list(nil)
    }

    mutating func toggleSorting() {
        guard candidates.pin != nil else { return say("no place is pinned; p pins the one shown", .warning) }
        candidates.sortsByChange.toggle()
        (candidates.selected, candidates.top) = (0, 0)
        reading.list(nil)
        say(candidates.sortsByChange ? "sorted by the change from the pinned place" : "sorted by the probability here")
    }

    mutating func sayStale() { say("the numbers are still those of another place; once more in a moment", .warning) }
}
