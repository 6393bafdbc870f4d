import Terminal

/// One line of text being typed.
package struct LineInput: Sendable, Equatable {
    package private(set) var scalars: [Unicode.Scalar]
    package private(set) var cursor: Int

    package init(_ text: String = "") {
        scalars = Array(text.unicodeScalars)
        cursor = scalars.count
    }
    package var text: String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }
    package mutating func insert(_ text: String) {
        let new = text.unicodeScalars.map { $0 == "\n" ? " " : $0 }
        scalars.insert(contentsOf: new, at: cursor)
        cursor += new.count
    }

    /// True when the key belonged to the line.
    package mutating func take(_ key: Key) -> Bool {
        switch key {
        case .left: cursor = max(0, cursor - 1)
        case .right: cursor = min(scalars.count, cursor + 1)
        case .home, .ctrl("a"): cursor = 0
        case .end, .ctrl("e"): cursor = scalars.count
        case .backspace, .ctrl("h"):
            if cursor > 0 { cursor -= 1; scalars.remove(at: cursor) }
        case .delete: if cursor < scalars.count { scalars.remove(at: cursor) }
        case .ctrl("u"): scalars.removeFirst(cursor); cursor = 0
        default:
            guard let typed = key.typed else { return false }
            scalars.insert(typed, at: cursor)
            cursor += 1
        }
        return true
    }
}
