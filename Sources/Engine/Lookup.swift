import Tokenizer

/// Ids with an index of where their last two or three have stood before: the draft of what comes next.
///
/// Source: Saxena 2023, "Prompt Lookup Decoding".
package struct Lookup {
    package private(set) var ids: [TokenID] = []
    /// Where the text went on after the newest earlier occurrence of two or three ids.
    private var places: [UInt64: Int] = [:]

    package init(_ ids: [TokenID]) {
        self.ids.reserveCapacity(ids.count)
        places.reserveCapacity(2 * ids.count)
        for id in ids { append(id) }
    }

    package mutating func append(_ id: TokenID) {
        for n in 2...3 where ids.count >= n { places[key(n)] = ids.count }
        ids.append(id)
    }

    /// What followed where the last ids stood before, and how many of them agree, counted up to 16.
    package func draft(_ most: Int) -> (ids: [TokenID], match: Int) {
        guard ids.count > 2, let place = places[key(3)] ?? places[key(2)] else { return ([], 0) }
        var match = 0
        while match < min(place, 16), ids[place - 1 - match] == ids[ids.count - 1 - match] { match += 1 }
        var draft: [TokenID] = []
        // Behind the end of the text its own draft goes on: the text repeats with that period.
        for at in place..<place + max(0, most) { draft.append(at < ids.count ? ids[at] : draft[at - ids.count]) }
        return (draft, match)
    }

    /// The last n ids in one word; two vocabularies' worth of ids that share a word only make a bad draft.
    private func key(_ n: Int) -> UInt64 {
        ids.suffix(n).reduce(UInt64(n)) { $0 << 20 | UInt64(UInt32(bitPattern: $1)) & 0xF_FFFF }
    }
}
