import Document
import Engine
import Tokenizer

/// Opening, saving and naming; nothing that is unsaved goes without a question.
extension State {
    /// Takes a file's bytes as the document. What is no sound prompt file is shown as the text it is.
    mutating func opened(_ path: String, _ bytes: [UInt8]) -> [Effect] {
        let effects = interruptRun() + keep(closing: true)
        file = OpenFile()
        (file.path, file.bytes) = (path, bytes)
        file.prompt = PromptFile(body: bytes)
        file.isRaw = !path.hasSuffix(".md")
        var news: (text: String, kind: Notice.Kind)?
        if path.hasSuffix(".yaml") {
            news = ("an experiment as text; ⏎ on it in Files runs it, and so does `terrarium experiment \(path)`", .plain)
        } else if !file.isRaw {
            do throws(PromptFileError) {
                file.prompt = try PromptFile(parsing: bytes, path: path)
                if !file.prompt.notices.isEmpty { news = (file.prompt.notices.joined(separator: "; "), .warning) }
                else if let look = file.prompt.lookAt, file.prompt.variables.isEmpty { news = (look, .plain) }
            } catch {
                file.isRaw = true
                news = ("\(error) It is shown as plain text and saved as it stands.", .error)
            }
        }
        backToDocument()
        files.filter = LineInput()
        files.choose(path)
        lastRun = nil
        file.values = file.prompt.variables.map { $0.standard ?? "" }
        file.isTemplate = !file.prompt.variables.isEmpty
        if let news { say(news.text, news.kind) }
        showPrompt()
        if file.isTemplate { askForVariable(0) } else { keeping.awaitedPath = path }
        return effects + (file.isTemplate ? [] : [.recallFile(path)])
    }

    /// Lays the prompt out as a document: its variables filled in, its turns and special tokens as the model wants them.
    mutating func showPrompt() {
        readSampling()
        do throws(PromptFileError) {
            let document = try file.layOut(tokenizer)
            if file.isChat, let tokenizer, tokenizer.chatTemplate == nil {
                let template = tokenizer.unknownTemplate ?? "none"
                say("this model's chat template (\(template)) is not one Terrarium writes; the prompt is shown as plain text", .warning)
            }
            reset(to: document)
            openForPerson()
            if editor.isDirty {
                editor = Editor(editor.document, made: editor.clock)
                editor.move(.documentEnd)
            }
        } catch { say("\(error)", .error) }
    }

    /// A conversation that was answered goes on with the person's turn.
    mutating func openForPerson() {
        guard file.isChat, let tokenizer, tokenizer.chatTemplate != nil else { return }
        let end = editor.document.count
        guard tokenizer.chatTemplate?.openRole(in: editor.document.fragment(0..<end)) == nil else { return }
        editor.move(.documentEnd)
        openTurn(.user, tokenizer)
    }

    /// Lays out what a person has typed into a prompt before the model was there, as one undo step.
    mutating func layOutTyped() {
        file.awaitsModel = false
        guard let tokenizer else { return }
        var prompt = file.prompt
        prompt.body = editor.document.bytes
        prompt.variables = []
        guard let document = try? prompt.document(tokenizer: tokenizer), document.kept.contains(where: \.special) else { return }
        editor.beginGroup()
        put(document.fragment(0..<document.count), in: 0..<editor.document.count)
        editor.endGroup()
    }

    /// Puts text and chips in place of a range; the cursor goes behind them.
    mutating func put(_ fragment: Fragment, in range: Range<Int>) {
        editor.replace(range, with: [])
        var end = 0
        for chip in fragment.kept {
            editor.paste(Array(fragment.bytes[end..<chip.range.lowerBound]))
            editor.insert(id: chip.id, bytes: Array(fragment.bytes[chip.range]), special: chip.special, at: editor.cursor)
            end = chip.range.upperBound
        }
        editor.paste(Array(fragment.bytes[end...]))
    }

    /// The file's settings over the defaults.
    mutating func readSampling() {
        sampling = standard
        do {
            if let tokenizer { try sampling.apply(file.prompt.settings, tokenizer: tokenizer) } else { sampling.apply(numbers: file.prompt.settings) }
            try sampling.validate()
        } catch { say("\(error)", .error) }
        file.sampling = sampling
    }

    mutating func reset(to document: Document) {
        editor = Editor(document, made: editor.clock)
        branches = BranchesState()
        editor.move(.documentEnd)
        text.follows = true
        reading.forget()
        beginKeeping()
    }

    // MARK: Saving

    /// True where closing the document would lose something.
    package var hasUnsaved: Bool { file.path == nil ? editor.isDirty && editor.document.count > 0 : editor.isDirty || sampling != file.sampling }

    /// The file's bytes as they would be saved now.
    mutating func rendered(path: String) throws(PromptFileError) -> [UInt8] {
        file.notices = []
        guard path.hasSuffix(".md"), !file.isRaw else { return editor.document.bytes }
        var prompt = file.prompt
        prompt.settings = prompt.settings.following(sampling, read: file.sampling)
        // The values stand in the text now.
        prompt.variables = []
        if file.awaitsModel || (prompt.mode == .chat && tokenizer?.chatTemplate == nil) {
            prompt.body = editor.document.bytes
        } else if prompt.mode == .chat, let turns = tokenizer?.chatTemplate?.turns(of: editor.document) {
            prompt.body = PromptFile.body(of: written(turns, &prompt))
        } else {
            // No longer wholly made of turns: kept as the text and chips it is.
            if prompt.mode == .chat {
                prompt.mode = .complete
                prompt.system = nil
                file.notices.append("the text is no longer made of turns, so the file is saved with mode complete")
            }
            if let tokenizer { file.notices += prompt.take(editor.document, tokenizer: tokenizer) } else { prompt.body = editor.document.bytes }
        }
        return try prompt.render(path: path)
    }

    /// The turns without what the template and the front matter's `system` add by themselves.
    private func written(_ turns: [Turn], _ prompt: inout PromptFile) -> [Turn] {
        var turns = turns
        if let first = turns.first, first.role == .system {
            var bare = file.prompt
            bare.system = nil
            let text = String(decoding: first.text, as: UTF8.self)
            if (try? bare.turns(file.answers))?.first?.role != .system {
                if prompt.system != nil {
                    prompt.system = text
                    turns.removeFirst()
                } else if text == tokenizer?.chatTemplate?.defaultSystem {
                    turns.removeFirst()
                }
            }
        } else {
            prompt.system = nil
        }
        // Opened for what comes next, and still empty.
        while let last = turns.last, last.role != .system, last.text.isEmpty { turns.removeLast() }
        return turns
    }

    mutating func save() -> [Effect] {
        guard let path = file.path, !file.isTemplate else {
            askForName()
            return []
        }
        return save(to: path, replacing: .known)
    }

    mutating func save(to path: String, replacing: Effect.Replacing) -> [Effect] {
        do throws(PromptFileError) {
            let bytes = try rendered(path: path)
            file.saving = bytes
            // What another program made of it is known, but not decided upon.
            return [.save(path: path, bytes: bytes, replacing: replacing == .known && file.change != nil ? .nothing : replacing)]
        } catch {
            afterSave = nil
            say("\(error)", .error)
            return []
        }
    }

    mutating func saved(_ path: String) -> [Effect] {
        file.path = path
        file.isTemplate = false
        if let bytes = file.saving, path.hasSuffix(".md"), !file.isRaw, let prompt = try? PromptFile(parsing: bytes, path: path) {
            file.prompt = prompt
            file.values = []
        }
        (file.bytes, file.saving, file.change) = (file.saving ?? file.bytes, nil, nil)
        file.sampling = sampling
        editor.markSaved()
        say((["saved \(path)"] + file.notices).joined(separator: "; "))
        guard let next = afterSave else { return [] }
        afterSave = nil
        return carryOut(next)
    }

    /// Something else than was read stands where the document was to be saved.
    mutating func occupied(_ path: String) {
        file.saving = nil
        overlay = path == file.path && !file.isTemplate
            ? .confirm(.init(purpose: .overwriteChanged(path), question: "\(path) was changed by another program since it was read here. Overwrite it?"))
            : .confirm(.init(purpose: .overwrite(path), question: "There is a file \(path) already. Overwrite it?"))
    }

    mutating func askForName(_ suggestion: String? = nil) {
        let path = suggestion ?? (file.isTemplate ? "" : file.path ?? "")
        overlay = .input(.init(purpose: .saveAs, label: "save as", line: LineInput(path)))
    }

    mutating func acceptName(_ typed: String, _ input: Overlay.Input) -> [Effect] {
        let name = typed.trimmed
        guard !name.isEmpty, !name.hasSuffix("/"), !name.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
            overlay = .input(input)
            say("type a file's name", .warning)
            return []
        }
        let path = savePath(for: name)
        if file.isTemplate, path == file.path {
            overlay = .input(input)
            say("\(path) is the prompt with the variables itself; give the filled one another name", .warning)
            return []
        }
        return save(to: path, replacing: path == file.path ? .known : .nothing)
    }

    /// A name alone goes to the folder of the person's own prompts; one without an ending gets that of prompt files.
    package func savePath(for name: String) -> String {
        var path = name
        if path.hasPrefix("~/"), let home = files.home { path = home + path.dropFirst(1) }
        let last = path.split(separator: "/").last ?? ""
        let ending = last.dropFirst().lastIndex(of: ".").map { last[$0...].dropFirst() } ?? ""
        let isEnding = (1...5).contains(ending.utf8.count) && ending.utf8.allSatisfy { $0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A }
        if !isEnding { path += ".md" }
        return path.contains("/") ? path : files.ownFolder + "/" + path
    }

    // MARK: Leaving the document

    mutating func askForNew() -> [Effect] { ask(.new, "Save it before a new one begins?") }
    mutating func askToOpen(_ path: String) -> [Effect] {
        ask(.open(path), path == file.path ? "Save it before it is read again?" : "Save it before the other is opened?")
    }
    mutating func askToQuit() -> [Effect] { ask(.quit, "Save it before leaving?") }

    mutating func ask(_ purpose: Overlay.Confirm.Purpose, _ question: String) -> [Effect] {
        afterSave = nil
        guard hasUnsaved else { return carryOut(purpose) }
        overlay = .confirm(.init(purpose: purpose, question: "\(file.path == nil ? "The document" : file.name) has unsaved changes. \(question)"))
        return []
    }

    mutating func startNew() -> [Effect] {
        let effects = interruptRun() + keep(closing: true)
        file = OpenFile()
        sampling = standard
        file.sampling = standard
        lastRun = nil
        reset(to: Document())
        backToDocument()
        return effects
    }

    // MARK: Variables

    mutating func askForVariable(_ index: Int) {
        let variables = file.prompt.variables
        guard variables.indices.contains(index), file.values.indices.contains(index) else {
            if let look = file.prompt.lookAt { say(look) }
            return
        }
        let label = variables.count == 1 ? variables[index].name : "\(variables[index].name) (\(index + 1) of \(variables.count))"
        overlay = .input(.init(purpose: .variable(index), label: label, line: LineInput(file.values[index]), isOffered: true))
    }
}

extension String {
    /// Without the spaces at its ends.
    var trimmed: String {
        var view = unicodeScalars[...]
        while view.first == " " { view.removeFirst() }
        while view.last == " " { view.removeLast() }
        return String(String.UnicodeScalarView(view))
    }
}
