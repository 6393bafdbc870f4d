import Engine
import Foundation
import Testing
import Transformer

/// Every test that runs the pass: one after the other, each with the machine's cores to itself.
@Suite("The pass", .serialized) struct Passes {}

/// The default model, where it is there.
enum RealModel {
    static let path: String? = {
        let environment = ProcessInfo.processInfo.environment
        let cache = environment["XDG_CACHE_HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? (environment["HOME"] ?? "") + "/.cache"
        let path = environment["TERRARIUM_MODEL"] ?? cache + "/terrarium/models/SmolLM2-135M-Instruct.Q4_1.gguf"
        return FileManager.default.isReadableFile(atPath: path) ? path : nil
    }()
    static let isThere = path != nil
    static let comment: Comment = "the default model is not there: run `make model` or set TERRARIUM_MODEL"
    static let model = Result { try Model(path: path ?? "", threads: 2) }

    static func session(threads: Int = 2, context: Int = 1024) throws -> Session {
        try Session(model.get(), threads: threads, context: context)
    }
}

/// Everything a session can tell of its tokens, as bits, so that two of them can be compared.
struct Numbers: Equatable {
    var logits: [[UInt32]] = []
    var steps: [Step?] = []
    var lens: [[Session.Guess]] = []
    var patterns: [[[UInt32]]] = []

    /// - Parameter layers: whose patterns; nil for all.
    init(_ session: Session, layers: [Int]? = nil) throws {
        let count = session.tokens.count
        for position in 0..<count { logits.append(try session.logits(after: position).map(\.bitPattern)) }
        steps = try session.steps(0..<count)
        lens = try session.lens(position: count - 1, top: 5)
        for layer in layers ?? Array(0..<session.model.shape.layers) {
            for head in 0..<session.model.shape.heads {
                patterns.append(try session.pattern(layer: layer, head: head, queries: 0..<count).map { $0.map(\.bitPattern) })
            }
        }
    }

    /// What a fresh session finds that reads the tokens in one go, on one thread.
    static func fresh(_ model: Model, _ ids: [Int32], layers: [Int]? = nil) throws -> Numbers {
        let session = try Session(model, threads: 1)
        _ = try session.sync(to: ids)
        return try Numbers(session, layers: layers)
    }

    /// Which of the numbers differ.
    func differences(from other: Numbers) -> [String] {
        [("logits", logits == other.logits), ("steps", steps == other.steps), ("lens", lens == other.lens), ("patterns", patterns == other.patterns)]
            .filter { !$0.1 }.map(\.0)
    }
}

/// An observer that keeps what it sees of some places.
final class Watcher: Tap, @unchecked Sendable {
    struct Place: Hashable { let site: Site, layer: Int, position: Int }
    private let sites: Set<Site>
    private let lock = NSLock()
    private(set) var seen: [Place: [Float]] = [:]
    /// Places reported more than once.
    private(set) var twice: [Place] = []

    init(_ sites: Set<Site>) { self.sites = sites }
    func wants(_ site: Site, layer: Int) -> Bool { sites.contains(site) }
    func take(_ site: Site, layer: Int, column: Int, position: Int, values: UnsafeBufferPointer<Float>) {
        lock.withLock {
            let place = Place(site: site, layer: layer, position: position)
            if seen.updateValue(Array(values), forKey: place) != nil { twice.append(place) }
        }
    }
}
