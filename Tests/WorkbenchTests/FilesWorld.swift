import Document
import Foundation
import Terminal
import Testing
import Workbench

/// A state and a folder on disk that carries its effects out, as the program does.
final class World {
    var state: State
    private let root = FileManager.default.temporaryDirectory.appendingPathComponent("terrarium-world-\(UUID().uuidString)").path
    private(set) var effects: [Effect] = []
    private var library: PromptLibrary
    /// The open file as it was last read or written here.
    private var known: (path: String, bytes: [UInt8])?
    private var waiting: [Message] = []

    init(_ files: [(path: String, text: String)] = World.shelf, width: Int = 80, height: Int = 24) {
        state = State(width: width, height: height)
        state.files.ownFolder = "own"
        state.files.home = "/home/me"
        for folder in ["prompts/experiments", "own"] {
            try? FileManager.default.createDirectory(atPath: "\(root)/\(folder)", withIntermediateDirectories: true)
        }
        library = PromptLibrary(folders: [])
        for file in files { write(file.path, Array(file.text.utf8)) }
        library = PromptLibrary(folders: ["\(root)/prompts", "\(root)/own"])
        _ = take(.listed(entries))
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    /// Some prompts, one of them with variables, one that cannot be read, and an experiment.
    static let shelf = [
        ("prompts/analogies.md", "---\ntitle: SAT-style analogies\ncolour: red\n---\nhot : cold ::\n"),
        ("prompts/broken.md", "---\ntitle: never closed\n"),
        ("prompts/translate.md", """
            ---
            title: English to French, 2 shots
            look_at: how the first letters of each French word stop being a surprise after the second example.
            temperature: 0.5
            ---
            English: cheese
            French: fromage

            English: peppermint
            French:

            """),
        ("prompts/vars.md", "---\ntitle: Asked on opening\nvariables:\n  animal: penguin\n  place:\n---\nThe {{animal}} of {{place}} {{other}}\n"),
        ("prompts/experiments/translation.yaml", "title: 0-16 shots\n"),
    ]

    func write(_ path: String, _ bytes: [UInt8]) { _ = FileManager.default.createFile(atPath: "\(root)/\(path)", contents: Data(bytes)) }
    func read(_ path: String) -> [UInt8]? { FileManager.default.contents(atPath: "\(root)/\(path)").map { Array($0) } }
    func text(_ path: String) -> String? { read(path).map { String(decoding: $0, as: UTF8.self) } }
    var document: String { String(decoding: state.editor.document.bytes, as: UTF8.self) }
    var screen: String { "\n" + View.frame(state).dump() + "\n" }

    /// A part of the screen, trailing blanks cut.
    func part(x: Int, y: Int, width: Int, height: Int) -> String {
        let frame = View.frame(state)
        var text = "\n"
        for row in y..<y + height {
            var line = (x..<x + width).map { frame[$0, row]?.text ?? "" }.joined()
            while line.last == " " { line.removeLast() }
            text += line + "\n"
        }
        return text
    }

    private func local(_ path: String) -> String { path.hasPrefix(root) ? String(path.dropFirst(root.count + 1)) : path }
    private var entries: [PromptLibrary.Entry] {
        library.entries.map { entry in
            var entry = entry
            entry.path = local(entry.path)
            entry.problem = entry.problem?.replacingOccurrences(of: root + "/", with: "")
            return entry
        }
    }
    private func real(_ entry: PromptLibrary.Entry) -> PromptLibrary.Entry {
        var entry = entry
        entry.path = "\(root)/\(entry.path)"
        return entry
    }

    @discardableResult
    func take(_ message: Message) -> [Effect] {
        waiting.append(message)
        var made: [Effect] = []
        while !waiting.isEmpty {
            for effect in state.update(waiting.removeFirst()) {
                made.append(effect)
                carry(effect)
            }
        }
        effects += made
        return made
    }

    @discardableResult func press(_ keys: Key...) -> [Effect] { keys.flatMap { take(.event(.key($0))) } }
    @discardableResult func type(_ text: String) -> [Effect] { text.unicodeScalars.flatMap { take(.event(.key($0 == "\n" ? .enter : .char($0)))) } }
    @discardableResult func mouse(_ kind: Mouse.Kind, _ x: Int, _ y: Int) -> [Effect] { take(.event(.mouse(Mouse(kind, x: x, y: y)))) }

    /// Opens the files panel and the file of this name, and answers nothing.
    func open(_ name: String) {
        press(.ctrl("o"), .char("/"))
        type(name)
        press(.enter)
    }

    /// Another program writes a file, or takes it away, and this one notices.
    @discardableResult
    func change(_ path: String, _ text: String?, quietly: Bool = false) -> [Effect] {
        if let text { write(path, Array(text.utf8)) } else { try? FileManager.default.removeItem(atPath: "\(root)/\(path)") }
        return take(.changedOnDisk(path: path, bytes: text.map { Array($0.utf8) }, quietly: quietly))
    }

    private func carry(_ effect: Effect) {
        do {
            switch effect {
            case .know(let path): known = read(path).map { (path, $0) }
            case .export(let export, let path, let replacing):
                guard replacing || read(path) == nil else { return waiting.append(.inTheWay(export.subject, path: path)) }
                try Saver.save(export.bytes(date: "2026-01-02"), to: "\(root)/\(path)")
                waiting.append(.exported(export, path: path))
            case .listFiles: relist()
            case .read(let path):
                guard let bytes = read(path) else { return waiting.append(.failed("\(path) cannot be read")) }
                known = (path, bytes)
                waiting.append(.opened(path: path, bytes: bytes))
            case .preview(let path): waiting.append(.previewed(path: path, bytes: read(path) ?? []))
            case .save(let path, let bytes, let replacing):
                if let found = read(path) {
                    let isKnown = known.map { $0.path == path && $0.bytes == found } ?? false
                    guard replacing == .anything || replacing == .known && isKnown else { return waiting.append(.occupied(path: path)) }
                }
                try Saver.save(bytes, to: "\(root)/\(path)")
                known = (path, bytes)
                waiting.append(.saved(path: path))
                relist()
            case .rename(let entry, let name):
                let path = local(try library.rename(real(entry), to: name))
                if known?.path == entry.path { known?.path = path }
                waiting.append(.renamed(from: entry.path, to: path))
                relist()
            case .duplicate(let entry):
                waiting.append(.duplicated(to: local(try library.duplicate(real(entry)))))
                relist()
            case .trash(let entry):
                waiting.append(.trashed(path: entry.path, to: local(try library.trash(real(entry), dataHome: root + "/data"))))
                relist()
            default: break
            }
        } catch { waiting.append(.failed("\(error)".replacingOccurrences(of: root + "/", with: ""))) }
    }

    private func relist() {
        library.refresh()
        waiting.append(.listed(entries))
    }
}
