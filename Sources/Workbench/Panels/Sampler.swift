import Engine
import Terminal
import Tokenizer

/// Which stage of the sampler trace is chosen, and whether what it removed is listed.
package struct SamplerState: Sendable, Equatable {
    package var stage = 0
    package var showsRemoved = false
    /// The first row of the list of what was removed.
    package var top = 0
    package init() {}

    /// The first row on a screen of so many.
    func first(rows: Int, count: Int) -> Int { min(max(0, top), max(0, count - max(0, rows))) }
}

/// What one stage removed, likeliest first.
struct RemovedTokens {
    let count: Int
    /// The logits of the removed, minus infinity for all others; only its order is asked for.
    private let masked: Distribution

    /// For the draw: what it could have chosen instead; while nothing is drawn, all it can choose.
    init(_ stage: Stage, in here: Reading.Here, isDrawn: Bool) {
        let trace = here.trace, logits = here.distribution.logits
        var kept = [Float](repeating: -.infinity, count: logits.count), count = 0
        for index in logits.indices where index < trace.cut.count {
            let cut = trace.cut[index]
            guard stage == .draw ? cut == 0 && !(isDrawn && index == Int(trace.chosen)) : cut != 0 && cut == stage.rawValue else { continue }
            // A token of no probability still stands before those that were not removed here.
            kept[index] = logits[index] > -.greatestFiniteMagnitude ? logits[index] : -.greatestFiniteMagnitude
            count += 1
        }
        self.count = count
        masked = Distribution(logits: kept)
    }

    func rows(_ range: Range<Int>) -> [TokenID] {
        let last = min(count, range.upperBound)
        guard range.lowerBound < last else { return [] }
        return masked.top(last)[range.lowerBound..<last].map(\.id)
    }
}

extension State {
    /// Whether the random number of the draw is settled: by a seed, or because the run was here.
    package var isDrawKnown: Bool {
        if sampling.isGreedy || sampling.seed != nil || candidates.byHand != nil { return true }
        guard let run = run ?? lastRun, let position = reading.here?.position else { return false }
        return position >= run.promptCount && position < run.promptCount + run.tokens
    }

    mutating func performInSampler(_ command: Command) {
        switch command {
        case .stageUp: moveStage(by: -1)
        case .stageDown: moveStage(by: 1)
        case .stageRemoved:
            sampler.showsRemoved.toggle()
            sampler.top = 0
        default: break
        }
    }

    private mutating func moveStage(by step: Int) {
        if sampler.showsRemoved { return scrollSampler(by: step) }
        sampler.stage = min(max(0, sampler.stage + step), Stage.allCases.count - 1)
    }

    package mutating func scrollSampler(by step: Int) {
        guard sampler.showsRemoved, let here = reading.here, Stage.allCases.indices.contains(sampler.stage) else {
            sampler.stage = min(max(0, sampler.stage + step.signum()), Stage.allCases.count - 1)
            return
        }
        let count = RemovedTokens(Stage.allCases[sampler.stage], in: here, isDrawn: isDrawKnown).count
        let rows = SamplerView.listRows(height: Layout(self).rect(of: .sampler)?.interior.height ?? 0)
        sampler.top = sampler.first(rows: rows, count: count)
        sampler.top = min(max(0, sampler.top + step), max(0, count - rows))
    }

    /// A click inside the border chooses the stage under it; on a list it goes back.
    package mutating func clickSampler(y: Int, in rect: Rect) {
        guard readingAbsence == nil else { return }
        if sampler.showsRemoved {
            if y == 0 { sampler.showsRemoved = false }
            return
        }
        let sheet = SamplerView.stages(chosen: sampler.stage, height: rect.height)
        guard y >= sheet.first, y - sheet.first < sheet.window.count else { return }
        sampler.stage = sheet.window.lowerBound + y - sheet.first
    }
}
