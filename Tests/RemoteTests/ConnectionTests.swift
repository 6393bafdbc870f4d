import Engine
import Foundation
import Remote
import Testing

@Suite("A connection")
struct ConnectionTests {
    private func fault(_ url: String, insecure: Bool = false) -> RemoteFault? {
        do { _ = try Connection(name: "t", url: url, isInsecure: insecure) } catch { return error }
        return nil
    }

    @Test("goes over plain http to this machine only, unless it says that it may")
    func clear() throws {
        for url in ["http://127.0.0.1:8080", "http://localhost:1/v1/", "http://[::1]:8080", "https://api.example.com/v1"] { #expect(fault(url) == nil, "\(url)") }
        #expect(fault("http://10.0.0.2:8080") == .clear("10.0.0.2") && fault("http://127.0.0.1.example.com") == .clear("127.0.0.1.example.com"))
        #expect(fault("http://10.0.0.2:8080", insecure: true) == nil)
        for url in ["", "ftp://x", "localhost:8080", "https://", "https://me:secret@x.org", "https://x.org/v1?key=1"] { #expect(fault(url) != nil, "\(url)") }
        #expect(try Connection(name: "t", url: "http://localhost:1/").base.absoluteString == "http://localhost:1/v1")
        #expect(try Connection(name: "t", url: "https://x.org/api/v2/").base.absoluteString == "https://x.org/api/v2")
    }

    @Test("has its key from a variable or from a file that is its owner's alone")
    func keys() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("terrarium-key-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let connection = try Connection(name: "t", url: "https://x.org", key: .file(path))
        #expect(throws: RemoteFault.self) { _ = try connection.key() }
        FileManager.default.createFile(atPath: path, contents: Data(" sk-1234 \n".utf8), attributes: [.posixPermissions: 0o644])
        #expect(throws: RemoteFault.noKey("\(path) can be read by others; chmod 600 it")) { _ = try connection.key() }
        chmod(path, 0o600)
        #expect(try connection.key() != nil)
        #expect(throws: RemoteFault.self) { _ = try Connection(name: "t", url: "https://x.org", key: .environment("TERRARIUM_NOT_SET")).key() }
        #expect(try Connection(name: "t", url: "https://x.org").key() == nil)
    }
}

@Suite("What a server can do", .serialized)
struct ProbeTests {
    /// The server lives as long as its model is asked.
    private struct Asked { let server: FaultServer, model: RemoteModel; var abilities: Abilities { model.abilities } }

    /// A server made of rules: which settings have an effect, whether it echoes, streams, chats.
    private func model(settings: Set<String>, echoes: Bool = false, offByOne: Bool = false, legacy: Bool = false) throws -> Asked {
        let server = try FaultServer { peer, path, body, _ in
            func number(_ key: String) -> Double? {
                guard let range = body.range(of: "\"\(key)\":") else { return nil }
                return Double(body[range.upperBound...].prefix { "-0123456789.e".contains($0) })
            }
            guard path != "/v1/models" else { return peer.json(200, #"{"data":[{"id":"m"},{"id":"n"}]}"#) }
            guard path == "/v1/completions" else { return peer.json(404, "{}") }
            if body.contains("\"stream\":true") {
                peer.head()
                for index in 0..<6 { peer.write(SoundServer.event("w\(index)")) }
                peer.write(SoundServer.event("", "length"))
                return
            }
            let isCut = ["top_k", "top_p", "min_p", "typical_p"].contains { key in settings.contains(key) && (key == "top_k" ? number(key) == 1 : key == "min_p" ? number(key) == 1 : number(key).map { $0 < 0.5 } == true) }
            let seed = settings.contains("seed") ? number("seed") ?? 0 : Double(Int.random(in: 0..<1_000_000))
            let isCold = settings.contains("temperature") && number("temperature") == 0
            var text = isCold || isCut ? "cold" : "hot\(Int(seed))"
            for key in ["repetition_penalty", "repeat_penalty", "presence_penalty", "frequency_penalty"] where settings.contains(key) && number(key) != nil { text += key }
            if settings.contains("logit_bias"), body.contains("logit_bias") { text += "biased" }
            let prompt = "The sky is blue and"
            if echoes, body.contains("\"echo\":true") {
                let tokens = prompt.split(separator: " ").enumerated().map { $0.offset == 0 ? "\($0.element)" : " \($0.element)" } + (offByOne ? [] : [" so"])
                let list = tokens.map { "\"\($0)\"" }.joined(separator: ","), values = tokens.indices.map { $0 == 0 ? "null" : "-\($0).5" }.joined(separator: ",")
                let tops = tokens.indices.map { $0 == 0 ? "null" : #"{" so":-5.5}"# }.joined(separator: ",")
                return peer.json(200, #"{"choices":[{"text":"\#(tokens.joined())","finish_reason":"length","logprobs":{"tokens":[\#(list)],"token_logprobs":[\#(values)],"top_logprobs":[\#(tops)]}}]}"#)
            }
            let logprobs = legacy ? #"{"tokens":["\#(text)"],"token_logprobs":[-0.25],"top_logprobs":[{"\#(text)":-0.25,"x":-3}]}"#
                : #"{"content":[{"token":"\#(text)","id":3,"logprob":-0.25,"top_logprobs":[{"token":"\#(text)","id":3,"logprob":-0.25}]}]}"#
            if legacy, number("logprobs").map({ $0 > 5 }) == true { return peer.json(400, "{}") }
            peer.json(200, #"{"choices":[{"text":"\#(text)","finish_reason":"length","logprobs":\#(body.contains("\"logprobs\"") ? logprobs : "null")}]}"#)
        }
        return Asked(server: server, model: try RemoteModel(Connection(name: "t", url: "http://127.0.0.1:\(server.port)"), patience: .init(idle: 300, retries: 0)))
    }

    @Test("is found by what its answers show, not by what it takes without a word")
    func settings() throws {
        let all: Set = ["seed", "temperature", "top_k", "top_p", "min_p", "typical_p", "repeat_penalty", "presence_penalty", "frequency_penalty", "logit_bias"]
        let able = try model(settings: all)
        #expect(able.abilities.settings == Set(SamplingField.ID.allCases) && able.abilities.seeds && able.abilities.tellsIDs)
        let little = try model(settings: ["seed", "temperature", "top_p"])
        #expect(little.abilities.settings == [.seed, .temperature, .topP, .maxTokens, .stop])
        var sampling = Sampling()
        (sampling.minP, sampling.presencePenalty) = (0.1, 1)
        #expect(little.model.ignored(sampling).map(\.key) == ["top_k", "min_p", "presence_penalty"])
        sampling.temperature = 0
        #expect(little.model.ignored(sampling).map(\.key) == ["presence_penalty"])
        let none = try model(settings: [])
        #expect(none.abilities.settings == [.maxTokens, .stop] && !none.abilities.seeds)
    }

    @Test("prompts are scored where they come back with probabilities, and refused elsewhere; what is in no list is unknown mass")
    func echo() throws {
        let able = try model(settings: ["temperature"], echoes: true, legacy: true)
        #expect(able.abilities.scoresPrompts && able.abilities.topLogprobs == 2 && !able.abilities.tellsIDs)
        let tokens = try able.model.score(Array("The sky is blue and".utf8), top: 1, cancelled: { false })
        #expect(tokens.map(\.logprob) == [nil, -1.5, -2.5, -3.5, -4.5] && tokens[0].unknownMass == nil)
        #expect(throws: RemoteFault.self) { _ = try able.model.score(Array("Another text".utf8), top: 1, cancelled: { false }) }
        let shifted = try model(settings: ["temperature"], echoes: true, offByOne: true, legacy: true)
        #expect(shifted.abilities.scoresPrompts && refuses(shifted.model, "The sky is blue and"))
        let other = try model(settings: ["temperature"])
        #expect(!other.abilities.scoresPrompts && refuses(other.model))
        let token = TextToken(bytes: [97], id: nil, logprob: -0.25, top: [.init(bytes: [97], id: nil, logprob: -0.25), .init(bytes: [98], id: nil, logprob: -3)])
        #expect(abs((token.unknownMass ?? 0) - (1 - exp(-0.25) - exp(-3))) < 1e-6)
    }

    private func refuses(_ model: RemoteModel, _ text: String = "A") -> Bool { (try? model.score(Array(text.utf8), top: 1, cancelled: { false })) == nil }
}
