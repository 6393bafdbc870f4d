import Document
import Terminal

/// What the files panel lists.
package struct FilesState: Sendable, Equatable {
    package private(set) var entries: [PromptLibrary.Entry] = []
    /// The entries that the filter lets through.
    package private(set) var shown: [PromptLibrary.Entry] = []
    /// Among the shown entries.
    package private(set) var selected = 0
    /// The first row on the screen.
    package private(set) var top = 0
    package var filter = LineInput() { didSet { if filter.scalars != oldValue.scalars { narrow(keeping: filter.scalars.isEmpty ? chosen?.path : nil) } } }
    /// True while keys go to the filter.
    package var isFiltering = false
    /// Where names without a folder are saved.
    package var ownFolder = "."
    /// What `~` stands for.
    package var home: String?
    package private(set) var preview: Preview?
    /// What the newest preview was asked for.
    var asked: Asked?
    /// The panel that the list was opened over.
    var covered: State.Panel?
    /// A path to be chosen once it is listed.
    var expected: String?

    package struct Preview: Sendable, Equatable { package var path: String, text: [UInt8] }
    struct Asked: Sendable, Equatable { var path: String, stamp: FileStamp }
    /// A line of the list.
    enum Row: Equatable { case head(String), entry(Int) }

    package static let previewLimit = 16 << 10

    package init() {}

    package var chosen: PromptLibrary.Entry? { shown.indices.contains(selected) ? shown[selected] : nil }

    mutating func take(_ entries: [PromptLibrary.Entry]) {
        self.entries = entries
        narrow(keeping: expected.flatMap { path in entries.contains { $0.path == path } ? path : nil } ?? chosen?.path)
        expected = nil
    }

    private mutating func narrow(keeping path: String?) {
        let words = filter.text.lowercased().split(separator: " ")
        shown = entries.filter { entry in
            let text = "\(entry.kind == .experiment ? "experiments/" : "")\(entry.fileName) \(entry.title ?? "")".lowercased()
            return words.allSatisfy { text.contains($0) }
        }
        selected = path.flatMap { path in shown.firstIndex { $0.path == path } } ?? min(path == nil ? 0 : selected, max(0, shown.count - 1))
    }

    /// The list with its folders' heads.
    var rows: [Row] {
        let severalFolders = Set(entries.map(\.library)).count > 1
        var rows: [Row] = [], library: String?, kind: PromptLibrary.Kind?
        for (index, entry) in shown.enumerated() {
            if entry.library != library {
                if severalFolders { rows.append(.head(entry.library + "/")) }
                (library, kind) = (entry.library, .prompt)
            }
            if entry.kind != kind { rows.append(.head("  experiments/")) }
            kind = entry.kind
            rows.append(.entry(index))
        }
        return rows
    }

    mutating func select(_ index: Int, rows height: Int) {
        selected = max(0, min(index, shown.count - 1))
        let rows = rows
        guard let row = rows.firstIndex(of: .entry(selected)) else { return }
        // A head above the chosen row comes along.
        var first = row
        while first > 0, case .head = rows[first - 1] { first -= 1 }
        top = min(top, first)
        top = max(top, row - height + 1)
        clamp(rows: height)
    }

    mutating func choose(_ path: String) { selected = shown.firstIndex { $0.path == path } ?? selected }

    mutating func scroll(by step: Int, rows height: Int) {
        top += step
        clamp(rows: height)
    }

    mutating func clamp(rows height: Int) { top = max(0, min(top, rows.count - height)) }

    mutating func preview(_ path: String, _ bytes: [UInt8]) {
        guard path == asked?.path else { return }
        var text = Array(bytes.prefix(Self.previewLimit))
        // The front matter's title and sentence stand in the list.
        if path.hasSuffix(".md"), let prompt = try? PromptFile(parsing: bytes, path: path) { text = Array(prompt.body.prefix(Self.previewLimit)) }
        preview = Preview(path: path, text: text)
    }
}

extension PromptLibrary.Entry {
    var fileName: String { String(path.split(separator: "/").last ?? "") }
    /// The folder of prompts it belongs to.
    var library: String { kind == .experiment ? Saver.folder(of: Saver.folder(of: path)) : Saver.folder(of: path) }
}

extension State {
    mutating func performInFiles(_ command: Command) -> [Effect] {
        let height = FilesParts(self)?.list.height ?? 1
        switch command {
        case .fileUp: files.select(files.selected - 1, rows: height)
        case .fileDown: files.select(files.selected + 1, rows: height)
        case .fileFilter: files.isFiltering = true
        case .fileNew: return askForNew()
        case .fileSaveAs: askForName()
        case .fileExport: askForExport(.document)
        default: if let entry = files.chosen { return perform(command, on: entry) }
        }
        return []
    }

    private mutating func perform(_ command: Command, on entry: PromptLibrary.Entry) -> [Effect] {
        switch command {
        case .fileOpen: return entry.kind == .experiment ? openExperiment(entry.path) : askToOpen(entry.path)
        case .fileDuplicate: return [.duplicate(entry)]
        case .fileRename: overlay = .input(.init(purpose: .rename(entry.path), label: "rename", line: LineInput(entry.name)))
        case .fileTrash:
            overlay = .confirm(.init(purpose: .trash(entry.path), question: "Move \(entry.path) to the trash?"))
        default: break
        }
        return []
    }

    /// A key while the filter is being typed; nil where it is none of the filter's.
    mutating func pressInFilter(_ key: Key) -> [Effect]? {
        guard files.isFiltering, focusedPanel == .files else { return nil }
        switch key {
        case .escape:
            files.filter = LineInput()
            files.isFiltering = false
        case .enter:
            files.isFiltering = false
            return performInFiles(.fileOpen)
        case .up, .down: return performInFiles(key == .up ? .fileUp : .fileDown)
        default: return files.filter.take(key) ? [] : nil
        }
        return []
    }

    /// True where the bytes belonged to the filter.
    mutating func pastedInFilter(_ bytes: [UInt8]) -> Bool {
        guard files.isFiltering, focusedPanel == .files else { return false }
        files.filter.insert(String(decoding: bytes, as: UTF8.self))
        return true
    }

    /// A press in the panel, counted from its inside's corner: chooses, and opens what is chosen already.
    mutating func clickFiles(x: Int, y: Int) -> [Effect] {
        guard let parts = FilesParts(self) else { return [] }
        let row = y - parts.list.y + parts.inside.y + files.top
        guard parts.list.contains(x: x + parts.inside.x, y: y + parts.inside.y), files.rows.indices.contains(row),
              case .entry(let index) = files.rows[row] else { return [] }
        if index == files.selected { return performInFiles(.fileOpen) }
        files.select(index, rows: parts.list.height)
        return []
    }

    /// Back to typing; the panel that the list of files was opened over comes back.
    mutating func backToDocument() {
        let wasZoomed = zoomed
        zoomed = false
        focus = .document
        files.isFiltering = false
        if wasZoomed { uncoverLaboratory() }
        guard let covered = files.covered else { return }
        files.covered = nil
        guard slots[0] == .files else { return }
        slots[0] = slots.dropFirst().contains(covered) ? Panel.allCases.first { $0 != .files && !slots.contains($0) } ?? covered : covered
    }

    // MARK: What happened on the disk

    mutating func renamed(_ path: String, to next: String) {
        if file.path == path { file.path = next }
        files.expected = next
        if next != path { say("renamed to \(next)") }
    }

    mutating func duplicated(_ path: String) {
        files.expected = path
        say("duplicated as \(path)")
    }

    mutating func trashed(_ path: String, to place: String) {
        if path == file.path {
            file.change = nil
            editor.markSaved(at: nil)
        }
        say(path == file.path ? "moved to \(place); what is open stays, and ^S would write it again" : "moved to \(place)")
    }

    /// Keeps the list in its panel and asks for what it lacks: the list when it comes to be shown, the preview when another row is chosen.
    mutating func settleFiles(wereShown: Bool) -> [Effect] {
        if focusedPanel != .files { files.isFiltering = false }
        guard let parts = FilesParts(self) else { return [] }
        files.clamp(rows: parts.list.height)
        var effects: [Effect] = wereShown ? [] : [.listFiles]
        if !parts.preview.isEmpty, let entry = files.chosen {
            let wanted = FilesState.Asked(path: entry.path, stamp: entry.stamp)
            if files.asked != wanted {
                files.asked = wanted
                effects.append(.preview(path: entry.path))
            }
        }
        return effects
    }
}
