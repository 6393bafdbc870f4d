import Transformer

/// A short name for what must be the same again.
/// Source: FNV-1a, 64 bits (Fowler, Noll and Vo); it finds differences, not forgeries.
struct Digest {
    private var hash: UInt64 = 0xcbf2_9ce4_8422_2325

    mutating func add(_ bytes: some Sequence<UInt8>) { for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 } }

    var text: String {
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// Of all that edits do, to the bit.
    static func of(_ edits: [Edit]) -> String {
        var digest = Digest()
        for edit in edits {
            let positions = edit.positions.map { "\($0.lowerBound)-\($0.upperBound)" } ?? "all"
            digest.add("\(edit.site.rawValue) \(edit.layer) \(edit.head ?? -1) \(positions) \(edit.change.name)".utf8)
            let numbers = switch edit.change {
            case .zero, .mean: [Float]()
            case .scale(let factor): [factor]
            case .replace(let vector), .add(let vector): vector
            }
            for number in numbers { digest.add(" \(number.bitPattern)".utf8) }
            digest.add([10])
        }
        return digest.text
    }
}
