import GGUF

/// Why a file is not a model this engine runs: facts, with the prose in one place.
package enum ModelError: Error, Sendable, Equatable, CustomStringConvertible {
    case file(GGUFError)
    case key(path: String, key: String, expected: String, found: String)
    case family(path: String, found: String, supported: [String])
    case weightType(path: String, tensor: String, found: String, supported: [String])
    case missing(path: String, tensor: String)
    case unknown(path: String, tensor: String)
    case shape(path: String, tensor: String, expected: [Int], found: [Int])
    case memory(what: String, needed: Int, available: Int)

    package var description: String {
        switch self {
        case .file(let error): "\(error)"
        case let .key(path, key, expected, found):
            "\(path): \(key) is \(found), expected \(expected); the file is damaged or of a kind that is not supported"
        case let .family(path, found, supported):
            "\(path): the model family \"\(found)\" is not supported; supported: \(supported.joined(separator: ", "))"
        case let .weightType(path, tensor, found, supported):
            "\(path): \(tensor) is \(found), which is not supported; use a file in one of \(supported.joined(separator: ", "))"
        case let .missing(path, tensor): "\(path): the tensor \(tensor) is missing; fetch the file again"
        case let .unknown(path, tensor):
            "\(path): the tensor \(tensor) is not part of any family this engine knows, and leaving it out would change the numbers"
        case let .shape(path, tensor, expected, found):
            "\(path): \(tensor) has the shape \(found), expected \(expected); the file is damaged or of a kind that is not supported"
        case let .memory(what, needed, available):
            "\(what) needs \(needed / 1_048_576) MB and \(available / 1_048_576) MB are free; use a smaller model, a shorter context, or close other programs"
        }
    }
}
