import Foundation
import Testing

/// The real program with the real model in a pseudo-terminal; one at a time, so that they do not take each other's time.
@Suite(.serialized, .enabled(if: CommandLineRun.isReady, CommandLineRun.comment)) struct PlaygroundSuite {}

extension TerminalRun {
    /// Waits until the model is there and everything asked of it has been drawn.
    func ready(location: SourceLocation = #_sourceLocation) throws {
        try wait("the model", within: 20, { $0.line(0).contains("/8192") }, location: location)
        settle()
    }

    /// The document's lines in a window of 80 x 24, without their border.
    var document: [String] {
        screen.lines.dropFirst(2).filter { $0.hasPrefix("│") }.map { line -> String in
            var text = String(line.dropFirst().prefix { $0 != "│" })
            while text.hasSuffix(" ") { text.removeLast() }
            return text
        }
    }
    /// The document's words as one line.
    var words: String { document.filter { !$0.isEmpty }.joined(separator: " ") }

    var footer: String { screen.line(screen.height - 1) }
    var isStreaming: Bool { screen.line(1).contains("· seed") }

    /// Everything the program has switched on is off again.
    func expectRestored(location: SourceLocation = #_sourceLocation) {
        #expect(isRestored, "the terminal's settings", sourceLocation: location)
        #expect(!screen.isAlternate, "the alternate screen", sourceLocation: location)
        #expect(screen.showsCursor, "the cursor", sourceLocation: location)
        for mode in [2004, 1002, 1006, 2026, 1] {
            #expect(screen.modes[mode] != true, "mode \(mode)", sourceLocation: location)
        }
        #expect(screen.foreign.isEmpty, sourceLocation: location)
    }

    func generateToEnd(location: SourceLocation = #_sourceLocation) throws {
        send(Keys.generate)
        try wait("the stream", { $0.line(1).contains("· seed") || $0.line(0).contains("tok/s") }, location: location)
        try wait("the stream's end", within: 20, { !$0.line(1).contains("· seed") }, location: location)
        settle()
    }

}

enum Keys {
    static let generate = "\u{07}", tint = "\u{14}", open = "\u{0F}", save = "\u{13}", quit = "\u{11}", undo = "\u{1F}", redo = "\u{19}", reopen = "\u{12}"
    static let suspend = "\u{1A}", escape = "\u{1B}", tab = "\t", enter = "\r", down = "\u{1B}[B", up = "\u{1B}[A", left = "\u{1B}[D"
    static let pageUp = "\u{1B}[5~", documentEnd = "\u{1B}[1;5F", pasteStart = "\u{1B}[200~", pasteEnd = "\u{1B}[201~"
}

enum Prompts {
    static let text = "When the snow began to melt, the people of the village came out of their houses and"
    /// A text that the model continues without end.
    static func endless(_ count: Int = 3000) -> String { "---\ntemperature: 0\nmax_tokens: \(count)\n---\n\(text)\n" }
}
