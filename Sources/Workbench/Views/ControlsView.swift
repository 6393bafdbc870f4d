import Terminal

enum ControlsView {
    static func draw(_ state: State, _ rect: Rect, _ frame: inout Frame) {}
}
