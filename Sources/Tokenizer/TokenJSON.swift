import JSONText

extension JSON {
    /// The fields of a token's text: `bytes` stands beside where they are not whole UTF-8.
    package static func text(_ bytes: [UInt8]) -> [(String, JSON)] {
        let text = String(decoding: bytes, as: UTF8.self)
        let field = ("text", JSON.string(text))
        return text.utf8.elementsEqual(bytes) ? [field] : [field, ("bytes", .array(bytes.map { .integer($0) }))]
    }

    package static func token(_ id: TokenID, _ tokenizer: Tokenizer) -> [(String, JSON)] { [("id", .integer(id))] + text(tokenizer.bytes(id)) }

    package static func guess(_ id: TokenID, _ logprob: Float, _ tokenizer: Tokenizer) -> JSON {
        .object(token(id, tokenizer) + [("logprob", .number(logprob))])
    }
}
