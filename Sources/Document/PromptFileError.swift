/// What is wrong with a prompt file, where, and what helps.
package struct PromptFileError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Fact: Sendable, Equatable {
        case unclosed
        case tooLong(limit: Int)
        case notText
        case alias
        case tooDeep(limit: Int)
        case yaml(String)
        case notMapping
        case wrongType(key: String, expected: String, found: String)
        case cannotRewrite(key: String)
        case missingVariable(String)
        case unreadable(String)
    }

    package let path: String
    /// Counted from 1, in the file.
    package let line: Int?
    package let fact: Fact

    package init(path: String, line: Int?, fact: Fact) {
        self.path = path
        self.line = line
        self.fact = fact
    }

    package var description: String {
        let place = line.map { "\(path):\($0)" } ?? path
        return switch fact {
        case .unclosed:
            "\(place): the front matter opens with --- and is never closed; put a line --- behind its last key"
                + " (or, if the prompt begins with ---, two such lines before it)."
        case .tooLong(let limit):
            "\(place): the front matter is longer than \(limit / 1024) KiB; keep settings there and text below it."
        case .notText: "\(place): the front matter is not valid UTF-8 text; save the file as UTF-8."
        case .alias: "\(place): the front matter uses a YAML anchor or alias (& or *), which is refused;"
            + " write the value out, or quote it on one line if it is text."
        case .tooDeep(let limit): "\(place): the front matter is nested deeper than \(limit) levels; prompt files need two."
        case .yaml(let problem): "\(place): the front matter is not sound YAML: \(problem)."
        case .notMapping: "\(place): the front matter is not a list of \"key: value\" lines; write one key a line between the --- lines."
        case .wrongType(let key, let expected, let found): "\(place): `\(key)` must be \(expected), and is \(found)."
        case .cannotRewrite(let key): "\(place): `\(key)` cannot be changed where it stands; write the front matter with one key a line."
        case .missingVariable(let name): "\(place): the variable `\(name)` has no value; give it one with --var \(name)=..."
        case .unreadable(let reason): "\(place): cannot be read: \(reason)."
        }
    }
}

/// A fault of front matter before its file is known; lines count from 1 in the front matter.
struct Fault: Error {
    let line: Int?
    let fact: PromptFileError.Fact

    init(_ line: Int?, _ fact: PromptFileError.Fact) {
        self.line = line
        self.fact = fact
    }
}
