import Foundation
import JSONText
import Testing

@Suite("Reading JSON")
struct JSONReaderTests {
    private func read(_ text: String) throws -> JSON { try JSON(parsing: Array(text.utf8)) }
    private func fault(_ bytes: [UInt8]) -> JSONFault? {
        do { _ = try JSON(parsing: bytes) } catch { return error }
        return nil
    }

    @Test("what was read is written again as it was", arguments: [
        "null", "[]", "{}", #"{"a":[1,-2.5e-3,true,false,null,{"b":"c"}],"a b":"\"\\\n\t"}"#, #""é 中 🎉""#, "0", "-0.0", "1e3",
    ])
    func again(text: String) throws { #expect(try read(text).text == text) }

    @Test("escapes are what they mean; half a pair is U+FFFD; keys that only look alike stay two")
    func strings() throws {
        #expect(try read(#""\u0041\u00e9\ud83c\udf89\/\b\f""#).asString == "Aé🎉/\u{8}\u{c}")
        #expect(try read(#""\ud83cx""#).asString == "\u{FFFD}x" && read(#""\ud83c\u0041""#).asString == "\u{FFFD}A" && read(#""\udf89""#).asString == "\u{FFFD}")
        let two = try read("{\"\u{e9}\":1,\"e\u{301}\":2}")
        #expect(two["\u{e9}"]?.asInt == 1 && two["e\u{301}"]?.asInt == 2 && two["e"] == nil)
        #expect(try read(#"{"a":1,"a":2}"#)["a"]?.asInt == 2)
    }

    @Test("numbers are whole where they are, and nothing else is one")
    func numbers() throws {
        #expect(try read("4.0").asInt == 4 && read("1e3").asInt == 1000 && read("1.5").asInt == nil && read("1.5").asDouble == 1.5)
        #expect(try read("9007199254740993").asInt == 9_007_199_254_740_993 && read("true").asInt == nil && read("true").asDouble == nil)
    }

    @Test("text that Foundation refuses is refused, with the byte where it went wrong", arguments: [
        ("", 0), ("{", 1), ("[1,]", 3), ("[1 2]", 3), (#"{"a"}"#, 4), (#"{"a":1,}"#, 7), ("01", 2), ("1.", 2), ("-", 1), ("1e", 2), ("tru", 0), ("nul", 0),
        (#""a"#, 2), (#""\x""#, 2), (#""\u12g4""#, 3), ("[1] 2", 4), ("{1:2}", 1), ("\"\u{1}\"", 1), ("+1", 0), ("'a'", 0), ("[", 1),
    ])
    func refused(text: String, at: Int) {
        #expect(fault(Array(text.utf8))?.at == at)
        // Foundation lets a comma stand before an end.
        if !text.contains(",]"), !text.contains(",}") { #expect((try? JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)) == nil) }
    }

    @Test("bytes that are not UTF-8, and nesting without end, are refused")
    func hostile() {
        #expect(fault([0x22, 0xC3, 0x28, 0x22])?.expected == "a string in UTF-8")
        #expect(fault([UInt8](repeating: UInt8(ascii: "["), count: 1_000_000)) != nil)
        #expect(fault(Array((String(repeating: "[", count: 128) + String(repeating: "]", count: 128)).utf8)) == nil)
    }

    @Test("any text cut anywhere is refused or read, never a trap; what Foundation reads is read, and says the same")
    func cuts() throws {
        let text = Array(#"{"k":[1,2.5e10,"\u00e9\ud83c\udf89",{"x":null}],"t":true,"s":"é🎉\\"}"#.utf8)
        for end in 0...text.count {
            let part = Array(text[..<end]), foreign = try? JSONSerialization.jsonObject(with: Data(part), options: .fragmentsAllowed)
            #expect((foreign == nil) == (fault(part) != nil))
        }
        var numbers = SystemRandomNumberGenerator()
        for _ in 0..<2_000 {
            var odd = text
            odd[Int.random(in: 0..<odd.count, using: &numbers)] = UInt8.random(in: 0x20...0x7E, using: &numbers)
            guard let json = try? JSON(parsing: odd) else { continue }
            #expect(try JSON(parsing: Array(json.text.utf8)).text == json.text)
        }
    }
}
