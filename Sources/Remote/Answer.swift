import Engine
import JSONText
import Tokenizer

/// What a piece of an answer holds, in whichever of the API's two ways its server writes it.
///
/// Source: OpenAI's API reference (completions with parallel lists, chat with a list of tokens); llama.cpp's server, which writes the
/// latter for completions too.
struct Answer {
    let text: String
    let tokens: [TextToken]
    let finish: String?
    /// Of the question, where the answer tells of them by `prompt_logprobs`.
    let prompt: [TextToken]

    /// Nil where the JSON is no such piece.
    init?(_ json: JSON) {
        guard let choice = json["choices"]?.asArray?.first else { return nil }
        text = choice["text"]?.asString ?? choice["delta"]?["content"]?.asString ?? choice["message"]?["content"]?.asString ?? ""
        finish = choice["finish_reason"]?.asString
        prompt = (choice["prompt_logprobs"] ?? json["prompt_logprobs"])?.asArray.map { $0.compactMap(Self.named) } ?? []
        guard let logprobs = choice["logprobs"], !logprobs.isNull else {
            tokens = []
            return
        }
        tokens = logprobs["content"]?.asArray.map { $0.compactMap(Self.entry) } ?? Self.lists(logprobs)
    }

    /// Tokens whose texts are the text, or the text as one token of which less is known: a stop text may have been cut off.
    var whole: [TextToken] {
        let bytes = Array(text.utf8)
        if tokens.flatMap(\.bytes) == bytes { return tokens }
        guard !bytes.isEmpty else { return [] }
        let only = tokens.count == 1 ? tokens.first : nil
        return [TextToken(bytes: bytes, id: only?.id, logprob: only?.logprob, top: only?.top ?? [])]
    }

    private static func bytes(_ entry: JSON) -> [UInt8] {
        let own = entry["bytes"]?.asArray?.compactMap { $0.asInt.flatMap { UInt8(exactly: $0) } }
        if let own, !own.isEmpty { return own }
        return Array((entry["token"]?.asString ?? "").utf8)
    }

    private static func id(_ entry: JSON) -> TokenID? { entry["id"]?.asInt.flatMap { TokenID(exactly: $0) } }
    private static func logprob(_ entry: JSON?) -> Float? { entry?.asDouble.map { Float($0) } }

    private static func entry(_ entry: JSON) -> TextToken? {
        guard entry["token"] != nil || entry["bytes"] != nil else { return nil }
        let top = (entry["top_logprobs"]?.asArray ?? []).compactMap { guess in
            logprob(guess["logprob"]).map { TextToken.Guess(bytes: bytes(guess), id: id(guess), logprob: $0) }
        }
        return TextToken(bytes: bytes(entry), id: id(entry), logprob: logprob(entry["logprob"]), top: ranked(top))
    }

    /// A token by its id, where no other is told of beside it.
    private static func named(_ entry: JSON) -> TextToken? {
        guard let only = entry.asObject, only.count == 1, let (id, value) = only.first, let text = value["decoded_token"]?.asString else { return nil }
        return TextToken(bytes: Array(text.utf8), id: TokenID(id), logprob: logprob(value["logprob"]), top: [])
    }

    private static func lists(_ logprobs: JSON) -> [TextToken] {
        let tokens = logprobs["tokens"]?.asArray ?? [], values = logprobs["token_logprobs"]?.asArray ?? [], tops = logprobs["top_logprobs"]?.asArray ?? []
        return tokens.indices.map { index in
            let top = index < tops.count ? tops[index].asObject ?? [] : []
            let guesses = top.compactMap { field in logprob(field.1).map { TextToken.Guess(bytes: Array(field.0.utf8), id: nil, logprob: $0) } }
            return TextToken(bytes: Array((tokens[index].asString ?? "").utf8), id: nil, logprob: index < values.count ? logprob(values[index]) : nil, top: ranked(guesses))
        }
    }

    /// Servers add the token itself behind the likeliest; what is no number is dropped.
    private static func ranked(_ guesses: [TextToken.Guess]) -> [TextToken.Guess] {
        guesses.filter { $0.logprob.isFinite }.sorted { $0.logprob > $1.logprob }
    }
}
