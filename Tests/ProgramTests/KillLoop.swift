import Document
import Foundation
import Store
import Testing

/// Types and generates in the program, kills it at any moment, and looks at what it left, again and again on the same folders.
///
/// What was seen under `○` has to be there, and of what was typed nothing but the last second may be missing. The promise is
/// for a machine that has time: on a busy one the longest time that this test itself was kept waiting is allowed for, several
/// times, and a second on top.
final class KillLoop {
    private(set) var kills = 0
    /// The most that was lost of what had been typed. Unit: seconds.
    private(set) var worst = 0.0
    private(set) var words = 0, acknowledgements = 0
    private let scratch: Scratch
    private var dice: Dice
    private var number = 0
    /// The open document's name and text as they were found after the last kill.
    private var document: StoredDocument.ID?
    private var base: [UInt8] = []

    init(seed: UInt64) throws {
        (scratch, dice) = (try Scratch(), Dice(state: seed))
        try scratch.write("config/terrarium/config.yaml", "max_tokens: 24\n")
    }

    /// What one start of the program saw and did.
    private struct Round {
        var typed: [(word: String, sent: Double)] = []
        /// The letters that stood on the screen when `○` was last seen.
        var acknowledged = ""
        var stall = 0.0
        var ended = 0.0
    }

    func round(model: Bool, fresh: Bool, early: Bool) throws {
        let run = try start(model: model)
        var round = Round()
        if early {
            run.watch(.random(in: 0...0.5, using: &dice))
            if Bool.random(using: &dice) { run.send(Keys.reopen) }
            run.watch(.random(in: 0...0.1, using: &dice))
        } else {
            if fresh { (document, base) = (nil, []) } else { try reopen(run) }
            if model { try run.wait("the model", within: 30) { $0.line(0).contains("/8192") } }
            let end = TerminalRun.now() + .random(in: 0.05...(model ? 3.5 : 2.6), using: &dice)
            while TerminalRun.now() < end { type(in: run, &round, model: model) }
        }
        round.ended = TerminalRun.now()
        run.signal(SIGKILL)
        #expect(run.finish() == .signalled(SIGKILL))
        kills += 1
        try check(round, hasModel: model)
    }

    private func start(model: Bool) throws -> TerminalRun {
        let run = try TerminalRun(environment: model ? [:] : ["XDG_CACHE_HOME": scratch.path("empty")], seconds: 120, scratch: scratch)
        try run.wait("a frame", within: 30) { $0.line(1).contains("Document") }
        return run
    }

    /// Opens what the last kill left; the screen shows what was found in the store.
    private func reopen(_ run: TerminalRun) throws {
        guard !base.isEmpty else { return }
        try run.wait("the offer", within: 30) { $0.contains("ended without being closed") }
        run.send(Keys.reopen)
        let all = Self.letters(base)
        // A page of the model's may hold no letter at all.
        try run.wait("what was kept: \(all.suffix(80))", within: 30) { $0.contains("opened as it was kept") && all.hasSuffix(Self.letters(run.words.utf8)) }
    }

    private func type(in run: TerminalRun, _ round: inout Round, model: Bool) {
        switch Int.random(in: 0..<(model ? 10 : 8), using: &dice) {
        case 0: watch(run, .random(in: 0.3...0.8, using: &dice), &round)
        case 1: run.send(Keys.enter)
        case 8:
            run.send(Keys.enter + Keys.generate)
            watch(run, .random(in: 0...1, using: &dice), &round)
            run.send(Keys.enter)
        case 9:
            run.send(Keys.enter + "\u{0E}")
            watch(run, .random(in: 0...1, using: &dice), &round)
            run.send(Keys.enter + Keys.enter)
        default:
            let word = word()
            // A word comes in one piece or letter by letter.
            if Bool.random(using: &dice) {
                run.send(word + " ")
            } else {
                for letter in word + " " {
                    run.send(String(letter))
                    watch(run, .random(in: 0...0.02, using: &dice), &round)
                }
            }
            round.typed.append((word, TerminalRun.now()))
            watch(run, .random(in: 0...0.06, using: &dice), &round)
        }
    }

    /// A number and letters that no model guesses.
    private func word() -> String {
        number += 1
        words += 1
        return "\(number)" + String((0..<3).map { _ in "bcdfghjklmnpqrstvwxz".randomElement(using: &dice) ?? "b" })
    }

    /// Looks for the mark while time passes.
    private func watch(_ run: TerminalRun, _ seconds: Double, _ round: inout Round) {
        let end = TerminalRun.now() + seconds
        repeat {
            let start = TerminalRun.now()
            run.watch(max(0, min(0.02, end - start)))
            round.stall = max(round.stall, TerminalRun.now() - start - 0.02)
            guard run.screen.modes[2026] != true, run.screen.line(1).contains("Document"), run.screen.line(0).contains("○") else { continue }
            let shown = Self.letters(run.words.utf8)
            if shown != round.acknowledged { acknowledgements += 1 }
            round.acknowledged = shown
        } while TerminalRun.now() < end
    }

    // MARK: What is left

    private func check(_ round: Round, hasModel: Bool) throws {
        let left = try Left(scratch, documents: 1)
        #expect(left.told.isEmpty, "the store was not whole: \(left.told)")
        var found: [UInt8] = []
        if let opened = left.opened.first, document == nil || opened.document.id == document {
            // Of a new document nothing may be there yet: then the newest is another one.
            if document != nil || !known.contains(opened.document.id) {
                known.insert(opened.document.id)
                document = opened.document.id
                found = try text(of: opened)
            }
        } else {
            #expect(document == nil, "the document has gone")
        }
        let all = Self.letters(found), kill = "kill \(kills)"
        #expect(round.acknowledged.isEmpty || all.contains(round.acknowledged), "\(kill): under ○ stood …\(round.acknowledged.suffix(60)), and …\(all.suffix(60)) is left")
        #expect(found.starts(with: base), "\(kill): what was opened is not what is left")
        var rest = Substring(all.dropFirst(Self.letters(base).count)), missing: Int?
        for (index, typed) in round.typed.enumerated() {
            if let place = rest.range(of: typed.word) {
                #expect(missing == nil, "\(kill): \(typed.word) is there, and one before it is not")
                if !hasModel { #expect(place.lowerBound == rest.startIndex, "\(kill): something stands before \(typed.word)") }
                rest = rest[place.upperBound...]
            } else if missing == nil {
                missing = index
            }
        }
        if let missing {
            let lost = round.ended - round.typed[missing].sent
            worst = max(worst, lost)
            #expect(lost < 2 + 4 * round.stall, "\(kill): of what was typed \(lost) s before it is lost; the test was kept waiting \(round.stall) s")
        } else if !hasModel {
            #expect(rest.isEmpty, "\(kill): \(rest) was never typed")
        }
        base = found
    }
    private var known: Set<StoredDocument.ID> = []

    /// The text of a kept document, all of which can be undone.
    private func text(of opened: Opened) throws -> [UInt8] {
        var editor = try #require(opened.editor)
        let text = editor.document.bytes
        #expect(editor.tree.count == opened.nodes.count, "all nodes hang together")
        while editor.undo() {}
        #expect(editor.document.count == 0 && editor.tree.current == editor.tree.root, "undone to the beginning")
        while editor.redo() {}
        #expect(editor.document.bytes == text)
        return text
    }

    /// The program itself undoes everything of the newest document, and does it again.
    func undoAll() throws {
        let run = try start(model: false)
        try reopen(run)
        let all = Self.letters(base)
        run.send(String(repeating: Keys.undo, count: 5000))
        try run.wait("the beginning", within: 60) { $0.contains("Type a prompt") }
        run.send(String(repeating: Keys.redo, count: 5000))
        try run.wait("everything again", within: 60) { _ in
            let shown = Self.letters(run.words.utf8)
            return !shown.isEmpty && all.hasSuffix(shown)
        }
    }

    private static func letters(_ bytes: some Sequence<UInt8>) -> String {
        String(decoding: bytes.filter { (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20) }, as: UTF8.self)
    }
}

/// What programs that were killed have left of their newest documents, read from a copy of their store.
final class Left: @unchecked Sendable {
    /// The newest first.
    private(set) var opened: [Opened] = []
    /// What the store had to say: it is checked when it is opened.
    private(set) var told: [String] = []
    private let answered = DispatchSemaphore(value: 0)
    private var unclosed: [StoredDocument] = []

    init(_ scratch: Scratch, documents count: Int) throws {
        let folder = scratch.path("data/terrarium"), copy = scratch.path("copy")
        try? FileManager.default.removeItem(atPath: copy)
        try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: true)
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) where name.hasPrefix("terrarium.sqlite") {
            if name.contains("damaged") { told.append(name) }
            try FileManager.default.copyItem(atPath: folder + "/" + name, toPath: copy + "/" + name)
        }
        let store = Store(path: copy + "/terrarium.sqlite") { self.take($0) }
        defer { store.close() }
        store.unclosed()
        try #require(answered.wait(timeout: .now() + 30) == .success)
        for document in unclosed.prefix(count) {
            store.open(document: document.id)
            try #require(answered.wait(timeout: .now() + 30) == .success)
        }
    }

    private func take(_ report: StoreReport) {
        switch report {
        case .unclosed(let documents):
            unclosed = documents
            answered.signal()
        case .opened(let document):
            opened.append(document)
            answered.signal()
        case .notOpened(_, let sentence), .failed(let sentence), .setAside(_, let sentence): told.append(sentence)
        default: break
        }
    }
}

/// A generator with a seed, so that a script comes back, if not its moments.
struct Dice: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
