/// Text to ids: special tokens first, then the pieces between them, each on its own.
extension Tokenizer {
    /// Unit: bytes. A longer piece is cut: it passes every context, and merging needs some twenty times its memory.
    private static let longestPiece = 1 << 20

    package func encode(_ text: [UInt8], specials: Bool = false) -> [TokenID] {
        var ids: [TokenID] = []
        // Prose has a token for three to four bytes.
        ids.reserveCapacity(text.count / 3)
        walk(text, controls: specials) { id, _ in ids.append(id) }
        return ids
    }

    /// - Parameter continues: whether the text goes on behind other text, so that no space is read before it.
    package func tokens(_ text: [UInt8], specials: Bool = false, continues: Bool = false) -> [Token] {
        var tokens: [Token] = []
        walk(text, controls: specials, continues: continues) { id, range in tokens.append(Token(id: id, range: range)) }
        return tokens
    }

    /// The pieces that are encoded each on its own; they cover the text.
    package func pieces(_ text: [UInt8]) -> [Range<Int>] {
        var pieces: [Range<Int>] = []
        cut(text, controls: false) { range, _ in pieces.append(range) }
        return pieces
    }

    private func walk(_ text: [UInt8], controls: Bool, continues: Bool = false, _ give: (TokenID, Range<Int>) -> Void) {
        switch scheme {
        case let .pairs(pairs, pretokenizer):
            var work = BytePairs.Work()
            cut(text, controls: controls) { piece, special in
                if let id = special ?? (pretokenizer.ignoresMerges ? vocabulary.id(text, piece) : nil) { return give(id, piece) }
                merge(text, piece, pairs, &work, give)
            }
        case .pieces(let pieces):
            var work = SentencePieces.Work(), isFirst = !continues
            cut(text, controls: controls) { piece, special in
                defer { isFirst = special != nil }
                if let special { return give(special, piece) }
                pieces.encode(text, piece, spaced: isFirst && pieces.addsSpace, vocabulary, &work, give)
            }
        }
    }

    private func merge(_ text: [UInt8], _ piece: Range<Int>, _ pairs: BytePairs, _ work: inout BytePairs.Work,
                       _ give: (TokenID, Range<Int>) -> Void) {
        let (spaced, count) = pairs.encode(text, piece, vocabulary.byteTokens, &work)
        var start = piece.lowerBound
        var index = 0
        while index < count {
            let id = work.ids[index]
            let length = id < 0 ? 1 : vocabulary.length(id)
            if id >= 0 { give(id, start..<start + length) }
            start += length
            index += spaced ? length : 1
        }
    }

    /// Goes through the special tokens and the pieces between them.
    private func cut(_ text: [UInt8], controls: Bool, _ give: (Range<Int>, TokenID?) -> Void) {
        var start = 0
        while start < text.count {
            let special = specials.first(in: text, from: start, controls: controls)
            let end = special?.range.lowerBound ?? text.count
            while start < end {
                var limit = min(end, start + Self.longestPiece)
                if limit < end, let character = (limit - 3...limit).last(where: { text[$0] & 0xC0 != 0x80 }) { limit = character }
                let pieceEnd = switch scheme {
                case let .pairs(_, pretokenizer): pretokenizer.pieceEnd(text, from: start, end: limit)
                case let .pieces(pieces): pieces.pieceEnd(text, from: start, end: limit)
                }
                give(start..<pieceEnd, nil)
                start = pieceEnd
            }
            if let special {
                give(special.range, special.id)
                start = special.range.upperBound
            }
        }
    }
}
