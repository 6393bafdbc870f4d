import Testing
import Workbench

@Suite("The pieces of a few-shot prompt under edits") struct ShotPiecesTests {
    private static let texts = ["Words.\n", "Review: good\nx: yes\n\n", "Review: bad\nx: no\n\n", "Review: fine\nx: yes\n\n", "Review: dull\nx:", ""]
    private static let text = texts.joined()

    private static func pieces(_ texts: [String] = texts) -> ShotPieces {
        ShotPieces(pieces: texts.enumerated().map { index, text in
            let kind: ShotPieces.Kind = index == 0 ? .instruction : index == texts.count - 1 ? .rest : index == texts.count - 2 ? .query
                : .shot(ShotPieces.Shot(pool: index))
            return ShotPieces.Piece(kind: kind, count: text.utf8.count)
        })
    }

    private static func split(_ text: String, _ pieces: ShotPieces) -> [String] {
        let bytes = Array(text.utf8)
        return pieces.ranges.map { String(decoding: bytes[$0], as: UTF8.self) }
    }

    /// Replaces one text by another where the cursor would stand behind it, as an editor does.
    private static func edit(_ old: String, by new: String, in text: String = text, _ pieces: inout ShotPieces, at cursor: Int? = nil,
                             chosen: Int? = nil, isWritten: Bool = false) throws -> (text: String, touched: ShotPieces.Touched?) {
        let range = try #require(text.range(of: old))
        let next = text.replacingCharacters(in: range, with: new)
        let end = text[..<range.lowerBound].utf8.count + new.utf8.count
        return (next, pieces.follow(from: Array(text.utf8), to: Array(next.utf8), cursor: cursor ?? end, chosen: chosen, isWritten: isWritten))
    }

    @Test("an edit inside a shot makes it the person's own and moves the others") func inside() throws {
        var pieces = Self.pieces()
        let (text, touched) = try Self.edit("bad", by: "a mess of a film", &pieces)
        #expect(touched == ShotPieces.Touched(pieces: [2], dropped: []))
        #expect(Self.split(text, pieces) == [Self.texts[0], Self.texts[1], "Review: a mess of a film\nx: no\n\n", Self.texts[3], Self.texts[4], ""])
        #expect(pieces.pieces.map(\.isEdited) == [false, false, true, false, false, false])
    }

    @Test("a shot that is cut out whole is found where it was, though the next begins like it") func cut() throws {
        for shot in 1...3 {
            var pieces = Self.pieces()
            let (text, touched) = try Self.edit(Self.texts[shot], by: "", &pieces)
            #expect(touched == ShotPieces.Touched(pieces: [shot], dropped: [shot]))
            var left = Self.texts
            left.remove(at: shot)
            #expect(Self.split(text, pieces) == left && !pieces.pieces.contains { $0.isEdited })
            // Where the cursor tells nothing, a border does.
            var blind = Self.pieces()
            _ = try Self.edit(Self.texts[shot], by: "", &blind, at: 0)
            #expect(blind == pieces)
        }
    }

    @Test("what is typed at a border belongs to the chosen shot, else to the one behind it") func border() throws {
        for (chosen, owner) in [(2, 2), (1, 1), (nil, 2)] as [(Int?, Int)] {
            var pieces = Self.pieces()
            let (_, touched) = try Self.edit("\n\nReview: bad", by: "\n\n!Review: bad", &pieces, at: Self.texts[0].utf8.count + Self.texts[1].utf8.count + 1, chosen: chosen)
            #expect(touched?.pieces == [owner])
        }
    }

    @Test("behind the query a person goes on with it, and a model begins the rest") func end() {
        for isWritten in [false, true] {
            var pieces = Self.pieces()
            let next = Self.text + " yes"
            let touched = pieces.follow(from: Array(Self.text.utf8), to: Array(next.utf8), cursor: next.utf8.count, chosen: nil, isWritten: isWritten)
            #expect(touched?.pieces == [isWritten ? 5 : 4])
            #expect(Self.split(next, pieces).suffix(2) == (isWritten ? ["Review: dull\nx:", " yes"] : ["Review: dull\nx: yes", ""]))
            #expect(pieces.pieces[4].isEdited == !isWritten && !pieces.pieces[5].isEdited)
        }
    }

    @Test("an edit over several shots leaves each what is left of it; those that are gone whole are named") func several() throws {
        var pieces = Self.pieces()
        let (text, touched) = try Self.edit("yes\n\nReview: bad\nx: no\n\nReview: fi", by: "~", &pieces)
        #expect(touched == ShotPieces.Touched(pieces: [1, 2, 3], dropped: [2]))
        #expect(Self.split(text, pieces) == [Self.texts[0], "Review: good\nx: ~", "ne\nx: yes\n\n", Self.texts[4], ""])
    }

    @Test("any edits at all: the pieces are always the whole text, and an edit inside one piece touches no other") func anything() {
        var dice = Dice(5)
        for round in 0..<200 {
            var pieces = Self.pieces(), text = Array(Self.text.utf8)
            for step in 0..<40 {
                let ranges = pieces.ranges, before = text
                let lower = dice.below(text.count + 1), upper = min(text.count, lower + (dice.below(3) == 0 ? dice.below(30) : dice.below(2)))
                let put = dice.below(4) == 0 ? [] : Array("Review: yes\n".utf8.prefix(dice.below(12)))
                text.replaceSubrange(lower..<upper, with: put)
                let old = pieces, touched = pieces.follow(from: before, to: text, cursor: lower + put.count, chosen: nil, isWritten: dice.below(5) == 0)
                #expect(pieces.count == text.count, "round \(round) step \(step)")
                #expect(pieces.pieces.count == old.pieces.count - (touched?.dropped.count ?? 0) && pieces.query != nil)
                if let touched, let piece = ranges.indices.first(where: { ranges[$0].lowerBound < lower && upper < ranges[$0].upperBound }) {
                    #expect(touched.pieces == [piece], "round \(round) step \(step)")
                }
                if touched == nil { #expect(before == text) }
            }
        }
    }
}
