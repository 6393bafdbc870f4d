import Engine
import Document
import Terminal
import Tokenizer
import Transformer

/// A model's file as far as its header tells, and whether it can be loaded here.
package struct FoundModel: Sendable, Equatable {
    package let path: String, place: String, name: String, family: String, quantization: String
    /// What a list calls it: the place's name for it, else the file's.
    package let title: String
    package let parameters: Int, context: Int, bytes: Int
    /// Why this engine does not run it; nil where nothing in the header speaks against it.
    package let problem: String?
    /// Whether the free memory holds it: weights are held nearly as they lie in the file, the rest is little beside them.
    package let fits: Bool

    package init(_ file: ModelPlaces.File, free: Int = freeMemory()) throws(EngineError) {
        let model = try ModelSummary(path: file.path)
        (path, place, name, family, quantization) = (model.path, file.place, file.name ?? model.name, model.family, model.quantization)
        title = file.name ?? model.title
        (parameters, context, bytes, problem) = (model.parameters, model.context, model.bytes, model.problem)
        fits = model.bytes + model.bytes / 8 < free
    }

    package var state: String { problem != nil ? "not supported" : fits ? "fits" : "too large" }
}

/// The list of models that were found and of servers that were named, narrowed by typing.
package struct ModelPicker: Sendable, Equatable {
    package enum Row: Sendable, Equatable {
        case model(FoundModel), server(FoundServer)

        package var title: String {
            switch self {
            case .model(let model): model.title
            case .server(let server): server.connection.name
            }
        }

        /// What words are looked for in.
        fileprivate var text: String {
            switch self {
            case .model(let model): "\(model.title) \(model.name) \(model.family) \(model.quantization) \(model.place) \(model.path)"
            case .server(let server): "\(server.connection.name) \(server.model) server \(server.connection.base.absoluteString)"
            }
        }

        /// What makes it the same row when more is known.
        fileprivate var key: String {
            switch self {
            case .model(let model): model.path
            case .server(let server): "server " + server.connection.name
            }
        }
    }

    package var line = LineInput()
    package private(set) var selected = 0
    package private(set) var found: [FoundModel] = []
    package private(set) var servers: [FoundServer] = []
    /// False while headers are still being read.
    package private(set) var isWhole = false
    /// What the chosen one is for.
    package enum Purpose: Sendable { case use, comparison }
    package let purpose: Purpose
    package init(for purpose: Purpose = .use) { self.purpose = purpose }

    /// The models and servers in which all typed words occur.
    package var rows: [Row] {
        let words = line.text.lowercased().split(separator: " ")
        return (found.map { Row.model($0) } + servers.map { Row.server($0) }).filter { row in
            let text = row.text.lowercased()
            return words.allSatisfy { text.contains($0) }
        }
    }

    package var chosen: Row? { rows.indices.contains(selected) ? rows[selected] : nil }

    mutating func select(_ index: Int) { selected = max(0, min(index, rows.count - 1)) }

    mutating func take(_ found: [FoundModel], isWhole: Bool) {
        let key = chosen?.key
        (self.found, self.isWhole) = (found, isWhole)
        select(rows.firstIndex { $0.key == key } ?? selected)
    }

    mutating func take(_ servers: [FoundServer]) {
        let key = chosen?.key
        self.servers = servers
        select(rows.firstIndex { $0.key == key } ?? selected)
    }
}

extension State {
    /// A model on its way while another is in use.
    package struct Switching: Sendable, Equatable {
        package let name: String
        package var share = 0.0
        /// A server is asked what it can do; nothing is loaded.
        package var isServer = false

        package var words: String { isServer ? "asking \(name)" : "loading \(name) \(Int(share * 100)) %" }
    }

    var modelsObstacle: String? {
        if laboratory.phase == .running { return "a sweep is running; pause or stop it first" }
        return switching.map { $0.isServer ? "\($0.name) is being asked" : "\($0.name) is being loaded" }
    }

    mutating func pressInModels(_ key: Key, _ picker: ModelPicker) -> [Effect] {
        var next = picker
        let page = max(1, ModelPickerView.parts(self).rows.height - 1)
        switch key {
        case .escape:
            overlay = nil
            return []
        case .enter: return picker.chosen.map { choose($0, for: picker.purpose) } ?? []
        default:
            if let row = PaletteState.row(key, from: picker.selected, page: page) { next.select(row) } else if next.line.take(key), next.line.scalars != picker.line.scalars { next.select(0) }
        }
        overlay = .models(next)
        return []
    }

    mutating func pointInModels(_ mouse: Mouse, _ picker: ModelPicker, _ step: Int) -> [Effect] {
        var next = picker
        if step != 0 { next.select(picker.selected + step) }
        overlay = .models(next)
        guard mouse.kind == .press else { return [] }
        let parts = ModelPickerView.parts(self)
        if parts.rows.contains(x: mouse.x, y: mouse.y) {
            next.select(ModelPickerView.top(picker, rows: parts.rows.height) + mouse.y - parts.rows.y)
            overlay = .models(next)
            return next.chosen.map { choose($0, for: picker.purpose) } ?? []
        }
        if !parts.box.contains(x: mouse.x, y: mouse.y) { overlay = nil }
        return []
    }

    private mutating func choose(_ row: ModelPicker.Row, for purpose: ModelPicker.Purpose) -> [Effect] {
        switch row {
        case .model(let model): return choose(model, for: purpose)
        case .server(let server): return choose(server, for: purpose)
        }
    }

    /// Asks a server what it can do; what is there stays in use until that is known.
    private mutating func choose(_ server: FoundServer, for purpose: ModelPicker.Purpose) -> [Effect] {
        if case .absent(let why) = server.status {
            say("\(server.connection.name): \(why)", .warning)
            return [.listModels]
        }
        overlay = nil
        switching = Switching(name: server.connection.name, isServer: true)
        return [.connect(server.connection, beside: purpose == .comparison)]
    }

    /// Loads a model in place of the one that is there, which stays until the other has come.
    private mutating func choose(_ model: FoundModel, for purpose: ModelPicker.Purpose) -> [Effect] {
        guard model.problem == nil else {
            say("\(model.title) is not supported; the list says why", .warning)
            return []
        }
        overlay = nil
        if purpose == .comparison, readyModel != nil {
            switching = Switching(name: model.title)
            return [.loadBeside(path: model.path)]
        }
        guard model.path != readyModel?.path else {
            say("\(model.title) is the model in use")
            return []
        }
        let effects = interruptRun() + (history.isReplaying ? endReplay(.stopped) : []) + stopAblation() + stopPatch()
        if readyModel != nil || server != nil { switching = Switching(name: model.title) } else { self.model = .loading(0) }
        return effects + [.load(path: model.path)]
    }

    /// Takes a model that has come: in place of another the document is laid out anew, and what was known by the other is dropped.
    mutating func adopt(_ next: Model) {
        let last = readyModel ?? departed
        (model, departed, switching, lastWish, lastPlace) = (.ready(next), nil, nil, nil, nil)
        if file.awaitsModel { if editor.isDirty { layOutTyped() } else { showPrompt() } }
        guard let last else { return }
        edits.switchOff()
        (edits.ablation, edits.patch, edits.before) = (nil, nil, nil)
        lens.forget()
        reading.invalidate()
        var told = ["the model is now \(next.title)"]
        if !last.tokenizer.hasSameTokens(as: next.tokenizer) {
            (attribution.token, attribution.against, lens.token, candidates.byHand, candidates.along) = (nil, nil, nil, nil, nil)
            sought = []
            if !sampling.logitBias.isEmpty {
                sampling.logitBias = [:]
                told.append("logit biases were dropped: they name tokens of the other vocabulary")
            }
            told += layOut(from: last.tokenizer.chatTemplate, for: next.tokenizer)
        }
        say(told.joined(separator: "; "))
    }

    /// Turns are written as the next model's template has them, other text is read anew; undo and branches stay.
    private mutating func layOut(from template: ChatTemplate?, for tokenizer: Tokenizer) -> [String] {
        let document = editor.document
        let turns = document.kept.contains(where: \.special) ? template?.turns(of: document) : nil
        editor.adopt(tokenizer)
        guard let template, var turns, !turns.isEmpty else { return [] }
        guard let next = tokenizer.chatTemplate else { return ["it has no chat template that is known, so the marks of turns are plain text"] }
        let open = template.openRole(in: document.fragment(0..<document.count)).flatMap { role in turns.last?.role == role ? turns.removeLast() : nil }
        if let first = turns.first, first.role == .system, String(decoding: first.text, as: UTF8.self) == template.defaultSystem { turns.removeFirst() }
        var parts = next.render(turns, answer: false)
        if let open { parts += (next.wrap(open.role) ?? next.user).opening + [.text(open.text)] }
        let laidOut = Document(parts: parts, tokenizer: tokenizer)
        editor.reload(laidOut, kind: .edit, cursor: laidOut.count)
        return ["the turns are written as \(next.name)"]
    }
}
