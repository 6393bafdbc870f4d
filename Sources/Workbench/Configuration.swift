import Document
import Engine
import Glibc
import Yams

/// What a person set once for all runs; the file is read, never written.
///
/// In: `config.yaml`, which need not exist: `model`, `theme`, `threads`, `mouse`, and the sampling keys of prompt files.
/// Out: values, each of its type and in its range. A key that nobody knows is refused, for it is a slip of the pen.
package struct Configuration: Sendable, Equatable {
    /// An absolute path; in the file `~/` is the home folder, and a relative path starts at the file's folder.
    package var model: String?
    package var theme: String?
    package var threads: Int?
    package var mouse: Bool?
    /// Defaults under every prompt file and every flag.
    package var sampling = PromptSettings()

    package static let limit = 64 << 10
    package static let threadRange = 1...64

    package init() {}

    /// Throws: when the file is there and cannot be read, or is not a configuration.
    package init(reading path: String) throws(ConfigurationError) {
        let bytes: [UInt8]?
        do { bytes = try Self.read(path) } catch { throw ConfigurationError(path: path, line: nil, fact: error) }
        if let bytes { try self.init(parsing: bytes, path: path) } else { self.init() }
    }

    package init(parsing bytes: [UInt8], path: String) throws(ConfigurationError) {
        // Front matter's reader knows the sampling keys, and what to refuse before YAML is parsed.
        let fence = Array("---\n".utf8)
        let hasFence = bytes.starts(with: fence)
        let ended = bytes.isEmpty || bytes.last == 0x0A ? bytes : bytes + [0x0A]
        do {
            let front = try PromptFile(parsing: (hasFence ? [] : fence) + ended + fence, path: path)
            guard front.body.isEmpty else { throw ConfigurationError(path: path, line: nil, fact: .severalDocuments) }
            sampling = front.settings
            try readOwn(ended, path)
        } catch let error as ConfigurationError {
            throw error
        } catch let error as PromptFileError {
            throw ConfigurationError(path: path, line: error.line.map { hasFence ? $0 : $0 - 1 }, fact: .frontMatter(error.fact))
        } catch {
            throw ConfigurationError(path: path, line: nil, fact: .frontMatter(.yaml("it cannot be read")))
        }
    }

    private mutating func readOwn(_ bytes: [UInt8], _ path: String) throws {
        guard let root = try Parser(yaml: String(decoding: bytes, as: UTF8.self), resolver: .basic).singleRoot() else { return }
        for (key, value) in root.mapping ?? [:] {
            let line = value.mark?.line ?? key.mark?.line
            let text = value.scalar?.string
            func wrong(_ key: String, _ expected: String) -> ConfigurationError {
                let fact = ConfigurationError.Fact.wrongValue(key: key, expected: expected, found: text ?? "a list or a mapping")
                return ConfigurationError(path: path, line: line, fact: fact)
            }
            switch key.scalar?.string ?? "" {
            case "model":
                guard let text, !text.isEmpty else { throw wrong("model", "the path of a GGUF file") }
                model = Self.absolute(text, beside: path)
            case "theme":
                guard let text, !text.isEmpty else { throw wrong("theme", "the name of a theme") }
                theme = text
            case "threads":
                guard let number = text.flatMap({ Int($0) }), Self.threadRange.contains(number) else {
                    throw wrong("threads", "a number from \(Self.threadRange.lowerBound) to \(Self.threadRange.upperBound)")
                }
                threads = number
            case "mouse":
                guard let text, ["true", "false"].contains(text) else { throw wrong("mouse", "true or false") }
                mouse = text == "true"
            case let name:
                guard let field = SamplingField.all.first(where: { $0.key == name }) else {
                    throw ConfigurationError(path: path, line: key.mark?.line, fact: .unknownKey(name))
                }
                let values = field.id == .logitBias ? value.mapping?.values.map { $0.scalar?.string } ?? [] : [text]
                for case let number? in values.map({ $0.flatMap { Double($0) } }) {
                    if let range = field.range, !range.contains(number) {
                        throw ConfigurationError(path: path, line: line, fact: .outOfRange(key: name, value: number, range: range))
                    }
                }
            }
        }
    }

    /// The bytes of a file; nil where there is none.
    private static func read(_ path: String) throws(ConfigurationError.Fact) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw .unreadable(errno: errno)
        }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: limit + 1)
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress?.advanced(by: count), $0.count - count) }
            if got == 0 { break }
            if got > 0 { count += got } else if errno != EINTR { throw .unreadable(errno: errno) }
        }
        guard count <= limit else { throw .frontMatter(.tooLong(limit: limit)) }
        return Array(bytes[..<count])
    }

    static func absolute(_ path: String, beside file: String) -> String {
        if path.hasPrefix("/") { return path }
        if path.hasPrefix("~/"), let home = getenv("HOME") { return Locations.join(String(cString: home), String(path.dropFirst(2))) }
        guard let slash = file.lastIndex(of: "/") else { return path }
        return String(file[...slash]) + path
    }
}

/// What is wrong with the configuration file, and where.
package struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Fact: Error, Sendable, Equatable {
        case unreadable(errno: Int32)
        case severalDocuments
        case unknownKey(String)
        case wrongValue(key: String, expected: String, found: String)
        case outOfRange(key: String, value: Double, range: ClosedRange<Double>)
        /// What the reader of front matter found.
        case frontMatter(PromptFileError.Fact)
    }

    package let path: String
    /// Counted from 1.
    package let line: Int?
    package let fact: Fact

    package var description: String {
        let place = line.map { "\(path):\($0)" } ?? path
        return switch fact {
        case .unreadable(let code): "\(place): cannot be read (\(String(cString: strerror(code)))); check its permissions."
        case .severalDocuments: "\(place): holds more than one YAML document; keep all keys in one."
        case .unknownKey(let key):
            "\(place): `\(key)` is not a setting; there are model, theme, threads, mouse and "
                + SamplingField.all.map(\.key).joined(separator: ", ") + "."
        case .wrongValue(let key, let expected, let found): "\(place): `\(key)` must be \(expected), and is \(found)."
        case .outOfRange(let key, let value, let range):
            "\(place): `\(key)` is \(value); it goes from \(range.lowerBound) to \(range.upperBound)."
        case .frontMatter(let fact): Self.sentence(fact, place)
        }
    }

    private static func sentence(_ fact: PromptFileError.Fact, _ place: String) -> String {
        switch fact {
        case .tooLong(let limit): "\(place): is longer than \(limit / 1024) KiB; keep settings only."
        case .notText: "\(place): is not valid UTF-8 text; save it as UTF-8."
        case .alias: "\(place): uses a YAML anchor or alias (& or *), which is refused; write the value out."
        case .tooDeep(let limit): "\(place): is nested deeper than \(limit) levels; one is enough."
        case .yaml(let problem): "\(place): is not sound YAML: \(problem)."
        case .wrongType(let key, let expected, let found): "\(place): `\(key)` must be \(expected), and is \(found)."
        case .notMapping, .unclosed, .cannotRewrite, .missingVariable, .unreadable:
            "\(place): is not a list of \"key: value\" lines; write one setting a line."
        }
    }
}
