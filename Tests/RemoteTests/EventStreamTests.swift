import Remote
import Testing

@Suite("Server-sent events")
struct EventStreamTests {
    static let text = Array("\u{FEFF}: a comment\ndata: one\n\nevent: x\r\ndata: two\r\ndata:lines\r\n\r\nid: 3\rdata: é🎉\r\rdata\n\ndatas: no\n\nretry: 5\n\ndata:  kept space\n\n".utf8)
    static let expected = ["one", "two\nlines", "é🎉", "", " kept space"]

    private func read(_ pieces: [ArraySlice<UInt8>]) throws -> [String] {
        var stream = EventStream()
        return try pieces.flatMap { try stream.feed($0) }.map { String(decoding: $0, as: UTF8.self) }
    }

    @Test("are the same however the bytes are cut: whole, in two at every place, and one by one")
    func splits() throws {
        #expect(try read([Self.text[...]]) == Self.expected)
        for place in 0...Self.text.count { #expect(try read([Self.text[..<place], Self.text[place...]]) == Self.expected) }
        #expect(try read(Self.text.indices.map { Self.text[$0...$0] }) == Self.expected)
    }

    @Test("that are not ended by an empty line are not given out")
    func open() throws {
        #expect(try read([Array("data: x\n".utf8)[...]]).isEmpty)
        #expect(try read([Array("data: x".utf8)[...]]).isEmpty)
    }

    @Test("longer than the limit are refused, in one line or in many")
    func limit() {
        #expect(throws: RemoteFault.self) { _ = try read([[UInt8](repeating: 0x61, count: EventStream.limit + 1)[...]]) }
        let line = Array("data: ".utf8) + [UInt8](repeating: 0x61, count: 1000) + [0x0A]
        #expect(throws: RemoteFault.self) { _ = try read([[UInt8]](repeating: line, count: EventStream.limit / 1000 + 2).map { $0[...] }) }
    }
}
