import CKernels

/// What reaches a logit directly: the linear parts of the pass, one by one, with the pass's own kernels.
extension Forward {
    /// What each head of a layer adds to the residual stream of one column: the output matrix on its part of z alone.
    /// Shapes: z [heads * headWidth]; out [heads][width].
    package func headOutputs(layer l: Int, z: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>) {
        let w = weights.layers[l].o, inputs = shape.heads * shape.headWidth
        for start in stride(from: 0, to: shape.heads, by: Self.batch) {
            let n = min(Self.batch, shape.heads - start)
            team.run { lane in
                let alone = column.base + lane * columnStride
                for c in share(n, lane) {
                    let own = (start + c) * shape.headWidth
                    alone.update(repeating: 0, count: inputs)
                    (alone + own).update(from: z + own, count: shape.headWidth)
                    shared.prepare(c, alone, inputs, for: w.kind)
                }
                team.barrier()
                multiply(w, shared, Portion(columns: 0..<n, lane: lane, lanes: team.lanes), into: out + start * shape.width, shape.width)
            }
        }
    }

    /// What the final norm divides a residual by.
    package func finalNorm(of residual: UnsafePointer<Float>) -> Double {
        switch shape.norm {
        case .rms(let epsilon):
            let squares = (0..<shape.width).reduce(0.0) { $0 + Double(residual[$1]) * Double(residual[$1]) }
            return (squares / Double(shape.width) + Double(epsilon)).squareRoot()
        }
    }

    /// What a residual, divided by the final norm, is multiplied with for a token's logit. Shape: [width].
    package func unembedding(_ token: Int32) -> [Double] {
        let row = UnsafeMutablePointer<Float>.allocate(capacity: weights.head.blocks * 32)
        defer { row.deallocate() }
        weights.head.row(Int(token), into: row)
        return (0..<shape.width).map { Double(row[$0]) * Double(weights.finalNorm[$0]) }
    }
}
