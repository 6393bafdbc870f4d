import Document
import Engine
import Glibc
import Terminal
import Tokenizer

/// Sampling by hand: one token a step, chosen by a person or drawn.
package struct ByHand: Sendable {
    /// What the listed tokens' texts contain.
    package var filter = LineInput()
    /// Of the draws, where the settings name none.
    let seed: UInt64
    /// Ids before the first step: a penalty takes what came since as generated.
    var promptCount: Int
    let vocabulary: VocabularyText

    /// Which ids the filter leaves; nil where it is empty.
    var found: [Bool]? { filter.scalars.isEmpty ? nil : vocabulary.search(filter.text) }
}

/// Every token's text as panels write it, made ready to be searched.
package struct VocabularyText: Sendable {
    /// Lower case, a zero byte behind each.
    private var bytes: [UInt8] = []
    private var ends: [Int] = []

    init(_ tokenizer: Tokenizer) {
        for id in 0..<tokenizer.count {
            let text = tokenizer.bytes(TokenID(id))
            if text.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) {
                for byte in text {
                    if byte == 0x20 { bytes += Self.space } else { bytes.append(byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte) }
                }
            } else {
                bytes += TokenText.visible(text).lowercased().utf8
            }
            bytes.append(0)
            ends.append(bytes.count)
        }
    }

    private static let space = Array("␣".utf8)

    /// Which ids have this in their text; a space stands for `␣`. Shape: [tokens of the tokenizer].
    func search(_ text: String) -> [Bool] {
        var found = [Bool](repeating: false, count: ends.count)
        let needle = text.lowercased().utf8.flatMap { $0 == 0x20 ? Self.space : [$0] }
        guard let first = needle.first else { return found }
        bytes.withUnsafeBytes { bytes in
            var at = 0, id = 0
            while let base = bytes.baseAddress, let hit = memchr(base + at, Int32(first), bytes.count - at) {
                at = UnsafeRawPointer(hit) - base
                guard at + needle.count <= bytes.count else { break }
                while ends[id] <= at { id += 1 }
                if memcmp(hit, needle, needle.count) == 0 {
                    found[id] = true
                    at = ends[id]
                } else {
                    at += 1
                }
            }
        }
        return found
    }
}

extension State {
    /// True while keys choose tokens by hand.
    package var isByHand: Bool { candidates.byHand != nil && focusedPanel == .candidates }

    mutating func beginByHand() {
        guard let tokenizer else { return }
        candidates.along = nil
        candidates.byHand = ByHand(seed: nextSeed(), promptCount: here.position, vocabulary: VocabularyText(tokenizer))
        refilter()
        retrace()
    }

    /// Ends what needs the panel's keys once they are elsewhere.
    mutating func leaveModes() {
        guard candidates.byHand != nil, focusedPanel != .candidates else { return }
        endByHand()
    }

    private mutating func endByHand() {
        candidates.byHand = nil
        refilter()
        retrace()
    }

    /// The rows are to be found anew.
    private mutating func refilter() {
        (candidates.selected, candidates.top) = (0, 0)
        reading.list(nil)
    }

    mutating func performByHand(_ command: Command) -> [Effect] {
        switch command {
        case .byHandLeave:
            if run != nil { return interruptRun() }
            endByHand()
        case .byHandUp, .byHandDown, .byHandPageUp, .byHandPageDown: return performInCandidates(command)
        case .byHandTake:
            guard reading.here?.rows != 0 else {
                say("no token has this text; Backspace takes a letter back", .warning)
                break
            }
            return stepByHand(with: chosenCandidate)
        case .byHandDraw: return drawByHand()
        case .byHandRewind:
            if candidates.byHand?.filter.scalars.isEmpty == false { takeInFilter(.backspace) } else { return rewindByHand() }
        default: break
        }
        return []
    }

    /// True when the key belonged to the filter.
    @discardableResult
    mutating func takeInFilter(_ key: Key) -> Bool {
        guard isByHand, var filter = candidates.byHand?.filter else { return false }
        // A newline cannot be typed otherwise: Enter takes the token.
        if key == .ctrl("j") { filter.insert("⏎") } else if !filter.take(key) { return false }
        return take(filter: filter)
    }

    /// True when pasted text belonged to the filter.
    mutating func pastedByHand(_ bytes: [UInt8]) -> Bool {
        guard isByHand, var filter = candidates.byHand?.filter else { return false }
        filter.insert(String(decoding: bytes, as: UTF8.self))
        return take(filter: filter)
    }

    private mutating func take(filter: LineInput) -> Bool {
        if filter.scalars != candidates.byHand?.filter.scalars { refilter() }
        candidates.byHand?.filter = filter
        return true
    }

    /// Puts one token at the place, by a step of its own, and goes on behind it.
    private mutating func stepByHand(with id: TokenID?) -> [Effect] {
        if let reason = readingAbsence {
            say(reason, .warning)
            return []
        }
        let effects = fork(with: id)
        guard !effects.isEmpty || notice == nil else { return [] }
        candidates.byHand?.filter = LineInput()
        refilter()
        return effects
    }

    private mutating func drawByHand() -> [Effect] {
        guard let id = reading.here?.trace.chosen, !isReadingStale, tokenizer?.endsGeneration(id) == true else {
            return stepByHand(with: reading.here?.trace.chosen)
        }
        say("\(TokenText.name(id, tokenizer)) was drawn, which ends a text, so nothing was added; Enter adds the token that is chosen", .warning)
        return []
    }

    /// Takes the token before the place out, whoever wrote it.
    private mutating func rewindByHand() -> [Effect] {
        let effects = interruptRun(), tokens = readTokens, index = (here.token ?? tokens.count) - 1
        guard tokens.indices.contains(index) else {
            say("nothing stands before this place", .warning)
            return effects
        }
        let range = tokens[index].range
        if let byHand = candidates.byHand, byHand.promptCount > reading.lead + index { candidates.byHand?.promptCount = reading.lead + index }
        return effects + edit { $0.remove(range) }
    }
}
