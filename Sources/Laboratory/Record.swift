import JSONText
import Tokenizer

/// A line of `items.jsonl`: what must be read back, and behind it what a reader of the file wants to see.
extension ItemResult {
    package func json(_ cell: Cell, _ experiment: Experiment) -> JSON {
        let texts = experiment.test.indices.contains(item) ? experiment.answers(experiment.test[item]) : []
        func text(_ index: Int) -> JSON { texts.indices.contains(index) ? .string(texts[index]) : .null }
        var fields: [(String, JSON)] = cell.json + [
            ("item", .integer(item)), ("prompt", .string(promptHash)), ("prompt_tokens", .integer(promptTokens)),
            ("pool", .array(shots.map { .integer($0) })), ("dropped", .integer(dropped)), ("right", .integer(right)),
            ("answers", .array(answers.enumerated().map { index, answer in
                .object([("text", text(index))] + answer.json)
            })),
        ]
        if let completion {
            fields.append(("completion", .object([
                ("text", .string(completion.text)), ("tokens", .integer(completion.tokens)), ("end", .string(completion.end)),
                ("matches", .literal("\(completion.matches)")),
            ])))
        } else {
            fields.append(("guess", .object(experiment.rules.map { ($0.rawValue, text(guess($0))) })))
            fields.append(("mass", .number(mass)))
        }
        return .object(fields)
    }
}

extension Cell {
    /// The fields that name a cell in a file.
    var json: [(String, JSON)] {
        let count: JSON = if case .count(let count) = shots { .integer(count) } else { .string("max") }
        return [("shots", count), ("seed", .integer(seed)), ("order", .integer(order)), ("template", .integer(template))]
    }
}

extension AnswerScore {
    fileprivate var json: [(String, JSON)] {
        [("ids", .array(ids.map { .integer($0) })), ("logprobs", .array(logprobs.map { .number($0) })), ("bytes", .integer(bytes)),
         ("merges", .literal("\(merges)"))]
            + (unconditional.map { [("unconditional", .number($0))] } ?? []) + (contentFree.map { [("content_free", .number($0))] } ?? [])
    }
}

// MARK: Reading back

extension Shots: Decodable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let count = try? container.decode(Int.self), count >= 0 { self = .count(count); return }
        guard try container.decode(String.self) == "max" else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "neither a number of shots nor max")
        }
        self = .most
    }
}

extension AnswerScore: Decodable {
    private enum CodingKeys: String, CodingKey { case ids, logprobs, bytes, merges, unconditional, contentFree = "content_free" }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        // What is not finite is written as null.
        self.init(
            ids: try container.decode([TokenID].self, forKey: .ids),
            logprobs: try container.decode([Float?].self, forKey: .logprobs).map { $0 ?? -.infinity },
            bytes: try container.decode(Int.self, forKey: .bytes), merges: try container.decode(Bool.self, forKey: .merges),
            unconditional: try container.decodeIfPresent(Double.self, forKey: .unconditional),
            contentFree: try container.decodeIfPresent(Double.self, forKey: .contentFree))
    }
}

extension ItemResult: Decodable {
    private enum CodingKeys: String, CodingKey {
        case item, prompt, promptTokens = "prompt_tokens", pool, dropped, right, answers, completion
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            item: try container.decode(Int.self, forKey: .item), promptHash: try container.decode(String.self, forKey: .prompt),
            promptTokens: try container.decode(Int.self, forKey: .promptTokens), shots: try container.decode([Int].self, forKey: .pool),
            dropped: try container.decode(Int.self, forKey: .dropped), right: try container.decode(Int.self, forKey: .right),
            answers: try container.decode([AnswerScore].self, forKey: .answers),
            completion: try container.decodeIfPresent(Completion.self, forKey: .completion))
    }
}
