import Tokenizer

/// Two texts beside each other: their tokens, how the model saw them, and how far its predictions lie apart.
package struct Comparison: Sendable, Equatable {
    package struct Column: Sendable, Equatable {
        package fileprivate(set) var ids: [TokenID]
        /// Nil for the first, and where nothing was measured yet. Shape: [ids].
        package fileprivate(set) var steps: [Step?]
        /// Why no more of it was drawn, where it was.
        package internal(set) var end: TextEnd?
        /// Whose ids they are, where they are not the first column's.
        package let tokenizer: Tokenizer?

        package init(_ ids: [TokenID], tokenizer: Tokenizer? = nil) {
            (self.ids, steps, self.tokenizer) = (ids, Array(repeating: nil, count: ids.count), tokenizer)
        }

        /// What a server drew behind a text, which is given in the pieces of another tokenizer. A rank that was not told is -1.
        package init(told: [TextToken], end: TextEnd, after text: [[UInt8]]) {
            ids = (0..<text.count + told.count).map { TokenID($0) }
            tokenizer = Tokenizer(words: text + told.map(\.bytes))
            steps = text.map { _ in nil } + told.enumerated().map { index, token in
                token.logprob.map { logprob in
                    Step(id: TokenID(text.count + index), logprob: logprob, rank: token.top.firstIndex { $0.bytes == token.bytes } ?? -1, entropy: .nan)
                }
            }
            self.end = end
        }

        package static func == (one: Column, other: Column) -> Bool {
            one.ids == other.ids && one.steps == other.steps && one.end == other.end && one.tokenizer === other.tokenizer
        }

        mutating func append(_ step: Step) {
            ids.append(step.id)
            steps.append(step)
        }
    }

    /// What the samplers of two settings make of the distributions before a pair.
    package struct Sampled: Sendable, Equatable {
        /// KL(A || B) and KL(B || A) of what is left after all stages; infinite where one draws what the other has cut. Unit: nats.
        package let ab: Double, ba: Double
        /// The chance of the pair's first tokens; nil where it has none.
        package let a: Double?, b: Double?
    }

    package private(set) var a: Column, b: Column
    package let pairs: [Alignment.Pair]
    /// KL(A || B) of the raw next-token distributions before each pair; nil where one of them has none, and where nothing was
    /// measured yet. Shape: [pairs]. Unit: nats.
    package fileprivate(set) var divergences: [Double?]
    /// For two settings, from where both draw. Shape: [pairs].
    package fileprivate(set) var sampled: [Sampled?]
    /// Where the texts begin that are compared: behind the prompt of two settings, else 0.
    package let start: Int
    /// How many rows are measured, and of how many.
    package fileprivate(set) var done = 0, total = 0

    /// - Parameter bytes: of a token.
    package init(_ a: Column, _ b: Column, start: Int = 0, bytes: @escaping (TokenID) -> [UInt8]) {
        (self.a, self.b, self.start) = (a, b, start)
        pairs = Alignment(a.ids, b.ids, bytes: bytes, other: b.tokenizer.map(Self.spelling)).pairs
        divergences = Array(repeating: nil, count: pairs.count)
        sampled = Array(repeating: nil, count: pairs.count)
        total = pairs.reduce(0) { $0 + Self.rows($1) }
    }

    /// A token's bytes for an alignment of two vocabularies: a special token is a word by itself.
    package static func spelling(_ tokenizer: Tokenizer) -> (TokenID) -> [UInt8] {
        { id in tokenizer.isSpecial(id) ? [0x20] + tokenizer.bytes(id) + [0x0A] : tokenizer.bytes(id) }
    }

    /// The first pair that is not one token in both, of two vocabularies not the same text; nil where the texts are the same.
    package var first: Int? { pairs.firstIndex { $0.kind != .same && $0.kind != .end && (hasOneVocabulary || $0.kind != .respelled) } }
    package var isDone: Bool { done == total }
    /// Whether predictions of both are of the same tokens, so that a divergence has a meaning.
    package var hasOneVocabulary: Bool { b.tokenizer == nil }

    /// Whether the places before a pair stand for each other: in what only one text has, the first alone does.
    fileprivate func isAligned(_ pair: Int) -> Bool {
        func isAlone(_ kind: Alignment.Kind) -> Bool { kind == .onlyA || kind == .onlyB }
        return !isAlone(pairs[pair].kind) || pair == 0 || !isAlone(pairs[pair - 1].kind)
    }

    /// The surprisal of some tokens and of how many it is the sum; those not measured are left out. Unit: nats.
    package static func surprisal(_ column: Column, _ range: Range<Int>) -> (nats: Double, count: Int) {
        column.steps[range.clamped(to: column.steps.indices)].reduce((0, 0)) { sum, step in
            step.map { (sum.0 - Double($0.logprob), sum.1 + 1) } ?? sum
        }
    }

    /// Rows of logits that a pair needs on its longer side.
    fileprivate static func rows(_ pair: Alignment.Pair) -> Int { max(1, pair.a.count, pair.b.count) }

    /// Takes over what an earlier comparison knows of the same places behind the same tokens.
    fileprivate mutating func take(_ old: Comparison) {
        let (inA, inB) = (commonCount(old.a.ids[...], a.ids[...]), commonCount(old.b.ids[...], b.ids[...]))
        a.steps.replaceSubrange(0..<inA, with: old.a.steps[..<inA])
        b.steps.replaceSubrange(0..<inB, with: old.b.steps[..<inB])
        var known: [Int: Int] = [:]
        for (index, pair) in old.pairs.enumerated() where pair.a.lowerBound <= inA && pair.b.lowerBound <= inB { known[pair.a.lowerBound] = index }
        for (index, pair) in pairs.enumerated() {
            guard let other = known[pair.a.lowerBound], old.pairs[other].b.lowerBound == pair.b.lowerBound else { continue }
            divergences[index] = old.divergences[other]
        }
    }
}

/// A comparison that is being measured, some rows at a time.
///
/// The sessions may be of two models; divergences are measured where they have one vocabulary. Where they are of one family what the texts begin with in common is
/// computed once, and there the divergence is 0: the bits are the same.
package struct Comparing {
    /// How each column's tokens are drawn.
    package struct Settings: Sendable, Equatable {
        package var a: Sampling, b: Sampling
        package var seedA: UInt64, seedB: UInt64
        package init(a: Sampling, seedA: UInt64, b: Sampling, seedB: UInt64) {
            (self.a, self.b, self.seedA, self.seedB) = (a, b, seedA, seedB)
        }
    }

    package private(set) var comparison: Comparison
    private let a: Session
    /// Nil where a server measured what it drew.
    private let b: Session?
    private let settings: Settings?
    /// How many ids both begin with, where the numbers before and behind these are the same.
    private let shared: Int
    /// The next row to be measured.
    private var next = (pair: 0, row: 0)

    /// Rows of each side that are measured at once: with what they need of the texts about 10 ms.
    private static let batch = 8, chunk = 16

    /// - Parameters:
    ///   - a: a session of its own, as `b` is; nil for that leaves the second column as it is.
    ///   - settings: those that drew the tokens behind the comparison's start.
    ///   - known: an earlier comparison by the same models.
    package init(_ comparison: Comparison, _ a: Session, _ b: Session?, settings: Settings? = nil, known: Comparison? = nil) {
        (self.comparison, self.a, self.b, self.settings) = (comparison, a, b, settings)
        shared = a.model === b?.model && a.edits == b?.edits ? commonCount(comparison.a.ids[...], comparison.b.ids[...]) : -1
        a.rewind(to: commonCount(a.tokens[...], comparison.a.ids[...]))
        if let b { b.rewind(to: commonCount(b.tokens[...], comparison.b.ids[...])) }
        if let known { self.comparison.take(known) }
    }

    /// A place whose rows are asked for: the pair whose divergence they tell, and the tokens behind it.
    private struct Row { var pair: Int?, a: Int?, b: Int? }

    /// Whether one row is both's: the texts are the same before it.
    private func isOne(_ row: Row) -> Bool { row.a == row.b && row.a ?? .max <= shared }

    /// Measures some rows; false once nothing is left. What is cancelled is done by a later call.
    package mutating func measure(cancelled: () -> Bool = { false }) throws(EngineError) -> Bool {
        var rows: [Row] = [], place = next, done = 0
        while rows.count < Self.batch, comparison.pairs.indices.contains(place.pair) {
            if let row = row(place) { rows.append(row) }
            place.row += 1
            done += 1
            if place.row == Comparison.rows(comparison.pairs[place.pair]) { place = (place.pair + 1, 0) }
        }
        guard done > 0 else { return false }
        guard try read(a, comparison.a.ids, to: rows.compactMap(\.a).max() ?? 0, cancelled),
              try b.map { b throws(EngineError) in try read(b, comparison.b.ids, to: rows.compactMap { isOne($0) ? nil : $0.b }.max() ?? 0, cancelled) } ?? true
        else { return true }
        // What was read took its time already.
        if cancelled() { return true }
        try measure(rows)
        next = place
        comparison.done += done
        return !comparison.isDone
    }

    /// What is not known of a place; nil where all is.
    private func row(_ place: (pair: Int, row: Int)) -> Row? {
        let pair = comparison.pairs[place.pair]
        var row = Row(a: pair.a.lowerBound + place.row, b: pair.b.lowerBound + place.row)
        if place.row == 0, comparison.hasOneVocabulary, pair.a.lowerBound > 0, pair.b.lowerBound > 0, comparison.isAligned(place.pair), comparison.divergences[place.pair] == nil {
            row.pair = place.pair
        }
        func isNeeded(_ index: Int, _ range: Range<Int>, _ column: Comparison.Column) -> Bool {
            index > 0 && (row.pair != nil || (range.contains(index) && column.steps[index] == nil))
        }
        if !isNeeded(pair.a.lowerBound + place.row, pair.a, comparison.a) { row.a = nil }
        if b == nil || !isNeeded(pair.b.lowerBound + place.row, pair.b, comparison.b) { row.b = nil }
        return row.a == nil && row.b == nil ? nil : row
    }

    private func read(_ session: Session, _ ids: [TokenID], to count: Int, _ cancelled: () -> Bool) throws(EngineError) -> Bool {
        guard session.tokens.count < count else { return true }
        return try session.sync(to: Array(ids.prefix(max(count, session.tokens.count + Self.chunk))), chunk: Self.chunk, cancelled: cancelled)
    }

    private mutating func measure(_ rows: [Row]) throws(EngineError) {
        let (columnA, columnB, settings) = (comparison.a, comparison.b, settings)
        let found = Slots<(a: Step?, b: Step?, divergence: Double?, sampled: Comparison.Sampled?)>(rows.count, (nil, nil, nil, nil))
        let kept = Slots<[Float]>(rows.count, []), sound = Slots<Bool>(2 * rows.count, true)
        let inA = rows.indices.filter { rows[$0].a != nil }
        let inB = rows.indices.filter { rows[$0].b != nil && !isOne(rows[$0]) }
        let start = comparison.start, pairs = comparison.pairs
        func sample(_ row: Row, _ one: UnsafeBufferPointer<Float>, _ other: UnsafeBufferPointer<Float>) -> Comparison.Sampled? {
            guard let settings, let pair = row.pair, let a = row.a, let b = row.b, min(a, b) >= start else { return nil }
            return Comparison.Sampled(one, columnA, pairs[pair].a, other, columnB, pairs[pair].b, settings, start)
        }
        _ = try Session.projected(inA.map { (a, (rows[$0].a ?? 1) - 1) }) { index, logits in
            let slot = inA[index], row = rows[slot], at = row.a ?? 0
            if columnA.ids.indices.contains(at) { found[slot].a = Step(columnA.ids[at], in: logits) }
            sound[2 * slot] = columnA.ids.indices.contains(at) ? found[slot].a != nil : Spread(logits) != nil
            if inB.contains(slot) {
                if row.pair != nil { kept[slot] = Array(logits) }
            } else if let at = row.b {
                if columnB.ids.indices.contains(at) { found[slot].b = Step(columnB.ids[at], in: logits) }
                if row.pair != nil { (found[slot].divergence, found[slot].sampled) = (0, sample(row, logits, logits)) }
            }
        }
        _ = try Session.projected(b.map { b in inB.map { (b, (rows[$0].b ?? 1) - 1) } } ?? []) { index, logits in
            let slot = inB[index], row = rows[slot], at = row.b ?? 0
            if columnB.ids.indices.contains(at) { found[slot].b = Step(columnB.ids[at], in: logits) }
            sound[2 * slot + 1] = columnB.ids.indices.contains(at) ? found[slot].b != nil : Spread(logits) != nil
            guard row.pair != nil else { return }
            kept[slot].withUnsafeBufferPointer { other in
                found[slot].divergence = Distribution.divergence(other, logits)
                found[slot].sampled = sample(row, other, logits)
            }
        }
        for (index, row) in rows.enumerated() {
            if !sound[2 * index] { throw .notFinite(position: (row.a ?? 1) - 1) }
            if !sound[2 * index + 1] { throw .notFinite(position: (row.b ?? 1) - 1) }
            comparison.take(row.a, row.b, row.pair, found[index])
        }
    }
}

extension Comparison {
    fileprivate mutating func take(_ indexA: Int?, _ indexB: Int?, _ pair: Int?,
                                   _ found: (a: Step?, b: Step?, divergence: Double?, sampled: Sampled?)) {
        if let indexA, let step = found.a { a.steps[indexA] = step }
        if let indexB, let step = found.b { b.steps[indexB] = step }
        if let pair { (divergences[pair], sampled[pair]) = (found.divergence, found.sampled) }
    }
}

extension Comparison.Sampled {
    /// Source: the stages of `Sampler`, for what each column had read and drawn before the pair.
    fileprivate init(_ logitsA: UnsafeBufferPointer<Float>, _ a: Comparison.Column, _ rangeA: Range<Int>,
                     _ logitsB: UnsafeBufferPointer<Float>, _ b: Comparison.Column, _ rangeB: Range<Int>, _ settings: Comparing.Settings, _ start: Int) {
        func chances(_ logits: UnsafeBufferPointer<Float>, _ ids: [TokenID], _ position: Int, _ sampling: Sampling, _ seed: UInt64) -> [TokenID: Double] {
            let trace = Sampler.trace(logits: Array(logits), context: Array(ids[..<position]), generated: ids[start..<position],
                                      sampling: sampling, seed: seed, position: position)
            return Dictionary(trace.survivors.map { ($0.id, $0.probability) }, uniquingKeysWith: { one, _ in one })
        }
        let one = chances(logitsA, a.ids, rangeA.lowerBound, settings.a, settings.seedA)
        let other = chances(logitsB, b.ids, rangeB.lowerBound, settings.b, settings.seedB)
        ab = Self.divergence(one, other)
        ba = Self.divergence(other, one)
        self.a = rangeA.isEmpty ? nil : one[a.ids[rangeA.lowerBound]] ?? 0
        self.b = rangeB.isEmpty ? nil : other[b.ids[rangeB.lowerBound]] ?? 0
    }

    private static func divergence(_ p: [TokenID: Double], _ q: [TokenID: Double]) -> Double {
        var sum = 0.0
        // In the order of ids, so that the rounding is always the same.
        for (id, share) in p.sorted(by: { $0.key < $1.key }) where share > 0 {
            guard let other = q[id], other > 0 else { return .infinity }
            sum += share * logarithm(share / other)
        }
        return max(0, sum)
    }
}

extension Distribution {
    /// KL(P || Q) of the distributions of two rows of logits; nil where one is not finite. Unit: nats.
    static func divergence(_ p: UnsafeBufferPointer<Float>, _ q: UnsafeBufferPointer<Float>) -> Double? {
        guard p.count == q.count, let one = LogSum(p), let other = LogSum(q) else { return nil }
        let (shiftP, shiftQ) = (Double(one.maximum) + logarithm(one.sum), Double(other.maximum) + logarithm(other.sum))
        var sum = 0.0
        withUnsafeTemporaryAllocation(of: Double.self, capacity: 512) { parts in
            for start in stride(from: 0, to: p.count, by: parts.count) {
                let count = min(parts.count, p.count - start)
                // A loop without a sum becomes vectors.
                for index in 0..<count {
                    let logprob = Double(p[start + index]) - shiftP, share = exponential(logprob)
                    parts[index] = share > 0 ? share * (logprob - (Double(q[start + index]) - shiftQ)) : 0
                }
                for index in 0..<count { sum += parts[index] }
            }
        }
        return max(0, sum)
    }

    /// The Kullback-Leibler divergence KL(this || other): what it costs to expect `other` where this is so; nil where one is not
    /// finite. Unit: nats.
    package func divergence(from other: Distribution) -> Double? {
        logits.withUnsafeBufferPointer { one in other.logits.withUnsafeBufferPointer { Self.divergence(one, $0) } }
    }
}
