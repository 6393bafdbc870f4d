import Engine
import Terminal
import Tokenizer

/// The list of edits, and the next token before and after them.
enum EditsView {
    static func draw(_ state: State, _ rect: Rect, _ focused: Bool, _ frame: inout Frame) {
        let edits = state.edits
        let inner = frame.box(rect, title: "Edits", label: edits.active.isEmpty ? "" : "MODIFIED MODEL", legend: View.legend(.edits), focused: focused)
        guard !inner.isEmpty else { return }
        guard state.readyModel != nil else { return words("no model, nothing to edit", inner, &frame) }
        let listed = min(edits.items.count, max(1, inner.height / 3))
        var (list, rest) = inner.split(top: max(listed, edits.items.isEmpty ? 2 : 1))
        if edits.items.isEmpty { words("No edit yet: a adds one, 0 in Attention zeroes a head, A zeroes each head alone and ranks them.", list, &frame) }
        let first = max(0, min(edits.selected - listed + 1, edits.items.count - listed))
        for (row, item) in edits.items.dropFirst(first).prefix(listed).enumerated() {
            let isSelected = focused && first + row == edits.selected, style = isSelected ? Style(.selection) : item.isOn ? Style() : Style(.dim)
            if isSelected { frame.fill(list.row(row), style: style) }
            frame.put((item.isOn ? "✓ " : "  ") + TextWidth.fit("\(item.edit)" + (item.edit.positions == nil ? "  all positions" : ""), list.width - 2),
                      x: list.x, y: list.y + row, style: style, clip: list)
        }
        rest = rest.split(top: rest.height > 3 ? 1 : 0).rest
        if let patch = edits.patch, patch.isRunning || edits.active.isEmpty { return ranked(patch, state, rest, &frame) }
        if let ablation = edits.ablation, ablation.isRunning || edits.active.isEmpty { return ranked(ablation, state, rest, &frame) }
        if !edits.active.isEmpty { effect(state, rest, &frame) }
    }

    private static func words(_ text: String, _ rect: Rect, _ frame: inout Frame) {
        for (row, line) in Words.wrap(text, width: max(1, rect.width)).enumerated().prefix(rect.height) {
            frame.put(line, x: rect.x, y: rect.y + row, style: Style(.dim), clip: rect)
        }
    }

    // MARK: Before and after

    private static func effect(_ state: State, _ rect: Rect, _ frame: inout Frame) {
        guard rect.height > 0 else { return }
        let width = min(rect.width, 64), room = max(6, width - 33)
        guard let effect = state.edits.effect else { return words(state.reading.ids.isEmpty ? "Type, and see what the edits change." : "computing …", rect, &frame) }
        frame.put(TextWidth.fit("next token", room), x: rect.x, y: rect.y, style: Style(.dim), clip: rect)
        frame.put("before", rightAlignedTo: rect.x + room + 8, y: rect.y, style: Style(.dim), clip: rect)
        frame.put("after", rightAlignedTo: rect.x + room + 17, y: rect.y, style: Style(.dim), clip: rect)
        frame.put("KL \(Number.fixed(effect.divergence, 3)) nats", x: rect.x + room + 19, y: rect.y, style: Style(.number), clip: rect)
        for (row, entry) in effect.rows.prefix(max(0, rect.height - 1)).enumerated() {
            let y = rect.y + 1 + row
            frame.put(TextWidth.fit(TokenText.name(entry.id, state.tokenizer), room), x: rect.x, y: y, clip: rect)
            frame.put(Number.percent(entry.before), rightAlignedTo: rect.x + room + 8, y: y, style: Style(.number), clip: rect)
            frame.put(Number.percent(entry.after), rightAlignedTo: rect.x + room + 17, y: y, style: Style(.number), clip: rect)
            let ranks = entry.rankBefore == entry.rankAfter ? "rank \(entry.rankAfter)" : "rank \(entry.rankBefore) → \(entry.rankAfter)"
            frame.put(ranks, x: rect.x + room + 19, y: y, style: Style(entry.rankBefore == entry.rankAfter ? .dim : .accent), clip: rect)
        }
    }

    // MARK: Every head alone

    private static func ranked(_ ablation: AblationState, _ state: State, _ rect: Rect, _ frame: inout Frame) {
        guard rect.height > 0 else { return }
        let token = TokenText.name(ablation.order.token, state.tokenizer), position = ablation.order.ids.count - 1
        let told = ablation.isRunning ? "\(ablation.found.count) of \(ablation.total)" + (ablation.found.isEmpty ? "" : ", \(Number.whole(ablation.left)) s left; A stops")
            : ablation.found.count < ablation.total ? "stopped at \(ablation.found.count) of \(ablation.total)" : "all \(ablation.total) heads"
        frame.put(TextWidth.fit("zeroed alone, \(token) after \(position): \(told)", rect.width), x: rect.x, y: rect.y, style: Style(.accent), clip: rect)
        guard rect.height > 1 else { return }
        frame.put("head      change, nats   KL", x: rect.x, y: rect.y + 1, style: Style(.dim), clip: rect)
        let ranked = ablation.ranked, most = abs(ranked.first?.change ?? 1)
        for (row, one) in ranked.prefix(max(0, rect.height - 2)).enumerated() {
            let y = rect.y + 2 + row
            frame.put("L\(one.layer)·H\(one.head)", x: rect.x, y: y, clip: rect)
            frame.put((one.change > 0 ? "+" : "") + Number.fixed(one.change, 3), rightAlignedTo: rect.x + 20, y: y, style: Style(.number), clip: rect)
            frame.put(Number.fixed(one.divergence, 3), rightAlignedTo: rect.x + 29, y: y, style: Style(.number), clip: rect)
            frame.bar(abs(one.change) / max(1e-12, most), x: rect.x + 31, y: y, width: min(24, rect.width - 31), clip: rect)
        }
    }

    // MARK: Every place patched alone

    private static func ranked(_ patch: PatchState, _ state: State, _ rect: Rect, _ frame: inout Frame) {
        guard rect.height > 0 else { return }
        let name = patch.findings.map { state.patchedName($0) } ?? "…"
        frame.put(TextWidth.fit("\(patch.order.site.rawValue) patched alone, \(name): \(state.progress(of: patch))\(patch.isRunning ? "; P stops" : "")", rect.width),
                  x: rect.x, y: rect.y, style: Style(.accent), clip: rect)
        guard rect.height > 1 else { return }
        frame.put("layer token          change, nats   KL", x: rect.x, y: rect.y + 1, style: Style(.dim), clip: rect)
        for (row, one) in patch.ranked.prefix(max(0, rect.height - 2)).enumerated() {
            let y = rect.y + 2 + row
            frame.put("L\(one.layer)", x: rect.x, y: y, clip: rect)
            frame.put(AttentionView.place(state.tokenText(one.position, in: patch.order.ids), one.position, width: 14), x: rect.x + 6, y: y, clip: rect)
            frame.put((one.change > 0 ? "+" : "") + Number.fixed(one.change, 3), rightAlignedTo: rect.x + 31, y: y, style: Style(.number), clip: rect)
            frame.put(Number.fixed(one.divergence, 3), rightAlignedTo: rect.x + 39, y: y, style: Style(.number), clip: rect)
            frame.bar(abs(one.change) / patch.most, x: rect.x + 41, y: y, width: min(24, rect.width - 41), clip: rect)
        }
    }
}
