/// e to the x in double precision, the same bits on every machine: sampling must not hang on a C library's rounding.
/// Source: x = k ln 2 + r with |r| <= ln 2 / 2, then Taylor's series in r (the rest is below 2^-53).
@inline(__always)
package func exponential(_ x: Double) -> Double {
    let shifter = 6755399441055744.0  // 1.5 * 2^52: adding it rounds to an integer, kept in the low bits
    let low = -708.0
    let inside = x < low ? low : (x > 709 ? 709 : x)
    let shifted = inside * 1.4426950408889634 + shifter
    let k = shifted - shifter
    let r = (inside - k * 0.6931471803691238) - k * 1.9082149292705877e-10
    var p = 1.0 / 6_227_020_800
    p = p * r + 1.0 / 479_001_600
    p = p * r + 1.0 / 39_916_800
    p = p * r + 1.0 / 3_628_800
    p = p * r + 1.0 / 362_880
    p = p * r + 1.0 / 40_320
    p = p * r + 1.0 / 5_040
    p = p * r + 1.0 / 720
    p = p * r + 1.0 / 120
    p = p * r + 1.0 / 24
    p = p * r + 1.0 / 6
    p = p * r + 0.5
    p = p * r + 1
    p = p * r + 1
    let scale = Double(bitPattern: (shifted.bitPattern &+ 1023) &<< 52)
    let result = p * scale
    return x < low ? 0 : (x > 709 ? .infinity : (x == x ? result : x))
}

/// e to each of the values, in place: the same bits as `exponential`, in a loop that compilers turn into vectors.
package func exponentiate(_ values: inout [Double]) {
    values.withUnsafeMutableBufferPointer { values in
        for index in values.indices { values[index] = exponential(values[index]) }
    }
}

/// The natural logarithm in double precision, the same bits on every machine.
/// Source: x = 2^k m with m in [sqrt 1/2, sqrt 2), then 2 atanh((m - 1) / (m + 1)).
package func logarithm(_ x: Double) -> Double {
    guard x > 0 else { return x == 0 ? -.infinity : .nan }
    guard x < .infinity else { return x }
    var m = x.significand
    var k = Double(x.exponent)
    if m > 1.4142135623730951 {
        m /= 2
        k += 1
    }
    let s = (m - 1) / (m + 1)
    let square = s * s
    var sum = 0.0
    for n in stride(from: 23, through: 3, by: -2) { sum = (sum + 1 / Double(n)) * square }
    return k * 0.6931471803691238 + (2 * s * (sum + 1) + k * 1.9082149292705877e-10)
}
