import Foundation
import Testing

extension PlaygroundSuite {
    @Suite("Whatever happens to the program or its disk") struct Durability {
        /// `TERRARIUM_KILLS` says how often; `scripts/kill-loop.sh` does it 500 times.
        @Test("kill -9 at any moment loses nothing that was acknowledged, and of typing no more than the last second")
        func kills() throws {
            let environment = ProcessInfo.processInfo.environment
            let count = environment["TERRARIUM_KILLS"].flatMap { Int($0) } ?? 6
            let seed = environment["TERRARIUM_SEED"].flatMap { UInt64($0) } ?? .random(in: 0...999_999)
            let loop = try KillLoop(seed: seed), start = TerminalRun.now()
            func report() {
                print("\(loop.kills) kills in \(Int(TerminalRun.now() - start)) s, seed \(seed): \(loop.words) words typed, "
                    + "\(loop.acknowledgements) acknowledgements seen, the oldest word lost was typed \(Int(loop.worst * 1000)) ms before its kill")
            }
            for kill in 1...max(1, count) {
                try loop.round(model: kill % 5 == 3, fresh: kill % 12 == 1, early: kill % 8 == 5)
                if kill % 50 == 0 { report() }
            }
            try loop.undoAll()
            report()
        }

        @Test("a file on a full disk stays as it was when it is saved, and that is said; with room it is saved",
              .enabled(if: SmallDisk.isAllowed, SmallDisk.comment))
        func fullFile() throws {
            let scratch = try Scratch(), disk = try SmallDisk(scratch.path("small"))
            try scratch.write("small/p.md", "as it was\n")
            disk.fill()
            let run = try TerminalRun("small/p.md", model: .missing, scratch: scratch)
            try run.wait(for: "as it was")
            run.send(String(repeating: "more and ", count: 600) + Keys.save)
            try run.wait(for: "full; make room and save again")
            #expect(try scratch.bytes("small/p.md") == Array("as it was\n".utf8))
            #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path).sorted() == ["filler", "p.md"])
            disk.makeRoom()
            run.send(Keys.save)
            try run.wait(for: "saved small/p.md")
            #expect(try scratch.bytes("small/p.md") == Array(("as it was" + String(repeating: "more and ", count: 600) + "\n").utf8))
        }

        @Test("a full disk under the store is said once, nothing else stops, and once there is room everything is kept",
              .enabled(if: SmallDisk.isAllowed, SmallDisk.comment), arguments: [true, false])
        func fullStore(fromTheStart: Bool) throws {
            let scratch = try Scratch(), disk = try SmallDisk(scratch.path("data"))
            try scratch.write("config/terrarium/config.yaml", "max_tokens: 12\n")
            if fromTheStart { disk.fill() }
            let run = try TerminalRun(scratch: scratch)
            try run.ready()
            if !fromTheStart {
                run.send("first words")
                try run.wait("the mark of what is kept") { $0.line(0).contains("○") }
                disk.fill()
            }
            run.send("more words")
            try run.wait(for: "the disk of the store is full")
            run.send(" go on:" + Keys.enter)
            try run.wait("the mark of what cannot be kept") { $0.line(0).contains("● not kept") && $0.contains("go on:") }
            try run.generateToEnd()
            run.watch(1)
            #expect(run.screen.line(0).contains("● not kept"))
            let shown = run.words
            disk.makeRoom()
            try run.wait("the mark of what is kept") { $0.line(0).contains("○") }
            run.signal(SIGKILL)
            _ = run.finish()
            let next = try TerminalRun(scratch: scratch)
            try next.wait(for: "ended without being closed")
            next.send(Keys.reopen)
            try next.wait("all of it") { _ in next.words == shown }
            #expect(!(try FileManager.default.contentsOfDirectory(atPath: disk.path + "/terrarium").contains { $0.contains("damaged") }))
        }

        @Test("two at once keep both documents; what is open in one is opened as a copy in the other, and that is said")
        func two() throws {
            let one = try TerminalRun(model: .missing)
            one.send("both have this, ")
            try one.wait("the mark of what is kept") { $0.line(0).contains("○") }
            let two = try TerminalRun(model: .missing, scratch: one.scratch)
            try two.wait(for: "opens the newest session again")
            two.send(Keys.reopen)
            try two.wait(for: "open in another Terrarium; this is a copy")
            for number in 0..<10 {
                one.send("\(number)one ")
                two.send("\(number)two ")
                one.watch(0.05)
                two.watch(0.05)
            }
            try one.wait("the mark of what is kept") { $0.line(0).contains("○") && $0.contains("9one") }
            try two.wait("the mark of what is kept") { $0.line(0).contains("○") && $0.contains("9two") }
            for run in [one, two] {
                run.signal(SIGKILL)
                _ = run.finish()
            }
            let left = try Left(one.scratch, documents: 9)
            let texts = left.opened.compactMap { $0.editor.map { String(decoding: $0.document.bytes, as: UTF8.self) } }
            #expect(left.told.isEmpty && Set(texts) == Set(["one", "two"].map { name in
                "both have this, " + (0..<10).map { "\($0)\(name) " }.joined()
            }))
        }

        @Test("a damaged store is put beside a new one, that is said, and what could be read of it is there", arguments: [true, false])
        func damaged(whole: Bool) throws {
            let run = try TerminalRun(model: .missing)
            run.send("what was there")
            try run.wait("the mark of what is kept") { $0.line(0).contains("○") }
            run.signal(SIGKILL)
            _ = run.finish()
            let name = "data/terrarium/terrarium.sqlite", scratch = run.scratch
            var bytes = try scratch.bytes(name), dice = Dice(state: 5)
            // The list of all tables, or one page of the index of words.
            let noise = whole ? 0..<bytes.count : bytes.count - 4096..<bytes.count
            for index in noise { bytes[index] = .random(in: 0...255, using: &dice) }
            try scratch.write(name, bytes)
            let next = try TerminalRun(model: .missing, scratch: scratch)
            try next.wait(for: "the store was damaged")
            if !whole {
                next.send(Keys.reopen)
                try next.wait(for: "what was there")
            }
            next.send(" and it goes on")
            try next.wait("the mark of what is kept") { $0.line(0).contains("○") && $0.contains("and it goes on") }
            let names = try FileManager.default.contentsOfDirectory(atPath: scratch.path("data/terrarium")).filter { $0.contains(".damaged-") && !$0.hasSuffix("-journal") }
            #expect(try names.count == 1 && scratch.bytes("data/terrarium/" + names[0]) == bytes)
        }
    }
}

/// A small file system of the test's own.
final class SmallDisk {
    let path: String
    private var filler: String { path + "/filler" }

    static let isAllowed: Bool = (try? Scratch()).flatMap { scratch in (try? SmallDisk(scratch.path("disk"))).map { _ in true } } ?? false
    static let comment: Comment = "a file system of its own can be mounted by root only"

    init(_ path: String) throws {
        self.path = path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try #require(mount("none", path, "tmpfs", 0, "size=512k") == 0)
    }
    deinit { umount2(path, Int32(MNT_DETACH)) }

    func fill() {
        guard let file = fopen(filler, "w") else { return }
        while fwrite([UInt8](repeating: 1, count: 4096), 1, 4096, file) == 4096, fflush(file) == 0 {}
        fclose(file)
    }
    func makeRoom() { unlink(filler) }
}
