import Document
import Terminal
import Tokenizer

/// The one line of text above the footer, by what it is for.
extension State {
    mutating func pressInInput(_ key: Key, _ input: Overlay.Input) -> [Effect] {
        var input = input
        switch key {
        case .escape: return cancel(input)
        case .enter: return accept(input)
        case .tab:
            if input.purpose == .special { completeSpecial(input) }
            return []
        case .up where input.purpose == .find:
            input.line = LineInput(String(decoding: text.needle, as: UTF8.self))
            return changed(input)
        case .f(3) where input.purpose == .find, .ctrl("f") where input.purpose == .find:
            if !text.needle.isEmpty { find(next: true) }
            return []
        default:
            if input.isOffered, key.typed != nil || key == .backspace || key == .delete { input.line = LineInput() }
            guard input.line.take(key) || input.isOffered else { return [] }
            return changed(input)
        }
    }

    /// The line of an input changed.
    mutating func changed(_ input: Overlay.Input) -> [Effect] {
        var input = input
        input.isOffered = false
        overlay = .input(input)
        switch input.purpose {
        case .find:
            // From where it was begun, so that a letter taken back goes back.
            editor.move(to: input.origin)
            text.follows = true
            guard !input.line.scalars.isEmpty else { return [] }
            text.needle = Array(input.line.text.utf8)
            find(next: false)
        case .candidateFind: soughtChanged(input.line.text)
        default: break
        }
        return []
    }

    mutating func cancel(_ input: Overlay.Input) -> [Effect] {
        overlay = nil
        switch input.purpose {
        case .find:
            editor.move(to: input.origin)
            text.follows = true
        case .saveAs: afterSave = nil
        case .candidateFind: soughtChanged("")
        case .variable: askForVariable(file.values.count)
        default: break
        }
        return []
    }

    private mutating func accept(_ input: Overlay.Input) -> [Effect] {
        overlay = nil
        let typed = input.line.text
        switch input.purpose {
        case .find:
            // An empty line goes on with what was sought before.
            if typed.isEmpty, !text.needle.isEmpty { find(next: true) }
        case .saveAs: return acceptName(typed, input)
        case .export(let subject): return acceptExport(subject, typed, input)
        case .rename(let path):
            guard !typed.isEmpty, let entry = files.entries.first(where: { $0.path == path }) else { return [] }
            return [.rename(entry, to: typed)]
        case .special:
            guard tokenizer?.special(typed) != nil else {
                overlay = .input(input)
                say("\(typed) is not a special token of this model; Tab completes a name", .error)
                return []
            }
            return insertSpecial(typed)
        case .variable(let index):
            guard file.values.indices.contains(index) else { return [] }
            file.values[index] = typed
            showPrompt()
            askForVariable(index + 1)
        case .candidateFind: return acceptCandidateFind()
        case .bias(let id): return acceptBias(id, typed)
        case .field(let index): return acceptField(index, typed)
        case .compare(let asked): return acceptComparison(asked, typed, input)
        case .branchLabel(let id): editor.label(id, typed.trimmed)
        case .laboratoryExport: return acceptLaboratoryExport(typed, input)
        case .runExport(let run): return acceptRunExport(run, typed, input)
        case .breakpoints: acceptBreakpoints(input)
        case .lensToken: acceptLensToken(typed)
        case .partToken, .partAgainst: acceptPart(typed, input)
        case .patch: return acceptPatch(typed, input)
        case .panelExport(let panel): return acceptPanelExport(panel, typed, input)
        case .edit(let index): return acceptEdit(index, typed, input)
        case .editsSave, .editsOpen: return acceptEditsPath(typed, input)
        }
        return []
    }

    mutating func askToFind() {
        var start = ""
        if let selection = editor.selection, selection.count < 200, !editor.document.bytes[selection].contains(0x0A) {
            start = String(decoding: editor.copy(), as: UTF8.self)
            text.needle = editor.copy()
        }
        overlay = .input(.init(purpose: .find, label: "find", line: LineInput(start),
                               origin: editor.selection?.lowerBound ?? editor.cursor, isOffered: !start.isEmpty))
    }

    private mutating func completeSpecial(_ input: Overlay.Input) {
        guard let tokenizer else { return }
        let typed = input.line.text
        let names = (0..<tokenizer.count).filter { tokenizer.isSpecial(TokenID($0)) }
            .map { String(decoding: tokenizer.bytes(TokenID($0)), as: UTF8.self) }
        var fitting = names.filter { $0.hasPrefix(typed) }
        if fitting.isEmpty { fitting = names.filter { $0.contains(typed) } }
        guard let first = fitting.first else { return say("no special token of this model begins with \(typed)", .warning) }
        let common = fitting.dropFirst().reduce(first) { $0.commonPrefix(with: $1) }
        var next = input
        if common.count > typed.count { next.line = LineInput(common) }
        overlay = .input(next)
        if fitting.count > 1 { say(fitting.prefix(12).joined(separator: "  ") + (fitting.count > 12 ? "  …" : "")) }
    }
}

extension String {
    fileprivate func commonPrefix(with other: String) -> String {
        var view = String.UnicodeScalarView()
        for (one, two) in zip(unicodeScalars, other.unicodeScalars) {
            guard one == two else { break }
            view.append(one)
        }
        return String(view)
    }
}
