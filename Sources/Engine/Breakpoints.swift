/// Where a generation pauses; what is nil or empty does not count.
package struct Breakpoints: Sendable, Equatable {
    /// Before a token whose distribution has more entropy. Unit: nats.
    package var entropy: Double?
    /// Behind a token whose raw probability is less.
    package var probability: Double?
    /// Behind the token that completes it.
    package var text: [UInt8] = []

    package init() {}

    package var isEmpty: Bool { self == Breakpoints() }

    /// Why a generation paused: the token that met the condition, and the condition.
    package enum Pause: Sendable, Equatable { case entropy(Step, over: Double), probability(Step, under: Double), text(Step, [UInt8]) }

    /// Looks at the tokens of one generation in their order for where it has to pause.
    package struct Scanner: Sendable {
        private let breakpoints: Breakpoints
        private var text: StopScanner
        private var isFirst = true

        package init(_ breakpoints: Breakpoints) {
            self.breakpoints = breakpoints
            text = StopScanner([breakpoints.text])
        }

        /// How many of the next tokens stand before the pause; all of them where there is none.
        package mutating func take(_ tokens: [Generation.Token]) -> (kept: Int, pause: Pause?) {
            for (index, token) in tokens.enumerated() {
                let step = token.step
                // A generation that goes on from a pause would never leave it.
                if !isFirst, let most = breakpoints.entropy, Double(step.entropy) > most { return (index, .entropy(step, over: most)) }
                isFirst = false
                if case .match = text.feed(token.bytes) { return (index + 1, .text(step, breakpoints.text)) }
                if let least = breakpoints.probability, exponential(Double(step.logprob)) < least {
                    return (index + 1, .probability(step, under: least))
                }
            }
            return (tokens.count, nil)
        }
    }
}
