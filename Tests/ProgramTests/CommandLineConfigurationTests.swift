import Document
import Testing
import Workbench

@Suite("Locations and configuration") struct CommandLineConfigurationTests {
    private func locations(_ environment: [String: String], program: String = "/opt/t/bin/terrarium") -> Locations {
        Locations(program: program) { environment[$0] }
    }

    @Test("folders follow XDG, and a relative one is ignored") func folders() {
        let plain = locations(["HOME": "/home/a"])
        #expect(plain.configFile == "/home/a/.config/terrarium/config.yaml")
        #expect(plain.data == "/home/a/.local/share/terrarium")
        #expect(plain.models == "/home/a/.cache/terrarium/models")
        let set = locations(["HOME": "/home/a", "XDG_CONFIG_HOME": "/x/", "XDG_DATA_HOME": "data", "XDG_CACHE_HOME": ""])
        #expect(set.configFile == "/x/terrarium/config.yaml")
        #expect(set.data == plain.data)
        #expect(set.cache == plain.cache)
    }

    @Test("shared prompts are sought beside the program, then where the system keeps data") func sharedPrompts() {
        #expect(locations(["HOME": "/h"]).sharedPrompts
            == ["/opt/t/share/terrarium/prompts", "/usr/local/share/terrarium/prompts", "/usr/share/terrarium/prompts"])
        #expect(locations(["HOME": "/h", "XDG_DATA_DIRS": "/opt/t/share:rel:/z"]).sharedPrompts
            == ["/opt/t/share/terrarium/prompts", "/z/terrarium/prompts"])
    }

    private func parse(_ text: String) throws -> Configuration { try Configuration(parsing: Array(text.utf8), path: "/etc/t/config.yaml") }

    @Test("a file that is not there, empty, or only comments sets nothing") func nothing() throws {
        #expect(try Configuration(reading: "/no/such/folder/config.yaml") == Configuration())
        for text in ["", "\n", "# nothing\n", "---\n", "{}"] { #expect(try parse(text) == Configuration(), "\(text)") }
    }

    @Test("every key is read") func keys() throws {
        for start in ["", "---\n"] {
            let own = "model: m/x.gguf\ntheme: light\nthreads: 2\nmouse: false\n"
            let all = try parse(start + own + "temperature: 0.5\ntop_k: 7\nseed: 9\nstop: [a]")
            #expect(all.model == "/etc/t/m/x.gguf")
            #expect(all.theme == "light")
            #expect(all.threads == 2)
            #expect(all.mouse == false)
            #expect(all.sampling.temperature == 0.5)
            #expect(all.sampling.topK == 7)
            #expect(all.sampling.seed == .fixed(9))
            #expect(all.sampling.stop == ["a"])
        }
        #expect(try parse("model: /abs.gguf").model == "/abs.gguf")
    }

    @Test("what is wrong is told with its line", arguments: [
        ("theme: dark\nthreads: 65\n", 2, "`threads` must be a number from 1 to 64, and is 65"),
        ("mouse: yes\n", 1, "`mouse` must be true or false"),
        ("\nmodel: [a]\n", 2, "`model` must be the path"),
        ("temperature: hot\n", 1, "`temperature` must be a number"),
        ("theme: a\n\ntop_p: 1.5\n", 3, "`top_p` is 1.5; it goes from 0.0 to 1.0"),
        ("logit_bias: {a: 101}\n", 1, "`logit_bias` is 101.0"),
        ("title: x\n", 1, "`title` is not a setting"),
        ("a: &x 1\nb: *x\n", 1, "anchor or alias"),
        ("theme: [\n", 2, "not sound YAML"),
    ]) func faults(_ text: String, _ line: Int, _ sentence: String) {
        do {
            _ = try parse(text)
            Issue.record("accepted: \(text)")
        } catch {
            #expect("\(error)".contains(sentence), "\(error)")
            #expect("\(error)".hasPrefix("/etc/t/config.yaml:\(line): "), "\(error)")
        }
    }

    @Test("a list, two documents and a file over 64 KiB are refused") func shapes() {
        for text in ["- a\n", "theme: a\n---\ntheme: b\n", "theme: " + String(repeating: "x", count: 70_000)] {
            #expect(throws: ConfigurationError.self) { _ = try parse(text) }
        }
    }
}
