import Engine
import Terminal
import Tokenizer

/// What the model expects at the shown place: the whole vocabulary, ranked, raw and as the samplers leave it.
package enum CandidatesView {
    package static func draw(_ state: State, _ rect: Rect, _ focused: Bool, _ frame: inout Frame) {
        if let along = state.candidates.along { return AlongView.draw(along, state, rect, focused, &frame) }
        let absence = state.readingAbsence, title = title(state, absence, rect.width - 16)
        let inner = frame.box(rect, title: title, label: absence == nil ? label(state, rect.width - TextWidth.columns(title) - 7) : "",
                              legend: state.server == nil ? View.legend(state.candidates.byHand == nil ? .candidates : .byHand) : View.legend(.candidates, only: State.besideToldCandidates), focused: focused)
        guard !inner.isEmpty else { return }
        if let absence { return words(absence, inner, &frame) }
        if let place = state.toldHere, state.server != nil { return ToldView.draw(place, state, inner, focused, &frame) }
        guard let here = state.reading.here else { return }
        CandidatesPage(state, here, inner, focused).draw(&frame)
    }

    /// With what is going on, as much of it as there is room for.
    private static func title(_ state: State, _ absence: String?, _ room: Int) -> String {
        var titles = ["Candidates"]
        if let byHand = state.candidates.byHand {
            titles = ["Candidates · by hand, seed \(state.sampling.seed ?? byHand.seed)", "Candidates · by hand", "By hand"]
        } else if let pin = state.pin {
            let place = Number.grouped(pin.position)
            titles = ["Candidates · pinned \(place)" + (state.isPinOutdated ? " of the text before" : ""), "Candidates · pinned \(place)", "Pinned \(place)"]
        }
        if absence == nil, state.server == nil, state.isReadingStale { titles = titles.map { $0 + " · reading" } + titles }
        return titles.first { TextWidth.columns($0) <= room } ?? titles[titles.count - 1]
    }

    static func words(_ text: String, _ rect: Rect, _ frame: inout Frame) {
        for (row, line) in Words.wrap(text, width: max(1, rect.width - 2)).enumerated() {
            frame.put(line, x: rect.x + 1, y: rect.y + row + (rect.height > 4 ? 1 : 0), style: Style(.dim), clip: rect)
        }
    }

    /// The entropy and the effective number of choices, as much of it as there is room for.
    private static func label(_ state: State, _ room: Int) -> String {
        if state.server != nil { return state.toldHere.map { "\($0.token.top.count) told" } ?? "" }
        guard let distribution = state.reading.here?.distribution else { return "" }
        let entropy = Number.fixed(distribution.entropy, 2), effective = distribution.effective
        let choices = effective < 1000 ? Number.fixed(effective, 1) : Number.grouped(Int(effective.rounded()))
        return ["H \(entropy) nats  e^H \(choices)", "H \(entropy)  e^H \(choices)", "H \(entropy)"].first { TextWidth.columns($0) + 2 <= room } ?? ""
    }

    /// The short name of the stage that cut a token.
    static func cut(by stage: Stage) -> String {
        switch stage {
        case .temperature: "greedy"
        case .typicalP: "typical"
        case .bias: "banned"
        default: stage.name
        }
    }

    /// `38.1 %`, and a mark instead of a number where there is none.
    static func percent(_ share: Double) -> String { share.isFinite ? Number.percent(share) : "–" }

    static func logprob(_ value: Double) -> String { Number.fixed(value, value > -100 ? 3 : 2) }
}

/// One moment of the panel's inside.
struct CandidatesPage {
    let state: State
    let here: Reading.Here
    let rect: Rect
    let focused: Bool
    let stale: Bool
    let sheet: CandidatesSheet
    let columns: CandidateColumns
    let actual: TokenID?
    /// The probability that fills the bar.
    let scale: Double

    init(_ state: State, _ here: Reading.Here, _ rect: Rect, _ focused: Bool) {
        (self.state, self.here, self.rect, self.focused) = (state, here, rect, focused)
        stale = state.isReadingStale
        sheet = CandidatesSheet(state, height: rect.height)
        columns = CandidateColumns(width: rect.width, highestRank: sheet.window.compactMap { here.row($0)?.rank }.max() ?? 0, vocabulary: here.distribution.count,
                                   isPinned: here.comparison != nil && state.pin != nil)
        actual = state.actualToken
        let raw = here.ranked.first.map { here.distribution.probability(of: $0) } ?? 0
        // The mark of the samplers' share may stand behind the bar of the raw one.
        let marks = (columns.bar?.width ?? 0) >= 12
        scale = max(1e-12, raw, marks ? here.trace.survivors.first?.probability ?? 0 : 0)
    }

    func draw(_ frame: inout Frame) {
        for (line, row) in sheet.window.enumerated() { candidate(row, rect.y + sheet.first + line, &frame) }
        let isOutside = actual != nil && !sheet.window.contains { here.row($0)?.id == actual }
        if let line = sheet.filter { filter(rect.y + line, &frame) }
        if let line = sheet.head { head(rect.y + line, &frame) }
        if let line = sheet.pinned { pinned(rect.y + line, &frame) }
        if let line = sheet.sought { found(rect.y + line, &frame) }
        if let line = sheet.header {
            if sheet.head == nil, isOutside { head(rect.y + line, &frame) } else { header(rect.y + line, &frame) }
        }
        if let line = sheet.rest { rest(rect.y + line, &frame) }
    }

    func style(_ role: Terminal.Role, _ flags: Style.Flags = []) -> Style { stale ? Style(.dim) : Style(role, flags) }

    private func candidate(_ row: Int, _ y: Int, _ frame: inout Frame) {
        guard let (id, rank) = here.row(row) else { return }
        let isActual = id == actual
        let logit = here.distribution.logits.indices.contains(Int(id)) ? here.distribution.logits[Int(id)] : .nan
        let raw = logit.isNaN ? Double.nan : here.distribution.probability(of: id)
        let special = state.tokenizer?.isSpecial(id) == true
        right("\(rank)", columns.rank, y, Style(.dim), &frame)
        if isActual { frame.put("▸", x: rect.x + columns.mark.x + columns.mark.width / 2, y: y, style: style(.accent), clip: rect) }
        frame.put(TextWidth.fit(TokenText.name(id, state.tokenizer), columns.token.width), x: rect.x + columns.token.x, y: y,
                  style: style(special ? .chip : .text, isActual ? .bold : []), clip: rect)
        if let column = columns.id { right("\(id)", column, y, Style(.dim), &frame) }
        right(CandidatesView.percent(raw), columns.raw, y, style(.number), &frame)
        change(id, raw, y, &frame)
        let stage = here.trace.stage(cutting: id), after = here.trace.probability(of: id)
        if let column = columns.after {
            right(stage.map(CandidatesView.cut) ?? CandidatesView.percent(after), column, y, stage == nil ? style(.number) : Style(.dim), &frame)
        }
        if let column = columns.logprob {
            right(CandidatesView.logprob(logit.isNaN ? .nan : Double(here.distribution.logprob(of: id))), column, y, style(.text), &frame)
        }
        if let column = columns.bar { bar(raw, stage == nil ? after : nil, column, y, &frame) }
        if focused, row == state.candidates.selected {
            // The bar stays: reversed, as without colours, it would be a hole.
            let width = columns.bar?.x ?? rect.width
            frame.restyle(Rect(x: rect.x, y: y, width: width, height: 1).intersection(rect)) { $0 = Style(.selection) }
        }
    }

    private func bar(_ raw: Double, _ after: Double?, _ column: CandidateColumns.Column, _ y: Int, _ frame: inout Frame) {
        frame.bar(raw / scale, x: rect.x + column.x, y: y, width: column.width, style: style(.bar), clip: rect)
        guard column.width >= 12, let after, after.isFinite, after > 0 else { return }
        let place = Int((min(1, after / scale) * Double(column.width - 1)).rounded())
        frame.put("│", x: rect.x + column.x + place, y: y, style: style(.accent), clip: rect)
    }

    func right(_ text: String, _ column: CandidateColumns.Column, _ y: Int, _ style: Style, _ frame: inout Frame) {
        frame.put(text, rightAlignedTo: rect.x + column.end, y: y, style: style, clip: rect)
    }

    private func header(_ y: Int, _ frame: inout Frame) {
        let dim = Style(.dim)
        right("#", columns.rank, y, dim, &frame)
        frame.put("token", x: rect.x + columns.token.x, y: y, style: dim, clip: rect)
        if let column = columns.id { right("id", column, y, dim, &frame) }
        right("raw  ", columns.raw, y, dim, &frame)
        if let column = columns.pinned { right("pinned ", column, y, dim, &frame) }
        if let column = columns.pinnedRank { right("#", column, y, dim, &frame) }
        if let column = columns.after { right("after", column, y, dim, &frame) }
        if let column = columns.logprob { right("logprob", column, y, dim, &frame) }
        if let column = columns.bar, column.width >= 12 { frame.put("raw, │ after", x: rect.x + column.x, y: y, style: dim, clip: rect) }
    }

    /// The token that stands here and how the model saw it coming; at the end of the text, what is predicted.
    private func head(_ y: Int, _ frame: inout Frame) {
        guard let actual else {
            let text = "the next token, after \(Number.grouped(here.position)) \(here.position == 1 ? "token" : "tokens")"
            frame.put(TextWidth.fit(text, rect.width), x: rect.x, y: y, style: Style(.dim), clip: rect)
            return
        }
        let logprob = Double(here.distribution.logprob(of: actual)), rank = Number.grouped(here.distribution.rank(of: actual))
        let surprisal = Number.fixed(logprob == 0 ? 0 : -logprob, 2), share = CandidatesView.percent(here.distribution.probability(of: actual))
        let name = TokenText.name(actual, state.tokenizer)
        let isBehind = state.run.map { state.editor.cursor > $0.range.upperBound } ?? false
        let tails = [isBehind ? "  rank \(rank)  surprisal \(surprisal) nats, the newest; the text behind is unread" : nil,
                     "  rank \(rank)  surprisal \(surprisal) nats  \(share)", "  rank \(rank)  surprisal \(surprisal) nats",
                     "  rank \(rank)  \(surprisal) nats", " #\(rank) \(surprisal)"]
        let room = rect.width - 2
        let tail = tails.compactMap { $0 }.first { TextWidth.columns($0) + min(6, TextWidth.columns(name)) <= room } ?? ""
        let shown = TextWidth.fit(name, room - TextWidth.columns(tail))
        frame.put("▸ ", x: rect.x, y: y, style: style(.accent), clip: rect)
        frame.put(shown, x: rect.x + 2, y: y, style: style(.text, .bold), clip: rect)
        frame.put(tail, x: rect.x + 2 + TextWidth.columns(shown), y: y, style: style(.number), clip: rect)
    }

    /// How likely the text that is looked for would be here.
    private func found(_ y: Int, _ frame: inout Frame) {
        guard let text = state.soughtText else {
            frame.put(TextWidth.fit("the text has no tokens", rect.width), x: rect.x, y: y, style: Style(.dim), clip: rect)
            return
        }
        let names = text.ids.prefix(32).map { TokenText.name($0, state.tokenizer) }.joined(separator: " ")
        let count = text.ids.count == 1 ? "1 token" : "\(text.ids.count) tokens"
        let rank = text.rank.map { "first rank \(Number.grouped($0))" } ?? ""
        let tails: [String]
        if let logprob = text.logprob {
            let joint = Number.fixed(Double(logprob), 2), share = CandidatesView.percent(exponential(Double(logprob)))
            let short = "rank \(Number.grouped(text.rank ?? 0))"
            tails = [": joint \(joint) nats (\(share)), \(count), \(rank)", ": joint \(joint) nats (\(share)), \(count), \(short)",
                     ": joint \(joint) nats (\(share)), \(short)", ": \(joint) nats (\(share)), \(short)", ": \(joint) nats", ": \(joint)"]
        } else {
            tails = [": \(count), \(rank), joint …", ": \(count), joint …", ": …"]
        }
        let tail = tails.first { TextWidth.columns($0) + min(20, TextWidth.columns(names)) <= rect.width } ?? tails[tails.count - 1]
        let shown = TextWidth.fit(names, rect.width - TextWidth.columns(tail))
        frame.put(shown + tail, x: rect.x, y: y, style: style(.accent), clip: rect)
    }

    /// What the rows do not show.
    private func rest(_ y: Int, _ frame: inout Frame) {
        let ids = sheet.window.compactMap { here.row($0)?.id }
        let shown = ids.reduce(0) { $0 + here.distribution.probability(of: $1) }
        let kept = ids.filter { here.trace.stage(cutting: $0) == nil }
        let left = (here.listing?.survivors ?? here.trace.survivors.count) - kept.count
        let mass = here.listing?.mass ?? 1, total = here.listing?.after ?? 1
        let after = left > 0 ? CandidatesView.percent(max(0, total - kept.reduce(0) { $0 + here.trace.probability(of: $1) })) : "cut"
        let more = here.rows - ids.count
        guard more > 0 else {
            let text = ids.isEmpty ? "no token has this text" : here.rows < here.distribution.count ? "these are all" : "the whole vocabulary"
            frame.put(text, x: rect.x + columns.token.x, y: y, style: Style(.dim), clip: rect)
            return
        }
        let text = "\(Number.grouped(more)) more"
        let start = max(0, min(columns.token.x, columns.raw.x - 1 - TextWidth.columns(text)))
        frame.put(text, x: rect.x + start, y: y, style: Style(.dim), clip: rect)
        right(CandidatesView.percent(max(0, mass - shown)), columns.raw, y, Style(.dim), &frame)
        if let column = columns.after { right(after, column, y, Style(.dim), &frame) }
        let cover = "shown \(CandidatesView.percent(min(1, shown)))", x = (columns.after ?? columns.raw).end + 2
        if x + TextWidth.columns(cover) <= rect.width { frame.put(cover, x: rect.x + x, y: y, style: Style(.dim), clip: rect) }
    }
}
