import Tokenizer

/// Lengths of an experiment's texts, each encoded once, when first asked for. Unit: tokens.
struct Lengths {
    /// Answers and the tokens that pass through the model for them.
    struct Asked { var answers = 0, read = 0 }
    struct Item { var asked = Asked(), longest = 0 }
    struct Wording {
        /// The instruction, and what stands around any prompt.
        var base = 0
        /// Of that, what stands behind a query and is read with each.
        var tail = 0
        /// Of the test items behind the shots. Shape: [test]
        var items: [Item] = []
        /// What a cell asks for once: the answers alone and after content-free inputs.
        var besides = Asked()
    }

    let experiment: Experiment
    private let fewShot: FewShot
    private var wordings: [Int: Wording] = [:]
    private var read: Set<Int> = []
    private var shots: [[Int]: Int] = [:]
    private var answers: [[UInt8]: Int] = [:]
    /// The most shots that every test item can have, without those that are the item itself.
    private lazy var usable: Int = {
        var copies: [[UInt8]: Int] = [:]
        for item in experiment.pool { copies[FewShot.query(item, experiment), default: 0] += 1 }
        return experiment.pool.count - (experiment.test.map { copies[FewShot.query($0, experiment)] ?? 0 }.max() ?? 0)
    }()

    init(_ experiment: Experiment) { (self.experiment, fewShot) = (experiment, FewShot(experiment)) }

    /// True from the second time on.
    mutating func hasRead(_ template: Int) -> Bool { !read.insert(template).inserted }

    mutating func wording(_ template: Int, _ scorer: some Scorer) -> Wording {
        if let known = wordings[template] { return known }
        var wording = Wording(base: length([], experiment.wordings[template], scorer))
        let bare = bare(template), frame = length([], bare, scorer)
        wording.tail = frame - head(bare, scorer)
        for item in experiment.test {
            var found = Item()
            var query = 0
            for number in 0..<(experiment.kind == .completion ? 1 : experiment.answers(item).count) {
                if number == 0 || experiment.kind == .schema {
                    let fields = experiment.fields(item, answer: experiment.kind == .schema ? number : nil, bare)
                    query = length(bare.query.filled(fields), bare, scorer) - frame
                    found.asked.read += query + wording.tail
                }
                let answer = answer(fewShot.answer(item, number, template: template), scorer)
                found.asked.answers += 1
                found.asked.read += answer - 1
                found.longest = max(found.longest, query + (experiment.kind == .completion ? max(answer, experiment.maxTokens) : answer))
            }
            wording.items.append(found)
        }
        wording.besides = besides(template, bare, frame - wording.tail, scorer)
        wordings[template] = wording
        return wording
    }

    /// The numbers of the pool's items that a cell draws.
    mutating func shots(_ cell: Cell, _ wording: Wording, _ scorer: some Scorer) -> [Int] {
        guard cell.shots == .most else {
            let draw = fewShot.draw(cell)
            return draw.places.map { draw.pool[$0] }
        }
        var room = scorer.context - wording.base - (wording.items.map(\.longest).max() ?? 0), count = 0
        for item in fewShot.draw(cell).pool.prefix(usable) {
            room -= shot(item, cell.template, scorer)
            guard room >= 0 else { break }
            count += 1
        }
        let draw = fewShot.draw(cell, most: count)
        return draw.places.map { draw.pool[$0] }
    }

    mutating func shot(_ item: Int, _ template: Int, _ scorer: some Scorer) -> Int {
        if let known = shots[[item, template]] { return known }
        let bare = bare(template)
        let found = length([], bare, scorer, [experiment.pool[item]]) - length([], bare, scorer)
        shots[[item, template]] = found
        return found
    }

    private mutating func besides(_ template: Int, _ bare: Experiment.Wording, _ head: Int, _ scorer: some Scorer) -> Asked {
        var asked = Asked()
        // Fixed answers are the same for every item.
        let items = experiment.choicesField == nil && experiment.kind == .choice ? experiment.test.prefix(1) : experiment.test[...]
        func texts(_ items: some Sequence<Experiment.Item>) -> Set<[UInt8]> {
            Set(items.flatMap { item in experiment.answers(item).indices.map { fewShot.answer(item, $0, template: template) } })
        }
        func add(_ texts: Set<[UInt8]>, after query: Int) {
            asked.answers += texts.count
            asked.read += query + texts.reduce(0) { $0 + answer($1, scorer) - 1 }
        }
        guard experiment.kind != .completion else { return asked }
        if let context = experiment.wordings[template].answerContext { add(texts(items), after: scorer.tokens([.text(Array(context.utf8))]).count) }
        guard experiment.kind == .choice, let first = items.first else { return asked }
        for text in experiment.contentFree {
            let nothing = Questions.contentFree(first, text, experiment)
            let query = bare.query.filled(nothing.fields)
            add(texts(items.map { Questions.contentFree($0, text, experiment) }), after: length(query, bare, scorer) - head)
        }
        return asked
    }

    private func bare(_ template: Int) -> Experiment.Wording {
        var wording = experiment.wordings[template]
        wording.instruction = ""
        return wording
    }

    private func length(_ query: [UInt8], _ wording: Experiment.Wording, _ scorer: some Scorer, _ shots: [Experiment.Item] = []) -> Int {
        fewShot.prompt(query, shots: shots, wording).parts(scorer.chatTemplate).map { scorer.tokens($0).count } ?? 0
    }

    /// What stands before any query: as far as two prompts agree.
    private func head(_ bare: Experiment.Wording, _ scorer: some Scorer) -> Int {
        let ids = ["", "x"].map { query in
            (fewShot.prompt(Array(query.utf8), shots: [], bare).parts(scorer.chatTemplate).map { scorer.tokens($0) } ?? []).map(\.id)
        }
        return zip(ids[0], ids[1]).prefix { $0 == $1 }.count
    }

    private mutating func answer(_ text: [UInt8], _ scorer: some Scorer) -> Int {
        if let known = answers[text] { return known }
        let found = scorer.tokens([.text(text)]).count - scorer.tokens([]).count
        answers[text] = found
        return found
    }
}
