import Engine
import Glibc
import Laboratory
import Tokenizer
import Transformer

/// What is measured: a model with a session, and a text long enough.
final class Subject {
    let setup: Setup, model: Model, session: Session
    let runs: Int
    /// Prose that does not repeat itself soon.
    let ids: [TokenID]

    init(_ setup: Setup, runs: Int) throws {
        (self.setup, self.runs) = (setup, runs)
        model = try setup.model()
        session = try Session(model, threads: setup.threads)
        var ids = model.tokenizer.encode(Array(Self.text.utf8))
        guard ids.count > 1 else { throw Failure.empty }
        while ids.count < 512 { ids += ids }
        self.ids = Array(ids.prefix(min(512, session.context)))
    }

    /// The median of some runs of `work`, which gives back what it measured.
    func median(_ work: () throws -> Double) throws -> Double {
        var values: [Double] = []
        for _ in 0..<runs {
            if Interrupt.raised { throw Failure.interrupted }
            values.append(try work())
        }
        return values.sorted()[values.count / 2]
    }

    /// Bytes of weights and products of one token's pass over some positions.
    func pass(columns: Int, context: Int, rows: Int) -> (bytes: Double, products: Double) {
        let shape = model.shape, weights = model.weights, attended = Double(columns * context)
        let passes = Double((columns + Forward.batch - 1) / Forward.batch)
        let cache = Double(4 * shape.layers * shape.kvHeads * shape.headWidth)
        return (passes * Double(weights.bytes) + Double(context) * cache,
                Double(columns) * Double(weights.products.layers) + Double(rows) * Double(weights.products.head)
                    + attended * Double(2 * shape.layers * shape.heads * shape.headWidth))
    }

    static func hash(_ logits: [Float]) -> String {
        Fingerprint.hash(logits.lazy.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * UInt32($0))) } })
    }

    static let text = """
        The old lighthouse keeper counted the ships each evening and wrote their names down. In winter he knew most of them by \
        their lamps: two green ones over a white meant the mail, a single yellow one the doctor on her way home. When the fog came \
        he rang the bell by hand, once a minute, and between the strokes he listened. What he heard he wrote down as well, because \
        somebody, he thought, would want to know one day what a night had sounded like before there were engines. His daughter \
        found the books much later, forty-one of them, bound in sailcloth. She read them in the order of the years. The hand grew \
        smaller; the names grew fewer; on some pages there was only the weather. Then, in the last book, he had begun to draw. A \
        gull with one leg. The stairs from below, all one hundred and eighty-six. The lens, taken apart and cleaned, its prisms laid \
        out on a bed sheet like the bones of a whale. Under it he had noted the price of oil, and that he had been happy. She took \
        the books to the harbour office, where a clerk weighed them, and said that they could be kept if they were dry. They were \
        dry. They stand there still, on a shelf above the tide tables, and now and then a captain who waits for his papers takes one \
        down, looks for the name of his ship or of the one he learned on, and reads on for longer than he meant to.
        """
}

/// A text of which one token in the middle is another each time, as when somebody types there.
private struct Edit {
    let cursor: Int, end: Int
    private var ids: [TokenID]
    private let vocabulary: TokenID

    init(_ subject: Subject) throws {
        (ids, end, cursor) = (Array(subject.ids.prefix(500)), min(500, subject.ids.count), min(500, subject.ids.count) / 2)
        vocabulary = TokenID(subject.model.shape.vocabulary)
        subject.session.forget()
        _ = try subject.session.sync(to: ids)
    }

    mutating func next() -> [TokenID] {
        ids[cursor] = (ids[cursor] + 1) % vocabulary
        return ids
    }
}

/// Keeps a second record of the residual stream, for the price of the first.
private final class Copy: Tap {
    private let layers: Int, width: Int
    private let memory: Floats
    init(_ shape: Architecture, positions: Int) throws(ModelError) {
        (layers, width) = (shape.layers, shape.width)
        memory = try Floats((layers + 1) * positions * width, for: "a second record")
    }
    func wants(_ site: Site, layer: Int) -> Bool { site == .residPre || (site == .residPost && layer == layers - 1) }
    func take(_ site: Site, layer: Int, column: Int, position: Int, values: UnsafeBufferPointer<Float>) {
        guard let source = values.baseAddress else { return }
        let row = position * (layers + 1) + (site == .residPre ? layer : layers)
        (memory.base + row * width).update(from: source, count: width)
    }
}

/// A row of the benchmark.
struct Workload: Sendable {
    let name: String
    let measure: @Sendable (Subject) throws -> Bench.Row

    static let all = [decode, repeating, prefill, streams, scoring, load, firstToken, keyToCursor, tints, recording, resident, residentRatio]
    /// Those that take long, measured only where they are named.
    static let long = [sweep, ablation]

    init(_ name: String, _ unit: String,
                 _ measure: @escaping @Sendable (Subject) throws -> (value: Double, hash: String?, rate: (Double, Double)?)) {
        self.name = name
        self.measure = { subject in
            let found = try measure(subject)
            return Bench.Row(name: name, value: found.value, unit: unit, hash: found.hash,
                             rate: found.rate.map { (bytes: $0.0, products: $0.1) })
        }
    }

    /// Greedy, after 16 tokens.
    private static let decode = Workload("decode 128", "tok/s") { subject in
        let prompt = Array(subject.ids.prefix(16)), count = min(128, subject.session.context - prompt.count)
        let (speed, hash) = try decoding(subject, after: prompt, count, speculates: false)
        let pass = subject.pass(columns: 1, context: prompt.count + count / 2, rows: 1)
        return (speed, hash, (pass.bytes * speed, pass.products * speed))
    }

    /// A list that is to be written a second time: what is drafted from the text itself is mostly right.
    private static let repeating = Workload("decode repeating", "tok/s") { subject in
        let list = Array(subject.ids.prefix(min(96, subject.session.context / 4))), prompt = list + list.prefix(list.count / 3)
        let (speed, hash) = try decoding(subject, after: prompt, min(128, subject.session.context - prompt.count), speculates: true)
        return (speed, hash, nil)
    }

    private static func decoding(_ subject: Subject, after prompt: [TokenID], _ count: Int, speculates: Bool) throws -> (speed: Double, hash: String?) {
        let session = subject.session
        var sampling = Sampling(), hash: String?
        (sampling.temperature, sampling.maxTokens) = (0, count)
        let speed = try subject.median {
            session.forget()
            _ = try session.sync(to: prompt)
            var generation = Generation(session, sampling: sampling, seed: 0, speculates: speculates), end: Generation.End?
            let start = Clock.seconds
            while end == nil { end = try generation.next().end }
            let time = Clock.seconds - start
            hash = Subject.hash(generation.logits)
            return Double(generation.generated.count) / time
        }
        return (speed, hash)
    }

    /// Eight continuations of one prompt by eight seeds, all tokens together.
    private static let streams = Workload("8 streams", "tok/s") { subject in
        let session = subject.session, prompt = Array(subject.ids.prefix(16)), count = min(64, session.context - prompt.count)
        var sampling = Sampling()
        sampling.maxTokens = count
        var tokens = 0
        let speed = try subject.median {
            session.forget()
            _ = try session.sync(to: prompt)
            var streams = Streams(session, sampling: sampling, seed: 1, count: 8)
            tokens = 0
            let start = Clock.seconds
            while true {
                let news = try streams.next()
                if news.isEmpty { break }
                tokens += news.reduce(0) { $0 + ($1.end == .eos ? 0 : $1.tokens.count) }
            }
            return Double(tokens) / (Clock.seconds - start)
        }
        let pass = subject.pass(columns: 8, context: prompt.count + count / 2, rows: 8), times = speed / 8
        return (speed, nil, (pass.bytes * times, pass.products * times))
    }

    /// A hundred answers of 20 tokens after a common beginning of 1,000, as in a few-shot experiment.
    private static let scoring = Workload("scoring", "s") { subject in
        let session = subject.session, shared = min(1000, session.context - 20)
        let prefix = (0..<shared).map { subject.ids[$0 % subject.ids.count] }
        let answers = (0..<100).map { answer in (0..<20).map { subject.ids[(answer * 37 + $0 * 11) % subject.ids.count] } }
        var hash: String?
        let time = try subject.median {
            session.forget()
            let start = Clock.seconds
            let found = try session.score(prefix: prefix, answers: answers), time = Clock.seconds - start
            hash = Subject.hash(found.flatMap { $0 })
            return time
        }
        let beginning = subject.pass(columns: shared, context: shared / 2, rows: 0), rest = subject.pass(columns: 2000, context: shared, rows: 2000)
        return (time, hash, ((beginning.bytes + rest.bytes) / time, (beginning.products + rest.products) / time))
    }

    private static let prefill = Workload("prefill 512", "tok/s") { subject in
        let session = subject.session, ids = subject.ids
        var hash: String?
        let speed = try subject.median {
            session.forget()
            let start = Clock.seconds
            _ = try session.sync(to: ids)
            let logits = try session.logits(after: ids.count - 1), time = Clock.seconds - start
            hash = Subject.hash(logits)
            return Double(ids.count) / time
        }
        let pass = subject.pass(columns: ids.count, context: ids.count / 2, rows: 1), times = speed / Double(ids.count)
        return (speed, hash, (pass.bytes * times, pass.products * times))
    }

    private static let load = Workload("load", "ms") { subject in
        let time = try subject.median {
            let start = Clock.seconds
            _ = try subject.setup.model()
            return (Clock.seconds - start) * 1000
        }
        return (time, nil, nil)
    }

    /// A key in the middle of the text, to the logits at the cursor: they need only what stands before it.
    private static let keyToCursor = Workload("key to cursor", "ms") { subject in
        let session = subject.session
        let time = try editing(subject) { ids, edit in
            let start = Clock.seconds
            _ = try session.sync(to: Array(ids[...edit.cursor]))
            _ = try session.logits(after: edit.cursor)
            return Clock.seconds - start
        }
        return (time, nil, nil)
    }

    /// After that, how the model sees each token behind the cursor, a little at a time.
    private static let tints = Workload("tints 250", "ms") { subject in
        let session = subject.session
        let time = try editing(subject) { ids, edit in
            _ = try session.sync(to: Array(ids[...edit.cursor]))
            let start = Clock.seconds
            for first in stride(from: edit.cursor + 1, to: edit.end, by: 16) {
                let end = min(edit.end, first + 16)
                _ = try session.sync(to: Array(ids[..<end]))
                _ = try session.steps(first..<end)
            }
            return Clock.seconds - start
        }
        return (time, nil, nil)
    }

    /// The median time of some edits, in milliseconds; `work` gives back its own in seconds.
    private static func editing(_ subject: Subject, _ work: ([TokenID], Edit) throws -> Double) throws -> Double {
        var edit = try Edit(subject)
        return try subject.median { try 1000 * work(edit.next(), edit) }
    }

    /// What keeping the residual stream adds to decoding, as the cost of keeping it a second time.
    private static let recording = Workload("recording cost", "%") { subject in
        let session = subject.session, prompt = Array(subject.ids.prefix(16)), copy = try Copy(subject.model.shape, positions: 80)
        /// Seconds for the fastest of some tokens: what disturbs only makes them slower.
        func time(_ taps: [any Tap]) throws -> Double {
            session.forget()
            _ = try session.sync(to: prompt)
            var least = Double.infinity
            for id in subject.ids.prefix(80).dropFirst(16) {
                let start = Clock.seconds
                try session.append(id, taps: taps)
                _ = try session.logits(after: session.tokens.count - 1)
                least = min(least, Clock.seconds - start)
            }
            return least
        }
        return (try subject.median { try 100 * (time([copy]) / time([]) - 1) }, nil, nil)
    }

    /// What this process holds after all that, against the weights and what the sessions keep.
    private static let resident = Workload("resident", "MB") { _ in (Double(processMemory().resident) / 1e6, nil, nil) }

    private static let residentRatio = Workload("resident ratio", "x") { subject in
        (Double(processMemory().resident) / Double(subject.model.weights.bytes + subject.session.kept), nil, nil)
    }

    /// From the start of a process of its own to the first byte it prints.
    private static let firstToken = Workload("first token", "ms") { subject in
        let arguments = [
            "terrarium", "generate", "--prompt", "The capital of France is", "--temperature", "0", "--max-tokens", "1",
            "--model", subject.setup.path, "--threads", "\(subject.setup.threads)",
        ]
        return (try subject.median { try OtherProcess.firstByte(arguments) * 1000 }, nil, nil)
    }
}
