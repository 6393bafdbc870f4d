import Glibc
import Laboratory

/// Where Terrarium keeps its files, by the XDG rules.
///
/// In: the environment. Out: absolute paths; nothing is created here. Must not know: what the files hold.
/// Source: XDG Base Directory Specification 0.8 (a relative path in a variable is to be ignored).
package struct Locations: Sendable, Equatable {
    package static let defaultModelName = "SmolLM2-135M-Instruct.Q4_1.gguf"

    /// Holds the configuration file.
    package let config: String
    /// The person's own prompts, history and drafts.
    package let data: String
    /// What can be fetched or made again.
    package let cache: String
    /// Prompt folders that came with the program, the nearest first; they may not exist.
    package let sharedPrompts: [String]
    /// The model named by `TERRARIUM_MODEL`.
    package let namedModel: String?

    package init() {
        var program = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let length = readlink("/proc/self/exe", &program, program.count - 1)
        let path = String(decoding: program.prefix(max(0, length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        self.init(program: path) { name in getenv(name).map { String(cString: $0) } }
    }

    /// - Parameter program: the absolute path of the running program; prompts installed beside it are found from there.
    package init(program: String, environment: (String) -> String?) {
        func absolute(_ name: String) -> String? { environment(name).flatMap { $0.hasPrefix("/") ? $0 : nil } }
        let home = absolute("HOME") ?? Self.accountHome ?? "/"
        func folder(_ name: String, _ fallback: String) -> String { Self.join(absolute(name) ?? Self.join(home, fallback), "terrarium") }
        config = folder("XDG_CONFIG_HOME", ".config")
        data = folder("XDG_DATA_HOME", ".local/share")
        cache = folder("XDG_CACHE_HOME", ".cache")
        namedModel = environment("TERRARIUM_MODEL").flatMap { $0.isEmpty ? nil : $0 }
        let installed = program.split(separator: "/").dropLast(2).reduce("") { $0 + "/" + $1 } + "/share"
        let listed = (environment("XDG_DATA_DIRS") ?? "").split(separator: ":").map(String.init).filter { $0.hasPrefix("/") }
        let system = listed.isEmpty ? ["/usr/local/share", "/usr/share"] : listed
        var seen: Set<String> = []
        sharedPrompts = ([installed] + system).map { Self.join($0, "terrarium/prompts") }.filter { seen.insert($0).inserted }
    }

    package var configFile: String { Self.join(config, "config.yaml") }
    /// The servers that can be asked.
    package var connections: String { Self.join(config, "connections.yaml") }
    package var models: String { Self.join(cache, "models") }
    package var defaultModel: String { Self.join(models, Self.defaultModelName) }
    /// The person's own prompts; the playground saves here.
    package var prompts: String { Self.join(data, "prompts") }

    /// The database of documents, their trees and the runs.
    package var store: String { Self.join(data, "terrarium.sqlite") }

    /// A folder for the results of each experiment that the laboratory has run.
    package var results: String { Self.join(data, "results") }

    /// - Parameter experiment: the whole path of its file; two of one name have different folders.
    package func results(of experiment: String) -> String {
        let file = experiment.split(separator: "/").last ?? ""
        let stem = file.lastIndex(of: ".").map { file[..<$0] } ?? file
        let name = stem.unicodeScalars.map { $0.isASCII && ($0.properties.isAlphabetic || $0.properties.numericType != nil) ? "\($0)" : "-" }.joined().prefix(64)
        return Self.join(results, "\(name)-\(Fingerprint.hash(experiment.utf8).prefix(8))")
    }

    /// The prompt folders that exist: `prompts` of the working folder, the person's own, then what was installed.
    package var promptFolders: [String] { (["prompts", prompts] + sharedPrompts).filter(Self.isFolder) }

    package static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    package static func join(_ folder: String, _ name: String) -> String { folder.hasSuffix("/") ? folder + name : folder + "/" + name }

    private static var accountHome: String? {
        guard let account = getpwuid(getuid()), let folder = account.pointee.pw_dir else { return nil }
        let path = String(cString: folder)
        return path.hasPrefix("/") ? path : nil
    }
}
