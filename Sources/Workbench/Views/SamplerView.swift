import Terminal

enum SamplerView {
    static func draw(_ state: State, _ rect: Rect, _ focused: Bool, _ frame: inout Frame) {
        _ = frame.box(rect, title: "Sampler", label: "", legend: View.legend(.sampler), focused: focused)
    }
}
