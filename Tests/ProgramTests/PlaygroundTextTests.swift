import Foundation
import Testing

extension PlaygroundSuite {
    @Suite("Text from outside") struct Text {
        /// What would steer a terminal, turn text about or hide in it.
        static let payloads = [
            "\u{1B}]0;owned\u{07}", "\u{1B}]2;owned\u{1B}\\", "\u{1B}[2J\u{1B}[H", "\u{1B}[31mred", "\u{1B}[?1049l", "\u{1B}[6n", "\u{1B}c",
            "\u{1B}P$q\"p\u{1B}\\", "\u{1B}]52;c;cm0gLXJm\u{07}", "\u{1B}_Gi=1\u{1B}\\", "\u{1B}]8;;http://x\u{07}link\u{1B}]8;;\u{07}", "\u{9B}31m", "\u{9D}0;x\u{9C}",
            "\u{0E}\u{0F}\u{05}\u{07}\u{08}\u{0B}\u{0C}\u{7F}", "\u{202E}gnp.exe", "\u{2066}x\u{2069}", "a\u{200B}b\u{FEFF}c", "\u{E0041}", "\u{2028}", "\u{85}",
            "e" + String(repeating: "\u{301}", count: 40),
        ]

        private func typed(_ name: String, _ run: TerminalRun) throws -> [UInt8] {
            run.send(Keys.save)
            try run.wait(for: "save as")
            run.send(name + Keys.enter)
            try run.wait(for: "saved")
            return try run.scratch.bytes("data/terrarium/prompts/\(name)")
        }

        @Test("what is typed appears, and is saved as typed") func typing() throws {
            let run = try TerminalRun()
            try run.ready()
            run.send("Grüße, 世界 e\u{301} 👍" + Keys.enter + "second line")
            try run.wait(for: "second line")
            try run.wait(for: "Grüße, 世界 e\u{301} 👍")
            #expect(try typed("typed.txt", run) == Array("Grüße, 世界 e\u{301} 👍\nsecond line".utf8))
        }

        @Test("100 kB of every byte, pasted, arrive verbatim, and no command runs") func paste() throws {
            var text: [UInt8] = []
            var number: UInt32 = 7
            while text.count < 100_000 {
                number = number &* 1_664_525 &+ 1_013_904_223
                switch number >> 24 {
                case 0..<16: text += [UInt8](0...255)
                case 16..<64: text += Array(Self.payloads[Int(number >> 8) % Self.payloads.count].utf8)
                case 64..<128: text += Array("\nfirst line\r\nsecond line\rthird".utf8)
                default: text += Array("the quick brown fox \u{11}\u{0F}\u{1A}\u{03}:q! ".utf8)
                }
            }
            let run = try TerminalRun()
            try run.ready()
            run.send(Array(Keys.pasteStart.utf8) + text)
            // The end mark inside the paste and its true end come in one burst, as terminals send them.
            let tail = Array("\u{1B}[201~\u{11}rm -rf\n".utf8)
            run.send(tail + Array(Keys.pasteEnd.utf8))
            run.settle(0.6, within: 20)
            #expect(run.ending == nil)
            run.send("§§§")
            try run.wait("what is typed behind it", within: 20) { $0.contains("§§§") }
            #expect(!run.screen.contains("Files") && !run.screen.contains("unsaved changes"))
            let saved = try typed("paste.txt", run)
            let expected = unix(text + tail) + Array("§§§".utf8)
            #expect(saved.count == expected.count)
            #expect(saved == expected)
            #expect(run.screen.foreign.isEmpty)
            // One undo takes the typed text, the next one the whole paste.
            run.send(Keys.undo + Keys.undo)
            try run.wait("an empty document", within: 20) { $0.contains("Type a prompt") }
        }

        /// Terminals send a pasted newline as CR.
        private func unix(_ bytes: [UInt8]) -> [UInt8] {
            var out: [UInt8] = []
            for (index, byte) in bytes.enumerated() {
                if byte == 0x0D { out.append(0x0A) } else if byte != 0x0A || index == 0 || bytes[index - 1] != 0x0D { out.append(byte) }
            }
            return out
        }

        @Test("nothing in a prompt file steers the terminal: body, title, sentence") func promptFile() throws {
            for group in stride(from: 0, to: Self.payloads.count, by: 7) {
                let some = Self.payloads[group..<min(group + 7, Self.payloads.count)]
                let quoted = some.map { text in
                    text.unicodeScalars.map { $0.value < 0x20 || (0x7F..<0xA0).contains($0.value) ? "\\x" + hex($0.value) : String($0) }.joined()
                        .replacingOccurrences(of: "\"", with: "")
                }.joined()
                let text = "---\ntitle: \"t\(quoted)\"\nlook_at: \"l\(quoted)\"\n---\nbody " + some.joined(separator: "\n") + "\nlast line\n"
                let run = try TerminalRun("data/terrarium/prompts/evil.md", files: ["evil.md": text])
                try run.ready()
                #expect(run.screen.contains("last line"), "\(run.screen.text)")
                run.send(Keys.open)
                try run.wait(for: "Files")
                run.settle()
                run.send(Keys.escape)
                run.settle(0.1)
                run.send(Keys.tab + Keys.down + Keys.tab)
                run.settle(0.1)
                expectClean(run)
            }
        }

        private func hex(_ value: UInt32) -> String { (value < 16 ? "0" : "") + String(value, radix: 16) }

        @Test("nothing in a file's name steers the terminal: given, listed, opened, missing, saved") func fileName() throws {
            for payload in ["\u{1B}[31m\u{1B}]0;x\u{07}", "\u{9B}2J", "\u{202E}txt\u{2066}", "a\nb", "\u{7F}\u{08}"] {
                let run = try TerminalRun("data/terrarium/prompts/n\(payload).md", files: ["n\(payload).md": "a text\n"])
                try run.ready()
                #expect(run.words == "a text")
                run.send("x" + Keys.save)
                try run.wait(for: "saved")
                run.send(Keys.open)
                try run.wait(for: "Files")
                run.settle()
                expectClean(run)
                let missing = try TerminalRun("no\(payload)", model: .missing)
                try missing.wait(for: "no model")
                missing.settle()
                expectClean(missing)
            }
        }

        @Test("what the model writes does not steer the terminal, and is kept as written") func modelOutput() throws {
            // The model is made to write nothing but ESC.
            let prompt = "---\ntemperature: 0\nmax_tokens: 9\nlogit_bias: {\"\\e\": 100}\n---\nbyte\n"
            let run = try TerminalRun("data/terrarium/prompts/p.md", files: ["p.md": prompt])
            try run.ready()
            try run.generateToEnd()
            expectClean(run)
            #expect(run.screen.text.filter { $0 == "␛" }.count >= 9, "\(run.screen.text)")
            run.send(Keys.save)
            try run.wait(for: "saved")
            let saved = try run.scratch.bytes("data/terrarium/prompts/p.md")
            #expect(saved.count { $0 == 0x1B } == 9)
        }

        @Test("nothing in a model's metadata steers the terminal") func metadata() throws {
            func word(_ value: Int) -> [UInt8] { (0..<8).map { UInt8(value >> (8 * $0) & 255) } }
            func text(_ text: String) -> [UInt8] { word(text.utf8.count) + Array(text.utf8) }
            let header = Array("GGUF".utf8) + [3, 0, 0, 0] + word(0) + word(1) + text("general.architecture") + [8, 0, 0, 0]
                + text("ev\u{1B}[31mil\u{1B}]0;x\u{07}\u{202E}")
            let scratch = try Scratch()
            let path = try scratch.write("evil.gguf", header)
            let run = try TerminalRun("--model", path, model: .missing)
            try run.wait("the refusal") { $0.line(23).contains("ev") && $0.line(23).contains("il") }
            run.settle()
            expectClean(run)
        }

        private func expectClean(_ run: TerminalRun, location: SourceLocation = #_sourceLocation) {
            #expect(run.screen.foreign.isEmpty, sourceLocation: location)
            #expect(run.screen.isAlternate && run.screen.modes[2004] == true, sourceLocation: location)
            // The program's own frame still stands where it stood.
            #expect(run.screen.line(1).hasPrefix("┌─ Document"), "\(run.screen.text)", sourceLocation: location)
            #expect(run.screen.lines.allSatisfy { !$0.contains("owned") || $0.contains("␛") }, sourceLocation: location)
        }
    }
}
