import GGUF
import JSONText

/// Why a folder of Hugging Face was refused.
package struct FolderError: Error, Sendable, CustomStringConvertible {
    /// The folder, or the file in it.
    package let path: String
    package let fault: FolderFault

    package var description: String { "\(path): \(fault.sentence)" }
}

/// The facts of a refusal.
package enum FolderFault: Error, Sendable, Equatable {
    case file(GGUFError)
    case json(JSONFault)
    case noFile(String)
    case noWeights(hasPickles: Bool)
    case tooLarge(bytes: Int, limit: Int)
    case key(String, expected: String, found: String)
    case modelType(String, supported: [String])
    case quantized(String)
    case header(String)
    case untied
    case tensor(String, String)
    case weightType(tensor: String, found: String)
    case tokenizer(String, supported: String)

    fileprivate var sentence: String {
        switch self {
        case .file(let error): error.fault.sentence
        case .json(let fault): "\(fault); fetch the file again."
        case .noFile(let name): "holds no \(name); a folder of Hugging Face has config.json, tokenizer.json and model.safetensors: fetch it whole."
        case .noWeights(let hasPickles):
            "holds no model.safetensors" + (hasPickles ? "; weights in pickled .bin files are not read, because reading them runs what they hold: fetch safetensors." : "; fetch the folder whole.")
        case let .tooLarge(bytes, limit): "has \(bytes) bytes where at most \(limit) are read; no known model has so many."
        case let .key(key, expected, found): "\(key) is \(found); \(expected) was expected."
        case let .modelType(found, supported): "is a model of the type \(found), which is not supported; \(supported.joined(separator: ", ")) are."
        case .quantized(let method): "holds weights quantised by \(method), which are not read; fetch the original weights, or a GGUF file."
        case .header(let what): "is not a sound safetensors file: \(what); fetch it again."
        case .untied: "has no lm_head.weight, though config.json does not tie it to the embedding; fetch the model with its head."
        case let .tensor(name, what): "the tensor \(name) \(what); fetch it again."
        case let .weightType(tensor, found): "the tensor \(tensor) is in \(found), which is not read; F32, F16 and BF16 are."
        case let .tokenizer(found, supported): "has \(found), which is not supported; \(supported)."
        }
    }
}
