import Engine
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
        state.focus = .slot(0)
        settle(effects + state.update(.event(.resize(width: width, height: height))))
    }
    deinit { bench.end() }

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
                default: break
                }
            }
        }
        carry(effects)
        while settled < wished || state.run != nil || state.edits.ablation?.isRunning == true {
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
}
