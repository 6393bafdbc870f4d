/// How often each class was taken for each.
package struct Confusion: Sendable, Equatable {
    /// Rows are right answers, columns what was predicted. Shape: [classes][classes]
    package let counts: [[Int]]

    /// Items with an answer or a guess outside the classes do not count.
    package init(classes: Int, answers: [Int], guesses: [Int]) {
        let classes = max(0, classes)
        var counts = Array(repeating: Array(repeating: 0, count: classes), count: classes)
        for (answer, guess) in zip(answers, guesses) where (0..<classes).contains(answer) && (0..<classes).contains(guess) {
            counts[answer][guess] += 1
        }
        self.counts = counts
    }

    package var items: Int { counts.joined().reduce(0, +) }
    /// nil without items.
    package var accuracy: Double? { Self.share(counts.indices.reduce(0) { $0 + counts[$1][$1] }, of: items) }

    /// Share of right ones among those predicted as the class; nil where it was never predicted.
    package func precision(_ index: Int) -> Double? { right(index).flatMap { Self.share($0, of: predicted(index)) } }

    /// Share of the class's items that were found; nil where there is none.
    package func recall(_ index: Int) -> Double? { right(index).flatMap { Self.share($0, of: actual(index)) } }

    /// Harmonic mean of precision and recall, 0 where one of them is 0; nil where the class was neither there nor predicted.
    package func f1(_ index: Int) -> Double? { right(index).flatMap { Self.share(2 * $0, of: predicted(index) + actual(index)) } }

    private func right(_ index: Int) -> Int? { counts.indices.contains(index) ? counts[index][index] : nil }
    private func predicted(_ index: Int) -> Int { counts.reduce(0) { $0 + $1[index] } }
    private func actual(_ index: Int) -> Int { counts[index].reduce(0, +) }
    private static func share(_ part: Int, of whole: Int) -> Double? { whole > 0 ? Double(part) / Double(whole) : nil }
}
