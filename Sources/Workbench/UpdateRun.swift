import Document
import Engine
import Store
import Tokenizer

/// Generations: begun at the cursor, one undo step each, their text kept whatever ends them.
extension State {
    /// Why no generation can begin now; nil when it can.
    package var generationObstacle: String? {
        switch model {
        case .none(let reason): return reason
        case .loading(let share): return "the model is still loading (\(Number.whole(share * 100)) %)"
        case .ready: break
        case .remote(let server): if !server.abilities.completes { return "\(server.title) answers chats only, and does not continue a text" }
        }
        if isStreaming { return "a generation is running; Esc stops it" }
        return nil
    }

    /// Whether the model is writing.
    package var isStreaming: Bool { run != nil || streams?.isRunning == true }

    /// - Parameter forked: true when an undo step is open already and takes the generation in.
    mutating func beginRun(inOpenStep forked: Bool = false) -> [Effect] {
        if let obstacle = generationObstacle {
            say(obstacle, .warning)
            return []
        }
        if let server { return beginRun(on: server, inOpenStep: forked) }
        if !forked { editor.beginGroup(.generation) }
        guard let ids = idsToContinue(opensAnswer: !forked) else {
            editor.endGroup()
            return []
        }
        let seed = sampling.seed ?? nextSeed()
        run = Run(number: nextRun, seed: seed, sampling: sampling, range: editor.cursor..<editor.cursor, prompt: ids)
        run?.edits = edits.active
        editor.writes(Node.Run(settings: runSettings, seed: seed, model: readyModel?.fingerprint ?? ""))
        (lastRun, lastPlace) = (nil, nil)
        nextRun += 1
        text.follows = true
        var order = Order(run: nextRun - 1, ids: ids, sampling: sampling, seed: seed, breakpoints: breakpoints)
        order.edits = edits.active
        return [.generate(order)]
    }

    /// The ids before the cursor, in a conversation those of the model's turn that is opened for it; nil, and said why, where none
    /// can be continued.
    mutating func idsToContinue(opensAnswer: Bool = true) -> [TokenID]? {
        guard let tokenizer else { return nil }
        if let selection = editor.selection { editor.move(to: selection.upperBound) }
        if file.isChat, opensAnswer { openAnswer(tokenizer) }
        let lead = tokenizer.addsBOS ? tokenizer.bos.map { [$0] } ?? [] : []
        let ids = lead + editor.document.ids(before: editor.cursor, tokenizer: tokenizer)
        if !ids.isEmpty, ids.count < contextLimit { return ids }
        say(ids.isEmpty ? "there is no text before the cursor to continue; type something first"
            : "the text before the cursor has \(ids.count) tokens and the context holds \(contextLimit); shorten it", .warning)
        return nil
    }

    mutating func nextSeed() -> UInt64 { (draw() >> 33) % 1_000_000 }

    /// Draws from the state's own source; the high bits are the better ones.
    mutating func draw() -> UInt64 {
        seeds = seeds &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return seeds
    }

    /// Ends the run at once, by Esc or before an edit: the text so far stays, and what still arrives of it is not taken.
    mutating func interruptRun() -> [Effect] {
        guard run != nil else { return leaveStreams() }
        finishRun("stopped")
        return [.stopGeneration]
    }

    mutating func generated(_ number: Int, _ tokens: [Generation.Token], _ logits: [Float]?, _ rate: Double, _ perPass: Double) -> [Effect] {
        guard var run, run.number == number, let tokenizer else { return [] }
        let first = run.promptCount + run.tokens
        for token in tokens {
            let special = tokenizer.isSpecial(token.step.id)
            if token.isCut {
                let place = editor.cursor
                editor.replace(run.range.upperBound..<run.range.upperBound, with: token.bytes)
                if place < run.range.upperBound { editor.move(to: place) }
            } else {
                editor.insert(id: token.step.id, bytes: token.bytes, special: special, at: run.range.upperBound, logprob: token.step.logprob)
            }
            run.range = run.range.lowerBound..<run.range.upperBound + token.bytes.count
            if !token.isCut { run.written.append(token.step) }
            run.tokens += 1
        }
        (run.rate, run.perPass) = (rate, perPass)
        self.run = run
        editor.encode(with: tokenizer)
        let lead = Array(reading.ids.prefix(reading.lead))
        reading.take(readIDs(after: lead), lead: lead.count)
        for (index, token) in tokens.enumerated() where !token.isCut { reading.take(token.step, at: first + index) }
        if let logits, editor.cursor >= run.range.upperBound {
            look(at: max(0, reading.ids.count - 1), logits)
            streamShown = true
        }
        return []
    }

    mutating func ended(_ number: Int, _ end: Generation.End) -> [Effect] {
        guard run?.number == number else { return [] }
        if end == .eos, file.isChat, let tokenizer { openTurn(.user, tokenizer) }
        finishRun(end.words)
        if end == .context { say("the context of \(contextLimit) tokens is full; shorten the text to go on", .warning) }
        return []
    }

    mutating func finishRun(_ end: String) {
        guard var done = run else { return }
        done.end = end
        lastRun = done
        run = nil
        // What the stream kept the worker from doing is asked for again.
        lastWish = nil
        editor.endGroup(end)
        if done.tokens > 0 { remember(done, editor.tree.current, editor.document) }
    }

    /// Remembers a run that has ended, with the node that it wrote and the document there.
    mutating func remember(_ run: Run, _ node: Node.ID, _ document: Document) {
        remember(StoredRun(id: Int64(draw() >> 1), document: keeping.document, node: node, made: editor.clock,
                           model: modelTitle, fingerprint: modelFingerprint, promptIDs: run.prompt,
                           prompt: Array(document.bytes[..<min(run.range.lowerBound, document.count)]), ids: run.written.map(\.id),
                           text: Array(document.bytes[run.range.clamped(to: 0..<document.count)]), settings: Self.settings(run.sampling.json, run.edits),
                           seed: run.seed, end: run.end, rate: run.rate, logprobs: run.written.map(\.logprob)))
    }

    // MARK: Chat

    /// The roles' turns as the template marks them, read back from the document's chips and text.
    package var isAnswerOpen: Bool { openRole == .assistant }

    /// The role of the turn the cursor stands in; nil where no turn is open.
    var openRole: Speaker? {
        guard let tokenizer, let template = tokenizer.chatTemplate else { return nil }
        return template.openRole(in: editor.document.fragment(0..<editor.cursor))
    }

    /// Closes the person's turn and opens the model's, as the template does.
    mutating func openAnswer(_ tokenizer: Tokenizer) {
        guard !isAnswerOpen else { return }
        editor.move(.documentEnd)
        guard !isAnswerOpen else { return }
        openTurn(.assistant, tokenizer)
    }

    /// Ends the open turn and begins one of a role, at the cursor.
    mutating func openTurn(_ role: Speaker, _ tokenizer: Tokenizer) {
        guard let template = tokenizer.chatTemplate else { return }
        for part in template.turnBorder(closing: openRole, opening: role) {
            switch part {
            case .text(let bytes): editor.paste(bytes)
            case .special(let id): editor.insert(id: id, bytes: tokenizer.bytes(id), special: true, at: editor.cursor)
            }
        }
    }
}

extension Generation.End {
    /// As the screen names it.
    var words: String { TextEnd(self).words }
}
