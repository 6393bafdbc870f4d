import Document
import Terminal

/// What another program made of the open file, as a unified diff: what only stands here, and what only stands on the disk.
enum DiffView {
    /// A piece of a line as wide as the box.
    private struct Row { var kind: LineDiff.Line.Kind, mark: String, text: ArraySlice<UInt8> }

    /// As high as what it holds, with the rows it holds.
    private static func parts(_ change: FileChange, _ state: State) -> (box: Rect, rows: [Row]) {
        let width = min(100, state.size.width), rows = rows(change, width: width - 2)
        return (OverlayView.box(state, width: width, height: rows.count + 2), rows)
    }

    static func box(_ change: FileChange, _ state: State) -> Rect { parts(change, state).box }

    static func lastScroll(_ change: FileChange, _ state: State) -> Int {
        let (box, rows) = parts(change, state)
        return max(0, rows.count - box.interior.height)
    }

    private static func rows(_ change: FileChange, width: Int) -> [Row] {
        change.lines.flatMap { line in
            let text = line.text.last == 0x0A ? line.text.dropLast() : line.text[...]
            let mark = switch line.kind { case .old: "-"; case .new: "+"; case .note: "\\"; case .head, .same: " " }
            let starts = TextView.wrap(Array(text), width: max(1, width - 2))
            return starts.indices.map { index in
                let end = index + 1 < starts.count ? starts[index + 1] : text.count
                return Row(kind: line.kind, mark: index == 0 ? mark : "", text: text[starts[index]..<end])
            }
        }
    }

    static func draw(_ change: FileChange, _ state: State, _ frame: inout Frame) {
        let (box, rows) = parts(change, state)
        frame.fill(box)
        let name = change.path.split(separator: "/").last ?? ""
        let inner = frame.box(box, title: "\(name) was changed by another program", label: "- here \(change.removed)  + on disk \(change.added)",
                              legend: "t take the file's  k keep what is here  Esc later", focused: true)
        let first = max(0, min(change.scroll, rows.count - inner.height))
        for (index, row) in rows.dropFirst(first).prefix(inner.height).enumerated() {
            let style = Style(role(row.kind)), y = inner.y + index
            frame.put(row.mark, x: inner.x, y: y, style: style, clip: inner)
            frame.put(bytes: Array(row.text), x: inner.x + (row.kind == .head ? 0 : 2), y: y, style: style, clip: inner)
        }
        if rows.count > inner.height {
            frame.put(" \(first + 1)–\(min(rows.count, first + inner.height)) of \(rows.count) ", rightAlignedTo: box.maxX - 2, y: box.maxY - 1, style: Style(.focus))
        }
        frame.cursor = nil
    }

    private static func role(_ kind: LineDiff.Line.Kind) -> Role {
        switch kind {
        case .head: .accent
        case .same: .text
        case .old: .error
        case .new: .good
        case .note: .dim
        }
    }
}
