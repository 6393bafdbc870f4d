import CKernels
import Glibc
import Testing

extension Kernels {
    @Suite struct Numbers {
        @Test("exp is within 2 ulp of the double's, from end to end")
        func exponential() {
            Path.each { path in
                var worst = 0.0
                for i in stride(from: -87.29, through: 88.72, by: path == .portable ? 0.003 : 0.0007) {
                    let x = Float(i), exact = exp(Double(x)), got = tk_exp(x)
                    worst = max(worst, abs(Double(got) - exact) / Double(Float(exact).ulp))
                }
                #expect(worst < 2, "\(path)")
                #expect(tk_exp(0) == 1 && tk_exp(-88) == 0 && tk_exp(-.infinity) == 0 && tk_exp(-1e30) == 0)
                #expect(tk_exp(89) == .infinity && tk_exp(.infinity) == .infinity && tk_exp(1e30) == .infinity)
                #expect(tk_exp(.nan).isNaN)
            }
        }

        @Test("elementwise work has the same bits on every path", arguments: [1, 15, 16, 17, 64, 577])
        func twins(n: Int) {
            var dice = Dice(state: UInt64(n))
            let a = dice.floats(n, scale: 100), b = dice.floats(n), w = dice.floats(n)
            var out = [Float](repeating: 0, count: n)
            expectTwins("exp") { a.map { tk_exp($0) } }
            expectTwins("silu") {
                tk_silu_mul(a, b, n, &out)
                return out
            }
            expectTwins("gelu") {
                tk_gelu_mul(a, b, n, &out)
                return out
            }
            expectTwins("norm of mean and variance") {
                tk_layernorm(a, w, b, n, 1e-5, &out)
                return out
            }
            expectTwins("norm") {
                tk_rmsnorm(a, w, n, 1e-5, &out)
                return out
            }
            expectTwins("norm without weights") {
                tk_rmsnorm(a, nil, n, 1e-5, &out)
                return out
            }
            expectTwins("add") {
                out = a
                tk_add(&out, b, n)
                return out
            }
            #expect(same(out, zip(a, b).map(+)))
            expectTwins("log sum and entropy") {
                var max: Float = 0, sum = 0.0, entropy = 0.0
                tk_log_sum(a, n, &max, &sum)
                tk_entropy(a, n, max, sum, &entropy)
                let parts = [sum.bitPattern, entropy.bitPattern].flatMap { [UInt32($0 >> 32), UInt32(truncatingIfNeeded: $0)] }
                return [max] + parts.map { Float(bitPattern: $0) }
            }
        }

        @Test("silu and norm are what their formulas say")
        func formulas() {
            var dice = Dice(state: 31)
            let n = 100, x = dice.floats(n, scale: 5), w = dice.floats(n)
            var out = [Float](repeating: 0, count: n)
            Path.each { _ in
                tk_silu_mul(x, w, n, &out)
                for i in 0..<n {
                    let exact = Double(x[i]) / (1 + exp(-Double(x[i]))) * Double(w[i])
                    #expect(abs(Double(out[i]) - exact) <= 1e-6 * abs(exact))
                }
                tk_rmsnorm(x, w, n, 1e-5, &out)
                let mean = x.map { Double($0) * Double($0) }.reduce(0, +) / Double(n)
                for i in 0..<n {
                    let exact = Double(x[i]) / (mean + 1e-5).squareRoot() * Double(w[i])
                    #expect(abs(Double(out[i]) - exact) <= 1e-6 * abs(exact))
                }
            }
        }

        @Test("gelu and the norm of mean and variance are what their formulas say; without a factor or a bias it is left out")
        func otherFormulas() {
            var dice = Dice(state: 37)
            let n = 100, x = dice.floats(n, scale: 5), w = dice.floats(n), b = dice.floats(n)
            var out = [Float](repeating: 0, count: n)
            func gelu(_ x: Float) -> Double {
                let x = Double(x)
                return 0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
            }
            let mean = x.map(Double.init).reduce(0, +) / Double(n)
            let variance = x.map { (Double($0) - mean) * (Double($0) - mean) }.reduce(0, +) / Double(n)
            Path.each { _ in
                tk_gelu_mul(x, w, n, &out)
                for i in 0..<n { #expect(abs(Double(out[i]) - gelu(x[i]) * Double(w[i])) <= 3e-6 * max(1e-3, abs(gelu(x[i]) * Double(w[i])))) }
                tk_gelu_mul(x, nil, n, &out)
                for i in 0..<n { #expect(abs(Double(out[i]) - gelu(x[i])) <= 3e-6 * max(1e-3, abs(gelu(x[i])))) }
                tk_layernorm(x, w, b, n, 1e-5, &out)
                for i in 0..<n {
                    let exact = (Double(x[i]) - mean) / (variance + 1e-5).squareRoot() * Double(w[i]) + Double(b[i])
                    #expect(abs(Double(out[i]) - exact) <= 3e-6)
                }
                tk_layernorm(x, w, nil, n, 1e-5, &out)
                for i in 0..<n { #expect(abs(Double(out[i]) - (Double(x[i]) - mean) / (variance + 1e-5).squareRoot() * Double(w[i])) <= 3e-6) }
            }
        }

        @Test("the sum of squares goes by 16 lanes and a tree")
        func normOrder() {
            var dice = Dice(state: 32)
            let n = 53, x = dice.floats(n)
            var lanes = [Float](repeating: 0, count: 16)
            for i in 0..<n { lanes[i % 16].addProduct(x[i], x[i]) }
            for step in [8, 4, 2, 1] { for i in 0..<step { lanes[i] += lanes[i + step] } }
            let scale = 1 / (lanes[0] / Float(n) + 1e-6).squareRoot()
            var out = [Float](repeating: 0, count: n)
            Path.each { _ in
                tk_rmsnorm(x, nil, n, 1e-6, &out)
                #expect(same(out, x.map { $0 * scale }))
            }
        }

        @Test("rope turns pairs, near or far, and leaves the rest", arguments: [0, 1])
        func rope(half: Int) {
            var dice = Dice(state: 33)
            for (dim, rotary) in [(24, 20), (64, 64), (96, 80), (33, 2)] {
                let heads = 3, x = dice.floats(heads * dim)
                let turns = (0..<rotary / 2).flatMap { [cosf(Float($0)), sinf(Float($0))] }
                var expected = x
                for h in 0..<heads {
                    for i in 0..<rotary / 2 {
                        let a = h * dim + (half == 0 ? 2 * i : i), b = half == 0 ? a + 1 : a + rotary / 2
                        expected[a] = x[a] * turns[2 * i] - x[b] * turns[2 * i + 1]
                        expected[b] = x[a] * turns[2 * i + 1] + x[b] * turns[2 * i]
                    }
                }
                Path.each { path in
                    var out = x
                    tk_rope(&out, heads, dim, rotary, turns, Int32(half))
                    #expect(same(out, expected), "\(path)")
                }
            }
        }

        @Test("log-sum-exp and entropy agree with doubles; masked logits count nothing")
        func logSum() {
            var dice = Dice(state: 34)
            var logits = dice.floats(5003, scale: 20)
            logits[17] = -.infinity
            logits[5002] = -.infinity
            let top = logits.max() ?? 0, e = logits.map { exp(Double($0) - Double(top)) }, total = e.reduce(0, +)
            let entropy = e.map { $0 == 0 ? 0 : -$0 / total * log($0 / total) }.reduce(0, +)
            Path.each { _ in
                var max: Float = 0, sum = 0.0, h = 0.0
                tk_log_sum(logits, logits.count, &max, &sum)
                tk_entropy(logits, logits.count, max, sum, &h)
                #expect(max == top && abs(sum - total) < 1e-6 * total && abs(h - entropy) < 1e-6)
            }
        }

        @Test("NaN or infinity anywhere shows in the sum", arguments: [0, 16, 40, 49])
        func notFinite(at: Int) {
            for bad in [Float.nan, .infinity] {
                var logits = [Float](repeating: 1, count: 50)
                logits[at] = bad
                Path.each { _ in
                    var max: Float = 0, sum = 0.0
                    tk_log_sum(logits, 50, &max, &sum)
                    #expect(sum.isNaN)
                }
            }
        }

        @Test("rank counts the greater, and equals before")
        func rank() {
            var dice = Dice(state: 35)
            let logits = (0..<203).map { _ in Float(Int.random(in: 0..<9, using: &dice)) }
            Path.each { _ in
                for i in logits.indices {
                    let expected = logits.indices.filter { logits[$0] > logits[i] || logits[$0] == logits[i] && $0 < i }.count
                    #expect(tk_rank(logits, logits.count, i) == expected)
                }
            }
        }
    }
}
