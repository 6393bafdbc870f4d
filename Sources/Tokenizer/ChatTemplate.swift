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
    package let name: String
    /// What the model's template says as system when the conversation does not.
    package let defaultSystem: String?
    /// The special tokens around a turn.
    package let start: TokenID
    package let end: TokenID

    /// What a model's template turned out to be.
    package enum Recognition: Sendable, Equatable {
        case none
        case known(ChatTemplate)
        /// A format that cannot be written: its name, or how it begins.
        case unknown(String)
    }

    /// One format; without `turn` it is only recognised, so that it can be named.
    private struct Format {
        let name: String
        let mark: String
        let turn: (start: String, end: String)?
    }

    private static let table = [
        Format(name: "ChatML", mark: "<|im_start|>", turn: ("<|im_start|>", "<|im_end|>")),
        Format(name: "Llama 3", mark: "<|start_header_id|>", turn: nil),
        Format(name: "Gemma", mark: "<start_of_turn>", turn: nil),
        Format(name: "Llama 2 or Mistral", mark: "[INST]", turn: nil),
        Format(name: "Phi-3 or Zephyr", mark: "<|user|>", turn: nil),
        Format(name: "DeepSeek", mark: "<｜User｜>", turn: nil),
    ]

    /// Finds the format of a template among the known ones; its tokens must be special tokens of the model.
    package static func recognise(_ template: String?, special: (String) -> TokenID?) -> Recognition {
        guard let template, !template.isEmpty else { return .none }
        guard let format = table.first(where: { template.contains($0.mark) }) else {
            return .unknown("a template that begins with \"\(template.prefix(40))\"")
        }
        guard let turn = format.turn, let start = special(turn.start), let end = special(turn.end) else {
            return .unknown(format.name)
        }
        let system = defaultSystem(of: template, start: turn.start, end: turn.end)
        return .known(ChatTemplate(name: format.name, defaultSystem: system, start: start, end: end))
    }

    /// The literal text between the start of a system turn and its end, if the template holds one.
    private static func defaultSystem(of template: String, start: String, end: String) -> String? {
        for newline in ["\n", "\\n"] {
            var rest = template[...]
            while let opening = rest.find(start + "system" + newline) {
                rest = rest[opening.upperBound...]
                guard let closing = rest.find(end) else { return nil }
                let text = rest[..<closing.lowerBound]
                // A quote or brace: the text is put together by the template, so it is no literal.
                if !text.isEmpty, !text.contains(where: { "'{}".contains($0) }) { return String(text) }
            }
        }
        return nil
    }

    /// Writes a conversation; `answer` opens the assistant's turn after it.
    package func render(_ turns: [Turn], answer: Bool) -> [Part] {
        var all = turns
        if let defaultSystem, let first = turns.first, first.role != .system {
            all.insert(Turn(.system, Array(defaultSystem.utf8)), at: 0)
        }
        var parts: [Part] = []
        for turn in all {
            parts += [.special(start), .text(Array(turn.role.rawValue.utf8) + [0x0A] + turn.text), .special(end), .text([0x0A])]
        }
        if answer { parts += [.special(start), .text(Array("assistant\n".utf8))] }
        return parts
    }
}

extension Substring {
    /// The first place of `needle`, compared byte by byte.
    fileprivate func find(_ needle: String) -> Range<Index>? {
        let bytes = Array(needle.utf8)
        var index = utf8.startIndex
        while index < utf8.endIndex {
            if utf8[index...].starts(with: bytes) { return index..<utf8.index(index, offsetBy: bytes.count) }
            index = utf8.index(after: index)
        }
        return nil
    }
}
