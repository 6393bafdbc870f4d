import Foundation
#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// Requests to one server. The only place that knows an HTTP client: the toolchain's URLSession, which verifies certificates and
/// honours the proxy of the environment.
///
/// Redirects are followed within the server's own origin only. Nothing is kept: no cookies, no cache.
final class HTTP: NSObject, URLSessionDataDelegate, Sendable {
    private struct Open { var exchanges: [Int: Exchange] = [:] }
    private let open = Locked(Open())
    private let session = Locked<URLSession?>(nil)

    override init() {
        super.init()
        let settings = URLSessionConfiguration.ephemeral
        (settings.httpMaximumConnectionsPerHost, settings.urlCache, settings.httpCookieStorage) = (256, nil, nil)
        (settings.timeoutIntervalForRequest, settings.timeoutIntervalForResource) = (86_400, 604_800)
        let made = URLSession(configuration: settings, delegate: self, delegateQueue: nil)
        session.with { $0 = made }
    }

    /// Nothing more is asked; the session lets go of its delegate, which it holds.
    func close() {
        open.with { $0.exchanges.values.forEach { $0.leave() } }
        session.with { session in session?.delegateQueue.addOperation { [session] in session?.invalidateAndCancel() } }
    }

    func send(_ method: String, _ url: URL, body: [UInt8]?, key: Secret?) -> Exchange {
        var request = URLRequest(url: url)
        request.httpMethod = method
        request.setValue("terrarium", forHTTPHeaderField: "User-Agent")
        if let body {
            request.httpBody = Data(body)
            request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        }
        if let key { request.setValue(key.header, forHTTPHeaderField: "Authorization") }
        let exchange = Exchange(host: url.host ?? "the server")
        guard let (task, queue) = session.with({ session in session.map { ($0.dataTask(with: request), $0.delegateQueue) } }) else { return exchange }
        // In turn with the client's calls: a task that is cancelled within one of them traps.
        exchange.onCancel = { queue.addOperation { task.cancel() } }
        open.with { $0.exchanges[task.taskIdentifier] = exchange }
        task.resume()
        return exchange
    }

    private func exchange(_ task: URLSessionTask) -> Exchange? { open.with { $0.exchanges[task.taskIdentifier] } }

    func urlSession(_: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
                    completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void) {
        if let http = response as? HTTPURLResponse {
            var headers: [String: String] = [:]
            for (name, value) in http.allHeaderFields { headers["\(name)".lowercased()] = "\(value)" }
            exchange(dataTask)?.put(.head(status: http.statusCode, headers: headers))
        }
        completionHandler(.allow)
    }

    func urlSession(_: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) { exchange(dataTask)?.put(.data(Array(data))) }

    func urlSession(_: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse, newRequest: URLRequest,
                    completionHandler: @escaping @Sendable (URLRequest?) -> Void) {
        func origin(_ url: URL?) -> String { "\(url?.scheme ?? "")://\(url?.host ?? "")\((url?.port).map { ":\($0)" } ?? "")" }
        let next = origin(newRequest.url)
        guard let exchange = exchange(task), !exchange.isCancelled else { return }
        // The client would ask there without the body.
        exchange.moved = newRequest.url.flatMap { next == origin(task.originalRequest?.url) ? .moved($0) : nil } ?? .end(.redirect(next))
        completionHandler(nil)
    }

    func urlSession(_: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        let exchange = open.with { $0.exchanges.removeValue(forKey: task.taskIdentifier) }
        if let moved = exchange?.moved {
            exchange?.put(moved)
            return
        }
        exchange?.put(.end(error.map { Self.fault($0, exchange?.host ?? "") }))
    }

    private static func fault(_ error: any Error, _ host: String) -> RemoteFault {
        let error = error as NSError, words = (error.userInfo[NSLocalizedDescriptionKey] as? String ?? "error \(error.code)")
        if error.code == NSURLErrorCancelled { return .cancelled }
        let isTLS = (-1206 ... -1200).contains(error.code) || words.lowercased().contains("certificate") || words.contains("SSL")
        return isTLS ? .certificate(host) : .unreachable(host, words)
    }
}

/// One request and what comes back, handed from the client's thread to the one that asked.
final class Exchange: Sendable {
    enum Event: Sendable {
        case head(status: Int, headers: [String: String])
        case data([UInt8])
        /// The same question is to be asked elsewhere on the same server.
        case moved(URL)
        case end(RemoteFault?)
    }
    let host: String
    private struct Queue { var events: [Event] = [], isCancelled = false, onCancel: (@Sendable () -> Void)?, moved: Event? }
    private let queue = Locked(Queue())
    private let arrived = DispatchSemaphore(value: 0)

    init(host: String) { self.host = host }

    var onCancel: (@Sendable () -> Void)? {
        get { queue.with { $0.onCancel } }
        set { queue.with { $0.onCancel = newValue } }
    }

    /// Where the server sends, told once its answer is over.
    var moved: Event? {
        get { queue.with { $0.moved } }
        set { queue.with { $0.moved = newValue } }
    }

    var isCancelled: Bool { queue.with { $0.isCancelled } }

    func put(_ event: Event) {
        queue.with { $0.events.append(event) }
        arrived.signal()
    }

    func cancel() {
        leave()
        onCancel?()
    }

    /// Nobody waits for what comes any more.
    func leave() { queue.with { $0.isCancelled = true } }

    /// What comes next; nil when nothing came in that time.
    func next(within seconds: Double) -> Event? {
        guard arrived.wait(timeout: .now() + seconds) == .success else { return nil }
        return queue.with { $0.events.isEmpty ? nil : $0.events.removeFirst() }
    }
}

/// A value that one thread at a time reaches.
final class Locked<Value>: @unchecked Sendable {
    private var value: Value
    private let lock = NSLock()
    init(_ value: Value) { self.value = value }
    func with<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result {
        lock.lock()
        defer { lock.unlock() }
        return try body(&value)
    }
}
