import Document
import Engine
import Terminal
import Tokenizer

/// What the candidates panel shows of the distribution.
package struct CandidatesState: Sendable {
    package var position = 0
    /// The chosen rank.
    package var selected = 0
    /// The first rank on the screen.
    package var top = 0
    package var pin: Pin?
    /// Those first that changed most since the pinned place.
    package var sortsByChange = false
    package var along: Along?
    package var byHand: ByHand?
    package init() {}

    mutating func moved(to position: Int) {
        self.position = position
        (selected, top) = (0, 0)
    }
    /// Ranked ids that a panel of so many rows needs.
    func needed(rows: Int) -> Int { max(top, selected) + rows + 64 }

    /// The ranks in so many rows, the chosen one among them.
    func window(rows: Int, count: Int) -> Range<Int> {
        guard rows > 0, count > 0 else { return 0..<0 }
        let chosen = min(max(0, selected), count - 1)
        var first = min(max(0, top), max(0, count - rows))
        if chosen < first { first = chosen } else if chosen - first >= rows { first = chosen - rows + 1 }
        return first..<min(count, first + rows)
    }

    mutating func select(_ rank: Int, rows: Int, count: Int) {
        selected = min(max(0, rank), max(0, count - 1))
        top = window(rows: rows, count: count).lowerBound
    }

    /// Moves the rows; the chosen rank goes along where it would leave them.
    mutating func scroll(by step: Int, rows: Int, count: Int) {
        guard rows > 0, count > 0 else { return }
        top = min(max(0, window(rows: rows, count: count).lowerBound + step), max(0, count - rows))
        selected = min(max(selected, top), min(count, top + rows) - 1)
    }
}

extension State {
    /// Why the place of the cursor has no numbers, in words; nil where some are shown.
    package var readingAbsence: String? {
        switch model {
        case .none(let reason): return reason
        case .loading(let share): return "The model is loading: \(Number.whole(share * 100)) %."
        case .ready: break
        case .remote(let server):
            if server.abilities.topLogprobs == 0 { return "\(server.title) tells no probabilities." }
            if toldHere != nil { return nil }
            return editor.document.count == 0 ? "Nothing to go by yet. Type a prompt, and ^G lets \(server.title) go on."
                : "Nothing is known of this place: the server tells of tokens it writes. ⏎ asks what it would write here."
        }
        let place = here.position
        if place > contextLimit {
            return "This place lies beyond the model's context of \(Number.grouped(contextLimit)) tokens: "
                + "the text can be edited, but there are no numbers for it."
        }
        if place == 0 {
            return editor.document.count == 0
                ? "Nothing to go by yet. Type a prompt, and every token that could come next is listed here with its probability."
                : "Nothing stands before the first token, so nothing predicts it."
        }
        guard let shown = reading.here else { return "The model is reading \(Number.grouped(place)) \(place == 1 ? "token" : "tokens") …" }
        guard let likeliest = shown.ranked.first, shown.distribution.probability(of: likeliest) > 0 else { return "The logits at this place are not finite, so there are no probabilities." }
        return nil
    }

    /// True while the numbers shown are those of another place than the cursor's; a stream's are always the newest there are.
    package var isReadingStale: Bool {
        guard let shown = reading.here else { return true }
        if let run, editor.cursor >= run.range.upperBound { return shown.position > here.position }
        return shown.position != here.position
    }

    /// The token that stands at the shown place; nil at the end of the text.
    package var actualToken: TokenID? {
        guard let position = reading.here?.position, reading.ids.indices.contains(position) else { return nil }
        return reading.ids[position]
    }

    mutating func performInCandidates(_ command: Command) -> [Effect] {
        if server != nil { return performInTold(command) }
        switch command {
        case .candidateUncertainNext, .candidateUncertainPrevious:
            goToUncertain(forwards: command == .candidateUncertainNext)
            return []
        case .candidateUnpin: unpin()
        case .candidateSort: toggleSorting()
        default: return performOnCandidate(command)
        }
        return []
    }

    private mutating func performOnCandidate(_ command: Command) -> [Effect] {
        guard readingAbsence == nil, let shown = reading.here else {
            if let reason = readingAbsence { say(reason, .warning) }
            return []
        }
        switch command {
        case .candidateFork: return fork(with: chosenCandidate, goingOn: true)
        case .candidateTake: return fork(with: chosenCandidate)
        case .candidateBias: askForBias()
        case .candidatePin: togglePin()
        case .candidateAlong: beginAlong()
        case .byHand: beginByHand()
        case .candidateFind:
            let text = String(decoding: sought, as: UTF8.self)
            overlay = .input(.init(purpose: .candidateFind, label: "how likely is this text here", line: LineInput(text)))
        default: moveCandidate(command, rows: candidatesSheet.window.count, count: shown.rows)
        }
        return []
    }

    private mutating func moveCandidate(_ command: Command, rows: Int, count: Int) {
        switch command {
        case .candidateUp, .byHandUp: candidates.select(candidates.selected - 1, rows: rows, count: count)
        case .candidateDown, .byHandDown: candidates.select(candidates.selected + 1, rows: rows, count: count)
        case .candidatePageUp, .byHandPageUp: turnCandidates(by: -1, rows, count)
        case .candidatePageDown, .byHandPageDown: turnCandidates(by: 1, rows, count)
        case .candidateFirst: candidates.select(0, rows: rows, count: count)
        case .candidateLast: candidates.select(count - 1, rows: rows, count: count)
        default: break
        }
    }

    private mutating func turnCandidates(by pages: Int, _ rows: Int, _ count: Int) {
        let step = pages * max(1, rows - 1)
        candidates.top += step
        candidates.select(candidates.selected + step, rows: rows, count: count)
    }

    /// Where the rows of the panel stand as it is laid out now.
    var candidatesSheet: CandidatesSheet {
        CandidatesSheet(self, height: Layout(self).rect(of: .candidates)?.interior.height ?? 0)
    }

    package mutating func scrollCandidates(by step: Int) {
        if candidates.along != nil { return moveAlong(by: step) }
        if server != nil { return scrollTold(by: step) }
        guard let shown = reading.here, readingAbsence == nil else { return }
        candidates.scroll(by: step, rows: candidatesSheet.window.count, count: shown.rows)
    }

    /// A click inside the border chooses the row under it.
    package mutating func clickCandidates(y: Int, in rect: Rect) {
        if server != nil { return clickTold(row: y - ToldView.first) }
        guard let shown = reading.here, readingAbsence == nil else { return }
        let sheet = CandidatesSheet(self, height: rect.height)
        guard (sheet.first..<sheet.first + sheet.window.count).contains(y) else { return }
        candidates.select(sheet.window.lowerBound + y - sheet.first, rows: sheet.window.count, count: shown.rows)
    }

    // MARK: Forking

    /// The chosen candidate; nil where none is shown.
    var chosenCandidate: TokenID? { reading.here?.row(candidates.selected)?.id }

    /// Puts a token in the place of all that stands from the shown place on.
    mutating func fork(with id: TokenID?, goingOn: Bool = false) -> [Effect] {
        guard let tokenizer, let shown = reading.here, let id else { return [] }
        guard !isReadingStale else {
            sayStale()
            return []
        }
        let bytes = tokenizer.bytes(id), special = tokenizer.isSpecial(id)
        guard !bytes.isEmpty else {
            say("token \(id) has no text, so the document cannot hold it", .warning)
            return []
        }
        let offset = offset(ofPosition: shown.position)
        let logprob = Float(shown.distribution.logprob(of: id))
        guard goingOn else { return edit { $0.fork(at: offset, id: id, bytes: bytes, special: special, logprob: logprob) } }
        let effects = interruptRun()
        editor.fork(at: offset, id: id, bytes: bytes, special: special, logprob: logprob, goingOn: true)
        editor.encode(with: tokenizer)
        return effects + beginRun(inOpenStep: true)
    }

    /// The byte at which the token of a position begins.
    func offset(ofPosition position: Int) -> Int {
        let tokens = editor.document.tokens, index = position - reading.lead
        if tokens.indices.contains(index) { return tokens[index].range.lowerBound }
        return index < 0 ? 0 : run?.range.upperBound ?? editor.document.count
    }
}
