import CKernels
import Glibc

/// What the machine can do at most with some threads, measured: what the pass is to be held against.
package struct Limits: Sendable {
    /// Reading memory once through. Unit: bytes a second.
    package let read: Double
    /// Multiplying 16-bit activations by 4-bit weights, from registers. Unit: products a second.
    package let multiply: Double

    package init(threads: Int, bytes: Int = 192 << 20) throws(ModelError) {
        let memory = try Floats(bytes / MemoryLayout<Float>.size, for: "the measurement of the memory"), team = Team(threads)
        let part = memory.count / team.lanes & ~63
        team.run { lane in memset(memory.base + lane * part, 1, part * MemoryLayout<Float>.size) }
        read = Self.fastest(of: 8, team) { lane in
            _ = tk_read(memory.base + lane * part, part * MemoryLayout<Float>.size)
            return Double(part * MemoryLayout<Float>.size)
        }
        multiply = Self.fastest(of: 8, team) { _ in tk_multiply(1_000_000) }
    }

    /// How much all lanes together do in a second, in the best of some tries: what disturbs only makes them slower.
    private static func fastest(of tries: Int, _ team: Team, _ work: (Int) -> Double) -> Double {
        let done = UnsafeMutableBufferPointer<Double>.allocate(capacity: team.lanes)
        defer { done.deallocate() }
        return (0..<tries).reduce(0) { best, _ in
            let start = now()
            team.run { lane in done[lane] = work(lane) }
            return max(best, done.reduce(0, +) / (now() - start))
        }
    }

    private static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
