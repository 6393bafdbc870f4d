import Document
import Laboratory
import Terminal

/// What keys do in the builder: each changes the prompt, and with it the document, as one step.
extension State {
    func shotsObstacle(to command: Command) -> String? {
        if shots.isChoosing {
            return switch command {
            case .shotUp, .shotDown, .shotEdit: experiments.isEmpty ? "there are no experiments; they are files in prompts/experiments" : nil
            case .shotsChoose: shots.builder == nil ? "nothing is being built yet; ⏎ on an experiment begins" : nil
            default: "choose an experiment first"
            }
        }
        guard let builder = shots.builder, let held = shots.held else { return "no experiment is chosen" }
        if [.shotsChoose, .shotsAgain].contains(command) { return nil }
        guard isShotsDocument else { return "the document is another text now; r builds the prompt again" }
        switch command {
        case .shotDrop, .shotReplace, .shotLabel, .shotEdit, .shotMoveUp, .shotMoveDown:
            guard let chosen = shots.chosen else { return "there are no shots; + adds one" }
            guard command == .shotLabel else { return nil }
            if builder.experiment.kind == .completion { return "a completion has no labels to choose from; ⏎ edits the shot by hand" }
            return held.pieces[chosen].isEdited ? "the shot was edited by hand; change its label there (⏎), or take another (a)" : nil
        case .shotsMore:
            return held.shots.count >= builder.usable.count ? "the pool has no more than \(builder.usable.count) shots for this query" : nil
        case .shotsFewer: return held.shots.isEmpty ? "there are no shots" : nil
        case .shotsSeed, .shotsOrder:
            let needed = command == .shotsSeed ? 1 : 2
            return builder.count < needed ? "\(builder.count) shots are the same by every \(command == .shotsSeed ? "seed" : "order"); + adds one" : nil
        case .shotsSeedBefore: return builder.cell.seed == 0 ? "this is the first seed" : nil
        case .shotsOrderBefore: return builder.cell.order == 0 ? "this is the first order" : nil
        case .shotsWording: return builder.experiment.wordings.count < 2 ? "the experiment has one wording" : nil
        case .shotsRule: return builder.experiment.rules.count < 2 ? "the experiment has one score rule" : nil
        default: return nil
        }
    }

    mutating func performInShots(_ command: Command) -> [Effect] {
        switch command {
        case .shotUp: shots.selected = max(0, shots.selected - 1)
        case .shotDown: shots.selected += 1
        case .shotsChoose:
            if shots.isChoosing { (shots.isChoosing, shots.selected) = (false, 0) } else { shots.choose() }
        case .shotEdit where shots.isChoosing:
            guard experiments.indices.contains(shots.selected) else { return [] }
            shots.asked = experiments[shots.selected].path
            return [.readExperiment(path: experiments[shots.selected].path)]
        case .shotEdit: goToShot()
        case .shotsRule:
            guard let rules = shots.builder?.experiment.rules else { return [] }
            shots.rule = rules[((rules.firstIndex(of: shots.rule) ?? -1) + 1) % rules.count]
        case .shotsAgain:
            guard let builder = shots.builder else { return [] }
            if isShotsDocument { return put(ShotPrompt(builder, tokenizer)) }
            return buildShots(builder.experiment, cell: builder.cell, item: builder.query, most: builder.most)
        case .shotsMore, .shotsFewer, .shotsSeed, .shotsSeedBefore, .shotsOrder, .shotsOrderBefore, .shotsWording, .shotsQueryNext, .shotsQueryPrevious:
            return changePrompt(command)
        default: return changeShot(command)
        }
        return []
    }

    /// Puts the document's cursor at the chosen shot's beginning, to edit it there.
    private mutating func goToShot() {
        guard let chosen = shots.chosen, let held = shots.held else { return }
        editor.move(to: held.ranges[chosen].lowerBound)
        backToDocument()
        text.follows = true
    }

    // MARK: The whole prompt

    private mutating func changePrompt(_ command: Command) -> [Effect] {
        guard let builder = shots.builder, let held = shots.held else { return [] }
        let isChanged = shots.isChanged
        var next = builder
        switch command {
        case .shotsMore, .shotsFewer:
            let step = command == .shotsMore ? 1 : -1
            if isChanged { return changeCount(by: step) }
            next.cell.shots = .count(held.shots.count + step)
        case .shotsSeed: next.cell.seed += 1
        case .shotsSeedBefore: next.cell.seed -= 1
        case .shotsOrder: next.cell.order += 1
        case .shotsOrderBefore: next.cell.order -= 1
        case .shotsWording: next.cell.template = (builder.cell.template + 1) % builder.experiment.wordings.count
        case .shotsQueryNext, .shotsQueryPrevious:
            let count = builder.experiment.test.count
            next.query = (builder.query + (command == .shotsQueryNext ? 1 : count - 1)) % count
        default: break
        }
        var prompt = ShotPrompt(next, tokenizer, held, in: editor.document)
        let isQuery = [.shotsQueryNext, .shotsQueryPrevious].contains(command), keepsShots = isChanged && (isQuery || command == .shotsWording)
        prompt.renew(query: isQuery || command == .shotsWording, keepingShots: keepsShots)
        // A query of a person's own is that person's; another item's takes its place.
        if isQuery, let query = prompt.pieces.lastIndex(where: { $0.kind == .query }) { prompt.pieces[query] = prompt.query }
        return put(prompt)
    }

    /// One shot more behind the others, or the last one less: what was changed by hand stays.
    private mutating func changeCount(by step: Int) -> [Effect] {
        guard let builder = shots.builder, let held = shots.held else { return [] }
        var prompt = ShotPrompt(builder, tokenizer, held, in: editor.document)
        if step < 0 {
            if let last = prompt.shots.last { prompt.pieces.remove(at: last) }
        } else if let pool = prompt.nextOfPool(after: nil) {
            let place = (prompt.shots.last ?? prompt.pieces.firstIndex { $0.kind == .instruction } ?? -1) + 1
            prompt.pieces.insert(prompt.piece(ShotPieces.Shot(pool: pool)), at: place)
        }
        return put(prompt)
    }

    // MARK: One shot

    private mutating func changeShot(_ command: Command) -> [Effect] {
        guard let builder = shots.builder, let held = shots.held, let chosen = shots.chosen, let shot = held.pieces[chosen].shot else { return [] }
        var prompt = ShotPrompt(builder, tokenizer, held, in: editor.document)
        switch command {
        case .shotMoveUp, .shotMoveDown:
            let next = shots.selected + (command == .shotMoveUp ? -1 : 1)
            guard held.shots.indices.contains(next) else { return [] }
            prompt.pieces.swapAt(chosen, held.shots[next])
            shots.selected = next
        case .shotDrop: prompt.pieces.remove(at: chosen)
        case .shotReplace:
            guard let pool = prompt.nextOfPool(after: shot.pool) else {
                say("every item of the pool is a shot already", .warning)
                return []
            }
            prompt.pieces[chosen] = prompt.piece(ShotPieces.Shot(pool: pool))
        case .shotLabel:
            let item = builder.experiment.pool[shot.pool], count = max(1, builder.experiment.answers(item).count), right = builder.experiment.right(item) ?? 0
            let label = ((shot.label ?? right) + 1) % count
            prompt.pieces[chosen] = prompt.piece(ShotPieces.Shot(pool: shot.pool, label: label == right ? nil : label))
        default: return []
        }
        return put(prompt)
    }

    // MARK: The mouse

    mutating func scrollShots(by step: Int) { shots.selected += step.signum() }

    /// A press counted from the panel's inside chooses the row under it; a chosen one is carried out.
    mutating func clickShots(y: Int) -> [Effect] {
        guard let parts = ShotsParts(self), let row = parts.entry(atY: y + parts.inside.y, self) else { return [] }
        if row == shots.selected { return perform(.shotEdit) }
        shots.selected = row
        return []
    }
}

extension ShotPrompt {
    /// Says again what is not a person's own: the instruction and the query as the wording has them, the shots as drawn or as they were.
    mutating func renew(query: Bool, keepingShots: Bool) {
        if !keepingShots {
            let place = pieces.firstIndex { if case .shot = $0.kind { true } else { false } } ?? pieces.firstIndex { $0.kind == .query } ?? pieces.count
            pieces.removeAll { if case .shot = $0.kind { true } else { false } }
            pieces.insert(contentsOf: builder.drawn.map { piece(ShotPieces.Shot(pool: $0)) }, at: min(place, pieces.count))
        }
        for index in pieces.indices where !pieces[index].isEdited {
            switch pieces[index].kind {
            case .instruction: pieces[index] = instruction
            case .shot(let shot): pieces[index] = piece(shot)
            case .query: if query { pieces[index] = self.query }
            case .rest: break
            }
        }
    }

    /// The next of the draw that is no shot yet, behind an item of the pool where one is given.
    func nextOfPool(after item: Int?) -> Int? {
        let taken = Set(pieces.compactMap { if case .shot(let shot) = $0.kind { shot.pool } else { nil } })
        let start = item.flatMap { builder.usable.firstIndex(of: $0) }.map { $0 + 1 } ?? 0
        return (builder.usable[start...] + builder.usable[..<start]).first { !taken.contains($0) }
    }
}
