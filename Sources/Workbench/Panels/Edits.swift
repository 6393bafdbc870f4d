import Engine
import JSONText
import Terminal
import Tokenizer

/// The edits of the model's inside: which there are, which are on, and what follows from them at the cursor.
package struct EditsState: Sendable {
    package struct Item: Sendable, Equatable {
        package var edit: Intervention
        package var isOn = true
    }
    package internal(set) var items: [Item] = []
    package internal(set) var selected = 0
    /// Those that the shown numbers were made under.
    var applied: [Intervention] = []
    /// The unmodified model's prediction at the shown place.
    var before: (position: Int, version: Int, distribution: Distribution)?
    package private(set) var effect: Effect?
    package internal(set) var ablation: AblationState?
    package internal(set) var patch: PatchState?

    /// What the edits that are on do to one prediction.
    package struct Effect: Sendable, Equatable {
        package struct Row: Sendable, Equatable {
            package let id: TokenID, before: Double, after: Double, rankBefore: Int, rankAfter: Int
        }
        package let position: Int, version: Int
        /// KL divergence from the prediction before to the one after. Unit: nats.
        package let divergence: Double
        /// The ten likeliest before and those after, the likelier of both first.
        package let rows: [Row]
    }

    package init() {}

    /// The edits that are on.
    package var active: [Intervention] { items.filter(\.isOn).map(\.edit) }
    /// `L17·H4, L20 mlpOut`.
    package var summary: String { active.map(\.place).joined(separator: ", ") }

    mutating func compare(_ here: Reading.Here?, version: Int) {
        guard let here, let before, !active.isEmpty, before.position == here.position, before.version == version else {
            effect = nil
            return
        }
        guard effect?.position != here.position || effect?.version != version else { return }
        let after = here.distribution, was = before.distribution
        let ids = was.top(10).map(\.id), all = ids + after.top(10).map(\.id).filter { !ids.contains($0) }
        let rows = all.map { Effect.Row(id: $0, before: was.probability(of: $0), after: after.probability(of: $0), rankBefore: was.rank(of: $0), rankAfter: after.rank(of: $0)) }
        effect = Effect(position: here.position, version: version, divergence: was.divergence(to: after),
                        rows: rows.sorted { (max($0.before, $0.after), $1.id) > (max($1.before, $1.after), $0.id) })
    }

    mutating func add(_ edit: Intervention) {
        items.append(Item(edit: edit))
        selected = items.count - 1
    }

    mutating func remove(_ index: Int) {
        guard items.indices.contains(index) else { return }
        items.remove(at: index)
        selected = min(selected, max(0, items.count - 1))
    }

    mutating func switchOff() { for index in items.indices { items[index].isOn = false } }
}

/// Every head zeroed alone: what that does to one token after one position.
package struct AblationState: Sendable, Equatable {
    package let order: AblationOrder
    package internal(set) var found: [Ablation] = []
    /// Of the work so far. Unit: seconds.
    package internal(set) var seconds = 0.0
    package internal(set) var total: Int
    package internal(set) var isRunning = true

    /// Unit: seconds.
    package var left: Double { found.isEmpty ? 0 : seconds / Double(found.count) * Double(total - found.count) }
    /// The greatest effects first.
    package var ranked: [Ablation] { found.sorted { (abs($0.change), $1.layer, $1.head) > (abs($1.change), $0.layer, $0.head) } }
    package func effect(_ id: HeadID) -> Ablation? { found.first { $0.layer == id.layer && $0.head == id.head } }
}

extension State {
    /// Brings the numbers up to date with the edits that are on: what other edits gave is forgotten.
    mutating func settleEdits() {
        if edits.active != edits.applied {
            edits.applied = edits.active
            edits.before = nil
            reading.invalidate()
            lens.forget()
        }
        edits.compare(reading.here, version: reading.version)
    }

    mutating func performInEdits(_ command: Command) -> [Effect] {
        switch command {
        case .editUp: edits.selected = max(0, edits.selected - 1)
        case .editDown: edits.selected = min(max(0, edits.items.count - 1), edits.selected + 1)
        case .editAdd: askForEdit(nil)
        case .editChange: if edits.items.indices.contains(edits.selected) { askForEdit(edits.selected) } else { askForEdit(nil) }
        case .editToggle:
            let effects = interruptRun()
            if edits.items.indices.contains(edits.selected) { edits.items[edits.selected].isOn.toggle() }
            return effects
        case .editRemove:
            let effects = interruptRun()
            edits.remove(edits.selected)
            return effects
        case .editWrite: overlay = .input(.init(purpose: .editsSave, label: "write the edits to", line: LineInput(exportStem + ".edits")))
        case .editOpen: overlay = .input(.init(purpose: .editsOpen, label: "take edits from", line: LineInput(exportStem + ".edits")))
        case .editAblate: return ablate()
        case .editPatch: return askForPatch()
        default: break
        }
        return []
    }

    /// The file's name up to the point.
    var exportStem: String { file.name.split(separator: ".").first.map(String.init) ?? file.name }

    /// One line; offered is the head that the attention panel stands on.
    mutating func askForEdit(_ index: Int?) {
        let offered = index.map { edits.items[$0].edit } ?? Intervention(.z, layer: attention.cursor.layer, head: attention.cursor.head, .zero)
        overlay = .input(.init(purpose: .edit(index), label: index == nil ? "edit" : "change the edit", line: LineInput("\(offered)"), isOffered: index == nil))
    }

    mutating func acceptEdit(_ index: Int?, _ typed: String, _ input: Overlay.Input) -> [Effect] {
        do throws(Intervention.Fault) {
            let edit = try Intervention(typed)
            if let shape = readyModel?.shape { try edit.check(in: shape) }
            let effects = interruptRun()
            if let index, edits.items.indices.contains(index) { edits.items[index].edit = edit } else { edits.add(edit) }
            return effects
        } catch {
            overlay = .input(input)
            say("\(error)", .error)
            return []
        }
    }

    /// Zeroes the head under the attention panel's cursor, or takes that back.
    mutating func toggleHeadEdit() -> [Effect] { toggle(Intervention(.z, layer: attention.cursor.layer, head: attention.cursor.head, .zero)) }

    /// Adds an edit, or takes the same one away.
    mutating func toggle(_ edit: Intervention) -> [Effect] {
        let effects = interruptRun()
        if let index = edits.items.firstIndex(where: { $0.edit == edit }) {
            edits.remove(index)
            say("\(edit.place) is as it was")
        } else {
            edits.add(edit)
            say("\(edit.place) is zeroed at all positions; the panel Edits lists it")
        }
        return effects
    }

    // MARK: Files: a line an edit

    mutating func acceptEditsPath(_ typed: String, _ input: Overlay.Input) -> [Effect] {
        var path = typed.trimmed
        if path.hasPrefix("~/"), let home = files.home { path = home + path.dropFirst(1) }
        guard !path.isEmpty, !path.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
            overlay = .input(input)
            say("give the name of a file", .warning)
            return []
        }
        if input.purpose == .editsOpen { return [.readEdits(path: path)] }
        let lines = ["# edits of \(readyModel?.title ?? "no model")"] + edits.items.map { ($0.isOn ? "" : "# off: ") + "\($0.edit)" }
        return [.writeTable(path: path, bytes: Array((lines.joined(separator: "\n") + "\n").utf8))]
    }

    /// Takes all edits of a file, or none of them.
    mutating func readEdits(_ path: String, _ bytes: [UInt8]) -> [Effect] {
        var found: [Intervention] = []
        for (number, line) in String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let text = String(line).trimmed
            guard !text.isEmpty, !text.hasPrefix("#") else { continue }
            do throws(Intervention.Fault) {
                let edit = try Intervention(text)
                if let shape = readyModel?.shape { try edit.check(in: shape) }
                found.append(edit)
            } catch {
                say("\(path):\(number + 1): \(error)", .error)
                return []
            }
        }
        let effects = interruptRun()
        found.forEach { edits.add($0) }
        say("\(found.count) \(found.count == 1 ? "edit" : "edits") taken from \(path)")
        return effects
    }

    // MARK: Ablating every head

    mutating func ablate() -> [Effect] {
        if edits.ablation?.isRunning == true { return stopAblation() }
        let query = AttentionState.query(self)
        guard query >= 0, let token = reading.ids.indices.contains(query + 1) ? reading.ids[query + 1] : reading.here?.distribution.top(1).first?.id,
              let shape = readyModel?.shape else {
            say("there is no prediction at the cursor yet", .warning)
            return []
        }
        let order = AblationOrder(number: (edits.ablation?.order.number ?? 0) + 1, ids: Array(reading.ids[...query]), token: token)
        edits.ablation = AblationState(order: order, total: shape.layers * shape.heads)
        (attention.metric, attention.view) = (.ablation, .heads)
        let effects = stopPatch()
        edits.patch = nil
        return effects + [.ablate(order)]
    }

    mutating func stopAblation() -> [Effect] {
        guard edits.ablation?.isRunning == true else { return [] }
        edits.ablation?.isRunning = false
        return [.ablate(nil)]
    }

    mutating func ablated(_ number: Int, _ found: [Ablation], seconds: Double, isDone: Bool) {
        guard edits.ablation?.order.number == number else { return }
        edits.ablation?.found = found
        edits.ablation?.seconds = seconds
        if isDone { edits.ablation?.isRunning = false }
    }

    /// How the run's settings are stored: the sampling, and the edits where there are some.
    var runSettings: String { Self.settings(sampling.json, edits.active) }

    static func settings(_ json: String, _ edits: [Intervention]) -> String {
        guard !edits.isEmpty, json.hasSuffix("}") else { return json }
        return json.dropLast() + ",\"edits\":" + JSON.strings(edits.map { "\($0)" }).text + "}"
    }
}

extension Intervention {
    /// The edits that a run was made under, from its stored settings.
    static func stored(in settings: String) -> [Intervention] {
        guard settings.contains("\"edits\"") else { return [] }
        return StoredEdits(json: settings).edits.compactMap { try? Intervention($0) }
    }
}
