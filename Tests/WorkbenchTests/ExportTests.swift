import Document
import Engine
import Foundation
import FoundationXML
import JSONText
import Terminal
import Testing
import Tokenizer
import Workbench

@Suite("Export") struct ExportTests {
    /// A document of typed, generated, special and broken text, with the numbers of some of its tokens.
    static func sample(_ kind: Export.Kind = .json) -> Export {
        let end = Tiny.id("<|im_end|>")
        var editor = Editor()
        editor.insert(Array("Fre|nch <b>&\n\u{1B}[2J 字é\u{202E}".utf8) + [0xFF])
        for text in [" cheese", " pe"] { editor.insert(id: Tiny.id(text), bytes: Array(text.utf8), special: false, at: editor.document.count) }
        editor.insert(id: end, bytes: Array("<|im_end|>".utf8), special: true, at: editor.document.count)
        editor.encode(with: Tiny.model.tokenizer)
        let count = editor.document.tokens.count
        let numbers = (0..<count).map { index in
            index == 0 || index == count - 1 ? Export.Numbers() : Export.Numbers(logprob: -Float(index) / 2, rank: index, entropy: 1.25)
        }
        var sampling = Sampling()
        sampling.stop = [Array("\n\"".utf8)]
        sampling.logitBias = [end: -3]
        var export = Export(title: "a*b.md", document: editor.document, numbers: numbers,
                            model: .init(title: "tiny F32", fingerprint: "00ff"), sampling: sampling, seed: 42)
        export.kind = kind
        return export
    }

    @Test("as text it is the exact bytes") func text() {
        #expect(Self.sample(.txt).bytes(date: "2026-01-02") == Self.sample().text)
    }

    @Test("as JSON it is everything, read back the same") func json() throws {
        let export = Self.sample(), data = Data(export.bytes(date: "2026-01-02"))
        #expect(!data.contains(0x1B) && !String(decoding: data, as: UTF8.self).unicodeScalars.contains("\u{202E}"), "harmless on a terminal")
        let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        func bytes(_ object: [String: Any]) -> [UInt8]? {
            (object["bytes"] as? [Int])?.map { UInt8($0) } ?? (object["text"] as? String).map { Array($0.utf8) }
        }
        #expect(bytes(object) == export.text)
        #expect(object["bytes"] != nil, "the text is not whole UTF-8")
        #expect(object["title"] as? String == "a*b.md" && object["date"] as? String == "2026-01-02" && object["seed"] as? Int == 42)
        #expect(object["model"] as? [String: String] == ["title": "tiny F32", "fingerprint": "00ff"])
        let settings = try #require(object["settings"] as? [String: Any])
        #expect(settings["temperature"] as? Double == 0.7 && settings["top_k"] as? Int == 40 && settings["seed"] as? String == "random")
        #expect(settings["stop"] as? [String] == ["\n\""] && settings["logit_bias"] as? [String: Double] == ["\(Tiny.id("<|im_end|>"))": -3])
        #expect(Set(settings.keys) == Set(SamplingField.all.map(\.key)))
        let tokens = try #require(object["tokens"] as? [[String: Any]])
        #expect(tokens.count == export.tokens.count && tokens.contains { $0["bytes"] != nil })
        for (index, pair) in zip(tokens, export.tokens).enumerated() {
            let (read, token) = pair
            #expect(read["id"] as? Int == Int(token.id) && read["start"] as? Int == token.range.lowerBound && read["end"] as? Int == token.range.upperBound)
            #expect(bytes(read) == Array(export.text[token.range]))
            #expect(read["kept"] as? Bool == token.kept && read["special"] as? Bool == token.special)
            #expect(read["author"] as? String == (token.special ? nil : token.kept ? "model" : "you"))
            #expect((read["logprob"] as? Double).map { Float($0) } == export.numbers[index].logprob)
            #expect(read["rank"] as? Int == export.numbers[index].rank && (read["entropy"] as? Double).map { Float($0) } == export.numbers[index].entropy)
            #expect(read.keys.contains("logprob") && read.keys.contains("rank") && read.keys.contains("entropy"), "null, not left out")
        }
        let totals = try #require(object["totals"] as? [String: Any]), measured = export.tokens.count - 2
        #expect(totals["tokens"] as? Int == export.tokens.count && totals["measured_tokens"] as? Int == measured && totals["bytes"] as? Int == export.text.count)
        let sum = (1...measured).reduce(0.0) { $0 + Double($1) / 2 }
        let length = export.tokens[1...measured].reduce(0) { $0 + $1.range.count }
        #expect(totals["surprisal"] as? Double == sum && totals["measured_bytes"] as? Int == length)
        #expect(try abs(#require(totals["bits_per_byte"] as? Double) - sum / log(2) / Double(length)) < 1e-12)
    }

    @Test("nothing measured gives nulls and no bits per byte") func unmeasured() throws {
        var editor = Editor()
        editor.insert("ab")
        editor.encode(with: Tiny.model.tokenizer)
        var export = Export(title: "new", document: editor.document, numbers: [], model: nil, sampling: Sampling())
        export.kind = .json
        let text = String(decoding: export.bytes(date: "2026-01-02"), as: UTF8.self)
        #expect(text.contains("\"model\":null") && text.contains("\"seed\":null") && text.contains("\"logprob\":null") && text.contains("\"bits_per_byte\":null"))
        #expect(export.missing == (1, 1))
        export.kind = .md
        #expect(String(decoding: export.bytes(date: "2026-01-02"), as: UTF8.self).contains("| bits per byte | unknown |"))
    }

    @Test("as Markdown: the text as it stands, the model's part bold, everything that has a meaning escaped") func markdown() {
        let text = String(decoding: Self.sample(.md).bytes(date: "2026-01-02"), as: UTF8.self)
        #expect(text.hasPrefix("# a&#42;b.md\n\n<pre>\nFre|nch &lt;b&gt;&amp;\n␛[2J 字é&lt;U+202E&gt;&lt;FF&gt;<b> cheese pe</b>&lt;|im_end|&gt;</pre>\n"), "\(text)")
        #expect(text.contains("| temperature | <code>0.7</code> |\n") && text.contains("| seed | 42 |\n") && text.contains("| fingerprint | 00ff |\n"))
        #expect(!text.unicodeScalars.contains { $0 != "\n" && JSON.isHidden($0) })
    }

    // MARK: The picture

    /// What a terminal would show of the bytes: rows of characters with their background colours.
    private func replay(_ bytes: [UInt8]) throws -> [(text: String, backgrounds: [Int?])] {
        var rows: [(text: String, backgrounds: [Int?])] = [("", [])], background: Int?
        var rest = Substring(String(decoding: bytes, as: UTF8.self))
        while let first = rest.unicodeScalars.first {
            if first == "\u{1B}" {
                let end = try #require(rest.firstIndex(of: "m"))
                let codes = try rest[rest.index(rest.startIndex, offsetBy: 2)..<end].split(separator: ";").map { try #require(Int($0)) }
                #expect(rest.dropFirst().first == "[" && codes.first == 0)
                background = codes.indices.first { codes[$0] == 48 }.map { codes[$0 + 2] }
                rest = rest[rest.index(after: end)...]
            } else if first == "\n" {
                #expect(background == nil, "a line ends in the terminal's own colours")
                rows.append(("", []))
                rest = rest.dropFirst()
            } else {
                #expect(!TextWidth.isHidden(first.value))
                rows[rows.count - 1].text.unicodeScalars.append(first)
                rows[rows.count - 1].backgrounds.append(background)
                rest.unicodeScalars.removeFirst()
            }
        }
        return rows
    }

    /// A small one: two lines, one of them too long for 20 columns.
    private func small(_ kind: Export.Kind) -> Export {
        var editor = Editor()
        editor.insert("French <&> 字\u{7} cheese cheese")
        editor.encode(with: Tiny.model.tokenizer)
        let tokens = editor.document.tokens
        let numbers = tokens.map { token in
            Array(editor.document.bytes[token.range]) == Array(" cheese".utf8) ? Export.Numbers(logprob: -10, rank: 3, entropy: 2) : Export.Numbers()
        }
        var export = Export(title: "a.txt", document: editor.document, numbers: numbers, model: .init(title: "tiny F32", fingerprint: "00ff"), sampling: Sampling())
        (export.kind, export.width) = (kind, 20)
        return export
    }

    @Test("as ANSI it is the document's view: wrapped alike, everything visible, each token on its own tint") func ansi() throws {
        let rows = try replay(small(.ans).bytes(date: "2026-01-02"))
        #expect(rows.map(\.text) == [
            "tiny F32 (00ff) ·", "a.txt · tint", "surprisal ·", "2026-01-02", "",
            "French <&> 字␇ ", "cheese cheese", "",
            "surprisal          0", "",
        ])
        let hot = Int(Theme.dark.ramp[63])
        #expect(rows[5].backgrounds == [Int?](repeating: nil, count: 13) + [hot])
        #expect(rows[6].backgrounds == [Int?](repeating: hot, count: 13))
        #expect(rows[8].backgrounds[10...17].compactMap { $0 } == (0..<8).map { Int(Theme.dark.ramp[$0 * 9]) })
    }

    @Test("the same colours as the screen's, cell by cell") func asOnScreen() throws {
        var state = State.desk("English: peppermint\nFrench: otter cheese", width: 80, height: 24)
        let version = state.reading.version
        let steps = state.reading.ids.indices.map { index in index == 0 ? nil : Step(id: state.reading.ids[index], logprob: -Float(index % 11), rank: index, entropy: 1) }
        _ = state.update(.report(.steps(version: version, from: 0, steps)))
        for tint in [TextView.Tint.surprisal, .probability, .rank, .entropy] {
            state.text.tint = tint
            let effects = state.export(.document, to: "a.ans", replacing: true)
            guard case .export(let export, _, _)? = effects.first else { Issue.record("no export"); return }
            #expect(export.tint == tint)
            let rows = try replay(export.bytes(date: "2026-01-02"))
            let frame = View.frame(state), first = try #require(rows.firstIndex { $0.text.hasPrefix("English: peppermint") })
            for (row, y) in [(first, 2), (first + 1, 3)] {
                for (column, colour) in rows[row].backgrounds.enumerated() {
                    let cell = try #require(frame[1 + column, y])
                    let paint = Theme.dark.paint(cell.style, depth: .c256)
                    #expect(cell.text == String(rows[row].text[rows[row].text.index(rows[row].text.startIndex, offsetBy: column)]))
                    #expect(paint.bg == Int32(colour ?? -1), "\(tint) \(row) \(column)")
                }
            }
        }
    }

    @Test("a tint that is no number's becomes surprisal") func noTint() {
        var state = State.desk("English", width: 80, height: 24)
        for tint in [TextView.Tint.none, .attention] {
            state.text.tint = tint
            guard case .export(let export, _, _)? = state.export(.document, to: "a.svg", replacing: true).first else { Issue.record("no export"); return }
            #expect(export.tint == .surprisal && export.kind == .svg)
        }
    }

    /// Texts and rectangles of an SVG, as they are drawn.
    private final class Drawing: NSObject, XMLParserDelegate {
        var texts: [(x: Int, y: Int, length: Int, text: String)] = [], rects: [(x: Int, y: Int, width: Int, fill: String)] = []
        private var open: [String: String]?
        private var text = ""
        func parser(_ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?, attributes: [String: String] = [:]) {
            func number(_ key: String) -> Int { attributes[key].flatMap { Int($0) } ?? -1 }
            if name == "rect" { rects.append((number("x"), number("y"), number("width"), attributes["fill"] ?? "")) }
            if name == "text" { (open, text) = (attributes, "") }
        }
        func parser(_ parser: XMLParser, foundCharacters string: String) { text += string }
        func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
            guard name == "text", let open else { return }
            texts.append((Int(open["x"] ?? "") ?? -1, Int(open["y"] ?? "") ?? -1, Int(open["textLength"] ?? "") ?? -1, text))
            self.open = nil
        }
    }
    private func drawing(_ export: Export) throws -> Drawing {
        let drawing = Drawing(), parser = XMLParser(data: Data(export.bytes(date: "2026-01-02")))
        parser.delegate = drawing
        let sound = parser.parse()
        try #require(sound, "\(String(describing: parser.parserError))")
        return drawing
    }

    @Test("as SVG it is sound XML whose texts stand on the grid, wide characters two cells wide, every tint a rectangle") func svg() throws {
        let drawing = try drawing(small(.svg))
        let line = drawing.texts.filter { $0.y == 5 * 18 + 13 }
        #expect(line.map(\.text) == ["French <&>", "字", "␇"])
        #expect(line.map(\.x) == [0, 11 * 9, 13 * 9] && line.map(\.length) == [10 * 9, 2 * 9, 9])
        let next = try #require(drawing.texts.first { $0.y == 6 * 18 + 13 })
        #expect(next.text == "cheese cheese" && next.length == 13 * 9)
        let hot = drawing.rects.filter { $0.y == 5 * 18 || $0.y == 6 * 18 }
        #expect(hot.map(\.x) == [14 * 9, 0] && hot.map(\.width) == [9, 13 * 9])
        #expect(Set(hot.map(\.fill)).count == 1)
        #expect(drawing.rects.filter { $0.y == 8 * 18 }.count >= 7, "the legend")
    }

    @Test("any text at all is sound XML without an invisible character", arguments: ["dark", "light", "contrast"]) func hostile(theme: String) throws {
        var dice = Dice(7)
        for round in 0..<30 {
            var editor = Editor()
            editor.insert(dice.bytes(300) + Array("]]>&amp;</text>\u{0}\u{FFFE}\u{2028}\u{E0001}👍🏽e\u{301}".utf8))
            editor.encode(with: Tiny.model.tokenizer)
            let numbers = editor.document.tokens.map { _ in Export.Numbers(logprob: -Float(dice.below(12)), rank: 1, entropy: 1) }
            var export = Export(title: "<\u{1B}&\"", document: editor.document, numbers: numbers, model: nil, sampling: Sampling())
            (export.kind, export.themeName) = (.svg, theme)
            let drawing = try drawing(export)
            #expect(!drawing.texts.contains { $0.text.unicodeScalars.contains { TextWidth.isHidden($0.value) } }, "round \(round)")
            #expect(drawing.texts.allSatisfy { $0.length == TextWidth.columns($0.text) * 9 && $0.x + $0.length <= 80 * 9 }, "round \(round)")
        }
    }

    @Test("JSON escapes whatever the screen takes for invisible") func hidden() {
        for value in UInt32(0)...0x10FFFF {
            // The one that is a mark to Unicode, which a terminal takes for one too.
            guard let scalar = Unicode.Scalar(value), TextWidth.isHidden(value), value != 0x13440 else { continue }
            #expect(JSON.isHidden(scalar), "\(String(value, radix: 16))")
        }
    }

    // MARK: The question

    @Test("the line takes a path whose ending decides; an unknown ending says which are known") func line() {
        let world = World()
        world.type("Once")
        world.press(.ctrl("o"), .char("e"))
        #expect(world.screen.contains("export the document to: new.") && world.screen.contains(".txt .md .json .svg .ans"))
        world.type("pdf\n")
        #expect(world.state.notice?.text == "the file's ending decides what is written: .txt .md .json .svg .ans" && world.state.overlay != nil)
        world.press(.backspace, .backspace, .backspace)
        world.type("TXT\n")
        #expect(world.text("new.TXT") == "Once" && world.state.overlay == nil)
        #expect(world.state.notice?.text == "exported to new.TXT")
        #expect(world.state.file.path == nil && world.state.hasUnsaved, "an export is no save")
    }

    @Test("a file that is there is asked about; back leads to the line again") func overwrite() {
        let world = World([("old.txt", "old")])
        world.type("Once")
        world.export(to: "old.txt")
        #expect(world.screen.contains("There is a file old.txt already. Overwrite it?") && world.text("old.txt") == "old")
        world.press(.escape)
        #expect(world.screen.contains("export the document to: old.txt"))
        world.press(.enter, .char("o"))
        #expect(world.text("old.txt") == "Once" && world.state.overlay == nil)
    }

    @Test("the open file itself, a folder that is not there and an empty document are refused with their reason") func refused() {
        let world = World()
        world.press(.ctrl("o"), .char("e"))
        #expect(world.state.overlay == nil && world.state.notice?.text.contains("the document is empty") == true)
        world.press(.escape)
        world.open("translate")
        world.export(to: "prompts/translate.md")
        #expect(world.state.notice?.text.contains("the open file itself") == true)
        world.press(.escape)
        world.export(to: "none/a.json")
        #expect(world.state.notice?.kind == .error && world.state.notice?.text.contains("the folder is not there") == true)
    }

    @Test("what is not measured yet is told, unless only the text was asked for") func notYet() {
        var state = State.desk("English: cheese")
        func notice(_ path: String) -> String? {
            var copy = state
            guard case .export(let export, _, _)? = copy.export(.document, to: path, replacing: true).first else { return nil }
            _ = copy.update(.exported(export, path: path))
            return copy.notice?.text
        }
        let count = state.reading.ids.count - 1
        #expect(notice("a.json") == "exported to a.json; \(count) of \(count) tokens are not measured yet")
        #expect(notice("a.txt") == "exported to a.txt")
        let steps = state.reading.ids.indices.map { index in index == 0 ? nil : Step(id: state.reading.ids[index], logprob: -1, rank: 0, entropy: 1) }
        _ = state.update(.report(.steps(version: state.reading.version, from: 0, steps)))
        #expect(notice("a.json") == "exported to a.json")
    }
}

extension World {
    /// Asks for an export and types the path.
    fileprivate func export(to path: String) {
        press(.ctrl("o"), .char("e"), .ctrl("u"))
        type(path + "\n")
    }
}
