import Engine
import Foundation
import JSONText

/// Finds out what a server can do, by what its answers show: a setting has an effect where it makes chance go away, or changes what is likeliest.
struct RemoteProbe {
    private let server: Server
    private(set) var model = ""
    private(set) var abilities = Abilities()
    private(set) var latency = 0.0
    private(set) var speed: Double?
    private(set) var questions = 0
    private(set) var repetitionKey = "repetition_penalty"

    init(_ server: Server) { self.server = server }

    private static let prompt = "The old man looked at the sea and", list = "one two one two one two one two one two one two one"

    /// Only what has a part in the purpose is asked.
    mutating func run(for purpose: RemoteModel.Purpose, _ cancelled: () -> Bool) throws(RemoteFault) {
        try name(cancelled)
        try writing(cancelled)
        guard abilities.completes else { return }
        abilities.settings = [.maxTokens, .stop]
        switch purpose {
        case .everything:
            try chance(cancelled)
            try penalties(cancelled) { _ in true }
            try stream(cancelled)
            judging(cancelled)
        case .writing(let sampling):
            if sampling.isGreedy { try cold(cancelled) } else { try chance(cancelled) }
            try penalties(cancelled) { id in
                guard let field = SamplingField.all.first(where: { $0.id == id }) else { return false }
                return id == .logitBias ? !sampling.logitBias.isEmpty : field.value(in: sampling) != field.off
            }
            try stream(cancelled)
        case .judging:
            try cold(cancelled)
            judging(cancelled)
        }
    }

    /// Whether a temperature of 0 leaves nothing to chance.
    private mutating func cold(_ cancelled: () -> Bool) throws(RemoteFault) {
        let one = try complete(Self.prompt, 8, [("temperature", .integer(0))], cancelled)?.text
        if one != nil, try complete(Self.prompt, 8, [("temperature", .integer(0))], cancelled)?.text == one { abilities.settings.insert(.temperature) }
    }

    /// Which model is to be used; all that are listed come back.
    @discardableResult
    mutating func name(_ cancelled: () -> Bool) throws(RemoteFault) -> [String] {
        let start = Date()
        questions += 1
        let list = try server.ask("models", cancelled: cancelled)
        latency = Date().timeIntervalSince(start)
        let names = (list["data"]?.asArray ?? []).compactMap { $0["id"]?.asString }
        guard let name = server.connection.model ?? names.first else { throw .answer("it lists no model; say which in connections.yaml") }
        guard names.isEmpty || names.contains(name) else { throw .unable("the server has no model \(name); it has \(names.prefix(8).joined(separator: ", "))") }
        model = name
        return names
    }

    /// An answer to a question whose refusal means that the server cannot; that it cannot be reached still throws.
    private mutating func ask(_ path: String, _ fields: [(String, JSON)], _ cancelled: () -> Bool) throws(RemoteFault) -> Answer? {
        questions += 1
        do { return Answer(try server.ask(path, .object([("model", .string(model))] + fields), cancelled: cancelled)) } catch {
            if case .status(let code, _) = error, ![401, 403].contains(code) { return nil }
            throw error
        }
    }

    private mutating func complete(_ prompt: String, _ count: Int, _ fields: [(String, JSON)], _ cancelled: () -> Bool) throws(RemoteFault) -> Answer? {
        try ask("completions", [("prompt", .string(prompt)), ("max_tokens", .integer(count))] + fields, cancelled)
    }

    private mutating func writing(_ cancelled: () -> Bool) throws(RemoteFault) {
        // Some servers refuse more than they give.
        for count in [20, 5, 0] {
            let wanted: [(String, JSON)] = count > 0 ? [("logprobs", .integer(count))] : []
            guard let answer = try complete(Self.prompt, 1, [("temperature", .integer(0))] + wanted, cancelled) else { continue }
            abilities.completes = true
            abilities.topLogprobs = min(count, answer.tokens.first?.top.count ?? 0)
            abilities.tellsIDs = answer.tokens.first?.id != nil
            break
        }
        let turn = JSON.object([("role", .string("user")), ("content", .string("Hi."))])
        abilities.chats = try ask("chat/completions", [("messages", .array([turn])), ("max_tokens", .integer(1))], cancelled) != nil
        guard abilities.completes || abilities.chats else { throw .unable("the server neither completes texts nor answers chats at \(server.connection.base)") }
    }

    /// Text that is drawn hot, with one seed; nil where the server does not answer.
    private mutating func hot(_ seed: Int, _ fields: [(String, JSON)], _ cancelled: () -> Bool) throws(RemoteFault) -> String? {
        // Everything that may cut is off unless it is asked for.
        let off: [(String, JSON)] = [("top_k", .integer(0)), ("top_p", .integer(1)), ("min_p", .integer(0)), ("typical_p", .integer(1))].filter { field in
            !fields.contains { $0.0 == field.0 }
        }
        if let text = try complete(Self.prompt, 8, [("temperature", .number(1.5)), ("seed", .integer(seed))] + off + fields, cancelled)?.text { return text }
        return try complete(Self.prompt, 8, [("temperature", .number(1.5)), ("seed", .integer(seed))] + fields, cancelled)?.text
    }

    private mutating func chance(_ cancelled: () -> Bool) throws(RemoteFault) {
        let one = try hot(1, [], cancelled), again = try hot(1, [], cancelled), other = try hot(2, [], cancelled)
        try cold(cancelled)
        abilities.seeds = one != nil && one == again && one != other
        if abilities.seeds { abilities.settings.insert(.seed) }
        // Where nothing is left to chance anyway a cut shows nothing.
        guard one != other else { return }
        for (id, key, value) in [(SamplingField.ID.topK, "top_k", JSON.integer(1)), (.topP, "top_p", .number(0.000001)), (.minP, "min_p", .integer(1)), (.typicalP, "typical_p", .number(0.000001))] {
            let first = try hot(3, [(key, value)], cancelled), second = try hot(4, [(key, value)], cancelled)
            if first != nil, first == second { abilities.settings.insert(id) }
        }
    }

    private mutating func penalties(_ cancelled: () -> Bool, _ isWanted: (SamplingField.ID) -> Bool) throws(RemoteFault) {
        guard [SamplingField.ID.repetitionPenalty, .presencePenalty, .frequencyPenalty, .logitBias].contains(where: isWanted) else { return }
        func greedy(_ fields: [(String, JSON)]) throws(RemoteFault) -> String? { try complete(Self.list, 12, [("temperature", .integer(0))] + fields, cancelled)?.text }
        // Where the same question has two answers a third shows nothing.
        guard let plain = try greedy([]), try greedy([]) == plain else { return }
        for (id, key, value) in [(SamplingField.ID.repetitionPenalty, "repetition_penalty", 4.0), (.repetitionPenalty, "repeat_penalty", 4.0),
                                 (.presencePenalty, "presence_penalty", 2.0), (.frequencyPenalty, "frequency_penalty", 2.0)] where isWanted(id) && !abilities.settings.contains(id) {
            guard let text = try greedy([(key, .number(value))]), text != plain else { continue }
            abilities.settings.insert(id)
            if id == .repetitionPenalty { repetitionKey = key }
        }
        // The token that comes first anyway must not come any more.
        guard isWanted(.logitBias), abilities.tellsIDs, let first = try complete(Self.list, 1, [("temperature", .integer(0)), ("logprobs", .integer(1))], cancelled)?.tokens.first, let id = first.id else { return }
        let without = try greedy([("logit_bias", .object([("\(id)", .integer(-100))]))])
        if let without, without != plain { abilities.settings.insert(.logitBias) }
    }

    private mutating func stream(_ cancelled: () -> Bool) throws(RemoteFault) {
        questions += 1
        let fields: [(String, JSON)] = [("model", .string(model)), ("prompt", .string(Self.prompt)), ("max_tokens", .integer(24)), ("temperature", .integer(0)), ("stream", .literal("true"))]
        let reply = server.reply("completions", .object(fields))
        var count = 0, first: Date?
        do {
            while let json = try reply.event(cancelled) {
                if Answer(json) != nil { (count, first) = (count + 1, first ?? Date()) }
            }
        } catch {
            if error == .cancelled { throw error }
            return
        }
        abilities.streams = count > 0
        if count > 4, let first, Date() > first { speed = Double(count - 1) / Date().timeIntervalSince(first) }
    }

    private mutating func judging(_ cancelled: () -> Bool) {
        abilities.scoresPrompts = echoes(cancelled)
        guard !abilities.scoresPrompts else { return }
        let text = "The sky is blue and", answer = try? complete(text, 1, [("temperature", .integer(0)), ("prompt_logprobs", .integer(0))], cancelled)
        let told = answer?.prompt ?? []
        abilities.scoresByField = told.count > 1 && text.utf8.suffix(told.reduce(0) { $0 + $1.bytes.count }).elementsEqual(told.flatMap(\.bytes))
        abilities.scoresPrompts = abilities.scoresByField
    }

    /// Whether the tokens of a prompt come back with probabilities of their own; that they belong together is seen at each use.
    private mutating func echoes(_ cancelled: () -> Bool) -> Bool {
        let text = "The sky is blue and"
        guard let answer = try? complete(text, 1, [("temperature", .integer(0)), ("echo", .literal("true")), ("logprobs", .integer(1))], cancelled) else { return false }
        let values = answer.tokens.dropFirst().compactMap(\.logprob)
        return answer.tokens.flatMap(\.bytes).starts(with: text.utf8) && values.count == answer.tokens.count - 1 && Set(values).count > 2
    }
}
