import Document
import Engine
import Laboratory
import Terminal
import Testing
import Tokenizer
import Workbench

@Suite("Building a few-shot prompt by keys") struct ShotsTests {
    /// What the sweep's prompt of a cell is.
    private func prompt(_ experiment: Experiment, _ cell: Laboratory.Cell, item: Int) -> [UInt8] {
        let fewShot = FewShot(experiment), item = experiment.test[item]
        guard case .text(let bytes) = fewShot.prompt(item, shots: fewShot.shots(for: item, in: fewShot.draw(cell)), template: cell.template) else { return [] }
        return bytes
    }

    private func cell(_ shots: Int, seed: Int = 0, order: Int = 0, template: Int = 0) -> Laboratory.Cell {
        Laboratory.Cell(shots: shots, seed: seed, order: order, template: template)
    }

    @Test("k, seed, order and query by keys are the sweep's own prompts, each one step of undo") func cells() throws {
        let experiment = try ShotsStage.experiment()
        var state = ShotsStage.desk(experiment)
        var seen = [prompt(experiment, cell(3), item: 0)]
        #expect(state.focusedPanel == .shots && state.editor.document.bytes == seen[0] && state.isPartitioned)
        let ways: [(Key, Laboratory.Cell, Int)] = [
            (.char("+"), cell(4), 0), (.char("s"), cell(4, seed: 1), 0), (.char("o"), cell(4, seed: 1, order: 1), 0),
            (.char("n"), cell(4, seed: 1, order: 1), 1), (.char("n"), cell(4, seed: 1, order: 1), 2), (.char("-"), cell(3, seed: 1, order: 1), 2),
            (.char("O"), cell(3, seed: 1), 2), (.char("S"), cell(3), 2), (.char("N"), cell(3), 1), (.char("N"), cell(3), 0), (.char("N"), cell(3), 3),
        ]
        for (key, cell, item) in ways {
            state.press(keys: key)
            seen.append(prompt(experiment, cell, item: item))
            #expect(state.editor.document.bytes == seen.last && state.isPartitioned && !state.shots.isChanged)
            #expect(state.shots.builder?.cell == cell && state.shots.builder?.query == item)
            #expect(state.editor.cursor == state.editor.document.count)
        }
        // Back through all of them, and what is told of them with them.
        for (index, (_, cell, item)) in ways.enumerated().reversed() {
            #expect(state.shots.builder?.cell == cell && state.shots.builder?.query == item)
            state.press(keys: .ctrl("/"))
            #expect(state.editor.document.bytes == seen[index] && state.isPartitioned)
        }
        #expect(state.shots.builder?.cell == cell(3))
    }

    @Test("shots are moved, dropped, replaced and given another label, and the text follows") func arranged() throws {
        var state = ShotsStage.desk(try ShotsStage.experiment())
        let drawn = state.shotTexts
        #expect(drawn.count == 6 && drawn[0] == "la\n" && drawn[4] == "cheese:" && drawn[5].isEmpty)
        state.press(keys: .char("J"))
        #expect(state.shotTexts == [drawn[0], drawn[2], drawn[1], drawn[3], drawn[4], ""] && state.shots.selected == 1 && state.shots.isChanged)
        state.press(keys: .shift(.down), .shift(.up), .char("K"))
        #expect(state.shotTexts == drawn && !state.shots.isChanged)
        state.press(keys: .down, .char("x"))
        #expect(state.shotTexts == [drawn[0], drawn[1], drawn[3], drawn[4], ""])
        state.press(keys: .ctrl("/"), .char("y"))
        let flipped = drawn[2].hasSuffix(" men\n") ? drawn[2].replacing(" men\n", with: " pe\n") : drawn[2].replacing(" pe\n", with: " men\n")
        #expect(state.shotTexts == [drawn[0], drawn[1], flipped, drawn[3], drawn[4], ""] && flipped != drawn[2])
        #expect(state.screenText.contains("≠ "))
        state.press(keys: .char("y"))
        #expect(state.shotTexts == drawn && !state.shots.isChanged)
        var others: Set<String> = []
        for _ in 0..<5 {
            state.press(keys: .char("a"))
            others.insert(state.shotTexts[2])
            #expect(state.shotTexts[1] == drawn[1] && state.shotTexts[3] == drawn[3] && !drawn[1...3].dropFirst(1).dropLast(1).contains(state.shotTexts[2]))
        }
        #expect(others.count == 5)
        // What was arranged stays while the number of shots and the query change.
        let arranged = state.shotTexts
        state.press(keys: .char("+"))
        #expect(Array(state.shotTexts.prefix(4)) == Array(arranged.prefix(4)) && state.shotTexts.count == 7)
        state.press(keys: .char("-"), .char("n"))
        #expect(Array(state.shotTexts.prefix(4)) == Array(arranged.prefix(4)) && state.shotTexts[4] == "fromage:")
        state.press(keys: .char("r"))
        #expect(!state.shots.isChanged && state.isPartitioned)
    }

    @Test("a shot edited in the document is the person's own: it moves and stays, and its label is changed there") func edited() throws {
        var state = ShotsStage.desk(try ShotsStage.experiment())
        let drawn = state.shotTexts
        state.press(keys: .down, .enter)
        #expect(state.focus == .document && state.editor.cursor == (drawn[0] + drawn[1]).utf8.count)
        state.press(keys: .char("m"), .char("y"), .char(" "))
        #expect(state.shotTexts == [drawn[0], drawn[1], "my " + drawn[2], drawn[3], drawn[4], ""] && state.shots.isChanged)
        state = state.focused(on: .shots)
        #expect(state.screenText.contains("edited"))
        state.press(keys: .char("y"))
        #expect(state.notice?.text.contains("edited by hand") == true)
        state.press(keys: .char("K"))
        #expect(state.shotTexts == [drawn[0], "my " + drawn[2], drawn[1], drawn[3], drawn[4], ""])
        state.press(keys: .char("n"))
        #expect(state.shotTexts[1] == "my " + drawn[2])
        let kept = state.editor.document.bytes
        state.press(keys: .char("s"))
        #expect(!state.shots.isChanged)
        state.press(keys: .ctrl("/"))
        #expect(state.editor.document.bytes == kept && state.shotTexts[1] == "my " + drawn[2] && state.shots.held?.pieces[1].isEdited == true)
    }

    @Test("an edit of the query and one over several shots say so, and what is left goes on") func outside() throws {
        var state = ShotsStage.desk(try ShotsStage.experiment())
        state.focus = .document
        state.press(keys: .char("!"))
        #expect(state.notice?.text.contains("the query was edited") == true && state.shotTexts[4] == "cheese:!")
        let range = try #require(state.shots.held).ranges
        state.editor.move(to: range[1].lowerBound + 1)
        state.editor.move(to: range[2].lowerBound + 1, extending: true)
        _ = state.update(.event(.paste(Array("~".utf8))))
        #expect(state.notice?.text.contains("shot 1, shot 2") == true && state.isPartitioned && state.shotTexts.count == 6)
        #expect(state.shotTexts[1].hasSuffix("~") && state.shotTexts[1].utf8.count == 2)
        state.press(keys: .ctrl("/"), .ctrl("/"))
        #expect(state.shots.held?.pieces.contains { $0.isEdited } == false)
    }

    @Test("another document is left alone by every key until r builds the prompt again, in a document of its own") func elsewhere() throws {
        var state = ShotsStage.desk(try ShotsStage.experiment())
        let built = state.editor.document.bytes
        _ = state.update(.opened(path: "p.md", bytes: Array("mine\n".utf8)))
        state = state.focused(on: .shots)
        for key in "+-sSoOtnNxaJKyJK".unicodeScalars { state.press(keys: .char(key)) }
        #expect(state.textOfDocument == "mine" && state.screenText.contains("another text now"))
        state.press(keys: .char("r"))
        #expect(state.editor.document.bytes == built && state.file.path == nil && state.isShotsDocument)
    }

    @Test("what is open and unsaved is asked about before a prompt is built") func unsaved() throws {
        var state = State.desk("something of mine")
        let experiment = try ShotsStage.experiment()
        state.openShots(experiment, cell: cell(2), item: 0)
        #expect(state.overlay != nil && state.textOfDocument == "something of mine")
        state.press(keys: .escape)
        #expect(state.textOfDocument == "something of mine" && state.shots.builder == nil)
        state.openShots(experiment, cell: cell(2), item: 0)
        state.press(keys: .char("D"))
        #expect(state.editor.document.bytes == prompt(experiment, cell(2), item: 0))
    }

    @Test("the other wordings say the same shots, and a person's own stays as it is") func wordings() throws {
        let yaml = ShotsStage.plain
        var experiment = try ShotsStage.experiment(yaml)
        var second = experiment.wordings[0]
        (second.name, second.instruction, second.example, second.query) = ("arrow", "de\n", Template("{{w}} > {{l}}\n"), Template("{{w}} >"))
        experiment.wordings.append(second)
        var state = ShotsStage.desk(experiment)
        state.press(keys: .char("t"))
        #expect(state.editor.document.bytes == prompt(experiment, cell(3, template: 1), item: 0) && state.shotTexts[0] == "de\n")
        state.press(keys: .enter, .char("~"))
        let own = state.shotTexts[1]
        state = state.focused(on: .shots)
        state.press(keys: .char("t"))
        #expect(state.shotTexts[1] == own && state.shotTexts[2].contains(": ") && state.shotTexts[0] == "la\n" && state.shotTexts[4] == "cheese:")
    }

    @Test("a key that can do nothing says why", arguments: [
        (0, "x", "there are no shots"), (0, "s", "the same by every seed"), (1, "o", "the same by every order"), (0, "-", "there are no shots"),
        (8, "+", "no more than 8"), (3, "t", "one wording"), (3, "S", "first seed"), (3, "O", "first order"),
    ]) func obstacles(shots: Int, key: String, words: String) throws {
        let scalar = try #require(key.unicodeScalars.first)
        var state = ShotsStage.desk(try ShotsStage.experiment(), cell: cell(shots))
        let before = state.editor.document.bytes
        state.press(keys: .char(scalar))
        #expect(state.notice?.text.contains(words) == true, "\(state.notice?.text ?? "")")
        #expect(state.editor.document.bytes == before)
    }

    @Test("the panel lists the experiments, Enter asks for one, and what it reads is built") func choosing() throws {
        var state = State.desk("")
        let entries = World([("prompts/one.md", "one"), ("prompts/experiments/one.yaml", "title: 1\n"), ("prompts/experiments/two.yaml", "title: 2\n")]).state.files.entries
        let path = try #require(entries.first { $0.name == "two" }).path
        _ = state.update(.listed(entries))
        state.press(keys: .ctrl("p"))
        for scalar in "few-shot prompt".unicodeScalars { state.press(keys: .char(scalar)) }
        state.press(keys: .enter)
        #expect(state.focusedPanel == .shots && state.screenText.contains("choose an experiment") && state.screenText.contains("two"))
        #expect(state.press(keys: .down, .enter).contains(.readExperiment(path: path)))
        _ = state.update(.experiment(path: path, .failure(ExperimentError(path: "two.yaml", line: 3, fact: .noLine))))
        #expect(state.notice?.text.contains("two.yaml:3") == true)
        state.press(keys: .enter)
        _ = state.update(.experiment(path: path, .success(try ShotsStage.experiment())))
        // The smallest number of shots that are any.
        #expect(state.shots.held?.shots.count == 2 && state.isPartitioned)
        state.press(keys: .char("b"))
        #expect(state.shots.isChoosing)
        state.press(keys: .char("b"))
        #expect(!state.shots.isChoosing && state.shots.held?.shots.count == 2)
    }

    @Test("at every size of the window it is drawn, and before a model is there") func screens() throws {
        let experiment = try ShotsStage.experiment()
        for (width, height) in [(40, 10), (60, 16), (60, 20), (80, 24), (100, 30), (120, 30), (200, 60)] {
            var state = State(width: width, height: height)
            state.openShots(experiment, cell: cell(3), item: 0)
            state = state.settled()
            #expect(state.screenText.contains("Shots") || width < 80)
            state.press(keys: .char("+"), .char("x"), .char("z"))
            #expect(state.isPartitioned && state.screenText.contains("query"))
        }
    }

    @Test("keys and edits at random: the pieces are always the whole text, and every text that was there is in the tree") func monkey() throws {
        let experiment = try ShotsStage.experiment()
        let keys: [Key] = "++--sSoOnNttxaaJKyymrjk".unicodeScalars.map { .char($0) } + [.up, .down, .shift(.up), .shift(.down), .ctrl("/"), .ctrl("y"), .enter]
        var dice = Dice(77)
        for round in 0..<12 {
            var state = ShotsStage.desk(experiment, cell: cell(dice.below(4)), width: 80, height: 24), texts: [[UInt8]] = []
            for step in 0..<120 {
                if dice.below(3) == 0 {
                    state.focus = .document
                    let count = state.editor.document.count
                    if dice.below(2) == 0 { state.editor.move(to: dice.below(count + 1)) }
                    switch dice.below(5) {
                    case 0:
                        state.editor.move(to: min(count, state.editor.cursor + dice.below(20)), extending: true)
                        _ = state.update(.event(.paste(Array("otter: ".utf8.prefix(dice.below(8))))))
                    case 1: state.press(keys: .backspace)
                    case 2: state.press(keys: .char("o"), .char("t"))
                    case 3: state.press(keys: .ctrl("/"))
                    default: state.press(keys: .delete, .delete)
                    }
                } else {
                    state = state.focused(on: .shots)
                    let before = state.editor.document.bytes
                    state.press(keys: keys[dice.below(keys.count)])
                    if state.editor.document.bytes != before { texts.append(before) }
                }
                #expect(state.isPartitioned, "round \(round) step \(step)")
            }
            state.editor.breakUndo()
            let known = Set(state.editor.tree.nodes.keys.map { state.editor.document(at: $0).bytes })
            #expect(texts.allSatisfy { known.contains($0) }, "round \(round)")
        }
    }
}
