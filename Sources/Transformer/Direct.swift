import CKernels

/// What reaches a logit directly: the linear parts of the pass, one by one, with the pass's own kernels.
extension Forward {
    /// What each head of a layer adds to the residual stream of one column: the output matrix on its part of z alone, and at last
    /// what the output's bias adds. A norm behind the block divides all by what it divides their sum by.
    /// Shapes: z [heads * headWidth]; out [heads + 1][width].
    package func headOutputs(layer l: Int, z: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>) {
        let layer = weights.layers[l], w = layer.o, inputs = shape.heads * shape.headWidth
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
        let d = shape.width, bias = out + shape.heads * d
        for i in 0..<d { bias[i] = layer.oBias?[i] ?? 0 }
        guard let norm = layer.attnPostNorm else { return }
        let sum = (0..<d).map { i in (0...shape.heads).reduce(0.0) { $0 + Double(out[$1 * d + i]) } }, divisor = divisor(of: sum)
        for row in 0...shape.heads {
            for i in 0..<d { out[row * d + i] = Float(Double(out[row * d + i]) / divisor * Double(norm.weight[i])) }
        }
    }

    /// What the final norm divides a residual by.
    package func finalNorm(of residual: UnsafePointer<Float>) -> Double { divisor(of: (0..<shape.width).map { Double(residual[$0]) }) }

    /// What the family's norm divides a vector by.
    private func divisor(of x: [Double]) -> Double {
        let count = Double(x.count)
        switch shape.norm {
        case .rms(let epsilon): return (x.reduce(0) { $0 + $1 * $1 } / count + Double(epsilon)).squareRoot()
        case .layer(let epsilon):
            let mean = x.reduce(0, +) / count
            return (x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count + Double(epsilon)).squareRoot()
        }
    }

    /// What a residual, divided by the final norm, is multiplied with for a token's logit, and what the norm's bias adds to it.
    /// Shape: direction [width].
    package func unembedding(_ token: Int32) -> (direction: [Double], bias: Double) {
        let row = UnsafeMutablePointer<Float>.allocate(capacity: weights.head.blocks * 32)
        defer { row.deallocate() }
        weights.head.row(Int(token), into: row)
        let direction = (0..<shape.width).map { Double(row[$0]) * Double(weights.finalNorm.weight[$0]) }
        guard case .layer = shape.norm else { return (direction, 0) }
        // The norm takes the mean off the residual; off the direction it is the same.
        let mean = direction.reduce(0, +) / Double(shape.width)
        let bias = weights.finalNorm.bias.map { bias in (0..<shape.width).reduce(0.0) { $0 + Double(row[$1]) * Double(bias[$1]) } }
        return (direction.map { $0 - mean }, bias ?? 0)
    }
}
