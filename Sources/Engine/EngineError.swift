import GGUF
import HuggingFace
import Tokenizer
import Transformer

/// Why a session cannot go on: facts, with the prose in one place.
package enum EngineError: Error, Sendable, CustomStringConvertible {
    case file(GGUFError)
    case folder(FolderError)
    case model(ModelError)
    case tokenizer(TokenizerError)
    case context(tokens: Int, limit: Int)
    case token(id: TokenID, vocabulary: Int)
    case notFinite(position: Int)
    case edit(EditError)
    case intervention(String)
    case edited(position: Int)
    case vocabulary(tokens: Int, rows: Int)

    package var description: String {
        switch self {
        case .file(let error): "\(error)"
        case .folder(let error): "\(error)"
        case .model(let error): "\(error)"
        case .tokenizer(let error): "\(error)"
        case let .context(tokens, limit):
            "the text has \(tokens) tokens and the context holds \(limit); shorten the text or use a model with a longer context"
        case let .token(id, vocabulary): "token \(id) is outside the vocabulary of \(vocabulary)"
        case let .notFinite(position):
            "the model's numbers are not finite at position \(position); the file is damaged, fetch it again"
        case .edit(let error): "\(error)"
        case .intervention(let sentence): sentence
        case let .edited(position):
            "under the edits the model's numbers are not finite at position \(position); make them smaller or switch them off"
        case let .vocabulary(tokens, rows):
            "the tokenizer has \(tokens) tokens and the model \(rows) rows; the file is damaged, fetch it again"
        }
    }
}
