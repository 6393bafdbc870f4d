import Document
import Engine
import Laboratory
import Tokenizer

/// Opening an experiment, running it, and going from one of its numbers to the prompt behind it.
extension State {
    // MARK: Opening

    /// Shows the list of files at its experiments.
    mutating func chooseExperiment() {
        let covered = laboratory.covered
        show(.files)
        zoomed = false
        if let covered { files.covered = covered }
        if files.chosen?.kind != .experiment, let first = files.shown.first(where: { $0.kind == .experiment }) { files.choose(first.path) }
    }

    /// Reads an experiment for the laboratory, which shows itself at once.
    package mutating func openExperiment(_ path: String) -> [Effect] {
        laboratory.asked = path
        showLaboratory()
        return [.readExperiment(path: path)]
    }

    mutating func showLaboratory() {
        let before = slots[0]
        let covered = before == .files ? files.covered : before == .laboratory ? laboratory.covered : before
        files.covered = nil
        show(.laboratory)
        if slots[0] == .laboratory { laboratory.covered = covered }
        zoomed = true
    }

    /// Gives the place back that the panel took when it filled the screen.
    mutating func uncoverLaboratory() {
        guard let covered = laboratory.covered else { return }
        laboratory.covered = nil
        guard slots[0] == .laboratory else { return }
        slots[0] = slots.dropFirst().contains(covered) ? Panel.allCases.first { ![.files, .laboratory].contains($0) && !slots.contains($0) } ?? covered : covered
    }

    mutating func read(_ path: String, _ found: Result<Experiment, ExperimentError>) -> [Effect] {
        guard laboratory.asked == path else { return [] }
        laboratory.asked = nil
        switch found {
        case .failure(let error):
            say("\(error)", .error)
            return []
        case .success(let experiment):
            // The same file again goes on as it was.
            if laboratory.experiment == experiment { return [] }
            let effects = laboratory.phase == .idle ? [] : endSweep()
            laboratory.put(experiment)
            if let lookAt = experiment.lookAt { say(lookAt) }
            return effects
        }
    }

    // MARK: Running

    mutating func runSweep() -> [Effect] {
        if laboratory.phase == .paused {
            laboratory.phase = .running
            return [.holdSweep(false)]
        }
        if laboratory.isComplete {
            say("every cell is there already; Enter goes to the items behind a number")
            return []
        }
        laboratory.phase = .running
        return laboratory.order(modelFingerprint).map { [.sweep($0)] } ?? []
    }

    mutating func endSweep() -> [Effect] { [.endSweep] }

    mutating func swept(_ number: Int, _ news: SweepNews) {
        guard number == laboratory.number else { return }
        laboratory.take(news)
        switch news {
        case .done: if !isShown(.laboratory) { say("\(laboratory.experiment?.title ?? "the experiment"): every cell is scored") }
        case .failed(let sentence): say(sentence, .error)
        case .about, .found, .items, .cell: break
        }
    }

    /// Asks for what was kept of the experiment, and keeps the list in sight.
    mutating func settleLaboratory() -> [Effect] {
        var effects: [Effect] = []
        if laboratory.experiment != nil, readyModel != nil || server != nil, laboratory.model != modelFingerprint {
            let wasRunning = laboratory.phase != .idle
            if laboratory.model != nil { laboratory.forget() }
            if let order = laboratory.order(modelFingerprint) { effects = (wasRunning ? endSweep() : []) + [.lookAtResults(order)] }
        }
        if laboratory.level.rawValue >= LaboratoryState.Level.items.rawValue, let parts = LaboratoryParts(self) { laboratory.follow(rows: parts.list.height) }
        return effects
    }

    // MARK: From a number to its prompt

    /// The prompt of an item in a cell, as the model read it; a schema's with the answer that won.
    package func prompt(_ place: LaboratoryState.Place) -> [Part]? {
        guard let experiment = laboratory.experiment, let item = laboratory.result(place), experiment.test.indices.contains(item.item) else { return nil }
        let answer = experiment.kind == .schema ? item.guess(laboratory.rule) : nil
        return FewShot(experiment).prompt(experiment.test[item.item], shots: item.shots, template: place.cell.template, answer: answer)
            .parts(tokenizer?.chatTemplate)
    }

    mutating func askToOpen(_ place: LaboratoryState.Place) -> [Effect] {
        guard tokenizer != nil else {
            say("no model is loaded; its tokens are the prompt's", .warning)
            return []
        }
        guard let parts = prompt(place) else {
            say("this model has no chat template for the prompt", .warning)
            return []
        }
        let item = laboratory.result(place)?.item ?? 0, cell = place.cell
        let name = "item \(item + 1) with \(cell.shots) shots, seed \(cell.seed), order \(cell.order)"
        return ask(.openPrompt(parts, name), "Save it before the prompt is opened?")
    }

    /// The prompt as a new document, its special tokens as chips, with the panels that look into it.
    mutating func openPrompt(_ parts: [Part], _ name: String) -> [Effect] {
        guard let tokenizer else { return [] }
        // Back from the document the same item is chosen.
        if slots[0] == .laboratory, laboratory.covered == nil { laboratory.covered = slots.contains(.candidates) ? .sampler : .candidates }
        zoomed = true
        let effects = startNew()
        reset(to: Document(parts: parts, tokenizer: tokenizer))
        say(name + "; F6 goes back to the laboratory")
        return effects
    }
}
