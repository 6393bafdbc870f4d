/// Who speaks in a turn.
package enum Speaker: String, Sendable, CaseIterable, Codable {
    case system, user, assistant
}

package struct Turn: Sendable, Equatable {
    package var role: Speaker
    package var text: [UInt8]

    package init(_ role: Speaker, _ text: [UInt8]) {
        self.role = role
        self.text = text
    }
}

/// A stretch of a rendered conversation: text to encode as plain text, or one special token.
package enum Part: Sendable, Equatable {
    case text([UInt8])
    case special(TokenID)
}

/// How a model wants conversations written; known formats only, a template is never run as a program.
package struct ChatTemplate: Sendable, Equatable {
    /// What stands around a role's text.
    package struct Wrap: Sendable, Equatable {
        package let opening: [Part], closing: [Part]
    }
    package let name: String
    /// What the model's template says as system when the conversation does not.
    package let defaultSystem: String?
    /// nil: the system's text goes before the first person's, in their turn, between these.
    package let system: Wrap?
    package let folded: (before: [UInt8], after: [UInt8])
    package let user: Wrap, assistant: Wrap
    /// Whether an answer begins with a space, which the model writes itself.
    package let spacesAnswers: Bool

    package static func == (a: ChatTemplate, b: ChatTemplate) -> Bool {
        a.name == b.name && a.defaultSystem == b.defaultSystem && a.system == b.system && a.user == b.user && a.assistant == b.assistant
            && a.folded.before == b.folded.before && a.folded.after == b.folded.after
    }

    /// nil for a system's turn where the format has none of its own.
    package func wrap(_ role: Speaker) -> Wrap? {
        switch role {
        case .system: system
        case .user: user
        case .assistant: assistant
        }
    }

    /// What a model's template turned out to be.
    package enum Recognition: Sendable, Equatable {
        case none
        case known(ChatTemplate)
        /// A format that cannot be written: its name, or how it begins.
        case unknown(String)
    }

    /// Finds the format of a template among the known ones; its tokens must be special tokens of the model.
    package static func recognise(_ template: String?, special: (String) -> TokenID?) -> Recognition {
        guard let template, !template.isEmpty else { return .none }
        guard let format = ChatFormat.table.first(where: { format in format.marks.allSatisfy { template.contains($0) } }) else {
            return .unknown("a template that begins with \"\(template.prefix(40))\"")
        }
        func parts(_ marks: [ChatFormat.Mark]) -> [Part]? {
            var parts: [Part] = []
            for mark in marks {
                switch mark {
                case .text(let text): parts.append(.text(Array(text.utf8)))
                case .special(let text):
                    guard let id = special(text) else { return nil }
                    parts.append(.special(id))
                case .firstOf(let texts):
                    guard let id = texts.lazy.compactMap(special).first else { return nil }
                    parts.append(.special(id))
                case .either(let text): parts.append(special(text).map { .special($0) } ?? .text(Array(text.utf8)))
                }
            }
            return joined(parts)
        }
        func wrap(_ ends: ChatFormat.Ends) -> Wrap? {
            guard let opening = parts(ends.opening), let closing = parts(ends.closing) else { return nil }
            return Wrap(opening: opening, closing: closing)
        }
        guard let user = wrap(format.user), let assistant = wrap(format.assistant) else { return .unknown(format.name) }
        let system = format.system.flatMap(wrap)
        guard (system == nil) == (format.system == nil) else { return .unknown(format.name) }
        let name = format.name == "ChatML" && template.contains("<think>") ? "ChatML with thinking" : format.name
        return .known(ChatTemplate(name: name, defaultSystem: format.defaultSystem(in: template), system: system,
                                   folded: (Array(format.folded.before.utf8), Array(format.folded.after.utf8)), user: user, assistant: assistant, spacesAnswers: format.spacesAnswers))
    }

    /// Writes a conversation; `answer` opens the assistant's turn after it.
    package func render(_ turns: [Turn], answer: Bool) -> [Part] {
        var all = turns
        if let defaultSystem, let first = turns.first, first.role != .system {
            all.insert(Turn(.system, Array(defaultSystem.utf8)), at: 0)
        }
        if system == nil, let first = all.first, first.role == .system {
            let text = folded.before + first.text + folded.after
            all.removeFirst()
            if all.first?.role == .user { all[0].text = text + all[0].text } else { all.insert(Turn(.user, text), at: 0) }
        }
        var parts: [Part] = []
        for turn in all {
            // A second system turn has no form where the first is folded: it is the person's.
            let wrap = wrap(turn.role) ?? user
            let isSpaced = spacesAnswers && turn.role == .assistant && turn.text.first != 0x20
            parts += wrap.opening + [.text((isSpaced ? [0x20] : []) + turn.text)] + wrap.closing
        }
        if answer { parts += assistant.opening }
        return Self.joined(parts)
    }

    /// Text next to text is one text.
    private static func joined(_ parts: [Part]) -> [Part] {
        parts.reduce(into: []) { out, part in
            if case .text(let more) = part, case .text(let text)? = out.last {
                out[out.count - 1] = .text(text + more)
            } else {
                out.append(part)
            }
        }
    }
}
