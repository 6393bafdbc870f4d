import Document
import Engine
import Tokenizer

/// Opening, saving and naming; nothing that is unsaved goes without a question.
extension State {
    /// Takes a file's bytes as the document.
    mutating func opened(_ path: String, _ bytes: [UInt8]) -> [Effect] {
        let prompt: PromptFile
        if path.hasSuffix(".md") {
            do { prompt = try PromptFile(parsing: bytes, path: path) } catch {
                say("\(error)", .error)
                return []
            }
        } else {
            prompt = PromptFile(body: bytes)
        }
        let effects = interruptRun()
        file = OpenFile()
        file.path = path
        file.prompt = prompt
        readSampling()
        lastRun = nil
        if focusedPanel == .files || focus == .controls {
            focus = .document
            zoomed = false
        }
        if slots[0] == .files { slots[0] = .candidates }
        if !prompt.variables.isEmpty {
            file.isTemplate = true
            file.values = prompt.variables.map { $0.standard ?? "" }
            askForVariable(0)
        } else {
            showPrompt()
        }
        if !prompt.notices.isEmpty { say(prompt.notices.joined(separator: "; "), .warning) } else if let look = prompt.lookAt { say(look) }
        return effects
    }

    /// Lays the prompt out as a document: its variables filled in, its turns and special tokens as the model wants them.
    mutating func showPrompt() {
        let values = Dictionary(zip(file.prompt.variables.map(\.name), file.values.map { Array($0.utf8) }), uniquingKeysWith: { $1 })
        do throws(PromptFileError) {
            guard let tokenizer else {
                // Turns and special tokens are the model's affair: they are laid out once it is there.
                file.awaitsModel = file.isChat || file.prompt.specials || file.prompt.settings.logitBias != nil
                return reset(to: Document(text: try file.prompt.text(values)))
            }
            file.awaitsModel = false
            if file.isChat, tokenizer.chatTemplate == nil {
                say("this model's chat template (\(tokenizer.unknownTemplate ?? "none")) is not one Terrarium writes; the prompt is shown as plain text", .warning)
            }
            reset(to: try file.prompt.document(values, tokenizer: tokenizer))
            readSampling()
        } catch { say("\(error)", .error) }
    }

    /// The file's settings over the defaults.
    private mutating func readSampling() {
        sampling = standard
        do {
            if let tokenizer { try sampling.apply(file.prompt.settings, tokenizer: tokenizer) } else { sampling.apply(numbers: file.prompt.settings) }
            try sampling.validate()
        } catch { say("\(error)", .error) }
        file.sampling = sampling
    }

    private mutating func reset(to document: Document) {
        editor = Editor(document)
        editor.move(.documentEnd)
        text.follows = true
    }

    // MARK: Saving

    /// The file's bytes as they would be saved now.
    private mutating func rendered(path: String) throws -> [UInt8] {
        guard path.hasSuffix(".md") else { return editor.document.bytes }
        var prompt = file.prompt
        prompt.settings = prompt.settings.following(sampling).following(biases: sampling, read: file.sampling)
        if prompt.mode == .chat, let template = tokenizer?.chatTemplate, var turns = template.turns(of: editor.document) {
            // What the template adds by itself is not the file's.
            if prompt.system != nil || turns.first?.text == template.defaultSystem.map({ Array($0.utf8) }), turns.first?.role == .system { turns.removeFirst() }
            if turns.last?.role == .assistant, turns.last?.text.isEmpty == true { turns.removeLast() }
            prompt.body = PromptFile.body(of: turns)
        } else {
            prompt.mode = .complete
            if let tokenizer { file.notices = prompt.take(editor.document, tokenizer: tokenizer) } else { prompt.body = editor.document.bytes }
        }
        return try prompt.render(path: path)
    }

    mutating func save() -> [Effect] {
        guard let path = file.path, !file.isTemplate else {
            askForName()
            return []
        }
        return save(to: path)
    }

    mutating func save(to path: String) -> [Effect] {
        do { return [.save(path: path, bytes: try rendered(path: path))] } catch {
            say("\(error)", .error)
            return []
        }
    }

    mutating func saved(_ path: String) {
        file.path = path
        file.isTemplate = false
        editor.markSaved()
        say((["saved \(path)"] + file.notices).joined(separator: "; "))
    }

    mutating func askForName() {
        let suggestion = file.isTemplate ? "" : file.path ?? ""
        overlay = .input(.init(purpose: .saveAs, label: "save as", line: LineInput(suggestion)))
    }

    /// A name alone goes to the folder of the person's own prompts, with the ending of prompt files.
    func savePath(for name: String) -> String {
        let named = name.contains(".") ? name : name + ".md"
        return named.contains("/") ? named : files.ownFolder + "/" + named
    }

    mutating func askForNew() -> [Effect] {
        if editor.isDirty {
            overlay = .confirm(.init(purpose: .new, question: "\(file.name) has unsaved changes. Start a new document all the same?"))
            return []
        }
        return startNew()
    }

    mutating func startNew() -> [Effect] {
        let effects = interruptRun()
        file = OpenFile()
        sampling = standard
        file.sampling = standard
        lastRun = nil
        reset(to: Document())
        focus = .document
        return effects
    }

    mutating func askToOpen(_ path: String) -> [Effect] {
        if editor.isDirty {
            overlay = .confirm(.init(purpose: .open(path), question: "\(file.name) has unsaved changes. Open the other file all the same?"))
            return []
        }
        return [.read(path: path)]
    }

    mutating func askToQuit() -> [Effect] {
        if editor.isDirty, editor.document.count > 0 {
            overlay = .confirm(.init(purpose: .quit, question: "\(file.name) has unsaved changes. Quit all the same?"))
            return []
        }
        return leave()
    }

    // MARK: Variables

    mutating func askForVariable(_ index: Int) {
        guard file.prompt.variables.indices.contains(index) else { return showPrompt() }
        overlay = .input(.init(purpose: .variable(index), label: file.prompt.variables[index].name, line: LineInput(file.values[index])))
    }
}
