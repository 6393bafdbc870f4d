import Document
import Laboratory
import Tokenizer

/// A few-shot prompt that is being put together: what its pieces say, before they are a document's text.
struct ShotPrompt {
    struct Piece {
        var kind: ShotPieces.Kind
        var fragment: Fragment
        var isEdited = false
    }
    let builder: ShotBuilder
    let tokenizer: Tokenizer?
    var pieces: [Piece] = []

    /// The prompt of a draw, with nothing of a person's own.
    init(_ builder: ShotBuilder, _ tokenizer: Tokenizer?) {
        (self.builder, self.tokenizer) = (builder, tokenizer)
        pieces = [instruction] + builder.drawn.map { piece(ShotPieces.Shot(pool: $0)) } + [query]
    }

    /// The prompt that a document holds, without what the model wrote behind it.
    init(_ builder: ShotBuilder, _ tokenizer: Tokenizer?, _ held: ShotPieces, in document: Document) {
        (self.builder, self.tokenizer) = (builder, tokenizer)
        pieces = zip(held.pieces, held.ranges).compactMap { piece, range in
            piece.kind == .rest ? nil : Piece(kind: piece.kind, fragment: document.fragment(range), isEdited: piece.isEdited)
        }
    }

    var document: Document {
        var text: [UInt8] = [], kept: [DocToken] = []
        for piece in pieces {
            kept += piece.fragment.kept.map { $0.shifted(by: text.count) }
            text += piece.fragment.bytes
        }
        return Document(text: text, kept: kept)
    }

    var held: ShotPieces {
        ShotPieces(pieces: pieces.map { ShotPieces.Piece(kind: $0.kind, count: $0.fragment.bytes.count, isEdited: $0.isEdited) } + [.init(kind: .rest, count: 0)])
    }

    /// The numbers of the pieces that are shots.
    var shots: [Int] { pieces.indices.filter { if case .shot = pieces[$0].kind { true } else { false } } }

    // MARK: What the pieces say

    private var experiment: Experiment { builder.experiment }
    private var wording: Experiment.Wording { experiment.wordings[builder.cell.template] }
    private var isChat: Bool { experiment.mode == .chat }

    var instruction: Piece {
        let text = Array(wording.instruction.utf8)
        guard isChat else { return Piece(kind: .instruction, fragment: Fragment(bytes: text)) }
        return Piece(kind: .instruction, fragment: fragment(tokenizer?.chatTemplate?.render(head, answer: false) ?? []))
    }

    func piece(_ shot: ShotPieces.Shot) -> Piece {
        let item = experiment.pool[shot.pool], fields = experiment.fields(item, answer: shot.label ?? experiment.right(item), wording)
        let fragment = isChat
            ? turns([Turn(.user, wording.query.filled(fields)), Turn(.assistant, wording.answer.filled(fields))], answer: false)
            : Fragment(bytes: wording.example.filled(fields))
        return Piece(kind: .shot(shot), fragment: fragment)
    }

    var query: Piece { Piece(kind: .query, fragment: query(builder.item, answer: experiment.kind == .schema ? builder.right : nil)) }

    /// - Parameter answer: stands in the query of a schema.
    func query(_ item: Experiment.Item, answer: Int?) -> Fragment {
        let text = wording.query.filled(experiment.fields(item, answer: answer, wording))
        return isChat ? turns([Turn(.user, text)], answer: true) : Fragment(bytes: text)
    }

    /// The system's turn, which a template may add by itself.
    private var head: [Turn] {
        let text = wording.instruction.isEmpty ? tokenizer?.chatTemplate?.defaultSystem : wording.instruction
        return text.map { [Turn(.system, Array($0.utf8))] } ?? []
    }

    private func turns(_ turns: [Turn], answer: Bool) -> Fragment {
        guard let template = tokenizer?.chatTemplate else { return Fragment(bytes: []) }
        return fragment(Array(template.render(head + turns, answer: answer).dropFirst(template.render(head, answer: false).count)))
    }

    private func fragment(_ parts: [Part]) -> Fragment {
        guard let tokenizer else { return Fragment(bytes: []) }
        let document = Document(parts: parts, tokenizer: tokenizer)
        return document.fragment(0..<document.count)
    }
}

/// Which of an experiment's prompts is being built.
package struct ShotBuilder: Sendable {
    package let experiment: Experiment
    let fewShot: FewShot
    package var cell: Laboratory.Cell { didSet { draw() } }
    /// The number of the test item.
    package var query: Int { didSet { draw() } }
    /// How many shots `max` is.
    var most = 0
    /// The numbers of the pool's items that the cell has before the query, in order.
    package private(set) var drawn: [Int] = []
    /// All of the pool that may stand before it, in the order of the draw.
    private(set) var usable: [Int] = []

    package init(_ experiment: Experiment, cell: Laboratory.Cell, query: Int, most: Int = 0) {
        (self.experiment, self.cell, self.query, self.most) = (experiment, cell, query, most)
        fewShot = FewShot(experiment)
        draw()
    }

    package var item: Experiment.Item { experiment.test[query] }
    /// The number of the right answer.
    var right: Int { experiment.kind == .completion ? 0 : experiment.right(item) ?? 0 }
    /// How many shots the cell has.
    package var count: Int { if case .count(let count) = cell.shots { count } else { most } }

    private mutating func draw() {
        let draw = fewShot.draw(cell, most: most)
        drawn = fewShot.shots(for: item, in: draw)
        usable = fewShot.shots(for: item, in: FewShot.Draw(pool: draw.pool, places: Array(draw.pool.indices)))
    }
}

extension ShotBuilder: Equatable {
    /// What follows from them is the same.
    package static func == (one: ShotBuilder, other: ShotBuilder) -> Bool {
        one.cell == other.cell && one.query == other.query && one.most == other.most && one.experiment == other.experiment
    }
}
