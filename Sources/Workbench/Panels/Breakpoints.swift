import Engine
import Terminal

/// Why a typed line is no breakpoints.
package struct BreakpointsError: Error, Equatable, CustomStringConvertible {
    package let found: String
    package var description: String {
        "A pause is written H>3 (nats), p<0.05 (0 to 1) or \"text\", and \(found) is none of these."
    }
}

/// Breakpoints as people type them and as the line of controls shows them.
enum BreakpointsText {
    static func text(_ breakpoints: Breakpoints) -> String {
        var parts: [String] = []
        if let entropy = breakpoints.entropy { parts.append("H>\(FieldText.exact(entropy))") }
        if let probability = breakpoints.probability { parts.append("p<\(FieldText.exact(probability))") }
        if !breakpoints.text.isEmpty { parts.append("\"\(FieldText.escaped(breakpoints.text, border: "\""))\"") }
        return parts.joined(separator: " ")
    }

    /// What stands at the end of the line of controls; empty where nothing is set.
    static func label(_ breakpoints: Breakpoints) -> String { breakpoints.isEmpty ? "" : "pause " + text(breakpoints) }

    static func parse(_ line: String) throws(BreakpointsError) -> Breakpoints {
        var breakpoints = Breakpoints()
        var rest = FieldText.trimmed(line)[...]
        while let first = rest.first {
            if first == "\"" {
                let text = quoted(rest)
                guard let text, !text.isEmpty else { throw BreakpointsError(found: String(rest)) }
                breakpoints.text = FieldText.unescaped(text, border: "\"")
                rest = rest.dropFirst(text.count + 2)
            } else {
                let item = condition(rest), value = Double(FieldText.trimmed(String(item.dropFirst().drop { $0 == " " }.dropFirst())))
                switch (item.first?.lowercased(), item.dropFirst().first { $0 != " " }, value) {
                case ("h", ">", .some(let value)) where value.isFinite && value >= 0: breakpoints.entropy = value
                case ("p", "<", .some(let value)) where (0...1).contains(value): breakpoints.probability = value
                default: throw BreakpointsError(found: String(item))
                }
                rest = rest.dropFirst(item.count)
            }
            rest = rest.drop { $0 == " " || $0 == "," }
        }
        return breakpoints
    }

    /// What stands between the quotation mark at the beginning and the next that no backslash escapes.
    private static func quoted(_ text: Substring) -> String? {
        var isEscaped = false, inside = ""
        for character in text.dropFirst() {
            if character == "\"", !isEscaped { return inside }
            inside.append(character)
            isEscaped = character == "\\" && !isEscaped
        }
        return nil
    }

    /// `H>3` or `H > 3`: up to the space behind its number.
    private static func condition(_ text: Substring) -> Substring {
        var end = text.startIndex, hasNumber = false
        while end < text.endIndex, text[end] != ",", text[end] != "\"", text[end] != " " || !hasNumber {
            if text[end].isNumber || text[end] == "." { hasNumber = true }
            end = text.index(after: end)
        }
        return text[..<end]
    }
}

extension State {
    mutating func askForBreakpoints() {
        overlay = .input(.init(purpose: .breakpoints, label: "pause at, as H>3 p<0.05 \"text\"",
                               line: LineInput(BreakpointsText.text(breakpoints))))
    }

    /// Takes the typed line; one that cannot be read stays to be mended.
    mutating func acceptBreakpoints(_ input: Overlay.Input) {
        do throws(BreakpointsError) {
            breakpoints = try BreakpointsText.parse(input.line.text)
            say(breakpoints.isEmpty ? "the stream does not pause" : "the stream pauses at \(BreakpointsText.text(breakpoints))"
                + (run == nil ? "" : ", from the next one on"))
        } catch {
            overlay = .input(input)
            say("\(error)", .warning)
        }
    }

    /// The run met a breakpoint; the cursor stands at the pause.
    mutating func paused(_ number: Int, _ pause: Breakpoints.Pause) {
        guard let run, run.number == number else { return }
        finishRun("paused")
        func name(_ step: Step) -> String { TokenText.name(step.id, tokenizer) }
        switch pause {
        case .entropy(let step, let most):
            say("paused: H \(Number.fixed(Double(step.entropy), 2)) > \(FieldText.exact(most)) before \(name(step)), "
                + "which is not drawn; choose in Candidates, or ^G goes on")
        case .probability(let step, let least):
            say("paused: p \(Number.percent(exponential(Double(step.logprob)))) < \(Number.percent(least)) behind \(name(step)); ^G goes on")
        case .text(let step, let text): say("paused: \(TokenText.visible(text)) stands there, behind \(name(step)); ^G goes on")
        }
    }
}
