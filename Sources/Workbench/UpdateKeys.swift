import Document
import Terminal

/// Keys, paste and mouse become commands or text.
extension State {
    mutating func press(_ key: Key) -> [Effect] {
        if overlay != nil { return pressInOverlay(key) }
        if streams == nil, let effects = pressInFilter(key) ?? pressInHistoryFilter(key) { return effects }
        if let command = Command.find(key, in: contexts) { return perform(command) }
        if streams == nil, takeInFilter(key) { return [] }
        if streams == nil, focus == .document, let typed = key.typed { return type(Array(String(typed).utf8)) }
        if key == .char("?"), focus != .document || streams != nil { return perform(.help) }
        if key == .escape { return perform(.stop) }
        return []
    }

    /// Text from the keyboard into the document; a running stream ends first, its text stays.
    private mutating func type(_ bytes: [UInt8]) -> [Effect] {
        edit { $0.insert(bytes) }
    }

    /// An edit by the person.
    mutating func edit(_ change: (inout Editor) -> Void) -> [Effect] {
        let effects = interruptRun()
        change(&editor)
        lastRun = nil
        text.follows = true
        return effects
    }

    mutating func pasted(_ bytes: [UInt8]) -> [Effect] {
        if overlay != nil { return pastedInOverlay(bytes) }
        guard streams == nil else {
            say("nothing was pasted: the streams are in front; ⏎ takes one, Esc leaves them", .warning)
            return []
        }
        if pastedInFilter(bytes) || pastedByHand(bytes) { return [] }
        if let effects = pastedInHistoryFilter(bytes) { return effects }
        focus = .document
        return edit { $0.paste(bytes) }
    }

    mutating func point(_ mouse: Mouse) -> [Effect] {
        let layout = Layout(self)
        if overlay != nil { return pointInOverlay(mouse) }
        if streams != nil { return pointInStreams(mouse) }
        switch mouse.kind {
        case .wheelUp, .wheelDown:
            let step = mouse.kind == .wheelUp ? -3 : 3
            if let panel = layout.panels.first(where: { $0.rect.contains(x: mouse.x, y: mouse.y) }) {
                return scroll(panel.panel, by: step)
            }
            text.scroll(by: step, in: layout.text)
        case .press:
            notice = nil
            if layout.text.contains(x: mouse.x, y: mouse.y) {
                focus = .document
                if let offset = text.offset(atX: mouse.x, y: mouse.y, in: layout.text, editor: editor) {
                    editor.move(to: offset, extending: mouse.modifiers.contains(.shift))
                }
            } else if let token = StripPlan(self, layout.document)?.token(x: mouse.x, y: mouse.y) {
                focus = .document
                moveAlong(to: reading.lead + token)
            } else if let index = layout.panels.firstIndex(where: { $0.rect.contains(x: mouse.x, y: mouse.y) }) {
                let panel = layout.panels[index]
                focus = .slot(panel.slot)
                return clicked(panel.panel, x: mouse.x - panel.rect.x - 1, y: mouse.y - panel.rect.y - 1, in: panel.rect.interior)
            } else if layout.controls.contains(x: mouse.x, y: mouse.y) {
                focus = .controls
                controls.select(atX: mouse.x, self)
                explainField(entered: true)
            } else if layout.footer.contains(x: mouse.x, y: mouse.y), let command = Footer.command(atX: mouse.x, self) {
                return perform(command)
            }
        case .drag:
            if focus == .document, let offset = text.offset(atX: mouse.x, y: mouse.y, in: layout.text, editor: editor) {
                editor.move(to: offset, extending: true)
            }
        case .release: break
        }
        return []
    }

    // MARK: Focus

    /// The places Tab goes through, in the order of the screen; a panel that has no room shows itself when it gets the keys.
    var focusRing: [Focus] { [.document] + slots.indices.map { .slot($0) } + (size.height >= 10 ? [.controls] : []) }

    mutating func moveFocus(by step: Int) {
        // A zoomed panel hides the others; the ring is that of the whole desk.
        let wasZoomed = zoomed
        zoomed = false
        let ring = focusRing
        let index = ring.firstIndex(of: focus) ?? 0
        focus = ring[(index + step + ring.count) % ring.count]
        if focus == .controls { explainField(entered: true) }
        zoomed = wasZoomed && focusedPanel != nil
    }

    /// Brings a panel on the screen and gives it the keys.
    mutating func show(_ panel: Panel) {
        if let index = slots.firstIndex(of: panel), Layout(self).panels.contains(where: { $0.slot == index }) {
            focus = .slot(index)
        } else {
            if panel == .files { files.covered = slots[0] }
            slots[0] = panel
            if slots.count > 1, slots[1] == panel { slots[1] = panel == .candidates ? .attention : .candidates }
            focus = .slot(0)
        }
    }

    mutating func turnPanel(by step: Int) {
        guard case .slot(let index) = focus, slots.indices.contains(index) else { return }
        let all = Panel.allCases
        var next = all.firstIndex(of: slots[index]) ?? 0
        repeat { next = (next + step + all.count) % all.count } while slots.indices.contains { $0 != index && slots[$0] == all[next] && Layout(self).panels.contains { $0.panel == all[next] } }
        slots[index] = all[next]
        // Chosen so, it stays.
        (files.covered, laboratory.covered) = (nil, nil)
    }
}
