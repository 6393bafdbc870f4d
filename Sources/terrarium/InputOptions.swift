import ArgumentParser
import Document
import Engine
import Glibc
import Tokenizer

/// Where the text comes from: a prompt file, any other file, standard input, or the command line.
struct InputOptions: ParsableArguments {
    @Argument(help: ArgumentHelp("A prompt file (.md), any other file, or - for standard input; the latter two are taken byte for byte."))
    var file: String?

    @Option(parsing: .unconditional, help: ArgumentHelp("The text itself, instead of a file.", valueName: "text"))
    var prompt: String?

    @Option(
        name: .customLong("var"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp("The value of a variable that the prompt file declares.", valueName: "name=value"))
    var variables: [String] = []

    @Flag(help: "Read the text of special tokens, such as <|im_start|>, as these tokens.")
    var specials = false

    func validate() throws {
        if file != nil, prompt != nil { throw ValidationError("Give either a file or --prompt, not both.") }
        for variable in variables where !variable.dropFirst().contains("=") {
            throw ValidationError("--var \(variable) has no value; write --var name=value.")
        }
    }

    func read() throws -> Input {
        if let prompt { return try plain(Array(prompt.utf8)) }
        guard let file, file != "-" else {
            if isatty(STDIN_FILENO) == 1 { Failure.complain("Reading the text from the terminal; Ctrl-D on an empty line ends it.") }
            return try plain(try readAll(STDIN_FILENO, "Standard input"))
        }
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure.unreadable(path: file, errno: errno) }
        defer { close(descriptor) }
        let bytes = try readAll(descriptor, file)
        guard file.hasSuffix(".md") else { return try plain(bytes) }
        let prompt = try PromptFile(parsing: bytes, path: file)
        for notice in prompt.notices { Failure.complain("\(file): \(notice)") }
        return try Input(prompt: prompt, path: file, specials: specials, values: values)
    }

    private func plain(_ bytes: [UInt8]) throws -> Input {
        if let name = values.first?.name { throw Failure.usage("--var \(name): only a prompt file (.md) declares variables.") }
        return Input(text: bytes, specials: specials)
    }

    private var values: [(name: String, value: String)] {
        variables.compactMap { text in
            guard let equals = text.firstIndex(of: "=") else { return nil }
            return (String(text[..<equals]), String(text[text.index(after: equals)...]))
        }
    }
}

/// Reads until the end.
func readAll(_ descriptor: Int32, _ name: String) throws(Failure) -> [UInt8] {
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = read(descriptor, &part, part.count)
        if count == 0 { return bytes }
        if count > 0 {
            bytes += part[..<count]
        } else if errno != EINTR {
            throw .unreadable(path: name, errno: errno)
        }
    }
}

/// A text on its way to ids.
struct Input {
    enum Source {
        case text([UInt8], specials: Bool)
        case prompt(PromptFile, path: String, values: [String: [UInt8]])
    }
    let source: Source

    init(text: [UInt8], specials: Bool) { source = .text(text, specials: specials) }

    init(prompt: PromptFile, path: String, specials: Bool, values: [(name: String, value: String)]) throws(Failure) {
        var prompt = prompt
        if specials { prompt.specials = true }
        for (name, _) in values where !prompt.variables.contains(where: { $0.name == name }) {
            throw .usage("--var \(name): \(path) declares " + (prompt.variables.isEmpty
                ? "no variables." : "the variables \(prompt.variables.map(\.name).joined(separator: ", "))."))
        }
        let pairs = values.map { ($0.name, Array($0.value.utf8)) }
        source = .prompt(prompt, path: path, values: Dictionary(pairs, uniquingKeysWith: { $1 }))
    }

    var settings: PromptSettings? {
        if case .prompt(let file, _, _) = source { return file.settings }
        return nil
    }

    /// What the model reads, as the playground has it; a model that wants a first token of its own gets it.
    func ids(_ tokenizer: Tokenizer, model: String) throws -> [TokenID] {
        var ids: [TokenID]
        switch source {
        case .text(let bytes, let specials):
            Self.warnOfMissing(bytes, tokenizer)
            ids = tokenizer.encode(bytes, specials: specials)
        case .prompt(let file, let path, let values):
            if file.mode == .chat, tokenizer.chatTemplate == nil {
                throw Failure.noTemplate(model: model, format: tokenizer.unknownTemplate)
            }
            var document = try file.document(values, tokenizer: tokenizer, path: path)
            document.encode(with: tokenizer)
            Self.warnOfMissing(document.bytes, tokenizer)
            ids = document.tokens.map(\.id)
        }
        if tokenizer.addsBOS, let bos = tokenizer.bos, ids.first != bos { ids.insert(bos, at: 0) }
        return ids
    }

    /// The text as it is, for a server that makes tokens of it itself; turns where the file is a chat.
    func plain() throws -> (text: [UInt8], turns: [Turn]?) {
        switch source {
        case .text(let bytes, _): return (bytes, nil)
        case .prompt(let file, let path, let values):
            return file.mode == .chat ? ([], try file.turns(values, path: path)) : (try file.text(values, path: path), nil)
        }
    }

    /// Some models have no token for bytes that no text holds; what is left out is said.
    private static func warnOfMissing(_ bytes: [UInt8], _ tokenizer: Tokenizer) {
        let missing = Set(tokenizer.missingBytes).intersection(bytes).sorted()
        guard !missing.isEmpty else { return }
        let names = missing.map { String($0, radix: 16, uppercase: true) }.joined(separator: ", ")
        Failure.complain("The model has no token for the bytes \(names); they are left out.")
    }

    /// The same, of a text that must not be empty.
    func someIDs(_ model: Model) throws -> [TokenID] {
        let ids = try ids(model.tokenizer, model: model.fileName)
        guard !ids.isEmpty else { throw Failure.empty }
        return ids
    }
}
