import Engine
import Glibc
import Tokenizer

/// The one thread that owns the session. It serves a keystroke's wish before the next token of a generation, a comparison behind
/// both, and a sweep behind everything.
///
/// In: a model to load, the newest wish, orders. Out: reports, by `post`, which may be called at any time.
package final class Worker: @unchecked Sendable {
    private let post: @Sendable (Report) -> Void
    private let threads: Int
    private let desk = WorkerDesk()
    private var thread = pthread_t()
    // Owned by the worker's thread.
    /// What everything is computed from, and what wishes and runs are served by: it, or that under edits.
    private var plain: Session?
    private var session: Session?
    /// Of the model that the first is compared with.
    private var beside: Session?
    private var edits: [Intervention] = []
    private var ablation: (order: AblationOrder, sweep: AblationSweep?, seconds: Double, posted: Double)?
    private var patch: PatchWork?
    /// Of the session's tokens, as far as they were asked for.
    private var values = ValueNorms()
    private var wish = Wish()
    private var tasks: [Task] = []
    private var run: Running?
    private var comparison: ComparisonWork?
    private var replay: ReplayWork?
    /// What the newest comparison of two texts has found.
    private var compared: Comparison?
    /// Whether that was of one model without edits.
    private var wasComparedPlain = false
    private var streams: RunningStreams?
    private var sweep: SweepWork?
    private var isSweepHeld = false
    /// When a wish last came, which is when a person last pressed a key that matters here. Unit: seconds.
    private var wished = -1.0

    /// A generation on its way, and what of it the main thread knows.
    private struct Running {
        let order: Order
        var generation: Generation
        var breakpoints: Breakpoints.Scanner
        let started: Double
        /// When tokens were posted.
        var posted = 0.0
        var released = 0
        var waiting: [Generation.Token] = []
        /// What goes to the main thread with the next tokens.
        var beside: [Report] = []
    }

    /// Tokens computed at once where a key may come in between: about 10 ms.
    private static let chunk = 16

    /// The parts of a wish, in the order they are served.
    private enum Task { case edits, reading, before, heads, lens, attribution, answers, sought, steps, rest, lenses, leftOut, curve, column, spread, map, scores }

    package init(threads: Int, post: @escaping @Sendable (Report) -> Void) {
        self.threads = threads
        self.post = post
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setstacksize(&attributes, 8 << 20)
        pthread_create(&thread, &attributes, { context in
            context.map { Unmanaged<Worker>.fromOpaque($0).takeRetainedValue().main() }
            return nil
        }, Unmanaged.passRetained(self).toOpaque())
        pthread_attr_destroy(&attributes)
    }

    // MARK: Called by the main thread

    package func load(_ path: String) { put { $0.load = path } }
    package func loadBeside(_ path: String) { put { $0.beside = path } }
    package func want(_ wish: Wish) { put { $0.wish = wish } }
    package func generate(_ order: Order) { put { $0.order = order; $0.stop = false } }
    package func compare(_ order: CompareOrder) { put { $0.comparison = order } }
    /// Draws a run again, behind everything else; nil stops that.
    package func replay(_ order: Order?) { put { $0.replay = .some(order) } }
    /// Zeroes every head alone, behind everything but a sweep; nil stops that.
    package func ablate(_ order: AblationOrder?) { put { $0.ablation = .some(order) } }
    /// Puts another text's values in at every layer and position alone, behind everything but a sweep; nil stops that.
    package func patch(_ order: PatchOrder?) { put { $0.patch = .some(order) } }
    package func stop() { put { $0.stop = true } }
    /// Runs a sweep from where its folder stands, in place of the one before.
    package func sweep(_ order: SweepOrder) {
        put { ($0.sweep, $0.isSweepChanged) = ((order.number, false), true) }
        aside { [self] in
            guard let opened = SweepWork.open(order, post: post) else { return }
            put { if $0.sweep?.number == order.number { $0.opened = opened } }
        }
    }
    /// Lets the sweep wait, with all that it has computed, or go on.
    package func holdSweep(_ isHeld: Bool) {
        put {
            $0.sweep?.isHeld = isHeld
            $0.isSweepChanged = true
        }
    }
    /// Ends the sweep; its finished cells are on the disk.
    package func endSweep() { put { ($0.sweep, $0.isSweepChanged) = (nil, true) } }
    /// Ends the thread and waits for it.
    package func quit() {
        put { $0.quit = true }
        pthread_join(thread, nil)
    }

    private func put(_ change: (inout WorkerDesk.Content) -> Void) { desk.put(change) }

    /// Whether something new lies on the desk; asked between two parts of the work.
    private var isInterrupted: Bool { desk.look(\.interrupts) }

    /// Whether a generation has to end; a wish alone does not end it.
    private var isStopped: Bool { desk.look(\.stops) }

    /// Whether a sweep has to let something else go first.
    private var isSweepInterrupted: Bool { desk.look { $0.interrupts || $0.order != nil || $0.comparison != nil || $0.isSweepChanged } }

    // MARK: The thread

    private func main() {
        while true {
            let isSweeping = sweep != nil && !isSweepHeld
            let new = desk.take(waiting: tasks.isEmpty && running == nil && comparison == nil && replay == nil && ablation == nil && patch == nil && !isSweeping)
            if new.quit { return }
            if let path = new.load { open(path) }
            if let path = new.beside { open(beside: path) }
            if new.stop, let order = running {
                (run, streams) = (nil, nil)
                post(.stopped(run: order.run))
            }
            if let next = new.wish { begin(next) }
            if let order = new.order { begin(order) }
            if let order = new.comparison { begin(order) }
            if let order = new.replay { begin(replay: order) }
            if let order = new.ablation { ablation = order.map { ($0, nil, 0, 0) } }
            if let order = new.patch { patch = order.map { PatchWork($0, post: post) } }
            follow(sweep: new)
            guard session != nil else { tasks = []; continue }
            do {
                // While tokens stream, only what stands nearest to the cursor is served in between.
                if let task = tasks.first, running == nil || task == .edits || task == .reading || task == .heads {
                    if try perform(task) { tasks.removeFirst() }
                    if tasks.isEmpty { post(.settled(number: wish.number)) }
                } else if running != nil {
                    tasks = []
                    if run != nil { try step() } else { try stepStreams() }
                } else if replay != nil {
                    serveReplay()
                } else if comparison != nil {
                    compare()
                } else if ablation != nil {
                    try serveAblation()
                } else if patch != nil {
                    servePatch()
                } else {
                    serveSweep()
                }
            } catch {
                tasks = []
                hand(logits: nil)
                if let report = streams?.hand(now: now()) { post(report) }
                post(.failed(run: running?.run, "\(error)"))
                (run, streams) = (nil, nil)
            }
        }
    }

    /// The order that is being carried out.
    private var running: Order? { run?.order ?? streams?.order }

    private func open(_ path: String) {
        do throws(EngineError) {
            let post = self.post
            let model = try Model(path: path, threads: threads) { post(.loading($0)) }
            plain = try Session(model, threads: threads)
            (session, edits, comparison, compared, replay, sweep, ablation, patch) = (plain, [], nil, nil, nil, nil, nil, nil)
            values = ValueNorms()
            post(.loaded(model))
        } catch { post(.noModel("\(error)")) }
    }

    private func open(beside path: String) {
        do throws(EngineError) {
            let post = self.post, model = try Model(path: path, threads: threads) { post(.loading($0)) }
            comparison = nil
            beside = try Session(model, threads: threads)
            post(.beside(model))
        } catch { post(.notBeside("\(error)")) }
    }

    private func begin(_ next: Wish) {
        wish = next
        wished = now()
        tasks = next.edits == edits ? [.reading] : [.edits, .reading]
        if next.before { tasks.append(.before) }
        if next.attention != nil { tasks.append(.heads) }
        if next.lens != nil { tasks.append(.lens) }
        if next.attributed != nil { tasks.append(.attribution) }
        if next.asked != nil { tasks.append(.answers) }
        if !next.sought.isEmpty { tasks.append(.sought) }
        tasks += [.steps, .rest]
        if next.lens != nil { tasks.append(.lenses) }
        if next.asked != nil { tasks.append(.leftOut) }
        if next.curve != nil { tasks.append(.curve) }
        if next.attention?.column != nil { tasks.append(.column) }
        if next.attention?.spread.isEmpty == false { tasks.append(.spread) }
        if next.attention?.map.isEmpty == false { tasks.append(.map) }
        if next.attention?.scores == true { tasks.append(.scores) }
    }

    private func begin(_ order: Order) {
        guard session != nil else { return post(.failed(run: order.run, "no model is loaded")) }
        (run, streams) = (nil, nil)
        do throws(EngineError) {
            guard try adopt(order.edits, on: order.ids, cancelled: { isStopped }), let session else { return post(.stopped(run: order.run)) }
            guard try session.sync(to: order.ids, chunk: Self.chunk, progress: { tell($0, of: order.ids.count) }, cancelled: { isStopped }) else { return post(.stopped(run: order.run)) }
            if let count = order.streams {
                streams = RunningStreams(session, order, count: count, now: now())
            } else {
                run = Running(order: order, generation: Generation(session, sampling: order.sampling, seed: order.seed),
                              breakpoints: Breakpoints.Scanner(order.breakpoints), started: now())
            }
        } catch { post(.failed(run: order.run, "\(error)")) }
    }

    private func begin(_ order: CompareOrder) {
        guard let session = plain else { return post(.notCompared(number: order.number, "no model is loaded")) }
        compared = comparison?.comparison ?? compared
        let isPlain = order.edits.isEmpty && order.beside == nil, known = isPlain && wasComparedPlain ? compared : nil
        wasComparedPlain = isPlain
        let second = order.beside.flatMap { beside?.model.fingerprint == $0 ? beside : nil }
        guard order.beside == nil || second != nil else { return post(.notCompared(number: order.number, "its model is not loaded any more")) }
        comparison = ComparisonWork(order, session, beside: second, known: known, post: post)
    }

    private func begin(replay order: Order?) {
        replay = nil
        guard let order else { return }
        guard let session else { return post(.notReplayed(number: order.run, "no model is loaded")) }
        do throws(EngineError) { replay = try ReplayWork(order, session.model, threads: threads) } catch { post(.notReplayed(number: order.run, "\(error)")) }
    }

    /// A piece of the run that is drawn again.
    private func serveReplay() {
        do throws(EngineError) {
            guard let (report, isDone) = try replay?.serve(at: now(), chunk: Self.chunk, cancelled: { isInterrupted }) else { return }
            if let report { post(report) }
            if isDone { replay = nil }
        } catch {
            if let replay { post(.notReplayed(number: replay.order.run, "\(error)")) }
            replay = nil
        }
    }

    /// Takes up the sweep that is wanted now.
    private func follow(sweep new: WorkerDesk.Content) {
        if sweep?.order.number != new.sweep?.number { sweep = nil }
        isSweepHeld = new.sweep?.isHeld ?? false
        guard let opened = new.opened, opened.order.number == new.sweep?.number else { return }
        guard let session = plain, session.model.fingerprint == opened.order.model else {
            return post(.swept(number: opened.order.number, .failed("another model was loaded; r begins anew with it")))
        }
        // In small passes while a person types, since the next key waits for the end of one.
        let chunk = { [weak self] in self.map { $0.now() - $0.wished < 1 ? Self.chunk : .max } ?? .max }
        sweep = SweepWork(opened, session.fork().scorer(chunk: chunk, cancelled: { [weak self] in self?.isSweepInterrupted ?? true }))
    }

    /// Some items of the sweep.
    private func serveSweep() {
        guard !isSweepHeld, sweep?.serve(now: now, post: post) == false else { return }
        sweep = nil
    }

    /// A piece of the comparison.
    private func compare() {
        do throws(EngineError) {
            guard try comparison?.serve(at: now(), chunk: Self.chunk, cancelled: { isInterrupted }) == false else { return }
            compared = comparison?.comparison
        } catch { if let comparison { post(.notCompared(number: comparison.order.number, "\(error)")) } }
        comparison = nil
    }

    /// A little more than a frame. The main thread hears of a stream no more often, and of all at once, since each time it wakes it
    /// takes a core from the pass; it then draws at once.
    static let interval = 0.034

    /// One token of the generation.
    private func step() throws(EngineError) {
        guard let (drawn, end) = try run?.generation.next(), let (kept, pause) = run?.breakpoints.take(drawn) else { return }
        let tokens = drawn.prefix(kept), time = now()
        run?.waiting += tokens
        run?.released += tokens.reduce(0) { $0 + ($1.isCut ? 0 : 1) }
        if let pause, let current = run {
            hand(logits: nil)
            run = nil
            return post(.paused(run: current.order.run, pause))
        }
        guard let current = run, time - current.posted > Self.interval || end != nil else { return }
        // Logits are shown with the token drawn from them: not with one held back or cut off for a stop text, nor with the end.
        let logits = current.released == current.generation.generated.count && end != .eos ? current.generation.logits : nil
        run?.posted = time
        hand(logits: logits)
        if let end {
            run = nil
            post(.ended(run: current.order.run, end))
        }
    }

    /// One token of every stream.
    private func stepStreams() throws(EngineError) {
        guard let (report, isDone) = try streams?.step(now: now) else { return }
        if let report { post(report) }
        if isDone { streams = nil }
    }

    /// Posts the tokens that wait.
    private func hand(logits: [Float]?) {
        guard let current = run else { return }
        if !current.waiting.isEmpty || logits != nil {
            let rate = Double(current.generation.generated.count) / max(1e-6, now() - current.started)
            post(.generated(run: current.order.run, current.waiting, logits: logits, rate: rate, perPass: current.generation.tokensPerPass))
        }
        current.beside.forEach(post)
        run?.waiting = []
        run?.beside = []
    }

    /// Serves one part; false when it was interrupted and has to go on later.
    private func perform(_ task: Task) throws(EngineError) -> Bool {
        guard let session else { return true }
        switch task {
        case .edits: return try adopt(wish.edits, on: wish.ids, cancelled: { isInterrupted })
        case .before:
            guard wish.position > 0, let plain else { return true }
            let ids = Array(wish.ids[..<wish.position])
            guard try plain.sync(to: ids, chunk: Self.chunk, progress: { tell($0, of: ids.count) }, cancelled: { isInterrupted }) else { return false }
            post(.before(version: wish.version, position: wish.position, logits: try plain.logits(after: wish.position - 1)))
        case .reading:
            guard wish.position > 0 else { return true }
            guard try follow(to: wish.position) else { return false }
            post(.reading(version: wish.version, position: wish.position, logits: try session.logits(after: wish.position - 1)))
        case .heads:
            guard let heads = try heads(in: session) else { return true }
            if run != nil { run?.beside.append(heads) } else { post(heads) }
        case .lens: return try look(upTo: 1, in: session)
        case .lenses: return try look(upTo: .max, in: session)
        case .attribution:
            guard let asked = wish.attributed, try follow(to: asked.position + 1) else { return wish.attributed == nil }
            let token: TokenID
            if let given = asked.token { token = given } else { token = Distribution(logits: try session.logits(after: asked.position)).top(1).first?.id ?? 0 }
            guard let found = try session.attribution(position: asked.position, token: token, against: asked.against) else { return true }
            post(.attributed(version: wish.version, asked, found))
        case .answers: return try answer(upTo: 1, in: session)
        case .leftOut: return try answer(upTo: .max, in: session)
        case .sought: try seek(in: session)
        case .steps: return try measure(to: wish.position, in: session)
        case .rest: return try measure(to: wish.ids.count, in: session)
        case .curve: return try follow(curve: wish.curve?.id, in: session)
        case .column:
            guard let column = wish.attention?.column else { return true }
            guard let weights = try session.weights(on: column.key, heads: column.heads.map { ($0.layer, $0.head) }, values: lengths(column.isValued, in: session), cancelled: { isInterrupted })
            else { return false }
            post(.column(version: wish.version, column, weights: weights))
        case .map:
            guard let heads = wish.attention?.map, let isValued = wish.attention?.look.isValued else { return true }
            guard let (pool, rows) = try session.map(heads: heads.map { ($0.layer, $0.head) }, side: 1024, values: lengths(isValued, in: session), cancelled: { isInterrupted })
            else { return false }
            post(.map(version: wish.version, AttentionMap(heads: heads, tokens: session.tokens.count, pool: pool, rows: rows, isValued: isValued)))
        case .spread:
            guard let heads = wish.attention?.spread else { return true }
            guard let entropies = try session.patternEntropies(heads: heads.map { ($0.layer, $0.head) }, cancelled: { isInterrupted }) else { return false }
            post(.spread(version: wish.version, heads: heads, entropies))
        case .scores:
            guard let scores = try session.headScores(cancelled: { isInterrupted }) else { return false }
            post(.scores(version: wish.version, scores))
        }
        return true
    }

    /// The rows of all heads that are wished for; nil where there are none.
    private func heads(in session: Session) throws(EngineError) -> Report? {
        guard let asked = wish.attention else { return nil }
        let queries = (asked.look.span ?? max(0, asked.query)..<max(0, asked.query + 1)).clamped(to: 0..<wish.ids.count)
        guard !queries.isEmpty, try follow(to: queries.upperBound), var rows = try session.attention(queries: queries, cancelled: { isInterrupted }) else { return nil }
        if let values = lengths(asked.look.isValued, in: session) {
            for layer in rows.indices {
                for head in rows[layer].indices { rows[layer][head] = values.weighted(rows[layer][head], layer: layer, head: head) }
            }
        }
        return .heads(version: wish.version, query: queries.upperBound - 1, rows: rows, look: asked.look)
    }

    /// The lengths of the session's values, where they are asked for.
    private func lengths(_ isWanted: Bool, in session: Session) -> ValueNorms? {
        guard isWanted else { return nil }
        values.follow(session)
        return values
    }

    /// Takes up other edits, made on a text; false when cancelled.
    private func adopt(_ wanted: [Intervention], on ids: [TokenID], cancelled: () -> Bool) throws(EngineError) -> Bool {
        guard wanted != edits, let plain else { return true }
        do throws(EngineError) {
            if wanted.isEmpty { session = plain } else {
                guard try plain.sync(to: ids, chunk: Self.chunk, progress: { tell($0, of: ids.count) }, cancelled: cancelled),
                      let edited = try plain.fork(edits: try plain.edits(wanted), cancelled: cancelled) else { return false }
                session = edited
            }
        } catch {
            (session, edits, values) = (plain, [], ValueNorms())
            post(.notEdited("\(error)"))
            throw error
        }
        edits = wanted
        values = ValueNorms()
        return true
    }

    /// The next head to be zeroed alone.
    private func serveAblation() throws(EngineError) {
        guard let plain, let order = ablation?.order else { return ablation = nil }
        let start = now()
        do throws(EngineError) {
            if ablation?.sweep == nil {
                guard try plain.sync(to: order.ids, chunk: Self.chunk, cancelled: { isInterrupted }) else { return }
                ablation?.sweep = try AblationSweep(plain, position: order.ids.count - 1, token: order.token)
            }
            guard try ablation?.sweep?.step(cancelled: { isInterrupted }) == true else { return }
        } catch {
            ablation = nil
            throw error
        }
        ablation?.seconds += now() - start
        guard let work = ablation, let sweep = work.sweep, sweep.isDone || now() - work.posted > 0.1 else { return }
        ablation?.posted = now()
        post(.ablated(number: order.number, sweep.found, seconds: work.seconds, isDone: sweep.isDone))
        if sweep.isDone { ablation = nil }
    }

    /// The next place to be patched.
    private func servePatch() {
        guard let plain else { return patch = nil }
        do throws(EngineError) {
            if try patch?.serve(plain, now: now, chunk: Self.chunk, cancelled: { isInterrupted }) == false { patch = nil }
        } catch {
            if let patch { post(.notPatched(number: patch.order.number, "\(error)")) }
            patch = nil
        }
    }

    /// Makes the session hold at least the first `count` ids of the wish.
    private func follow(to count: Int) throws(EngineError) -> Bool {
        guard let session else { return false }
        if session.tokens.count >= count, session.tokens[..<count] == wish.ids[..<count] { return true }
        return try session.sync(to: Array(wish.ids[..<count]), chunk: Self.chunk, progress: { tell($0, of: count) }, cancelled: { isInterrupted })
    }

    /// Tells how far a long text has been read.
    private func tell(_ done: Int, of total: Int) {
        if total > 256, done < total, done % 128 < Self.chunk { post(.progress(done, of: total)) }
    }

    /// Measures the tokens of the wish that nobody knows yet, some at a time.
    private func measure(to end: Int, in session: Session) throws(EngineError) -> Bool {
        while wish.measured < end {
            let next = min(end, wish.measured + Self.chunk)
            guard try follow(to: next) else { return false }
            let steps = try session.steps(wish.measured..<next, cancelled: { isInterrupted })
            if !steps.isEmpty { post(.steps(version: wish.version, from: wish.measured, steps)) }
            wish.measured += steps.count
            if isInterrupted { return false }
        }
        guard try follow(to: end) else { return false }
        // What a shorter document left behind would show up in maps and scores.
        if end == wish.ids.count { session.rewind(to: end) }
        return true
    }

    /// One token's logprob after every id of the wish, some at a time.
    private func follow(curve id: TokenID?, in session: Session) throws(EngineError) -> Bool {
        while let id, let known = wish.curve?.known, known < wish.ids.count {
            let next = min(wish.ids.count, known + Self.chunk)
            guard try follow(to: next) else { return false }
            let found = try session.logprobs(of: id, after: known..<next, cancelled: { isInterrupted })
            if !found.isEmpty { post(.curve(version: wish.version, id: id, from: known, found)) }
            wish.curve?.known += found.count
            if isInterrupted { return false }
        }
        return true
    }

    /// The stages of the wished places, the first ones or all.
    private func look(upTo end: Int, in session: Session) throws(EngineError) -> Bool {
        for place in wish.lens?.places.prefix(end) ?? [] where wish.lens?.known.contains(place.position) == false {
            guard try follow(to: place.position + 1) else { return false }
            guard let halves = wish.lens?.halves,
                  let column = try session.lens(position: place.position, token: place.token, top: LensState.top, halves: halves) else { continue }
            post(.lens(version: wish.version, column))
            wish.lens?.known.insert(place.position)
            if isInterrupted { return false }
        }
        return true
    }

    /// Answers groups of questions on forks, so that the session's own tokens stay; with the first, where its prompt looks.
    private func answer(upTo end: Int, in session: Session) throws(EngineError) -> Bool {
        while let asked = wish.asked, asked.known < min(end, asked.groups.count) {
            let fork = session.fork(), questions = asked.groups[asked.known].map { ($0.ids, $0.from) }
            guard let found = try fork.logprobs(questions, chunk: { Self.chunk }, cancelled: { isInterrupted }) else { return false }
            post(.answered(version: asked.version, group: asked.known, found))
            if asked.known == 0, try fork.sync(to: asked.attending) {
                post(.attended(version: asked.version, weights: Self.mean(try fork.attention(query: asked.attending.count - 1))))
            }
            wish.asked?.known += 1
            if isInterrupted { return false }
        }
        return true
    }

    /// The mean row of all heads of all layers. Shape: rows [layers][heads][keys].
    package static func mean(_ rows: [[[Float]]]) -> [Float] {
        let heads = rows.flatMap { $0 }
        guard let first = heads.first else { return [] }
        return first.indices.map { key in Float(heads.reduce(0) { $0 + Double($1[key]) } / Double(heads.count)) }
    }

    /// The joint logprob of the sought text on a fork, so that the session's own tokens stay.
    private func seek(in session: Session) throws(EngineError) {
        guard wish.position > 0, try follow(to: wish.position), wish.position + wish.sought.count <= session.context else { return }
        let fork = session.fork()
        guard try fork.sync(to: Array(wish.ids[..<wish.position]) + wish.sought) else { return }
        let steps = try fork.steps(wish.position..<wish.position + wish.sought.count).compactMap { $0 }
        guard let first = steps.first, steps.count == wish.sought.count else { return }
        post(.sought(version: wish.version, position: wish.position, ids: wish.sought,
                     logprob: steps.reduce(0) { $0 + $1.logprob }, rank: first.rank))
    }

    private func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
