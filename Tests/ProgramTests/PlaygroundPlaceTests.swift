import Foundation
import Testing

extension PlaygroundSuite {
    @Suite("Terminals, locales, models") struct Place {
        private func shown(_ arguments: String..., environment: [String: String], location: SourceLocation = #_sourceLocation) throws -> TerminalRun {
            let text = "---\nlook_at: A sentence.\n---\n\(Prompts.text)\n"
            let run = switch arguments.count {
            case 0: try TerminalRun("data/terrarium/prompts/p.md", environment: environment, files: ["p.md": text])
            default: try TerminalRun(arguments[0], arguments[1], "data/terrarium/prompts/p.md", environment: environment, files: ["p.md": text])
            }
            try run.ready(location: location)
            run.send(Keys.tab)
            run.settle()
            #expect(run.screen.contains("Document") && run.screen.contains("Candidates"), sourceLocation: location)
            #expect(run.screen.foreign.isEmpty, sourceLocation: location)
            return run
        }

        @Test("a terminal that cannot place its cursor is told so, and which command works on it") func dumb() throws {
            let run = try TerminalRun(environment: ["TERM": "dumb"])
            #expect(run.finish() == .exited(1))
            #expect(run.screen.plain.contains("TERM=dumb") && run.screen.plain.contains("terrarium generate"), "\(run.screen.plain)")
            #expect(run.bytes.allSatisfy { $0 != 0x1B } && run.isRestored)
        }

        @Test("without a terminal it says so, and which command needs none") func none() throws {
            let result = try CommandLineRun.run()
            #expect(result.status == 1 && result.output.isEmpty)
            #expect(result.errors.contains("terminal") && result.errors.contains("terrarium generate"))
        }

        @Test("a terminal nobody has heard of gets a plain one's sequences") func unknown() throws {
            let run = try TerminalRun(environment: ["TERM": "no-such-terminal"])
            try run.wait(for: "Document")
            run.send(Keys.quit)
            #expect(run.finish() == .exited(0))
            #expect(run.isRestored)
        }

        @Test("NO_COLOR and --color mono ask for no colour, and the focus is seen all the same") func noColour() throws {
            for run in [try shown(environment: ["NO_COLOR": "1"]), try shown("--color", "mono", environment: [:])] {
                #expect(run.screen.colours.isSubset(of: [39, 49]))
                #expect(run.screen.styles.contains { !$0.flags.isEmpty })
                let title = try #require(run.screen.cells[1].firstIndex { $0.text == "C" })
                let other = try #require(run.screen.cells[1].firstIndex { $0.text == "D" })
                #expect(run.screen.cells[1][title].style != run.screen.cells[1][other].style)
            }
        }

        @Test("--color says how many colours are used") func depth() throws {
            let eight = try shown("--color", "8", environment: [:]).screen.colours
            #expect(eight.isSubset(of: Set(Array(30...37) + Array(40...47) + [39, 49])) && eight.count > 3)
            let sixteen = try shown("--color", "16", environment: [:]).screen.colours
            #expect(sixteen.isSubset(of: Set(Array(30...37) + Array(40...47) + Array(90...97) + Array(100...107) + [39, 49])) && sixteen.count > 3)
            let many = try shown("--color", "256", environment: ["NO_COLOR": "1"])
            #expect(many.screen.colours.contains(38) || many.screen.colours.contains(48))
            #expect(many.screen.styles.allSatisfy { $0.background.isEmpty || $0.background.first == 5 || $0.background.count == 1 })
        }

        @Test("where the terminal says it has 24 bits the exact colours are sent, else the numbers of the 256")
        func exact() throws {
            func counts(_ environment: [String: String], depth: String = "auto") throws -> (parts: Int, numbers: Int) {
                let run = try TerminalRun("--color", depth, "data/terrarium/prompts/p.md", environment: environment, files: ["p.md": Prompts.text])
                try run.ready()
                run.send(Keys.tab)
                run.settle()
                let text = String(decoding: run.bytes, as: UTF8.self)
                return (text.components(separatedBy: "8;2;").count - 1, text.components(separatedBy: "8;5;").count - 1)
            }
            for term in ["xterm-256color", "tmux-256color"] {
                let found = try counts(["COLORTERM": "truecolor", "TERM": term])
                #expect(found.parts > 10 && found.numbers == 0, "\(term)")
            }
            for (depth, environment) in [("auto", [:]), ("auto", ["COLORTERM": "truecolor", "TERM": "screen-256color"]), ("256", ["COLORTERM": "truecolor"])] {
                let found = try counts(environment, depth: depth)
                #expect(found.parts == 0 && found.numbers > 10)
            }
            for environment in [["COLORTERM": "truecolor", "NO_COLOR": "1"], ["COLORTERM": "truecolor", "TERM": "vt100"]] {
                let found = try counts(environment)
                #expect(found.parts == 0 && found.numbers == 0)
            }
        }

        @Test("the plain entries of terminfo draw the same text", arguments: ["xterm", "vt100", "linux", "screen-256color", "tmux-256color"])
        func entries(_ term: String) throws {
            let run = try TerminalRun("data/terrarium/prompts/p.md", environment: ["TERM": term], files: ["p.md": Prompts.text + "\n"])
            try run.ready()
            #expect(run.words == Prompts.text)
            run.send(Keys.quit)
            #expect(run.finish() == .exited(0))
            #expect(run.isRestored && run.screen.showsCursor)
        }

        @Test("the C locale gets ASCII") func locale() throws {
            let run = try TerminalRun("data/terrarium/prompts/p.md", environment: ["LC_ALL": "C"], files: ["p.md": Prompts.text + " é 世 ␣\n"])
            try run.wait("the model", within: 20) { $0.line(0).contains("/8192") }
            run.settle()
            #expect(run.screen.contains("Document") && run.screen.contains("people of the village"))
            #expect(run.bytes.allSatisfy { $0 < 0x80 })
            #expect(run.screen.foreign.isEmpty)
        }

        @Test("without a model it opens, says how to get one, and text can be written and saved") func missing() throws {
            let run = try TerminalRun(model: .missing)
            try run.wait(for: "There is no model")
            #expect(run.screen.contains("no model"))
            try write(run)
        }

        @Test("with a damaged model file it opens, says what is wrong, and text can be written and saved") func damaged() throws {
            let run = try TerminalRun(model: .damaged)
            try run.wait("the fault") { $0.line(0).contains("no model") && $0.contains("damaged") }
            try write(run)
        }

        private func write(_ run: TerminalRun) throws {
            run.send("words")
            try run.wait(for: "words")
            run.send(Keys.generate)
            run.settle(0.1)
            run.send(Keys.save)
            try run.wait(for: "save as")
            run.send("mine" + Keys.enter)
            try run.wait(for: "saved")
            #expect(try run.scratch.bytes("data/terrarium/prompts/mine.md") == Array("words\n".utf8))
            run.send(Keys.quit)
            #expect(run.finish() == .exited(0))
            run.expectRestored()
        }
    }
}
