import Foundation
import Testing

extension PlaygroundSuite {
    @Test("from an empty page: type, generate, fork at a candidate, open a file, quit, and the terminal is as it was") func journey() throws {
        let scratch = try Scratch()
        try scratch.write("config/terrarium/config.yaml", "max_tokens: 16\n")
        let run = try TerminalRun(files: ["a-lighthouse.md": "---\ntitle: Lighthouse\n---\nThe keeper of the lighthouse wrote in his diary:\n"], scratch: scratch)
        try run.ready()
        run.send("The capital of France is")
        try run.wait("what comes next", { $0.contains("Paris") })
        #expect(run.screen.contains("the next token"))
        try run.generateToEnd()
        let generated = run.words
        #expect(generated.hasPrefix("The capital of France is") && generated.count > "The capital of France is".count)
        run.send(Keys.undo)
        try run.wait("the prompt alone", { _ in run.words == "The capital of France is" })
        run.settle()

        // The second candidate, with what the model makes of it.
        run.send(Keys.tab)
        try run.wait("the panel's keys", { $0.line(23).contains("fork") })
        run.send(Keys.down)
        run.settle()
        let row = try #require(run.screen.lines.first { $0.contains("││ 1 ") })
        let token = try #require(row.components(separatedBy: "││ 1 ").last?.split(separator: " ").first).replacingOccurrences(of: "␣", with: " ")
        run.send(Keys.enter)
        try run.wait("the fork's stream", { $0.line(1).contains("· seed") || run.words.count > 40 })
        try run.wait("the stream's end", within: 20, { !$0.line(1).contains("· seed") })
        run.settle()
        let forked = run.words
        #expect(forked.hasPrefix("The capital of France is" + token), "\(token.debugDescription): \(forked)")
        #expect(forked.count > ("The capital of France is" + token).count)
        #expect(forked != generated)
        run.send(Keys.undo)
        try run.wait("the prompt again in one step", { _ in run.words == "The capital of France is" })
        run.send(Keys.redo)
        try run.wait("the fork again", { _ in run.words == forked })

        run.send(Keys.open)
        try run.wait(for: "a-lighthouse.md")
        run.send("/light")
        run.settle(0.1)
        run.send(Keys.enter)
        try run.wait(for: "unsaved changes")
        run.send("D")
        try run.wait("the file", { _ in run.words == "The keeper of the lighthouse wrote in his diary:" })
        #expect(run.screen.line(0).contains("a-lighthouse.md"))
        run.send(Keys.quit)
        #expect(run.finish() == .exited(0))
        run.expectRestored()
        #expect(run.screen.clears.count <= 1)
    }
}
