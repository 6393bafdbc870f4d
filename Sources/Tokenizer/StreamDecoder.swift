/// Turns bytes that come in any portions into text, whole characters at a time.
///
/// What has come out so far plus `finish()` always equals the decoding of all bytes at once; bytes that cannot become a
/// character come out as U+FFFD as soon as that is certain.
package struct StreamDecoder: Sendable {
    private var pending: [UInt8] = []

    package init() {}

    package mutating func append(_ bytes: some Sequence<UInt8>) -> String {
        pending.append(contentsOf: bytes)
        let whole = pending.count - unfinished
        guard whole > 0 else { return "" }
        let text = String(decoding: pending[..<whole], as: UTF8.self)
        pending.removeFirst(whole)
        return text
    }

    /// What is left, an unfinished character as U+FFFD.
    package mutating func finish() -> String {
        defer { pending = [] }
        return String(decoding: pending, as: UTF8.self)
    }

    /// How many bytes at the end may still become a character.
    private var unfinished: Int {
        for count in 1...3 where count <= pending.count {
            let index = pending.count - count
            let lead = pending[index]
            if lead & 0xC0 == 0x80 { continue }
            let fits = CodePoint.expected(lead) > count && (count == 1 || CodePoint.allowsSecond(lead, pending[index + 1]))
            return fits ? count : 0
        }
        return 0
    }
}
