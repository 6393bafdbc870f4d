import Engine
import Terminal
import Tokenizer
import Transformer

/// Another text's values put in at every layer and position alone, and what that does.
package struct PatchState: Sendable, Equatable {
    package let order: PatchOrder
    package internal(set) var findings: PatchSweep.Findings?
    /// Of the work so far. Unit: seconds.
    package internal(set) var seconds = 0.0
    package internal(set) var isRunning = true

    /// Unit: seconds.
    package var left: Double {
        guard let findings, !findings.found.isEmpty else { return 0 }
        return seconds / Double(findings.found.count) * Double(findings.total - findings.found.count)
    }
    /// The greatest effects first.
    package var ranked: [Patch] { (findings?.found ?? []).sorted { (abs($0.change), $1.layer, $1.position) > (abs($1.change), $0.layer, $0.position) } }
    /// What fills the ramp. Unit: nats.
    var most: Double { max(1e-9, findings?.found.map { abs($0.change) }.max() ?? 0) }

    package func effect(layer: Int, position: Int) -> Patch? {
        let index = layer * order.ids.count + position
        guard layer >= 0, position < order.ids.count, let found = findings?.found, found.indices.contains(index) else { return nil }
        return found[index]
    }
}

extension State {
    /// One line: the other text, offered as this one, so that only what differs has to be typed.
    mutating func askForPatch() -> [Effect] {
        if edits.patch?.isRunning == true { return stopPatch() }
        let query = AttentionState.query(self)
        guard query >= 0, let tokenizer else {
            say("there are no tokens before the cursor to patch", .warning)
            return []
        }
        let text = reading.ids[min(reading.lead, query + 1)...query].flatMap(tokenizer.bytes)
        overlay = .input(.init(purpose: .patch, label: "patch from the text", line: LineInput(FieldText.escaped(text))))
        return []
    }

    mutating func acceptPatch(_ typed: String, _ input: Overlay.Input) -> [Effect] {
        guard let tokenizer else { return [] }
        var text = typed, site = Site.residPre
        for one in Edit.sites where typed.hasPrefix(one.rawValue + ":") {
            site = one
            text = String(typed.dropFirst(one.rawValue.count + 1).drop { $0 == " " })
        }
        let query = AttentionState.query(self), lead = Array(reading.ids.prefix(reading.lead))
        guard query >= 0 else { return [] }
        let ids = Array(reading.ids[...query]), source = lead + tokenizer.encode(FieldText.unescaped(text))
        guard ids.count == source.count else {
            overlay = .input(input)
            say("the text before the cursor has \(ids.count) tokens and the other \(source.count); give one of as many, so that each position has its counterpart", .warning)
            return []
        }
        guard ids != source else {
            overlay = .input(input)
            say("the other text is this one; change what is to be patched in", .warning)
            return []
        }
        let order = PatchOrder(number: (edits.patch?.order.number ?? 0) + 1, ids: ids, source: source, site: site, token: attribution.token, against: attribution.against)
        edits.patch = PatchState(order: order)
        lens.tint = .patch
        show(.lens)
        return stopAblation() + [.patch(order)]
    }

    mutating func stopPatch() -> [Effect] {
        guard edits.patch?.isRunning == true else { return [] }
        edits.patch?.isRunning = false
        return [.patch(nil)]
    }

    mutating func patched(_ number: Int, _ findings: PatchSweep.Findings, seconds: Double) {
        guard edits.patch?.order.number == number else { return }
        edits.patch?.findings = findings
        edits.patch?.seconds = seconds
        if findings.found.count == findings.total { edits.patch?.isRunning = false }
    }

    mutating func notPatched(_ number: Int, _ sentence: String) {
        guard edits.patch?.order.number == number else { return }
        edits.patch?.isRunning = false
        say("patching stopped: \(sentence)", .error)
    }

    /// What is watched: a token's logprob, less another's.
    func patchedName(_ findings: PatchSweep.Findings) -> String {
        TokenText.name(findings.token, tokenizer) + (findings.against.map { " less " + TokenText.name($0, tokenizer) } ?? "")
    }

    /// How far it has come.
    func progress(of patch: PatchState) -> String {
        guard let findings = patch.findings else { return "begins" }
        if patch.isRunning { return "\(findings.found.count) of \(findings.total), \(Number.whole(patch.left)) s left" }
        return findings.found.count < findings.total ? "stopped at \(findings.found.count) of \(findings.total)" : "all \(findings.total) places"
    }
}
