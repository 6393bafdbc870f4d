import Terminal

/// Which line of the candidates panel holds what; lines count from the inside's first.
struct CandidatesSheet: Equatable {
    /// The actual token, or the number of tokens before the place.
    private(set) var head: Int?
    /// What is typed while sampling by hand.
    private(set) var filter: Int?
    private(set) var pinned: Int?
    private(set) var sought: Int?
    private(set) var header: Int?
    private(set) var rest: Int?
    /// The line of the first candidate.
    private(set) var first = 0
    /// The ranks on the screen.
    private(set) var window = 0..<0

    init(_ state: State, height: Int) {
        guard height > 0, let count = state.reading.here?.rows else { return }
        func line() -> Int {
            defer { first += 1 }
            return first
        }
        if height >= 2, state.candidates.byHand != nil { filter = line() }
        // That nothing stands here yet is worth a line only where there are many.
        if height >= (state.actualToken == nil ? 10 : 7) { head = line() }
        if height >= 6, state.pin != nil { pinned = line() }
        if height >= 2, !state.sought.isEmpty { sought = line() }
        if height >= 5 { header = line() }
        if height >= 3 { rest = height - 1 }
        let rows = height - first - (rest == nil ? 0 : 1)
        window = state.candidates.window(rows: rows, count: count)
    }
}

/// Where the columns of a candidate stand; nil for one that the width does not allow.
struct CandidateColumns: Equatable {
    struct Column: Equatable {
        var x = 0
        var width: Int
        var end: Int { x + width }
    }
    private(set) var rank: Column
    private(set) var mark: Column
    private(set) var token: Column
    private(set) var id: Column?
    private(set) var raw: Column
    /// The probability at the pinned place, the rank there, and the sign of the change.
    private(set) var pinned: Column?
    private(set) var pinnedRank: Column?
    private(set) var change: Column?
    private(set) var after: Column?
    private(set) var logprob: Column?
    private(set) var bar: Column?
    private static let number = 7

    init(width: Int, highestRank: Int, vocabulary: Int, isPinned: Bool = false) {
        let wide = width >= 44, gap = wide ? 2 : 1, idDigits = "\(max(0, vocabulary - 1))".count
        rank = Column(width: max(wide ? 2 : 1, "\(highestRank)".count))
        mark = Column(width: wide ? 3 : 1)
        token = Column(width: 6)
        raw = Column(width: Self.number)
        // A wide panel keeps its last column free of the border.
        var left = width - (wide ? 1 : 0) - rank.width - mark.width - token.width - gap - raw.width
        func take(_ columns: Int) -> Column? {
            guard left >= columns + gap else { return nil }
            left -= columns + gap
            return Column(width: columns)
        }
        func more(_ column: Column, to limit: Int) -> Int {
            let more = max(0, min(left, limit - column.width))
            left -= more
            return more
        }
        if isPinned {
            pinned = take(Self.number)
            change = take(1)
            pinnedRank = take(max(3, idDigits))
        }
        after = take(Self.number)
        if isPinned { token.width += more(token, to: 10) }
        // What a row is told apart by, deep in the vocabulary, is its logprob; only a narrow panel puts the bar first.
        if wide { logprob = take(Self.number) }
        bar = take(5)
        token.width += more(token, to: 10)
        if !wide { logprob = take(Self.number) }
        id = take(idDigits)
        token.width += more(token, to: id == nil ? 10 : 20)
        if let bar { self.bar?.width += more(bar, to: 36) }
        token.width += more(token, to: 40)
        place(gap)
    }

    private mutating func place(_ gap: Int) {
        mark.x = rank.end
        token.x = mark.end
        var x = token.end + gap
        func put(_ column: inout Column?) {
            guard let width = column?.width else { return }
            column?.x = x
            x += width + gap
        }
        put(&id)
        raw.x = x
        x = raw.end + gap
        put(&change)
        put(&pinned)
        put(&pinnedRank)
        put(&after)
        put(&logprob)
        put(&bar)
    }
}
