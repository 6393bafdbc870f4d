import Document
import Terminal
import Tokenizer

extension State {
    /// Why a command cannot run now; nil when it can. The palette shows it.
    package func obstacle(to command: Command) -> String? {
        if streams != nil, command.row.context != .streams, !Self.besideStreams.contains(command) {
            return "the streams are in front; ⏎ takes one, Esc leaves them"
        }
        return switch command {
        case .generate: generationObstacle
        case .streams: streams == nil ? generationObstacle : nil
        case .stop: run == nil && !history.isReplaying && streams == nil && overlay == nil && !zoomed && focus == .document ? "nothing is running or open" : nil
        case .models: modelsObstacle
        case .undo: editor.canUndo || run != nil ? nil : "nothing to undo"
        case .redo: editor.canRedo ? nil : "nothing to redo"
        case .copy, .cut: editor.selection == nil ? "nothing is selected" : nil
        case .paste: clipboard.isEmpty ? "nothing was copied here" : nil
        case .findNext: text.needle.isEmpty ? "nothing was searched for yet" : nil
        case .reopen: keeping.newest == nil ? "nothing is kept from before" : nil
        case .insertSpecial: tokenizer == nil ? "no model is loaded" : nil
        case .uncertainNext, .uncertainPrevious, .candidateUncertainNext, .candidateUncertainPrevious:
            editor.document.tokens.isEmpty ? "there are no tokens" : nil
        case .export, .fileExport: editor.document.count == 0 ? "the document is empty" : nil
        case .diskChange: file.change == nil ? "the file on the disk is as it was read or written here" : nil
        default:
            switch command.row.context {
            case let context where unavailability(in: context) != nil: unavailability(in: context)
            case .along: candidates.along == nil ? "no curve is shown; w in Candidates shows one" : nil
            case .byHand: candidates.byHand == nil ? "nothing is sampled by hand; m in Candidates begins" : nil
            case .candidates where server != nil: toldObstacle(to: command)
            case .candidates: reading.here == nil ? "no distribution is shown" : nil
            case .attention, .lens, .attribution, .tokens: reading.ids.isEmpty ? "there are no tokens" : nil
            case .compare: comparisonObstacle(to: command)
            case .history: historyObstacle(to: command)
            case .laboratory: laboratoryObstacle(to: command)
            case .shots: shotsObstacle(to: command)
            case .streams: streams == nil ? "no streams are shown; ^N makes some" : nil
            default: nil
            }
        }
    }

    /// What a server cannot do, where no panel says it.
    private func unavailability(in context: Command.Context) -> String? { Panel(rawValue: context.rawValue).flatMap { unavailability(of: $0) } }

    mutating func perform(_ command: Command) -> [Effect] {
        if let obstacle = obstacle(to: command) {
            if command != .stop { say("\(command.row.title): \(obstacle)", .warning) }
            return []
        }
        switch command.row.context {
        case .everywhere: return performEverywhere(command)
        case .document: return performInDocument(command)
        case .panel: performInPanel(command)
        case .candidates: return performInCandidates(command)
        case .along: return performAlong(command)
        case .byHand: return performByHand(command)
        case .sampler: performInSampler(command)
        case .controls: performInControls(command)
        case .attention:
            if command == .headZero { return toggleHeadEdit() }
            performInAttention(command)
        case .lens: performInLens(command)
        case .attribution: return performInAttribution(command)
        case .tokens: performInTokens(command)
        case .edits: return performInEdits(command)
        case .files: return performInFiles(command)
        case .compare: return performInCompare(command)
        case .history: return performInHistory(command)
        case .laboratory: return performInLaboratory(command)
        case .branches: return performInBranches(command)
        case .shots: return performInShots(command)
        case .streams: return performInStreams(command)
        }
        return []
    }

    private mutating func performEverywhere(_ command: Command) -> [Effect] {
        switch command {
        case .generate: return beginRun()
        case .streams: return beginStreams()
        case .breakpoints: askForBreakpoints()
        case .stop: return stopOrClose()
        case .focusNext: moveFocus(by: 1)
        case .focusPrevious: moveFocus(by: -1)
        case .palette: overlay = .palette(PaletteState())
        case .help: overlay = .help(scroll: 0)
        case .models:
            overlay = .models(ModelPicker())
            return [.listModels]
        case .quit: return askToQuit()
        case .suspend: return [.suspend]
        case .redraw: return [.redraw]
        case .open: show(.files)
        case .save: return save()
        case .saveAs: askForName()
        case .new: return askForNew()
        case .reopen: return askToReopen()
        case .export: askForExport(.document)
        case .diskChange: performDiskChange()
        case .tint: text.tint = text.tint.next
        case .boundaries: text.showsBoundaries.toggle()
        case .find: askToFind()
        case .findNext: find(next: true)
        case .undo: return undo()
        case .redo: return edit { $0.redo() }
        case .branches: show(.branches)
        case .history: show(.history)
        case .laboratory: showLaboratory()
        case .shots:
            if shots.builder == nil { shots.choose() }
            show(.shots)
            return [.listFiles]
        case .branchParent, .branchChild, .branchPrevious, .branchNext: return walkBranch(command)
        case .mouse:
            mouse.toggle()
            say(mouse ? "the mouse is on" : "the mouse is off: the terminal's own selection works")
            return [.setMouse(mouse)]
        case .theme:
            let names = Theme.themes.map(\.name)
            themeName = names[((names.firstIndex(of: themeName) ?? -1) + 1) % names.count]
            say("theme \(themeName)")
            return [.setTheme(themeName)]
        default: break
        }
        return []
    }

    /// Esc: the stream first, then the zoom, then back to the document; it never quits.
    private mutating func stopOrClose() -> [Effect] {
        if run != nil { return interruptRun() }
        if streams != nil { return stopOrLeaveStreams() }
        if history.isReplaying { return endReplay(.stopped) }
        if focusedPanel == .laboratory { leaveLaboratory() } else if zoomed { zoomed = false } else if focus != .document { backToDocument() }
        return []
    }

    private mutating func undo() -> [Effect] {
        let effects = interruptRun()
        lastRun = nil
        editor.undo()
        text.follows = true
        return effects
    }

    private mutating func performInPanel(_ command: Command) {
        switch command {
        case .nextPanel: turnPanel(by: 1)
        case .previousPanel: turnPanel(by: -1)
        case .zoom: if focusedPanel != nil { zoomed.toggle() }
        case .toDocument: backToDocument()
        case .panelExport: askForPanelExport()
        default: break
        }
    }

    private mutating func performInDocument(_ command: Command) -> [Effect] {
        if let (motion, extending) = Self.motions[command] {
            editor.move(motion, extending: extending)
            text.follows = true
            return []
        }
        switch command {
        case .up, .down, .pageUp, .pageDown, .lineStart, .lineEnd, .selectUp, .selectDown, .selectLineStart, .selectLineEnd:
            text.move(command, &editor, in: Layout(self).text)
            text.follows = true
        case .selectAll: editor.selectAll()
        case .uncertainNext, .uncertainPrevious: goToUncertain(forwards: command == .uncertainNext)
        case .newline: return edit { $0.newline() }
        case .tabCharacter: return edit { $0.insert([0x09]) }
        case .backspace: return edit { $0.backspace() }
        case .delete: return edit { $0.delete() }
        case .deleteWord: return edit { $0.deleteWordBackward() }
        case .copy:
            clipboard = editor.copy()
            return [.copy(clipboard)]
        case .cut:
            clipboard = editor.copy()
            return [.copy(clipboard)] + edit { _ = $0.cut() }
        case .paste:
            let bytes = clipboard
            return edit { $0.paste(bytes) }
        case .insertSpecial:
            overlay = .input(.init(purpose: .special, label: "special token, such as <|im_start|>", line: LineInput()))
        default: break
        }
        return []
    }

    private static let motions: [Command: (Editor.Motion, Bool)] = [
        .left: (.left, false), .right: (.right, false), .wordLeft: (.wordLeft, false), .wordRight: (.wordRight, false),
        .documentStart: (.documentStart, false), .documentEnd: (.documentEnd, false),
        .selectLeft: (.left, true), .selectRight: (.right, true),
        .selectWordLeft: (.wordLeft, true), .selectWordRight: (.wordRight, true),
    ]

    /// Selects the next place of the sought text, from the cursor or from behind the place shown.
    mutating func find(next: Bool) {
        let start = next ? editor.cursor : editor.selection?.lowerBound ?? editor.cursor
        guard let range = editor.search(text.needle, from: start) else {
            return say("\"\(String(decoding: text.needle, as: UTF8.self))\" is not in the document", .warning)
        }
        editor.select(range)
        text.follows = true
    }

    /// Inserts a special token as a chip.
    mutating func insertSpecial(_ name: String) -> [Effect] {
        guard let tokenizer else { return [] }
        guard let id = tokenizer.special(name) else {
            say("\(name) is not a special token of this model", .error)
            return []
        }
        return edit { $0.insert(id: id, bytes: tokenizer.bytes(id), special: true, at: $0.cursor) }
    }
}
