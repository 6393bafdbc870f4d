import Engine
import Terminal

/// Streams side by side, each with the newest of its lines in sight.
enum StreamsView {
    static func draw(_ state: State, _ rect: Rect, _ frame: inout Frame) {
        guard let shown = state.streams, !rect.isEmpty else { return }
        let grid = StreamsGrid(count: shown.streams.count, in: rect)
        for index in grid.shown(with: shown.chosen) {
            box(shown.streams[index], grid.rect(of: index), isChosen: index == shown.chosen, state, &frame)
        }
    }

    private static func box(_ stream: StreamsState.Stream, _ rect: Rect, isChosen: Bool, _ state: State, _ frame: inout Frame) {
        let title = "seed \(stream.seed)"
        let room = rect.width - 4 - TextWidth.columns(title) - 3
        let end = stream.end.map { TextWidth.columns($0.words) + 2 <= room ? $0.words : $0.short } ?? ""
        let inner = frame.box(rect, title: title, label: end, legend: figures(stream), focused: isChosen)
        guard !inner.isEmpty else { return }
        let first = max(0, stream.starts.count - inner.height)
        var painter = StreamPainter(stream, state, from: stream.starts[first])
        stream.bytes.withUnsafeBufferPointer { bytes in
            for line in first..<stream.starts.count {
                let range = stream.range(ofLine: line), y = inner.y + line - first
                var at = range.lowerBound, x = inner.x
                while at < range.upperBound, x < inner.maxX, let glyph = TextWidth.next(in: bytes, at: at) {
                    frame.put(glyph, x: x, y: y, style: painter.style(at: at), clip: inner)
                    x += glyph.width
                    at = max(at + 1, glyph.range.upperBound)
                }
                if line == stream.starts.count - 1, stream.end == nil, x < inner.maxX { frame.put(" ", x: x, y: y, style: Style(.cursor), clip: inner) }
            }
        }
    }

    private static func figures(_ stream: StreamsState.Stream) -> String {
        guard !stream.tokens.isEmpty else { return "" }
        return (stream.logprob.isFinite ? "\(Number.fixed(stream.logprob, 1)) nats  " : "") + "\(Number.whole(stream.rate)) tok/s  \(stream.tokens.count) tokens"
    }
}

/// The style of each byte of a stream, asked for from left to right: the document's tint, from the numbers the tokens came with.
private struct StreamPainter {
    private let stream: StreamsState.Stream
    private let tint: TextView.Tint
    private let special: (Int) -> Bool
    private var token: Int
    private var current = Style()
    private var end = 0

    init(_ stream: StreamsState.Stream, _ state: State, from offset: Int) {
        (self.stream, tint) = (stream, state.text.tint)
        let tokenizer = state.tokenizer
        special = { !stream.tokens[$0].isCut && tokenizer?.isSpecial(stream.tokens[$0].step.id) == true }
        var low = 0, high = stream.ends.count
        while low < high {
            let middle = (low + high) / 2
            if stream.ends[middle] > offset { high = middle } else { low = middle + 1 }
        }
        token = low - 1
    }

    mutating func style(at offset: Int) -> Style {
        guard offset >= end else { return current }
        while offset >= end, token + 1 < stream.ends.count {
            token += 1
            end = stream.ends[token]
        }
        guard stream.tokens.indices.contains(token) else { return Style() }
        current = Style(special(token) ? .chip : tint == .none ? .model : .text)
        current.heat = Tints.level(tint, Export.Numbers(stream.tokens[token].step))
        return current
    }
}
