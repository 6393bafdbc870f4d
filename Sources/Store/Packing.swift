import Document
import Foundation
import Tokenizer

/// Numbers as bytes, little endian; any bytes can be read back, and what does not fit is left out.
enum Packing {
    /// Shape: 12 bytes a token: id, start, length with the top bit for a special one.
    static func data(_ kept: [DocToken]) -> Data {
        data(words: kept.flatMap { token in
            [UInt32(bitPattern: token.id), UInt32(truncatingIfNeeded: token.range.lowerBound),
             UInt32(truncatingIfNeeded: token.range.count) & 0x7FFF_FFFF | (token.special ? 0x8000_0000 : 0)]
        })
    }

    static func data(_ ids: [TokenID]) -> Data { data(words: ids.map { UInt32(bitPattern: $0) }) }
    static func data(_ numbers: [Float]) -> Data { data(words: numbers.map(\.bitPattern)) }

    static func kept(_ data: Data) -> [DocToken] {
        let words = words(data)
        return stride(from: 0, to: words.count - words.count % 3, by: 3).map { index in
            let start = Int(words[index + 1]), length = Int(words[index + 2] & 0x7FFF_FFFF)
            return DocToken(id: TokenID(bitPattern: words[index]), range: start..<start + length, kept: true,
                            special: words[index + 2] >> 31 == 1)
        }
    }

    /// A piece of a document; kept tokens that are out of order or outside its text are left out.
    static func fragment(_ text: Data, _ kept: Data) -> Fragment {
        if kept.isEmpty { return Fragment(bytes: Array(text)) }
        let document = Document(text: Array(text), kept: self.kept(kept))
        return Fragment(bytes: document.bytes, kept: document.kept)
    }

    static func ids(_ data: Data) -> [TokenID] { words(data).map { TokenID(bitPattern: $0) } }
    static func numbers(_ data: Data) -> [Float] { words(data).map { Float(bitPattern: $0) } }

    private static func data(words: [UInt32]) -> Data {
        words.map(\.littleEndian).withUnsafeBytes { Data($0) }
    }

    private static func words(_ data: Data) -> [UInt32] {
        data.withUnsafeBytes { bytes in
            (0..<bytes.count / 4).map { UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)) }
        }
    }
}
