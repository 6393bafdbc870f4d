import CKernels
import GGUF

/// One transformer block's weights.
package struct Layer {
    let attnNorm: UnsafePointer<Float>
    package let q: Linear, k: Linear, v: Linear, o: Linear
    let mlpNorm: UnsafePointer<Float>
    package let gate: Linear, up: Linear, down: Linear
}

/// All weights of a model in one arena, in the order the pass reads them; nothing of the file stays mapped.
package final class Weights: @unchecked Sendable {
    package let shape: Architecture
    package let embedding: Linear, head: Linear
    let layers: UnsafeMutableBufferPointer<Layer>
    let finalNorm: UnsafePointer<Float>
    /// Bytes of the arena.
    package let bytes: Int
    private let arena: UnsafeMutableRawPointer

    /// Reads the tensors once, `threads` at a time.
    /// - Throws: `ModelError` for a tensor that is missing, unknown, of another shape or type, or a file that ends early.
    package init(_ gguf: GGUF, _ shape: Architecture, threads: Int, progress: @escaping @Sendable (Double) -> Void) throws(ModelError) {
        self.shape = shape
        var plan = Plan(gguf)
        let (d, qRows, kvRows) = (shape.width, shape.heads * shape.headWidth, shape.kvHeads * shape.headWidth)
        let names = (0..<shape.layers).map { "blk.\($0)." }
        for name in names {
            try plan.vector(name + "attn_norm.weight", d)
            try plan.matrix(name + "attn_q.weight", qRows, d)
            try plan.matrix(name + "attn_k.weight", kvRows, d)
            try plan.matrix(name + "attn_v.weight", kvRows, d)
            try plan.matrix(name + "attn_output.weight", d, qRows)
            try plan.vector(name + "ffn_norm.weight", d)
            try plan.matrix(name + "ffn_gate.weight", shape.hidden, d)
            try plan.matrix(name + "ffn_up.weight", shape.hidden, d)
            try plan.matrix(name + "ffn_down.weight", d, shape.hidden)
        }
        try plan.vector("output_norm.weight", d)
        let tied = gguf.tensor("output.weight") == nil
        if !tied { try plan.matrix("output.weight", shape.vocabulary, d) }
        try plan.matrix("token_embd.weight", shape.vocabulary, d)
        try plan.refuseOthers()

        let available = freeMemory()
        guard plan.bytes < available, let arena = tk_alloc(plan.bytes) else {
            throw .memory(what: "\(gguf.path)", needed: plan.bytes, available: available)
        }
        self.arena = arena
        bytes = plan.bytes
        do { try plan.load(into: arena, threads: threads, progress: progress) } catch {
            tk_free(arena, plan.bytes)
            throw error
        }
        layers = .allocate(capacity: shape.layers)
        for (index, name) in names.enumerated() {
            layers.initializeElement(at: index, to: Layer(
                attnNorm: plan.floats(name + "attn_norm.weight", arena),
                q: plan.linear(name + "attn_q.weight", arena), k: plan.linear(name + "attn_k.weight", arena),
                v: plan.linear(name + "attn_v.weight", arena), o: plan.linear(name + "attn_output.weight", arena),
                mlpNorm: plan.floats(name + "ffn_norm.weight", arena),
                gate: plan.linear(name + "ffn_gate.weight", arena), up: plan.linear(name + "ffn_up.weight", arena),
                down: plan.linear(name + "ffn_down.weight", arena)))
        }
        finalNorm = plan.floats("output_norm.weight", arena)
        embedding = plan.linear("token_embd.weight", arena)
        head = tied ? embedding : plan.linear("output.weight", arena)
    }

    deinit {
        layers.deallocate()
        tk_free(arena, bytes)
    }

    package func layer(_ index: Int) -> Layer { layers[index] }
}

/// Where each tensor of a file goes in the arena.
private struct Plan {
    struct Place {
        let tensor: TensorInfo, offset: Int, rows: Int, columns: Int
        let isVector: Bool
    }
    let gguf: GGUF
    private(set) var bytes = 0
    private var places: [Place] = []
    private var index: [String: Int] = [:]

    init(_ gguf: GGUF) { self.gguf = gguf }

    private mutating func add(_ name: String, shape: [Int], rows: Int, columns: Int, isVector: Bool) throws(ModelError) {
        guard let tensor = gguf.tensor(name) else { throw .missing(path: gguf.path, tensor: name) }
        guard tensor.shape == shape else { throw .shape(path: gguf.path, tensor: name, expected: shape, found: tensor.shape) }
        let type = Int32(tensor.type.rawValue)
        guard isVector ? type == Int32(TK_F32.rawValue) : tk_supported(type) != 0 else {
            throw .weightType(path: gguf.path, tensor: name, found: tensor.type.name, supported: isVector ? ["F32"] : supportedWeightTypes)
        }
        index[name] = places.count
        places.append(Place(tensor: tensor, offset: bytes, rows: rows, columns: columns, isVector: isVector))
        bytes += isVector ? columns * MemoryLayout<Float>.size : Linear.bytes(type: type, rows: rows, columns: columns)
        bytes = (bytes + 63) & ~63
    }
    mutating func vector(_ name: String, _ count: Int) throws(ModelError) {
        try add(name, shape: [count], rows: 1, columns: count, isVector: true)
    }
    mutating func matrix(_ name: String, _ rows: Int, _ columns: Int) throws(ModelError) {
        try add(name, shape: [columns, rows], rows: rows, columns: columns, isVector: false)
    }
    func refuseOthers() throws(ModelError) {
        for tensor in gguf.tensors where index[tensor.name] == nil { throw .unknown(path: gguf.path, tensor: tensor.name) }
    }

    func floats(_ name: String, _ arena: UnsafeMutableRawPointer) -> UnsafePointer<Float> {
        UnsafePointer((arena + places[index[name] ?? 0].offset).assumingMemoryBound(to: Float.self))
    }
    func linear(_ name: String, _ arena: UnsafeMutableRawPointer) -> Linear {
        let place = places[index[name] ?? 0]
        return Linear(type: Int32(place.tensor.type.rawValue), tiles: arena + place.offset, rows: place.rows, columns: place.columns)
    }

    /// Reads every tensor and packs it; each lane takes its share of each matrix's row tiles.
    func load(into arena: UnsafeMutableRawPointer, threads: Int, progress: @escaping @Sendable (Double) -> Void) throws(ModelError) {
        let reader: TensorReader
        do { reader = try TensorReader(gguf) } catch { throw .file(error) }
        let failures = UnsafeMutableBufferPointer<GGUFError?>.allocate(capacity: threads)
        failures.initialize(repeating: nil)
        defer { failures.deinitialize(); failures.deallocate() }
        let team = Team(threads)
        team.run { lane in
            for (number, place) in places.enumerated() where failures[lane] == nil {
                do throws(GGUFError) {
                    try load(place, reader, arena, lane: lane, lanes: team.lanes)
                } catch { failures[lane] = error }
                if lane == 0 { progress(Double(number + 1) / Double(places.count)) }
            }
        }
        if let failure = failures.lazy.compactMap({ $0 }).first { throw .file(failure) }
    }

    private func load(_ place: Place, _ reader: TensorReader, _ arena: UnsafeMutableRawPointer, lane: Int, lanes: Int) throws(GGUFError) {
        if place.isVector {
            guard lane == 0 else { return }
            return try reader.read(place.tensor, from: 0,
                                   into: UnsafeMutableRawBufferPointer(start: arena + place.offset, count: place.tensor.bytes))
        }
        let type = Int32(place.tensor.type.rawValue)
        let rowBytes = tk_row_bytes(type, place.columns), tileBytes = (place.columns + 31) / 32 * tk_tile_bytes(type)
        let rowTiles = (place.rows + 15) / 16, end = rowTiles * (lane + 1) / lanes
        let batch = max(1, 262_144 / (rowBytes * 16))
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: batch * 16 * rowBytes, alignment: 64)
        defer { buffer.deallocate() }
        var tile = rowTiles * lane / lanes
        while tile < end {
            let tiles = min(batch, end - tile), rows = min(tiles * 16, place.rows - tile * 16)
            let bytes = UnsafeMutableRawBufferPointer(rebasing: buffer[0..<rows * rowBytes])
            try reader.read(place.tensor, from: tile * 16 * rowBytes, into: bytes)
            for index in 0..<tiles {
                let count = min(16, rows - index * 16)
                guard let source = bytes.baseAddress else { continue }
                tk_pack(type, source + index * 16 * rowBytes, count, place.columns, arena + place.offset + (tile + index) * tileBytes)
            }
            tile += tiles
        }
    }
}
