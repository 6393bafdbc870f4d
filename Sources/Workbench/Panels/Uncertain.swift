import Document
import Engine
import Terminal
import Tokenizer

/// Places where the model was not sure what comes.
extension State {
    /// A token is uncertain where the entropy before it is above this. Unit: nats.
    package var uncertainAbove: Double { breakpoints.entropy ?? 2 }

    /// Moves the cursor to the next uncertain token behind or before it, and round the end.
    mutating func goToUncertain(forwards: Bool) {
        let tokens = editor.document.tokens, threshold = "\(Number.fixed(uncertainAbove, 2)) nats"
        func entropy(_ index: Int) -> Double? { reading.step(reading.lead + index).map { Double($0.entropy) } }
        let places = tokens.indices.filter { entropy($0).map { $0 > uncertainAbove } ?? false }
        let unknown = tokens.indices.count { reading.lead + $0 > 0 && entropy($0) == nil }
        let rest = unknown == 0 ? "" : "; \(Number.grouped(unknown)) \(unknown == 1 ? "token is" : "tokens are") not measured yet"
        let start = here.token ?? tokens.count, origin = editor.cursor
        let ahead = forwards ? places.filter { $0 > start } : places.filter { $0 < start }.reversed()
        let around = forwards ? places.filter { $0 <= start } : places.filter { $0 >= start }.reversed()
        for index in ahead + around {
            editor.move(to: tokens[index].range.lowerBound)
            // A token inside a character has no place of its own.
            guard here.token == index, let known = entropy(index), let number = places.firstIndex(of: index) else { continue }
            text.follows = true
            let name = TokenText.name(tokens[index].id, tokenizer), wrapped = ahead.contains(index) ? "" : forwards ? ", from the start again" : ", from the end again"
            return say("H \(Number.fixed(known, 2)) nats at \(name), \(number + 1) of \(places.count) above \(threshold)\(wrapped)\(rest)")
        }
        editor.move(to: origin)
        say((places.isEmpty ? "no entropy here is above \(threshold)" : "no uncertain token can be gone to") + rest, .warning)
    }
}
