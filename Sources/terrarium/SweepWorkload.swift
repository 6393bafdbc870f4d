import Engine
import Laboratory

extension Workload {
    /// A whole few-shot sweep: 6 numbers of shots, 5 seeds, 50 items of 2 answers by all five rules, at up to 1,000 tokens of context.
    static let sweep = Workload("sweep", "s") { subject in
        let experiment = sweepExperiment(), session = subject.session
        var hash: String?
        let time = try subject.median {
            session.forget()
            var sweep = Sweep(experiment)
            let start = Clock.seconds
            do { try sweep.run(session.scorer(cancelled: { Interrupt.raised })) } catch is CancellationError { throw Failure.interrupted }
            let time = Clock.seconds - start
            hash = Subject.hash(sweep.results.flatMap { $0.items.flatMap { $0.answers.flatMap(\.logprobs) } })
            return time
        }
        return (time, hash, nil)
    }

    /// Texts of about 55 tokens with the prompt's own words, drawn from the prose: 16 shots and a query are about 1,000.
    private static func sweepExperiment() -> Experiment {
        let words = Subject.text.split(separator: " ").map(String.init), labels = ["calm", "rough"]
        var random = SeededRandom(words: [4])
        func items(_ count: Int) -> [Experiment.Item] {
            (0..<count).map { index in
                let text = (0..<42).map { _ in words[random.below(words.count)] }.joined(separator: " ")
                return Experiment.Item(fields: ["text": text, "label": labels[index % 2]], line: index + 1)
            }
        }
        let wording = Experiment.Wording(
            name: "", instruction: "", example: Template("Log: {{text}}\nSea: {{label}}\n\n"), query: Template("Log: {{text}}\nSea:"),
            answer: Template(" {{label}}"), verbalisers: labels, answerContext: "Sea:")
        var experiment = Experiment(path: "sweep", title: "Sweep", labelField: "label", wordings: [wording], pool: items(40), test: items(50))
        (experiment.labels, experiment.contentFree) = (labels, ["N/A", "", "[MASK]"])
        (experiment.shots, experiment.seeds) = ([0, 1, 2, 4, 8, 16].map { .count($0) }, 5)
        return experiment
    }
}
