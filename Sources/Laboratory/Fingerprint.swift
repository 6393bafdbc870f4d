/// Names for things that must be the same again.
/// Source: FNV-1a, 64 bits (Fowler, Noll and Vo); it finds differences, not forgeries.
package enum Fingerprint {
    package static func hash(_ bytes: some Sequence<UInt8>) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// Of the test items: what two experiments must have in common to be compared item by item.
    package static func of(test experiment: Experiment) -> String {
        hash(experiment.test.flatMap { item in
            item.fields.sorted { $0.key < $1.key }.flatMap { Array("\($0.key.utf8.count):\($0.key)\($0.value.utf8.count):\($0.value)".utf8) } + [0]
        })
    }

    /// Of all that a cell's numbers follow from; the grid is not part of it, so that it can grow.
    package static func of(_ experiment: Experiment, model: String) -> String {
        var bytes: [UInt8] = []
        func add(_ text: String) {
            bytes += Array("\(text.utf8.count):".utf8) + Array(text.utf8)
        }
        func add(_ texts: [String]) {
            add("\(texts.count)")
            texts.forEach { add($0) }
        }
        add(["2", model, experiment.kind.rawValue, experiment.mode.rawValue, experiment.labelField, experiment.choicesField ?? "", "\(experiment.maxTokens)",
             experiment.matching.regex])
        for texts in [experiment.labels, experiment.contentFree, experiment.stop, experiment.matching.steps.map(\.rawValue)] { add(texts) }
        for wording in experiment.wordings {
            add([wording.instruction, wording.example.source, wording.query.source, wording.answer.source] + (wording.answerContext.map { [$0] } ?? []))
            add(wording.verbalisers)
        }
        for items in [experiment.pool, experiment.test] {
            add("\(items.count)")
            for item in items {
                add(item.fields.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] })
                for (name, texts) in item.lists.sorted(by: { $0.key < $1.key }) { add([name] + texts) }
            }
        }
        return hash(bytes)
    }
}
