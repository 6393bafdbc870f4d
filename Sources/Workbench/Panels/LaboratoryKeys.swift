import Engine
import Laboratory
import Terminal

extension State {
    func laboratoryObstacle(to command: Command) -> String? {
        guard let experiment = laboratory.experiment else {
            return command == .labOpen || command == .labView ? nil : "no experiment is open; o lists them"
        }
        switch command {
        case .labRun: return readyModel == nil && server == nil ? generationObstacle : laboratory.phase == .running ? "it is running; p pauses it" : nil
        case .labPause: return laboratory.phase == .running ? nil : "it is not running; r runs it"
        case .labStop: return laboratory.phase == .idle ? "it is not running" : nil
        case .labRule: return experiment.kind == .completion ? "what is generated is matched, not scored" : nil
        case .labCompare:
            if laboratory.level.rawValue >= LaboratoryState.Level.items.rawValue { return laboratory.chosen == nil ? "no item is listed" : nil }
            return laboratory.marked == nil ? "mark a row to compare with; m does" : nil
        case .labMark, .labExport, .labWrong: return laboratory.results.isEmpty ? "nothing has been scored yet; r runs the experiment" : nil
        default: return nil
        }
    }

    mutating func performInLaboratory(_ command: Command) -> [Effect] {
        switch command {
        case .labRun: return runSweep()
        case .labPause:
            laboratory.phase = .paused
            return [.holdSweep(true)]
        case .labStop:
            laboratory.phase = .idle
            say("stopped; finished cells are kept, r goes on behind them")
            return endSweep()
        case .labOpen: chooseExperiment()
        case .labText: return laboratory.experiment.map { askToOpen($0.path) } ?? []
        case .labExport: overlay = .input(.init(purpose: .laboratoryExport, label: "export as (.csv .json .md .svg .ans)", line: LineInput(exportName)))
        case .labRule: nextRule()
        case .labView:
            let pages = laboratoryPages
            laboratory.page = pages[((pages.firstIndex(of: laboratory.page) ?? -1) + 1) % pages.count]
        case .labWrong: filterWrong()
        case .labMark: mark()
        case .labCompare: return compareInLaboratory()
        case .labEnter: return enterLaboratory()
        default: moveInLaboratory(command)
        }
        return []
    }

    /// The pages that there is no other place for.
    private var laboratoryPages: [LaboratoryState.Page] {
        LaboratoryParts(self)?.curve.isEmpty == false ? LaboratoryState.Page.allCases.filter { $0 != .curve } : LaboratoryState.Page.allCases
    }

    private mutating func nextRule() {
        guard let rules = laboratory.experiment?.rules, let index = rules.firstIndex(of: laboratory.rule) else { return }
        laboratory.rule = rules[(index + 1) % rules.count]
        laboratory.contrast = nil
        laboratory.list()
    }

    private mutating func filterWrong() {
        if laboratory.level.rawValue < LaboratoryState.Level.items.rawValue {
            (laboratory.level, laboratory.filter) = (.items, laboratory.experiment?.kind == .completion ? .wrong : .confident)
        } else {
            laboratory.level = .items
            laboratory.filter = switch laboratory.filter {
            case .wrong where laboratory.experiment?.kind != .completion: .confident
            case .wrong, .confident: .all
            case .all, .taken: .wrong
            }
        }
        laboratory.list()
    }

    // MARK: Two conditions

    private mutating func mark() {
        guard let shots = laboratory.shots else { return }
        let isSame = laboratory.marked.map { $0.shots == shots && $0.rule == laboratory.rule } ?? false
        (laboratory.marked, laboratory.contrast) = (isSame ? nil : (shots, laboratory.rule), nil)
        if !isSame { say("\(shots) shots are marked; go to another row, or rule, and c compares") }
    }

    private mutating func compareInLaboratory() -> [Effect] {
        if laboratory.level.rawValue >= LaboratoryState.Level.items.rawValue {
            laboratory.level = laboratory.level == .items ? .conditions : .items
            laboratory.listPlaces()
            return []
        }
        guard let a = laboratory.marked, let shots = laboratory.shots else { return [] }
        let b = (shots: shots, rule: laboratory.rule)
        guard a.shots != b.shots || a.rule != b.rule else {
            say("this is the marked row itself; go to another, or to another rule", .warning)
            return []
        }
        let order = ContrastOrder(number: laboratory.number, a: laboratory.cells(a.shots, copies: true), b: laboratory.cells(shots, copies: true),
                                  ruleA: a.rule, ruleB: b.rule)
        laboratory.contrast = (a, b, nil)
        return [.contrast(order)]
    }

    mutating func contrasted(_ number: Int, _ found: Contrast?) {
        guard number == laboratory.number, laboratory.contrast != nil else { return }
        laboratory.contrast?.found = found
        if found == nil {
            laboratory.contrast = nil
            say("these rows have no cells in common yet", .warning)
        }
    }

    // MARK: Moving

    private mutating func enterLaboratory() -> [Effect] {
        switch laboratory.level {
        case .table:
            guard let condition = laboratory.condition else {
                say("nothing has been scored with \(laboratory.shots?.description ?? "these") shots yet", .warning)
                return []
            }
            if condition.confusion != nil, LaboratoryParts(self)?.answers.isEmpty == false {
                (laboratory.level, laboratory.page) = (.matrix, .answers)
            } else {
                (laboratory.level, laboratory.filter) = (.items, .all)
            }
        case .matrix: (laboratory.level, laboratory.filter) = (.items, .taken(right: laboratory.taken.right, guess: laboratory.taken.guess))
        case .items, .conditions: return laboratory.chosen.map { askToOpen($0) } ?? []
        }
        laboratory.list()
        return []
    }

    /// Esc: a level back, from the table to the document.
    mutating func leaveLaboratory() {
        switch laboratory.level {
        case .table: backToDocument()
        case .matrix: laboratory.level = .table
        case .items: if case .taken = laboratory.filter { laboratory.level = .matrix } else { laboratory.level = .table }
        case .conditions: laboratory.level = .items
        }
    }

    private mutating func moveInLaboratory(_ command: Command) {
        let page = max(1, (LaboratoryParts(self)?.list.height ?? 1) - 1)
        let step: Int? = switch command {
        case .labUp: -1
        case .labDown: 1
        case .labPageUp: -page
        case .labPageDown: page
        case .labFirst: -100_000_000
        case .labLast: 100_000_000
        default: nil
        }
        switch laboratory.level {
        case .table: if let step { laboratory.select(row: laboratory.row + step) }
        case .matrix:
            let last = max(0, (laboratory.condition?.confusion?.counts.count ?? 1) - 1)
            if let step { laboratory.taken.right = max(0, min(laboratory.taken.right + step, last)) }
            if command == .labLeft { laboratory.taken.guess = max(0, laboratory.taken.guess - 1) }
            if command == .labRight { laboratory.taken.guess = min(last, laboratory.taken.guess + 1) }
        case .items: if let step { laboratory.select(laboratory.selected + step) }
        case .conditions: if let step { laboratory.select(laboratory.place + step) }
        }
    }

    mutating func scrollLaboratory(by step: Int) {
        switch laboratory.level {
        case .table, .matrix: laboratory.select(row: laboratory.row + step.signum())
        case .items: laboratory.select(laboratory.selected + step)
        case .conditions: laboratory.select(laboratory.place + step)
        }
    }

    /// A press, counted from the panel's inside: chooses, and goes into what is chosen already.
    mutating func clickLaboratory(x: Int, y: Int) -> [Effect] {
        guard laboratory.experiment != nil, let parts = LaboratoryParts(self) else { return [] }
        let (x, y) = (x + parts.inside.x, y + parts.inside.y)
        let isList = laboratory.level.rawValue >= LaboratoryState.Level.items.rawValue
        if isList, parts.list.contains(x: x, y: y) {
            let row = y - parts.list.y + laboratory.top, chosen = laboratory.chosen
            laboratory.select(row)
            return laboratory.chosen == chosen ? enterLaboratory() : []
        }
        guard !isList, parts.rows.contains(x: x, y: y) else { return [] }
        let row = y - parts.rows.y + parts.firstRow(self), isChosen = row == laboratory.row && laboratory.level == .table
        laboratory.level = .table
        laboratory.select(row: row)
        return isChosen ? enterLaboratory() : []
    }
}
