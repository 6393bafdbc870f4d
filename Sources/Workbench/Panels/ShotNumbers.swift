import Document
import Engine
import Laboratory
import Tokenizer

/// What is asked of the model about a few-shot prompt: its answers, and the same with each shot left out.
struct ShotQuestions: Sendable {
    /// The answers first; then without a shot each, the last shot first, since most of the prompt stays the same then.
    private(set) var groups: [[Wish.Question]] = []
    /// The prompt alone, as the model reads it.
    private(set) var prompt: [TokenID] = []
    /// The piece in which each of the prompt's tokens begins.
    private(set) var pieces: [Int] = []
    /// Why nothing can be asked.
    private(set) var problem: String?
    /// Why no shot is left out.
    private(set) var omission: String?
    /// How many answers there are, and which is the right one.
    let count: Int, right: Int
    private var merges: [Bool] = [], bytes: [Int] = []
    /// Content-free inputs of the first group, of those behind it, and whether answers are scored by themselves too.
    private let contentFree: Int, contentFreeBehind: Int, hasContext: Bool

    /// Questions that are asked at most for all shots together.
    private static let most = 1024

    init(_ builder: ShotBuilder, _ held: ShotPieces, in document: Document, _ tokenizer: Tokenizer, rule: ScoreRule, context: Int) {
        let experiment = builder.experiment, wording = experiment.wordings[builder.cell.template]
        count = experiment.kind == .completion ? 1 : experiment.answers(builder.item).count
        right = builder.right
        contentFree = experiment.kind == .choice ? experiment.contentFree.count : 0
        contentFreeBehind = rule == .calibrated ? contentFree : 0
        hasContext = experiment.kind != .completion && wording.answerContext != nil
        let asking = Asking(builder: builder, tokenizer: tokenizer, answers: (0..<count).map { builder.fewShot.answer(builder.item, $0, template: builder.cell.template) })
        guard let query = held.query, experiment.kind != .schema || !held.pieces[query].isEdited else {
            problem = held.query == nil ? "The query is gone from the text; r builds the prompt again."
                : "The query was edited, and with the other answers in it nobody knows it; r builds the prompt again."
            return
        }
        let ranges = held.ranges, end = ranges[query].upperBound
        var base = document
        base.truncate(at: end)
        base.encode(with: tokenizer)
        (prompt, bytes) = (asking.lead + base.ids, asking.answers.map(\.count))
        pieces = asking.lead.map { _ in 0 } + base.tokens.map { token in ranges.lastIndex { $0.lowerBound <= token.range.lowerBound && !$0.isEmpty } ?? 0 }
        let first = asking.group(base, query: ranges[query].count, contentFree: contentFree, hasContext: hasContext)
        guard first.count == count * (1 + contentFree + (hasContext ? 1 : 0)), first.allSatisfy({ $0.from > 0 }) else {
            problem = "There is nothing before the answer, or nothing of it, that the model could read."
            return
        }
        let longest = first.map(\.ids.count).max() ?? 0
        guard longest <= context else {
            problem = "The prompt with its answer has \(longest) tokens and the context holds \(context); - takes shots out."
            return
        }
        merges = asking.merges(base)
        groups = [first]
        let shots = held.shots
        guard shots.count * count <= Self.most else {
            omission = "\(shots.count) × \(count) questions are too many to leave each shot out"
            return
        }
        for shot in shots.reversed() {
            var without = base
            without.splice(ranges[shot], with: Fragment(bytes: []))
            without.encode(with: tokenizer)
            groups.append(asking.group(without, query: ranges[query].count, contentFree: contentFreeBehind, hasContext: false))
        }
    }

    /// Which shot a group behind the first leaves out, counted from 0.
    func shot(ofGroup group: Int) -> Int { groups.count - 1 - group }

    /// The answers' scores by what came back for a group; the answers by themselves are in the first.
    func result(_ found: [[Float]], isFirst: Bool, first: [[Float]]) -> ItemResult? {
        let free = isFirst ? contentFree : contentFreeBehind
        guard found.count >= count * (1 + free), !hasContext || first.count >= count * (2 + contentFree) else { return nil }
        func sum(_ logprobs: [Float]) -> Double { logprobs.reduce(0) { $0 + Double($1) } }
        let shares = contentFreeShares((0..<free).map { input in (0..<count).map { sum(found[count * (1 + input) + $0]) } })
        let ids = groups[0]
        let answers = (0..<count).map { answer in
            AnswerScore(
                ids: Array(ids[answer].ids[ids[answer].from...]), logprobs: found[answer], bytes: bytes[answer], merges: merges[answer],
                unconditional: hasContext ? sum(first[count * (1 + contentFree) + answer]) : nil,
                contentFree: shares.map { logarithm($0[answer]) })
        }
        return ItemResult(item: 0, promptHash: "", promptTokens: prompt.count, shots: [], right: right, answers: answers)
    }

    /// The attention on each piece, of a row over the prompt's tokens. Shape: [pieces]
    func mass(_ weights: [Float], pieces count: Int) -> [Double] {
        var sums = [Double](repeating: 0, count: count)
        for (weight, piece) in zip(weights, pieces) where piece < count { sums[piece] += Double(weight) }
        return sums
    }
}

/// Prompts with an answer behind them, as ids.
private struct Asking {
    let builder: ShotBuilder
    let tokenizer: Tokenizer
    let answers: [[UInt8]]

    /// The ids that the model wants before any text.
    var lead: [TokenID] { tokenizer.addsBOS ? tokenizer.bos.map { [$0] } ?? [] : [] }
    private var experiment: Experiment { builder.experiment }

    /// - Parameter query: how many bytes of it stand at the end of the document.
    func group(_ document: Document, query: Int, contentFree: Int, hasContext: Bool) -> [Wish.Question] {
        let prompt = ShotPrompt(builder, tokenizer)
        func with(_ query: Int, _ fragment: Fragment) -> Document {
            var next = document
            next.splice(document.count - query..<document.count, with: fragment)
            return next
        }
        var questions = answers.indices.compactMap { answer in
            question(experiment.kind == .schema ? with(query, prompt.query(builder.item, answer: answer)) : document, answers[answer])
        }
        for text in experiment.contentFree.prefix(contentFree) {
            let free = with(query, prompt.query(Questions.contentFree(builder.item, text, experiment), answer: nil))
            questions += answers.compactMap { question(free, $0) }
        }
        if hasContext, let context = experiment.wordings[builder.cell.template].answerContext {
            questions += answers.compactMap { question(Document(text: Array(context.utf8)), $0) }
        }
        return questions
    }

    /// Encoded together; nil where the answer has no tokens.
    private func question(_ document: Document, _ answer: [UInt8]) -> Wish.Question? {
        let joined = join(document, answer), first = joined.tokens.firstIndex(endingAfter: document.count)
        guard first < joined.tokens.count else { return nil }
        return Wish.Question(ids: lead + joined.ids, from: lead.count + first)
    }

    /// Whether an answer's first token also holds bytes of the prompt.
    func merges(_ document: Document) -> [Bool] {
        answers.map { answer in
            let joined = join(document, answer), first = joined.tokens.firstIndex(endingAfter: document.count)
            return first < joined.tokens.count && joined.tokens[first].range.lowerBound < document.count
        }
    }

    private func join(_ document: Document, _ answer: [UInt8]) -> Document {
        var joined = document
        joined.splice(document.count..<document.count, with: Fragment(bytes: answer))
        joined.encode(with: tokenizer)
        return joined
    }
}

/// The numbers of the prompt that is being built, as far as they have come.
package struct ShotNumbers: Sendable {
    /// What the questions follow from.
    struct Basis: Sendable, Equatable {
        var builder: ShotBuilder
        var held: ShotPieces
        var document: Document
        var isCalibrated: Bool
        var context: Int
    }
    private var basis: Basis?
    private var tokenizer: Tokenizer?
    private(set) var questions: ShotQuestions?
    private(set) var version = 0
    private var first: [[Float]] = []
    /// How many groups are answered.
    private(set) var known = 0
    /// By the newest questions, or the ones before them while `isAwaited`.
    package private(set) var answers: ItemResult?
    /// Without each shot. Shape: [shots]
    package private(set) var leftOut: [ItemResult?] = []
    /// The share of the last token's attention, the mean of all heads, on each piece. Shape: [pieces]
    package private(set) var mass: [Double] = []

    /// True while the answers are not those of the prompt.
    package var isAwaited: Bool { known == 0 && problem == nil }
    /// True until everything has come.
    package var isComing: Bool { problem == nil && known < (questions?.groups.count ?? 1) }
    package var problem: String? { questions?.problem }
    package var omission: String? { questions?.omission }

    mutating func ask(_ basis: Basis, _ tokenizer: Tokenizer, rule: ScoreRule) {
        guard basis != self.basis || tokenizer !== self.tokenizer else { return }
        if basis.builder.query != self.basis?.builder.query || tokenizer !== self.tokenizer { answers = nil }
        (self.basis, self.tokenizer) = (basis, tokenizer)
        let questions = ShotQuestions(basis.builder, basis.held, in: basis.document, tokenizer, rule: rule, context: basis.context)
        self.questions = questions
        version += 1
        (first, known, mass) = ([], 0, [])
        leftOut = Array(repeating: nil, count: basis.held.shots.count)
        if questions.problem != nil { answers = nil }
    }

    /// Another prompt's numbers are not shown beside this one's.
    mutating func forget() {
        let version = version
        self = ShotNumbers()
        self.version = version + 1
    }

    var asked: Wish.Asked? {
        guard let questions, !questions.groups.isEmpty else { return nil }
        return Wish.Asked(version: version, groups: questions.groups, attending: questions.prompt)
    }

    mutating func take(version: Int, group: Int, _ found: [[Float]]) {
        guard version == self.version, group == known, let questions else { return }
        known += 1
        if group == 0 {
            first = found
            answers = questions.result(found, isFirst: true, first: found)
        } else {
            leftOut[questions.shot(ofGroup: group)] = questions.result(found, isFirst: false, first: first)
        }
    }

    mutating func take(version: Int, attention: [Float]) {
        guard version == self.version, let questions, let basis else { return }
        mass = questions.mass(attention, pieces: basis.held.pieces.count)
    }

    /// How the right answer's logprob and its share by a rule change when a shot is left out. Unit: nats.
    package func effect(ofShot shot: Int, _ rule: ScoreRule) -> (logprob: Double, share: Double?)? {
        guard let answers, !isAwaited, leftOut.indices.contains(shot), let without = leftOut[shot], answers.answers.indices.contains(answers.right) else { return nil }
        let right = answers.right, before = answers.probabilities(rule), after = without.probabilities(rule)
        let share = before.indices.contains(right) && after.indices.contains(right) ? after[right] - before[right] : nil
        return (without.answers[right].sum - answers.answers[right].sum, share)
    }
}
