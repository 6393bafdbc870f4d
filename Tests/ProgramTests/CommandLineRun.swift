import Foundation
import Testing

/// The built program as another process, with files for its streams, so that nothing waits for anything.
struct CommandLineRun {
    var arguments: [String]
    var input: [UInt8] = []
    var environment: [String: String] = [:]
    /// Where standard output goes instead of a file of its own.
    var outputPath: String?

    struct Result {
        let status: Int32
        let output: [UInt8]
        let errors: String
        var text: String { String(decoding: output, as: UTF8.self) }
        func json() throws -> Any { try JSONSerialization.jsonObject(with: Data(output), options: .fragmentsAllowed) }
        func object() throws -> [String: Any] { try #require(try json() as? [String: Any]) }
        /// One object a line.
        func lines() throws -> [[String: Any]] {
            try output.split(separator: 0x0A).map { try #require(try JSONSerialization.jsonObject(with: Data($0)) as? [String: Any]) }
        }
    }

    /// `TERRARIUM_BINARY`, or the program beside the test bundle.
    static let binary: String? = {
        if let named = ProcessInfo.processInfo.environment["TERRARIUM_BINARY"] { return named }
        var starts = [CommandLine.arguments[0], Bundle.main.bundlePath]
        for bundle in Bundle.allBundles { starts.append(bundle.bundlePath) }
        if let own = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") { starts.append(own) }
        starts += CommandLine.arguments.filter { $0.hasSuffix(".xctest") }
        for start in starts {
            var folder = URL(fileURLWithPath: start)
            for _ in 0..<4 {
                let candidate = folder.appendingPathComponent("terrarium").path
                var isFolder: ObjCBool = false
                if FileManager.default.fileExists(atPath: candidate, isDirectory: &isFolder), !isFolder.boolValue { return candidate }
                folder.deleteLastPathComponent()
            }
        }
        return nil
    }()

    static let model: String? = {
        let environment = ProcessInfo.processInfo.environment
        let cache = environment["XDG_CACHE_HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? (environment["HOME"] ?? "") + "/.cache"
        let path = environment["TERRARIUM_MODEL"] ?? cache + "/terrarium/models/SmolLM2-135M-Instruct.Q4_1.gguf"
        return FileManager.default.isReadableFile(atPath: path) ? path : nil
    }()
    static let isReady = model != nil
    static let comment: Comment = "the default model is not there: run `make model` or set TERRARIUM_MODEL"

    static func run(
        _ arguments: String..., input: String = "", environment: [String: String] = [:], to outputPath: String? = nil
    ) throws -> Result {
        try CommandLineRun(arguments: arguments, input: Array(input.utf8), environment: environment, outputPath: outputPath).run()
    }

    func run() throws -> Result {
        let scratch = try Scratch()
        let process = try Running(self, scratch: scratch)
        let status = try process.wait()
        return Result(
            status: status, output: outputPath == nil ? try scratch.bytes("out") : [],
            errors: String(decoding: try scratch.bytes("err"), as: UTF8.self))
    }
}

/// A folder that goes when the test ends.
final class Scratch {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("terrarium-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }

    func path(_ name: String) -> String { path + "/" + name }

    @discardableResult func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        let url = URL(fileURLWithPath: path(name))
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
        return url.path
    }
    @discardableResult func write(_ name: String, _ text: String) throws -> String { try write(name, Array(text.utf8)) }
    func bytes(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path(name)))) }
}

/// A process that has been started.
struct Running {
    let id: pid_t

    /// Its folder for configuration is empty unless the run says otherwise.
    init(_ run: CommandLineRun, scratch: Scratch) throws {
        let binary = try #require(CommandLineRun.binary, "build the product terrarium or set TERRARIUM_BINARY")
        try scratch.write("in", run.input)
        var environment = ProcessInfo.processInfo.environment
        environment["XDG_CONFIG_HOME"] = scratch.path("config")
        environment.merge(run.environment) { $1 }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, scratch.path("in"), O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, run.outputPath ?? scratch.path("out"), O_WRONLY | O_CREAT, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, scratch.path("err"), O_WRONLY | O_CREAT, 0o600)
        var arguments: [UnsafeMutablePointer<CChar>?] = ([binary] + run.arguments).map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { (arguments + variables).forEach { free($0) } }
        // A session of its own: nothing that ends it may end the tests.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // Threads of Dispatch have signals blocked, which a child would inherit.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        let newSession: Int32 = 0x80
        posix_spawnattr_setflags(&attributes, Int16(newSession | POSIX_SPAWN_SETSIGMASK))
        var process: pid_t = 0
        let code = posix_spawn(&process, binary, &actions, &attributes, &arguments, &variables)
        try #require(code == 0, "posix_spawn says \(String(cString: strerror(code)))")
        id = process
    }

    /// The exit status, or 128 and the signal; after a minute it is ended.
    func wait() throws -> Int32 {
        var status: Int32 = 0
        for _ in 0..<6000 {
            let found = waitpid(id, &status, WNOHANG)
            if found == id { return status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F }
            usleep(10_000)
        }
        kill(id, SIGKILL)
        waitpid(id, &status, 0)
        Issue.record("the program did not end within a minute")
        return -1
    }
}
