import Engine
import Tokenizer

/// What a cell asks of the model: its prompts with every answer, the answers alone, and the answers after content-free inputs.
package struct Questions: Sendable {
    let experiment: Experiment
    let fewShot: FewShot

    /// Scores that several items of a cell want.
    typealias Known = [Span: SpanScore]
    struct Span: Hashable {
        let ids: [TokenID], first: Int
    }

    init(_ experiment: Experiment) { (self.experiment, fewShot) = (experiment, FewShot(experiment)) }

    /// The cell's draw; `max` becomes the most shots that leave room for every test item.
    func draw(_ cell: Cell, _ scorer: some Scorer) throws -> FewShot.Draw {
        guard cell.shots == .most else { return fewShot.draw(cell) }
        guard scorer.context < .max else { throw ExperimentError(path: experiment.path, fact: .unknownContext) }
        // A test item that stands in the pool cannot have all of it.
        var fitting = 0, tooMany = experiment.pool.count + 1
        while tooMany - fitting > 1 {
            let count = (fitting + tooMany) / 2, draw = fewShot.draw(cell, most: count)
            let fits = try experiment.test.allSatisfy { item in
                let shots = fewShot.shots(for: item, in: draw)
                return try shots.count == count && length(encoded(item, shots, cell.template, scorer)) <= scorer.context
            }
            if fits { fitting = count } else { tooMany = count }
        }
        return fewShot.draw(cell, most: fitting)
    }

    /// What is asked with the item's shots before it.
    private struct Encoded {
        /// The answers after the prompt; of a completion the one that is expected.
        let spans: [AnswerSpan]
        /// Shape: [content-free inputs][answers]
        let contentFree: [[AnswerSpan]]
    }

    private func encoded(_ item: Experiment.Item, _ shots: [Int], _ template: Int, _ scorer: some Scorer) throws -> Encoded {
        let count = experiment.kind == .completion ? 1 : experiment.answers(item).count
        func spans(_ item: Experiment.Item) throws -> [AnswerSpan] { try (0..<count).map { try span(item, shots, template, $0, scorer) } }
        let free = experiment.kind == .choice ? experiment.contentFree : []
        return Encoded(spans: try spans(item), contentFree: try free.map { try spans(Self.contentFree(item, $0, experiment)) })
    }

    /// The most tokens that an item takes, with room for what is to be written.
    private func length(_ encoded: Encoded) -> Int {
        let spans = encoded.spans + encoded.contentFree.joined()
        return spans.map { max($0.ids.count, experiment.kind == .completion ? $0.first + experiment.maxTokens : 0) }.max() ?? 0
    }

    /// One item's prompt, its answers' spans and the shots that it had to do without.
    private struct Asked {
        let item: Int
        let shots: [Int], dropped: Int
        let prompt: Prompt
        let encoded: Encoded
        /// Of the answers' texts. Shape: [answers]
        let bytes: [Int]
        let unconditional: [AnswerSpan]

        var spans: [AnswerSpan] { encoded.spans }
        var contentFree: [[AnswerSpan]] { encoded.contentFree }
    }

    /// Results of some items of a cell, with one question to the scorer for all.
    func results(_ indices: Range<Int>, _ cell: Cell, _ draw: FewShot.Draw, _ scorer: some Scorer, _ known: inout Known) throws -> [ItemResult] {
        let asked = try indices.map { try ask($0, cell, draw, scorer) }
        var new: [AnswerSpan] = [], seen = Set(known.keys)
        for asked in asked {
            for span in asked.contentFree.joined() + asked.unconditional + asked.spans where seen.insert(Span(ids: span.ids, first: span.first)).inserted {
                new.append(span)
            }
        }
        var found = known
        for (span, score) in zip(new, try scorer.scores(new)) { found[Span(ids: span.ids, first: span.first)] = score }
        var results = asked.map { result($0, found) }
        if experiment.kind == .completion { try write(asked, &results, scorer) }
        for asked in asked {
            for span in asked.contentFree.joined() + asked.unconditional {
                let key = Span(ids: span.ids, first: span.first)
                known[key] = found[key]
            }
        }
        return results
    }

    private func ask(_ index: Int, _ cell: Cell, _ draw: FewShot.Draw, _ scorer: some Scorer) throws -> Asked {
        let item = experiment.test[index], drawn = fewShot.shots(for: item, in: draw)
        var shots = drawn
        // The farthest from the query go first.
        var encoded = try encoded(item, shots, cell.template, scorer)
        while length(encoded) > scorer.context {
            guard !shots.isEmpty else {
                throw ExperimentError(path: experiment.path, fact: .tooLongForContext(cell: "\(cell)", item: index, tokens: length(encoded), context: scorer.context))
            }
            shots.removeFirst()
            encoded = try self.encoded(item, shots, cell.template, scorer)
        }
        let count = encoded.spans.count, wording = experiment.wordings[cell.template]
        return Asked(
            item: index, shots: shots, dropped: drawn.count - shots.count,
            prompt: fewShot.prompt(item, shots: shots, template: cell.template, answer: experiment.kind == .schema ? experiment.right(item) : nil),
            encoded: encoded,
            bytes: (0..<count).map { fewShot.answer(item, $0, template: cell.template).count },
            unconditional: try (0..<count).compactMap { answer in
                guard experiment.kind != .completion, let context = wording.answerContext else { return nil }
                return try span(.text(Array(context.utf8)), fewShot.answer(item, answer, template: cell.template), scorer)
            })
    }

    /// An item that says nothing: every field but those of the answers is the text.
    package static func contentFree(_ item: Experiment.Item, _ text: String, _ experiment: Experiment) -> Experiment.Item {
        var nothing = item
        for name in item.fields.keys where name != experiment.labelField { nothing.fields[name] = text }
        return nothing
    }

    private func span(_ item: Experiment.Item, _ shots: [Int], _ template: Int, _ answer: Int, _ scorer: some Scorer) throws -> AnswerSpan {
        let prompt = fewShot.prompt(item, shots: shots, template: template, answer: experiment.kind == .schema ? answer : nil)
        return try span(prompt, fewShot.answer(item, answer, template: template), scorer)
    }

    private func span(_ prompt: Prompt, _ answer: [UInt8], _ scorer: some Scorer) throws(ExperimentError) -> AnswerSpan {
        guard let parts = prompt.parts(scorer.chatTemplate) else { throw ExperimentError(path: experiment.path, fact: .noChatTemplate) }
        guard let span = AnswerSpan(parts, answer: answer, tokens: scorer.tokens) else {
            throw ExperimentError(path: experiment.path, fact: .noTokens(label: String(decoding: answer, as: UTF8.self)))
        }
        guard span.first > 0 else { throw ExperimentError(path: experiment.path, fact: .noContext) }
        return span
    }

    private func result(_ asked: Asked, _ found: Known) -> ItemResult {
        func score(_ span: AnswerSpan) -> SpanScore {
            found[Span(ids: span.ids, first: span.first)] ?? SpanScore(ids: [], logprobs: [], before: span.first, merges: span.merges)
        }
        func sum(_ span: AnswerSpan) -> Double { score(span).sum }
        let item = experiment.test[asked.item]
        let shares = contentFreeShares(asked.contentFree.map { $0.map(sum) })
        let answers = asked.spans.enumerated().map { index, span in
            let score = score(span)
            return AnswerScore(
                ids: score.ids, logprobs: score.logprobs, bytes: asked.bytes[index], merges: score.merges,
                unconditional: asked.unconditional.indices.contains(index) ? sum(asked.unconditional[index]) : nil,
                contentFree: shares.map { logarithm($0[index]) })
        }
        return ItemResult(
            item: asked.item, promptHash: asked.prompt.hash, promptTokens: asked.spans.first.map { score($0).before } ?? 0, shots: asked.shots,
            dropped: asked.dropped, right: experiment.kind == .completion ? 0 : experiment.right(item) ?? -1, answers: answers)
    }

    /// Lets the model write its own answers.
    private func write(_ asked: [Asked], _ results: inout [ItemResult], _ scorer: some Scorer) throws {
        let prompts = asked.map { asked in
            (asked.prompt.parts(scorer.chatTemplate).map { scorer.tokens($0) } ?? []).map(\.id)
        }
        let written = try scorer.completions(prompts, most: experiment.maxTokens, stop: experiment.stop)
        for (index, written) in written.enumerated() {
            let text = String(decoding: written.text, as: UTF8.self)
            let accepted = experiment.answers(experiment.test[asked[index].item])
            results[index].completion = ItemResult.Completion(
                text: text, tokens: written.tokens, end: written.end.rawValue, matches: experiment.matching.matches(text, accepted))
        }
    }
}
