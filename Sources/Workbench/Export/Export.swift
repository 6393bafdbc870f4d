import Document
import Engine
import JSONText
import Terminal
import Tokenizer

/// A document with all its numbers, ready to leave the program.
///
/// In: values. Out: the bytes of a file, by its ending. Invariants: what is not known is null or not tinted, never zero;
/// the same value and date give the same bytes. Must not know: the disk, the clock.
package struct Export: Sendable, Equatable {
    /// What is exported, for the question and the words about it.
    package enum Subject: Sendable, Equatable {
        case document
        package var name: String { switch self { case .document: "document" } }
        package var endings: String { Kind.allCases.map { "." + $0.rawValue }.joined(separator: " ") }
    }

    /// What the file's ending asks for.
    package enum Kind: String, Sendable, CaseIterable { case txt, md, json, svg, ans }

    package struct Model: Sendable, Equatable {
        package var title: String, fingerprint: String
        package init(title: String, fingerprint: String) { (self.title, self.fingerprint) = (title, fingerprint) }
    }

    /// What is known of a token.
    package struct Numbers: Sendable, Equatable {
        /// Unit: nats.
        package var logprob: Float?, rank: Int?, entropy: Float?
        package init(logprob: Float? = nil, rank: Int? = nil, entropy: Float? = nil) { (self.logprob, self.rank, self.entropy) = (logprob, rank, entropy) }
        package init(_ step: Step) { self.init(logprob: step.logprob, rank: step.rank, entropy: step.entropy) }
    }

    package struct Totals: Sendable, Equatable {
        package var tokens = 0
        /// Tokens with a logprob, and their bytes.
        package var measured = 0, measuredBytes = 0
        /// Of the measured tokens. Unit: nats.
        package var surprisal = 0.0
        /// Of the measured tokens; nil where there are none.
        package var bitsPerByte: Double? { measuredBytes == 0 ? nil : surprisal / Self.nat / Double(measuredBytes) }
        /// ln 2, the nats of a bit.
        private static let nat = 0.693_147_180_559_945_3
    }

    package var subject = Subject.document
    /// The file's name, or what else it is called.
    package var title: String
    package var text: [UInt8]
    package var tokens: [DocToken]
    /// Shape: [tokens].
    package var numbers: [Numbers]
    package var model: Model?
    package var sampling: Sampling
    /// Of the newest generation, or as it is set; nil where none was drawn.
    package var seed: UInt64?
    package var kind = Kind.txt
    /// How the picture is made.
    package var tint = TextView.Tint.surprisal
    package var themeName = "dark"
    /// Unit: columns.
    package var width = 80
    /// True where every number that can be measured has been.
    package var isSettled = true

    package init(title: String, document: Document, numbers: [Numbers], model: Model?, sampling: Sampling, seed: UInt64? = nil) {
        (self.title, text, tokens, self.model, self.sampling, self.seed) = (title, document.bytes, document.tokens, model, sampling, seed)
        self.numbers = Array(numbers.prefix(tokens.count)) + [Numbers](repeating: Numbers(), count: max(0, tokens.count - numbers.count))
    }

    /// The file's bytes.
    package func bytes(date: String) -> [UInt8] {
        switch kind {
        case .txt: text
        case .md: Array(markdown(date: date).utf8)
        case .json: Array((json(date: date).text + "\n").utf8)
        case .svg: Array(Picture(self, date: date).svg.utf8)
        case .ans: Array(Picture(self, date: date).ansi.utf8)
        }
    }

    package var totals: Totals {
        var totals = Totals()
        totals.tokens = tokens.count
        for (token, numbers) in zip(tokens, numbers) {
            guard let logprob = numbers.logprob else { continue }
            totals.measured += 1
            totals.measuredBytes += token.range.count
            totals.surprisal -= Double(logprob)
        }
        return totals
    }

    /// Tokens whose numbers may still come, and those that can have some; the first of all has none.
    package var missing: (count: Int, of: Int) {
        let able = numbers.dropFirst(numbers.first?.logprob == nil ? 1 : 0)
        return (able.count { $0.logprob == nil }, able.count)
    }
}

extension Export {
    /// The settings as prompt files name them, in their order; every value is valid JSON.
    static func settings(of sampling: Sampling) -> [(key: String, value: JSON)] {
        SamplingField.all.map { field in
            switch field.id {
            case .seed: (field.key, sampling.seed.map { .integer($0) } ?? .string("random"))
            case .stop: (field.key, .strings(sampling.stop.map { String(decoding: $0, as: UTF8.self) }))
            case .logitBias: (field.key, .object(sampling.logitBias.sorted { $0.key < $1.key }.map { ("\($0.key)", .number($0.value)) }))
            default: (field.key, field.value(in: sampling).map { field.isWhole ? .integer(Int($0)) : .number($0) } ?? .null)
            }
        }
    }

    func json(date: String) -> JSON {
        let totals = totals
        return .object([
            ("title", .string(title)), ("date", .string(date)),
            ("model", model.map { .object([("title", .string($0.title)), ("fingerprint", .string($0.fingerprint))]) } ?? .null),
            ("settings", .object(Self.settings(of: sampling).map { ($0.key, $0.value) })), ("seed", seed.map { .integer($0) } ?? .null),
        ] + JSON.text(text) + [
            ("tokens", .array(zip(tokens, numbers).map { .object(fields($0, $1)) })),
            ("totals", .object([
                ("tokens", .integer(totals.tokens)), ("bytes", .integer(text.count)), ("measured_tokens", .integer(totals.measured)),
                ("measured_bytes", .integer(totals.measuredBytes)), ("surprisal", .number(totals.surprisal)),
                ("bits_per_byte", totals.bitsPerByte.map { .number($0) } ?? .null),
            ])),
        ])
    }

    private func fields(_ token: DocToken, _ numbers: Numbers) -> [(String, JSON)] {
        [("id", .integer(token.id))] + JSON.text(Array(text[token.range])) + [
         ("start", .integer(token.range.lowerBound)), ("end", .integer(token.range.upperBound)), ("kept", .literal("\(token.kept)")),
         ("special", .literal("\(token.special)")), ("author", author(of: token).map { .string($0) } ?? .null),
         ("logprob", numbers.logprob.map { .number($0) } ?? .null), ("rank", numbers.rank.map { .integer($0) } ?? .null),
         ("entropy", numbers.entropy.map { .number($0) } ?? .null),
        ]
    }

    /// Who wrote a token; special tokens come from either, and it is not known from which.
    func author(of token: DocToken) -> String? { token.special ? nil : token.kept ? "model" : "you" }

    func markdown(date: String) -> String {
        var out = "# \(Self.escaped(title))\n\n"
        // A newline right behind the tag would not count.
        out += "<pre>\n\(marked)</pre>\n\nBold: written by the model.\n\n| setting | value |\n| --- | --- |\n"
        for (key, value) in Self.settings(of: sampling) { out += "| \(key) | <code>\(Self.escaped(value.text))</code> |\n" }
        out += "\n| | |\n| --- | --- |\n"
        let totals = totals
        var rows = [("date", date), ("seed", seed.map { "\($0)" } ?? "none drawn"), ("model", model?.title ?? "none"), ("fingerprint", model?.fingerprint ?? "none"),
                    ("bytes", "\(text.count)"), ("tokens", "\(totals.tokens)"), ("tokens measured", "\(totals.measured)"),
                    ("surprisal", Number.fixed(totals.surprisal, 3) + " nats")]
        rows.append(("bits per byte", totals.bitsPerByte.map { Number.fixed($0, 4) } ?? "unknown"))
        for (name, value) in rows { out += "| \(name) | \(Self.escaped(value)) |\n" }
        return out
    }

    /// The text for HTML, what the model wrote in bold; what cannot be seen is named as on the screen.
    private var marked: String {
        var out = "", at = 0, isBold = false
        func turn(_ bold: Bool) {
            if bold != isBold { out += bold ? "<b>" : "</b>" }
            isBold = bold
        }
        func add(_ range: Range<Int>) {
            for glyph in TextWidth.glyphs(Array(text[range])) {
                let bytes = text[range.lowerBound + glyph.range.lowerBound..<range.lowerBound + glyph.range.upperBound]
                let isPlain = glyph.kind == .text || glyph.kind == .space || glyph.kind == .newline || glyph.kind == .tab
                out += isPlain ? Self.entities(String(decoding: bytes, as: UTF8.self)) : Self.entities(TokenText.visible(Array(bytes)))
            }
        }
        // Runs of one author, so that no character is cut where a token ends inside it.
        var runs: [(end: Int, bold: Bool)] = []
        for token in tokens {
            let bold = author(of: token) == "model"
            if runs.last?.bold == bold { runs[runs.count - 1].end = token.range.upperBound } else { runs.append((token.range.upperBound, bold)) }
        }
        for run in runs {
            turn(run.bold)
            add(at..<run.end)
            at = run.end
        }
        turn(false)
        add(at..<text.count)
        return out
    }

    /// Text inside HTML.
    static func entities(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { out, scalar in
            switch scalar {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            default: out.unicodeScalars.append(scalar)
            }
        }
    }

    /// Text on one line of Markdown: what has a meaning there, or cannot be seen, is written as a number.
    private static func escaped(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { out, scalar in
            if "\\`*_[]<>#|~&$".unicodeScalars.contains(scalar) || JSON.isHidden(scalar) { out += "&#\(scalar.value);" } else { out.unicodeScalars.append(scalar) }
        }
    }
}
