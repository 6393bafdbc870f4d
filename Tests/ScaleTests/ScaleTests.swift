import Scale
import Testing

@Suite("What follows from a model's sizes") struct ScaleTests {
    private func row(_ name: String) throws -> ScaleRow { try #require(ScaleRow.known.first { $0.name == name }) }
    private func parts(_ name: String) throws -> Sizes.Parts { try #require(try row(name).sizes).parts }

    /// The default model's sizes, as its file says them.
    static let small: Sizes = {
        var sizes = Sizes(layers: 30, width: 576, heads: 9, vocabulary: 49_152, context: 8192)
        (sizes.kvHeads, sizes.hidden, sizes.isGated, sizes.hasBiases, sizes.normVectors, sizes.learnsPositions) = (3, 1536, true, false, 1, false)
        return sizes
    }()

    /// Counts of the weights that were released: GPT-2's in its repository and in transformers' checkpoints, SmolLM2's in its GGUF.
    @Test("parameters are counted exactly") func parameters() throws {
        #expect(Self.small.parts.total == 134_515_008)
        #expect(try parts("GPT-2 small").total == 124_439_808)
        #expect(try parts("GPT-2 medium").total == 354_823_168)
        #expect(try parts("GPT-2 large").total == 774_030_080)
        #expect(try parts("GPT-2 XL").total == 1_557_611_200)
        #expect(try parts("GPT-1").total == 116_534_784)
        let gpt3 = Double(try parts("GPT-3 175B").total)
        #expect(abs(gpt3 / 175e9 - 1) < 0.003)
    }

    /// Brown et al. 2020, table 2.1 rounds to two or three digits; its two odd rows are told apart by their remarks.
    @Test("GPT-3's eight sizes and DALL·E come out as they were published, as far as they were rounded") func published() throws {
        for row in ScaleRow.known where row.sizes != nil && row.name.hasPrefix("GPT-3") || row.name == "DALL·E" {
            #expect(abs(row.count / row.published - 1) < 0.03, "\(row.name) \(row.count)")
        }
    }

    /// Brown et al. 2020, table D.1: 3.14E+23 for 174.6B parameters and 300B tokens.
    @Test("GPT-3's training takes 3.14e23 operations by the rule of thumb, and attention a little more") func training() throws {
        let sizes = try #require(try row("GPT-3 175B").sizes), count = Double(sizes.parts.total)
        let thumb = Sizes.trainingFLOPs(parameters: count, tokens: 300e9), exact = sizes.trainingFLOPs(tokens: 300e9)
        #expect(abs(thumb / 3.14e23 - 1) < 0.01)
        #expect(exact > thumb && exact < 1.05 * thumb)
    }

    /// Hoffmann et al. 2022, table 4 compares by this law; 1.936 is what its constants give for 70B and 1.4T.
    @Test("Chinchilla's loss is as its law gives it, and its tokens twenty a parameter") func chinchilla() {
        #expect(abs(Law.hoffmann(parameters: 70e9, tokens: 1.4e12) - 1.936) < 0.001)
        #expect(Law.chinchillaTokens(parameters: 70e9) == 1.4e12)
        // Less of either is worse.
        #expect(Law.hoffmann(parameters: 35e9, tokens: 1.4e12) > Law.hoffmann(parameters: 70e9, tokens: 1.4e12))
        #expect(Law.hoffmann(parameters: 70e9, tokens: 0.7e12) > Law.hoffmann(parameters: 70e9, tokens: 1.4e12))
    }

    /// Kaplan et al. 2020, figure 1 and section 3: models of 1.5e9 parameters come to about 2.3 nats.
    @Test("Kaplan's laws meet where text is without end") func kaplan() {
        #expect(abs(Law.kaplan(parameters: 8.8e13) - 1) < 1e-12)
        #expect(abs(Law.kaplan(parameters: 1.5e9) - 2.305) < 0.01)
        let endless = Law.kaplan(parameters: 1.5e9, tokens: 1e30)
        #expect(abs(endless - Law.kaplan(parameters: 1.5e9)) < 0.06)
        #expect(Law.kaplan(parameters: 1.5e9, tokens: 1e9) > endless)
    }

    @Test("operations and the cache follow from the sizes") func costs() {
        let sizes = Self.small
        // Two for each weight of a matrix: of all but the norms, the embedding once, as the head.
        #expect(sizes.forwardFLOPs(position: 0) == 2 * Double(sizes.parts.total - sizes.parts.norms) + 4 * 30 * 576)
        #expect(sizes.forwardFLOPs(position: 99) - sizes.forwardFLOPs(position: 0) == 4 * 30 * 576 * 99)
        #expect(sizes.cacheBytes(tokens: 1) == 2 * 30 * 192 * 2)
    }

    @Test("a model that is multiplied has about so many times the parameters, in whole heads") func multiplied() {
        for factor in [10.0, 500, 743_000] {
            let next = Self.small.multiplied(by: factor), core = Double(next.parts.withoutEmbedding) / Double(Self.small.parts.withoutEmbedding)
            #expect(abs(core / factor - 1) < 0.02, "\(factor): \(core)")
            #expect(next.width == next.heads * next.headWidth && next.heads % next.kvHeads == 0 && next.heads / next.kvHeads == 3)
        }
        #expect(Self.small.multiplied(by: 1) == Self.small)
    }

    @Test("time is bound by reading the weights or by arithmetic, on as many devices as hold them") func hardware() throws {
        let h100 = try #require(Hardware.known.first { $0.name == "H100" }), wafer = try #require(Hardware.known.first { $0.name == "WSE-2" })
        let bill = h100.bill(bytes: 350e9, tokenFLOPs: 349e9, trainingFLOPs: 3.14e23)
        #expect(bill.devices == 5 && abs(bill.byBandwidth - 350e9 / (5 * 3.35e12)) < 1e-9)
        #expect(bill.byArithmetic.map { $0 < bill.byBandwidth } == true && bill.training.map { $0 > 1000 } == true)
        #expect(wafer.bill(bytes: 350e9, tokenFLOPs: 349e9, trainingFLOPs: 3.14e23).devices == 9)
        #expect(wafer.bill(bytes: 350e9, tokenFLOPs: 349e9, trainingFLOPs: 3.14e23).byArithmetic == nil)
    }
}
