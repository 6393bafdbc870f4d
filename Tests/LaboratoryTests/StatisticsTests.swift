import Testing

import Laboratory

@Suite struct StatisticsTests {
    private let reference: StatisticsReference

    init() throws { reference = try StatisticsReference.load() }

    @Test("Wilson intervals are those of scipy, and hold the share where all or none are right")
    func wilson() throws {
        #expect(reference.wilson.count == 15)
        for item in reference.wilson {
            let found = try #require(Statistics.wilson(item.hits, of: item.count))
            #expect(near(found.low, item.low) && near(found.high, item.high), "\(item.hits) of \(item.count)")
            let share = Double(item.hits) / Double(item.count)
            #expect(found.low <= share && share <= found.high && found.low >= 0 && found.high <= 1)
        }
        for (hits, count) in [(0, 0), (1, 0), (-1, 4), (5, 4)] { #expect(Statistics.wilson(hits, of: count) == nil) }
    }

    @Test("Mean and sample deviation are numpy's; of too few values there are none")
    func moments() {
        for item in reference.moments {
            #expect(near(Statistics.mean(item.values), item.mean) && near(Statistics.deviation(item.values), item.deviation))
        }
        #expect(Statistics.mean([]) == nil && Statistics.deviation([]) == nil && Statistics.deviation([0.5]) == nil)
        #expect(Statistics.deviation([0.5, 0.5, 0.5]) == 0)
    }

    @Test("The spread over seeds, orders and templates is that of the means over the others, whatever order the cells come in")
    func spread() throws {
        for item in reference.spread {
            var cells: [Spread.Cell] = []
            for (seed, orders) in item.accuracies.enumerated() {
                for (order, templates) in orders.enumerated() {
                    for (template, accuracy) in templates.enumerated() {
                        cells.append(Spread.Cell(seed: seed, order: order, template: template, accuracy: accuracy))
                    }
                }
            }
            for cells in [cells, cells.reversed()] {
                let found = try #require(Spread(cells))
                #expect(found.range == Interval(low: item.low, high: item.high))
                for (axis, expected) in [(found.seeds, item.seeds), (found.orders, item.orders), (found.templates, item.templates)] {
                    #expect(near(axis?.deviation, expected?.deviation) && near(axis?.range.low, expected?.low))
                    #expect(near(axis?.range.high, expected?.high) && axis?.means.count == expected?.means.count)
                    for (mean, other) in zip(axis?.means ?? [], expected?.means ?? []) { #expect(near(mean, other)) }
                }
            }
        }
        #expect(Spread([]) == nil)
    }

    @Test("McNemar's counts, exact p and corrected chi-square are those of statsmodels")
    func mcnemar() throws {
        for item in reference.mcnemar {
            let found = try #require(McNemar(StatisticsReference.bits(item.a), StatisticsReference.bits(item.b)))
            #expect((found.onlyA, found.onlyB) == (item.onlyA, item.onlyB))
            #expect(near(found.chiSquare, item.chiSquare))
            // Relative: a p can be very small.
            #expect(near(found.exactP / item.exactP, 1, 1e-9) && near(found.chiSquareP / item.chiSquareP, 1, 1e-9))
        }
    }

    @Test("Conditions that differ equally often both ways, or never, show no difference")
    func mcnemarTies() throws {
        for (a, b) in [("1", "1"), ("10", "01"), ("1100", "0011"), ("0000", "0000")] {
            let found = try #require(McNemar(StatisticsReference.bits(a), StatisticsReference.bits(b)))
            #expect((found.exactP, found.chiSquare, found.chiSquareP) == (1, 0, 1))
        }
        #expect(McNemar([], []) == nil && McNemar([true], []) == nil)
        let many = try #require(McNemar(Array(repeating: true, count: 5000), Array(repeating: false, count: 5000)))
        #expect(many.exactP >= 0 && many.exactP < 1e-300 && many.chiSquareP.isFinite)
    }

    @Test("The paired bootstrap is its twin in numpy to the last draw, and near the interval of scipy's")
    func bootstrap() throws {
        for item in reference.bootstrap {
            let (a, b) = (item.a.map(StatisticsReference.bits), item.b.map(StatisticsReference.bits))
            let found = try #require(PairedBootstrap(a, b, seed: item.seed))
            #expect(near(found.difference, item.difference) && near(found.p, item.p) && found.resamples == 10_000)
            #expect(near(found.interval.low, item.low) && near(found.interval.high, item.high))
            #expect(near(found.interval.low, item.scipyLow, 0.02) && near(found.interval.high, item.scipyHigh, 0.02))
            let other = try #require(PairedBootstrap(b, a, seed: item.seed))
            #expect(near(other.difference, -found.difference) && near(other.p, found.p) && near(other.interval.low, -found.interval.high))
        }
    }

    @Test("Cells of an item are drawn together: copies of every cell change nothing, and items without cells neither")
    func clusters() throws {
        let a = (0..<30).map { $0 % 3 == 0 }, b = (0..<30).map { $0 % 4 != 0 }
        let once = try #require(PairedBootstrap(a, b))
        #expect(PairedBootstrap(a.map { [$0, $0, $0, $0] }, b.map { [$0, $0, $0, $0] }) == once)
        #expect(PairedBootstrap(a.map { [$0] } + [[]], b.map { [$0] } + [[]]) == once)
        #expect(PairedBootstrap(a, b, seed: 1) != once)
    }

    @Test("A bootstrap of nothing is nil, of conditions that never differ says so")
    func noBootstrap() throws {
        #expect(PairedBootstrap([Bool](), []) == nil && PairedBootstrap([[]], [[]]) == nil && PairedBootstrap([true], [true, false]) == nil)
        #expect(PairedBootstrap([[true, false]], [[true]]) == nil && PairedBootstrap([true], [true], resamples: 0) == nil)
        let same = try #require(PairedBootstrap([true, false, true], [true, false, true], resamples: 100))
        #expect((same.difference, same.p, same.interval) == (0, 1, Interval(low: 0, high: 0)))
        let one = try #require(PairedBootstrap([false], [true], resamples: 99))
        #expect((one.difference, one.p, one.interval) == (1, 0.02, Interval(low: 1, high: 1)))
    }

    @Test("Probabilities, Brier score, calibration error and its bins are those of scipy and scikit-learn")
    func calibration() throws {
        for item in reference.calibration {
            for (scores, expected) in zip(item.scores, item.probabilities) {
                let found = try #require(Statistics.softmax(scores))
                for (p, other) in zip(found, expected) { #expect(near(p, other, 1e-14)) }
            }
            let found = try #require(Calibration(item.probabilities, answers: item.answers))
            #expect(found.items == item.answers.count && near(found.brier, item.brier) && near(found.ece, item.ece))
            #expect(found.bins.map(\.count) == item.counts)
            let full = found.bins.filter { $0.count > 0 }
            #expect(full.count == item.confidence.count && found.bins.allSatisfy { ($0.count == 0) == ($0.accuracy == nil) })
            for (bin, expected) in zip(full, zip(item.confidence, item.accuracy)) {
                #expect(near(bin.confidence, expected.0) && near(bin.accuracy, expected.1))
            }
        }
    }

    @Test("What is not a probability or has no right answer does not count; a bin's upper edge belongs to it")
    func calibrationEdges() throws {
        #expect(Calibration([], answers: []) == nil && Calibration([[0.5, 0.5]], answers: [-1]) == nil)
        #expect(Calibration([[.nan, 0.5]], answers: [0]) == nil && Calibration([[]], answers: [0]) == nil)
        let found = try #require(Calibration([[0.3, 0.7], [1, 0], [0, 0], [0.5, 0.5], [.nan, 1]], answers: [1, 1, 0, 1, 1]))
        #expect(found.items == 4 && found.bins.map(\.count) == [1, 0, 0, 0, 1, 0, 1, 0, 0, 1])
        #expect(found.bins[4].accuracy == 0)  // of a tie the first is chosen
        #expect(near(found.brier, (0.18 + 2 + 1 + 0.5) / 4))
        #expect(Statistics.softmax([]) == nil && Statistics.softmax([-.infinity, .nan]) == nil)
        #expect(Statistics.softmax([-.infinity, -900, .nan]) == [0, 1, 0])
    }

    @Test("Confusion matrix, precision, recall, F1 and the majority line are those of scikit-learn")
    func confusion() {
        for item in reference.confusion {
            let found = Confusion(classes: item.classes, answers: item.answers, guesses: item.guesses)
            #expect(found.counts == item.counts && found.items == item.answers.count && near(found.accuracy, item.accuracy))
            for index in 0..<item.classes {
                #expect(near(found.precision(index), item.precision[index]) && near(found.recall(index), item.recall[index]))
                #expect(near(found.f1(index), item.f1[index]))
            }
            #expect(near(Statistics.majority(answers: item.answers), item.majority))
        }
    }

    @Test("Nothing to confuse has no accuracy, and what lies outside the classes does not count")
    func noConfusion() {
        let empty = Confusion(classes: 0, answers: [], guesses: [])
        #expect(empty.counts.isEmpty && empty.accuracy == nil && empty.precision(0) == nil && empty.recall(-1) == nil && empty.f1(3) == nil)
        let found = Confusion(classes: 2, answers: [0, -1, 1, 5], guesses: [1, 0, 2, 1])
        #expect(found.counts == [[0, 1], [0, 0]] && found.accuracy == 0 && found.f1(0) == 0)
        #expect(Statistics.majority(answers: []) == nil && Statistics.chance(options: []) == nil && Statistics.chance(options: [0]) == nil)
        #expect(Statistics.chance(options: [2, 4, 4]) == 1.0 / 3)
    }

    @Test("Recency and majority-label bias are what Python counts; ties and items without shots do not count")
    func biases() {
        for item in reference.biases {
            let recency = ShotBias.recency(guesses: item.guesses, answers: item.answers, shots: item.shots)
            let majority = ShotBias.majority(guesses: item.guesses, answers: item.answers, shots: item.shots)
            for (found, expected) in [(recency, item.recency), (majority, item.majority)] {
                #expect(found?.items == expected?.items && near(found?.bias, expected?.bias))
                #expect(near(found?.guessed, expected?.guessed) && near(found?.right, expected?.right))
            }
        }
        #expect(reference.biases.contains { $0.majority.map { bias in bias.items < 40 } ?? false })
        #expect(ShotBias.recency(guesses: [], answers: [], shots: []) == nil)
        #expect(ShotBias.majority(guesses: [0, 0], answers: [0, 1], shots: [[0, 1], []]) == nil)
        // A model that always repeats the last label.
        #expect(ShotBias.recency(guesses: [0, 1, 0, 1], answers: [0, 0, 1, 1], shots: [[1, 0], [0, 1], [1, 0], [0, 1]])?.bias == 0.5)
    }
}
