import Document
import Engine
import Terminal
import Tokenizer

/// Several continuations of the text before the cursor, by seeds that follow each other, drawn together.
package struct StreamsState: Sendable {
    package struct Stream: Sendable {
        package let seed: UInt64
        /// All that were drawn, with their numbers.
        package private(set) var tokens: [Generation.Token] = []
        package private(set) var bytes: [UInt8] = []
        /// Where each token ends. Unit: bytes.
        package private(set) var ends: [Int] = []
        /// Of the tokens that are whole. Unit: nats.
        package private(set) var logprob = 0.0
        package internal(set) var end: StreamEnd?
        /// What a server told of them, where one writes.
        private(set) var told: [TextToken] = []
        /// From the beginning of all to its newest token.
        package private(set) var seconds = 0.0
        /// Where each shown line starts. Unit: bytes.
        private(set) var starts = [0]
        private var width = 0

        init(seed: UInt64) { self.seed = seed }

        /// Unit: tokens a second.
        package var rate: Double { Double(tokens.count) / max(1e-6, seconds) }

        mutating func take(_ news: StreamNews, seconds: Double) {
            for token in news.tokens {
                bytes += token.bytes
                ends.append(bytes.count)
                if !token.isCut { logprob += Double(token.step.logprob) }
            }
            tokens += news.tokens
            for token in news.told where !token.bytes.isEmpty {
                bytes += token.bytes
                ends.append(bytes.count)
                // To the document it is text: a server's ids are not those of a model here.
                tokens.append(.init(step: Step(id: 0, logprob: token.logprob ?? .nan, rank: 0, entropy: .nan), bytes: token.bytes, isCut: true))
                logprob += token.logprob.map { Double($0) } ?? .nan
            }
            told += news.told
            if let end = news.end { self.end = .drawn(end) }
            self.seconds = seconds
        }

        /// Breaks the text anew: what was broken before stays but for the last two lines, since a character may have been incomplete.
        mutating func lay(width: Int) {
            guard width > 0 else { return }
            if width != self.width { (self.width, starts) = (width, [0]) }
            let kept = max(0, starts.count - 2), from = starts[kept]
            starts = starts[..<kept] + TextView.wrap(Array(bytes[from...]), width: width).map { $0 + from }
        }

        /// The bytes of a shown line, without its newline.
        func range(ofLine line: Int) -> Range<Int> {
            let start = starts[line], end = line + 1 < starts.count ? starts[line + 1] : bytes.count
            return start..<(end > start && bytes[end - 1] == 0x0A ? end - 1 : end)
        }
    }

    /// Why a stream goes on no further.
    package enum StreamEnd: Sendable, Equatable { case drawn(TextEnd), stopped, failed }

    package let run: Int
    package let sampling: Sampling
    /// The ids before the first of each.
    package let prompt: [TokenID]
    /// Where they go on in the document. Unit: bytes.
    let place: Int
    /// What stands before each: in a conversation the turn that is opened for the answer.
    let opening: [Part]
    package internal(set) var streams: [Stream]
    package internal(set) var chosen = 0
    /// Where each is kept in the document's tree, once all have ended; nil for one that is empty.
    package internal(set) var nodes: [Node.ID?] = []

    init(_ order: Order, count: Int, place: Int, opening: [Part]) {
        (run, sampling, prompt, self.place, self.opening) = (order.run, order.sampling, order.ids, place, opening)
        streams = (0..<count).map { Stream(seed: order.seed &+ UInt64($0)) }
    }

    package static let most = 16

    package var isRunning: Bool { streams.contains { $0.end == nil } }

    /// Of all together. Unit: tokens a second.
    package var rate: Double {
        Double(streams.reduce(0) { $0 + $1.tokens.count }) / max(1e-6, streams.reduce(0) { max($0, $1.seconds) })
    }

    mutating func end(_ end: StreamEnd) {
        for index in streams.indices where streams[index].end == nil { streams[index].end = end }
    }

    mutating func choose(_ index: Int) { chosen = max(0, min(index, streams.count - 1)) }

    /// The lines of those that are shown.
    mutating func lay(out rect: Rect) {
        let grid = StreamsGrid(count: streams.count, in: rect)
        for index in grid.shown(with: chosen) { streams[index].lay(width: grid.rect(of: index).interior.width) }
    }
}

extension State {
    /// What can be done while streams are in front of the document: nothing that changes it.
    static let besideStreams: Set<Command> = [
        .stop, .streams, .breakpoints, .palette, .help, .quit, .suspend, .redraw, .tint, .theme, .mouse, .save, .saveAs,
    ]

    /// Makes as many continuations as were made last; those in front are put away first.
    mutating func beginStreams() -> [Effect] {
        if streams?.isRunning != true, let obstacle = generationObstacle {
            say(obstacle, .warning)
            return []
        }
        let effects = leaveStreams()
        return effects + startStreams(seed: sampling.seed ?? nextSeed())
    }

    private mutating func startStreams(seed: UInt64, choosing chosen: Int = 0) -> [Effect] {
        if let server { return beginStreams(on: server, seed: seed, choosing: chosen) }
        // In a conversation the answer is opened in the document only when a stream goes into it.
        var draft = self
        guard let ids = draft.idsToContinue() else {
            notice = draft.notice
            return []
        }
        let isOpened = draft.editor.document.count > editor.document.count
        let template = isOpened ? tokenizer?.chatTemplate : nil, role = template?.openRole(in: editor.document.fragment(0..<editor.document.count))
        backToDocument()
        var order = Order(run: nextRun, ids: ids, sampling: sampling, seed: seed, streams: streamCount)
        order.edits = edits.active
        streams = StreamsState(order, count: streamCount, place: isOpened ? editor.document.count : draft.editor.cursor,
                               opening: template?.turnBorder(closing: role, opening: .assistant) ?? [])
        streams?.choose(chosen)
        nextRun += 1
        return [.generate(order)]
    }

    /// The news of all of them at once.
    mutating func took(_ news: [StreamNews], of run: Int, seconds: Double) {
        guard streams?.run == run, streams?.isRunning == true else { return }
        for part in news where streams?.streams.indices.contains(part.stream) == true {
            streams?.streams[part.stream].take(part, seconds: seconds)
        }
        if streams?.isRunning == false { streamsEnded() }
    }

    /// Ends those that run; what still arrives of them is not taken.
    mutating func endStreams(_ end: StreamsState.StreamEnd) {
        guard streams?.isRunning == true else { return }
        streams?.end(end)
        streamsEnded()
    }

    /// They are kept before anything is chosen: what is on the screen outlives the program.
    private mutating func streamsEnded() {
        // What they kept the worker from doing is asked for again.
        lastWish = nil
        guard let shown = streams else { return }
        let nodes = keep(shown.streams[...], of: shown)
        streams?.nodes = nodes
    }

    mutating func performInStreams(_ command: Command) -> [Effect] {
        guard let shown = streams else { return [] }
        let grid = StreamsGrid(count: shown.streams.count, in: Layout(self).streams)
        switch command {
        case .streamLeft: streams?.choose(shown.chosen - 1)
        case .streamRight: streams?.choose(shown.chosen + 1)
        case .streamUp: if shown.chosen >= grid.columns { streams?.choose(shown.chosen - grid.columns) }
        case .streamDown: if shown.chosen + grid.columns < shown.streams.count { streams?.choose(shown.chosen + grid.columns) }
        case .streamPageUp: streams?.choose(shown.chosen - grid.perPage)
        case .streamPageDown: streams?.choose(shown.chosen + grid.perPage)
        case .streamMore: return changeStreams(by: 1)
        case .streamFewer: return changeStreams(by: -1)
        case .streamPick: return leaveStreams(choosing: shown.chosen)
        case .streamKeep: return leaveStreams(choosing: shown.chosen, keepingAll: true)
        default: break
        }
        return []
    }

    /// Esc: stops all, and once nothing runs puts them away.
    mutating func stopOrLeaveStreams() -> [Effect] {
        guard streams?.isRunning == true else { return leaveStreams() }
        endStreams(.stopped)
        return [.stopGeneration]
    }

    /// Begins again with the same seeds and one more or less of them.
    private mutating func changeStreams(by step: Int) -> [Effect] {
        guard var shown = streams, let seed = shown.streams.first?.seed else { return [] }
        let count = max(1, min(StreamsState.most, shown.streams.count + step))
        guard count != streamCount || count != shown.streams.count else {
            say(step > 0 ? "\(count) streams at once are the most" : "one stream is the least")
            return []
        }
        streamCount = count
        if shown.isRunning {
            // Those that do not begin again are kept as far as they are.
            shown.end(.stopped)
            _ = keep(shown.streams.dropFirst(count), of: shown)
        }
        return startStreams(seed: seed, choosing: min(count - 1, shown.chosen))
    }

    /// Goes back to the document: to that of one of the streams, or as it was.
    mutating func leaveStreams(choosing chosen: Int? = nil, keepingAll: Bool = false) -> [Effect] {
        let effects: [Effect] = streams?.isRunning == true ? [.stopGeneration] : []
        endStreams(.stopped)
        guard let shown = streams else { return [] }
        streams = nil
        if keepingAll { shown.nodes.forEach { if let id = $0 { editor.restore(id) } } }
        guard let chosen, shown.nodes.indices.contains(chosen), let node = shown.nodes[chosen] else { return effects }
        editor.walk(to: node)
        lastRun = run(of: shown.streams[chosen], shown)
        text.follows = true
        guard let tokenizer else { return effects }
        editor.encode(with: tokenizer)
        reading.take(readIDs(after: Array(reading.ids.prefix(reading.lead))), lead: reading.lead)
        for (index, token) in shown.streams[chosen].tokens.enumerated() where !token.isCut {
            reading.take(token.step, at: shown.prompt.count + index)
        }
        return effects
    }

    /// Keeps streams as branches from where they began, out of sight, and their runs.
    private mutating func keep(_ streams: ArraySlice<StreamsState.Stream>, of shown: StreamsState) -> [Node.ID?] {
        for stream in streams where !stream.told.isEmpty { told.take(stream.told, after: editor.document.bytes[..<min(shown.place, editor.document.count)]) }
        let border = file.isChat ? tokenizer?.chatTemplate?.turnBorder(closing: .assistant, opening: .user) ?? [] : []
        let nodes = editor.keep(streams.map { stream in
            let tokens = stream.tokens.isEmpty ? [] : shown.opening.map { Continuation.Token($0, tokenizer) }
                + stream.tokens.map { Continuation.Token($0, tokenizer) }
                + (stream.end == .drawn(.eos) ? border : []).map { Continuation.Token($0, tokenizer) }
            return Continuation(tokens: tokens, run: Node.Run(settings: shown.sampling.json, seed: stream.seed,
                                                              model: modelFingerprint, end: stream.end?.words))
        }, at: shown.place, chosen: nil, trashing: true)
        for (stream, node) in zip(streams, nodes) {
            if let node { remember(run(of: stream, shown), node, editor.document(at: node)) }
        }
        return nodes
    }

    private func run(of stream: StreamsState.Stream, _ shown: StreamsState) -> Run {
        let opened = tokenizer.map { tokenizer in shown.opening.reduce(0) { $0 + Continuation.Token($1, tokenizer).bytes.count } } ?? 0
        let start = shown.place + opened
        return Run(number: shown.run, seed: stream.seed, sampling: shown.sampling, range: start..<start + stream.bytes.count,
                   tokens: stream.tokens.count, rate: stream.rate, end: stream.end?.words, prompt: shown.prompt,
                   written: stream.tokens.filter { !$0.isCut }.map(\.step))
    }

    // MARK: Mouse

    mutating func pointInStreams(_ mouse: Mouse) -> [Effect] {
        guard let shown = streams else { return [] }
        let layout = Layout(self), grid = StreamsGrid(count: shown.streams.count, in: layout.streams)
        switch mouse.kind {
        case .wheelUp: streams?.choose(shown.chosen - grid.perPage)
        case .wheelDown: streams?.choose(shown.chosen + grid.perPage)
        case .press:
            notice = nil
            if let index = grid.shown(with: shown.chosen).first(where: { grid.rect(of: $0).contains(x: mouse.x, y: mouse.y) }) {
                streams?.choose(index)
            } else if layout.footer.contains(x: mouse.x, y: mouse.y), let command = Footer.command(atX: mouse.x, self) {
                return perform(command)
            }
        case .drag, .release: break
        }
        return []
    }
}

extension StreamsState.StreamEnd {
    var words: String {
        switch self {
        case .drawn(let end): end.words
        case .stopped: "stopped"
        case .failed: "failed"
        }
    }
    /// Where there is less room.
    var short: String { if case .drawn(let end) = self { end.rawValue } else { words } }
}

extension Continuation.Token {
    /// - Parameter tokenizer: nil for what a server wrote, which is text.
    init(_ token: Generation.Token, _ tokenizer: Tokenizer?) {
        self.init(id: token.step.id, bytes: token.bytes, special: !token.isCut && tokenizer?.isSpecial(token.step.id) == true, isCut: token.isCut, logprob: token.step.logprob)
    }

    init(_ part: Part, _ tokenizer: Tokenizer?) {
        switch part {
        case .text(let bytes): self.init(id: 0, bytes: bytes, special: false, isCut: true, logprob: .nan)
        case .special(let id): self.init(id: id, bytes: tokenizer?.bytes(id) ?? [], special: true, isCut: false, logprob: .nan)
        }
    }
}

/// Where the boxes of some streams stand; what does not fit a page stands on further ones.
package struct StreamsGrid: Sendable, Equatable {
    package let count: Int, columns: Int, rows: Int
    private let area: Rect

    private static let least = (width: 26, height: 6)

    package init(count: Int, in rect: Rect) {
        let most = (columns: max(1, rect.width / Self.least.width), rows: max(1, rect.height / Self.least.height))
        let pages = max(1, (count + most.columns * most.rows - 1) / (most.columns * most.rows))
        let perPage = max(1, (count + pages - 1) / pages)
        rows = (perPage + most.columns - 1) / most.columns
        columns = (perPage + rows - 1) / rows
        (self.count, area) = (count, rect)
    }

    package var perPage: Int { columns * rows }
    package var pages: Int { max(1, (count + perPage - 1) / perPage) }

    /// Those on the page of one of them.
    package func shown(with index: Int) -> Range<Int> {
        let first = index / perPage * perPage
        return first..<min(count, first + perPage)
    }

    package func rect(of index: Int) -> Rect {
        let column = index % perPage % columns, row = index % perPage / columns
        let x = area.width * column / columns, y = area.height * row / rows
        return Rect(x: area.x + x, y: area.y + y, width: area.width * (column + 1) / columns - x, height: area.height * (row + 1) / rows - y)
    }
}
