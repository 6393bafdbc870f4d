import Engine
import Foundation
import Terminal
import Testing
import Tokenizer
import Workbench

@Suite("The sampler trace") struct SamplerTraceTests {
    private func screen(_ state: State, _ width: Int, _ height: Int, focused: Bool = true) -> Frame {
        panel(width, height) { SamplerView.draw(state, $0, focused, &$1) }
    }
    private func desk(_ change: (inout Sampling) -> Void = { _ in }) -> State {
        var state = State.desk()
        change(&state.sampling)
        return state.reading(Tiny.peppermint).focused(on: .sampler)
    }

    @Test("At 38 x 12 the path of a draw of a fixed seed")
    func narrow() {
        #expect(shown(screen(desk { $0.seed = 42 }, 38, 12)) == """

            ┌─ Sampler ──────────── position 20 ─┐
            │stage             left  removed     │
            │raw                309              │
            │bias off           309  -           │
            │penalties off      309  -           │
            │temp 0.70          309  reshaped    │
            │top-k 40            40    1.8 %  ▏  │
            │typical-p off       40  -           │
            │top-p 0.95           5    3.8 %  ▏  │
            │min-p 0.05           4    2.4 %  ▏  │
            │draw u=0.6700        1  ␣pe (22.3 %)│
            └─ ↑↓ stage  ⏎ what it removed ──────┘

            """)
    }

    @Test("At 56 x 16 with what the chosen stage does; a random seed has drawn nothing yet")
    func middle() {
        var state = desk {
            $0.temperature = 0.9
            $0.repetitionPenalty = 1.2
            $0.logitBias = [300: 2]
            $0.typicalP = 0.9
        }
        state.press(keys: .down, .down, .down, .down)
        #expect(shown(screen(state, 56, 16)) == """

            ┌─ Sampler ────────────────────────────── position 20 ─┐
            │stage            tokens left  probability removed     │
            │raw                      309                          │
            │bias on 1                309  reshaped                │
            │penalties                309  reshaped                │
            │temperature 0.90         309  reshaped                │
            │top-k 40                  40       9.3 %  █▏          │
            │typical-p 0.90             6       7.5 %  ▉           │
            │top-p 0.95                 5       3.3 %  ▍           │
            │min-p 0.05                 5       0.0 %              │
            │draw                       5  of these, seed random   │
            │                                                      │
            │                                                      │
            │                                                      │
            │Keeps the k likeliest tokens; 0 keeps all.            │
            └─ ↑↓ stage  ⏎ what it removed ────────────────────────┘

            """)
    }

    @Test("Every number is the trace's, whatever the settings")
    func numbers() throws {
        let settings: [(inout Sampling) -> Void] = [
            { _ in }, { $0.temperature = 0 }, { $0.topK = 0 }, { $0.topP = 0.4; $0.minP = 0.3 }, { $0.typicalP = 0.3; $0.temperature = 2 },
            { $0.logitBias = [5: 30] }, { $0.repetitionPenalty = 1.5 },
        ]
        for (index, change) in settings.enumerated() {
            let state = desk {
                $0.seed = 7
                change(&$0)
            }
            let trace = Sampler.trace(logits: Tiny.peppermint, context: state.reading.ids, generated: [], sampling: state.sampling, seed: 7,
                                      position: state.reading.ids.count)
            let lines = screen(state, 96, 12, focused: false).dump().split(separator: "\n").map { $0.dropFirst().dropLast() }
            for pass in trace.passes {
                let line = String(try #require(lines.dropFirst(2).first { $0.hasPrefix(pass.stage.name) }))
                #expect(line.contains(" \(pass.tokensLeft) "), "\(index): \(line)")
                switch pass.stage {
                case .raw: break
                case .draw:
                    #expect(line.contains("u=\(Number.fixed(trace.u, 4))") || state.sampling.isGreedy)
                    let name = TokenText.name(trace.chosen, state.tokenizer), rank = Distribution(logits: Tiny.peppermint).rank(of: trace.chosen)
                    #expect(line.contains("\(name) (rank \(rank), \(Number.percent(trace.probability(of: trace.chosen))))"), "\(index): \(line)")
                case _ where !pass.active: #expect(line.contains("off") && line.contains(" -"), "\(index): \(line)")
                case .bias, .penalties: #expect(line.contains("reshaped"), "\(index): \(line)")
                case .temperature where !state.sampling.isGreedy: #expect(line.contains("reshaped"), "\(index): \(line)")
                default: #expect(line.contains(Number.percent(pass.removedMass)), "\(index): \(line)")
                }
            }
        }
    }

    @Test("Enter lists all that a stage removed, likeliest first, and Enter goes back")
    func removed() throws {
        var state = desk { $0.seed = 42 }
        let stage = Stage.allCases.firstIndex(of: .topK) ?? 0
        for _ in 0..<stage { state.press(keys: .down) }
        state.press(keys: .enter)
        let trace = try #require(state.reading.here).trace, distribution = Distribution(logits: Tiny.peppermint)
        let expected = distribution.order().filter { trace.stage(cutting: $0) == .topK }
        #expect(expected.count == 269)
        #expect(screen(state, 60, 14).dump().contains("top-k 40 removed 269, \(Number.percent(trace.passes[stage].removedMass))"))
        var listed: [String] = []
        for _ in 0..<400 {
            let line = screen(state, 60, 14).dump().split(separator: "\n")[2].split(separator: " ")
            if listed.last != String(line[1]) { listed.append(String(line[1])) }
            state.press(keys: .down)
        }
        let ranks = expected.map { "\(distribution.rank(of: $0))" }
        #expect(listed == Array(ranks.prefix(listed.count)))
        let bottom = screen(state, 60, 14).dump()
        #expect(bottom.contains("these are all"))
        #expect(bottom.contains(" \(ranks[ranks.count - 1])  "))
        #expect(bottom.contains(Number.percent(distribution.probability(of: expected[expected.count - 1]))))
        state.press(keys: .enter)
        #expect(screen(state, 60, 14).dump().contains("penalties off"))
    }

    @Test("A stage that removes nothing says so, and the draw lists what else it could have been")
    func nothingRemoved() {
        var state = desk { $0.seed = 42 }
        state.press(keys: .down, .enter)
        #expect(screen(state, 60, 14).dump().contains("bias off removed nothing"))
        state.press(keys: .enter)
        for _ in 0..<9 { state.press(keys: .down) }
        state.press(keys: .enter)
        let text = screen(state, 60, 14).dump()
        #expect(text.contains("passed over 3, 77.7 %"))
        #expect(text.contains("␣men") && text.contains("66.7 %") && !text.contains("␣pe "))
        // Nothing is drawn yet: any of those left can come.
        state.sampling.seed = nil
        let open = screen(state, 60, 14).dump()
        #expect(open.contains("not drawn yet") && open.contains("␣men") && open.contains("␣pe ") && open.contains("22.3 %"))
    }

    @Test("A changed setting shows at once, without the model")
    func recolours() {
        var state = desk { $0.seed = 42 }
        let before = screen(state, 60, 14).dump()
        state.focus = .controls
        state.controls.field = 1
        let effects = state.press(keys: .down)
        #expect(screen(state, 60, 14).dump() != before)
        #expect(screen(state, 60, 14).dump().contains("top-k 39"))
        #expect(!effects.contains { if case .wish = $0 { true } else { false } })
    }

    @Test("The click chooses a stage, the wheel scrolls the list")
    func mouse() {
        var state = desk { $0.seed = 42 }
        let rect = Rect(width: 60, height: 12)
        state.clickSampler(y: 5, in: rect)
        #expect(copy(state.sampler.stage) == 4)
        state.press(keys: .enter)
        state.scrollSampler(by: 3)
        #expect(copy(state.sampler.top) == 3)
        state.scrollSampler(by: -30)
        #expect(copy(state.sampler.top) == 0)
        state.clickSampler(y: 0, in: rect)
        #expect(copy(state.sampler.showsRemoved) == false)
    }

    @Test("No size traps, in both views, with NaN among the logits")
    func everySize() {
        var odd = Tiny.peppermint
        for index in 0..<40 { odd[index] = .nan }
        for logits in [Tiny.peppermint, odd, Array(repeating: .nan, count: odd.count)] {
            var state = State.desk()
            state.sampling.logitBias = [3: -100]
            state = state.reading(logits)
            for stage in Stage.allCases.indices {
                state.sampler.stage = stage
                for shows in [false, true] {
                    state.sampler.showsRemoved = shows
                    state.sampler.top = shows ? 250 : 0
                    let few = stage % 4 == 0 ? sizes : sizes.filter { $0.height % 5 == 1 }
                    for (width, height) in few {
                        let text = screen(state, width, height, focused: stage % 2 == 0).dump().lowercased()
                        #expect(!text.contains("nan") && !text.contains("∞"))
                    }
                }
            }
        }
    }
}
