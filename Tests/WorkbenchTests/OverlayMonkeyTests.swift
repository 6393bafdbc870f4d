import Document
import Terminal
import Testing
import Workbench

@Suite("Anything at all") struct OverlayMonkeyTests {
    private static let keys: [Key] = Command.table.flatMap(\.keys) + "abdnosxyz?q/ 19é字".unicodeScalars.map { .char($0) }
        + [.enter, .escape, .tab, .up, .down, .left, .right, .backspace, .delete, .pageUp, .pageDown, .home, .end, .insert, .f(3), .f(5), .alt("x"), .ctrl("u")]

    private static func event(_ dice: inout Dice, _ state: State) -> Event {
        switch dice.below(20) {
        case 0: return .paste(dice.bytes(dice.below(200)))
        case 1: return .resize(width: 1 + dice.below(200), height: 1 + dice.below(60))
        case 2: return .focus(dice.below(2) == 0)
        case 3...5:
            let kinds: [Mouse.Kind] = [.press, .press, .drag, .release, .wheelUp, .wheelDown]
            return .mouse(Mouse(kinds[dice.below(6)], x: dice.below(state.size.width + 2) - 1, y: dice.below(state.size.height + 2) - 1))
        default: return .key(keys[dice.below(keys.count)])
        }
    }

    /// Commands that may change the text.
    private static let editing: Set<Command> = [
        .newline, .tabCharacter, .backspace, .delete, .deleteWord, .cut, .paste, .undo, .redo, .insertSpecial, .generate,
        .branchParent, .branchChild, .branchPrevious, .branchNext, .branchGo, .branchTrash, .branchStreams, .branchExport,
    ]

    /// Whether an event may change the text of a state.
    private static func mayEdit(_ event: Event, _ state: State) -> Bool {
        switch (event, state.overlay) {
        case (.paste, nil): return true
        case (.key(let key), nil):
            if state.focusedPanel == .files, state.files.isFiltering, key.typed != nil { return false }
            if let command = Command.find(key, in: state.contexts) { return editing.contains(command) || command == .new || command == .fileNew }
            return state.focus == .document && key.typed != nil
        case (.mouse(let mouse), nil): return mouse.y == state.size.height - 1 || state.isShown(.branches)
        case (.key(.enter), .palette), (.mouse, .palette), (_, .confirm), (.key(.enter), .input): return true
        default: return false
        }
    }

    @Test("20,000 events trap nowhere, change the text only by edits, and lose nothing unsaved without a question")
    func monkey() {
        var dice = Dice(2026)
        let entries = World().state.files.entries
        for round in 0..<20 {
            var state = State(width: 80, height: 24, seed: UInt64(round))
            _ = state.update(.listed(entries))
            var waiting: [Message] = []
            for step in 0..<1000 {
                let before = state
                let event = Self.event(&dice, state)
                let message = waiting.isEmpty ? Message.event(event) : waiting.removeFirst()
                let effects = state.update(message)
                var isFree = !before.hasUnsaved || before.isAsking
                switch message {
                case .event:
                    if state.editor.document.bytes != before.editor.document.bytes {
                        #expect(Self.mayEdit(event, before), "round \(round) step \(step): \(event)")
                    }
                case .opened: break
                case .saved: isFree = true
                default: #expect(state.editor.document.bytes == before.editor.document.bytes, "round \(round) step \(step)")
                }
                for effect in effects {
                    switch effect {
                    case .read(let path):
                        #expect(isFree, "round \(round) step \(step)")
                        waiting.append(.opened(path: path, bytes: Array("---\nvariables: [a]\n---\n{{a}} text\n".utf8)))
                    case .quit: #expect(isFree, "round \(round) step \(step)")
                    case .listFiles: waiting.append(.listed(entries))
                    case .preview(let path): waiting.append(.previewed(path: path, bytes: dice.bytes(500)))
                    case .save(let path, _, let replacing):
                        waiting.append(replacing == .anything || dice.below(3) > 0 ? .saved(path: path) : .occupied(path: path))
                    default: break
                    }
                }
                if step % 4 == 0 { #expect(View.frame(state).width == state.size.width) }
            }
        }
    }
}

extension State {
    /// True while a question is open, or a name is asked for after one.
    fileprivate var isAsking: Bool {
        switch overlay {
        case .confirm, .input: true
        default: false
        }
    }
}
