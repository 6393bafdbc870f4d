/// Refuses front matter that could blow up in a YAML parser: anchors and aliases, and deep nesting.
///
/// It reads as much YAML as it takes to know text from structure, and where it cannot know, it takes text for structure.
struct YAMLGuard {
    static let deepest = 32
    private let bytes: [UInt8]
    private var line = 1
    private var depth = 0
    /// The quote of a quoted text that goes on over line ends.
    private var quote: UInt8?
    /// Inside a block text: the least indentation of its lines; 0 until its first line is seen.
    private var block: Int?
    private var keyIndent = 0
    /// The indentations that the current line is nested in.
    private var indents: [Int] = []

    static func check(_ yaml: [UInt8]) throws(Fault) {
        var scan = YAMLGuard(bytes: yaml)
        var start = 0
        while start < yaml.count {
            let end = yaml[start...].firstIndex(of: 0x0A) ?? yaml.count
            try scan.read(start..<end)
            start = end + 1
            scan.line += 1
        }
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private mutating func read(_ range: Range<Int>) throws(Fault) {
        var index = range.lowerBound
        while index < range.upperBound, bytes[index] == 0x20 { index += 1 }
        let indent = index - range.lowerBound
        if index == range.upperBound || bytes[index] == 0x0D { return }
        if let least = block {
            if indent > keyIndent, indent >= least {
                if least == 0 { block = indent }
                return
            }
            block = nil
        }
        keyIndent = indent
        indents.removeLast(indents.count - (indents.firstIndex { $0 >= indent } ?? indents.count))
        indents.append(indent)
        if indents.count > Self.deepest { throw Fault(line, .tooDeep(limit: Self.deepest)) }
        var dashes = 0
        var fresh = true
        while index < range.upperBound {
            let byte = bytes[index]
            if let open = quote {
                if fresh || isGap(before: index) { try refuseAnchor(at: index, range) }
                if byte == 0x5C, open == 0x22 { index += 1 } else if byte == open { quote = nil; fresh = false }
                index += 1
                continue
            }
            let gap = index == range.lowerBound || isGap(before: index)
            if byte == 0x23, gap { return }
            if byte == 0x20 || byte == 0x09 { index += 1; continue }
            guard fresh || startsToken(after: index, range) else { index += 1; continue }
            fresh = false
            switch byte {
            case 0x2A, 0x26: try refuseAnchor(at: index, range)
            case 0x22, 0x27: index = closeOfQuote(from: index, range) ?? { quote = byte; return index }()
            case 0x5B, 0x7B:
                depth += 1
                if depth > Self.deepest { throw Fault(line, .tooDeep(limit: Self.deepest)) }
                fresh = true
            case 0x5D, 0x7D: depth = max(0, depth - 1)
            case 0x2C, 0x21: fresh = byte == 0x2C
            case 0x2D, 0x3F, 0x3A:
                if index + 1 == range.upperBound || bytes[index + 1] == 0x20 || bytes[index + 1] == 0x09 {
                    dashes += 1
                    if dashes > Self.deepest { throw Fault(line, .tooDeep(limit: Self.deepest)) }
                    fresh = true
                }
            case 0x7C, 0x3E:
                // In a list or a flow the indentation that ends the text is not this line's: it is read as structure.
                if dashes == 0, depth == 0 { block = 0; return }
            default: break
            }
            index += 1
        }
    }

    /// True behind what ends a token on this line: a colon and a gap, a tag, or in a flow a comma or bracket.
    private func startsToken(after index: Int, _ range: Range<Int>) -> Bool {
        var before = index - 1
        let gap = before >= range.lowerBound && (bytes[before] == 0x20 || bytes[before] == 0x09)
        while before >= range.lowerBound, bytes[before] == 0x20 || bytes[before] == 0x09 { before -= 1 }
        guard before >= range.lowerBound else { return true }
        if gap, bytes[before] == 0x3A { return true }
        if gap, wordIsTag(endingAt: before, range) { return true }
        guard depth > 0 else { return false }
        let here = bytes[index]
        return [0x2C, 0x5B, 0x5D, 0x7B, 0x7D].contains(here) || [0x2C, 0x5B, 0x7B, 0x3A].contains(bytes[before])
    }

    private func wordIsTag(endingAt end: Int, _ range: Range<Int>) -> Bool {
        var start = end
        while start > range.lowerBound, bytes[start - 1] != 0x20, bytes[start - 1] != 0x09 { start -= 1 }
        return bytes[start] == 0x21
    }

    private func isGap(before index: Int) -> Bool {
        index > 0 && (bytes[index - 1] == 0x20 || bytes[index - 1] == 0x09 || bytes[index - 1] == 0x0A)
    }

    private func refuseAnchor(at index: Int, _ range: Range<Int>) throws(Fault) {
        guard bytes[index] == 0x2A || bytes[index] == 0x26, index + 1 < range.upperBound else { return }
        let next = bytes[index + 1]
        if next > 0x20 { throw Fault(line, .alias) }
    }

    /// Where a quoted text ends on its line; nil if it goes on.
    private func closeOfQuote(from start: Int, _ range: Range<Int>) -> Int? {
        var index = start + 1
        while index < range.upperBound {
            if bytes[index] == 0x5C, bytes[start] == 0x22 { index += 2; continue }
            if bytes[index] == bytes[start] {
                guard bytes[start] == 0x27, index + 1 < range.upperBound, bytes[index + 1] == 0x27 else { return index }
                index += 1
            }
            index += 1
        }
        return nil
    }
}

extension PromptFile {
    /// Refuses YAML that could blow up in a parser, wherever it is from.
    /// Throws: a fact about it.
    package static func checkYAML(_ bytes: [UInt8]) throws { try YAMLGuard.check(bytes) }
}
