import Engine

extension Workload {
    /// Every head zeroed alone on a text of 200 tokens, and what that does to the likeliest next token.
    static let ablation = Workload("ablate 200", "s") { subject in
        let session = subject.session, ids = Array(subject.ids.prefix(200))
        var hash: String?
        let time = try subject.median {
            session.forget()
            let start = Clock.seconds
            _ = try session.sync(to: ids)
            let token = Distribution(logits: try session.logits(after: ids.count - 1)).top(1).first?.id ?? 0
            guard let found = try session.ablations(position: ids.count - 1, token: token, cancelled: { Interrupt.raised }) else { throw Failure.interrupted }
            let time = Clock.seconds - start
            hash = Subject.hash(found.flatMap { [Float($0.change), Float($0.divergence)] })
            return time
        }
        return (time, hash, nil)
    }
}
