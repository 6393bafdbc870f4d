import Document
import Terminal
import Tokenizer

/// What another program made of the open file, beside what stands here.
package struct FileChange: Sendable, Equatable {
    package var path: String
    /// The file as it is on the disk.
    package var bytes: [UInt8]
    /// The difference, ours to theirs.
    package var lines: [LineDiff.Line]
    /// Lines that are only here, and only on the disk.
    package var removed: Int, added: Int
    package var scroll = 0

    /// Lines shown at most, and bytes: enough to decide by.
    static let longest = (lines: 5000, bytes: 256 << 10)

    init(path: String, from ours: [UInt8], to bytes: [UInt8]) {
        (self.path, self.bytes) = (path, bytes)
        let all = LineDiff(from: ours, to: bytes).unified()
        (removed, added) = (all.count { $0.kind == .old }, all.count { $0.kind == .new })
        lines = []
        var size = 0
        for line in all {
            size += line.text.count
            guard lines.count < Self.longest.lines, size <= Self.longest.bytes else {
                lines.append(.init(.note, Array("\(all.count - lines.count) more lines differ or stand around".utf8)))
                break
            }
            lines.append(line)
        }
    }
}

/// The open file was changed by another program: nothing is read again without a question.
extension State {
    /// - Parameters:
    ///   - bytes: nil where the file is gone.
    ///   - quietly: true while keys are being typed; then nothing comes up under the hands.
    mutating func changedOnDisk(_ path: String, _ bytes: [UInt8]?, quietly: Bool) -> [Effect] {
        guard path == file.path else { return [] }
        guard let bytes else {
            file.change = nil
            editor.markSaved(at: nil)
            if case .diff = overlay { overlay = nil }
            say("\(path) was deleted by another program; its text is still here and ^S writes it again", .warning)
            return []
        }
        let ours = bytesHere
        if bytes == file.bytes || bytes == ours {
            // Touched only, or the same was done here and there.
            if bytes == ours, !file.isTemplate { agree(with: bytes) }
            file.change = nil
            if case .diff = overlay { overlay = nil }
            return [.know(path: path)]
        }
        offerChange(path, bytes, quietly: quietly)
        return []
    }

    /// Shows the difference, or where something is open or being typed says that there is one.
    mutating func offerChange(_ path: String, _ bytes: [UInt8], quietly: Bool) {
        file.change = FileChange(path: path, from: bytesHere, to: bytes)
        if case .diff = overlay { performDiskChange() } else if overlay == nil, !quietly { performDiskChange() } else {
            say("\(path) was changed by another program; F5 shows how, and nothing is lost by going on", .warning)
        }
    }

    /// The file as it would be saved; of a template what was read, for its answers are no change.
    private var bytesHere: [UInt8] {
        if file.isTemplate { return file.bytes }
        var copy = self
        return (file.path.flatMap { try? copy.rendered(path: $0) }) ?? editor.document.bytes
    }

    /// The document is what these bytes of the file are.
    private mutating func agree(with bytes: [UInt8]) {
        (file.bytes, file.change) = (bytes, nil)
        file.sampling = sampling
        editor.markSaved()
    }

    mutating func performDiskChange() {
        guard let change = file.change else { return }
        overlay = .diff(change)
        notice = nil
    }

    mutating func pressInDiff(_ key: Key, _ change: FileChange) -> [Effect] {
        let page = max(1, DiffView.box(change, self).interior.height - 1)
        switch key {
        case .escape, .char("q"): overlay = nil
        case .char("t"): return takeFile(change)
        case .char("k"): return keepOurs(change)
        case .up: scrollDiff(change, by: -1)
        case .down, .enter: scrollDiff(change, by: 1)
        case .pageUp: scrollDiff(change, by: -page)
        case .pageDown, .char(" "): scrollDiff(change, by: page)
        case .home: scrollDiff(change, by: -.max / 2)
        case .end: scrollDiff(change, by: .max / 2)
        default: break
        }
        return []
    }

    mutating func scrollDiff(_ change: FileChange, by step: Int) {
        var change = change
        change.scroll = max(0, min(change.scroll + step, DiffView.lastScroll(change, self)))
        overlay = .diff(change)
    }

    /// What stands here goes over the file with the next save, without another question.
    private mutating func keepOurs(_ change: FileChange) -> [Effect] {
        overlay = nil
        (file.change, file.bytes) = (nil, change.bytes)
        editor.markSaved(at: nil)
        say("\(change.path) stays as it is until ^S writes what stands here over it")
        return [.know(path: change.path)]
    }

    /// Takes the file's text as one step that undo takes back, and its settings.
    private mutating func takeFile(_ change: FileChange) -> [Effect] {
        overlay = nil
        let effects = interruptRun()
        var next = file
        next.prompt = PromptFile(body: change.bytes)
        if !file.isRaw {
            do throws(PromptFileError) { next.prompt = try PromptFile(parsing: change.bytes, path: change.path) } catch {
                say("\(error) Nothing was taken.", .error)
                return effects
            }
        }
        let answers = Dictionary(zip(file.prompt.variables.map(\.name), file.values), uniquingKeysWith: { $1 })
        next.values = next.prompt.variables.map { answers[$0.name] ?? $0.standard ?? "" }
        next.isTemplate = !next.prompt.variables.isEmpty
        let document: Document
        do throws(PromptFileError) { document = try next.layOut(tokenizer) } catch {
            say("\(error) Nothing was taken.", .error)
            return effects
        }
        file = next
        take(document)
        lastRun = nil
        readSampling()
        agree(with: change.bytes)
        if notice == nil { say("took \(change.path) as it is on the disk; ^/ brings back the text that was here") }
        return effects + [.know(path: change.path)]
    }

    /// Makes the document another one as one undo step; what is alike keeps its ids.
    private mutating func take(_ next: Document) {
        let diff = LineDiff(from: editor.document.bytes, to: next.bytes)
        var cursor = editor.cursor
        editor.beginGroup(.reload)
        for change in diff.changes.reversed() {
            let (old, new) = diff.bytes(of: change)
            put(next.fragment(new), in: old)
            if cursor >= old.upperBound { cursor += new.count - old.count } else if cursor > old.lowerBound { cursor = old.lowerBound + new.count }
        }
        if editor.document.bytes != next.bytes || editor.document.kept.filter(\.special) != next.kept.filter(\.special) {
            put(next.fragment(0..<next.count), in: 0..<editor.document.count)
        }
        editor.move(to: cursor)
        openForPerson()
        editor.endGroup()
        text.follows = true
    }
}
