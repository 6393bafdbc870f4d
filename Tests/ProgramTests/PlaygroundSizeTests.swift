import Document
import Foundation
import Store
import Testing

extension PlaygroundSuite {
    @Suite("Long documents and large trees") struct Size {
        /// The times from a key to the end of the frame that follows it, sorted, in words.
        private func times(_ run: TerminalRun, _ keys: [String], _ seen: (Int) -> Bool = { _ in true }) throws -> String {
            var times: [Double] = []
            for (index, key) in keys.enumerated() {
                let frames = run.screen.frameStarts.count, start = TerminalRun.now()
                run.send(key)
                try run.wait("a frame", within: 20) { $0.frameStarts.count > frames && $0.modes[2026] == false && seen(index) }
                times.append(TerminalRun.now() - start)
                run.watch(0.05)
            }
            times.sort()
            return [0.5, 0.99].map { "p\(Int($0 * 100)) \(Double(Int(times[Int(Double(times.count - 1) * $0)] * 10_000)) / 10) ms" }.joined(separator: ", ")
        }

        @Test("a document of 1 MiB is typed in, at its end and at its start", arguments: [TerminalRun.ModelFile.real, .missing])
        func long(model: TerminalRun.ModelFile) throws {
            var dice = Dice(state: 1), text = ""
            while text.utf8.count < 1 << 20 {
                text += (0..<Int.random(in: 3...90, using: &dice)).map { _ in
                    ["snow", "the", "village", "and", "people", "melt", "in", "spring", "houses", "of"].randomElement(using: &dice) ?? ""
                }.joined(separator: " ") + ".\n"
            }
            let run = try TerminalRun("data/terrarium/prompts/p.md", model: model, files: ["p.md": text], seconds: 120)
            try run.wait("the text", within: 20) { _ in !run.words.isEmpty }
            if model == .real { try run.wait("the model", within: 60) { $0.line(0).contains("/8192") } }
            run.settle()
            let keys = (0..<40).map { $0 % 6 == 5 ? " " : "x" }, typed = keys.joined()
            for (place, go) in [("end", Keys.documentEnd), ("start", "\u{1B}[1;5H")] {
                run.send(go)
                run.settle()
                print("1 MiB, model \(model), at its \(place): key to frame \(try times(run, keys))")
                #expect(run.words.contains(typed))
            }
        }

        @Test("a tree of 10,000 nodes is opened again and walked") func tree() throws {
            let scratch = try Scratch()
            let text = try make(scratch.path("data/terrarium"))
            let start = try TerminalRun(model: .missing, scratch: scratch)
            try start.wait(for: "opens the newest session again")
            let began = TerminalRun.now()
            start.send(Keys.reopen)
            try start.wait("the end of the text") { _ in start.words.hasSuffix(text.suffix(40)) }
            print("10,000 nodes: opened and shown after \(Int((TerminalRun.now() - began) * 1000)) ms")
            start.settle()
            let up = Array(repeating: "\u{1B}[1;3D", count: 20), down = Array(repeating: "\u{1B}[1;3C", count: 20)
            print("10,000 nodes: a step up \(try times(start, up)); down again \(try times(start, down))")
            #expect(start.words.hasSuffix(text.suffix(40)))
            print("10,000 nodes: typing \(try times(start, (0..<20).map { $0 % 2 == 0 ? "x" : " " }))")
            start.send("\u{10}tree of what\r")
            try start.wait("the panel") { $0.contains("Branches") }
            print("10,000 nodes: a row in Branches \(try times(start, Array(repeating: Keys.up, count: 20)))")
        }

        /// A session as the program keeps it: its words, forks among them, and a snapshot some way above the newest.
        private func make(_ folder: String) throws -> String {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            var editor = Editor(made: 1_000_000), dice = Dice(state: 7), snapshot: Snapshot?
            while editor.tree.count < 10_000 {
                editor.insert("w\(editor.tree.count) ")
                editor.breakUndo()
                if editor.tree.count % 40 == 0 {
                    for _ in 0..<Int.random(in: 1...60, using: &dice) { if let above = editor.tree.parent(of: editor.tree.current) { editor.walk(to: above) } }
                }
                if editor.tree.count == 9700 { snapshot = Snapshot(node: editor.tree.current, document: editor.document) }
            }
            let done = DispatchSemaphore(value: 0)
            let store = Store(path: folder + "/terrarium.sqlite") { if case .kept = $0 { done.signal() } }
            store.keep(Batch(document: 5, title: "a long session", settings: "{}", current: editor.tree.current, place: editor.place,
                             nodes: editor.takeChanged(), snapshot: snapshot), number: 1)
            try #require(done.wait(timeout: .now() + 60) == .success)
            store.close()
            return String(decoding: editor.document.bytes, as: UTF8.self).trimmingCharacters(in: .whitespaces)
        }
    }
}
