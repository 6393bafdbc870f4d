import Foundation
import Testing

extension PlaygroundSuite {
    @Suite("The open file on the disk") struct OpenFile {
        @Test("a change by another program comes up by itself, and until then a look at the disk writes nothing") func changed() throws {
            let run = try TerminalRun("data/terrarium/prompts/p.md", files: ["p.md": "one\ntwo\n"])
            try run.ready()
            run.settle(0.5)
            let count = run.bytes.count
            // Longer than from one look to the next.
            run.watch(2.5)
            #expect(run.bytes.count == count, "\(String(decoding: run.bytes[count...], as: UTF8.self).debugDescription)")
            try run.scratch.write("data/terrarium/prompts/p.md", Array("one\nthree\n".utf8))
            try run.wait("the diff") { $0.contains("changed by another program") && $0.contains("- two") && $0.contains("+ three") }
            run.send("t")
            try run.wait("the file's text") { !$0.contains("another program") && $0.contains("three") }
            run.settle()
            #expect(run.words == "one three")
            run.send(Keys.undo)
            try run.wait(for: "two")
            run.send(Keys.quit)
            try run.wait(for: "unsaved changes")
            run.send("s")
            #expect(run.finish() == .exited(0))
            #expect(try String(contentsOfFile: run.scratch.path("data/terrarium/prompts/p.md"), encoding: .utf8) == "one\ntwo\n")
        }

        @Test("an export is written where it was asked for, and an older file is not overwritten unasked") func export() throws {
            let run = try TerminalRun("data/terrarium/prompts/p.md", files: ["p.md": "one\ntwo\n"])
            try run.ready()
            run.send("\u{10}export the\r")
            try run.wait(for: "export the document to: p.")
            run.send("json\r")
            try run.wait(for: "exported to p.json")
            let object = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: run.scratch.path("p.json")))) as? [String: Any]
            #expect(object?["text"] as? String == "one\ntwo" && (object?["tokens"] as? [Any])?.count == 3)
            run.send("\u{10}export the\rjson\r")
            try run.wait(for: "Overwrite it?")
            run.send("o")
            try run.wait("the file") { !$0.contains("Overwrite") && $0.contains("exported to p.json") }
            run.send(Keys.quit)
            #expect(run.finish() == .exited(0))
        }
    }
}
