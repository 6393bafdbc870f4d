/// Builds the prompts of an experiment: instruction, shots drawn from the pool, query.
///
/// A draw depends only on the number of shots, the seed and the order, so that the items of a cell share their shots (and the
/// model's work on them); draws of different sizes are independent of each other. An item whose query also stands in the pool
/// gets the next of the draw in its place.
package struct FewShot: Sendable {
    package let experiment: Experiment
    private let poolQueries: [[UInt8]]

    package init(_ experiment: Experiment) {
        self.experiment = experiment
        poolQueries = experiment.pool.map { experiment.query.filled($0.fields) }
    }

    /// The shots of one cell before it is known for which item.
    package struct Draw: Sendable {
        /// The whole pool, shuffled.
        package let pool: [Int]
        /// Which of the drawn stands where. Shape: [shots]
        package let places: [Int]
    }

    package func draw(_ cell: Cell) -> Draw {
        var random = SeededRandom(words: [1, UInt64(cell.shots), UInt64(cell.seed)])
        let pool = random.shuffled(Array(experiment.pool.indices))
        return Draw(pool: pool, places: Self.places(cell))
    }

    /// The numbers of the pool's items that stand before this item's query, in order.
    package func shots(for item: Experiment.Item, in draw: Draw) -> [Int] {
        let own = experiment.query.filled(item.fields)
        let usable = Array(draw.pool.lazy.filter { poolQueries[$0] != own }.prefix(draw.places.count))
        return draw.places.compactMap { usable.indices.contains($0) ? usable[$0] : nil }
    }

    package func prompt(for item: Experiment.Item, in draw: Draw) -> [UInt8] {
        var bytes = Array(experiment.instruction.utf8)
        for index in shots(for: item, in: draw) { bytes += experiment.example.filled(experiment.pool[index].fields) }
        return bytes + experiment.query.filled(item.fields)
    }

    /// Order 0 is as drawn; later orders are permutations that differ from the earlier ones while there are any.
    private static func places(_ cell: Cell) -> [Int] {
        let drawn = Array(0..<cell.shots)
        var seen: Set<[Int]> = [drawn]
        var places = drawn
        let permutations = cell.shots < 7 ? (1...max(1, cell.shots)).reduce(1, *) : Int.max
        for order in 0..<cell.order {
            var random = SeededRandom(words: [2, UInt64(cell.shots), UInt64(cell.seed), UInt64(order)])
            for _ in 0..<64 {
                places = random.shuffled(drawn)
                if !seen.contains(places) || seen.count == permutations { break }
            }
            seen.insert(places)
        }
        return places
    }
}

/// A random sequence of our own, so that a seed means the same shots everywhere and always.
/// Source: splitmix64 (Steele, Lea and Flood 2014); the bound by Lemire's multiplication (2019).
package struct SeededRandom {
    private var state: UInt64 = 0

    package init(words: [UInt64]) {
        for word in words { state = next() ^ word }
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    package mutating func below(_ bound: Int) -> Int {
        let bound = UInt64(max(1, bound))
        var product = next().multipliedFullWidth(by: bound)
        while product.low < (0 &- bound) % bound { product = next().multipliedFullWidth(by: bound) }
        return Int(product.high)
    }

    mutating func shuffled(_ values: [Int]) -> [Int] {
        var values = values
        for end in stride(from: values.count - 1, to: 0, by: -1) { values.swapAt(end, below(end + 1)) }
        return values
    }
}
