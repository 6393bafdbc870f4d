import Document
import Engine
import Foundation
import Laboratory
import Terminal
import Testing
import Tokenizer
import Workbench

/// A small experiment in the words of the tiny model, and a desk that builds its prompts.
enum ShotsStage {
    static let pool = (0..<8).map { #"{"w": "\#(words[$0])", "l": "\#($0 % 3 == 0 ? "men" : "pe")"}"# + "\n" }.joined()
    static let test = [("cheese", "men"), ("fromage", "pe"), ("otter", "men"), ("de", "pe")].map { #"{"w": "\#($0.0)", "l": "\#($0.1)"}"# + "\n" }.joined()
    private static let words = ["otter", "la", "mer", "poiv", "pi", "p", "English", "French"]

    static let plain = """
        title: Words
        instruction: "la\\n"
        example: "{{w}}: {{l}}\\n"
        query: "{{w}}:"
        answer: " {{l}}"
        labels: [men, pe]
        pool: pool.jsonl
        test: test.jsonl
        shots: [0, 2, 4]
        seeds: 3
        orders: 2
        answer_context: "la:"
        content_free: ["N", "mer"]
        """

    static func experiment(_ yaml: String = plain, pool: String = pool, test: String = test) throws -> Experiment {
        try Experiment(parsing: Array(yaml.utf8), path: "words.yaml") { path throws(ExperimentError) in
            Array((path == "pool.jsonl" ? pool : test).utf8)
        }
    }

    /// The same as a conversation.
    static func chat() throws -> Experiment {
        var experiment = try experiment()
        experiment.mode = .chat
        return experiment
    }

    /// A desk with the builder's panel focused.
    static func desk(_ experiment: Experiment, cell: Laboratory.Cell = Laboratory.Cell(shots: 3, seed: 0, order: 0), item: Int = 0,
                     width: Int = 120, height: Int = 30) -> State {
        var state = State(width: width, height: height)
        _ = state.update(.report(.loaded(Tiny.model)))
        _ = state.openShots(experiment, cell: cell, item: item)
        return state.settled()
    }
}

extension State {
    /// Opens the builder as the laboratory does.
    @discardableResult
    mutating func openShots(_ experiment: Experiment, cell: Laboratory.Cell, item: Int) -> [Effect] {
        buildShots(experiment, cell: cell, item: item)
    }

    /// The texts of the pieces, in order.
    var shotTexts: [String] {
        shots.held.map { held in held.ranges.map { String(decoding: editor.document.bytes[$0], as: UTF8.self) } } ?? []
    }

    /// Nothing of the text is left out, and the pieces are an instruction, shots, a query and a rest.
    var isPartitioned: Bool {
        guard let held = shots.held, held.count == editor.document.count, held.pieces.count >= 3 else { return false }
        let kinds = held.pieces.map(\.kind)
        return kinds.first == .instruction && kinds.last == .rest && kinds[kinds.count - 2] == .query && kinds.dropFirst().dropLast(2).allSatisfy { if case .shot = $0 { true } else { false } }
    }
}
