import Foundation
import Testing

/// DESIGN.md section 7: each format on the real model, against numbers made outside this project.
@Suite("Formats of the command line", .enabled(if: CommandLineRun.isReady, CommandLineRun.comment))
struct CommandLineFormatTests {
    static let prompt = "The capital of France is"
    static let ids = [504, 3575, 282, 4649, 314]

    private func run(_ arguments: String..., input: String = prompt) throws -> CommandLineRun.Result {
        let result = try CommandLineRun(arguments: arguments, input: Array(input.utf8)).run()
        #expect(result.errors == "")
        #expect(result.status == 0)
        return result
    }

    @Test("tokenize --json is an array of ids") func tokenize() throws {
        #expect(try run("tokenize", "--json").text == "[504,3575,282,4649,314]\n")
        #expect(try run("tokenize", "--json", input: "").text == "[]\n")
    }

    @Test("tokenize agrees with llama.cpp on texts of every kind") func tokenizeReference() throws {
        struct Row: Decodable { let text: String, ids: [Int] }
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let fixture = folder.appendingPathComponent("../TokenizerTests/Fixtures/tokens.json")
        let rows = try JSONDecoder().decode([Row].self, from: Data(contentsOf: fixture))
        for row in rows.enumerated().filter({ $0.offset % 15 == 4 }).map(\.element) {
            #expect(try run("tokenize", "--json", input: row.text).json() as? [Int] == row.ids, "\(row.text)")
        }
    }

    @Test("the text of a special token is plain text unless --specials") func specials() throws {
        #expect(try run("tokenize", "--json", "--specials", input: "<|im_start|>").text == "[1]\n")
        #expect(try #require(try run("tokenize", "--json", input: "<|im_start|>").json() as? [Int]).count > 1)
    }

    @Test("tokenize for people shows one token a line, spaces visible") func tokenizeTable() throws {
        let lines = try run("tokenize").text.split(separator: "\n")
        #expect(lines.count == 6)
        #expect(lines[2].hasSuffix("3575  ␣capital"))
    }

    @Test("score --json has each token and what comes next, as the reference has them") func score() throws {
        let result = try run("score", "--json", "--top", "3")
        let first = #"{"id":504,"text":"The","logprob":null,"rank":null,"entropy":null}"#
        #expect(result.text.hasPrefix(#"{"tokens":[\#(first),{"id":3575,"text":" capital","logprob":"#))
        let object = try result.object()
        let tokens = try #require(object["tokens"] as? [[String: Any]])
        #expect(tokens.map { $0["id"] as? Int } == Self.ids)
        for (token, expected) in zip(tokens.dropFirst(), [-11.5393, -0.33762, -2.43866, -0.45095]) {
            #expect(abs(try #require(token["logprob"] as? Double) - expected) < 0.03)
            #expect(try #require(token["entropy"] as? Double) > 0)
        }
        #expect(tokens.dropFirst().map { $0["rank"] as? Int } == [2922, 0, 1, 0])
        let next = try #require(object["next"] as? [String: Any])
        #expect(abs(try #require(next["entropy"] as? Double) - 1.48117) < 0.03)
        let top = try #require(next["top"] as? [[String: Any]])
        #expect(top.map { $0["id"] as? Int } == [7042, 260, 4528])
        #expect(top.map { $0["text"] as? String } == [" Paris", " the", " London"])
        for (guess, expected) in zip(top, [-0.25808, -2.74075, -4.38437]) {
            #expect(abs(try #require(guess["logprob"] as? Double) - expected) < 0.03)
            #expect(Set(guess.keys) == ["id", "text", "logprob"])
        }
    }

    @Test("score --logprobs is a file for NumPy whose rows are distributions, with the logprobs of --json in them") func logprobs() throws {
        let scratch = try Scratch()
        let path = try scratch.write("own.npy", "what was there before")
        let result = try run("score", "--json", "--top", "3", "--logprobs", path)
        #expect(result.output == (try run("score", "--json", "--top", "3").output))
        let bytes = try scratch.bytes("own.npy")
        let vocabulary = 49152
        // NumPy's format 1.0: magic, version, length of the header, and a header that ends where 64 divides.
        #expect(Array(bytes.prefix(8)) == [0x93] + Array("NUMPY".utf8) + [1, 0])
        let start = 10 + Int(bytes[8]) + Int(bytes[9]) << 8
        #expect(start % 64 == 0)
        let header = String(decoding: bytes[10..<start], as: UTF8.self)
        #expect(header.hasPrefix("{'descr': '<f4', 'fortran_order': False, 'shape': (5, \(vocabulary)), }"))
        #expect(header.hasSuffix("\n"))
        try #require(bytes.count == start + 5 * vocabulary * 4)
        let rows = (0..<5).map { row in
            (0..<vocabulary).map { id in
                let at = start + 4 * (row * vocabulary + id)
                return Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[at + $1]) << (8 * UInt32($1)) })
            }
        }
        for row in rows { #expect(abs(row.reduce(0) { $0 + exp(Double($1)) } - 1) < 1e-5) }
        let object = try result.object()
        let tokens = try #require(object["tokens"] as? [[String: Any]])
        for (token, row) in zip(tokens.dropFirst(), rows) {
            #expect(row[try #require(token["id"] as? Int)] == Float(try #require(token["logprob"] as? Double)))
        }
        let top = try #require((object["next"] as? [String: Any])?["top"] as? [[String: Any]])
        for guess in top { #expect(rows[4][try #require(guess["id"] as? Int)] == Float(try #require(guess["logprob"] as? Double))) }
    }

    @Test("a file for --logprobs that cannot be written is named") func logprobsUnwritable() throws {
        for (path, reason) in [("/nowhere/own.npy", "No such file or directory"), ("/dev/full", "No space left on device")] {
            let result = try CommandLineRun.run("score", "--prompt", Self.prompt, "--logprobs", path)
            #expect(result.status == 1)
            #expect(result.output.isEmpty)
            #expect(result.errors == "terrarium: \(path) cannot be written (\(reason)); check the path, its permissions and the space left.\n")
        }
    }

    @Test("a token that is not whole UTF-8 has its bytes beside its text") func bytes() throws {
        let tokens = try #require(try run("score", "--json", "--top", "0", input: "a😀").object()["tokens"] as? [[String: Any]])
        #expect(tokens.allSatisfy { $0["text"] is String })
        let joined = tokens.flatMap { token in token["bytes"] as? [Int] ?? Array((token["text"] as? String ?? "").utf8).map(Int.init) }
        #expect(joined == Array("a😀".utf8).map(Int.init))
        #expect(tokens[0]["bytes"] == nil)
        #expect(tokens[1]["bytes"] as? [Int] == [240, 159])
    }

    @Test("attention --json is a square of rows that sum to 1, nothing ahead of the query") func attention() throws {
        let object = try run("attention", "--json", "--layer", "3", "--head", "2").object()
        let tokens = try #require(object["tokens"] as? [[String: Any]])
        #expect(tokens.map { $0["id"] as? Int } == Self.ids)
        #expect(tokens.map { $0["text"] as? String } == ["The", " capital", " of", " France", " is"])
        let pattern = try #require(object["pattern"] as? [[Double]])
        #expect(pattern.count == 5)
        for (query, row) in pattern.enumerated() {
            #expect(row.count == 5)
            #expect(abs(row.reduce(0, +) - 1) < 1e-4)
            #expect(row[(query + 1)...].allSatisfy { $0 == 0 })
            #expect(row[...query].allSatisfy { $0 > 0 })
        }
    }

    @Test("lens --json has a list for the embedding and one after each layer, the last being the prediction") func lens() throws {
        let layers = try #require(try run("lens", "--json", "--top", "2").object()["layers"] as? [[[String: Any]]])
        #expect(layers.count == 31)
        #expect(layers.allSatisfy { $0.count == 2 })
        #expect(layers[0][0]["id"] as? Int == 314)
        let next = try #require(try run("score", "--json", "--top", "2").object()["next"] as? [String: Any])
        let top = try #require(next["top"] as? [[String: Any]])
        for (one, other) in zip(layers[30], top) {
            #expect(one["id"] as? Int == other["id"] as? Int)
            #expect(one["text"] as? String == other["text"] as? String)
            #expect(one["logprob"] as? Double == other["logprob"] as? Double)
        }
    }

    @Test("lens --position sees only the text up to there") func lensPosition() throws {
        let whole = try run("lens", "--json", "--position", "1")
        let part = try run("lens", "--json", input: "The capital")
        #expect(whole.output == part.output)
    }

    @Test("attribute --json has 301 parts that sum to the logit, for the likeliest token unless told") func attribute() throws {
        let object = try run("attribute", "--json").object()
        #expect((object["token"] as? [String: Any])?["text"] as? String == " Paris")
        let parts = try #require(object["parts"] as? [[String: Any]])
        #expect(parts.count == 301)
        let logit = try #require(object["logit"] as? Double), remainder = try #require(object["remainder"] as? Double)
        let sum = parts.reduce(0.0) { $0 + ($1["value"] as? Double ?? .nan) }
        #expect(abs(sum + remainder - logit) < 1e-9 && abs(remainder) < 1e-3)
        #expect(try run("attribute", "--json", "--token", " Paris").output == run("attribute", "--json", "--id", "7042").output)
        let other = try run("attribute", "--json", "--id", "7042", "--against", " Rome").object()
        #expect(try #require(other["logit"] as? Double) < logit)
        let table = try run("attribute", "--top", "2").text.split(separator: "\n")
        #expect(table.count == 6 && table[5].hasPrefix("logit of ␣Paris after 4"))
    }

    @Test("ablate --json has every head, and the table those first that matter most") func ablate() throws {
        let object = try run("ablate", "--json").object()
        #expect((object["token"] as? [String: Any])?["text"] as? String == " Paris")
        let heads = try #require(object["heads"] as? [[String: Any]])
        #expect(heads.count == 270 && heads.allSatisfy { $0["kl"] is Double && $0["change"] is Double })
        let first = try #require(heads.max { ($0["kl"] as? Double ?? 0) < ($1["kl"] as? Double ?? 0) })
        let table = try run("ablate", "--top", "1").text.split(separator: "\n").map { $0.split(separator: " ") }
        #expect(table.count == 3)
        #expect(table[1].prefix(2).map { Int($0) } == [first["layer"] as? Int, first["head"] as? Int])
    }

    @Test("generate --json has a line a token and a line a stream") func generate() throws {
        let result = try run("generate", "--json", "--temperature", "0", "--max-tokens", "4", "--seed", "7")
        let lines = result.text.split(separator: "\n")
        #expect(lines.count == 5)
        #expect(lines[0].hasPrefix(#"{"stream":0,"index":0,"id":7042,"text":" Paris","logprob":-0.2"#))
        #expect(lines[4] == #"{"stream":0,"done":"length","tokens":4,"seed":7}"#)
        for (index, line) in try result.lines().dropLast().enumerated() {
            #expect(Set(line.keys) == ["stream", "index", "id", "text", "logprob", "rank", "entropy"])
            #expect(line["index"] as? Int == index)
            #expect(line["rank"] as? Int == 0)
        }
    }

    @Test("the text generate prints is the text of its JSON") func generateText() throws {
        let text = try run("generate", "--seed", "11", "--max-tokens", "20").text
        let lines = try run("generate", "--seed", "11", "--max-tokens", "20", "--json").lines()
        #expect(lines.dropLast().compactMap { $0["text"] as? String }.joined() == text)
        #expect(!text.isEmpty)
    }

    @Test("several streams come one after another, each with its own seed") func streams() throws {
        let one = try run("generate", "--seed", "5", "--max-tokens", "6").text
        let two = try run("generate", "--seed", "6", "--max-tokens", "6").text
        func ended(_ text: String) -> String { text.hasSuffix("\n") ? text : text + "\n" }
        let both = try run("generate", "--seed", "5", "--max-tokens", "6", "--streams", "2").text
        #expect(both == "--- seed 5\n\(ended(one))--- seed 6\n\(ended(two))")
        let lines = try run("generate", "--seed", "5", "--max-tokens", "6", "--streams", "2", "--json").lines()
        #expect(lines.compactMap { $0["done"] == nil ? nil : $0["seed"] as? Int } == [5, 6])
        #expect(lines.map { $0["stream"] as? Int } == lines.map { $0["stream"] as? Int }.sorted { ($0 ?? 0) < ($1 ?? 0) })
    }

    @Test("many streams are those of their seeds, in order") func manyStreams() throws {
        let flags = ["generate", "--max-tokens", "3", "--temperature", "2", "--json"]
        let lines = try CommandLineRun(arguments: flags + ["--seed", "40", "--streams", "18"], input: Array(Self.prompt.utf8)).run().lines()
        let ends = lines.filter { $0["done"] != nil }
        #expect(ends.map { $0["stream"] as? Int } == Array(0..<18) && ends.map { $0["seed"] as? Int } == Array(40..<58))
        for stream in [0, 7, 17] {
            func ids(_ lines: [[String: Any]]) -> [Int] { lines.compactMap { $0["id"] as? Int } }
            let alone = try CommandLineRun(arguments: flags + ["--seed", "\(40 + stream)"], input: Array(Self.prompt.utf8)).run().lines()
            #expect(ids(lines.filter { $0["stream"] as? Int == stream }) == ids(alone) && !ids(alone).isEmpty)
        }
    }

    @Test("a stop text ends the stream and is not printed") func stop() throws {
        let whole = try run("generate", "--temperature", "0", "--max-tokens", "12").text
        #expect(whole.hasPrefix(" Paris.\n"))
        #expect(try run("generate", "--temperature", "0", "--max-tokens", "12", "--stop", #"s.\n"#).text == " Pari")
        let lines = try run("generate", "--temperature", "0", "--stop", "nowhere", "--stop", #"\n"#, "--json").lines()
        #expect(lines.last?["done"] as? String == "stop")
        #expect(lines.dropLast().compactMap { $0["text"] as? String }.joined() == " Paris.")
    }

    @Test("the end of the turn ends the stream") func eos() throws {
        let input = "<|im_start|>user\nSay yes.<|im_end|>\n<|im_start|>assistant\n"
        let lines = try run("generate", "--specials", "--temperature", "0", "--json", input: input).lines()
        let last = try #require(lines.last)
        #expect(last["done"] as? String == "eos")
        #expect(last["tokens"] as? Int == lines.count - 1)
    }

    @Test("logit bias takes ids and texts") func bias() throws {
        #expect(try run("generate", "--temperature", "0", "--max-tokens", "1", "--logit-bias", "7042=-100").text == " the")
        #expect(try run("generate", "--temperature", "0", "--max-tokens", "2", "--logit-bias", " London=100").text == " London London")
    }

    @Test("the same seed gives the same bytes, with any number of threads") func determinism() throws {
        let arguments = ["generate", "--json", "--seed", "3", "--max-tokens", "24", "--temperature", "1.2", "--streams", "2"]
        let input = Array(Self.prompt.utf8)
        let results = try ["1", "2", "2", "3"].map { try CommandLineRun(arguments: arguments + ["--threads", $0], input: input).run() }
        #expect(results.allSatisfy { $0.status == 0 && $0.output == results[0].output })
        #expect(results[0].output.count > 1000)
        let text = String(repeating: "one two three four ", count: 20)
        let scores = try ["1", "2"].map { try run("score", "--json", "--threads", $0, input: text) }
        #expect(scores[0].output == scores[1].output)
    }

    @Test("a random seed is told, and gives the same text again") func randomSeed() throws {
        let first = try run("generate", "--json", "--max-tokens", "8", "--temperature", "1.5")
        let seed = try #require(try first.lines().last?["seed"] as? Int)
        #expect(try run("generate", "--json", "--max-tokens", "8", "--temperature", "1.5", "--seed", "\(seed)").output == first.output)
    }

    @Test("bench --json names the machine with its limits, the model, and every row; --only takes some of them") func bench() throws {
        let object = try run("bench", "--json", "--runs", "1").object()
        let machine = try #require(object["machine"] as? [String: Any])
        #expect(Set(machine.keys) == ["cpu", "cores", "threads", "kernels", "gb_s", "gmac_s"])
        #expect((object["model"] as? [String: Any])?["fingerprint"] is String)
        let rows = try #require(object["rows"] as? [[String: Any]])
        let names = rows.compactMap { $0["name"] as? String }
        #expect(names == [
            "decode 128", "decode repeating", "prefill 512", "8 streams", "scoring", "load", "first token", "key to cursor", "tints 250",
            "recording cost", "resident", "resident ratio",
        ])
        for (name, row) in zip(names, rows) {
            #expect(Set(row.keys) == ["name", "value", "unit", "hash", "gb_s", "gmac_s"])
            // What a record costs can be lost in what the machine does besides.
            if name != "recording cost" { #expect(try #require(row["value"] as? Double) > 0, "\(name)") }
            #expect(row["hash"] is String == ["decode 128", "decode repeating", "prefill 512", "scoring"].contains(name))
        }
        let some = try run("bench", "--json", "--runs", "1", "--only", "prefill 512, load").object()
        let again = try #require(some["rows"] as? [[String: Any]])
        #expect(again.map { $0["name"] as? String } == ["prefill 512", "load"])
        #expect(again[0]["hash"] as? String == rows[2]["hash"] as? String)
        let refused = try CommandLineRun(arguments: ["bench", "--only", "prefil"]).run()
        #expect(refused.status == 2 && refused.errors.contains("\"prefil\""))
    }
}
