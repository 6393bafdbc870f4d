extension Editor {
    package enum Motion: Sendable, CaseIterable {
        case left, right, wordLeft, wordRight, up, down, lineStart, lineEnd, documentStart, documentEnd
    }

    /// Moves the cursor; `extending` keeps or begins a selection.
    package mutating func move(_ motion: Motion, extending: Bool = false) {
        if !extending, let selection, motion == .left || motion == .right {
            return move(to: motion == .left ? selection.lowerBound : selection.upperBound)
        }
        let goal = self.goal ?? column(of: cursor)
        move(to: target(of: motion, column: goal), extending: extending)
        if motion == .up || motion == .down { self.goal = goal }
    }

    /// Moves the cursor to the cluster boundary at or before an offset.
    package mutating func move(to offset: Int, extending: Bool = false) {
        breakUndo()
        let anchor = extending ? place.anchor ?? place.cursor : nil
        place = Place(cursor: Clusters.floor(in: document.bytes, offset), anchor: anchor)
        goal = nil
    }

    package mutating func select(_ range: Range<Int>) {
        move(to: range.lowerBound)
        move(to: range.upperBound, extending: true)
    }

    package mutating func selectAll() { select(0..<document.count) }
    package mutating func deselect() { place.anchor = nil }

    /// The bytes of the line around an offset, without its line end.
    package func line(around offset: Int) -> Range<Int> { lineStart(offset)..<lineEnd(offset) }

    /// The word around an offset, or the one byte run of spaces or signs there.
    package func word(around offset: Int) -> Range<Int> {
        let bytes = document.bytes
        guard offset >= 0, offset < bytes.count else { return bytes.count..<bytes.count }
        let kind = Self.kind(bytes[offset])
        var lower = offset
        while lower > 0, Self.kind(bytes[lower - 1]) == kind { lower -= 1 }
        var upper = offset
        while upper < bytes.count, Self.kind(bytes[upper]) == kind { upper += 1 }
        return Clusters.floor(in: bytes, lower)..<ceiling(upper)
    }

    private func target(of motion: Motion, column: Int) -> Int {
        switch motion {
        case .left: Clusters.previous(in: document.bytes, before: cursor)
        case .right: Clusters.next(in: document.bytes, after: cursor)
        case .wordLeft: wordStart(before: cursor)
        case .wordRight: wordEnd(after: cursor)
        case .lineStart: lineStart(cursor)
        case .lineEnd: lineEnd(cursor)
        case .documentStart: 0
        case .documentEnd: document.count
        case .up:
            lineStart(cursor) == 0 ? 0 : offset(ofColumn: column, inLineAt: lineStart(cursor) - 1)
        case .down:
            nextLine(cursor).map { offset(ofColumn: column, inLineAt: $0) } ?? document.count
        }
    }

    private func lineStart(_ offset: Int) -> Int {
        document.bytes[..<offset].lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
    }

    private func lineEnd(_ offset: Int) -> Int {
        guard let feed = document.bytes[offset...].firstIndex(of: 0x0A) else { return document.count }
        return feed > offset && document.bytes[feed - 1] == 0x0D ? feed - 1 : feed
    }

    private func nextLine(_ offset: Int) -> Int? {
        document.bytes[offset...].firstIndex(of: 0x0A).map { $0 + 1 }
    }

    /// Unit: clusters from the start of the line.
    package func column(of offset: Int) -> Int {
        var column = 0
        var position = lineStart(offset)
        while position < offset {
            position = Clusters.next(in: document.bytes, after: position)
            column += 1
        }
        return column
    }

    private func offset(ofColumn column: Int, inLineAt offset: Int) -> Int {
        var position = lineStart(offset)
        let end = lineEnd(position)
        var left = column
        while left > 0, position < end {
            position = Clusters.next(in: document.bytes, after: position)
            left -= 1
        }
        return min(position, end)
    }

    // MARK: - Words

    private enum Kind { case space, word, sign }

    private static func kind(_ byte: UInt8) -> Kind {
        switch byte {
        case 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x20: .space
        case 0x30...0x39, 0x41...0x5A, 0x5F, 0x61...0x7A, 0x80...: .word
        default: .sign
        }
    }

    func wordStart(before offset: Int) -> Int {
        let bytes = document.bytes
        var index = offset
        while index > 0, Self.kind(bytes[index - 1]) == .space { index -= 1 }
        guard index > 0 else { return 0 }
        let kind = Self.kind(bytes[index - 1])
        while index > 0, Self.kind(bytes[index - 1]) == kind { index -= 1 }
        return Clusters.floor(in: bytes, index)
    }

    func wordEnd(after offset: Int) -> Int {
        let bytes = document.bytes
        var index = offset
        while index < bytes.count, Self.kind(bytes[index]) == .space { index += 1 }
        guard index < bytes.count else { return bytes.count }
        let kind = Self.kind(bytes[index])
        while index < bytes.count, Self.kind(bytes[index]) == kind { index += 1 }
        return ceiling(index)
    }

    private func ceiling(_ offset: Int) -> Int {
        let floor = Clusters.floor(in: document.bytes, offset)
        return floor == offset ? offset : Clusters.next(in: document.bytes, after: floor)
    }

    // MARK: - Search

    /// The next place of a text from an offset on (backwards: that begins before it); goes round the end once if `wrapping`.
    package func search(_ needle: [UInt8], from offset: Int, backwards: Bool = false, ignoringCase: Bool = true,
                        wrapping: Bool = true) -> Range<Int>? {
        let last = document.count - needle.count
        guard !needle.isEmpty, last >= 0 else { return nil }
        let offset = max(0, min(offset, document.count))
        let found: Int?
        if backwards {
            found = find(needle, in: stride(from: min(offset - 1, last), through: 0, by: -1), ignoringCase)
                ?? (wrapping ? find(needle, in: stride(from: last, through: max(0, offset), by: -1), ignoringCase) : nil)
        } else {
            found = find(needle, in: stride(from: offset, through: last, by: 1), ignoringCase)
                ?? (wrapping ? find(needle, in: stride(from: 0, through: min(offset - 1, last), by: 1), ignoringCase) : nil)
        }
        return found.map { $0..<$0 + needle.count }
    }

    private func find(_ needle: [UInt8], in starts: StrideThrough<Int>, _ ignoringCase: Bool) -> Int? {
        func fold(_ byte: UInt8) -> UInt8 { ignoringCase && byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte }
        let needle = needle.map(fold)
        return document.bytes.withUnsafeBufferPointer { bytes in
            for start in starts {
                var index = 0
                while index < needle.count, fold(bytes[start + index]) == needle[index] { index += 1 }
                if index == needle.count { return start }
            }
            return nil
        }
    }
}
