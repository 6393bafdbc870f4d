import Testing

import Laboratory

@Suite struct MatchingTests {
    private func matching(_ steps: Matching.Step..., regex: String = "") -> Matching {
        var matching = Matching()
        (matching.steps, matching.regex) = (steps, regex)
        return matching
    }

    @Test("Without a word of it, blanks, case and outer punctuation do not count, nor what follows the first line")
    func standing() {
        let standing = Matching()
        #expect(standing.matches("  \n\"Paris.\"\nLondon", ["paris"]))
        #expect(standing.matches("ÉCOLE !", ["école"]) && standing.matches("e\u{301}cole", ["école"]))
        #expect(standing.matches("«don't»", ["Don't"]) && !standing.matches("dont", ["don't"]))
        #expect(standing.matches("b", ["a", "B"]))
        #expect(!standing.matches("", ["a"]) && !standing.matches("Paris is large", ["Paris"]))
    }

    @Test("Punctuation is left where it carries the meaning")
    func punctuation() {
        let standing = Matching()
        #expect(!standing.matches("5", ["-5"]) && standing.matches("-5.", ["-5"]) && standing.matches("(-5)", ["-5"]))
        #expect(!standing.matches("5", [".5"]) && standing.matches("\".5\"", [".5"]))
        #expect(!standing.matches("?", ["!"]) && standing.matches(" ! ", ["!"]))
    }

    @Test("Exact means byte for byte, blanks and lines too")
    func exact() {
        let exact = matching(.exact)
        #expect(exact.matches(" a\n", [" a\n"]))
        #expect(!exact.matches("a", ["a "]) && !exact.matches("A", ["a"]) && !exact.matches("a\nb", ["a"]))
    }

    @Test("Without any step only blanks at the ends are dropped")
    func blanks() {
        #expect(matching(.firstLine).normal("\u{a0}\t a b \r\n c") == "a b")
        #expect(matching(.case).normal(" A\n B ") == "a\n b")
    }

    @Test("The first number counts by its value, in whatever way it is written", arguments: [
        ("7.0", "7"), ("007", "7"), ("It is 1,234,567.50 dollars", "1234567.5"), ("-0", "0"), ("-0.50", "-0.5"), ("+3", "3"), ("\u{2212}4", "-4"),
        ("a-4", "4"), ("3-4", "3"), ("1,2,3", "1"), ("12,34", "12"), ("1,2345", "1"), ("1234,567", "1234"), ("1,234,56", "1234"), (".5", "0.5"), ("7.", "7"), ("1.2.3", "1.2"),
        ("0.1", "0.1"), ("99999999999999999999.000000000000000000001", "99999999999999999999.000000000000000000001"), ("9007199254740993", "9007199254740993"),
        ("x = -12", "-12"), ("$5", "5"), ("0,123", "123"),
    ])
    func numbers(text: String, value: String) {
        #expect(matching(.numeric).normal(text) == value)
    }

    @Test("A text without a number is no answer, even to one without")
    func noNumber() {
        #expect(matching(.numeric).normal("seven") == nil && matching(.numeric).normal("-.") == nil)
        #expect(!matching(.numeric).matches("seven", ["seven"]))
        #expect(matching(.numeric).matches("7 apples", ["7.0"]))
    }

    @Test("A regular expression finds the answer in what is written: its first group, or all of it")
    func regex() {
        #expect(matching(.regex, regex: "-?[0-9]+").answer(in: "it is -12, or 3") == "-12")
        #expect(matching(.regex, regex: "answer is ([a-z]+)").matches("The answer is red.", ["red"]))
        #expect(matching(.regex, .case, regex: "answer is ([[:alpha:]]+)").matches("The answer is ÉCRU.", ["écru"]))
        #expect(matching(.regex, regex: "(x)|y").answer(in: "y") == nil)
        #expect(matching(.regex, regex: "z").answer(in: "abc") == nil && !matching(.regex, regex: "z").matches("abc", [""]))
        #expect(matching(.regex, regex: "^.$").answer(in: "é") == "é")
        #expect(matching(.regex, regex: "b.").answer(in: "a\u{0}bc") == "bc")
        #expect(matching(.regex, .firstLine, regex: "b").answer(in: "a\nb") == nil)
        #expect(matching(.regex, .numeric, regex: "total: .*").matches("3 + 4, total: 7.0", ["7"]))
    }

    @Test("The order in which the steps are named is nothing")
    func order() {
        let text = "so: \"Seven, 7.50!\"\nno"
        let one = matching(.firstLine, .regex, .numeric, .case, .punctuation, regex: ":.*"), other = matching(.punctuation, .case, .numeric, .regex, .firstLine, regex: ":.*")
        #expect(one.answer(in: text) == "7.5" && other.answer(in: text) == "7.5")
    }
}
