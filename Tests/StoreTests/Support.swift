import Document
import Foundation
import GRDB
import Testing
import Tokenizer

import Store

/// A generator with a seed, so that a failure comes back.
struct Dice: RandomNumberGenerator {
    var state: UInt64
    init(_ seed: Int) { state = UInt64(seed) }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<max(1, bound), using: &self) }
    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(below(256)) } }
    mutating func numbers(_ count: Int) -> [Float] { (0..<count).map { _ in below(4) == 0 ? .nan : -Float(below(1000)) / 64 } }

    /// Any bytes, and kept ids over some of them.
    mutating func fragment() -> Fragment {
        let bytes = bytes(below(40))
        var kept: [DocToken] = [], start = below(5)
        while start < bytes.count {
            let end = min(bytes.count, start + 1 + below(6))
            kept.append(DocToken(id: TokenID(truncatingIfNeeded: next()), range: start..<end, kept: true, special: below(4) == 0))
            start = end + below(6)
        }
        return Fragment(bytes: bytes, kept: kept)
    }

    mutating func node(_ id: Node.ID) -> Node {
        let words = ["", "a label", "é字 'quoted' \"twice\"", "{\"top_k\": 40}"]
        let after = fragment()
        let run = below(2) == 0 ? nil : Node.Run(settings: words[below(4)], seed: next(), model: words[below(4)], end: below(2) == 0 ? nil : "eos")
        return Node(id: id, parent: id == 0 ? nil : below(id), change: Change(start: below(1 << 20), before: fragment(), after: after),
                    place: Place(cursor: below(1 << 20), anchor: below(2) == 0 ? nil : below(99)), author: below(2) == 0 ? .you : .model,
                    kind: [.start, .typing, .deleting, .edit, .fork, .generation, .reload][below(7)], label: words[below(4)],
                    isTrashed: below(2) == 0, made: Double(below(1 << 30)) / 8, run: run, logprobs: numbers(after.kept.count))
    }

    mutating func run(document: StoredDocument.ID = 1, prompt: String = "Once", text: String = " upon", made: Double = 0) -> StoredRun {
        let ids = (0..<5).map { _ in TokenID(truncatingIfNeeded: next()) }
        return StoredRun(document: document, node: below(9), made: made, model: "a model", fingerprint: "f1", promptIDs: ids,
                         prompt: Array(prompt.utf8), ids: ids.reversed(), text: Array(text.utf8), settings: "{}", seed: next(), end: "eos",
                         rate: 12.5, logprobs: numbers(5))
    }
}

/// A store under test, with the reports it made.
final class Stage: @unchecked Sendable {
    private let condition = NSCondition()
    private var reports: [StoreReport] = []
    private let watching: (@Sendable (StoreReport) -> Void)?
    let path: String
    private(set) lazy var store = Store(path: path) { [weak self] report in
        guard let self else { return }
        watching?(report)
        condition.withLock {
            self.reports.append(report)
            self.condition.broadcast()
        }
    }

    init(_ path: String, watching: (@Sendable (StoreReport) -> Void)? = nil) { (self.path, self.watching) = (path, watching) }

    var all: [StoreReport] { condition.withLock { reports } }

    /// Waits for a report of one kind and takes it, with all before it.
    func wait<Value>(_ seconds: Double = 60, sourceLocation: SourceLocation = #_sourceLocation, for kind: (StoreReport) -> Value?) throws -> Value {
        let limit = Date(timeIntervalSinceNow: seconds)
        return try condition.withLock {
            while true {
                for (index, report) in reports.enumerated() {
                    guard let value = kind(report) else { continue }
                    reports.removeFirst(index + 1)
                    return value
                }
                try #require(condition.wait(until: limit), "the store says nothing", sourceLocation: sourceLocation)
            }
        }
    }

    func kept(_ number: Int, sourceLocation: SourceLocation = #_sourceLocation) throws {
        try wait(sourceLocation: sourceLocation) { if case .kept(let kept) = $0, kept >= number { () } else { nil } }
    }

    func failure() throws -> String { try wait { if case .failed(let sentence) = $0 { sentence } else { nil } } }
    func setAside() throws -> (path: String?, sentence: String) {
        try wait { if case .setAside(let path, let sentence) = $0 { (path, sentence) } else { nil } }
    }

    func opened(_ id: StoredDocument.ID) throws -> Opened {
        store.open(document: id)
        return try wait { if case .opened(let opened) = $0 { opened } else { nil } }
    }

    func unclosed() throws -> [StoredDocument.ID] {
        store.unclosed()
        return try wait { if case .unclosed(let documents) = $0 { documents.map(\.id) } else { nil } }
    }

    func newest(except id: StoredDocument.ID? = nil) throws -> StoredDocument? {
        store.newest(except: id)
        return try wait { (report: StoreReport) -> StoredDocument?? in if case .newest(let document) = report { .some(document) } else { nil } }
    }

    func found(_ query: String, trashed: Bool = false) throws -> [FoundRun] {
        store.find(query, trashed: trashed)
        return try wait { if case .found(query, let runs) = $0 { runs } else { nil } }
    }

    func run(_ id: StoredRun.ID) throws -> StoredRun? {
        store.run(id)
        return try wait { (report: StoreReport) -> StoredRun?? in if case .run(id, let run) = report { .some(run) } else { nil } }
    }

    /// Keeps these nodes as a document, and waits until they are kept.
    func keep(_ nodes: [Node], document: StoredDocument.ID = 1, snapshot: Snapshot? = nil, runs: [StoredRun] = [], number: Int = 1) throws {
        store.keep(Batch(document: document, title: "a title", current: 0, place: Place(cursor: 0), nodes: nodes, snapshot: snapshot, runs: runs),
                   number: number)
        try kept(number)
    }
}

/// A folder for one test, gone after it.
func withFolder(_ body: (String) throws -> Void) throws {
    let folder = NSTemporaryDirectory() + "/store-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
}

/// Two nodes are the same to the bit, numbers that are not known included.
func same(_ one: Node, _ other: Node) -> Bool {
    one.settled == other.settled && one.logprobs.map(\.isNaN) == other.logprobs.map(\.isNaN)
        && zip(one.logprobs, other.logprobs).allSatisfy { $0.isNaN || $0 == $1 }
}

extension Node {
    fileprivate var settled: Node {
        Node(id: id, parent: parent, change: change, place: place, author: author, kind: kind, label: label, isTrashed: isTrashed, made: made,
             run: run, logprobs: [])
    }
}

func same(_ one: [Node], _ other: [Node]) -> Bool { one.count == other.count && zip(one, other).allSatisfy { same($0, $1) } }
