/// Merging by score: of all neighbours that are a token together the one with the highest score merges first, of equals the
/// leftmost; characters that are no token become bytes.
///
/// A heap of the pairs at hand, so that a piece of n characters takes n log n steps.
/// Source: Kudo and Richardson 2018 (SentencePiece), its byte-pair kind.
struct SentencePieces: Sendable {
    private let scores: [Float]
    /// The longest token that text may become. Unit: bytes.
    private let longest: Int
    /// Bytes that some token has before a space: text is not cut there.
    private let glued: [Bool]
    /// Whether a text's beginning, and what follows a special token, is read as if a space stood before it.
    let addsSpace: Bool

    init(scores: [Float], addsSpace: Bool, _ vocabulary: Vocabulary) {
        (self.scores, self.addsSpace) = (scores, addsSpace)
        var longest = 1, glued = [Bool](repeating: false, count: 256)
        for id in 0..<TokenID(vocabulary.count) where vocabulary.kind(id) == .normal || vocabulary.kind(id) == .unused {
            let bytes = vocabulary.bytes(id)
            longest = max(longest, bytes.count)
            for index in bytes.indices.dropFirst() where bytes[index] == 0x20 && bytes[index - 1] != 0x20 { glued[Int(bytes[index - 1])] = true }
        }
        (self.longest, self.glued) = (longest, glued)
    }

    /// The end of the piece that begins at `start`: before the next space that no token reaches over.
    func pieceEnd(_ text: [UInt8], from start: Int, end: Int) -> Int {
        var index = start + 1
        while index < end {
            if text[index] == 0x20, text[index - 1] != 0x20, !glued[Int(text[index - 1])] { return index }
            index += 1
        }
        return end
    }

    fileprivate struct Symbol { var start: Int32, length: Int32, before: Int32, next: Int32 }
    fileprivate struct Pair {
        let score: Float, left: Int32, length: Int32
        static func isFirst(_ a: Pair, _ b: Pair) -> Bool { a.score > b.score || a.score == b.score && a.left < b.left }
    }

    /// What merging needs; kept between pieces so that memory is asked for once.
    struct Work {
        fileprivate var symbols: [Symbol] = [], heap: [Pair] = []
        fileprivate var text: [UInt8] = []
    }

    /// Gives the tokens of `text[piece]` with the bytes they stand for; `spaced` puts a space before it that stands for none.
    func encode(_ text: [UInt8], _ piece: Range<Int>, spaced: Bool, _ vocabulary: Vocabulary, _ work: inout Work,
                _ give: (TokenID, Range<Int>) -> Void) {
        work.text.removeAll(keepingCapacity: true)
        if spaced { work.text.append(0x20) }
        work.text.append(contentsOf: text[piece])
        let origin = piece.lowerBound - (spaced ? 1 : 0)
        merge(vocabulary, &work)
        var index = 0
        while index >= 0 {
            let symbol = work.symbols[index], range = Int(symbol.start)..<Int(symbol.start + symbol.length)
            func place(_ range: Range<Int>) -> Range<Int> { max(piece.lowerBound, range.lowerBound + origin)..<range.upperBound + origin }
            if let id = vocabulary.id(work.text, range) {
                give(id, place(range))
            } else {
                for at in range where vocabulary.byteTokens[Int(work.text[at])] >= 0 {
                    give(vocabulary.byteTokens[Int(work.text[at])], place(at..<at + 1))
                }
            }
            index = Int(symbol.next)
        }
    }

    private func merge(_ vocabulary: Vocabulary, _ work: inout Work) {
        work.symbols.removeAll(keepingCapacity: true)
        work.heap.removeAll(keepingCapacity: true)
        var start = 0
        while start < work.text.count {
            let length = CodePoint(work.text, at: start, end: work.text.count).length, index = Int32(work.symbols.count)
            work.symbols.append(Symbol(start: Int32(start), length: Int32(length), before: index - 1, next: index + 1))
            start += length
        }
        guard !work.symbols.isEmpty else { return }
        work.symbols[work.symbols.count - 1].next = -1
        for index in work.symbols.indices.dropLast() { note(Int32(index), vocabulary, &work) }
        while let pair = work.pop() {
            let left = Int(pair.left), right = Int(work.symbols[left].next)
            // A pair that was noted and has since merged with others is of another length.
            guard work.symbols[left].length > 0, right >= 0, work.symbols[left].length + work.symbols[right].length == pair.length else { continue }
            work.symbols[left].length = pair.length
            work.symbols[right].length = 0
            work.symbols[left].next = work.symbols[right].next
            if work.symbols[right].next >= 0 { work.symbols[Int(work.symbols[right].next)].before = Int32(left) }
            if work.symbols[left].before >= 0 { note(work.symbols[left].before, vocabulary, &work) }
            note(Int32(left), vocabulary, &work)
        }
    }

    /// Puts a symbol and its neighbour into the heap if they are a token together.
    private func note(_ left: Int32, _ vocabulary: Vocabulary, _ work: inout Work) {
        let symbol = work.symbols[Int(left)]
        guard symbol.next >= 0 else { return }
        let length = symbol.length + work.symbols[Int(symbol.next)].length
        guard length <= longest, let id = vocabulary.id(work.text, Int(symbol.start)..<Int(symbol.start + length)) else { return }
        work.push(Pair(score: scores[Int(id)], left: left, length: length))
    }
}

extension SentencePieces.Work {
    fileprivate mutating func push(_ pair: SentencePieces.Pair) {
        heap.append(pair)
        var index = heap.count - 1
        while index > 0, SentencePieces.Pair.isFirst(heap[index], heap[(index - 1) / 2]) {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    fileprivate mutating func pop() -> SentencePieces.Pair? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        guard !heap.isEmpty else { return first }
        heap[0] = last
        var index = 0
        while true {
            var best = index
            for child in [2 * index + 1, 2 * index + 2] where child < heap.count && SentencePieces.Pair.isFirst(heap[child], heap[best]) { best = child }
            guard best != index else { return first }
            heap.swapAt(index, best)
            index = best
        }
    }
}
