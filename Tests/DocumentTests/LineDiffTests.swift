import Glibc
import Testing

import Document

@Suite("The difference of two texts, line by line") struct LineDiffTests {
    /// The new text made of the old one and the changes.
    private func applied(_ diff: LineDiff) -> [UInt8] {
        var text = diff.old.flatMap { $0 }
        let new = diff.new.flatMap { $0 }
        for change in diff.changes.reversed() {
            let range = diff.bytes(of: change)
            text.replaceSubrange(range.old, with: new[range.new])
        }
        return text
    }

    /// Texts of few different lines, so that much of them is alike.
    private func text(_ dice: inout Dice, lines: Int, kinds: Int) -> [UInt8] {
        let text = (0..<lines).map { _ in ["", "a", "b", "the same", "é字"][dice.below(kinds)] + "\n" }.joined().bytes
        return dice.below(2) == 0 ? text : Array(text.dropLast())
    }

    /// Lines of the longest common subsequence, by the table of all beginnings.
    private func common(_ a: [ArraySlice<UInt8>], _ b: [ArraySlice<UInt8>]) -> Int {
        var row = [Int](repeating: 0, count: b.count + 1)
        for x in a {
            var left = 0
            for (j, y) in b.enumerated() {
                let above = row[j + 1]
                row[j + 1] = x == y ? left + 1 : max(above, row[j])
                left = above
            }
        }
        return row[b.count]
    }

    @Test("the changes make the new text out of the old, in order and apart, and are as few lines as can be") func shortest() {
        var dice = Dice(4)
        for round in 0..<3000 {
            let kinds = 1 + dice.below(5)
            let old = text(&dice, lines: dice.below(14), kinds: kinds), new = text(&dice, lines: dice.below(14), kinds: kinds)
            let diff = LineDiff(from: old, to: new)
            #expect(applied(diff) == new, "round \(round)")
            let lost = diff.changes.reduce(0) { $0 + $1.old.count }, kept = diff.old.count - lost
            #expect(kept == common(diff.old, diff.new), "round \(round)")
            for (one, next) in zip(diff.changes, diff.changes.dropFirst()) {
                #expect(one.old.upperBound < next.old.lowerBound && one.new.upperBound < next.new.lowerBound, "round \(round)")
            }
        }
    }

    @Test("where the fewest changes cost too much the differing middle is one") func limited() {
        let old = "same\n" + (0..<2000).map { "old \($0)\n" }.joined() + "end\n"
        let new = "same\n" + (0..<2000).map { "new \($0)\n" }.joined() + "end\n"
        let diff = LineDiff(from: old.bytes, to: new.bytes, limit: 1000)
        #expect(diff.changes == [.init(old: 1..<2001, new: 1..<2001)])
        #expect(applied(diff) == new.bytes)
        // Few changes in many lines are found for all that.
        let near = old.replacing("old 7\n", with: "x\n").replacing("old 1990\n", with: "")
        #expect(LineDiff(from: old.bytes, to: near.bytes, limit: 3000).changes == [.init(old: 8..<9, new: 8..<9), .init(old: 1991..<1992, new: 1991..<1991)])
    }

    @Test("texts of a megabyte that have nothing in common, or only empty lines, are soon done") func large() {
        let old = (0..<1 << 16).map { "line number \($0)\n" }.joined().bytes, new = (0..<1 << 16).map { "number of line \($0)\n" }.joined().bytes
        #expect(LineDiff(from: old, to: new).changes.count == 1)
        let blank = [UInt8](repeating: 0x0A, count: 1 << 20)
        let other = "a\n".bytes + blank + "b\n".bytes
        let diff = LineDiff(from: blank + "c\n".bytes, to: other)
        #expect(applied(diff) == other)
    }

    @Test("it is written as a unified diff: hunks with their places and three lines around, the missing last newline named") func unified() {
        let old = (1...20).map { "\($0)\n" }.joined(), new = old.replacing("4\n", with: "four\n").replacing("20\n", with: "20")
        let lines = LineDiff(from: old.bytes, to: new.bytes).unified()
        let mark: [LineDiff.Line.Kind: String] = [.head: "", .same: " ", .old: "-", .new: "+", .note: "\\ "]
        let text = lines.map { mark[$0.kind, default: "?"] + String(decoding: $0.text, as: UTF8.self).filter { $0 != "\n" } }
        #expect(text.prefix(9) == ["@@ -1,7 +1,7 @@", " 1", " 2", " 3", "-4", "+four", " 5", " 6", " 7"])
        // `4` stands in 14 too.
        #expect(text.dropFirst(9).prefix(4) == ["@@ -11,10 +11,10 @@", " 11", " 12", " 13"])
        #expect(text.suffix(3) == ["-20", "+20", "\\ no newline at the end"])
        #expect(LineDiff(from: [], to: "a\n".bytes).unified().first?.text == "@@ -0,0 +1 @@".bytes)
        #expect(LineDiff(from: "a\n".bytes, to: "a\n".bytes).unified().isEmpty)
    }
}

@Suite("A watched file") struct FileWatchTests {
    @Test("a change, a loss and a return are each found once, and what was written here is none") func look() throws {
        try withFolder { folder in
            let path = folder + "/a.md"
            var watch = FileWatch()
            #expect(watch.look(limit: 100) == nil, "nothing is watched")
            try put("one", path)
            watch.know(path, FileStamp(of: path))
            #expect(watch.look(limit: 100) == nil)
            let first = try #require(FileStamp(of: path))
            #expect(watch.knows(path, as: first) && !watch.knows(folder + "/b.md", as: first))

            try put("other", path)
            #expect(watch.look(limit: 100) == .changed("other".bytes))
            #expect(watch.look(limit: 100) == nil)
            let second = try #require(FileStamp(of: path))
            #expect(!watch.knows(path, as: second), "told of is not yet known")
            watch.accept()
            #expect(watch.knows(path, as: second))

            unlink(path)
            #expect(watch.look(limit: 100) == .gone && watch.look(limit: 100) == nil)
            try put("back", path)
            #expect(watch.look(limit: 100) == .changed("back".bytes))

            try Saver.save("mine".bytes, to: path)
            watch.know(path, FileStamp(of: path))
            #expect(watch.look(limit: 100) == nil)
            rename(path, folder + "/c.md")
            watch.renamed(from: path, to: folder + "/c.md")
            #expect(watch.look(limit: 100) == nil && watch.path == folder + "/c.md")
            unlink(folder + "/c.md")
            watch.forget(folder + "/c.md")
            #expect(watch.look(limit: 100) == nil, "gone by this program's own hand")
        }
    }
}
