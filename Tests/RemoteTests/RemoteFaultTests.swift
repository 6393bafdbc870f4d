import Engine
import Foundation
import Remote
import Testing

@Suite("A server that fails", .serialized)
struct RemoteFaultTests {
    static let variable: String = {
        setenv("TERRARIUM_TEST_KEY", SoundServer.canary, 1)
        return "TERRARIUM_TEST_KEY"
    }()
    /// Long: the client works in the queues of the system, which tests that compute for minutes may hold. `make test` runs these alone.
    static let patience = Server.Patience(idle: 300, retries: 2, firstWait: 0.05)

    /// What a person would see of one generation: the text, and the end or the fault.
    struct Seen { var text = "", end: TextEnd?, fault: RemoteFault? }

    private func connection(_ server: FaultServer) throws -> Connection {
        try Connection(name: "t", url: "http://127.0.0.1:\(server.port)", key: .environment(Self.variable))
    }

    /// A server that answers soundly until the test's own stream is asked for: the second that is.
    private func generate(_ stream: @escaping @Sendable (FaultServer.Peer, Int) -> Void, idle: Double = 300,
                          cancelled: @escaping () -> Bool = { false }) throws -> (Seen, FaultServer) {
        let streams = Counter()
        let server = try FaultServer { peer, path, body, _ in
            guard body.contains("\"stream\":true") else { return SoundServer.serve(peer, path, body) }
            let number = streams.next()
            guard number > 0 else {
                peer.head(200, "Content-Type: text/event-stream\r\n")
                peer.write(SoundServer.event("x", "length") + "data: [DONE]\n\n")
                return
            }
            stream(peer, number - 1)
        }
        let model = try RemoteModel(connection(server), patience: .init(idle: idle, retries: 2, firstWait: 0.05))
        var seen = Seen()
        do { seen.end = try model.generate(Array("Hi".utf8), sampling: Sampling(), seed: 1, top: 0, cancelled: cancelled) { seen.text += String(decoding: $0.bytes, as: UTF8.self) } } catch let fault as RemoteFault { seen.fault = fault }
        return (seen, server)
    }

    private final class Counter: @unchecked Sendable {
        private let lock = NSLock()
        private var count = 0
        func next() -> Int { lock.withLock { count += 1; return count - 1 } }
        var value: Int { lock.withLock { count } }
    }

    private static let sound = SoundServer.event("one") + SoundServer.event(" two") + SoundServer.event("", "stop") + "data: [DONE]\n\n"

    @Test("nothing is lost however the stream is cut into pieces", arguments: [1, 2, 3, 7, 64, 4096])
    func pieces(size: Int) throws {
        let (seen, _) = try generate { peer, _ in
            peer.head()
            let all = Array(Self.sound.utf8)
            for start in stride(from: 0, to: all.count, by: size) { peer.write(all[start..<min(all.count, start + size)]) }
        }
        #expect(seen.text == "one two" && seen.end == .eos && seen.fault == nil)
    }

    @Test("an end without a reason is cut, with what came: at any place of the stream", arguments: [0, 20, 60, 75, 100, 140])
    func early(place: Int) throws {
        let (seen, _) = try generate { peer, _ in
            peer.head()
            peer.write(Array(Self.sound.utf8).prefix(place))
        }
        #expect(seen.end == .cut && "one two".hasPrefix(seen.text) && seen.fault == nil)
    }

    @Test("a connection that breaks off where more was promised keeps what came")
    func broken() throws {
        let (seen, _) = try generate { peer, _ in
            peer.head(length: 10_000)
            peer.write(SoundServer.event("one"))
        }
        #expect(seen.text == "one" && seen.end == .cut)
    }

    @Test("silence ends after the patience, and says so")
    func silence() throws {
        let (seen, _) = try generate({ peer, _ in
            peer.head()
            peer.write(SoundServer.event("one"))
            _ = peer.isClosed(within: 300)
        }, idle: 6)
        #expect(seen.text == "one" && seen.fault == .silent(seconds: 6))
    }

    @Test("what is no JSON, no choices, too long, or an error in the stream is said as what it is", arguments: [
        ("data: {oops\n\n", "not JSON"), ("data: {\"a\":1}\n\n", "without choices"), ("data: {\"error\":{\"message\":\"out of slots\"}}\n\n", "out of slots"),
        ("data: " + String(repeating: "x", count: EventStream.limit), "longer than"),
    ])
    func wrong(text: String, words: String) throws {
        let (seen, _) = try generate { peer, _ in
            peer.head()
            peer.write(SoundServer.event("one") + text)
        }
        #expect(seen.text == "one" && seen.fault.map { "\($0)".contains(words) } == true, "\(String(describing: seen.fault))")
    }

    @Test("a refusal has its number, its meaning and the server's words; it is asked again where that may help", arguments: [
        (400, "it does not take the request", 1), (401, "key is missing or wrong", 1), (404, "no such address or model", 1), (500, "it failed", 3), (503, "it failed", 3),
    ])
    func refusals(status: Int, words: String, asked: Int) throws {
        let counter = Counter()
        let (seen, _) = try generate { peer, _ in
            _ = counter.next()
            peer.json(status, #"{"error":{"message":"no: \#(SoundServer.canary) is wrong"}}"#)
        }
        let said = seen.fault.map { "\($0)" } ?? ""
        #expect(said.contains("\(status)") && said.contains(words) && said.contains("no: (key) is wrong") && !said.contains(SoundServer.canary), "\(said)")
        #expect(counter.value == asked)
    }

    @Test("a full server is asked again when it said to, and a failing one after a while, and then the text comes")
    func again() throws {
        let (seen, _) = try generate { peer, count in
            if count == 0 { return peer.json(429, "{}", "Retry-After: 0\r\n") }
            if count == 1 { return peer.json(503, "{}") }
            peer.head()
            peer.write(Self.sound)
        }
        #expect(seen.text == "one two" && seen.end == .eos)
        let (full, _) = try generate { peer, _ in peer.json(429, "{}", "Retry-After: 1000\r\n") }
        #expect(full.fault == .limited(after: 1000))
    }

    @Test("once something was shown, nothing is asked again")
    func once() throws {
        let counter = Counter()
        let (seen, _) = try generate { peer, _ in
            _ = counter.next()
            peer.head(length: 9999)
            peer.write(SoundServer.event("one"))
        }
        #expect(seen.text == "one" && counter.value == 1)
    }

    @Test("to another origin nobody is led; within its own the question is asked there")
    func redirects() throws {
        let away = try generate { peer, _ in peer.json(307, "", "Location: http://127.0.0.1:1/v1/completions\r\n") }.0
        #expect(away.fault == .redirect("http://127.0.0.1:1"))
        let (home, server) = try generate { peer, count in
            if count == 0 { return peer.json(307, "", "Location: /v1/completions\r\n") }
            peer.head()
            peer.write(Self.sound)
        }
        #expect(home.text == "one two")
        #expect(server.requests.suffix(2).allSatisfy { $0.contains("\"prompt\":\"Hi\"") })
    }

    @Test("cancelled, it is left at once, and the server sees it")
    func cancel() throws {
        let start = Counter(), left = Counter()
        let clock = Started()
        let (seen, _) = try generate({ peer, _ in
            peer.head()
            peer.write(SoundServer.event("one"))
            _ = start.next()
            if peer.isClosed(within: 300) { _ = left.next() }
        }, cancelled: {
            guard start.value > 0 else { return false }
            return clock.since > 0.1
        })
        #expect(seen.end == nil && seen.fault == nil && clock.since < 30, "left long before the server would end")
        for _ in 0..<1000 where left.value == 0 { Thread.sleep(forTimeInterval: 0.02) }
        #expect(left.value == 1)
    }

    private final class Started: @unchecked Sendable {
        private let lock = NSLock()
        private var first: Date?
        var since: Double { lock.withLock { first = first ?? Date(); return Date().timeIntervalSince(first ?? Date()) } }
    }

    @Test("64 streams at once come whole, each its own")
    func many() throws {
        let server = try FaultServer { peer, path, body, _ in
            guard body.contains("\"stream\":true") else { return SoundServer.serve(peer, path, body) }
            let word = body.components(separatedBy: "\"prompt\":\"").last?.prefix { $0 != "\"" } ?? ""
            peer.head()
            for index in 0..<20 {
                peer.write(SoundServer.event("\(word)\(index) "))
                Thread.sleep(forTimeInterval: 0.002)
            }
            peer.write(SoundServer.event("", "length") + "data: [DONE]\n\n")
        }
        let model = try RemoteModel(connection(server), patience: .init(idle: 300, retries: 0))
        let texts = Texts(), group = DispatchGroup()
        for stream in 0..<64 {
            group.enter()
            Thread.detachNewThread {
                defer { group.leave() }
                var text = ""
                let end = try? model.generate(Array("s\(stream)-".utf8), sampling: Sampling(), seed: 1, top: 0, cancelled: { false }) { text += String(decoding: $0.bytes, as: UTF8.self) }
                texts.set(stream, end == .length ? text : "end \(String(describing: end))")
            }
        }
        group.wait()
        for stream in 0..<64 { #expect(texts[stream] == (0..<20).map { "s\(stream)-\($0) " }.joined()) }
    }

    private final class Texts: @unchecked Sendable {
        private let lock = NSLock()
        private var all: [Int: String] = [:]
        func set(_ key: Int, _ text: String) { lock.withLock { all[key] = text } }
        subscript(key: Int) -> String? { lock.withLock { all[key] } }
    }

    @Test("with a certificate that nobody vouches for is not spoken to")
    func certificate() throws {
        let process = Process(), out = Pipe(), input = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures/tls.py").path]
        (process.standardOutput, process.standardInput) = (out, input)
        try process.run()
        defer {
            try? input.fileHandleForWriting.close()
            process.waitUntilExit()
        }
        let port = Int(String(decoding: out.fileHandleForReading.availableData, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
        let connection = try Connection(name: "t", url: "https://127.0.0.1:\(port)", key: .environment(Self.variable))
        #expect(throws: RemoteFault.certificate("127.0.0.1")) { _ = try RemoteModel(connection, patience: Self.patience) }
    }

    @Test("the key goes into one header and nowhere else")
    func canary() throws {
        let (seen, server) = try generate { peer, _ in
            peer.head()
            peer.write("data: {\"error\":\"bad \(SoundServer.canary)\"}\n\n")
        }
        #expect(seen.fault.map { "\($0)".contains("bad (key)") } == true)
        #expect(server.requests.allSatisfy { $0.components(separatedBy: SoundServer.canary).count == 2 && $0.contains("Authorization: Bearer \(SoundServer.canary)") })
        let key = try #require(try connection(server).key())
        var dumped = ""
        dump(key, to: &dumped)
        for text in ["\(key)", String(reflecting: key), dumped, "\(try connection(server))"] { #expect(!text.contains(SoundServer.canary)) }
    }
}
