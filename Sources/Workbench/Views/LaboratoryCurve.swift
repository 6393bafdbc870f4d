import Laboratory
import Terminal

/// Accuracy by shots as a line of braille dots with its error bars; shots stand evenly, not to scale.
struct LaboratoryCurve {
    private struct Point { let label: String, accuracy: Double?, bar: Interval? }
    private let points: [Point]
    private let chance: Double?, majority: Double?
    private let rect: Rect
    /// Columns and rows of the line itself.
    private let plot: Rect
    private let low: Double, high: Double

    init(_ laboratory: LaboratoryState, _ experiment: Experiment, _ rect: Rect) {
        let conditions = laboratory.conditions[laboratory.rule] ?? [:]
        points = experiment.shots.map { shots in
            let condition = conditions[shots]
            return Point(label: "\(shots)", accuracy: condition?.accuracy, bar: condition?.interval)
        }
        let any = conditions.values.first
        (chance, majority) = (any?.chance, any?.majority)
        self.rect = rect
        let axis = rect.width >= 24 ? 6 : 0
        plot = Rect(x: rect.x + axis, y: rect.y, width: max(0, rect.width - axis - 1), height: max(0, rect.height - 1))
        // Tens around all there is to be seen, at least twenty points of them.
        let values = points.flatMap { [$0.accuracy, $0.bar?.low, $0.bar?.high] }.compactMap { $0 } + [chance, majority].compactMap { $0 }
        var low = ((values.min() ?? 0) * 10).rounded(.down) / 10, high = ((values.max() ?? 1) * 10).rounded(.up) / 10
        if high - low < 0.2 { (low, high) = high < 0.9 ? (low, low + 0.2) : (high - 0.2, high) }
        (self.low, self.high) = (max(0, low), min(1, high))
    }

    func draw(_ frame: inout Frame) {
        guard plot.width >= 8, plot.height >= 3 else { return }
        guard points.contains(where: { $0.accuracy != nil }) else {
            frame.put(TextWidth.fit("the curve comes with the first cells; r runs", rect.width - 2), x: rect.x + 2, y: rect.y, style: Style(.dim), clip: rect)
            return
        }
        scale(&frame)
        lines(&frame)
        var bars = Dots(plot), curve = Dots(plot)
        var before: (Int, Int)?
        for (index, point) in points.enumerated() {
            let x = column(index) * 2
            if let bar = point.bar {
                bars.line((x, dot(bar.low)), (x, dot(bar.high)))
                for end in [bar.low, bar.high] { bars.line((x - 1, dot(end)), (x + 1, dot(end))) }
            }
            guard let accuracy = point.accuracy else { before = nil; continue }
            let here = (x, dot(accuracy))
            if let before { curve.line(before, here) }
            curve.blob(here)
            before = here
        }
        bars.draw(Style(.dim), &frame)
        curve.draw(Style(.accent), over: bars, &frame)
        shots(&frame)
    }

    /// The middle of a number of shots, in columns of the plot.
    private func column(_ index: Int) -> Int {
        let step = Double(plot.width - 1) / Double(points.count)
        return Int(step * (Double(index) + 0.5))
    }

    /// Dots from the top.
    private func dot(_ share: Double) -> Int {
        let height = Double(plot.height * 4 - 1)
        return Int(((high - share) / (high - low) * height).rounded())
    }

    private func scale(_ frame: inout Frame) {
        let steps = max(1, Int(((high - low) * 10).rounded())), every = max(1, (steps + max(1, plot.height - 2)) / max(1, plot.height - 1))
        for step in stride(from: 0, through: steps, by: every) {
            let share = high - Double(step) / 10, y = plot.y + dot(share) / 4
            frame.put("\(Int((share * 100).rounded())) %", rightAlignedTo: plot.x - 1, y: y, style: Style(.dim), clip: rect)
        }
    }

    /// Guessing, and the most common answer.
    private func lines(_ frame: inout Frame) {
        var named: [(String, Double)] = []
        if let chance { named.append((majority == chance ? "chance, majority" : "chance", chance)) }
        if let majority, majority != chance { named.append(("majority", majority)) }
        for (name, share) in named {
            let y = plot.y + dot(share) / 4, text = " \(name) \(Number.percent(share))"
            frame.put(String(repeating: "┄", count: plot.width), x: plot.x, y: y, style: Style(.border), clip: plot)
            frame.put(text, rightAlignedTo: plot.maxX, y: y, style: Style(.dim), clip: plot)
        }
    }

    private func shots(_ frame: inout Frame) {
        var end = plot.x - 1
        for (index, point) in points.enumerated() {
            let x = plot.x + column(index) - TextWidth.columns(point.label) / 2
            guard x > end else { continue }
            end = x + frame.put(point.label, x: x, y: rect.maxY - 1, style: Style(.dim), clip: rect)
        }
        if end + 7 <= rect.maxX { frame.put(" shots", rightAlignedTo: rect.maxX, y: rect.maxY - 1, style: Style(.dim), clip: rect) }
    }
}

/// Braille dots over a box of cells: two columns and four rows of them a cell.
private struct Dots {
    private let rect: Rect
    /// Shape: [rows * columns]
    private var cells: [UInt8]

    init(_ rect: Rect) { (self.rect, cells) = (rect, Array(repeating: 0, count: rect.width * rect.height)) }

    /// Source: the Unicode block of braille patterns, U+2800.
    private static let bits: [[UInt8]] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]]

    mutating func set(_ x: Int, _ y: Int) {
        guard (0..<rect.width * 2).contains(x), (0..<rect.height * 4).contains(y) else { return }
        cells[y / 4 * rect.width + x / 2] |= Self.bits[y % 4][x % 2]
    }

    mutating func line(_ a: (Int, Int), _ b: (Int, Int)) {
        let steps = max(abs(b.0 - a.0), abs(b.1 - a.1), 1)
        for step in 0...steps {
            let share = Double(step) / Double(steps)
            set(a.0 + Int((Double(b.0 - a.0) * share).rounded()), a.1 + Int((Double(b.1 - a.1) * share).rounded()))
        }
    }

    mutating func blob(_ at: (Int, Int)) {
        for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1), (-1, 0), (0, -1)] { set(at.0 + dx, at.1 + dy) }
    }

    /// - Parameter under: dots that shine through.
    func draw(_ style: Style, over under: Dots? = nil, _ frame: inout Frame) {
        for (index, bits) in cells.enumerated() where bits != 0 {
            let whole = bits | (under?.cells[index] ?? 0)
            guard let scalar = Unicode.Scalar(0x2800 + UInt32(whole)) else { continue }
            frame.put(String(Character(scalar)), x: rect.x + index % rect.width, y: rect.y + index / rect.width, style: style, clip: rect)
        }
    }
}
