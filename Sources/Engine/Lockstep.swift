import Tokenizer

/// Two continuations of one text under two settings, drawn together.
///
/// Each is, to the bit, what a generation alone draws.
package struct Lockstep {
    /// The text and what is drawn behind it.
    package private(set) var a: Comparison.Column, b: Comparison.Column
    private var streams: Streams

    /// - Parameter session: at the end of the text.
    package init(_ session: Session, _ settings: Comparing.Settings) {
        a = Comparison.Column(session.tokens)
        b = a
        streams = Streams(session, [(settings.a, settings.seedA), (settings.b, settings.seedB)])
    }

    /// The first alone; the second is drawn elsewhere.
    package init(_ session: Session, only settings: Comparing.Settings) {
        a = Comparison.Column(session.tokens)
        b = a
        b.end = .stop
        streams = Streams(session, [(settings.a, settings.seedA)])
    }

    /// Draws a token of each that has not ended; false once both have.
    package mutating func next() throws(EngineError) -> Bool {
        for (stream, tokens, end) in try streams.next() {
            // A token that is cut is more than the text that stays.
            for token in tokens where !token.isCut { if stream == 0 { a.append(token.step) } else { b.append(token.step) } }
            if stream == 0 { a.end = end.map { TextEnd($0) } } else { b.end = end.map { TextEnd($0) } }
        }
        return a.end == nil || b.end == nil
    }
}
