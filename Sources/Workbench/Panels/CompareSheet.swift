import Engine
import Terminal
import Tokenizer

/// Where everything stands in the compare panel's inside; what there is no room for goes.
struct CompareParts {
    let isStacked: Bool
    /// The totals, the first divergence, the texts, the divergence by position, the chosen place's numbers.
    let head: Rect, first: Rect, text: Rect, strip: Rect, detail: Rect

    /// Nil where the panel is not on the screen.
    init?(_ state: State) {
        guard let rect = Layout(state).rect(of: .compare)?.interior else { return nil }
        self.init(rect, isStacked: state.compare.isStacked)
    }

    init(_ rect: Rect, isStacked: Bool?) {
        self.isStacked = isStacked ?? (rect.width < 50)
        var rest: Rect
        (head, rest) = rect.split(top: rect.height >= 7 ? 2 : 0)
        (first, rest) = rest.split(top: rect.height >= 12 ? 1 : 0)
        (rest, detail) = rest.split(bottom: rect.height >= 5 ? 2 : rect.height >= 3 ? 1 : 0)
        (rest, strip) = rest.split(bottom: rect.height >= 9 ? 1 : 0)
        text = rest
    }

    /// Rows of the screen that a line of both texts takes.
    var rowsALine: Int { isStacked ? 3 : 1 }
    /// Lines of both texts there is room for.
    var rows: Int { max(1, (text.height + (isStacked ? 1 : 0)) / rowsALine) }
    /// The columns of A and B; the border stands between them.
    static func columns(_ width: Int) -> (a: Range<Int>, b: Range<Int>) {
        let half = max(0, (width - 3) / 2)
        return (0..<half, min(width, half + 3)..<max(min(width, half + 3), width))
    }
}

/// The two texts in lines that hold the same pairs, so that words stand beside or under those they stand for.
package struct CompareSheet: Sendable {
    struct Line: Sendable, Equatable { var pairs: Range<Int> }
    private(set) var lines: [Line] = []
    /// Where each pair stands in its line, in A and in B, and how wide it is. Shape: [pairs].
    private(set) var places: [Place] = []
    struct Place: Sendable, Equatable { var a: Range<Int>, b: Range<Int> }
    private var ids: (a: [TokenID], b: [TokenID]) = ([], [])
    private var width = -1, isStacked = false
    package init() {}

    /// True where it was laid out anew.
    mutating func lay(out comparison: Comparison, _ tokenizer: Tokenizer, width: Int, isStacked: Bool) -> Bool {
        guard width != self.width || isStacked != self.isStacked || ids.a != comparison.a.ids || ids.b != comparison.b.ids else { return false }
        (self.width, self.isStacked, ids) = (width, isStacked, (comparison.a.ids, comparison.b.ids))
        (lines, places) = ([], [])
        let (first, second) = isStacked ? (2..<max(2, width), 2..<max(2, width)) : CompareParts.columns(width)
        let mark = comparison.first, tokenizerB = comparison.b.tokenizer ?? tokenizer
        var a = first.lowerBound, b = second.lowerBound, start = 0
        for (index, pair) in comparison.pairs.enumerated() {
            // A divergence's mark stands before the first; the ends are a cell wide.
            let own = (index == mark ? 1 : 0) + (pair.kind == .end ? 1 : 0)
            var (wideA, wideB) = (own, own)
            for id in comparison.a.ids[pair.a] { wideA += CompareText.columns(id, tokenizer) }
            for id in comparison.b.ids[pair.b] { wideB += CompareText.columns(id, tokenizerB) }
            if isStacked { (wideA, wideB) = (max(wideA, wideB), max(wideA, wideB)) }
            if index > start, a + wideA > first.upperBound || b + wideB > second.upperBound {
                lines.append(Line(pairs: start..<index))
                (start, a, b) = (index, first.lowerBound, second.lowerBound)
            }
            places.append(Place(a: a..<a + wideA, b: b..<b + wideB))
            (a, b) = (a + wideA, b + wideB)
            guard comparison.a.ids[pair.a].contains(where: { CompareText.endsLine($0, tokenizer) })
                || comparison.b.ids[pair.b].contains(where: { CompareText.endsLine($0, tokenizerB) }) else { continue }
            lines.append(Line(pairs: start..<index + 1))
            (start, a, b) = (index + 1, first.lowerBound, second.lowerBound)
        }
        if start < places.count { lines.append(Line(pairs: start..<places.count)) }
        return true
    }

    func line(of pair: Int) -> Int {
        var low = 0, high = lines.count
        while low + 1 < high {
            let middle = (low + high) / 2
            if lines[middle].pairs.lowerBound <= pair { low = middle } else { high = middle }
        }
        return low
    }

    /// The pair of a line that stands under another's place.
    func pair(in line: Int, under pair: Int) -> Int? {
        guard places.indices.contains(pair) else { return nil }
        return self.pair(in: line, at: places[pair].a.lowerBound)
    }

    /// The pair at a column of a line, or the last before it.
    func pair(in line: Int, at x: Int) -> Int? {
        guard lines.indices.contains(line) else { return nil }
        let pairs = lines[line].pairs
        return pairs.first { places[$0].a.contains(x) || places[$0].b.contains(x) }
            ?? pairs.last { places[$0].a.lowerBound <= x } ?? pairs.first
    }
}

/// A token as it stands in the texts: its bytes, with marks for newlines and where it has none.
enum CompareText {
    static func bytes(_ id: TokenID, _ tokenizer: Tokenizer) -> [UInt8] {
        let bytes = tokenizer.bytes(id)
        return bytes.isEmpty ? Array("·".utf8) : bytes.flatMap { $0 == 0x0A ? Array("⏎".utf8) : [$0] }
    }

    static func columns(_ id: TokenID, _ tokenizer: Tokenizer) -> Int {
        bytes(id, tokenizer).withUnsafeBufferPointer { TextWidth.columns($0) }
    }

    static func endsLine(_ id: TokenID, _ tokenizer: Tokenizer) -> Bool { tokenizer.bytes(id).contains(0x0A) }
}
