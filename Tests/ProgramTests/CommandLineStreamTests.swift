import Foundation
import Testing

/// What generate does with the stream it writes to.
@Suite("Streams of the command line", .enabled(if: CommandLineRun.isReady, CommandLineRun.comment))
struct CommandLineStreamTests {
    /// Forces the model to say one token again and again.
    private func forced(_ id: Int, _ flags: String...) -> [String] {
        ["generate", "--prompt", "Hi", "--temperature", "0", "--logit-bias", "\(id)=100", "--seed", "1"] + flags
    }

    /// Until something is so, half a minute at most.
    private func wait(_ isSo: () -> Bool) {
        for _ in 0..<3000 {
            if isSo() { return }
            usleep(10_000)
        }
    }

    @Test("a pipe and a file get the model's bytes exactly") func exactBytes() throws {
        // 212 is the byte ESC, 10813 the first two bytes of an emoji.
        #expect(try CommandLineRun(arguments: forced(212, "--max-tokens", "3")).run().output == [0x1B, 0x1B, 0x1B])
        #expect(try CommandLineRun(arguments: forced(10813, "--max-tokens", "2")).run().output == [0xF0, 0x9F, 0xF0, 0x9F])
    }

    @Test("a terminal gets control characters made visible") func terminal() throws {
        let scratch = try Scratch()
        let terminal = try PseudoTerminal()
        let run = CommandLineRun(arguments: forced(212, "--max-tokens", "3"), outputPath: terminal.path)
        let process = try Running(run, scratch: scratch)
        let shown = try terminal.read(until: "\n")
        #expect(try process.wait() == 0)
        #expect(shown == "␛␛␛\r\n")
    }

    @Test("a reader that has gone ends it quietly") func closedPipe() throws {
        let scratch = try Scratch()
        let path = scratch.path("pipe")
        try #require(mkfifo(path, 0o600) == 0)
        // Opened for both, so that neither side waits for the other.
        let end = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC)
        let run = CommandLineRun(arguments: forced(81, "--max-tokens", "8000"), outputPath: path)
        let process = try Running(run, scratch: scratch)
        var byte: UInt8 = 0
        wait { read(end, &byte, 1) == 1 }
        #expect(byte == UInt8(ascii: "a"))
        close(end)
        #expect(try process.wait() == 0)
        #expect(try scratch.bytes("err").isEmpty)
    }

    @Test("Ctrl-C ends it with status 130 and keeps what was printed") func interrupt() throws {
        let scratch = try Scratch()
        let process = try Running(CommandLineRun(arguments: forced(81, "--max-tokens", "8000")), scratch: scratch)
        wait { (try? scratch.bytes("out").count) ?? 0 >= 20 }
        kill(process.id, SIGINT)
        #expect(try process.wait() == 130)
        let output = try scratch.bytes("out")
        #expect(output.count >= 20 && output.count < 8000)
        #expect(output.allSatisfy { $0 == UInt8(ascii: "a") })
        #expect(try scratch.bytes("err").isEmpty)
    }

    @Test("JSON lines come one by one") func flushed() throws {
        let scratch = try Scratch()
        let process = try Running(CommandLineRun(arguments: forced(81, "--max-tokens", "8000", "--json")), scratch: scratch)
        wait { (try? scratch.bytes("out").count) ?? 0 >= 100 }
        kill(process.id, SIGINT)
        #expect(try process.wait() == 130)
        #expect(try scratch.bytes("out").last == 0x0A)
    }

    @Test("an experiment gives the counts of every cell, and goes on where it ended") func experiment() throws {
        let scratch = try Scratch()
        try scratch.write("pool.jsonl", """
            {"text": "wonderful", "label": "positive"}
            {"text": "terrible", "label": "negative"}
            {"text": "lovely", "label": "positive"}

            """)
        try scratch.write("test.jsonl", """
            {"text": "I loved it", "label": "positive"}
            {"text": "I hated it", "label": "negative"}

            """)
        let file = try scratch.write("e.yaml", """
            title: Small
            example: "Review: {{text}}\\nSentiment: {{label}}\\n\\n"
            query: "Review: {{text}}\\nSentiment:"
            answer: " {{label}}"
            labels: [positive, negative]
            pool: pool.jsonl
            test: test.jsonl
            shots: [0, 2]
            seeds: 2

            """)
        let plain = try CommandLineRun.run("experiment", file, "--json")
        #expect(plain.status == 0, "\(plain.errors)")
        #expect(plain.text.hasPrefix(#"{"cells":[{"shots":0,"seed":0,"order":0,"items":2,"correct":"#))
        let cells = try #require(try plain.object()["cells"] as? [[String: Any]])
        #expect(cells.map { [$0["shots"] as? Int, $0["seed"] as? Int] } == [[0, 0], [0, 1], [2, 0], [2, 1]])
        for cell in cells {
            let correct = try #require(cell["correct"] as? Int), items = try #require(cell["items"] as? Int)
            #expect(cell["accuracy"] as? Double == Double(correct) / Double(items))
        }
        let folder = scratch.path("results")
        #expect(try CommandLineRun.run("experiment", file, "--json", "--out", folder).output == plain.output)
        #expect(try scratch.bytes("results/items.jsonl").count { $0 == 0x0A } == 8)
        #expect(try CommandLineRun.run("experiment", file, "--json", "--out", folder).status == 1)
        #expect(try CommandLineRun.run("experiment", file, "--json", "--out", folder, "--resume").output == plain.output)
    }
}

/// A terminal that a test holds the other end of.
final class PseudoTerminal {
    let path: String
    private let control: Int32
    private let other: Int32

    init() throws {
        control = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
        try #require(control >= 0)
        // TIOCSPTLCK and TIOCGPTN; Glibc keeps unlockpt and ptsname from Swift.
        var unlocked: Int32 = 0, number: UInt32 = 0
        try #require(ioctl(control, 0x4004_5431, &unlocked) == 0)
        try #require(ioctl(control, 0x8004_5430, &number) == 0)
        path = "/dev/pts/\(number)"
        // Kept open, so that what was written stays readable after the program has gone.
        other = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC)
    }

    deinit {
        close(other)
        close(control)
    }

    /// What arrives up to and including a text, within a minute.
    func read(until end: String) throws -> String {
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 4096)
        for _ in 0..<6000 {
            let count = Foundation.read(control, &part, part.count)
            if count > 0 { bytes += part[..<count] } else { usleep(10_000) }
            if bytes.suffix(end.utf8.count).elementsEqual(end.utf8) { break }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
