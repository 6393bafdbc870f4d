import Engine
import Tokenizer

/// Patching on its way at the worker: one place at a time, behind everything else.
struct PatchWork {
    let order: PatchOrder
    private let post: (Report) -> Void
    private var sweep: PatchSweep?
    /// Unit: seconds.
    private var seconds = 0.0, posted = 0.0

    init(_ order: PatchOrder, post: @escaping (Report) -> Void) { (self.order, self.post) = (order, post) }

    /// Takes the next place; false once nothing is left to do.
    mutating func serve(_ plain: Session, now: () -> Double, chunk: Int, cancelled: () -> Bool) throws(EngineError) -> Bool {
        let start = now()
        if sweep == nil {
            let base = plain.fork(), source = plain.fork()
            guard try base.sync(to: order.ids, chunk: chunk, cancelled: cancelled), try source.sync(to: order.source, chunk: chunk, cancelled: cancelled) else { return true }
            func likeliest(_ session: Session) throws(EngineError) -> TokenID {
                Distribution(logits: try session.logits(after: order.ids.count - 1)).top(1).first?.id ?? 0
            }
            let token: TokenID, other: TokenID
            if let given = order.token { token = given } else { token = try likeliest(source) }
            if let given = order.against { other = given } else { other = try likeliest(base) }
            sweep = try PatchSweep(base, source: source, site: order.site, token: token, against: other == token ? nil : other)
        }
        guard sweep != nil else { return false }
        guard try sweep?.step(cancelled: cancelled) == true else { return true }
        seconds += now() - start
        guard let sweep, sweep.isDone || now() - posted > 0.1 else { return true }
        posted = now()
        post(.patched(number: order.number, sweep.findings, seconds: seconds))
        return !sweep.isDone
    }
}
