import Terminal

/// Where everything stands in a window of some size; no size traps.
package struct Layout: Sendable {
    package struct Slot: Sendable, Equatable { package let slot: Int, panel: State.Panel, rect: Rect }
    package private(set) var top = Rect(width: 0, height: 0)
    package private(set) var document = Rect(width: 0, height: 0)
    package private(set) var panels: [Slot] = []
    /// In the place of the document and the panels.
    package private(set) var streams = Rect(width: 0, height: 0)
    package private(set) var controls = Rect(width: 0, height: 0)
    package private(set) var footer = Rect(width: 0, height: 0)
    /// True where the window is too small to show anything but a note.
    package let isTooSmall: Bool

    /// Inside the document's border.
    package var text: Rect { document.interior }

    package func rect(of panel: State.Panel) -> Rect? { panels.first { $0.panel == panel }?.rect }

    package init(_ state: State) {
        let window = Rect(width: state.size.width, height: state.size.height)
        isTooSmall = window.width < 40 || window.height < 10
        guard !isTooSmall else { return }
        var rest: Rect
        (top, rest) = window.split(top: 1)
        (rest, footer) = rest.split(bottom: 1)
        if window.height >= 14 || state.focus == .controls { (rest, controls) = rest.split(bottom: 1) }

        guard state.streams == nil else {
            streams = rest
            return
        }
        let slots = state.slots
        func slot(_ index: Int, _ rect: Rect) -> Slot { Slot(slot: index, panel: slots[index], rect: rect) }
        var focused: Int?
        if case .slot(let index) = state.focus, slots.indices.contains(index) { focused = index }
        if let focused, state.zoomed {
            panels = [slot(focused, rest)]
        } else if window.width >= 80 {
            // Two panels where both have room, else the focused one, else the first.
            let wide = window.width >= 120 ? rest.width * 11 / 20 : rest.width / 2 + 1
            let (left, right) = rest.split(left: wide)
            document = left
            if rest.height >= 24, slots.count > 1 {
                let (upper, lower) = right.split(top: upperHeight(state, right.height))
                panels = [slot(0, upper), slot(1, lower)]
            } else {
                panels = [slot(focused ?? 0, right)]
            }
        } else if window.width >= 60, window.height >= 20 {
            // One column: the document above one panel.
            let (upper, lower) = rest.split(top: rest.height / 2)
            document = upper
            panels = [slot(focused ?? 0, lower)]
        } else if let focused {
            panels = [slot(focused, rest)]
        } else {
            document = rest
        }
    }

    /// Rows of the upper panel: attention's heads need more than the others.
    private func upperHeight(_ state: State, _ height: Int) -> Int {
        // Lists with a text beside them and two texts want rows while they are there.
        if [.files, .compare, .history, .shots, .laboratory, .edits, .lens, .attribution, .tokens].contains(state.slots[0]) { return max(height / 2, height - 11) }
        return switch (state.slots[0] == .attention, state.slots[1] == .attention) {
        case (true, false): max(height / 2, min(height - 11, 19))
        case (false, true): min(height - height / 2, max(11, height - 19))
        default: height / 2
        }
    }
}
