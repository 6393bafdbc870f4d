import Laboratory
import Terminal

/// What stands under the table: answers taken for each other, calibration, spreads.
struct LaboratoryPageView {
    let laboratory: LaboratoryState
    let experiment: Experiment
    let focused: Bool

    func draw(_ parts: LaboratoryParts, _ frame: inout Frame) {
        let rect = parts.page
        guard !rect.isEmpty else { return }
        if laboratory.page == .curve, parts.curve.isEmpty { return LaboratoryCurve(laboratory, experiment, rect).draw(&frame) }
        if laboratory.page == .about { return about(rect, &frame) }
        guard let condition = laboratory.condition else {
            if laboratory.results.isEmpty { return about(rect, &frame) }
            return put(["Nothing has been scored with \(laboratory.shots?.description ?? "these") shots yet\(laboratory.phase == .running ? "" : "; r goes on")."], rect, Style(.dim), &frame)
        }
        switch laboratory.page {
        case .about: break
        case .calibration: calibration(condition, rect, &frame)
        case .spread: spread(condition, rect, &frame)
        case .answers, .curve: answers(condition, rect, &frame)
        }
    }

    /// What it is, what it will cost, and what is to be said of its data.
    private func about(_ rect: Rect, _ frame: inout Frame) {
        var y = rect.y
        func add(_ text: String, _ role: Role) {
            for line in Words.wrap(text, width: max(1, rect.width - 2)) where y < rect.maxY {
                frame.put(line, x: rect.x + 1, y: y, style: Style(role), clip: rect)
                y += 1
            }
        }
        add("\(experiment.title): \(experiment.test.count) test items, \(experiment.pool.count) in the pool" + (laboratory.results.isEmpty && laboratory.phase == .idle ? "; r runs it" : ""), .title)
        for remark in laboratory.remarks { add("! " + remark, .warning) }
        if let lookAt = experiment.lookAt { add("Look at: " + lookAt, .text) }
        if !laboratory.cost.isEmpty { add(laboratory.cost, .dim) }
    }

    private func put(_ texts: [String], _ rect: Rect, _ style: Style, _ frame: inout Frame) {
        let lines = texts.flatMap { Words.wrap($0, width: max(1, rect.width - 2)) }
        for (row, line) in lines.prefix(rect.height).enumerated() { frame.put(line, x: rect.x + 1, y: rect.y + row, style: style, clip: rect) }
    }

    // MARK: Answers

    private func answers(_ condition: Condition, _ rect: Rect, _ frame: inout Frame) {
        guard let confusion = condition.confusion else { return put(numbers(condition), rect, Style(.text), &frame) }
        let names = experiment.labels, count = confusion.counts.count
        let width = min(12, max(7, (names.map { TextWidth.columns($0) }.max() ?? 0) + 1))
        let isWide = rect.width >= 76
        let matrix = isWide ? rect.split(left: rect.width * 3 / 5).left : rect
        let shownColumns = max(1, min(count, (matrix.width - width - 12) / width))
        let shownRows = max(1, min(count, matrix.height - (isWide || matrix.height > count + 3 ? 2 : 1)))
        let taken = laboratory.taken
        let left = max(0, min(taken.guess - shownColumns + 1, count - shownColumns)), top = max(0, min(taken.right - shownRows + 1, count - shownRows))
        let clip = matrix
        var y = matrix.y
        frame.put(width >= 11 ? "right, given" : "given", x: matrix.x + 1, y: y, style: Style(.dim), clip: clip)
        for column in 0..<shownColumns {
            frame.put(TextWidth.fit(names[left + column], width - 1), rightAlignedTo: matrix.x + 2 + width * (column + 2), y: y, style: Style(.dim), clip: clip)
        }
        let after = matrix.x + 2 + width * (shownColumns + 1)
        frame.put("recall", rightAlignedTo: after + 9, y: y, style: Style(.dim), clip: clip)
        for row in top..<top + shownRows {
            y += 1
            frame.put(TextWidth.fit(names[row], width), x: matrix.x + 1, y: y, style: Style(.text), clip: clip)
            let whole = Double(max(1, confusion.counts[row].reduce(0, +)))
            for column in 0..<shownColumns {
                let guess = left + column, end = matrix.x + 2 + width * (column + 2), number = confusion.counts[row][guess]
                let isChosen = laboratory.level == .matrix && focused && row == taken.right && guess == taken.guess
                let cell = Rect(x: end - width + 1, y: y, width: width - 1, height: 1).intersection(clip)
                if isChosen { frame.fill(cell, style: Style(.selection)) } else if number > 0 { frame.fill(cell, style: Style(.text, heat: Heat.level(Double(number) / whole))) }
                let style = isChosen ? Style(.selection) : number > 0 ? Style(.text, row == guess ? .bold : [], heat: Heat.level(Double(number) / whole)) : Style(.dim)
                frame.put("\(number)", rightAlignedTo: end - 1, y: y, style: style, clip: clip)
            }
            frame.put(confusion.recall(row).map { Number.percent($0) } ?? "–", rightAlignedTo: after + 9, y: y, style: Style(.number), clip: clip)
        }
        if y + 1 < matrix.maxY {
            y += 1
            frame.put("precision", x: matrix.x + 1, y: y, style: Style(.dim), clip: clip)
            for column in 0..<shownColumns {
                let text = confusion.precision(left + column).map { Number.fixed($0 * 100, 1) } ?? "–"
                frame.put(text, rightAlignedTo: matrix.x + 1 + width * (column + 2), y: y, style: Style(.number), clip: clip)
            }
        }
        if isWide {
            put(numbers(condition), Rect(x: matrix.maxX, y: rect.y, width: rect.maxX - matrix.maxX, height: rect.height), Style(.text), &frame)
        } else if y + 1 < rect.maxY {
            put([numbers(condition).joined(separator: "; ")], Rect(x: rect.x, y: y + 1, width: rect.width, height: rect.maxY - y - 1), Style(.text), &frame)
        }
    }

    /// What else there is to say of a row.
    private func numbers(_ condition: Condition) -> [String] {
        var lines: [String] = []
        if condition.confusion == nil { lines.append("\(condition.correct) of \(condition.items * condition.prompts) right") }
        if let mass = condition.mass { lines.append("mass on answers \(Number.fixed(mass, 3))") }
        lines.append("surprisal of the right answer \(Number.fixed(condition.surprisal, 2)) nats")
        if let bias = condition.recency { lines.append("recency bias \(LaboratoryView.signed(bias.bias, 2))") }
        if let bias = condition.majorityBias { lines.append("majority-label bias \(LaboratoryView.signed(bias.bias, 2))") }
        if let calibration = condition.calibration { lines.append("Brier \(Number.fixed(calibration.brier, 3))  ECE \(Number.fixed(calibration.ece, 3))") }
        if condition.calibration != nil { lines.append("wrong and confident (≥ 90 %): \(condition.wrongAndConfident)") }
        if condition.truncated > 0 { lines.append("\(condition.truncated) prompts lost shots to fit the context") }
        if condition.merges > 0 { lines.append("\(condition.merges) answers share a token with the prompt") }
        return lines
    }

    // MARK: Calibration

    private func calibration(_ condition: Condition, _ rect: Rect, _ frame: inout Frame) {
        guard let calibration = condition.calibration else { return put(["What is generated has no confidence."], rect, Style(.dim), &frame) }
        put(["Brier \(Number.fixed(calibration.brier, 3))  ECE \(Number.fixed(calibration.ece, 3)) over \(calibration.items) answers: how sure, and how often right"],
            rect.row(0), Style(.text), &frame)
        let bins = calibration.bins.filter { $0.count > 0 }, width = max(4, min(30, rect.width - 36))
        for (row, bin) in bins.suffix(max(0, rect.height - 1)).enumerated() {
            let y = rect.y + 1 + row, x = rect.x + 1
            let range = "\(Number.whole(bin.low * 100))–\(Number.whole(bin.high * 100)) %"
            frame.put(range, rightAlignedTo: x + 9, y: y, style: Style(.dim), clip: rect)
            frame.put("\(bin.count)", rightAlignedTo: x + 16, y: y, style: Style(.number), clip: rect)
            frame.put("\(Number.percent(bin.accuracy ?? 0)) right", rightAlignedTo: x + 31, y: y, style: Style(.text), clip: rect)
            frame.bar(bin.accuracy ?? 0, x: x + 33, y: y, width: width, clip: rect)
            // Where a calibrated model's bar would end.
            let due = x + 33 + min(width - 1, Int((bin.confidence ?? 0) * Double(width)))
            frame.put("│", x: due, y: y, style: Style(.accent), clip: rect)
        }
    }

    // MARK: Spread

    private func spread(_ condition: Condition, _ rect: Rect, _ frame: inout Frame) {
        guard let spread = condition.spread else { return }
        var lines = ["cells from \(Number.percent(spread.range.low)) to \(Number.percent(spread.range.high)), mean \(Number.percent(condition.accuracy)) of \(condition.prompts) prompts"]
        func add(_ name: String, _ axis: Spread.Axis?, _ label: (Int) -> String) {
            guard let axis else { return lines.append("\(name): one only") }
            lines.append("\(name): ±\(Number.fixed(axis.deviation * 100, 1)) (sd of \(axis.means.count) means), "
                + axis.means.enumerated().map { "\(label($0)) \(Number.fixed($1 * 100, 1))" }.joined(separator: ", "))
        }
        add("seeds (draws of shots)", spread.seeds) { "\($0)" }
        add("orders (of the same shots)", spread.orders) { "\($0)" }
        add("wordings", spread.templates) { experiment.wordings.indices.contains($0) ? experiment.wordings[$0].name : "\($0)" }
        put(lines, rect, Style(.text), &frame)
    }
}
