import Document
import Engine
import Terminal
import Tokenizer

extension State {
    /// The one place where the state changes. Returns what the program has to carry out.
    package mutating func update(_ message: Message) -> [Effect] {
        var effects: [Effect] = []
        let before = sampling, filesWereShown = isShown(.files), historyWasShown = isShown(.history)
        switch message {
        case .event(let event): effects = handle(event)
        case .report(let report): effects = handle(report)
        case .opened(let path, let bytes): effects = opened(path, bytes)
        case .saved(let path): effects = saved(path)
        case .readToCompare(let path, let bytes): compare(withFile: path, bytes)
        case .readEdits(let path, let bytes): effects = readEdits(path, bytes)
        case .wroteTable(let path): say("exported to \(path)")
        case .experiment(let path, let found): effects = shots.asked == path ? readShots(path, found) : read(path, found)
        case .occupied(let path): occupied(path)
        case .exported(let export, let path): exported(export, path)
        case .inTheWay(let subject, let path): askToOverwrite(subject, path)
        case .renamed(let path, let next): renamed(path, to: next)
        case .duplicated(let path): duplicated(path)
        case .trashed(let path, let place): trashed(path, to: place)
        case .listed(let entries): files.take(entries)
        case .models(let found, let isWhole):
            if case .models(var picker) = overlay {
                picker.take(found, isWhole: isWhole)
                overlay = .models(picker)
            }
        case .servers(let found, let problem):
            if case .models(var picker) = overlay {
                picker.take(found)
                overlay = .models(picker)
            }
            if let problem { say(problem, .error) }
        case .previewed(let path, let bytes): files.preview(path, bytes)
        case .failed(let sentence):
            afterSave = nil
            say(sentence, .error)
        case .store(let report): effects = handle(report)
        case .recalled(let opened, let bytes): effects = recalled(opened, bytes)
        case .keep: effects = keep()
        case .changedOnDisk(let path, let bytes, let quietly): effects = changedOnDisk(path, bytes, quietly: quietly)
        }
        return effects + settle(resampled: sampling != before) + settleFiles(wereShown: filesWereShown) + settleComparison() + settleHistory(wasShown: historyWasShown) + settleLaboratory()
    }

    private mutating func handle(_ event: Event) -> [Effect] {
        switch event {
        case .key(let key):
            notice = nil
            return press(key)
        case .paste(let bytes): return pasted(bytes)
        case .pasteCut(let lost): say("the paste was longer than 16 MB; \(lost) bytes are missing", .warning)
        case .mouse(let mouse): return point(mouse)
        case .resize(let width, let height): size = (width, height)
        case .terminate, .hangup: return leave()
        case .resume: return [.redraw]
        case .focus(true): return [.listFiles]
        case .focus(false), .suspend: break
        }
        return []
    }

    /// Ends at once; everything is in the store.
    mutating func leave() -> [Effect] {
        isQuitting = true
        return interruptRun() + keep(closing: true) + [.quit]
    }

    private mutating func handle(_ report: Report) -> [Effect] {
        progress = nil
        switch report {
        case .progress(let done, let total): progress = (done, total)
        case .loading(let share): if readyModel == nil, server == nil { model = .loading(share) } else { switching?.share = share }
        case .noModel(let sentence) where readyModel != nil || server != nil:
            switching = nil
            say(sentence, .error)
        case .noModel(let sentence):
            let told = sentence.contains("make model") ? sentence : sentence + " `make model` fetches the default model, --model PATH takes any other GGUF file."
            model = .none(told)
            say(told, .error)
        case .loaded(let loaded):
            // A server goes on writing unless it is told; a model here has ended with its session.
            let effects = server == nil ? [] : interruptRun()
            adopt(loaded)
            return effects
        case .asking(let name):
            model = .none("\(name) is being asked what it can do")
            switching = Switching(name: name, isServer: true)
        case .connected(let server): return adopt(server)
        case .connectedBeside(let server): return compare(with: server)
        case .wroteBeside(let number, let tokens, let end): wroteBeside(number, tokens, end)
        case .notConnected(let sentence):
            switching = nil
            if case .none = model { model = .none("\(sentence) F4 lists models and servers.") }
            say(sentence, .error)
        case .wrote(let number, let tokens, let end, let rate): wrote(number, tokens, end, rate: rate)
        case .toldNext(let text, let token): toldNext(after: text, token)
        case .beside(let model): compare(withModel: model)
        case .notBeside(let sentence):
            switching = nil
            say(sentence, .error)
        case .reading(let version, let position, let logits):
            // While a stream goes on behind the place, its version rises and what stands before the place stays.
            if version == reading.version || run != nil, position == here.position { look(at: position, logits) }
        case .steps(let version, let start, let steps): reading.take(steps: steps, from: start, version: version)
        case .heads(let version, let query, let rows, let look):
            if version == reading.version || run != nil {
                reading.look = look
                reading.heads = (query, rows)
            }
        case .spread(let version, let heads, let entropies): if version == reading.version { reading.spread = (heads, entropies) }
        case .attributed(let version, let asked, let found): if version == reading.version { reading.attributed = (asked, found) }
        case .scores(let version, let scores): if version == reading.version { reading.scores = scores }
        case .map(let version, let map): if version == reading.version { reading.map = map }
        case .column(let version, let column, let weights): if version == reading.version { reading.column = (column, weights) }
        case .before(let version, let position, let logits):
            if version == reading.version { edits.before = (position, version, Distribution(logits: logits)) }
        case .notEdited: edits.switchOff()
        case .ablated(let number, let found, let seconds, let isDone): ablated(number, found, seconds: seconds, isDone: isDone)
        case .patched(let number, let findings, let seconds): patched(number, findings, seconds: seconds)
        case .notPatched(let number, let sentence): notPatched(number, sentence)
        case .lens(let version, let column): lens.take(column, version: version, reading)
        case .curve(let version, let id, let start, let values): reading.take(curve: id, from: start, values, version: version)
        case .sought(let version, let position, let ids, let logprob, let rank):
            if version == reading.version { reading.sought = (position, ids, logprob, rank) }
        case .answered(let version, let group, let found): shots.numbers.take(version: version, group: group, found)
        case .attended(let version, let weights): shots.numbers.take(version: version, attention: weights)
        case .generated(let number, let tokens, let logits, let rate, let perPass): return generated(number, tokens, logits, rate, perPass)
        case .ended(let number, let end): return ended(number, end)
        case .paused(let number, let pause): paused(number, pause)
        case .streams(let number, let news, let seconds): took(news, of: number, seconds: seconds)
        case .stopped(let number):
            if run?.number == number { finishRun("stopped") }
            if streams?.run == number { endStreams(.stopped) }
        case .failed(let number, let sentence):
            if number != nil, run?.number == number { finishRun("failed") }
            if number != nil, streams?.run == number { endStreams(.failed) }
            if let number { wroteBeside(number, [], .cut) }
            say(sentence, .error)
        case .compared(let number, let comparison): compare.take(comparison, number: number)
        case .notCompared(let number, let sentence):
            compare.fail(number: number)
            say("the texts cannot be compared: \(sentence)", .error)
        case .replayed(let number, let tokens, let end): return replayed(number, tokens, end)
        case .notReplayed(let number, let sentence): return endReplay(.failed(sentence), number: number)
        case .swept(let number, let news): swept(number, news)
        case .contrasted(let number, let contrast): contrasted(number, contrast)
        case .settled(let number): reading.isSettled = number == wishCount
        }
        return []
    }

    /// Brings what depends on the text up to date: tokens, lines, the samplers' view; and wishes for what is missing.
    private mutating func settle(resampled: Bool) -> [Effect] {
        if let tokenizer {
            editor.encode(with: tokenizer)
            let lead = tokenizer.addsBOS ? tokenizer.bos.map { [$0] } ?? [] : []
            reading.take(readIDs(after: lead), lead: lead.count)
        }
        settleEdits()
        settleTold()
        let layout = Layout(self)
        text.lay(out: editor, in: layout.text)
        settleBranches(layout)
        streams?.lay(out: layout.streams)
        if resampled { retrace() }
        reading.rank(atLeast: candidates.needed(rows: layout.rect(of: .candidates)?.height ?? 0))
        settleCandidates()
        attention.clamp(self)
        lens.follow(reading)
        settleTokens()
        settleShots()
        return wishes()
    }

    /// The document's tokens the model has read or will read: while a stream runs in the middle, those up to its end.
    package var readTokens: ArraySlice<DocToken> {
        let tokens = editor.document.tokens
        guard let run else { return tokens[...] }
        return tokens[..<tokens.firstIndex(endingAfter: run.range.upperBound)]
    }

    /// Their ids, after those that the model wants before them.
    func readIDs(after lead: [TokenID]) -> [TokenID] {
        let ids = editor.document.ids, count = readTokens.count
        return lead.isEmpty && count == ids.count ? ids : lead + ids[..<count]
    }

    /// The place whose numbers are shown: how many ids stand before it, and the document's token there.
    package var here: (position: Int, token: Int?) {
        let tokens = readTokens
        if let run, editor.cursor >= run.range.upperBound {
            return (reading.lead + max(0, tokens.count - 1), tokens.isEmpty ? nil : tokens.count - 1)
        }
        guard let index = editor.document.token(at: editor.cursor), index < tokens.count else { return (reading.lead + tokens.count, nil) }
        return (reading.lead + index, index)
    }

    /// Whether the text before the cursor fits the context.
    package var contextLimit: Int { readyModel?.shape.context ?? 0 }

    private mutating func wishes() -> [Effect] {
        guard readyModel != nil, streams?.isRunning != true else { return [] }
        var wish = Wish()
        wish.version = reading.version
        wish.ids = Array(reading.ids.prefix(contextLimit))
        wish.position = min(here.position, wish.ids.count)
        wish.attention = attention.wish(self)
        wish.edits = edits.active
        wish.before = !wish.edits.isEmpty && run == nil && isShown(.edits)
        wish.lens = run == nil ? lens.wish(self) : nil
        wish.attributed = run == nil ? attributionWish : nil
        wish.curve = alongWish
        wish.asked = isShotsDocument && isShown(.shots) && !shots.isChoosing ? shots.numbers.asked : nil
        if let sought = tokenizer?.encode(self.sought), overlay?.isCandidateFind == true || !self.sought.isEmpty { wish.sought = sought }
        if run != nil {
            // The stream brings its own numbers; only attention has to be asked for, when something new was shown.
            let isBehind = editor.cursor < (run?.range.upperBound ?? 0)
            guard isBehind || (wish.attention != nil && streamShown) else { return [] }
            streamShown = false
            if isBehind {
                // What is asked for there does not change with the tokens that are added.
                var place = wish
                (place.ids, place.version) = ([], 0)
                guard place != lastPlace else { return [] }
                lastPlace = place
            } else { wish.position = 0 }
        }
        guard wish != lastWish else { return [] }
        lastWish = wish
        wishCount += 1
        wish.number = wishCount
        reading.isSettled = false
        wish.measured = min(reading.measured, wish.ids.count)
        wish.asked?.known = shots.numbers.known
        if let asked = wish.lens { wish.lens?.known = lens.known(asked, self) }
        wish.curve?.known = min(alongValues.count, wish.ids.count)
        return [.wish(wish)]
    }

    // MARK: The shown distribution

    mutating func look(at position: Int, _ logits: [Float]) {
        guard position <= reading.ids.count else { return }
        let distribution = Distribution(logits: logits)
        reading.show(Reading.Here(position: position, distribution: distribution, trace: trace(logits, position)))
        if candidates.position != position { candidates.moved(to: position) }
    }

    mutating func retrace() {
        guard let here = reading.here else { return }
        reading.retrace(trace(here.distribution.logits, here.position))
    }

    private func trace(_ logits: [Float], _ position: Int) -> Trace {
        let ids = Array(reading.ids.prefix(position))
        var generated = ids[ids.count...]
        var seed = sampling.seed ?? 0
        if let run = run ?? lastRun, position >= run.promptCount, position <= run.promptCount + run.tokens {
            generated = ids[min(run.promptCount, ids.count)...]
            seed = run.seed
        } else if let byHand = candidates.byHand {
            generated = ids[min(byHand.promptCount, ids.count)...]
            seed = sampling.seed ?? byHand.seed
        }
        return Sampler.trace(logits: logits, context: ids, generated: generated, sampling: sampling, seed: seed, position: position)
    }
}

extension Overlay {
    var isCandidateFind: Bool { if case .input(let input) = self { input.purpose == .candidateFind } else { false } }
}

extension State {
    /// Takes the person's configuration as what a new document begins with.
    package mutating func configure(_ settings: PromptSettings) {
        standard.apply(numbers: settings)
        sampling = standard
    }
}
