/// Server-sent events out of bytes that arrive in any pieces.
///
/// In: bytes. Out: the data of each event, its lines joined. Comments, names and numbers of events are left out; lines end in LF, CR
/// or both, also where a piece ends between the two. Source: the HTML standard, "Server-sent events".
package struct EventStream: Sendable {
    /// Of a line, and of an event. Unit: bytes.
    package static let limit = 4 << 20

    private var line: [UInt8] = [], data: [UInt8] = []
    private var hasData = false, skipsLF = false, isFirst = true

    package init() {}

    /// Throws: when a line or an event is longer than the limit.
    package mutating func feed(_ bytes: some Sequence<UInt8>) throws(RemoteFault) -> [[UInt8]] {
        var events: [[UInt8]] = []
        for byte in bytes {
            defer { skipsLF = byte == 0x0D }
            if byte == 0x0A, skipsLF { continue }
            if byte == 0x0A || byte == 0x0D {
                if let event = endLine() { events.append(event) }
                continue
            }
            line.append(byte)
            guard line.count + data.count <= Self.limit else { throw .tooLong(what: "an event", limit: Self.limit) }
        }
        return events
    }

    private mutating func endLine() -> [UInt8]? {
        defer { line.removeAll(keepingCapacity: true) }
        if isFirst, line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        isFirst = false
        guard !line.isEmpty else {
            defer { (data, hasData) = ([], false) }
            return hasData ? data : nil
        }
        guard line.starts(with: "data".utf8) else { return nil }
        var rest = line.dropFirst(4)
        guard rest.isEmpty || rest.first == UInt8(ascii: ":") else { return nil }
        rest = rest.dropFirst()
        if rest.first == 0x20 { rest = rest.dropFirst() }
        if hasData { data.append(0x0A) }
        data.append(contentsOf: rest)
        hasData = true
        return nil
    }
}
