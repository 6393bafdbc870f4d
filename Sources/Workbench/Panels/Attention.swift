import Terminal

/// What the attention panel shows.
package struct AttentionState: Sendable, Equatable {
    package init() {}
    mutating func clamp(_ state: State) {}
    func wish(_ state: State) -> Wish.Attention? { nil }
    /// The weights the document is tinted by, by position; nil where there is none.
    func weights(_ state: State) -> [Float?] { [] }
}

extension State {
    mutating func performInAttention(_ command: Command) {}
}
