import Engine
import Foundation
import GGUF
import Terminal
import Testing
import Tokenizer
import Workbench

/// A model of 30 layers by 9 heads, too narrow to be good for anything, that knows the words of the tests; and a workbench with it.
struct AttentionDesk {
    static let layers = 30, heads = 9
    static let text = "English: sea otter\nFrench: loutre de mer\nEnglish: cheese"

    /// Loaded once for all tests.
    static let model: Result<Model, any Error> = Result { try makeModel() }
    static func session() throws -> Session { try Session(model.get(), threads: 1) }

    var state: State

    /// A playground of some size with the text in it and the keys in the attention panel.
    init(_ text: String = AttentionDesk.text, width: Int = 120, height: Int = 30, loaded: Bool = true) throws {
        state = State(width: width, height: height)
        if loaded { send(.report(.loaded(try Self.model.get()))) }
        if !text.isEmpty { send(.event(.paste(Array(text.utf8)))) }
        // A low window shows one panel.
        state.slots = height >= 27 ? [.candidates, .attention] : [.attention, .candidates]
        press(.ctrl(.end))
        for _ in 0..<6 where state.focusedPanel != .attention { press(.tab) }
        if state.focusedPanel != .attention { state.focus = .slot(0) }
    }

    mutating func send(_ message: Message) { _ = state.update(message) }
    mutating func press(_ keys: Key...) { for key in keys { send(.event(.key(key))) } }
    mutating func press(_ key: Key, times: Int) { for _ in 0..<times { press(key) } }
    mutating func resize(_ width: Int, _ height: Int) { send(.event(.resize(width: width, height: height))) }

    var attention: AttentionState { state.attention }
    var query: Int { AttentionState.query(state) }
    var version: Int { state.reading.version }
    var lines: [String] { View.frame(state).dump().components(separatedBy: "\n") }
    var screen: String { View.frame(state).dump() }

    /// The panel's part of the screen.
    var panel: [String] {
        guard let rect = Layout(state).rect(of: .attention) else { return [] }
        let frame = View.frame(state)
        return (rect.y..<rect.maxY).map { y in
            var line = ""
            for x in rect.x..<rect.maxX { if let cell = frame[x, y], !cell.isContinuation { line += cell.text } }
            return line
        }
    }

    /// The panel as a terminal of some depth draws it.
    func drawn(_ depth: Depth) -> String {
        guard let rect = Layout(state).rect(of: .attention), let theme = Theme.named("dark") else { return "" }
        let frame = View.frame(state)
        return (rect.y..<rect.maxY).map { y in
            var line = ""
            for x in rect.x..<rect.maxX {
                guard let cell = frame[x, y], !cell.isContinuation else { continue }
                line.unicodeScalars.append(Unicode.Scalar(theme.draw(cell, depth: depth).scalar) ?? "?")
            }
            return line
        }.joined(separator: "\n")
    }
    /// The panel's plane of styles.
    var styles: [String] {
        guard let rect = Layout(state).rect(of: .attention) else { return [] }
        return View.frame(state).styles().components(separatedBy: "\n")[rect.y..<rect.maxY].map { String($0.dropFirst(rect.x)) }
    }

    // MARK: Made-up attention

    /// Every head looks a little at everything and much at one key: (layer * 3 + head * 5) of the keys, 0.6 of it.
    static func rows(query: Int) -> [[[Float]]] {
        (0..<layers).map { layer in (0..<heads).map { head in row(layer, head, query) } }
    }
    static func row(_ layer: Int, _ head: Int, _ query: Int) -> [Float] {
        guard query > 0 else { return [1] }
        let base = (0...query).map { Float(1 + ($0 * 7 + layer + head * 3) % 5) }
        let sum = base.reduce(0, +)
        var row = base.map { $0 / sum * 0.4 }
        row[(layer * 3 + head * 5) % (query + 1)] += 0.6
        return row
    }
    static func map(_ heads: [HeadID], tokens: Int, pool: Int = 1) -> AttentionMap {
        let rows = (0..<tokens).map { query in
            let all = heads.map { row($0.layer, $0.head, query) }
            return (0...query).map { key in all.reduce(0) { $0 + $1[key] } / Float(heads.count) }
        }
        guard pool > 1 else { return AttentionMap(heads: heads, tokens: tokens, pool: 1, rows: rows) }
        let side = (tokens + pool - 1) / pool
        var pooled = (0..<side).map { [Float](repeating: 0, count: $0 + 1) }
        for query in 0..<tokens { for key in 0...query { pooled[query / pool][key / pool] = max(pooled[query / pool][key / pool], rows[query][key]) } }
        return AttentionMap(heads: heads, tokens: tokens, pool: pool, rows: pooled)
    }

    mutating func bringHeads() { send(.report(.heads(version: version, query: query, rows: Self.rows(query: query)))) }
    mutating func bringMap(pool: Int = 1) {
        send(.report(.map(version: version, Self.map(attention.chosen, tokens: state.reading.ids.count, pool: pool))))
    }
    /// Scores as the engine measures them on these ids.
    mutating func bringScores() throws -> HeadScores {
        let session = try Self.session()
        _ = try session.sync(to: state.reading.ids)
        let scores = try #require(try session.headScores())
        send(.report(.scores(version: version, scores)))
        return scores
    }

    // MARK: The model

    private static let words = ["English", "French", " French", " English", " sea", " otter", " loutre", " de", " mer", " cheese"]

    private static func makeModel() throws -> Model {
        let letters = Array(0x21...0x7E) + Array(0xA1...0xAC) + Array(0xAE...0xFF)
        let others = (0...255).filter { !letters.contains($0) }
        func character(_ byte: Int) -> String { String(UnicodeScalar(UInt32(letters.contains(byte) ? byte : 256 + (others.firstIndex(of: byte) ?? 0))) ?? "?") }
        var tokens = (0...255).map(character), merges: [String] = []
        for word in words {
            let parts = word.utf8.map { character(Int($0)) }
            for end in 2...parts.count {
                let merge = parts[..<(end - 1)].joined() + " " + parts[end - 1]
                if !merges.contains(merge) { merges.append(merge); tokens.append(parts[..<end].joined()) }
            }
        }
        var writer = GGUFWriter()
        writer.add("general.architecture", "llama")
        for (key, value) in [("block_count", layers), ("embedding_length", 16), ("attention.head_count", heads), ("attention.head_count_kv", 3),
                             ("attention.key_length", 16), ("attention.value_length", 16), ("feed_forward_length", 16),
                             ("context_length", 8192), ("vocab_size", tokens.count), ("rope.dimension_count", 16)] {
            writer.add("llama." + key, .uint32(UInt32(value)))
        }
        writer.add("llama.attention.layer_norm_rms_epsilon", .float32(1e-5))
        writer.add("tokenizer.ggml.model", "gpt2")
        writer.add("tokenizer.ggml.pre", "gpt-2")
        writer.add("tokenizer.ggml.tokens", strings: tokens)
        writer.add("tokenizer.ggml.merges", strings: merges)
        var seed: UInt32 = 1
        func tensor(_ name: String, _ shape: [Int]) {
            let floats = (0..<shape.reduce(1, *)).map { _ -> Float in
                seed = seed &* 1_664_525 &+ 1_013_904_223
                return shape.count == 1 ? 1 : Float(seed >> 8) / Float(1 << 24) - 0.5
            }
            writer.add(tensor: name, shape: shape, floats: floats)
        }
        for layer in 0..<layers {
            let name = "blk.\(layer)."
            tensor(name + "attn_norm.weight", [16])
            tensor(name + "attn_q.weight", [16, heads * 16])
            tensor(name + "attn_k.weight", [16, 48])
            tensor(name + "attn_v.weight", [16, 48])
            tensor(name + "attn_output.weight", [heads * 16, 16])
            tensor(name + "ffn_norm.weight", [16])
            tensor(name + "ffn_gate.weight", [16, 16])
            tensor(name + "ffn_up.weight", [16, 16])
            tensor(name + "ffn_down.weight", [16, 16])
        }
        tensor("output_norm.weight", [16])
        tensor("token_embd.weight", [16, tokens.count])
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("terrarium-attention-\(UUID().uuidString).gguf").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try writer.write(to: path)
        return try Model(path: path, threads: 1)
    }
}
