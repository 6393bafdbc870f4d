import CKernels

/// The forward pass: token ids in, residual streams and logits out.
///
/// One function for prefill, decode, branches and scoring. A batch is columns, each a token at a position of a cache;
/// a column's numbers are the same bits whatever else is in the batch and however many threads there are.
/// No error path inside: memory and context are checked before, finiteness after.
package final class Forward {
    package struct Column {
        let token: Int32, position: Int
        /// Base addresses of the pages of this column's cache.
        let pages: UnsafePointer<UnsafeRawPointer?>
        /// Where the pass begins behind the embedding, the residual there.
        let residual: UnsafePointer<Float>?
        package init(token: Int32, position: Int, pages: UnsafePointer<UnsafeRawPointer?>, residual: UnsafePointer<Float>? = nil) {
            (self.token, self.position, self.pages, self.residual) = (token, position, pages, residual)
        }
    }
    /// The most columns of one batch.
    package static let batch = 64
    /// So many columns make it worth a lane's while to read all weights.
    private static let enough = 16

    package let weights: Weights
    package let shape: Architecture
    let layout: PageLayout
    package let team: Team
    /// Of the layers that look at everything, and of local ones; nil where positions are learned.
    private let ropes: (wide: RopeTable?, local: RopeTable?)
    package let context: Int
    private let scale: Float
    // Shapes: x, delta [batch][width]; q, z [batch][heads * headWidth]; k, v [batch][kvHeads * headWidth]; gate, up [batch][hiddenStride]
    private let x: Floats, delta: Floats, q: Floats, k: Floats, v: Floats, z: Floats, gate: Floats, up: Floats
    /// Per lane: a normalised column, and rows of attention scores.
    let column: Floats
    private let scores: Floats
    let columnStride: Int
    private let scoreStride: Int, hiddenStride: Int
    /// One set for the batch, and one column for each lane alone.
    let shared: Activations
    private let own: [Activations]
    private let activationMemory: Floats

    /// - Parameter context: the most positions a column can attend to.
    package init(_ weights: Weights, threads: Int, context: Int) throws(ModelError) {
        self.weights = weights
        shape = weights.shape
        layout = PageLayout(shape)
        team = Team(threads)
        func table(_ rope: Architecture.Rope?, _ divisors: UnsafePointer<Float>?) throws(ModelError) -> RopeTable? {
            guard let rope else { return nil }
            return try RopeTable(rope, divisors: divisors, positions: context)
        }
        let wide = try table(shape.rope, weights.ropeDivisors)
        let isSame = shape.localRope == shape.rope || !shape.isLocal.contains(true)
        ropes = (wide, isSame ? wide : try table(shape.localRope, nil))
        self.context = context
        scale = shape.scoreScale
        let n = Self.batch, queries = shape.heads * shape.headWidth, keys = shape.kvHeads * shape.headWidth
        let what = "the pass's working memory"
        x = try Floats(n * shape.width, for: what)
        delta = try Floats(n * shape.width, for: what)
        q = try Floats(n * queries, for: what)
        z = try Floats(n * queries, for: what)
        k = try Floats(n * keys, for: what)
        v = try Floats(n * keys, for: what)
        hiddenStride = (shape.hidden + 15) & ~15
        gate = try Floats(n * hiddenStride, for: what)
        up = try Floats(n * hiddenStride, for: what)
        columnStride = (max(shape.width, shape.hidden, queries) + 63) & ~31
        scoreStride = (context + 63) & ~31
        column = try Floats(columnStride * team.lanes, for: what)
        scores = try Floats(scoreStride * Int(TK_MOST_ROWS) * team.lanes, for: what)
        let one = Activations.bytes(columns: columnStride, count: 1)
        activationMemory = try Floats(one * (n + team.lanes) / MemoryLayout<Float>.size, for: what)
        let memory = UnsafeMutableRawPointer(activationMemory.base), stride = columnStride
        shared = Activations(memory, columns: stride, count: n)
        own = (0..<team.lanes).map { Activations(memory + one * (n + $0), columns: stride, count: 1) }
    }

    /// Runs the columns through the layers from `first` on; keys and values go to their pages, taps see what they ask for.
    /// Columns of one cache come in order of position and their pages are writable.
    package func run(_ columns: UnsafeBufferPointer<Column>, taps: [any Tap] = [], edits: EditTable? = nil, from first: Int = 0) {
        let n = columns.count
        precondition(n <= Self.batch)
        turn(to: (columns.map(\.position).max() ?? 0) + 1)
        let watch = Watch(columns: columns, taps: taps, edits: edits)
        team.run { lane in
            for c in share(n, lane) { begin(columns[c], into: x.base + c * shape.width, lane) }
            // One column: all lanes read what one has begun with.
            if n == 1 { team.barrier() }
            for l in first..<shape.layers { block(l, watch, lane) }
        }
    }

    /// What the residual stream of a column begins with: its token's embedding, unless it is known.
    private func begin(_ column: Column, into out: UnsafeMutablePointer<Float>, _ lane: Int) {
        if let residual = column.residual { return out.update(from: residual, count: shape.width) }
        let row = self.column.base + lane * columnStride
        weights.embedding.row(Int(column.token), into: row)
        if shape.embeddingScale == 1 {
            out.update(from: row, count: shape.width)
        } else {
            for i in 0..<shape.width { out[i] = row[i] * shape.embeddingScale }
        }
        guard let positions = weights.positions else { return }
        positions.row(column.position, into: row)
        tk_add(out, row, shape.width)
    }

    /// Makes the turns of positions 0..<count ready.
    private func turn(to count: Int) {
        ropes.wide?.prepare(to: count)
        ropes.local?.prepare(to: count)
    }

    private func rope(_ l: Int) -> RopeTable? { shape.isLocal[l] ? ropes.local : ropes.wide }

    /// The columns of a pass, who looks on and what is changed on the way.
    private struct Watch {
        let columns: UnsafeBufferPointer<Column>
        let taps: [any Tap]
        let edits: EditTable?

        func isAt(_ site: Site, _ l: Int) -> Bool { edits?.has(site, l) ?? false || taps.contains { $0.wants(site, layer: l) } }
    }

    /// What a lane does in a stage: some columns, and of the matrices' rows a share.
    struct Portion {
        let columns: Range<Int>
        let lane: Int, lanes: Int
    }

    /// Of many columns each lane takes some with all rows: what they are made of then never leaves its cache, though every lane
    /// reads all weights. Of few columns each lane takes some rows, so that weights are read once.
    private func portion(_ n: Int, _ lane: Int) -> Portion {
        n >= Self.enough * team.lanes ? Portion(columns: share(n, lane), lane: 0, lanes: 1)
            : Portion(columns: 0..<n, lane: lane, lanes: team.lanes)
    }

    private func block(_ l: Int, _ watch: Watch, _ lane: Int) {
        let columns = watch.columns, w = weights.layers[l], n = columns.count, part = portion(n, lane)
        let (d, hw, hidden) = (shape.width, shape.headWidth, shape.hidden)
        let queries = shape.heads * hw, keys = shape.kvHeads * hw
        // One column: every lane prepares it for itself, which costs less than meeting.
        let alone = n == 1, isOwn = alone || part.lanes == 1
        let acts = alone ? own[lane] : shared
        let mine = alone ? 0..<1 : share(n, lane)
        func meet() { if !isOwn { team.barrier() } }
        func settle() { if part.lanes > 1 { team.barrier() } }

        place(.residPre, l, watch, x.base, d, lane)                                      // x: [n][width]
        for c in mine {
            acts.prepare(c, normed(x.base + c * d, w.attnNorm, lane), d, for: w.q.kind.union(w.k.kind).union(w.v.kind))
        }
        meet()
        multiply(w.q, w.qBias, acts, part, into: q.base, queries)                        // q: [n][heads * headWidth]
        multiply(w.k, w.kBias, acts, part, into: k.base, keys)                           // k, v: [n][kvHeads * headWidth]
        multiply(w.v, w.vBias, acts, part, into: v.base, keys)
        rotateAndStore(l, columns, part)
        team.barrier()
        place(.q, l, watch, q.base, queries, lane)
        place(.k, l, watch, k.base, keys, lane)
        place(.v, l, watch, v.base, keys, lane)
        attend(l, columns, part, scores.base + lane * scoreStride * Int(TK_MOST_ROWS))   // z: [n][heads * headWidth]
        settle()
        place(.z, l, watch, z.base, queries, lane)
        for c in mine { acts.prepare(c, z.base + c * queries, queries, for: w.o.kind) }
        meet()
        addProduct(w.o, w.oBias, w.attnPostNorm, acts, part, .attnOut, l, watch, lane)
        settle()
        place(.residMid, l, watch, x.base, d, lane)
        for c in mine {
            acts.prepare(c, normed(x.base + c * d, w.mlpNorm, lane), d, for: w.up.kind.union(w.gate?.kind ?? []))
        }
        meet()
        if let w = w.gate { multiply(w, acts, part, into: gate.base, hiddenStride) }     // gate, up: [n][hidden]
        multiply(w.up, w.upBias, acts, part, into: up.base, hiddenStride)
        activate(w, part)
        settle()
        for c in mine { acts.prepare(c, gate.base + c * hiddenStride, hidden, for: w.down.kind) }
        meet()
        addProduct(w.down, w.downBias, w.mlpPostNorm, acts, part, .mlpOut, l, watch, lane)
        settle()
        place(.residPost, l, watch, x.base, d, lane)
    }

    // MARK: Stages

    private func normed(_ x: UnsafePointer<Float>, _ norm: NormWeights, _ lane: Int) -> UnsafePointer<Float> {
        let out = column.base + lane * columnStride
        self.norm(x, norm, shape.width, into: out)
        return UnsafePointer(out)
    }

    /// The family's norm; `out` may be `x`.
    private func norm(_ x: UnsafePointer<Float>, _ norm: NormWeights, _ count: Int, into out: UnsafeMutablePointer<Float>) {
        switch shape.norm {
        case .rms(let epsilon): tk_rmsnorm(x, norm.weight, count, epsilon, out)
        case .layer(let epsilon): tk_layernorm(x, norm.weight, norm.bias, count, epsilon, out)
        }
    }

    /// gate = activation(gate) * up, or activation(up) where there is no gate, on the rows a lane has computed itself.
    private func activate(_ w: Layer, _ part: Portion) {
        let rows = w.up.share(lane: part.lane, of: part.lanes), isGated = w.gate != nil
        for c in part.columns {
            let at = c * hiddenStride + rows.lowerBound
            let input = isGated ? gate.base + at : up.base + at, factor = isGated ? UnsafePointer(up.base + at) : nil
            switch shape.activation {
            case .silu: tk_silu_mul(input, factor, rows.count, gate.base + at)
            case .gelu: tk_gelu_mul(input, factor, rows.count, gate.base + at)
            }
        }
    }

    /// out = w · acts + bias, on the rows of this lane.
    private func multiply(_ w: Linear, _ bias: UnsafePointer<Float>?, _ acts: Activations, _ part: Portion,
                          into out: UnsafeMutablePointer<Float>, _ stride: Int) {
        multiply(w, acts, part, into: out, stride)
        guard let bias else { return }
        let rows = w.share(lane: part.lane, of: part.lanes).clamped(to: 0..<w.rows)
        for c in part.columns { tk_add(out + c * stride + rows.lowerBound, bias + rows.lowerBound, rows.count) }
    }

    func multiply(_ w: Linear, _ acts: Activations, _ part: Portion, into out: UnsafeMutablePointer<Float>, _ stride: Int, add: Bool = false) {
        let first = part.columns.lowerBound
        w.multiply(acts.pointer(for: w) + first * acts.stride, stride: acts.stride, count: part.columns.count,
                   into: out + first * stride, outStride: stride, add: add, lane: part.lane, lanes: part.lanes)
    }

    /// x += norm(w · acts + bias), in the product's own epilogue unless there is more to it, or somebody wants to see or change it.
    private func addProduct(_ w: Linear, _ bias: UnsafePointer<Float>?, _ postNorm: NormWeights?, _ acts: Activations, _ part: Portion,
                            _ site: Site, _ l: Int, _ watch: Watch, _ lane: Int) {
        let d = shape.width
        if bias != nil || postNorm != nil || watch.isAt(site, l) {
            multiply(w, bias, acts, part, into: delta.base, d)
            team.barrier()
            if let postNorm { for c in share(watch.columns.count, lane) { norm(delta.base + c * d, postNorm, d, into: delta.base + c * d) } }
            place(site, l, watch, delta.base, d, lane)
            for c in share(watch.columns.count, lane) { tk_add(x.base + c * d, delta.base + c * d, d) }
        } else {
            multiply(w, acts, part, into: x.base, d, add: true)
        }
    }

    /// Turns the queries and keys that this lane has computed, and stores its keys and values in their pages.
    private func rotateAndStore(_ l: Int, _ columns: UnsafeBufferPointer<Column>, _ part: Portion) {
        let w = weights.layers[l], hw = shape.headWidth, (lane, lanes) = (part.lane, part.lanes)
        let queries = w.q.share(lane: lane, of: lanes), keys = w.k.share(lane: lane, of: lanes), values = w.v.share(lane: lane, of: lanes)
        for c in part.columns {
            let position = columns[c].position, slot = position % PageLayout.positions
            let q = q.base + c * shape.heads * hw, k = k.base + c * shape.kvHeads * hw, v = v.base + c * shape.kvHeads * hw
            place(q, queries, norm: w.qNorm, l, position)
            place(k, keys, norm: w.kNorm, l, position)
            guard let page = columns[c].pages[position / PageLayout.positions].map(UnsafeMutableRawPointer.init(mutating:)) else { continue }
            eachHead(of: keys) { head, part in
                tk_store_key(k + head * hw + part.lowerBound, part.count, page + layout.keys(l, head, dimension: part.lowerBound), slot)
            }
            eachHead(of: values) { head, part in
                tk_store_value(v + head * hw + part.lowerBound, part.count,
                               page + layout.values(l, head, slot: slot, dimension: part.lowerBound))
            }
        }
    }

    /// Norms the heads of some rows, where the model does, and turns them by their position.
    private func place(_ x: UnsafeMutablePointer<Float>, _ rows: Range<Int>, norm: UnsafePointer<Float>?, _ l: Int, _ position: Int) {
        if let norm {
            for head in stride(from: rows.lowerBound, to: rows.upperBound, by: shape.headWidth) {
                self.norm(x + head, NormWeights(weight: norm, bias: nil), shape.headWidth, into: x + head)
            }
        }
        rope(l)?.apply(x, rows: rows, headWidth: shape.headWidth, position: position)
    }

    /// The dimensions of each head that some rows hold.
    @inline(__always)
    private func eachHead(of rows: Range<Int>, _ body: (_ head: Int, _ part: Range<Int>) -> Void) {
        let hw = shape.headWidth
        var row = rows.lowerBound
        while row < rows.upperBound {
            let head = row / hw, end = min(rows.upperBound, (head + 1) * hw)
            body(head, row - head * hw..<end - head * hw)
            row = end
        }
    }

    /// Rows go from KV head to KV head, then from column to column: neighbours share what they read of the cache.
    private func attend(_ l: Int, _ columns: UnsafeBufferPointer<Column>, _ part: Portion, _ room: UnsafeMutablePointer<Float>) {
        let hw = shape.headWidth, group = shape.heads / shape.kvHeads, most = Int(TK_MOST_ROWS), perHead = part.columns.count * group
        let mine = Team.share(part.columns.count * shape.heads, lane: part.lane, of: part.lanes)
        func column(_ index: Int) -> Int { part.columns.lowerBound + index % perHead / group }
        withUnsafeTemporaryAllocation(of: tk_row.self, capacity: most) { rows in
            var index = mine.lowerBound
            while index < mine.upperBound {
                let kvHead = index / perHead, pages = columns[column(index)].pages
                let end = min(mine.upperBound, (kvHead + 1) * perHead, index + most)
                var count = 0
                while index < end, columns[column(index)].pages == pages {
                    let c = column(index), h = kvHead * group + index % group, at = (c * shape.heads + h) * hw
                    let position = columns[c].position, slot = position % PageLayout.positions
                    guard let page = pages[position / PageLayout.positions].map(UnsafeMutableRawPointer.init(mutating:)) else { return }
                    rows.initializeElement(at: count, to: tk_row(
                        q: q.base + at, out: z.base + at,
                        stats: (page + layout.statistics(l, h, slot: slot)).assumingMemoryBound(to: Float.self),
                        start: shape.firstKey(l, position), length: position + 1))
                    count += 1
                    index += 1
                }
                tk_attend(rows.baseAddress, count, hw, pages, layout.keys(l, kvHead), layout.values(l, kvHead), scale, room, scoreStride)
            }
        }
    }

    /// Floats from one row of logits to the next: the vocabulary in whole tiles.
    package var logitStride: Int { weights.head.rowTiles * 16 }

    /// Logits of at most `batch` residual rows: final norm and head. What is to be done with them follows on the same lanes,
    /// called by all at once, so that they need not be woken again. Shapes: rows n pointers to [width]; out [n][logitStride].
    package func project(_ rows: [UnsafePointer<Float>], into out: UnsafeMutablePointer<Float>, then use: (_ lane: Int) -> Void) {
        let head = weights.head, n = rows.count
        precondition(n <= Self.batch)
        let alone = n == 1
        team.run { lane in
            let acts = alone ? own[lane] : shared
            for c in alone ? 0..<1 : share(n, lane) {
                acts.prepare(c, normed(rows[c], weights.finalNorm, lane), shape.width, for: head.kind)
            }
            if !alone { team.barrier() }
            multiply(head, acts, Portion(columns: 0..<n, lane: lane, lanes: team.lanes), into: out, logitStride)  // logits: [n][logitStride]
            team.barrier()
            use(lane)
        }
    }

    /// The queries of every head at a layer, from residuals kept before it, as the pass had them.
    /// Shapes: rows n pointers to [width]; out [n][heads * headWidth].
    package func queries(layer l: Int, rows: [(residual: UnsafePointer<Float>, position: Int)], into out: UnsafeMutablePointer<Float>) {
        turn(to: (rows.map(\.position).max() ?? 0) + 1)
        let w = weights.layers[l], stride = shape.heads * shape.headWidth
        for start in Swift.stride(from: 0, to: rows.count, by: Self.batch) {
            let n = min(Self.batch, rows.count - start), part = out + start * stride
            team.run { lane in
                for c in share(n, lane) {
                    shared.prepare(c, normed(rows[start + c].residual, w.attnNorm, lane), shape.width, for: w.q.kind)
                }
                team.barrier()
                multiply(w.q, w.qBias, shared, Portion(columns: 0..<n, lane: lane, lanes: team.lanes), into: part, stride)
                team.barrier()
                for c in share(n, lane) { place(part + c * stride, 0..<stride, norm: w.qNorm, l, rows[start + c].position) }
            }
        }
    }

    /// The softmaxed attention rows of some queries, equal to the pass's; `visit` is called by several threads at once.
    /// Shapes: queries [positions][heads * headWidth]; a visited row is [position + 1].
    package func patterns(layer: Int, heads: Range<Int>, queries: UnsafePointer<Float>, positions: Range<Int>,
                          pages: UnsafePointer<UnsafeRawPointer?>,
                          visit: (_ head: Int, _ position: Int, _ row: UnsafeBufferPointer<Float>) -> Void) {
        let hw = shape.headWidth, group = shape.heads / shape.kvHeads
        team.run { lane in
            let room = scores.base + lane * scoreStride * Int(TK_MOST_ROWS)
            for item in stride(from: lane, to: positions.count * heads.count, by: team.lanes) {
                let row = item / heads.count, h = heads.lowerBound + item % heads.count, position = positions.lowerBound + row
                guard let page = pages[position / PageLayout.positions] else { continue }
                let statistics = (page + layout.statistics(layer, h, slot: position % PageLayout.positions)).assumingMemoryBound(to: Float.self)
                tk_scores(queries + (row * shape.heads + h) * hw, hw, pages, layout.keys(layer, h / group), position + 1, scale, room)
                tk_pattern(room, shape.firstKey(layer, position), position + 1, statistics[0], statistics[1], room)
                visit(h, position, UnsafeBufferPointer(start: room, count: position + 1))
            }
        }
    }

    func share(_ n: Int, _ lane: Int) -> Range<Int> { Team.share(n, lane: lane, of: team.lanes) }

    /// A named place: each lane changes some columns' values as the edits say, and shows them to the taps that want them.
    @inline(__always)
    private func place(_ site: Site, _ l: Int, _ watch: Watch, _ base: UnsafeMutablePointer<Float>, _ width: Int, _ lane: Int) {
        let columns = watch.columns, mine = share(columns.count, lane)
        if let edits = watch.edits, edits.has(site, l) {
            for c in mine { edits.apply(site, l, position: columns[c].position, base + c * width) }
            team.barrier()
        }
        for tap in watch.taps where tap.wants(site, layer: l) {
            for c in mine {
                tap.take(site, layer: l, column: c, position: columns[c].position, values: UnsafeBufferPointer(start: base + c * width, count: width))
            }
        }
    }
}
