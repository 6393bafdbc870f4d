import Engine
import JSONText
import Tokenizer

/// The numbers of each panel; nil where it has none now.
extension State {
    package func panelTable(_ panel: Panel) -> PanelTable? {
        let made: PanelTable? = switch panel {
        case .candidates: candidatesTable
        case .sampler: samplerTable
        case .tokens: tokensTable
        case .attention: attentionTable
        case .lens: lensTable
        case .attribution: attributionTable
        case .edits: editsTable
        case .shots: shotsTable
        case .branches, .compare, .laboratory, .history, .files: nil
        }
        guard var table = made else { return nil }
        table.facts.insert(contentsOf: facts, at: 0)
        return table
    }

    private func text(_ id: TokenID) -> JSON { .string(String(decoding: tokenizer?.bytes(id) ?? [], as: UTF8.self)) }
    private func text(at position: Int, in ids: [TokenID]? = nil) -> JSON {
        let ids = ids ?? reading.ids
        return ids.indices.contains(position) ? text(ids[position]) : .null
    }

    /// The whole vocabulary, likeliest first.
    private var candidatesTable: PanelTable? {
        guard let here = reading.here else { return nil }
        let after = Dictionary(here.trace.survivors.map { ($0.id, $0.probability) }, uniquingKeysWith: { one, _ in one })
        let rows = here.distribution.order().enumerated().map { rank, id -> [JSON] in
            [.integer(rank), .integer(id), text(id), .number(here.distribution.logprob(of: id)), .number(here.distribution.probability(of: id)),
             .number(after[id] ?? 0), here.trace.stage(cutting: id).map { .string("\($0)") } ?? .null]
        }
        var table = PanelTable("candidates", ["rank", "id", "text", "logprob", "probability", "sampled", "cut_by"], rows)
        table.facts = [("position", .integer(here.position)), ("entropy", .number(here.distribution.entropy))]
        return table
    }

    private var samplerTable: PanelTable? {
        guard let here = reading.here else { return nil }
        let rows = here.trace.passes.map { pass -> [JSON] in
            [.string("\(pass.stage)"), .literal("\(pass.active)"), .integer(pass.tokensLeft), .number(pass.removedMass)]
        }
        var table = PanelTable("sampler", ["stage", "active", "tokens_left", "removed"], rows)
        table.facts = [("position", .integer(here.position)), ("u", isDrawKnown ? .number(here.trace.u) : .null), ("drawn", isDrawKnown ? .integer(here.trace.chosen) : .null)]
        return table
    }

    private var tokensTable: PanelTable? {
        guard !tokens.order.isEmpty else { return nil }
        let rows = tokens.order.map { position -> [JSON] in
            let step = reading.step(position)
            return [.integer(position), .integer(reading.ids[position]), text(at: position), .optional(step?.logprob), step.map { .integer($0.rank) } ?? .null,
                    .optional(step?.entropy), step?.top.map { .integer($0) } ?? .null, step?.top.map { text($0) } ?? .null]
        }
        return PanelTable("tokens", ["position", "id", "text", "logprob", "rank", "entropy", "top_id", "top"], rows)
    }

    private var lensTable: PanelTable? {
        if lens.tint == .patch, let patch = edits.patch { return patchTable(patch) }
        let known = lens.columns.keys.sorted().compactMap { lens.column($0, self) }
        guard !known.isEmpty else { return nil }
        let rows = known.flatMap { column in
            column.cells.map { cell -> [JSON] in
                [.integer(column.position), text(at: column.position), .integer(cell.stage.layer), .string(cell.stage.layer < 0 ? "embedding" : cell.stage.isHalf ? "attention" : "MLP"),
                 cell.top.first.map { .integer($0.id) } ?? .null, cell.top.first.map { text($0.id) } ?? .null, .optional(cell.top.first?.logprob),
                 .number(cell.entropy), .number(cell.divergence), .integer(column.token), text(column.token), .integer(cell.rank), .number(cell.logprob)]
            }
        }
        var table = PanelTable("lens", ["position", "text", "layer", "after", "top_id", "top", "top_logprob", "entropy", "kl", "token_id", "token", "rank", "logprob"], rows)
        table.facts = [("lens", .string("raw: final norm and head on the residual"))]
        return table
    }

    private var attributionTable: PanelTable? {
        guard let found = reading.attributed?.found else { return nil }
        let rows = attribution.rows(found).map { [.string(AttributionView.name($0.part)), .number($0.value)] as [JSON] }
        var table = PanelTable("attribution", ["part", "value"], rows)
        table.facts = [("position", .integer(found.position)), ("token", .object([("id", .integer(found.token)), ("text", text(found.token))])),
                       ("against", found.against.map { .object([("id", .integer($0)), ("text", text($0))]) } ?? .null),
                       ("logit", .number(found.logit)), ("norm", .number(found.norm)), ("sum", .number(found.sum)), ("remainder", .number(found.remainder))]
        return table
    }

    private var shotsTable: PanelTable? {
        guard let answers = shots.numbers.answers, let builder = shots.builder, !shots.numbers.isAwaited else { return nil }
        let shares = answers.probabilities(shots.rule)
        let rows = answers.answers.enumerated().map { index, score -> [JSON] in
            [.integer(index), .string(String(decoding: builder.fewShot.answer(builder.item, index, template: builder.cell.template), as: UTF8.self)),
             .literal("\(index == answers.right)"), .number(score.sum), .integer(score.ids.count), shares.indices.contains(index) ? .number(shares[index]) : .null]
        }
        var table = PanelTable("shots", ["answer", "text", "right", "logprob", "tokens", "share"], rows)
        table.facts = [("experiment", .string("\(builder.experiment.path)")), ("rule", .string("\(shots.rule)"))]
        return table
    }

    // MARK: Edits

    private var editsTable: PanelTable? {
        if let patch = edits.patch, patch.isRunning || edits.active.isEmpty { return patchTable(patch) }
        if let ablation = edits.ablation, ablation.isRunning || edits.active.isEmpty {
            let rows = ablation.ranked.map { [.integer($0.layer), .integer($0.head), .number($0.change), .number($0.divergence)] as [JSON] }
            var table = PanelTable("ablation", ["layer", "head", "change", "kl"], rows)
            table.facts = [("token", .object([("id", .integer(ablation.order.token)), ("text", text(ablation.order.token))])),
                           ("position", .integer(ablation.order.ids.count - 1)), ("heads", .integer(ablation.total))]
            return table
        }
        guard let effect = edits.effect else { return nil }
        let rows = effect.rows.map { [.integer($0.id), text($0.id), .number($0.before), .number($0.after), .integer($0.rankBefore), .integer($0.rankAfter)] as [JSON] }
        var table = PanelTable("edits", ["id", "text", "before", "after", "rank_before", "rank_after"], rows)
        table.facts = [("position", .integer(effect.position)), ("kl", .number(effect.divergence))]
        return table
    }

    private func patchTable(_ patch: PatchState) -> PanelTable {
        let rows = (patch.findings?.found ?? []).map { one -> [JSON] in
            [.integer(one.layer), .integer(one.position), text(at: one.position, in: patch.order.ids), text(at: one.position, in: patch.order.source),
             .number(one.change), .number(one.divergence)]
        }
        var table = PanelTable("patch", ["layer", "position", "text", "source", "change", "kl"], rows)
        table.facts = [("site", .string(patch.order.site.rawValue)), ("token", patch.findings.map { text($0.token) } ?? .null),
                       ("against", patch.findings?.against.map { text($0) } ?? .null), ("places", patch.findings.map { .integer($0.total) } ?? .null)]
        return table
    }

    // MARK: Attention

    private var attentionTable: PanelTable? {
        switch attention.view {
        case .heads, .ranked: headsTable
        case .map: mapTable
        case .text: rowTable
        }
    }

    private var headsTable: PanelTable? {
        guard let heads = reading.heads, let shape = readyModel?.shape else { return nil }
        let metrics = AttentionState.Metric.allCases.map { ($0, HeadValues(self, $0)) }
        let all = (0..<shape.layers).flatMap { layer in (0..<shape.heads).map { HeadID(layer, $0) } }
        let order = attention.view == .ranked ? HeadValues(self).ranking.map(\.id) : all
        let rows = order.map { id -> [JSON] in
            [.integer(id.layer), .integer(id.head)] + metrics.map { metric, values in metric.isSigned ? .optional(values.value(id)) : .optional(values.value(id).map { Float($0) }) } + [reading.scores?.label(id).map { .string($0) } ?? .null]
        }
        var table = PanelTable("heads", ["layer", "head"] + metrics.map { $0.0 == .toToken ? "to" : $0.0.rawValue } + ["label"], rows)
        let target = attention.keySpan ?? attention.lookedAt.map { $0.position..<$0.position + 1 }
        table.facts = [("query", .integer(heads.query)), ("queries", reading.look.span.map { .array($0.map { .integer($0) }) } ?? .null),
                       ("to", target.map { .array($0.map { .integer($0) }) } ?? .null), ("times_value_length", .literal("\(reading.look.isValued)")),
                       ("score_queries", reading.scores.map { .integer($0.queries) } ?? .null)]
        return table
    }

    private var mapTable: PanelTable? {
        guard let whole = reading.map, let map = attention.grid.shown ?? reading.map, !map.rows.isEmpty else { return nil }
        let words = attention.grid.words
        let rows = map.rows.enumerated().flatMap { query, row in
            row.enumerated().map { key, weight -> [JSON] in [.integer(query * map.pool), .integer(key * map.pool), .number(weight)] }
        }
        var table = PanelTable("map", ["query", "key", "weight"], rows)
        table.facts = [("heads", .strings(map.heads.map(\.name))), (words.isEmpty ? "tokens" : "words", .strings((words.isEmpty ? (0..<whole.tokens).map { $0..<$0 + 1 } : words).map { String(decoding: $0.flatMap { tokenizer?.bytes(reading.ids[$0]) ?? [] }, as: UTF8.self) })),
                       ("pooled", .integer(map.pool)), ("times_value_length", .literal("\(map.isValued)"))]
        return table
    }

    private var rowTable: PanelTable? {
        guard let row = attention.chosenRow else { return nil }
        let ids = attention.direction == .out ? reading.headIDs : reading.ids
        let rows = row.order.map { position -> [JSON] in
            let word = row.word(at: position).map { String(decoding: tokenizer?.bytes(ids[$0]) ?? [], as: UTF8.self) }.joined()
            return [.integer(position), .string(word), .number(row.weights[position])]
        }
        let direction = attention.direction
        var table = PanelTable("attention", ["position", "text", direction == .spread ? "entropy" : "weight"], rows)
        table.facts = [("heads", .strings(attention.chosen.map(\.name))), ("direction", .string(direction == .out ? "out" : direction == .into ? "in" : "entropy")),
                       ("from", .integer(row.from)), ("queries", direction == .out ? reading.look.span.map { .array($0.map { .integer($0) }) } ?? .null : .null),
                       ("times_value_length", .literal("\(attention.isValued && direction != .spread)")), ("words", .literal("\(attention.mergesWords)"))]
        return table
    }
}
