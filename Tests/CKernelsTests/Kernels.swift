import CKernels
import Testing

/// Every test of this target: one at a time, since the path in use is one for the process.
@Suite(.serialized) struct Kernels {}

/// A fixed stream of numbers (splitmix64).
struct Dice: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// Mostly small, some large: cubes of even draws. Shape: [count].
    mutating func floats(_ count: Int, scale: Float = 1) -> [Float] {
        (0..<count).map { _ in
            let u = Float.random(in: -1...1, using: &self)
            return scale * u * u * u
        }
    }
}

enum Path: Int32, CaseIterable {
    case portable, avx2, avx512

    /// The paths this CPU has.
    static var present: [Path] { allCases.filter { tk_use_path($0.rawValue) != 0 } }

    /// Runs body once on each path the CPU has.
    static func each(_ body: (Path) throws -> Void) rethrows {
        for path in present {
            _ = tk_use_path(path.rawValue)
            try body(path)
        }
    }
}

/// Whether two rows of floats are the same bits.
func same(_ a: [Float], _ b: [Float]) -> Bool { a.map(\.bitPattern) == b.map(\.bitPattern) }

/// Runs body on each path and expects the portable path's bits from all.
func expectTwins(_ what: @autoclosure () -> String, _ body: () -> [Float]) {
    var first: [Float] = []
    Path.each { path in
        let numbers = body()
        if path == .portable { first = numbers }
        #expect(same(first, numbers), "\(what()) on \(path)")
    }
}
