import JSONText
import Tokenizer

/// Accuracy over shots as a picture: the chosen rule with error bars, the wordings or else the other rules beside it, and the lines
/// of guessing.
package struct Curve: Sendable {
    package struct Point: Sendable {
        package let label: String
        package let accuracy: Double
        package let interval: Interval?
    }
    package struct Series: Sendable {
        package let name: String
        package let points: [Point]

        package init(name: String, _ conditions: [Condition]) {
            self.name = name
            points = conditions.map { Point(label: "\($0.shots)", accuracy: $0.accuracy, interval: $0.interval) }
        }
    }

    package let title: String
    package let series: [Series]
    package let chance: Double?
    package let majority: Double?

    package init(title: String, series: [Series], chance: Double?, majority: Double?) {
        (self.title, self.series, self.chance, self.majority) = (title, series, chance, majority)
    }

    package init(_ experiment: Experiment, _ results: [CellResult], rule: ScoreRule) {
        let conditions = Condition.all(results, experiment, rule)
        let name = experiment.kind == .completion ? "matched" : rule.rawValue
        let others = if experiment.wordings.count > 1 {
            experiment.wordings.enumerated().map { template, wording in
                Series(name: wording.name, Condition.all(results.filter { $0.cell.template == template }, experiment, rule))
            }
        } else if experiment.kind == .completion {
            [Series]()
        } else {
            experiment.rules.filter { $0 != rule }.map { Series(name: $0.rawValue, Condition.all(results, experiment, $0)) }
        }
        self.init(
            title: experiment.title, series: [Series(name: name, conditions)] + others,
            chance: conditions.first?.chance, majority: conditions.first?.majority)
    }

    // MARK: SVG

    private static let (width, height, left, right, top, bottom) = (640, 400, 56, 140, 40, 48)
    /// Told apart without seeing colour by their dashes too (Okabe and Ito 2008).
    private static let strokes = [("#0072b2", ""), ("#d55e00", "6 3"), ("#009e73", "2 3"), ("#cc79a7", "8 3 2 3"), ("#e69f00", "1 4")]

    package var svg: String {
        let labels = series.first?.points.map(\.label) ?? []
        let step = Double(Self.width - Self.left - Self.right) / Double(max(1, labels.count - 1))
        func x(_ index: Int) -> Double { Double(Self.left) + (labels.count > 1 ? Double(index) * step : Double(Self.width - Self.left - Self.right) / 2) }
        func y(_ share: Double) -> Double { Double(Self.top) + (1 - share) * Double(Self.height - Self.top - Self.bottom) }
        func n(_ value: Double) -> String { Report.fixed(value, 1) }
        let end = Self.width - Self.right
        var out = ["<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(Self.width) \(Self.height)\" font-family=\"sans-serif\" font-size=\"12\">",
                   "<title>\(Self.escaped(title))</title>", "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>",
                   "<text x=\"\(Self.left)\" y=\"22\" font-size=\"15\">\(Self.escaped(title))</text>"]
        for tenth in stride(from: 0, through: 10, by: 2) {
            let line = n(y(Double(tenth) / 10))
            out.append("<path d=\"M\(Self.left) \(line)H\(end)\" stroke=\"#ddd\"/><text x=\"\(Self.left - 6)\" y=\"\(line)\" dy=\"4\" text-anchor=\"end\">\(tenth * 10) %</text>")
        }
        for (index, label) in labels.enumerated() {
            out.append("<text x=\"\(n(x(index)))\" y=\"\(Self.height - Self.bottom + 18)\" text-anchor=\"middle\">\(label)</text>")
        }
        out.append("<text x=\"\((Self.left + end) / 2)\" y=\"\(Self.height - 10)\" text-anchor=\"middle\">shots in the prompt</text>")
        for (name, share) in [("guessing", chance), ("most common", majority == chance ? nil : majority)] {
            guard let share else { continue }
            out.append("<path d=\"M\(Self.left) \(n(y(share)))H\(end)\" stroke=\"#888\" stroke-dasharray=\"3 4\"/>"
                + "<text x=\"\(end + 6)\" y=\"\(n(y(share)))\" dy=\"4\" fill=\"#666\">\(name)</text>")
        }
        for (index, series) in series.enumerated().reversed() {
            let (colour, dash) = Self.strokes[index % Self.strokes.count], width = index == 0 ? "2.5" : "1.2"
            let stroke = "stroke=\"\(colour)\"" + (dash.isEmpty ? "" : " stroke-dasharray=\"\(dash)\"")
            let path = series.points.enumerated().map { "\($0 == 0 ? "M" : "L")\(n(x($0))) \(n(y($1.accuracy)))" }.joined()
            out.append("<path d=\"\(path)\" fill=\"none\" \(stroke) stroke-width=\"\(width)\"/>")
            for (place, point) in series.points.enumerated() {
                // Bars of the first series only: five on one place could not be read.
                if index == 0, let interval = point.interval {
                    out.append("<path d=\"M\(n(x(place))) \(n(y(interval.low)))V\(n(y(interval.high)))\" stroke=\"\(colour)\" stroke-width=\"1\"/>")
                }
                out.append("<circle cx=\"\(n(x(place)))\" cy=\"\(n(y(point.accuracy)))\" r=\"\(index == 0 ? 3.5 : 2)\" fill=\"\(colour)\"/>")
            }
            let key = Self.top + 8 + index * 18
            out.append("<path d=\"M\(end + 8) \(key)h22\" \(stroke) stroke-width=\"\(width)\"/><text x=\"\(end + 36)\" y=\"\(key)\" dy=\"4\">\(Self.escaped(series.name))</text>")
        }
        return out.joined(separator: "\n") + "\n</svg>\n"
    }

    private static func escaped(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            case _ where JSON.isHidden(scalar): out += " "
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }
}
