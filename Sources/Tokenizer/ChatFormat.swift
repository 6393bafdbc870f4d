/// A known way to write conversations: how to tell it in a template's text, and what stands around each turn.
///
/// An opening is what must stand before a role's text and nowhere else; so where a person's turn ends with the mark that the answer
/// follows, that mark is the answer's opening. Source: the templates published with the models of each name.
struct ChatFormat {
    enum Mark {
        case text(String), special(String)
        /// A special token where the model has it, else its text.
        case either(String)
        /// The first that the model has as a special token.
        case firstOf([String])
    }
    struct Ends {
        let opening: [Mark], closing: [Mark]
        init(_ opening: Mark..., closing: [Mark] = []) { (self.opening, self.closing) = (opening, closing) }
    }
    let name: String
    /// All of them in the template's text.
    let marks: [String]
    var system: Ends?
    var folded = (before: "", after: "\n\n")
    let user: Ends, assistant: Ends
    /// Whether an answer begins with a space, which the model writes itself.
    var spacesAnswers = false

    private static func named(_ name: String, _ marks: [String], _ ends: (String) -> Ends) -> ChatFormat {
        ChatFormat(name: name, marks: marks, system: ends("system"), user: ends("user"), assistant: ends("assistant"))
    }

    /// The first that fits is taken.
    static let table = [
        named("ChatML", ["<|im_start|>"]) { Ends(.special("<|im_start|>"), .text("\($0)\n"), closing: [.special("<|im_end|>"), .text("\n")]) },
        named("Llama 3", ["<|start_header_id|>"]) {
            Ends(.special("<|start_header_id|>"), .text($0), .special("<|end_header_id|>"), .text("\n\n"), closing: [.special("<|eot_id|>")])
        },
        ChatFormat(name: "Gemma", marks: ["<start_of_turn>"],
                   user: Ends(.special("<start_of_turn>"), .text("user\n"), closing: [.special("<end_of_turn>"), .text("\n")]),
                   assistant: Ends(.special("<start_of_turn>"), .text("model\n"), closing: [.special("<end_of_turn>"), .text("\n")])),
        named("Phi-3", ["<|assistant|>", "<|end|>"]) { Ends(.special("<|\($0)|>"), .text("\n"), closing: [.special("<|end|>"), .text("\n")]) },
        named("Zephyr", ["<|user|>", "<|assistant|>"]) { Ends(.either("<|\($0)|>"), .text("\n"), closing: [.firstOf(["</s>", "<|endoftext|>"]), .text("\n")]) },
        ChatFormat(name: "Llama 2", marks: ["[INST]", "<<SYS>>"], folded: ("<<SYS>>\n", "\n<</SYS>>\n\n"),
                   user: Ends(.text("[INST] ")), assistant: Ends(.text(" [/INST]"), closing: [.text(" "), .special("</s>"), .special("<s>")]),
                   spacesAnswers: true),
        ChatFormat(name: "Mistral", marks: [" [INST]"],
                   user: Ends(.text(" "), .either("[INST]"), .text(" ")),
                   assistant: Ends(.text(" "), .either("[/INST]"), closing: [.special("</s>")]), spacesAnswers: true),
        ChatFormat(name: "Mistral", marks: ["\"[INST]\""],
                   user: Ends(.either("[INST]")), assistant: Ends(.either("[/INST]"), closing: [.special("</s>")])),
        ChatFormat(name: "Mistral", marks: ["[INST]"],
                   user: Ends(.either("[INST]"), .text(" ")), assistant: Ends(.either("[/INST]"), closing: [.special("</s>")]),
                   spacesAnswers: true),
        ChatFormat(name: "Alpaca", marks: ["### Instruction:", "### Response:"],
                   user: Ends(.text("### Instruction:\n"), closing: [.text("\n\n")]),
                   assistant: Ends(.text("### Response:\n"), closing: [.text("\n\n")])),
        // Only recognised, so that it can be named.
        named("DeepSeek", ["<｜User｜>"]) { _ in Ends(.special("a format that is not written")) },
    ]

    /// The literal text between the start of a system turn and its end, if the template holds one.
    func defaultSystem(in template: String) -> String? {
        guard name == "ChatML" else { return nil }
        for newline in ["\n", "\\n"] {
            var rest = template[...]
            while let opening = rest.find("<|im_start|>system" + newline) {
                rest = rest[opening.upperBound...]
                guard let closing = rest.find("<|im_end|>") else { return nil }
                let text = rest[..<closing.lowerBound]
                // A quote or brace: the text is put together by the template, so it is no literal.
                if !text.isEmpty, !text.contains(where: { "'{}".contains($0) }) { return String(text) }
            }
        }
        return nil
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
