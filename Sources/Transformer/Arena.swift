import CKernels
import GGUF

/// Weights in memory, in the order the pass reads them: first the vectors, then for each lane its part of every matrix, so that
/// a thread reads one linear stream from the first layer to the head.
final class Arena {
    let bytes: Int
    private let memory: UnsafeMutableRawPointer
    private let vectors: [String: UnsafePointer<Float>]
    private let matrices: [String: Linear]

    fileprivate init(_ memory: UnsafeMutableRawPointer, _ bytes: Int, _ vectors: [String: UnsafePointer<Float>], _ matrices: [String: Linear]) {
        (self.memory, self.bytes, self.vectors, self.matrices) = (memory, bytes, vectors, matrices)
    }
    deinit {
        for matrix in matrices.values { matrix.parts.deallocate() }
        tk_free(memory, bytes)
    }

    // Of what must be there only names that were planned are asked for.
    func vector(_ name: String) -> UnsafePointer<Float> { vectors[name].unsafelyUnwrapped }
    func matrix(_ name: String) -> Linear { matrices[name].unsafelyUnwrapped }
    func vectorIfAny(_ name: String) -> UnsafePointer<Float>? { vectors[name] }
    func matrixIfAny(_ name: String) -> Linear? { matrices[name] }
}

/// What goes into the arena, in the order the pass reads it.
struct ArenaPlan {
    private struct Vector { let tensor: TensorInfo, count: Int }
    private struct Matrix {
        let name: String, tensor: TensorInfo, firstRow: Int, rows: Int, columns: Int, unit: Int
        func share(lane: Int, of lanes: Int) -> Range<Int> { Team.share(rowTiles, unit: unit, lane: lane, of: lanes) }
        var type: Int32 { Int32(tensor.type.rawValue) }
        var rowTiles: Int { (rows + 15) / 16 }
        /// What is read at once; of columns that lie one after the other a long piece of each.
        var batchBytes: Int { tensor.isTransposed ? 4 << 20 : 262_144 }
        var rowTileBytes: Int { (columns + 31) / 32 * tk_tile_bytes(type) }
    }
    private let gguf: GGUF
    private var vectors: [Vector] = [], matrices: [Matrix] = []
    private var names: Set<String> = []
    private static let vectorTypes: [WeightType] = [.f32, .f16, .bf16]

    init(_ gguf: GGUF) { self.gguf = gguf }

    private mutating func tensor(_ name: String, shape: [Int], supported: [String], isRead: (Int32) -> Bool) throws(ModelError) -> TensorInfo {
        guard let tensor = gguf.tensor(name) else { throw .missing(path: gguf.path, tensor: name) }
        guard tensor.shape == shape else { throw .shape(path: gguf.path, tensor: name, expected: shape, found: tensor.shape) }
        guard isRead(Int32(tensor.type.rawValue)) else {
            throw .weightType(path: gguf.path, tensor: name, found: tensor.type.name, supported: supported)
        }
        names.insert(name)
        return tensor
    }

    mutating func vector(_ name: String, _ count: Int) throws(ModelError) {
        let tensor = try tensor(name, shape: [count], supported: Self.vectorTypes.map(\.name)) { type in Self.vectorTypes.contains { Int32($0.rawValue) == type } }
        vectors.append(Vector(tensor: tensor, count: count))
    }

    /// What a file may have or not.
    mutating func vectorIfAny(_ name: String, _ count: Int) throws(ModelError) {
        if has(name) { try vector(name, count) }
    }

    func has(_ name: String) -> Bool { gguf.tensor(name) != nil }

    /// - Parameters:
    ///   - unit: lanes are divided at multiples of so many row tiles.
    ///   - source: the tensor that holds these rows among others, where it is not one of this name.
    mutating func matrix(_ name: String, _ rows: Int, _ columns: Int, unit: Int = 1,
                         from source: (tensor: String, firstRow: Int, rows: Int)? = nil) throws(ModelError) {
        let source = source ?? (name, 0, rows)
        let tensor = try tensor(source.tensor, shape: [columns, source.rows], supported: supportedWeightTypes) { tk_supported($0) != 0 }
        matrices.append(Matrix(name: name, tensor: tensor, firstRow: source.firstRow, rows: rows, columns: columns, unit: unit))
    }

    func refuseOthers() throws(ModelError) {
        for tensor in gguf.tensors where !names.contains(tensor.name) { throw .unknown(path: gguf.path, tensor: tensor.name) }
    }

    /// Reads every tensor into its place; each lane packs its own part.
    func load(lanes: Int, progress: @escaping @Sendable (Double) -> Void) throws(ModelError) -> Arena {
        var bytes = 0
        func place(_ count: Int) -> Int {
            defer { bytes = (bytes + count + 63) & ~63 }
            return bytes
        }
        let vectorPlaces = vectors.map { place($0.count * MemoryLayout<Float>.size) }
        let places = (0..<lanes).map { lane in
            matrices.map { place($0.share(lane: lane, of: lanes).count * $0.rowTileBytes) }
        }
        let available = freeMemory()
        guard bytes < available, let memory = tk_alloc(bytes) else { throw .memory(what: "\(gguf.path)", needed: bytes, available: available) }
        let failure = fill(memory, vectorPlaces, places, lanes: lanes, progress: progress)
        if let failure {
            tk_free(memory, bytes)
            throw .file(failure)
        }
        var named: [String: Linear] = [:]
        for (index, matrix) in matrices.enumerated() {
            let parts = UnsafeMutableBufferPointer<Linear.Part>.allocate(capacity: lanes)
            for lane in 0..<lanes {
                let part = Linear.Part(tiles: memory + places[lane][index], range: matrix.share(lane: lane, of: lanes))
                parts.initializeElement(at: lane, to: part)
            }
            named[matrix.name] = Linear(type: matrix.type, rows: matrix.rows, columns: matrix.columns, unit: matrix.unit,
                                               parts: UnsafeBufferPointer(parts))
        }
        let floats = zip(vectors, vectorPlaces).map { ($0.tensor.name, UnsafePointer((memory + $1).assumingMemoryBound(to: Float.self))) }
        return Arena(memory, bytes, Dictionary(uniqueKeysWithValues: floats), named)
    }

    private func fill(_ memory: UnsafeMutableRawPointer, _ vectorPlaces: [Int], _ places: [[Int]], lanes: Int,
                      progress: @escaping @Sendable (Double) -> Void) -> GGUFError? {
        let reader: TensorReader
        do { reader = try TensorReader(gguf) } catch { return error }
        let failures = UnsafeMutableBufferPointer<GGUFError?>.allocate(capacity: lanes)
        failures.initialize(repeating: nil)
        defer { failures.deinitialize(); failures.deallocate() }
        do {
            for (vector, place) in zip(vectors, vectorPlaces) {
                let floats = try reader.floats(vector.tensor) ?? []
                UnsafeMutableRawBufferPointer(start: memory + place, count: vector.count * MemoryLayout<Float>.size).copyBytes(from: floats.withUnsafeBytes { Array($0) })
            }
        } catch { return error }
        let team = Team(lanes)
        team.run { worker in
            // A team may come out smaller than asked for.
            for lane in stride(from: worker, to: lanes, by: team.lanes) {
                for (index, matrix) in matrices.enumerated() where failures[lane] == nil {
                    let share = matrix.share(lane: lane, of: lanes)
                    do throws(GGUFError) {
                        try pack(matrix, share, reader, into: memory + places[lane][index])
                    } catch { failures[lane] = error }
                    if lane == 0 { progress(Double(index + 1) / Double(matrices.count)) }
                }
            }
        }
        return failures.lazy.compactMap { $0 }.first
    }

    private func pack(_ matrix: Matrix, _ tiles: Range<Int>, _ reader: TensorReader, into out: UnsafeMutableRawPointer) throws(GGUFError) {
        let rowBytes = tk_row_bytes(matrix.type, matrix.columns), batch = max(1, matrix.batchBytes / (rowBytes * 16))
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: batch * 16 * rowBytes, alignment: 64)
        defer { buffer.deallocate() }
        for start in stride(from: tiles.lowerBound, to: tiles.upperBound, by: batch) {
            let count = min(batch, tiles.upperBound - start), rows = min(count * 16, matrix.rows - start * 16)
            let bytes = UnsafeMutableRawBufferPointer(rebasing: buffer[0..<rows * rowBytes])
            try reader.rows(matrix.tensor, from: matrix.firstRow + start * 16, into: bytes)
            guard let source = bytes.baseAddress else { continue }
            for index in 0..<count {
                tk_pack(matrix.type, source + index * 16 * rowBytes, min(16, rows - index * 16), matrix.columns,
                        out + (start - tiles.lowerBound + index) * matrix.rowTileBytes)
            }
        }
    }
}
