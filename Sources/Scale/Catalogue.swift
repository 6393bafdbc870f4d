/// Something with a number of parameters, or of what has been compared with them, and where that number is from.
package struct ScaleRow: Sendable, Equatable {
    package enum Kind: String, Sendable { case model, claim, brain, here }
    package let name: String, kind: Kind
    /// As published, rounded as it was.
    package let published: Double
    package let sizes: Sizes?
    /// Of its training; nil where nothing is published.
    package let tokens: Double?
    package let source: String
    package let remark: String

    package init(_ name: String, _ published: Double, _ sizes: Sizes? = nil, kind: Kind = .model, tokens: Double? = nil, source: String, remark: String = "") {
        (self.name, self.kind, self.published, self.sizes, self.tokens, self.source, self.remark) = (name, kind, published, sizes, tokens, source, remark)
    }

    /// Counted where the sizes are known, else as published.
    package var count: Double { sizes.map { Double($0.parts.total) } ?? published }

    private static func gpt2(_ name: String, _ published: Double, _ layers: Int, _ width: Int, _ heads: Int) -> ScaleRow {
        ScaleRow(name, published, Sizes(layers: layers, width: width, heads: heads, vocabulary: 50_257, context: 1024),
                 source: "Radford et al. 2019, table 2; the released weights")
    }

    private static func gpt3(_ name: String, _ published: Double, _ layers: Int, _ width: Int, _ heads: Int, remark: String = "") -> ScaleRow {
        ScaleRow(name, published, Sizes(layers: layers, width: width, heads: heads, vocabulary: 50_257, context: 2048), tokens: 300e9, source: "Brown et al. 2020, table 2.1", remark: remark)
    }

    package static let known: [ScaleRow] = {
        // No norm stands behind GPT-1's last layer.
        var first = Sizes(layers: 12, width: 768, heads: 12, vocabulary: 40_478, context: 512)
        first.outerNorms = 0
        // 16,384 words and 8,192 picture tokens; 256 and 1,024 of them.
        let painter = Sizes(layers: 64, width: 3968, heads: 62, vocabulary: 16_384 + 8192, context: 256 + 1024)
        return [
            ScaleRow("GPT-1", 117e6, first, source: "Radford et al. 2018, section 4.1; the released weights"),
            gpt2("GPT-2 small", 117e6, 12, 768, 12), gpt2("GPT-2 medium", 345e6, 24, 1024, 16),
            gpt2("GPT-2 large", 762e6, 36, 1280, 20), gpt2("GPT-2 XL", 1542e6, 48, 1600, 25),
            gpt3("GPT-3 Small", 125e6, 12, 768, 12), gpt3("GPT-3 Medium", 350e6, 24, 1024, 16), gpt3("GPT-3 Large", 760e6, 24, 1536, 16),
            gpt3("GPT-3 XL", 1.3e9, 24, 2048, 16, remark: "the table's 24 heads of 128 are wider than its 2,048; counted with 16"),
            gpt3("GPT-3 2.7B", 2.7e9, 32, 2560, 32), gpt3("GPT-3 6.7B", 6.7e9, 32, 4096, 32),
            gpt3("GPT-3 13B", 13e9, 40, 5120, 40, remark: "the table says 5,140, which 40 heads of 128 do not make; counted with 5,120"),
            gpt3("GPT-3 175B", 175e9, 96, 12_288, 96),
            ScaleRow("DALL·E", 12e9, painter, source: "Ramesh et al. 2021, sections 2.2 and A: 64 layers, 62 heads of 64"),
            ScaleRow("Codex", 12e9, source: "Chen et al. 2021, section 3.2: GPT models of up to 12B, trained on code"),
            ScaleRow("100 trillion", 100e12, kind: .claim, source: "Wired, 2021, quoting the head of Cerebras on GPT-4", remark: "claimed 2021, not confirmed"),
            ScaleRow("brain, neurons", 86e9, kind: .brain, source: "Azevedo et al. 2009",
                     remark: "no parameters: one took a network of 5 to 8 layers, about 1,000 artificial neurons, to imitate (Beniaguev et al. 2021)"),
            ScaleRow("brain, synapses", 100e12, kind: .brain, source: "the order of magnitude usually given, 10^14 to 10^15 (Drachman 2005: 0.15e15 in the cortex)",
                     remark: "no parameters: see the neurons"),
        ]
    }()
}
