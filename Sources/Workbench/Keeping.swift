import Document
import Engine
import Foundation
import Store

/// How far the document has come into the store. What is kept there outlives the program, whatever ends it.
package struct Keeping: Sendable {
    /// The name of the open document in the store.
    package var document: StoredDocument.ID = 0
    /// The numbers of the newest batch that was handed over, and of the newest that is on the disk.
    package internal(set) var handed = 0, acknowledged = 0
    /// True from when something could not be written until something is.
    package internal(set) var fails = false
    /// What an older start left: what a crash left first, else the newest session.
    package internal(set) var newest: StoredDocument?
    package internal(set) var wasCrash = false
    /// A kept document that waits for an answer.
    var offered: Opened?
    /// The node to be walked to, once its document has come.
    var sought: (document: StoredDocument.ID, node: Node.ID)?
    /// The file whose kept document was asked for.
    var awaitedPath: String?
    /// The runs that are not handed over yet.
    var runs: [StoredRun] = []
    var mark: Mark?
    /// Nodes since the last snapshot.
    var nodes = 0

    /// What else than nodes is worth a batch.
    struct Mark: Sendable, Equatable {
        var node: Node.ID
        var sampling: Sampling
        var path: String?
        var isDirty: Bool
    }

    /// Nodes that may have to be walked from a snapshot.
    static let walk = 500
    package init() {}
}

/// What is kept of a document beside its nodes, as JSON text.
struct KeptSettings: Codable {
    var sampling: Sampling
    var isChat: Bool
    /// The node that stood in the file, and a hash of the file then.
    var saved: Node.ID?
    var file: UInt64?

    var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    init(sampling: Sampling, isChat: Bool, saved: Node.ID?, file: UInt64?) {
        (self.sampling, self.isChat, self.saved, self.file) = (sampling, isChat, saved, file)
    }

    init?(json: String) {
        guard let read = try? JSONDecoder().decode(KeptSettings.self, from: Data(json.utf8)), (try? read.sampling.validate()) != nil else { return nil }
        self = read
    }

    /// FNV-1a.
    static func hash(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}

extension State {
    /// True where something of the document is not yet on its way to the store.
    package var hasUnkept: Bool {
        guard editor.document.count > 0 || editor.tree.count > 1 else { return false }
        return editor.hasChanged || !keeping.runs.isEmpty || keeping.mark != mark
    }

    /// True where everything of the document is on the disk, in the store.
    package var isKept: Bool { keeping.acknowledged == keeping.handed && keeping.handed > 0 && !hasUnkept }

    private var mark: Keeping.Mark {
        Keeping.Mark(node: editor.tree.current, sampling: sampling, path: file.path, isDirty: editor.isDirty)
    }

    /// Hands over what has changed since this was last done.
    mutating func keep(closing: Bool = false) -> [Effect] {
        let close: [Effect] = closing && keeping.handed > 0 ? [.close(keeping.document)] : []
        guard hasUnkept else { return close }
        let nodes = editor.takeChanged()
        keeping.nodes += nodes.count
        let settings = KeptSettings(sampling: sampling, isChat: file.isChat, saved: editor.saved, file: file.hash)
        var batch = Batch(document: keeping.document, path: file.path, title: StoredDocument.title(of: editor.document.bytes),
                          settings: settings.json, current: editor.newest, place: editor.place, nodes: nodes, runs: keeping.runs)
        if keeping.nodes > Keeping.walk {
            batch.snapshot = Snapshot(node: editor.tree.current, document: editor.document(at: editor.tree.current))
            keeping.nodes = 0
        }
        keeping.handed += 1
        if !keeping.runs.isEmpty { history.awaitedBatch = keeping.handed }
        (keeping.runs, keeping.mark) = ([], mark)
        return [.keep(batch, number: keeping.handed)] + (closing ? [.close(keeping.document)] : [])
    }

    /// Another document than the one that was open.
    mutating func beginKeeping(as document: StoredDocument.ID? = nil) {
        keeping.document = document ?? StoredDocument.ID(draw() >> 1 | 1)
        (keeping.runs, keeping.mark, keeping.nodes) = ([], nil, 0)
        (keeping.offered, keeping.awaitedPath) = (nil, nil)
        branches = BranchesState()
    }

    /// Remembers a run that has ended.
    mutating func remember(_ run: StoredRun) { keeping.runs.append(run) }

    mutating func handle(_ report: StoreReport) -> [Effect] {
        switch report {
        case .kept(let number):
            (keeping.acknowledged, keeping.fails) = (max(keeping.acknowledged, number), false)
            if let awaited = history.awaitedBatch, awaited <= number { (history.awaitedBatch, history.isStale) = (nil, true) }
        case .failed(let sentence):
            keeping.fails = true
            say(sentence, .error)
        case .opened(let opened): return [.readKept(opened)]
        case .notOpened(let id, let sentence): if id == keeping.newest?.id || id == keeping.sought?.document { say(sentence, .error) }
        case .unclosed(let documents):
            if let document = documents.first { offer(document, crash: true) }
        case .newest(let document):
            if let document, keeping.newest.map({ $0.touched < document.touched }) ?? true { offer(document, crash: false) }
        case .setAside(_, let sentence):
            say(sentence, .warning)
            editor.tellAll()
            keeping.mark = nil
        case .found(_, let runs): history.take(runs)
        case .run(let id, let run): return took(id, run)
        }
        return []
    }

    private mutating func offer(_ document: StoredDocument, crash: Bool) {
        (keeping.newest, keeping.wasCrash) = (document, crash)
        guard file.path == nil, !editor.isDirty, let key = Command.reopen.row.keys.first else { return }
        // That there is no model stands in the empty document too.
        if case .none(let told) = model, notice?.text == told { notice = nil }
        guard notice == nil else { return }
        let name = document.path.map { String($0.split(separator: "/").last ?? "") }
        let what = [name, document.title.isEmpty ? nil : "\u{201C}\(document.title)\u{201D}"].compactMap { $0 }.joined(separator: " ")
        say(crash ? "the last session was ended without being closed: \(what), kept \(ago(document.touched)); \(key) opens it again"
            : "\(key) opens the newest session again: \(what), \(ago(document.touched))", crash ? .warning : .plain)
    }

    /// How long ago something was, in words.
    package func ago(_ time: Double) -> String {
        let seconds = max(0, editor.clock - time)
        return switch seconds {
        case ..<60: "\(Int(seconds)) s ago"
        case ..<3600: "\(Int(seconds / 60)) min ago"
        case ..<172_800: "\(Int(seconds / 3600)) h ago"
        default: "\(Int(seconds / 86_400)) days ago"
        }
    }

    mutating func askToReopen() -> [Effect] { ask(.reopen, "Save it before the other is opened?") }

    mutating func reopen() -> [Effect] { keeping.newest.map { recall($0.id) } ?? [] }

    /// Asks for a document, to walk to one of its nodes.
    mutating func recall(_ id: StoredDocument.ID, at node: Node.ID? = nil) -> [Effect] {
        keeping.sought = node.map { (id, $0) }
        // A file without a kept document was never answered for.
        keeping.awaitedPath = nil
        return [.recall(id)]
    }

    // MARK: What was kept comes back

    /// Takes a kept document; `bytes` are those of its file, where there is one.
    mutating func recalled(_ opened: Opened, _ bytes: [UInt8]?) -> [Effect] {
        guard let path = keeping.awaitedPath else { return take(opened, bytes) }
        keeping.awaitedPath = nil
        // Who has gone on already is not disturbed.
        guard path == opened.document.path, path == file.path, !editor.isDirty, editor.tree.count == 1, run == nil, !file.isTemplate,
              let kept = KeptSettings(json: opened.document.settings), let bytes else { return [] }
        if kept.saved == opened.document.current { return takeTree(opened, kept, bytes) }
        keeping.offered = opened
        overlay = .confirm(.init(purpose: .takeUp, question: "\(file.name) was left with changes that were not saved, \(ago(opened.document.touched)). They are kept."))
        return []
    }

    /// Answers the offer: the kept text, or the file's with the kept one beside it in the tree.
    mutating func answerOffer(takeUp: Bool) -> [Effect] {
        guard let opened = keeping.offered, let kept = KeptSettings(json: opened.document.settings) else { return [] }
        keeping.offered = nil
        return takeUp ? take(opened, file.bytes) : takeTree(opened, kept, file.bytes)
    }

    /// The file as it is, with the tree it had.
    private mutating func takeTree(_ opened: Opened, _ kept: KeptSettings, _ bytes: [UInt8]) -> [Effect] {
        guard var next = opened.editor else { return [] }
        let document = editor.document
        beginKeeping(as: opened.document.id)
        next.clock = editor.clock
        if KeptSettings.hash(bytes) == kept.file, let saved = kept.saved, next.tree[saved] != nil { next.walk(to: saved) }
        next.reload(document)
        next.markSaved()
        next.move(.documentEnd)
        editor = next
        let branches = next.tree.leaves
        if branches > 1, notice == nil { say("\(file.name) has \(branches) branches from before") }
        return []
    }

    /// The document as it was kept, all of it.
    private mutating func take(_ opened: Opened, _ bytes: [UInt8]?) -> [Effect] {
        guard var next = opened.editor else {
            say("the kept document \u{201C}\(opened.document.title)\u{201D} cannot be read any more", .error)
            return []
        }
        let effects = interruptRun() + keep(closing: true), sought = keeping.sought
        keeping.sought = nil
        let kept = KeptSettings(json: opened.document.settings)
        next.clock = editor.clock
        file = OpenFile()
        file.path = opened.document.path
        if let path = file.path {
            file.isRaw = !path.hasSuffix(".md")
            if let bytes, !file.isRaw, let prompt = try? PromptFile(parsing: bytes, path: path) { file.prompt = prompt } else { file.isRaw = file.isRaw || bytes != nil }
            file.bytes = bytes ?? []
        }
        if kept?.isChat == true { file.prompt.mode = .chat }
        readSampling()
        if let kept { sampling = kept.sampling }
        beginKeeping(as: opened.document.id)
        next.markSaved(at: file.path == nil ? next.tree.current : bytes.map(KeptSettings.hash) == kept?.file ? kept?.saved : nil)
        editor = next
        (lastRun, text.follows) = (nil, true)
        reading.forget()
        backToDocument()
        say(opened.isCopy ? "this document is open in another Terrarium; this is a copy of it" : "opened as it was kept \(ago(opened.document.touched))")
        if let sought, opened.isCopy || sought.document == opened.document.id { goToRun(sought.node) }
        if let path = file.path, let bytes, let known = kept?.file, known != KeptSettings.hash(bytes) { offerChange(path, bytes, quietly: false) }
        return effects
    }
}
