import ArgumentParser
import Engine
import Glibc
import JSONText
import Remote
import Tokenizer
import Workbench

/// A server that computes in place of this machine.
struct ServerOptions: ParsableArguments {
    @Option(parsing: .unconditional, help: ArgumentHelp("Ask this server of connections.yaml instead of a model here.", valueName: "name"))
    var server: String?

    /// The connection that is named; nil where none is.
    func connection() throws -> Connection? {
        guard let server else { return nil }
        let file = Locations().connections, all = try Connections.read(file)
        guard let connection = all.first(where: { $0.name == server }) else {
            throw Failure.usage("--server \(server): \(file) has " + (all.isEmpty ? "no servers." : "the servers \(all.map(\.name).joined(separator: ", "))."))
        }
        return connection
    }

    /// The server, asked what it can do, as far as it is for this; nil where none is named.
    func model(for purpose: RemoteModel.Purpose) throws -> RemoteModel? {
        guard let connection = try connection() else { return nil }
        Interrupt.watch()
        // A sweep of an hour does not end because a server is busy for a minute.
        let patience = if case .judging = purpose { Server.Patience(retries: 7) } else { Server.Patience() }
        do { return try RemoteModel(connection, for: purpose, patience: patience, cancelled: { Interrupt.raised }) } catch {
            throw Interrupt.raised ? Failure.interrupted : error
        }
    }

    static func refuse(_ edits: EditOptions) throws {
        guard edits.edits.isEmpty else { throw Failure.usage("--edit cannot go with --server: \(Abilities.inside).") }
    }
}

extension TextToken {
    /// What is not known is null.
    var fields: [(String, JSON)] {
        [("id", id.map { .integer($0) } ?? .null)] + JSON.text(bytes) + [("logprob", logprob.map { .number($0) } ?? .null)]
    }

    var guesses: [(String, JSON)] {
        guard let unknownMass else { return [] }
        let list = top.map { guess in
            JSON.object([("id", guess.id.map { .integer($0) } ?? .null)] + JSON.text(guess.bytes) + [("logprob", .number(guess.logprob))])
        }
        return [("top", .array(list)), ("unknown_mass", .number(unknownMass))]
    }
}
