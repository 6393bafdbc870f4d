import GGUF

/// The tokens of a model: bytes by id in one blob, and ids by bytes in a flat open-addressing table.
///
/// Token text in the file is written in GPT-2's alphabet of visible characters, or with U+2581 for spaces and single bytes as
/// `<0x0A>`; here it is the bytes it stands for.
struct Vocabulary: Sendable {
    /// The format's numbers for kinds of tokens.
    enum Kind: UInt8, Sendable {
        case undefined, normal, unknown, control, userDefined, unused, byte
    }

    private var blob: [UInt8] = []
    private var starts: [UInt32] = []
    private var kinds: [Kind] = []
    /// Ids plus one, 0 where free; only tokens that plain text may become.
    private var slots: [UInt32] = []
    /// The id of each single byte; -1 where the model has none.
    private(set) var byteTokens = [TokenID](repeating: -1, count: 256)

    var count: Int { kinds.count }

    enum Spelling { case alphabet, pieces }

    init(_ tokens: StringTable, kinds numbers: [Int], spelling: Spelling = .alphabet) {
        let alphabet = ByteAlphabet()
        blob.reserveCapacity(tokens.count * 8)
        starts.reserveCapacity(tokens.count + 1)
        kinds.reserveCapacity(tokens.count)
        starts.append(0)
        var capacity = 16
        while capacity < tokens.count * 2 { capacity *= 2 }
        slots = [UInt32](repeating: 0, count: capacity)
        for id in 0..<tokens.count {
            let kind = Kind(rawValue: UInt8(clamping: numbers[id])) ?? .undefined
            let range = tokens.range(id)
            let text = tokens.bytes[range]
            if kind == .control || kind == .userDefined || kind == .unknown {
                blob.append(contentsOf: text)
            } else if spelling == .alphabet {
                alphabet.decode(tokens.bytes, range, into: &blob)
            } else if kind == .byte, let byte = Vocabulary.byte(text) {
                blob.append(byte)
                byteTokens[Int(byte)] = TokenID(id)
            } else {
                Vocabulary.unspace(text, into: &blob)
            }
            starts.append(UInt32(blob.count))
            kinds.append(kind)
            if !isAdded(TokenID(id)) && kind != .unknown && !(spelling == .pieces && kind == .byte) { insert(TokenID(id)) }
        }
    }

    /// Words that are told apart by their places alone; text becomes none of them.
    init(words: [[UInt8]]) {
        starts.append(0)
        for word in words {
            blob += word
            starts.append(UInt32(blob.count))
            kinds.append(.unused)
        }
        slots = [0]
    }

    /// The byte that `<0x0A>` and its like name.
    private static func byte(_ text: ArraySlice<UInt8>) -> UInt8? {
        guard text.count == 6, text.starts(with: "<0x".utf8) else { return nil }
        return UInt8(String(decoding: text.dropFirst(3).dropLast(), as: UTF8.self), radix: 16)
    }

    /// Appends the text with spaces for U+2581.
    private static func unspace(_ text: ArraySlice<UInt8>, into out: inout [UInt8]) {
        var index = text.startIndex
        while index < text.endIndex {
            if text[index] == 0xE2, index + 2 < text.endIndex, text[index + 1] == 0x96, text[index + 2] == 0x81 {
                out.append(0x20)
                index += 3
            } else {
                out.append(text[index])
                index += 1
            }
        }
    }

    static func == (a: Vocabulary, b: Vocabulary) -> Bool { a.kinds == b.kinds && a.starts == b.starts && a.blob == b.blob }

    /// Where the bytes of a token that exists lie in the blob.
    private func range(_ id: TokenID) -> Range<Int> { Int(starts[Int(id)])..<Int(starts[Int(id) + 1]) }

    func contains(_ id: TokenID) -> Bool { id >= 0 && Int(id) < count }
    func bytes(_ id: TokenID) -> ArraySlice<UInt8> { contains(id) ? blob[range(id)] : [] }
    func length(_ id: TokenID) -> Int { contains(id) ? range(id).count : 0 }
    func kind(_ id: TokenID) -> Kind { contains(id) ? kinds[Int(id)] : .undefined }
    /// Whether a token was added beside those that text was found to be made of.
    func isAdded(_ id: TokenID) -> Bool { [.control, .userDefined].contains(kind(id)) }
    /// Whether it is more than text: added white space is only that.
    func isSpecial(_ id: TokenID) -> Bool { kind(id) == .control || kind(id) == .userDefined && !bytes(id).allSatisfy { $0 == 0x20 || (0x09...0x0D).contains($0) } }

    private mutating func insert(_ id: TokenID) {
        let own = range(id)
        guard !own.isEmpty else { return }
        if own.count == 1, byteTokens[Int(blob[own.lowerBound])] < 0 { byteTokens[Int(blob[own.lowerBound])] = id }
        var slot = Vocabulary.hash(blob, own) & (slots.count - 1)
        while slots[slot] != 0 {
            // Of two tokens with the same bytes the first is the one text becomes.
            if equal(TokenID(slots[slot] - 1), blob, own) { return }
            slot = (slot + 1) & (slots.count - 1)
        }
        slots[slot] = UInt32(id) + 1
    }

    /// The token with these bytes, special ones aside.
    func id(_ bytes: [UInt8], _ range: Range<Int>) -> TokenID? {
        var slot = Vocabulary.hash(bytes, range) & (slots.count - 1)
        while slots[slot] != 0 {
            let id = TokenID(slots[slot] - 1)
            if equal(id, bytes, range) { return id }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    private func equal(_ id: TokenID, _ bytes: [UInt8], _ other: Range<Int>) -> Bool {
        let own = range(id)
        guard own.count == other.count else { return false }
        for offset in 0..<own.count where blob[own.lowerBound + offset] != bytes[other.lowerBound + offset] { return false }
        return true
    }

    // FNV-1a with a last mix, because only its low bits are used.
    private static func hash(_ bytes: [UInt8], _ range: Range<Int>) -> Int {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for index in range { hash = (hash ^ UInt64(bytes[index])) &* 0x100_0000_01b3 }
        hash ^= hash >> 32
        return Int(truncatingIfNeeded: hash & 0x7fff_ffff)
    }
}

/// GPT-2's alphabet: every byte as one visible character, so that token text never holds a space or a control character.
/// Source: Radford et al. 2019, `bytes_to_unicode`.
struct ByteAlphabet {
    /// The byte of each character below U+0144; -1 where none.
    private var byteOf = [Int16](repeating: -1, count: 0x144)

    init() {
        var next = 256
        for byte in 0..<256 {
            if (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || (0xAE...0xFF).contains(byte) {
                byteOf[byte] = Int16(byte)
            } else {
                byteOf[next] = Int16(byte)
                next += 1
            }
        }
    }

    /// Appends the bytes that `text[range]` stands for; characters outside the alphabet stand for themselves.
    func decode(_ text: [UInt8], _ range: Range<Int>, into out: inout [UInt8]) {
        var index = range.lowerBound
        while index < range.upperBound {
            let point = CodePoint(text, at: index, end: range.upperBound)
            if point.value < byteOf.count, byteOf[Int(point.value)] >= 0 {
                out.append(UInt8(truncatingIfNeeded: byteOf[Int(point.value)]))
            } else {
                out.append(contentsOf: text[index..<index + point.length])
            }
            index += point.length
        }
    }
}
