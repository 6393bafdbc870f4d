import Engine
import Foundation
import Testing
import Workbench

/// README, man page and pictures say what the program is.
@Suite("Docs") struct DocsTests {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static func text(_ path: String) throws -> String { try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8) }

    /// What stands between two lines that begin with the marks.
    static func block(_ name: String, in text: String) throws -> String {
        let start = try #require(text.range(of: "<!-- \(name)")?.upperBound)
        let line = try #require(text.range(of: "\n", range: start..<text.endIndex)?.upperBound)
        let end = try #require(text.range(of: "<!-- /\(name) -->", range: line..<text.endIndex)?.lowerBound)
        return String(text[line..<end])
    }

    // MARK: Keys

    static var keys: String {
        func cell(_ text: String) -> String { text.replacingOccurrences(of: "|", with: "\\|") }
        var lines: [String] = []
        for context in Command.Context.allCases {
            let rows = Command.table.filter { $0.context == context }
            lines += ["", "**\(context.title)**", "", "| Keys | What it does |", "|---|---|"]
            for row in rows {
                let keys = row.keys.isEmpty ? "in ^P" : row.keys.map { "`\(cell("\($0)"))`" }.joined(separator: " ")
                lines.append("| \(keys) | \(cell(row.title)) |")
            }
        }
        return lines.joined(separator: "\n") + "\n\n"
    }

    @Test("README has the keys of the command table") func keysInReadme() throws {
        var readme = try Self.text("README.md")
        let found = try Self.block("keys", in: readme)
        if found != Self.keys, ProcessInfo.processInfo.environment["TERRARIUM_WRITE_DOCS"] == "1" {
            readme = readme.replacingOccurrences(of: "-->\n" + found + "<!-- /keys", with: "-->\n" + Self.keys + "<!-- /keys")
            try readme.write(to: Self.root.appendingPathComponent("README.md"), atomically: true, encoding: .utf8)
            return
        }
        #expect(found == Self.keys, "TERRARIUM_WRITE_DOCS=1 swift test --filter DocsTests puts this into README.md: \(Self.keys)")
    }

    // MARK: Options

    struct Dump: Decodable {
        struct Command: Decodable {
            struct Argument: Decodable {
                struct Name: Decodable { let kind: String, name: String }
                let names: [Name]?
            }
            let commandName: String
            let arguments: [Argument]?
            let subcommands: [Command]?
            var longNames: Set<String> {
                Set((arguments ?? []).flatMap { $0.names ?? [] }.filter { $0.kind == "long" }.map(\.name))
            }
        }
        let command: Command
    }

    /// The options a stretch of the man page describes or names.
    static func options(_ manual: Substring) -> Set<String> {
        var found: Set<String> = []
        for line in manual.split(separator: "\n") {
            let words = line.split(separator: " ")
            for (index, word) in words.enumerated().dropLast(2) where word == "Fl" && words[index + 1] == "Fl" {
                found.insert(String(words[index + 2]))
            }
        }
        return found
    }

    /// The sections of the man page that begin with a request.
    static func sections(_ manual: Substring, _ request: String) -> [(title: String, text: Substring)] {
        manual.components(separatedBy: "\n\(request) ").dropFirst().map { section in
            let title = section.prefix { $0 != "\n" }
            return (String(title), Substring(section.dropFirst(title.count)))
        }
    }

    @Test("the man page has every command with its options, and no other") func manualIsComplete() throws {
        let dump = try CommandLineRun.run("--experimental-dump-help")
        let program = try JSONDecoder().decode(Dump.self, from: Data(dump.output)).command
        let chapters = Self.sections(Substring(try Self.text("docs/terrarium.1")), ".Sh")
        func chapter(_ title: String) throws -> Substring { try #require(chapters.first { $0.title == title }).text }
        let common = Self.options(try chapter("OPTIONS"))
        let commands = Self.sections(try chapter("COMMANDS"), ".Ss")
        let names = (program.subcommands ?? []).map(\.commandName)
        #expect(names.contains("generate"))
        #expect(commands.compactMap { $0.title.split(separator: " ").dropFirst().first.map(String.init) }.sorted() == names.sorted())
        var own: Set<String> = []
        for command in program.subcommands ?? [] {
            let words = ["terrarium", Substring(command.commandName)]
            let section = try #require(commands.first { $0.title.split(separator: " ").prefix(2).elementsEqual(words) })
            let described = Self.options(section.text).union(Self.options(Substring(section.title)))
            #expect(command.longNames.subtracting(common).isSubset(of: described), "\(command.commandName)")
            #expect(described.isSubset(of: command.longNames), "\(command.commandName)")
            own.formUnion(command.longNames)
        }
        #expect(common.isSubset(of: own.union(program.longNames)))
        let readme = try Self.text("README.md")
        for name in names where name != "playground" && name != "help" { #expect(readme.contains("| `terrarium \(name)` |")) }
    }

    @Test("README and man page name every sampling key and every environment variable") func keysAreNamed() throws {
        for file in ["README.md", "docs/terrarium.1"] {
            let text = try Self.text(file)
            for field in SamplingField.all { #expect(text.contains(field.key), "\(file): \(field.key)") }
            #expect(text.contains("TERRARIUM_MODEL"))
        }
    }

    @Test("man formats the page without a warning", .enabled(if: Tool.isThere("man"), "man is not installed"))
    func manualFormats() throws {
        let result = try Tool.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", "docs/terrarium.1"], in: Self.root)
        #expect(result.status == 0)
        #expect(result.errors == "")
    }

    // MARK: README

    @Test("every file and folder that README names is there") func filesAreThere() throws {
        let readme = try Self.text("README.md")
        let spans = readme.components(separatedBy: "`").enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
        let links = readme.components(separatedBy: "](").dropFirst().map { String($0.prefix { $0 != ")" }) }
        let folders = ["Sources/", "Tests/", "prompts/", "docs/", "scripts/"]
        let named = spans.filter { span in folders.contains { span.hasPrefix($0) } && !span.contains("NAME") }
        let paths = named.map { String($0.prefix { $0 != " " }) }
            + links.filter { !$0.hasPrefix("http") && !$0.hasPrefix("#") }
        #expect(paths.count > 15)
        for path in paths {
            #expect(FileManager.default.fileExists(atPath: Self.root.appendingPathComponent(path).path), "\(path)")
        }
        for link in links where link.hasPrefix("#") {
            #expect(readme.lowercased().contains("\n## \(link.dropFirst().replacingOccurrences(of: "-", with: " "))\n"), "\(link)")
        }
    }

    @Test("the map has every target, and files that are there") func mapIsComplete() throws {
        let readme = try Self.text("README.md")
        let folders = try FileManager.default.contentsOfDirectory(atPath: Self.root.appendingPathComponent("Sources").path)
        for target in folders where !target.hasPrefix(".") {
            let row = try #require(readme.components(separatedBy: "\n").first { $0.hasPrefix("| `\(target)` |") }, "\(target)")
            let cells = row.components(separatedBy: " | ")
            let files = try #require(cells.last).components(separatedBy: "`").enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
            #expect(!files.isEmpty)
            for file in files {
                #expect(FileManager.default.fileExists(atPath: Self.root.appendingPathComponent("Sources/\(target)/\(file)").path), "\(file)")
            }
        }
    }

    @Test(
        "what README shows of the command line is what the program prints",
        .enabled(if: CommandLineRun.isReady, CommandLineRun.comment))
    func examplesAreReal() throws {
        let readme = try Self.text("README.md")
        let blocks = readme.components(separatedBy: "```console\n").dropFirst().map { $0.components(separatedBy: "```")[0] }
        let examples = blocks.flatMap { ("\n" + $0).components(separatedBy: "\n$ ").dropFirst() }
        #expect(examples.count >= 5)
        for example in examples {
            let command = example.prefix { $0 != "\n" }
            let expected = example.dropFirst(command.count + 1)
            let result = try Tool.run(["sh", "-c", String(command)], in: Self.root)
            #expect(result.status == 0, "\(command)")
            #expect(Tool.trimmed(result.output) == Tool.trimmed(String(expected)), "\(command)")
        }
    }

    @Test("nothing in the docs names a place of one machine") func noOwnPaths() throws {
        for file in ["README.md", "docs/benchmarks.md", "docs/terrarium.1", "docs/screen.svg", "docs/attention-map.svg"] {
            let text = try Self.text(file)
            for place in ["/work/", "/tmp/", "/root/", "/home/"] { #expect(!text.contains(place), "\(file)") }
        }
    }

    // MARK: Pictures

    /// Every element is closed, in order. (Foundation's parsers repair what is broken, and say nothing.)
    static func isWhole(_ xml: String) -> Bool {
        var open: [Substring] = []
        var roots = 0
        for part in xml.split(separator: "<", omittingEmptySubsequences: false).dropFirst() {
            guard let end = part.firstIndex(of: ">") else { return false }
            let tag = part[..<end]
            if tag.hasPrefix("/") {
                guard open.popLast() == tag.dropFirst() else { return false }
            } else if !tag.hasSuffix("/") {
                if open.isEmpty { roots += 1 }
                open.append(tag.prefix { $0 != " " })
            }
            if open.isEmpty, !part[part.index(after: end)...].allSatisfy(\.isWhitespace) { return false }
        }
        return open.isEmpty && roots == 1
    }

    @Test("the pictures are small, whole, and ask for nothing from elsewhere", arguments: ["screen", "attention-map"])
    func pictures(name: String) throws {
        let text = try Self.text("docs/\(name).svg")
        #expect(text.utf8.count < 150_000)
        #expect(Self.isWhole(text))
        let rest = text.replacingOccurrences(of: "http://www.w3.org/2000/svg", with: "")
        for outside in ["http", "url(", "href", "<script", "@import"] { #expect(!rest.contains(outside), "\(outside)") }
        #expect(text.contains(">terrarium</text>") || text.contains(">Attention</text>"))
    }

    @Test("a captured screen becomes shapes that tile and text in its cells", .enabled(if: Tool.isThere("python3"), "python3 is not installed"))
    func converter() throws {
        let screen = "\u{1B}[1mab\u{1B}[0m \u{1B}[38;5;226;48;5;17m▀▀\u{1B}[39;49m\u{1B}[7mx\u{1B}[m─\n\u{1B}[31m<é\u{4E2D}&\u{1B}[m █\n"
        let result = try Tool.run(["python3", "scripts/ansi-to-svg.py", "--title", "A & B", "--cursor", "6,1"], in: Self.root, input: screen)
        #expect(result.status == 0 && result.errors == "")
        let svg = result.output
        #expect(Self.isWhole(svg))
        #expect(svg.contains("<title>A &amp; B</title>"))
        // Seven columns, two rows, and a margin of 8 around.
        #expect(svg.contains("viewBox=\"0 0 72 50\""))
        #expect(svg.contains("<path fill=\"#ffff00\" d=\"M32 8h16v9h-16z\"/>"), "two half blocks are one shape")
        #expect(svg.contains("<path fill=\"#00005f\" d=\"M32 8h16v17h-16z\"/>"), "their background lies under both halves")
        #expect(svg.contains("<path fill=\"#d5d8de\" d=\"M48 8h8v17h-8z\"/>"), "reverse video has the ink as background")
        #expect(svg.contains("<rect x=\"56\" y=\"25\" width=\"8\" height=\"17\" fill=\"#d5d8de\" fill-opacity"), "the cursor")
        #expect(svg.contains("<g fill=\"#d5d8de\" font-weight=\"bold\">\n<text x=\"8\" y=\"21\" textLength=\"16\""))
        #expect(svg.contains(">&lt;</text>") && svg.contains("<text x=\"24\" y=\"38\">\u{4E2D}</text>"))
        #expect(svg.contains("<text x=\"40\" y=\"38\" textLength=\"8\" lengthAdjust=\"spacingAndGlyphs\">&amp;</text>"), "after a wide character")
    }
}

/// Another program, run in a folder with the built terrarium on its path.
private enum Tool {
    struct Result {
        let status: Int32
        let output: String, errors: String
    }

    static func isThere(_ name: String) -> Bool {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
            FileManager.default.isExecutableFile(atPath: "\($0)/\(name)")
        }
    }

    static func run(_ arguments: [String], in folder: URL, input: String = "") throws -> Result {
        let scratch = try Scratch()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        process.currentDirectoryURL = folder
        var environment = ProcessInfo.processInfo.environment
        let own = CommandLineRun.binary.map { URL(fileURLWithPath: $0).deletingLastPathComponent().path + ":" } ?? ""
        environment["PATH"] = own + (environment["PATH"] ?? "")
        environment["XDG_CONFIG_HOME"] = scratch.path("config")
        process.environment = environment
        for name in ["out", "err"] { try scratch.write(name, "") }
        process.standardInput = try FileHandle(forReadingFrom: URL(fileURLWithPath: try scratch.write("in", input)))
        process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: scratch.path("out")))
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: scratch.path("err")))
        try process.run()
        process.waitUntilExit()
        let (output, errors) = (try scratch.bytes("out"), try scratch.bytes("err"))
        return Result(
            status: process.terminationStatus, output: String(decoding: output, as: UTF8.self), errors: String(decoding: errors, as: UTF8.self))
    }

    /// Without the spaces that end lines, and without lines at the end that hold nothing.
    static func trimmed(_ text: String) -> String {
        let lines = text.components(separatedBy: "\n").map { line in
            String(line.reversed().drop { $0 == " " }.reversed())
        }
        return lines.reversed().drop { $0.isEmpty }.reversed().joined(separator: "\n")
    }
}
