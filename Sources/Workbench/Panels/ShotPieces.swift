import Document
import Laboratory

/// How a document's text is made of a few-shot prompt: pieces that follow each other and leave nothing out.
package struct ShotPieces: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        case instruction
        case shot(Shot)
        case query
        /// What the model wrote behind the query.
        case rest
    }
    /// An item of the pool; with another answer than its own where one was chosen.
    package struct Shot: Sendable, Equatable {
        package var pool: Int
        package var label: Int?

        package init(pool: Int, label: Int? = nil) { (self.pool, self.label) = (pool, label) }
    }
    package struct Piece: Sendable, Equatable {
        package var kind: Kind
        /// Unit: bytes.
        package var count: Int
        /// True where the text is a person's own.
        package var isEdited: Bool

        package init(kind: Kind, count: Int, isEdited: Bool = false) { (self.kind, self.count, self.isEdited) = (kind, count, isEdited) }

        package var shot: Shot? { if case .shot(let shot) = kind { shot } else { nil } }
    }

    /// The instruction, shots, the query, and the rest.
    package var pieces: [Piece]

    package init(pieces: [Piece]) { self.pieces = pieces }

    package var count: Int { pieces.reduce(0) { $0 + $1.count } }
    /// The numbers of the pieces that are shots.
    package var shots: [Int] { pieces.indices.filter { pieces[$0].shot != nil } }
    package var query: Int? { pieces.firstIndex { $0.kind == .query } }

    /// Where each piece stands. Unit: bytes.
    package var ranges: [Range<Int>] {
        var start = 0
        return pieces.map { piece in
            defer { start += piece.count }
            return start..<start + piece.count
        }
    }

    /// What an edit did to the pieces.
    package struct Touched: Sendable, Equatable {
        /// Their numbers before the edit, in order.
        package var pieces: [Int]
        /// The numbers of the shots, counted from 1, that are gone whole.
        package var dropped: [Int]

        package init(pieces: [Int], dropped: [Int]) { (self.pieces, self.dropped) = (pieces, dropped) }
    }

    /// Takes in that bytes were replaced by others; nil where the texts are the same.
    ///
    /// - Parameters:
    ///   - cursor: where it stands after the edit, which tells two places apart where the same was taken out or put in.
    ///   - isWritten: whether a model wrote it.
    package mutating func follow(from old: [UInt8], to new: [UInt8], cursor: Int, chosen: Int?, isWritten: Bool) -> Touched? {
        guard old != new, old.count == count else { return nil }
        let (prefix, suffix) = old.sharedEnds(with: new)
        var cut = prefix..<old.count - suffix, put = new.count - suffix - prefix
        slide(&cut, put, old, new, cursor)
        let touched = touched(by: cut, chosen: chosen, isWritten: isWritten)
        let ranges = ranges, shots = shots
        var dropped: [Int] = []
        for (number, index) in touched.enumerated() {
            let lost = ranges[index].clamped(to: cut).count
            pieces[index].count += (number == 0 ? put : 0) - lost
            if pieces[index].kind != .rest { pieces[index].isEdited = true }
            put = number == 0 ? 0 : put
            if pieces[index].count == 0, let place = shots.firstIndex(of: index) { dropped.append(place + 1) }
        }
        for place in dropped.reversed() { pieces.remove(at: shots[place - 1]) }
        return Touched(pieces: touched, dropped: dropped)
    }

    /// Moves a pure deletion or insertion, which the common beginning puts as far to the right as it can be, to where it was made.
    private func slide(_ cut: inout Range<Int>, _ put: Int, _ old: [UInt8], _ new: [UInt8], _ cursor: Int) {
        guard cut.isEmpty != (put == 0) else { return }
        let text = cut.isEmpty ? new : old, length = max(put, cut.count)
        func step(_ steps: Int) -> Range<Int> { cut.lowerBound - steps..<cut.upperBound - steps }
        var most = 0
        while most < cut.lowerBound, text[cut.lowerBound - most - 1] == text[cut.lowerBound - most - 1 + length] { most += 1 }
        let told = cut.lowerBound + put - cursor
        if (0...most).contains(told) {
            cut = step(told)
        } else if put == 0, let border = ranges.map(\.lowerBound).last(where: { (cut.lowerBound - most...cut.lowerBound).contains($0) }) {
            cut = step(cut.lowerBound - border)
        }
    }

    /// The pieces that lose bytes; for an insertion the one that it belongs to.
    private func touched(by cut: Range<Int>, chosen: Int?, isWritten: Bool) -> [Int] {
        let ranges = ranges
        guard cut.isEmpty else { return ranges.indices.filter { ranges[$0].overlaps(cut) } }
        let place = cut.lowerBound, last = pieces.count - 1
        // Behind the query the person goes on with it, and the model begins the rest.
        if place == count, pieces[last].kind == .rest { return [pieces[last].count > 0 || isWritten ? last : query ?? last] }
        if let inside = ranges.firstIndex(where: { $0.lowerBound < place && place < $0.upperBound }) { return [inside] }
        let bordering = ranges.indices.filter { ranges[$0].lowerBound == place || ranges[$0].upperBound == place }
        if let chosen, bordering.contains(chosen) { return [chosen] }
        return [bordering.first { !ranges[$0].isEmpty && ranges[$0].lowerBound == place } ?? bordering.first ?? last]
    }
}
