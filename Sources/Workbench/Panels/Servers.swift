import Document
import Engine
import Foundation
import Remote

/// A server of `connections.yaml` in the picker, and what is known of it before it is used.
package struct FoundServer: Sendable, Equatable {
    package enum Status: Sendable, Equatable {
        case asked
        /// Unit: seconds.
        case reachable(latency: Double, models: [String])
        case absent(String)
    }
    package let connection: Connection
    package var status = Status.asked
    package init(_ connection: Connection, status: Status = .asked) { (self.connection, self.status) = (connection, status) }

    package var state: String {
        switch status {
        case .asked: "asking"
        case .reachable(let latency, _): "\(Number.whole(latency * 1000)) ms"
        case .absent: "not there"
        }
    }

    /// The model that it would be used with.
    package var model: String {
        if let model = connection.model { return model }
        if case .reachable(_, let models) = status, let first = models.first { return first }
        return ""
    }

    /// Asks all servers of a file at once, a short question each, and tells of them as they answer.
    package static func all(_ path: String, tell: @escaping @Sendable ([FoundServer], String?) -> Void) {
        do throws(ConnectionsError) {
            let board = Board(try Connections.read(path).map { FoundServer($0) })
            tell(board.servers, nil)
            for (index, server) in board.servers.enumerated() {
                aside {
                    let status: Status
                    do throws(RemoteFault) {
                        let (latency, models) = try RemoteModel.look(server.connection, patience: .init(idle: 10, retries: 0))
                        status = .reachable(latency: latency, models: models)
                    } catch { status = .absent("\(error)") }
                    tell(board.put(status, at: index), nil)
                }
            }
        } catch { tell([], "\(error)") }
    }

    /// What several threads find out.
    private final class Board: @unchecked Sendable {
        private let lock = NSLock()
        private(set) var servers: [FoundServer]
        init(_ servers: [FoundServer]) { self.servers = servers }
        func put(_ status: Status, at index: Int) -> [FoundServer] {
            lock.withLock {
                servers[index].status = status
                return servers
            }
        }
    }
}

extension State {
    /// The server that stands in the model's place; nil while a model here does.
    package var server: RemoteModel? { if case .remote(let model) = model { model } else { nil } }
    /// The name and the fingerprint of what writes now.
    var modelTitle: String { server?.title ?? readyModel?.title ?? "" }
    var modelFingerprint: String { server.map(RemoteScorer.fingerprint) ?? readyModel?.fingerprint ?? "" }

    /// Why a panel or command has nothing to show of a server's model; nil where a model here is in use.
    package func unavailability(of panel: Panel) -> String? {
        guard let server else { return nil }
        let reason: String
        switch panel {
        case .attention, .lens, .attribution, .edits: reason = Abilities.inside
        case .sampler: reason = "the samplers run there, and the server tells the likeliest tokens only"
        case .tokens: reason = "the server tells only of tokens it has written; Candidates and the document's tint show them"
        case .shots: reason = "what each shot does is worked out with a model here; the laboratory runs experiments on servers"
        case .candidates, .branches, .compare, .laboratory, .history, .files: return nil
        }
        return "\(panel.title) is not available with \(server.title): \(reason). F4 takes a model here."
    }

    /// Takes a server that was asked what it can do: what was known by a model here is dropped.
    mutating func adopt(_ server: RemoteModel) -> [Effect] {
        let effects = interruptRun() + (history.isReplaying ? endReplay(.stopped) : []) + stopAblation() + stopPatch()
        if let last = readyModel { departed = last }
        if self.server?.server.connection != server.server.connection { (told, toldPlaces) = (Told(), []) }
        edits.switchOff()
        (edits.ablation, edits.patch, edits.before) = (nil, nil, nil)
        (attribution.token, attribution.against, lens.token, candidates.byHand, candidates.along) = (nil, nil, nil, nil, nil)
        (model, switching, lastWish, lastPlace, sought) = (.remote(server), nil, nil, nil, [])
        candidates.pin = nil
        lens.forget()
        reading.forget()
        let ignored = server.ignored(sampling).map(\.key)
        say("\(server.title) writes now" + (ignored.isEmpty ? "" : "; without effect there: \(ignored.joined(separator: ", "))"), ignored.isEmpty ? .plain : .warning)
        return effects
    }

    // MARK: Writing

    /// The text before the cursor; nil, and said why, where none can be continued.
    private mutating func textToContinue() -> [UInt8]? {
        if let selection = editor.selection { editor.move(to: selection.upperBound) }
        guard !file.awaitsModel else {
            say("this file is laid out by a model's template; load a model here first (F4), or send it with terrarium generate --server", .warning)
            return nil
        }
        let text = Array(editor.document.bytes[..<editor.cursor])
        if text.isEmpty { say("there is no text before the cursor to continue; type something first", .warning) }
        return text.isEmpty ? nil : text
    }

    /// - Parameter forked: true when an undo step is open already and takes the generation in.
    mutating func beginRun(on server: RemoteModel, inOpenStep forked: Bool) -> [Effect] {
        if !forked { editor.beginGroup(.generation) }
        guard let prompt = textToContinue() else {
            editor.endGroup()
            return []
        }
        let seed = sampling.seed ?? nextSeed()
        run = Run(number: nextRun, seed: seed, sampling: sampling, range: editor.cursor..<editor.cursor, prompt: [])
        editor.writes(Node.Run(settings: runSettings, seed: seed, model: modelFingerprint))
        lastRun = nil
        nextRun += 1
        text.follows = true
        return [.ask(RemoteOrder(run: nextRun - 1, model: server, prompt: prompt, sampling: sampling, seed: seed, purpose: .run))]
    }

    mutating func beginStreams(on server: RemoteModel, seed: UInt64, choosing chosen: Int) -> [Effect] {
        guard let prompt = textToContinue() else { return [] }
        backToDocument()
        let order = Order(run: nextRun, ids: [], sampling: sampling, seed: seed, streams: streamCount)
        streams = StreamsState(order, count: streamCount, place: editor.cursor, opening: [])
        streams?.choose(chosen)
        nextRun += 1
        return [.ask(RemoteOrder(run: order.run, model: server, prompt: prompt, sampling: sampling, seed: seed, purpose: .streams(streamCount)))]
    }

    mutating func wrote(_ number: Int, _ tokens: [TextToken], _ end: TextEnd?, rate: Double) {
        guard var run, run.number == number else { return }
        told.take(tokens, after: editor.document.bytes[..<run.range.upperBound])
        for token in tokens where !token.bytes.isEmpty {
            let place = editor.cursor
            editor.replace(run.range.upperBound..<run.range.upperBound, with: token.bytes)
            if place < run.range.upperBound { editor.move(to: place) }
            run.range = run.range.lowerBound..<run.range.upperBound + token.bytes.count
            run.tokens += 1
        }
        if rate > 0 { run.rate = rate }
        self.run = run
        guard let end else { return }
        finishRun(end.words)
        if end == .cut { say("the server ended without saying why; what came of it is kept", .warning) }
    }

    // MARK: Candidates

    /// What the server told of the place of the cursor; while it writes at the cursor, of the newest token.
    package var toldHere: Told.Place? {
        let cursor = editor.cursor
        if let run, cursor >= run.range.upperBound { return toldPlaces.last { $0.range.upperBound <= cursor && !$0.token.top.isEmpty } }
        return toldPlaces.last { $0.range.lowerBound == cursor || $0.range.contains(cursor) }
    }

    /// Brings what is shown of a server's words up to date with the text.
    mutating func settleTold() {
        guard server != nil else { return }
        toldPlaces = told.places(in: editor.document.bytes)
        if let place = toldHere?.range.lowerBound, candidates.position != place { candidates.moved(to: place) }
    }

    mutating func toldNext(after text: [UInt8], _ token: TextToken?) {
        guard let token, !token.top.isEmpty else { return say("the server tells no probabilities of what comes next", .warning) }
        told.take([token], after: text)
    }

    /// What Candidates lists of its keys where a server writes.
    static let besideToldCandidates: [Command] = [.candidateFork, .candidateTake]

    func toldObstacle(to command: Command) -> String? {
        switch command {
        case .candidateFork: server?.abilities.topLogprobs == 0 ? "the server tells no probabilities" : isStreaming ? "a generation is running; Esc stops it" : nil
        case .candidateTake, .candidateUp, .candidateDown, .candidatePageUp, .candidatePageDown, .candidateFirst, .candidateLast:
            toldHere == nil ? "nothing is known of this place; ⏎ asks the server" : nil
        default: "the server tells its likeliest tokens only"
        }
    }

    /// The list is short: pages are all of it.
    mutating func performInTold(_ command: Command) -> [Effect] {
        let count = toldHere?.token.top.count ?? 0
        switch command {
        case .candidateUp: chooseTold(candidates.selected - 1, count)
        case .candidateDown: chooseTold(candidates.selected + 1, count)
        case .candidatePageUp, .candidateFirst: chooseTold(0, count)
        case .candidatePageDown, .candidateLast: chooseTold(count - 1, count)
        case .candidateTake: return forkTold(goingOn: false)
        case .candidateFork: return toldHere == nil ? lookAhead() : forkTold(goingOn: true)
        default: break
        }
        return []
    }

    private mutating func chooseTold(_ index: Int, _ count: Int) { candidates.selected = max(0, min(index, count - 1)) }

    /// A click on a row of the list.
    mutating func clickTold(row: Int) { if row >= 0 { chooseTold(row, toldHere?.token.top.count ?? 0) } }
    mutating func scrollTold(by step: Int) { chooseTold(candidates.selected + step, toldHere?.token.top.count ?? 0) }

    /// Asks for one token that is shown and not written.
    private mutating func lookAhead() -> [Effect] {
        guard let server, let prompt = textToContinue() else { return [] }
        var one = Sampling()
        (one.temperature, one.maxTokens) = (0, 1)
        return [.ask(RemoteOrder(run: -1, model: server, prompt: prompt, sampling: one, seed: 0, purpose: .look))]
    }

    /// Puts a likely token in the place of all that stands from the shown place on.
    private mutating func forkTold(goingOn: Bool) -> [Effect] {
        guard let place = toldHere, let server, place.token.top.indices.contains(candidates.selected) else { return [] }
        let bytes = place.token.top[candidates.selected].bytes, offset = place.range.lowerBound
        guard !bytes.isEmpty else {
            say("this token has no text, so the document cannot hold it", .warning)
            return []
        }
        guard goingOn else { return edit { $0.fork(at: offset, text: bytes) } }
        let effects = interruptRun()
        editor.fork(at: offset, text: bytes, goingOn: true)
        return effects + beginRun(on: server, inOpenStep: true)
    }
}

extension TextEnd {
    /// As the screen names it.
    var words: String {
        switch self {
        case .stop: "stop text"
        case .length: "max tokens"
        case .eos: "end of text"
        case .context: "context full"
        case .cut: "cut off"
        }
    }
}
