/// A machine, or one of many alike.
package struct Hardware: Sendable, Equatable {
    package let name: String, source: String
    /// Units: bytes; bytes a second.
    package let memory: Double, bandwidth: Double
    /// Of matrices in 16 bits, dense; nil where nothing is published. Unit: FLOPs a second.
    package let arithmetic: Double?

    package init(name: String, memory: Double, bandwidth: Double, arithmetic: Double?, source: String) {
        (self.name, self.memory, self.bandwidth, self.arithmetic, self.source) = (name, memory, bandwidth, arithmetic, source)
    }

    package static let known = [
        Hardware(name: "A100", memory: 80e9, bandwidth: 2.039e12, arithmetic: 312e12, source: "NVIDIA's A100 80 GB SXM data sheet, bfloat16 dense"),
        Hardware(name: "H100", memory: 80e9, bandwidth: 3.35e12, arithmetic: 989e12, source: "NVIDIA's H100 SXM data sheet, bfloat16 dense"),
        Hardware(name: "WSE-2", memory: 40e9, bandwidth: 20e15, arithmetic: nil,
                 source: "Cerebras' WSE-2 data sheet: 850,000 cores, 2.6 trillion transistors, 40 GB SRAM, 20 PB/s; its arithmetic is not in it"),
    ]

    /// What a model costs on it.
    package struct Bill: Sendable, Equatable {
        /// So many hold the weights and the cache.
        package let devices: Int
        /// Of one token, all weights read once, by all devices together. Unit: seconds.
        package let byBandwidth: Double
        /// Of one token's arithmetic. Unit: seconds.
        package let byArithmetic: Double?
        /// With the share of the arithmetic that training reaches, by as many devices as hold the model. Unit: days.
        package let training: Double?
    }

    /// Of the arithmetic, what training reaches. Source: Chowdhery et al. 2022, table 3: 46 % for PaLM, 21 % for GPT-3.
    package static let utilisation = 0.4

    package func bill(bytes: Double, tokenFLOPs: Double, trainingFLOPs: Double) -> Bill {
        let devices = max(1, Int((bytes / memory).rounded(.up))), all = Double(devices)
        return Bill(devices: devices, byBandwidth: bytes / (bandwidth * all), byArithmetic: arithmetic.map { tokenFLOPs / ($0 * all) },
                    training: arithmetic.map { trainingFLOPs / ($0 * all * Self.utilisation) / 86_400 })
    }
}
