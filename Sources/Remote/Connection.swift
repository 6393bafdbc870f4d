import Foundation

/// A server that a person named: where it is, which of its models, and where its key is to be found.
package struct Connection: Sendable, Equatable {
    package enum KeySource: Sendable, Equatable { case none, environment(String), file(String) }
    package let name: String
    /// Of the API, without a slash at its end: `http://127.0.0.1:8080/v1`.
    package let base: URL
    /// Nil: the first that the server has.
    package let model: String?
    package let keySource: KeySource
    /// Whether plain http may go to other machines.
    package let isInsecure: Bool
    /// How many questions of a sweep are on their way at once.
    package let parallel: Int
    package static let defaultParallel = 4, mostParallel = 256

    /// Throws: for an address that is none, that holds a key, or that would go over the network in the clear.
    package init(name: String, url: String, model: String? = nil, key: KeySource = .none, isInsecure: Bool = false, parallel: Int = defaultParallel) throws(RemoteFault) {
        guard var parts = URLComponents(string: url), let scheme = parts.scheme?.lowercased(), ["http", "https"].contains(scheme), let host = parts.host, !host.isEmpty else {
            throw .address(url, "http:// or https://, a machine and a port")
        }
        guard parts.user == nil, parts.password == nil, parts.query == nil, parts.fragment == nil else { throw .address(host, "an address without a user, a password or a question mark") }
        guard scheme == "https" || isInsecure || Self.isLoopback(host) else { throw .clear(host) }
        while parts.path.hasSuffix("/") { parts.path.removeLast() }
        if parts.path.isEmpty { parts.path = "/v1" }
        guard let base = parts.url else { throw .address(url, "an address") }
        (self.name, self.base, self.model, keySource, self.isInsecure, self.parallel) = (name, base, model, key, isInsecure, parallel)
    }

    private static func isLoopback(_ host: String) -> Bool {
        let numbers = host.split(separator: ".", omittingEmptySubsequences: false)
        return host == "localhost" || host == "::1" || host == "[::1]" || numbers.count == 4 && numbers[0] == "127" && numbers.allSatisfy { UInt8($0) != nil }
    }

    /// The key as it is now, where there is one.
    /// Throws: when it is not where the connection says, or lies open to others.
    package func key() throws(RemoteFault) -> Secret? {
        switch keySource {
        case .none: return nil
        case .environment(let name):
            guard let text = ProcessInfo.processInfo.environment[name], !text.isEmpty else { throw .noKey("the variable \(name) is not set") }
            return try Secret(text)
        case .file(let path):
            var status = stat()
            guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { throw .noKey("there is no file \(path)") }
            guard status.st_mode & 0o077 == 0 else { throw .noKey("\(path) can be read by others; chmod 600 it") }
            guard status.st_size <= 64 << 10, let data = FileManager.default.contents(atPath: path) else { throw .noKey("\(path) cannot be read") }
            return try Secret(String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
        }
    }
}

/// A key: it goes into one header and nowhere else; whatever is made of it as text does not hold it.
package struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let text: String

    init(_ text: String) throws(RemoteFault) {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { throw .noKey("it is empty or holds spaces") }
        self.text = text
    }

    package var description: String { "(key)" }
    package var debugDescription: String { "(key)" }
    package var customMirror: Mirror { Mirror(self, children: []) }

    var header: String { "Bearer " + text }
    /// A server's words without it: some repeat the key that they refuse.
    func removed(from words: String) -> String { words.replacingOccurrences(of: text, with: "(key)") }
}
