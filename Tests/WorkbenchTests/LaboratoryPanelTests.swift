import Document
import Engine
import Foundation
import Laboratory
import Terminal
import Testing
import Tokenizer
import Workbench

@Suite("The laboratory: what keys and reports do") struct LaboratoryPanelTests {
    @Test("an experiment is read, its kept results are looked at, and r runs it with the model that is there") func opening() throws {
        let experiment = try Colours.experiment()
        var state = State.desk("draft")
        #expect(state.openExperiment("lab/words.yaml") == [.readExperiment(path: "lab/words.yaml")])
        #expect(state.focusedPanel == .laboratory && state.zoomed)
        _ = state.update(.experiment(path: "other.yaml", .success(experiment)))
        #expect(state.laboratory.experiment == nil)
        let look = state.update(.experiment(path: "lab/words.yaml", .success(experiment)))
        #expect(look == [.lookAtResults(SweepOrder(number: 1, experiment: experiment, model: Tiny.model.fingerprint))])
        #expect(state.press(keys: .char("r")) == [.sweep(SweepOrder(number: 2, experiment: experiment, model: Tiny.model.fingerprint))])
        #expect(state.press(keys: .char("p")) == [.holdSweep(true)])
        #expect(state.laboratory.phase == .paused)
        #expect(state.press(keys: .char("r")) == [.holdSweep(false)])
        #expect(state.press(keys: .char("x")) == [.endSweep])
        #expect(state.laboratory.phase == .idle && state.textOfDocument == "draft")
    }

    @Test("what is wrong with a file is told with its line, and what was open stays") func broken() throws {
        var state = try State.laboratory(Colours.experiment())
        _ = state.openExperiment("bad.yaml")
        _ = state.update(.experiment(path: "bad.yaml", .failure(ExperimentError(path: "bad.yaml", line: 3, fact: .missing(key: "query")))))
        #expect(state.notice?.kind == .error && state.notice?.text.hasPrefix("bad.yaml:3: ") == true)
        #expect(state.laboratory.experiment?.title == "Words and their ends")
    }

    @Test("news of an older order, and of another model's, is not taken") func stale() throws {
        let experiment = try Colours.experiment(), results = try Colours.results(experiment)
        var state = try State.laboratory(experiment, cells: 0)
        state.press(keys: .char("r"))
        _ = state.update(.report(.swept(number: 1, .cell(results[0], Colours.conditions([results[0]], experiment)))))
        #expect(state.laboratory.results.isEmpty)
        _ = state.update(.report(.swept(number: 2, .cell(results[0], Colours.conditions([results[0]], experiment)))))
        #expect(Array(state.laboratory.results.keys) == [results[0].cell])
        #expect(state.laboratory.condition?.items == 5)
        #expect(state.laboratory.share == 1.0 / 5)
    }

    @Test("the running row counts the items of the cell that is not done") func running() throws {
        let experiment = try Colours.experiment()
        var state = try State.laboratory(experiment, cells: 2)
        state.press(keys: .char("r"))
        _ = state.update(.report(.swept(number: 2, .items(Laboratory.Cell(shots: 1, seed: 0, order: 0), count: 3, correct: [.perToken: 2], left: 75))))
        #expect(state.laboratory.share == 8.0 / 25)
        #expect(state.screenText.contains("01:15 left"))
        #expect(state.screenText.contains("66.7 %  running"))
        _ = state.update(.report(.swept(number: 2, .failed("the disk is full"))))
        #expect(state.laboratory.phase == .idle && state.notice?.text == "the disk is full")
    }

    @Test("another rule shows other numbers of the same results, and nothing is asked for") func rules() throws {
        let experiment = try Colours.experiment()
        var state = try State.laboratory(experiment)
        var seen: [ScoreRule] = []
        for _ in 0..<4 {
            let condition = try #require(state.laboratory.condition), shots = try #require(state.laboratory.shots)
            #expect(condition == Condition(try Colours.results(experiment), shots: shots, experiment, state.laboratory.rule))
            seen.append(state.laboratory.rule)
            #expect(state.press(keys: .char("s")) == [])
        }
        // Calibrated wants what the file does not give.
        #expect(seen == [.perToken, .perByte, .unconditional, .sum] && state.laboratory.rule == .perToken)
    }

    @Test("from a number to the answers, to their items, to the prompt, and Esc goes back the same way") func levels() throws {
        let experiment = try Colours.experiment()
        var state = try State.laboratory(experiment)
        state.press(keys: .down, .down, .enter)
        let counts = try #require(state.laboratory.condition?.confusion).counts
        // One of the two kinds of error that there is, told apart from the other by its place.
        let right = counts[0][1] > 0 ? 0 : 1
        state.press(keys: right == 0 ? .right : .down)
        #expect(state.laboratory.level == .matrix && state.laboratory.taken == (right, 1 - right))
        state.press(keys: .enter)
        let listed = state.laboratory.listed
        let expected = try Colours.results(experiment).filter { $0.cell.shots == .count(3) }.flatMap { result in
            result.items.filter { $0.right == right && $0.guess(.perToken) == 1 - right }.map { LaboratoryState.Place(cell: result.cell, index: $0.item) }
        }
        #expect(listed == expected && !listed.isEmpty)
        state.press(keys: .char("w"))
        #expect(state.laboratory.filter == .wrong)
        #expect(state.laboratory.listed.allSatisfy { state.laboratory.result($0)?.isRight(.perToken) == false })
        state.press(keys: .char("w"))
        #expect(state.laboratory.filter == .confident)
        state.press(keys: .char("w"))
        #expect(state.laboratory.filter == .all && state.laboratory.listed.count == 10)
        state.press(keys: .char("c"))
        #expect(state.laboratory.level == .conditions)
        // One without shots, and two draws of one and of three.
        #expect(state.laboratory.places.map(\.cell.shots) == [.count(0), .count(1), .count(1), .count(3), .count(3)])
        state.press(keys: .escape)
        #expect(state.laboratory.level == .items)
        state.press(keys: .escape)
        #expect(state.laboratory.level == .table && state.focusedPanel == .laboratory)
        state.press(keys: .escape)
        #expect(state.focus == .document && !state.slots.contains(.laboratory))
    }

    @Test("Enter opens the prompt with the ids that were scored, and what stood there stays kept") func prompt() throws {
        let experiment = try Colours.experiment()
        var state = try State.laboratory(experiment)
        _ = state.update(.event(.paste(Array("draft".utf8))))
        #expect(state.textOfDocument == "draft")
        state.press(keys: .f(6), .down, .down, .char("w"), .char("w"), .down, .enter)
        // A draft without a file is asked about.
        guard case .confirm = state.overlay else { Issue.record("no question"); return }
        let effects = state.press(keys: .char("D"))
        #expect(effects.contains { if case .close = $0 { true } else { false } })
        let place = try #require(state.laboratory.chosen), item = try #require(state.laboratory.result(place))
        let prompt = FewShot(experiment).prompt(experiment.test[item.item], shots: item.shots, template: 0)
        let parts = try #require(prompt.parts(nil))
        let span = try #require(AnswerSpan(parts, answer: Array(" men".utf8), tokens: Formula.tokens))
        #expect(state.editor.document.ids == Array(span.ids[..<span.first]) && span.first == item.promptTokens)
        #expect(state.focus == .document && !state.slots.contains(.laboratory))
        state.press(keys: .f(6))
        #expect(state.laboratory.chosen == place && state.laboratory.level == .items)
    }
    private enum Formula { static func tokens(_ parts: [Part]) -> [Token] { Colours.Formula().tokens(parts) } }

    @Test("a marked row and another are compared beside, and the answer is shown once it has come") func contrast() throws {
        let experiment = try Colours.experiment(), results = try Colours.results(experiment)
        var state = try State.laboratory(experiment)
        #expect(state.obstacle(to: .labCompare) != nil)
        state.press(keys: .char("m"), .down, .down)
        let effects = state.press(keys: .char("c"))
        guard case .contrast(let order) = effects.first else { Issue.record("nothing was asked for"); return }
        #expect(order.a == results.filter { $0.cell.shots == .count(0) } && order.b == results.filter { $0.cell.shots == .count(3) })
        #expect(!state.screenText.contains("bootstrap"))
        let found = try #require(order.contrast)
        _ = state.update(.report(.contrasted(number: order.number, found)))
        #expect(state.screenText.contains("bootstrap over 5 items, 2 prompts of each"))
        state.press(keys: .up)
        #expect(!state.screenText.contains("bootstrap"))
    }

    @Test("a new model begins anew under its fingerprint") func model() throws {
        var state = try State.laboratory(Colours.experiment())
        state.press(keys: .down, .char("w"))
        let other = try Tiny.other()
        let effects = state.update(.report(.loaded(other)))
        #expect(effects.contains { if case .lookAtResults(let order) = $0 { order.model == other.fingerprint } else { false } })
        #expect(state.laboratory.results.isEmpty && state.laboratory.level == .table)
    }

    @Test("numbers, report and pictures leave the program") func export() throws {
        let experiment = try Colours.experiment()
        var state = try State.laboratory(experiment)
        state.press(keys: .char("e"))
        for scalar in "csv".unicodeScalars { state.press(keys: .char(scalar)) }
        let effects = state.press(keys: .enter)
        guard case .writeTable(let path, let bytes) = effects.first else { Issue.record("nothing is written"); return }
        #expect(path == "words.csv")
        // A line a cell and rule, and the heads.
        #expect(bytes.count { $0 == 0x0A } == 6 * 4 + 1)
        let numbers = try #require(state.laboratoryExport("a.json"))
        let json = try JSONSerialization.jsonObject(with: Data(numbers)) as? [String: Any]
        #expect((json?["cells"] as? [Any])?.count == 6)
        #expect(String(decoding: state.laboratoryExport("a.svg") ?? [], as: UTF8.self).hasPrefix("<svg"))
        #expect(String(decoding: state.laboratoryExport("a.ans") ?? [], as: UTF8.self).contains("Laboratory"))
        #expect(state.laboratoryExport("a.txt") == nil)
    }

    @Test("what is generated is matched: no rules, no answers, its text") func completion() throws {
        let yaml = "title: Ends\nkind: completion\nexample: \"{{x}}: {{y}}\\n\"\nquery: \"{{x}}:\"\nanswer: \" {{y}}\"\npool: pool.jsonl\ntest: test.jsonl\nshots: [0, 2]\n"
        let experiment = try Colours.experiment(yaml)
        var state = try State.laboratory(experiment)
        #expect(state.obstacle(to: .labRule) != nil)
        state.press(keys: .down, .enter)
        #expect(state.laboratory.level == .items && state.laboratory.listed.count == 5)
        #expect(state.screenText.contains("wrote \"␣men\"") || state.screenText.contains("wrote \" men\"") || state.screenText.contains("otter"))
    }

    @Test("no size and no key traps, whatever is shown", arguments: sizes) func anySize(width: Int, height: Int) throws {
        let experiment = try Colours.experiment()
        for cells in [0, 3, .max] {
            var state = try State.laboratory(experiment, cells: cells, width: width, height: height + 3)
            for key: Key in [.char("v"), .char("v"), .char("m"), .down, .char("c"), .enter, .right, .enter, .char("w"), .char("c"), .down, .char("s"), .escape, .escape, .escape, .char("e")] {
                state.press(keys: key)
                #expect(View.frame(state).width == width)
            }
        }
    }
}

@Suite("The laboratory with a chat model", .enabled(if: FilesChatTests.model != nil, "the default model is not there")) struct LaboratoryChatTests {
    @Test("a chat's prompt opens as the turns that were scored, special tokens as chips") func chips() throws {
        let yaml = "title: Ends\nmode: chat\ninstruction: Be brief.\nquery: \"{{x}}?\"\nanswer: \"{{y}}\"\nlabels: [men, pe]\npool: pool.jsonl\ntest: test.jsonl\nshots: [2]\n"
        let experiment = try Colours.experiment(yaml), model = try #require(FilesChatTests.model)
        var state = State(width: 100, height: 30)
        _ = state.update(.report(.loaded(model)))
        _ = state.openExperiment(experiment.path)
        _ = state.update(.experiment(path: experiment.path, .success(experiment)))
        var sweep = Sweep(experiment)
        try sweep.run(Encoder(model: model))
        let results = sweep.results
        _ = state.update(.report(.swept(number: 1, .found(results, Colours.conditions(results, experiment)))))
        state.press(keys: .char("w"), .char("w"), .enter)
        let place = try #require(state.laboratory.chosen), item = try #require(state.laboratory.result(place))
        let prompt = FewShot(experiment).prompt(experiment.test[item.item], shots: item.shots, template: 0)
        let parts = try #require(prompt.parts(model.tokenizer.chatTemplate))
        let span = try #require(AnswerSpan(parts, answer: Array("men".utf8), tokens: Encoder(model: model).tokens))
        #expect(state.editor.document.ids == Array(span.ids[..<span.first]))
        #expect(state.editor.document.kept.count { $0.special } == 13)
    }

    private struct Encoder: Scorer {
        let model: Model
        var chatTemplate: ChatTemplate? { model.tokenizer.chatTemplate }
        var context: Int { 8192 }
        func tokens(_ parts: [Part]) -> [Token] { SessionScorer.tokens(parts, model.tokenizer) }
        func logprobs(_ spans: [AnswerSpan]) -> [[Float]] { spans.map { $0.ids[$0.first...].map { -Float($0 % 7) } } }
        func completions(_ prompts: [[TokenID]], most: Int, stop: [String]) -> [Written] { [] }
    }
}
