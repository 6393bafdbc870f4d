import Document
import Engine
import Laboratory
import Terminal
import Testing
import Tokenizer
import Workbench

@Suite("The numbers of a built prompt") struct ShotsNumbersTests {
    /// A worker's desk with the prompt of two shots of an experiment.
    private func player(_ experiment: Experiment, width: Int = 120, height: Int = 30) throws -> Player {
        let player = try Tiny.file { Player(width: width, height: height, model: $0) }
        return try open(experiment, player)
    }

    private func open(_ experiment: Experiment, _ player: Player) throws -> Player {
        let entries = World().state.files.entries, path = try #require(entries.first { $0.kind == .experiment }).path
        player.take(.listed(entries))
        player.press(.ctrl("p"))
        for scalar in "few-shot prompt".unicodeScalars { player.take(.event(.key(.char(scalar)))) }
        player.take(.event(.key(.enter)))
        player.take(.event(.key(.enter)))
        player.take(.experiment(path: path, .success(experiment)))
        player.settle()
        #expect(player.state.focusedPanel == .shots)
        return player
    }

    /// What the sweep makes of one item in one cell.
    private func swept(_ experiment: Experiment, _ cell: Laboratory.Cell, item: Int, model: Model = Tiny.model) throws -> ItemResult {
        var experiment = experiment
        experiment.test = [experiment.test[item]]
        (experiment.shots, experiment.seeds, experiment.orders) = ([cell.shots], cell.seed + 1, cell.order + 1)
        var sweep = Sweep(experiment)
        try sweep.run(try Session(model, threads: 1).scorer())
        return try #require(sweep.results.first { $0.cell == cell }?.items.first)
    }

    @Test("answers, unconditional and content-free ones are the sweep's to the bit, for every cell that keys come to", arguments: ["choice", "schema", "completion"])
    func answers(kind: String) throws {
        var experiment = try ShotsStage.experiment()
        switch kind {
        case "schema":
            experiment.kind = .schema
            (experiment.wordings[0].query, experiment.wordings[0].answer) = (Template("{{l}}: {{w}}"), Template(" la"))
            experiment.wordings[0].example = Template("{{l}}: {{w}} la\n")
        case "completion": (experiment.kind, experiment.labels, experiment.wordings[0].verbalisers) = (.completion, [], [])
        default: break
        }
        let player = try player(experiment)
        defer { player.stop() }
        for key in "+so n-n".unicodeScalars {
            if key != " " { player.press(.char(key)) }
            let builder = try #require(player.state.shots.builder)
            let result = try swept(experiment, builder.cell, item: builder.query), shown = try #require(copy(player.state.shots.numbers.answers))
            #expect(!player.state.shots.numbers.isComing && shown.answers == result.answers && shown.right == result.right)
        }
    }

    @Test("without a shot: as the shortened prompt is scored alone, with every rule") func leftOut() throws {
        let experiment = try ShotsStage.experiment()
        let player = try player(experiment)
        defer { player.stop() }
        player.press(.char("+"), .char("x"), .char("+"))
        let held = try #require(copy(player.state.shots.held)), builder = try #require(copy(player.state.shots.builder))
        for _ in experiment.rules {
            for place in held.shots.indices {
                let range = held.ranges[held.shots[place]]
                var bytes = player.state.editor.document.bytes
                bytes.removeSubrange(range)
                let session = try Session(Tiny.model, threads: 1), scorer = session.scorer()
                let spans = try experiment.labels.indices.map { index in
                    try #require(AnswerSpan([.text(bytes)], answer: FewShot(experiment).answer(builder.item, index, template: 0), tokens: scorer.tokens))
                }
                let alone = try spans.map { try scorer.logprobs([$0])[0] }
                let found = try #require(copy(player.state.shots.numbers.leftOut[place]))
                #expect(found.answers.map(\.logprobs) == alone)
                let shown = try #require(copy(player.state.shots.numbers.answers)), right = shown.right, rule = player.state.shots.rule
                let effect = try #require(player.state.shots.numbers.effect(ofShot: place, rule))
                #expect(effect.logprob == found.answers[right].sum - shown.answers[right].sum)
                #expect(effect.share == found.probabilities(rule)[right] - shown.probabilities(rule)[right])
            }
            player.press(.char("m"))
        }
        #expect(player.state.shots.rule == experiment.score)
    }

    @Test("the attention on the pieces is the mean over all heads of the last token's, and adds up to one") func mass() throws {
        let player = try player(try ShotsStage.experiment())
        defer { player.stop() }
        // Wherever the cursor stands.
        player.press(.down, .enter)
        let state = player.state, held = try #require(state.shots.held), mass = state.shots.numbers.mass
        let ids = Tiny.model.tokenizer.encode(state.editor.document.bytes), session = try Session(Tiny.model, threads: 1)
        _ = try session.sync(to: ids)
        let heads = try session.attention(query: ids.count - 1).flatMap { $0 }
        var expected = [Double](repeating: 0, count: held.pieces.count)
        for (index, token) in Tiny.model.tokenizer.tokens(state.editor.document.bytes).enumerated() {
            let piece = try #require(held.ranges.firstIndex { $0.contains(token.range.lowerBound) })
            for row in heads { expected[piece] += Double(row[index]) / Double(heads.count) }
        }
        #expect(zip(mass, expected).allSatisfy { abs($0 - $1) < 1e-5 } && mass.count == expected.count)
        #expect(abs(mass.reduce(0, +) - 1) < 1e-5)
    }

    @Test("the document's own numbers are not moved: Candidates shows what a session alone gives") func beside() throws {
        let player = try player(try ShotsStage.experiment())
        defer { player.stop() }
        player.press(.char("+"), .char("s"))
        let session = try Session(Tiny.model, threads: 1)
        _ = try session.sync(to: player.state.reading.ids)
        #expect(try player.state.reading.here?.distribution.logits == session.logits(after: player.state.reading.ids.count - 1))
        #expect(player.state.reading.measured == player.state.reading.ids.count)
    }

    @Test("reports of another prompt are dropped, and until its own come the numbers before are marked as such") func stale() throws {
        var state = ShotsStage.desk(try ShotsStage.experiment())
        #expect(state.screenText.contains("scoring …") && state.shots.numbers.isAwaited)
        let effects = state.press(keys: .char("s"))
        guard case .wish(let wish)? = effects.last, let asked = wish.asked else { Issue.record("\(effects.count)"); return }
        #expect(asked.groups.count == 4 && asked.known == 0)
        func answers(_ value: Float, _ group: Int) -> [[Float]] { asked.groups[group].map { $0.ids[$0.from...].map { _ in value } } }
        _ = state.update(.report(.answered(version: asked.version - 1, group: 0, answers(-9, 0))))
        #expect(state.shots.numbers.isAwaited)
        _ = state.update(.report(.answered(version: asked.version, group: 0, answers(-1, 0))))
        #expect(state.shots.numbers.answers?.answers.first?.logprobs.first == -1 && state.screenText.contains("leaving shots out …"))
        for group in 1..<4 { _ = state.update(.report(.answered(version: asked.version, group: group, answers(-2, group)))) }
        #expect(!state.shots.numbers.isComing && state.shots.numbers.leftOut.allSatisfy { $0 != nil })
        // A wish for another place of the same text does not ask again for what is known.
        let moved = state.update(.event(.key(.tab))) + state.press(keys: .backTab)
        for case .wish(let again) in moved { #expect(again.asked?.known == 4) }
        state.press(keys: .char("s"))
        #expect(state.shots.numbers.isAwaited && state.screenText.contains("scoring …"))
    }

    @Test("what the model writes behind the query is not part of the prompt, and is shown apart") func written() throws {
        let experiment = try ShotsStage.experiment()
        let player = try player(experiment)
        defer { player.stop() }
        let before = try #require(copy(player.state.shots.numbers.answers))
        player.press(.ctrl("g"))
        let state = player.state
        #expect(state.isPartitioned && (state.shots.held?.pieces.last?.count ?? 0) > 0 && state.shots.held?.pieces.contains { $0.isEdited } == false)
        #expect(state.shots.numbers.answers == before && state.screenText.contains("behind it"))
        player.press(.char("+"))
        #expect(player.state.shots.held?.pieces.last?.count == 0)
        player.press(.ctrl("/"))
        #expect(player.state.editor.document.bytes == state.editor.document.bytes && player.state.isPartitioned)
    }

    @Test("a prompt that does not fit says how long it is, and its shots can be taken out") func tooLong() throws {
        var experiment = try ShotsStage.experiment()
        experiment.wordings[0].instruction = String(repeating: "x", count: Tiny.context)
        let state = ShotsStage.desk(experiment)
        #expect(state.shots.numbers.problem?.contains("the context holds \(Tiny.context)") == true && state.screenText.contains("takes shots out"))
    }

    @Test("in a conversation shots are turns, the ids are the sweep's, and so are the numbers", .enabled(if: Player.hasModel)) func chat() throws {
        let experiment = try ShotsStage.chat(), player = try open(experiment, Player(width: 120, height: 30))
        defer { player.stop() }
        let model = try #require(player.state.readyModel)
        for key in " +yy".unicodeScalars {
            if key != " " { player.press(.char(key)) }
            if key == "y" { continue }
            let builder = try #require(player.state.shots.builder), fewShot = FewShot(experiment)
            let prompt = fewShot.prompt(builder.item, shots: fewShot.shots(for: builder.item, in: fewShot.draw(builder.cell)), template: 0)
            let parts = try #require(prompt.parts(model.tokenizer.chatTemplate))
            #expect(player.state.editor.document == Document(parts: parts, tokenizer: model.tokenizer) && player.state.isPartitioned)
            #expect(player.state.editor.document.ids == (try Session(model, threads: 1)).scorer().tokens(parts).map(\.id))
            let shown = try #require(copy(player.state.shots.numbers.answers))
            #expect(shown.answers == (try swept(experiment, builder.cell, item: builder.query, model: model)).answers)
        }
        #expect(player.state.shotTexts[1].hasPrefix("<|im_start|>user\n") && player.state.shotTexts[1].hasSuffix("<|im_end|>\n"))
    }
}
