extension BytePairs {
    /// What encoding needs besides the tables; kept between pieces so that memory is asked for once.
    struct Work {
        /// A token stands where its first byte is; where its last byte is, if that is another, minus its length.
        var ids: [TokenID] = []
        /// The rank of the pair that begins at each place.
        var ranks: [Int32] = []
        var queue = RankQueue()
        /// The bucket at work, leftmost first.
        var places: [Int32] = []
        /// First note of each rank's bucket, -1 when empty; notes are linked, and reused.
        private var heads: [Int32] = []
        private var notePlaces: [Int32] = []
        private var noteLinks: [Int32] = []
        private var freeNote: Int32 = -1

        mutating func prepare(_ rankCount: Int) {
            if heads.count != rankCount { heads = [Int32](repeating: -1, count: rankCount) }
            ranks.removeAll(keepingCapacity: true)
            ranks.append(contentsOf: repeatElement(BytePairs.noRank, count: ids.count))
            notePlaces.removeAll(keepingCapacity: true)
            noteLinks.removeAll(keepingCapacity: true)
            freeNote = -1
            notePlaces.reserveCapacity(ids.count)
            noteLinks.reserveCapacity(ids.count)
        }

        mutating func note(_ rank: Int32, at place: Int) {
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
        mutating func takeBucket(_ rank: Int32) {
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

        mutating func putBack(_ rank: Int32, from first: Int) {
            for place in places[first...].reversed() where ranks[Int(place)] == rank { note(rank, at: Int(place)) }
        }
    }

    /// A binary heap of the ranks whose buckets are not empty.
    struct RankQueue {
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
