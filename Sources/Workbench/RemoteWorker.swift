import Engine
import Foundation
import Laboratory
import Remote

/// A text that a server is to continue.
package struct RemoteOrder: Sendable, Equatable {
    package enum Purpose: Sendable, Equatable {
        case run
        /// Several beside each other, the i-th by seed + i.
        case streams(Int)
        /// What comes next is only to be known.
        case look
        /// Beside what a model here writes.
        case comparison
    }
    package var run: Int
    package var model: RemoteModel
    package var prompt: [UInt8]
    package var sampling: Sampling, seed: UInt64
    package var purpose: Purpose

    package static func == (one: RemoteOrder, other: RemoteOrder) -> Bool {
        one.run == other.run && one.model === other.model && one.prompt == other.prompt && one.sampling == other.sampling && one.seed == other.seed && one.purpose == other.purpose
    }
}

/// Asks servers, each question on a thread of its own: nobody waits for the network.
///
/// In: connections and orders. Out: reports, by `post`. Invariant: what came is posted, whatever way the question ends.
package final class RemoteWorker: @unchecked Sendable {
    private let post: @Sendable (Report) -> Void
    private let lock = NSLock()
    private var connecting: Ticket?, writing: Ticket?, comparing: Ticket?, sweeping: Ticket?

    /// What ends a question, or lets it wait.
    private final class Ticket: @unchecked Sendable {
        private let lock = NSLock()
        private var ended = false, held = false
        var isEnded: Bool { lock.withLock { ended } }
        var isHeld: Bool { lock.withLock { held } }
        func end() { lock.withLock { ended = true } }
        func hold(_ isHeld: Bool) { lock.withLock { held = isHeld } }
    }

    package init(post: @escaping @Sendable (Report) -> Void) { self.post = post }

    private func begin(_ kind: ReferenceWritableKeyPath<RemoteWorker, Ticket?>) -> Ticket {
        lock.withLock {
            self[keyPath: kind]?.end()
            let ticket = Ticket()
            self[keyPath: kind] = ticket
            return ticket
        }
    }

    private func end(_ kind: KeyPath<RemoteWorker, Ticket?>) { lock.withLock { self[keyPath: kind]?.end() } }

    /// Finds out what a server can do; the newest question counts.
    package func connect(_ connection: Connection, beside: Bool) {
        let ticket = begin(\.connecting), post = post
        aside {
            do throws(RemoteFault) {
                let model = try RemoteModel(connection, patience: .init(idle: 30, retries: 0), cancelled: { ticket.isEnded })
                if !ticket.isEnded { post(beside ? .connectedBeside(model) : .connected(model)) }
            } catch { if !ticket.isEnded { post(.notConnected("\(connection.name): \(error)")) } }
        }
    }

    package func stop() { end(\.writing) }

    package func quit() {
        for kind in [\RemoteWorker.connecting, \.writing, \.comparing, \.sweeping] { end(kind) }
    }

    // MARK: Writing

    /// As many of the likeliest as are wanted beside each token; servers tell what they can.
    private static let top = 20

    package func generate(_ order: RemoteOrder) {
        let ticket = begin(order.purpose == .comparison ? \.comparing : \.writing), post = post
        if case .streams(let count) = order.purpose {
            let start = Date()
            for index in 0..<count {
                aside {
                    Self.write(order, seed: order.seed &+ UInt64(index), ticket, post) { tokens, end, _ in
                        .streams(run: order.run, [StreamNews(stream: index, told: tokens, end: end)], seconds: Date().timeIntervalSince(start))
                    }
                }
            }
        } else {
            aside {
                Self.write(order, seed: order.seed, ticket, post) { tokens, end, rate in
                    switch order.purpose {
                    case .look: .toldNext(after: order.prompt, tokens.first)
                    case .comparison: .wroteBeside(run: order.run, tokens, end)
                    case .run, .streams: .wrote(run: order.run, tokens, end, rate: rate)
                    }
                }
            }
        }
    }

    /// Hands tokens on as they come, no more often than a frame; what waits goes out when nothing comes.
    private static func write(_ order: RemoteOrder, seed: UInt64, _ ticket: Ticket, _ post: @escaping @Sendable (Report) -> Void,
                              report: ([TextToken], TextEnd?, Double) -> Report) {
        var waiting: [TextToken] = [], posted = -1.0, count = 0, first: Date?
        func hand(_ end: TextEnd? = nil) {
            guard end != nil || !waiting.isEmpty else { return }
            let seconds = first.map { Date().timeIntervalSince($0) } ?? 0
            post(report(waiting, end, count > 1 ? Double(count - 1) / max(1e-3, seconds) : 0))
            (waiting, posted) = ([], Date().timeIntervalSinceReferenceDate)
        }
        func isDue() -> Bool { Date().timeIntervalSinceReferenceDate - posted > Worker.interval }
        do {
            let end = try order.model.generate(order.prompt, sampling: order.sampling, seed: seed, top: top, cancelled: {
                if isDue() { hand() }
                return ticket.isEnded
            }, token: { token in
                waiting.append(token)
                (count, first) = (count + 1, first ?? Date())
                if isDue() { hand() }
            })
            if let end { hand(end) } else {
                hand()
                post(.stopped(run: order.run))
            }
        } catch {
            hand()
            ticket.end()
            post(.failed(run: order.run, "\(order.model.server.connection.name): \(error)"))
        }
    }

    // MARK: Sweeps

    /// Runs a sweep from where its folder stands, in place of the one before.
    package func sweep(_ order: SweepOrder, _ model: RemoteModel) {
        let ticket = begin(\.sweeping), post = post
        aside {
            guard let opened = SweepWork.open(order, post: post) else { return }
            let isCancelled: @Sendable () -> Bool = { ticket.isEnded || ticket.isHeld }
            var work = SweepWork(opened, RemoteScorer(model, writes: order.experiment.kind == .completion, cancelled: isCancelled))
            while !ticket.isEnded {
                if ticket.isHeld {
                    Thread.sleep(forTimeInterval: 0.02)
                } else if !work.serve(now: { Date().timeIntervalSinceReferenceDate }, post: post) { return }
            }
        }
    }

    package func holdSweep(_ isHeld: Bool) { lock.withLock { sweeping?.hold(isHeld) } }
    package func endSweep() { end(\.sweeping) }
}
