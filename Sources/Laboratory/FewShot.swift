import Tokenizer

/// Builds the prompts of an experiment: instruction, shots drawn from the pool, query.
///
/// A draw depends only on the number of shots, the seed and the order, so that the items of a cell share their shots (and the
/// model's work on them) and so do wordings; draws of different sizes are independent of each other. An item whose query also
/// stands in the pool gets the next of the draw in its place.
package struct FewShot: Sendable {
    package let experiment: Experiment
    /// What tells a pool item from a test item. Shape: [pool]
    private let poolQueries: [[UInt8]]

    package init(_ experiment: Experiment) {
        self.experiment = experiment
        poolQueries = experiment.pool.map { Self.query($0, experiment) }
    }

    /// The shots of one cell before it is known for which item.
    package struct Draw: Sendable {
        /// The whole pool, shuffled.
        package let pool: [Int]
        /// Which of the drawn stands where. Shape: [shots]
        package let places: [Int]

        package init(pool: [Int], places: [Int]) { (self.pool, self.places) = (pool, places) }
    }

    /// - Parameter count: how many shots `max` is.
    package func draw(_ cell: Cell, most count: Int = 0) -> Draw {
        let (shots, word) = if case .count(let count) = cell.shots { (count, UInt64(count)) } else { (count, UInt64.max) }
        var random = SeededRandom(words: [1, word, UInt64(cell.seed)])
        let pool = random.shuffled(Array(experiment.pool.indices))
        return Draw(pool: pool, places: Self.places(shots, cell))
    }

    /// The numbers of the pool's items that stand before this item's query, in order.
    package func shots(for item: Experiment.Item, in draw: Draw) -> [Int] {
        let own = Self.query(item, experiment)
        let usable = Array(draw.pool.lazy.filter { poolQueries[$0] != own }.prefix(draw.places.count))
        return draw.places.compactMap { usable.indices.contains($0) ? usable[$0] : nil }
    }

    /// The prompt of an item after some of the pool's items.
    /// - Parameter answer: stands in the query of a schema.
    package func prompt(_ item: Experiment.Item, shots: [Int], template: Int, answer: Int? = nil) -> Prompt {
        let wording = experiment.wordings[template]
        let query = wording.query.filled(experiment.fields(item, answer: answer, wording))
        return prompt(query, shots: shots.map { experiment.pool[$0] }, wording)
    }

    /// The prompt of a query's text after some items as shots.
    package func prompt(_ query: [UInt8], shots: [Experiment.Item], _ wording: Experiment.Wording) -> Prompt {
        switch experiment.mode {
        case .complete:
            return .text(Array(wording.instruction.utf8) + shots.flatMap { shot($0, wording) } + query)
        case .chat:
            var turns = wording.instruction.isEmpty ? [] : [Turn(.system, Array(wording.instruction.utf8))]
            for item in shots {
                let fields = experiment.fields(item, answer: experiment.right(item), wording)
                turns += [Turn(.user, wording.query.filled(fields)), Turn(.assistant, wording.answer.filled(fields))]
            }
            return .chat(turns + [Turn(.user, query)])
        }
    }

    /// An item with its right answer, as it stands in a prompt that is completed.
    package func shot(_ item: Experiment.Item, _ wording: Experiment.Wording) -> [UInt8] {
        wording.example.filled(experiment.fields(item, answer: experiment.right(item), wording))
    }

    /// The text of one of an item's answers.
    package func answer(_ item: Experiment.Item, _ answer: Int, template: Int) -> [UInt8] {
        let wording = experiment.wordings[template]
        return wording.answer.filled(experiment.fields(item, answer: answer, wording))
    }

    /// The query by the first wording, a schema's without its answers.
    package static func query(_ item: Experiment.Item, _ experiment: Experiment) -> [UInt8] {
        var fields = item.fields
        if experiment.kind == .schema { fields[experiment.labelField] = nil }
        return experiment.wordings[0].query.filled(fields)
    }

    /// Order 0 is as drawn; later orders are permutations that differ from the earlier ones while there are any.
    private static func places(_ shots: Int, _ cell: Cell) -> [Int] {
        let drawn = Array(0..<shots)
        var seen: Set<[Int]> = [drawn]
        var places = drawn
        let permutations = shots < 7 ? (1...max(1, shots)).reduce(1, *) : Int.max
        for order in 0..<cell.order {
            var random = SeededRandom(words: [2, UInt64(shots), UInt64(cell.seed), UInt64(order)])
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
