import Foundation
import Remote

/// A server whose model is a rule: words are its tokens, a word's logprob follows from it and the one before, and a text goes on
/// with numbers. Made of a test's wishes.
final class WordServer: @unchecked Sendable {
    struct Wishes: Sendable {
        /// Whether it tells of a prompt's tokens.
        var echoes = true
        /// It tells of them by a field of its own, as vLLM does.
        var names = false
        /// Of so many first questions of each text, `busy` are refused for a moment.
        var busy = 0
        /// Answers come after a while of chance.
        var dawdles = false
    }
    private let lock = NSLock()
    private var refusals = 0
    private(set) var server: FaultServer!
    private var now = 0, most = 0
    /// The most questions that were answered at once.
    var atOnce: Int { lock.withLock { most } }

    static func words(_ text: String) -> [String] {
        var words: [String] = [], word = ""
        for character in text {
            if character == " " || character == "\n", !word.isEmpty {
                words.append(word)
                word = ""
            }
            word.append(character)
        }
        return words + (word.isEmpty ? [] : [word])
    }

    static func logprob(_ word: String, after before: String) -> Double {
        let hash = (before + "|" + word).utf8.reduce(UInt64(5381)) { $0 &* 33 &+ UInt64($1) }
        return -Double(hash % 4000) / 1000 - 0.001
    }

    private static func string(_ key: String, in body: String) -> String {
        guard let object = try? JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any] else { return "" }
        return object[key] as? String ?? ""
    }

    private static func quoted(_ text: String) -> String { (try? String(data: JSONEncoder().encode(text), encoding: .utf8)) ?? "\"\"" }

    private static func piece(_ words: [(String, Double?)], _ finish: String?) -> String {
        let tokens = words.map { quoted($0.0) }.joined(separator: ","), values = words.map { $0.1.map { "\($0)" } ?? "null" }.joined(separator: ",")
        let tops = words.map { word in word.1.map { "{\(quoted(word.0)):\($0),\" or\":-9.5}" } ?? "null" }.joined(separator: ",")
        return "{\"choices\":[{\"text\":\(quoted(words.map(\.0).joined())),\"finish_reason\":\(finish.map { "\"\($0)\"" } ?? "null"),"
            + "\"logprobs\":{\"tokens\":[\(tokens)],\"token_logprobs\":[\(values)],\"top_logprobs\":[\(tops)]}}]}"
    }

    init(_ wishes: Wishes = Wishes()) throws {
        server = try FaultServer { [weak self] peer, path, body, _ in
            guard let self else { return }
            self.lock.withLock { (self.now, self.most) = (self.now + 1, max(self.most, self.now + 1)) }
            defer { self.lock.withLock { self.now -= 1 } }
            guard path != "/v1/models" else { return peer.json(200, #"{"data":[{"id":"words"}]}"#) }
            guard path == "/v1/completions" else { return peer.json(404, "{}") }
            let prompt = Self.string("prompt", in: body)
            if prompt.contains("Q:"), self.lock.withLock({ self.refusals += 1; return self.refusals <= wishes.busy }) { return peer.json(429, "{}", "Retry-After: 0\r\n") }
            if wishes.dawdles { usleep(UInt32.random(in: 0..<20_000)) }
            let words = Self.words(prompt)
            if body.contains("\"echo\":true"), wishes.echoes {
                let told = words.enumerated().map { index, word in (word, index == 0 ? nil : Self.logprob(word, after: words[index - 1])) }
                return peer.json(200, Self.piece(told + [(" so", -0.0005)], "length"))
            }
            if body.contains("\"prompt_logprobs\":0"), wishes.names {
                let told = words.enumerated().map { index, word in
                    index == 0 ? "null" : "{\"\(index + 40)\":{\"logprob\":\(Self.logprob(word, after: words[index - 1])),\"rank\":1,\"decoded_token\":\(Self.quoted(word))}}"
                }
                return peer.json(200, "{\"choices\":[{\"text\":\" so\",\"finish_reason\":\"length\",\"logprobs\":null,\"prompt_logprobs\":[\(told.joined(separator: ","))]}]}")
            }
            let drawn = (0..<3).map { (" \(prompt.utf8.count + $0)", Double(-0.25)) } as [(String, Double?)]
            guard body.contains("\"stream\":true") else { return peer.json(200, Self.piece(drawn, "length")) }
            peer.head(200, "Content-Type: text/event-stream\r\n")
            for word in drawn { peer.write("data: \(Self.piece([word], nil))\n\n") }
            peer.write(prompt.hasSuffix("cut") ? "" : "data: \(Self.piece([], "length"))\n\ndata: [DONE]\n\n")
        }
    }

    /// With a key of its own in the environment, and so many questions at once.
    func model(parallel: Int = 4) throws -> RemoteModel {
        let connection = try Connection(name: "words", url: "http://127.0.0.1:\(server.port)", key: .environment(RemoteFaultTests.variable), parallel: parallel)
        return try RemoteModel(connection, patience: .init(idle: 300, retries: 6, firstWait: 0.02))
    }
}
