import GGUF

/// Byte-pair encoding of one piece: of all neighbours the pair with the lowest rank merges first, of equals the leftmost.
///
/// Short pieces are searched again after each merge. Long ones keep a bucket of places for each rank and a heap of the ranks in
/// use, so that the time grows with the length of the piece even when it is megabytes of one character.
/// Source: Sennrich et al. 2016; Gage 1994.
struct BytePairs: Sendable {
    private var keys: [UInt64] = []
    private var ranks: [Int32] = []
    /// By rank.
    private var merges: [Merge] = []
    private static let free = UInt64.max
    static let noRank = Int32.max
    /// The longest piece that is searched anew after each merge.
    private static let short = 48

    private struct Merge: Sendable {
        let result: TokenID
        /// Unit: bytes, of the left token and of both.
        let left: Int32
        let length: Int32
    }

    /// Throws: when a merge is no pair, or one of its three tokens is not in the vocabulary.
    init(_ list: StringTable, _ vocabulary: Vocabulary) throws(TokenizerError) {
        let alphabet = ByteAlphabet()
        var capacity = 16
        while capacity < list.count * 2 { capacity *= 2 }
        keys = [UInt64](repeating: BytePairs.free, count: capacity)
        ranks = [Int32](repeating: 0, count: capacity)
        merges.reserveCapacity(list.count)
        var text: [UInt8] = []
        for rank in 0..<list.count {
            let range = list.range(rank)
            guard let space = list.bytes[range].dropFirst().firstIndex(of: 0x20) else { throw .badMerge(rank, list[rank]) }
            text.removeAll(keepingCapacity: true)
            alphabet.decode(list.bytes, range.lowerBound..<space, into: &text)
            let middle = text.count
            alphabet.decode(list.bytes, space + 1..<range.upperBound, into: &text)
            guard let left = vocabulary.id(text, 0..<middle), let right = vocabulary.id(text, middle..<text.count),
                let whole = vocabulary.id(text, 0..<text.count)
            else { throw .badMerge(rank, list[rank]) }
            merges.append(Merge(result: whole, left: Int32(middle), length: Int32(text.count)))
            insert(BytePairs.key(left, right), Int32(rank))
        }
    }

    private static func key(_ left: TokenID, _ right: TokenID) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    private func slot(_ key: UInt64) -> Int {
        var hash = key &* 0x9e37_79b9_7f4a_7c15
        hash ^= hash >> 32
        return Int(truncatingIfNeeded: hash) & (keys.count - 1)
    }

    private mutating func insert(_ key: UInt64, _ rank: Int32) {
        var slot = slot(key)
        while keys[slot] != BytePairs.free {
            if keys[slot] == key { return }
            slot = (slot + 1) & (keys.count - 1)
        }
        keys[slot] = key
        ranks[slot] = rank
    }

    private func rank(_ left: TokenID, _ right: TokenID) -> Int32 {
        guard left >= 0, right >= 0 else { return BytePairs.noRank }
        let key = BytePairs.key(left, right)
        var slot = slot(key)
        while keys[slot] != BytePairs.free {
            if keys[slot] == key { return ranks[slot] }
            slot = (slot + 1) & (keys.count - 1)
        }
        return BytePairs.noRank
    }

    /// Leaves the tokens of `bytes[piece]` in `work.ids`: each where its first byte is (`spaced`), or one after the other.
    /// A byte that has no token is -1.
    func encode(_ bytes: [UInt8], _ piece: Range<Int>, _ byteTokens: [TokenID], _ work: inout Work) -> (spaced: Bool, count: Int) {
        work.ids.removeAll(keepingCapacity: true)
        for index in piece { work.ids.append(byteTokens[Int(bytes[index])]) }
        if piece.count > BytePairs.short {
            long(&work)
            return (true, piece.count)
        }
        short(&work)
        return (false, work.ids.count)
    }

    private func short(_ work: inout Work) {
        var count = work.ids.count
        guard count > 1 else { return }
        work.ranks.removeAll(keepingCapacity: true)
        for index in 1..<count { work.ranks.append(rank(work.ids[index - 1], work.ids[index])) }
        while count > 1 {
            var best = BytePairs.noRank
            var place = 0
            for index in 0..<count - 1 where work.ranks[index] < best {
                best = work.ranks[index]
                place = index
            }
            guard best != BytePairs.noRank else { break }
            work.ids[place] = merges[Int(best)].result
            work.ids.remove(at: place + 1)
            work.ranks.remove(at: place)
            count -= 1
            if place + 1 < count { work.ranks[place] = rank(work.ids[place], work.ids[place + 1]) }
            if place > 0 { work.ranks[place - 1] = rank(work.ids[place - 1], work.ids[place]) }
        }
    }

    private func long(_ work: inout Work) {
        work.prepare(merges.count)
        let count = work.ids.count
        for place in stride(from: count - 2, through: 0, by: -1) {
            work.note(rank(work.ids[place], work.ids[place + 1]), at: place)
        }
        while let rank = work.queue.popLowest() {
            work.takeBucket(rank)
            let pair = merges[Int(rank)]
            for index in work.places.indices {
                let place = Int(work.places[index])
                guard work.ranks[place] == rank else { continue }
                if merge(pair, at: place, &work) < rank {
                    // A merge of a lower rank has become possible: it comes first.
                    work.putBack(rank, from: index + 1)
                    break
                }
            }
        }
    }

    /// Merges the pair at `place` and notes its new neighbours' ranks; the lower of the two comes back.
    private func merge(_ pair: Merge, at place: Int, _ work: inout Work) -> Int32 {
        let after = place + Int(pair.length)
        work.ids[place] = pair.result
        work.ids[after - 1] = -pair.length
        work.ranks[place + Int(pair.left)] = BytePairs.noRank
        work.ranks[place] = BytePairs.noRank
        var lowest = BytePairs.noRank
        if after < work.ids.count {
            lowest = rank(pair.result, work.ids[after])
            work.note(lowest, at: place)
        }
        if place > 0 {
            let mark = work.ids[place - 1]
            let before = mark < -1 ? place + Int(mark) : place - 1
            let other = rank(work.ids[before], pair.result)
            work.note(other, at: before)
            lowest = min(lowest, other)
        }
        return lowest
    }
}
