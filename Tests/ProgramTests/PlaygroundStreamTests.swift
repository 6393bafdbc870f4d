import Foundation
import Testing

extension PlaygroundSuite {
    @Suite("Frames and streams") struct Stream {
        private func started(_ text: String = Prompts.endless()) throws -> TerminalRun {
            let run = try TerminalRun("data/terrarium/prompts/p.md", files: ["p.md": text])
            try run.ready()
            return run
        }

        private func milliseconds(_ seconds: Double) -> String { "\(Double(Int(seconds * 10_000)) / 10) ms" }

        @Test("the first frame comes before the model is loaded") func firstFrame() throws {
            let start = TerminalRun.now()
            let run = try TerminalRun()
            try run.wait("a frame") { !$0.frameStarts.isEmpty && $0.modes[2026] == false }
            print("first frame after \(milliseconds(TerminalRun.now() - start))")
            #expect(run.screen.contains("Document") && run.screen.contains("^G generate"))
            #expect(!run.screen.contains("8192"))
            // It takes keys already.
            run.send("early")
            try run.wait(for: "early")
            try run.ready()
            print("model ready after \(milliseconds(TerminalRun.now() - start))")
            #expect(run.words == "early")
        }

        @Test("an idle program writes nothing") func idle() throws {
            let run = try started()
            run.settle(0.5)
            let count = run.bytes.count
            run.watch(1)
            #expect(run.bytes.count == count, "\(String(decoding: run.bytes[count...], as: UTF8.self).debugDescription)")
        }

        @Test("a stream is drawn at most 30 times a second, and never by clearing the screen") func frames() throws {
            let run = try started()
            run.send(Keys.generate)
            try run.wait("the stream") { $0.line(1).contains("· seed") }
            let first = run.screen.frameStarts.count, bytes = run.bytes.count
            run.watch(3)
            #expect(run.isStreaming)
            let times = Array(run.screen.frameStarts[first...])
            let span = try #require(times.last) - (try #require(times.first))
            print("streaming: \(times.count) frames in \(milliseconds(span)), \((run.bytes.count - bytes) / max(1, times.count)) bytes a frame")
            #expect(times.count > 5)
            #expect(Double(times.count - 1) <= 31 * span)
            // What we read late counts in a later second: some more are allowed in a single one.
            for start in times { #expect(times.count { $0 >= start && $0 < start + 1 } <= 34) }
            #expect(run.screen.clears.allSatisfy { $0 <= 1 })
            #expect(run.screen.foreign.isEmpty)
        }

        @Test("every frame is one piece between its marks, with the cursor where it belongs") func pieces() throws {
            let run = try started()
            run.send(Keys.generate)
            run.watch(0.5)
            run.send(Keys.escape)
            run.settle()
            let text = String(decoding: run.bytes, as: UTF8.self)
            let opened = text.components(separatedBy: "\u{1B}[?2026h").count, closed = text.components(separatedBy: "\u{1B}[?2026l").count
            #expect(opened == closed && opened > 3)
            #expect(run.screen.showsCursor)
        }

        @Test("keys are answered while tokens stream") func latency() throws {
            let run = try started()
            run.send(Keys.generate)
            try run.wait("the stream") { $0.line(1).contains("· seed") }
            var times: [Double] = []
            for _ in 0..<60 {
                let footer = run.footer, start = TerminalRun.now()
                run.send(Keys.tab)
                try run.wait("an answer", within: 3) { $0.line(23) != footer }
                times.append(TerminalRun.now() - start)
                run.watch(0.011)
            }
            #expect(run.isStreaming)
            times.sort()
            print("key to output while streaming: p50 \(milliseconds(times[29])), p99 \(milliseconds(times[59]))")
        }

        @Test("Esc stops a stream and keeps its text; it never quits") func stop() throws {
            let run = try started()
            run.send(Keys.generate)
            try run.wait("some text") { _ in run.words.count > Prompts.text.count + 40 }
            let start = TerminalRun.now()
            run.send(Keys.escape)
            try run.wait("the end") { !$0.line(1).contains("· seed") }
            print("Esc to the end of the stream: \(milliseconds(TerminalRun.now() - start)), 25 ms of them to know it for a lone Esc")
            run.settle()
            let words = run.words
            #expect(words.hasPrefix(Prompts.text) && words.count > Prompts.text.count + 40)
            run.send(Keys.escape)
            run.watch(0.3)
            run.send(Keys.escape)
            run.watch(0.3)
            #expect(run.words == words && run.ending == nil)
            // The numbers of what was generated stay.
            #expect(run.screen.contains("Candidates") && run.screen.contains(" %"))
        }

        @Test("a generation appends; undo takes it back as one step and redo brings it again") func undo() throws {
            let run = try started("---\ntemperature: 0\nmax_tokens: 12\n---\n\(Prompts.text)\n")
            #expect(run.words == Prompts.text)
            run.send("!")
            try run.wait(for: "and!")
            try run.generateToEnd()
            let longer = run.words
            #expect(longer.hasPrefix(Prompts.text + "!") && longer.count > Prompts.text.count + 12)
            run.send(Keys.undo)
            try run.wait("the text before", { _ in run.words == Prompts.text + "!" })
            run.send(Keys.redo)
            try run.wait("the generation again", { _ in run.words == longer })
            run.send(Keys.undo + Keys.undo)
            try run.wait("the file's text", { _ in run.words == Prompts.text })
        }

        @Test("text scrolled back to stays where it is while tokens stream, and End follows them again") func scrolled() throws {
            let lines = (1...40).map { "line \($0) of the page" }.joined(separator: "\n")
            let run = try started("---\ntemperature: 0\nmax_tokens: 3000\n---\n\(lines)\n\(Prompts.text)\n")
            run.send(Keys.generate)
            try run.wait("the stream") { $0.line(1).contains("· seed") }
            run.send(Keys.pageUp + Keys.pageUp)
            try run.wait("an earlier line") { $0.contains("line 3 of the page") }
            run.watch(0.1)
            let document = run.document, cursor = run.screen.cursor, top = run.screen.line(0)
            for _ in 0..<10 {
                run.watch(0.1)
                #expect(run.document == document)
                // A look in the middle of a frame finds the cursor where the frame is being drawn.
                try run.wait("the cursor where it was", { _ in run.screen.cursor == cursor })
            }
            #expect(run.isStreaming && run.screen.line(0) != top)
            run.send(Keys.documentEnd)
            try run.wait("the newest text") { !$0.contains("line 3 of the page") }
            let before = run.words
            try run.wait("more of it") { _ in run.words != before }
            #expect(run.isStreaming)
        }

        @Test("typing ends a stream, and both texts stay") func typing() throws {
            let run = try started()
            run.send(Keys.generate)
            try run.wait("some text") { _ in run.words.count > Prompts.text.count + 20 }
            run.send("@@@")
            try run.wait(for: "@@@")
            run.settle()
            #expect(!run.isStreaming)
            #expect(run.words.hasPrefix(Prompts.text) && run.words.hasSuffix("@@@"))
        }
    }
}
