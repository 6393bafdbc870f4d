/// A few-shot experiment: templates, answers, a pool of shots, test items and the grid of cells.
///
/// In: a YAML file of at most 64 KiB and the data files it names (or holds). Out: prompts, scores of every answer after them,
/// accuracy of every cell and what follows from it.
/// Invariants: an experiment that loads can run: every field a template asks for is there, every right answer is among the
/// answers, the pool has enough shots. The same file, model and seeds give the same numbers. Must not know: screens.
package struct Experiment: Sendable, Equatable {
    /// `choice`: answers after one query; `schema`: one answer after several queries; `completion`: generated and matched.
    package enum Kind: String, Sendable, CaseIterable { case choice, schema, completion }
    package enum Mode: String, Sendable, CaseIterable { case complete, chat }

    /// A line of the pool or the test file.
    package struct Item: Sendable, Equatable {
        package var fields: [String: String]
        /// Fields that hold several texts; their first is among `fields` too.
        package var lists: [String: [String]]
        /// Counted from 1.
        package let line: Int

        package init(fields: [String: String], lists: [String: [String]] = [:], line: Int) {
            (self.fields, self.lists, self.line) = (fields, lists, line)
        }
    }

    /// One way to put the same task into words.
    package struct Wording: Sendable, Equatable {
        package var name: String
        package var instruction: String
        package var example: Template
        package var query: Template
        package var answer: Template
        /// What stands for each of the experiment's labels; empty where items bring their own answers. Shape: [labels]
        package var verbalisers: [String]
        /// Makes the unconditional rule available.
        package var answerContext: String?

        package init(
            name: String, instruction: String, example: Template, query: Template, answer: Template, verbalisers: [String], answerContext: String?
        ) {
            (self.name, self.instruction, self.example, self.query, self.answer) = (name, instruction, example, query, answer)
            (self.verbalisers, self.answerContext) = (verbalisers, answerContext)
        }
    }

    package var path: String
    package var title: String
    package var lookAt: String?
    package var kind = Kind.choice
    package var mode = Mode.complete
    /// The field that holds the right answer.
    package var labelField: String
    /// Answers that all items share; empty where `choicesField` or generating takes their place.
    package var labels: [String] = []
    /// The field with each item's own answers.
    package var choicesField: String?
    /// At least one.
    package var wordings: [Wording]
    package var pool: [Item]
    package var test: [Item]
    package var shots: [Shots] = [.count(0)]
    package var seeds = 1
    package var orders = 1
    /// The rule that is shown first.
    package var score = ScoreRule.perToken
    /// Texts that say nothing of the task; they make the calibrated rule available.
    package var contentFree: [String] = []
    package var stop: [String] = []
    package var maxTokens = 16
    package var matching = Matching()

    package init(path: String, title: String, labelField: String, wordings: [Wording], pool: [Item], test: [Item]) {
        (self.path, self.title, self.labelField, self.wordings, self.pool, self.test) = (path, title, labelField, wordings, pool, test)
    }

    /// The answers among which an item's right one is; those accepted where the model writes them itself.
    package func answers(_ item: Item) -> [String] {
        if kind == .completion { return item.lists[labelField] ?? item.fields[labelField].map { [$0] } ?? [] }
        return choicesField.map { item.lists[$0] ?? [] } ?? labels
    }

    /// The number of the right answer.
    package func right(_ item: Item) -> Int? { answers(item).firstIndex(of: item.fields[labelField] ?? "") }

    /// The item's fields with one of its answers in the label's place, as a wording says it.
    package func fields(_ item: Item, answer: Int?, _ wording: Wording) -> [String: String] {
        var fields = item.fields
        let answers = answers(item)
        if let answer, answers.indices.contains(answer) {
            fields[labelField] = wording.verbalisers.indices.contains(answer) ? wording.verbalisers[answer] : answers[answer]
        }
        return fields
    }

    /// The rules that the file gives all inputs for.
    package var rules: [ScoreRule] { ScoreRule.allCases.filter { missing(for: $0) == nil } }

    /// The key that a rule wants and the file does not give.
    package func missing(for rule: ScoreRule) -> String? {
        switch rule {
        case .sum, .perToken, .perByte: nil
        case .unconditional: wordings.contains { $0.answerContext == nil } ? "answer_context" : nil
        case .calibrated: contentFree.isEmpty || kind != .choice ? "content_free" : nil
        }
    }
}

/// How many shots a prompt has.
package enum Shots: Sendable, Hashable, Comparable, CustomStringConvertible {
    case count(Int)
    /// As many as fit into the context for every test item.
    case most

    package var description: String { if case .count(let count) = self { "\(count)" } else { "max" } }

    package init?(_ text: String) {
        if text == "max" { self = .most } else if let count = Int(text), count >= 0 { self = .count(count) } else { return nil }
    }
}
