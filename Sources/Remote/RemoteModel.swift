import Engine
import Foundation
import JSONText

/// A model behind a server's API; what it can do was found by asking it.
///
/// Invariants: what was handed on stays; an end without a reason is `cut`; a setting that has no effect there is not sent.
package final class RemoteModel: LanguageModel, Sendable {
    package let server: Server
    /// As the server names it.
    package let name: String
    package let abilities: Abilities
    package let status: Status
    /// Which of two spellings the server takes for the repetition penalty.
    private let repetitionKey: String

    package struct Status: Sendable, Equatable {
        /// Of a question about its models. Unit: seconds.
        package let latency: Double
        /// Unit: tokens a second, of one short answer; nil where it was too short to tell.
        package let speed: Double?
        /// Questions that finding out took.
        package let questions: Int
    }

    /// Servers that were started with a file name the model by its whole path.
    package var title: String { "\(server.connection.name): \(name.hasPrefix("/") ? String(name.split(separator: "/").last ?? "") : name)" }

    /// What a server is asked for: all that can be done with it, one continuation, or scores and greedy answers.
    package enum Purpose: Sendable { case everything, writing(Sampling), judging }

    /// Asks the server what it is and can do, in some twenty short questions; fewer where it is for one use only.
    /// Throws: where it cannot be reached, refuses, or neither completes nor chats.
    package convenience init(_ connection: Connection, for purpose: Purpose = .everything, patience: Server.Patience = .init(), cancelled: () -> Bool = { false }) throws(RemoteFault) {
        let server = try Server(connection, patience: patience)
        var probe = RemoteProbe(server)
        try probe.run(for: purpose, cancelled)
        self.init(server, probe)
    }

    /// Whether a server answers, after how long, and which models it lists: one short question. Unit: seconds.
    package static func look(_ connection: Connection, patience: Server.Patience, cancelled: () -> Bool = { false }) throws(RemoteFault) -> (latency: Double, models: [String]) {
        var probe = RemoteProbe(try Server(connection, patience: patience))
        let models = try probe.name(cancelled)
        return (probe.latency, models)
    }

    private init(_ server: Server, _ probe: RemoteProbe) {
        (self.server, name, abilities, repetitionKey) = (server, probe.model, probe.abilities, probe.repetitionKey)
        status = Status(latency: probe.latency, speed: probe.speed, questions: probe.questions)
    }

    // MARK: Writing

    package func generate(_ prompt: [UInt8], sampling: Sampling, seed: UInt64, top: Int, cancelled: () -> Bool,
                          token: (TextToken) throws -> Void) throws -> TextEnd? {
        guard abilities.completes else { throw RemoteFault.unable("\(title) answers chats only, and does not continue a text") }
        let fields = [("prompt", JSON.string(try Self.text(prompt)))] + self.fields(sampling, seed, top)
        return try run("completions", fields, sampling, cancelled, token)
    }

    /// The next turn of a chat, in the server's own template.
    package func answer(_ turns: [(role: String, text: [UInt8])], sampling: Sampling, seed: UInt64, top: Int, cancelled: () -> Bool,
                        token: (TextToken) throws -> Void) throws -> TextEnd? {
        guard abilities.chats else { throw RemoteFault.unable("\(title) continues texts only, and answers no chats") }
        var messages: [JSON] = []
        for turn in turns { messages.append(.object([("role", .string(turn.role)), ("content", .string(try Self.text(turn.text)))])) }
        var fields = self.fields(sampling, seed, 0)
        // Here the number has a name of its own.
        if let place = fields.firstIndex(where: { $0.0 == "logprobs" }) { fields[place...place] = [("logprobs", .literal("true")), ("top_logprobs", .integer(max(1, min(top, abilities.topLogprobs ?? top))))] }
        return try run("chat/completions", [("messages", .array(messages))] + fields, sampling, cancelled, token)
    }

    private func run(_ path: String, _ fields: [(String, JSON)], _ sampling: Sampling, _ cancelled: () -> Bool, _ token: (TextToken) throws -> Void) throws -> TextEnd? {
        let reply = server.reply(path, .object(fields + (abilities.streams ? [("stream", .literal("true"))] : [])))
        var finish: String?, hasWritten = false
        do {
            while let json = try abilities.streams ? reply.event(cancelled) : finish == nil ? reply.whole(cancelled) : nil {
                guard let answer = Answer(json) else {
                    // The last event may tell of nothing but numbers.
                    guard json["usage"] != nil || json["choices"] != nil else { throw RemoteFault.answer("an event without choices") }
                    continue
                }
                for piece in answer.whole {
                    hasWritten = true
                    try token(piece)
                }
                finish = answer.finish ?? finish ?? (abilities.streams ? nil : "")
            }
        } catch RemoteFault.cancelled {
            return nil
        } catch RemoteFault.broken where hasWritten {
            return .cut
        }
        return Self.end(finish, stops: !sampling.stop.isEmpty)
    }

    /// - Parameter stops: whether there are texts to stop at; servers call the model's own end by the same word.
    private static func end(_ finish: String?, stops: Bool) -> TextEnd {
        switch finish {
        case "eos", "eos_token": .eos
        case "stop", "stop_sequence": stops ? .stop : .eos
        case "length", "max_tokens": .length
        default: .cut
        }
    }

    /// JSON holds text only.
    private static func text(_ bytes: [UInt8]) throws(RemoteFault) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .unable("a server takes text in UTF-8 only, and this is not; mend the bytes, or use the model here") }
        return text
    }

    private func fields(_ sampling: Sampling, _ seed: UInt64, _ top: Int) -> [(String, JSON)] {
        var fields: [(String, JSON)] = [("model", .string(name)), ("max_tokens", .integer(sampling.maxTokens)), ("temperature", .number(sampling.temperature))]
        for field in SamplingField.all where abilities.settings.contains(field.id) && field.id != .temperature && field.id != .maxTokens {
            // Greedy is greedy: what cuts the rest is off, so that no server cuts first and differs.
            guard let value = sampling.isGreedy && Self.cuts.contains(field.id) ? field.off : field.value(in: sampling) else { continue }
            fields.append((field.id == .repetitionPenalty ? repetitionKey : field.key, field.isWhole ? .integer(Int(value)) : .number(value)))
        }
        if abilities.settings.contains(.logitBias), !sampling.logitBias.isEmpty {
            fields.append(("logit_bias", .object(sampling.logitBias.sorted { $0.key < $1.key }.map { ("\($0.key)", .number($0.value)) })))
        }
        if abilities.seeds { fields.append(("seed", .integer(seed & 0x7FFF_FFFF))) }
        let stops = sampling.stop.compactMap { String(validating: $0, as: UTF8.self) }
        if !stops.isEmpty { fields.append(("stop", .strings(stops))) }
        if let most = abilities.topLogprobs, most > 0 { fields.append(("logprobs", .integer(max(1, min(top, most))))) }
        return fields
    }

    private static let cuts: Set<SamplingField.ID> = [.topK, .typicalP, .topP, .minP]

    /// Settings that differ from doing nothing and have no effect there.
    package func ignored(_ sampling: Sampling) -> [SamplingField] {
        SamplingField.all.filter { field in
            guard !abilities.settings.contains(field.id) else { return false }
            if field.id == .logitBias { return !sampling.logitBias.isEmpty }
            guard !(sampling.isGreedy && Self.cuts.contains(field.id)) else { return false }
            return field.off.map { $0 != field.value(in: sampling) } ?? false
        }
    }

    // MARK: Judging

    package func score(_ text: [UInt8], top: Int, cancelled: () -> Bool) throws -> [TextToken] {
        guard abilities.scoresPrompts else {
            throw RemoteFault.unable("\(title) tells no probabilities of a prompt's tokens, so nothing can be scored there (it was asked with echo)")
        }
        if abilities.scoresByField { return try scoreByField(text, cancelled) }
        // Where the model would end, no token is behind the text: then it is asked again with words after which it goes on.
        for tail in [[], Array(" and the".utf8)] {
            let whole = text + tail, fields = self.fields(asking: try Self.text(whole), [("echo", .literal("true")), ("logprobs", .integer(max(1, min(top, abilities.topLogprobs ?? top))))])
            guard let answer = Answer(try server.ask("completions", .object(fields), cancelled: cancelled)) else { throw RemoteFault.answer("there are no choices in it") }
            if let tokens = try Self.prompt(whole, of: answer) { return try Self.first(text.count, of: tokens) }
        }
        throw RemoteFault.answer("no token comes behind the text, so it cannot be seen whether its probabilities belong to its tokens")
    }

    /// What every question for the numbers of a prompt has.
    private func fields(asking prompt: String, _ more: [(String, JSON)]) -> [(String, JSON)] {
        [("model", .string(name)), ("prompt", .string(prompt)), ("max_tokens", .integer(1)), ("temperature", .integer(0))] + more
    }

    /// Source: vLLM's documentation of `prompt_logprobs`, which names each token beside its number.
    private func scoreByField(_ text: [UInt8], _ cancelled: () -> Bool) throws -> [TextToken] {
        let json = try server.ask("completions", .object(fields(asking: try Self.text(text), [("prompt_logprobs", .integer(0))])), cancelled: cancelled)
        guard let answer = Answer(json), !answer.prompt.isEmpty else { throw RemoteFault.answer("there are no prompt_logprobs in it") }
        // The first has no number, and no name; a beginning that the server adds has none either.
        let all = answer.prompt.flatMap(\.bytes), hidden = text.count - all.count
        guard hidden >= 0, text.suffix(all.count).elementsEqual(all) else { throw RemoteFault.answer("the tokens it tells of are not the prompt's") }
        return (hidden > 0 ? [TextToken(bytes: Array(text[..<hidden]), id: nil, logprob: nil, top: [])] : []) + answer.prompt
    }

    /// The tokens of the first bytes, which a border of tokens ends.
    private static func first(_ count: Int, of tokens: [TextToken]) throws(RemoteFault) -> [TextToken] {
        var left = count
        let own = tokens.prefix { token in
            defer { left -= token.bytes.count }
            return left > 0
        }
        guard left <= 0, own.reduce(0, { $0 + $1.bytes.count }) == count else { throw .answer("the tokens it tells of are not the prompt's") }
        return Array(own)
    }

    /// The tokens of a prompt out of an answer that repeats it, with the one behind it that had to be asked for too.
    ///
    /// That one was the likeliest, so its place shows whether numbers and tokens belong together: llama-cpp-python's server sets
    /// them off by one where a text does not begin with the model's own first token, which it leaves out of the list where it does.
    /// - Returns: nil where none is behind it.
    /// Throws: where they do not belong together, or a token is without a number.
    static func prompt(_ text: [UInt8], of answer: Answer) throws(RemoteFault) -> [TextToken]? {
        let all = answer.tokens.flatMap(\.bytes)
        let hidden = (0...text.count).first { all.starts(with: text[$0...]) } ?? text.count
        var left = text.count - hidden, count = 0
        var tokens = hidden > 0 ? [TextToken(bytes: Array(text[..<hidden]), id: nil, logprob: nil, top: [])] : []
        while left > 0, count < answer.tokens.count {
            left -= answer.tokens[count].bytes.count
            count += 1
        }
        let own = answer.tokens.prefix(count)
        guard left == 0, !own.isEmpty else { throw .answer("the tokens it tells of are not the prompt's") }
        let isSilent = answer.tokens.count == own.count
        // Something was written and has no number: the list is too short at its end since it is too long elsewhere.
        if isSilent, answer.text.utf8.count <= text.count - hidden { return nil }
        guard !isSilent, let drawn = answer.tokens[own.count].logprob, let best = answer.tokens[own.count].top.first?.logprob, drawn >= best - 1e-3 else {
            throw .answer("its probabilities belong to other tokens than it says; some servers tell them right only of texts that begin with the model's first special token")
        }
        guard own.dropFirst().allSatisfy({ $0.logprob != nil }) else { throw .answer("tokens of the prompt are without a probability") }
        tokens += own
        return tokens
    }
}
