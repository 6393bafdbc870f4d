import GGUF
import Glibc
import Testing

import Tokenizer

@Suite("Byte pairs")
struct BytePairsTests {
    @Test("merge by rank, then from the left")
    func order() throws {
        let model = TinyModel()
        let tokenizer = try model.tokenizer()
        func texts(_ text: String) -> [String] {
            tokenizer.encode(Array(text.utf8)).map { String(decoding: tokenizer.bytes($0), as: UTF8.self) }
        }
        #expect(texts("hello w") == ["hello", " w"])
        #expect(texts("hell") == ["hell"])
        #expect(texts("aaa") == ["aa", "a"])
        #expect(texts("aaaaaaaaa") == ["aaaaaaaa", "a"])
        // "a a" ranks before "a b", so the b stays alone where two letters a stand before it.
        #expect(texts("aab") == ["aa", "b"])
        #expect(texts("ab") == ["ab"])
        #expect(texts("") == [])
    }

    /// Merges as a reader of the paper would write them: strings, and a search of all pairs after each merge.
    private func twin(_ text: [UInt8], _ merges: [String]) -> [String] {
        var symbols = text.map { TinyModel.character($0) }
        while true {
            var best = Int.max
            var place = 0
            for index in symbols.indices.dropLast() {
                let rank = merges.firstIndex(of: symbols[index] + " " + symbols[index + 1]) ?? .max
                if rank < best { (best, place) = (rank, index) }
            }
            guard best != .max else { return symbols }
            symbols[place] += symbols.remove(at: place + 1)
        }
    }

    @Test("of any merges in any order give what the plain algorithm gives, short pieces and long ones")
    func plainTwin() throws {
        var random = FixedRandom(state: 3)
        var lowerAfter = 0
        for round in 0..<60 {
            var symbols = ["a", "b", "c"]
            var merges: [String] = []
            for _ in 0..<Int.random(in: 1...24, using: &random) {
                let left = symbols.randomElement(using: &random) ?? "a", right = symbols.randomElement(using: &random) ?? "b"
                guard left.count + right.count <= 12, !merges.contains(left + " " + right) else { continue }
                merges.append(left + " " + right)
                if !symbols.contains(left + right) { symbols.append(left + right) }
            }
            // Trained merges come after those they build on; shuffled ones need not.
            if round % 2 == 1 {
                merges.shuffle(using: &random)
                lowerAfter += 1
            }
            let model = TinyModel(merges: merges)
            let tokenizer = try model.tokenizer()
            for length in [1, 2, 5, 47, 48, 49, 50, 90, 200] {
                let text = (0..<length).map { _ in UInt8.random(in: 0x61...0x63, using: &random) }
                let ids = tokenizer.encode(text)
                let found = ids.map { TinyModel.text(tokenizer.bytes($0)) }
                #expect(found == twin(text, merges), "\(merges) \(String(decoding: text, as: UTF8.self))")
            }
        }
        #expect(lowerAfter == 30)
    }

    @Test("keep every byte: tokens cover any text and decode to it")
    func cover() throws {
        let tokenizer = try TinyModel().tokenizer()
        var random = FixedRandom(state: 5)
        let common: [UInt8] = [0x61, 0x20, 0x68, 0x65, 0x6C, 0xFF]
        for length in [0, 1, 3, 40, 60, 500] {
            for _ in 0..<40 {
                let text = (0..<length).map { _ in
                    let place = Int.random(in: 0..<common.count * 2, using: &random)
                    return place < common.count ? common[place] : UInt8.random(in: 0...255, using: &random)
                }
                let tokens = tokenizer.tokens(text)
                #expect(tokens.flatMap { tokenizer.bytes($0.id) } == text)
                #expect(tokens.map { $0.range.lowerBound } == [0].prefix(text.count) + tokens.map { $0.range.upperBound }.dropLast())
                #expect(tokens.map { $0.id } == tokenizer.encode(text))
                #expect(tokens.allSatisfy { Array(text[$0.range]) == tokenizer.bytes($0.id) })
            }
        }
    }

    @Test("finish 16 MiB of one character", .enabled(if: DefaultModel.isOptimised, "for release builds"))
    func huge() throws {
        let model = TinyModel()
        let eight = try model.id("aaaaaaaa")
        let ids = try model.tokenizer().encode([UInt8](repeating: 0x61, count: 16 << 20))
        #expect(ids.count == 2 << 20)
        #expect(ids.allSatisfy { $0 == eight })
    }

    @Test("take at most 4.6 times as long for 4 times the text", .enabled(if: DefaultModel.isOptimised, "for release builds"))
    func linear() throws {
        let tokenizer = try TinyModel().tokenizer()
        for character: UInt8 in [0x61, 0xFF] {
            let texts = [1 << 20, 4 << 20].map { [UInt8](repeating: character, count: $0) }
            var best = [Double.infinity, .infinity]
            // Processor time of this thread, the best of seven by turns: other work on the machine hardly counts.
            for _ in 0..<7 {
                for index in 0...1 {
                    let start = processorTime()
                    _ = tokenizer.encode(texts[index])
                    best[index] = min(best[index], processorTime() - start)
                }
            }
            print("4 times the text, character \(character): \(best[1] / best[0]) times as long")
            #expect(best[1] <= 4.6 * best[0], "character \(character): \(best[0]) s and \(best[1]) s")
        }
    }

    private func processorTime() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
