import Engine
import Terminal

/// Where each setting stands in the line of controls.
enum ControlsLine {
    struct Place: Equatable {
        let field: Int
        var x: Int
        let name: String, value: String
        var width: Int { TextWidth.columns(name) + 1 + TextWidth.columns(value) }
    }
    /// The settings on the line, and whether some stand beyond its ends.
    typealias Line = (places: [Place], before: Bool, behind: Bool)

    /// What can leave the line first, as long as it does nothing and is not chosen.
    private static let spare: [SamplingField.ID] = [.logitBias, .stop, .frequencyPenalty, .presencePenalty, .typicalP, .repetitionPenalty]

    /// All settings if they fit, then closer, then shorter, then without those that are off; else those around the chosen one.
    static func places(_ state: State, width: Int) -> Line {
        let room = max(0, width - 2), pause = TextWidth.columns(BreakpointsText.label(state.breakpoints))
        // Where the pause is not set it takes no room; where it has none the settings come first.
        for room in pause > 0 ? [room - pause - 2, room] : [room] {
            for (compact, gap) in [(false, 2), (false, 1), (true, 1)] {
                let all = items(state, compact)
                if span(all, gap) <= room { return (set(all, 1, gap), false, false) }
            }
        }
        var left = items(state, true)
        for id in spare where span(left, 1) > room {
            left.removeAll { SamplingField.all[$0.field].id == id && $0.field != state.controls.field && FieldText.isOff(SamplingField.all[$0.field], state.sampling) }
        }
        if span(left, 1) <= room { return (set(left, 1, 1), false, false) }
        return scrolled(left, state.controls.field, room)
    }

    private static func items(_ state: State, _ compact: Bool) -> [Place] {
        SamplingField.all.indices.map { index in
            let field = SamplingField.all[index]
            return Place(field: index, x: 0, name: FieldText.short(field), value: FieldText.value(field, state.sampling, compact: compact))
        }
    }

    private static func span(_ items: some Collection<Place>, _ gap: Int) -> Int {
        items.reduce(0) { $0 + $1.width } + gap * max(0, items.count - 1)
    }

    private static func set(_ items: some Collection<Place>, _ start: Int, _ gap: Int) -> [Place] {
        var x = start
        return items.map { item in
            var item = item
            item.x = x
            x += item.width + gap
            return item
        }
    }

    private static func scrolled(_ items: [Place], _ chosen: Int, _ room: Int) -> Line {
        let last = items.firstIndex { $0.field == chosen } ?? 0
        var first = 0
        while first < last, span(items[first...last], 1) > room { first += 1 }
        var end = last + 1
        while end < items.count, span(items[first...end], 1) <= room { end += 1 }
        return (set(items[first..<end], 1, 1), first > 0, end < items.count)
    }
}

/// The sampling settings in one line: the chosen one reversed, those other than the default in bold.
package enum ControlsView {
    package static func draw(_ state: State, _ rect: Rect, _ frame: inout Frame) {
        guard !rect.isEmpty else { return }
        let line = ControlsLine.places(state, width: rect.width)
        if line.before { frame.put("‹", x: rect.x, y: rect.y, style: Style(.dim), clip: rect) }
        for place in line.places {
            let field = SamplingField.all[place.field]
            let isStandard = FieldText.isStandard(field, state.sampling, state.standard), isOff = FieldText.isOff(field, state.sampling)
            let x = rect.x + place.x + frame.put(place.name + " ", x: rect.x + place.x, y: rect.y, style: Style(.dim), clip: rect)
            frame.put(place.value, x: x, y: rect.y, style: isStandard ? Style(isOff ? .dim : .number) : Style(.accent, .bold), clip: rect)
            if state.focus == .controls, place.field == state.controls.field {
                frame.restyle(Rect(x: rect.x + place.x, y: rect.y, width: place.width, height: 1).intersection(rect)) { $0 = Style(.selection, isStandard ? [] : .bold) }
            }
        }
        let pause = BreakpointsText.label(state.breakpoints), end = line.places.last.map { $0.x + $0.width } ?? 0
        if !line.behind, end + 3 + TextWidth.columns(pause) <= rect.width {
            frame.put(pause, x: rect.x + end + 2, y: rect.y, style: Style(.accent), clip: rect)
        }
        if line.behind { frame.put("›", x: rect.maxX - 1, y: rect.y, style: Style(.dim), clip: rect) }
    }
}
