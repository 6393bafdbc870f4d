import Tokenizer

/// Which stretches of two texts' tokens stand for each other.
///
/// As many common tokens as can keep their order stand for each other. Between these do words of one text in other tokens, and what
/// is left then goes word by word.
/// Source: Hyyrö 2004, "Bit-parallel LCS-length computation revisited"; Hirschberg 1975 where the table would be too large.
package struct Alignment: Sendable, Equatable {
    package enum Kind: String, Sendable {
        /// One token, the same in both.
        case same
        /// A word of the same text in other tokens.
        case respelled
        /// A word in the place of another.
        case changed
        case onlyA, onlyB
        /// The ends of both, where the next token is predicted.
        case end
    }

    package struct Pair: Sendable, Equatable {
        package let kind: Kind
        package let a: Range<Int>, b: Range<Int>
    }

    /// They cover both texts in order, and end with their ends.
    package private(set) var pairs: [Pair] = []

    /// - Parameters:
    ///   - bytes: of a token.
    ///   - other: of a token of `b`, where that is of another vocabulary: no id is then the same, and words alone are compared.
    package init(_ a: [TokenID], _ b: [TokenID], bytes: @escaping (TokenID) -> [UInt8], other: ((TokenID) -> [UInt8])? = nil) {
        for (placeA, placeB) in other == nil ? Self.common(a, b) : [] {
            addWords(a, to: placeA, b, to: placeB, bytes, bytes)
            add(.same, 1, 1)
        }
        addWords(a, to: a.count, b, to: b.count, bytes, other ?? bytes)
        add(.end, 0, 0)
    }

    /// Adds a pair of so many tokens behind those that are there.
    private mutating func add(_ kind: Kind, _ a: Int, _ b: Int) {
        let (endA, endB) = (pairs.last?.a.upperBound ?? 0, pairs.last?.b.upperBound ?? 0)
        pairs.append(Pair(kind: kind, a: endA..<endA + a, b: endB..<endB + b))
    }

    /// Adds two stretches without a common token, which go from what is there to two places.
    private mutating func addWords(_ a: [TokenID], to endA: Int, _ b: [TokenID], to endB: Int,
                                   _ bytes: (TokenID) -> [UInt8], _ bytesB: (TokenID) -> [UInt8]) {
        let one = Self.words(a[(pairs.last?.a.upperBound ?? 0)..<endA], bytes), other = Self.words(b[(pairs.last?.b.upperBound ?? 0)..<endB], bytesB)
        var numbers: [[UInt8]: TokenID] = [:]
        for word in one + other where numbers[word.text] == nil { numbers[word.text] = TokenID(numbers.count) }
        var next = (a: 0, b: 0)
        func addUnlike(to end: (a: Int, b: Int), _ alignment: inout Alignment) {
            while next.a < end.a || next.b < end.b {
                let kind: Kind = next.a == end.a ? .onlyB : next.b == end.b ? .onlyA : .changed
                alignment.add(kind, kind == .onlyB ? 0 : one[next.a].count, kind == .onlyA ? 0 : other[next.b].count)
                if kind != .onlyB { next.a += 1 }
                if kind != .onlyA { next.b += 1 }
            }
        }
        for place in Self.common(one.map { numbers[$0.text] ?? 0 }, other.map { numbers[$0.text] ?? 0 }) {
            addUnlike(to: place, &self)
            add(.respelled, one[place.a].count, other[place.b].count)
            next = (place.a + 1, place.b + 1)
        }
        addUnlike(to: (one.count, other.count), &self)
    }

    /// The words of some tokens: their text, and of how many tokens they are. A word begins with the space before it.
    private static func words(_ ids: ArraySlice<TokenID>, _ bytes: (TokenID) -> [UInt8]) -> [(text: [UInt8], count: Int)] {
        func isSpace(_ byte: UInt8?) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte ?? 0) }
        var words: [(text: [UInt8], count: Int)] = []
        for id in ids {
            let text = bytes(id)
            if let last = words.last, !isSpace(text.first), last.text.last.map({ $0 == 0x20 || !isSpace($0) }) ?? true {
                words[words.count - 1] = (last.text + text, last.count + 1)
            } else {
                words.append((text, 1))
            }
        }
        return words
    }

    // MARK: Common tokens

    /// The longest table of bits that is held at once. Unit: words of 64.
    private static let tableLimit = 1 << 20

    /// The places of a longest common subsequence.
    package static func common(_ a: [TokenID], _ b: [TokenID], tableLimit: Int = Self.tableLimit) -> [(a: Int, b: Int)] {
        var found: [(a: Int, b: Int)] = []
        common(a[...], b[...], tableLimit, &found)
        return found
    }

    private static func common(_ a: ArraySlice<TokenID>, _ b: ArraySlice<TokenID>, _ limit: Int, _ found: inout [(a: Int, b: Int)]) {
        let head = commonCount(a, b), tail = commonTail(a.dropFirst(head), b.dropFirst(head))
        for index in 0..<head { found.append((a.startIndex + index, b.startIndex + index)) }
        defer { for index in (0..<tail).reversed() { found.append((a.endIndex - 1 - index, b.endIndex - 1 - index)) } }
        let a = a.dropFirst(head).dropLast(tail), b = b.dropFirst(head).dropLast(tail)
        guard !a.isEmpty, !b.isEmpty else { return }
        guard b.count > 1, b.count * ((a.count + 63) / 64) > limit else { return trace(a, b, &found) }

        // The halves of b meet where their two longest together are the longest.
        let middle = b.startIndex + b.count / 2
        let ahead = lengths(a, b[..<middle]), behind = lengths(Array(a.reversed())[...], Array(b[middle...].reversed())[...])
        var best = 0
        for index in 0...a.count where ahead[index] + behind[a.count - index] > ahead[best] + behind[a.count - best] { best = index }
        common(a[..<(a.startIndex + best)], b[..<middle], limit, &found)
        common(a[(a.startIndex + best)...], b[middle...], limit, &found)
    }

    private static func commonTail(_ a: ArraySlice<TokenID>, _ b: ArraySlice<TokenID>) -> Int {
        zip(a.reversed(), b.reversed()).prefix { $0 == $1 }.count
    }

    /// Goes back through the whole table.
    private static func trace(_ a: ArraySlice<TokenID>, _ b: ArraySlice<TokenID>, _ found: inout [(a: Int, b: Int)]) {
        let width = (a.count + 63) / 64
        var table: [UInt64] = []
        table.reserveCapacity(b.count * width)
        rows(a, b) { table += $0 }
        func grows(_ row: Int, _ column: Int) -> Bool { table[row * width + column / 64] >> UInt64(column % 64) & 1 == 0 }
        var column = a.count - 1, row = b.count - 1
        let start = found.count
        while column >= 0, row >= 0 {
            if !grows(row, column) {
                column -= 1
            } else if row > 0, grows(row - 1, column) {
                row -= 1
            } else {
                found.append((a.startIndex + column, b.startIndex + row))
                (column, row) = (column - 1, row - 1)
            }
        }
        found[start...].reverse()
    }

    /// How long the longest common subsequence of `b` and each beginning of `a` is. Shape: [a + 1].
    private static func lengths(_ a: ArraySlice<TokenID>, _ b: ArraySlice<TokenID>) -> [Int] {
        var last: [UInt64] = [], lengths = [0], length = 0
        rows(a, b) { last = $0 }
        for column in 0..<a.count {
            if last[column / 64] >> UInt64(column % 64) & 1 == 0 { length += 1 }
            lengths.append(length)
        }
        return lengths
    }

    /// Visits a row for each id of `b`: bit j is 0 where the j-th id of `a` makes the longest common subsequence longer.
    private static func rows(_ a: ArraySlice<TokenID>, _ b: ArraySlice<TokenID>, _ visit: ([UInt64]) -> Void) {
        var places: [TokenID: [Int]] = [:]
        for (column, id) in a.enumerated() { places[id, default: []].append(column) }
        let width = (a.count + 63) / 64
        var row = [UInt64](repeating: .max, count: width), mask = [UInt64](repeating: 0, count: width)
        for id in b {
            if let columns = places[id] {
                for column in columns { mask[column / 64] |= 1 << UInt64(column % 64) }
                var carry: UInt64 = 0
                for index in 0..<width {
                    let (sum, over) = row[index].addingReportingOverflow(row[index] & mask[index])
                    let (total, more) = sum.addingReportingOverflow(carry)
                    carry = over || more ? 1 : 0
                    row[index] = total | (row[index] & ~mask[index])
                }
                for column in columns { mask[column / 64] = 0 }
            }
            visit(row)
        }
    }
}
