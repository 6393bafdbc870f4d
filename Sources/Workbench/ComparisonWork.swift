import Engine
import Tokenizer

/// A comparison on its way at the worker: one piece at a time, behind everything else.
package struct ComparisonWork {
    let order: CompareOrder
    private let post: (Report) -> Void
    /// Of A, and at first where two settings draw.
    private let a: Session
    private var b: Session
    private var lockstep: Lockstep?
    private var comparing: Comparing?
    /// What the work before has found.
    private let known: Comparison?
    /// When it was last posted. Unit: seconds.
    private var posted = 0.0

    /// Unit: seconds.
    private static let interval = 0.1

    /// - Parameter beside: of another model, where the order asks for one.
    package init(_ order: CompareOrder, _ session: Session, beside: Session?, known: Comparison?, post: @escaping (Report) -> Void) {
        (self.order, self.known, self.post, a, b) = (order, known, post, session.fork(), (beside ?? session).fork())
    }

    /// As far as it is measured.
    var comparison: Comparison? { comparing?.comparison }

    private mutating func begin(_ comparison: Comparison) {
        comparing = Comparing(comparison, a, order.told == nil ? b : nil, settings: order.settings, known: order.settings == nil ? known : nil)
        if let comparing { post(.compared(number: order.number, comparing.comparison)) }
    }

    /// Does a piece of about 10 ms; false once nothing is left to do.
    package mutating func serve(at time: Double, chunk: Int, cancelled: () -> Bool) throws(EngineError) -> Bool {
        guard comparing != nil else {
            if !order.edits.isEmpty, b.edits.isEmpty {
                guard try a.sync(to: order.a, chunk: chunk, cancelled: cancelled), let edited = try a.fork(edits: try a.edits(order.edits), cancelled: cancelled) else { return true }
                b = edited
            }
            if let settings = order.settings { return try draw(settings, time, chunk, cancelled) }
            let own = a.model.tokenizer
            begin(Comparison(.init(order.a), .init(order.b, tokenizer: order.tokenizer), bytes: order.tokenizer == nil ? own.bytes : Comparison.spelling(own)))
            return true
        }
        let goesOn = try comparing?.measure(cancelled: cancelled) ?? false
        if let comparing, !goesOn || time - posted > Self.interval {
            posted = time
            post(.compared(number: order.number, comparing.comparison))
        }
        return goesOn
    }

    private mutating func draw(_ settings: Comparing.Settings, _ time: Double, _ chunk: Int, _ cancelled: () -> Bool) throws(EngineError) -> Bool {
        if lockstep == nil {
            guard try a.sync(to: order.a, chunk: chunk, cancelled: cancelled) else { return true }
            lockstep = order.told == nil ? Lockstep(a, settings) : Lockstep(a, only: settings)
        }
        let goesOn = try lockstep?.next() ?? false
        guard let lockstep, !goesOn || time - posted > Self.interval else { return true }
        posted = time
        let own = a.model.tokenizer
        let second = order.told.map { Comparison.Column(told: $0, end: order.toldEnd, after: order.a.map(own.bytes)) } ?? lockstep.b
        let comparison = Comparison(lockstep.a, second, start: order.a.count, bytes: order.told == nil ? own.bytes : Comparison.spelling(own))
        if goesOn { post(.compared(number: order.number, comparison)) } else {
            self.lockstep = nil
            begin(comparison)
        }
        return true
    }
}
