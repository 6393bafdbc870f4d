import Document
import Engine
import Remote
import Terminal
import Tokenizer

/// What stands beside the document: a branch, a file, a typed prompt, or what other settings draw.
extension State {
    /// Compares the open document (A) with another text, and shows the panel.
    package mutating func compare(with document: Document, name: String) {
        compare.put(CompareState.Other(name: name, document: document))
        show(.compare)
    }

    /// Compares it with another node of its tree.
    package mutating func compare(withNode id: Node.ID) {
        guard let node = editor.tree[id] else { return say("that branch is of another document", .warning) }
        compare(with: editor.document(at: id), name: node.label.isEmpty ? "branch \(id)" : node.label)
    }

    mutating func compareWithMarked() {
        guard let marked = branches.marked else { return say("no branch is marked; m in the Branches panel marks one", .warning) }
        compare(withNode: marked)
    }

    mutating func ask(_ asked: CompareState.Asked) {
        var line = LineInput(), label = ""
        switch asked {
        case .file: label = "compare with the file"
        case .prompt:
            label = "compare with the prompt (\\n is a newline)"
            // A word of a short text is changed sooner than all of it is typed.
            if editor.document.count <= 400, editor.document.kept.allSatisfy({ !$0.special }) { line = LineInput(FieldText.escaped(editor.document.bytes)) }
        case .settings:
            label = "B draws with, such as temperature=1.2 seed=7"
            if compare.other?.settings != nil { line = LineInput(compare.other?.name ?? "") }
        case .table: label = "export as (.csv or .json)"
        }
        overlay = .input(.init(purpose: .compare(asked), label: label, line: line))
    }

    mutating func acceptComparison(_ asked: CompareState.Asked, _ typed: String, _ input: Overlay.Input) -> [Effect] {
        let text = typed.trimmed
        guard !text.isEmpty || asked == .settings else { return [] }
        switch asked {
        case .file: return [.readToCompare(path: pathToCompare(text))]
        case .prompt: compare(with: Document(text: FieldText.unescaped(typed)), name: "typed")
        case .settings: return compare(settings: text, input)
        case .table:
            guard let table = compareTable(path: text) else {
                overlay = .input(input)
                say("the name's ending says how it is written: .csv or .json", .warning)
                return []
            }
            return [.writeTable(path: expanded(text), bytes: table)]
        }
        return []
    }

    /// A name alone is looked for among the prompts.
    private func pathToCompare(_ typed: String) -> String {
        if !typed.contains("/"), let entry = files.entries.first(where: { $0.fileName == typed || $0.name == typed }) { return entry.path }
        return expanded(typed)
    }

    private func expanded(_ path: String) -> String {
        if path.hasPrefix("~/"), let home = files.home { return home + path.dropFirst(1) }
        return path
    }

    /// Lays a file out as it is when it is opened, beside the document.
    mutating func compare(withFile path: String, _ bytes: [UInt8]) {
        var beside = self
        beside.notice = nil
        _ = beside.opened(path, bytes)
        if let notice = beside.notice, notice.kind != .plain { say(notice.text, notice.kind) }
        compare(with: beside.editor.document, name: beside.file.name)
    }

    /// Both settings continue the text before the cursor, by one seed where none is given.
    private mutating func compare(settings line: String, _ input: Overlay.Input) -> [Effect] {
        var other = sampling
        do throws(SettingsLineError) { try other.apply(line: line, tokenizer) } catch {
            overlay = .input(input)
            say("\(error)", .warning)
            return []
        }
        guard let prompt = promptToCompare() else { return [] }
        let seed = sampling.seed ?? nextSeed()
        compare(with: Document(), name: line.isEmpty ? "the same settings" : line)
        compare.other?.settings = Comparing.Settings(a: sampling, seedA: seed, b: other, seedB: other.seed ?? seed)
        compare.other?.prompt = prompt
        return []
    }

    /// The ids of the text before the cursor, in a conversation with the model's turn opened; nil, and said why, where none can be continued.
    private mutating func promptToCompare() -> [TokenID]? {
        var beside = self
        if file.isChat, let tokenizer { beside.openAnswer(tokenizer) }
        guard let tokenizer else { return nil }
        let prompt = lead + beside.editor.document.ids(before: beside.editor.cursor, tokenizer: tokenizer)
        guard !prompt.isEmpty, prompt.count < contextLimit else {
            say(prompt.isEmpty ? "there is no text before the cursor to continue; type something first"
                : "the text before the cursor has \(prompt.count) tokens and the context holds \(contextLimit); shorten it", .warning)
            return nil
        }
        return prompt
    }

    // MARK: A server

    /// The model here and a server continue the text before the cursor, by the same settings.
    mutating func compare(with server: RemoteModel) -> [Effect] {
        switching = nil
        guard server.abilities.completes else {
            say("\(server.title) answers chats only, and does not continue a text", .warning)
            return []
        }
        guard let prompt = promptToCompare(), let tokenizer else { return [] }
        let seed = sampling.seed ?? nextSeed()
        compare(with: Document(), name: server.title)
        compare.other?.settings = Comparing.Settings(a: sampling, seedA: seed, b: sampling, seedB: seed)
        compare.other?.prompt = prompt
        compare.other?.server = server
        compare.other?.run = nextRun
        nextRun += 1
        let ignored = server.ignored(sampling).map(\.key)
        if !ignored.isEmpty { say("without effect there: \(ignored.joined(separator: ", "))", .warning) }
        // What the model here wants before a text is the server's own affair.
        let text = prompt.dropFirst(lead.count).flatMap(tokenizer.bytes)
        return [.ask(RemoteOrder(run: nextRun - 1, model: server, prompt: text, sampling: sampling, seed: seed, purpose: .comparison))]
    }

    mutating func wroteBeside(_ number: Int, _ tokens: [TextToken], _ end: TextEnd?) {
        guard compare.other?.server != nil, compare.other?.run == number, compare.other?.toldEnd == nil else { return }
        compare.other?.told += tokens.filter { !$0.bytes.isEmpty }
        compare.other?.toldEnd = end
    }
}

/// Why a line such as `temperature=1.2 seed=7` cannot be taken.
package enum SettingsLineError: Error, CustomStringConvertible {
    case form(String)
    case unknown(String)
    case value(FieldError)

    package var description: String {
        switch self {
        case .form(let word): "A setting is written key=value, and \"\(word)\" is not."
        case .unknown(let key): "There is no setting \"\(key)\"; there are \(SamplingField.all.map(\.key).joined(separator: ", "))."
        case .value(let error): "\(error)"
        }
    }
}

extension Sampling {
    /// Takes settings written as key=value with spaces between; a word without `=` belongs to the value before it.
    package mutating func apply(line: String, _ tokenizer: Tokenizer?) throws(SettingsLineError) {
        var settings: [(key: String, value: String)] = []
        for word in line.split(separator: " ") {
            if let equals = word.firstIndex(of: "="), equals > word.startIndex {
                settings.append((String(word[..<equals]), String(word[word.index(after: equals)...])))
            } else if settings.isEmpty { throw .form(String(word)) } else { settings[settings.count - 1].value += " " + word }
        }
        var next = self
        for (key, value) in settings {
            let name = String(key.lowercased().map { $0 == "-" ? "_" : $0 })
            guard let field = SamplingField.all.first(where: { $0.key == name || FieldText.short($0) == key }) else { throw .unknown(key) }
            do { try FieldText.put(value, field, &next, tokenizer) } catch { throw .value(error) }
        }
        self = next
    }
}
