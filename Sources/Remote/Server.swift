import Foundation
import JSONText

/// A server that is asked over the network.
package final class Server: Sendable {
    package let connection: Connection
    private let key: Secret?
    private let http = HTTP()

    /// How long a server may be silent before that is an error, and how often it is asked again. Unit: seconds.
    package struct Patience: Sendable {
        package var idle = 120.0, retries = 3, firstWait = 0.5, longestWait = 60.0
        package init(idle: Double = 120, retries: Int = 3, firstWait: Double = 0.5) { (self.idle, self.retries, self.firstWait) = (idle, retries, firstWait) }
    }
    fileprivate let patience: Patience

    package init(_ connection: Connection, patience: Patience = Patience()) throws(RemoteFault) {
        (self.connection, self.patience) = (connection, patience)
        key = try connection.key()
    }

    deinit { http.close() }

    /// A whole answer as JSON.
    package func ask(_ path: String, _ body: JSON? = nil, cancelled: () -> Bool = { false }) throws(RemoteFault) -> JSON {
        try reply(path, body).whole(cancelled)
    }

    func reply(_ path: String, _ body: JSON?) -> Reply { Reply(self, path, body) }

    fileprivate func send(_ url: URL, _ body: JSON?) -> Exchange {
        http.send(body == nil ? "GET" : "POST", url, body: body.map { Array($0.text.utf8) }, key: key)
    }

    /// A server's words for people: short, on one line, without the key.
    fileprivate func plain(_ words: String) -> String {
        let line = words.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        let own = key?.removed(from: line) ?? line
        return own.count > 300 ? String(own.prefix(299)) + "…" : own
    }

    fileprivate static func words(_ refusal: [UInt8]) -> String {
        guard let json = try? JSON(parsing: refusal) else { return String(decoding: refusal, as: UTF8.self) }
        return complaint(json) ?? json["detail"]?.asString ?? json["message"]?.asString ?? ""
    }

    fileprivate static func complaint(_ json: JSON) -> String? {
        guard let error = json["error"], !error.isNull else { return nil }
        return error.asString ?? error["message"]?.asString ?? "an error without words"
    }
}

/// An answer, taken piece by piece by who asked.
///
/// The question is asked again, after a while, only where nothing of an answer has come; `cancelled` is looked at every 20 ms.
final class Reply {
    private let server: Server, body: JSON?
    private var url: URL
    private var exchange: Exchange
    private var status = 0, headers: [String: String] = [:], refusal: [UInt8] = []
    private var events = EventStream(), ready: ArraySlice<[UInt8]> = []
    private var hasBegun = false, isOver = false, attempts = 0, moves = 0

    /// Of an answer that comes whole, and of one that says why there is none. Unit: bytes.
    private static let answerLimit = 64 << 20, errorLimit = 64 << 10

    fileprivate init(_ server: Server, _ path: String, _ body: JSON?) {
        (self.server, self.body, url) = (server, body, server.connection.base.appendingPathComponent(path))
        exchange = server.send(url, body)
    }

    // Whatever way this is left, the server need not go on.
    deinit { exchange.cancel() }

    func whole(_ cancelled: () -> Bool) throws(RemoteFault) -> JSON {
        var bytes: [UInt8] = []
        while let piece = try next(cancelled) {
            bytes += piece
            guard bytes.count <= Self.answerLimit else { throw .tooLong(what: "an answer", limit: Self.answerLimit) }
        }
        do { return try JSON(parsing: bytes) } catch { throw .answer("it \(error)") }
    }

    /// The next of an answer's events; nil at its end.
    func event(_ cancelled: () -> Bool) throws(RemoteFault) -> JSON? {
        while ready.isEmpty {
            guard let piece = try next(cancelled) else { return nil }
            ready = try events.feed(piece)[...]
        }
        let event = ready.removeFirst()
        guard !event.elementsEqual("[DONE]".utf8) else {
            (isOver, ready) = (true, [])
            return nil
        }
        let json: JSON
        do { json = try JSON(parsing: event) } catch { throw .answer("an event \(error)") }
        if let words = Server.complaint(json) { throw .said(server.plain(words)) }
        return json
    }

    private func next(_ cancelled: () -> Bool) throws(RemoteFault) -> [UInt8]? {
        while true {
            do {
                guard let piece = try arrived(cancelled) else { return nil }
                hasBegun = true
                return piece
            } catch {
                let patience = server.patience
                var pause = patience.firstWait * Double(1 << attempts)
                if case .limited(let after?) = error { pause = after }
                guard !hasBegun, error.mayPass, attempts < patience.retries, pause <= patience.longestWait else { throw error }
                attempts += 1
                try Self.sleep(pause, cancelled)
                (status, headers, refusal, exchange) = (0, [:], [], server.send(url, body))
            }
        }
    }

    private static func sleep(_ seconds: Double, _ cancelled: () -> Bool) throws(RemoteFault) {
        let end = Date().addingTimeInterval(seconds)
        while Date() < end {
            guard !cancelled() else { throw .cancelled }
            Thread.sleep(forTimeInterval: min(0.02, max(0, end.timeIntervalSinceNow)))
        }
    }

    private func arrived(_ cancelled: () -> Bool) throws(RemoteFault) -> [UInt8]? {
        let idle = server.patience.idle
        var heard = Date()
        while !isOver {
            guard !cancelled() else { throw .cancelled }
            guard let event = exchange.next(within: 0.02) else {
                guard Date().timeIntervalSince(heard) < idle else { throw .silent(seconds: Int(idle)) }
                continue
            }
            heard = Date()
            switch event {
            case .head(let code, let fields): (status, headers) = (code, fields)
            case .data(let bytes):
                if status == 200 { return bytes }
                refusal += bytes.prefix(max(0, Self.errorLimit - refusal.count))
            case .moved(let next):
                moves += 1
                guard moves <= 5 else { throw .answer("it sends from one address to the next without end") }
                exchange.cancel()
                (url, status, headers, refusal) = (next, 0, [:], [])
                exchange = server.send(url, body)
            case .end(let fault):
                try end(fault)
                isOver = true
            }
        }
        return nil
    }

    private func end(_ fault: RemoteFault?) throws(RemoteFault) {
        if case .redirect? = fault, let fault { throw fault }
        if status == 429 { throw .limited(after: headers["retry-after"].flatMap(Double.init)) }
        guard status == 200 || status == 0 else { throw .status(status, server.plain(Server.words(refusal))) }
        if case .unreachable(_, let why)? = fault, status == 200 { throw .broken(why) }
        if let fault { throw fault }
    }
}
