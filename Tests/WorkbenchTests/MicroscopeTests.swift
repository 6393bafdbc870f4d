import Engine
import Foundation
import Terminal
import Testing
import Tokenizer
import Transformer
import Workbench

/// A state whose effects the real worker carries out, with the tiny model.
private final class Glass {
    let bench: Bench
    var state: State
    private(set) var orders: [Order] = []

    init(_ text: String = "English: otter\nFrench: mer", panel: State.Panel, width: Int = 120, height: Int = 40) throws {
        bench = try Bench()
        state = State(width: width, height: height)
        _ = state.update(.report(.loaded(Tiny.model)))
        state = state.focused(on: panel)
        let effects = state.update(.event(.paste(Array(text.utf8))))
        focus(panel)
        settle(effects + state.update(.event(.resize(width: width, height: height))))
    }
    deinit { bench.end() }

    func focus(_ panel: State.Panel) { state.focus = .slot(state.slots.firstIndex(of: panel) ?? 0) }

    /// Carries effects out until nothing is under way.
    func settle(_ effects: [Effect]) {
        var wished = 0, settled = 0
        func carry(_ effects: [Effect]) {
            for effect in effects {
                switch effect {
                case .wish(let wish):
                    wished = wish.number
                    bench.worker.want(wish)
                case .generate(let order):
                    orders.append(order)
                    bench.worker.generate(order)
                case .ablate(let order): bench.worker.ablate(order)
                case .patch(let order): bench.worker.patch(order)
                case .compare(let order): bench.worker.compare(order)
                default: break
                }
            }
        }
        carry(effects)
        while settled < wished || state.run != nil || state.edits.ablation?.isRunning == true || state.edits.patch?.isRunning == true || (state.compare.other != nil && state.compare.comparison?.isDone != true) {
            guard let report = bench.next(within: 20) else {
                Issue.record("the worker is silent")
                return
            }
            if case .settled(let number) = report { settled = number }
            carry(state.update(.report(report)))
        }
    }

    func press(_ keys: Key...) { for key in keys { settle(state.press(keys: key)) } }
    func type(_ text: String) { for scalar in text.unicodeScalars { _ = state.press(keys: .char(scalar)) } }
    func add(_ line: String) {
        press(.char("a"))
        type(line)
        press(.enter)
    }
    var screen: String { View.frame(state).dump() }
}

@Suite("The microscope's panels", .serialized) struct MicroscopeTests {
    @Test("With an edit on, every number is the edited model's; off again, the numbers are to the bit what they were") func off() throws {
        let glass = try Glass(panel: .edits), plain = (glass.state.reading.steps, glass.state.reading.here?.distribution.logits)
        #expect(!glass.screen.contains("MODIFIED MODEL"))
        glass.add("L1 H0 zero")
        let ids = glass.state.reading.ids, session = try Session(Tiny.model, threads: 1)
        _ = try session.sync(to: ids)
        let edited = try #require(try session.fork(edits: [Edit(.z, layer: 1, head: 0, .zero)]))
        #expect(glass.state.reading.here?.distribution.logits == (try edited.logits(after: ids.count - 1)))
        #expect(glass.state.reading.steps == (try edited.steps(0..<ids.count)))
        #expect(View.frame(glass.state).dump().split(separator: "\n").first?.contains("MODIFIED MODEL") == true)
        let effect = try #require(glass.state.edits.effect), before = Distribution(logits: try #require(plain.1))
        #expect(effect.divergence == before.divergence(to: Distribution(logits: try edited.logits(after: ids.count - 1))) && effect.divergence > 0)
        for row in effect.rows { #expect(row.before == before.probability(of: row.id) && row.rankBefore == before.rank(of: row.id)) }
        glass.press(.char(" "))
        #expect(glass.state.reading.steps == plain.0 && glass.state.reading.here?.distribution.logits == plain.1)
        #expect(!glass.screen.contains("MODIFIED MODEL") && glass.state.edits.items.count == 1)
    }

    @Test("A generation under edits is drawn from the edited model, and its branch and its stored settings name them") func generation() throws {
        let glass = try Glass(panel: .edits)
        glass.add("L0 mlpOut scale -3.0")
        glass.state.sampling.maxTokens = 6
        glass.press(.ctrl("g"))
        let order = try #require(glass.orders.first), session = try Session(Tiny.model, threads: 1)
        #expect(order.edits.map { "\($0)" } == ["L0 mlpOut scale -3.0"])
        _ = try session.sync(to: order.ids)
        let edited = try #require(try session.fork(edits: session.edits(order.edits)))
        var generation = Generation(edited, sampling: order.sampling, seed: order.seed), drawn: [TokenID] = []
        while true {
            let (tokens, end) = try generation.next()
            drawn += tokens.filter { !$0.isCut }.map(\.step.id)
            if end != nil { break }
        }
        #expect(glass.state.lastRun?.written.map(\.id) == drawn)
        let node = try #require(glass.state.editor.tree[glass.state.editor.tree.current])
        #expect(BranchText.warning(node) == "edited: L0 mlpOut")
        #expect(Sampling(json: try #require(node.run?.settings)) == order.sampling)
    }

    @Test("An edit that is not understood, or that the model has no place for, is refused with what would be taken; nothing changes") func refused() throws {
        let glass = try Glass(panel: .edits), version = glass.state.reading.version
        glass.add("L9 H0 zero")
        #expect(glass.state.notice?.text.contains("layer 9") == true && glass.state.overlay != nil)
        glass.press(.escape)
        glass.add("L1 H0 kill")
        #expect(glass.state.notice?.text.contains("kill is no change") == true)
        glass.press(.escape)
        #expect(glass.state.edits.items.isEmpty && glass.state.reading.version == version)
        // What cannot be made on this text switches the edits off and says so.
        glass.add("L1 residPost from 60 at 2")
        #expect(glass.state.edits.active.isEmpty && glass.state.notice?.text.contains("position 60") == true)
    }

    @Test("Every head zeroed alone gives what the engine gives, and the heads view shows it") func ablation() throws {
        let glass = try Glass(panel: .edits)
        glass.press(.char("A"))
        let found = try #require(glass.state.edits.ablation), session = try Session(Tiny.model, threads: 1)
        _ = try session.sync(to: found.order.ids)
        #expect(found.found == (try session.ablations(position: found.order.ids.count - 1, token: found.order.token)))
        #expect(found.found.count == Tiny.layers * Tiny.heads && !found.isRunning)
        #expect(glass.state.attention.metric == .ablation && glass.screen.contains("all 4 heads"))
    }

    @Test("Edits written to a file are read again as they were; a line that is wrong is named and none is taken") func files() throws {
        let glass = try Glass(panel: .edits)
        glass.add("L1 H1 mean")
        glass.add(#"L0 residPost add 2.0 "otter" - "mer" at 1-2"#)
        _ = glass.state.press(keys: .char("w"))
        var written: [UInt8] = []
        for case .writeTable(_, let bytes) in glass.state.press(keys: .enter) { written = bytes }
        var other = State(width: 80, height: 24)
        _ = other.update(.report(.loaded(Tiny.model)))
        _ = other.update(.readEdits(path: "x.edits", bytes: written))
        #expect(other.edits.items == glass.state.edits.items && other.edits.items.count == 2)
        _ = other.update(.readEdits(path: "x.edits", bytes: Array("L0 H0 zero\nL7 H0 zero\n".utf8)))
        #expect(other.notice?.text.hasPrefix("x.edits:2: ") == true && other.edits.items.count == 2)
    }

    @Test("The lens shows the engine's numbers at every position and stage it has room for", arguments: [(120, 40), (80, 24), (60, 20)])
    func lens(size: (Int, Int)) throws {
        let glass = try Glass(panel: .lens, width: size.0, height: size.1), session = try Session(Tiny.model, threads: 1)
        let ids = glass.state.reading.ids
        _ = try session.sync(to: ids)
        for halves in [false, true] {
            #expect(!glass.state.lens.columns.isEmpty && glass.screen.contains("raw lens"))
            for (position, column) in glass.state.lens.columns {
                let token = ids.indices.contains(position + 1) ? ids[position + 1] : nil
                #expect(column == (try session.lens(position: position, token: token, top: LensState.top, halves: halves)))
            }
            let last = try #require(glass.state.lens.columns[ids.count - 1]?.cells.last)
            #expect(last.top.first?.id == glass.state.reading.here?.distribution.top(1).first?.id)
            #expect(glass.screen.contains("▸"))
            if !halves { glass.press(.char("s")) }
        }
        glass.press(.up, .enter)
        #expect(glass.state.lens.stage == LensStage(layer: 1, isHalf: true) && glass.screen.contains("after attention of layer 1"))
        glass.press(.enter, .char("r"))
        glass.type(" otter")
        glass.press(.enter)
        #expect(glass.state.lens.columns[ids.count - 1]?.token == Tiny.id(" otter"))
        // A change of the text takes only what stands behind it along.
        let kept = glass.state.lens.columns.keys.filter { $0 < 3 }
        glass.press(.left)
        #expect(Set(kept).isSubset(of: glass.state.lens.columns.keys))
    }

    @Test("The parts of a logit are the engine's; Enter goes to the head, 0 zeroes it, and the parts then are the edited model's") func attribution() throws {
        let glass = try Glass(panel: .attribution), ids = glass.state.reading.ids, session = try Session(Tiny.model, threads: 1)
        _ = try session.sync(to: ids)
        let likeliest = try #require(Distribution(logits: try session.logits(after: ids.count - 1)).top(1).first?.id)
        #expect(glass.state.attributed == (try session.attribution(position: ids.count - 1, token: likeliest)))
        glass.press(.char("d"))
        glass.type(" otter")
        glass.press(.enter)
        let found = try #require(try session.attribution(position: ids.count - 1, token: likeliest, against: Tiny.id(" otter")))
        #expect(glass.state.attributed == found && glass.screen.contains("less ␣otter"))
        // At a place inside the text it is the token that stands there.
        glass.press(.tab, .tab)
        glass.state.focus = .document
        glass.press(.ctrl(.home), .ctrl(.right))
        let query = AttentionState.query(glass.state)
        #expect(glass.state.attributed?.position == query && glass.state.attributed?.token == ids[query + 1])
        glass.state.focus = .slot(0)
        glass.press(.char("o"))
        let parts = try #require(glass.state.attributed?.parts), row = try #require(parts.firstIndex { $0.part == .head(layer: 1, head: 1) })
        glass.press(.home)
        for _ in 0..<row { glass.press(.down) }
        glass.press(.char("0"))
        #expect(glass.state.edits.active.map { "\($0)" } == ["L1 H1 zero"])
        #expect(glass.state.attributed?.parts.first { $0.part == .head(layer: 1, head: 1) }?.value == 0)
        glass.press(.enter)
        #expect(glass.state.attention.cursor == HeadID(1, 1) && glass.state.focusedPanel == .attention)
    }

    @Test("The heads' direct contributions are those of the attribution, ranked by their size, and every score ranks as it should") func ranked() throws {
        let glass = try Glass(panel: .attention), ids = glass.state.reading.ids, session = try Session(Tiny.model, threads: 1)
        _ = try session.sync(to: ids)
        for _ in 0..<6 { glass.press(.char("m")) }
        for _ in 0..<3 { glass.press(.char("v")) }
        #expect(glass.state.attention.metric == .direct && glass.state.attention.view == .ranked)
        let found = try #require(glass.state.attributed), scores = try #require(glass.state.reading.scores)
        let heads = found.parts.compactMap { term in if case let .head(layer, head) = term.part { (HeadID(layer, head), term.value) } else { nil } }
        let first = try #require(heads.max { abs($0.1) < abs($1.1) })
        #expect(glass.screen.contains("\(first.0.name)") && glass.screen.contains(Number.fixed(first.1, 3)))
        glass.press(.home)
        for _ in 0..<heads.count { glass.press(.up) }
        #expect(glass.state.attention.cursor == first.0)
        glass.press(.down, .enter)
        let second = heads.sorted { abs($0.1) > abs($1.1) }[1].0
        #expect(glass.state.attention.locked == [second])
        let table = try #require(glass.state.panelTable(.attention))
        #expect(table.rows.count == heads.count)
        let sink = try #require(table.columns.firstIndex(of: "sink")), layer = table.rows[0][0].text, head = table.rows[0][1].text
        #expect("\(layer)\(head)" == "\(first.0.layer)\(first.0.head)")
        #expect(table.rows[0][sink].text == "\(scores.sink[first.0.layer * Tiny.heads + first.0.head])")
    }

    @Test("Weights times the lengths of values, spans and words are what the engine gives") func weighted() throws {
        let glass = try Glass("otter de mer cheese", panel: .attention), ids = glass.state.reading.ids, session = try Session(Tiny.model, threads: 1)
        _ = try session.sync(to: ids)
        var lengths = ValueNorms()
        lengths.follow(session)
        let plain = try session.attention(query: ids.count - 1)
        #expect(glass.state.reading.heads?.rows == plain)
        glass.press(.char("n"))
        let rows = try #require(glass.state.reading.heads?.rows)
        for layer in 0..<Tiny.layers {
            for head in 0..<Tiny.heads { #expect(rows[layer][head] == lengths.weighted(plain[layer][head], layer: layer, head: head)) }
        }
        glass.press(.char("v"))
        let map = try #require(glass.state.reading.map), chosen = glass.state.attention.cursor
        #expect(map.isValued && map.rows.last == lengths.weighted(plain[chosen.layer][chosen.head], layer: chosen.layer, head: chosen.head))
        glass.press(.char("n"), .char("v"), .char("v"), .char("v"))
        // A span of queries, and a span that is looked at.
        glass.state.focus = .document
        glass.press(.shift(.home))
        glass.focus(.attention)
        glass.press(.char("S"))
        #expect(glass.state.attention.querySpan == 0..<ids.count)
        #expect(glass.state.reading.heads?.rows == (try session.attention(queries: 0..<ids.count)))
        glass.press(.char("s"))
        #expect(glass.state.attention.keySpan == 0..<ids.count)
        let all = try #require(glass.state.panelTable(.attention)), to = try #require(all.columns.firstIndex(of: "to"))
        for row in all.rows { #expect(abs((Double(row[to].text) ?? 0) - 1) < 1e-4, "a row sums to one") }
        glass.state.focus = .document
        glass.press(.end)
        glass.focus(.attention)
        glass.press(.char("s"), .char("S"))
        #expect(glass.state.attention.keySpan == nil && glass.state.attention.querySpan == nil && glass.state.reading.heads?.rows == plain)
    }

    @Test("The tokens of a word count as one: their weights are summed, the row still sums to one") func words() throws {
        let glass = try Glass("otter cheese deer", panel: .attention), ids = glass.state.reading.ids
        glass.press(.char("v"), .char("v"))
        #expect(glass.state.attention.view == .text)
        let plain = try #require(glass.state.attention.chosenRow)
        glass.press(.char("w"))
        let merged = try #require(glass.state.attention.chosenRow)
        #expect(merged.order.count == 3 && plain.order.count == ids.count && ids.count > 3, "three words of more tokens")
        #expect(abs(merged.order.reduce(0) { $0 + merged.weights[$1] } - 1) < 1e-5)
        for first in merged.order {
            let next = merged.order.filter { $0 > first }.min() ?? ids.count
            #expect(abs(merged.weights[first] - plain.weights[first..<next].reduce(0, +)) < 1e-6)
        }
        // In the map keys are summed and queries are the mean of a word's, so that its rows sum to one as well.
        for _ in 0..<3 { glass.press(.char("v")) }
        let map = try #require(glass.state.reading.map), shown = try #require(glass.state.panelTable(.attention))
        #expect(glass.state.attention.view == .map && shown.rows.count == 6 && map.rows.count == ids.count)
        let starts = merged.order.sorted() + [ids.count]
        for row in shown.rows {
            let (query, key) = (Int(row[0].text) ?? -1, Int(row[1].text) ?? -1), queries = starts[query]..<starts[query + 1]
            let mean = queries.reduce(0) { sum, at in sum + map.rows[at][min(at + 1, starts[key])..<min(at + 1, starts[key + 1])].reduce(0, +) } / Float(queries.count)
            #expect(abs((Float(row[2].text) ?? -1) - mean) < 1e-6)
        }
        for query in 0..<3 { #expect(abs(shown.rows.filter { $0[0].text == "\(query)" }.reduce(0) { $0 + (Float($1[2].text) ?? 0) } - 1) < 1e-4) }
        #expect(glass.screen.contains("words"))
        glass.press(.up, .enter)
        #expect(AttentionState.query(glass.state) == starts[2] - 1, "the query of a word is its last token")
        glass.press(.char("v"))
        glass.state.focus = .document
        glass.press(.end)
        glass.focus(.attention)
        glass.press(.char("E"))
        let session = try Session(Tiny.model, threads: 1), head = glass.state.attention.cursor
        _ = try session.sync(to: ids)
        #expect(glass.state.attention.chosenRow?.weights == (try session.patternEntropies(heads: [(head.layer, head.head)])))
    }

    @Test("Every row of the table is how the model saw its token; it sorts, and the cursor goes along") func tokens() throws {
        let glass = try Glass(panel: .tokens), ids = glass.state.reading.ids, session = try Session(Tiny.model, threads: 1)
        _ = try session.sync(to: ids)
        let steps = try session.steps(0..<ids.count)
        #expect(glass.state.tokens.order == Array(ids.indices))
        for position in 1..<ids.count {
            let top = Distribution(logits: try session.logits(after: position - 1)).top(1).first?.id
            #expect(glass.state.reading.step(position) == steps[position] && steps[position]?.top == top)
        }
        glass.press(.char("s"))
        let sorted = glass.state.tokens.order.compactMap { steps[$0]?.logprob }
        #expect(sorted == sorted.sorted() && sorted.count == ids.count - 1 && glass.state.tokens.order.last == 0)
        glass.press(.home)
        #expect(glass.state.tokens.selected == glass.state.tokens.order[0] && glass.state.here.position == glass.state.tokens.order[0])
        glass.press(.char("S"))
        #expect(glass.state.tokens.order.dropLast().reversed() == Array(glass.state.tokens.order.dropLast().reversed()) && glass.state.tokens.order.last == 0)
        let table = try #require(glass.state.panelTable(.tokens))
        #expect(table.rows.map { $0[0].text } == glass.state.tokens.order.map { "\($0)" })
        glass.press(.enter)
        #expect(glass.state.focus == .document)
    }

    @Test("Patching every layer and position gives what the engine gives, place by place, and the lens shows it") func patching() throws {
        let glass = try Glass("English: otter de mer", panel: .edits)
        _ = glass.state.press(keys: .char("P"))
        for _ in 0..<3 { _ = glass.state.press(keys: .backspace) }
        glass.type("otter otter otter")
        _ = glass.state.press(keys: .enter)
        #expect(glass.state.overlay != nil && glass.state.notice?.text.contains("tokens") == true, "a text of another length is refused")
        glass.press(.escape)
        let ids = glass.state.reading.ids
        _ = glass.state.press(keys: .char("P"))
        for _ in 0..<"de mer".count { _ = glass.state.press(keys: .backspace) }
        glass.type("mer de")
        glass.press(.enter)
        let patch = try #require(glass.state.edits.patch), findings = try #require(patch.findings)
        let session = try Session(Tiny.model, threads: 1), source = session.fork()
        _ = try session.sync(to: ids)
        _ = try source.sync(to: patch.order.source)
        var sweep = try #require(try PatchSweep(session, source: source, site: .residPre, token: findings.token, against: findings.against))
        while try sweep.step() {}
        #expect(sweep.found == findings.found && !patch.isRunning && glass.state.focusedPanel == .lens)
        let last = try #require(patch.effect(layer: Tiny.layers - 1, position: ids.count - 1))
        #expect(glass.screen.contains(Number.fixed(last.change, 2)) && glass.screen.contains("all \(ids.count * Tiny.layers) places"))
        #expect(glass.state.panelTable(.lens)?.rows.count == ids.count * Tiny.layers)
    }

    @Test("The model compared with itself under edits differs from where they reach, by the engine's own divergence") func edited() throws {
        let glass = try Glass("English: otter de mer", panel: .edits), ids = glass.state.reading.ids
        glass.add("L1 H0 zero at 3-50")
        glass.state.slots[0] = .compare
        glass.state.focus = .slot(0)
        glass.press(.char("m"))
        let comparison = try #require(glass.state.compare.comparison), session = try Session(Tiny.model, threads: 1)
        _ = try session.sync(to: ids)
        let edited = try #require(try session.fork(edits: [Edit(.z, layer: 1, head: 0, positions: 3..<51, .zero)]))
        for (index, pair) in comparison.pairs.enumerated() where pair.a.lowerBound > 0 && pair.kind == .same {
            let at = pair.a.lowerBound - 1
            let one = Distribution(logits: try session.logits(after: at)), other = Distribution(logits: try edited.logits(after: at))
            #expect(comparison.divergences[index] == one.divergence(from: other))
            #expect((comparison.divergences[index] ?? 0 > 0) == (at >= 3), "\(at)")
        }
    }

    @Test("Every panel is exported as CSV and JSON with model, settings, edits and prompt, and as a picture of itself", arguments: State.Panel.allCases)
    func export(panel: State.Panel) throws {
        let glass = try Glass(panel: panel)
        let own: Set<State.Panel> = [.compare, .branches, .laboratory, .history, .files, .shots]
        if panel == .edits { glass.add("L1 H0 zero") }
        let picture = try #require(glass.state.picture(of: panel))
        #expect(picture.svg.contains("<desc>model: ") && picture.ansi.contains("otter") && picture.ansi.contains(panel.title))
        guard !own.contains(panel) else { return }
        _ = glass.state.press(keys: .char("e"))
        glass.type("csv")
        var written: [UInt8] = []
        for case .writeTable(let path, let bytes) in glass.state.press(keys: .enter) {
            #expect(path == "new-\(panel.rawValue).csv")
            written = bytes
        }
        let lines = String(decoding: written, as: UTF8.self).components(separatedBy: "\r\n")
        #expect(lines.count > 9 && lines[0].hasPrefix("# model: {") && lines.contains { $0.hasPrefix("# prompt: ") } && lines.contains { $0.hasPrefix("# edits: [") })
        if panel == .edits { #expect(lines.contains { $0 == "# edits: [\"L1 H0 zero\"]" }) }
        let table = try #require(glass.state.panelTable(panel)), read = try JSONSerialization.jsonObject(with: Data(table.json.utf8))
        let rows = try #require((read as? [String: Any])?["rows"] as? [[String: Any]])
        #expect(rows.count == table.rows.count && rows.count > 1 && Set(rows[0].keys) == Set(table.columns))
    }
}
