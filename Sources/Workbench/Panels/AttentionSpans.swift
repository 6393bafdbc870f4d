import Document
import Terminal
import Tokenizer

/// Heads in the order of a metric, and more than one token at a time: spans and words.
extension State {
    mutating func performInRanked(_ command: Command) {
        switch command {
        case .headUp, .headLeft: moveInRanking(by: -1)
        case .headDown, .headRight: moveInRanking(by: 1)
        case .headLock:
            attention.touch()
            attention.locked = attention.locked == [attention.cursor] ? [] : [attention.cursor]
        case .targetPrevious: moveTarget(by: -1)
        case .targetNext: moveTarget(by: 1)
        default: break
        }
    }

    mutating func moveInRanking(by step: Int) {
        let ranking = HeadValues(self).ranking
        guard !ranking.isEmpty else { return }
        attention.touch()
        let now = ranking.firstIndex { $0.id == attention.cursor } ?? -step.signum()
        attention.cursor = ranking[min(max(0, now + step), ranking.count - 1)].id
    }

    // MARK: Spans

    /// Takes the document's selection as what is looked at, or as what looks; without a selection lets that go.
    mutating func takeSpan(_ command: Command) {
        let span = selectedPositions, isKeys = command == .spanKeys
        if isKeys {
            attention.keySpan = span
            if span != nil { (attention.target, attention.metric) = (nil, .toToken) }
        } else { attention.querySpan = span }
        guard let span else { return say(isKeys ? "one token is looked at; select text in the document to look at a span" : "the token before the cursor looks; select text in the document for the mean of a span") }
        say(isKeys ? "how much of the attention falls on \(spanName(span))" : "the mean of the \(span.count) queries \(spanName(span))")
    }

    /// The positions of the selected text's tokens.
    private var selectedPositions: Range<Int>? {
        guard let selection = editor.selection, !selection.isEmpty else { return nil }
        let tokens = editor.document.tokens
        guard let first = tokens.firstIndex(where: { $0.range.upperBound > selection.lowerBound }),
              let last = tokens.lastIndex(where: { $0.range.lowerBound < selection.upperBound }), first <= last else { return nil }
        let span = (reading.lead + first..<reading.lead + last + 1).clamped(to: 0..<min(reading.ids.count, contextLimit))
        return span.isEmpty ? nil : span
    }

    /// `␣sea ␣otter (2–3)`
    func spanName(_ span: Range<Int>) -> String {
        let text = span.count > 3 ? tokenText(span.lowerBound) + "…" + tokenText(span.upperBound - 1) : span.map { tokenText($0) }.joined()
        return text + (span.count == 1 ? " (\(span.lowerBound))" : " (\(span.lowerBound)–\(span.upperBound - 1))")
    }

    // MARK: Words

    /// The tokens of each word: one begins with a token that a space or a line's end opens, or that follows one.
    func words(in ids: [TokenID]) -> [Range<Int>] {
        guard let tokenizer else { return [] }
        func isSpace(_ byte: UInt8?) -> Bool { byte.map { $0 == 0x20 || (0x09...0x0D).contains($0) } ?? false }
        var starts: [Int] = [], last: [UInt8] = [0x20]
        for (position, id) in ids.enumerated() {
            let bytes = tokenizer.bytes(id)
            if isSpace(bytes.first) || isSpace(last.last) || tokenizer.isSpecial(id) || (position > 0 && tokenizer.isSpecial(ids[position - 1])) { starts.append(position) }
            last = bytes
        }
        if starts.first != 0, !ids.isEmpty { starts.insert(0, at: 0) }
        return zip(starts, starts.dropFirst() + [ids.count]).map { $0..<$1 }
    }
}
