import Engine
import Terminal
import Tokenizer
import Workbench

/// Serves a state's wishes as the worker does, with the tiny model and on the test's own thread.
final class TinyWorker {
    let session: Session
    /// The wishes served, the oldest first.
    private(set) var wishes: [Wish] = []

    init() throws { session = try Session(Tiny.model, threads: 1) }

    /// Carries effects out until nothing is wished for any more.
    func serve(_ effects: [Effect], _ state: inout State) throws {
        var effects = effects
        while let wish = effects.compactMap({ if case .wish(let wish) = $0 { wish } else { nil } }).last {
            wishes.append(wish)
            effects = []
            guard !wish.ids.isEmpty else { break }
            _ = try session.sync(to: wish.ids)
            if wish.position > 0 {
                effects += state.update(.report(.reading(version: wish.version, position: wish.position, logits: try session.logits(after: wish.position - 1))))
            }
            let steps = try session.steps(wish.measured..<wish.ids.count)
            effects += state.update(.report(.steps(version: wish.version, from: wish.measured, steps)))
            if let curve = wish.curve {
                let values = try session.logprobs(of: curve.id, after: curve.known..<wish.ids.count)
                effects += state.update(.report(.curve(version: wish.version, id: curve.id, from: curve.known, values)))
            }
            effects += state.update(.report(.settled(number: wish.number)))
        }
    }

    /// Keys one after the other, each after what the one before asked for has come.
    func press(_ state: inout State, _ keys: Key...) throws {
        for key in keys { try serve(state.press(keys: key), &state) }
    }

    func type(_ state: inout State, _ text: String) throws {
        for scalar in text.unicodeScalars { try serve(state.press(keys: .char(scalar)), &state) }
    }

    /// A desk whose numbers have all come, with the cursor at a byte, and its Candidates focused.
    func desk(_ text: String, at cursor: Int? = nil, width: Int = 120, height: Int = 30, panel: State.Panel? = .candidates) throws -> State {
        var state = State(width: width, height: height)
        for name in Tiny.specials { state.sampling.logitBias[Tiny.id(name)] = -100 }
        _ = state.update(.report(.loaded(Tiny.model)))
        var effects = state.update(.event(.paste(Array(text.utf8))))
        if let cursor {
            state.editor.move(to: cursor)
            effects += state.update(.event(.resize(width: width, height: height)))
        }
        if let panel { state = state.focused(on: panel) }
        try serve(effects + state.update(.event(.resize(width: width, height: height))), &state)
        return state
    }
}
