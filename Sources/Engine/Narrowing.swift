import Tokenizer

/// What temperature, top-k, typical-p, top-p and min-p leave: in descending order each of them keeps a run of neighbours.
struct Narrowing {
    /// Likeliest first, after temperature 0 or top-k; ties by lowest id among those that survive typical-p.
    private(set) var entries: [Ranking.Entry]
    /// e to the (value - greatest value) / temperature, of each entry.
    let weights: [Double]
    let typical: Range<Int>
    let nucleus: Range<Int>
    let survivors: Range<Int>
    let maximum: Double
    let temperature: Double

    /// Values must be plain; if none is above minus infinity, all count as alike.
    init(_ values: [Float], sampling: Sampling) {
        let limit = sampling.isGreedy ? 1 : (sampling.topK > 0 ? sampling.topK : values.count)
        var entries = Ranking.top(min(limit, values.count), of: values)
        if entries.first?.value == -.infinity {
            entries = entries.indices.map { Ranking.Entry(id: TokenID(truncatingIfNeeded: $0), value: 0) }
        }
        while entries.last?.value == -.infinity { entries.removeLast() }
        let maximum = Double(entries.first?.value ?? 0)
        let temperature = sampling.isGreedy ? 1 : sampling.temperature
        let exponents = entries.map { (Double($0.value) - maximum) / temperature }
        var weights = exponents
        exponentiate(&weights)
        typical = Self.typicalRange(weights, exponents, mass: sampling.typicalP)
        nucleus = Self.nucleusRange(weights, in: typical, mass: sampling.topP)
        survivors = Self.likelyRange(weights, in: nucleus, share: sampling.minP)
        self.entries = entries
        self.weights = weights
        self.maximum = maximum
        self.temperature = temperature
        settleTies(at: typical.lowerBound)
    }

    /// The index of the entry on which the share u of the survivors' mass falls; nil when there are no entries.
    func pick(_ u: Double) -> Int? {
        let target = u * sum(survivors)
        var sum = 0.0
        for index in survivors {
            sum += weights[index]
            if sum > target { return index }
        }
        // Rounding can leave the sum at the target: the draw then lies on the last token that has any mass.
        return survivors.last { weights[$0] > 0 } ?? survivors.first
    }

    func sum(_ range: Range<Int>) -> Double {
        var sum = 0.0
        for index in range { sum += weights[index] }
        return sum
    }

    /// Surprisal grows along the entries, so those nearest the entropy are a run that grows from it to both sides.
    private static func typicalRange(_ weights: [Double], _ exponents: [Double], mass: Double) -> Range<Int> {
        guard mass < 1, let last = weights.indices.last else { return weights.indices }
        var total = 0.0, product = 0.0
        for index in weights.indices where weights[index] > 0 {
            total += weights[index]
            product += weights[index] * exponents[index]
        }
        // Surprisal less entropy is mean - exponent: the logarithm of the total drops out.
        let mean = product / total
        var above = weights.indices.first { exponents[$0] <= mean } ?? last
        var below = above - 1
        var sum = 0.0
        repeat {
            let left = below >= 0 ? exponents[below] - mean : .infinity
            let right = above <= last ? mean - exponents[above] : .infinity
            if below >= 0, left <= right {
                sum += weights[below]
                below -= 1
            } else {
                sum += weights[above]
                above += 1
            }
        } while sum < mass * total && (below >= 0 || above <= last)
        return below + 1..<above
    }

    private static func nucleusRange(_ weights: [Double], in range: Range<Int>, mass: Double) -> Range<Int> {
        guard mass < 1 else { return range }
        var total = 0.0
        for index in range { total += weights[index] }
        var sum = 0.0
        for index in range {
            sum += weights[index]
            if sum >= mass * total { return range.lowerBound..<index + 1 }
        }
        return range
    }

    private static func likelyRange(_ weights: [Double], in range: Range<Int>, share: Double) -> Range<Int> {
        guard share > 0, let first = range.first else { return range }
        let least = share * weights[first]
        let end = range.dropFirst().first { weights[$0] < least } ?? range.upperBound
        return range.lowerBound..<end
    }

    /// Where typical-p kept only part of a run of equal values, the kept ones become those with the lowest ids.
    private mutating func settleTies(at bound: Int) {
        guard bound > 0, bound < entries.count, entries[bound - 1].value == entries[bound].value else { return }
        let value = entries[bound].value
        var start = bound, end = bound
        while start > 0, entries[start - 1].value == value { start -= 1 }
        while end < typical.upperBound, entries[end].value == value { end += 1 }
        let kept = end - bound
        entries.replaceSubrange(start..<end, with: Array(entries[start + kept..<end] + entries[start..<start + kept]))
    }
}

extension Narrowing {
    /// The same draw with the bookkeeping of what each stage removed; `values` are those the narrowing was made from.
    func trace(of values: [Float], sampling: Sampling, u: Double) -> Trace {
        let picked = pick(u)
        let first: Stage = sampling.isGreedy ? .temperature : .topK
        var cut = [UInt8](repeating: first.rawValue, count: values.count)
        mark(&cut, entries.indices, except: typical, .typicalP)
        mark(&cut, typical, except: nucleus, .topP)
        mark(&cut, nucleus, except: survivors, .minP)
        for index in survivors { cut[Int(entries[index].id)] = 0 }

        var possible = values.count, lost = 0.0
        var masses = entries.count < values.count ? values.map { (Double($0) - maximum) / temperature } : []
        exponentiate(&masses)
        // All minus infinity: they count as alike, and what the first cut dropped had the same weight 1 as what it kept.
        let alike = !values.contains { $0 > -.infinity }
        for index in values.indices {
            if values[index] == -.infinity, !alike {
                cut[index] = Stage.bias.rawValue
                possible -= 1
            } else if cut[index] == first.rawValue {
                lost += alike ? 1 : masses[index]
            }
        }
        let total = sum(survivors)
        let kept = survivors.map { Trace.Survivor(id: entries[$0].id, probability: weights[$0] / total) }
        return Trace(
            passes: passes(sampling, vocabulary: values.count, possible: possible, lost: lost, picked: picked),
            cut: cut, survivors: kept, u: u, chosen: picked.map { entries[$0].id } ?? 0)
    }

    private func mark(_ cut: inout [UInt8], _ range: Range<Int>, except inner: Range<Int>, _ stage: Stage) {
        for index in range where !inner.contains(index) { cut[Int(entries[index].id)] = stage.rawValue }
    }

    private func passes(_ sampling: Sampling, vocabulary: Int, possible: Int, lost: Double, picked: Int?) -> [Trace.Pass] {
        let greedy = sampling.isGreedy
        let mass = sum(entries.indices)
        let lostShare = mass > 0 ? lost / (mass + lost) : 0
        let first = greedy ? entries.count : possible
        let penalised = sampling.repetitionPenalty != 1 || sampling.presencePenalty != 0 || sampling.frequencyPenalty != 0
        let drawn = picked.map { $0..<$0 + 1 } ?? survivors
        func pass(_ stage: Stage, _ active: Bool, _ left: Int, _ removed: Double = 0) -> Trace.Pass {
            Trace.Pass(stage: stage, active: active, tokensLeft: left, removedMass: removed)
        }
        return [
            pass(.raw, true, vocabulary),
            pass(.bias, !sampling.logitBias.isEmpty || possible < vocabulary, possible),
            pass(.penalties, penalised, possible),
            pass(.temperature, sampling.temperature != 1, first, greedy ? lostShare : 0),
            pass(.topK, !greedy && sampling.topK > 0, entries.count, greedy ? 0 : lostShare),
            pass(.typicalP, !greedy && sampling.typicalP < 1, typical.count, removed(from: entries.indices, to: typical)),
            pass(.topP, !greedy && sampling.topP < 1, nucleus.count, removed(from: typical, to: nucleus)),
            pass(.minP, !greedy && sampling.minP > 0, survivors.count, removed(from: nucleus, to: survivors)),
            pass(.draw, true, drawn.count, removed(from: survivors, to: drawn)),
        ]
    }

    /// The share of the outer range's mass that lies outside the inner one.
    private func removed(from outer: Range<Int>, to inner: Range<Int>) -> Double {
        let lost = sum(outer.lowerBound..<inner.lowerBound) + sum(inner.upperBound..<outer.upperBound)
        return lost > 0 ? lost / sum(outer) : 0
    }
}
