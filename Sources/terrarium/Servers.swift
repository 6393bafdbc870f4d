import ArgumentParser
import Engine
import Glibc
import JSONText
import Remote
import Workbench

/// The servers that a person named, and what each can do.
struct Servers: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the servers of connections.yaml, whether they answer, and what each can do.",
        discussion: "Each is asked some twenty short questions: what a server says of itself is not always what it does.")

    @Argument(help: "Ask only this one.") var name: String?
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        let file = Locations().connections, all = try Connections.read(file)
        let connections = all.filter { name == nil || $0.name == name }
        if let name, connections.isEmpty { throw Failure.usage("\(file) has no server \(name).") }
        Interrupt.watch()
        var output = Output(), objects: [JSON] = [], failed = 0
        if connections.isEmpty, !json { try output.line("no servers in \(Visible.line(file)); see docs/beyond-one-machine.md") }
        for connection in connections {
            let found = Self.ask(connection)
            if case .failure(.cancelled) = found { throw Failure.interrupted }
            if case .failure = found { failed += 1 }
            if json { objects.append(Self.object(connection, found)) } else { try output.write((Self.text(connection, found)).utf8) }
            try output.flush()
        }
        if json { try output.line(JSON.array(objects).text) }
        try output.flush()
        if failed > 0, failed == connections.count { throw ExitCode.failure }
    }

    private static func ask(_ connection: Connection) -> Result<RemoteModel, RemoteFault> {
        do { return .success(try RemoteModel(connection, patience: .init(idle: 20, retries: 0), cancelled: { Interrupt.raised })) } catch { return .failure(error) }
    }

    private static func text(_ connection: Connection, _ found: Result<RemoteModel, RemoteFault>) -> String {
        let head = "\(Visible.line(connection.name))  \(Visible.line(connection.base.absoluteString))\n"
        switch found {
        case .failure(let fault): return head + "  not there: \(Visible.line("\(fault)"))\n"
        case .success(let model):
            let status = model.status, speed = status.speed.map { ", \(fixed($0, 1)) tok/s" } ?? ""
            var lines = [head + "  \(Visible.line(model.name)), answers after \(fixed(status.latency * 1000, 1)) ms\(speed) (\(status.questions) questions)"]
            for row in model.abilities.rows { lines.append("  \(row.name.padded(22))\(row.can ? "yes" : "no ") \(row.remark)") }
            return lines.joined(separator: "\n") + "\n"
        }
    }

    private static func object(_ connection: Connection, _ found: Result<RemoteModel, RemoteFault>) -> JSON {
        let head: [(String, JSON)] = [("name", .string(connection.name)), ("url", .string(connection.base.absoluteString))]
        switch found {
        case .failure(let fault): return .object(head + [("problem", .string("\(fault)"))])
        case .success(let model):
            let can = model.abilities
            return .object(head + [
                ("model", .string(model.name)), ("latency_ms", .number(model.status.latency * 1000)), ("tok_s", model.status.speed.map { .number($0) } ?? .null),
                ("completions", .literal("\(can.completes)")), ("chat", .literal("\(can.chats)")), ("streaming", .literal("\(can.streams)")),
                ("top_logprobs", can.topLogprobs.map { .integer($0) } ?? .null), ("prompt_logprobs", .literal("\(can.scoresPrompts)")),
                ("token_ids", .literal("\(can.tellsIDs)")), ("seed", .literal("\(can.seeds)")),
                ("settings", .strings(SamplingField.all.filter { can.settings.contains($0.id) }.map(\.key))), ("inside", .literal("\(can.showsInside)")),
            ])
        }
    }
}

extension String {
    fileprivate func padded(_ width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
