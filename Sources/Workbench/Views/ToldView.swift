import Engine
import Terminal

/// What a server told of one place: its likeliest tokens, and how much it did not tell of.
enum ToldView {
    /// The line of the first candidate.
    static let first = 2

    static func draw(_ place: Told.Place, _ state: State, _ rect: Rect, _ focused: Bool, _ frame: inout Frame) {
        let token = place.token, dim = Style(.dim)
        let head = place.stands ? "▸ " + TokenText.visible(token.bytes) + (token.logprob.map { "  surprisal \(Number.fixed($0 == 0 ? 0 : -Double($0), 2)) nats  \(CandidatesView.percent(exponential(Double($0))))" } ?? "  no probability was told")
            : "the next token, as the server would write"
        frame.put(TextWidth.fit(head, rect.width), x: rect.x, y: rect.y, style: place.stands ? Style(.text, .bold) : dim, clip: rect)
        let rows = max(0, rect.height - first - 1), top = max(0, min(state.candidates.selected - rows + 1, token.top.count - rows))
        let columns = Columns(rect.width)
        columns.draw("#", "token", "raw", "logprob", rect, rect.y + 1, (dim, dim, dim), &frame)
        let scale = token.top.first.map { exponential(Double($0.logprob)) } ?? 1
        for (index, guess) in token.top.enumerated().dropFirst(top).prefix(rows) {
            let y = rect.y + first + index - top, share = exponential(Double(guess.logprob)), stands = place.stands && guess.bytes == token.bytes
            columns.draw("\(index)", TokenText.visible(guess.bytes), CandidatesView.percent(share), CandidatesView.logprob(Double(guess.logprob)), rect, y,
                         (dim, Style(.text, stands ? .bold : []), Style(.number)), &frame)
            if stands { frame.put("▸", x: rect.x + 3, y: y, style: Style(.accent), clip: rect) }
            if let bar = columns.bar { frame.bar(share / max(1e-12, scale), x: rect.x + bar, y: y, width: rect.width - bar, style: Style(.bar), clip: rect) }
            if focused, index == state.candidates.selected {
                frame.restyle(Rect(x: rect.x, y: y, width: columns.bar ?? rect.width, height: 1).intersection(rect)) { $0 = Style(.selection) }
            }
        }
        guard let unknown = token.unknownMass, rect.height > first else { return }
        let hidden = token.top.indices.filter { $0 < top || $0 >= top + rows }, more = hidden.reduce(0) { $0 + exponential(Double(token.top[$1].logprob)) }
        let words = ["\(hidden.count) more \(CandidatesView.percent(more))   not told of \(CandidatesView.percent(unknown))", "not told of \(CandidatesView.percent(unknown))"]
        let rest = hidden.isEmpty ? words[1] : words.first { TextWidth.columns($0) + 5 <= rect.width } ?? words[1]
        frame.put(rest, x: rect.x + 5, y: rect.maxY - 1, style: dim, clip: rect)
    }

    /// Rank, token, probability, and as far as there is room its logarithm and a bar.
    private struct Columns {
        let token: Int, raw: Int, logprob: Int?, bar: Int?

        init(_ width: Int) {
            token = max(4, min(24, width - 5 - 8))
            raw = 5 + token + 8
            logprob = width >= raw + 9 ? raw + 9 : nil
            bar = logprob.flatMap { width >= $0 + 10 ? $0 + 2 : nil }
        }

        func draw(_ rank: String, _ name: String, _ share: String, _ value: String, _ rect: Rect, _ y: Int, _ styles: (Style, Style, Style), _ frame: inout Frame) {
            guard y < rect.maxY else { return }
            frame.put(rank, rightAlignedTo: rect.x + 2, y: y, style: styles.0, clip: rect)
            frame.put(TextWidth.fit(name, token), x: rect.x + 5, y: y, style: styles.1, clip: rect)
            frame.put(share, rightAlignedTo: rect.x + raw, y: y, style: styles.2, clip: rect)
            if let logprob { frame.put(value, rightAlignedTo: rect.x + logprob, y: y, style: styles.2, clip: rect) }
        }
    }
}
