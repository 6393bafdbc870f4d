import Terminal

enum FilesView {
    static func draw(_ state: State, _ rect: Rect, _ focused: Bool, _ frame: inout Frame) {
        _ = frame.box(rect, title: "Files", label: "", legend: View.legend(.files), focused: focused)
    }
}
