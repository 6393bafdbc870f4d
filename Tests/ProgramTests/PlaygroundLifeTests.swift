import Foundation
import Testing

extension PlaygroundSuite {
    @Suite("Every way out") struct Life {
        /// A run with unsaved text in it.
        private func unsaved() throws -> TerminalRun {
            let run = try TerminalRun()
            try run.ready()
            run.send("dear diary")
            try run.wait("the text, kept") { $0.line(2).contains("dear diary") && $0.line(0).contains("○") }
            return run
        }

        @Test("^Q leaves the terminal as it was, and asks before unsaved text goes") func quit() throws {
            let run = try unsaved()
            #expect(!run.isRestored && run.screen.isAlternate)
            run.send(Keys.quit)
            try run.wait(for: "unsaved changes")
            run.send("D")
            #expect(run.finish() == .exited(0))
            run.expectRestored()
        }

        @Test("a signal that ends it keeps unsaved text, says where, and is the status", arguments: [SIGTERM, SIGINT, SIGHUP, SIGQUIT])
        func signals(_ number: Int32) throws {
            let run = try unsaved()
            run.signal(number)
            #expect(run.finish() == .exited(128 + number))
            run.expectRestored()
            let told = run.screen.plain.filter { $0 != "\n" }
            #expect(told.contains("signal \(number)") && told.contains("^R opens it again"), "\(told)")
            try expectKept("dear diary", of: run)
        }

        @Test("^C, Esc and a window that loses the keyboard end nothing") func stays() throws {
            let run = try unsaved()
            for keys in ["\u{03}", Keys.escape, "\u{1B}[O", "\u{1B}[I", "\u{03}\u{03}\u{03}"] {
                run.send(keys)
                run.settle(0.1)
            }
            #expect(run.ending == nil && run.words == "dear diary")
        }

        @Test("kill -9 loses nothing that was kept: the next start offers it, and one key opens it, branches and all") func killed() throws {
            let run = try unsaved()
            run.signal(SIGKILL)
            #expect(run.finish() == .signalled(SIGKILL))
            let next = try TerminalRun(scratch: run.scratch)
            try next.wait(for: "ended without being closed")
            next.send(Keys.reopen)
            try next.wait("the text") { $0.line(2).contains("dear diary") }
            // What came before can be undone still.
            next.send(Keys.undo)
            try next.wait("the text before") { $0.line(2).contains("dear") && !$0.line(2).contains("diary") }
        }

        /// A new start with the same folders opens the text with one key.
        private func expectKept(_ text: String, of run: TerminalRun) throws {
            let next = try TerminalRun(scratch: run.scratch)
            try next.ready()
            try next.wait("the offer") { $0.contains("^R opens") }
            next.send(Keys.reopen)
            try next.wait("the text") { $0.line(2).contains(text) }
        }

        @Test("a crash ends by its own signal, at once, in a terminal that works", arguments: [SIGSEGV, SIGABRT, SIGILL, SIGBUS, SIGFPE, SIGTRAP])
        func crashes(_ number: Int32) throws {
            let run = try TerminalRun(model: .missing, environment: ["SWIFT_BACKTRACE": "enable=yes"])
            try run.wait(for: "Document")
            run.settle(0.1)
            run.signal(number)
            #expect(run.finish(within: 5) == .signalled(number))
            run.expectRestored()
        }

        @Test("a crash while tokens stream leaves a terminal that works") func crashStreaming() throws {
            let run = try TerminalRun("data/terrarium/prompts/p.md", files: ["p.md": Prompts.endless()])
            try run.ready()
            run.send(Keys.generate)
            try run.wait("the stream") { $0.line(1).contains("· seed") }
            run.signal(SIGSEGV)
            #expect(run.finish() == .signalled(SIGSEGV))
            run.expectRestored()
        }

        @Test("a terminal that is gone ends the program soon, and the text is kept") func hangup() throws {
            let run = try unsaved()
            run.closeMaster()
            let start = TerminalRun.now()
            _ = run.finish(within: 3)
            print("terminal gone to program gone: \(Int((TerminalRun.now() - start) * 1000)) ms")
            try expectKept("dear diary", of: run)
        }

        @Test("Ctrl-Z gives the shell a sane terminal, and fg the same screen") func suspend() throws {
            let run = try TerminalRun(script: "set -m; \"$0\"; echo STOPPED $?; read answer; fg; echo BACK $?")
            try run.ready()
            run.send("stop here")
            try run.wait("the text, kept") { $0.contains("stop here") && $0.line(0).contains("○") }
            run.settle()
            let before = run.screen.lines, cursor = run.screen.cursor
            run.send(Keys.suspend)
            try run.wait("the shell") { $0.plain.contains("STOPPED") }
            run.expectRestored()
            run.send("\n")
            try run.wait("the screen") { $0.isAlternate && $0.contains("stop here") }
            run.settle()
            #expect(run.screen.lines == before)
            #expect(run.screen.cursor == cursor)
            #expect(run.screen.modes[2004] == true && !run.isRestored)
            run.send("!")
            try run.wait(for: "stop here!")
            run.send(Keys.quit)
            try run.wait(for: "unsaved changes")
            run.send("D")
            _ = run.finish()
            #expect(run.screen.plain.contains("BACK 0"), "\(run.screen.plain)")
            run.expectRestored()
        }

        @Test("after a stop from outside the whole screen is drawn again, in a terminal made raw again") func stopped() throws {
            let run = try unsaved()
            run.settle()
            let before = run.screen.lines, raw = run.settingBytes
            run.signal(SIGSTOP)
            run.watch(0.1)
            run.restoreSettings()
            run.replaceScreen()
            run.signal(SIGCONT)
            try run.wait(for: "dear diary")
            run.settle()
            #expect(run.screen.lines == before)
            #expect(run.settingBytes == raw)
        }

        @Test("no size of the window ends it, and text, cursor and focus survive them all") func sizes() throws {
            let run = try unsaved()
            run.send(Keys.left + Keys.left + Keys.tab)
            run.settle(0.6)
            try run.wait("what is kept") { $0.line(0).contains("○") }
            run.settle()
            let before = run.screen.lines
            for (width, height) in [(1, 1), (20, 5), (40, 10), (60, 20), (200, 60), (500, 200), (2, 200), (500, 1), (80, 24)] {
                let frames = run.screen.frameStarts.count
                run.resize(width, height)
                try run.wait("a frame at \(width) x \(height)", { $0.frameStarts.count > frames })
                run.settle(0.12)
                let text = run.screen.text
                if width >= 40, height >= 10 {
                    #expect(text.contains(width < 60 || height < 20 ? "Candidates" : "dear diary"), "\(width) x \(height)\n\(text)")
                }
            }
            run.settle()
            #expect(run.screen.lines == before)
            run.send(Keys.escape)
            run.settle(0.1)
            run.send("x")
            try run.wait(for: "dear diaxry")
            #expect(run.screen.foreign.isEmpty)
        }

        @Test("windows that change size while tokens stream do not end the stream") func sizesStreaming() throws {
            let run = try TerminalRun("data/terrarium/prompts/p.md", files: ["p.md": Prompts.endless()])
            try run.ready()
            run.send(Keys.generate)
            try run.wait("the stream") { $0.line(1).contains("· seed") }
            for round in 0..<12 {
                run.resize([1, 300, 80, 33][round % 4], [1, 90, 24, 7][round % 4])
                run.watch(0.04)
            }
            run.resize(80, 24)
            try run.wait("the stream") { $0.line(1).contains("· seed") && $0.line(0).contains("tok/s") }
            #expect(run.ending == nil)
        }
    }
}
