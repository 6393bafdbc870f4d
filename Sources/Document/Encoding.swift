import Tokenizer

extension Document {
    /// Brings `tokens` up to date, encoding only what edits touched.
    package mutating func encode(with tokenizer: Tokenizer) {
        if self.tokenizer !== tokenizer {
            dissolveStrangers(to: tokenizer)
            stale = [0..<count]
            (tokens, ids) = ([], [])
            self.tokenizer = tokenizer
            margin = (0..<tokenizer.count).reduce(4) { longest, id in
                tokenizer.isSpecial(TokenID(id)) ? max(longest, tokenizer.bytes(TokenID(id)).count) : longest
            }
        }
        guard !stale.isEmpty else { return }
        // A tokenizer that does not split at spaces has no local boundaries: its runs are encoded whole.
        let local = tokenizer.pieces(Array("a b".utf8)).count > 1
        for range in stale { encode(range, with: tokenizer, local: local) }
        stale = []
    }

    /// The ids that a model reads before the cursor: a document cut there, encoded.
    package func ids(before offset: Int, tokenizer: Tokenizer) -> [TokenID] {
        var head = self
        head.truncate(at: offset)
        head.encode(with: tokenizer)
        return head.ids
    }

    /// Forgets the tokens over an old range, which has become `newCount` bytes, and moves those behind it.
    mutating func invalidate(_ old: Range<Int>, newCount: Int) {
        let delta = newCount - old.count
        let first = firstToken(from: old.lowerBound)
        var end = first
        while end < tokens.count, tokens[end].range.lowerBound < old.upperBound || tokens[end].range == old.upperBound..<old.upperBound { end += 1 }
        tokens.removeSubrange(first..<end)
        ids.removeSubrange(first..<end)
        tokens.shift(from: first, by: delta)

        var fresh = old.lowerBound..<old.lowerBound + newCount
        var merged: [Range<Int>] = []
        var placed = false
        for range in stale {
            if range.upperBound < old.lowerBound {
                merged.append(range)
            } else if range.lowerBound > old.upperBound {
                if !placed { merged.append(fresh); placed = true }
                merged.append(range.lowerBound + delta..<range.upperBound + delta)
            } else {
                let upper = max(range.upperBound, old.upperBound) + delta
                fresh = min(range.lowerBound, fresh.lowerBound)..<max(upper, fresh.upperBound)
            }
        }
        if !placed { merged.append(fresh) }
        stale = merged
    }

    private mutating func encode(_ range: Range<Int>, with tokenizer: Tokenizer, local: Bool) {
        let region = region(around: range, local: local)
        var fresh: [DocToken] = []
        var position = region.lowerBound
        var index = kept.firstIndex(endingAfter: position)
        while position < region.upperBound {
            let isKept = index < kept.count && kept[index].range.lowerBound == position
            if isKept {
                fresh.append(kept[index])
                position = kept[index].range.upperBound
                index += 1
                continue
            }
            let runEnd = index < kept.count ? kept[index].range.lowerBound : count
            let end = min(runEnd, region.upperBound)
            // A little more is shown to the tokenizer, so that it cuts there as it would in the whole run.
            let shown = min(runEnd, end + margin)
            let continues = position > 0 && !(index > 0 && kept[index - 1].special && kept[index - 1].range.upperBound == position)
            for token in tokenizer.tokens(Array(bytes[position..<shown]), continues: continues) where token.range.upperBound + position <= end {
                fresh.append(DocToken(id: token.id, range: token.range, kept: false, special: false).shifted(by: position))
            }
            // A tokenizer with other boundaries than these: its runs are encoded whole.
            if local, end < runEnd, fresh.last?.range.upperBound != end { return encode(range, with: tokenizer, local: false) }
            position = end
        }
        let first = firstToken(from: region.lowerBound)
        var last = first
        while last < tokens.count, tokens[last].range.lowerBound < region.upperBound { last += 1 }
        // A token matched in plain text may reach over what is a boundary elsewhere.
        if local, first < last, tokens[first].range.lowerBound < region.lowerBound
            || tokens[last - 1].range.upperBound > region.upperBound {
            return encode(range, with: tokenizer, local: false)
        }
        tokens.replaceSubrange(first..<last, with: fresh)
        ids.replaceSubrange(first..<last, with: fresh.map(\.id))
    }

    /// The first token that ends behind a place, or stands for no bytes there: a space that is read before a text.
    private func firstToken(from place: Int) -> Int {
        var first = tokens.firstIndex(endingAfter: place)
        while first > 0, tokens[first - 1].range == place..<place { first -= 1 }
        return first
    }

    /// The stretch to encode again: from a sure boundary before the range to one behind it, or to the ends of its runs.
    private func region(around range: Range<Int>, local: Bool) -> Range<Int> {
        let before = kept.firstIndex(endingAfter: range.lowerBound - 1)
        // The run that holds the byte before the range, if that byte is not kept.
        var lower = range.lowerBound
        if lower > 0, !(before < kept.count && kept[before].range.lowerBound < lower) {
            let runStart = before > 0 ? kept[before - 1].range.upperBound : 0
            lower = local ? Boundary.last(in: bytes, from: runStart, to: lower - margin) : runStart
        }
        let after = kept.firstIndex(endingAfter: range.upperBound)
        var upper = range.upperBound
        if upper < count, !(after < kept.count && kept[after].range.lowerBound <= upper) {
            let runEnd = after < kept.count ? kept[after].range.lowerBound : count
            upper = local ? Boundary.first(in: bytes, from: upper + margin, to: runEnd) : runEnd
        }
        return lower..<upper
    }

    /// The stretches of a range outside of its chips that border on what stands around it: one, or two if there are chips.
    func bordering(_ range: Range<Int>) -> [Range<Int>] {
        let first = kept.firstIndex(endingAfter: range.lowerBound)
        let chips = kept[first...].prefix { $0.range.lowerBound < range.upperBound }.filter(\.special)
        guard let head = chips.first, let tail = chips.last else { return [range] }
        return [range.lowerBound..<head.range.lowerBound, tail.range.upperBound..<range.upperBound]
    }

    /// The pieces that an edit touches, looked at in the text as it is: those that meet the range, or that an empty range splits.
    func touchedPieces(around range: Range<Int>) -> Range<Int> {
        guard !kept.isEmpty else { return range.lowerBound..<range.lowerBound }
        var start = 0
        var end = count
        for chip in kept where chip.special {
            if chip.range.upperBound <= range.lowerBound { start = chip.range.upperBound }
            if chip.range.lowerBound >= range.upperBound { end = chip.range.lowerBound; break }
        }
        let lower = Boundary.last(in: bytes, from: start, to: range.lowerBound - margin)
        let upper = Boundary.first(in: bytes, from: range.upperBound + margin, to: end)
        guard let tokenizer else { return lower..<upper }
        let shown = min(end, upper + margin)
        var touched: Range<Int>?
        for piece in tokenizer.pieces(Array(bytes[lower..<shown])) {
            let piece = piece.lowerBound + lower..<piece.upperBound + lower
            let met = range.isEmpty
                ? piece.lowerBound < range.lowerBound && range.lowerBound < piece.upperBound
                : piece.lowerBound < range.upperBound && range.lowerBound < piece.upperBound
            if met { touched = (touched?.lowerBound ?? piece.lowerBound)..<piece.upperBound }
        }
        return touched ?? range.lowerBound..<range.lowerBound
    }
}

/// Places where every pre-tokeniser cuts, whatever stands around them: a letter or digit before, none behind.
enum Boundary {
    /// The last sure boundary at or before `limit`; `start` if there is none behind it.
    static func last(in bytes: [UInt8], from start: Int, to limit: Int) -> Int {
        bytes.withUnsafeBufferPointer { bytes in
            var index = limit
            while index > start {
                if isCut(bytes, at: index, start: start) { return index }
                index -= 1
            }
            return start
        }
    }

    /// The first sure boundary at or behind `start`; `limit` if there is none before it.
    static func first(in bytes: [UInt8], from start: Int, to limit: Int) -> Int {
        bytes.withUnsafeBufferPointer { bytes in
            var index = start
            while index < limit {
                if isCut(bytes, at: index, start: 0) { return index }
                index += 1
            }
            return limit
        }
    }

    private static func isCut(_ bytes: UnsafeBufferPointer<UInt8>, at index: Int, start: Int) -> Bool {
        endsWord(bytes, before: index, start: start) && startsGap(bytes, at: index)
    }

    /// ASCII that is no letter or digit, or one of the ideographic stops and the full-width comma.
    private static func startsGap(_ bytes: UnsafeBufferPointer<UInt8>, at index: Int) -> Bool {
        let byte = bytes[index]
        if byte < 0x80 { return !isAlphanumeric(byte) }
        guard index + 2 < bytes.count else { return false }
        let next = (bytes[index + 1], bytes[index + 2])
        return byte == 0xE3 && next == (0x80, 0x81) || byte == 0xE3 && next == (0x80, 0x82) || byte == 0xEF && next == (0xBC, 0x8C)
    }

    /// A character that is a letter or a digit for certain: ASCII, Latin-1 and Cyrillic letters, ideographs, Hangul, kana.
    private static func endsWord(_ bytes: UnsafeBufferPointer<UInt8>, before index: Int, start: Int) -> Bool {
        let last = bytes[index - 1]
        if last < 0x80 { return isAlphanumeric(last) }
        guard last < 0xC0, index - 2 >= start else { return false }
        let middle = bytes[index - 2]
        if middle >= 0xC0 {
            return (middle == 0xC3 && last != 0x97 && last != 0xB7) || middle == 0xD0 || middle == 0xD1
        }
        guard middle >= 0x80, index - 3 >= start else { return false }
        switch bytes[index - 3] {
        case 0xE5...0xE9, 0xEB, 0xEC: return true
        case 0xE3: return middle == 0x81 && last != 0x80
        default: return false
        }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}
