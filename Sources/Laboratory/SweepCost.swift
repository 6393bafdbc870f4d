import Tokenizer

/// What a sweep will cost, from the lengths of its texts: each is encoded once and alone, so the sums are estimates.
package struct SweepCost: Sendable, Equatable {
    /// Cells that are computed.
    package private(set) var cells = 0
    /// Items with a prompt in these cells.
    package private(set) var prompts = 0
    /// Answers scored after them.
    package private(set) var answers = 0
    /// What passes through the model, what prompts of a cell share only once; what it writes is not among that. Unit: `unit`.
    package private(set) var tokens = 0
    /// The most tokens that the model writes.
    package private(set) var written = 0
    /// The longest prompt with its answer before any shots are left out.
    package private(set) var longest = 0
    package let context: Int
    /// Of what is read: `tokens` or `bytes`.
    package let unit: String
    /// Prompts that have to do with fewer shots.
    package private(set) var truncated = 0
    private var parts: [Cell: Part] = [:]

    /// What a cell takes, of that its shots, which come first. Unit: tokens.
    private struct Part: Equatable { let shots: Int, all: Int }

    /// - Parameter cells: still to be computed, as `Sweep.toCompute` gives them.
    package init(_ experiment: Experiment, cells: [Cell], _ scorer: some Scorer) {
        (context, unit) = (scorer.context, scorer.unit)
        var lengths = Lengths(experiment)
        for cell in cells { add(cell, &lengths, scorer) }
    }

    /// How much of it is done, from 0 to 1.
    package func share(of sweep: Sweep) -> Double {
        var done = 0.0, all = 0
        let finished = Set(sweep.results.map(\.cell))
        for (cell, part) in parts {
            all += part.all
            if finished.contains(cell) {
                done += Double(part.all)
            } else if cell == sweep.current, !sweep.items.isEmpty {
                done += Double(part.shots) + Double(part.all - part.shots) * Double(sweep.items.count) / Double(sweep.experiment.test.count)
            }
        }
        return all == 0 ? 1 : done / Double(all)
    }

    package var sentence: String {
        guard cells > 0 else { return "Nothing is left to compute." }
        let counts = "\(Self.grouped(cells)) \(cells == 1 ? "cell" : "cells"): \(Self.grouped(prompts)) prompts, \(Self.grouped(answers)) answers, "
            + "about \(Self.grouped(tokens)) \(unit) to read" + (written > 0 ? " and up to \(Self.grouped(written)) \(unit == "tokens" ? "" : "tokens ")to write" : "")
        let room = "; the longest prompt has about \(Self.grouped(longest)) \(unit)" + (context < .max ? " of \(Self.grouped(context))" : "")
        return counts + room + (truncated > 0 ? ", and \(Self.grouped(truncated)) prompts will lose shots to fit." : ".")
    }

    private mutating func add(_ cell: Cell, _ lengths: inout Lengths, _ scorer: some Scorer) {
        let wording = lengths.wording(cell.template, scorer)
        // What is read up to each shot.
        var ends = [0]
        for item in lengths.shots(cell, wording, scorer) { ends.append(ends[ends.count - 1] + lengths.shot(item, cell.template, scorer)) }
        let shots = ends[ends.count - 1]
        var before = wording.besides.read, own = 0, dropped: Set<Int> = []
        for item in wording.items {
            let length = wording.base + shots + item.longest
            longest = max(longest, length)
            own += item.asked.read
            answers += item.asked.answers
            // The first shots are left out where all do not fit; what remains is another text, read anew for each number of them.
            let left = ends.firstIndex { length - $0 <= context } ?? ends.count - 1
            if left > 0 { truncated += 1 }
            if dropped.insert(left).inserted { before += shots - ends[left] }
        }
        let writes = lengths.experiment.kind == .completion ? lengths.experiment.maxTokens * wording.items.count : 0
        if !lengths.hasRead(cell.template) { tokens += wording.base - wording.tail }
        cells += 1
        prompts += wording.items.count
        answers += wording.besides.answers
        written += writes
        tokens += before + own
        parts[cell] = Part(shots: before, all: before + own + writes)
    }

    private static func grouped(_ value: Int) -> String {
        var digits = Array("\(value)"), at = digits.count - 3
        while at > 0 {
            digits.insert(",", at: at)
            at -= 3
        }
        return String(digits)
    }
}
