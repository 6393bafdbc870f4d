import Engine
import Testing
import Tokenizer

import Laboratory

/// Words as tokens, and all that it was asked for.
private final class Recorder: Scorer {
    private let words = WordScorer()
    var chatTemplate: ChatTemplate?
    var context = 10_000
    var spans: [AnswerSpan] = []

    func tokens(_ parts: [Part]) -> [Token] {
        var tokens: [Token] = [], start = 0
        for part in parts {
            switch part {
            case .special(let id): tokens.append(Token(id: id, range: start..<start))
            case .text(let text):
                tokens += words.tokens(text).map { Token(id: $0.id, range: start + $0.range.lowerBound..<start + $0.range.upperBound) }
                start += text.count
            }
        }
        return tokens
    }

    func logprobs(_ spans: [AnswerSpan]) throws -> [[Float]] {
        self.spans += spans
        return try words.logprobs(spans)
    }

    func completions(_ prompts: [[TokenID]], most: Int, stop: [String]) throws -> [Written] {
        prompts.map { _ in Written(text: [], tokens: 0, end: .stop) }
    }

    /// Beginnings of what was asked for, each once: what a model has to read.
    var read: Int { Set(spans.flatMap { span in (1..<max(1, span.ids.count)).map { Array(span.ids.prefix($0)) } }).count }
}

@Suite struct SweepCostTests {
    private let colours = """
        instruction: "Name the colour.\\n\\n"
        example: "{{thing}} is {{colour}}\\n"
        query: "{{thing}} is"
        answer: " {{colour}}"
        labels: [red, dark green]
        pool: [{thing: a, colour: red}, {thing: b c, colour: dark green}, {thing: d e f, colour: red}, {thing: g, colour: red}]
        test: [{thing: p, colour: red}, {thing: q r, colour: dark green}, {thing: s, colour: red}]
        shots: [0, 2, max]
        seeds: 2

        """
    private let template = ChatTemplate.recognise("<|im_start|>", special: { $0 == "<|im_start|>" ? 1 : 2 })

    /// Every cell's cost against what the sweep asks for in it.
    private func compare(_ yaml: String, context: Int = 10_000, at line: SourceLocation = #_sourceLocation) throws {
        let experiment = try Sample.experiment(yaml)
        let recorder = Recorder()
        recorder.context = context
        if case .known(let template) = template { recorder.chatTemplate = template }
        var sweep = Sweep(experiment), left = sweep.toCompute
        while let step = try sweep.step(recorder) {
            guard case .cell(let result) = step, let index = left.firstIndex(of: result.cell) else { continue }
            let cell = left.remove(at: index), cost = SweepCost(experiment, cells: [cell], recorder)
            #expect((cost.cells, cost.prompts) == (1, experiment.test.count), sourceLocation: line)
            #expect(cost.answers == recorder.spans.count, "\(cell)", sourceLocation: line)
            #expect(cost.tokens == recorder.read, "\(cell)", sourceLocation: line)
            #expect(cost.truncated == result.truncated, "\(cell)", sourceLocation: line)
            if result.truncated == 0, experiment.kind != .completion {
                #expect(cost.longest == recorder.spans.map(\.ids.count).max(), "\(cell)", sourceLocation: line)
            }
            recorder.spans = []
        }
        #expect(left.isEmpty)
    }

    @Test("The cost is what a sweep asks for, where texts part at word ends")
    func exact() throws {
        try compare(colours)
        try compare(colours + "answer_context: It is\ncontent_free: [N/A, '[MASK]']\n")
        try compare(colours + "templates: [{}, {query: '{{thing}} now is', labels: {red: ruby, dark green: deep green}}]\n")
        try compare(colours.replacingOccurrences(of: "example", with: "title") + "mode: chat\n")
    }

    @Test("Shots that do not fit are left out of it, and max is as many as fit")
    func narrow() throws {
        for context in 14..<30 { try compare(colours, context: context) }
    }

    @Test("A schema reads every query, a completion writes")
    func kinds() throws {
        try compare("""
            kind: schema
            example: "{{label}} {{who}} {{end}}\\n"
            query: "{{label}} {{who}}"
            answer: " {{end}} now"
            choices: options
            pool: [{options: [x, y z], label: x, who: i, end: fell}]
            test: [{options: [a, b c], label: a, who: j, end: sat}, {options: [d, e f], label: d, who: k, end: ran}]
            shots: [0, 1]
            """)
        let written = colours.replacingOccurrences(of: "labels: [red, dark green]", with: "kind: completion\nmax_tokens: 5")
        try compare(written)
        let experiment = try Sample.experiment(written), cost = SweepCost(experiment, cells: Sweep(experiment).toCompute, Recorder())
        #expect((cost.cells, cost.prompts, cost.answers, cost.written) == (5, 15, 15, 75))
        #expect(cost.sentence == "5 cells: 15 prompts, 15 answers, about \(cost.tokens) tokens to read and up to 75 to write; "
            + "the longest prompt has about \(cost.longest) tokens of 10,000.")
    }

    @Test("The share goes from nothing to all as the sweep goes on, and starts anew after a resumption")
    func share() throws {
        let experiment = try Sample.experiment(colours), recorder = Recorder()
        var sweep = Sweep(experiment)
        let cost = SweepCost(experiment, cells: sweep.toCompute, recorder)
        var last = cost.share(of: sweep)
        #expect(last == 0)
        while try sweep.step(recorder) != nil {
            let share = cost.share(of: sweep)
            #expect(share >= last && share <= 1)
            last = share
        }
        #expect(last == 1)
        let resumed = Sweep(experiment, done: Array(sweep.results.prefix(3)))
        #expect(SweepCost(experiment, cells: resumed.toCompute, recorder).share(of: resumed) == 0)
        let nothing = SweepCost(experiment, cells: sweep.toCompute, recorder)
        #expect(nothing.share(of: sweep) == 1 && nothing.sentence == "Nothing is left to compute.")
    }
}
