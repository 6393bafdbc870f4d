import Engine
import Tokenizer

/// Several continuations on their way in one batch, and what of them the main thread knows.
struct RunningStreams {
    let order: Order
    private var streams: Streams
    private let started: Double
    private var posted = 0.0
    private var waiting: [StreamNews]

    init(_ session: Session, _ order: Order, count: Int, now: Double) {
        self.order = order
        streams = Streams(session, sampling: order.sampling, seed: order.seed, count: count)
        (started, posted) = (now, now)
        waiting = (0..<count).map { StreamNews(stream: $0) }
    }

    /// Draws one token of each.
    mutating func step(now: () -> Double) throws(EngineError) -> (report: Report?, isDone: Bool) {
        let news = try streams.next()
        for (stream, tokens, end) in news {
            waiting[stream].tokens += tokens
            waiting[stream].end = end.map { TextEnd($0) }
        }
        let time = now(), isDone = news.allSatisfy { $0.end != nil }
        guard isDone || time - posted > Worker.interval else { return (nil, isDone) }
        posted = time
        return (hand(now: time), isDone)
    }

    /// What waits, as one report; nil where nothing does.
    mutating func hand(now: Double) -> Report? {
        let news = waiting.filter { !$0.tokens.isEmpty || $0.end != nil }
        for index in waiting.indices { waiting[index] = StreamNews(stream: index) }
        return news.isEmpty ? nil : .streams(run: order.run, news, seconds: now - started)
    }
}
