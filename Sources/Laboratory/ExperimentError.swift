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
        case unknownValue(key: String, value: String, known: [String])
        case empty(key: String)
        case answerFields(found: [String])
        case noPlace(key: String, field: String)
        case answerInQuery(field: String)
        case contextInAnswer(field: String)
        case noAnswers
        case twoSources
        case otherLabels(found: [String], labels: [String])
        /// A key that means nothing beside another's value.
        case unused(key: String, with: String)
        case ruleWants(rule: String, key: String)
        case notAlone(String)
        case badRegex(String)
        case unknownEnding
        case noLine
        case notObject
        case fieldType(String)
        case openQuote
        case textAfterQuote
        case ragged(found: Int, expected: Int)
        case unnamedColumn(Int)
        case repeatedColumn(String)
        case missingField(String, wanted: String)
        case notAList(String)
        case severalAnswers(String)
        case neverMatched(String)
        case notALabel(String, labels: [String])
        case poolTooSmall(shots: Int, usable: Int)
        case noContext
        case noChatTemplate
        case unknownContext
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
        case .unknownKey(let key, let known): "`\(key)` is not a key here; the keys are \(known.joined(separator: ", "))"
        case .repeatedKey(let key): "`\(key)` stands twice; keep one"
        case .missing(let key): "`\(key)` is missing; add it"
        case .wrongType(let key, let expected, let found): "`\(key)` must be \(expected), and is \(found)"
        case .outside(let key, let found, let range):
            "`\(key)` is \(found); it goes from \(range.lowerBound) to \(range.upperBound)"
        case .repeated(let key, let value): "`\(key)` has \(value) twice; keep one"
        case .unknownValue(let key, let value, let known):
            "`\(key)` is \(value), which is none of \(known.joined(separator: ", "))"
        case .answerFields(let found):
            "`answer` must have one place such as {{label}}, and has \(found.isEmpty ? "none" : found.joined(separator: ", "))"
        case .empty(let key): "`\(key)` has an empty text; fill it or leave it out"
        case .noPlace(let key, let field): "`\(key)` has no place {{\(field)}}, where the answers are put; add it"
        case .answerInQuery(let field): "`query` holds {{\(field)}}, which gives the answer away; leave it to `answer`"
        case .contextInAnswer(let field):
            "`answer` holds {{\(field)}}, but with `kind: schema` it is the same after every query; leave the place to `query`"
        case .noAnswers: "has neither `labels` nor `choices`; add the answers, or let the model write them with `kind: completion`"
        case .twoSources: "`labels` are all items' answers and `choices` are each item's own; keep one of the two"
        case .otherLabels(let found, let labels):
            "`labels` must say what stands for \(labels.joined(separator: ", ")) as a mapping, and has \(found.joined(separator: ", "))"
        case .unused(let key, let other): "`\(key)` has no use with `\(other)`: \(Self.reason(other)); leave it out"
        case .ruleWants(let rule, let key): "`score: \(rule)` needs `\(key)`\(key == "answer_context" ? " (in every template)" : ""); add it or choose another rule"
        case .notAlone(let word): "`match` has \(word) and others, which cannot be together; keep one or the other"
        case .badRegex(let reason): "`regex` is not a POSIX extended regular expression: \(reason)"
        case .unknownEnding: "is no data file by its name; name it .jsonl, .csv or .tsv, as what it holds"
        case .noLine: "has no items; write one a line"
        case .notObject: "is not a JSON object on one line, such as {\"text\": \"..\", \"label\": \"..\"}"
        case .fieldType(let name): "`\(name)` is neither text nor a number, true, false or a list of such; write it as text"
        case .openQuote: "a quoted field begins here and does not end; close it, and write a quote inside as two"
        case .textAfterQuote: "text follows the quote that closes a field; write a quote inside a quoted field as two"
        case .ragged(let found, let expected): "the row has \(found) fields where the first has \(expected); quote fields that hold delimiters"
        case .unnamedColumn(let number): "column \(number) has no name; the first row names the fields"
        case .repeatedColumn(let name): "two columns are named \(name); rename one"
        case .missingField(let name, let wanted): "has no `\(name)`, which `\(wanted)` asks for"
        case .notAList(let name): "`\(name)` is one text; write the item's answers as a list (in tables parted by |)"
        case .severalAnswers(let name): "`\(name)` is a list; only with `kind: completion` may there be several right answers"
        case .neverMatched(let answer): "the answer \(answer.isEmpty ? "(empty)" : answer) has nothing that `match` compares; change one of them"
        case .notALabel(let found, let labels): "the answer \(found) is none of \(labels.joined(separator: ", "))"
        case .poolTooSmall(let shots, let usable):
            "\(shots) shots are asked for and the pool has \(usable) that are not the test item itself; add items or take fewer shots"
        case .noContext: "the prompt before an answer has no tokens; give `instruction` or `query` some text"
        case .noChatTemplate: "`mode: chat` needs a model with a chat template that is known, which this one has not; take another model or `mode: complete`"
        case .unknownContext: "`shots: max` needs to know how much the model reads, which a server does not tell; give numbers of shots"
        case .tooLongForContext(let cell, let item, let tokens, let context):
            "\(cell), test item \(item): \(tokens) tokens without any shots, and the model reads \(context); shorten the item"
        case .noTokens(let label): "the model has no tokens for the answer \(label); choose another label"
        case .scoring(let cell, let item, let reason): "\(cell), test item \(item): \(reason.hasSuffix(".") ? String(reason.dropLast()) : reason)"
        case .notFresh: "already holds results; go on with --resume or choose another folder"
        case .busy: "is in use by another experiment; wait for it or choose another folder"
        case .otherTest(let a, let b): "\(a) and \(b) have other test items; only answers to the same items can be paired"
        case .ruleNotScored(let rule, let title): "\(title) has no \(rule) scores; choose another --rule"
        case .nothingInCommon(let a, let b):
            "no prompts to pair: A has \(a.joined(separator: ", ")) shots and B \(b.joined(separator: ", ")); name two of these with --shots-a and --shots-b"
        case .severalSets(let names): "holds \(names.count) sets of results; name one behind a colon: \(names.joined(separator: ", "))"
        case .noResults: "holds no finished cell; run `terrarium experiment FILE --out` into it first"
        case .badRecord: "is not a record of this program; choose another folder"
        }
    }
    /// Why a key has no use beside another's value.
    private static func reason(_ other: String) -> String {
        switch other {
        case "kind: completion": "the model writes its answer, which is compared with the right one"
        case "kind: choice": "answers are scored, none is written"
        case "kind: schema": "one answer is scored after several queries, none is written, and none is compared after the same query"
        case "mode: chat": "a shot is a turn with `query` and a turn with `answer`"
        default: "it does not name it"
        }
    }
}
