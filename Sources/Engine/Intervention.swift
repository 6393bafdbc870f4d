import Tokenizer
import Transformer

/// An edit as a person writes it: a line of words that can be printed, saved and replayed, and becomes an `Edit` on a text.
///
/// `L17 H4 zero`, `L20 mlpOut scale 0.5 at 12-31`, `L5 residPre mean`, `L12 residPost from 7 at 30`,
/// `L12 residPost from 7 of "Rome is" at 30`, `L14 residPost add 4 "Love" - "Hate"`.
package struct Intervention: Sendable, Hashable, CustomStringConvertible {
    package enum Change: Sendable, Hashable {
        case zero
        /// Over the positions of the document as it is when the edit is switched on.
        case mean
        case scale(Float)
        /// What stands at a position of the document, or of a text: activation patching.
        case from(position: Int, text: String?)
        /// So many times the difference of two texts' values at their last tokens: steering.
        case add(Float, String, minus: String)
    }
    package let site: Site, layer: Int, head: Int?
    package let positions: Range<Int>?
    package let change: Change

    package init(_ site: Site, layer: Int, head: Int? = nil, positions: Range<Int>? = nil, _ change: Change) {
        (self.site, self.layer, self.head, self.positions, self.change) = (site, layer, head, positions, change)
    }

    /// `L17·H4`, `L20 mlpOut`.
    package var place: String { head.map { "L\(layer)·H\($0)" } ?? "L\(layer) \(site.rawValue)" }

    package var description: String {
        let what = switch change {
        case .zero: "zero"
        case .mean: "mean"
        case .scale(let factor): "scale \(factor)"
        case .from(let position, nil): "from \(position)"
        case .from(let position, let text?): "from \(position) of \(Words.quoted(text))"
        case .add(let factor, let text, let minus): "add \(factor) \(Words.quoted(text)) - \(Words.quoted(minus))"
        }
        let spot = positions.map { $0.count == 1 ? " at \($0.lowerBound)" : " at \($0.lowerBound)-\($0.upperBound - 1)" } ?? ""
        return "L\(layer) " + (head.map { "H\($0) " } ?? "\(site.rawValue) ") + what + spot
    }

    // MARK: Reading

    package enum Fault: Error, Sendable, Equatable, CustomStringConvertible {
        case layer(String), site(String), change(String), number(String), ending(String), empty, edit(EditError)
        package var description: String {
            switch self {
            case .layer(let word): "an edit begins with its layer, as L17, not with \(word)"
            case .site(let word): "\(word) is no place; write H and a number for a head, or one of \(Edit.sites.map(\.rawValue).joined(separator: ", "))"
            case .change(let word): "\(word) is no change; write zero, mean, scale 0.5, from 7, from 7 of \"text\", or add 4 \"this\" - \"that\""
            case .number(let word): "a number is missing after \(word)"
            case .ending(let word): "\(word) is not understood; an edit may end with its positions: at 12 or at 12-31"
            case .empty: "an edit is written as L17 H4 zero, or L20 mlpOut scale 0.5 at 12-31"
            case .edit(let error): "\(error)"
            }
        }
    }

    package init(_ line: String) throws(Fault) {
        var words = Words(line)
        guard let first = words.next() else { throw .empty }
        guard first.count > 1, first.first == "L" || first.first == "l", let layer = Int(first.dropFirst()), layer >= 0 else { throw .layer(first) }
        guard let second = words.next() else { throw .site("nothing") }
        var site = Site.z, head: Int?
        if let found = Edit.sites.first(where: { $0.rawValue.lowercased() == second.lowercased() }) { site = found } else {
            guard second.first == "H" || second.first == "h", let number = Int(second.dropFirst()), number >= 0 else { throw .site(second) }
            head = number
        }
        guard let word = words.next() else { throw .change("nothing") }
        let change: Change
        switch word.lowercased() {
        case "zero": change = .zero
        case "mean": change = .mean
        case "scale":
            guard let factor = words.next().flatMap(Float.init), factor.isFinite else { throw .number("scale") }
            change = .scale(factor)
        case "from":
            guard let position = words.next().flatMap({ Int($0) }), position >= 0 else { throw .number("from") }
            var text: String?
            if words.peek == "of" {
                _ = words.next()
                guard let given = words.next() else { throw .change("from \(position) of nothing") }
                text = given
            }
            change = .from(position: position, text: text)
        case "add":
            guard let factor = words.next().flatMap(Float.init), factor.isFinite else { throw .number("add") }
            guard let one = words.next(), words.next() == "-", let other = words.next() else { throw .change("add without two texts") }
            change = .add(factor, one, minus: other)
        default: throw .change(word)
        }
        var positions: Range<Int>?
        if let word = words.next() {
            let ends = word == "at" ? words.next().map { $0.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) } } ?? [] : []
            guard let low = ends.first ?? nil, let high = ends.last ?? nil, ends.count <= 2, low >= 0, low <= high else { throw .ending(word) }
            positions = low..<high + 1
        }
        if let word = words.next() { throw .ending(word) }
        self.init(site, layer: layer, head: head, positions: positions, change)
    }

    /// - Throws: what of it a model does not have.
    package func check(in shape: Architecture) throws(Fault) {
        let factor: Float = if case .scale(let factor) = change { factor } else { 1 }
        do { try Edit(site, layer: layer, head: head, positions: positions, .scale(factor)).check(in: shape) } catch { throw .edit(error) }
    }

    /// Words apart by spaces; what stands in quotes is one.
    private struct Words {
        private var rest: [String]
        init(_ line: String) {
            var words: [String] = [], word = "", isQuoted = false, isOpen = false, isEscaped = false
            for character in line {
                if isEscaped {
                    word.append(character == "n" ? "\n" : character)
                    isEscaped = false
                } else if character == "\\", isQuoted { isEscaped = true } else if character == "\"" {
                    (isQuoted, isOpen) = (!isQuoted, true)
                } else if character == " ", !isQuoted {
                    if isOpen { words.append(word) }
                    (word, isOpen) = ("", false)
                } else {
                    word.append(character)
                    isOpen = true
                }
            }
            if isOpen { words.append(word) }
            rest = words.reversed()
        }
        var peek: String? { rest.last }
        mutating func next() -> String? { rest.popLast() }

        static func quoted(_ text: String) -> String {
            "\"" + text.reduce(into: "") { $0 += $1 == "\"" ? "\\\"" : $1 == "\\" ? "\\\\" : $1 == "\n" ? "\\n" : String($1) } + "\""
        }
    }
}

extension Session {
    /// The edits that interventions become on this session's tokens; its own edits are seen by what is taken from them.
    package func edits(_ interventions: [Intervention]) throws(EngineError) -> [Edit] {
        var edits: [Edit] = []
        for one in interventions {
            func made(_ change: Edit.Change) -> Edit { Edit(one.site, layer: one.layer, head: one.head, positions: one.positions, change) }
            do { try one.check(in: model.shape) } catch { throw .intervention("\(one): \(error)") }
            switch one.change {
            case .zero: edits.append(made(.zero))
            case .mean: edits.append(made(.mean))
            case .scale(let factor): edits.append(made(.scale(factor)))
            case .from(let position, nil): edits.append(made(.replace(try values(made(.zero), at: position))))
            case .from(let position, let text?): edits.append(made(.replace(try reading(text).values(made(.zero), at: position))))
            case .add(let factor, let text, let minus):
                let (plus, less) = (try reading(text), try reading(minus))
                let (a, b) = (try plus.values(made(.zero), at: plus.tokens.count - 1), try less.values(made(.zero), at: less.tokens.count - 1))
                edits.append(made(.add(zip(a, b).map { factor * ($0 - $1) })))
            }
        }
        return edits
    }

    /// A fork that holds a text's tokens.
    private func reading(_ text: String) throws(EngineError) -> Session {
        let tokenizer = model.tokenizer, fork = fork()
        let ids = (tokenizer.addsBOS ? tokenizer.bos.map { [$0] } ?? [] : []) + tokenizer.encode(Array(text.utf8))
        guard !ids.isEmpty else { throw .intervention("an edit's text is empty; give it at least one token") }
        _ = try fork.sync(to: ids)
        return fork
    }

    /// What passes through an edit's place at a position.
    private func values(_ edit: Edit, at position: Int) throws(EngineError) -> [Float] {
        guard tokens.indices.contains(position) else {
            throw .intervention("an edit takes from position \(position); the text has positions 0 to \(tokens.count - 1)")
        }
        let tap = PlaceTap(edit, model.shape)
        try observe(position..<position + 1, [tap])
        return tap.found[0]
    }
}

/// Keeps what passes through one edit's place at one position.
private final class PlaceTap: Tap {
    private let edit: Edit, range: Range<Int>
    let found = Slots<[Float]>(1, [])
    init(_ edit: Edit, _ shape: Architecture) { (self.edit, range) = (edit, edit.range(in: shape)) }
    func wants(_ site: Site, layer: Int) -> Bool { site == edit.site && layer == edit.layer }
    func take(_ site: Site, layer: Int, column: Int, position: Int, values: UnsafeBufferPointer<Float>) { found[0] = Array(values[range]) }
}
