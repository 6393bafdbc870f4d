import Engine
import Foundation
import Terminal
import Testing
import Tokenizer
import Workbench

@Suite("The line of controls") struct ControlsTests {
    private func line(_ state: State, _ width: Int) -> String {
        var state = state
        state.size.width = width
        return panel(width, 1) { ControlsView.draw(state, $0, &$1) }.dump()
    }
    private func index(_ id: SamplingField.ID) -> Int { SamplingField.all.firstIndex { $0.id == id } ?? 0 }

    private func desk(on id: SamplingField.ID = .temperature) -> State {
        var state = State.desk().reading(Tiny.peppermint)
        state.focus = .controls
        state.controls.field = index(id)
        return state
    }

    @Test("All settings where they fit, then closer, then shorter and without those that are off")
    func widths() {
        var state = State.desk()
        state.sampling.seed = 42
        state.sampling.stop = [Array("\n\n".utf8)]
        #expect(line(state, 140) == " temp 0.70  top-k 40  typical 1.00  top-p 0.95  min-p 0.05  rep 1.00  pres 0.0  freq 0.0  bias –  seed 42  max 128  stop ⏎⏎")
        #expect(line(state, 120) == " temp 0.70 top-k 40 typical 1.00 top-p 0.95 min-p 0.05 rep 1.00 pres 0.0 freq 0.0 bias – seed 42 max 128 stop ⏎⏎")
        #expect(line(state, 80) == " temp .7 top-k 40 typical 1 top-p .95 min-p .05 rep 1 seed 42 max 128 stop ⏎⏎")
        #expect(line(state, 60) == " temp .7 top-k 40 top-p .95 min-p .05 seed 42 max 128      ›")
        #expect(line(state, 40).hasPrefix(" temp .7 top-k 40 top-p .95 min-p .05"))
    }

    @Test("A greedy temperature says so")
    func greedy() {
        var state = State.desk()
        state.sampling.temperature = 0
        #expect(line(state, 140).hasPrefix(" temp 0 greedy  top-k 40"))
    }

    @Test("The chosen setting is always on the line, at every width")
    func chosen() {
        var state = desk()
        for field in SamplingField.all.indices {
            state.controls.field = field
            for width in 30...140 {
                var narrow = state
                narrow.size.width = width
                let frame = panel(width, 1) { ControlsView.draw(narrow, $0, &$1) }
                let marked = zip(frame.dump(), frame.styles()).filter { "sS".contains($0.1) }.map { String($0.0) }.joined()
                let key = SamplingField.all[field].id
                let names: [SamplingField.ID: String] = [.temperature: "temp", .typicalP: "typical", .repetitionPenalty: "rep", .presencePenalty: "pres",
                                                         .frequencyPenalty: "freq", .logitBias: "bias", .maxTokens: "max"]
                #expect(marked.hasPrefix((names[key] ?? SamplingField.all[field].name) + " "), "\(field) at \(width): \(frame.dump())")
                // A click on what is drawn chooses what is drawn.
                let x = frame.styles().firstIndex { "sS".contains($0) }.map { frame.styles().distance(from: frame.styles().startIndex, to: $0) }
                narrow.controls.select(atX: x ?? 0, narrow)
                #expect(copy(narrow.controls.field) == field)
            }
        }
    }

    @Test("Settings other than the default stand out without colours")
    func changed() throws {
        var state = State.desk()
        state.sampling.minP = 0.1
        let frame = panel(140, 1) { ControlsView.draw(state, $0, &$1) }
        let text = frame.dump(), styles = Array(frame.styles().padding(toLength: 140, withPad: " ", startingAt: 0))
        func style(of word: String) throws -> Character {
            let range = try #require(text.range(of: word))
            return styles[text.distance(from: text.startIndex, to: range.upperBound) - 1]
        }
        #expect(try style(of: "min-p 0.10").isUppercase)
        #expect(try !style(of: "top-p 0.95").isUppercase)
        // What the person's configuration says is the default.
        state.standard.minP = 0.1
        #expect(panel(140, 1) { ControlsView.draw(state, $0, &$1) }.styles().uppercased() != panel(140, 1) { ControlsView.draw(state, $0, &$1) }.styles())
        #expect(!panel(140, 1) { ControlsView.draw(state, $0, &$1) }.styles().contains("A"))
    }

    @Test("Tab comes to the line; left and right choose, up and down step inside the range, Backspace resets")
    func keys() {
        var state = State.desk().reading(Tiny.peppermint)
        state.press(keys: .backTab)
        func now(_ keys: Key...) -> Sampling {
            for key in keys { state.press(keys: key) }
            return state.sampling
        }
        let focus = state.focus
        #expect(focus == State.Focus.controls)
        #expect(state.notice?.text.contains("temperature, 0 to 5: Divides the logits") == true)
        #expect(now(.up).temperature == 0.75)
        #expect(now(.down, .down).temperature == 0.65)
        #expect(now(.backspace).temperature == 0.7)
        for _ in 0..<200 { state.press(keys: .down) }
        #expect(now().temperature == 0)
        for _ in 0..<200 { state.press(keys: .up) }
        #expect(now(.left).temperature == 5)
        #expect(now(.right, .up).topK == 41)
        let notice = state.notice?.text
        #expect(notice?.hasPrefix("top-k, 0 to 1,000,000: Keeps the k likeliest") == true)
        state.controls.field = index(.seed)
        #expect(now(.up).seed == 0)
        #expect(now(.up).seed == 1)
        #expect(now(.down, .down).seed == nil)
        #expect(now(.down).seed == nil)
        for _ in 0..<20 { state.press(keys: .right) }
        #expect(copy(state.controls.field) == SamplingField.all.count - 1)
        #expect(throws: Never.self) { try now(.up, .down, .backspace).validate() }
    }

    @Test("Stepping never leaves dust behind, nor the range")
    func steps() {
        var state = desk()
        for field in SamplingField.all where field.range != nil && field.id != .logitBias {
            state.controls.field = index(field.id)
            for _ in 0..<60 { state.press(keys: .up) }
            for _ in 0..<90 { state.press(keys: .down) }
            for _ in 0..<7 { state.press(keys: .up) }
            let value = field.value(in: state.sampling) ?? .nan
            #expect(value == Double("\(Number.fixed(value, 4))"), "\(field.name) \(value)")
            #expect(throws: Never.self) { try state.sampling.validate() }
        }
    }

    private func type(_ text: String, _ id: SamplingField.ID, _ state: inout State) {
        state.focus = .controls
        state.controls.field = index(id)
        state.press(keys: .enter, .end, .ctrl("u"))
        for scalar in text.unicodeScalars { state.press(keys: .char(scalar)) }
        state.press(keys: .enter)
    }

    @Test("Enter takes typed values")
    func typed() {
        var state = desk()
        func typing(_ text: String, _ id: SamplingField.ID) -> Sampling {
            type(text, id, &state)
            return state.sampling
        }
        #expect(typing("0.725", .temperature).temperature == 0.725)
        #expect(line(state, 140).contains("temp 0.725 "))
        #expect(typing("greedy", .temperature).isGreedy)
        #expect(typing(" 1e3 ", .topK).topK == 1000)
        #expect(typing("12345678901234567890", .seed).seed == 12_345_678_901_234_567_890)
        #expect(typing("random", .seed).seed == nil)
        #expect(typing("7", .seed).seed == 7)
        #expect(typing("", .seed).seed == 7)
        #expect(typing("", .topK).topK == 1000)
        #expect(typing("\\n\\n,END, a\\,b,\\\\n", .stop).stop == ["\n\n", "END", " a,b", "\\n"].map { Array($0.utf8) })
        #expect(line(state, 160).contains("stop ⏎⏎,END,␣a,b,\\n"))
        #expect(typing("", .stop).stop.isEmpty)
        let men = Tiny.id(" men"), end = Tiny.id("<|im_end|>")
        #expect(typing("5=2.5, ␣men=-100, <|im_end|>=1", .logitBias).logitBias == [5: 2.5, men: -100, end: 1])
        #expect(line(state, 140).contains("bias 3"))
        #expect(typing("5=0", .logitBias).logitBias.isEmpty)
    }

    @Test("What the line offers for typing is what it takes: opening and accepting changes nothing")
    func roundTrip() {
        var state = desk()
        state.sampling.temperature = 0.725
        state.sampling.seed = 42
        state.sampling.stop = ["\n", "a,b", "\\", "\t x\r"].map { Array($0.utf8) }
        state.sampling.logitBias = [3: 1.5, 9: -100]
        let before = state.sampling
        for field in SamplingField.all.indices {
            state.focus = .controls
            state.controls.field = field
            state.press(keys: .enter, .enter)
            let after = state.sampling
            #expect(after == before, "\(SamplingField.all[field].name)")
        }
    }

    @Test("What is no value is said with the range, and nothing changes", arguments: [
        ("9", SamplingField.ID.temperature, "0 to 5"), ("nan", .temperature, "0 to 5"), ("inf", .topP, "0 to 1"), ("1.01", .minP, "0 to 1"),
        ("1.5", .topK, "whole number from 0 to 1,000,000"), ("-1", .seed, "whole number from 0 up"), ("x", .seed, "random"), ("0", .maxTokens, "1 to 1,000,000"),
        ("5", .logitBias, "id=value"), ("5=101", .logitBias, "-100 to 100"), ("men men=1", .logitBias, "one token"),
        ("99999=1", .logitBias, "0 to 308"), ("=1", .logitBias, "id=value"),
    ])
    func refused(_ text: String, _ id: SamplingField.ID, _ words: String) {
        var state = desk(on: id)
        let before = state.sampling
        type(text, id, &state)
        let after = state.sampling, notice = state.notice
        #expect(after == before)
        #expect(notice?.kind == .warning)
        #expect(notice?.text.contains(words) == true, "\(notice?.text ?? "")")
    }

    @Test("No width and no setting traps")
    func everySize() {
        var state = desk()
        for value in [Double.nan, .infinity, -.infinity, 1e300, -0.0] {
            state.sampling.temperature = value
            state.sampling.topP = value
            state.sampling.topK = .max
            state.sampling.maxTokens = .min
            state.sampling.stop = [Array(repeating: 0xFF, count: 300)]
            for width in 0...150 {
                let text = line(state, width).lowercased()
                #expect(!text.contains("nan") && !text.contains("inf"))
            }
        }
    }
}
