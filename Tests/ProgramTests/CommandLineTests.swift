import Foundation
import Testing

/// What happens around the formats: exit statuses, streams that break, files that are not there.
@Suite("The command line") struct CommandLineTests {
    private func failure(_ arguments: String..., status: Int32, _ sentence: String, environment: [String: String] = [:]) throws {
        let result = try CommandLineRun(arguments: arguments, environment: environment).run()
        #expect(result.status == status, "\(arguments)")
        #expect(result.output.isEmpty)
        #expect(result.errors.hasPrefix("terrarium: "))
        #expect(result.errors.contains(sentence), "\(result.errors)")
    }

    @Test("wrong usage is told on standard error with status 2") func usage() throws {
        try failure("generate", "--no-such-flag", status: 2, "--no-such-flag")
        try failure("generate", "--temperature", "9", status: 2, "--temperature is 9; it goes from 0 to 5.")
        try failure("generate", "--presence-penalty", "-3", status: 2, "--presence-penalty is -3; it goes from -2 to 2.")
        try failure("generate", "--temperature", "nan", status: 2, "--temperature is nan")
        try failure("generate", "--max-tokens", "0", status: 2, "--max-tokens is 0")
        try failure("generate", "--seed", "dice", status: 2, "--seed is dice")
        try failure("generate", "--logit-bias", "5", status: 2, "--logit-bias 5 is not of the form")
        try failure("generate", "--logit-bias", "5=101", status: 2, "from -100 to 100")
        try failure("generate", "--streams", "0", status: 2, "--streams is 0")
        try failure("tokenize", "--prompt", "x", "file.txt", status: 2, "not both")
        try failure("tokenize", "--var", "x", status: 2, "--var x has no value")
        try failure("score", "--top", "-1", status: 2, "--top is -1")
        try failure("score", "--threads", "0", status: 2, "--threads is 0")
        try failure("attention", "--layer", "0", status: 2, "--head")
        try failure("attribute", "--token", "x", "--id", "3", status: 2, "either --token or --id")
        try failure("attribute", "--top", "-1", status: 2, "--top is -1")
        try failure("ablate", "--token", "x", "--id", "3", status: 2, "either --token or --id")
        try failure("experiment", "x.yaml", "--resume", status: 2, "--out")
    }

    @Test("a layer, head or position the model does not have is wrong usage", .enabled(if: CommandLineRun.isReady, CommandLineRun.comment))
    func ranges() throws {
        try failure("attention", "--prompt", "a b", "--layer", "30", "--head", "0", status: 2, "--layer is 30; here it goes from 0 to 29.")
        try failure("attention", "--prompt", "a b", "--layer", "0", "--head", "9", status: 2, "--head is 9; here it goes from 0 to 8.")
        try failure("lens", "--prompt", "a b", "--position", "2", status: 2, "--position is 2; here it goes from 0 to 1.")
        try failure("attribute", "--prompt", "a b", "--position", "2", status: 2, "--position is 2; here it goes from 0 to 1.")
        try failure("attribute", "--prompt", "a b", "--id", "49152", status: 2, "--id is 49152; here it goes from 0 to 49151.")
        try failure("attribute", "--prompt", "a b", "--token", " Paris Rome", status: 2, "--token \" Paris Rome\" is 2 tokens")
    }

    @Test("a text without tokens is refused where one is needed", .enabled(if: CommandLineRun.isReady, CommandLineRun.comment))
    func empty() throws {
        for command in ["generate", "score", "lens", "attribute", "ablate"] { try failure(command, "--prompt", "", status: 1, "The text is empty") }
    }

    @Test("a text longer than the context is refused with both numbers", .enabled(if: CommandLineRun.isReady, CommandLineRun.comment))
    func context() throws {
        let scratch = try Scratch()
        let path = try scratch.write("long.txt", String(repeating: "word ", count: 9000))
        try failure("generate", path, status: 1, "and the context holds 8192")
    }

    @Test("files that cannot be read end with status 1 and their name") func files() throws {
        let scratch = try Scratch()
        try failure("tokenize", scratch.path("no.txt"), status: 1, "\(scratch.path("no.txt")) cannot be read (No such file or directory)")
        try failure("tokenize", scratch.path, status: 1, "cannot be read (Is a directory)")
        let prompt = try scratch.write("bad.md", "---\ntemperature: warm\n---\nHello\n")
        try failure("generate", prompt, status: 1, "bad.md:2: `temperature` must be a number")
        let experiment = try scratch.write("bad.yaml", "title: x\nno_key: 1\n")
        try failure("experiment", experiment, status: 1, "bad.yaml:2: `no_key` is not a key")
    }

    @Test("a model that is not there is named, with how to get one") func noModel() throws {
        let scratch = try Scratch()
        var environment = ["XDG_CACHE_HOME": scratch.path, "TERRARIUM_MODEL": ""]
        for remedy in ["`make model`", "`--model PATH`", "\(scratch.path)/terrarium/models/SmolLM2-135M-Instruct.Q4_1.gguf"] {
            try failure("tokenize", "--prompt", "x", status: 1, remedy, environment: environment)
        }
        let bad = try scratch.write("bad.gguf", "this is no model")
        try failure("generate", "--prompt", "x", "--model", bad, status: 1, "\(bad): is not a GGUF file", environment: environment)
        environment["TERRARIUM_MODEL"] = scratch.path("named.gguf")
        try failure("score", "--prompt", "x", status: 1, scratch.path("named.gguf"), environment: environment)
        let configuration = try scratch.write("config/terrarium/config.yaml", "model: other.gguf\n")
        environment = ["XDG_CACHE_HOME": scratch.path, "TERRARIUM_MODEL": "", "XDG_CONFIG_HOME": scratch.path("config")]
        let beside = configuration.replacingOccurrences(of: "config.yaml", with: "other.gguf")
        try failure("score", "--prompt", "x", status: 1, beside, environment: environment)
    }

    @Test("the playground needs a terminal and names what does not") func playground() throws {
        try failure(status: 1, "`terrarium generate`")
        try failure("prompts/story.md", status: 1, "`terrarium generate`")
    }

    @Test("help, version and completions go to standard output with status 0") func help() throws {
        for arguments in [["--help"], ["generate", "--help"], ["help", "score"], ["--version"], ["--generate-completion-script", "bash"]] {
            let result = try CommandLineRun(arguments: arguments).run()
            #expect(result.status == 0)
            #expect(result.errors == "")
            #expect(result.output.count > 4)
        }
        let help = try CommandLineRun.run("generate", "--help").text
        let flags = [
            "--temperature", "--top-k", "--typical-p", "--top-p", "--min-p", "--repetition-penalty", "--presence-penalty",
            "--frequency-penalty", "--logit-bias", "--seed", "--max-tokens", "--stop", "--streams", "--var", "--specials",
            "--model", "--threads",
        ]
        for flag in flags { #expect(help.contains(flag)) }
    }

    @Test("paths --json names the XDG folders") func paths() throws {
        let environment = [
            "XDG_CONFIG_HOME": "/c", "XDG_DATA_HOME": "/d", "XDG_CACHE_HOME": "relative", "HOME": "/h", "TERRARIUM_MODEL": "",
        ]
        let result = try CommandLineRun.run("paths", "--json", environment: environment)
        let object = try result.object()
        #expect(object["config"] as? String == "/c/terrarium/config.yaml")
        #expect(object["data"] as? String == "/d/terrarium")
        #expect(object["cache"] as? String == "/h/.cache/terrarium")
        #expect(object["models"] as? String == "/h/.cache/terrarium/models")
        #expect(object["model"] as? String == "/h/.cache/terrarium/models/SmolLM2-135M-Instruct.Q4_1.gguf")
        #expect(object["prompts"] as? String == "/d/terrarium/prompts")
        #expect(object["store"] as? String == "/d/terrarium/terrarium.sqlite")
        #expect(try CommandLineRun.run("paths", environment: environment).text.hasPrefix("config  /c/terrarium/config.yaml\n"))
    }

    @Test("models --json lists what headers say; a damaged file is named", .enabled(if: CommandLineRun.isReady, CommandLineRun.comment))
    func models() throws {
        let scratch = try Scratch()
        let environment = ["XDG_CACHE_HOME": scratch.path, "HOME": scratch.path("home"), "TERRARIUM_MODEL": ""]
        #expect(try CommandLineRun.run("models", "--json", environment: environment).text == "[]\n")
        try scratch.write("terrarium/models/broken.gguf", "GGUF")
        let broken = try CommandLineRun.run("models", environment: environment)
        #expect(broken.status == 1)
        #expect(broken.errors.split(separator: "\n").count == 1)
        try scratch.write("terrarium/models/notes.txt", "no model")
        let link = scratch.path("terrarium/models/real.gguf")
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: try #require(CommandLineRun.model))
        let result = try CommandLineRun.run("models", "--json", environment: environment)
        #expect(result.status == 0)
        #expect(result.errors.contains("broken.gguf"))
        let list = try #require(try result.json() as? [[String: Any]])
        #expect(list.count == 1)
        #expect(Set(list[0].keys) == ["path", "place", "name", "family", "parameters", "quantization", "context", "bytes", "fits", "problem"])
        #expect(list[0]["place"] as? String == "terrarium" && list[0]["fits"] as? Bool == true && list[0]["problem"] is NSNull)
        #expect(list[0]["path"] as? String == link)
        #expect(list[0]["family"] as? String == "llama")
        #expect(list[0]["parameters"] as? Int == 134_515_008)
        #expect(list[0]["quantization"] as? String == "Q4_1")
        #expect(list[0]["context"] as? Int == 8192)
        #expect(list[0]["bytes"] as? Int == 98_362_432)
    }

    @Test("models finds what others keep in their usual places, names each once, and says why one is not supported",
          .enabled(if: CommandLineRun.isReady, CommandLineRun.comment))
    func places() throws {
        let scratch = try Scratch(), real = try #require(CommandLineRun.model)
        let environment = ["XDG_CACHE_HOME": scratch.path("cache"), "HOME": scratch.path("home"), "TERRARIUM_MODEL": "",
                           "HF_HOME": "", "HF_HUB_CACHE": "", "LLAMA_CACHE": "", "OLLAMA_MODELS": ""]
        // A file of another family: the real header with its name changed, its tensors are never read.
        var bytes = Array(try Data(contentsOf: URL(fileURLWithPath: real)))
        let at = try #require(bytes.indices.first { bytes[$0...].starts(with: Array("llama".utf8)) })
        bytes.replaceSubrange(at..<at + 5, with: Array("mamba".utf8))
        let digest = String(repeating: "a1", count: 32)
        try scratch.write("cache/huggingface/hub/models--a--b/snapshots/1/other.gguf", bytes)
        try scratch.write("home/.ollama/models/manifests/registry.ollama.ai/library/tiny/latest",
                          #"{"layers":[{"mediaType":"application/vnd.ollama.image.license","digest":"sha256:00"},{"digest":"sha256:\#(digest)","mediaType":"application/vnd.ollama.image.model","size":1}]}"#)
        for path in ["home/.ollama/models/blobs/sha256-\(digest)", "home/.lmstudio/models/x/y/same.gguf"] {
            try scratch.write(path, "")
            try FileManager.default.removeItem(atPath: scratch.path(path))
            try FileManager.default.createSymbolicLink(atPath: scratch.path(path), withDestinationPath: real)
        }
        let result = try CommandLineRun.run("models", "--json", environment: environment)
        let list = try #require(try result.json() as? [[String: Any]])
        #expect(list.map { $0["place"] as? String } == ["Hugging Face", "LM Studio"], "the file of LM Studio and Ollama is one")
        #expect((list[0]["problem"] as? String)?.contains("\"mamba\" is not supported; supported: llama") == true && list[1]["problem"] is NSNull)
        try FileManager.default.removeItem(atPath: scratch.path("home/.lmstudio"))
        let again = try #require(try CommandLineRun.run("models", "--json", environment: environment).json() as? [[String: Any]])
        #expect(again.map { $0["place"] as? String } == ["Hugging Face", "Ollama"] && again[1]["name"] as? String == "tiny:latest")
        let table = try CommandLineRun.run("models", environment: environment)
        #expect(table.status == 0 && table.text.contains("not supported") && table.text.contains("fits"))
    }

    @Test("models --info tells every key and tensor of a file", .enabled(if: CommandLineRun.isReady, CommandLineRun.comment))
    func info() throws {
        let real = try #require(CommandLineRun.model), object = try CommandLineRun.run("models", "--info", real, "--json").object()
        let metadata = try #require(object["metadata"] as? [String: Any]), tensors = try #require(object["tensors"] as? [[String: Any]])
        #expect(tensors.count == 272 && tensors.reduce(0) { $0 + ($1["shape"] as? [Int] ?? []).reduce(1, *) } == 134_515_008)
        #expect((metadata["tokenizer.ggml.tokens"] as? [String])?.count == 49_152 && metadata["llama.block_count"] as? Int == 30)
        let text = try CommandLineRun.run("models", "--info", real).text
        #expect(metadata.keys.allSatisfy(text.contains) && tensors.allSatisfy { text.contains($0["name"] as? String ?? "?") })
        let missing = try CommandLineRun.run("models", "--info", "/no/such.gguf")
        #expect(missing.status != 0 && missing.errors.contains("/no/such.gguf"))
    }

    @Test("a full disk is an error", .enabled(if: CommandLineRun.isReady, CommandLineRun.comment))
    func fullDisk() throws {
        let result = try CommandLineRun.run("tokenize", "--prompt", "x", to: "/dev/full")
        #expect(result.status == 1)
        #expect(result.errors.contains("No space left on device"))
    }
}
