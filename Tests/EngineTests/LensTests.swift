import Engine
import Testing
import Transformer

extension Passes {
    @Suite("The lens") struct LensTests {
        static let shape = TinyModel(type: .q4_1, headType: .q8_0, layers: 3)

        @Test("The last stage is the model's own prediction, the token's rank and logprob are those of the whole distribution")
        func last() throws {
            let ids = Self.shape.ids(40), session = try Session(Self.shape.model(), threads: 2)
            _ = try session.sync(to: ids)
            let own = Distribution(logits: try session.logits(after: 30))
            for halves in [false, true] {
                let column = try #require(try session.lens(position: 30, token: 9, top: 5, halves: halves))
                #expect(column.cells.map(\.stage) == LensStage.all(layers: 3, halves: halves) && column.cells.count == (halves ? 7 : 4))
                let last = try #require(column.cells.last)
                #expect(last.top.map(\.id) == own.top(5).map(\.id) && last.top.map(\.logprob) == own.top(5).map(\.logprob))
                #expect(last.entropy == own.entropy && last.divergence == 0)
                #expect(last.rank == own.rank(of: 9) && last.logprob == own.logprob(of: 9))
                #expect(column.cells.dropLast().allSatisfy { $0.divergence > 0 })
            }
            #expect(try session.lens(position: 30, token: nil, top: 1, halves: false)?.token == own.top(1).first?.id)
            #expect(try session.lens(position: 40, token: 9, top: 1, halves: false) == nil)
            #expect(throws: EngineError.self) { try session.lens(position: 3, token: 100_000, top: 1, halves: false) }
        }

        @Test("Looking between attention and MLP leaves the other stages and every later number as they were")
        func halves() throws {
            let ids = Self.shape.ids(40), model = try Self.shape.model(), session = try Session(model, threads: 2)
            _ = try session.sync(to: ids)
            let ends = try #require(try session.lens(position: 20, token: 9, top: 3, halves: false))
            let both = try #require(try session.lens(position: 20, token: 9, top: 3, halves: true))
            #expect(both.cells.filter { !$0.stage.isHalf } == ends.cells)
            #expect(try Numbers(session).differences(from: Numbers.fresh(model, ids)).isEmpty)
        }

        @Test("With a layer's MLP zeroed, the stream after its attention is the stream after the layer")
        func edited() throws {
            let ids = Self.shape.ids(20), session = try Session(Self.shape.model(), threads: 2)
            _ = try session.sync(to: ids)
            let edited = try #require(try session.fork(edits: [Edit(.mlpOut, layer: 1, .zero)]))
            let cells = try #require(try edited.lens(position: 10, token: 9, top: 3, halves: true)).cells
            let (middle, end) = (cells.first { $0.stage == LensStage(layer: 1, isHalf: true) }, cells.first { $0.stage == LensStage(layer: 1, isHalf: false) })
            #expect(middle?.top == end?.top && middle?.entropy == end?.entropy && middle?.rank == end?.rank)
        }
    }
}
