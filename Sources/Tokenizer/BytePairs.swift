import GGUF

/// Byte-pair encoding of one piece: of all neighbours the pair with the lowest rank merges first, of equals the leftmost.
///
/// Short pieces are searched again after each merge. Long ones keep a bucket of places for each rank and a heap of the ranks in
/// use, so that the time grows with the length of the piece even when it is megabytes of one character.
/// Source: Sennrich et al. 2016; Gage 1994.
struct BytePairs: Sendable {
    private var keys: [UInt64] = []
    private var ranks: [Int32] = []
    /// The token that the merge of each rank makes.
    private var results: [TokenID] = []
    private static let free = UInt64.max
    private static let noRank = Int32.max
    private static let shortest = 48

    /// Throws: when a merge is no pair, or one of its three tokens is not in the vocabulary.
    init(_ merges: StringTable, _ vocabulary: Vocabulary) throws(TokenizerError) {
        let alphabet = ByteAlphabet()
        var capacity = 16
        while capacity < merges.count * 2 { capacity *= 2 }
        keys = [UInt64](repeating: BytePairs.free, count: capacity)
        ranks = [Int32](repeating: 0, count: capacity)
        results.reserveCapacity(merges.count)
        var text: [UInt8] = []
        for rank in 0..<merges.count {
            let range = merges.range(rank)
            guard let space = merges.bytes[range].dropFirst().firstIndex(of: 0x20) else { throw .badMerge(rank, merges[rank]) }
            text.removeAll(keepingCapacity: true)
            alphabet.decode(merges.bytes, range.lowerBound..<space, into: &text)
            let middle = text.count
            alphabet.decode(merges.bytes, space + 1..<range.upperBound, into: &text)
            guard let left = vocabulary.id(text, 0..<middle), let right = vocabulary.id(text, middle..<text.count),
                let whole = vocabulary.id(text, 0..<text.count)
            else { throw .badMerge(rank, merges[rank]) }
            results.append(whole)
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

    /// Leaves the tokens of `bytes[piece]` in `work.ids`; -1 for a byte that has no token.
    func encode(_ bytes: [UInt8], _ piece: Range<Int>, _ byteTokens: [TokenID], _ work: inout Work) {
        work.ids.removeAll(keepingCapacity: true)
        for index in piece { work.ids.append(byteTokens[Int(bytes[index])]) }
        if piece.count <= BytePairs.shortest { short(&work) } else { long(&work) }
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
            work.ids[place] = results[Int(best)]
            work.ids.remove(at: place + 1)
            work.ranks.remove(at: place)
            count -= 1
            if place + 1 < count { work.ranks[place] = rank(work.ids[place], work.ids[place + 1]) }
            if place > 0 { work.ranks[place - 1] = rank(work.ids[place - 1], work.ids[place]) }
        }
    }

    private func long(_ work: inout Work) {
        work.prepare(results.count)
        let count = work.ids.count
        for place in stride(from: count - 2, through: 0, by: -1) {
            work.note(rank(work.ids[place], work.ids[place + 1]), at: place)
        }
        while let rank = work.queue.popLowest() {
            work.takeBucket(rank)
            for index in work.places.indices {
                let place = work.places[index]
                guard work.ranks[Int(place)] == rank else { continue }
                if merge(rank, at: Int(place), &work) < rank {
                    // A merge of a lower rank has become possible: it comes first.
                    work.putBack(rank, from: index + 1)
                    break
                }
            }
        }
        var kept = 0
        var place = 0
        while place < count {
            work.ids[kept] = work.ids[place]
            kept += 1
            place = Int(work.next[place])
        }
        work.ids.removeLast(count - kept)
    }

    /// Merges the pair at `place` and notes its new neighbours' ranks; the lower of the two comes back.
    private func merge(_ merged: Int32, at place: Int, _ work: inout Work) -> Int32 {
        let gone = Int(work.next[place])
        let after = Int(work.next[gone])
        let before = Int(work.previous[place])
        work.ids[place] = results[Int(merged)]
        work.ranks[gone] = BytePairs.noRank
        work.next[place] = Int32(after)
        var lowest = BytePairs.noRank
        work.ranks[place] = BytePairs.noRank
        if after < work.ids.count {
            work.previous[after] = Int32(place)
            lowest = rank(work.ids[place], work.ids[after])
            work.note(lowest, at: place)
        }
        if before >= 0 {
            let other = rank(work.ids[before], work.ids[place])
            work.note(other, at: before)
            lowest = min(lowest, other)
        }
        return lowest
    }
}

extension BytePairs {
    /// What encoding needs besides the tables; kept between pieces so that memory is asked for once.
    struct Work {
        var ids: [TokenID] = []
        /// The rank of the pair that begins at each place.
        fileprivate var ranks: [Int32] = []
        fileprivate var next: [Int32] = []
        fileprivate var previous: [Int32] = []
        fileprivate var queue = RankQueue()
        /// The bucket at work, leftmost first.
        fileprivate var places: [Int32] = []
        /// First note of each rank's bucket, -1 when empty; notes are linked, and reused.
        private var heads: [Int32] = []
        private var notePlaces: [Int32] = []
        private var noteLinks: [Int32] = []
        private var freeNote: Int32 = -1

        fileprivate mutating func prepare(_ rankCount: Int) {
            if heads.count != rankCount { heads = [Int32](repeating: -1, count: rankCount) }
            let count = ids.count
            ranks = [Int32](repeating: BytePairs.noRank, count: count)
            next = (0..<count).map { Int32($0 + 1) }
            previous = (0..<count).map { Int32($0 - 1) }
            notePlaces.removeAll(keepingCapacity: true)
            noteLinks.removeAll(keepingCapacity: true)
            freeNote = -1
        }

        fileprivate mutating func note(_ rank: Int32, at place: Int) {
            ranks[place] = rank
            guard rank != BytePairs.noRank else { return }
            let head = heads[Int(rank)]
            if head < 0 { queue.push(rank) }
            if freeNote >= 0 {
                let note = freeNote
                freeNote = noteLinks[Int(note)]
                notePlaces[Int(note)] = Int32(place)
                noteLinks[Int(note)] = head
                heads[Int(rank)] = note
            } else {
                heads[Int(rank)] = Int32(notePlaces.count)
                notePlaces.append(Int32(place))
                noteLinks.append(head)
            }
        }

        /// Empties a bucket into `places`.
        fileprivate mutating func takeBucket(_ rank: Int32) {
            places.removeAll(keepingCapacity: true)
            var note = heads[Int(rank)]
            heads[Int(rank)] = -1
            var ascending = true
            var descending = true
            while note >= 0 {
                let place = notePlaces[Int(note)]
                if let last = places.last {
                    if place < last { ascending = false } else { descending = false }
                }
                places.append(place)
                let link = noteLinks[Int(note)]
                noteLinks[Int(note)] = freeNote
                freeNote = note
                note = link
            }
            if descending { places.reverse() } else if !ascending { places.sort() }
        }

        fileprivate mutating func putBack(_ rank: Int32, from first: Int) {
            for place in places[first...].reversed() where ranks[Int(place)] == rank { note(rank, at: Int(place)) }
        }
    }

    /// A binary heap of the ranks whose buckets are not empty.
    fileprivate struct RankQueue {
        private var heap: [Int32] = []

        mutating func push(_ rank: Int32) {
            heap.append(rank)
            var child = heap.count - 1
            while child > 0, heap[(child - 1) / 2] > heap[child] {
                heap.swapAt(child, (child - 1) / 2)
                child = (child - 1) / 2
            }
        }

        mutating func popLowest() -> Int32? {
            guard let lowest = heap.first else { return nil }
            let last = heap.removeLast()
            guard !heap.isEmpty else { return lowest }
            heap[0] = last
            var parent = 0
            while true {
                var child = parent * 2 + 1
                guard child < heap.count else { break }
                if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
                guard heap[child] < heap[parent] else { break }
                heap.swapAt(child, parent)
                parent = child
            }
            return lowest
        }
    }
}
