import Terminal

enum AttentionView {
    static func draw(_ state: State, _ rect: Rect, _ focused: Bool, _ frame: inout Frame) {
        _ = frame.box(rect, title: "Attention", label: "", legend: View.legend(.attention), focused: focused)
    }
}
