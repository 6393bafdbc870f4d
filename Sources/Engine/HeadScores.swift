import Glibc
import Tokenizer

/// Means over queries q of what each head does, with p its pattern. Shapes: [layers * heads].
///
/// sink = p[q, 0], the first query aside; previous = p[q, q-1]; duplicate = the sum of p[q, k] over k < q with q's id; induction = the sum of p[q, k] over k whose
/// predecessor has q's id; entropy of the row in nats. Source: Elhage et al. 2021, Olsson et al. 2022; sink: Xiao et al. 2023.
package struct HeadScores: Sendable, Equatable {
    struct Sum { var sink = 0.0, previous = 0.0, duplicate = 0.0, induction = 0.0, entropy = 0.0 }
    package let layers: Int, heads: Int, queries: Int
    package private(set) var sink: [Float], previous: [Float], duplicate: [Float], induction: [Float], entropy: [Float]
    private var sums: [Double]
    private static let kinds = 5

    init(layers: Int, heads: Int, queries: Int) {
        (self.layers, self.heads, self.queries) = (layers, heads, queries)
        let zeros = [Float](repeating: 0, count: layers * heads)
        (sink, previous, duplicate, induction, entropy) = (zeros, zeros, zeros, zeros, zeros)
        sums = [Double](repeating: 0, count: Self.kinds * layers * heads)
    }
    mutating func add(_ sum: Sum, layer: Int, head: Int) {
        let at = (layer * heads + head) * Self.kinds
        sums[at] += sum.previous
        sums[at + 1] += sum.duplicate
        sums[at + 2] += sum.induction
        sums[at + 3] += sum.entropy
        sums[at + 4] += sum.sink
    }
    mutating func divide() {
        let n = Double(max(1, queries))
        for index in previous.indices {
            previous[index] = Float(sums[index * Self.kinds] / n)
            duplicate[index] = Float(sums[index * Self.kinds + 1] / n)
            induction[index] = Float(sums[index * Self.kinds + 2] / n)
            entropy[index] = Float(sums[index * Self.kinds + 3] / n)
            sink[index] = Float(sums[index * Self.kinds + 4] / n)
        }
    }
}

/// Where each id of a sequence occurred before.
struct TokenMarks {
    private let tokens: [TokenID]
    private let places: [TokenID: [Int]]
    init(_ tokens: [TokenID]) {
        self.tokens = tokens
        var places: [TokenID: [Int]] = [:]
        for (position, id) in tokens.enumerated() { places[id, default: []].append(position) }
        self.places = places
    }

    func score(_ row: UnsafeBufferPointer<Float>, query: Int) -> HeadScores.Sum {
        var sum = HeadScores.Sum()
        if query > 0 { (sum.sink, sum.previous) = (Double(row[0]), Double(row[query - 1])) }
        for place in places[tokens[query]] ?? [] where place < query {
            sum.duplicate += Double(row[place])
            sum.induction += Double(row[place + 1])
        }
        for weight in row where weight > 0 { sum.entropy -= Double(weight) * log(Double(weight)) }
        return sum
    }
}
