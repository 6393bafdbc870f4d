import Foundation
import Glibc

/// A server on loopback that does what a test wants with each connection, and keeps what was asked.
final class FaultServer: @unchecked Sendable {
    /// What a connection is written to with; every piece goes out on its own.
    struct Peer {
        let descriptor: Int32
        /// False where the other side has gone.
        @discardableResult func write(_ bytes: some Collection<UInt8>) -> Bool {
            let all = Array(bytes)
            return all.isEmpty || all.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) } == all.count
        }
        @discardableResult func write(_ text: String) -> Bool { write(Array(text.utf8)) }
        func head(_ status: Int = 200, _ headers: String = "", length: Int? = nil) {
            write("HTTP/1.1 \(status) X\r\n\(headers)\(length.map { "Content-Length: \($0)\r\n" } ?? "")Connection: close\r\n\r\n")
        }
        func json(_ status: Int, _ body: String, _ headers: String = "") {
            head(status, headers, length: body.utf8.count)
            write(body)
        }
        /// Whether the other side closes within that time.
        func isClosed(within seconds: Double) -> Bool {
            var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard Glibc.poll(&poll, 1, Int32(seconds * 1000)) > 0 else { return false }
            var byte: UInt8 = 0
            return recv(descriptor, &byte, 1, Int32(MSG_PEEK)) <= 0
        }
    }

    let port: Int
    private let listener: Int32
    private let lock = NSLock()
    private var asked: [String] = []
    var requests: [String] { lock.withLock { asked } }

    /// - Parameter serve: the path, the body, and how many requests came before.
    init(_ serve: @escaping @Sendable (_ peer: Peer, _ path: String, _ body: String, _ count: Int) -> Void) throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let own = listener
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(own, $0, length) == 0 && getsockname(own, $0, &length) == 0 }
        }
        guard bound, listen(own, 256) == 0 else { throw POSIXError(.EADDRNOTAVAIL) }
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread.detachNewThread { [weak self] in
            while true {
                let descriptor = accept(own, nil, nil)
                guard descriptor >= 0 else { return }
                Thread.detachNewThread { [weak self] in
                    defer { close(descriptor) }
                    guard let (head, body) = Self.read(descriptor) else { return }
                    guard let self else { return }
                    let count = self.lock.withLock { self.asked.append(head + body); return self.asked.count - 1 }
                    serve(Peer(descriptor: descriptor), String(head.split(separator: " ").dropFirst().first ?? ""), body, count)
                }
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    private static func read(_ descriptor: Int32) -> (String, String)? {
        var bytes: [UInt8] = [], part = [UInt8](repeating: 0, count: 65_536)
        while true {
            let text = String(decoding: bytes, as: UTF8.self)
            if let end = text.range(of: "\r\n\r\n") {
                let head = String(text[..<end.upperBound]), body = String(text[end.upperBound...])
                let length = head.lowercased().split(separator: "\r\n").first { $0.hasPrefix("content-length:") }.flatMap { Int($0.dropFirst(15).trimmingCharacters(in: .whitespaces)) } ?? 0
                if body.utf8.count >= length { return (head, body) }
            }
            let count = recv(descriptor, &part, part.count, 0)
            guard count > 0 else { return nil }
            bytes += part[..<count]
        }
    }
}

/// Answers as a sound server does: enough for what it is asked before a test begins.
enum SoundServer {
    static let canary = "sk-canary-9f2c1d"

    static func event(_ text: String, _ finish: String? = nil) -> String {
        #"data: {"choices":[{"text":"\#(text)","finish_reason":\#(finish.map { "\"\($0)\"" } ?? "null")}]}"# + "\n\n"
    }

    /// Streams are left to the test; whole answers are given here.
    static func serve(_ peer: FaultServer.Peer, _ path: String, _ body: String) {
        switch path {
        case "/v1/models": peer.json(200, #"{"data":[{"id":"m"}]}"#)
        case "/v1/completions": peer.json(200, #"{"choices":[{"text":" a","finish_reason":"length","logprobs":{"content":[{"token":" a","bytes":[32,97],"id":7,"logprob":-0.5,"top_logprobs":[{"token":" a","bytes":[32,97],"id":7,"logprob":-0.5},{"token":" b","bytes":[32,98],"id":8,"logprob":-2}]}]}}]}"#)
        default: peer.json(404, "{}")
        }
    }
}
