import Document
import Engine
import Store
import Terminal

/// Every run that the store holds, narrowed by words, and what is chosen among them.
package struct HistoryState: Sendable {
    /// What is done with a run once all of it has been read.
    enum Purpose: Sendable { case look, replay, open, export }

    package private(set) var runs: [FoundRun] = []
    package private(set) var selected = 0
    /// The first row on the screen.
    package private(set) var top = 0
    package var filter = LineInput()
    /// True while keys go to the filter.
    package internal(set) var isFiltering = false
    package private(set) var showsTrash = false
    /// The chosen run with everything, once it has been read.
    package private(set) var whole: StoredRun?
    package internal(set) var replay: Replay?
    /// How many questions are not answered yet: only the answer to the newest is taken.
    private var questions = 0
    /// True once an answer has come.
    package private(set) var isKnown = false
    /// True where the store holds more than is listed.
    var isStale = true
    /// The batch with the newest run.
    var awaitedBatch: Int?
    private var asked: StoredRun.ID?
    private var purpose: (id: StoredRun.ID, Purpose)?

    package init() {}

    package var chosen: FoundRun? { runs.indices.contains(selected) ? runs[selected] : nil }
    /// True while an answer is on its way.
    package var isAwaited: Bool { questions > 0 }
    package var isReplaying: Bool { replay?.isRunning == true }

    /// Asks for the runs anew.
    mutating func find() -> Effect {
        questions += 1
        isStale = false
        return .findRuns(filter.text, trashed: showsTrash)
    }

    mutating func take(_ found: [FoundRun]) {
        questions = max(0, questions - 1)
        guard questions == 0 else { return }
        let chosen = chosen?.id
        // Who stands at the top sees what is new.
        let followed = selected == 0 ? nil : found.firstIndex { $0.id == chosen }
        (runs, isKnown) = (found, true)
        select(followed ?? min(selected, max(0, found.count - 1)))
    }

    mutating func select(_ row: Int) { selected = max(0, min(row, runs.count - 1)) }

    mutating func toggleTrash() {
        showsTrash.toggle()
        (selected, top) = (0, 0)
    }

    /// Takes the chosen run out of the list; the one below is chosen.
    mutating func remove() {
        if runs.indices.contains(selected) { runs.remove(at: selected) }
        select(selected)
    }

    /// Asks for the whole of the chosen run, unless that has come or is on its way.
    mutating func read(for next: Purpose) -> [Effect] {
        guard let id = chosen?.id else { return [] }
        if next != .look { purpose = (id, next) } else if purpose?.id != id { purpose = nil }
        guard asked != id else { return [] }
        (asked, whole) = (id, nil)
        return [.readRun(id)]
    }

    /// Takes a whole run; what it was wanted for, where it was wanted.
    mutating func take(_ id: StoredRun.ID, _ run: StoredRun?) -> Purpose? {
        guard asked == id else { return nil }
        whole = run
        if run == nil { asked = nil }
        return due()
    }

    /// What is to be done with the run that has been read.
    mutating func due() -> Purpose? {
        guard let wanted = purpose, wanted.id == asked else { return nil }
        purpose = nil
        return wanted.1
    }

    /// Keeps the chosen row in sight.
    mutating func follow(rows height: Int) {
        top = max(min(top, selected), selected - height + 1)
        clamp(rows: height)
    }
    mutating func scroll(by step: Int, rows height: Int) {
        top += step
        clamp(rows: height)
        selected = max(top, min(selected, top + height - 1))
    }
    private mutating func clamp(rows height: Int) { top = max(0, min(top, runs.count - height)) }
}

extension State {
    func historyObstacle(to command: Command) -> String? {
        switch command {
        case .historyFilter, .historyShowTrash: nil
        case .historyReplay: history.chosen == nil ? "no run is listed" : readyModel == nil ? generationObstacle : nil
        default: history.chosen == nil ? "no run is listed" : nil
        }
    }

    mutating func performInHistory(_ command: Command) -> [Effect] {
        let page = max(1, (HistoryParts(self)?.list.height ?? 1) - 1)
        switch command {
        case .historyUp: history.select(history.selected - 1)
        case .historyDown: history.select(history.selected + 1)
        case .historyPageUp: history.select(history.selected - page)
        case .historyPageDown: history.select(history.selected + page)
        case .historyFirst: history.select(0)
        case .historyLast: history.select(.max / 2)
        case .historyFilter: history.isFiltering = true
        case .historyShowTrash:
            history.toggleTrash()
            return [history.find()]
        case .historyTrash: return trashRun()
        case .historyReopen: return reopenRun()
        case .historyReplay: return withWholeRun(.replay)
        case .historyOpen: return withWholeRun(.open)
        case .historyExport: return withWholeRun(.export)
        default: break
        }
        return []
    }

    private mutating func trashRun() -> [Effect] {
        guard let run = history.chosen else { return [] }
        history.remove()
        say(run.isTrashed ? "back from the trash" : "in the trash; u shows it, and x there takes it back")
        return [.trashRun(run.id, !run.isTrashed), history.find()]
    }

    // MARK: Opening

    /// Goes to where the run was written, in the open document or in the one that has to be opened for it.
    private mutating func reopenRun() -> [Effect] {
        guard let run = history.chosen else { return [] }
        guard run.document == keeping.document else { return ask(.reopenRun(run.document, run.node), "Save it before the run's is opened?") }
        let effects = interruptRun()
        backToDocument()
        goToRun(run.node)
        return effects
    }

    /// Walks to where a run was written.
    mutating func goToRun(_ node: Node.ID) {
        editor.breakUndo()
        guard editor.tree[node] != nil else { return say("the branch of this run is not in the document any more; o in History opens its text", .warning) }
        guard editor.tree.current != node else { return say("the document stands at this run") }
        _ = walk(to: node)
        say("the document as the run left it; undo goes back")
    }

    /// The prompt and what was written as a new document, with their ids, settings and logprobs.
    mutating func open(_ run: StoredRun) -> [Effect] {
        let effects = startNew()
        if let settings = Sampling(json: run.settings) { (sampling, file.sampling) = (settings, settings) }
        guard let tokenizer, readyModel?.fingerprint == run.fingerprint, let (prompt, continuation) = run.laidOut(tokenizer, after: lead) else {
            editor = Editor(Document(text: run.prompt + run.text), made: editor.clock)
            editor.move(.documentEnd)
            say("opened as text: its ids are not those of this model", .warning)
            return effects
        }
        var next = Editor(prompt, made: editor.clock)
        next.clock = editor.clock
        next.keep([continuation], at: prompt.count, chosen: 0, trashing: false)
        editor = next
        say("the run of \(ago(run.made)) as a new document, with its settings")
        return effects
    }

    // MARK: With all of a run

    /// Does something with the chosen run, once all of it has been read.
    private mutating func withWholeRun(_ purpose: HistoryState.Purpose) -> [Effect] {
        let effects = history.read(for: purpose)
        return history.whole?.id == history.chosen?.id ? effects + carryOutDue() : effects
    }

    mutating func took(_ id: StoredRun.ID, _ run: StoredRun?) -> [Effect] {
        let isWanted = history.take(id, run)
        guard let isWanted else { return [] }
        guard run != nil else {
            say("this run cannot be read", .error)
            return []
        }
        return carryOut(isWanted)
    }

    private mutating func carryOutDue() -> [Effect] { history.due().map { carryOut($0) } ?? [] }

    private mutating func carryOut(_ purpose: HistoryState.Purpose) -> [Effect] {
        guard let run = history.whole else { return [] }
        switch purpose {
        case .look: return []
        case .replay: return replay(run)
        case .open: return ask(.openRun(run), "Save it before the run is opened as another?")
        case .export:
            overlay = .input(.init(purpose: .runExport(run), label: "export the run as", line: LineInput("run-\(run.seed).json")))
            return []
        }
    }

    // MARK: Replay

    private mutating func replay(_ run: StoredRun) -> [Effect] {
        guard let model = readyModel else { return [] }
        guard let order = Replay.order(nextRun, run), !run.promptIDs.isEmpty else {
            say("this run cannot be drawn again: its settings cannot be read", .error)
            return []
        }
        nextRun += 1
        history.replay = Replay(order.run, run, fingerprint: model.fingerprint)
        return [.replay(order)]
    }

    mutating func replayed(_ number: Int, _ tokens: [Generation.Token], _ end: Generation.End?) -> [Effect] {
        guard history.replay?.number == number, history.isReplaying else { return [] }
        history.replay?.take(tokens, end)
        return tellReplay(stopping: end == nil)
    }

    mutating func endReplay(_ outcome: Replay.Outcome, number: Int? = nil) -> [Effect] {
        guard history.isReplaying, number == nil || number == history.replay?.number else { return [] }
        history.replay?.outcome = outcome
        return tellReplay(stopping: outcome == .stopped)
    }

    /// Says what came of it, once something has.
    private mutating func tellReplay(stopping: Bool) -> [Effect] {
        guard let replay = history.replay, let outcome = replay.outcome else { return [] }
        let kind: Notice.Kind = switch outcome { case .same: .plain; case .stopped: .plain; case .different: .warning; case .failed: .error }
        say("replay: " + replay.words(tokenizer), kind)
        return stopping ? [.replay(nil)] : []
    }

    // MARK: Keys and mouse

    /// A key while the filter is being typed; nil where it is none of the filter's.
    mutating func pressInHistoryFilter(_ key: Key) -> [Effect]? {
        guard history.isFiltering, focusedPanel == .history else { return nil }
        let before = history.filter.scalars
        switch key {
        case .escape: (history.filter, history.isFiltering) = (LineInput(), false)
        case .enter: history.isFiltering = false
        case .up, .down, .pageUp, .pageDown:
            let commands: [Key: Command] = [.up: .historyUp, .down: .historyDown, .pageUp: .historyPageUp, .pageDown: .historyPageDown]
            return commands[key].map { performInHistory($0) }
        default: if !history.filter.take(key) { return nil }
        }
        return history.filter.scalars == before ? [] : [history.find()]
    }

    /// Nil where the bytes did not belong to the filter.
    mutating func pastedInHistoryFilter(_ bytes: [UInt8]) -> [Effect]? {
        guard history.isFiltering, focusedPanel == .history else { return nil }
        history.filter.insert(String(decoding: bytes, as: UTF8.self))
        return [history.find()]
    }

    mutating func scrollHistory(by step: Int) { history.scroll(by: step, rows: HistoryParts(self)?.list.height ?? 0) }

    /// A press in the panel, counted from its inside's corner: chooses, and reopens what is chosen already.
    mutating func clickHistory(x: Int, y: Int) -> [Effect] {
        guard let parts = HistoryParts(self), parts.list.contains(x: x + parts.inside.x, y: y + parts.inside.y) else { return [] }
        let row = y + parts.inside.y - parts.list.y + history.top
        guard history.runs.indices.contains(row) else { return [] }
        if row == history.selected { return reopenRun() }
        history.select(row)
        return []
    }

    /// Keeps the list in its panel and asks for what it lacks: the list when it comes to be shown or a run was kept, the whole of
    /// the chosen run where there is room for it.
    mutating func settleHistory(wasShown: Bool) -> [Effect] {
        if focusedPanel != .history { history.isFiltering = false }
        guard let parts = HistoryParts(self) else { return [] }
        history.follow(rows: parts.list.height)
        let list: [Effect] = !wasShown || history.isStale ? [history.find()] : []
        return parts.detail.isEmpty ? list : list + history.read(for: .look)
    }
}
