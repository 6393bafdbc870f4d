import Tokenizer

/// A prompt file: text with optional YAML front matter.
///
/// Reading and rendering without a change gives the same bytes; rendering with one rewrites the changed values' lines only.
package struct PromptFile: Sendable, Equatable {
    package enum Mode: String, Sendable, CaseIterable { case complete, chat }

    /// A name that stands in the text as `{{name}}`.
    package struct Variable: Sendable, Equatable {
        package var name: String
        package var standard: String?

        package init(name: String, standard: String? = nil) {
            self.name = name
            self.standard = standard
        }
    }

    package var title: String?
    /// One sentence: what to look at when this prompt runs.
    package var lookAt: String?
    package var mode: Mode = .complete
    package var system: String?
    package var settings = PromptSettings()
    package var variables: [Variable] = []
    /// True if the text of special tokens is read as tokens.
    package var specials = false
    /// The prompt, without the final newline that belongs to the file.
    package var body: [UInt8] = []
    /// What a person should know of this file, such as unknown keys.
    package internal(set) var notices: [String] = []

    var source = PromptSource()

    package init(body: [UInt8] = []) {
        self.body = body
        source.finalNewline = [0x0A]
    }

    /// Reads a file's bytes.
    ///
    /// Throws: when the front matter is not closed, not YAML, over 64 KiB, uses aliases, or a value has the wrong type.
    package init(parsing bytes: [UInt8], path: String) throws(PromptFileError) {
        let split: PromptSource.Split
        do { split = try PromptSource.split(bytes) } catch {
            throw PromptFileError(path: path, line: error.line, fact: error.fact)
        }
        source = split.source
        body = split.body
        do { try FrontMatter.read(source.yaml, into: &self) } catch {
            throw PromptFileError(path: path, line: error.line.map { $0 + 1 }, fact: error.fact)
        }
    }

    /// The bytes to save.
    ///
    /// Throws: when a changed value cannot be written into the front matter as it is laid out.
    package func render(path: String) throws(PromptFileError) -> [UInt8] {
        let yaml: [UInt8]
        do { yaml = try FrontMatter.rewrite(self) } catch {
            throw PromptFileError(path: path, line: error.line.map { $0 + 1 }, fact: error.fact)
        }
        return source.join(yaml: yaml, body: body)
    }

    /// A file of text alone.
    /// A file that holds a prompt and no front matter.
    package static func plain(_ body: [UInt8]) -> [UInt8] { PromptFile(body: body).source.join(yaml: [], body: body) }
}

/// Sampling settings as far as a prompt file names them; nil means not named.
package struct PromptSettings: Sendable, Equatable {
    package enum Seed: Sendable, Equatable { case random, fixed(UInt64) }
    package enum BiasKey: Sendable, Hashable { case id(Int), text(String) }

    package var temperature: Double?
    package var topK: Int?
    package var typicalP: Double?
    package var topP: Double?
    package var minP: Double?
    package var repetitionPenalty: Double?
    package var presencePenalty: Double?
    package var frequencyPenalty: Double?
    package var logitBias: [BiasKey: Double]?
    package var seed: Seed?
    package var maxTokens: Int?
    package var stop: [String]?

    package init() {}
}

/// How a file is put together around its prompt: what must survive reading and saving.
struct PromptSource: Sendable, Equatable {
    var mark = false
    /// The lines that open and close the front matter; nil if the file has none.
    var fences: (open: [UInt8], close: [UInt8])?
    var yaml: [UInt8] = []
    var finalNewline: [UInt8] = []

    struct Split {
        var source: PromptSource
        var body: [UInt8]
    }

    static let limit = 64 << 10
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    static func == (left: PromptSource, right: PromptSource) -> Bool {
        left.mark == right.mark && left.yaml == right.yaml && left.finalNewline == right.finalNewline
            && left.fences?.open == right.fences?.open && left.fences?.close == right.fences?.close
    }

    static func split(_ bytes: [UInt8]) throws(Fault) -> Split {
        var source = PromptSource()
        var rest = bytes[...]
        if rest.starts(with: byteOrderMark) {
            source.mark = true
            rest = rest.dropFirst(3)
        }
        if let open = fence(in: rest) {
            let start = open.endIndex
            var lineStart = start
            var close: ArraySlice<UInt8>?
            while lineStart < rest.endIndex, lineStart - start <= limit {
                if let found = fence(in: rest[lineStart...]) { close = found; break }
                lineStart = rest[lineStart...].firstIndex(of: 0x0A).map { $0 + 1 } ?? rest.endIndex
            }
            guard let close, close.startIndex - start <= limit else {
                throw lineStart < rest.endIndex || rest.endIndex - start > limit
                    ? Fault(1, .tooLong(limit: limit)) : Fault(1, .unclosed)
            }
            source.fences = (Array(open), Array(close))
            source.yaml = Array(rest[start..<close.startIndex])
            rest = rest[close.endIndex...]
        }
        if rest.last == 0x0A {
            let carriage = rest.dropLast().last == 0x0D
            source.finalNewline = carriage ? [0x0D, 0x0A] : [0x0A]
            rest = rest.dropLast(source.finalNewline.count)
        }
        return Split(source: source, body: Array(rest))
    }

    /// The first line with its end, if it is `---`.
    private static func fence(in bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard bytes.starts(with: [0x2D, 0x2D, 0x2D]) else { return nil }
        var index = bytes.startIndex + 3
        while index < bytes.endIndex, bytes[index] == 0x20 || bytes[index] == 0x09 { index += 1 }
        if index < bytes.endIndex, bytes[index] == 0x0D { index += 1 }
        if index == bytes.endIndex { return bytes }
        return bytes[index] == 0x0A ? bytes[...index] : nil
    }

    func join(yaml: [UInt8], body: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        let opensFence = fences == nil && Self.fence(in: body[...]) != nil
        // Without a mark of its own the file would lose one that the prompt begins with.
        if mark || (fences == nil && yaml.isEmpty && !opensFence && body.starts(with: Self.byteOrderMark)) { out += Self.byteOrderMark }
        if fences != nil || !yaml.isEmpty || opensFence {
            let fence = Array("---\n".utf8)
            out += fences?.open ?? fence
            out += yaml
            var close = fences?.close ?? fence
            if close.last != 0x0A, !body.isEmpty || !finalNewline.isEmpty { close.append(0x0A) }
            out += close
        }
        out += body
        // A prompt that ends in a newline needs one more, which belongs to the file.
        out += finalNewline.isEmpty && body.last == 0x0A ? [0x0A] : finalNewline
        return out
    }
}
