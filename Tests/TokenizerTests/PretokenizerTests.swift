import Testing

import Tokenizer

@Suite("Pieces")
struct PretokenizerTests {
    private typealias Row = [String: Cell]

    private enum Cell: Decodable {
        case text(String)
        case lengths([Int])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            let lengths = try? container.decode([Int].self)
            self = try lengths.map { .lengths($0) } ?? .text(container.decode(String.self))
        }
    }

    @Test("are those of the published pattern, by PyPI's regex", arguments: Pretokenizer.table.map { $0.name })
    func published(name: String) throws {
        let tokenizer = try TinyModel(pattern: name, userDefined: []).tokenizer()
        let rows: [Row] = try Fixture.load("pieces.json")
        #expect(rows.count == 620)
        for row in rows {
            guard case .text(let text)? = row["text"], case .lengths(let lengths)? = row[name] else {
                Issue.record("a row without \(name)")
                continue
            }
            #expect(tokenizer.pieces(Array(text.utf8)).map { $0.count } == lengths, "\(text.debugDescription)")
        }
    }

    @Test("cover any bytes without gaps or overlap", arguments: Pretokenizer.table.map { $0.name })
    func cover(name: String) throws {
        let tokenizer = try TinyModel(pattern: name).tokenizer()
        var random = FixedRandom(state: 11)
        let alphabet: [UInt8] = [0x20, 0x0A, 0x27, 0x73, 0x31, 0x41, 0x80, 0xC3, 0xA9, 0xE2, 0x28, 0xF0, 0x9F, 0xFF, 0xED, 0xA0, 0x3C]
        for _ in 0..<2_000 {
            let text = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                Bool.random(using: &random) ? alphabet.randomElement(using: &random) ?? 0 : UInt8.random(in: 0...255, using: &random)
            }
            var end = 0
            for piece in tokenizer.pieces(text) {
                #expect(piece.lowerBound == end && !piece.isEmpty)
                end = piece.upperBound
            }
            #expect(end == text.count)
        }
    }

    @Test("longer than 1 MiB are cut between characters")
    func longest() throws {
        let tokenizer = try TinyModel(userDefined: []).tokenizer()
        for character in ["a", "é", "中", "👍"] {
            let text = [UInt8](String(repeating: character, count: 700_000).utf8)
            let pieces = tokenizer.pieces(text)
            #expect(pieces.count == (text.count + 1 << 20 - 1) >> 20 && pieces.last?.upperBound == text.count)
            #expect(pieces.allSatisfy { $0.count <= 1 << 20 && $0.lowerBound % character.utf8.count == 0 })
        }
    }

    @Test("know the classes of characters the script's Unicode gives them")
    func classes() {
        let known: [(UInt32, CharacterClass)] = [
            (0x41, .letter), (0xAA, .letter), (0xB2, .number), (0xBD, .number), (0xD7, .other), (0x300, .other), (0x661, .number), (0x1C, .other),
            (0x85, .space), (0x200B, .other), (0x3000, .space), (0x4E2D, .letter), (0xAC00, .letter), (0x1F44D, .other), (0x10FFFF, .other),
            (CodePoint.notText, .other),
        ]
        for point in 0..<UInt32(0x80) { #expect(CharacterClass(point) == CharacterClass.search(point), "U+\(String(point, radix: 16))") }
        for (point, kind) in known { #expect(CharacterClass(point) == kind, "U+\(String(point, radix: 16))") }
    }
}
