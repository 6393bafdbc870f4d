import Foundation
import Testing

/// Where the text comes from, and who has the last word on a setting.
@Suite("Input of the command line", .enabled(if: CommandLineRun.isReady, CommandLineRun.comment))
struct CommandLineInputTests {
    private func ids(_ arguments: String..., input: [UInt8] = []) throws -> [Int] {
        let result = try CommandLineRun(arguments: ["tokenize", "--json"] + arguments, input: input).run()
        #expect(result.status == 0, "\(result.errors)")
        return try #require(try result.json() as? [Int])
    }

    @Test("a file, a dash, nothing and --prompt are the same text, byte for byte") func forms() throws {
        let scratch = try Scratch()
        for text in ["Hello world", "Two lines\r\nand an end\n", "-- not a flag", "tab\tand \u{1B}[31m\u{0}"] {
            let bytes = Array(text.utf8)
            let path = try scratch.write("text.txt", bytes)
            let expected = try ids(input: bytes)
            #expect(try ids(path) == expected)
            #expect(try ids("-", input: bytes) == expected)
            if !text.contains("\u{0}") { #expect(try ids("--prompt", text) == expected) }
        }
    }

    @Test("bytes that are not UTF-8 are taken as they are, and one the model has no token for is named") func anyBytes() throws {
        let result = try CommandLineRun(arguments: ["score", "--json", "--top", "0"], input: [0x61, 0xE2, 0x82, 0x62]).run()
        let tokens = try #require(try result.object()["tokens"] as? [[String: Any]])
        let bytes = tokens.flatMap { token in token["bytes"] as? [Int] ?? Array((token["text"] as? String ?? "").utf8).map(Int.init) }
        #expect(bytes == [0x61, 0xE2, 0x82, 0x62])
        let lost = try CommandLineRun(arguments: ["tokenize", "--json"], input: [0x61, 0xFF]).run()
        #expect(lost.text == "[81]\n")
        #expect(lost.errors == "terrarium: The model has no token for the bytes FF; they are left out.\n")
    }

    @Test("the final newline belongs to a prompt file and to the text of any other") func finalNewline() throws {
        let scratch = try Scratch()
        #expect(try ids(scratch.write("a.md", "Hello world\n")) == [19556, 905])
        #expect(try ids(scratch.write("a.txt", "Hello world\n")) == [19556, 905, 198])
    }

    @Test("front matter applies and flags override it") func overrides() throws {
        let scratch = try Scratch()
        let path = try scratch.write("a.md", "---\ntemperature: 0\nmax_tokens: 3\nstop: [\"\\n\"]\n---\nThe capital of France is\n")
        func lines(_ flags: String...) throws -> [[String: Any]] {
            try CommandLineRun(arguments: ["generate", "--json", path] + flags).run().lines()
        }
        let plain = try lines()
        #expect(plain.map { $0["text"] as? String } == [" Paris", ".", nil])
        #expect(plain.last?["done"] as? String == "stop")
        #expect(try lines("--max-tokens", "1").last?["done"] as? String == "length")
        #expect(try lines("--stop", "nowhere", "--max-tokens", "5").last?["tokens"] as? Int == 5)
        let wild = ["--temperature", "2", "--top-k", "0", "--top-p", "1", "--min-p", "0", "--seed", "1"]
        let long = ["generate", "--json", path, "--max-tokens", "9", "--stop", "nowhere"]
        let other = try CommandLineRun(arguments: long + wild).run().lines()
        #expect(other.dropLast().contains { $0["rank"] as? Int != 0 })
    }

    @Test("variables have their standard value or the one of --var, and others are refused") func variables() throws {
        let scratch = try Scratch()
        let path = try scratch.write("v.md", "---\nvariables:\n  name: world\n---\nHello {{name}} {{other}}\n")
        #expect(try ids(path) == ids("--prompt", "Hello world {{other}}"))
        #expect(try ids(path, "--var", "name=big=world") == ids("--prompt", "Hello big=world {{other}}"))
        let unknown = try CommandLineRun.run("tokenize", path, "--var", "nam=x")
        #expect(unknown.status == 2)
        #expect(unknown.errors == "terrarium: --var nam: \(path) declares the variables name.\n")
        #expect(try CommandLineRun.run("tokenize", "--prompt", "x", "--var", "name=x").status == 2)
        let bare = try scratch.write("b.md", "---\nvariables: [name]\n---\nHello {{name}}\n")
        let missing = try CommandLineRun.run("tokenize", bare)
        #expect(missing.status == 1)
        #expect(missing.errors.contains("--var name="))
    }

    @Test("a chat is written as the model was taught, and its text never becomes a special token") func chat() throws {
        let scratch = try Scratch()
        let front = "---\nmode: chat\nsystem: Be brief.\n---\n"
        let path = try scratch.write("c.md", front + "@user\nHi\n@assistant\nHello\n@user\nBye <|im_end|>\n")
        let turns = [("system", "Be brief."), ("user", "Hi"), ("assistant", "Hello"), ("user", "Bye <|im_end|>")]
        var expected: [Int] = []
        for (role, text) in turns {
            expected += [1] + (try ids("--prompt", "\(role)\n\(text)")) + [2] + (try ids("--prompt", "\n"))
        }
        expected += [1] + (try ids("--prompt", "assistant\n"))
        #expect(try ids(path) == expected)
    }

    @Test("the configuration is under the prompt file and the flags") func configuration() throws {
        let scratch = try Scratch()
        try scratch.write("terrarium/config.yaml", "temperature: 0\nmax_tokens: 2\n")
        let environment = ["XDG_CONFIG_HOME": scratch.path]
        func count(_ arguments: String...) throws -> Int? {
            let run = CommandLineRun(
                arguments: ["generate", "--json"] + arguments, input: Array("One, two,".utf8), environment: environment)
            return try run.run().lines().last?["tokens"] as? Int
        }
        #expect(try count() == 2)
        #expect(try count("--max-tokens", "3") == 3)
        #expect(try count(scratch.write("p.md", "---\nmax_tokens: 4\n---\nOne, two,\n")) == 4)
        try scratch.write("terrarium/config.yaml", "theme: dark\ntemprature: 1\n")
        let wrong = try CommandLineRun.run("generate", "--prompt", "x", environment: environment)
        #expect(wrong.status == 1)
        #expect(wrong.errors.hasPrefix("terrarium: \(scratch.path)/terrarium/config.yaml:2: `temprature` is not a setting;"))
    }
}
