import ArgumentParser
import Glibc

/// Why the program stops early: the facts, with the prose and the exit status in one place.
enum Failure: Error, Equatable {
    case usage(String)
    case noModel(path: String)
    case unreadable(path: String, errno: Int32)
    case unwritable(path: String, errno: Int32)
    case empty
    case noTemplate(model: String, format: String?)
    case noTerminal
    /// The program started itself and got no text.
    case noFirstToken
    /// The reader of standard output has gone; that is its right.
    case closed
    case interrupted
    /// A signal ended the playground.
    case ended(signal: Int32, kept: String?)
}

extension Failure: CustomStringConvertible {
    var description: String {
        switch self {
        case .usage(let sentence): sentence
        case .noModel(let path):
            "There is no model at \(path); `make model` fetches the default one, `--model PATH` takes any other GGUF file."
        case .unreadable(let path, let code):
            "\(path) cannot be read (\(String(cString: strerror(code)))); check the path and its permissions."
        case .unwritable(let path, let code):
            "\(path) cannot be written (\(String(cString: strerror(code)))); check the path, its permissions and the space left."
        case .empty: "The text is empty; give at least one token of it."
        case .noTemplate(let model, let format):
            "\(model) has no chat format that Terrarium writes" + (format.map { " (its own is \($0))" } ?? "")
                + "; use `mode: complete` and write the turns yourself."
        case .noTerminal:
            "The playground needs a terminal for its input and output; `terrarium generate` works without one."
        case .noFirstToken: "The first token never came; try `terrarium generate` with the same model."
        case .closed, .interrupted: ""
        case .ended(let signal, let kept): "Ended by signal \(signal)." + (kept.map { " The unsaved text is \($0)." } ?? "")
        }
    }

    /// DESIGN.md section 7: 0, 1 failed, 2 usage; an interrupt as shells count it.
    var status: Int32 {
        switch self {
        case .usage: 2
        case .closed: 0
        case .interrupted: 128 + SIGINT
        case .ended(let signal, _): 128 + signal
        default: 1
        }
    }

    /// Says on standard error why, and gives the exit status.
    static func report(_ error: any Error) -> Int32 {
        if let failure = error as? Failure {
            if !failure.description.isEmpty { complain(failure.description) }
            return failure.status
        }
        if let code = error as? ExitCode { return code.rawValue }
        let code = Program.exitCode(for: error)
        guard code == .validationFailure else {
            if code.isSuccess {
                print(Program.fullMessage(for: error))
                return 0
            }
            complain("\(error)")
            return 1
        }
        let message = Program.fullMessage(for: error)
        complain(message.hasPrefix("Error: ") ? String(message.dropFirst(7)) : message)
        return 2
    }

    static func complain(_ sentence: String) {
        var rest = Array("terrarium: \(Visible.line(sentence))\n".utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
