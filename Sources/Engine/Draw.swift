import Tokenizer
import Transformer

extension Session {
    /// Draws a token after each of some positions of one family's sessions and measures it. Nil where the logits are not finite.
    /// The lanes share the rows: `choose` is called by several threads at once.
    static func drawn(_ rows: [(session: Session, position: Int)],
                      choose: (_ row: Int, _ logits: UnsafeBufferPointer<Float>) -> TokenID) throws(EngineError) -> [Step?] {
        guard let family = rows.first?.session else { return [] }
        let forward = family.forward, logits = family.logitRows.base, lanes = forward.team.lanes
        let found = UnsafeMutableBufferPointer<(id: TokenID, spread: Spread?, step: Step?)>.allocate(capacity: rows.count)
        found.initialize(repeating: (0, nil, nil))
        defer { found.deallocate() }
        for start in stride(from: 0, to: rows.count, by: measured) {
            let part = rows[start..<min(rows.count, start + measured)]
            let residuals = try residuals(part)
            func row(_ index: Int) -> UnsafeBufferPointer<Float> {
                UnsafeBufferPointer(start: logits + index * forward.logitStride, count: forward.shape.vocabulary)
            }
            forward.project(residuals, into: logits) { lane in
                // The two halves of a row's work go to two lanes, and change places from row to row.
                for item in stride(from: lane, to: 2 * part.count, by: lanes) {
                    let index = item / 2
                    if (item + index) % 2 == 0 {
                        found[start + index].id = choose(start + index, row(index))
                    } else {
                        found[start + index].spread = Spread(row(index))
                    }
                }
                forward.team.barrier()
                for index in stride(from: lane, to: part.count, by: lanes) {
                    let (id, spread, _) = found[start + index]
                    found[start + index].step = spread.flatMap { Step(id, in: row(index), $0) }
                }
            }
        }
        return found.map(\.step)
    }
}
