import Engine
import Testing

@Suite("Alignment") struct AlignmentTests {
    /// By the definition, over all subsequences of the first.
    private func longest(_ a: [Int32], _ b: [Int32]) -> Int {
        (0..<1 << a.count).reduce(0) { best, chosen in
            let part = a.indices.filter { chosen >> $0 & 1 == 1 }.map { a[$0] }
            var rest = part[...]
            for id in b where id == rest.first { rest = rest.dropFirst() }
            return rest.isEmpty ? max(best, part.count) : best
        }
    }

    /// By the table that every book has.
    private func table(_ a: [Int32], _ b: [Int32]) -> Int {
        var row = [Int](repeating: 0, count: b.count + 1)
        for one in a {
            var corner = 0
            for (index, other) in b.enumerated() {
                let above = row[index + 1]
                row[index + 1] = one == other ? corner + 1 : max(above, row[index])
                corner = above
            }
        }
        return row[b.count]
    }

    private func isCommon(_ places: [(a: Int, b: Int)], _ a: [Int32], _ b: [Int32]) -> Bool {
        places.allSatisfy { a[$0.a] == b[$0.b] } && zip(places, places.dropFirst()).allSatisfy { $0.a < $1.a && $0.b < $1.b }
    }

    @Test("Common tokens are as many as can be, by all subsequences of small texts and by the table for long ones, however small the parts")
    func optimal() {
        var random = TestRandom(state: 4)
        func ids(_ count: Int, _ kinds: Int32) -> [Int32] { (0..<count).map { _ in Int32.random(in: 0..<kinds, using: &random) } }
        for round in 0..<400 {
            let a = ids(round % 9, 1 + Int32(round % 4)), b = ids(round / 9 % 11, 1 + Int32(round % 4))
            let places = Alignment.common(a, b)
            #expect(isCommon(places, a, b) && places.count == longest(a, b), "\(a) \(b)")
        }
        for (m, n, kinds) in [(300, 190, 3), (64, 64, 2), (65, 200, 40), (129, 1, 5), (1, 70, 2), (200, 210, 900)] {
            let a = ids(m, Int32(kinds)), b = ids(n, Int32(kinds)), expected = table(a, b)
            for limit in [1 << 20, 40, 1] {
                let places = Alignment.common(a, b, tableLimit: limit)
                #expect(isCommon(places, a, b) && places.count == expected)
            }
        }
    }

    private static let texts = [" the", " cat", " ca", "t", "\n", " sat", " on", "s", "<x>", " a"]
    private func bytes(_ id: Int32) -> [UInt8] { Array(Self.texts[Int(id)].utf8) }
    private func text(_ ids: ArraySlice<Int32>) -> [UInt8] { ids.flatMap(bytes) }

    @Test("The pairs cover both texts in order, pairs of tokens are the longest common subsequence, and words of other tokens have one text")
    func pairs() {
        var random = TestRandom(state: 9), kinds: Set<Alignment.Kind> = []
        for round in 0..<3000 {
            let a = (0..<round % 12).map { _ in Int32.random(in: 0..<10, using: &random) }, b = (0..<round % 13).map { _ in Int32.random(in: 0..<10, using: &random) }
            let pairs = Alignment(a, b, bytes: bytes).pairs
            #expect(pairs.flatMap(\.a) == Array(a.indices) && pairs.flatMap(\.b) == Array(b.indices))
            #expect(pairs.last.map { ($0.kind == .end, $0.a, $0.b) } ?? (false, 0..<0, 0..<0) == (true, a.count..<a.count, b.count..<b.count))
            #expect(pairs.filter { $0.kind == .same }.count == table(a, b))
            for pair in pairs {
                kinds.insert(pair.kind)
                let (one, other) = (a[pair.a], b[pair.b])
                switch pair.kind {
                case .same: #expect(one.count == 1 && one.first == other.first)
                case .respelled: #expect(one != other && text(one) == text(other) && !one.isEmpty)
                case .changed: #expect(!one.isEmpty && !other.isEmpty && text(one) != text(other))
                case .onlyA: #expect(!one.isEmpty && other.isEmpty)
                case .onlyB: #expect(one.isEmpty && !other.isEmpty)
                case .end: #expect(one.isEmpty && other.isEmpty)
                }
            }
        }
        #expect(kinds.count == 6)
    }

    @Test("A word in other tokens, a word more and a word changed are told apart")
    func words() {
        // " the cat sat" and " the ca|t <x> on": one word respelled, one word in another's place and one more.
        let pairs = Alignment([0, 1, 5], [0, 2, 3, 4, 6], bytes: bytes).pairs
        #expect(pairs.map(\.kind) == [.same, .respelled, .changed, .onlyB, .end])
        #expect(pairs.map(\.b) == [0..<1, 1..<3, 3..<4, 4..<5, 5..<5])
    }
}
