import Testing

import Laboratory

@Suite struct FewShotTests {
    private let many = (0..<40).map { #"{"thing": "t\#($0)", "colour": "red"}"# + "\n" }.joined()

    private func fewShot() throws -> FewShot { FewShot(try Sample.experiment(pool: many)) }

    private func text(_ prompt: Prompt) -> String { if case .text(let bytes) = prompt { String(decoding: bytes, as: UTF8.self) } else { "" } }

    @Test("A prompt is the instruction, the shots of the draw, the query")
    func prompt() throws {
        let fewShot = try fewShot()
        let item = fewShot.experiment.test[1]
        #expect(text(fewShot.prompt(item, shots: fewShot.shots(for: item, in: fewShot.draw(Cell(shots: 0, seed: 0, order: 0))), template: 0))
            == "Name the colour.\n\ngrass is")
        let draw = fewShot.draw(Cell(shots: 2, seed: 1, order: 0))
        let shots = fewShot.shots(for: item, in: draw)
        #expect(text(fewShot.prompt(item, shots: fewShot.shots(for: item, in: draw), template: 0))
            == "Name the colour.\n\nt\(shots[0]) is red\nt\(shots[1]) is red\ngrass is")
    }

    @Test("The same seed draws the same distinct shots, another seed others, each about equally often")
    func draws() throws {
        let fewShot = try fewShot()
        let item = fewShot.experiment.test[1]
        var counts = [Int](repeating: 0, count: 40)
        var seen: Set<[Int]> = []
        for seed in 0..<2000 {
            let cell = Cell(shots: 4, seed: seed, order: 0)
            let shots = fewShot.shots(for: item, in: fewShot.draw(cell))
            #expect(shots == fewShot.shots(for: item, in: fewShot.draw(cell)))
            #expect(Set(shots).count == 4)
            seen.insert(shots)
            for shot in shots { counts[shot] += 1 }
        }
        #expect(seen.count > 1990)
        let square = counts.reduce(0.0) { $0 + (Double($1) - 200) * (Double($1) - 200) / 200 }
        #expect(square < 72.1)  // 39 degrees of freedom, p = 0.001
    }

    @Test("What a seed draws is fixed for all time")
    func fixed() throws {
        // Witness: splitmix64 in Python (Fixtures/draw.py).
        let fewShot = try fewShot()
        #expect(fewShot.draw(Cell(shots: 4, seed: 0, order: 0)).pool.prefix(4) == [31, 39, 29, 32])
        #expect(fewShot.draw(Cell(shots: 4, seed: 3, order: 0)).pool.prefix(4) == [33, 15, 31, 18])
    }

    @Test("Orders permute the same shots, and differ while there are permutations")
    func orders() throws {
        let fewShot = try fewShot()
        let item = fewShot.experiment.test[1]
        let drawn = (0..<6).map { fewShot.shots(for: item, in: fewShot.draw(Cell(shots: 3, seed: 5, order: $0))) }
        #expect(Set(drawn).count == 6)
        #expect(Set(drawn.map { $0.sorted() }).count == 1)
        #expect(fewShot.draw(Cell(shots: 2, seed: 5, order: 999)).places.sorted() == [0, 1])
    }

    @Test("An item is never a shot of its own, and the other shots stay where they were")
    func own() throws {
        let fewShot = FewShot(try Sample.experiment())
        let (own, other) = (fewShot.experiment.test[0], fewShot.experiment.test[1])
        var replaced = 0
        for seed in 0..<100 {
            for order in 0..<2 {
                let draw = fewShot.draw(Cell(shots: 3, seed: seed, order: order))
                let (mine, theirs) = (fewShot.shots(for: own, in: draw), fewShot.shots(for: other, in: draw))
                #expect(mine.count == 3 && Set(mine).count == 3 && !mine.contains(2))
                if theirs.contains(2) { replaced += 1 } else { #expect(mine == theirs) }
            }
        }
        #expect(replaced > 40)
    }
}
