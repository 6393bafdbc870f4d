import Testing

import Laboratory

@Suite struct RemarksTests {
    private func lines(_ items: [(String, String)]) -> String { items.map { "{\"thing\": \"\($0.0)\", \"colour\": \"\($0.1)\"}\n" }.joined() }

    private func balanced(_ count: Int, _ name: String) -> [(String, String)] { (0..<count).map { ("\(name)\($0)", $0 % 2 == 0 ? "red" : "green") } }

    private func remarks(_ test: [(String, String)], pool: [(String, String)]) throws -> [Remark] {
        Remark.all(try Sample.experiment(pool: lines(pool), test: lines(test)))
    }

    @Test("Sound data call for no remark")
    func sound() throws {
        #expect(try remarks(balanced(10, "t"), pool: balanced(10, "p")).isEmpty)
    }

    @Test("Items of the test that the pool has too, that stand twice, or with two answers are named by their lines")
    func doubles() throws {
        let test = balanced(8, "t") + [("t0", "red"), ("t1", "red"), ("p3", "green")]
        let found = try remarks(test, pool: balanced(10, "p"))
        #expect(found == [.inPool(lines: [11]), .repeated(lines: [9]), .contradicting(lines: [10])])
        #expect(found[1].sentence == "1 test item (line 9) stood before and counts twice; keep each once")
    }

    @Test("A label far above chance is noticed in either file, a chance surplus is not")
    func majorities() throws {
        let test = balanced(20, "t") + (0..<20).map { ("u\($0)", "red") }
        #expect(try remarks(test, pool: balanced(10, "p")) == [.majority(.test, label: "red", share: 0.75, chance: 0.5)])
        #expect(try remarks(balanced(10, "s"), pool: test) == [.majority(.pool, label: "red", share: 0.75, chance: 0.5)])
        #expect(try remarks([("a", "red"), ("b", "red")], pool: balanced(10, "p")).isEmpty)
    }

    @Test("A pool that several draws nearly use up is noticed")
    func small() throws {
        #expect(try remarks(balanced(10, "t"), pool: balanced(5, "p")) == [.smallPool(shots: 3, pool: 5)])
        #expect(try remarks(balanced(10, "t"), pool: balanced(6, "p")).isEmpty)
        let once = try Sample.experiment(Sample.changing("seeds", to: "seeds: 1"), pool: lines(balanced(4, "p")), test: lines(balanced(10, "t")))
        #expect(Remark.all(once).isEmpty)
        var grown = once
        grown.shots = [.count(9)]
        #expect(Remark.all(grown) == [.smallPool(shots: 9, pool: 4)])
    }

    @Test("A schema's twins with one beginning, and a completion's other accepted answers, are no contradictions")
    func twins() throws {
        let schema = try Sample.experiment("""
            kind: schema
            query: "{{who}} since {{label}}"
            answer: " {{end}}"
            choices: options
            test:
              - {who: A thanked B, options: [A, B], label: A, end: was helped}
              - {who: A thanked B, options: [A, B], label: B, end: had helped}
              - {who: A thanked B, options: [B, A], label: A, end: had helped}
            """)
        #expect(Remark.all(schema) == [.contradicting(lines: [8])])
        let written = try Sample.experiment("""
            kind: completion
            query: "{{q}}:"
            answer: " {{a}}"
            test: [{q: x, a: [one, two]}, {q: x, a: two}, {q: x, a: three}]
            """)
        #expect(Remark.all(written) == [.repeated(lines: [4]), .contradicting(lines: [4])])
    }
}
