import Document
import Engine
import Foundation
import Terminal
import Testing
import Tokenizer
import Workbench

@Suite("Candidates on the screen") struct CandidatesScreenTests {
    private func screen(_ state: State, _ width: Int, _ height: Int, focused: Bool = true) -> Frame {
        panel(width, height) { CandidatesView.draw(state, $0, focused, &$1) }
    }

    @Test("At 38 x 12 a row is rank, token, raw, after and bar")
    func narrow() {
        let state = State.desk().reading(Tiny.peppermint)
        #expect(shown(screen(state, 38, 12)) == """

            ┌─ Candidates ──── H 2.86  e^H 17.5 ─┐
            │the next token, after 20 tokens     │
            │# token        raw     after        │
            │0 ␣men        38.1 %  66.7 % ███████│
            │1 ␣pe         17.7 %  22.3 % ███▎   │
            │2 ␣m           8.0 %   7.2 % █▌     │
            │3 ␣pi          5.2 %   3.9 % █      │
            │4 ␣la          3.8 %   min-p ▊      │
            │5 ␣p           2.9 %   top-p ▌      │
            │6 ␣poiv        2.2 %   top-p ▍      │
            │  302 more    22.0 %     cut        │
            └─ / find  ⏎ fork  a take  b bias ───┘

            """)
    }

    @Test("At 56 x 16 logprobs and what the rows cover come in")
    func middle() {
        var sampling = Sampling()
        sampling.topK = 5
        var state = State.desk()
        state.sampling = sampling
        state = state.reading(Tiny.peppermint)
        #expect(shown(screen(state, 56, 16)) == """

            ┌─ Candidates ───────────────── H 2.86 nats  e^H 17.5 ─┐
            │the next token, after 20 tokens                       │
            │ #   token         raw      after  logprob            │
            │ 0   ␣men         38.1 %   66.7 %   -0.964  █████████ │
            │ 1   ␣pe          17.7 %   22.3 %   -1.730  ████▏     │
            │ 2   ␣m            8.0 %    7.2 %   -2.524  █▉        │
            │ 3   ␣pi           5.2 %    3.9 %   -2.955  █▎        │
            │ 4   ␣la           3.8 %    top-p   -3.269  ▉         │
            │ 5   ␣p            2.9 %    top-k   -3.539  ▋         │
            │ 6   ␣poiv         2.2 %    top-k   -3.815  ▌         │
            │ 7   <|im_end|>    0.4 %    top-k   -5.520  ▏         │
            │ 8   ␀             0.2 %    top-k   -6.086  ▏         │
            │ 9   ␁             0.2 %    top-k   -6.096  ▏         │
            │10   ␂             0.2 %    top-k   -6.106  ▏         │
            │     298 more     20.9 %      cut  shown 79.1 %       │
            └─ / find  ⏎ fork  a take  b bias  p pin  w along ─────┘

            """)
    }

    @Test("At 96 x 40 the mark of the samplers' share stands on the bar of the raw one")
    func wide() throws {
        let state = State.desk().reading(Tiny.peppermint)
        let lines = screen(state, 96, 40).dump().split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count == 40)
        #expect(lines[..<8].joined(separator: "\n") == """
            ┌─ Candidates ───────────────────────────────────────────────────────── H 2.86 nats  e^H 17.5 ─┐
            │the next token, after 20 tokens                                                               │
            │ #   token                  id    raw      after  logprob  raw, │ after                       │
            │ 0   ␣men                  258   38.1 %   66.7 %   -0.964  ███████████████████▌             │ │
            │ 1   ␣pe                   260   17.7 %   22.3 %   -1.730  █████████  │                       │
            │ 2   ␣m                    256    8.0 %    7.2 %   -2.524  ████│                              │
            │ 3   ␣pi                   261    5.2 %    3.9 %   -2.955  ██│                                │
            │ 4   ␣la                   263    3.8 %    min-p   -3.269  ██                                 │
            """)
        #expect(lines[38] == "│     274 more                    16.2 %      cut  shown 83.8 %                                │")
    }

    @Test("The actual token is marked, and named with rank and surprisal above the rows")
    func actual() {
        var state = State.desk("French: de mer")
        state.editor.move(to: 7)
        var logits = Tiny.peppermint
        logits[Int(Tiny.id(" de"))] = Float(log(0.1))
        state = state.reading(logits)
        #expect(shown(screen(state, 38, 9)) == """

            ┌─ Candidates ──── H 2.90  e^H 18.2 ─┐
            │▸ ␣de  rank 2  surprisal 2.40 nats  │
            │# token        raw     after        │
            │0 ␣men        34.7 %  60.7 % ███████│
            │1 ␣pe         16.1 %  20.3 % ███▎   │
            │2▸␣de          9.1 %   9.0 % █▉     │
            │3 ␣m           7.3 %   6.5 % █▌     │
            │  305 more    32.8 %   3.5 %        │
            └─ / find  ⏎ fork  a take  b bias ───┘

            """)
        // Without room for a line of its own it takes the one of the titles as soon as its row is out of sight.
        state.candidates.selected = 200
        state = state.settled()
        #expect(screen(state, 38, 8).dump().contains("▸ ␣de  rank 2  surprisal 2.40 nats"))
        state.candidates.selected = 0
        state = state.settled()
        #expect(!screen(state, 38, 8).dump().contains("surprisal"))
    }

    @Test("Every number equals the distribution's and the trace's")
    func numbers() throws {
        for (index, temperature) in [0.7, 0, 1.5].enumerated() {
            var state = State.desk("French: de mer")
            state.sampling.temperature = temperature
            state.sampling.repetitionPenalty = index == 2 ? 1.3 : 1
            state.sampling.minP = index == 2 ? 0 : 0.05
            state.sampling.topP = index == 2 ? 1 : 0.95
            state.sampling.topK = index == 2 ? 0 : 40
            let logits = Tiny.peppermint
            state = state.reading(logits)
            let distribution = Distribution(logits: logits)
            let trace = Sampler.trace(logits: logits, context: state.reading.ids, generated: [], sampling: state.sampling, seed: 0,
                                      position: state.reading.ids.count)
            for top in [0, 3, 100, 308] {
                state.candidates.selected = top
                state.candidates.top = top
                state = state.settled()
                let lines = screen(state, 96, 20).dump().split(separator: "\n").map(String.init)
                let rows = lines[3..<18].map { $0.dropFirst().split(separator: " ").map(String.init) }
                let first = try #require(Int(rows[0][0]))
                var mass = 0.0, kept = 0.0
                for (row, words) in rows.enumerated() {
                    let id = distribution.order()[first + row]
                    #expect(words[0] == "\(first + row)")
                    #expect(words[1] == TokenText.name(id, state.tokenizer))
                    #expect(words[2] == "\(id)")
                    #expect(words[3] + " %" == Number.percent(distribution.probability(of: id)))
                    let after = trace.stage(cutting: id).map { $0 == .temperature ? "greedy" : $0.name } ?? Number.percent(trace.probability(of: id))
                    #expect(words[5...].joined(separator: " ").hasPrefix(after), "rank \(first + row) at temperature \(temperature)")
                    #expect(words.contains(Number.fixed(Double(distribution.logprob(of: id)), 3)))
                    mass += distribution.probability(of: id)
                    kept += trace.probability(of: id)
                }
                let rest = kept < 1 - 1e-9 ? Number.percent(1 - kept) : "cut"
                let words = lines[18].dropFirst().split(separator: " ").joined(separator: " ")
                #expect(words.hasPrefix("294 more \(Number.percent(1 - mass)) \(rest) shown \(Number.percent(mass))"), "\(words)")
            }
        }
    }

    @Test("Where nothing can be shown, words say why")
    func absences() {
        #expect(screen(State(width: 80, height: 24), 50, 10).dump().contains("no model is loaded yet"))
        var loading = State(width: 80, height: 24)
        _ = loading.update(.report(.loading(0.42)))
        #expect(screen(loading, 50, 10).dump().contains("The model is loading: 42 %."))
        _ = loading.update(.report(.loading(.nan)))
        #expect(screen(loading, 50, 10).dump().contains("The model is loading: – %."))
        #expect(screen(State.desk(""), 60, 10).dump().contains("Nothing to go by yet."))
        #expect(screen(State.desk(), 50, 10).dump().contains("The model is reading 20 tokens …"))
        var atStart = State.desk().reading(Tiny.peppermint)
        atStart.editor.move(to: 0)
        #expect(screen(atStart, 70, 10).dump().contains("Nothing stands before the first token, so nothing predicts it."))
        let long = State.desk(String(repeating: " men", count: Tiny.context + 3)).reading(Tiny.peppermint)
        #expect(screen(long, 60, 10).dump().contains("beyond the model's context of 64 tokens"))
        let broken = State.desk().reading(Array(repeating: .nan, count: Tiny.peppermint.count))
        #expect(screen(broken, 60, 10).dump().contains("not finite"))
    }

    @Test("Numbers of an older text are dimmed and said to be, and Enter waits for the new ones")
    func stale() {
        var state = State.desk().reading(Tiny.peppermint).focused(on: .candidates)
        #expect(!screen(state, 56, 16, focused: false).dump().contains("reading"))
        _ = state.update(.event(.paste(Array(" de".utf8))))
        let frame = screen(state, 56, 16, focused: false)
        #expect(frame.dump().contains("Candidates · reading"))
        #expect(frame.dump().contains("38.1 %"))
        let rows = frame.styles().split(separator: "\n", omittingEmptySubsequences: false)[3..<14]
        #expect(rows.allSatisfy { $0.dropFirst().dropLast().allSatisfy { $0 == "d" || $0 == " " } })
        let bytes = state.editor.document.bytes
        state.focus = .slot(0)
        let effects = state.press(keys: .enter), after = state.editor.document.bytes, kind = state.notice?.kind
        #expect(effects.isEmpty)
        #expect(after == bytes)
        #expect(kind == .warning)
    }

    @Test("A NaN among the logits is never shown as a number")
    func nan() {
        var logits = Tiny.peppermint
        for index in 0..<40 { logits[index] = .nan }
        var state = State.desk().reading(logits).focused(on: .candidates)
        state.press(keys: .end)
        for (width, height) in sizes {
            let text = screen(state, width, height).dump().lowercased()
            #expect(!text.contains("nan") && !text.contains("inf") && !text.contains("∞"))
        }
        #expect(screen(state, 96, 40).dump().contains("–"))
        state.press(keys: .home)
        #expect(screen(state, 96, 40).dump().contains("␣men"))
    }

    @Test("Stages are named that cut a token")
    func cuts() {
        var state = State.desk().reading(Tiny.peppermint)
        func after(_ change: (inout Sampling) -> Void) -> String {
            var sampling = Sampling()
            (sampling.topK, sampling.topP, sampling.minP) = (0, 1, 0)
            change(&sampling)
            state.sampling = sampling
            state = state.reading(Tiny.peppermint)
            return screen(state, 56, 16).dump()
        }
        #expect(after { $0.temperature = 0 }.contains("greedy"))
        #expect(after { $0.topK = 3 }.contains("top-k"))
        #expect(after { $0.typicalP = 0.5 }.contains("typical"))
        #expect(after { $0.topP = 0.5 }.contains("top-p"))
        #expect(after { $0.minP = 0.5 }.contains("min-p"))
        let open = after { _ in }
        for name in ["greedy", "top-k", "typical", "top-p", "min-p", "cut"] { #expect(!open.contains(name)) }
    }

    @Test("No size traps, with or without numbers, actual token and sought text")
    func everySize() {
        var sought = State.desk("French: de mer").reading(Tiny.peppermint)
        sought.editor.move(to: 7)
        sought = sought.reading(Tiny.peppermint)
        sought.soughtChanged(" men th")
        var end = sought
        end.candidates.selected = 308
        end = end.settled()
        for state in [State(width: 1, height: 1), .desk(""), .desk(), .desk().reading(Tiny.peppermint), sought, end] {
            for (width, height) in sizes { _ = screen(state, width, height, focused: height % 2 == 0) }
        }
    }

    @Test("The selected row is seen without colours")
    func mono() throws {
        let state = State.desk().reading(Tiny.peppermint).focused(on: .candidates)
        let frame = screen(state, 56, 16)
        let theme = Theme.themes[0]
        #expect(theme.draw(try #require(frame[6, 3]), depth: .mono).paint.reverse)
        #expect(!theme.draw(try #require(frame[6, 4]), depth: .mono).paint.reverse)
    }
}
