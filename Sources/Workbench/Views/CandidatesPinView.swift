import Engine
import Terminal
import Tokenizer

/// What pinning and sampling by hand add to the candidates.
extension CandidatesPage {
    /// The pinned place and how far it is from the one shown.
    func pinned(_ y: Int, _ frame: inout Frame) {
        guard let pin = state.pin else { return }
        guard let comparison = here.comparison else {
            frame.put(TextWidth.fit("the pinned place is another model's", rect.width), x: rect.x, y: y, style: Style(.dim), clip: rect)
            return
        }
        let kl = Number.fixed(comparison.divergence, comparison.divergence < 100 ? 3 : 0), overlap = CandidatesView.percent(comparison.overlap)
        let numbers = [": KL(pinned || here) \(kl) nats  overlap \(overlap)", ": KL \(kl) nats  overlap \(overlap)"]
        let before = pin.ids.last.map { TokenText.name($0, state.tokenizer) } ?? ""
        let place = "pinned after \(before)" + (pin.actual.map { ", before \(TokenText.name($0, state.tokenizer))" } ?? ", the end")
        let places = state.isPinOutdated ? ["\(place), of the text before", "pinned after \(before) of the text before", "of the text before"]
            : [place, "pinned after \(before)", "pinned"]
        let texts = places.flatMap { place in numbers.map { place + $0 } } + ["\(places[2]): KL \(kl)  shared \(overlap)"]
        let text = texts.first { TextWidth.columns($0) <= rect.width } ?? texts[texts.count - 1]
        frame.put(TextWidth.fit(text, rect.width), x: rect.x, y: y, style: style(.accent), clip: rect)
    }

    /// A candidate's probability and rank at the pinned place, and whether it is likelier here.
    func change(_ id: TokenID, _ raw: Double, _ y: Int, _ frame: inout Frame) {
        guard let pin = state.pin, let column = columns.pinned else { return }
        let then = pin.distribution.probability(of: id)
        right(CandidatesView.percent(then), column, y, style(.number), &frame)
        if let column = columns.change {
            let (sign, role): (String, Terminal.Role) = raw > then ? ("↑", .good) : raw < then ? ("↓", .warning) : ("=", .dim)
            right(sign, column, y, style(role), &frame)
        }
        if let column = columns.pinnedRank, pin.ranks.indices.contains(Int(id)) { right("\(pin.ranks[Int(id)])", column, y, Style(.dim), &frame) }
    }

    /// What is typed to find a token, and what it leaves.
    func filter(_ y: Int, _ frame: inout Frame) {
        guard let byHand = state.candidates.byHand else { return }
        let isEmpty = byHand.filter.scalars.isEmpty
        let tail = isEmpty ? "" : "  \(Number.grouped(here.rows)) \(here.rows == 1 ? "token" : "tokens"), \(CandidatesView.percent(here.listing?.mass ?? 1))"
        let shown = rect.width >= TextWidth.columns(tail) + 12 ? tail : ""
        frame.put("> ", x: rect.x, y: y, style: Style(focused ? .focus : .dim, .bold), clip: rect)
        let field = Rect(x: rect.x + 2, y: y, width: max(1, rect.width - 2 - TextWidth.columns(shown)), height: 1).intersection(rect)
        let hint = isEmpty ? TextWidth.fit("type a part of the token", field.width) : ""
        frame.put(hint, x: field.x, y: y, style: Style(.dim), clip: field)
        frame.put(shown, rightAlignedTo: rect.maxX, y: y, style: style(.number), clip: rect)
        guard focused, state.overlay == nil else {
            frame.put(byHand.filter.text, x: field.x, y: y, style: Style(.text), clip: field)
            return
        }
        InputView.put(byHand.filter, in: field, style: Style(.text), &frame)
    }
}
