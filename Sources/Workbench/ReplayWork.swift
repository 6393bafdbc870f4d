import Engine

/// A stored run on its way to be drawn again at the worker: a token at a time, behind everything else.
struct ReplayWork {
    let order: Order
    /// Of its own, so that every number is computed anew.
    private var session: Session
    private var generation: Generation?
    private var waiting: [Generation.Token] = []
    /// When tokens were last posted. Unit: seconds.
    private var posted = 0.0

    init(_ order: Order, _ model: Model, threads: Int) throws(EngineError) {
        (self.order, session) = (order, try Session(model, threads: threads))
    }

    /// Does a piece of about 10 ms; the report that is due, and whether nothing is left to do.
    mutating func serve(at time: Double, chunk: Int, cancelled: () -> Bool) throws(EngineError) -> (report: Report?, isDone: Bool) {
        guard generation != nil else {
            if try session.sync(to: order.ids, chunk: chunk, cancelled: cancelled) {
                if !order.edits.isEmpty {
                    guard let edited = try session.fork(edits: try session.edits(order.edits), cancelled: cancelled) else { return (nil, false) }
                    session = edited
                }
                generation = Generation(session, sampling: order.sampling, seed: order.seed)
            }
            return (nil, false)
        }
        guard let (tokens, end) = try generation?.next() else { return (nil, true) }
        waiting += tokens
        guard end != nil || time - posted > Worker.interval else { return (nil, false) }
        posted = time
        defer { waiting = [] }
        return (.replayed(number: order.run, waiting, end), end != nil)
    }
}
