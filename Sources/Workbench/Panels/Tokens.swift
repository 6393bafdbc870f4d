import Engine
import Terminal
import Tokenizer

/// The document as a table: a row a token, with how the model saw it.
package struct TokensState: Sendable {
    package enum Sort: String, Sendable, CaseIterable { case position, logprob, rank, entropy }
    package var sort = Sort.position
    package var isReversed = false
    /// The chosen position; it follows the document's cursor.
    package internal(set) var selected = 0
    /// Positions as they are sorted; those not measured stand last.
    package private(set) var order: [Int] = []
    private var place = -1
    private var done = Done()

    private struct Done: Equatable { var version = -1, known = -1, count = -1, sort = Sort.position, isReversed = false }

    package init() {}

    /// Sorts where something has changed.
    mutating func settle(_ reading: Reading, count: Int, place: Int) {
        if place != self.place { (selected, self.place) = (place, place) }
        let now = Done(version: reading.version, known: reading.steps.count, count: count, sort: sort, isReversed: isReversed)
        selected = min(max(0, selected), max(0, count - 1))
        guard now != done else { return }
        done = now
        func key(_ position: Int) -> Double? {
            guard let step = reading.step(position) else { return nil }
            switch sort {
            case .position: return Double(position)
            case .logprob: return Double(step.logprob)
            case .rank: return -Double(step.rank)
            case .entropy: return -Double(step.entropy)
            }
        }
        guard sort != .position else { return order = isReversed ? (0..<count).reversed() : Array(0..<count) }
        // What surprised most stands first: it is what one looks for.
        let keyed = (0..<count).map { ($0, key($0)) }
        let known = keyed.compactMap { entry in entry.1.map { (entry.0, $0) } }.sorted { ($0.1, $0.0) < ($1.1, $1.0) }.map(\.0)
        order = (isReversed ? known.reversed() : known) + keyed.filter { $0.1 == nil }.map(\.0)
    }
}

extension State {
    mutating func settleTokens() {
        guard isShown(.tokens) else { return }
        tokens.settle(reading, count: min(reading.ids.count, contextLimit), place: here.position)
    }

    mutating func performInTokens(_ command: Command) {
        let page = max(1, (Layout(self).rect(of: .tokens)?.interior.height ?? 3) - 2)
        switch command {
        case .tokenUp: moveInTokens(by: -1)
        case .tokenDown: moveInTokens(by: 1)
        case .tokenPageUp: moveInTokens(by: -page)
        case .tokenPageDown: moveInTokens(by: page)
        case .tokenFirst: moveInTokens(by: -tokens.order.count)
        case .tokenLast: moveInTokens(by: tokens.order.count)
        case .tokenGo:
            choose(token: tokens.selected)
            backToDocument()
        case .tokenSort:
            let all = TokensState.Sort.allCases
            tokens.sort = all[((all.firstIndex(of: tokens.sort) ?? 0) + 1) % all.count]
        case .tokenReverse: tokens.isReversed.toggle()
        default: break
        }
    }

    mutating func moveInTokens(by step: Int) {
        guard !tokens.order.isEmpty else { return }
        let now = tokens.order.firstIndex(of: tokens.selected) ?? 0
        choose(token: tokens.order[min(max(0, now + step), tokens.order.count - 1)])
    }

    /// Puts the document's cursor before a token, so that all panels speak of it.
    private mutating func choose(token position: Int) {
        if position >= reading.lead { moveAlong(to: position) }
        // A token inside a character has no place of its own.
        tokens.chose(position, at: here.position)
    }

    mutating func clickTokens(y: Int, in rect: Rect) {
        let index = TokensView.top(tokens, rect.height - 1) + y - 1
        if y >= 1, tokens.order.indices.contains(index) { choose(token: tokens.order[index]) }
    }
}

extension TokensState {
    fileprivate mutating func chose(_ position: Int, at place: Int) { (selected, self.place) = (position, place) }
}
