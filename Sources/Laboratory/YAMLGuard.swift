/// Looks at YAML bytes before the parser does, which expands aliases and recurses.
enum YAMLGuard {
    static let depthLimit = 64

    static func fault(in bytes: [UInt8]) -> (line: Int, fact: ExperimentError.Fact)? {
        var line = 1, flow = 0, indicators = 0
        var anchors: Set<ArraySlice<UInt8>> = [], aliases: [ArraySlice<UInt8>: Int] = [:]
        for (index, byte) in bytes.enumerated() {
            switch byte {
            case UInt8(ascii: "\n"):
                line += 1
                indicators = 0
            case UInt8(ascii: "["), UInt8(ascii: "{"): flow += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"): flow = max(0, flow - 1)
            case UInt8(ascii: "-"), UInt8(ascii: "?"), UInt8(ascii: ":"):
                if index + 1 < bytes.count, bytes[index + 1] <= UInt8(ascii: " ") { indicators += 1 }
            case UInt8(ascii: "&"), UInt8(ascii: "*"):
                let name = bytes[(index + 1)...].prefix { isAnchor($0) }
                if name.isEmpty || (index > 0 && isAnchor(bytes[index - 1])) { continue }
                if byte == UInt8(ascii: "&") { anchors.insert(name) } else { aliases[name] = aliases[name] ?? line }
            default: break
            }
            if flow > depthLimit || indicators > depthLimit { return (line, .tooDeep(limit: depthLimit)) }
        }
        // An alias needs its anchor: text that only has one of the two is text.
        let used = aliases.filter { anchors.contains($0.key) }.values.min()
        return used.map { ($0, .alias) }
    }

    private static func isAnchor(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"), UInt8(ascii: "-"): true
        default: false
        }
    }
}
