/// What must hold before an experiment can run.
extension Experiment {
    /// Every wording has the places that the kind of task wants.
    /// - Parameter sections: what the wordings were read from; `file` has what they leave out.
    func checkTemplates(_ file: Section, _ sections: [Section]) throws(ExperimentError) {
        for (index, (wording, section)) in zip(wordings, sections).enumerated() {
            func error(_ key: String, _ fact: ExperimentError.Fact) -> ExperimentError { (section.has(key) ? section : file).error(key, fact) }
            if wordings[..<index].contains(where: { $0.name == wording.name }) {
                throw error("name", .repeated(key: "name", value: wording.name))
            }
            let answer = wording.answer.fields, inQuery = wording.query.fields.contains(labelField)
            if kind == .schema {
                guard !answer.contains(labelField) else { throw error("answer", .contextInAnswer(field: labelField)) }
                guard inQuery else { throw error("query", .noPlace(key: "query", field: labelField)) }
            } else {
                guard file.has("label") || answer.count == 1 else { throw error("answer", .answerFields(found: answer)) }
                guard answer.contains(labelField) else { throw error("answer", .noPlace(key: "answer", field: labelField)) }
                guard !inQuery else { throw error("query", .answerInQuery(field: labelField)) }
            }
            if mode == .complete, wording.example.source.isEmpty, shots.contains(where: { $0 != .count(0) }) {
                throw error("example", .missing(key: "example"))
            }
        }
        guard choicesField != labelField else { throw file.error("choices", .repeated(key: "choices", value: labelField)) }
    }

    /// Every item has what the templates ask for, and the pool is large enough.
    func checkItems(_ file: Section, pool poolPath: String, test testPath: String) throws(ExperimentError) {
        for item in test { try check(item, isShot: false, path: testPath) }
        for item in pool { try check(item, isShot: true, path: poolPath) }
        var most = 0
        for shots in shots { if case .count(let count) = shots { most = max(most, count) } else { most = max(most, 1) } }
        guard most > 0 else { return }
        var copies: [[UInt8]: Int] = [:]
        for item in pool { copies[FewShot.query(item, self), default: 0] += 1 }
        for item in test {
            let usable = pool.count - (copies[FewShot.query(item, self)] ?? 0)
            guard usable >= most else { throw file.error("shots", .poolTooSmall(shots: most, usable: usable)) }
        }
    }

    private func check(_ item: Item, isShot: Bool, path: String) throws(ExperimentError) {
        func error(_ fact: ExperimentError.Fact) -> ExperimentError { ExperimentError(path: path, line: item.line, fact: fact) }
        for wording in wordings {
            for (name, template) in [("query", wording.query), ("answer", wording.answer)] + (isShot ? [("example", wording.example)] : []) {
                for field in template.fields where item.fields[field] == nil { throw error(.missingField(field, wanted: name)) }
            }
        }
        let accepted = answers(item)
        if kind == .completion {
            for answer in accepted where (matching.normal(answer) ?? "").isEmpty || answer.isEmpty { throw error(.neverMatched(answer)) }
            return
        }
        guard item.lists[labelField] == nil else { throw error(.severalAnswers(labelField)) }
        if let choicesField {
            guard item.fields[choicesField] != nil else { throw error(.missingField(choicesField, wanted: "choices")) }
            guard item.lists[choicesField] != nil else { throw error(.notAList(choicesField)) }
            guard (2...Self.answersLimit).contains(accepted.count) else {
                throw error(.outside(key: choicesField, found: accepted.count, range: 2...Self.answersLimit))
            }
            for (index, answer) in accepted.enumerated() {
                guard !answer.isEmpty else { throw error(.empty(key: choicesField)) }
                guard !accepted[..<index].contains(answer) else { throw error(.repeated(key: choicesField, value: answer)) }
            }
        }
        guard right(item) != nil else { throw error(.notALabel(item.fields[labelField] ?? "", labels: accepted)) }
        for wording in wordings where wording.answer.filled(item.fields).isEmpty { throw error(.empty(key: "answer")) }
    }
}
