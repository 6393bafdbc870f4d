import Tokenizer

extension PromptFile {
    /// The prompt with the variables' values put in.
    ///
    /// Throws: when a variable has neither a value nor a standard.
    package func text(_ values: [String: [UInt8]] = [:], path: String = "") throws(PromptFileError) -> [UInt8] {
        var out: [UInt8] = []
        for span in try spans(of: body, values, path) { out += span.bytes }
        return out
    }

    /// The turns of a chat, with the variables' values put in; a value never opens a turn.
    ///
    /// Text before the first turn's line, if more than blank, is the user's.
    /// Throws: when a variable has neither a value nor a standard.
    package func turns(_ values: [String: [UInt8]] = [:], path: String = "") throws(PromptFileError) -> [Turn] {
        var turns = Self.turns(in: body)
        if let system, turns.first?.role != .system { turns.insert(Turn(.system, Array(system.utf8)), at: 0) }
        for index in turns.indices {
            var out: [UInt8] = []
            for span in try spans(of: turns[index].text, values, path) { out += span.bytes }
            turns[index].text = out
        }
        return turns
    }

    /// The prompt as a document: with `specials`, the text of special tokens becomes chips, but never in a variable's value.
    ///
    /// A chat becomes its template's text with the assistant's turn opened unless it is there, as `turns` and `ChatTemplate` give it.
    /// Throws: when a variable has neither a value nor a standard.
    package func document(_ values: [String: [UInt8]] = [:], tokenizer: Tokenizer, path: String = "") throws(PromptFileError) -> Document {
        if mode == .chat, let template = tokenizer.chatTemplate {
            let turns = try turns(values, path: path)
            return Document(parts: template.render(turns, answer: turns.last?.role != .assistant), tokenizer: tokenizer)
        }
        var parts: [Part] = []
        for span in try spans(of: body, values, path) {
            parts += specials && !span.isValue ? Self.parts(of: span.bytes, tokenizer) : [.text(span.bytes)]
        }
        return Document(parts: parts, tokenizer: tokenizer)
    }

    /// Text cut at the special tokens written in it.
    package static func parts(of text: [UInt8], _ tokenizer: Tokenizer) -> [Part] {
        var parts: [Part] = []
        var start = 0
        for token in tokenizer.tokens(text, specials: true) where tokenizer.isSpecial(token.id) {
            if token.range.lowerBound > start { parts.append(.text(Array(text[start..<token.range.lowerBound]))) }
            parts.append(.special(token.id))
            start = token.range.upperBound
        }
        if start < text.count { parts.append(.text(Array(text[start...]))) }
        return parts
    }

    /// Takes a document's text as the body, with `specials` where chips need it; says what reading it back would change.
    package mutating func take(_ document: Document, tokenizer: Tokenizer) -> [String] {
        body = document.bytes
        let chips = document.kept.filter(\.special)
        if !chips.isEmpty { specials = true }
        guard specials else { return [] }
        var read: [Range<Int>] = []
        for token in tokenizer.tokens(body, specials: true) where tokenizer.isSpecial(token.id) { read.append(token.range) }
        return read == chips.map(\.range) ? []
            : ["Plain text that spells a special token will be read back as that token, since the file says `specials: true`."]
    }

    // MARK: - Turns

    var opensWithSystem: Bool { Self.turns(in: body).first?.role == .system }

    /// The turns a text is made of: a line that is exactly `@system`, `@user` or `@assistant` opens one.
    package static func turns(in body: [UInt8]) -> [Turn] {
        var turns: [Turn] = []
        var opened = false
        var role = Speaker.user
        var text: [UInt8] = []
        func finish() {
            if opened { turns.append(Turn(role, withoutFinalNewline(text))); return }
            let lead = withoutFinalNewline(text)
            if lead.contains(where: { ![0x20, 0x09, 0x0D, 0x0A].contains($0) }) { turns.append(Turn(.user, lead)) }
        }
        var start = 0
        while start < body.count {
            let end = body[start...].firstIndex(of: 0x0A).map { $0 + 1 } ?? body.count
            let line = body[start..<end]
            if let (found, ats) = marker(line) {
                if ats == 1 {
                    finish()
                    opened = true
                    role = found
                    text = []
                } else {
                    text += line.dropFirst()
                }
            } else {
                text += line
            }
            start = end
        }
        // The last turn's final newline is the file's, and is gone already.
        if opened { turns.append(Turn(role, text)) } else if turns.isEmpty, text.contains(where: { ![0x20, 0x09, 0x0D, 0x0A].contains($0) }) {
            turns.append(Turn(.user, text))
        }
        return turns
    }

    /// The body that reads back as these turns.
    package static func body(of turns: [Turn]) -> [UInt8] {
        var out: [UInt8] = []
        for (index, turn) in turns.enumerated() {
            out += Array("@\(turn.role.rawValue)\n".utf8)
            var start = 0
            while start < turn.text.count {
                let end = turn.text[start...].firstIndex(of: 0x0A).map { $0 + 1 } ?? turn.text.count
                if marker(turn.text[start..<end]) != nil { out.append(0x40) }
                out += turn.text[start..<end]
                start = end
            }
            if index + 1 < turns.count { out.append(0x0A) }
        }
        return out
    }

    /// The role a line names, and how many @ stand before it.
    private static func marker(_ line: ArraySlice<UInt8>) -> (role: Speaker, ats: Int)? {
        guard line.first == 0x40 else { return nil }
        var end = line.endIndex
        if end > line.startIndex, line[end - 1] == 0x0A { end -= 1 }
        if end > line.startIndex, line[end - 1] == 0x0D { end -= 1 }
        let ats = line.prefix { $0 == 0x40 }.count
        guard line.startIndex + ats <= end else { return nil }
        let name = line[line.startIndex + ats..<end]
        return Speaker.allCases.first { name.elementsEqual($0.rawValue.utf8) }.map { ($0, ats) }
    }

    private static func withoutFinalNewline(_ text: [UInt8]) -> [UInt8] {
        guard text.last == 0x0A else { return text }
        return text.dropLast().last == 0x0D ? text.dropLast(2) : text.dropLast()
    }

    // MARK: - Variables

    private struct Span {
        var bytes: [UInt8]
        var isValue: Bool
    }

    /// A text cut at `{{name}}` of the declared names; every other `{{` is literal, in values too.
    private func spans(of text: [UInt8], _ values: [String: [UInt8]], _ path: String) throws(PromptFileError) -> [Span] {
        let names = variables.map { (marker: Array("{{\($0.name)}}".utf8), variable: $0) }
        var spans: [Span] = []
        var start = 0
        var index = 0
        while index < text.count {
            guard text[index] == 0x7B, let found = names.first(where: { text[index...].starts(with: $0.marker) }) else {
                index += 1
                continue
            }
            guard let value = values[found.variable.name] ?? found.variable.standard.map({ Array($0.utf8) }) else {
                throw PromptFileError(path: path, line: nil, fact: .missingVariable(found.variable.name))
            }
            if index > start { spans.append(Span(bytes: Array(text[start..<index]), isValue: false)) }
            spans.append(Span(bytes: value, isValue: true))
            index += found.marker.count
            start = index
        }
        if start < text.count { spans.append(Span(bytes: Array(text[start...]), isValue: false)) }
        return spans
    }
}
