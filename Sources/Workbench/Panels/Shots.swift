import Document
import Laboratory
import Store
import Terminal
import Tokenizer

/// A few-shot prompt that is built in the document, shot by shot, with what the model makes of it.
package struct ShotsState: Sendable {
    /// What is being built; nil before an experiment was chosen.
    package internal(set) var builder: ShotBuilder?
    /// What the document is made of.
    package internal(set) var held: ShotPieces?
    package internal(set) var rule = ScoreRule.perToken
    package internal(set) var numbers = ShotNumbers()
    /// Among the shots, or among the experiments while these are listed.
    package internal(set) var selected = 0
    /// The first row on the screen.
    package internal(set) var top = 0
    /// True while the experiments are listed.
    package internal(set) var isChoosing = true
    /// The experiment that was asked to be read.
    var asked: String?
    /// What is to be built once the document before it has been seen to.
    var pending: ShotBuilder?
    /// The document that holds the prompt, and its text when it was last looked at.
    private(set) var document: StoredDocument.ID?
    private(set) var bytes: [UInt8] = []
    /// What texts were made of: an undo brings that back too.
    private var past: [UInt64: Past] = [:]

    struct Past: Sendable {
        var cell: Laboratory.Cell
        var query: Int, most: Int
        var pieces: ShotPieces
    }
    /// Texts that are remembered at most.
    private static let remembered = 4096

    package init() {}

    /// Takes a text that is made of these pieces.
    mutating func hold(_ held: ShotPieces, _ bytes: [UInt8], in document: StoredDocument.ID) {
        if self.document != document { past = [:] }
        (self.held, self.bytes, self.document) = (held, bytes, document)
        guard let builder else { return }
        if past.count >= Self.remembered { past = [:] }
        past[KeptSettings.hash(bytes)] = Past(cell: builder.cell, query: builder.query, most: builder.most, pieces: held)
    }

    /// What a text was made of before.
    func remembered(_ bytes: [UInt8]) -> Past? { past[KeptSettings.hash(bytes)].flatMap { $0.pieces.count == bytes.count ? $0 : nil } }

    /// Lets an experiment be chosen.
    mutating func choose() { (isChoosing, selected, top) = (true, 0, 0) }

    /// The number of the chosen piece.
    var chosen: Int? { held.flatMap { $0.shots.indices.contains(selected) && !isChoosing ? $0.shots[selected] : nil } }

    /// True where a shot is not what the draw gave, by choice or by hand.
    package var isChanged: Bool {
        guard let builder, let held else { return false }
        return held.shots.contains { held.pieces[$0].isEdited } || held.pieces.compactMap(\.shot) != builder.drawn.map { ShotPieces.Shot(pool: $0) }
    }
}

extension State {
    /// True where the open document is the one that the prompt was built in.
    package var isShotsDocument: Bool { shots.document == keeping.document }

    /// Builds a cell's prompt of a test item in a document of its own, after what is open has been seen to.
    ///
    /// - Parameter most: how many shots `max` is.
    package mutating func buildShots(_ experiment: Experiment, cell: Laboratory.Cell, item: Int, most: Int = 0) -> [Effect] {
        guard experiment.test.indices.contains(item), experiment.wordings.indices.contains(cell.template) else { return [] }
        if experiment.mode == .chat, tokenizer?.chatTemplate == nil {
            say(tokenizer == nil ? "a conversation is laid out by the model's template, and no model is loaded yet" : "this model has no chat template that Terrarium writes", .warning)
            return []
        }
        shots.pending = ShotBuilder(experiment, cell: cell, query: item, most: most)
        return ask(.shots, "Save it before the prompt is built?")
    }

    /// Takes an experiment that has been read, or why it cannot be.
    mutating func readShots(_ path: String, _ found: Result<Experiment, ExperimentError>) -> [Effect] {
        guard shots.asked == path else { return [] }
        shots.asked = nil
        switch found {
        case .success(let experiment): return buildShots(experiment)
        case .failure(let error):
            say("\(error)", .error)
            return []
        }
    }

    /// An experiment that the person chose to build a prompt of: with the smallest number of shots that are any.
    mutating func buildShots(_ experiment: Experiment) -> [Effect] {
        let counts = experiment.shots.compactMap { if case .count(let count) = $0 { count } else { nil } }
        let count = counts.filter { $0 > 0 }.min() ?? counts.max() ?? 0
        return buildShots(experiment, cell: Laboratory.Cell(shots: count, seed: 0, order: 0), item: 0)
    }

    /// Begins a document with the prompt that waits.
    mutating func startShots() -> [Effect] {
        guard let builder = shots.pending else { return [] }
        let effects = startNew()
        if shots.builder?.experiment != builder.experiment { shots.rule = builder.experiment.score }
        (shots.builder, shots.pending, shots.isChoosing, shots.selected) = (builder, nil, false, 0)
        shots.numbers.forget()
        let experiment = builder.experiment
        if experiment.mode == .chat { file.prompt.mode = .chat }
        if experiment.kind == .completion {
            (sampling.temperature, sampling.maxTokens, sampling.stop) = (0, experiment.maxTokens, experiment.stop.map { Array($0.utf8) })
            file.sampling = sampling
        }
        show(.shots)
        return effects + put(ShotPrompt(builder, tokenizer))
    }

    /// Makes the document this prompt, as one step; the cursor goes to its end, where the answer is expected.
    mutating func put(_ prompt: ShotPrompt) -> [Effect] {
        let effects = interruptRun(), next = prompt.document
        lastRun = nil
        editor.reload(next, kind: .edit, cursor: next.count)
        text.follows = true
        shots.builder = prompt.builder
        shots.hold(prompt.held, editor.document.bytes, in: keeping.document)
        return effects
    }

    // MARK: Keeping up with the document

    /// Finds the pieces again after an edit, and asks for the numbers that are shown.
    mutating func settleShots() {
        shots.selected = max(0, min(shots.selected, (shots.isChoosing ? experiments.count : shots.held?.shots.count ?? 0) - 1))
        guard isShotsDocument, shots.builder != nil, shots.held != nil else { return }
        if editor.document.bytes != shots.bytes { followShots() }
        guard let tokenizer, let builder = shots.builder, var held = shots.held, isShown(.shots), !shots.isChoosing else { return }
        var document = editor.document
        if let rest = held.pieces.indices.last, held.pieces[rest].kind == .rest, held.pieces[rest].count > 0 {
            document.truncate(at: held.count - held.pieces[rest].count)
            held.pieces[rest].count = 0
        }
        let basis = ShotNumbers.Basis(builder: builder, held: held, document: document, isCalibrated: shots.rule == .calibrated, context: contextLimit)
        shots.numbers.ask(basis, tokenizer, rule: shots.rule)
    }

    private mutating func followShots() {
        let bytes = editor.document.bytes
        guard var held = shots.held else { return }
        if let past = shots.remembered(bytes) {
            shots.builder?.most = past.most
            shots.builder?.cell = past.cell
            shots.builder?.query = past.query
            return shots.hold(past.pieces, bytes, in: keeping.document)
        }
        let before = held, isWritten = run != nil || editor.document.kept.last.map { $0.range.lowerBound >= shots.bytes.count } == true
        let touched = held.follow(from: shots.bytes, to: bytes, cursor: editor.cursor, chosen: shots.chosen, isWritten: isWritten)
        shots.hold(held, bytes, in: keeping.document)
        if let touched, run == nil { tell(touched, before) }
    }

    /// Says what an edit by hand did to the prompt where that is more than to one shot.
    private mutating func tell(_ touched: ShotPieces.Touched, _ before: ShotPieces) {
        func name(_ piece: Int) -> String {
            switch before.pieces[piece].kind {
            case .instruction: "the instruction"
            case .shot: "shot \((before.shots.firstIndex(of: piece) ?? 0) + 1)"
            case .query: "the query"
            case .rest: "what stands behind the query"
            }
        }
        let names = touched.pieces.map(name), isQuery = touched.pieces.contains { before.pieces[$0].kind == .query && !before.pieces[$0].isEdited }
        if !touched.dropped.isEmpty, touched.dropped.count == touched.pieces.count {
            say("\(names.joined(separator: ", ")) \(names.count == 1 ? "is" : "are") out of the prompt; ^/ brings \(names.count == 1 ? "it" : "them") back")
        } else if names.count > 1 {
            say("the edit goes over \(names.joined(separator: ", ")); what was typed counts as \(names[0])", .warning)
        } else if isQuery {
            say("the query was edited; the right answer is still that of item \((shots.builder?.query ?? 0) + 1)", .warning)
        }
    }

    // MARK: Experiments

    /// The experiments that are listed.
    package var experiments: [PromptLibrary.Entry] { files.entries.filter { $0.kind == .experiment } }
}
