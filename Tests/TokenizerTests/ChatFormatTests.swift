import Testing

import Tokenizer

@Suite("Chat formats")
struct ChatFormatTests {
    struct Reference: Decodable {
        struct Said: Decodable { let role: Speaker, text: String }
        let name: String, template: String, controls: [String], turns: [Said], text: String
    }

    @Test("conversations are written as llama.cpp writes them, every mark that is a special token as one")
    func written() throws {
        let references: [Reference] = try Fixture.load("chat.json")
        #expect(Set(references.map(\.name)).count == 9)
        for reference in references {
            let tokenizer = try TinyModel(controls: reference.controls, template: reference.template).tokenizer()
            let template = try #require(tokenizer.chatTemplate, "\(reference.name)")
            #expect(reference.name.hasPrefix(template.name))
            let parts = template.render(reference.turns.map { Turn($0.role, Array($0.text.utf8)) }, answer: true)
            var text: [UInt8] = []
            for part in parts {
                switch part {
                case .text(let bytes):
                    text += bytes
                    for control in reference.controls { #expect(!String(decoding: bytes, as: UTF8.self).contains(control)) }
                case .special(let id): text += tokenizer.bytes(id)
                }
            }
            #expect(String(decoding: text, as: UTF8.self) == reference.text, "\(reference.name)")
        }
    }

    @Test("Alpaca's marks are plain text; a format that is only named is not written")
    func others() throws {
        let alpaca = try #require(try TinyModel(template: "### Instruction: ### Response:").tokenizer().chatTemplate)
        let parts = alpaca.render([Turn(.system, Array("S".utf8)), Turn(.user, Array("U".utf8))], answer: true)
        #expect(parts == [.text(Array("### Instruction:\nS\n\nU\n\n### Response:\n".utf8))])
        let llama = try #require(try TinyModel(controls: ["<s>", "</s>"], template: "[INST] <<SYS>>").tokenizer().chatTemplate)
        let id = try TinyModel(controls: ["<s>", "</s>"]).tokenizer()
        #expect(try llama.render([Turn(.user, [0x61]), Turn(.assistant, [0x62]), Turn(.user, [0x63])], answer: true) == [
            .text(Array("[INST] a [/INST] b ".utf8)), .special(#require(id.special("</s>"))), .special(#require(id.special("<s>"))),
            .text(Array("[INST] c [/INST]".utf8)),
        ])
        let other = try TinyModel(template: "{{'<｜User｜>'}}").tokenizer()
        #expect(other.chatTemplate == nil && other.unknownTemplate == "DeepSeek")
        let thinking = try TinyModel(template: "<|im_start|> <think>").tokenizer()
        #expect(thinking.chatTemplate?.name == "ChatML with thinking")
    }
}
