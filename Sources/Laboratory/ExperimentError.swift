/// What is wrong with an experiment, where, and what helps.
package struct ExperimentError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Fact: Sendable, Equatable {
        case unreadable(String)
        case tooLong(limit: Int)
        case tooMany(what: String, limit: Int)
        case notText
        case alias
        case tooDeep(limit: Int)
        case yaml(String)
        case notMapping
        case unknownKey(String, known: [String])
        case repeatedKey(String)
        case missing(key: String)
        case wrongType(key: String, expected: String, found: String)
        case outside(key: String, found: Int, range: ClosedRange<Int>)
        case repeated(key: String, value: String)
        case later(key: String, value: String, now: [String])
        case unknownValue(key: String, value: String, known: [String])
        case answerFields(found: [String])
        case answerInQuery(field: String)
        case noLine
        case notObject
        case fieldType(String)
        case missingField(String, wanted: String)
        case notALabel(String, labels: [String])
        case poolTooSmall(shots: Int, usable: Int)
        case noContext
        case noChatTemplate
        case tooLongForContext(cell: String, item: Int, tokens: Int, context: Int)
        case noTokens(label: String)
        case scoring(cell: String, item: Int, reason: String)
        case notFresh
        case busy
        case badRecord
        case noResults
        case otherTest(String, String)
        case ruleNotScored(String, title: String)
        case nothingInCommon([String], [String])
        case severalSets([String])
    }

    package let path: String
    /// Counted from 1.
    package let line: Int?
    package let fact: Fact

    package init(path: String, line: Int? = nil, fact: Fact) {
        self.path = path
        self.line = line
        self.fact = fact
    }

    package var description: String { "\(line.map { "\(path):\($0)" } ?? path): \(fact.sentence)." }
}

extension ExperimentError.Fact {
    fileprivate var sentence: String {
        switch self {
        case .unreadable(let reason): "cannot be read or written: \(reason)"
        case .tooLong(let limit): "is longer than \(limit / 1024) KiB; move data into the pool and test files, or split them"
        case .tooMany(let what, let limit): "has more than \(limit) \(what); take fewer"
        case .notText: "is not valid UTF-8 text; save it as UTF-8"
        case .alias: "a YAML anchor or alias (& or *) is refused; write the value out, or put text in quotes"
        case .tooDeep(let limit): "is nested deeper than \(limit) levels; an experiment needs two"
        case .yaml(let problem): "is not sound YAML: \(problem)"
        case .notMapping: "is not a list of \"key: value\" lines; write one key a line"
        case .unknownKey(let key, let known): "`\(key)` is not a key of experiments; the keys are \(known.joined(separator: ", "))"
        case .repeatedKey(let key): "`\(key)` stands twice; keep one"
        case .missing(let key): "`\(key)` is missing; add it"
        case .wrongType(let key, let expected, let found): "`\(key)` must be \(expected), and is \(found)"
        case .outside(let key, let found, let range):
            "`\(key)` is \(found); it goes from \(range.lowerBound) to \(range.upperBound)"
        case .repeated(let key, let value): "`\(key)` has \(value) twice; keep one"
        case .later(let key, let value, let now):
            "`\(key): \(value)` comes with the laboratory; until then \(now.joined(separator: " or ")) can be used"
        case .unknownValue(let key, let value, let known):
            "`\(key)` is \(value), which is none of \(known.joined(separator: ", "))"
        case .answerFields(let found):
            "`answer` must have one place such as {{label}}, and has \(found.isEmpty ? "none" : found.joined(separator: ", "))"
        case .answerInQuery(let field): "`query` holds {{\(field)}}, which gives the answer away; leave it to `answer`"
        case .noLine: "has no items; write one JSON object a line"
        case .notObject: "is not a JSON object on one line, such as {\"text\": \"..\", \"label\": \"..\"}"
        case .fieldType(let name): "`\(name)` is neither text nor a number nor true or false; write it as text"
        case .missingField(let name, let wanted): "has no `\(name)`, which `\(wanted)` asks for"
        case .notALabel(let found, let labels): "the answer \(found) is none of the labels \(labels.joined(separator: ", "))"
        case .poolTooSmall(let shots, let usable):
            "\(shots) shots are asked for and the pool has \(usable) that are not the test item itself; add items or take fewer shots"
        case .noContext: "the prompt before an answer has no tokens; give `instruction` or `query` some text"
        case .noChatTemplate: "`mode: chat` needs a model with a chat template that is known, which this one has not; take another model or `mode: complete`"
        case .tooLongForContext(let cell, let item, let tokens, let context):
            "\(cell), test item \(item): \(tokens) tokens without any shots, and the model reads \(context); shorten the item"
        case .noTokens(let label): "the model has no tokens for the answer \(label); choose another label"
        case .scoring(let cell, let item, let reason): "\(cell), test item \(item): \(reason)"
        case .notFresh: "already holds results; go on with --resume or choose another folder"
        case .busy: "is in use by another experiment; wait for it or choose another folder"
        case .otherTest(let a, let b): "\(a) and \(b) have other test items; only answers to the same items can be paired"
        case .ruleNotScored(let rule, let title): "\(title) has no \(rule) scores; choose another --rule"
        case .nothingInCommon(let a, let b):
            "no number of shots in common (\(a.joined(separator: ", ")) and \(b.joined(separator: ", "))); name them with --shots-a and --shots-b"
        case .severalSets(let names): "holds \(names.count) sets of results; name one behind a colon: \(names.joined(separator: ", "))"
        case .noResults: "holds no finished cell; run `terrarium experiment FILE --out` into it first"
        case .badRecord: "is not a record of this program; choose another folder"
        }
    }
}
