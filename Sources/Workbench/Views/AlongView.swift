import Engine
import Terminal
import Tokenizer

/// One token's probability along the document, as a curve of blocks with the document's cursor under it.
enum AlongView {
    static func draw(_ along: Along, _ state: State, _ rect: Rect, _ focused: Bool, _ frame: inout Frame) {
        let count = min(state.reading.ids.count, state.contextLimit), known = min(state.alongValues.count, count)
        let plan = AlongPlan(rect.interior, count: count)
        let name = TokenText.name(along.id, state.tokenizer)
        let titles = ["Candidates · \(name) along the document", "\(name) along the document", "\(name) along"]
        let title = titles.first { TextWidth.columns($0) <= rect.width - 16 } ?? titles[2]
        let progress = known < count ? "\(Number.grouped(known))/\(Number.grouped(count))" : ""
        let pool = plan.places > 1 ? "likeliest of \(plan.places)" : "", scale = along.isLog ? "log" : "linear"
        let labels = [[progress, pool, scale], [progress, scale], [scale]].map { $0.filter { !$0.isEmpty }.joined(separator: "  ") }
        let room = rect.width - 9 - TextWidth.columns(title)
        frame.box(rect, title: title, label: labels.first { TextWidth.columns($0) <= room } ?? "", legend: View.legend(.along), focused: focused)
        guard !plan.curve.isEmpty else { return }
        let values = Array(state.alongValues.prefix(count))
        words(along, values, state, plan.words, &frame)
        let heights = Scale(values, isLog: along.isLog)
        if !plan.scale.isEmpty {
            frame.put(heights.top, rightAlignedTo: plan.scale.maxX - 1, y: plan.scale.y, style: Style(.dim), clip: plan.scale)
            if plan.scale.height > 1 {
                frame.put(heights.bottom, rightAlignedTo: plan.scale.maxX - 1, y: plan.scale.maxY - 1, style: Style(.dim), clip: plan.scale)
            }
        }
        curve(along, values, heights, state, plan, &frame)
    }

    /// What a level of the curve means.
    struct Scale {
        let isLog: Bool
        /// The greatest probability, the least logprob.
        let most: Double, least: Double

        init(_ values: [Double], isLog: Bool) {
            self.isLog = isLog
            most = max(1e-12, exponential(values.max() ?? 0))
            least = min(-1, (values.filter(\.isFinite).min() ?? -1).rounded(.down))
        }
        var top: String { isLog ? "0 nats" : Number.percent(most) }
        var bottom: String { isLog ? Number.whole(least) : "0 %" }

        /// A share of the height, 0...1.
        func height(_ value: Double) -> Double {
            let share = isLog ? 1 - value / least : exponential(value) / most
            return min(1, max(0, share))
        }
    }

    /// The exact number at the cursor's place.
    private static func words(_ along: Along, _ values: [Double], _ state: State, _ rect: Rect, _ frame: inout Frame) {
        let place = state.here.position, name = TokenText.name(along.id, state.tokenizer)
        guard place > 0 else { return say("nothing stands before this place", rect, &frame) }
        guard values.indices.contains(place - 1) else {
            return say(place > state.contextLimit ? "beyond the context of \(Number.grouped(state.contextLimit)) tokens" : "not computed yet", rect, &frame)
        }
        let value = values[place - 1], share = CandidatesView.percent(exponential(value)), logprob = CandidatesView.logprob(value)
        let rank = state.isReadingStale ? nil : state.reading.here.map { "  rank \(Number.grouped($0.distribution.rank(of: along.id)))" }
        let stands = state.reading.ids.indices.contains(place) ? TokenText.name(state.reading.ids[place], state.tokenizer) : nil
        let numbers = "\(share)  \(logprob) nats"
        let texts = ["\(name) after \(Number.grouped(place)) tokens: \(numbers)\(rank ?? "")" + (stands.map { "; \($0) stands there" } ?? ""),
                     "\(name) after \(Number.grouped(place)): \(numbers)\(rank ?? "")", "after \(Number.grouped(place)): \(numbers)\(rank ?? "")",
                     "after \(Number.grouped(place)): \(numbers)", numbers]
        let text = texts.first { TextWidth.columns($0) <= rect.width } ?? share
        frame.put(text, x: rect.x, y: rect.y, style: Style(state.reading.ids.indices.contains(place) && state.reading.ids[place] == along.id ? .accent : .number), clip: rect)
    }

    private static func say(_ text: String, _ rect: Rect, _ frame: inout Frame) {
        frame.put(TextWidth.fit(text, rect.width), x: rect.x, y: rect.y, style: Style(.dim), clip: rect)
    }

    private static func curve(_ along: Along, _ values: [Double], _ scale: Scale, _ state: State, _ plan: AlongPlan, _ frame: inout Frame) {
        let ids = state.reading.ids, cursor = plan.column(of: state.here.position)
        for x in plan.curve.x..<plan.curve.maxX {
            guard let first = plan.place(atX: x) else { break }
            let places = first..<min(first + plan.places, plan.count + 1)
            let isHere = (cursor..<cursor + plan.width).contains(x) && state.here.position > 0
            let known = places.compactMap { values.indices.contains($0 - 1) ? values[$0 - 1] : nil }
            if let best = known.max() { column(scale.height(best), x, plan.curve, Style(isHere ? .accent : .bar), &frame) }
            // Where the token itself stands.
            let stands = places.contains { ids.indices.contains($0) && ids[$0] == along.id }
            frame.put(isHere && x == cursor + plan.width / 2 ? "▲" : known.isEmpty ? "·" : stands ? "•" : "─", x: x, y: plan.axis.y,
                      style: Style(isHere || stands ? .accent : .dim), clip: plan.axis)
        }
    }

    /// A column of eighths, from the bottom up; something above nothing is at least the thinnest.
    private static func column(_ height: Double, _ x: Int, _ rect: Rect, _ style: Style, _ frame: inout Frame) {
        guard height > 0 else { return }
        let eighths = max(1, Int((height * Double(rect.height * 8)).rounded()))
        for row in 0..<rect.height where eighths > row * 8 {
            let level = min(8, eighths - row * 8)
            frame.sparkline([Double(level - 1) / 7], x: x, y: rect.maxY - 1 - row, style: style, clip: rect)
        }
    }
}
