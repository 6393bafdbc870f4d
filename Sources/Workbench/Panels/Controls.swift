import Engine
import Terminal
import Tokenizer

/// Which setting of the line of controls is chosen.
package struct ControlsState: Sendable, Equatable {
    /// Its place in `SamplingField.all`.
    package var field = 0
    package init() {}

    package mutating func select(atX x: Int, _ state: State) {
        let places = ControlsLine.places(state, width: state.size.width).places
        // A click between two settings means the one to its left.
        if let place = places.last(where: { $0.x <= x }) ?? places.first { field = place.field }
    }
}

extension State {
    var chosenField: SamplingField? { SamplingField.all.indices.contains(controls.field) ? SamplingField.all[controls.field] : nil }

    mutating func performInControls(_ command: Command) {
        guard let field = chosenField else {
            controls.field = 0
            return
        }
        switch command {
        case .fieldLeft: controls.field = max(0, controls.field - 1)
        case .fieldRight: controls.field = min(SamplingField.all.count - 1, controls.field + 1)
        case .fieldUp: step(field, by: 1)
        case .fieldDown: step(field, by: -1)
        case .fieldReset: reset(field)
        case .fieldEdit:
            overlay = .input(.init(purpose: .field(controls.field), label: FieldText.label(field, sampling), line: LineInput(FieldText.entry(field, sampling))))
        default: break
        }
        explainField()
    }

    /// Puts what the chosen setting does into the notice line.
    package mutating func explainField(entered: Bool = false) {
        guard let field = chosenField else { return }
        // The notice stands where the footer names the keys; whoever comes here sees them once.
        var text = entered && size.width >= 100 ? View.legend(.controls) + "   " : ""
        text += "\(field.name)\(FieldText.range(field).map { ", \($0)" } ?? ""): \(field.help)"
        if field.id == .seed, sampling.seed == nil, let run = run ?? lastRun { text += " The last run's: \(run.seed)." }
        say(text)
    }

    private mutating func step(_ field: SamplingField, by direction: Int) {
        switch field.id {
        case .seed:
            // Under 0 is random; up from random begins with the last run's, so that it can be had again.
            if let seed = sampling.seed {
                sampling.seed = direction > 0 ? seed &+ 1 : seed == 0 ? nil : seed - 1
            } else if direction > 0 { sampling.seed = (run ?? lastRun)?.seed ?? 0 }
        case .logitBias, .stop: break
        default:
            guard let value = field.value(in: sampling) else { return }
            // Sums of steps such as 0.05 leave dust behind the sixth digit.
            field.set(((value + Double(direction) * field.step) * 1e6).rounded() / 1e6, in: &sampling)
        }
    }

    private mutating func reset(_ field: SamplingField) {
        switch field.id {
        case .seed: sampling.seed = standard.seed
        case .logitBias: sampling.logitBias = standard.logitBias
        case .stop: sampling.stop = standard.stop
        default: if let value = field.value(in: standard) { field.set(value, in: &sampling) }
        }
    }

    // MARK: Typed values

    /// Takes a value typed for a setting; what it cannot be is said, and nothing changes.
    package mutating func acceptField(_ index: Int, _ text: String) -> [Effect] {
        guard SamplingField.all.indices.contains(index) else { return [] }
        let field = SamplingField.all[index]
        do {
            try FieldText.put(text, field, &sampling, tokenizer)
            say("\(field.name) \(FieldText.value(field, sampling))")
        } catch { say("\(error) It stays \(FieldText.value(field, sampling)).", .warning) }
        return []
    }
}
