import Tokenizer

import Engine
import Laboratory

/// Words with the space before them are tokens; the score of a token follows from its bytes and from those before it.
final class WordScorer: Scorer {
    private var ids: [[UInt8]: TokenID] = [:]
    /// Answers, of calls that did not fail.
    private(set) var scored = 0
    private(set) var calls = 0
    /// The texts of the spans.
    private(set) var seen: Set<String> = []
    /// A word that it cannot score.
    var failsOn: String?
    var favourite: String?
    let chatTemplate: ChatTemplate? = nil
    var context = 10_000
    /// What it writes after a prompt that ends with a word.
    var writes: [String: String] = [:]

    func tokens(_ parts: [Part]) -> [Token] {
        tokens(parts.reduce(into: []) { if case .text(let text) = $1 { $0 += text } })
    }

    func completions(_ prompts: [[TokenID]], most: Int, stop: [String]) throws -> [Written] {
        prompts.map { ids in
            let last = ids.last.flatMap { id in self.ids.first { $0.value == id } }.map { String(decoding: $0.key, as: UTF8.self) } ?? ""
            return Written(text: Array((writes[last] ?? "").utf8), tokens: 1, end: .stop)
        }
    }

    func tokens(_ text: [UInt8]) -> [Token] {
        var starts: [Int] = []
        for index in text.indices where index == 0 || text[index] == 32 || text[index - 1] == 10 { starts.append(index) }
        return zip(starts, starts.dropFirst() + [text.count]).map { start, end in
            Token(id: id(Array(text[start..<end])), range: start..<end)
        }
    }

    func logprobs(_ spans: [AnswerSpan]) throws -> [[Float]] {
        calls += 1
        let bad = failsOn.flatMap { ids[Array($0.utf8)] }
        if spans.contains(where: { $0.ids.contains { $0 == bad } }) { throw Failure() }
        scored += spans.count
        for span in spans { seen.insert(span.ids.map { id in ids.first { $0.value == id }.map { String(decoding: $0.key, as: UTF8.self) } ?? "" }.joined()) }
        return spans.map { span in
            span.ids[span.first...].map { id in
                let word = self.ids.first { $0.value == id }.map { String(decoding: $0.key, as: UTF8.self) } ?? ""
                return word == favourite ? -0.5 : -Float(word.utf8.count)
            }
        }
    }

    /// The same for a word whatever came before.
    private func id(_ word: [UInt8]) -> TokenID {
        let id = TokenID(truncatingIfNeeded: word.reduce(UInt64(7)) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 } >> 33)
        ids[word] = id
        return id
    }

    struct Failure: Error {}
}

enum Sample {
    static let yaml = """
        title: Colours
        instruction: "Name the colour.\\n\\n"
        example: "{{thing}} is {{colour}}\\n"
        query: "{{thing}} is"
        answer: " {{colour}}"
        labels: [red, green]
        pool: data/pool.jsonl
        test: data/test.jsonl
        kind: choice
        shots: [0, 1, 3]
        seeds: 2
        orders: 2
        score: per_token
        """
    static let pool = (0..<8).map { #"{"thing": "thing\#($0)", "colour": "\#($0 % 2 == 0 ? "red" : "green")"}"# + "\n" }.joined()
    static let test = #"{"thing": "thing2", "colour": "red"}"# + "\n\n" + #"{"thing": "grass", "colour": "green", "id": 7}"# + "\n"

    static func experiment(
        _ yaml: String = yaml, pool: String = pool, test: String = test
    ) throws(ExperimentError) -> Experiment {
        try Experiment(parsing: Array(yaml.utf8), path: "lab/colours.yaml") { path throws(ExperimentError) in
            switch path {
            case "lab/data/pool.jsonl": return Array(pool.utf8)
            case "lab/data/test.jsonl": return Array(test.utf8)
            default: throw ExperimentError(path: path, fact: .unreadable("no such file"))
            }
        }
    }

    /// The sample with one line replaced, or dropped.
    static func changing(_ key: String, to line: String?) -> String {
        yaml.split(separator: "\n").compactMap { $0.hasPrefix(key + ":") ? line : String($0) }.joined(separator: "\n")
    }
}
