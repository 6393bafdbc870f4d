import Terminal

enum OverlayView {
    static func draw(_ overlay: Overlay, _ state: State, _ frame: inout Frame) {}
}
