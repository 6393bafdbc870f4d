import Terminal

enum CandidatesView {
    static func draw(_ state: State, _ rect: Rect, _ focused: Bool, _ frame: inout Frame) {
        _ = frame.box(rect, title: "Candidates", label: "", legend: View.legend(.candidates), focused: focused)
    }
}
