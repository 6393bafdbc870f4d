import Foundation
import Testing

extension PlaygroundSuite {
    @Suite("The laboratory") struct Bench {
        private static let yaml = """
            title: Opposites
            example: "{{word}} -> {{other}}\\n"
            query: "{{word}} ->"
            answer: " {{other}}"
            labels: [cold, dark, slow, small]
            pool: data.jsonl
            test: data.jsonl
            shots: [0, 2]
            seeds: 8
            """
        private static let data = ["hot cold", "bright dark", "quick slow", "large small", "warm cold", "light dark", "fast slow", "big small"]
            .map { $0.split(separator: " ") }.map { "{\"word\": \"\($0[0])\", \"other\": \"\($0[1])\"}\n" }.joined()

        private func started(_ scratch: Scratch? = nil) throws -> TerminalRun {
            let scratch = try scratch ?? Scratch()
            try scratch.write("lab/opposites.yaml", Self.yaml)
            try scratch.write("lab/data.jsonl", Self.data)
            let run = try TerminalRun("lab/opposites.yaml", width: 120, height: 30, seconds: 60, scratch: scratch)
            try run.ready()
            return run
        }

        @Test("a sweep goes on while keys are typed, every key is seen, and quitting loses no cell") func typing() throws {
            let run = try started()
            run.send("r")
            try run.wait("the first cell", within: 20) { $0.contains("1 of 9 cells") }
            run.send("\u{1B}")
            try run.wait("the document") { $0.contains("─ Document ") }
            let text = "While it runs, one can write."
            for character in text {
                run.send(String(character))
                run.watch(0.01)
            }
            try run.wait(for: text)
            run.send("\u{1B}[17~")
            try run.wait("all cells", within: 30) { $0.contains("opposites.yaml   done") }
            run.send(Keys.quit)
            try run.wait(for: "D quit without")
            run.send("D")
            #expect(run.finish() == .exited(0))

            let again = try started(run.scratch)
            try again.wait(for: "opposites.yaml   done")
            again.send(Keys.quit)
            #expect(again.finish() == .exited(0))
        }
    }
}
