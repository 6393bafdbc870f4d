import Engine
import Terminal
import Tokenizer

/// What the candidates panel shows of the distribution.
package struct CandidatesState: Sendable, Equatable {
    package var position = 0
    package var selected = 0
    package var top = 0
    package init() {}

    mutating func moved(to position: Int) {
        self.position = position
        (selected, top) = (0, 0)
    }
    /// Ranked ids that a panel of so many rows needs.
    func needed(rows: Int) -> Int { top + rows + 64 }
}

extension State {
    mutating func performInCandidates(_ command: Command) -> [Effect] { [] }
}
