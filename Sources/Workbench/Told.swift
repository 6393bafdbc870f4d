import Engine

/// What a server told of tokens, found again by the text before them: it holds wherever that text stands, in whichever branch.
package struct Told: Sendable {
    /// A token that was told of, at its place in a text.
    package struct Place: Sendable, Equatable {
        /// Of the token's bytes; empty where it does not stand there. Unit: bytes.
        package let range: Range<Int>
        package let token: TextToken
        /// Whether the token stands there.
        package var stands: Bool { !range.isEmpty }
    }

    /// By the hash of the text before.
    private var known: [UInt64: TextToken] = [:]
    package init() {}

    /// Source: FNV-1a, 64 bits (Fowler, Noll and Vo).
    private static let start: UInt64 = 0xcbf2_9ce4_8422_2325
    private static func next(_ hash: UInt64, _ byte: UInt8) -> UInt64 { (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    private static func hash(_ text: some Sequence<UInt8>) -> UInt64 { text.reduce(start, next) }

    /// Keeps what was told of tokens that follow each other behind a text.
    package mutating func take(_ tokens: [TextToken], after text: some Sequence<UInt8>) {
        var hash = Self.hash(text)
        for token in tokens where !token.bytes.isEmpty {
            // A list once told is not lost to a stream that came without one.
            if !token.top.isEmpty || known[hash] == nil { known[hash] = token }
            for byte in token.bytes { hash = Self.next(hash, byte) }
        }
    }

    /// The places of a text that something is known of, in order.
    package func places(in text: [UInt8]) -> [Place] {
        guard !known.isEmpty else { return [] }
        var places: [Place] = [], hash = Self.start
        for offset in 0...text.count {
            if let token = known[hash] {
                let stands = text[offset...].starts(with: token.bytes)
                places.append(Place(range: offset..<(stands ? offset + token.bytes.count : offset), token: token))
            }
            if offset < text.count { hash = Self.next(hash, text[offset]) }
        }
        return places
    }
}
