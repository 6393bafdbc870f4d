import Document
import Engine
import Terminal
import Tokenizer

/// The text with its tints, the cursor, the selection, and the surprisal strip in its lower border.
enum DocumentView {
    static func draw(_ state: State, _ rect: Rect, _ frame: inout Frame) {
        let focused = state.focus == .document
        let tint = state.text.tint == .none ? "" : "tint \(state.text.tint.rawValue)"
        let title = state.run != nil ? "Document · seed \(state.run?.seed ?? 0)" : "Document"
        let inner = frame.box(rect, title: title, label: rect.width > 40 ? tint : "", legend: "", focused: focused)
        strip(state, rect, &frame)
        guard !inner.isEmpty else { return }
        let document = state.editor.document
        if document.count == 0 { welcome(state, inner, &frame) }
        let painter = Painter(state)
        document.bytes.withUnsafeBufferPointer { bytes in
            for row in 0..<inner.height {
                let line = state.text.top + row
                guard line < state.text.starts.count else { break }
                drawLine(bytes, state.text.range(ofLine: line), painter, inner, inner.y + row, &frame)
            }
        }
        cursor(state, inner, focused, &frame)
    }

    static func drawLine(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ painter: Painter, _ rect: Rect, _ y: Int,
                                 _ frame: inout Frame) {
        var at = range.lowerBound, x = rect.x
        var token = painter.firstToken(at: at)
        while at < range.upperBound, x < rect.maxX, let glyph = TextWidth.next(in: bytes, at: at) {
            let (style, index) = painter.style(at: at, from: token)
            token = index
            frame.put(glyph, x: x, y: y, style: style, clip: rect)
            x += glyph.width
            at = max(at + 1, glyph.range.upperBound)
        }
        // A selected or tinted newline shows as one cell.
        if range.upperBound < bytes.count, bytes[range.upperBound] == 0x0A, x < rect.maxX {
            let style = painter.style(at: range.upperBound, from: token).style
            if style.role == .selection || style.heat != nil { frame.put(" ", x: x, y: y, style: style, clip: rect) }
        }
    }

    private static func cursor(_ state: State, _ rect: Rect, _ focused: Bool, _ frame: inout Frame) {
        let line = state.text.line(of: state.editor.cursor), row = line - state.text.top
        guard row >= 0, row < rect.height else { return }
        let x = rect.x + min(rect.width - 1, state.text.column(of: state.editor.cursor, inLine: line))
        if focused, state.overlay == nil { frame.cursor = Frame.Point(x: x, y: rect.y + row) } else {
            frame.restyle(Rect(x: x, y: rect.y + row, width: 1, height: 1)) { $0 = Style(.cursor) }
        }
    }

    private static func welcome(_ state: State, _ rect: Rect, _ frame: inout Frame) {
        var lines = ["Type a prompt, then ^G to let the model go on.", "^O opens the prompts that come with Terrarium.", "^P lists every command, F1 explains."]
        if case .none(let reason) = state.model { lines = [reason, ""] + lines }
        var y = rect.y + 1
        for line in lines {
            for part in Words.wrap(line, width: rect.width - 2) where y < rect.maxY {
                frame.put(part, x: rect.x + 1, y: y, style: Style(.dim), clip: rect)
                y += 1
            }
        }
    }

    /// One column a token, the cursor's token marked; as many as fit around the cursor.
    private static func strip(_ state: State, _ rect: Rect, _ frame: inout Frame) {
        guard let plan = StripPlan(state, rect) else { return }
        let isEntropy = state.text.tint == .entropy
        frame.put(isEntropy ? " entropy " : " surprisal ", x: rect.x + 2, y: plan.y, style: Style(.dim), clip: rect)
        for column in 0..<plan.columns {
            let token = plan.first + column, style = Style(token == plan.here ? .cursor : .bar)
            // Ten nats fill the cell; what is not known yet is a dot.
            if let step = state.reading.step(state.reading.lead + token) {
                frame.sparkline([Double(isEntropy ? step.entropy : -step.logprob) / 10], x: plan.x + column, y: plan.y, style: style, clip: rect)
            } else {
                frame.put("·", x: plan.x + column, y: plan.y, style: style, clip: rect)
            }
        }
    }
}

/// Where the strip stands in the document's lower border, and which tokens it shows.
struct StripPlan {
    let x: Int, y: Int, columns: Int
    /// Tokens of the document.
    let first: Int, here: Int

    init?(_ state: State, _ rect: Rect) {
        let width = rect.width - 15, count = state.reading.ids.count - state.reading.lead
        guard width > 4, rect.height > 1, count > 0 else { return nil }
        here = state.here.token ?? count
        first = max(0, min(count - width, here - width * 3 / 4))
        (x, y, columns) = (rect.x + 13, rect.maxY - 1, min(width, count - first))
    }

    /// The token under a cell of the screen.
    func token(x px: Int, y py: Int) -> Int? { py == y && px >= x && px < x + columns ? first + px - x : nil }
}

/// The style of each byte of the document: selection before chips before tints.
struct Painter {
    private let tokens: [DocToken]
    private var selection: Range<Int>?
    /// Shape: [lead + tokens]; shorter where the rest is not known.
    private let heats: [UInt8?]
    private var showsBoundaries = false
    private var unread = Int.max
    private var lead = 0
    private var colours = false

    init(_ state: State) {
        self.init(tokens: state.shownTokens, heats: Tints.levels(state))
        selection = state.editor.selection
        lead = state.reading.lead
        showsBoundaries = state.text.showsBoundaries
        unread = state.run.map(\.range.upperBound) ?? Int.max
        colours = state.text.tint == .none
    }

    /// Tokens with their tints and nothing else.
    init(tokens: [DocToken], heats: [UInt8?]) { (self.tokens, self.heats) = (tokens, heats) }

    func firstToken(at offset: Int) -> Int {
        var low = 0, high = tokens.count
        while low < high {
            let middle = (low + high) / 2
            if tokens[middle].range.upperBound > offset { high = middle } else { low = middle + 1 }
        }
        return low
    }

    func style(at offset: Int, from token: Int) -> (style: Style, token: Int) {
        var index = token
        while index < tokens.count, tokens[index].range.upperBound <= offset { index += 1 }
        if let selection, selection.contains(offset) { return (Style(.selection), index) }
        guard index < tokens.count, tokens[index].range.contains(offset) else { return (Style(), index) }
        let token = tokens[index]
        if offset >= unread { return (Style(.dim), index) }
        var style = Style(token.special ? .chip : token.kept && colours ? .model : .text)
        if heats.indices.contains(lead + index) { style.heat = heats[lead + index] }
        if showsBoundaries, index % 2 == 1 { style = style.underline }
        return (style, index)
    }
}

/// Levels of the document's tint by position; what is near nothing is not tinted.
extension State {
    /// The document's tokens as they are tinted: of a server's those that it told of.
    var shownTokens: [DocToken] {
        server == nil ? editor.document.tokens : toldPlaces.filter(\.stands).map { DocToken(id: 0, range: $0.range, kept: false, special: false) }
    }
}

enum Tints {
    static func levels(_ state: State) -> [UInt8?] {
        if state.server != nil { return state.toldPlaces.filter(\.stands).map { level(state.text.tint, Export.Numbers(logprob: $0.token.logprob)) } }
        return switch state.text.tint {
        case .none: []
        case .attention: attention(state)
        case let tint: state.reading.steps.map { $0.flatMap { level(tint, Export.Numbers($0)) } }
        }
    }

    /// The level of a token by its own numbers; nil where the tint is none of them.
    static func level(_ tint: TextView.Tint, _ numbers: Export.Numbers) -> UInt8? {
        switch tint {
        case .none, .attention: nil
        case .probability: numbers.logprob.flatMap { level(exponential(Double($0))) }
        case .surprisal: numbers.logprob.flatMap { level(Double(-$0) / 10) }
        case .rank: numbers.rank.flatMap { level(logarithm(Double($0 + 1)) / 10) }
        case .entropy: numbers.entropy.flatMap { level(Double($0) / 8) }
        }
    }

    /// Levels of the attention's weights, whatever the tint is; logarithmic from 0.005 up.
    static func attention(_ state: State) -> [UInt8?] {
        // Entropies are spread evenly; weights lie close to nothing.
        if state.attention.direction == .spread { return state.attention.weights(state).map { $0.flatMap { level(Double($0)) } } }
        return state.attention.weights(state).map { $0.flatMap { Double($0) < 0.005 ? nil : level(Double(Heat.logLevel(Double($0), floor: 0.005)) / 63) } }
    }

    /// The ramp's darkest eighth would stand out on a dark screen though it means nothing: it is left out.
    static func level(_ share: Double) -> UInt8? { share < 0.04 ? nil : Heat.level(0.125 + 0.875 * min(1, share)) }
}

/// Sentences broken between words.
enum Words {
    static func wrap(_ text: String, width: Int) -> [String] {
        var lines: [String] = [], line = ""
        for word in text.split(separator: " ", omittingEmptySubsequences: false) {
            if !line.isEmpty, TextWidth.columns(line) + 1 + TextWidth.columns(String(word)) > width {
                lines.append(line)
                line = String(word)
            } else {
                line += line.isEmpty ? String(word) : " " + word
            }
        }
        return lines + [line]
    }
}
