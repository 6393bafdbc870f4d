/// Why a model's tokeniser was refused; `file` is the model's.
package enum TokenizerError: Error, Sendable, Equatable {
    case missing(key: String)
    case unsupportedModel(found: String, supported: [String])
    case unsupportedPattern(found: String, supported: [String])
    case empty(key: String)
    case tooMany(key: String, found: Int, limit: Int)
    case counts(key: String, found: Int, expected: Int)
    case idOutOfRange(key: String, found: Int, count: Int)
    case badMerge(Int, ArraySlice<UInt8>)
}

extension TokenizerError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .missing(let key): "The model has no \(key); get a GGUF file that carries its tokeniser."
        case .unsupportedModel(let found, let supported):
            "The model's tokeniser is of the kind \(found); supported: \(supported.joined(separator: ", ")). Choose another model."
        case .unsupportedPattern(let found, let supported):
            "The model cuts text by the pattern \(found); supported: \(supported.joined(separator: ", ")). Choose another model."
        case .empty(let key): "The model's \(key) is empty; the file is damaged: download it again."
        case .tooMany(let key, let found, let limit):
            "The model's \(key) has \(found) entries, at most \(limit) are read; choose another model."
        case .counts(let key, let found, let expected):
            "The model's \(key) has \(found) entries, \(expected) belong there; the file is damaged: download it again."
        case .idOutOfRange(let key, let found, let count):
            "The model's \(key) is \(found), but its tokens are 0 to \(count - 1); the file is damaged: download it again."
        case .badMerge(let index, let text):
            "Entry \(index) of the model's tokenizer.ggml.merges, \(String(decoding: text, as: UTF8.self)), "
                + "does not join two of its tokens into a third; the file is damaged: download it again."
        }
    }
}
