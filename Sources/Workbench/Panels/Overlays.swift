import Terminal
import Tokenizer

/// What is open above the panels takes all keys, and the mouse.
extension State {
    mutating func pressInOverlay(_ key: Key) -> [Effect] {
        // These must work whatever is open.
        if let command = Command.find(key, in: [.everywhere]), [.quit, .suspend, .redraw].contains(command) { return perform(command) }
        switch overlay {
        case .help(let scroll): return pressInHelp(key, scroll)
        case .palette(let palette): return pressInPalette(key, palette)
        case .models(let picker): return pressInModels(key, picker)
        case .input(let input): return pressInInput(key, input)
        case .confirm(let confirm):
            guard let choice = confirm.choices.first(where: { $0.keys.contains(key) }) else { return [] }
            return answer(choice.answer, confirm)
        case .diff(let change): return pressInDiff(key, change)
        case nil: return []
        }
    }

    mutating func pointInOverlay(_ mouse: Mouse) -> [Effect] {
        let step = mouse.kind == .wheelUp ? -3 : mouse.kind == .wheelDown ? 3 : 0
        switch overlay {
        case .help(let scroll):
            if step != 0 { scrollHelp(to: scroll + step) }
            if mouse.kind == .press, !HelpView.box(self).contains(x: mouse.x, y: mouse.y) { overlay = nil }
        case .palette(let palette): return pointInPalette(mouse, palette, step)
        case .models(let picker): return pointInModels(mouse, picker, step)
        case .input(let input):
            if mouse.kind == .press, mouse.y != InputView.rect(self).y { return cancel(input) }
        case .confirm(let confirm):
            guard mouse.kind == .press, let choice = ConfirmView.choice(atX: mouse.x, y: mouse.y, confirm, self) else { return [] }
            return answer(choice.answer, confirm)
        case .diff(let change):
            if step != 0 { scrollDiff(change, by: step) }
            if mouse.kind == .press, !DiffView.box(change, self).contains(x: mouse.x, y: mouse.y) { overlay = nil }
        case nil: break
        }
        return []
    }

    mutating func pastedInOverlay(_ bytes: [UInt8]) -> [Effect] {
        let text = String(decoding: bytes, as: UTF8.self)
        if case .input(var input) = overlay {
            if input.isOffered { input.line = LineInput() }
            input.line.insert(text)
            return changed(input)
        }
        if case .palette(var palette) = overlay {
            palette.line.insert(text)
            palette.selected = 0
            overlay = .palette(palette)
        }
        if case .models(var picker) = overlay {
            picker.line.insert(text)
            picker.select(0)
            overlay = .models(picker)
        }
        return []
    }

    // MARK: Help

    private mutating func pressInHelp(_ key: Key, _ scroll: Int) -> [Effect] {
        let page = max(1, HelpView.box(self).interior.height - 1)
        switch key {
        case .escape, .char("q"), .char("?"), .f(1): overlay = nil
        case .up, .char("k"): scrollHelp(to: scroll - 1)
        case .down, .char("j"), .enter: scrollHelp(to: scroll + 1)
        case .pageUp: scrollHelp(to: scroll - page)
        case .pageDown, .char(" "): scrollHelp(to: scroll + page)
        case .home, .char("g"): scrollHelp(to: 0)
        case .end, .char("G"): scrollHelp(to: .max / 2)
        case .ctrl("p"): return perform(.palette)
        default: break
        }
        return []
    }

    private mutating func scrollHelp(to line: Int) {
        overlay = .help(scroll: max(0, min(line, HelpView.lastScroll(self))))
    }

    // MARK: Questions

    private mutating func answer(_ answer: Overlay.Confirm.Answer, _ confirm: Overlay.Confirm) -> [Effect] {
        overlay = nil
        switch answer {
        case .save:
            afterSave = confirm.purpose
            return save()
        case .go: return carryOut(confirm.purpose)
        case .look:
            afterSave = nil
            return perform(.diskChange)
        case .stay:
            switch confirm.purpose {
            case .overwrite(let path) where path != file.path: askForName(path)
            case .overwriteExport(let subject, let path): askForExport(subject, path)
            case .takeUp: return answerOffer(takeUp: false)
            default: afterSave = nil
            }
            return []
        }
    }

    /// Does what was asked about.
    mutating func carryOut(_ purpose: Overlay.Confirm.Purpose) -> [Effect] {
        switch purpose {
        case .quit: return leave()
        case .open(let path): return [.read(path: path)]
        case .new: return startNew()
        case .shots: return startShots()
        case .reopen: return reopen()
        case .reopenRun(let document, let node): return recall(document, at: node)
        case .openRun(let run): return open(run)
        case .openPrompt(let parts, let name): return openPrompt(parts, name)
        case .takeUp: return answerOffer(takeUp: true)
        case .overwrite(let path), .overwriteChanged(let path): return save(to: path, replacing: .anything)
        case .overwriteExport(let subject, let path): return export(subject, to: path, replacing: true)
        case .trash(let path): return files.entries.first { $0.path == path }.map { [.trash($0)] } ?? []
        }
    }

    // MARK: Panels under the mouse

    mutating func scroll(_ panel: Panel, by step: Int) -> [Effect] {
        switch panel {
        case .files: files.scroll(by: step, rows: FilesParts(self)?.list.height ?? 0)
        case .candidates: scrollCandidates(by: step)
        case .sampler: scrollSampler(by: step)
        case .attention: scrollInAttention(by: step)
        case .edits: return performInEdits(step < 0 ? .editUp : .editDown)
        case .lens: performInLens(step < 0 ? .lensUp : .lensDown)
        case .attribution: attribution.selected = max(0, attribution.selected + step)
        case .tokens: moveInTokens(by: step)
        case .compare: scrollComparison(by: step)
        case .branches: scrollBranches(by: step)
        case .shots: scrollShots(by: step)
        case .history: scrollHistory(by: step)
        case .laboratory: scrollLaboratory(by: step)
        }
        return []
    }

    /// A press inside a panel; x and y count from its inside's corner.
    mutating func clicked(_ panel: Panel, x: Int, y: Int, in rect: Rect) -> [Effect] {
        switch panel {
        case .files: return clickFiles(x: x, y: y)
        case .candidates: if candidates.along == nil { clickCandidates(y: y, in: rect) } else { clickAlong(x: x, in: rect) }
        case .sampler: clickSampler(y: y, in: rect)
        case .attention: clickInAttention(x: x, y: y, in: rect)
        case .lens: clickLens(x: x, y: y, in: rect)
        case .attribution: clickAttribution(y: y, in: rect)
        case .tokens: clickTokens(y: y, in: rect)
        case .edits: if edits.items.indices.contains(y) { edits.selected = y }
        case .compare: clickComparison(x: x, y: y, in: rect)
        case .branches: return clickBranches(y: y)
        case .shots: return clickShots(y: y)
        case .history: return clickHistory(x: x, y: y)
        case .laboratory: return clickLaboratory(x: x, y: y)
        }
        return []
    }
}

extension Overlay.Confirm {
    enum Answer: Sendable { case save, go, look, stay }
    struct Choice: Sendable {
        /// The first is the one named.
        let keys: [Key], label: String, answer: Answer
        var name: String { keys.first.map { "\($0)" } ?? "" }
    }

    var choices: [Choice] {
        func save(orElse label: String) -> [Choice] {
            // No Enter, and a capital: what is typed on in a hurry must neither throw a draft away nor write it over a file.
            [Choice(keys: [.char("s")], label: "save", answer: .save), Choice(keys: [.char("D")], label: label, answer: .go),
             Choice(keys: [.escape], label: "stay", answer: .stay)]
        }
        func go(_ key: Key, _ label: String, orElse other: String) -> [Choice] {
            [Choice(keys: [key, .char("y")], label: label, answer: .go), Choice(keys: [.escape, .char("n")], label: other, answer: .stay)]
        }
        return switch purpose {
        case .quit: save(orElse: "quit without")
        case .open, .reopen, .reopenRun, .openRun, .openPrompt: save(orElse: "open without")
        case .new, .shots: save(orElse: "go on without")
        case .takeUp: go(.char("t"), "take them up", orElse: "the file as it is, they stay among the branches")
        case .overwrite, .overwriteExport: go(.char("o"), "overwrite", orElse: "back")
        case .overwriteChanged:
            [Choice(keys: [.char("d")], label: "see how", answer: .look)] + go(.char("o"), "overwrite", orElse: "back")
        case .trash: go(.char("x"), "to the trash", orElse: "keep")
        }
    }
}
