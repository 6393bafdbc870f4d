import Document
import Engine
import JSONText
import Store
import Tokenizer

/// A stored run as a document of its own, and as a file.
extension StoredRun {
    /// The prompt, and what was written after it, with their ids; nil where the bytes are not those of the ids.
    ///
    /// - Parameter lead: the ids that the model wants before any text.
    func laidOut(_ tokenizer: Tokenizer, after lead: [TokenID]) -> (prompt: Document, continuation: Continuation)? {
        let before = Array(promptIDs.starts(with: lead) ? promptIDs.dropFirst(lead.count) : promptIDs[...])
        let written = ids.map { tokenizer.bytes($0) }, whole = written.reduce(0) { $0 + $1.count }
        guard before.flatMap(tokenizer.bytes) == prompt, written.flatMap(\.self).elementsEqual(text.prefix(whole)) else { return nil }
        var kept: [DocToken] = [], end = 0
        for id in before {
            let start = end
            end += tokenizer.bytes(id).count
            kept.append(DocToken(id: id, range: start..<end, kept: true, special: tokenizer.isSpecial(id)))
        }
        // What is typed again as these ids needs none of them kept.
        var document = Document(text: prompt, kept: kept.filter(\.special))
        if document.ids(before: prompt.count, tokenizer: tokenizer) != before { document = Document(text: prompt, kept: kept) }
        var tokens = ids.indices.map { index in
            Continuation.Token(id: ids[index], bytes: written[index], special: tokenizer.isSpecial(ids[index]), isCut: false,
                               logprob: logprobs.indices.contains(index) ? logprobs[index] : .nan)
        }
        if text.count > whole { tokens.append(.init(id: 0, bytes: Array(text[whole...]), special: false, isCut: true, logprob: .nan)) }
        return (document, Continuation(tokens: tokens, run: Node.Run(settings: settings, seed: seed, model: fingerprint, end: self.end)))
    }

    /// Everything there is of it; the tokens' texts where the model that drew them is there.
    func json(_ tokenizer: Tokenizer?) -> JSON {
        func tokens(_ ids: [TokenID], _ numbers: [Float]) -> JSON {
            .array(ids.enumerated().map { index, id in
                let logprob: [(String, JSON)] = numbers.isEmpty ? [] : [("logprob", numbers.indices.contains(index) ? .number(numbers[index]) : .null)]
                return .object((tokenizer.map { JSON.token(id, $0) } ?? [("id", .integer(id))]) + logprob)
            })
        }
        return .object([
            ("made", .number(made)), ("model", .object([("title", .string(model)), ("fingerprint", .string(fingerprint))])),
            ("settings", Sampling(json: settings).map { .object(Export.settings(of: $0).map { ($0.key, $0.value) }) } ?? .null),
            ("seed", .integer(seed)), ("end", end.map { .string($0) } ?? .null), ("rate", .number(rate)),
            ("prompt", .object(JSON.text(prompt) + [("tokens", tokens(promptIDs, []))])),
            ("generated", .object(JSON.text(text) + [("tokens", tokens(ids, logprobs.isEmpty ? Array(repeating: .nan, count: ids.count) : logprobs))])),
        ])
    }
}

extension State {
    mutating func acceptRunExport(_ run: StoredRun, _ typed: String, _ input: Overlay.Input) -> [Effect] {
        var path = typed.trimmed
        if path.hasPrefix("~/"), let home = files.home { path = home + path.dropFirst(1) }
        guard Self.kind(of: path) == .json, !path.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
            overlay = .input(input)
            say("a run is exported as JSON: give a name that ends in .json", .warning)
            return []
        }
        let isOwn = readyModel?.fingerprint == run.fingerprint
        return [.writeTable(path: path, bytes: Array((run.json(isOwn ? tokenizer : nil).text + "\n").utf8))]
    }
}
