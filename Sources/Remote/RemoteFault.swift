/// Why a server did not answer as it was asked: the facts, with the prose in one place.
package enum RemoteFault: Error, Sendable, Equatable, CustomStringConvertible {
    case address(String, String)
    case clear(String)
    case noKey(String)
    case unreachable(String, String)
    case certificate(String)
    case redirect(String)
    case status(Int, String)
    case limited(after: Double?)
    case silent(seconds: Int)
    /// The connection broke off in the middle of an answer.
    case broken(String)
    case tooLong(what: String, limit: Int)
    case answer(String)
    case said(String)
    case unable(String)
    case cancelled

    package var description: String {
        switch self {
        case let .address(found, expected): "the address \(found) is none; \(expected) was expected."
        case .clear(let host): "\(host) is another machine, and http sends text and key in the clear; use https, or say insecure: true in connections.yaml."
        case .noKey(let why): "the key is not there: \(why)."
        case let .unreachable(host, why): "\(host) does not answer (\(why)); check that the server runs and its address."
        case .certificate(let host): "\(host) shows a certificate that nobody vouches for; let the server use one that this machine trusts."
        case .redirect(let origin): "the server sends to \(origin), and text and key go nowhere else unasked; put that address into connections.yaml if it is right."
        case let .status(code, words):
            "the server answered \(code)" + (Self.meaning(code).map { " (\($0))" } ?? "") + (words.isEmpty ? "." : ": \(words)")
        case .limited(let after): "the server takes no more requests now" + (after.map { "; it says to wait \(Int($0.rounded(.up))) s" } ?? "") + "; try again later."
        case .silent(let seconds): "the server said nothing for \(seconds) s; it may be loading, or stuck."
        case .broken(let why): "the connection broke off in the middle of the answer (\(why)); what came is kept."
        case let .tooLong(what, limit): "\(what) of the server is longer than \(limit) bytes and was not read further."
        case .answer(let what): "the server's answer is not what the API says: \(what)."
        case .said(let words): "the server stopped with an error: \(words)"
        case .unable(let what): "\(what)."
        case .cancelled: "cancelled."
        }
    }

    private static func meaning(_ code: Int) -> String? {
        switch code {
        case 401, 403: "the key is missing or wrong"
        case 404: "no such address or model"
        case 400, 422: "it does not take the request"
        case 500...599: "it failed"
        default: nil
        }
    }

    /// Whether the same request may well be answered a moment later.
    var mayPass: Bool {
        switch self {
        case .unreachable, .limited: true
        case .status(let code, _): (500...599).contains(code)
        default: false
        }
    }
}
