import Document
import Foundation
import GGUF
import Testing
import Tokenizer
import Workbench

@Suite("Conversations in a document, in every known format")
struct ChatTurnsTests {
    struct Reference: Decodable {
        struct Said: Decodable { let role: Speaker, text: String }
        let name: String, template: String, controls: [String], turns: [Said]
    }
    static let references: [Reference] = {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../TokenizerTests/Fixtures/chat.json")
        let alpaca = Reference(name: "Alpaca", template: "### Instruction: ### Response:", controls: [],
                               turns: [.init(role: .user, text: "Hello?"), .init(role: .assistant, text: "Hi."), .init(role: .user, text: "What?")])
        return ((try? JSONDecoder().decode([Reference].self, from: Data(contentsOf: file))) ?? []) + [alpaca]
    }()

    private func tokenizer(_ reference: Reference) throws -> Tokenizer {
        var writer = GGUFWriter()
        let visible = Array(0x21...0x7E) + Array(0xA1...0xAC) + Array(0xAE...0xFF), hidden = (0...255).filter { !visible.contains($0) }
        let bytes = (0...255).map { byte in
            String(UnicodeScalar(UInt32(visible.contains(byte) ? byte : 256 + (hidden.firstIndex(of: byte) ?? 0))) ?? " ")
        }
        writer.add("tokenizer.ggml.model", "gpt2")
        writer.add("tokenizer.ggml.tokens", strings: bytes + reference.controls)
        writer.add("tokenizer.ggml.token_type", integers: [Int32](repeating: 1, count: 256) + reference.controls.map { _ in 3 })
        writer.add("tokenizer.ggml.merges", strings: [])
        writer.add("tokenizer.chat_template", .string(reference.template))
        return try Tokenizer(GGUF(header: writer.bytes()))
    }

    @Test("turns that were laid out are read back, closed or open, and the open one's role is told")
    func roundTrip() throws {
        #expect(Self.references.count > 30)
        for reference in Self.references {
            let tokenizer = try tokenizer(reference), template = try #require(tokenizer.chatTemplate)
            let turns = reference.turns.map { Turn($0.role, Array($0.text.utf8)) }
            // A system's text that is folded into the person's turn without marks stays there.
            var expected = turns
            if template.system == nil, template.folded.before.isEmpty, let first = turns.first, first.role == .system {
                expected.removeFirst()
                expected[0].text = first.text + template.folded.after + expected[0].text
            }
            let open = Document(parts: template.render(turns, answer: true), tokenizer: tokenizer)
            #expect(template.turns(of: open) == expected + [Turn(.assistant, [])], "\(reference.name)")
            #expect(template.openRole(in: open.fragment(0..<open.count)) == .assistant, "\(reference.name)")
            let closed = Document(parts: template.render(turns + [Turn(.assistant, Array("Yes.".utf8))], answer: false), tokenizer: tokenizer)
            #expect(template.turns(of: closed) == expected + [Turn(.assistant, Array("Yes.".utf8))], "\(reference.name)")
            if reference.name != "Alpaca" { #expect(template.openRole(in: closed.fragment(0..<closed.count)) == nil, "\(reference.name)") }
            let other = Document(parts: [.text(Array("Once upon a time".utf8))] + template.render(turns, answer: true), tokenizer: tokenizer)
            #expect(template.turns(of: other) == nil)
        }
    }
}
