import Terminal
import Tokenizer

/// The list of all commands, narrowed by typing.
package struct PaletteState: Sendable, Equatable {
    package var line = LineInput()
    package var selected = 0
    package init() {}
}

extension State {
    mutating func pressInOverlay(_ key: Key) -> [Effect] {
        if key == .escape { overlay = nil }
        return []
    }
    /// The line of an input changed.
    mutating func changed(_ input: Overlay.Input) -> [Effect] {
        overlay = .input(input)
        return []
    }
    mutating func scroll(_ panel: Panel, by step: Int) -> [Effect] { [] }
    mutating func clicked(_ panel: Panel, x: Int, y: Int, in rect: Rect) -> [Effect] { [] }
}
