import Tokenizer

/// Two continuations of one text under two settings, drawn together.
///
/// Each is, to the bit, what a generation alone draws.
package struct Lockstep {
    /// The text and what is drawn behind it.
    package private(set) var a: [TokenID], b: [TokenID]
    package private(set) var ends: (a: Generation.End?, b: Generation.End?) = (nil, nil)
    private var streams: Streams

    /// - Parameter session: at the end of the text.
    package init(_ session: Session, _ settings: (a: Comparing.Settings, b: Comparing.Settings)) {
        (a, b) = (session.tokens, session.tokens)
        streams = Streams(session, [settings.a, settings.b])
    }

    /// Draws a token of each that has not ended; false once both have.
    package mutating func next() throws(EngineError) -> Bool {
        for (stream, tokens, end) in try streams.next() {
            // A token that is cut is more than the text that stays.
            let ids = tokens.filter { !$0.isCut }.map(\.step.id)
            if stream == 0 { (a, ends.a) = (a + ids, end) } else { (b, ends.b) = (b + ids, end) }
        }
        return ends.a == nil || ends.b == nil
    }
}
